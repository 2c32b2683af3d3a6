# A seed is a picture: the same alone, among others, with another thread count and in another run.
. "$(dirname "$0")/common.sh"

for each in $kinds; do
    begin_kind "$each"
    train_small model.safetensors
    expect 0 generate model.safetensors --seeds 7 -o alone/ --threads 1
    expect 0 generate model.safetensors --seeds 5-8,0 -o among/ --threads 2
    [ "$(ls among | wc -l)" -eq 5 ] || fail "5-8,0 are not five pictures"
    cmp alone/image-0000.png among/image-0002.png || fail "seed 7 differs among others"
    cmp -s among/image-0000.png among/image-0001.png && fail "seeds 5 and 6 give the same picture"

    expect 0 train $kind home-designs -o again.safetensors --epochs 2 $small --threads 1
    cmp model.safetensors again.safetensors || fail "the same training gives other bytes"

    # What is on can be turned off, in either way of saying so.
    expect 0 train $kind home-designs -o no.safetensors --epochs 2 $small --no-shuffle
    expect 0 train $kind home-designs -o false.safetensors --epochs 2 $small --shuffle=false
    cmp no.safetensors false.safetensors || fail "--no-shuffle is not --shuffle=false"
    cmp -s no.safetensors model.safetensors && fail "--no-shuffle changes nothing"
    expect 2 train $kind home-designs -o no.safetensors --no-epochs
    says "no option --no-epochs"
done
