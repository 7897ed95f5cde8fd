"""JPEG: hop from segment to segment up to the frame header."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.exif import EXIF_SIGNATURE, exif_orientation
from imgcost.headers.foreign import unsupported
from imgcost.headers.header import HOP_BYTES, MAX_STEPS, damaged, impossible
from imgcost.plurals import plural

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["find_scan", "parse_jpeg"]

# Markers followed by a length: DHT, DAC, DQT, DNL, DRI, DHP, EXP, APP0 to APP15 and COM (ITU T.81, table B.1).
_JPEG_SEGMENTS = frozenset([0xFFC4, 0xFFCC, 0xFFDB, 0xFFDC, 0xFFDD, 0xFFDE, 0xFFDF, 0xFFFE, *range(0xFFE0, 0xFFF0)])
# SOF0 to SOF15: all but DHT, JPG and DAC, which share their range.
_JPEG_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}

_two_shorts = Struct(">HH").unpack_from


def parse_jpeg(head: bytes, read_at: ReadAt, details: bool) -> Fields:
    """Hop from marker to marker up to the frame header (ITU T.81, B.1.1 and B.2.2)."""
    window, start, at = head, 0, 2  # the window's place in the file, and the next marker's in the window
    last = len(head) - 10  # where ten bytes are left, enough for a frame's size or an Exif signature
    orientation = 0 if details else 1  # 0 asks for it
    for _ in range(MAX_STEPS):
        if at > last:
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            last = len(window) - 10
            if last < 0:
                raise damaged("JPEG", "ends before its frame header")
        marker, length = _two_shorts(window, at)
        if marker in _JPEG_SEGMENTS:
            if marker == 0xFFE1 and not orientation and window[at + 4 : at + 10] == EXIF_SIGNATURE:
                # The first Exif segment decides; a later one only continues it.
                orientation = exif_orientation(window[at + 10 : at + 2 + length], length - 8, start + at + 10, read_at)
            # A length counts its own two bytes; decoders let a smaller one pass as an empty segment.
            at += 2 + length if length > 2 else 4
        elif marker in _JPEG_FRAMES:
            height, width = _two_shorts(window, at + 5)
            if length < 11:  # 8 bytes and 3 for each component
                raise damaged("JPEG", f"has a frame header of only {plural(length, 'byte')}")
            if not (width and height):  # height 0 would leave it to a DNL marker, which decoders do not follow
                raise impossible("JPEG", width, height)
            return "image/jpeg", width, height, orientation or 1, False
        else:
            at = _skip_jpeg_oddity(window, at, start, marker)
    raise damaged("JPEG", f"has no frame header within {MAX_STEPS} segments")


def _skip_jpeg_oddity(window: bytes, at: int, start: int, marker: int) -> int:
    """Pass what is no segment the way libjpeg and Pillow do: fill bytes, junk and bare markers."""
    if marker == 0xFFFF:  # any number of fill bytes may precede a marker (B.1.1.2)
        return at + 1
    if marker < 0xFF00:
        found = window.find(b"\xff", at)
        return found if found >= 0 else len(window)
    if marker in {0xFFD9, 0xFFDA}:
        raise damaged("JPEG", "has image data or its end before its frame header")
    if marker == 0xFFF7:  # SOF55 of ITU T.87, another codec in the same clothes
        raise unsupported("JPEG-LS")
    if 0xFF02 <= marker < 0xFFC0:
        raise damaged("JPEG", f"has the reserved marker 0x{marker:X} at byte {start + at}")
    return at + 2


def find_scan(read_at: ReadAt) -> int | None:
    """Find where the image data of a JPEG begins, in bytes from the start of the file; None where none does."""
    start = 2
    for _ in range(MAX_STEPS):
        window = read_at(start, 4)
        if len(window) < 4:
            return None
        marker, length = _two_shorts(window, 0)
        if marker == 0xFFDA:
            return start
        if marker in _JPEG_SEGMENTS or marker in _JPEG_FRAMES:
            start += 2 + max(length, 2)
        else:
            start += 1  # fill bytes, junk, and bare markers
    return None
