"""What could touch freed memory, each case once; test_valgrind.sh runs it."""

import array
import gc
import itertools
import sys

from support import aigc

CASES = []


def case(function):
    CASES.append(function)


def world(context):
    pictures = aigc.Dataset.home_designs(n=4, size=16, channels=1, context=context)
    model = aigc.Model.create("vae", latent_dim=2, hidden_dim=2, context=context)
    model.train(pictures, epochs=1)
    return pictures, model, model.generate(1)


@case
def dropped_in_any_order():
    for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 5):
        context = aigc.Context(threads=1)
        things = [context, *world(context)]
        del context
        for i in order:
            things[i] = None


@case
def used_after_close():
    things = world(None)
    for thing in things:
        thing.close()
    for call in (lambda: things[0][0], lambda: things[1].generate(1), lambda: things[2].tolist()):
        try:
            call()
            raise AssertionError
        except aigc.HandleError:
            pass


@case
def closed_inside_a_callback():
    context = aigc.Context(threads=1)
    pictures, model, images = world(context)

    def close(p):
        for thing in (pictures, model, context):
            thing.close()

    model.train(pictures, epochs=3, progress=close)


@case
def raised_inside_callbacks():
    def fail(*arguments):
        raise KeyError("here")

    pictures, model, images = world(None)
    for data, named in ((pictures, {"progress": fail}), (aigc.Dataset.callback(fail, (4, 16, 16, 1)), {})):
        try:
            model.train(data, epochs=2, **named)
            raise AssertionError
        except KeyError:
            pass


@case
def buffers_given_up():
    x = aigc.tensor(array.array("f", range(100)), copy=False)
    gc.collect()
    assert x.tolist()[99] == 99
    y = aigc.tensor(memoryview(bytearray(range(20)))[::-2])
    assert y[0] == 19


@case
def views_that_outlive():
    x = aigc.tensor([[1.0, 2.0], [3.0, 4.0]])
    row, view, capsule = x[1], x.memoryview(), x.__dlpack__()
    x.close()
    del x
    gc.collect()
    assert (row.tolist(), view.tolist()[0]) == ([3, 4], [1, 2])
    del row, view, capsule


@case
def capsules():
    class Relay:
        def __dlpack__(self, **named):
            return x.__dlpack__(max_version=version)

    for version in (None, (1, 0)):
        x = aigc.tensor([1, 2, 3])
        y = aigc.from_dlpack(Relay())
        x.close()
        y[0] = 5
        assert y.tolist() == [5, 2, 3]
        aigc.zeros(3).__dlpack__(max_version=version)


@case
def parameters_that_outlive():
    model = world(None)[1]
    weight = model.parameters["fc1.weight"]
    del model
    gc.collect()
    weight[:] = 1
    assert weight[1, 5] == 1


@case
def cycles():
    things = list(world(aigc.Context(threads=1)))
    things[0].all = things
    del things
    gc.collect()


@case
def options_of_all_types():
    model = aigc.Model.create("vae", hidden_dim=[3, 2], latent_dim="2", height=8, width=8, channels=1)
    images = aigc.zeros((2, 8, 8, 1))
    model.train_step(images, noise=[[0.0, 1.0], [1.0, 0.0]])
    for wrong in ({"noise": [1.0]}, {"noise": "a"}, {"fish": 1}, {"seed": 2**80}, {"seed": {}}):
        try:
            model.train_step(images, **wrong)
            raise AssertionError
        except aigc.AigcError:
            pass


kept = [aigc.default_context(), *world(None)]
kept.append(kept)
for function in CASES:
    function()
print(f"{len(CASES)} cases on Python {sys.version.split()[0]}")
