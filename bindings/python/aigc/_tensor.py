"""Tensors: dense row-major numbers in the library's memory or in somebody else's, shared without copying."""

from __future__ import annotations

from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint64, c_void_p, memmove, string_at
from operator import index as as_index
from struct import error as StructError, pack, unpack

from ._calls import long_call, made, quick_call
from ._errors import argument_error, check
from ._handles import Owner, State, TensorCore
from ._library import lib
from ._values import text_of, whole_numbers


class _Dtype:
    """An element type: the library's number and name, and how NumPy and module struct write it."""

    _STRUCT_CODES = {"f4": "f", "f2": "e", "u1": "B", "i4": "i", "i8": "q"}

    def __init__(self, code: int, name: str, size: int, kind: str) -> None:
        self.code, self.name, self.size, self.kind = code, name, size, kind
        self.struct_code = self._STRUCT_CODES.get(kind[1:])  # None for bf16, the upper half of an f32

    def pack(self, value) -> bytes:
        try:
            if self.struct_code:
                return pack("=" + self.struct_code, value)
            bits = unpack("=I", pack("=f", value))[0]
            return pack("=H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 if value == value else bits >> 16 | 64)
        except (StructError, OverflowError):
            raise argument_error(f"{value!r} cannot be an element of type {self.name}") from None

    def unpack(self, data: bytes) -> list:
        count = len(data) // self.size
        if self.struct_code:
            return list(unpack(f"={count}{self.struct_code}", data))
        return [unpack("=f", pack("=I", bits << 16))[0] for bits in unpack(f"={count}H", data)]


_dtypes = {}


def _known_dtypes() -> dict:
    """By number, asked for once."""
    code = 1
    while not _dtypes.get(0):
        name, size, kind = c_char_p(), c_size_t(), c_char_p()
        if lib.aigc_dtype_info(code, byref(name), byref(size), byref(kind)):
            _dtypes[0] = True
            break
        _dtypes[code] = _Dtype(code, name.value.decode(), size.value, kind.value.decode())
        code += 1
    return _dtypes


def dtype_codes() -> dict:
    """Numbers of the element types by NumPy's name for them."""
    return {dtype.kind: dtype.code for code, dtype in _known_dtypes().items() if code}


def _code_of(name: str) -> int:
    names = {dtype.name: dtype.code for code, dtype in _known_dtypes().items() if code}
    if name not in names:
        raise argument_error(f"dtype is {name!r}; expected one of {', '.join(names)}")
    return names[name]


def _shape_of(shape) -> tuple:
    return tuple(whole_numbers((shape,) if hasattr(shape, "__index__") else shape, "shape"))


def _as_c(shape: tuple):
    return (c_int64 * len(shape))(*shape)


def _count_of(shape) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _part_of(shape: tuple, key) -> tuple[int, tuple]:
    """First element and shape of the part of a tensor that a key stands for."""
    if isinstance(key, tuple):
        first = 0
        for i, item in enumerate(key):
            if i + 1 < len(key) and isinstance(item, slice):
                raise argument_error("only the last of several indices can be a slice; use numpy() for others")
            start, shape = _part_of(shape, item)
            first += start
        return first, shape
    if not shape:
        raise IndexError("more indices than the tensor has axes")
    n, rest = shape[0], shape[1:]
    if isinstance(key, slice):
        start, stop, step = key.indices(n)
        if step != 1:
            raise argument_error(f"slices of tensors have step 1, not {step}; use numpy() for others")
        return start * _count_of(rest), (max(stop - start, 0), *rest)
    if not hasattr(key, "__index__"):
        raise argument_error(f"tensors are indexed by whole numbers and slices, not by {type(key).__name__}")
    i = as_index(key)
    if not -n <= i < n:
        raise IndexError(f"index {i} of an axis of {n}")
    return i % n * _count_of(rest), rest


def _nested(values: list, shape: tuple):
    if len(shape) < 2:
        return values if shape else values[0]
    step = _count_of(shape[1:])
    return [_nested(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


class Tensor(Owner):
    """Numbers of one type in a shape.

    x[i] is a row over the same memory, or the number where x has one axis; x[a:b] a slice of the first axis. NumPy,
    PyTorch and others take a tensor without copying: numpy.asarray(x), torch.from_dlpack(x).
    """

    _what = "tensor"
    _lent = None  # keeps the memory where others look at it through this object, whatever is closed

    @classmethod
    def _made(cls, state: State, handle: int) -> Tensor:
        self = cls.__new__(cls)
        core = TensorCore(state, handle)
        rank, lengths, code, count = c_size_t(), POINTER(c_int64)(), c_int32(), c_uint64()
        check(lib.aigc_tensor_shape(handle, byref(rank), byref(lengths)))
        check(lib.aigc_tensor_info(handle, byref(code), byref(count), None))
        core.shape = tuple(lengths[: rank.value])
        core.dtype = _known_dtypes()[code.value]
        core.count = count.value
        core.data = lib.aigc_tensor_data(handle)
        self._core = core
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return self._live().shape

    @property
    def ndim(self) -> int:
        return len(self._live().shape)

    @property
    def dtype(self) -> str:
        """ "f32", "f16", "bf16", "u8", "i32" or "i64"."""
        return self._live().dtype.name

    @property
    def nbytes(self) -> int:
        core = self._live()
        return core.count * core.dtype.size

    def __len__(self) -> int:
        shape = self._live().shape
        if not shape:
            raise TypeError("a tensor without axes has no length")
        return shape[0]

    def __repr__(self) -> str:
        core = self._core
        if core is None:
            return "<aigc.Tensor, closed>"
        values = f" {self.tolist()}" if core.count <= 8 else ""
        return f"<aigc.Tensor {core.dtype.name} {list(core.shape)}{values}>"

    # ---- parts ----

    def _view(self, first: int, shape: tuple) -> Tensor:
        core, out = self._live(), c_void_p()
        check(lib.aigc_tensor_view(byref(out), core, first, len(shape), _as_c(shape)))
        return Tensor._made(core.state, out.value)

    def __getitem__(self, key):
        core = self._live()
        first, shape = _part_of(core.shape, key)
        if shape:
            return self._view(first, shape)
        return core.dtype.unpack(string_at(core.data + first * core.dtype.size, core.dtype.size))[0]

    def __setitem__(self, key, value) -> None:
        core = self._live()
        first, shape = _part_of(core.shape, key)
        count = _count_of(shape)
        at = (core.data or 0) + first * core.dtype.size
        if not isinstance(value, (int, float)) and getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()
        if isinstance(value, (int, float)):
            memmove(at, core.dtype.pack(value) * count, count * core.dtype.size)
            return
        source = as_tensor(value, core.state, core.dtype.name)
        if source.shape != shape:
            raise argument_error(f"an array {list(source.shape)} for a part {list(shape)} of a tensor")
        memmove(at, source._live().data, count * core.dtype.size)

    def _put(self, row: int, source: Tensor) -> None:
        """Copies a tensor that has the shape and type of a row over it."""
        core = self._live()
        memmove((core.data or 0) + row * source.nbytes, source._live().data, source.nbytes)

    def __iter__(self):
        for i in range(len(self)):
            yield self[i]

    def reshape(self, *shape) -> Tensor:
        """The same memory in another shape; one length may be -1."""
        lengths = _shape_of(shape[0] if len(shape) == 1 else shape)
        count, known = self._live().count, _count_of(length for length in lengths if length != -1)
        if lengths.count(-1) == 1 and known:
            lengths = tuple(count // known if length == -1 else length for length in lengths)
            known *= count // known
        if known != count or -1 in lengths:
            raise argument_error(f"{count} elements do not fit the shape {list(lengths)}")
        return self._view(0, lengths)

    # ---- values ----

    def astype(self, dtype: str) -> Tensor:
        """A new tensor of another element type. Between u8 and floating types 0..255 stands for 0..1."""
        core = self._live()
        return Tensor._made(
            core.state,
            made(quick_call, core.state, lib.aigc_tensor_release, lib.aigc_tensor_convert, core, _code_of(dtype)),
        )

    def __bytes__(self) -> bytes:
        core = self._live()
        return string_at(core.data, core.count * core.dtype.size) if core.count else b""

    def tolist(self):
        """Nested lists of numbers; a number for a tensor without axes."""
        core = self._live()
        return _nested(core.dtype.unpack(bytes(self)), core.shape)

    def item(self):
        """The number in a tensor of one."""
        core = self._live()
        if core.count != 1:
            raise argument_error(f"item() is for tensors of one element; this has the shape {list(core.shape)}")
        return core.dtype.unpack(string_at(core.data, core.dtype.size))[0]

    def save(self, path, name: str | None = None) -> None:
        """Write a .npy or .safetensors file, whole or not at all; `name` is the entry in the latter."""
        core = self._live()
        long_call(
            core.state,
            lib.aigc_tensor_write,
            core,
            text_of(path, "path"),
            None if name is None else text_of(name, "name"),
        )

    def close(self) -> None:
        """Let go of it now; the memory stays for views, and for arrays that others made of this object."""
        self._core = None

    def __copy__(self) -> Tensor:
        return self.astype(self.dtype)

    def __reduce_ex__(self, protocol):
        return _unpickled, (bytes(self), self.shape, self.dtype)

    # ---- as others know it ----

    def _lend(self) -> TensorCore:
        self._lent = self._live()
        return self._lent

    @property
    def __array_interface__(self) -> dict:
        core = self._lend()
        return {"version": 3, "shape": core.shape, "typestr": core.dtype.kind, "data": (core.data or 0, False)}

    def numpy(self):
        """A NumPy array over the same memory; of a bf16 tensor, which NumPy does not know, a copy as f32."""
        import numpy

        return numpy.asarray(self if self._live().dtype.struct_code else self.astype("f32"))

    def memoryview(self) -> memoryview:
        """The memory, with shape and format where memoryviews have them."""
        core = self._lend()
        array = (c_char * (core.count * core.dtype.size)).from_address(core.data or 0)
        array.owner = core
        flat = memoryview(array).cast("B")
        if not core.count or core.dtype.struct_code in (None, "e"):
            return flat
        return flat.cast(core.dtype.struct_code, core.shape) if core.shape else flat.cast(core.dtype.struct_code)

    def __buffer__(self, flags: int) -> memoryview:  # from Python 3.12 on memoryview(x) works
        return self.memoryview()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        from ._dlpack import CPU, capsule_of

        if stream is not None or dl_device not in (None, CPU):
            raise BufferError("tensors of libaigc are in the CPU's memory and have no streams")
        core = (self.astype(self.dtype) if copy else self)._live()
        major, out = 1 if max_version is not None and max_version[0] >= 1 else 0, c_void_p()
        quick_call(core.state, lib.aigc_tensor_to_dlpack, byref(out), core, major)
        return capsule_of(out.value, major)

    def _repr_png_(self):
        """Notebooks show pictures."""
        core = self._core
        if (
            core is None
            or len(core.shape) != 4
            or core.shape[3] not in (1, 3, 4)
            or core.dtype.name not in ("u8", "f32")
        ):
            return None
        import os
        from tempfile import TemporaryDirectory
        from ._images import save_grid

        with TemporaryDirectory() as folder:
            path = os.path.join(folder, "grid.png")
            save_grid(self, path)
            with open(path, "rb") as file:
                return file.read()


def _unpickled(data: bytes, shape: tuple, dtype: str) -> Tensor:
    whole = zeros(shape, dtype)
    memmove(whole._live().data, data, len(data))
    return whole


def zeros_in(state: State, shape, dtype: str) -> Tensor:
    shape = _shape_of(shape)
    return Tensor._made(
        state,
        made(
            quick_call,
            state,
            lib.aigc_tensor_release,
            lib.aigc_tensor_create,
            state,
            _code_of(dtype),
            len(shape),
            _as_c(shape),
        ),
    )


def as_tensor(value, state: State, dtype: str | None = None, copy: bool | None = None) -> Tensor:
    """Anything array-like as a tensor, of a type if one is given."""
    from ._arrays import tensor_in

    tensor = tensor_in(value, state, copy)
    return tensor if dtype in (None, tensor.dtype) else tensor.astype(dtype)


def tensor(object, dtype: str | None = None, copy: bool | None = None, *, context=None) -> Tensor:
    """A tensor of anything array-like: NumPy and PyTorch arrays, Pillow pictures, buffers such as bytes and
    array.array, everything that speaks DLPack, numbers and nested lists of numbers.

    copy: None shares the memory where it is writable, dense, aligned and of a type that tensors have, and copies
          otherwise; False never copies, an error says why it would have to be; True always copies
    dtype: "f32", "f16", "bf16", "u8", "i32" or "i64"; None: as it is. 64-bit floats become f32.
    """
    from ._context import state_of

    return as_tensor(object, state_of(context), dtype, copy)


def zeros(shape, dtype: str = "f32", *, context=None) -> Tensor:
    """A tensor of zeros."""
    from ._context import state_of

    return zeros_in(state_of(context), shape, dtype)


def from_dlpack(object, *, copy: bool | None = None, context=None) -> Tensor:
    """A tensor over the memory of anything that speaks DLPack; see tensor() for copy."""
    from ._arrays import dlpack_in
    from ._context import state_of

    return dlpack_in(object, state_of(context), copy)


def read_tensor(path, name: str | None = None, *, context=None) -> Tensor:
    """Read a .npy file, or a tensor of any file that open_weights() reads: by name where it holds several."""
    from ._context import state_of

    state = state_of(context)
    return Tensor._made(
        state,
        made(
            long_call,
            state,
            lib.aigc_tensor_release,
            lib.aigc_tensor_read,
            state,
            text_of(path, "path"),
            None if name is None else text_of(name, "name"),
        ),
    )
