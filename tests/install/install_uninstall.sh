# What was installed can be taken away again.
. "$(dirname "$0")/stage.sh"

[ -n "$(find "$stage" ! -type d)" ] || fail "nothing is installed"
run ninja -C "$AIGC_BUILD" uninstall
[ -z "$(find "$stage" ! -type d 2>/dev/null | tee out)" ] || fail "it is left"
