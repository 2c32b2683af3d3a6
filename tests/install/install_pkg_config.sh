# By pkg-config: C and C++ programs, the shared and the static library.
. "$(dirname "$0")/stage.sh"

has pkg-config || skip "pkg-config is not here"
warnings='-Wall -Wextra -Wpedantic -Werror'
shared=$(pkg-config --cflags --libs aigc) || fail "pkg-config knows no aigc"
static="$(pkg-config --cflags aigc) $libdir/libaigc.a $(pkg-config --static --libs aigc | sed 's/-laigc //')"
version=$(sed -n 's/^#define AIGC_VERSION_[A-Z]* //p' "$AIGC_SOURCE/include/aigc/version.h" | paste -s -d . -)
run pkg-config --exact-version="$version" aigc

# shellcheck disable=SC2086
{
    run cc $warnings "$AIGC_SOURCE/examples/vae.c" -o vae $shared
    run cc -std=c99 $warnings "$AIGC_SOURCE/examples/embed/paintings.c" -o shared $shared
    run cc $warnings "$AIGC_SOURCE/examples/embed/paintings.c" -o static $static
}
run aigc draw home-designs -n 40 --height 16 --width 16 -o rooms
run ./vae rooms new.png
says '^epoch 3: loss'
[ "$(head -c 4 new.png | tail -c 3)" = PNG ] || fail "examples/vae.c wrote no picture"
paints ./shared
cp out by_shared
LD_LIBRARY_PATH='' paints ./static
cmp -s out by_shared || fail "linked statically it paints otherwise"

if has c++; then
    # shellcheck disable=SC2086
    run c++ -x c++ -std=c++17 $warnings "$AIGC_SOURCE/examples/embed/paintings.c" -o plus $shared
    paints ./plus
else
    echo "SKIPPED: a C++ program; c++ is not here"
fi
