# An animation shows the pictures of interpolate, each once, and ends where it began.
. "$(dirname "$0")/common.sh"

command -v python3 >/dev/null || { echo "SKIPPED: python3 is not here"; exit 77; }
decoder=$source_root/tests/cli/check_apng.py

# check FILM LOOPS DELAY PICTURES...
check() {
    film=$1 loops=$2 delay=$3
    shift 3
    python3 "$decoder" "$film" $# "$loops" "$delay" "$@" >out 2>err || fail "$film is not as it should be"
}

# stills FOLDER STEPS: what interpolate wrote there, without the last picture of each leg.
stills() {
    i=0
    for picture in "$1"/*.png; do
        i=$((i + 1))
        [ $((i % ($2 + 1))) -eq 0 ] || echo "$picture"
    done
}

train_small model.safetensors
expect 0 interpolate model.safetensors --seeds 4-6,9,4 --steps 6 -o legs/
expect 0 walk model.safetensors --seeds 4-6,9 --steps 5 -o walk.png
grep -q 'written: walk.png, 20 pictures' err || fail "walk does not say what it wrote"
# shellcheck disable=SC2046
check walk.png 0 1/24 $(stills legs 5)

expect 0 interpolate model.safetensors --seeds 1,2,1 --steps 2 --mode linear -o two/
expect 0 walk model.safetensors --seeds 1,2 --steps 1 --mode linear --loops 3 --frames-per-second 12.5 --compression 9 \
    -o two.apng --quiet
[ ! -s err ] || fail "--quiet is not"
check two.apng 3 2/25 two/image-0000.png two/image-0002.png
cmp -s two/image-0000.png two/image-0002.png && fail "two seeds give one picture"
expect 0 walk model.safetensors --seeds 4-6,9 --steps 5 -o again.png --threads 1
cmp walk.png again.png || fail "the same walk gives other bytes"

# Without --seeds the way of interpolate's own default, and a second's worth of pictures for a leg.
expect 0 walk model.safetensors -o default.png
expect 0 walk model.safetensors --seeds 0,1 --steps 24 -o same.png
cmp default.png same.png || fail "the defaults are not seeds 0,1 and 24 steps"
expect 0 interpolate model.safetensors --seeds 0,1,0 --steps 25 --mode linear -o line/
expect 0 walk model.safetensors --mode linear -o line.png
# shellcheck disable=SC2046
check line.png 0 1/24 $(stills line 24)

# Classes.
# shellcheck disable=SC2086
expect 0 train vae home-designs -o class.safetensors --epochs 1 $small --conditional --quiet
expect 0 interpolate class.safetensors --seeds 1,2,1 --steps 4 --class bedroom -o bedrooms/
expect 0 walk class.safetensors --seeds 1,2 --steps 3 --class bedroom -o bedrooms.png
# shellcheck disable=SC2046
check bedrooms.png 0 1/24 $(stills bedrooms 3)

# A broken film does not pass for a whole one.
head -c 300 walk.png >broken.png
# shellcheck disable=SC2046
python3 "$decoder" broken.png 20 0 1/24 $(stills legs 5) 2>err && fail "half a film passes"
# shellcheck disable=SC2046
python3 "$decoder" walk.png 20 0 1/24 $(stills legs 5 | sort -r) 2>err && fail "a film run backwards passes"

cp walk.png before.png
expect 2 walk model.safetensors --seeds 1,2
says 'where to with -o'
expect 2 walk model.safetensors --seeds 5 -o walk.png
says 'at least two'
expect 2 walk model.safetensors --seeds x,1 -o walk.png
says "x,1'"
expect 2 walk model.safetensors --seeds 1,2, -o walk.png
says seeds
expect 2 walk model.safetensors --seeds 1,x -o walk.png
says seeds
expect 2 walk model.safetensors --seeds 1-64 -o walk.png
says 'more than 64'
expect 2 walk model.safetensors --steps 0 -o walk.png
says steps
expect 2 walk model.safetensors --steps 999999999 -o walk.png
says steps
expect 2 walk model.safetensors --frames-per-second 0 -o walk.png
says frames_per_second
expect 2 walk model.safetensors --columns 3 -o walk.png
says columns
# Known before the model is read and pictures are made.
expect 2 walk missing.safetensors -o walk.gif
says 'walk.gif: .* .png or .apng'
expect 2 generate missing.safetensors -o new.gif
says 'new.gif: .* .png, .jpg or .jpeg'
expect 3 walk missing.safetensors -o walk.png
says missing.safetensors
expect 3 walk model.safetensors -o no/such/folder/walk.png
says no/such/folder
cmp walk.png before.png || fail "a refused command changed the file"
