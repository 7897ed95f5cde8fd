"""Read JPEG: skip from segment to segment to the frame header."""

from __future__ import annotations

import re
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.headers.exif import EXIF_SIGNATURE, exif_orientation
from imgcost.headers.foreign import unsupported
from imgcost.headers.header import (
    HOP_BYTES,
    MAX_SEARCH_BYTES,
    MAX_STEPS,
    Ending,
    damaged,
    impossible_size,
)

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["examine_jpeg", "parse_jpeg"]

_END = b"\xff\xd9"
_find_end = re.compile(_END).search  # up to three times as fast as `in`
_NEAR_BYTES = 4096  # enough for the end marker and the data that most programs write after it
_WINDOW_BYTES = 1 << 18

# Markers followed by a length: DHT, DAC, DQT, DNL, DRI, DHP, EXP, APP0 to APP15 and COM (ITU T.81, table B.1).
_JPEG_SEGMENTS = frozenset([0xFFC4, 0xFFCC, 0xFFDB, 0xFFDC, 0xFFDD, 0xFFDE, 0xFFDF, 0xFFFE, *range(0xFFE0, 0xFFF0)])
# SOF0 to SOF15: all but DHT, JPG and DAC, which share their range.
_JPEG_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}
_JPEG_SCAN = 0xFFDA
_JPEG_STOPS = frozenset([0xFFD9, _JPEG_SCAN])  # EOI and SOS
# Second byte of the marker. No decoder reads hierarchical frames and SOF11; libjpeg-turbo reads the rare ones.
_UNREAD_FRAMES = frozenset(bytes([code]) for code in (0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF))
_RARE_FRAMES = {b"\xc3": "lossless", b"\xc9": "arithmetic-coded", b"\xca": "arithmetic-coded"}

_two_shorts = Struct(">HH").unpack_from


def parse_jpeg(head: bytes, read_at: ReadAt, details: bool) -> Fields:
    """Skip from marker to marker to the frame header (ITU T.81, B.1.1 and B.2.2)."""
    window, start, at = head, 0, 2  # offset of the window in the file, and of the next marker in the window
    last = len(head) - 10  # ten bytes are enough for the size of a frame or an Exif signature
    orientation = 0 if details else 1  # 0: not read yet
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
                # Only the first Exif segment counts; later ones continue it.
                orientation = exif_orientation(window[at + 10 : at + 2 + length], length - 8, start + at + 10, read_at)
            # A length includes its own two bytes; decoders accept a smaller one as an empty segment.
            at += 2 + length if length > 2 else 4
        elif marker in _JPEG_FRAMES:
            height, width = _two_shorts(window, at + 5)
            if length < 11:  # 8 bytes plus 3 per component
                raise damaged("JPEG", f"has a frame header of only {plural(length, 'byte')}")
            if not (width and height):  # height 0 refers to a DNL marker, which decoders do not support
                raise impossible_size("JPEG", width, height)
            return "image/jpeg", width, height, orientation or 1, False
        else:
            at = _skip_jpeg_oddity(window, at, start, marker)
    raise damaged("JPEG", f"has no frame header within {MAX_STEPS:,} segments")


def _skip_jpeg_oddity(window: bytes, at: int, start: int, marker: int) -> int:
    """Skip what is not a segment, like libjpeg and Pillow: fill bytes, junk and bare markers."""
    if marker in _JPEG_STOPS:
        raise damaged("JPEG", "has image data or an end marker before its frame header")
    if marker == 0xFFF7:  # SOF55 of ITU T.87, another codec in the same container
        height, width = _two_shorts(window, at + 5)
        raise unsupported("JPEG-LS", (width, height, 1))
    if 0xFF02 <= marker < 0xFFC0:
        raise damaged("JPEG", f"has the reserved marker 0x{marker:X} at byte {start + at}")
    return _next_marker(window, at, marker)


def _next_marker(window: bytes, at: int, marker: int) -> int:
    """Find the next marker in the window; any number of fill bytes FF may precede it (B.1.1.2)."""
    if marker == 0xFFFF:
        end = len(window) - len(window[at:].lstrip(b"\xff"))
        return end - 1 if end < len(window) else len(window) - 1
    if marker < 0xFF00:
        offset = window.find(b"\xff", at)
        return offset if offset >= 0 else len(window)
    return at + 2


# The rest of the file


def examine_jpeg(head: bytes, read_at: ReadAt, file_bytes: int) -> Ending:
    """Check whether decoders read this kind of JPEG, and whether its end is present."""
    frame, scan = _find_frame_and_scan(head, read_at)
    kind, length, precision, components = frame[1:2], frame[2:4], frame[4:5], frame[9:]
    undecodable, unusual = _frame_problem(kind, int.from_bytes(length), precision, components)
    # An end marker before any image data belongs to a thumbnail, or to a file without an image.
    truncated = scan is None or not _has_end(scan, read_at, file_bytes)
    return Ending(truncated, undecodable, unusual)


def _find_frame_and_scan(head: bytes, read_at: ReadAt) -> tuple[bytes, int | None]:
    """Return the first frame header with its marker, and the offset of the image data; None if there is none."""
    frame = b""
    window, start, at = head, 0, 2
    for _ in range(MAX_STEPS):
        if at + 4 > len(window):
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            if len(window) < 4:
                break
        marker, length = _two_shorts(window, at)
        if marker in _JPEG_SEGMENTS:
            at += 2 + length if length > 2 else 4
        elif marker in _JPEG_FRAMES:
            frame = frame or window[at : at + 2] + read_at(start + at + 2, length)
            at += 2 + length if length > 2 else 4
        elif marker in _JPEG_STOPS:
            return frame, start + at if marker == _JPEG_SCAN else None
        else:
            at = _next_marker(window, at, marker)
    return frame, None


@lru_cache(maxsize=256)  # a camera or a program writes the same parameters into every file
def _frame_problem(kind: bytes, length: int, precision: bytes, components: bytes) -> tuple[str | None, str | None]:
    """Return why no decoder reads a frame header, and why only some do (ITU T.81, B.2.2)."""
    name, count = _RARE_FRAMES.get(kind, ""), components[:1]
    if kind in _UNREAD_FRAMES:
        return "common decoders support neither hierarchical nor arithmetic-coded lossless JPEG", None
    if precision != b"\x08":
        return f"it has {int.from_bytes(precision)} bits per sample; decoders read 8", None
    if count not in {b"\1", b"\3", b"\4"}:
        return f"it has {int.from_bytes(count)} color components; decoders read 1, 3 or 4", None
    if length != 8 + 3 * count[0]:
        return "the length of its frame header contradicts the number of components", None
    if not all(1 <= factor >> 4 <= 4 and 1 <= factor & 15 <= 4 for factor in components[2::3]):
        return "its frame header has a sampling factor outside 1 to 4", None
    return None, f"browsers and older libraries do not support {name} JPEG" if name else None


def _has_end(scan: int, read_at: ReadAt, file_bytes: int) -> bool:
    """Whether an end marker follows the start of the image data, which cannot contain one by chance."""
    tail_start = max(file_bytes - _NEAR_BYTES, scan)
    if read_at(tail_start, file_bytes - tail_start).rfind(_END) >= 0:  # from the back: almost always the last two bytes
        return True
    end = min(file_bytes, scan + MAX_SEARCH_BYTES)
    for start in range(scan, end, _WINDOW_BYTES):
        # The windows overlap by one byte, so that no marker is split.
        if _find_end(read_at(start, _WINDOW_BYTES + 1)):
            return True
    return end < file_bytes  # a file that was not searched completely is not reported
