#!/usr/bin/env python3
"""Trains a variational autoencoder on pictures and writes a grid of new ones:

    python3 vae.py photos/ new.png        (a folder, an IDX file, or home-designs)
"""
import sys

import aigc


def show(progress):
    if progress.step == progress.steps and progress.metrics:
        name, value = next(iter(progress.metrics.items()))
        print(f"epoch {progress.epoch}: {name} {value:.1f} nats per image")
    # a true answer stops the training


def main():
    pictures_path = sys.argv[1] if len(sys.argv) > 1 else "home-designs"
    output = sys.argv[2] if len(sys.argv) > 2 else "new.png"
    pictures = aigc.Dataset.auto(pictures_path)
    model = aigc.Model.create("vae")
    model.train(pictures, epochs=3, output="vae.safetensors", progress=show)
    images = model.generate()
    aigc.save_grid(images, output)


try:
    main()
except aigc.AigcError as error:
    sys.exit(str(error))
