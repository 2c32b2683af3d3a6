#!/bin/sh
# From nothing to new pictures: builds libaigc, draws a set of small furnished rooms, trains a
# variational autoencoder on it and lets it design new ones. Everything lands in out/.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
. examples/setup.sh

setup_options "$@"
mkdir -p out || exit 1
setup_log=out/quickstart.log
: >"$setup_log"
began=$(date +%s)

setup_require "$setup_build_needs"

setup_say "building the library (once)"
setup_build build --buildtype=release >>"$setup_log" 2>&1 || {
    tail -n 20 "$setup_log" >&2
    setup_stop "the build failed; all of it is in out/quickstart.log"
}

# Shows a command as the reader would type it, and runs it.
try() {
    printf '\n$ aigc %s\n' "$*"
    build/bindings/cli/aigc "$@" || exit $?
}

# The loss is Gaussian with a small deviation: it asks for sharper pictures than the default does.
try draw home-designs --style rooms -n 100 -o out/rooms
try train vae home-designs --style rooms -n 24000 -o out/model.safetensors --epochs 16 \
    --loss mse --sigma 0.2 --hidden-dim 512 --latent-dim 32
try generate out/model.safetensors -n 64 -o out/designs.png
try reconstruct out/model.safetensors out/rooms -o out/reconstructions.png
try interpolate out/model.safetensors --seeds 1,2 --steps 10 -o out/interpolation.png

setup_say "
Done in $(($(date +%s) - began)) s. Look at
  out/designs.png           rooms nobody has drawn
  out/reconstructions.png   rooms of the set over what the model remembers of them
  out/interpolation.png     the way from one design to another
  out/rooms/                a hundred of the pictures it learned from
  out/model.safetensors     the trained model (any safetensors reader opens it)
More: build/bindings/cli/aigc help"
