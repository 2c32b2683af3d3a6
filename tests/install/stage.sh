# Sourced by the tests of what is installed: an empty working folder, the built tree installed below it, and the
# environment in which others find it there. It needs AIGC_SOURCE, AIGC_BUILD, AIGC_PREFIX and AIGC_LIBDIR.
set -u
cd "$(mktemp -d)" || exit 1
folder=$(pwd)
trap 'cd / && rm -rf "$folder"' EXIT
unset MESON_TESTTHREADS DESTDIR 2>/dev/null || true

fail() {
    printf 'FAILED: %s\n' "$*"
    for file in out err; do
        [ -s "$file" ] && printf -- '-- standard %s:\n%s\n' "$file" "$(tail -n 30 "$file")"
    done
    exit 1
}

skip() {
    printf 'SKIPPED: %s\n' "$*"
    exit 77
}

has() { command -v "$1" >/dev/null 2>&1; }

# run WORDS: a command that must succeed; what it says is in files out and err.
run() { "$@" >out 2>err || fail "$*"; }

# says WORDS: the last command printed them.
says() { cat out err | grep -qe "$1" || fail "nothing says '$1'"; }

# paints PROGRAM...: it is the example, and works.
paints() {
    run "$@"
    says '^4 paintings of 64x64'
}

stage=$folder/stage
run meson install -C "$AIGC_BUILD" --no-rebuild --destdir "$stage"
prefix=$stage$AIGC_PREFIX
libdir=$stage$AIGC_LIBDIR

# As if the stage were the root of a system.
pc=$libdir/pkgconfig/aigc.pc
[ -s "$pc" ] || fail "no aigc.pc is installed"
sed "s|^prefix=.*|prefix=$prefix|" "$pc" >pc && mv pc "$pc" || fail "aigc.pc"
PATH=$prefix/bin:$PATH
PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir
CMAKE_PREFIX_PATH=$prefix
PYTHONDONTWRITEBYTECODE=1
export PATH PKG_CONFIG_PATH LD_LIBRARY_PATH CMAKE_PREFIX_PATH PYTHONDONTWRITEBYTECODE
