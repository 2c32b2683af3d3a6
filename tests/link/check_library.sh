#!/bin/sh
# What a host program may rely on, read off the built library and the sources: names, imports, state,
# instructions, size, headers, layers. Use: check_library.sh CHECK BUILD SOURCE; 77 means it could not be checked.
set -u
check=$1
build=$2
source=$3
here=$source/tests/link
library=$build/lib/libaigc.so
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# Remembered in a file, for it happens at the ends of pipes.
fail() {
    printf '%s\n' "$*"
    : >"$work/failed"
}

skip() {
    printf 'SKIPPED: %s\n' "$*"
    exit 77
}

# One line a symptom: prints standard input under a heading, if there is any.
fail_lines() {
    cat >"$work/lines"
    [ -s "$work/lines" ] || return 0
    fail "$1:"
    sed 's/^/  /' "$work/lines"
}

# A stored list without comments and empty lines.
list() { sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$here/$1" | sort -u; }

objects() { find "$build/lib" -name '*.o' | sort; }

# The objects of one CPU level are allowed that level's instructions.
is_of_level() {
    case $1 in
    *avx512* | *avx2* | *neon*) return 0 ;;
    *) return 1 ;;
    esac
}

# "object: symbol" for every undefined symbol; fortified names as the plain ones.
imports_by_object() {
    for object in $(objects); do
        nm -u "$object" | awk -v o="${object##*/}" '{ print o ": " $NF }'
    done | sed -E 's/: __([a-z_]+)_chk$/: \1/'
}

check_exported() {
    nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$work/found"
    grep -v '^aigc_' "$work/found" | fail_lines "exported without the prefix aigc_"
    list exported.txt >"$work/wanted"
    comm -13 "$work/wanted" "$work/found" | fail_lines "exported, but not in exported.txt"
    comm -23 "$work/wanted" "$work/found" | fail_lines "in exported.txt, but not exported"
    sed -n 's/^AIGC_API[^(]*[ *]\(aigc_[a-z0-9_]*\)(.*/\1/p' "$source"/include/aigc/*.h | sort >"$work/declared"
    comm -23 "$work/declared" "$work/found" | fail_lines "declared in a header, but not exported"
}

check_imported() {
    nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $NF); print $NF }' |
        sed -E 's/^__([a-z_]+)_chk$/\1/' | sort -u >"$work/found"
    list imported.txt >"$work/patterns"
    grep -vxf "$work/patterns" "$work/found" | fail_lines "imported, but not in imported.txt"
    imports_by_object >"$work/by_object"
    grep -E ': (_?longjmp|_?_?setjmp|_?_?sigsetjmp|siglongjmp)$' "$work/by_object" | grep -Ev '^(formats_)?(png|jpeg)' |
        fail_lines "jumps outside the PNG and JPEG files"
    # The reference runs of the elementwise ops, for the tests, are in double and may use libm.
    grep -E ': (exp|log|pow|sin|cos|tan|tanh|exp2|log2|expm1|log1p|erf)f?$' "$work/by_object" | grep -v '^graph_ops_map\.' |
        fail_lines "libm functions that differ between machines"
    objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }' |
        grep -vE '^(libc|libm|libpthread|libz|libpng16|libjansson|libjpeg|libzip|ld-linux-[a-z0-9-]*)\.so' |
        fail_lines "libraries needed beyond the known ones"
}

check_state() {
    list globals.txt >"$work/allowed"
    for object in $(objects); do
        objdump -t "$object" | awk -F '\t' -v o="${object##*/}" '
            { n = split($1, left, " "); section = left[n]; m = split($2, right, " ") }
            section ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && section !~ /^\.data\.rel\.ro/ && left[n - 1] != "d" {
                print o ": " right[m] }'
        objdump -h "$object" | awk -v o="${object##*/}" '
            $2 ~ /^\.(init_array|ctors|preinit_array)/ { print o ": runs code when the library is loaded" }'
    done | sort >"$work/found"
    comm -23 "$work/found" "$work/allowed" | fail_lines "writable or start-up state that globals.txt does not list"
    [ -n "$(objects)" ] || fail "no objects in $build/lib"
}

check_instructions() {
    case $(uname -m) in
    x86_64) ;;
    *) skip "instructions are checked on x86-64" ;;
    esac
    for object in $(objects); do
        name=${object##*/}
        wrong='%[yz]mm|[[:space:]]v[a-z0-9]+[[:space:]].*%xmm|%k[1-7]'
        if is_of_level "$name"; then wrong='%zmm|%k[1-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])'; fi
        case $name in *avx512*) continue ;; esac
        objdump -d --no-show-raw-insn "$object" | grep -E "$wrong" | head -n 1 | sed "s|^|$name: |"
    done | fail_lines "instructions that not every CPU of its level has"
}

check_size() {
    strip -o "$work/stripped" "$library" || return
    bytes=$(wc -c <"$work/stripped")
    printf 'stripped: %d bytes\n' "$bytes"
    [ "$bytes" -le 1048576 ] || fail "the stripped library has $bytes bytes; at most 1048576 are allowed"
}

compile_header() {
    printf '#include <aigc/%s>\n' "$3" >"$work/header.$4"
    $1 -x "$5" -std="$2" -Wall -Wextra -Wpedantic -Werror -I"$source/include" -fsyntax-only "$work/header.$4" \
        2>"$work/errors" || { fail "$3 with $1 -std=$2:"; head -n 5 "$work/errors"; }
}

check_headers() {
    compilers=
    for compiler in gcc clang; do
        if command -v $compiler >/dev/null; then compilers="$compilers $compiler"; else echo "WITHOUT $compiler"; fi
    done
    [ -n "$compilers" ] || skip "neither gcc nor clang is here"
    for header in "$source"/include/aigc/*.h; do
        name=${header##*/}
        grep -n '#include' "$header" | grep -vE '<(stddef|stdint)\.h>|<aigc/[a-z_]+\.h>' | fail_lines "$name includes"
        for compiler in $compilers; do
            for standard in c99 c11 c17; do compile_header "$compiler" $standard "$name" c c; done
            if [ "$compiler" = clang ] || command -v g++ >/dev/null; then
                compile_header "$compiler" c++17 "$name" cc c++
            fi
        done
    done
}

check_abi() {
    command -v abidiff >/dev/null || skip "abidiff is not here (package abigail-tools)"
    objdump -h "$library" | grep -q '\.debug_info' || skip "the library has no debug information (-Ddebug=true)"
    abidw --exported-interfaces-only --headers-dir "$source/include/aigc" --drop-private-types --no-corpus-path \
        --no-comp-dir-path --no-show-locs --no-elf-needed --no-architecture --no-parameter-names \
        --out-file "$work/full.abi" "$library" || fail "abidw"
    sed "s|path='[^']*/lib/|path='lib/|" "$work/full.abi" >"$work/now.abi"
    if [ "${AIGC_RENEW_ABI:-no}" = yes ]; then cp "$work/now.abi" "$here/libaigc.abi"; fi
    abidiff "$here/libaigc.abi" "$work/now.abi" >"$work/report" 2>&1 && return
    fail "the interface differs from tests/link/libaigc.abi. If that is meant, raise AIGC_API_VERSION in version.h and" \
        "renew the file: AIGC_RENEW_ABI=yes $here/check_library.sh abi $build $source"
    head -n 60 "$work/report"
}

check_layers() {
    layers='base kernels tensor graph nn optim metrics formats data models api'
    for file in $(cd "$source/lib" && find . -name '*.[ch]' -o -name '*.def' | sort); do
        own=${file#./}
        own=${own%%/*}
        allowed=${layers%%"$own"*}$own
        pattern=$(printf '%s' "$allowed" | tr ' ' '|')
        grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$source/lib/$file" |
            grep -vE "\"($pattern)/|\"config\.h\"" | sed "s|^|lib/${file#./}:|"
    done | fail_lines "includes from a higher layer, or not written from lib/"
}

check_names() {
    (cd "$source" && find lib include bindings tests -type f \( -name '*.[ch]' -o -name '*.def' \)) |
        sed 's|.*/||' | sort | uniq -d | fail_lines "file names that are not unique"
}

# Sources without comments and string contents where words are looked for.
code_of() { cc -fpreprocessed -dD -E -P -x c "$1" 2>/dev/null; }

check_calls() {
    banned='printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|abort|exit|_exit|quick_exit|atexit|getenv|system'
    banned="$banned|rand|srand|random|strtod|strtof|strtold|atof|scanf|sscanf|fscanf|setlocale|signal|sigaction|mmap"
    banned="$banned|isalpha|isdigit|isalnum|isspace|isupper|islower|isprint|tolower|toupper|sprintf|strcat|gets|alloca"
    for file in $(cd "$source/lib" && find . -name '*.[ch]' | sort); do
        code_of "$source/lib/$file" >"$work/code"
        sed 's/"[^"]*"/""/g' "$work/code" | grep -oE "(^|[^A-Za-z0-9_>.])($banned)[[:space:]]*\(|\b(stdout|stderr)\b" |
            sed "s|^|lib/${file#./}: |"
        grep -oE '"[^"]*%[-+ #0-9.]*[aefgAEFG][^"]*"' "$work/code" | sed "s|^|lib/${file#./}: |"
    done | fail_lines "calls that a library must not make, or numbers printed by the locale"
}

case $check in
exported | imported | state | instructions | size | abi)
    [ -f "$library" ] || skip "there is no shared library in $build/lib"
    ;;
esac
case $check in
exported | imported | state | instructions | size | headers | abi | layers | names | calls) "check_$check" ;;
*)
    echo "there is no check '$check'" >&2
    exit 2
    ;;
esac
[ ! -e "$work/failed" ]
