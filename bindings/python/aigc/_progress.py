"""How far a long call is, and bars that show it."""

from __future__ import annotations

from ._callbacks import forget, keep, on_progress
from ._errors import argument_error
from ._handles import State
from ._library import Metrics, ProgressFunction, lib
from ._tensor import Tensor


class MetricsDict(dict):
    """Numbers by name; `space` names the feature space of the distances among them, else it is ""."""

    space = ""


def metrics_of(record: Metrics) -> MetricsDict:
    metrics = MetricsDict((record.names[i].decode(), record.values[i]) for i in range(record.count))
    if record.space:
        metrics.space = record.space.decode()
    return metrics


class Progress:
    """Where a long call stands.

    phase: "train" or "evaluate"; step, steps: within the epoch; epoch, epochs: from 1; images: seen so far in this
    call; seconds: since it began; seconds_left: None while unknown; metrics: means over the epoch so far, by name;
    validation: the same of the validation pictures at an epoch's end, else None; preview: sample pictures, at an
    epoch's end or every samples_every steps, mostly None; verdict: how it goes, in a few words, or None
    """

    def __init__(self, record, state: State) -> None:
        self.phase = record.phase.decode()
        self.step, self.steps = record.step, record.steps
        self.epoch, self.epochs = record.epoch, record.epochs
        self.images = record.images
        self.seconds = record.seconds
        self.seconds_left = record.seconds_left if record.seconds_left >= 0 else None
        self.metrics = metrics_of(record.metrics.contents) if record.metrics else {}
        self.validation = metrics_of(record.validation.contents) if record.validation else None
        self.verdict = record.verdict.decode() if record.verdict else None
        self.preview = None
        if record.preview:
            lib.aigc_tensor_retain(record.preview)
            self.preview = Tensor._made(state, record.preview)

    def __repr__(self) -> str:
        where = f"epoch {self.epoch}/{self.epochs}, step {self.step}/{self.steps}"
        return f"<aigc.Progress {self.phase}, {where}, {self.metrics}>"


class _Handler:
    """Hands the library's reports to a user's function."""

    def __init__(self, state: State, function) -> None:
        self.state, self.function = state, function

    def run(self, record) -> int:
        return 1 if self.function(Progress(record.contents, self.state)) else 0


class watching:
    """For the time of a call: the C function and the key through which reports reach the user's function."""

    def __init__(self, state: State, function) -> None:
        if function is not None and not callable(function):
            raise argument_error(f"progress is {function!r}; expected a function, such as aigc.progress_bar")
        begin = getattr(function, "begin", None)
        self.bar = begin() if begin else None
        self.handler = None if function is None else _Handler(state, self.bar or function)
        self.key = None

    def __enter__(self):
        if self.handler is None:
            return ProgressFunction(), None
        self.key = keep(self.handler)
        return on_progress, self.key

    def __exit__(self, *error) -> None:
        if self.key is not None:
            forget(self.key)
        if self.bar is not None:
            self.bar.close()
