"""Files of PyTorch, which must be installed: read to the bit, and written so that it reads them."""

import collections
import os
import unittest

from support import Case, aigc, main, optional

torch = optional("torch")


def same_bits(a, b):
    a, b = (x.contiguous().reshape(-1).view(torch.uint8) for x in (a, b))
    return torch.equal(a, b)


def every():
    tensors = collections.OrderedDict()
    for name in ("float32", "float64", "float16", "bfloat16"):
        tensors["float." + name] = torch.randn(3, 4).to(getattr(torch, name))
    for name in ("int64", "int32", "int16", "int8", "uint8"):
        tensors["int." + name] = torch.randint(-100, 100, (2, 3, 2)).to(getattr(torch, name))
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["complex64"] = torch.randn(3, dtype=torch.complex64)
    tensors["complex128"] = torch.randn(2, 2, dtype=torch.complex128)
    base = torch.arange(24.0).reshape(4, 6)
    tensors.update(tied1=base, tied2=base, view=base[1:3], transposed=base.t(), strided=base[::2, 1::2])
    tensors["expanded"] = torch.randn(3, 1).expand(3, 5)
    tensors["channels_last"] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    tensors["empty"] = torch.empty(0, 3)
    tensors["scalar"] = torch.tensor(3.5)
    tensors["large"] = torch.randn(257, 1031).t()
    return tensors


@unittest.skipIf(torch is None or "zip yes" not in aigc.build_info(), "PyTorch or libzip is not here")
class TorchFiles(Case):
    def same(self, expected, found):
        self.assertEqual(list(expected), list(found))
        for name, tensor in expected.items():
            with self.subTest(name):
                self.assertEqual((tensor.dtype, tensor.shape), (found[name].dtype, found[name].shape))
                if tensor.numel():
                    self.assertTrue(same_bits(tensor, found[name]))

    def test_there_and_back_is_the_same_to_the_bit(self):
        tensors = every()
        for is_zip in (True, False):
            for protocol in (2, 4):
                source, target = self.path("source.pth"), self.path("target.pt")
                torch.save(tensors, source, _use_new_zipfile_serialization=is_zip, pickle_protocol=protocol)
                aigc.open_weights(source).save(target)
                found = torch.load(target, weights_only=True)
                self.same(tensors, found)
                self.assertEqual(found["tied1"].data_ptr(), found["tied2"].data_ptr())

    def test_safetensors_and_npz_between_change_nothing(self):
        tensors = every()
        del tensors["complex128"]
        source = self.path("source.pth")
        torch.save(tensors, source)
        for suffix in (".safetensors", ".npz"):
            between, target = self.path("between" + suffix), self.path("target.pt")
            aigc.open_weights(source).save(between)
            aigc.open_weights(between).save(target)
            found = torch.load(target, weights_only=True)
            for name, tensor in tensors.items():
                if suffix == ".npz" and tensor.dtype == torch.bfloat16:
                    tensor = tensor.float()
                with self.subTest(suffix + " " + name):
                    self.same({name: tensor}, {name: found[name]})

    def test_numbers_are_pytorchs(self):
        tensors = every()
        path = self.path("source.pth")
        torch.save({"epoch": 3, "state_dict": tensors}, path)
        weights = aigc.open_weights(path)
        self.assertEqual(weights.scalars["epoch"], 3)
        for name, tensor in tensors.items():
            if tensor.dtype.is_complex:
                continue
            for dtype, theirs in (("f32", torch.float32), ("f16", torch.float16), ("i64", torch.int64)):
                if dtype == "i64" and tensor.dtype.is_floating_point:
                    continue
                found = torch.from_dlpack(weights.read("state_dict." + name, dtype))
                self.assertTrue(torch.equal(found, tensor.to(theirs).contiguous()), name + " " + dtype)

    def test_a_model_is_a_state_dict(self):
        model = aigc.Model.create("vae", height=8, width=8, channels=1, hidden_dim=16, latent_dim=3, seed=1)
        path, target = self.path("m.safetensors"), self.path("m.pt")
        model.save(path)
        aigc.open_weights(path).save(target)
        state = torch.load(target, weights_only=True)
        self.assertEqual(set(state), set(model.parameters))
        state = {name: tensor * 2 for name, tensor in state.items()}
        torch.save(state, target)
        again = aigc.Model.load(target)
        self.assertEqual(again.parameters["fc1.weight"].tolist(), (state["fc1.weight"]).tolist())

    def test_nothing_is_run(self):
        class Hostile:
            def __reduce__(self):
                return os.mkdir, (made,)

        made, path = self.path("made"), self.path("hostile.pt")
        torch.save({"w": torch.ones(2), "x": Hostile()}, path)
        weights = aigc.open_weights(path)
        self.assertEqual(weights.opaque, [("x", "posix.mkdir")])
        self.assertEqual(weights["w"].tolist(), [1, 1])
        with self.assertRaisesRegex(aigc.UnsupportedError, "posix.mkdir"):
            aigc.open_weights(path, strict=True)
        self.assertFalse(os.path.exists(made))

    def test_players_of_a_dcgan(self):
        """The networks of PyTorch's example, examples/dcgan/main.py."""
        nn, width, latents = torch.nn, 8, 10

        def generator():
            layers, channels = [], [width * 8, width * 4, width * 2, width]
            before = latents
            for i, after in enumerate(channels):
                step = (1, 0) if i == 0 else (2, 1)
                layers += [nn.ConvTranspose2d(before, after, 4, *step, bias=False), nn.BatchNorm2d(after), nn.ReLU(True)]
                before = after
            network = nn.Module()
            network.main = nn.Sequential(*layers, nn.ConvTranspose2d(before, 3, 4, 2, 1, bias=False), nn.Tanh())
            return network

        def discriminator():
            layers, before = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], width
            for after in (width * 2, width * 4, width * 8):
                layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
                before = after
            network = nn.Module()
            network.main = nn.Sequential(*layers, nn.Conv2d(before, 1, 4, 1, 0, bias=False), nn.Sigmoid())
            return network

        options = dict(height=64, width=64, channels=3, latent_dim=latents, generator_width=width, discriminator_width=width)
        model = aigc.Model.create("gan", **options)
        for build, player, other in ((generator, "generator", "discriminator"), (discriminator, "discriminator", "generator")):
            with self.subTest(player):
                network, path = build().eval(), self.path(player + ".pth")
                torch.save(network.state_dict(), path)
                before = {name: bytes(value) for name, value in model.parameters.items()}
                model.load_weights(path)
                for name, value in model.parameters.items():
                    if name.startswith(other):
                        self.assertEqual(bytes(value), before[name])
                    else:
                        theirs = network.state_dict()[name[len(player) + 1 :]]
                        self.assertEqual(torch.from_dlpack(value).flatten().tolist(), theirs.float().flatten().tolist())
                if player == "generator":
                    codes = torch.randn(2, latents)
                    pictures = network.main(codes[:, :, None, None]).detach().permute(0, 2, 3, 1) * 0.5 + 0.5
                    for made in (model, aigc.Model.load(path)):
                        ours = torch.from_dlpack(made.decode(codes))
                        self.assertLess((ours - pictures).abs().max().item(), 1e-5)


if __name__ == "__main__":
    main()
