"""Types, limits and errors shared by the header readers of all formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from imgcost.errors import HeaderError

__all__ = [
    "HEAD_BYTES",
    "HOP_BYTES",
    "MAX_SEARCH_BYTES",
    "MAX_STEPS",
    "Ending",
    "Fields",
    "Header",
    "ReadAt",
    "Size",
    "damaged",
    "from_head",
    "impossible_size",
]

HEAD_BYTES = 4096
"""Bytes that `parse_header` needs first. Reading 32 bytes takes as long, reading 64 KB twice as long."""

# Bytes read after skipping a long segment: enough for two quantization tables and the frame header of a typical photo,
# and below the 512 bytes up to which CPython allocates objects fastest.
HOP_BYTES = 448

# Real files need tens of steps, a JPEG with a huge profile a few hundred. A step takes at most two small reads.
MAX_STEPS = 2048

MAX_SEARCH_BYTES = 8 << 20
"""Bytes searched for the end of an image: a little more than the largest file that the API accepts. A larger file is
rejected for its size, so it is not reported as truncated."""

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Called with an offset from the start of the file and a number of bytes; returns fewer bytes only at the end."""

Size: TypeAlias = tuple[int, int, int]
"""Width and height as stored, px, and EXIF orientation, of an image in a format that the API does not read."""


class Header(NamedTuple):
    """The header of an image.

    Attributes:
        media_type: Such as `image/jpeg`.
        width: Width as stored, before any orientation is applied, px.
        height: Height as stored, before any orientation is applied, px.
        orientation: The EXIF orientation, 1 to 8; 1 if it is missing or invalid.
        animated: Whether there is more than one frame; the API reads only the first. Always False for JPEG, even if
            more images follow in the file (MPO).
    """

    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool


class Ending(NamedTuple):
    """The result of checking the rest of an image whose header is valid.

    Attributes:
        truncated: Whether the end is missing.
        undecodable: Why no common decoder reads the image, as a sentence; else None.
        unusual: Why some decoders reject the image, as a sentence; else None.
    """

    truncated: bool = False
    undecodable: str | None = None
    unusual: str | None = None


Fields: TypeAlias = tuple[str, int, int, int, bool]
"""The fields of a `Header` as a plain tuple, which is faster to create in a scan of millions of files."""


_MAX_FILE_BYTES = 1 << 50  # 64-bit offsets may be invalid, and system calls reject the largest


def from_head(head: bytes, read_at: ReadAt) -> ReadAt:
    """Return a `ReadAt` that serves reads within `head` from memory, and nothing beyond any possible file size.

    Args:
        head: The first `HEAD_BYTES` bytes of the file, or the whole file if it is shorter.
        read_at: As in `parse_header`.
    """
    in_memory = len(head) if len(head) == HEAD_BYTES else 1 << 62

    def read(offset: int, size: int) -> bytes:
        if offset + size <= in_memory:
            return head[offset : offset + size]
        return read_at(offset, size) if offset < _MAX_FILE_BYTES else b""

    return read


def damaged(name: str, what: str) -> HeaderError:
    """Return the error for a file of a supported format that is truncated or invalid."""
    return HeaderError("damaged", f"the {name} {what}", format=name)


def impossible_size(name: str, width: int, height: int) -> HeaderError:
    """Return the error for a file with an impossible size."""
    return damaged(name, f"has an impossible size: {width}x{height} px")
