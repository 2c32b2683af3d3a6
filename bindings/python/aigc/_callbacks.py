"""The functions that C calls. What C hands back as `user` is a key, never an address of Python's."""

from __future__ import annotations

from _weakref import ref
from ctypes import PyDLL, py_object, pythonapi
from itertools import count

from ._library import DatasetFunction, LogFunction, ProgressFunction, ReleaseFunction

_next_key = count(1).__next__
_kept = {}


def keep(thing) -> int:
    """A key for C, who has `thing` kept alive until forget()."""
    key = _next_key()
    _kept[key] = thing
    return key


def forget(key: int) -> None:
    _kept.pop(key, None)


def watch(thing) -> int:
    """A key for C that does not keep `thing` alive; see found()."""
    key = _next_key()
    _kept[key] = ref(thing, lambda dead, kept=_kept: kept.pop(key, None))
    return key


def _found(key: int):
    watched = _kept.get(key)
    return None if watched is None else watched()


@ReleaseFunction
def on_release(data, user, kept=_kept) -> None:
    kept.pop(user, None)


@LogFunction
def on_log(level, message, user) -> None:
    state = _found(user)
    if state is not None and state.log is not None:
        try:
            state.log(level, message.decode("utf-8", "replace"))
        except BaseException as error:
            if state.call is None:
                raise  # ctypes prints it: there is no call for it to come out of
            state.call.log_error = state.call.log_error or error


@ProgressFunction
def on_progress(record, user) -> int:
    try:
        handler = _kept[user]
        return handler.state.call.ask(handler.run, (record,))
    except BaseException:  # nothing may leave through C
        return 1


@DatasetFunction
def on_picture(pixels, label, index, user) -> int:
    try:
        source = _found(user)
        return source.state.call.ask(source.run, (pixels, label, index))
    except BaseException:
        return 1


# C may call these for as long as the process lives, also while the interpreter takes its modules apart.
_python = PyDLL(None, handle=pythonapi._handle)
_python.Py_IncRef.argtypes = (py_object,)
_python.Py_IncRef.restype = None
for _function in (on_release, on_log, on_progress, on_picture):
    _python.Py_IncRef(_function)
