"""Keyword arguments as the library's option sets. The library checks and converts; here only types are told apart."""

from __future__ import annotations

from ctypes import byref, c_double, c_int64, c_void_p
from os import PathLike

from ._errors import ArgumentError, argument_error, check
from ._handles import Handle, State
from ._library import lib
from ._values import text_of

_INT_LIMIT = 2**63


def _fits(values) -> bool:
    return all(-_INT_LIMIT <= value < _INT_LIMIT for value in values)


class Options(Handle):
    """An option set of the library for the time of one call."""

    def __init__(self, state: State | None, named: dict) -> None:
        self._state = state
        if named:
            out = c_void_p()
            check(lib.aigc_options_create(byref(out)))
            self.handle = out.value
            for name, value in named.items():
                if value is not None:
                    self._set(name, text_of(name[:-1] if name.endswith("_") else name, "an option's name"), value)

    def __del__(self) -> None:
        if self.handle:
            lib.aigc_options_free(self.handle)

    def _set(self, name: str, key: bytes, value) -> None:
        if isinstance(value, float):
            check(lib.aigc_options_set_float(self.handle, key, value))
        elif isinstance(value, int) and _fits([value]):
            check(lib.aigc_options_set_int(self.handle, key, int(value)))
        elif isinstance(value, int):  # the library says what is wrong with it
            check(lib.aigc_options_set_string(self.handle, key, b"%d" % value))
        elif isinstance(value, (str, bytes, PathLike)):
            check(lib.aigc_options_set_string(self.handle, key, text_of(value, f"option {name}")))
        elif isinstance(value, (list, tuple, range)):
            self._set_list(name, key, list(value))
        elif getattr(value, "shape", None) == () and hasattr(value, "item"):  # a number of NumPy or PyTorch
            self._set(name, key, value.item())
        else:
            self._set_tensor(name, key, value)

    def _set_list(self, name: str, key: bytes, values: list) -> None:
        values = [value.item() if getattr(value, "shape", None) == () else value for value in values]
        if all(isinstance(value, int) for value in values) and _fits(values):
            check(lib.aigc_options_set_ints(self.handle, key, (c_int64 * len(values))(*values), len(values)))
        elif all(isinstance(value, (int, float)) for value in values):
            check(lib.aigc_options_set_floats(self.handle, key, (c_double * len(values))(*values), len(values)))
        else:
            self._set_tensor(name, key, values)

    def _set_tensor(self, name: str, key: bytes, value) -> None:
        from ._arrays import tensor_in

        if self._state is None:
            raise argument_error(
                f"option {name} is of type {type(value).__name__}; expected a number, text or a list of numbers"
            )
        try:
            core = tensor_in(value, self._state)._live()
        except ArgumentError as error:
            raise argument_error(f"option {name}: {error}") from None
        check(lib.aigc_options_set_tensor(self.handle, key, core))
