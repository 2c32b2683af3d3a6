"""Calls into the library: one thread at a time in a context, callbacks, exceptions out of them, and Ctrl-C.

Python runs signal handlers in the main thread, and only between its own instructions. So a long call of the main
thread runs in a thread of its own, while the main thread waits in a way that Ctrl-C can interrupt, and runs the
callbacks meanwhile. Calls of other threads need none of this.
"""

from __future__ import annotations

import sys
from _queue import Empty, SimpleQueue
from _thread import allocate_lock, get_ident, start_new_thread
from ctypes import byref, c_void_p

from ._errors import last_error
from ._handles import State
from ._library import lib

# Seconds between looks around while waiting: a signal that comes just before a thread falls asleep does not wake it.
_IMPATIENCE = 0.05


class _Request:
    """A callback on its way from a thread of the library to the one that made the call."""

    __slots__ = ("function", "arguments", "answer", "ready")

    def __init__(self, function, arguments) -> None:
        self.function = function
        self.arguments = arguments
        self.answer = 1
        self.ready = allocate_lock()
        self.ready.acquire()


class Call:
    """One call under way."""

    def __init__(self, state: State, function, arguments) -> None:
        self.state = state
        self.function = function
        self.arguments = arguments
        self.failure = None  # what the library says
        self.error = None  # what a callback or a signal handler raised
        self.log_error = None
        self.inbox = None  # of requests, where callbacks have to run in another thread
        self.unclaimed = [True]
        self.is_done = False
        self.was_cancelled = False

    def is_running(self) -> bool:
        return not self.unclaimed and not self.is_done

    def execute(self) -> None:
        self.unclaimed.clear()
        try:
            status = self.function(*self.arguments)
            if status:
                self.failure = last_error(status)
        except BaseException as error:  # such as ctypes.ArgumentError
            self.error = self.error or error
        finally:
            self.is_done = True

    def claim(self) -> bool:
        """True to the first who asks."""
        try:
            return self.unclaimed.pop()
        except IndexError:
            return False

    def _work(self) -> None:
        if self.claim():
            self.execute()
            self.inbox.put(None)

    def execute_aside(self) -> None:
        self.inbox = SimpleQueue()
        try:
            start_new_thread(self._work, ())
            self._serve()
        except BaseException as error:
            if self.claim():  # it has not begun and never will
                if not isinstance(error, RuntimeError):
                    self.is_done = True
                    raise
                self.inbox = None  # no more threads, or the interpreter is about to end
                self.execute()
                return
            self._stop(error)
        while not self.is_done:
            try:
                self._serve()
            except BaseException as error:
                self._stop(error)

    def _stop(self, error: BaseException) -> None:
        self.error = self.error or error
        self.was_cancelled = True
        lib.aigc_context_cancel(self.state)

    def _serve(self) -> None:
        while not self.is_done:
            try:
                request = self.inbox.get(True, _IMPATIENCE)
            except Empty:
                continue
            if request is not None:
                request.answer = self.run(request.function, request.arguments)
                request.ready.release()

    def run(self, function, arguments) -> int:
        """A callback's answer as C has it; not 0 if it raises."""
        if self.error is not None:
            return 1
        try:
            return function(*arguments)
        except BaseException as error:
            self.error = error
            return 1

    def ask(self, function, arguments) -> int:
        """In a thread of the library: has a callback run where it belongs, and waits for its answer."""
        if self.inbox is None:
            return self.run(function, arguments)
        request = _Request(function, arguments)
        self.inbox.put(request)
        while not request.ready.acquire(True, _IMPATIENCE):
            if self.error is not None:
                return 1
        return request.answer

    def finish(self) -> None:
        """Raises what there is to raise."""
        error = self.error or self.log_error or self.failure
        self.error = self.log_error = self.failure = None
        if error is not None:
            try:
                raise error
            finally:
                error = None  # its traceback holds this frame


def _can_be_interrupted() -> bool:
    """Whether this is the thread that hears of signals, in an interpreter that still starts threads."""
    if sys.is_finalizing():
        return False
    import threading

    return get_ident() == threading.main_thread().ident


def quick_call(state: State, function, *arguments) -> None:
    """A call that neither takes long nor runs callbacks."""
    try:
        with state.access():
            status = function(*arguments)
            if status:
                raise last_error(status)
    finally:
        state.free_pending()


def long_call(state: State, function, *arguments) -> None:
    """A call that may take long or run callbacks."""
    call = Call(state, function, arguments)
    try:
        with state.access():
            if not state.is_busy():  # otherwise a callback calls back in, which the library refuses
                state.call = call
            if _can_be_interrupted():
                call.execute_aside()
            else:
                call.execute()
            if call.was_cancelled:  # perhaps too late for this call; it must not stop the next
                lib.aigc_context_clear_cancel(state)
            if state.call is call:
                state.call = None
    finally:
        state.free_pending()
    call.finish()


def made(how, state: State, free, function, *arguments) -> int:
    """The handle that a call (`how` is one of the two above) leaves through its first argument."""
    out = c_void_p()
    try:
        how(state, function, byref(out), *arguments)
    except BaseException:
        if out.value:
            free(out)
        raise
    return out.value
