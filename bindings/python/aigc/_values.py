"""Python's values as C takes them; what does not fit is refused here, since ctypes would cut it to size."""

from __future__ import annotations

from ctypes import c_int64
from operator import index as as_index
from os import fsencode

from ._errors import argument_error


def text_of(value, what: str) -> bytes:
    """Text or a path as C takes it."""
    try:
        data = fsencode(value)
    except (TypeError, UnicodeEncodeError):
        raise argument_error(f"{what} is {value!r}; expected text or a path") from None
    if b"\0" in data:
        raise argument_error(f"{what} has a NUL character in it: {value!r}")
    return data


def whole(value, what: str, least: int = -(2**63), most: int = 2**63 - 1) -> int:
    try:
        number = as_index(value)
    except TypeError:
        raise argument_error(f"{what} is {value!r}; expected a whole number") from None
    if not least <= number <= most:
        raise argument_error(f"{what} is {number}; expected {least}..{most}")
    return number


def whole_numbers(values, what: str):
    """An array of int64."""
    try:
        numbers = [whole(value, what) for value in values]
    except TypeError:
        raise argument_error(f"{what} is {values!r}; expected whole numbers") from None
    return (c_int64 * len(numbers))(*numbers)
