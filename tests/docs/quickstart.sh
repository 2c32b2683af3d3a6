#!/bin/sh
# quickstart.sh FOLDER: runs examples/quickstart.sh, the first command of README.md, in a copy of the checkout there and
# looks at what it leaves in out/.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$1"
mkdir -p "$1"
(cd "$root" && tar -cf - LICENSE README.md meson.build meson_options.txt include lib bindings docs examples) |
    (cd "$1" && tar -xf -)
cd "$1"
sh examples/quickstart.sh
for path in out/designs.png out/reconstructions.png out/interpolation.png out/model.safetensors \
    out/rooms/*/000000.png; do
    [ -s "$path" ] || {
        echo "quickstart.sh left no $path"
        exit 1
    }
done
