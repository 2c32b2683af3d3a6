"""libaigc: train and run generative models on ordinary CPUs.

    import aigc
    model = aigc.Model.create("vae", latent_dim=20)
    model.train(aigc.Dataset.folder("rooms", size=(64, 64)), epochs=10, progress=aigc.progress_bar)
    aigc.save_grid(model.generate(25, seed=7), "designs.png")

Options are keyword arguments; help(aigc.Model.create) and aigc.options("vae") show them as the library has them. An
option whose name is a word of Python's gets an underscore behind: class_="dog". Arrays can be anything array-like.
Every failure is an AigcError with the library's sentence. Models, datasets, tensors and contexts can be used in `with`
and closed; without, they go with their last reference.
"""

from __future__ import annotations

from ._context import Context, default_context
from ._dataset import Dataset
from ._errors import (
    AigcError,
    ArgumentError,
    CancelledError,
    CorruptError,
    DomainError,
    FileError,
    ForkedError,
    HandleError,
    LimitError,
    NotFoundError,
    NumericError,
    OptionError,
    OutOfMemoryError,
    StateError,
    ThreadError,
    UnsupportedError,
)
from ._images import make_grid, read_image, resize, save_animation, save_grid, save_image
from ._model import Model
from ._progress import Progress
from ._progress_bar import progress_bar
from ._tables import Option, OptionTable, OptionTables, kinds, options
from ._tensor import Tensor, from_dlpack, read_tensor, tensor, zeros
from ._weights import Weights, open_weights

__all__ = [
    "AigcError",
    "ArgumentError",
    "CancelledError",
    "Context",
    "CorruptError",
    "Dataset",
    "DomainError",
    "FileError",
    "ForkedError",
    "HandleError",
    "LimitError",
    "Model",
    "NotFoundError",
    "NumericError",
    "Option",
    "OptionError",
    "OptionTable",
    "OptionTables",
    "OutOfMemoryError",
    "Progress",
    "StateError",
    "Tensor",
    "ThreadError",
    "UnsupportedError",
    "Weights",
    "build_info",
    "default_context",
    "from_dlpack",
    "kinds",
    "make_grid",
    "open_weights",
    "options",
    "progress_bar",
    "read_image",
    "read_tensor",
    "resize",
    "save_animation",
    "save_grid",
    "save_image",
    "tensor",
    "zeros",
]


def build_info() -> str:
    """One line: version, instruction sets and optional parts of the library."""
    from ._library import lib

    return lib.aigc_build_info().decode()


def __getattr__(name: str):
    if name == "__version__":
        from ._library import lib

        version = lib.aigc_version()
        return f"{version >> 16}.{version >> 8 & 255}.{version & 255}"
    raise AttributeError(f"module 'aigc' has no attribute {name!r}")
