# What is installed is all a program needs: examples/vae.c builds through pkg-config and runs.
. "$(dirname "$0")/common.sh"

command -v pkg-config >/dev/null || { echo "pkg-config is not here"; exit 77; }
DESTDIR=$folder/stage meson install -C "$AIGC_BUILD" --no-rebuild >out 2>err || fail "meson install"
pc=$(find stage -name aigc.pc)
[ -n "$pc" ] || fail "no aigc.pc is installed"
[ -n "$(find stage -path '*man1/aigc.1*')" ] || fail "no manual page is installed"
[ -n "$(find stage -path '*bin/aigc')" ] || fail "no program is installed"
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$folder/stage
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
LD_LIBRARY_PATH=$(dirname "$(find "$folder/stage" -name 'libaigc.so' | head -n 1)")
export LD_LIBRARY_PATH
# shellcheck disable=SC2046
${CC:-cc} -Wall -Wextra -Werror "$source_root/examples/vae.c" -o vae $(pkg-config --cflags --libs aigc) ${AIGC_CFLAGS:-} \
    2>err || fail "examples/vae.c does not build"
"$aigc" draw home-designs -n 40 --height 16 --width 16 -o rooms 2>err || fail "drawing"
./vae rooms new.png >out 2>err || fail "examples/vae.c fails"
grep -q '^epoch 3: loss' out || fail "examples/vae.c shows no progress"
is_png new.png
