"""Weights in files of PyTorch, NumPy and safetensors, read without running any of it."""

from __future__ import annotations

from ctypes import byref, c_char_p, c_uint64, sizeof

from ._calls import long_call, made, quick_call
from ._context import state_of
from ._errors import NotFoundError
from ._handles import Core, Owner, State
from ._library import WeightsEntry, WeightsValue, lib
from ._options import Options
from ._tables import takes_options
from ._tensor import Tensor, _code_of
from ._values import text_of


class Entry:
    """A tensor in a file: `name`, `element` (how the file has its numbers, such as "F32" or "BF16"), `shape`, and
    `storage`, equal for tensors that share their numbers."""

    __slots__ = ("name", "element", "shape", "storage")

    def __init__(self, record: WeightsEntry) -> None:
        self.name = record.name.decode()
        self.element = record.element.decode()
        self.shape = tuple(record.shape[: record.rank])
        self.storage = record.storage

    def __repr__(self) -> str:
        return f"<aigc.weights entry {self.name} {self.element} {list(self.shape)}>"


def _python_value(record: WeightsValue):
    kind = record.type
    if kind == b"int":
        return record.integer
    if kind == b"float":
        return record.real
    if kind == b"bool":
        return bool(record.integer)
    return None if kind == b"none" else record.text.decode()


class Weights(Owner):
    """The tensors of a file by name, each read when asked for: weights["fc1.weight"].

    len(), `in` and iteration go over the names. `scalars` has what else the file says, `opaque` what Python would
    have called to load it.
    """

    _what = "file of weights"

    @classmethod
    def _made(cls, state: State, handle: int) -> Weights:
        self = cls.__new__(cls)
        self._core = Core(state, handle, lib.aigc_weights_free)
        return self

    def _info(self) -> tuple:
        core, format = self._live(), c_char_p()
        counts = [c_uint64() for _ in range(3)]
        quick_call(core.state, lib.aigc_weights_info, core, byref(format), *map(byref, counts))
        return (format.value.decode(), *(count.value for count in counts))

    def _entry(self, index: int) -> Entry:
        core, record = self._live(), WeightsEntry(sizeof(WeightsEntry))
        quick_call(core.state, lib.aigc_weights_tensor, core, index, byref(record))
        return Entry(record)

    def _find(self, name) -> int:
        core, index = self._live(), c_uint64()
        quick_call(core.state, lib.aigc_weights_find, core, text_of(name, "name"), byref(index))
        return index.value

    @property
    def format(self) -> str:
        """ "torch zip", "torch stream", "pickle", "safetensors", "safetensors index", "npz" or "npy"."""
        return self._info()[0]

    @property
    def entries(self) -> list[Entry]:
        """All tensors, in the file's order."""
        return [self._entry(i) for i in range(len(self))]

    def entry(self, name: str) -> Entry:
        """What the file says of one tensor."""
        return self._entry(self._find(name))

    @property
    def scalars(self) -> dict:
        """Numbers, texts, booleans and None by name; of a long list of them, a text that says how many there are."""
        core, values = self._live(), {}
        for i in range(self._info()[2]):
            with core.state.access():
                record = WeightsValue(sizeof(WeightsValue))
                quick_call(core.state, lib.aigc_weights_value, core, i, byref(record))
                values[record.name.decode()] = _python_value(record)
        return values

    @property
    def opaque(self) -> list[tuple[str, str]]:
        """(name, call): what Python would call to make a value of the file. Nobody calls it here."""
        core, found = self._live(), []
        for i in range(self._info()[3]):
            name, call = c_char_p(), c_char_p()
            quick_call(core.state, lib.aigc_weights_opaque, core, i, byref(name), byref(call))
            found.append((name.value.decode(), call.value.decode(errors="replace")))
        return found

    def read(self, name: str | None = None, dtype: str | None = None) -> Tensor:
        """One tensor, in the file's type or the nearest there is, or in `dtype`; without a name the file's only one."""
        core = self._live()
        return Tensor._made(
            core.state,
            made(
                long_call,
                core.state,
                lib.aigc_tensor_release,
                lib.aigc_weights_read,
                core,
                None if name is None else text_of(name, "name"),
                0 if dtype is None else _code_of(dtype),
            ),
        )

    @takes_options((None, "convert"))
    def save(self, path, **options) -> None:
        """Write the tensors as .safetensors, .npz or, for PyTorch, .pt, .pth, .ckpt or .bin, whole or not at all."""
        core = self._live()
        long_call(core.state, lib.aigc_weights_write, core, text_of(path, "path"), Options(core.state, options))

    def keys(self) -> list[str]:
        """The tensors' names, in the file's order."""
        return [entry.name for entry in self.entries]

    def __len__(self) -> int:
        return self._info()[1]

    def __iter__(self):
        return iter(self.keys())

    def __contains__(self, name) -> bool:
        try:
            self._find(name)
        except NotFoundError:
            return False
        return True

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self.read(name)
        except NotFoundError as error:
            raise KeyError(str(error)) from None

    def __repr__(self) -> str:
        if self._core is None:
            return "<aigc.Weights, closed>"
        format, tensors = self._info()[:2]
        return f"<aigc.Weights of {tensors} tensors, {format}>"


@takes_options((None, "weights"))
def open_weights(path, *, context=None, **options) -> Weights:
    """Open a file of weights: PyTorch's (.pt, .pth, .ckpt, .bin), a pickle, .safetensors, an .index.json with its
    shards, .npz or .npy; what it is shows in its content. Nothing in it is run."""
    state = state_of(context)
    named = Options(state, options)
    return Weights._made(
        state, made(long_call, state, lib.aigc_weights_free, lib.aigc_weights_open, state, text_of(path, "path"), named)
    )
