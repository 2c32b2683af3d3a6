# Commands, kinds, options, choices and files, as the shells themselves complete them; at least one shell is here.
. "$(dirname "$0")/stage.sh"

XDG_DATA_DIRS=$prefix/share
XDG_CONFIG_HOME=$folder
HOME=$folder
LC_ALL=C
export XDG_DATA_DIRS XDG_CONFIG_HOME HOME LC_ALL
mkdir files && cd files && : >one.safetensors && mkdir pictures || fail "files"
here=$AIGC_SOURCE/tests/install
tested=

# The line, then words that must be offered and, behind a '-', one that must not.
cat >../lines <<'END'
aigc tr|train|vae
aigc |generate version|vae
aigc train |vae|train
aigc train vae |home-designs one.safetensors pictures|folder
aigc train vae home-designs --lo|--loss|--labels
aigc train vae home-designs --no-|--no-shuffle|--shuffle
aigc train vae home-designs --loss |bce mse|home-designs
aigc train --loss bce |vae|bce
aigc generate one.safetensors -o |one.safetensors|home-designs
aigc generate o|one.safetensors|pictures
aigc generate one.safetensors --tem|--temperature|--threads
aigc draw |home-designs|idx
aigc help tr|train|vae
aigc help --completion |bash zsh fish|train
END

# check SHELL: `offer LINE` prints what it offers, a word a line.
check() {
    while IFS='|' read -r line wanted unwanted; do
        offer "$line" >offered 2>../err || fail "$1 fails at '$line'"
        cp offered ../out
        for word in $wanted; do
            grep -qxe "$word" offered || { cd .. && fail "$1 does not offer '$word' for '$line'"; }
        done
        if grep -qxe "$unwanted" offered; then cd .. && fail "$1 offers '$unwanted' for '$line'"; fi
        rm offered
    done <../lines
    tested="$tested $1"
}
is_here() { has "$1" || { echo "SKIPPED: completion by $1, which is not here" && return 1; }; }

if is_here bash && bash -c '((BASH_VERSINFO[0] >= 4))'; then
    offer() { bash --norc "$here/complete.bash" "$prefix/share/bash-completion/completions/aigc" "$1"; }
    check bash
fi
if is_here fish; then
    offer() { fish -c "complete -C '$1'" | cut -f 1 | sed -e 's|/$||' -e 's|^--[a-z]*=||'; }
    check fish
fi
if is_here zsh; then
    offer() {
        zsh -f "$here/complete.zsh" "$prefix/share/zsh/site-functions" "$1" "$folder/matches" &&
            sed 's/=$//' "$folder/matches"
    }
    check zsh
fi
[ -n "$tested" ] || skip "neither bash, fish nor zsh is here"
echo "tested:$tested"
