"""Read an image's format, size, orientation and animation from its first bytes.

No pixels are decoded and no imaging library is imported: parsing a header takes a few struct reads, so a scan is about
as fast as opening the files. Data beyond the first `HEAD_BYTES` is read only if it is needed.

Every walk through a file is bounded, so a hostile file takes milliseconds, not minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from imgcost.errors import HeaderError
from imgcost.headers.endings import examine
from imgcost.headers.foreign import format_name, unsupported
from imgcost.headers.gif import parse_gif
from imgcost.headers.header import HEAD_BYTES, Fields, Header, ReadAt, from_head
from imgcost.headers.jpeg import parse_jpeg
from imgcost.headers.png import parse_png
from imgcost.headers.refusals import unreadable_error
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

# Same as Header(*fields) at a third of the cost: a check of a directory creates millions.
_new = tuple.__new__


def read_header(source: bytes | bytearray | memoryview | BinaryIO) -> Header:
    r"""Read the header of one image.

    Args:
        source: The bytes of the image, or a seekable binary stream positioned at its start. The position of a stream
            is restored.

    Returns:
        The header.

    Raises:
        HeaderError: The data is empty, damaged, not an image, or of an unsupported format that cannot be measured.
        OSError: Reading the stream failed.

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
        data = source.read(size)
        # A raw stream may return less than was requested.
        while len(data) < size and (more := source.read(size - len(data))):
            data += more
        return data

    try:
        return Header(*parse_header(read_at(0, HEAD_BYTES), read_at))
    finally:
        source.seek(origin)


def parse_header(head: bytes, read_at: ReadAt, details: bool = True) -> Fields:
    r"""Read the header of one image whose first bytes have already been read.

    Args:
        head: The first `HEAD_BYTES` bytes of the file, or the whole file if it is shorter.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file, if `head` is not enough;
            returns fewer bytes only at the end of the file.
        details: Whether to read orientation and animation. If False, less is read, and they are 1 and False; sizes and
            errors do not change.

    Returns:
        The fields of a `Header`, as a plain tuple.

    Raises:
        HeaderError: The data is empty, damaged, not an image, or of an unsupported format that cannot be measured.

    Example:
        >>> png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\0\0\0\0"
        >>> parse_header(png, lambda offset, size: png[offset : offset + size])
        ('image/png', 640, 480, 1, False)
    """
    parse = _PARSERS.get(head[:3])
    try:
        if parse is None:
            raise unreadable_error(head, read_at)
        return parse(head, read_at, details)
    except HeaderError as error:
        if error.media_type is None or error.width is None or error.height is None:
            raise
        # An image that has to be converted costs the tokens of its size.
        return error.media_type, error.width, error.height, error.orientation, False


class Contents(NamedTuple):
    """What the first and last bytes of an image say about it.

    Attributes:
        file_bytes: Length of the image after base64 decoding, bytes.
        header: The header; None if the data could not be read as an image.
        problem: Why there is no header; else None.
        truncated: Whether the end is missing.
        undecodable: Why no common decoder reads the image despite a valid header, as a sentence; else None.
        unusual: Why some decoders reject the image, as a sentence; else None.
    """

    file_bytes: int
    header: Header | None
    problem: HeaderError | None = None
    truncated: bool = False
    undecodable: str | None = None
    unusual: str | None = None


def inspect_bytes(read_at: ReadAt, file_bytes: int) -> Contents:
    r"""Check the start and the end of an image.

    Args:
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the image.
        file_bytes: The length of the image, bytes.

    Returns:
        The header, or the reason why there is none, and whether the image is complete and can be decoded.

    Example:
        >>> png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\0\0\0\0"
        >>> inspect_bytes(lambda offset, size: png[offset : offset + size], len(png)).truncated
        True
    """
    head = read_at(0, HEAD_BYTES)
    read_at = from_head(head, read_at)
    try:
        header = _new(Header, parse_header(head, read_at))
    except HeaderError as problem:
        return Contents(file_bytes, None, problem)
    return _new(Contents, (file_bytes, header, None, *examine(header.media_type, head, read_at, file_bytes)))
