"""DLPack capsules, both ways. The library makes and reads what is in them."""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, PyDLL, PYFUNCTYPE, Structure, c_char_p, c_int, c_int32, c_uint8, c_uint16
from ctypes import c_uint32, c_uint64, c_void_p, cast, py_object, pythonapi

NAMES = (b"dltensor", b"dltensor_versioned")
_USED_NAMES = (b"used_dltensor", b"used_dltensor_versioned")  # capsules point to these: they must live on
CPU = (1, 0)


class _Tensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("code", c_uint8),
        ("bits", c_uint8),
        ("lanes", c_uint16),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("byte_offset", c_uint64),
    ]


class _Managed(Structure):
    _fields_ = [("tensor", _Tensor), ("context", c_void_p), ("deleter", c_void_p)]


class _ManagedVersioned(Structure):
    _fields_ = [("major", c_uint32), ("minor", c_uint32), ("context", c_void_p), ("deleter", c_void_p)]


_RECORDS = (_Managed, _ManagedVersioned)
_Deleter = CFUNCTYPE(None, c_void_p)
_Destructor = PYFUNCTYPE(None, c_void_p)

_python = PyDLL(None, handle=pythonapi._handle)  # own prototypes, not those of everybody
_python.PyCapsule_New.argtypes = (c_void_p, c_char_p, _Destructor)
_python.PyCapsule_New.restype = py_object
_python.PyCapsule_IsValid.argtypes = (c_void_p, c_char_p)
_python.PyCapsule_IsValid.restype = c_int
_python.PyCapsule_GetPointer.argtypes = (c_void_p, c_char_p)
_python.PyCapsule_GetPointer.restype = c_void_p
_python.PyCapsule_SetName.argtypes = (py_object, c_char_p)
_python.PyCapsule_SetName.restype = c_int
_python.Py_IncRef.argtypes = (py_object,)
_python.Py_IncRef.restype = None


@_Destructor
def _destroy(capsule) -> None:
    """Of a capsule that nobody took; it is half dead already, so only its address is used."""
    for major, name in enumerate(NAMES):
        if _python.PyCapsule_IsValid(capsule, name):
            managed = _python.PyCapsule_GetPointer(capsule, name)
            deleter = cast(managed, POINTER(_RECORDS[major])).contents.deleter
            if deleter:
                _Deleter(deleter)(managed)


for _thing in (_destroy, *NAMES, *_USED_NAMES):
    _python.Py_IncRef(_thing)


def capsule_of(managed: int, major: int):
    """A capsule that owns `managed` until somebody takes it."""
    return _python.PyCapsule_New(managed, NAMES[major], _destroy)


def opened(capsule) -> tuple[int, int]:
    """What is in a capsule, still its own, and its major version."""
    for major, name in enumerate(NAMES):
        if _python.PyCapsule_IsValid(id(capsule), name):
            return _python.PyCapsule_GetPointer(id(capsule), name), major
    raise TypeError(f"expected a fresh DLPack capsule, got {capsule!r}")


def taken(capsule, major: int) -> None:
    """Tells the capsule that it owns nothing any more."""
    _python.PyCapsule_SetName(capsule, _USED_NAMES[major])


def capsule_from(source, copy):
    """Asks an object for its capsule; older libraries know fewer arguments."""
    named = {} if copy is None else {"copy": copy}
    try:
        return source.__dlpack__(max_version=(1, 0), **named)
    except TypeError:
        return source.__dlpack__()
