# The installed Python package and Lua module find the installed library.
. "$(dirname "$0")/stage.sh"

tested=
if [ -n "${AIGC_PYTHON:-}" ]; then
    PYTHONPATH=$stage$AIGC_PYTHON run "$AIGC_PYTHON_PROGRAM" -c 'import aigc; print(aigc.build_info())'
    says '^libaigc '
    tested="$tested Python"
fi
if [ -n "${AIGC_LUA:-}" ]; then
    for lua in ${AIGC_LUA_PROGRAMS:-}; do
        has "$lua" || continue
        LUA_CPATH="$stage$AIGC_LUA/?.so" run "$lua" -e 'print(require("aigc").build_info())'
        says '^libaigc '
        tested="$tested $lua"
        break
    done
fi
[ -n "$tested" ] || skip "neither the Python package nor the Lua module was built, or nothing runs it here"
echo "tested:$tested"
