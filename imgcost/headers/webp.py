"""WebP: the first chunk for the size, the later ones for what its flags announce."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.exif import exif_orientation
from imgcost.headers.foreign import refusal
from imgcost.headers.header import HOP_BYTES, MAX_STEPS, damaged, impossible

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["parse_webp"]

_WEBP_ANIMATION = 0x02
_WEBP_EXIF = 0x08

_riff_chunk = Struct("<4sI").unpack_from
_vp8_start = Struct("<B2x3sHH").unpack_from
_vp8l_start = Struct("<BI").unpack_from


def parse_webp(head: bytes, read_at: ReadAt, details: bool) -> Fields:
    """Read the first chunk, of which there are three kinds (RFC 9649, 2.5 to 2.7)."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise refusal(head)
    kind = head[12:16]
    if len(head) < (25 if kind == b"VP8L" else 30):
        raise damaged("WebP", "ends inside its first chunk")
    orientation, animated = 1, False
    if kind == b"VP8 ":
        tag, signature, width, height = _vp8_start(head, 20)
        if tag & 1 or signature != b"\x9d\x01\x2a":  # RFC 6386, 9.1: a key frame has its lowest bit clear
            raise damaged("WebP", "does not begin with a VP8 key frame")
        width, height = width & 0x3FFF, height & 0x3FFF  # the upper two bits are hints for scaling
    elif kind == b"VP8L":
        signature, bits = _vp8l_start(head, 20)
        if signature != 0x2F or bits >> 29:  # RFC 9649, 3.4: the version in the upper three bits is 0
            raise damaged("WebP", "does not begin with a VP8L signature")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        flags = head[20]
        if details and flags & (_WEBP_ANIMATION | _WEBP_EXIF):
            orientation, animated = _walk_webp(head, read_at, flags)
    else:
        raise damaged("WebP", "begins with a chunk that is none of VP8, VP8L and VP8X")
    if not 0 < width * height < 1 << 32:  # RFC 9649, 2.7
        raise impossible("WebP", width, height)
    return "image/webp", width, height, orientation, animated


def _walk_webp(head: bytes, read_at: ReadAt, flags: int) -> tuple[int, bool]:
    """Hop from chunk to chunk for what the flags of VP8X announce: two frames, Exif, or both."""
    end = 8 + int.from_bytes(head[4:8], "little")
    frames = 0 if flags & _WEBP_ANIMATION else 2
    orientation = 0 if flags & _WEBP_EXIF else 1
    window, start, at = head, 0, 12
    for _ in range(MAX_STEPS):
        if start + at >= end:
            break
        if at + 8 > len(window):
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            if len(window) < 8:
                break
        kind, size = _riff_chunk(window, at)
        if kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF" and not orientation:
            orientation = exif_orientation(window[at + 8 : at + 8 + size], size, start + at + 8, read_at)
        if orientation and frames >= 2:
            break
        at += 8 + size + (size & 1)
    return orientation or 1, flags & _WEBP_ANIMATION != 0 and frames > 1
