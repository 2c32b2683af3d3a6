"""Other people's arrays as tensors: in their own memory where that is possible, otherwise copied by the library."""

from __future__ import annotations

from ctypes import POINTER, PyDLL, Structure, byref, c_char_p, c_int, c_int64, c_ssize_t, c_void_p, string_at
from ctypes import py_object, pythonapi

from ._callbacks import forget, keep, on_release
from ._calls import made, quick_call
from ._dlpack import capsule_from, opened, taken
from ._errors import UnsupportedError, argument_error
from ._handles import State
from ._library import lib
from ._tensor import Tensor, dtype_codes, zeros_in


class _BufferRecord(Structure):  # Py_buffer
    _fields_ = [
        ("buf", c_void_p),
        ("obj", c_void_p),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", POINTER(c_ssize_t)),
        ("strides", POINTER(c_ssize_t)),
        ("suboffsets", POINTER(c_ssize_t)),
        ("internal", c_void_p),
    ]


_RECORDS_READ_ONLY = 0x1C  # PyBUF_RECORDS_RO: any strides, with format, read-only or not

_python = PyDLL(None, handle=pythonapi._handle)
_python.PyObject_GetBuffer.argtypes = (py_object, POINTER(_BufferRecord), c_int)
_python.PyObject_GetBuffer.restype = c_int
_python.PyBuffer_Release.argtypes = (POINTER(_BufferRecord),)
_python.PyBuffer_Release.restype = None


class _Buffer:
    """Holds an object's buffer, and with it the object; a bytearray cannot grow meanwhile."""

    record = None

    def __init__(self, source) -> None:
        record = _BufferRecord()
        _python.PyObject_GetBuffer(source, byref(record), _RECORDS_READ_ONLY)
        self.record = record
        self.source = source

    def __del__(self, release=_python.PyBuffer_Release, byref=byref) -> None:
        if self.record is not None:
            release(byref(self.record))


class Array:
    """Where an array's numbers lie and how, as NumPy's array interface puts it."""

    def __init__(self, address: int, kind: str, shape: tuple, strides, readonly: bool, owner) -> None:
        self.address, self.kind, self.shape, self.strides = address or 0, kind, shape, strides
        self.readonly, self.owner = readonly, owner

    def size(self) -> int:
        return int(self.kind[2:])

    def count(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count

    def is_dense(self) -> bool:
        if self.strides is None or 0 in self.shape:
            return True
        expected = self.size()
        for length, stride in zip(reversed(self.shape), reversed(self.strides)):
            if length != 1 and stride != expected:
                return False
            expected *= length
        return True

    def to_bytes(self) -> bytes:
        """The numbers in a row, whatever the strides."""
        if self.is_dense():
            return string_at(self.address, self.count() * self.size()) if self.address else b""
        return memoryview(self.owner.source if isinstance(self.owner, _Buffer) else self.owner).tobytes()


_KINDS = {
    "e": "f",
    "f": "f",
    "d": "f",
    "?": "b",
    "c": "u",
    **dict.fromkeys("bhilqn", "i"),
    **dict.fromkeys("BHILQN", "u"),
}


def _of_buffer(source) -> Array:
    holder = _Buffer(source)
    record = holder.record
    code = (record.format or b"B").decode()
    order, kind = (code[0], _KINDS.get(code[1:])) if code[0] in "@=<>!" else ("=", _KINDS.get(code))
    order = {"!": ">", "@": "="}.get(order, order)
    shape = tuple(record.shape[: record.ndim]) if record.ndim else ()
    strides = tuple(record.strides[: record.ndim]) if record.ndim and record.strides else None
    return Array(
        record.buf, f"{order}{kind}{record.itemsize}" if kind else code, shape, strides, bool(record.readonly), holder
    )


def _of_interface(source, interface: dict) -> Array:
    data, shape, strides = interface.get("data"), tuple(interface["shape"]), interface.get("strides")
    strides = None if strides is None else tuple(strides)
    if isinstance(data, tuple):
        return Array(data[0], interface["typestr"], shape, strides, bool(data[1]), source)
    inner = _of_buffer(source if data is None else data)  # Pillow hands over bytes
    return Array(
        inner.address + interface.get("offset", 0), interface["typestr"], shape, strides, inner.readonly, inner.owner
    )


def array_of(source) -> Array | None:
    """How an object's numbers lie, if it can tell."""
    interface = getattr(source, "__array_interface__", None)
    if isinstance(interface, dict):
        return _of_interface(source, interface)
    try:
        return _of_buffer(source)
    except (TypeError, BufferError):
        return None


def _native(kind: str) -> int | None:
    """The tensors' own number for an element type of this machine's byte order."""
    import sys

    codes = dtype_codes()
    own = "<" if sys.byteorder == "little" else ">"
    order = "|" if kind[2:] == "1" else own if kind[0] in "=" + own else kind[0]
    return codes.get(order + kind[1:])


def _why_copied(array: Array, code: int | None) -> str | None:
    if code is None:
        return f"its elements are of type '{array.kind}'"
    if array.readonly:
        return "it is read-only"
    if not array.is_dense():
        return "it is not dense and row-major"
    if array.address % array.size():
        return "its elements are not aligned"
    return None


def _in_array(array: Array, state: State, copy: bool | None) -> Tensor:
    code, rank = _native(array.kind), len(array.shape)
    shape = (c_int64 * rank)(*array.shape)
    reason = _why_copied(array, code)
    if reason and copy is False:
        raise UnsupportedError(UnsupportedError.status, f"the array would have to be copied, because {reason}")
    if reason or copy:
        strides = None if array.strides is None else (c_int64 * rank)(*array.strides)
        return Tensor._made(
            state,
            made(
                quick_call,
                state,
                lib.aigc_tensor_release,
                lib.aigc_tensor_copy,
                state,
                array.address,
                array.kind.encode(),
                rank,
                shape,
                strides,
            ),
        )
    key = keep(array.owner)
    try:
        return Tensor._made(
            state,
            made(
                quick_call,
                state,
                lib.aigc_tensor_release,
                lib.aigc_tensor_wrap,
                state,
                array.address,
                code,
                rank,
                shape,
                on_release,
                key,
            ),
        )
    except BaseException:
        forget(key)
        raise


def dlpack_in(source, state: State, copy: bool | None = None) -> Tensor:
    capsule = capsule_from(source, copy)
    managed, major = opened(capsule)
    handle = made(
        quick_call,
        state,
        lib.aigc_tensor_release,
        lib.aigc_tensor_from_dlpack,
        state,
        managed,
        major,
        {None: 1, False: 0, True: 2}[copy],
    )
    taken(capsule, major)
    return Tensor._made(state, handle)


def _is_number(value) -> bool:
    return isinstance(value, (int, float))


def _flatten(value, shape: tuple, flat: list) -> None:
    if not shape:
        if not _is_number(value):
            value = value.item() if getattr(value, "shape", None) == () else value
            if not _is_number(value):
                raise argument_error(f"lists for tensors hold numbers; found {type(value).__name__}")
        flat.append(value)
        return
    if not isinstance(value, (list, tuple)) or len(value) != shape[0]:
        raise argument_error(f"lists for tensors are of equal length; expected one of {shape[0]}")
    for item in value:
        _flatten(item, shape[1:], flat)


def _in_list(values, state: State) -> Tensor:
    from array import array as packed

    first, shape = values, []
    while isinstance(first, (list, tuple)):
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    if len(shape) == 1 and shape[0] and not _is_number(first) and getattr(first, "shape", None) != ():
        return _stacked(values, state)
    flat = []
    _flatten(values, tuple(shape), flat)
    is_whole = bool(flat) and all(isinstance(value, int) for value in flat)
    try:
        numbers = packed("q" if is_whole else "d", flat)
    except OverflowError:
        raise argument_error("a number is too large for a tensor") from None
    address, _ = numbers.buffer_info()
    return _in_array(Array(address, "=i8" if is_whole else "=f8", tuple(shape), None, False, numbers), state, True)


def _stacked(values, state: State) -> Tensor:
    """Arrays of equal shape and type as one tensor with an axis more in front."""
    parts = [tensor_in(value, state) for value in values]
    alike = {(part.shape, part.dtype) for part in parts}
    if len(alike) != 1:
        raise argument_error(
            "arrays in a list need one shape and type; found "
            + ", ".join(f"{dtype} {list(shape)}" for shape, dtype in sorted(alike))
        )
    shape, dtype = alike.pop()
    whole = zeros_in(state, (len(parts), *shape), dtype)
    for row, part in enumerate(parts):
        whole._put(row, part)
    return whole


def tensor_in(value, state: State, copy: bool | None = None) -> Tensor:
    """Anything array-like as a tensor; a tensor is handed through unless copy is True."""
    if isinstance(value, Tensor):
        if not copy:
            value._live()
            return value
        return value.astype(value.dtype)
    array = array_of(value)
    if array is not None:
        return _in_array(array, state, copy)
    if hasattr(value, "__dlpack__"):
        return dlpack_in(value, state, copy)
    if not isinstance(value, (list, tuple, int, float)):
        raise argument_error(f"expected an array, a buffer, a number or lists of numbers; found {type(value).__name__}")
    if copy is False:
        raise UnsupportedError(UnsupportedError.status, "lists and numbers have to be copied")
    return _in_list(value, state)
