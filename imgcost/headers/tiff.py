"""Read TIFF and camera raw formats based on it: the first directory, or that of the full-size image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from imgcost.headers.header import ReadAt, Size

__all__ = ["inspect_tiff", "jpeg_xr_size", "raf_size", "rw2_size", "tiff_size"]

_MAX_ENTRIES = 256
_MAX_DIRECTORIES = 8
_TYPE_BYTES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}  # BYTE, SHORT, LONG, IFD, and those of BigTIFF

_REDUCED, _WIDTH, _HEIGHT, _COLORS, _ORIENTATION, _CHILDREN, _DNG = 254, 256, 257, 262, 274, 330, 50706
_WANTED = frozenset({_REDUCED, _WIDTH, _HEIGHT, _COLORS, _ORIENTATION, _CHILDREN, _DNG})
_MOSAIC = 32803  # the photometric interpretation of raw sensor data

_Order: TypeAlias = Literal["little", "big"]


class _Layout(NamedTuple):
    """How numbers are stored: their byte order, and whether offsets have eight bytes (BigTIFF)."""

    order: _Order
    big: bool

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)


def _layout(head: bytes) -> _Layout:
    return _Layout("little" if head[:1] == b"I" else "big", b"+" in head[2:4])


def _directory(read_at: ReadAt, offset: int, layout: _Layout, wanted: frozenset[int] = _WANTED) -> dict[int, list[int]]:
    """Read the numbers in the wanted entries of a directory, by tag (TIFF 6.0, section 2)."""
    count_bytes, entry_bytes, word = (8, 20, 8) if layout.big else (2, 12, 4)
    data = read_at(offset, count_bytes + entry_bytes * 32)
    count = min(layout.number(data[:count_bytes]), _MAX_ENTRIES)
    if count > 32:
        data = read_at(offset, count_bytes + entry_bytes * count)
    values: dict[int, list[int]] = {}
    for at in range(count_bytes, min(count_bytes + entry_bytes * count, len(data)), entry_bytes):
        entry = data[at : at + entry_bytes]
        tag, size = layout.number(entry[:2]), _TYPE_BYTES.get(layout.number(entry[2:4]))
        if tag not in wanted or size is None:
            continue
        length = min(layout.number(entry[4 : 4 + word]), _MAX_DIRECTORIES)
        field = entry[4 + word :]
        if size * length > word:
            field = read_at(layout.number(field), size * length)
        values[tag] = [layout.number(field[start : start + size]) for start in range(0, size * length, size)]
    return values


def _first(values: dict[int, list[int]], tag: int) -> int:
    return (values.get(tag) or [0])[0]


def _read(head: bytes, read_at: ReadAt) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Read the first directory and that of the full-size image, which cameras store as a child of a preview."""
    layout = _layout(head)
    first = _directory(read_at, layout.number(head[8:16] if layout.big else head[4:8]), layout)
    if not _first(first, _REDUCED) & 1:
        return first, first
    children = [_directory(read_at, offset, layout) for offset in first.get(_CHILDREN, ())]
    full = [child for child in children if not _first(child, _REDUCED) & 1]
    return first, max(full, key=lambda child: _first(child, _WIDTH) * _first(child, _HEIGHT), default=first)


def tiff_size(head: bytes, read_at: ReadAt) -> Size:
    """Read the size of the image, in full size if the first directory is only a preview (TIFF/EP, DNG)."""
    return inspect_tiff(head, read_at)[1]


def inspect_tiff(head: bytes, read_at: ReadAt) -> tuple[str, Size]:
    """Read the name of the format, which distinguishes camera raw from plain TIFF, and the size of the image."""
    first, full = _read(head, read_at)
    if head[8:10] == b"CR":
        name = "CR2"
    elif _DNG in first:
        name = "DNG"
    else:
        name = "camera raw" if _first(full, _COLORS) == _MOSAIC else "TIFF"
    return name, (_first(full, _WIDTH), _first(full, _HEIGHT), _first(first, _ORIENTATION) or 1)


def rw2_size(head: bytes, read_at: ReadAt) -> Size:
    """Measure Panasonic's raw data: the borders of the picture on the sensor."""
    values = _directory(
        read_at, int.from_bytes(head[4:8], "little"), _layout(head), frozenset({4, 5, 6, 7, _ORIENTATION})
    )
    top, left, bottom, right = (_first(values, tag) for tag in (4, 5, 6, 7))
    return right - left, bottom - top, _first(values, _ORIENTATION) or 1


def jpeg_xr_size(head: bytes, read_at: ReadAt) -> Size:
    """Read the size of a JPEG XR, which has its own tags (ITU T.832, A.7)."""
    values = _directory(read_at, int.from_bytes(head[4:8], "little"), _layout(head), frozenset({0xBC80, 0xBC81}))
    return _first(values, 0xBC80), _first(values, 0xBC81), 1


def raf_size(head: bytes, read_at: ReadAt) -> Size | None:
    """Read the size from the directory of Fujifilm raw data."""
    start = int.from_bytes(head[92:96], "big")
    data = read_at(start, 4096)
    at = 4
    for _ in range(min(int.from_bytes(data[:4], "big"), _MAX_ENTRIES)):
        tag, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if tag == 0x111:
            return int.from_bytes(data[at + 6 : at + 8], "big"), int.from_bytes(data[at + 4 : at + 6], "big"), 1
        at += 4 + size
    return None
