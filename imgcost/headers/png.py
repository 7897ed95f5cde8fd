"""PNG and APNG: IHDR, then hop from chunk to chunk up to the image data."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.exif import exif_orientation
from imgcost.headers.foreign import refusal, unsupported
from imgcost.headers.header import HOP_BYTES, MAX_STEPS, damaged, impossible

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["parse_png"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_png_chunk = Struct(">I4s").unpack_from
_png_start = Struct(">I4sII").unpack_from


def parse_png(head: bytes, read_at: ReadAt, details: bool) -> Fields:  # noqa: ARG001 - all of a walk is needed to trust a PNG
    """Read IHDR, which must come first (PNG spec 5.6, 11.2.1)."""
    if len(head) < 33 or not head.startswith(_PNG_SIGNATURE):
        if _PNG_SIGNATURE.startswith(head[:8]):
            raise damaged("PNG", "ends inside its IHDR chunk")
        raise refusal(head)
    length, kind, width, height = _png_start(head, 8)
    if kind != b"IHDR" or length != 13:
        if kind == b"CgBI":  # Apple's own, of which Pillow finds the size but cannot decode the data
            raise unsupported("Apple CgBI PNG")
        raise damaged("PNG", "does not begin with an IHDR chunk")
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise impossible("PNG", width, height)
    orientation, animated = _walk_png(head, read_at)
    return "image/png", width, height, orientation, animated


def _walk_png(head: bytes, read_at: ReadAt) -> tuple[int, bool]:
    """Hop from chunk to chunk up to the image data for the orientation and whether it is animated."""
    window, start, at = head, 0, 33
    last = len(head) - 16  # where a chunk's length and type and the two numbers of acTL are left
    frames, first_is_frame, orientation = 0, False, 1
    for _ in range(MAX_STEPS):
        if at > last:
            start += at
            window, at = read_at(start, HOP_BYTES), 0
            last = len(window) - 16
            if last < 0:
                break  # cut before its image data, but the size is known
        length, kind = _png_chunk(window, at)
        if kind == b"IDAT":
            break
        if kind == b"eXIf":
            orientation = exif_orientation(window[at + 8 : at + 8 + length], length, start + at + 8, read_at)
        elif kind == b"acTL":
            frames = int.from_bytes(window[at + 8 : at + 12], "big")
        elif kind == b"fcTL":
            first_is_frame = True
        elif not kind.isalpha():
            raise damaged("PNG", f"has no chunk where one must begin, at byte {start + at}")
        at += 12 + length
    else:
        raise damaged("PNG", f"has no image data within {MAX_STEPS} chunks")
    # Without fcTL before it, the image that the API reads is none of the animation's frames but one more.
    return orientation, frames > 1 or (frames == 1 and not first_is_frame)
