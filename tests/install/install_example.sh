# Every command of examples/embed/README.md does what it says: the library is linked by pkg-config, statically, by
# CMake and by meson.
. "$(dirname "$0")/stage.sh"

has pkg-config || skip "pkg-config is not here"
cp -r "$AIGC_SOURCE/examples/embed" embed || fail "examples/embed"
cd embed || exit 1
awk '/^```sh$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside { print > ("block" n) }' README.md
[ -s block4 ] && [ ! -e block5 ] || fail "the commands in README.md are not those that this test knows"

static_works() {
    printf 'int main(void) { return 0; }' | cc -x c - -o "$folder/try" -static -lzip -lz -lpng -ljansson -lm 2>"$folder/err"
}

left=
for block in block1 block2 block3 block4; do
    rm -f paintings
    words=$(cat $block)
    case $words in
    *-static*) static_works || { left="$left -static"; continue; } ;;
    *cmake*) has cmake || { left="$left CMake"; continue; } ;;
    esac
    run sh -e $block
    case $words in
    *' && '*) says '^4 paintings of 64x64' ;; # it runs the program itself
    *) paints ./paintings ;;
    esac
done
[ -z "$left" ] || printf 'SKIPPED: linking by%s, which is not here\n' "$left"

run aigc train vae home-designs -o tiny.safetensors -n 64 --epochs 1 --hidden-dim 16 --height 16 --width 16 -q
paints build-meson/paintings tiny.safetensors
build-meson/paintings no-such-file >out 2>err && fail "a missing model is not noticed"
says no-such-file
