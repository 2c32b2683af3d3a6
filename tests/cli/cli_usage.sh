# What is asked wrongly ends with exit code 2 and a message that helps; nothing is written.
. "$(dirname "$0")/common.sh"

expect 2
expect 2 trian
says "did you mean 'train'"
expect 2 frobnicate
says "aigc help"
expect 2 train
says "something is missing"
expect 2 train vae
says "something is missing"
expect 2 train vea home-designs -o m.safetensors
says "no model kind 'vea'"
expect 2 train vae home-designs
says "with -o"
expect 2 train vae home-designs -o
says "needs a value"
expect 2 train vae home-designs -o m.safetensors --latnt-dim 4
says "did you mean --latent-dim"
expect 2 train vae home-designs -o m.safetensors --latent_dim
says "needs a value"
expect 2 train vae home-designs -o m.safetensors --latent-dim four
says "latent_dim"
expect 2 train vae home-designs -o m.safetensors --latent-dim -3
says "latent_dim"
expect 2 train vae home-designs -o m.safetensors --epochs=0
says "epochs"
expect 2 train vae home-designs -o m.safetensors --loss hinge
says "bce"
# Options are looked at before pictures are: these do not get as far as the folder that is not there.
expect 2 train gan no-such-folder -o m.safetensors --loss lsgan
says "'lsgan'; expected logistic"
expect 2 train gan no-such-folder -o m.safetensors --hidden-dim 64
says "hidden_dim.*no effect with architecture=dcgan"
expect 2 train vae no-such-folder -o m.safetensors --latent-dim 70000
says "latent_dim"
expect 2 train vae home-designs -o m.safetensors --size 64x
says "size"
expect 2 train vae home-designs more -o m.safetensors
says "one argument too many"
expect 2 generate model.safetensors -o new.png --epochs 3
says "no option --epochs"
expect 2 train vae home-designs -o m.safetensors --quiet=yes
says "takes no value"
expect 2 help nothing
[ -z "$(ls | grep -vx -e out -e err)" ] || fail "files were left: $(ls)"
