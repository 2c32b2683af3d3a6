# Files that are missing, broken or cannot be written: exit code 3 and a message that names them.
. "$(dirname "$0")/common.sh"

for each in $kinds; do
    begin_kind "$each"
    expect 3 info missing.safetensors
    says missing.safetensors
    expect 3 generate missing.safetensors -o new.png
    says missing.safetensors
    printf 'no model at all' >broken.safetensors
    expect 3 generate broken.safetensors -o new.png
    says broken.safetensors
    expect 3 train $kind missing-folder -o m.safetensors
    says missing-folder
    mkdir empty
    expect 3 train $kind empty -o m.safetensors
    says empty

    train_small model.safetensors
    head -c 2000 model.safetensors >short.safetensors
    expect 3 info short.safetensors
    says short.safetensors
    [ ! -e m.safetensors ] && [ ! -e new.png ] || fail "a failed command wrote its output"
    expect 3 generate model.safetensors -o no/such/folder/new.png
    says no/such/folder
    if [ -w /dev/full ]; then
        "$aigc" info model.safetensors >/dev/full 2>err
        [ $? -eq 3 ] || fail "a full disk behind standard output goes unnoticed"
    fi
    printf 'x' >rooms-file
    expect 3 draw home-designs -n 2 -o rooms-file
done

# Pictures that cannot be learned from, and a resume that does not fit, are told before the training begins.
expect 0 draw home-designs -n 4 --size 16 -o four
expect 0 draw home-designs -n 1 --size 16 -o single
mkdir mixed
cp "$(find four -name '*.png' | head -n 1)" mixed/b.png
expect 0 draw home-designs -n 1 --size 16 --channels 1 -o gray
cp "$(find gray -name '*.png')" mixed/a.png
expect 2 train vae single -o new.safetensors
says 'too few pictures to learn from: 1'
expect 2 train vae four -o new.safetensors --validation-split 0.9
says 'validation_split leaves 1'
expect 2 train vae mixed -o new.safetensors
says 'a.png, is gray, and b.png is in colour; give option channels'
expect 2 train gan four --size 3x2 -o new.safetensors
says '3x2 .*too small for architecture dcgan.*at least 4 pixels; use architecture=mlp'
expect 2 train vae mixed --channels 3 --conditional -o new.safetensors
says 'class labels'
[ ! -e new.safetensors ] || fail "a model was written"
expect 0 train vae four -o run.safetensors --epochs 1 --samples 0 --latent-dim 3
expect 2 train vae four -o run.safetensors --epochs 2 --samples 0 --latent-dim 4 --resume
says 'latent_dim is 4 here and 3 in the file'
expect 3 train gan four -o run.safetensors --epochs 2 --samples 0 --resume
says 'training state of a vae, not of a gan'
expect 2 train vae four -o run.safetensors --epochs 2 --samples 0 --latent-dim 3 --optimizer sgd --resume
says 'with optimizer adam, not sgd'
expect 0 train vae four -o run.safetensors --epochs 2 --samples 0 --latent-dim 3 --ema 0.5 --resume
says 'warning: .* ema is 0.5 (before: -1)'
