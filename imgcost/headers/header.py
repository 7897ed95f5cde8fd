"""What a header says, and how it fails to say it: what the readers of all formats share."""

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
    "impossible",
]

HEAD_BYTES = 4096
"""How many bytes `parse_header` wants first: a read of 32 bytes costs as much, one of 64 KB twice as much."""

# A hop past a long segment reads this much. It holds two quantization tables and the frame header of a usual photo,
# and stays below the 512 bytes up to which CPython allocates objects fastest.
HOP_BYTES = 448

# Real files need tens of steps, a JPEG with a huge profile a few hundred. A step costs at most two small reads.
MAX_STEPS = 2048

MAX_SEARCH_BYTES = 8 << 20
"""How far an end is searched for. The largest file that the API takes is a little shorter; a longer one is rejected
for its size, and not accused of a missing end that may come later."""

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Called with an offset and a number of bytes, from the start of the file; gives fewer bytes only at its end."""

Size: TypeAlias = tuple[int, int, int]
"""Width and height as stored, px, and the EXIF orientation, of a format that the API does not read."""


class Header(NamedTuple):
    """What the first bytes of an image say.

    Attributes:
        media_type: `image/jpeg`, `image/png`, `image/gif` or `image/webp`.
        width: In pixels as stored, before any orientation is applied.
        height: In pixels as stored, before any orientation is applied.
        orientation: The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense.
        animated: Whether there is more than one frame. The API reads the first only. A JPEG never is, even with
            further pictures behind it (MPO).
    """

    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool


class Ending(NamedTuple):
    """What the rest of a file says of an image whose header is sound.

    Attributes:
        truncated: Whether its end is missing.
        undecodable: Why no common decoder reads it, as a sentence; else None.
        unusual: Why some decoders reject it, as a sentence; else None.
    """

    truncated: bool = False
    undecodable: str | None = None
    unusual: str | None = None


Fields: TypeAlias = tuple[str, int, int, int, bool]
"""The fields of a `Header` as a plain tuple, which a scan of millions of files builds faster."""


_MAX_FILE_BYTES = 1 << 50  # offsets of 64 bits may lie, and no system call takes the largest


def from_head(head: bytes, read_at: ReadAt) -> ReadAt:
    """Answer from the first bytes what they hold, and read the rest; beyond what any file has there is nothing.

    Args:
        head: The first `HEAD_BYTES` bytes of the file, or all of it where it is shorter.
        read_at: As in `parse_header`.
    """
    known = len(head) if len(head) == HEAD_BYTES else 1 << 62

    def read(offset: int, size: int) -> bytes:
        if offset + size <= known:
            return head[offset : offset + size]
        return read_at(offset, size) if offset < _MAX_FILE_BYTES else b""

    return read


def damaged(name: str, what: str) -> HeaderError:
    """Say that a file of a supported format is cut or lies."""
    return HeaderError("damaged", f"the {name} {what}", format=name)


def impossible(name: str, width: int, height: int) -> HeaderError:
    """Say that a file claims a size that no image has."""
    return damaged(name, f"has an impossible size, {width} x {height}")
