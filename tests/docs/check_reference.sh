#!/bin/sh
# check_reference.sh SOURCE BUILD: Doxygen makes the API reference without a warning, and every exported function
# has its place in it.
source=$1 build=$2
if ! [ -f "$build/docs/Doxyfile" ]; then
    echo "SKIPPED: doxygen is not here: the API reference was not made"
    exit 77
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
sed "s|^OUTPUT_DIRECTORY.*|OUTPUT_DIRECTORY = $folder|" "$build/docs/Doxyfile" >"$folder/Doxyfile"
doxygen "$folder/Doxyfile" >"$folder/log" 2>&1 || {
    cat "$folder/log"
    exit 1
}
if [ -s "$folder/log" ]; then
    cat "$folder/log"
    exit 1
fi
bad=0
while read -r name; do
    grep -q "class=\"memtitle\".*>$name()" "$folder"/html/*_8h.html || {
        echo "$name has no place in the reference"
        bad=1
    }
done <"$source/tests/link/exported.txt"
for name in aigc_allocator_t aigc_metrics_t aigc_option_info_t aigc_progress_t; do
    [ -f "$folder/html/struct$(echo "$name" | sed 's/_/__/g').html" ] || {
        echo "$name has no page"
        bad=1
    }
done
exit $bad
