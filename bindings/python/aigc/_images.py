"""Pictures in and out, grids of them, other sizes."""

from __future__ import annotations

from ._calls import long_call, made
from ._context import state_of

from ._library import lib
from ._options import Options
from ._tables import takes_options
from ._tensor import Tensor, as_tensor
from ._values import text_of


def _state_for(images, context):
    return images._live().state if context is None and isinstance(images, Tensor) else state_of(context)


@takes_options((None, "image-read"))
def read_image(path, *, context=None, **options) -> Tensor:
    """Read a PNG or JPEG file as u8 [1, height, width, channels]."""
    state = state_of(context)
    named = Options(state, options)
    return Tensor._made(
        state, made(long_call, state, lib.aigc_tensor_release, lib.aigc_image_read, state, text_of(path, "path"), named)
    )


def _write(function, images, path, context, options) -> None:
    state = _state_for(images, context)
    core, named = as_tensor(images, state)._live(), Options(state, options)
    long_call(state, function, core, text_of(path, "path"), named)


@takes_options((None, "image-write"))
def save_image(image, path, *, context=None, **options) -> None:
    """Write one picture [height, width, channels] or [1, height, width, channels], u8 or f32 0..1, as PNG or JPEG by
    the path's suffix, whole or not at all."""
    _write(lib.aigc_image_write, image, path, context, options)


@takes_options((None, "image-grid"), (None, "image-write"))
def save_grid(images, path, *, context=None, **options) -> None:
    """Arrange pictures [n, height, width, channels] in rows and write them as one PNG or JPEG."""
    _write(lib.aigc_image_write_grid, images, path, context, options)


@takes_options((None, "animation-write"))
def save_animation(images, path, *, context=None, **options) -> None:
    """Write pictures [n, height, width, channels] as the frames of an animated PNG."""
    _write(lib.aigc_animation_write, images, path, context, options)


def _changed(function, images, context, options) -> Tensor:
    state = _state_for(images, context)
    core, named = as_tensor(images, state)._live(), Options(state, options)
    return Tensor._made(state, made(long_call, state, lib.aigc_tensor_release, function, core, named))


@takes_options((None, "image-grid"))
def make_grid(images, *, context=None, **options) -> Tensor:
    """Arrange pictures [n, height, width, channels] in rows, with padding, as one picture."""
    return _changed(lib.aigc_image_grid, images, context, options)


@takes_options((None, "image-resize"))
def resize(images, *, context=None, **options) -> Tensor:
    """Pictures [n, height, width, channels] in another size, with antialiasing."""
    return _changed(lib.aigc_image_resize, images, context, options)
