# complete.zsh FOLDER LINE OUTPUT: writes what zsh offers at the end of the line, a word a line, with the completions
# of the folder. A zsh of its own runs on a pseudo-terminal; its compadd also writes down the words that match.
zmodload zsh/zpty
: >$3
zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -C -d $3.dump
compadd() {
    [[ \" \${@[1,(i)(-|--)]} \" == *' '-[a-zA-Z]#[OAD]' '* ]] && { builtin compadd \"\$@\"; return }
    local -a matches
    builtin compadd -A matches \"\$@\"
    (( \$#matches )) && print -rl -- \$matches >>$3
    builtin compadd \"\$@\"
}
report() { print -r DO''NE }; zle -N report; bindkey '^X' report; bindkey '^I' complete-word; print -r RE''ADY"
zpty -r -m shell ignored '*READY*'
zpty -w -n shell "$2"$'\t\x18'
zpty -r -m shell ignored '*DONE*'
zpty -d shell
