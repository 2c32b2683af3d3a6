#!/usr/bin/env python3
"""Trains a generative adversarial network on pictures and writes a grid of new ones:

    python3 gan.py photos/ new.png 30     (a folder, an IDX file, or home-designs; the grid; epochs)
"""
import sys

import aigc

NUMBERS = ("loss_d", "real_score", "fake_score", "loss_g")


def show(progress):
    if progress.step == progress.steps and progress.metrics:
        print(f"epoch {progress.epoch}:", *(f"{name} {progress.metrics[name]:.2f}" for name in NUMBERS))
    # a true answer stops the training


def main():
    pictures_path = sys.argv[1] if len(sys.argv) > 1 else "home-designs"
    output = sys.argv[2] if len(sys.argv) > 2 else "new.png"
    epochs = sys.argv[3] if len(sys.argv) > 3 else 10
    pictures = aigc.Dataset.auto(pictures_path)
    model = aigc.Model.create("gan", generator_width=16, discriminator_width=16)
    model.train(pictures, epochs=epochs, output="gan.safetensors", progress=show)
    images = model.generate(64)
    aigc.save_grid(images, output)


try:
    main()
except aigc.AigcError as error:
    sys.exit(str(error))
