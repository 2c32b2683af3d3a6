# lua_valgrind.sh HOST FOLDER: some cases under valgrind: nothing is lost, nothing is read that is gone.
command -v valgrind >/dev/null || { echo "SKIPPED: valgrind is not here"; exit 77; }
exec valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$1" \
    "$2/cases.lua" cases_errors cases_lifetime cases_callbacks
