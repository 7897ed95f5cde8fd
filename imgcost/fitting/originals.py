"""Read an image as it is: its bytes and its header, checked before any pixel is decoded."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imgcost.errors import ArgumentError, FitError
from imgcost.figures import plural
from imgcost.files import (
    SOURCE_TYPES,
    check_stream,
    is_pillow,
    is_stream,
    open_without_waiting,
    pillow_contents,
    stream_contents,
)
from imgcost.headers import inspect_bytes

if TYPE_CHECKING:
    from typing import BinaryIO

    from imgcost.files import ImageSource
    from imgcost.headers import Contents, Header

__all__ = ["MAX_FILE_BYTES", "Original", "cannot_decode", "check_contents", "read_original"]

MAX_FILE_BYTES = 1 << 30
"""The largest file that is read, bytes."""


class Original(NamedTuple):
    """An image as it was given.

    Attributes:
        data: Its bytes; None for a Pillow image.
        pillow: The Pillow image; else None.
        media_type: Such as `image/jpeg`, detected from content; empty for a Pillow image without a file format.
        width: Width as stored, px.
        height: Height as stored, px.
        orientation: EXIF orientation, 1 to 8.
        animated: Whether there is more than one frame.
    """

    data: bytes | None
    pillow: Any
    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height after the orientation is applied, px."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def cannot_decode(name: str, advice: str | None = None) -> FitError:
    """Return the error for a format without a decoder."""
    return FitError("unsupported", f"{name} cannot be decoded", advice or "Convert it in another program.")


def read_original(image: ImageSource) -> Original:
    """Read an image and check that it is complete, from its first and last bytes.

    Args:
        image: A path, the bytes of an image, a seekable binary file at the start of the image, or a Pillow image. The
            position of a file is restored.

    Returns:
        The image.

    Raises:
        FitError: The image is damaged, not an image, or of a format that cannot be converted.
        OSError: The file cannot be read.
        ArgumentError: `image` is something else.
    """
    if isinstance(image, (str, os.PathLike)):
        return _from_file(os.fsdecode(image))
    if isinstance(image, (bytes, bytearray, memoryview)):
        data = bytes(image)
        header = check_contents(inspect_bytes(lambda offset, size: data[offset : offset + size], len(data)))
        return Original(data, None, *header)
    if is_pillow(image):
        return Original(None, image, *check_contents(pillow_contents(image)))
    if not is_stream(image):
        raise ArgumentError("image", image, SOURCE_TYPES)
    return _from_stream(image)


def _from_file(path: str) -> Original:
    if "\0" in path:
        raise ArgumentError("image", path, "a valid path, without NUL")
    with open(path, "rb", opener=open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FitError("not-a-file", "not a regular file")
        return _from_stream(file)


def _from_stream(stream: BinaryIO) -> Original:
    source = check_stream(stream, "image")
    header = check_contents(stream_contents(source, "image"))
    origin = source.tell()
    try:
        return Original(source.read(), None, *header)
    finally:
        source.seek(origin)


def check_contents(contents: Contents) -> Header:
    """Check the first and last bytes of an image that is to be decoded.

    Args:
        contents: What they say.

    Returns:
        The header.

    Raises:
        FitError: The image is damaged, not an image, of a format that cannot be converted, or too large.
    """
    if contents.problem and contents.problem.problem == "unsupported":
        raise cannot_decode(contents.problem.format or "the format", contents.problem.advice)
    if contents.problem:
        raise FitError(contents.problem.problem, contents.problem.reason, contents.problem.advice)
    if contents.truncated or contents.undecodable:
        raise FitError("damaged", contents.undecodable or "the end of the image is missing")
    if contents.file_bytes > MAX_FILE_BYTES:
        raise FitError("too-large", f"{plural(contents.file_bytes, 'byte')}: at most {MAX_FILE_BYTES:,} are read")
    return cast("Header", contents.header)  # there is one, or a problem
