"""Convert the images that a caller passes, of any kind, to inputs of rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from imgcost.errors import ArgumentError
from imgcost.files import Image, Unreadable, is_pillow, is_stream
from imgcost.preflight.inputs import bytes_input, pillow_input, record_input, stream_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.files import ImageSource
    from imgcost.preflight.disk import Disk
    from imgcost.rules import ImageInput

__all__ = ["Imagelike", "inputs_of"]

Imagelike: TypeAlias = "ImageSource | Image | Unreadable"
"""A file, a folder, the bytes of an image, an open binary file, a Pillow image, or a record from `imgcost.scan`."""


EXPECTED = (
    "a path, the bytes of an image, an open binary file, a Pillow image, or a record of imgcost.scan; "
    "check_request takes image blocks"
)


def inputs_of(images: Imagelike | Iterable[Imagelike], disk: Disk) -> Iterator[ImageInput]:
    """Convert the images that a caller passes to inputs of rules.

    Args:
        images: One image, or many of them.
        disk: Reads paths.

    Yields:
        The inputs; a path may have many.

    Raises:
        ArgumentError: Something is not an image.
    """
    if _is_one(images):
        yield from _inputs(images, "images.0", disk)
        return
    # A mapping, a DataFrame or a record would give its keys, columns or fields, and text is a path.
    if isinstance(images, Mapping) or hasattr(images, "columns") or hasattr(images, "_fields"):
        raise ArgumentError("images", images, EXPECTED)
    try:
        many = iter(images)  # type: ignore[arg-type] # that is the question
    except TypeError:
        raise ArgumentError("images", images, EXPECTED) from None
    for number, image in enumerate(many):
        yield from _inputs(image, f"images.{number}", disk)


def _is_one(image: object) -> bool:
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Image, Unreadable)
    return isinstance(image, kinds) or is_pillow(image) or is_stream(image)


def _inputs(image: Any, location: str, disk: Disk) -> Iterator[ImageInput]:
    if isinstance(image, (str, os.PathLike)):
        yield from cast("Iterator[ImageInput]", disk.see([os.fsdecode(image)]))  # it has no shape of requests
    elif isinstance(image, (Image, Unreadable)):
        yield record_input(image)
    elif isinstance(image, (bytes, bytearray, memoryview)):
        yield bytes_input(image, location)
    elif is_pillow(image):
        yield pillow_input(image, location)
    elif is_stream(image):
        yield stream_input(image, location)
    else:
        raise ArgumentError(location, image, EXPECTED)
