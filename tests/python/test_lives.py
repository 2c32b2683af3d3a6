"""When things are closed, dropped, left behind at the end, or met in another process."""

import copy
import gc
import itertools
import multiprocessing
import os
import pickle
import sys
import threading
import unittest

from support import Case, aigc, main, of_all_kinds, small_model, small_pictures, trained_model


def world(context):
    """A context's dataset, trained model and what it made; each keeps what it needs."""
    pictures = aigc.Dataset.home_designs(n=8, size=16, context=context)
    model = small_model(context=context)
    model.train(pictures, epochs=1)
    return pictures, model, model.generate(1)


class Closing(Case):
    @of_all_kinds
    def test_everything_says_that_it_was_closed(self):
        context = aigc.Context(threads=1)
        pictures, model, images = world(context)
        parameters = model.parameters
        uses = {
            "model": [
                lambda: model.generate(1),
                lambda: model.train(pictures),
                lambda: model.options,
                lambda: model.kind,
                lambda: model.parameters,
                lambda: model.save("x.safetensors"),
                lambda: model.memory("train"),
                lambda: model.__enter__(),
                lambda: model.train_step(images),
            ],
            "dataset": [
                lambda: len(pictures),
                lambda: pictures[0],
                lambda: pictures.classes,
                lambda: pictures.split(0.5),
                lambda: pictures.height,
                lambda: pictures.export("x"),
                lambda: trained_model().evaluate(pictures),
            ],
            "tensor": [
                lambda: images.shape,
                lambda: len(images),
                lambda: images[0],
                lambda: images.tolist(),
                lambda: bytes(images),
                lambda: images.__array_interface__,
                lambda: images.__dlpack__(),
                lambda: images.memoryview(),
                lambda: images.reshape(-1),
                lambda: images.astype("u8"),
                lambda: aigc.tensor(images),
                lambda: aigc.save_grid(images, "x.png"),
                lambda: aigc.save_animation(images, "x.png"),
                lambda: trained_model().encode(images),
                lambda: pickle.dumps(images),
                lambda: images.item(),
                lambda: images.__setitem__(0, 1),
            ],
            "context": [
                lambda: context.memory(),
                lambda: context.cancel(),
                lambda: context.threads,
                lambda: aigc.Context.__enter__(context),
                lambda: aigc.zeros(3, context=context),
                lambda: small_model(context=context),
                lambda: aigc.read_image("x", context=context),
            ],
        }
        for thing in (context, model, pictures, images):
            thing.close()
            thing.close()
            self.assertIn("closed", repr(thing))
        for what, calls in uses.items():
            for i, call in enumerate(calls):
                with self.subTest(f"{what} {i}"), self.assertRaisesRegex(aigc.HandleError, f"the {what} was closed"):
                    call()
        self.assertGreater(len(next(iter(parameters.values())).shape), 0)

    def test_with_closes(self):
        with aigc.Context(threads=1) as context, aigc.zeros(3, context=context) as x:
            self.assertEqual(x.tolist(), [0, 0, 0])
        with self.assertRaises(aigc.HandleError):
            x.tolist()

    @of_all_kinds
    def test_all_orders_of_dropping_four_things(self):
        for order in itertools.permutations(range(4)):
            for close in (True, False):
                context = aigc.Context(threads=1)
                things = [context, *world(context)]
                del context
                for i in order:
                    if close:
                        things[i].close()
                    things[i] = None

    @of_all_kinds
    def test_what_is_left_works(self):
        context = aigc.Context(threads=1)
        pictures, model, images = world(context)
        context.close()
        self.assertEqual(pictures[0][0].shape, (16, 16, 3))
        pictures.close()
        del context, pictures
        gc.collect()
        again = model.generate(1)
        model.close()
        self.assertEqual(bytes(again), bytes(images))

    @of_all_kinds
    def test_cycles_are_collected(self):
        context = aigc.Context(threads=1)
        base = context.memory()[0]
        for _ in range(3):
            things = list(world(context))
            for thing in things:
                thing.all = things
            del things, thing
            gc.collect()
            self.assertEqual(context.memory()[0], base)

    @of_all_kinds
    def test_parameters_outlive_their_model(self):
        model = trained_model()
        weight = next(iter(model.parameters.values()))
        model.close()
        del model
        gc.collect()
        weight[0] = 1
        self.assertEqual(set(weight[0].astype("f32").reshape(-1).tolist() if len(weight.shape) > 1 else [weight[0]]), {1})

    def test_the_default_context_can_be_closed(self):
        aigc.default_context().close()
        self.assertEqual(aigc.zeros(2).tolist(), [0, 0])

    def test_what_cannot_be_copied_says_so(self):
        model = small_model()
        for thing in (model, small_pictures(), aigc.default_context()):
            for call in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaises(TypeError):
                    call(thing)
        for maker in (aigc.Model, aigc.Dataset, aigc.Tensor):
            with self.assertRaises(TypeError):
                maker()
            self.assertIn("closed", repr(maker.__new__(maker)))
        x = aigc.tensor([1, 2])
        y = copy.deepcopy(x)
        y[0] = 5
        self.assertEqual((x[0], copy.copy(x).tolist()), (1, [1, 2]))

    @of_all_kinds
    def test_garbage_of_other_threads(self):
        stop = []

        def litter():
            while not stop:
                thing = [aigc.Dataset.array(aigc.zeros((2, 8, 8, 1))), aigc.tensor(bytearray(8))]
                thing.append(thing)
                gc.collect()

        model, pictures = small_model(), small_pictures()
        threads = [threading.Thread(target=litter) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            model.train(pictures, epochs=1, samples=0)
            model = small_model()
        stop.append(True)
        for thread in threads:
            thread.join()


class Ends(Case):
    @of_all_kinds
    def test_the_end_with_everything_alive(self):
        self.passes(
            "from test_lives import world\n"
            "kept = [aigc.default_context(), *world(None), aigc.tensor(bytearray(8))]\n"
            "kept.append(kept)\n"
            "view, capsule = kept[3].memoryview(), kept[3].__dlpack__()\n"
            "data = aigc.Dataset.callback(lambda i: bytes(64), (9, 8, 8, 1))\n"
            "print('ok')"
        )

    @of_all_kinds
    def test_the_end_while_a_thread_trains(self):
        self.passes(
            "import threading, time\n"
            "model, pictures = small_model(), small_pictures()\n"
            "made = aigc.Dataset.callback(lambda i: bytes(768), (64, 16, 16, 3))\n"
            "threading.Thread(target=model.train, args=(made,), daemon=True,\n"
            "    kwargs={'epochs': 10**9, 'samples': 0, 'progress': lambda p: None}).start()\n"
            "time.sleep(0.3)\n"
            "print('ok')"
        )

    @of_all_kinds
    def test_calls_while_the_interpreter_ends(self):
        self.passes(
            "import atexit\n"
            "class Late:\n"
            "    def __del__(self, model=trained_model()):\n"
            "        model.generate(1).tolist()\n"
            "sys.late = Late()\n"
            "atexit.register(lambda: print(trained_model().generate(1).shape and 'ok'))"
        )

    def test_an_exit_out_of_a_callback(self):
        self.passes(
            "def leave(p):\n    print('ok', flush=True)\n    sys.exit(0)\n"
            "small_model().train(small_pictures(), progress=leave)"
        )


def _in_child(number):
    return aigc.tensor([float(number)] * 3), bytes(trained_model().generate(1, seed=number))


class Processes(Case):
    def in_fork(self, work):
        """What `work` returns in a forked child, as text."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, str(work()).encode())
            except BaseException as error:
                os.write(writer, repr(error).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as file:
            text = file.read()
        self.assertEqual(os.waitpid(child, 0)[1], 0, text)
        return text

    @of_all_kinds
    def test_a_forked_child_gets_an_error_for_what_is_its_parents(self):
        model, pictures, images = trained_model(), small_pictures(), aigc.tensor([1.0, 2.0])
        for call in (
            lambda: model.generate(1),
            lambda: model.train(pictures),
            lambda: pictures[0],
            lambda: images.astype("u8"),
            lambda: aigc.Dataset.array(images, context=parent),
        ):
            parent = aigc.default_context()
            self.assertIn("ForkedError", self.in_fork(call))
        self.assertEqual(self.in_fork(lambda: images.tolist()), "[1.0, 2.0]")
        self.assertEqual(model.generate(1).shape, (1, 16, 16, 3))

    @of_all_kinds
    def test_a_forked_child_has_a_context_of_its_own(self):
        model = trained_model()
        expected = bytes(model.generate(1, seed=3))
        self.assertEqual(self.in_fork(lambda: bytes(trained_model().generate(1, seed=3)) == expected), "True")

    def test_a_forked_child_may_close_and_drop_everything(self):
        things = [aigc.default_context(), trained_model(), small_pictures(), aigc.tensor(bytearray(8))]

        def drop():
            for thing in things:
                thing.close()
            things.clear()
            gc.collect()
            return "fine"

        self.assertEqual(self.in_fork(drop), "fine")
        self.assertEqual(things[1].generate(1).shape, (1, 16, 16, 3))

    @of_all_kinds
    def test_fork_while_a_thread_trains(self):
        model, pictures, answers = small_model(), small_pictures(), []
        context = aigc.default_context()

        def train():
            try:
                model.train(pictures, epochs=10**9, samples=0, progress=lambda p: None)
            except aigc.CancelledError as error:
                answers.append(error)

        thread = threading.Thread(target=train)
        thread.start()
        try:
            for _ in range(5):
                self.assertIn("ForkedError", self.in_fork(lambda: model.generate(1)))
                self.assertEqual(self.in_fork(lambda: trained_model().generate(1).shape), "(1, 16, 16, 3)")
        finally:
            context.cancel()
            thread.join()
        self.assertEqual(len(answers), 1)

    def test_a_forked_child_ends_well(self):
        self.passes(
            "import os\nmodel, pictures = trained_model(), small_pictures()\n"
            "child = os.fork()\n"
            "if child: assert os.waitpid(child, 0)[1] == 0\n"
            "print('ok')"
        )

    def test_pools_by_fork_and_by_spawn(self):
        expected = [
            (aigc.tensor([float(i)] * 3).tolist(), bytes(trained_model().generate(1, seed=i))) for i in range(4)
        ]
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(2) as pool:
                results = pool.map(_in_child, range(4))
            self.assertEqual([(tensor.tolist(), images) for tensor, images in results], expected, method)


class Leaks(Case):
    @unittest.skipUnless(sys.platform == "linux", "reads /proc")
    @of_all_kinds
    def test_memory_does_not_grow(self):
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def once():
            with aigc.Context(threads=2) as context:
                pictures, model, images = world(context)
                aigc.tensor(images.memoryview()).tolist()
                aigc.from_dlpack(images)
                next(iter(model.parameters.values()))[0] = 0
                model.train_step(images)
                for wrong in (lambda: model.generate(0), lambda: aigc.tensor([[1], 2]), lambda: model.decode([1])):
                    try:
                        wrong()
                    except aigc.AigcError:
                        pass

        for _ in range(60):
            once()
        for _ in range(3):  # the allocator's own room may grow once; a leak grows each time
            before = resident()
            for _ in range(100):
                once()
            gc.collect()
            growth = resident() - before
            print(f"[{growth / 1024:.0f} KiB] ", end="", file=sys.stderr, flush=True)
            if growth < 1 << 19:
                break
        self.assertLess(growth, 1 << 19)

    @of_all_kinds
    def test_nothing_is_held_after_all(self):
        context = aigc.Context(threads=2)
        start = context.memory()[0]
        things = world(context)
        del things
        gc.collect()
        self.assertEqual(context.memory()[0], start)
        from aigc._callbacks import _kept

        held = len(_kept)
        for _ in range(20):
            aigc.tensor(bytearray(8))
            trained_model().train(
                aigc.Dataset.callback(lambda i: bytes(768), (4, 16, 16, 3)), epochs=1, progress=lambda p: 0
            )
        gc.collect()
        self.assertLessEqual(len(_kept), held)


if __name__ == "__main__":
    main()
