# The bar is for terminals: elsewhere one plain line an epoch, with --quiet nothing.
. "$(dirname "$0")/common.sh"

expect 0 train vae home-designs -o model.safetensors --epochs 3 $small
[ "$(grep -c '^epoch [1-3]/3  loss [0-9.]* = rec [0-9.]* + kl [0-9.]* nats' err)" -eq 3 ] || fail "not a line an epoch"
tr -d '\r\033' <err | cmp -s - err || fail "control characters go to a file"
expect 0 train vae home-designs -o model.safetensors --epochs 3 $small --quiet
[ ! -s out ] && [ ! -s err ] || fail "--quiet says something"

command -v script >/dev/null || { echo "script is not here"; exit 77; }
cat >run.sh <<END
stty columns 120 2>/dev/null
"$aigc" train vae home-designs -o model.safetensors --epochs 20 $small --hidden-dim 400
END
script -qec 'sh run.sh' typescript </dev/null >/dev/null 2>&1 || fail "the run under a terminal failed"
grep -q "$(printf '\r')epoch.*step.*\[=*>* *\].*images/s.*left" typescript || fail "there is no bar on a terminal"
tr '\r' '\n' <typescript | sed "s/$(printf '\033')\[K//g" | awk 'length > 120 { exit 1 }' || fail "the bar is wider than the terminal"

# Within any width, and in words what the numbers of a game mean.
for columns in 40 80 120; do
    cat >run.sh <<END
stty columns $columns 2>/dev/null
"$aigc" train gan home-designs -o gan.safetensors --epochs 2 --generator-width 4 --discriminator-width 4 \
    --batch-size 8 --size 16x16 -n 64 --samples 0
END
    script -qec 'sh run.sh' typescript </dev/null >/dev/null 2>&1 || fail "the run under a terminal failed"
    tr '\r' '\n' <typescript | sed "s/$(printf '\033')\[K//g" >lines
    grep -v '^Script\|^aigc: ' lines | awk -v most=$columns 'length > most { exit 1 }' || fail "wider than $columns columns"
    grep -Eq '^(epoch )?[12]/2.*(little variety|even game|discriminator leads|generator leads|distance [0-9.]+)' lines ||
        fail "no verdict in $columns columns"
done
