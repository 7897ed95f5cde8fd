"""Measure formats whose size is at a fixed offset, or in text near the start."""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.header import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.headers.header import ReadAt, Size

__all__ = [
    "bmp_size",
    "eps_size",
    "exr_size",
    "icns_size",
    "icon_size",
    "j2k_size",
    "name_bmp",
    "name_icon",
    "name_netpbm",
    "name_tga",
    "name_xbm",
    "pcx_size",
    "size_at",
    "size_in_text",
    "xbm_size",
]


def size_at(layout: str, offset: int, *, height_first: bool = False) -> Callable[[bytes, ReadAt], Size | None]:
    """Return a function that reads the size at a fixed offset.

    Args:
        layout: The `struct` format of the two numbers.
        offset: Their offset, bytes.
        height_first: Whether the first number is the height.
    """
    fields = Struct(layout)

    def measure(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - all measuring functions have the same signature
        if len(head) < offset + fields.size:
            return None
        first, second = fields.unpack_from(head, offset)
        return (second, first, 1) if height_first else (first, second, 1)

    return measure


def size_in_text(pattern: bytes, *, height_first: bool = False) -> Callable[[bytes, ReadAt], Size | None]:
    """Return a function that reads the size from text in the head.

    Args:
        pattern: A regular expression with one group per number.
        height_first: Whether the first number is the height.
    """
    search = re.compile(pattern).search

    def measure(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
        match = search(head)
        if not match:
            return None
        first, second = int(match[1]), int(match[2])
        return (second, first, 1) if height_first else (first, second, 1)

    return measure


def j2k_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Read the SIZ segment of a JPEG 2000 codestream: the reference grid minus its offset (ISO/IEC 15444-1, A.5.1)."""
    if len(head) < 24:
        return None
    right, bottom, left, top = Struct(">4I").unpack_from(head, 8)
    return right - left, bottom - top, 1


# BMP

_BMP_HEADER_BYTES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def name_bmp(head: bytes) -> str | None:
    """Detect BMP: `BM` can also be text, so the size of the following header must be a known one."""
    return "BMP" if int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES else None


def bmp_size(head: bytes, read_at: ReadAt) -> Size | None:
    """Read the size; the height is negative if the first row is the top row."""
    old = head[14:15] == b"\x0c"
    size = size_at("<HH" if old else "<ii", 18)(head, read_at)
    return (size[0], abs(size[1]), 1) if size else None


# Icons


def name_icon(head: bytes) -> str | None:
    """Detect ICO and CUR: a count and a reserved zero byte distinguish them from other files that begin with zeros."""
    if head[4:6] > b"\0\0" and head[9:10] == b"\0":
        return "ICO" if head[2] == 1 else "CUR"
    return None


def icon_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Measure the largest image in an icon, where 0 means 256."""
    count = int.from_bytes(head[4:6], "little")
    entries = [head[at : at + 2] for at in range(6, min(6 + 16 * count, len(head) - 1), 16)]
    sizes = [(entry[0] or 256, entry[1] or 256, 1) for entry in entries]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


_ICNS_EDGES = {
    b"is32": 16, b"il32": 32, b"ih32": 48, b"it32": 128, b"ICN#": 32, b"ics#": 16, b"ich#": 48, b"icl8": 32,
    b"ics8": 16, b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic04": 16, b"ic05": 32, b"ic07": 128, b"ic08": 256,
    b"ic09": 512, b"ic10": 1024, b"ic11": 32, b"ic12": 64, b"ic13": 256, b"ic14": 512,
}  # fmt: skip
_MAX_ICONS = 64


def icns_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Measure the largest icon of a macOS icon file, by the types of its elements."""
    at, edge = 8, 0
    for _ in range(_MAX_ICONS):
        element = read_at(at, 8)
        length = int.from_bytes(element[4:8], "big")
        if length < 8:
            break
        edge = max(edge, _ICNS_EDGES.get(element[:4], 0))
        at += length
    return edge, edge, 1


# Formats without a reliable signature

_BOUNDS = re.compile(rb"%%BoundingBox:\s*(-?\d{1,9})\s+(-?\d{1,9})\s+(-?\d{1,9})\s+(-?\d{1,9})")


def eps_size(head: bytes, read_at: ReadAt) -> Size | None:
    """Read the bounding box in points, which Pillow treats as pixels; a preview may precede it."""
    if head.startswith(b"\xc5"):
        head = read_at(int.from_bytes(head[4:8], "little"), HEAD_BYTES)
    match = _BOUNDS.search(head)
    if not match:
        return None
    left, bottom, right, top = map(int, match.groups())
    return right - left, top - bottom, 1


def exr_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Read the display window of an OpenEXR file; its right and bottom edges are inclusive."""
    at = head.find(b"displayWindow\0box2i\0\x10\0\0\0")
    window = head[at + 24 : at + 40] if at > 0 else b""
    if len(window) < 16:
        return None
    left, top, right, bottom = Struct("<4i").unpack(window)
    return right - left + 1, bottom - top + 1, 1


def pcx_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Read the window of a PCX file; its right and bottom edges are inclusive."""
    if len(head) < 12:
        return None
    left, top, right, bottom = Struct("<4H").unpack_from(head, 4)
    return right - left + 1, bottom - top + 1, 1


def name_netpbm(head: bytes) -> str | None:
    """Detect Netpbm: the signature can also be text, so a number or a comment must follow."""
    named = head[1:2] in b"1234567Ff" and head[2:3].isspace() and (head[3:4].isalnum() or head[3:4] == b"#")
    return "Netpbm" if named else None


_XBM = re.compile(rb"#define\s+\S*_width\s+(\d{1,9})\s+#define\s+\S*_height\s+(\d{1,9})\s")


def name_xbm(head: bytes) -> str | None:
    """Detect X bitmaps, which are C code that begins with definitions of the size."""
    return "XBM" if _XBM.match(head) else None


xbm_size = size_in_text(_XBM.pattern)


def name_tga(head: bytes) -> str | None:
    """Detect TGA, which has no signature, by the consistency of its fields."""
    if len(head) < 18:
        return None
    colors_kind, kind, colors, depth = head[1], head[2], head[3:8], head[16]
    indexed = kind in {1, 9} and colors_kind == 1 and colors[4] in {15, 16, 24, 32}
    direct = kind in {2, 3, 10, 11} and colors_kind == 0 and colors == bytes(5)
    sized = head[12:14] > b"\0\0" and head[14:16] > b"\0\0"
    return "TGA" if (indexed or direct) and sized and depth in {8, 15, 16, 24, 32} and head[17] < 64 else None
