"""One exception class for each status of the library; str() is the library's sentence."""

from __future__ import annotations

from ._library import lib


class AigcError(Exception):
    """Something the library refused or could not do."""

    status = 0

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence

    def __reduce__(self):
        return type(self), (self.status, self.sentence)


class ArgumentError(AigcError, ValueError):
    """A wrong shape, element type or value."""

    status = -1


class OptionError(AigcError, ValueError):
    """An unknown option, or a value outside its range."""

    status = -2


class HandleError(AigcError):
    """Something that was closed, or is of another kind."""

    status = -3


class StateError(AigcError):
    """The call makes no sense now: an untrained model, a callback that calls back in."""

    status = -4


class OutOfMemoryError(AigcError, MemoryError):
    """The system gave no memory."""

    status = -5


class LimitError(AigcError):
    """The context's memory_limit, or a limit of a file format, would be exceeded."""

    status = -6


class FileError(AigcError, OSError):
    """A file could not be opened, read, written or renamed."""

    status = -7


class CorruptError(AigcError):
    """A file's contents contradict its format."""

    status = -8


class UnsupportedError(AigcError):
    """Well-formed, but not something this build or this kind can do."""

    status = -9


class DomainError(AigcError):
    """Mathematically undefined for these numbers."""

    status = -10


class NumericError(AigcError):
    """NaN or infinity turned up while computing."""

    status = -11


class CancelledError(AigcError):
    """Stopped by Context.cancel() or by a callback's answer."""

    status = -12


class ForkedError(AigcError):
    """Made by the process from which this one was forked."""

    status = -13


class ThreadError(AigcError):
    """A thread could not be created."""

    status = -14


class NotFoundError(AigcError, LookupError):
    """No such kind, name or index."""

    status = -15


CLASSES = {
    kind.status: kind
    for kind in (
        ArgumentError,
        OptionError,
        HandleError,
        StateError,
        OutOfMemoryError,
        LimitError,
        FileError,
        CorruptError,
        UnsupportedError,
        DomainError,
        NumericError,
        CancelledError,
        ForkedError,
        ThreadError,
        NotFoundError,
    )
}


def error_of(status: int, sentence: str) -> AigcError:
    return CLASSES.get(status, AigcError)(status, sentence)


def last_error(status: int) -> AigcError:
    """What the call that just returned `status` in this thread has to say."""
    return error_of(status, lib.aigc_last_error().decode("utf-8", "replace"))


def check(status: int) -> None:
    if status:
        raise last_error(status)


def argument_error(sentence: str) -> ArgumentError:
    return ArgumentError(ArgumentError.status, sentence)
