"""Models: one noun, few verbs."""

from __future__ import annotations

from _collections_abc import Mapping
from ctypes import byref, c_char_p, c_uint64, c_void_p, sizeof

from ._calls import long_call, made, quick_call
from ._context import state_of
from ._dataset import Dataset
from ._errors import NotFoundError, argument_error
from ._handles import Core, Owner, State
from ._library import Metrics, lib
from ._options import Options
from ._progress import MetricsDict, metrics_of, watching
from ._tables import OptionTable, class_takes_options, takes_options
from ._tensor import Tensor, as_tensor
from ._values import text_of


def _truth(text: str) -> bool:
    return text == "true"


def _list_of(number):
    return lambda text: [number(item) for item in text.split(",")] if text else []


_TYPES = {"int": int, "float": float, "bool": _truth, "ints": _list_of(int), "floats": _list_of(float)}


class Parameters(Mapping):
    """A model's parameters by name: tensors over the live numbers. Writing to one changes the model."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def _get(self, index: int, tensor=None) -> str | None:
        """The name of parameter `index`, which goes into `tensor`; None past the last."""
        name = c_char_p()
        try:
            quick_call(self._core.state, lib.aigc_model_parameter, self._core, index, byref(name), tensor)
        except NotFoundError:
            return None
        return name.value.decode()

    def __iter__(self):
        index = 0
        while True:
            name = self._get(index)
            if name is None:
                return
            yield name
            index += 1

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> Tensor:
        for index, found in enumerate(self):
            if found == name:
                out = c_void_p()
                self._get(index, byref(out))
                return Tensor._made(self._core.state, out.value)
        raise KeyError(name)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {list(tensor.shape)}" for name, tensor in self.items())


def _dataset_core(dataset, name: str) -> Core:
    if not isinstance(dataset, Dataset):
        raise argument_error(f"{name} is {dataset!r}; expected an aigc.Dataset")
    return dataset._live()


class Model(Owner):
    """A network and its training."""

    _what = "model"

    @classmethod
    def _made(cls, state: State, handle: int) -> Model:
        self = cls.__new__(cls)
        self._core = Core(state, handle, lib.aigc_model_free)
        return self

    @class_takes_options(("model", "create"))
    def create(cls, kind: str, *, context=None, **options) -> Model:
        """A new, untrained model of a kind, such as "vae"."""
        state = state_of(context)
        named = Options(state, options)
        return cls._made(
            state,
            made(long_call, state, lib.aigc_model_free, lib.aigc_model_create, state, text_of(kind, "kind"), named),
        )

    @class_takes_options((None, "load"))
    def load(cls, path, *, context=None, **options) -> Model:
        """Read a model from its file."""
        state = state_of(context)
        named = Options(state, options)
        return cls._made(
            state, made(long_call, state, lib.aigc_model_free, lib.aigc_model_load, state, text_of(path, "path"), named)
        )

    # ---- learning ----

    @takes_options(("model", "train"))
    def train(self, dataset: Dataset, *, validation: Dataset | None = None, progress=None, **options) -> None:
        """Learn from a dataset. Ctrl-C stops between two steps; the model stays usable and resumable.

        validation: a dataset to measure on after every epoch
        progress: called with a Progress now and then and at every epoch's end, in the thread that called train();
                  a true answer stops the training. aigc.progress_bar shows a bar.
        """
        core, pictures = self._live(), _dataset_core(dataset, "dataset")
        measured = None if validation is None else _dataset_core(validation, "validation")
        named = Options(core.state, options)
        with watching(core.state, progress) as (function, key):
            long_call(core.state, lib.aigc_model_train, core, pictures, measured, named, function, key)

    @takes_options(("model", "train_step"))
    def train_step(self, images, labels=None, **options) -> dict[str, float]:
        """One optimizer step on pictures [n, height, width, channels]; gives the losses before it."""
        metrics = Metrics(struct_size=sizeof(Metrics))
        self._call(lib.aigc_model_train_step, (images, labels), options, byref(metrics))
        return metrics_of(metrics)

    @takes_options(("model", "evaluate"))
    def evaluate(self, dataset: Dataset, *, progress=None, **options) -> MetricsDict:
        """Measure the losses on a dataset without learning, in nats per picture, and how far the pictures that the model
        makes are from those of the dataset: see Dataset.compare()."""
        core, pictures = self._live(), _dataset_core(dataset, "dataset")
        named, metrics = Options(core.state, options), Metrics(struct_size=sizeof(Metrics))
        with watching(core.state, progress) as (function, key):
            long_call(core.state, lib.aigc_model_evaluate, core, pictures, named, byref(metrics), function, key)
        return metrics_of(metrics)

    # ---- making ----

    def _arguments(self, arrays, options: dict) -> list:
        """The model, arrays of which any may be None, and options, as C takes them."""
        core = self._live()
        tensors = [None if array is None else as_tensor(array, core.state)._live() for array in arrays]
        return [core, *tensors, Options(core.state, options)]

    def _call(self, function, arrays, options: dict, *last) -> None:
        long_call(self._live().state, function, *self._arguments(arrays, options), *last)

    def _make(self, function, arrays, options: dict) -> Tensor:
        state = self._live().state
        return Tensor._made(
            state, made(long_call, state, lib.aigc_tensor_release, function, *self._arguments(arrays, options))
        )

    @takes_options(("model", "generate"))
    def generate(self, n: int | None = None, **options) -> Tensor:
        """New pictures, f32 [n, height, width, channels] 0..1. The same seed gives the same picture."""
        return self._make(lib.aigc_model_generate, (), {"n": n, **options})

    @takes_options(("model", "encode"))
    def encode(self, images, labels=None, **options) -> Tensor:
        """Pictures [n, height, width, channels] to latents f32 [n, latent_dim]."""
        return self._make(lib.aigc_model_encode, (images, labels), options)

    @takes_options(("model", "decode"))
    def decode(self, latents, labels=None, **options) -> Tensor:
        """Latents [n, latent_dim] or [latent_dim] to pictures f32 [n, height, width, channels]."""
        return self._make(lib.aigc_model_decode, (latents, labels), options)

    @takes_options(("model", "reconstruct"))
    def reconstruct(self, images, labels=None, **options) -> Tensor:
        """Encode pictures and decode them again."""
        return self._make(lib.aigc_model_reconstruct, (images, labels), options)

    @takes_options(("model", "interpolate"))
    def interpolate(self, start=None, end=None, **options) -> Tensor:
        """The pictures on the way from one latent to another, ends included; without latents between those of
        option `seeds`."""
        return self._make(lib.aigc_model_interpolate, (start, end), options)

    # ---- files ----

    @takes_options(("model", "save"))
    def save(self, path, **options) -> None:
        """Write the model as a safetensors file, whole or not at all."""
        core = self._live()
        long_call(core.state, lib.aigc_model_save, core, text_of(path, "path"), Options(core.state, options))

    @takes_options(("model", "load_weights"))
    def load_weights(self, path, **options) -> None:
        """Fill the parameters by name and shape from a file of weights: PyTorch's, safetensors, .npz. A file of one
        player of a GAN alone fills that player."""
        core = self._live()
        long_call(core.state, lib.aigc_model_load_weights, core, text_of(path, "path"), Options(core.state, options))

    # ---- looking inside ----

    @property
    def kind(self) -> str:
        core, kind = self._live(), c_char_p()
        quick_call(core.state, lib.aigc_model_config, core, byref(kind), None)
        return kind.value.decode()

    @property
    def options(self) -> dict:
        """What the model was created with, sizes learned from pictures included."""
        core, table, values = self._live(), OptionTable("create", self.kind), {}
        name, value = c_char_p(), c_char_p()
        for index in range(len(table)):
            quick_call(core.state, lib.aigc_model_option, core, index, byref(name), byref(value))
            option = table[name.value.decode()]
            values[option.name] = _TYPES.get(option.type, str)(value.value.decode())
        return values

    @property
    def parameters(self) -> Parameters:
        """Tensors over the live numbers by name, as PyTorch's state_dict has them."""
        return Parameters(self._live())

    def memory(self, verb: str, **options) -> int:
        """Bytes that a verb ("train", "generate", "encode", "decode") with these options will need beyond what is held
        now."""
        core, bytes_needed = self._live(), c_uint64()
        quick_call(
            core.state,
            lib.aigc_model_memory,
            core,
            text_of(verb, "verb"),
            Options(core.state, options),
            byref(bytes_needed),
        )
        return bytes_needed.value

    def __repr__(self) -> str:
        if self._core is None:
            return "<aigc.Model, closed>"
        return f"<aigc.Model {self.kind} {self.options}>"
