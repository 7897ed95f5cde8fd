"""What a header says, and how it fails to say it: what the readers of all formats share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from imgcost.errors import HeaderError

__all__ = ["HEAD_BYTES", "HOP_BYTES", "MAX_STEPS", "Fields", "Header", "ReadAt", "damaged", "impossible"]

HEAD_BYTES = 4096
"""How many bytes `parse_header` wants first: a read of 32 bytes costs as much, one of 64 KB twice as much."""

# A hop past a long segment reads this much. It holds two quantization tables and the frame header of a usual photo,
# and stays below the 512 bytes up to which CPython allocates objects fastest.
HOP_BYTES = 448

# Real files need tens of steps, a JPEG with a huge profile a few hundred. A step costs at most two small reads.
MAX_STEPS = 4096

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Called with an offset and a number of bytes, from the start of the file; gives fewer bytes only at its end."""


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


Fields: TypeAlias = tuple[str, int, int, int, bool]
"""The fields of a `Header` as a plain tuple, which a scan of millions of files builds faster."""


def damaged(name: str, what: str) -> HeaderError:
    """Say that a file of a supported format is cut or lies."""
    return HeaderError("damaged", f"the {name} {what}", format=name)


def impossible(name: str, width: int, height: int) -> HeaderError:
    """Say that a file claims a size that no image has."""
    return damaged(name, f"has an impossible size, {width} x {height}")
