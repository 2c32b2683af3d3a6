"""Contexts: threads, memory and log that everything made in them shares."""

from __future__ import annotations

import os
from _thread import RLock
from ctypes import byref, c_char_p, c_uint32, c_uint64

from ._callbacks import on_log, watch
from ._calls import quick_call
from ._errors import argument_error, check
from ._handles import Owner, State
from ._library import lib
from ._options import Options
from ._tables import takes_options

_LEVELS = (40, 30, 20)  # ERROR, WARNING and INFO of module logging


def _to_logging(level: int, text: str) -> None:
    import logging  # only when there is something to say

    logging.getLogger("aigc").log(level, text)


class Context(Owner):
    """Threads, memory and log that everything made in it shares; used by one Python thread at a time, others wait."""

    _what = "context"

    @takes_options((None, "context"))
    def __init__(self, *, log=None, **options) -> None:
        """Start a context.

        log: called with a level of module logging and a line of text; None: the logger "aigc"; False: no log
        """
        from ctypes import c_void_p

        out = c_void_p()
        check(lib.aigc_context_create(byref(out), Options(None, options)))
        state = State(out.value)
        if log is not False:
            write = log or _to_logging
            state.log = lambda level, text: write(_LEVELS[level] if level < len(_LEVELS) else 10, text)
            quick_call(state, lib.aigc_context_set_log, state, on_log, watch(state))
        self._core = state

    def cancel(self) -> None:
        """Stop the call that is under way: it raises CancelledError. For other threads and signal handlers; without
        such a call the next one that can be cancelled is."""
        lib.aigc_context_cancel(self._live())

    def memory(self) -> tuple[int, int]:
        """Bytes held now, and at most so far."""
        live, peak = c_uint64(), c_uint64()
        check(lib.aigc_context_memory(self._live(), byref(live), byref(peak)))
        return live.value, peak.value

    def _info(self) -> tuple[int, str]:
        threads, cpu = c_uint32(), c_char_p()
        check(lib.aigc_context_info(self._live(), byref(threads), byref(cpu)))
        return threads.value, cpu.value.decode()

    @property
    def threads(self) -> int:
        """Threads that compute, the calling one counted."""
        return self._info()[0]

    @property
    def cpu(self) -> str:
        """Instruction set in use: "c", "avx2", "avx512" or "neon"."""
        return self._info()[1]

    def __repr__(self) -> str:
        if self._core is None:
            return "<aigc.Context, closed>"
        return "<aigc.Context, {} threads, {}>".format(*self._info())

    def close(self) -> None:
        """Give it up. What was made in it keeps it alive until the last of that is gone."""
        self._core = None


_default = None
_lock = RLock()


def default_context() -> Context:
    """The context used where none is given, made at first use with all cores."""
    global _default
    with _lock:
        if _default is None or _default._core is None:
            _default = Context()
        return _default


def _forget_default() -> None:
    global _default, _lock
    _default = None
    _lock = RLock()


os.register_at_fork(after_in_child=_forget_default)


def state_of(context: Context | None) -> State:
    if context is None:
        context = default_context()
    if not isinstance(context, Context):
        raise argument_error(f"context is {context!r}; expected an aigc.Context")
    return context._live()
