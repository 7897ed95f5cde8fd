"""Read GIF: the size from the first image descriptor, animation from a second one."""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING

from imgcost.headers.header import MAX_SEARCH_BYTES, Ending, damaged, impossible_size
from imgcost.headers.refusals import unreadable_error

if TYPE_CHECKING:
    from imgcost.headers.header import Fields, ReadAt

__all__ = ["examine_gif", "parse_gif"]

# A GIF frame is a chain of blocks of up to 255 bytes. Full blocks are skipped in bulk, so only a file of tiny blocks
# reaches this number of steps.
_MAX_GIF_STEPS = 16384
_MAX_STRAY_BYTES = 1 << 20
_GIF_READ_BYTES = (4096, 16384, 65536)

_RUN_BYTES = 1 << 16
_SMALL_GIF_BYTES = 1 << 16  # read completely: as fast as a second read at the end
_TAIL_BYTES = 256
_PADDING = b"\0\r\n "  # harmless after the trailer; written by cameras and some editors
_find_block = re.compile(rb"[,!;]").search

_gif_screen = Struct("<HHB").unpack_from
_gif_frame = Struct("<HHHHB").unpack_from


def parse_gif(head: bytes, read_at: ReadAt, details: bool) -> Fields:  # noqa: C901, PLR0912, PLR0915 - a single state machine
    """Find the first image descriptor for the size, and a second one for animation (GIF89a, 17 to 27)."""
    if not head.startswith((b"GIF87a", b"GIF89a")):
        raise unreadable_error(head, read_at)
    if len(head) < 13:
        raise damaged("GIF", "ends inside its screen descriptor")
    width, height, flags = _gif_screen(head, 6)
    window, start, at = head, 0, 13 + _gif_table_bytes(flags)
    animated = framed = in_blocks = False
    sizes, read_bytes, strays = iter(_GIF_READ_BYTES), 0, 0
    for _ in range(_MAX_GIF_STEPS):
        if at >= len(window):
            start += at
            read_bytes = next(sizes, read_bytes)
            if start > MAX_SEARCH_BYTES:
                break
            window, at = read_at(start, read_bytes), 0
            if not window:
                break
        byte = window[at]
        if in_blocks:
            if byte == 255:  # a run of full blocks: their length bytes are 256 bytes apart
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
            # Browsers and Pillow enlarge a screen that is smaller than its first frame.
            width, height = max(width, left + frame_width), max(height, top + frame_height)
            framed = in_blocks = True
            if not details:
                break
            at += 11 + _gif_table_bytes(flags)  # includes the byte for the code size
        elif byte == 0x21:  # an extension and its label
            in_blocks = True
            at += 2
        elif byte == 0x3B:  # the trailer
            break
        else:
            match = _find_block(window, at)  # stray bytes between blocks, which decoders skip
            end = match.start() if match else len(window)
            strays += end - at
            if strays > _MAX_STRAY_BYTES:
                break
            at = end
    if not framed:
        raise damaged("GIF", "ends before its first frame, or has too much data before it")
    if not (width and height):
        raise impossible_size("GIF", width, height)
    return "image/gif", width, height, 1, animated


def _gif_table_bytes(flags: int) -> int:
    """Return the size of the color table that the flags of a descriptor announce, bytes."""
    return 6 << (flags & 7) if flags & 0x80 else 0


# The rest of the file


def examine_gif(head: bytes, read_at: ReadAt, file_bytes: int) -> Ending:
    """Check whether the blocks lead to the trailer; data after it is ignored (GIF89a, 27).

    A large file that ends with an empty block and the trailer is accepted without reading more, because pixel data is
    unlikely to end like that. The blocks of a file that is too large for the API are not walked.
    """
    tail_start = max(file_bytes - _TAIL_BYTES, 0)
    tail = read_at(tail_start, file_bytes - tail_start)
    if file_bytes > MAX_SEARCH_BYTES:
        return Ending(truncated=tail.rstrip(_PADDING) != b"" and not tail.rstrip(_PADDING).endswith(b";"))
    if file_bytes > _SMALL_GIF_BYTES and tail.endswith(b"\0;"):
        return Ending()
    at = _walk_blocks(read_at(0, file_bytes), 13 + _gif_table_bytes(head[10]))
    if at is None:
        return Ending()
    if at == file_bytes:
        return Ending(unusual="its trailer is missing")
    return Ending(truncated=True)


def _walk_blocks(data: bytes, at: int) -> int | None:
    """Return the offset at which the blocks end without a trailer; None if there is one, or too many blocks."""
    in_blocks, strays = False, _MAX_STRAY_BYTES
    for _ in range(_MAX_GIF_STEPS):
        if at >= len(data):
            return len(data) + in_blocks if at == len(data) else at
        byte = data[at]
        if in_blocks:
            if byte == 0x3B and at == len(data) - 1:  # some writers omit the empty block before the trailer
                return None
            at, in_blocks = _skip_blocks(data, at), byte > 0
        elif byte == 0x2C:
            at += 11 + _gif_table_bytes(data[at + 9] if at + 9 < len(data) else 0)
            in_blocks = True
        elif byte == 0x21:
            at, in_blocks = at + 2, True
        elif byte == 0x3B:
            return None
        else:
            match = _find_block(data, at, at + strays)
            if not match:
                return len(data) + 1
            strays -= match.start() - at
            at = match.start()
    return None


def _skip_blocks(data: bytes, at: int) -> int:
    """Skip one block, or a run of full blocks, whose length bytes are 256 bytes apart."""
    if data[at] < 255:
        return at + 1 + data[at]
    lengths = data[at : at + _RUN_BYTES : 256]
    return at + (len(lengths) - len(lengths.lstrip(b"\xff")) << 8)
