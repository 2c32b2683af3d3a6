"""Who owns what of the library's: contexts, and cores that free a handle when the last user is gone.

A core is what an object has of the library. Every call holds the cores it works on, so that closing an object, in
whatever thread, never frees what is in use.
"""

from __future__ import annotations

import os
from _thread import RLock

from ._errors import HandleError
from ._library import lib

_generation = 0


def _forked() -> None:
    global _generation
    _generation += 1


os.register_at_fork(after_in_child=_forked)


class Handle:
    """Something of the library's, given to its functions as it is, so that a call keeps alive what it works on."""

    handle = None

    @property
    def _as_parameter_(self):
        return self.handle


class State(Handle):
    """A context of the library, with the lock that lets one Python thread in at a time."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.lock = RLock()
        self.call = None  # the outermost long one, perhaps over
        self.pending = []  # handles whose owners died meanwhile
        self.log = None
        self.generation = _generation

    def is_forked(self) -> bool:
        """Its process was this one's parent. The library refuses to work, and nothing is freed: the lock may be held
        and the handles in use by threads that are not here."""
        return self.generation != _generation

    def access(self):
        """The lock, to be used in `with`; in a forked process one of nobody, for the library to answer."""
        return RLock() if self.is_forked() else self.lock

    def is_busy(self) -> bool:
        """Whether a call that runs callbacks is under way. Asks the call itself, as an exception of a signal handler
        may come before any other note of its end is taken."""
        call = self.call
        return call is not None and call.is_running()

    def free(self, function, handle: int) -> None:
        """Now, or when the call that is under way has ended. Never waits: garbage is collected at any moment."""
        if not self.is_forked():
            self.pending.append((function, handle))
            self.free_pending()

    def free_pending(self) -> None:
        while self.pending and not self.is_busy() and self.lock.acquire(False):
            try:
                while self.pending and not self.is_busy():
                    function, handle = self.pending.pop()
                    function(handle)
            finally:
                self.lock.release()

    def __del__(self) -> None:
        if self.handle and not self.is_forked():
            lib.aigc_context_free(self.handle)


class Core(Handle):
    """A handle that needs its context to itself while it is freed: a model or a dataset."""

    def __init__(self, state: State, handle: int, function, keep=None) -> None:
        self.state = state
        self.function = function
        self.keep = keep
        self.handle = handle

    def __del__(self) -> None:
        if self.handle:
            self.state.free(self.function, self.handle)


class TensorCore(Handle):
    """A reference to a tensor; letting go is allowed in any thread at any time."""

    def __init__(self, state: State, handle: int) -> None:
        self.state = state
        self.handle = handle

    def __del__(self) -> None:
        if self.handle and not self.state.is_forked():
            lib.aigc_tensor_release(self.handle)


class Owner:
    """What models, datasets and tensors have in common."""

    _core = None
    _what = "object"

    def __init__(self, *arguments, **options) -> None:
        raise TypeError(f"aigc.{type(self).__name__} objects are not made this way; see help(aigc)")

    def _live(self):
        core = self._core
        if core is None:
            raise HandleError(HandleError.status, f"the {self._what} was closed")
        return core

    def close(self) -> None:
        """Let go of it now rather than when it is garbage. Closing twice is fine."""
        self._core = None

    def __enter__(self):
        self._live()
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __copy__(self):
        raise TypeError(f"a {self._what} cannot be copied")

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce_ex__(self, protocol):
        raise TypeError(f"a {self._what} cannot be pickled; save it to a file and load that")
