"""Read an image's format, size, orientation and animation from its first bytes.

No pixel is decoded and no imaging library is imported: a header is a few struct reads, so a folder is scanned at
about the speed of opening its files. Whatever lies past the first `HEAD_BYTES` is fetched only if the answer needs it.

Every walk through a file is bounded, so a hostile file costs milliseconds and not minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from imgcost.errors import HeaderError
from imgcost.headers.endings import examine
from imgcost.headers.foreign import format_name, refusal, unsupported
from imgcost.headers.gif import parse_gif
from imgcost.headers.header import HEAD_BYTES, Fields, Header, ReadAt, from_head
from imgcost.headers.jpeg import parse_jpeg
from imgcost.headers.png import parse_png
from imgcost.headers.webp import parse_webp

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HEAD_BYTES",
    "Contents",
    "Header",
    "ReadAt",
    "format_name",
    "inspect_bytes",
    "parse_header",
    "read_header",
    "unsupported",
]

_PARSERS: dict[bytes, Callable[[bytes, ReadAt, bool], Fields]] = {
    b"\xff\xd8\xff": parse_jpeg,
    b"\x89PN": parse_png,
    b"GIF": parse_gif,
    b"RIF": parse_webp,
}
"""The parser of each format, by its first three bytes."""


def read_header(source: bytes | bytearray | memoryview | BinaryIO) -> Header:
    r"""Read the header of one image.

    Args:
        source: The bytes of the image, or a seekable binary stream that stands where the image begins. A stream is
            left where it was.

    Returns:
        The header.

    Raises:
        HeaderError: The bytes are empty, damaged, of a format that the API does not read, or not an image. An `OSError`
            of the stream itself passes through.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02"
        >>> read_header(gif)
        Header(media_type='image/gif', width=8, height=6, orientation=1, animated=False)
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source)
        if view.ndim != 1 or view.itemsize != 1:
            view = memoryview(view.tobytes())
        return Header(
            *parse_header(view[:HEAD_BYTES].tobytes(), lambda offset, size: view[offset : offset + size].tobytes())
        )
    origin = source.tell()

    def read_at(offset: int, size: int) -> bytes:
        source.seek(origin + offset)
        found = source.read(size)
        # A raw stream may give less than it has.
        while len(found) < size and (more := source.read(size - len(found))):
            found += more
        return found

    try:
        return Header(*parse_header(read_at(0, HEAD_BYTES), read_at))
    finally:
        source.seek(origin)


def parse_header(head: bytes, read_at: ReadAt, details: bool = True) -> Fields:
    r"""Read the header of one image of which the first bytes are already here.

    Args:
        head: The first `HEAD_BYTES` bytes of the file, or all of it where it is shorter.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file, where `head` is not enough;
            returns fewer bytes only at the end of the file.
        details: Whether orientation and animation are asked for. Without them less is read, and they come out as 1
            and False; what is refused, and every size, stays the same.

    Returns:
        The fields of a `Header`, as a plain tuple.

    Raises:
        HeaderError: The bytes are empty, damaged, not an image, or an image of another format that cannot be measured.

    Example:
        >>> png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\0\0\0\0"
        >>> parse_header(png, lambda offset, size: png[offset : offset + size])
        ('image/png', 640, 480, 1, False)
    """
    parse = _PARSERS.get(head[:3])
    try:
        if parse is None:
            raise refusal(head, read_at)
        return parse(head, read_at, details)
    except HeaderError as error:
        if error.media_type is None or error.width is None or error.height is None:
            raise
        # An image that has to be converted costs what its size says.
        return error.media_type, error.width, error.height, error.orientation, False


class Contents(NamedTuple):
    """What an image is from end to end, as far as its first and last bytes tell.

    Attributes:
        file_bytes: Its length, bytes; where it came as base64, that of what is encoded.
        header: What it begins with, or None where that is no image which the API reads.
        problem: Why there is no header; else None.
        truncated: Whether its end is missing.
        undecodable: Why no common decoder reads it although its header is sound, as a sentence; else None.
        unusual: Why some decoders reject it, as a sentence; else None.
    """

    file_bytes: int
    header: Header | None
    problem: HeaderError | None = None
    truncated: bool = False
    undecodable: str | None = None
    unusual: str | None = None


def inspect_bytes(read_at: ReadAt, file_bytes: int) -> Contents:
    r"""Look at both ends of an image.

    Args:
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the image.
        file_bytes: The length of the image, bytes.

    Returns:
        Its header, or why there is none, and whether it is whole and can be decoded.

    Example:
        >>> png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\0\0\0\0"
        >>> inspect_bytes(lambda offset, size: png[offset : offset + size], len(png)).truncated
        True
    """
    head = read_at(0, HEAD_BYTES)
    read_at = from_head(head, read_at)
    try:
        header = Header(*parse_header(head, read_at))
    except HeaderError as problem:
        return Contents(file_bytes, None, problem)
    return Contents(file_bytes, header, None, *examine(header.media_type, head, read_at, file_bytes))
