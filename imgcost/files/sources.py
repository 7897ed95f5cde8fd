"""Read one image from a path, bytes, an open file or a Pillow image."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from imgcost import headers
from imgcost.errors import ArgumentError, HeaderError
from imgcost.files.probing import read_file_header
from imgcost.headers import Contents, Header, inspect_bytes

if TYPE_CHECKING:
    from typing import BinaryIO

    from PIL.Image import Image as PillowImage
    from typing_extensions import TypeIs

__all__ = [
    "SOURCE_TYPES",
    "ImageSource",
    "check_stream",
    "is_pillow",
    "is_stream",
    "pillow_contents",
    "read_header",
    "stream_contents",
]

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PillowImage"
"""A path, the bytes of an image, an open binary file, or a Pillow image."""

SOURCE_TYPES = "a path, the bytes of an image, a file opened with mode 'rb', or a Pillow image"

_ORIENTATION_TAG = 0x0112


def read_header(source: ImageSource) -> Header:
    r"""Read the header of one image.

    Args:
        source: A path; the bytes of the image; a seekable binary file, read from its current position, which is then
            restored; or a Pillow image that was opened from a JPEG, PNG, GIF or WebP file.

    Returns:
        The header.

    Raises:
        HeaderError: The image is empty, damaged, not an image, or of an unsupported format that cannot be measured.
        OSError: The file cannot be read.
        ArgumentError: `source` is something else, such as a file opened in text mode.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02"
        >>> read_header(gif)
        Header(media_type='image/gif', width=8, height=6, orientation=1, animated=False)
    """
    if isinstance(source, (str, os.PathLike)):
        try:
            return read_file_header(os.fsdecode(source))
        except HeaderError:
            raise
        except ValueError as error:  # such as a NUL byte in the name
            raise ArgumentError("source", source, f"a valid path ({error})") from None
    if isinstance(source, (bytes, bytearray, memoryview)):
        return headers.read_header(source)
    if is_pillow(source):
        contents = pillow_contents(source)
        if contents.header is None or not contents.header.media_type:
            what = f"is {source.format}" if source.format else "was not opened from a file"
            raise HeaderError(
                "unsupported", f"the Pillow image {what}: save it as PNG or JPEG first", format=source.format
            )
        return contents.header
    if not is_stream(source):
        raise ArgumentError("source", source, SOURCE_TYPES)
    return headers.read_header(check_stream(source, "source"))


def is_stream(value: object) -> bool:
    """Whether a value is an open file or a file-like object."""
    try:
        return callable(getattr(value, "read", None)) and not is_pillow(value)
    except Exception:  # noqa: BLE001 - an attribute can raise anything
        return False


def is_pillow(value: object) -> TypeIs[PillowImage]:
    """Whether a value is a Pillow image, without importing Pillow."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def check_stream(stream: Any, argument: str) -> BinaryIO:
    """Check that a file is binary and seekable, and return it.

    Raises:
        ArgumentError: The file was opened in text mode, or cannot seek.
    """
    try:
        text = not isinstance(stream.read(0), (bytes, bytearray))
        if not text:
            stream.seek(stream.tell())
    except Exception:  # noqa: BLE001 - a pipe, a closed file, an HTTP response, any object
        raise ArgumentError(argument, stream, "a seekable file, or bytes: pass stream.read()") from None
    if text:
        raise ArgumentError(argument, stream, "a file opened with mode 'rb'; this one was opened in text mode")
    return stream  # type: ignore[no-any-return] # checked above


def stream_contents(stream: BinaryIO, argument: str) -> Contents:
    """Read the start and the end of an image in an open file, from its current position, which is then restored.

    Args:
        stream: A file.
        argument: The name of the argument, for error messages.

    Returns:
        The header, or the reason why there is none, and whether the image is truncated.

    Raises:
        ArgumentError: The file was opened in text mode, or cannot seek.
    """
    source = check_stream(stream, argument)
    origin = source.tell()

    def read_at(offset: int, size: int) -> bytes:
        source.seek(origin + offset)
        return source.read(size)

    try:
        return inspect_bytes(read_at, source.seek(0, os.SEEK_END) - origin)
    finally:
        source.seek(origin)


def pillow_contents(image: Any) -> Contents:
    """Describe a Pillow image. Its file size is unknown until it is saved.

    Args:
        image: The image.

    Returns:
        A header and 0 bytes. The media type is empty unless the image was opened from a format that the API reads.
    """
    width, height = image.size
    if not (width and height):
        return Contents(0, None, HeaderError("empty", "the image has no pixels"))
    media_type = {
        "JPEG": "image/jpeg",
        "MPO": "image/jpeg",
        "PNG": "image/png",
        "GIF": "image/gif",
        "WEBP": "image/webp",
    }
    exif = image.getexif().get(_ORIENTATION_TAG, 1)
    orientation = exif if exif in range(1, 9) else 1
    animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    return Contents(0, Header(media_type.get(image.format, ""), width, height, orientation, animated))
