"""Datasets: pictures, and class labels, by index."""

from __future__ import annotations

from ctypes import byref, c_char_p, c_int64, c_void_p, memmove, sizeof
from operator import index as as_index

from ._callbacks import on_picture, watch
from ._calls import long_call, made, quick_call
from ._context import state_of
from ._errors import argument_error, check
from ._handles import Core, Owner, State
from ._library import Metrics, lib
from ._options import Options
from ._progress import MetricsDict, metrics_of, watching
from ._tables import class_takes_options, kinds, takes_options, verb
from ._tensor import Tensor, as_tensor
from ._values import text_of, whole, whole_numbers


class _Pictures:
    """A Python function that makes the pictures of a dataset."""

    def __init__(self, state: State, function, shape: tuple) -> None:
        self.state, self.function, self.shape = state, function, shape

    def run(self, pixels, label, index: int) -> int:
        answer = self.function(index)
        if isinstance(answer, tuple) and len(answer) == 2:
            answer, label[0] = answer[0], as_index(answer[1])
        data = self._bytes_of(answer)
        memmove(pixels, data, len(data))
        return 0

    def _bytes_of(self, picture) -> bytes:
        from ._arrays import array_of

        array = array_of(picture)
        if array is None and hasattr(picture, "numpy"):
            picture = picture.numpy()
            array = array_of(picture)
        expected = self.shape[0] * self.shape[1] * self.shape[2]
        if array is None or array.kind[1:] != "u1" or array.count() != expected:
            found = type(picture).__name__ if array is None else f"'{array.kind}' {list(array.shape)}"
            raise argument_error(f"a dataset's function gave {found}; expected u8 {list(self.shape)}")
        return array.to_bytes()


def _of_kind(kind: str):
    """The function Dataset.KIND of a kind in the library's table."""

    def create(source=None, *, context=None, **options) -> Dataset:
        return Dataset.create(kind, source, context=context, **options)

    create.__name__ = kind.replace("-", "_")
    create.__qualname__ = f"Dataset.{create.__name__}"
    create.__doc__ = f"Dataset.create({kind!r}, source, ...): {kinds('dataset')[kind]}."
    return verb(create, [(kind, "dataset")])


class _ByKind(type):
    """Makes Dataset.folder(...) of Dataset.create("folder", ...), and so on for every kind the library knows."""

    def __getattr__(cls, name: str):
        kind = name.replace("_", "-")
        if name.startswith("_") or kind not in kinds("dataset"):
            raise AttributeError(f"there is no kind of dataset {kind!r}, and aigc.Dataset has no attribute {name!r}")
        return _of_kind(kind)

    def __dir__(cls):
        try:
            return [*super().__dir__(), *(kind.replace("-", "_") for kind in kinds("dataset"))]
        except ImportError:
            return super().__dir__()


class Dataset(Owner, metaclass=_ByKind):
    """Pictures of one size by index, with or without class labels.

    Dataset.folder(path, ...), Dataset.idx(path, ...), Dataset.home_designs(...) and so on, a function for every kind
    in aigc.kinds("dataset"); Dataset.auto(source) finds the kind; Dataset.array() and Dataset.callback() take what
    your program has.
    """

    _what = "dataset"

    @classmethod
    def _made(cls, state: State, handle: int, keep=None) -> Dataset:
        self = cls.__new__(cls)
        self._core = Core(state, handle, lib.aigc_dataset_free, keep)
        return self

    @class_takes_options(("dataset", "dataset"))
    def create(cls, kind: str, source=None, *, context=None, **options) -> Dataset:
        """Open a dataset of a kind; `source` is a path for those that read files."""
        state = state_of(context)
        named = Options(state, options)
        return cls._made(
            state,
            made(
                long_call,
                state,
                lib.aigc_dataset_free,
                lib.aigc_dataset_create,
                state,
                text_of(kind, "kind"),
                None if source is None else text_of(source, "source"),
                named,
            ),
        )

    @classmethod
    def auto(cls, source, *, context=None, **options) -> Dataset:
        """Open what is found at a path, or the kind of that name; options are those of the kind."""
        return cls.create("auto", source, context=context, **options)

    @class_takes_options(("array", "dataset"))
    def array(cls, images, labels=None, *, context=None, **options) -> Dataset:
        """Pictures of an array [n, height, width, channels], u8 or f32 0..1, which is not copied where tensor() would
        not copy it; labels are classes counted from 0."""
        state = state_of(context)
        pictures = as_tensor(images, state)._live()
        classes = None if labels is None else as_tensor(labels, state)._live()
        named = Options(state, options)
        return cls._made(
            state,
            made(
                quick_call, state, lib.aigc_dataset_free, lib.aigc_dataset_create_array, state, pictures, classes, named
            ),
        )

    @class_takes_options(("callback", "dataset"))
    def callback(cls, function, shape, *, context=None, **options) -> Dataset:
        """Pictures that a function makes: function(index) gives height * width * channels bytes as any u8 array, or
        such an array and a label; shape is (count, height, width, channels).

        Where the main thread makes the call that wants pictures, the function runs in the main thread, otherwise in
        any.
        """
        state = state_of(context)
        sizes = whole_numbers(shape, "shape")
        if len(sizes) != 4 or not callable(function):
            raise argument_error("expected a function and a shape (count, height, width, channels)")
        pictures, named = _Pictures(state, function, tuple(sizes[1:])), Options(state, options)
        return cls._made(
            state,
            made(
                quick_call,
                state,
                lib.aigc_dataset_free,
                lib.aigc_dataset_create_callback,
                state,
                sizes,
                on_picture,
                watch(pictures),
                named,
            ),
            pictures,
        )

    def _sizes(self) -> tuple[int, ...]:
        sizes = [c_int64() for _ in range(4)]
        core = self._live()
        check(lib.aigc_dataset_info(core, *map(byref, sizes)))
        return tuple(size.value for size in sizes)

    @property
    def height(self) -> int:
        return self._sizes()[0]

    @property
    def width(self) -> int:
        return self._sizes()[1]

    @property
    def channels(self) -> int:
        return self._sizes()[2]

    @property
    def classes(self) -> list[str]:
        """Names of the classes; empty where there are no labels."""
        core, name, names = self._live(), c_char_p(), []
        for i in range(self._sizes()[3]):
            check(lib.aigc_dataset_class_name(core, i, byref(name)))
            names.append(name.value.decode("utf-8", "replace"))
        return names

    def __len__(self) -> int:
        core = self._live()
        return lib.aigc_dataset_count(core)

    def __repr__(self) -> str:
        if self._core is None:
            return "<aigc.Dataset, closed>"
        height, width, channels, classes = self._sizes()
        return f"<aigc.Dataset of {len(self)} pictures {height} x {width} x {channels}, {classes or 'no'} classes>"

    def batch(self, indices) -> tuple[Tensor, Tensor | None]:
        """Pictures by index as f32 [n, height, width, channels] 0..1, and their labels as i64 [n]."""
        core = self._live()
        numbers = whole_numbers(indices, "indices")
        images, labels = c_void_p(), c_void_p()
        try:
            long_call(core.state, lib.aigc_dataset_batch, core, numbers, len(numbers), byref(images), byref(labels))
        except BaseException:
            lib.aigc_tensor_release(images)
            lib.aigc_tensor_release(labels)
            raise
        return (
            Tensor._made(core.state, images.value),
            Tensor._made(core.state, labels.value) if labels.value else None,
        )

    def __getitem__(self, index: int) -> tuple[Tensor, int | None]:
        """One picture [height, width, channels] and its label."""
        n, i = len(self), whole(index, "index")
        if not -n <= i < n:
            raise IndexError(f"picture {i} of a dataset of {n}")
        images, labels = self.batch([i % n])
        return images[0], None if labels is None else labels[0]

    def split(self, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two datasets by a draw from a seed; the first gets the fraction (0..1) of the pictures."""
        core, first, second = self._live(), c_void_p(), c_void_p()
        try:
            share = float(fraction)
        except (TypeError, ValueError):
            raise argument_error(f"fraction is {fraction!r}; expected a number 0..1") from None
        quick_call(core.state, lib.aigc_dataset_split, core, share, whole(seed, "seed", 0), byref(first), byref(second))
        return tuple(Dataset._made(core.state, part.value, core.keep) for part in (first, second))

    def export(self, folder) -> None:
        """Write every picture as PNG into a folder, class by sub-folder where there are labels."""
        core = self._live()
        long_call(core.state, lib.aigc_dataset_export, core, text_of(folder, "folder"))

    @takes_options((None, "compare"))
    def compare(self, real: Dataset, *, progress=None, **options) -> MetricsDict:
        """Measure how far these pictures are from real ones: frechet, kid, precision, recall, in the feature space that
        the attribute `space` of the answer names."""
        core = self._live()
        if not isinstance(real, Dataset):
            raise argument_error(f"real is of type {type(real).__name__}; expected a Dataset")
        pictures, metrics = real._live(), Metrics(struct_size=sizeof(Metrics))
        named = Options(core.state, options)
        with watching(core.state, progress) as (function, key):
            long_call(core.state, lib.aigc_dataset_compare, core, pictures, named, byref(metrics), function, key)
        return metrics_of(metrics)
