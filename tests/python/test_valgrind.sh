#!/bin/sh
# Some of what could touch freed memory, under valgrind.
skip() {
    echo "SKIPPED: $1; the Python package was not run under valgrind"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
command -v valgrind >/dev/null 2>&1 || skip "valgrind is not here"
export PYTHONMALLOC=malloc
# Some builds of Python are not clean by themselves.
for python in "$(command -v python3)" /usr/bin/python3; do
    [ -x "$python" ] || continue
    python=$("$python" -c 'import sys; print(sys.executable)')
    valgrind --quiet --error-exitcode=9 "$python" -c 'import ctypes' 2>/dev/null &&
        exec valgrind --quiet --error-exitcode=9 "$python" "$here/valgrind_cases.py"
done
skip "no python3 here is clean under valgrind"
