#!/bin/sh
# Other processors, emulated: base and kernels with their tests on AArch64 (the NEON level), and the
# kernel tests on x86-64 processors without AVX, where dispatch must fall back to plain C.
# Builds with compilers alone, against tests/support/shim in place of cmocka; installs nothing.
#   tests/cross.sh [folder for objects]
# Exit status: 0 all passed, 1 a failure, 77 something could not be run.
set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
work=${1:-}
if [ -z "$work" ]; then
    work=$(mktemp -d) || exit 1
    trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work" || exit 1
skipped=0
failed=0

skip() { echo "SKIP: $*: NOT TESTED" >&2; skipped=1; }
fail() { echo "FAIL: $*" >&2; failed=1; }
have() { command -v "$1" >/dev/null 2>&1; }

flags="-std=c11 -O2 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fno-math-errno -fno-trapping-math
 -ffunction-sections -DAIGC_TEST_SAMPLES=(1u<<16) -I$work -I$top/tests/support/shim -I$top/lib -I$top -I$top/include
 -I$top/tests -idirafter /usr/include"

# configure X86 ARM: the configuration header that meson would write
configure()
{
    printf '#define AIGC_PROJECT_VERSION "cross"\n#define AIGC_HAVE_JPEG 0\n#define AIGC_HAVE_X86 %s\n#define AIGC_HAVE_ARM %s\n' \
        "$1" "$2" >"$work/config.h"
}

# compile_level CC NAME FLAGS SOURCES...: objects NAME-*.o
compile_level()
{
    compiler=$1 name=$2 level_flags=$3
    shift 3
    for source in "$@"; do
        [ -f "$source" ] || continue
        "$compiler" $flags $level_flags -c "$source" -o "$work/$name-$(basename "$source" .c).o" || return 1
    done
}

# link_test CC NAME SOURCE LINK_FLAGS: unused sections go, and with them what needs further libraries
link_test()
{
    wrap=
    [ "$(basename "$3")" = test_pool.c ] && wrap=-Wl,--wrap=pthread_create
    support=
    case $3 in
    */kernels/*) support=$top/tests/kernels/walk.c ;;
    */base/*) support=$(echo "$top"/tests/support/*.c) ;;
    esac
    "$1" $flags -o "$work/$2-$(basename "$3" .c)" "$3" $support "$work/$2"-*.o $4 $wrap -Wl,--gc-sections -lm -pthread
}

# run_tests RUNNER NAME TESTS...
run_tests()
{
    runner=$1 name=$2
    shift 2
    for source in "$@"; do
        program=$work/$name-$(basename "$source" .c)
        echo "$runner: $(basename "$program")"
        $runner "$program" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$runner $(basename "$program")"; }
    done
}

base_tests=
for name in arena cpu failure files memory philox pool sizes; do
    [ -f "$top/tests/base/test_$name.c" ] && base_tests="$base_tests $top/tests/base/test_$name.c"
done
kernel_tests=$(echo "$top"/tests/kernels/test_*.c)

test_aarch64()
{
    compiler=${AARCH64_CC:-aarch64-linux-gnu-gcc} emulator=${AARCH64_EMULATOR:-qemu-aarch64}
    have "$compiler" && have "$emulator" || { skip "AArch64 needs $compiler and $emulator"; return; }
    configure 0 1
    compile_level "$compiler" aarch64 "" "$top"/lib/base/*.c "$top"/lib/kernels/*.c "$top"/lib/kernels/convolution/*.c "$top"/lib/kernels/arm/*.c ||
        { fail "compiling for AArch64"; return; }
    for source in $base_tests $kernel_tests; do
        link_test "$compiler" aarch64 "$source" -static || { fail "linking $(basename "$source") for AArch64"; return; }
    done
    run_tests "$emulator" aarch64 $base_tests $kernel_tests
}

test_old_x86()
{
    compiler=${CC:-cc} emulator=${X86_EMULATOR:-qemu-x86_64}
    have "$compiler" && have "$emulator" && [ "$(uname -m)" = x86_64 ] ||
        { skip "old x86-64 needs $compiler for x86-64 and $emulator"; return; }
    configure 1 0
    avx2="-mavx2 -mfma -mf16c"
    avx512="$avx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl"
    compile_level "$compiler" x86 "" "$top"/lib/base/*.c "$top"/lib/kernels/*.c "$top"/lib/kernels/convolution/*.c &&
        compile_level "$compiler" x86 "$avx2" "$top"/lib/kernels/x86/*_avx2.c &&
        compile_level "$compiler" x86 "$avx512" "$top"/lib/kernels/x86/*_avx512.c || { fail "compiling for x86-64"; return; }
    for source in "$top/tests/cross/probe.c" $kernel_tests; do
        link_test "$compiler" x86 "$source" "" || { fail "linking $(basename "$source") for x86-64"; return; }
    done
    for processor in Conroe Nehalem; do
        # The emulator must refuse AVX, or the rest would prove nothing.
        "$emulator" -cpu $processor "$work/x86-probe" avx >/dev/null 2>&1 && { skip "$emulator lends $processor AVX"; return; }
        best=$("$emulator" -cpu $processor "$work/x86-probe" best 2>/dev/null)
        [ "$best" = c ] || fail "dispatch on $processor picks '$best', not c"
        run_tests "$emulator -cpu $processor" x86 $kernel_tests
    done
}

test_aarch64
test_old_x86
[ $failed = 0 ] || exit 1
[ $skipped = 0 ] || exit 77
echo "cross: all passed"
