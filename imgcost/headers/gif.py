"""GIF: the first image descriptor for the size, a second one for animation."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.foreign import refusal
from imgcost.headers.header import damaged, impossible

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["parse_gif"]

# A GIF's frame is a chain of blocks of up to 255 bytes. Full blocks are passed in bulk, so only a file made of crumbs
# comes near the first bound; the second is beyond any request that the API accepts.
_MAX_GIF_STEPS = 65536
_MAX_GIF_BYTES = 64 << 20
_GIF_READ_BYTES = (4096, 16384, 65536)

_gif_screen = Struct("<HHB").unpack_from
_gif_frame = Struct("<HHHHB").unpack_from


def parse_gif(head: bytes, read_at: ReadAt, details: bool) -> Fields:  # noqa: C901, PLR0912, PLR0915 - one state machine, best read whole
    """Find the first image descriptor for the size, and a second one for animation (GIF89a, 17 to 27)."""
    if not head.startswith((b"GIF87a", b"GIF89a")):
        raise refusal(head)
    if len(head) < 13:
        raise damaged("GIF", "ends inside its screen descriptor")
    width, height, flags = _gif_screen(head, 6)
    window, start, at = head, 0, 13 + _gif_table_bytes(flags)
    animated = framed = in_blocks = False
    sizes, read_bytes = iter(_GIF_READ_BYTES), 0
    for _ in range(_MAX_GIF_STEPS):
        if at >= len(window):
            start += at
            read_bytes = next(sizes, read_bytes)
            if start > _MAX_GIF_BYTES:
                break
            window, at = read_at(start, read_bytes), 0
            if not window:
                break
        byte = window[at]
        if in_blocks:
            if byte == 255:  # a run of full blocks: their lengths stand 256 bytes apart
                lengths = window[at::256]
                at += (len(lengths) - len(lengths.lstrip(b"\xff"))) << 8
            else:
                in_blocks = byte > 0
                at += 1 + byte
        elif byte == 0x2C:  # an image descriptor
            if framed:
                animated = True
                break
            descriptor = window[at + 1 : at + 10]
            if len(descriptor) < 9:
                descriptor = read_at(start + at + 1, 9)
            if len(descriptor) < 9:
                break
            left, top, frame_width, frame_height, flags = _gif_frame(descriptor)
            # Browsers and Pillow grow a screen that is smaller than its first frame.
            width, height = max(width, left + frame_width), max(height, top + frame_height)
            framed = in_blocks = True
            if not details:
                break
            at += 11 + _gif_table_bytes(flags)  # and a byte for the code size
        elif byte == 0x21:  # an extension and its label
            in_blocks = True
            at += 2
        elif byte == 0x3B:  # the trailer
            break
        else:
            at += 1  # stray bytes between blocks, which decoders pass over
    if not framed:
        raise damaged("GIF", "ends before its first frame, or has too much before it")
    if not (width and height):
        raise impossible("GIF", width, height)
    return "image/gif", width, height, 1, animated


def _gif_table_bytes(flags: int) -> int:
    """Give the size of the colour table that a descriptor's flags announce."""
    return 6 << (flags & 7) if flags & 0x80 else 0
