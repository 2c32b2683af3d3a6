# Sourced by the tests of the program: $aigc, an empty working folder, and checks that say what failed.
set -u
aigc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source_root=${AIGC_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$(mktemp -d)" || exit 1
folder=$(pwd)
trap 'cd / && rm -rf "$folder"' EXIT
unset MESON_TESTTHREADS 2>/dev/null || true

# Of every kind a model as small as it goes; in $small the flags of every training here, in $own those of the kind, in
# $metrics what its training tells, in $first_weight a tensor. What the program promises of one kind it promises of all in $kinds.
kinds='vae gan'
of_kind() {
    kind=$1
    case $kind in
    vae)
        own='--hidden-dim 24 --latent-dim 4'
        metrics='loss reconstruction kl'
        first_weight='fc1\.weight'
        ;;
    gan)
        own='--generator-width 2 --discriminator-width 2 --latent-dim 4'
        metrics='loss_d real_score fake_score variety loss_g'
        first_weight='discriminator\.main\.0\.weight'
        ;;
    esac
    small="$own --batch-size 32 --height 16 --width 16 -n 128 --seed 1"
}
of_kind vae

# The same, in an empty folder of its own.
begin_kind() {
    of_kind "$1"
    mkdir "$folder/$1" && cd "$folder/$1" || exit 1
}

fail() {
    printf 'FAILED: %s\n' "$*"
    for file in out err; do
        [ -s "$file" ] && printf -- '-- standard %s:\n%s\n' "$file" "$(tail -n 20 "$file")"
    done
    exit 1
}

# expect CODE ARGUMENTS...: runs the program, its output in files out and err.
expect() {
    expected=$1
    shift
    "$aigc" "$@" >out 2>err
    code=$?
    [ "$code" -eq "$expected" ] || fail "aigc $* ended with $code, not $expected"
}

# says WORDS: the last message has them, on one line "aigc: ...".
says() { grep -q "^aigc: .*$1" err || fail "no message with '$1'"; }

is_file() { [ -s "$1" ] || fail "$1 is missing or empty"; }

is_png() { [ "$(head -c 4 "$1" | tail -c 3)" = PNG ] || fail "$1 is no PNG file"; }

train_small() {
    # shellcheck disable=SC2086
    expect 0 train "$kind" home-designs -o "$1" --epochs 2 $small --quiet
}
