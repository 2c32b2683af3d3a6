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
