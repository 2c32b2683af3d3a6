# The rock builds against the installed library, without a network, for the first Lua that luarocks knows here;
# examples/vae.lua runs with it.
set -u
luarocks=$(command -v luarocks) || { echo "SKIPPED: luarocks is not here"; exit 77; }
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

meson install -C "$AIGC_BUILD" --no-rebuild --destdir "$folder/stage" >out 2>err || fail "meson install"
library=$(find stage -name 'libaigc.so' | head -n 1)
[ -n "$library" ] || { echo "SKIPPED: no shared library is built"; exit 77; }
include=$folder/$(dirname "$(dirname "$(find stage -path '*aigc/aigc.h' | head -n 1)")")
libdir=$folder/$(dirname "$library")
cp -r "$AIGC_SOURCE/bindings/lua" rock || exit 1
"$luarocks" lint rock/aigc-scm-1.rockspec >out 2>err || fail "luarocks lint"
HOME=$folder
export HOME
tested=
for version in 5.4 5.3 5.1; do
    command -v "lua$version" >/dev/null || continue
    tree=$folder/tree$version
    (cd rock && "$luarocks" make --lua-version "$version" --tree "$tree" --deps-mode none aigc-scm-1.rockspec \
        AIGC_INCDIR="$include" AIGC_LIBDIR="$libdir") >out 2>err ||
        { grep -q 'lua\.h\|LUA_INCDIR' err && continue; fail "luarocks make for $version"; }
    LUA_CPATH="$tree/lib/lua/$version/?.so" "lua$version" "$AIGC_SOURCE/examples/vae.lua" home-designs new.png \
        >out 2>err || fail "examples/vae.lua with lua$version"
    grep -q '^epoch 3: loss' out || fail "examples/vae.lua shows no progress"
    [ -s new.png ] || fail "examples/vae.lua makes no pictures"
    LUA_CPATH="$tree/lib/lua/$version/?.so" "lua$version" "$AIGC_SOURCE/examples/gan.lua" home-designs game.png 1 \
        >out 2>err || fail "examples/gan.lua with lua$version"
    grep -q '^epoch 1: loss_d .* loss_g' out || fail "examples/gan.lua shows no progress"
    [ -s game.png ] || fail "examples/gan.lua makes no pictures"
    tested="$tested $version"
    break
done
[ -n "$tested" ] || { echo "SKIPPED: luarocks knows no Lua here"; exit 77; }
echo "tested:$tested"
