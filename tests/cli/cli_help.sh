# Help and manual page name every command and every option of the tables, on standard output.
. "$(dirname "$0")/common.sh"

expect 0 help
cp out overview
for verb in train generate reconstruct interpolate walk encode decode evaluate draw convert info help version; do
    grep -q "^  $verb " overview || fail "the overview lacks $verb"
    expect 0 help $verb
    grep -q "^use: aigc $verb" out || fail "help $verb does not begin with its use"
    [ ! -s err ] || fail "help $verb wrote to standard error"
    cp out direct
    expect 0 $verb --help
    cmp -s out direct || fail "aigc $verb --help differs from aigc help $verb"
    awk 'length > 80 { exit 1 }' out || fail "help $verb is wider than 80 columns"
done
expect 0 help train vae
for option in --epochs --latent-dim --hidden-dim --learning-rate --resume --validation --height --threads --quiet; do
    grep -qe " $option" out || fail "help train vae lacks $option"
done
grep -qe '--output.*-o' out || grep -qe '-o, --output' out || fail "help train vae lacks -o"
expect 0 help train gan
grep -q '^  aigc train gan home-designs' out || fail "help train gan has another kind's example"
grep -q 'aigc train vae' out && fail "help train gan has the example of a vae"
expect 0 --help
cmp -s out overview || fail "--help differs from help"
expect 0 --version
grep -q '^libaigc [0-9]' out || fail "--version says: $(cat out)"

expect 0 help --man
cp out aigc.1
grep -q '^\.TH AIGC 1' aigc.1 || fail "the manual page has no title"
for verb in train generate reconstruct interpolate walk encode decode evaluate draw convert info; do
    grep -q "^\.SS aigc $verb" aigc.1 || fail "the manual page lacks $verb"
done
for option in epochs 'latent\\-dim' threads seeds; do
    grep -q "^\\\\fB\\\\-\\\\-$option" aigc.1 || fail "the manual page lacks --$option"
done
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z aigc.1 2>warnings
    [ ! -s warnings ] || fail "groff says: $(head -n 3 warnings)"
fi

for shell in bash zsh fish; do
    expect 0 help --completion $shell
    grep -q -e '--latent-dim' -e ' -l latent-dim ' out || fail "the completion for $shell lacks --latent-dim"
    cp out script
    if command -v $shell >/dev/null; then $shell -n script >out 2>err || fail "$shell does not understand its completion"; fi
done
expect 2 help --completion tcsh
says 'bash, zsh and fish'

expect 0 help --options
for line in '### context' '### vae: train' '### home-designs: dataset' '| `latent_dim` | int | `0` | `0..65536` |.*'; do
    grep -qx -e "$line" out || fail "the options reference lacks $line"
done
