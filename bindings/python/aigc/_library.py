"""Finds and loads libaigc, and says to ctypes what every function takes and gives, as the headers do."""

from __future__ import annotations

import os
import sys
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

API_MAJOR = 0
"""Of the interface this package is written for: the number in the library's file name."""

MAX_METRICS = 16


class OptionInfo(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("type", c_char_p),
        ("default_value", c_char_p),
        ("help", c_char_p),
        ("range", c_char * 160),
    ]


class Metrics(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("step", c_uint64),
        ("count", c_uint32),
        ("reserved", c_uint32),
        ("names", c_char_p * MAX_METRICS),
        ("values", c_double * MAX_METRICS),
        ("space", c_char * 64),
    ]


class ProgressRecord(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("phase", c_char_p),
        ("step", c_uint64),
        ("steps", c_uint64),
        ("epoch", c_uint64),
        ("epochs", c_uint64),
        ("images", c_uint64),
        ("seconds", c_double),
        ("seconds_left", c_double),
        ("metrics", POINTER(Metrics)),
        ("validation", POINTER(Metrics)),
        ("preview", c_void_p),
        ("verdict", c_char_p),
    ]


class WeightsEntry(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("element", c_char_p),
        ("dtype", c_int32),
        ("rank", c_uint32),
        ("shape", c_int64 * 8),
        ("count", c_uint64),
        ("storage", c_uint64),
    ]


class WeightsValue(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("type", c_char_p),
        ("integer", c_int64),
        ("real", c_double),
        ("text", c_char_p),
    ]


LogFunction = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
ReleaseFunction = CFUNCTYPE(None, c_void_p, c_void_p)
DatasetFunction = CFUNCTYPE(c_int32, POINTER(c_uint8), POINTER(c_int64), c_uint64, c_void_p)
ProgressFunction = CFUNCTYPE(c_int32, POINTER(ProgressRecord), c_void_p)

_status = c_int32
_handle = c_void_p
_out = POINTER(c_void_p)
_text = c_char_p
_text_out = POINTER(c_char_p)
_numbers = POINTER(c_int64)

# Name: (result, arguments). tests/python/test_headers.py compares each line with the headers.
PROTOTYPES = {
    "aigc_version": (c_uint32, ()),
    "aigc_api_version": (c_uint32, ()),
    "aigc_build_info": (_text, ()),
    "aigc_last_error": (_text, ()),
    "aigc_status_name": (_text, (_status,)),
    # contexts
    "aigc_context_create": (_status, (_out, _handle)),
    "aigc_context_free": (None, (_handle,)),
    "aigc_context_set_log": (_status, (_handle, LogFunction, c_void_p)),
    "aigc_context_cancel": (None, (_handle,)),
    "aigc_context_clear_cancel": (None, (_handle,)),
    "aigc_context_memory": (_status, (_handle, POINTER(c_uint64), POINTER(c_uint64))),
    "aigc_context_info": (_status, (_handle, POINTER(c_uint32), _text_out)),
    # options
    "aigc_options_create": (_status, (_out,)),
    "aigc_options_free": (None, (_handle,)),
    "aigc_options_set_int": (_status, (_handle, _text, c_int64)),
    "aigc_options_set_float": (_status, (_handle, _text, c_double)),
    "aigc_options_set_string": (_status, (_handle, _text, _text)),
    "aigc_options_set_ints": (_status, (_handle, _text, _numbers, c_size_t)),
    "aigc_options_set_floats": (_status, (_handle, _text, POINTER(c_double), c_size_t)),
    "aigc_options_set_tensor": (_status, (_handle, _text, _handle)),
    "aigc_options_check": (_status, (_handle, _text, _text)),
    "aigc_option_info": (_status, (_text, _text, c_size_t, POINTER(OptionInfo))),
    "aigc_verb_info": (_status, (_text, c_size_t, _text_out, _text_out)),
    "aigc_kind_info": (_status, (_text, c_size_t, _text_out, _text_out)),
    # tensors
    "aigc_dtype_info": (_status, (c_int32, _text_out, POINTER(c_size_t), _text_out)),
    "aigc_tensor_create": (_status, (_out, _handle, c_int32, c_size_t, _numbers)),
    "aigc_tensor_wrap": (_status, (_out, _handle, c_void_p, c_int32, c_size_t, _numbers, ReleaseFunction, c_void_p)),
    "aigc_tensor_copy": (_status, (_out, _handle, c_void_p, _text, c_size_t, _numbers, _numbers)),
    "aigc_tensor_view": (_status, (_out, _handle, c_uint64, c_size_t, _numbers)),
    "aigc_tensor_retain": (None, (_handle,)),
    "aigc_tensor_release": (None, (_handle,)),
    "aigc_tensor_data": (c_void_p, (_handle,)),
    "aigc_tensor_shape": (_status, (_handle, POINTER(c_size_t), POINTER(_numbers))),
    "aigc_tensor_info": (_status, (_handle, POINTER(c_int32), POINTER(c_uint64), POINTER(c_uint64))),
    "aigc_tensor_convert": (_status, (_out, _handle, c_int32)),
    "aigc_tensor_to_dlpack": (_status, (_out, _handle, c_uint32)),
    "aigc_tensor_from_dlpack": (_status, (_out, _handle, c_void_p, c_uint32, c_int32)),
    "aigc_tensor_read": (_status, (_out, _handle, _text, _text)),
    "aigc_tensor_write": (_status, (_handle, _text, _text)),
    # pictures
    "aigc_image_read": (_status, (_out, _handle, _text, _handle)),
    "aigc_image_write": (_status, (_handle, _text, _handle)),
    "aigc_image_grid": (_status, (_out, _handle, _handle)),
    "aigc_image_write_grid": (_status, (_handle, _text, _handle)),
    "aigc_image_resize": (_status, (_out, _handle, _handle)),
    "aigc_animation_write": (_status, (_handle, _text, _handle)),
    # datasets
    "aigc_dataset_create": (_status, (_out, _handle, _text, _text, _handle)),
    "aigc_dataset_create_array": (_status, (_out, _handle, _handle, _handle, _handle)),
    "aigc_dataset_create_callback": (_status, (_out, _handle, _numbers, DatasetFunction, c_void_p, _handle)),
    "aigc_dataset_free": (None, (_handle,)),
    "aigc_dataset_split": (_status, (_handle, c_double, c_uint64, _out, _out)),
    "aigc_dataset_count": (c_uint64, (_handle,)),
    "aigc_dataset_info": (_status, (_handle, _numbers, _numbers, _numbers, _numbers)),
    "aigc_dataset_class_name": (_status, (_handle, c_int64, _text_out)),
    "aigc_dataset_batch": (_status, (_handle, _numbers, c_size_t, _out, _out)),
    "aigc_dataset_export": (_status, (_handle, _text)),
    "aigc_dataset_compare": (_status, (_handle, _handle, _handle, POINTER(Metrics), ProgressFunction, c_void_p)),
    # models
    "aigc_model_create": (_status, (_out, _handle, _text, _handle)),
    "aigc_model_load": (_status, (_out, _handle, _text, _handle)),
    "aigc_model_load_weights": (_status, (_handle, _text, _handle)),
    "aigc_model_save": (_status, (_handle, _text, _handle)),
    "aigc_model_train": (_status, (_handle, _handle, _handle, _handle, ProgressFunction, c_void_p)),
    "aigc_model_train_step": (_status, (_handle, _handle, _handle, _handle, POINTER(Metrics))),
    "aigc_model_evaluate": (_status, (_handle, _handle, _handle, POINTER(Metrics), ProgressFunction, c_void_p)),
    "aigc_model_generate": (_status, (_out, _handle, _handle)),
    "aigc_model_encode": (_status, (_out, _handle, _handle, _handle, _handle)),
    "aigc_model_decode": (_status, (_out, _handle, _handle, _handle, _handle)),
    "aigc_model_reconstruct": (_status, (_out, _handle, _handle, _handle, _handle)),
    "aigc_model_interpolate": (_status, (_out, _handle, _handle, _handle, _handle)),
    "aigc_model_parameter": (_status, (_handle, c_size_t, _text_out, _out)),
    "aigc_model_config": (_status, (_handle, _text_out, _text_out)),
    "aigc_model_option": (_status, (_handle, c_size_t, _text_out, _text_out)),
    "aigc_model_memory": (_status, (_handle, _text, _handle, POINTER(c_uint64))),
    "aigc_model_free": (None, (_handle,)),
    # weights
    "aigc_weights_open": (_status, (_out, _handle, _text, _handle)),
    "aigc_weights_free": (None, (_handle,)),
    "aigc_weights_info": (_status, (_handle, _text_out, POINTER(c_uint64), POINTER(c_uint64), POINTER(c_uint64))),
    "aigc_weights_tensor": (_status, (_handle, c_uint64, POINTER(WeightsEntry))),
    "aigc_weights_find": (_status, (_handle, _text, POINTER(c_uint64))),
    "aigc_weights_read": (_status, (_out, _handle, _text, c_int32)),
    "aigc_weights_value": (_status, (_handle, c_uint64, POINTER(WeightsValue))),
    "aigc_weights_opaque": (_status, (_handle, c_uint64, _text_out, _text_out)),
    "aigc_weights_write": (_status, (_handle, _text, _handle)),
}


def file_name() -> str:
    """What the library is called here."""
    return f"libaigc.{API_MAJOR}.dylib" if sys.platform == "darwin" else f"libaigc.so.{API_MAJOR}"


def _candidates():
    """Where the library may be, best first; a name without a folder is for the system's loader."""
    named = os.environ.get("AIGC_LIBRARY")
    if named:
        yield named
        return
    folders = [os.path.dirname(os.path.abspath(__file__))]
    try:
        from ._installed import LIBDIR

        folders.append(LIBDIR)
    except ImportError:  # not installed by meson
        pass
    for folder in folders:
        path = os.path.join(folder, file_name())
        if os.path.exists(path):
            yield path
    yield file_name()
    from ctypes.util import find_library  # slow, so last

    found = find_library("aigc")
    if found:
        yield found


def _load() -> tuple:
    """The library and the name it was found by."""
    tried = []
    for name in _candidates():
        try:
            return CDLL(name), name
        except OSError as error:
            reason = str(error)
            tried.append(reason if name in reason else f"{name}: {reason}")
    raise ImportError(
        "libaigc was not found. Install it, or name its file in the environment variable "
        "AIGC_LIBRARY. Tried: " + "; ".join(tried)
    )


class Library:
    """The library's functions by name, loaded when first used, so that `import aigc` takes no longer than it must."""

    def __init__(self) -> None:
        self._cdll = self._name = None

    def __getattr__(self, name):
        if name not in PROTOTYPES:
            raise AttributeError(name)
        if self._cdll is None:
            self._cdll, self._name = _load()
        try:
            function = self._cdll[name]
        except AttributeError:
            raise ImportError(
                f"{self._name} has no {name}(): it is not the libaigc this package needs, whose "
                f"interface has version {API_MAJOR}"
            ) from None
        function.restype, function.argtypes = PROTOTYPES[name]
        setattr(self, name, function)
        return function


lib = Library()
