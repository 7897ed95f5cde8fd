"""Read the EXIF orientation, which JPEG, PNG and WebP each store in their own way."""

from __future__ import annotations

from binascii import a2b_hex
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcost.headers.header import ReadAt

__all__ = ["EXIF_SIGNATURE", "exif_orientation", "profile_orientation"]

EXIF_SIGNATURE = b"Exif\0\0"

# Orientation (0x0112) comes early in a directory sorted by tag; real ones have 10 to 30 entries of 12 bytes.
_MAX_IFD_ENTRIES = 64
_MAX_IFD_BYTES = 2 + 12 * _MAX_IFD_ENTRIES

# By the first bytes of a TIFF structure: tag 0x0112, and how to read a short, a long, and an entry after its tag (type,
# count, and the value where it is a short). Some writers swap the 42; like Pillow, trust the II or MM.
_LITTLE = (b"\x12\x01", Struct("<H").unpack_from, Struct("<I").unpack_from, Struct("<HIH").unpack_from)
_BIG = (b"\x01\x12", Struct(">H").unpack_from, Struct(">I").unpack_from, Struct(">HIH").unpack_from)
_TIFF_LAYOUTS = {b"II*\0": _LITTLE, b"II\0*": _LITTLE, b"MM\0*": _BIG, b"MM*\0": _BIG}


def exif_orientation(exif: bytes, size: int, offset: int, read_at: ReadAt) -> int:
    """Find tag 0x0112 in the first directory of a TIFF structure (TIFF 6.0, section 2).

    Args:
        exif: The structure, or the part of it that has been read.
        size: Its full size, bytes.
        offset: Its offset in the file, bytes.
        read_at: As in `parse_header`.

    Returns:
        1 to 8; 1 if the data is invalid, because the size does not depend on it.
    """
    if len(exif) < min(size, 64):
        exif = read_at(offset, min(size, _MAX_IFD_BYTES))
    # Some writers also put the signature of the JPEG segment in PNG and WebP, or twice in JPEG.
    base = 6 if exif.startswith(EXIF_SIGNATURE) else 0
    layout = _TIFF_LAYOUTS.get(exif[base : base + 4])
    if layout is None or len(exif) < base + 8:
        return 1
    tag, short, long, entry = layout
    ifd = base + long(exif, base + 4)[0]
    directory = exif[ifd : ifd + _MAX_IFD_BYTES]
    bytes_read = len(directory)
    if (
        (bytes_read < 2 or bytes_read < 2 + 12 * short(directory)[0])
        and bytes_read < _MAX_IFD_BYTES
        and len(exif) < size > ifd
    ):
        directory = read_at(offset + ifd, min(_MAX_IFD_BYTES, size - ifd))
    entries = directory[2 : 2 + 12 * short(directory)[0]] if len(directory) > 1 else b""
    at = entries.find(tag)
    while at > 0 and at % 12:  # the same two bytes inside another entry
        at = entries.find(tag, at + 1)
    if at < 0 or at + 12 > len(entries):
        return 1
    kind, count, value = entry(entries, at + 2)
    if kind == 4:  # some writers use LONG instead of the standard SHORT (3)
        value = long(entries, at + 8)[0]
    return value if count == 1 and kind in {3, 4} and 1 <= value <= 8 else 1


_MAX_PROFILE_BYTES = 1 << 14
"""Maximum size of a decompressed raw profile, bytes; two of them encode one byte of EXIF."""


def profile_orientation(text: bytes) -> int:
    """Find the orientation in a raw profile, the text chunk in which older ImageMagick versions store EXIF in PNG.

    Args:
        text: The contents of a tEXt or zTXt chunk: a keyword, then lines with a name, a length and hexadecimal digits.

    Returns:
        1 to 8; 1 if the data is invalid.
    """
    keyword, _, body = text.partition(b"\0")
    if keyword not in {b"Raw profile type exif", b"Raw profile type APP1"}:
        return 1
    if not body.startswith(b"\n"):  # zTXt: one byte for the method, then zlib data
        import zlib  # noqa: PLC0415 - few files need it

        try:
            body = zlib.decompressobj().decompress(body[1:], _MAX_PROFILE_BYTES)
        except zlib.error:
            return 1
    digits = b"".join(body.split()[2:])
    try:
        exif = a2b_hex(digits[: len(digits) // 2 * 2])
    except ValueError:
        return 1
    return exif_orientation(exif, len(exif), 0, lambda offset, size: exif[offset : offset + size])
