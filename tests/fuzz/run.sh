#!/bin/sh
# Fuzzes every reader for SECONDS and stops at the first crash. FORMATS picks some; inputs that reach
# new code are kept in CORPUS, crashes in the build folder.
#   tests/fuzz/run.sh SECONDS [BUILD_FOLDER]
set -eu
seconds=${1:?usage: run.sh SECONDS [BUILD_FOLDER]}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${2:-$root/build_fuzz}
corpus=${CORPUS:-$build/corpus}
formats=${FORMATS:-png jpeg idx npy safetensors torch npz stream pickle shards}

[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" "$root" -Dtests=true -Dtools=disabled -Dlua=disabled \
    -Dfuzz=true -Doptimization=1 -Ddebug=true -Ddefault_library=static -Db_sanitize=address,undefined -Db_lundef=false
ninja -C "$build" tests/formats/test_malformed

for format in $formats; do
    ninja -C "$build" "tests/fuzz/fuzz_$format"
    mkdir -p "$corpus/$format"
    if [ "$format" = shards ]; then
        printf '{"metadata":{"total_size":4},"weight_map":{"a.b":"x.safetensors","c":"y"}}' >"$corpus/shards/seed0"
    else
        "$build/tests/formats/test_malformed" seeds "$format" "$corpus/$format"
    fi
    more=
    [ "$format" = png ] && [ -d "$root/../shared/data/pngsuite" ] && more="$root/../shared/data/pngsuite"
    (cd "$build" && UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "tests/fuzz/fuzz_$format" -dict="$here/$format.dict" \
        -max_total_time="$seconds" -malloc_limit_mb=128 -rss_limit_mb=512 -timeout=2 -max_len=4096 -print_final_stats=1 \
        "$corpus/$format" $more 2>"$build/fuzz_$format.log") || {
        tail -40 "$build/fuzz_$format.log"
        echo "fuzz_$format: failed after the lines above" >&2
        exit 1
    }
    sed -n 's/^stat::number_of_executed_units: */fuzz_'"$format"': executions /p' "$build/fuzz_$format.log"
done
