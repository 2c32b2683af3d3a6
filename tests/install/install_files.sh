# Exactly the files of the list are installed, all public headers, and all of the Python package.
. "$(dirname "$0")/stage.sh"
AIGC_PYTHON=${AIGC_PYTHON:-}
AIGC_PYTHON=${AIGC_PYTHON%/}

# The lines of the parts that were built, with the folders of this machine.
while read -r part path; do
    case " $AIGC_PARTS " in *" $part "*) printf '%s\n' "$path" ;; esac
done <"$AIGC_SOURCE/tests/install/files.txt" |
    sed -e "s|{lib}|$AIGC_LIBDIR|" -e "s|{prefix}|$AIGC_PREFIX|" -e "s|{lua}|${AIGC_LUA:-}|" \
        -e "s|{python}|$AIGC_PYTHON|" -e "s|{api}|$AIGC_API|" -e "s|{major}|${AIGC_API%%.*}|" >wanted
(cd "$AIGC_SOURCE/include" && find aigc -name '*.h') | sed "s|^|$AIGC_PREFIX/include/|" >>wanted
case " $AIGC_PARTS " in
*' python '*)
    (cd "$AIGC_SOURCE/bindings/python" && find aigc -type f ! -path '*__pycache__*') |
        sed "s|^|$AIGC_PYTHON/|" >>wanted ;;
esac
LC_ALL=C sort -o wanted wanted
(cd "$stage" && find . ! -type d ! -path '*/doc/libaigc/html/*') | sed 's|^\.||' | LC_ALL=C sort >found
diff wanted found >out || fail "what is installed (>) is not what tests/install/files.txt lists (<)"

[ -x "$prefix/bin/aigc" ] || fail "the program cannot be executed"
run aigc help --man
cmp -s out "$prefix/share/man/man1/aigc.1" || fail "the installed manual page is not what the program prints"
