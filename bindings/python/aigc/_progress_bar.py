"""The progress bar: tqdm's where that is installed, otherwise a line on a terminal, and plain lines elsewhere."""

from __future__ import annotations

import sys


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _head(p) -> str:
    return f"epoch {p.epoch}/{p.epochs}" if p.epochs else p.phase


def _number(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _metrics(p) -> str:
    """The loss and its parts, or the numbers of a game, which say less than the verdict; and the first of them on the
    validation pictures."""
    is_loss = "loss" in p.metrics
    words = [f"{name} {_number(value)}" for name, value in list(p.metrics.items())[: 3 if is_loss else 5]]
    if p.verdict:
        words.insert(len(words) if is_loss else 0, p.verdict)
    if p.validation:
        words.append(f"validation {_number(next(iter(p.validation.values())))}")
    return "  ".join(words)


def _left(p) -> str:
    return "" if p.seconds_left is None else f"{_duration(p.seconds_left)} left"


class _Lines:
    """A line at the end of each epoch."""

    def __init__(self, stream) -> None:
        self.stream = stream

    def __call__(self, p) -> None:
        if p.step == p.steps and p.metrics:
            self.line("  ".join(filter(None, (_head(p), _metrics(p), _duration(p.seconds), _left(p)))))

    def line(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def close(self) -> None:
        pass


class _Bar(_Lines):
    """A line that is drawn over and over, and stays as plain text at the end of an epoch."""

    is_drawn = False

    def __call__(self, p) -> None:
        super().__call__(p)
        if p.step < p.steps:
            self.draw(p)

    def draw(self, p) -> None:
        from shutil import get_terminal_size

        width = get_terminal_size().columns - 1
        head, rest = f"{_head(p)}  {p.step}/{p.steps}", "  ".join(filter(None, (_metrics(p), _left(p))))
        cells = min(width - len(head) - len(rest) - 5, 30)
        bar = ""
        if cells >= 6:
            done = int(p.step / p.steps * cells)
            bar = " [" + ("=" * done + ">").ljust(cells)[:cells] + "]"
        self.stream.write("\r" + f"{head}{bar}  {rest}"[:width] + "\x1b[K")
        self.stream.flush()
        self.is_drawn = True

    def line(self, text: str) -> None:
        self.close()
        super().line(text)

    def close(self) -> None:
        if self.is_drawn:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.is_drawn = False


class _Tqdm:
    """One of tqdm's bars for each epoch; what it tells by itself is left out where we know better, so that the losses
    fit into a line."""

    FORMAT = "{desc} {n_fmt}/{total_fmt} {bar:12}{postfix}"

    def __init__(self, tqdm) -> None:
        self.tqdm, self.bar, self.epoch = tqdm, None, None

    def __call__(self, p) -> None:
        if self.bar is None or self.epoch != p.epoch:
            self.close()
            self.bar, self.epoch = self.tqdm(total=p.steps, desc=_head(p), bar_format=self.FORMAT), p.epoch
        self.bar.set_postfix_str("  ".join(filter(None, (_metrics(p), _left(p)))), refresh=False)
        self.bar.update(p.step - self.bar.n)
        if p.step == p.steps:
            self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class ProgressBar:
    """Give it as progress=aigc.progress_bar."""

    def begin(self):
        """A bar for one call."""
        try:
            from tqdm.auto import tqdm

            return _Tqdm(tqdm)
        except ImportError:
            stream = sys.stderr
            return _Bar(stream) if stream.isatty() else _Lines(stream)

    def __call__(self, p) -> None:
        """One line at the end of an epoch, for those who call it from a function of their own."""
        _Lines(sys.stderr)(p)


progress_bar = ProgressBar()
