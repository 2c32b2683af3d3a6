# A memory limit is refused with exit code 5 and both figures, and leaves nothing behind.
. "$(dirname "$0")/common.sh"

for each in $kinds; do
    begin_kind "$each"
    expect 5 train $kind home-designs -o model.safetensors $small --memory-limit 100000
    says '[0-9]'
    [ ! -e model.safetensors ] || fail "a model was written"
    train_small model.safetensors
    expect 5 generate model.safetensors -n 100000 -o new.png --memory-limit 2000000
    [ ! -e new.png ] || fail "images were written"
done
