"""Check the images that a caller passes, of any kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from imgcost.errors import ArgumentError
from imgcost.files import Image, Unreadable, is_pillow, is_stream
from imgcost.preflight.inputs import bytes_input, pillow_input, record_input, stream_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.files import ImageSource
    from imgcost.preflight.disk import Disk
    from imgcost.preflight.singles import CheckedImages, ImageChecker
    from imgcost.rules import ImageInput

__all__ = ["Imagelike", "check_each", "each_source"]

Imagelike: TypeAlias = "ImageSource | Image | Unreadable"
"""A file, a folder, the bytes of an image, an open binary file, a Pillow image, or a record from `imgcost.scan`."""


EXPECTED = (
    "a path, the bytes of an image, an open binary file, a Pillow image, or a result of imgcost.scan; "
    "check_request takes image blocks"
)


IMAGES_PER_CHECK = 1000
"""Maximum number of images that are checked at once."""


def check_each(images: Imagelike | Iterable[Imagelike], disk: Disk, checker: ImageChecker) -> Iterator[CheckedImages]:
    """Check the images that a caller passes.

    Args:
        images: One image, or many of them.
        disk: Reads paths.
        checker: Checks the images.

    Yields:
        The results, in order; a path may have many.

    Raises:
        ArgumentError: Something is not an image.
    """
    inputs: list[ImageInput] = []
    for number, image in enumerate(each_source(images)):
        if isinstance(image, (str, os.PathLike)):
            yield checker.check_all(inputs)
            inputs = []
            yield from disk.check([os.fsdecode(image)], checker)
            continue
        inputs.append(_input(image, f"images.{number}"))
        if len(inputs) >= IMAGES_PER_CHECK:
            yield checker.check_all(inputs)
            inputs = []
    yield checker.check_all(inputs)


def _is_single_image(image: object) -> bool:
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Image, Unreadable)
    return isinstance(image, kinds) or is_pillow(image) or is_stream(image)


def each_source(images: Any, expected: str = EXPECTED) -> Iterator[Any]:
    """Yield images from an argument that is one image or several of them.

    Args:
        images: The argument.
        expected: What it should be, for the error.

    Raises:
        ArgumentError: It is not.
    """
    if _is_single_image(images):
        return iter([images])
    # A mapping, a DataFrame or a record would give its keys, columns or fields, and text is a path.
    if isinstance(images, Mapping) or hasattr(images, "columns") or hasattr(images, "_fields"):
        raise ArgumentError("images", images, expected)
    try:
        return iter(images)
    except TypeError:
        raise ArgumentError("images", images, expected) from None


def _input(image: Any, location: str) -> ImageInput:
    if isinstance(image, (Image, Unreadable)):
        return record_input(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes_input(image, location)
    if is_pillow(image):
        return pillow_input(image, location)
    if is_stream(image):
        return stream_input(image, location)
    raise ArgumentError(location, image, EXPECTED)
