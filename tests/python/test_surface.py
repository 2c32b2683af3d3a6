"""What a user sees: verbs, options and their help, errors, pictures, bars, importing."""

import ast
import contextlib
import inspect
import io
import os
import pathlib
import pickle
import pydoc
import subprocess
import sys
import unittest

from support import Case, SOURCE, aigc, main, optional, small_model, small_pictures, trained_model

PACKAGE = os.path.join(SOURCE, "bindings", "python", "aigc")


class Models(Case):
    def test_a_model_from_pictures_to_a_grid_and_back(self):
        pictures = small_pictures()
        model = small_model(hidden_dim=[16, 8], seed=5)
        model.train(pictures, epochs=2, batch_size=32)
        path = pathlib.Path(self.path("m.safetensors"))
        model.save(path)
        again = aigc.Model.load(path)
        images = again.generate(5, seed=7)
        self.assertEqual((images.shape, bytes(images)), ((5, 16, 16, 3), bytes(model.generate(5, seed=7))))
        aigc.save_grid(images, self.path("grid.png"), columns=5, padding=0)
        self.assertEqual(aigc.read_image(self.path("grid.png")).shape, (1, 16, 80, 3))

    def test_weights_of_other_files(self):
        model = small_model(height=16, width=16, channels=3, hidden_dim=[16, 8])
        path, other = self.path("m.safetensors"), self.path("w.pt")
        model.save(path)
        with aigc.open_weights(path) as weights:
            self.assertEqual(weights.format, "safetensors")
            self.assertEqual(set(weights), set(model.parameters))
            self.assertEqual(len(weights), len(weights.keys()))
            self.assertIn("fc1.weight", weights)
            self.assertNotIn("nothing", weights)
            self.assertEqual(bytes(weights["fc1.bias"]), bytes(model.parameters["fc1.bias"]))
            self.assertEqual(weights.read("fc1.bias", "f16").dtype, "f16")
            self.assertEqual(weights.entry("fc1.bias").element, "F32")
            self.assertEqual(weights.scalars["aigc.kind"], "vae")
            self.assertEqual(weights.opaque, [])
            with self.assertRaises(KeyError):
                weights["nothing"]
            weights.save(other, rename="fc=net.fc")
        self.assertEqual(repr(weights), "<aigc.Weights, closed>")
        if "zip yes" in aigc.build_info():
            self.assertIn("net.fc1.weight", aigc.open_weights(other, strict=True))
            again = small_model(height=16, width=16, channels=3, hidden_dim=[16, 8], seed=9)
            with self.assertRaisesRegex(aigc.CorruptError, "option prefix"):
                again.load_weights(other)
            again.load_weights(other, prefix="net.")
            self.assertEqual(bytes(again.generate(2)), bytes(model.generate(2)))

    def test_latents_and_back(self):
        model, pictures = trained_model(), small_pictures()
        images, labels = pictures.batch(range(3))
        latents = model.encode(images)
        self.assertEqual(latents.shape, (3, 4))
        self.assertEqual(bytes(model.decode(latents)), bytes(model.reconstruct(images)))
        self.assertEqual(model.decode(latents[0]).shape, (1, 16, 16, 3))
        self.assertEqual(model.interpolate(latents[0], latents[1], steps=4).shape, (4, 16, 16, 3))
        self.assertEqual(model.interpolate(seeds=[1, 2], steps=3).shape, (3, 16, 16, 3))
        self.assertEqual(model.decode([0.0] * 4).shape, (1, 16, 16, 3))

    def test_classes(self):
        model = trained_model(conditional=True)
        pictures = small_pictures()
        self.assertEqual(pictures.classes[:2], ["living room", "bedroom"])
        self.assertEqual(bytes(model.generate(2, class_="bedroom")), bytes(model.generate(2, class_=1)))
        images, labels = pictures.batch([0, 1])
        self.assertEqual(bytes(model.encode(images, labels)), bytes(model.encode(images, [0, 1])))
        with self.assertRaises(aigc.AigcError):
            model.encode(images)

    def test_single_steps_and_measures(self):
        model, pictures = small_model(height=16, width=16, channels=3), small_pictures()
        images, labels = pictures.batch(range(32))
        losses = [model.train_step(images, learning_rate=1e-2)["loss"] for _ in range(30)]
        self.assertLess(losses[-1], losses[0])
        self.assertIn("kl", model.train_step(images, noise=aigc.zeros((32, 4))))
        measured = model.evaluate(pictures)
        self.assertAlmostEqual(measured["loss"], measured["reconstruction"] + measured["kl"], places=2)

    def test_options_come_back_typed(self):
        model = small_model(hidden_dim=[16, 8], sigma=0.5, loss="mse", conditional=True)
        found = model.options
        self.assertEqual(
            (found["hidden_dim"], found["sigma"], found["loss"], found["conditional"], found["height"]),
            ([16, 8], 0.5, "mse", True, 0),
        )
        self.assertEqual(set(found), set(aigc.options("vae")["create"]))
        self.assertEqual(aigc.Model.create("vae", **found).options, found)
        self.assertEqual(model.kind, "vae")

    def test_parameters_are_live(self):
        model = trained_model()
        self.assertEqual(list(model.parameters)[:2], ["fc1.weight", "fc1.bias"])
        self.assertEqual(model.parameters["fc1.weight"].shape, (16, 768))
        self.assertNotIn("fc9.weight", model.parameters)
        with self.assertRaises(KeyError):
            model.parameters["fc9.weight"]
        before = bytes(model.generate(1))
        model.parameters["fc4.bias"][:] = 100
        self.assertNotEqual(bytes(model.generate(1)), before)
        self.assertEqual(model.generate(1)[0, 0, 0, 0], 1)
        self.assertIn("fc4.bias: [768]", repr(model.parameters))

    def test_weights_of_another_file(self):
        model, other = trained_model(), trained_model(seed=9)
        other.save(self.path("other.safetensors"))
        model.load_weights(self.path("other.safetensors"))
        self.assertEqual(bytes(model.generate(1)), bytes(other.generate(1)))

    def test_memory_is_told_before(self):
        model = trained_model()
        self.assertGreater(model.memory("train", batch_size=512), model.memory("train", batch_size=1))


class Options(Case):
    def test_names_and_values_are_checked_by_the_library(self):
        model = trained_model()
        for named, words in (
            ({"sead": 1}, "did you mean 'seed'"),
            ({"n": 0}, "1..1000000"),
            ({"n": "x"}, "whole number"),
            ({"n": 2**70}, "1..1000000"),
            ({"temperature": "warm"}, "number"),
            ({"n": [1, 2]}, "n"),
            ({"seeds": {1: 2}}, "dict"),
            ({"seeds": ["a"]}, "seeds"),
            ({"temperature": float("nan")}, "temp"),
            ({"class_": "a\0b"}, "NUL"),
            ({"n": aigc.zeros(3)}, "n"),
            ({"n": object()}, "object"),
        ):
            with self.subTest(str(named)), self.assertRaisesRegex(aigc.AigcError, words) as caught:
                model.generate(**named)
            self.assertIsInstance(caught.exception, ValueError)

    def test_values_of_many_types(self):
        model = trained_model()
        for named in (
            {"n": "2"},
            {"n": 2, "seed": None},
            {"n": 2.0},
            {"seeds": (0, 1)},
            {"seeds": range(2)},
            {"seeds": "0,1"},
            {"n": 2, "temperature": 1},
        ):
            with self.subTest(str(named)):
                self.assertEqual(model.generate(**named).shape[0], 2)
        self.assertEqual(len(aigc.Dataset.home_designs(n=3, size=(16, 24))), 3)
        self.assertEqual(small_model(conditional="true").options["conditional"], True)

    def test_tables_print_and_are_indexed(self):
        table = aigc.options("vae")
        epochs = table["train"]["epochs"]
        self.assertEqual((epochs.name, epochs.type, epochs.default), ("epochs", "int", "10"))
        for words in ("train: ", "epochs=10", "adam|adamw|sgd|rmsprop", "class_=None", "passes over the pictures"):
            self.assertIn(words, repr(table))
        self.assertIn("threads=0", repr(aigc.options(verb="context")))
        self.assertEqual(aigc.options("vae", "generate")["class_"].name, "class")
        self.assertIn("image-grid", aigc.options())
        self.assertIn("vae", aigc.kinds("model"))
        for wrong in (
            lambda: aigc.options("vea"),
            lambda: aigc.options("vae", "fly"),
            lambda: aigc.kinds("fish"),
            lambda: aigc.options("vae")["fly"],
        ):
            with self.assertRaises(LookupError):
                wrong()

    def test_help_shows_the_librarys_options(self):
        for thing, words in (
            (aigc.Model.create, ["hidden_dim=400", "kind: "]),
            (aigc.Model.train, ["epochs=10", "validation"]),
            (aigc.Model.load, ["finite=true"]),
            (trained_model().generate, ["class_=None", "n: "]),
            (aigc.Dataset.folder, ["strict=false", "PNG"]),
            (aigc.Dataset.create, ["size=32", "pad=0"]),
            (aigc.save_grid, ["columns=8", "quality=92"]),
            (aigc.save_animation, ["frames_per_second=24", "loops=0"]),
            (aigc.Context.__init__, ["threads=0"]),
            (aigc.Model, ["hidden_dim=400", "temperature=1"]),
        ):
            text = pydoc.plain(pydoc.render_doc(thing))
            for word in words:
                self.assertIn(word, text)
        self.assertEqual(list(inspect.signature(aigc.Model.generate).parameters), ["self", "n", "options"])
        self.assertEqual(list(inspect.signature(aigc.Model.load).parameters), ["path", "context", "options"])

    def test_kinds_of_datasets_are_found_by_name(self):
        self.assertIn("home_designs", dir(aigc.Dataset))
        self.assertIn("folder", dir(aigc.Dataset))
        with self.assertRaisesRegex(AttributeError, "no kind of dataset 'nonsense'"):
            aigc.Dataset.nonsense("x")


class Datasets(Case):
    def test_arrays(self):
        pixels = bytes(range(256)) * 3
        data = aigc.Dataset.array(aigc.tensor(pixels).reshape(12, 8, 8, 1), [i % 2 for i in range(12)])
        self.assertEqual((len(data), data.height, data.width, data.channels, data.classes), (12, 8, 8, 1, ["0", "1"]))
        images, labels = data.batch([3, 0])
        self.assertEqual((labels.tolist(), bytes(images[1].astype("u8"))), ([1, 0], pixels[:64]))
        image, label = data[-1]
        self.assertEqual((image.shape, label, bytes(image.astype("u8"))), ((8, 8, 1), 1, pixels[-64:]))
        self.assertEqual(len(list(data)), 12)

    def test_folders(self):
        small_pictures(6).export(self.path("out"))
        data = aigc.Dataset.folder(self.path("out"), size=8)
        self.assertEqual((len(data), data.height), (6, 8))
        self.assertEqual(len(aigc.Dataset.auto(pathlib.Path(self.path("out")))), 6)
        self.assertEqual(len(aigc.Dataset.auto("home-designs", n=7)), 7)

    def test_wrong_things_are_refused(self):
        data = small_pictures(4)
        for call, error in (
            (lambda: data[4], IndexError),
            (lambda: data["a"], ValueError),
            (lambda: data.batch([4]), ValueError),
            (lambda: data.batch([2**64]), ValueError),
            (lambda: data.batch(3), ValueError),
            (lambda: data.split("half"), ValueError),
            (lambda: data.split(0.5, -1), ValueError),
            (lambda: data.split(2), ValueError),
            (lambda: aigc.Dataset.folder("/nowhere"), OSError),
            (lambda: aigc.Dataset.create("fish"), LookupError),
            (lambda: aigc.Dataset.folder("a\0b"), ValueError),
            (lambda: aigc.Dataset.folder(7), ValueError),
            (lambda: aigc.Dataset.array([1, 2]), ValueError),
            (lambda: aigc.Dataset.home_designs(context=3), ValueError),
            (lambda: trained_model().train("rooms"), ValueError),
            (lambda: trained_model().evaluate(data, progress=1), ValueError),
        ):
            with self.assertRaises(error):
                call()


class Pictures(Case):
    def test_reading_writing_resizing(self):
        picture = aigc.zeros((4, 6, 3), dtype="u8")
        picture[0] = 200
        for name in ("p.png", "p.jpg"):
            try:
                aigc.save_image(picture, self.path(name), quality=100)
            except aigc.UnsupportedError:
                self.assertIn("jpeg no", aigc.build_info())
                continue
            self.assertEqual(aigc.read_image(self.path(name)).shape, (1, 4, 6, 3))
        self.assertEqual(aigc.read_image(self.path("p.png"), channels=1).shape, (1, 4, 6, 1))
        film = aigc.zeros((3, 4, 6, 1), dtype="u8")
        film[0] = 77
        aigc.save_animation(film, self.path("film.png"), frames_per_second=12.5, loops=2)
        self.assertEqual(bytes(aigc.read_image(self.path("film.png"))), bytes([77] * 24))
        with open(self.path("film.png"), "rb") as file:
            written = file.read()
        self.assertIn(b"acTL" + bytes([0, 0, 0, 3, 0, 0, 0, 2]), written)
        self.assertEqual(written.count(bytes([0, 2, 0, 25, 0, 0])), 3)
        aigc.save_animation([[[[0.0]]], [[[1.0]]]], pathlib.Path(self.path("floats.apng")))
        for wrong, error in (
            (lambda: aigc.save_animation(film[0], self.path("film.png")), aigc.ArgumentError),
            (lambda: aigc.save_animation(film, self.path("film.gif")), aigc.ArgumentError),
            (lambda: aigc.save_animation(film, self.path("no/film.png")), aigc.FileError),
            (lambda: aigc.save_animation(film, self.path("film.png"), loops=-1), aigc.OptionError),
        ):
            self.assertRaises(error, wrong)
        self.assertEqual(aigc.resize(picture.reshape(1, 4, 6, 3), height=2, width=3).shape, (1, 2, 3, 3))
        self.assertEqual(aigc.make_grid(aigc.zeros((4, 8, 8, 1)), columns=2, padding=1).shape, (1, 19, 19, 1))
        with self.assertRaises(aigc.FileError):
            aigc.save_image(picture, self.path("none/p.png"))

    def test_notebooks_show_pictures(self):
        self.assertTrue(trained_model().generate(4)._repr_png_().startswith(b"\x89PNG"))
        self.assertIsNone(aigc.zeros((2, 3))._repr_png_())


class Errors(Case):
    def test_errors_are_python_errors_too(self):
        for error, base in (
            (aigc.ArgumentError, ValueError),
            (aigc.OptionError, ValueError),
            (aigc.NotFoundError, LookupError),
            (aigc.OutOfMemoryError, MemoryError),
            (aigc.FileError, OSError),
        ):
            self.assertTrue(issubclass(error, base) and issubclass(error, aigc.AigcError))

    def test_they_carry_status_and_sentence_and_can_be_pickled(self):
        with self.assertRaises(aigc.FileError) as caught:
            aigc.Model.load("/nowhere/m.safetensors")
        error = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((error.status, str(error), type(error)), (-7, error.sentence, aigc.FileError))
        self.assertIn("/nowhere/m.safetensors", str(error))

    def test_limits(self):
        context = aigc.Context(threads=1, memory_limit=10_000_000)
        with self.assertRaisesRegex(aigc.LimitError, "memory limit of 10000000 bytes"):
            aigc.zeros(10_000_000, context=context)
        self.assertEqual((context.threads, context.cpu in ("c", "avx2", "avx512", "neon")), (1, True))
        self.assertGreaterEqual(context.memory()[1], context.memory()[0])
        with self.assertRaises(aigc.OptionError):
            aigc.Context(thread=1)


class Bars(Case):
    def drawn(self, stream):
        first, second = small_pictures(300).split(0.9)
        with contextlib.redirect_stderr(stream):
            small_model().train(first, validation=second, epochs=3, batch_size=16, progress=aigc.progress_bar)
        return stream.getvalue()

    def without_tqdm(self, stream):
        before = sys.modules.get("tqdm")
        sys.modules["tqdm"] = None
        try:
            return self.drawn(stream)
        finally:
            del sys.modules["tqdm"]
            if before is not None:
                sys.modules["tqdm"] = before

    def test_plain_lines(self):
        lines = self.without_tqdm(io.StringIO()).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(
            lines[2], r"^epoch 3/3  loss [\d.]+  reconstruction [\d.]+  kl [\d.]+  falling, was [\d.]+  validation [\d.]+  \d:\d\d"
        )

    def test_a_line_on_a_terminal(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        text = self.without_tqdm(Terminal())
        self.assertEqual((text.count("\n"), text.split("\n")[-1]), (3, ""))

    @unittest.skipUnless(optional("tqdm"), "tqdm is not installed")
    def test_tqdm(self):
        text = self.drawn(io.StringIO())
        for words in ("epoch 1/3", "epoch 3/3", "loss", "validation", "17/17"):
            self.assertIn(words, text)


class Package(Case):
    def test_importing_takes_less_than_30_milliseconds(self):
        def milliseconds():
            done = subprocess.run(
                [sys.executable, "-X", "importtime", "-c", "import aigc"],
                stderr=subprocess.PIPE,
                universal_newlines=True,
                env={**os.environ, "PYTHONPATH": os.path.dirname(PACKAGE), "PYTHONDONTWRITEBYTECODE": ""},
            )
            return int(done.stderr.splitlines()[-1].split("|")[1]) / 1000

        best = min(milliseconds() for _ in range(7))
        print(f"[{best:.1f} ms] ", end="", file=sys.stderr, flush=True)
        self.assertLess(best, 30)

    def test_a_missing_library_is_told_with_what_was_tried(self):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import aigc; print(aigc.kinds)\ntry: aigc.build_info()\n" "except ImportError as error: print(error)",
            ],
            universal_newlines=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.path.dirname(PACKAGE), "AIGC_LIBRARY": "/nowhere/libaigc.so"},
        )
        self.assertIn("Tried: /nowhere/libaigc.so", done.stdout)

    def stubs(self):
        with open(os.path.join(PACKAGE, "__init__.pyi"), encoding="utf-8") as file:
            for node in ast.parse(file.read()).body:
                name = node.target.id if isinstance(node, ast.AnnAssign) else getattr(node, "name", "_")
                if not name.startswith("_"):
                    yield name, node

    def parameters(self, node):
        given = node.args
        names = [given.vararg.arg] if given.vararg else [argument.arg for argument in given.args]
        names += [argument.arg for argument in given.kwonlyargs] + ([given.kwarg.arg] if given.kwarg else [])
        return [name for name in names if name not in ("self", "cls")]

    def test_the_stubs_name_what_there_is(self):
        stubs = dict(self.stubs())
        self.assertEqual(set(stubs), set(aigc.__all__))
        for name in ("Tensor", "Model", "Dataset", "Context"):
            kind = getattr(aigc, name)
            methods = {node.name: node for node in stubs[name].body if isinstance(node, ast.FunctionDef)}
            self.assertEqual(
                {key for key in methods if not key.startswith("_")} | {"close"},
                {key for key in vars(kind) if not key.startswith("_")} | {"close"},
                name,
            )
            for key, node in methods.items():
                if not key.startswith("_") and not isinstance(vars(kind)[key], property):
                    found = [
                        parameter
                        for parameter in inspect.signature(getattr(kind, key)).parameters
                        if parameter != "self"
                    ]
                    self.assertEqual(self.parameters(node), found, f"{name}.{key}")

    def run_example(self, name, *arguments):
        done = subprocess.run(
            [sys.executable, os.path.join(SOURCE, "examples", name), self.small_folder(), "new.png", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            universal_newlines=True,
            env={**os.environ, "PYTHONPATH": os.path.dirname(PACKAGE)},
        )
        self.assertEqual(done.returncode, 0)
        self.assertTrue(os.path.exists(self.path("new.png")))
        return done.stdout

    def test_the_example_prints_what_the_c_program_prints(self):
        self.assertRegex(self.run_example("vae.py"), r"\A(epoch [123]: loss [\d.]+ nats per image\n){3}\Z")
        self.assertTrue(os.path.exists(self.path("vae.safetensors")))

    def test_the_example_of_a_game_too(self):
        line = r"epoch [12]: loss_d [\d.]+ real_score [\d.]+ fake_score [\d.]+ loss_g [\d.]+\n"
        self.assertRegex(self.run_example("gan.py", "2"), rf"\A({line}){{2}}\Z")
        self.assertTrue(os.path.exists(self.path("gan.safetensors")))

    def small_folder(self):
        small_pictures(20).export(self.path("pictures"))
        return self.path("pictures")


if __name__ == "__main__":
    main()
