#!/bin/sh
# What takes a build of its own, a step of tests/run.sh: the tarball of `meson dist` builds and installs, with the
# static library alone and with the shared one alone; and the library as a meson subproject of another program.
# Use: sh tests/install/builds.sh BUILD    (BUILD is a folder that meson set up)
set -u
AIGC_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd) || exit 1
cd "$(mktemp -d)" || exit 1
folder=$(pwd)
trap 'cd / && rm -rf "$folder"' EXIT

say() { printf '%s\n' "$*"; }
fail() {
    say "FAILED: $*"
    exit 1
}
step() {
    say "== $*"
    "$@" || fail "$*"
}
paints() { "$@" >painted && cat painted && grep -q '^4 paintings' painted || fail "$*"; }
installed() { meson introspect "$1" --installed | tr ',' '\n' | sed 's/.*: "\(.*\)".*/\1/'; }

[ -e "$AIGC_SOURCE/.git" ] || { say "meson dist needs a git checkout"; exit 77; }
step meson dist -C "$build" --no-tests --allow-dirty --formats gztar
step tar -xzf "$(ls "$build"/meson-dist/*.tar.gz)"
tree=$(ls -d "$folder"/libaigc-*)
[ -s "$tree/README.md" ] && [ ! -e "$tree/build-tests" ] || fail "the tarball holds $(ls "$tree")"

# Installed for real, under a prefix.
for kind in static shared; do
    prefix=$folder/$kind
    if [ -d own ]; then
        step meson configure own -Ddefault_library=$kind -Dprefix="$prefix"
    else
        step meson setup own "$tree" -Ddefault_library=$kind -Dprefix="$prefix"
    fi
    step ninja -C own
    step meson install -C own --no-rebuild --quiet
    [ -n "$(find "$prefix" -name 'libaigc.*')" ] || fail "no library is installed"
    [ "$(find "$prefix" -name 'libaigc.a' | wc -l)" = "$([ $kind = static ] && echo 1 || echo 0)" ] ||
        fail "default_library=$kind installs $(find "$prefix" -name 'libaigc.*')"
    step "$prefix/bin/aigc" version
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name aigc.pc)")
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046
    step cc "$tree/examples/embed/paintings.c" -o "paintings-$kind" $(pkg-config --cflags --libs aigc) \
        -Wl,-rpath,"${PKG_CONFIG_PATH%/pkgconfig}"
    paints "./paintings-$kind"
    if command -v cmake >/dev/null; then
        step cmake -S "$tree/examples/embed/cmake" -B "cmake-$kind" -DCMAKE_PREFIX_PATH="$prefix"
        step cmake --build "cmake-$kind"
        paints "cmake-$kind/paintings"
    fi
done
unset PKG_CONFIG_PATH

step mkdir -p game/subprojects
step cp "$tree/examples/embed/meson/meson.build" game
step cp "$tree/examples/embed/paintings.c" .
step mv "$tree" game/subprojects/libaigc
step meson setup sub game --force-fallback-for=aigc --prefix="$folder/sub-prefix" --buildtype=release
step ninja -C sub
paints sub/paintings
[ "$(installed sub)" = "$folder/sub-prefix/bin/paintings" ] || fail "the subproject installs: $(installed sub)"
step meson configure sub -Dlibaigc:default_library=shared
step ninja -C sub
paints sub/paintings
step meson install -C sub --no-rebuild --quiet
[ -n "$(find sub-prefix -name 'libaigc.so*' -o -name 'libaigc*.dylib')" ] || fail "the shared library is not installed"
[ -z "$(find sub-prefix -name 'aigc*' ! -name 'libaigc*')" ] || fail "more than the library is installed"
LD_LIBRARY_PATH=$(dirname "$(find "$folder/sub-prefix" -name 'libaigc.*' | head -n 1)")
export LD_LIBRARY_PATH
paints sub-prefix/bin/paintings
