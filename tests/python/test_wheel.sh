#!/bin/sh
# pip builds the wheel with nothing but what is here, and the package works from where pip puts it.
skip() {
    echo "SKIPPED: $1; the wheel was not built"
    exit 77
}
python3 -m pip --version >/dev/null 2>&1 || skip "python3 has no pip"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
set -e
unset AIGC_LIBRARY PYTHONPATH
cd "$folder"
python3 -m pip wheel --no-index --no-deps --quiet --wheel-dir "$folder" "$AIGC_SOURCE/bindings/python"
ls -- *.whl
python3 -m pip install --no-index --no-deps --quiet --target "$folder/site" "$folder"/aigc-*.whl
PYTHONPATH=$folder/site python3 - "$folder/site" <<'END'
import os
import sys
import aigc
from aigc import _library

assert aigc.build_info().startswith("libaigc " + aigc.__version__)
assert os.path.dirname(_library.lib._name) == os.path.join(sys.argv[1], "aigc"), _library.lib._name
model = aigc.Model.create("vae", height=8, width=8, channels=1)
assert model.generate(2).shape == (2, 8, 8, 1)
from importlib.metadata import version
assert version("aigc") == aigc.__version__
END
if command -v readelf >/dev/null 2>&1; then
    readelf --sections --wide site/aigc/libaigc.so.* | grep -q '\.symtab' && {
        echo "the library in the wheel is not stripped"
        exit 1
    }
fi
echo ok
