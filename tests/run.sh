#!/bin/sh
# The whole test suite, from a fresh clone: installs what is missing, builds in build-tests/, tests, and
# ends with "N passed, N failed, N skipped". Logs are in build-tests/logs; those of failures are shown.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
. examples/setup.sh

# Without these there is no test; and what more tests need. Columns as in examples/setup.sh.
must_have='
cmocka      pc:cmocka   libcmocka-dev   libcmocka-devel  cmocka        cmocka-dev         libcmocka-devel   cmocka
'
nice_to_have='
g++         g++         g++             gcc-c++          gcc           g++                gcc-c++           -
clang       clang       clang           clang,compiler-rt clang        clang,compiler-rt  clang             -
fuzzer      links:fuzzer libclang-rt-dev - - - - -
sanitizers  links:sanitizers - libasan,libubsan,libtsan - - - -
clang-tidy  clang-tidy  clang-tidy      clang-tools-extra clang        clang-extra-tools  clang-tools       -
cppcheck    cppcheck    cppcheck        cppcheck         cppcheck      cppcheck           cppcheck          cppcheck
valgrind    valgrind    valgrind        valgrind         valgrind      valgrind           valgrind          -
abidiff     abidiff     abigail-tools   libabigail       libabigail    libabigail         libabigail-tools  -
qemu        qemu-aarch64 qemu-user      qemu-user        qemu-user     qemu-aarch64       qemu-linux-user   -
aarch64-gcc aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu,libc6-dev-arm64-cross gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc - cross-aarch64-gcc12 -
script      script      bsdutils        util-linux-script util-linux   util-linux-misc    util-linux        -
groff       groff       groff-base      groff-base       groff         groff              groff             groff
cmake       cmake       cmake           cmake            cmake         cmake              cmake             cmake
bash        bash        bash            bash             bash          bash               bash              bash
zsh         zsh         zsh             zsh              zsh           zsh                zsh               zsh
fish        fish        fish            fish             fish          fish               fish              fish
doxygen     doxygen     doxygen         doxygen          doxygen       doxygen            doxygen           doxygen
python3     python3     python3         python3          python        python3            python3           python
pip         py:pip      python3-pip     python3-pip      python-pip    py3-pip            python3-pip       -
numpy       py:numpy    python3-numpy   python3-numpy    python-numpy  py3-numpy          python3-numpy     numpy
pillow      py:PIL      python3-pil     python3-pillow   python-pillow py3-pillow         python3-Pillow    pillow
tqdm        py:tqdm     python3-tqdm    python3-tqdm     python-tqdm   py3-tqdm           python3-tqdm      -
lua5.4      pc:lua5.4,lua-5.4,lua54,lua lua5.4,liblua5.4-dev lua,lua-devel lua lua5.4,lua5.4-dev lua54,lua54-devel lua
lua5.3      pc:lua5.3,lua-5.3,lua53 lua5.3,liblua5.3-dev - lua53       lua5.3,lua5.3-dev  lua53,lua53-devel -
lua5.2      pc:lua5.2,lua-5.2,lua52 lua5.2,liblua5.2-dev - lua52       lua5.2,lua5.2-dev  -                 -
lua5.1      pc:lua5.1,lua-5.1,lua51 lua5.1,liblua5.1-0-dev compat-lua,compat-lua-devel lua51 lua5.1,lua5.1-dev lua51,lua51-devel -
luajit      pc:luajit   luajit,libluajit-5.1-dev luajit,luajit-devel luajit luajit,luajit-dev luajit,luajit-devel luajit
luarocks    luarocks    luarocks        luarocks         luarocks      luarocks           lua54-luarocks    luarocks
'

setup_options "$@"
folder=$root/build-tests
logs=$folder/logs
mkdir -p "$logs" || exit 1
setup_log=$logs/install.log
: >"$setup_log"
setup_require "$setup_build_needs$must_have"
setup_wish "$nice_to_have"

began=$(date +%s)
passed=0
failed=0
skipped=0

count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

report() { printf '%4d s  %-28s %s\n' "$(($(date +%s) - began))" "$1" "$2"; }

has() { command -v "$1" >/dev/null 2>&1; }

leave_out() {
    count 0 0 1
    report "$1" "SKIPPED: $2"
}

show() {
    printf -- '---- the end of %s\n' "$1"
    tail -n "$2" "$1"
    printf -- '----\n'
}

# A step that passes or fails as a whole: 77 means skipped.
step() {
    name=$1
    shift
    log=$logs/$(printf '%s' "$name" | tr ' ' '-').log
    "$@" >"$log" 2>&1
    code=$?
    case $code in
    0) count 1 0 0 ;;
    77)
        leave_out "$name" "$(tail -n 1 "$log")"
        return 0
        ;;
    *)
        count 0 1 0
        report "$name" FAILED
        show "$log" 60
        return 1
        ;;
    esac
    report "$name" passed
}

# Number in the line "Name:  N" that ends a meson test log.
tally() { awk -v n="$1:" 'index($0, n) == 1 { v = $NF } END { print v + 0 }' "$log"; }

# Runs meson's tests of a built folder and counts every one of them.
meson_tests() {
    name=$1
    shift
    log=$logs/$(printf '%s' "$name" | tr ' ' '-').log
    meson test --no-rebuild --print-errorlogs "$@" >"$log" 2>&1
    code=$?
    good=$(($(tally Ok) + $(tally 'Expected Fail')))
    bad=$(($(tally Fail) + $(tally Timeout) + $(tally 'Unexpected Pass')))
    left=$(tally Skipped)
    if [ $code -ne 0 ] && [ $bad -eq 0 ]; then bad=1; fi
    if [ $((good + bad + left)) -eq 0 ]; then bad=1; fi
    count "$good" "$bad" "$left"
    report "$name" "$good passed, $bad failed, $left skipped"
    grep -E '^ *[0-9]+/[0-9]+ .* SKIP' "$log" | sed 's/^/         /'
    if [ $bad -ne 0 ]; then show "$log" 120; fi
}

build_with() (
    CC=$1
    export CC
    shift
    setup_build "$@"
)

# A build of its own in build-tests/NAME, with the C compiler and meson options given. Warnings are errors
# in the plain builds only: instrumented code makes compilers warn of what cannot happen.
build() {
    folder_name=$1
    compiler=$2
    shift 2
    step "build $folder_name" build_with "$compiler" "$folder/$folder_name" -Dtests=true "$@"
}

# What nobody waits for takes the time that the rest leaves: started here, told at the end.
behind() {
    job=$1
    shift
    "$@" >"$logs/$job.out" 2>&1 &
    eval "${job}_job=$!"
}

finish() {
    wait "$2"
    code=$?
    cat "$logs/$1.out"
    return $code
}

tidy() {
    grep -oE '"file": *"[^"]*"' "$folder/clang/compile_commands.json" | sed 's/.*"\([^"]*\)"$/\1/' |
        grep -E '/(lib|bindings)/' | sort -u | sed "s|^\.\./\.\./|$root/|" |
        nice -n 19 xargs -P "$(nproc 2>/dev/null || echo 2)" -n 4 clang-tidy -quiet -p "$folder/clang"
}

if build gcc gcc -Dwerror=true --buildtype=release -Ddebug=true; then
    behind cross nice -n 19 sh tests/cross.sh
    behind cppcheck nice -n 19 cppcheck -q --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
        --suppressions-list=tests/cppcheck.txt -I lib -I include -I "$folder/gcc" lib bindings
    meson_tests "tests gcc" -C "$folder/gcc"
    grep '^SKIPPED' "$folder/gcc/meson-logs/testlog.txt" | sed 's/^/         /' # parts of tests that passed
    step "install anew" sh tests/install/builds.sh "$folder/gcc"
fi
step "quickstart" sh tests/docs/quickstart.sh "$folder/quickstart"

if ! has clang; then
    leave_out "build clang" "clang is not here"
elif build clang clang -Dwerror=true --buildtype=release; then
    behind tidy tidy
    # What is installed, packages, faces and pages are the same whatever compiled the library.
    AIGC_TEST_KINDS=1 meson_tests "tests clang" -C "$folder/clang" --no-suite install --no-suite python \
        --no-suite docs --no-suite quality --no-suite lua --no-suite lua-others --no-suite cli
fi

if ! setup_has links:sanitizers; then
    leave_out "build asan" "gcc has no sanitizers here"
elif build asan gcc -Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined; then
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 meson_tests "tests asan+ubsan" -C "$folder/asan" --no-suite quality \
        --no-suite lua-others
fi

# Those with threads in them.
setup_targets='tests/base/test_pool tests/base/test_runtime tests/graph/test_executor tests/data/test_loader
    tests/models/test_many_contexts tests/models/test_resume'
if ! setup_has links:sanitizers; then
    leave_out "build tsan" "gcc has no sanitizers here"
elif build tsan gcc -Doptimization=1 -Ddebug=true -Db_sanitize=thread; then
    AIGC_TEST_KINDS=1 meson_tests "tests tsan" -C "$folder/tsan" pool runtime executor loader many_contexts resume
fi
setup_targets=

if ! has valgrind; then
    leave_out "tests valgrind" "valgrind is not here"
elif [ -f "$folder/gcc/build.ninja" ]; then
    meson_tests "tests valgrind" -C "$folder/gcc" -t 10 \
        --wrap='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' \
        memory option_table storage executor npy idx png safetensors dataset vae_sampling
fi

if setup_has links:fuzzer; then
    step "fuzz" sh tests/fuzz/run.sh 5 "$folder/fuzz"
else
    leave_out "fuzz" "clang or its libFuzzer is not here"
fi

if [ -n "${cross_job:-}" ]; then step "emulated processors" finish cross "$cross_job"; fi
if ! has clang-tidy; then
    leave_out "clang-tidy" "it is not here"
elif [ -n "${tidy_job:-}" ]; then
    step "clang-tidy" finish tidy "$tidy_job"
fi
if ! has cppcheck; then
    leave_out "cppcheck" "it is not here"
elif [ -n "${cppcheck_job:-}" ]; then
    step "cppcheck" finish cppcheck "$cppcheck_job"
fi

report "" "logs in build-tests/logs"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
