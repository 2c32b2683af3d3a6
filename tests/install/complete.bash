# complete.bash SCRIPT LINE: what bash would offer at the end of the line, a word a line. Where no word fits and
# the script says so, bash itself completes files.
compopt() { options="$options $*"; }
options=
. "$1"
read -ra COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_aigc
[[ $(complete -p aigc) == 'complete -o default -F _aigc aigc' ]] || exit 1
if ((${#COMPREPLY[@]} == 0)) && [[ $options != *'+o default'* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
fi
printf '%s\n' "${COMPREPLY[@]}"
