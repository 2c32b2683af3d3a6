# The way through all commands, from drawing pictures to decoding latents.
. "$(dirname "$0")/common.sh"

expect 0 draw home-designs -n 60 --height 16 --width 16 -o rooms
[ "$(find rooms -name '*.png' | wc -l)" -eq 60 ] || fail "not 60 pictures drawn"
expect 0 info rooms
grep -q '^pictures: 60' out && grep -q '^  kitchen' out || fail "info does not know the pictures"

for each in $kinds; do
    begin_kind "$each"
    # shellcheck disable=SC2086
    expect 0 train $kind ../rooms -o run/model.safetensors --epochs 2 $own --batch-size 16 --validation-split 0.1
    is_file run/model.safetensors
    is_file run/model.state.safetensors
    is_file run/model.metrics.jsonl
    [ "$(wc -l <run/model.metrics.jsonl)" -eq 2 ] || fail "not one line an epoch in the metrics"
    for key in epoch step images seconds $metrics; do
        grep -q "\"$key\": -*[0-9]" run/model.metrics.jsonl || fail "the metrics lack $key"
    done
    for key in $metrics; do
        grep -q "\"validation_$key\": -*[0-9]" run/model.metrics.jsonl || fail "the metrics lack validation_$key"
    done
    is_png run/model.samples/epoch-0002.png

    expect 0 info run/model.safetensors
    grep -q "^kind: $kind" out || fail "info names no kind"
    grep -q 'latent_dim *4' out || fail "info lacks latent_dim"
    grep -qE "${first_weight} +f32 +\[" out || fail "info lacks $first_weight"
    grep -q '^parameters: [0-9]' out || fail "info counts no parameters"

    expect 0 generate run/model.safetensors -n 5 -o new.png
    is_png new.png
    expect 0 generate run/model.safetensors -n 3 -o new/
    [ "$(ls new | wc -l)" -eq 3 ] || fail "not three single files"
    expect 0 interpolate run/model.safetensors --seeds 1,2 --steps 4 -o strip.png
    is_png strip.png
    if [ "$kind" != vae ]; then
        for verb in 'reconstruct -o no.png' 'encode -o no.npy'; do
            "$aigc" ${verb%% *} run/model.safetensors ../rooms ${verb#"${verb%% *}"} >out 2>err && fail "a $kind can $verb"
            says "cannot ${verb%% *}"
        done
        continue
    fi
    expect 0 reconstruct run/model.safetensors ../rooms -n 5 -o both.png
    is_png both.png
    expect 0 encode run/model.safetensors ../rooms -o latents.npy
    expect 0 info latents.npy
    grep -q '\[60, 4\]' out || fail "the latents are not [60, 4]: $(cat out)"
    expect 0 decode run/model.safetensors latents.npy -o decoded.png
    is_png decoded.png
    expect 0 evaluate run/model.safetensors ../rooms
    for name in $metrics; do
        grep -q "^$name  *[0-9].* nats" out || fail "evaluate lacks $name"
    done
    [ "$each" = vae ] || continue
    expect 0 convert run/model.safetensors -o run/fc1.npz --select fc1. --rename fc1=first --dtype f16
    expect 0 convert run/fc1.npz -o run/first.pt
    case $("$aigc" version) in
    *'zip yes'*)
        expect 0 info run/first.pt
        grep -qE 'first\.weight +F16 +\[24, ' out || fail "convert lost first.weight: $(cat out)"
        ;;
    esac
done
