"""Measure formats made of boxes (ISO/IEC 14496-12, 4.2): HEIF, AVIF, JPEG 2000, JPEG XL and Canon CR3."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from imgcost.headers.jxl import codestream_size
from imgcost.headers.tiff import tiff_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.headers.header import ReadAt, Size

__all__ = ["cr3_size", "heif_size", "jp2_size", "jxl_size", "name_iso_media"]

_MAX_BOXES = 256
_MAX_ITEMS = 4096
_MAX_META_BYTES = 1 << 18  # 4 to 8 KB in phone photos, 60 KB in an image of a thousand tiles

_box = Struct(">I4s").unpack_from

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF = frozenset({b"mif1", b"msf1", b"mif2", b"miaf", b"jpeg", b"avci", b"vvic"})


class _Box(NamedTuple):
    """A box: its type, and the start and end of its contents."""

    kind: bytes
    start: int
    end: int


def _boxes(read_at: ReadAt, start: int, end: int) -> Iterator[_Box]:
    """Iterate over the boxes between two offsets, without reading their contents."""
    for _ in range(_MAX_BOXES):
        header = read_at(start, 16)
        if len(header) < 8 or start >= end:
            return
        size, kind = _box(header)
        body = start + 8
        if size == 1:  # followed by a 64-bit size
            size, body = int.from_bytes(header[8:16], "big"), start + 16
        elif size == 0:  # extends to the end of its container
            size = end - start
        if size < body - start:
            return
        yield _Box(kind, body, min(start + size, end))
        start += size


def _find(read_at: ReadAt, path: tuple[bytes, ...], end: int = 1 << 62) -> _Box | None:
    """Find the first box on a path of types from the top level."""
    box = _Box(b"", 0, end)
    for kind in path:
        inner = next((inner for inner in _boxes(read_at, box.start, box.end) if inner.kind == kind), None)
        if inner is None:
            return None
        box = inner
    return box


# HEIF


def name_iso_media(head: bytes) -> str | None:
    """Name the format by the brands of its ftyp box, as photos and videos share the container (ISO 14496-12, 4.3)."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[at : at + 4] for at in (8, *range(16, min(size, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & _HEIC:
        return "HEIC"
    if brands & _HEIF:
        return "HEIF"
    return "CR3" if b"crx " in brands else None


def heif_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - all measuring functions take `head`
    """Read the properties of the primary item: ispe, cropped by clap, turned by irot, imir (ISO 23008-12, 6.5)."""
    meta = _find(read_at, (b"meta",))
    if meta is None:
        return None
    data = read_at(meta.start, min(meta.end - meta.start, _MAX_META_BYTES))

    def read_meta(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    boxes = {box.kind: box for box in _boxes(read_meta, 4, len(data))}  # after version and flags
    properties = boxes.get(b"iprp")
    if properties is None:
        return None
    inner = {box.kind: box for box in _boxes(read_meta, properties.start, properties.end)}
    if b"ipco" not in inner or b"ipma" not in inner:
        return None
    all_properties = list(_boxes(read_meta, inner[b"ipco"].start, inner[b"ipco"].end))
    item = _primary_item(data, boxes.get(b"pitm"))
    item_properties = [
        all_properties[number - 1]
        for number in _associations(data, inner[b"ipma"], item)
        if 0 < number <= len(all_properties)
    ]
    return _size_of({box.kind: data[box.start : box.end] for box in item_properties})


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _primary_item(data: bytes, box: _Box | None) -> int | None:
    """Read the number of the item to show; None means the first item."""
    if box is None:
        return None
    return _number(data, box.start + 4, 4 if _number(data, box.start, 1) else 2)


def _associations(data: bytes, box: _Box, item: int | None) -> list[int]:
    """List the numbers of an item's properties, counted from 1 (ISO 14496-12, 8.11.14)."""
    wide = _number(data, box.start + 3, 1) & 1
    id_bytes, step, mask = 4 if _number(data, box.start, 1) else 2, 2 if wide else 1, 0x7FFF if wide else 0x7F
    at = box.start + 8
    for _ in range(min(_number(data, box.start + 4, 4), _MAX_ITEMS)):
        first = at + id_bytes + 1
        end = first + _number(data, first - 1, 1) * step
        if item is None or _number(data, at, id_bytes) == item:
            return [_number(data, offset, step) & mask for offset in range(first, min(end, box.end), step)]
        at = end
    return []


# Indexed by counterclockwise quarter turns, then by the axis of imir: none, top to bottom, left to right.
_ORIENTATIONS = ((1, 4, 2), (8, 5, 7), (3, 2, 4), (6, 7, 5))


def _size_of(properties: dict[bytes, bytes]) -> Size | None:
    extents = properties.get(b"ispe", b"")
    if len(extents) < 12:
        return None
    width, height = _number(extents, 4, 4), _number(extents, 8, 4)
    clap = properties.get(b"clap", b"")
    if len(clap) >= 16:  # two fractions
        parts = [_number(clap, at, 4) for at in range(0, 16, 4)]
        if parts[1] and parts[3]:
            width, height = min(width, parts[0] // parts[1]), min(height, parts[2] // parts[3])
    turns = (properties.get(b"irot") or b"\0")[0] & 3
    mirrored = properties.get(b"imir")
    return width, height, _ORIENTATIONS[turns][1 + (mirrored[0] & 1) if mirrored else 0]


# Other formats


def jp2_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Read the image header box (ISO/IEC 15444-1, I.5.3.1)."""
    box = _find(read_at, (b"jp2h", b"ihdr"))
    if box is None:
        return None
    body = read_at(box.start, 8)
    return int.from_bytes(body[4:8], "big"), int.from_bytes(body[:4], "big"), 1


def jxl_size(head: bytes, read_at: ReadAt) -> Size | None:
    """Measure a bare codestream, or one in a container (ISO/IEC 18181-2, 9)."""
    if head.startswith(b"\xff\x0a"):
        return codestream_size(head[2:])
    for box in _boxes(read_at, 0, 1 << 62):
        if box.kind in {b"jxlc", b"jxlp"}:
            skip = 4 if box.kind == b"jxlp" else 0  # skip the part number
            return codestream_size(read_at(box.start + skip, 32)[2:])
    return None


def cr3_size(head: bytes, read_at: ReadAt) -> Size | None:  # noqa: ARG001 - see above
    """Read the TIFF directory in Canon's CMT1 box."""
    parent = _find(read_at, (b"moov", b"uuid"))
    if parent is None:
        return None
    for box in _boxes(read_at, parent.start + 16, parent.end):  # after the UUID
        if box.kind == b"CMT1":

            def read_directory(offset: int, size: int, start: int = box.start) -> bytes:
                return read_at(start + offset, size)

            return tiff_size(read_directory(0, 16), read_directory)
    return None
