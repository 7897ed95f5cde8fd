"""Read PNG and APNG: IHDR, then skip from chunk to chunk to the image data."""

from __future__ import annotations

from binascii import crc32
from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.exif import exif_orientation, profile_orientation
from imgcost.headers.foreign import unsupported
from imgcost.headers.header import HOP_BYTES, MAX_STEPS, Ending, damaged, impossible_size
from imgcost.headers.refusals import unreadable_error

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["examine_png", "parse_png"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The last five bytes of a valid IHDR (PNG spec 11.2.1): depth, color type, two methods that are 0, and interlacing.
_METHODS = frozenset(
    bytes([depth, color, 0, 0, interlace])
    for color, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16)))
    for depth in depths
    for interlace in (0, 1)
)

_png_chunk = Struct(">I4s").unpack_from
_png_start = Struct(">I4sII").unpack_from


def parse_png(head: bytes, read_at: ReadAt, details: bool) -> Fields:
    """Read IHDR, which must come first (PNG spec 5.6, 11.2.1)."""
    if len(head) < 33 or not head.startswith(_PNG_SIGNATURE):
        if _PNG_SIGNATURE.startswith(head[:8]):
            raise damaged("PNG", "ends inside its IHDR chunk")
        raise unreadable_error(head, read_at)
    length, kind, width, height = _png_start(head, 8)
    if kind != b"IHDR" or length != 13:
        if kind == b"CgBI":  # Apple's variant, which common decoders do not read; IHDR follows
            size = _png_start(head, 24) if head[28:32] == b"IHDR" and len(head) >= 40 else (0, b"", 0, 0)
            raise unsupported("Apple CgBI PNG", (size[2], size[3], 1))
        raise damaged("PNG", "does not begin with an IHDR chunk")
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise impossible_size("PNG", width, height)
    if head[24:29] not in _METHODS:
        names = ("bit depth", "color type", "compression", "filter", "interlace")
        what = ", ".join(f"{name} {value}" for name, value in zip(names, head[24:29], strict=True))
        raise damaged("PNG", f"has an invalid header: {what}")
    orientation, animated = _walk_png(head, read_at, details)
    return "image/png", width, height, orientation, animated


def _walk_png(head: bytes, read_at: ReadAt, details: bool) -> tuple[int, bool]:  # noqa: C901, PLR0912 - a single state machine
    """Skip from chunk to chunk to the image data; return the orientation and whether the image is animated."""
    window, start, at = head, 0, 33
    last = len(head) - 16  # enough for the length and type of a chunk and the two numbers of acTL
    frames: int | None = None
    first_is_frame, orientation, profile = False, 0, 1
    for _ in range(MAX_STEPS):
        if at > last:
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            last = len(window) - 16
            if last < 0:
                if window[4:8] == b"IEND":
                    raise damaged("PNG", "has no image data")
                break  # truncated before the image data, but the size is known
        length, kind = _png_chunk(window, at)
        if kind == b"IDAT":
            break
        if kind == b"eXIf":
            orientation = exif_orientation(window[at + 8 : at + 8 + length], length, start + at + 8, read_at)
        elif kind == b"acTL":
            # Pillow and browsers ignore the animation if the number is too large or there is a second acTL.
            number = int.from_bytes(window[at + 8 : at + 12], "big")
            frames = number if frames is None and number <= 1 << 31 else 0
        elif kind == b"fcTL":
            first_is_frame = True
        elif kind in {b"tEXt", b"zTXt"}:
            if details and window.startswith(b"Raw profile type ", at + 8):
                profile = profile_orientation(read_at(start + at + 8, min(length, 1 << 16)))
        elif kind == b"IEND":
            raise damaged("PNG", "has no image data")
        elif not kind.isalpha():
            raise damaged("PNG", f"has no valid chunk at byte {start + at}")
        at += 12 + length
    else:
        raise damaged("PNG", f"has no image data within {MAX_STEPS:,} chunks")
    if frames and details and not first_is_frame:
        # The default image is not one of the frames, so a single fcTL after it makes two images.
        return orientation or profile, _has_frame_after(start + at, read_at)
    return orientation or profile, (frames or 0) > 1


def _has_frame_after(offset: int, read_at: ReadAt) -> bool:
    """Whether an fcTL chunk follows the image data."""
    for _ in range(MAX_STEPS):
        window = read_at(offset, 8)
        if len(window) < 8 or window[4:] == b"IEND":
            return False
        length, kind = _png_chunk(window)
        if kind == b"fcTL":
            return True
        offset += 12 + length
    return False


# The rest of the file


def examine_png(head: bytes, read_at: ReadAt, file_bytes: int) -> Ending:
    """Check whether the chunks lead to IEND, and whether the first data chunk can be decoded.

    Searching for IEND is not enough: it may belong to a PNG inside another chunk.
    """
    wrong = crc32(head[12:29]) != int.from_bytes(head[29:33], "big")
    undecodable, unusual = "the checksum of its header is wrong" if wrong else None, None
    jumped = False
    window, start, offset = head, 0, 33
    for _ in range(MAX_STEPS):
        if offset + 12 > start + len(window):
            window, start = read_at(offset, HOP_BYTES), offset
            if len(window) < 12:
                return Ending(undecodable=undecodable, unusual=unusual, truncated=True)
        length, kind = _png_chunk(window, offset - start)
        end = offset + 12 + length
        if kind == b"IEND":
            break
        if end > file_bytes or not kind.isalpha():
            return Ending(undecodable=undecodable, unusual=unusual, truncated=True)
        if kind == b"IDAT" and not jumped:
            jumped = True
            problem, unusual = _data_problems(window[offset - start : end - start], length)
            undecodable = undecodable or problem
            # Most programs write data chunks of equal length: then one read finds the last of them.
            last = offset + (file_bytes - 8 - offset) // (12 + length) * (12 + length)
            ahead = read_at(last, HOP_BYTES) if last > end else b""
            if ahead[4:8] in {b"IDAT", b"IEND"}:
                window, start, end = ahead, last, last
        offset = end
    # Either IEND was reached, or the file has too many chunks, which is not reported as truncated.
    return Ending(undecodable=undecodable, unusual=unusual)


def _data_problems(chunk: bytes, length: int) -> tuple[str | None, str | None]:
    """Check the part of the first data chunk that was read: the zlib header (PNG spec 10.1) and the checksum."""
    start = chunk[8:10]
    if length >= 2 and len(start) == 2 and (start[0] & 15 != 8 or int.from_bytes(start, "big") % 31):
        return "its image data is not compressed as PNG requires", None
    if len(chunk) == 12 + length and crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        return None, "the checksum of its image data is wrong; libpng rejects it"
    return None, None
