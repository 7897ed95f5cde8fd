"""Read WebP: the size from the first chunk, orientation and animation from later ones."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.headers.exif import exif_orientation
from imgcost.headers.header import HOP_BYTES, MAX_STEPS, Ending, damaged, impossible_size
from imgcost.headers.refusals import unreadable_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.headers.header import Fields, ReadAt

__all__ = ["examine_webp", "parse_webp"]

_WEBP_ANIMATION = 0x02
_WEBP_EXIF = 0x08

_riff_chunk = Struct("<4sI").unpack_from
_vp8_start = Struct("<B2x3sHH").unpack_from
_vp8l_start = Struct("<BI").unpack_from


def parse_webp(head: bytes, read_at: ReadAt, details: bool) -> Fields:
    """Read the first chunk, which has one of three types (RFC 9649, 2.5 to 2.7)."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise unreadable_error(head, read_at)
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
        if details:
            orientation, animated = _walk_webp(head, read_at, flags & _WEBP_ANIMATION != 0)
    else:
        raise damaged("WebP", "begins with a chunk other than VP8, VP8L or VP8X")
    if not 0 < width * height < 1 << 32:  # RFC 9649, 2.7
        raise impossible_size("WebP", width, height)
    return "image/webp", width, height, orientation, animated


def _walk_webp(head: bytes, read_at: ReadAt, is_animation: bool) -> tuple[int, bool]:
    """Search the chunks for Exif, which the VP8X flags do not always announce, and for a second frame."""
    frames, orientation = 0, 0
    for kind, offset, size, window in _chunks(head, read_at):
        if kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF" and not orientation:
            orientation = exif_orientation(window[8 : 8 + size], size, offset + 8, read_at)
        if is_animation and frames >= 2 and (orientation or not head[20] & _WEBP_EXIF):
            break
    return orientation or 1, is_animation and frames > 1


def _chunks(head: bytes, read_at: ReadAt) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Iterate over the chunks inside RIFF: type, offset, size, and the part of the chunk that was read."""
    end = 8 + int.from_bytes(head[4:8], "little")
    window, start, at = head, 0, 12
    for _ in range(MAX_STEPS):
        if start + at >= end:
            return
        if at + 8 > len(window):
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            if len(window) < 8:
                return
        kind, size = _riff_chunk(window, at)
        yield kind, start + at, size, window[at : at + HOP_BYTES]
        at += 8 + size + (size & 1)


# The rest of the file


def examine_webp(head: bytes, read_at: ReadAt, file_bytes: int) -> Ending:
    """Check whether the file is as long as RIFF says, and whether its image matches its header."""
    end = 8 + int.from_bytes(head[4:8], "little")
    first = 20 + int.from_bytes(head[16:20], "little")
    if end < first:
        return Ending(
            undecodable=f"its RIFF header says {plural(end - 8, 'byte')}, but its first chunk alone is longer"
        )
    if end > file_bytes:
        return Ending(truncated=True)
    if head[12:16] == b"VP8X":
        return Ending(undecodable=_picture_problem(head, read_at, end))
    return Ending(undecodable=_frame_problem(head[20:23], first - 20) if head[12:16] == b"VP8 " else None)


def _picture_problem(head: bytes, read_at: ReadAt, end: int) -> str | None:
    """Return why the chunks after VP8X are not the image that it announces (RFC 9649, 2.7); None if they are."""
    is_animation = head[20] & _WEBP_ANIMATION != 0
    for kind, offset, size, window in _chunks(head, read_at):
        if kind == b"ANMF" and is_animation:
            return None
        if kind not in {b"VP8 ", b"VP8L"}:
            continue
        if is_animation:
            return "its header announces an animation, but a still image follows"
        if offset + 8 + size > end:
            return "its image data is longer than the RIFF header says"
        if _frame_size(kind, window) != (head[24:27], head[27:30]):
            return "its image data has a different size than its header says"
        return _frame_problem(window[8:11], size) if kind == b"VP8 " else None
    return "it has no image data"


def _frame_size(kind: bytes, chunk: bytes) -> tuple[bytes, bytes] | None:
    """Read the size of a frame in the encoding of VP8X: minus one, three bytes each. None if too little was read."""
    if len(chunk) < (13 if kind == b"VP8L" else 18):
        return None
    if kind == b"VP8L":
        bits = int.from_bytes(chunk[9:13], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
    else:
        width, height = (int.from_bytes(chunk[at : at + 2], "little") & 0x3FFF for at in (14, 16))
        width, height = width - 1, height - 1
    return width.to_bytes(3, "little", signed=True), height.to_bytes(3, "little", signed=True)


def _frame_problem(tag: bytes, size: int) -> str | None:
    """Return why no decoder accepts the first three bytes of a VP8 frame (RFC 6386, 9.1); None if decoders do."""
    bits = int.from_bytes(tag, "little")
    if bits >> 1 & 7 > 3:
        return "its VP8 frame has an unknown version"
    if not bits >> 4 & 1:
        return "its VP8 frame is marked as hidden"
    if bits >> 5 >= size:
        return "the first part of its VP8 frame is longer than the frame"
    return None
