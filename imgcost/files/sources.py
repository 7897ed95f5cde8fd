"""One image in whatever people hold: a path, its bytes, an open file, or a Pillow image."""

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

__all__ = ["ImageSource", "is_pillow", "is_stream", "pillow_contents", "read_header", "stream_contents"]

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PillowImage"
"""A path, the bytes of an image, an open binary file, or a Pillow image."""

EXPECTED = "a path, the bytes of an image, a file opened with mode 'rb', or a Pillow image"

_ORIENTATION_TAG = 0x0112


def read_header(source: ImageSource) -> Header:
    r"""Read the header of one image.

    Args:
        source: A path; the bytes of the image; a seekable binary file, which is read from where it is and left there;
            or a Pillow image that was opened from a JPEG, PNG, GIF or WebP.

    Returns:
        The header.

    Raises:
        HeaderError: The bytes are empty, damaged, of a format that the API does not read, or not an image.
        OSError: The file cannot be read.
        ArgumentError: It is something else, such as a file opened as text.

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
        except ValueError as error:  # such as a NUL in the name
            raise ArgumentError("source", source, f"a path that can exist ({error})") from None
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
        raise ArgumentError("source", source, EXPECTED)
    return headers.read_header(check_stream(source, "source"))


def is_stream(value: object) -> bool:
    """Whether a value is an open file, or reads like one."""
    return callable(getattr(value, "read", None)) and not is_pillow(value)


def is_pillow(value: object) -> TypeIs[PillowImage]:
    """Whether a value is a Pillow image; Pillow is not imported to find out."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def check_stream(stream: Any, argument: str) -> BinaryIO:
    """Take a file that gives bytes and can be read more than once.

    Raises:
        ArgumentError: It was opened as text, or cannot seek.
    """
    try:
        text = not isinstance(stream.read(0), (bytes, bytearray))
        if not text:
            stream.seek(stream.tell())
    except Exception:  # noqa: BLE001 - a pipe, a closed file, a response, a stranger's object
        raise ArgumentError(argument, stream, "an open file that can seek, or its bytes: stream.read()") from None
    if text:
        raise ArgumentError(argument, stream, "a file opened with mode 'rb': this one gives text")
    return stream  # type: ignore[no-any-return] # just tried


def stream_contents(stream: BinaryIO, argument: str) -> Contents:
    """Look at both ends of what an open file still holds, and leave it where it was.

    Args:
        stream: A file.
        argument: What it is called in an error.

    Returns:
        Its header, or why there is none, and whether it is whole.

    Raises:
        ArgumentError: It was opened as text, or cannot seek.
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
    """See a Pillow image: its size is known, but not how many bytes it will have once it is saved.

    Args:
        image: The image.

    Returns:
        A header, whose media type is empty where the image was not opened from a format that the API reads; 0 bytes.
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
    orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    turned = orientation if orientation in range(1, 9) else 1
    animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    return Contents(0, Header(media_type.get(image.format, ""), width, height, turned, animated))
