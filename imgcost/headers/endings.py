"""Whether an image is whole, told by its last bytes: nothing is decoded.

The usual file ends with the mark of its end, and a look at its last bytes is all. Behind that mark some programs leave
more, a video or a thumbnail; only then the mark is searched for, from the end towards the beginning of the image data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.headers.jpeg import find_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.headers.header import ReadAt

__all__ = ["is_truncated"]

_TAIL_BYTES = 256
_WINDOW_BYTES = 1 << 16
# What stands behind a trailer without harm: padding of cameras and of some editors.
_PADDING = b"\0\r\n "


def is_truncated(media_type: str, read_at: ReadAt, file_bytes: int) -> bool:
    r"""Tell whether the end of an image is missing.

    A whole JPEG has its end marker behind the beginning of its image data, a PNG its IEND chunk, a GIF its trailer, and
    a WebP is as long as its RIFF header says. Damage in the middle is not seen.

    Args:
        media_type: What `parse_header` made of the beginning.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file.
        file_bytes: The length of the file, bytes.

    Returns:
        Whether the image ends too early.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02" + b"\x01\0\0;"
        >>> [is_truncated("image/gif", lambda at, n: gif[at : at + n], size) for size in (len(gif), len(gif) - 1)]
        [False, True]
    """
    return _TESTS[media_type](read_at, file_bytes)


def _jpeg(read_at: ReadAt, file_bytes: int) -> bool:
    # Image data never has an end marker: there, a zero follows each byte FF. A thumbnail before it has its own.
    return not _ends_with(b"\xff\xd9", read_at, file_bytes, lambda: find_scan(read_at))


def _png(read_at: ReadAt, file_bytes: int) -> bool:
    return not _ends_with(b"IEND\xaeB`\x82", read_at, file_bytes, lambda: 0)


def _gif(read_at: ReadAt, file_bytes: int) -> bool:
    # A single byte cannot be searched for. What follows the trailer in the wild is padding.
    start = max(file_bytes - _TAIL_BYTES, 0)
    tail = read_at(start, file_bytes - start).rstrip(_PADDING)
    return bool(tail) and not tail.endswith(b";")  # behind padding longer than that it is not looked for


def _webp(read_at: ReadAt, file_bytes: int) -> bool:
    return 8 + int.from_bytes(read_at(4, 4), "little") > file_bytes


_TESTS: dict[str, Callable[[ReadAt, int], bool]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
}


def _ends_with(mark: bytes, read_at: ReadAt, file_bytes: int, find_start: Callable[[], int | None]) -> bool:
    """Whether a mark stands at the end, or anywhere behind the start of the image data."""
    near = max(file_bytes - _TAIL_BYTES, 0)
    tail = read_at(near, file_bytes - near).rstrip(_PADDING)
    if tail.endswith(mark):
        return True
    start = find_start()
    end = file_bytes
    while start is not None and end > start:
        begin = max(end - _WINDOW_BYTES, start)
        # The windows overlap, so that no mark is cut in two.
        if mark in read_at(begin, end + len(mark) - 1 - begin):
            return True
        end = begin
    return False
