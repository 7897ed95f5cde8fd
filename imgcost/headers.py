"""Read an image's format, size, orientation and animation from its first bytes.

No pixel is decoded and no imaging library is imported: a header is a few struct reads, so a folder is scanned at
about the speed of opening its files. Whatever lies past the first kilobyte is fetched only if the answer needs it.

Every walk through a file is bounded, so a hostile file costs milliseconds and not minutes.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from imgcost.errors import HeaderError

if TYPE_CHECKING:
    from collections.abc import Callable

    ReadAt = Callable[[int, int], bytes]

__all__ = ["HEAD_BYTES", "Header", "name_format", "parse_header", "read_header"]

HEAD_BYTES = 1024
"""How many bytes `parse_header` wants first: a read of 32 bytes costs as much, one of 64 KB twice as much."""

# A hop past a long segment reads this much. It holds two quantization tables and the frame header of a usual photo,
# and stays below the 512 bytes up to which CPython allocates objects fastest.
_HOP_BYTES = 448

# Real files need tens of steps, a JPEG with a huge profile a few hundred. A step costs at most two small reads.
_MAX_STEPS = 4096

# A GIF's frame is a chain of blocks of up to 255 bytes. Full blocks are passed in bulk, so only a file made of crumbs
# comes near the first bound; the second is beyond any request that the API accepts.
_MAX_GIF_STEPS = 65536
_MAX_GIF_BYTES = 64 << 20
_GIF_READ_BYTES = (4096, 16384, 65536)

# Orientation (0x0112) comes early in a directory sorted by tag; real ones hold 10 to 30 entries of 12 bytes.
_MAX_IFD_ENTRIES = 64
_MAX_IFD_BYTES = 2 + 12 * _MAX_IFD_ENTRIES

_WEBP_ANIMATION = 0x02
_WEBP_EXIF = 0x08

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"

# Markers followed by a length: DHT, DAC, DQT, DNL, DRI, DHP, EXP, APP0 to APP15 and COM (ITU T.81, table B.1).
_JPEG_SEGMENTS = frozenset([0xFFC4, 0xFFCC, 0xFFDB, 0xFFDC, 0xFFDD, 0xFFDE, 0xFFDF, 0xFFFE, *range(0xFFE0, 0xFFF0)])
# SOF0 to SOF15: all but DHT, JPG and DAC, which share their range.
_JPEG_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}

_two_shorts = Struct(">HH").unpack_from
_png_chunk = Struct(">I4s").unpack_from
_png_start = Struct(">I4sII").unpack_from
_gif_screen = Struct("<HHB").unpack_from
_gif_frame = Struct("<HHHHB").unpack_from
_riff_chunk = Struct("<4sI").unpack_from
_vp8_start = Struct("<B2x3sHH").unpack_from
_vp8l_start = Struct("<BI").unpack_from

# By the first bytes of a TIFF structure: tag 0x0112, and how to read a short, a long, and an entry after its tag (type,
# count, and the value where it is a short). Some writers swap the 42; Pillow believes the letters, and so do we.
_LITTLE = (b"\x12\x01", Struct("<H").unpack_from, Struct("<I").unpack_from, Struct("<HIH").unpack_from)
_BIG = (b"\x01\x12", Struct(">H").unpack_from, Struct(">I").unpack_from, Struct(">HIH").unpack_from)
_TIFF_LAYOUTS = {b"II*\0": _LITTLE, b"II\0*": _LITTLE, b"MM\0*": _BIG, b"MM*\0": _BIG}


class Header(NamedTuple):
    """What the first bytes of an image say.

    Attributes:
        media_type: `image/jpeg`, `image/png`, `image/gif` or `image/webp`.
        width: In pixels as stored, before any orientation is applied.
        height: In pixels as stored, before any orientation is applied.
        orientation: The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense.
        animated: Whether there is more than one frame. The API reads the first only. A JPEG never is, even with
            further pictures behind it (MPO).
    """

    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool


def read_header(source: bytes | bytearray | memoryview | BinaryIO) -> Header:
    r"""Read the header of one image.

    Args:
        source: The bytes of the image, or a seekable binary stream that stands where the image begins. A stream is
            left where it was.

    Returns:
        The header.

    Raises:
        HeaderError: The bytes are empty, damaged, of a format that the API does not read, or no image. An `OSError`
            of the stream itself passes through.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02"
        >>> read_header(gif)
        Header(media_type='image/gif', width=8, height=6, orientation=1, animated=False)
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source)
        if view.ndim != 1 or view.itemsize != 1:
            view = memoryview(view.tobytes())
        return parse_header(view[:HEAD_BYTES].tobytes(), lambda offset, size: view[offset : offset + size].tobytes())
    origin = source.tell()

    def read_at(offset: int, size: int) -> bytes:
        source.seek(origin + offset)
        found = source.read(size)
        # A raw stream may give less than it has.
        while len(found) < size and (more := source.read(size - len(found))):
            found += more
        return found

    try:
        return parse_header(read_at(0, HEAD_BYTES), read_at)
    finally:
        source.seek(origin)


def parse_header(head: bytes, read_at: ReadAt) -> Header:
    r"""Read the header of one image of which the first bytes are already here.

    Args:
        head: The first `HEAD_BYTES` bytes of the file, or all of it where it is shorter.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file, where `head` is not enough;
            returns fewer bytes only at the end of the file.

    Returns:
        The header.

    Raises:
        HeaderError: The bytes are empty, damaged, of a format that the API does not read, or no image.

    Example:
        >>> png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + b"\0\0\0\0"
        >>> parse_header(png, lambda offset, size: png[offset : offset + size])
        Header(media_type='image/png', width=640, height=480, orientation=1, animated=False)
    """
    parse = _PARSERS.get(head[:3])
    if parse is None:
        raise _refusal(head)
    return parse(head, read_at)


def name_format(head: bytes) -> str | None:
    r"""Name a well-known format that the API does not read, by how a file begins.

    Args:
        head: The first bytes of the file; no more than `HEAD_BYTES` are looked at.

    Returns:
        A name such as `TIFF`, or None where the bytes are of a format that the API reads or of none known.

    Example:
        >>> name_format(b"II*\0\x08\0\0\0")
        'TIFF'
        >>> name_format(b"GIF89a") is None
        True
    """
    head = head[:HEAD_BYTES]
    for name, prefixes in _FOREIGN.items():
        if head.startswith(prefixes):
            return name
    if head[4:8] == b"ftyp":
        return _name_iso_media(head)
    if head.startswith(b"BM"):
        # Two letters also begin words, so ask for a known size of the header that follows, too.
        return "BMP" if int.from_bytes(head[14:18], "little") in {12, 16, 40, 52, 56, 64, 108, 124} else None
    if head.startswith((b"\0\0\1\0", b"\0\0\2\0")):
        # A count and a reserved zero byte tell an icon from other files that begin with zeros, such as TGA.
        return ("ICO" if head[2] == 1 else "CUR") if head[4:6] > b"\0\0" and head[9:10] == b"\0" else None
    if head[:1] == b"P" and head[1:2] in b"1234567" and head[2:3].isspace():
        return "Netpbm" if head[3:4].isalnum() or head[3:4] == b"#" else None
    return "SVG" if _is_svg(head) else None


def _name_iso_media(head: bytes) -> str | None:
    """Tell HEIC and AVIF from videos, which share their container (ISO 14496-12, 4.3)."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[at : at + 4] for at in (8, *range(16, min(size, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}:
        return "HEIC"
    if brands & {b"mif1", b"msf1"}:
        return "HEIF"
    return "CR3" if b"crx " in brands else None


def _is_svg(head: bytes) -> bool:
    """Look past whatever XML allows before the root; an HTML page with a drawing inside is no SVG."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while True:
        if text.startswith(b"<?"):
            end = b"?>"
        elif text.startswith(b"<!--"):
            end = b"-->"
        else:
            return text.startswith((b"<svg ", b"<svg\n", b"<svg\r", b"<svg\t", b"<svg>", b"<svg:svg", b"<!DOCTYPE svg"))
        text = text.partition(end)[2].lstrip()


def _refusal(head: bytes) -> HeaderError:
    """Say why these bytes are none of the four formats."""
    if not head:
        return HeaderError("empty", "there are no bytes")
    name = name_format(head)
    return unsupported(name) if name else HeaderError("not-an-image", "the bytes do not begin any known image format")


def unsupported(name: str) -> HeaderError:
    return HeaderError("unsupported", f"{name} file: the API reads JPEG, PNG, GIF and WebP", format=name)


def _damaged(name: str, what: str) -> HeaderError:
    return HeaderError("damaged", f"the {name} {what}", format=name)


def _impossible(name: str, width: int, height: int) -> HeaderError:
    return _damaged(name, f"has an impossible size, {width} x {height}")


def _parse_jpeg(head: bytes, read_at: ReadAt) -> Header:
    """Hop from marker to marker up to the frame header (ITU T.81, B.1.1 and B.2.2)."""
    window, start, at = head, 0, 2  # the window's place in the file, and the next marker's in the window
    last = len(head) - 10  # where ten bytes are left, enough for a frame's size or an Exif signature
    orientation = 0
    for _ in range(_MAX_STEPS):
        if at > last:
            start += at
            window, at = read_at(start, _HOP_BYTES), 0
            last = len(window) - 10
            if last < 0:
                raise _damaged("JPEG", "ends before its frame header")
        marker, length = _two_shorts(window, at)
        if marker in _JPEG_SEGMENTS:
            if marker == 0xFFE1 and not orientation and window[at + 4 : at + 10] == _EXIF:
                # The first Exif segment decides; a later one only continues it.
                orientation = _orientation(window[at + 10 : at + 2 + length], length - 8, start + at + 10, read_at)
            # A length counts its own two bytes; decoders let a smaller one pass as an empty segment.
            at += 2 + length if length > 2 else 4
        elif marker in _JPEG_FRAMES:
            height, width = _two_shorts(window, at + 5)
            if length < 11:  # 8 bytes and 3 for each component
                raise _damaged("JPEG", f"has a frame header of only {length} bytes")
            if not (width and height):  # height 0 would leave it to a DNL marker, which decoders do not follow
                raise _impossible("JPEG", width, height)
            return Header("image/jpeg", width, height, orientation or 1, False)  # noqa: FBT003 - a field, by its place
        else:
            at = _skip_jpeg_oddity(window, at, start, marker)
    raise _damaged("JPEG", f"has no frame header within {_MAX_STEPS} segments")


def _skip_jpeg_oddity(window: bytes, at: int, start: int, marker: int) -> int:
    """Pass what is no segment the way libjpeg and Pillow do: fill bytes, junk and bare markers."""
    if marker == 0xFFFF:  # any number of fill bytes may precede a marker (B.1.1.2)
        return at + 1
    if marker < 0xFF00:
        found = window.find(b"\xff", at)
        return found if found >= 0 else len(window)
    if marker in {0xFFD9, 0xFFDA}:
        raise _damaged("JPEG", "has image data or its end before its frame header")
    if marker == 0xFFF7:  # SOF55 of ITU T.87, another codec in the same clothes
        raise unsupported("JPEG-LS")
    if 0xFF02 <= marker < 0xFFC0:
        raise _damaged("JPEG", f"has the reserved marker 0x{marker:X} at byte {start + at}")
    return at + 2


def _orientation(exif: bytes, size: int, offset: int, read_at: ReadAt) -> int:
    """Find tag 0x0112 in the first directory of a TIFF structure (TIFF 6.0, section 2).

    Args:
        exif: The structure, or as much of its beginning as is here.
        size: Its whole size in bytes.
        offset: Where it begins in the file.
        read_at: As in `parse_header`.

    Returns:
        1 to 8; 1 for whatever makes no sense, since a picture's size does not hang on it.
    """
    if len(exif) < min(size, 64):
        exif = read_at(offset, min(size, _MAX_IFD_BYTES))
    # Some writers put the signature of JPEG's segment in PNG and WebP too, or twice in JPEG.
    base = 6 if exif.startswith(_EXIF) else 0
    layout = _TIFF_LAYOUTS.get(exif[base : base + 4])
    if layout is None or len(exif) < base + 8:
        return 1
    tag, short, long, entry = layout
    ifd = base + long(exif, base + 4)[0]
    directory = exif[ifd : ifd + _MAX_IFD_BYTES]
    known = len(directory)
    if (known < 2 or known < 2 + 12 * short(directory)[0]) and known < _MAX_IFD_BYTES and len(exif) < size > ifd:
        directory = read_at(offset + ifd, min(_MAX_IFD_BYTES, size - ifd))
    entries = directory[2 : 2 + 12 * short(directory)[0]] if len(directory) > 1 else b""
    at = entries.find(tag)
    while at > 0 and at % 12:  # the same two bytes inside another entry
        at = entries.find(tag, at + 1)
    if at < 0 or at + 12 > len(entries):
        return 1
    kind, count, value = entry(entries, at + 2)
    if kind == 4:  # LONG, by writers who get it wrong; the standard says SHORT, 3
        value = long(entries, at + 8)[0]
    return value if count == 1 and kind in {3, 4} and 1 <= value <= 8 else 1


def _parse_png(head: bytes, read_at: ReadAt) -> Header:
    """Read IHDR, which must come first (PNG spec 5.6, 11.2.1)."""
    if len(head) < 33 or not head.startswith(_PNG_SIGNATURE):
        if _PNG_SIGNATURE.startswith(head[:8]):
            raise _damaged("PNG", "ends inside its IHDR chunk")
        raise _refusal(head)
    length, kind, width, height = _png_start(head, 8)
    if kind != b"IHDR" or length != 13:
        if kind == b"CgBI":  # Apple's own, of which Pillow finds the size but cannot decode the data
            raise unsupported("Apple CgBI PNG")
        raise _damaged("PNG", "does not begin with an IHDR chunk")
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise _impossible("PNG", width, height)
    orientation, animated = _walk_png(head, read_at)
    return Header("image/png", width, height, orientation, animated)


def _walk_png(head: bytes, read_at: ReadAt) -> tuple[int, bool]:
    """Hop from chunk to chunk up to the image data for the orientation and whether it is animated."""
    window, start, at = head, 0, 33
    last = len(head) - 16  # where a chunk's length and type and the two numbers of acTL are left
    frames, first_is_frame, orientation = 0, False, 1
    for _ in range(_MAX_STEPS):
        if at > last:
            start += at
            window, at = read_at(start, _HOP_BYTES), 0
            last = len(window) - 16
            if last < 0:
                break  # cut before its image data, but the size is known
        length, kind = _png_chunk(window, at)
        if kind == b"IDAT":
            break
        if kind == b"eXIf":
            orientation = _orientation(window[at + 8 : at + 8 + length], length, start + at + 8, read_at)
        elif kind == b"acTL":
            frames = int.from_bytes(window[at + 8 : at + 12], "big")
        elif kind == b"fcTL":
            first_is_frame = True
        elif not kind.isalpha():
            raise _damaged("PNG", f"has no chunk where one must begin, at byte {start + at}")
        at += 12 + length
    else:
        raise _damaged("PNG", f"has no image data within {_MAX_STEPS} chunks")
    # Without fcTL before it, the image that the API reads is none of the animation's frames but one more.
    return orientation, frames > 1 or (frames == 1 and not first_is_frame)


def _parse_gif(head: bytes, read_at: ReadAt) -> Header:  # noqa: C901, PLR0912 - one state machine, best read whole
    """Find the first image descriptor for the size, and a second one for animation (GIF89a, 17 to 27)."""
    if not head.startswith((b"GIF87a", b"GIF89a")):
        raise _refusal(head)
    if len(head) < 13:
        raise _damaged("GIF", "ends inside its screen descriptor")
    width, height, flags = _gif_screen(head, 6)
    window, start, at = head, 0, 13 + _gif_table_bytes(flags)
    animated = framed = in_blocks = False
    sizes, read_bytes = iter(_GIF_READ_BYTES), 0
    for _ in range(_MAX_GIF_STEPS):
        if at >= len(window):
            start += at
            read_bytes = next(sizes, read_bytes)
            if start > _MAX_GIF_BYTES:
                raise _damaged("GIF", f"has neither a second frame nor an end within {_MAX_GIF_BYTES >> 20} MB")
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
            at += 11 + _gif_table_bytes(flags)  # and a byte for the code size
        elif byte == 0x21:  # an extension and its label
            in_blocks = True
            at += 2
        elif byte == 0x3B:  # the trailer
            break
        else:
            at += 1  # stray bytes between blocks, which decoders pass over
    else:
        raise _damaged("GIF", f"has more than {_MAX_GIF_STEPS} blocks before its second frame or its end")
    if not framed:
        raise _damaged("GIF", "ends before its first frame")
    if not (width and height):
        raise _impossible("GIF", width, height)
    return Header("image/gif", width, height, 1, animated)


def _gif_table_bytes(flags: int) -> int:
    """Give the size of the colour table that a descriptor's flags announce."""
    return 6 << (flags & 7) if flags & 0x80 else 0


def _parse_webp(head: bytes, read_at: ReadAt) -> Header:
    """Read the first chunk, of which there are three kinds (RFC 9649, 2.5 to 2.7)."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise _refusal(head)
    kind = head[12:16]
    if len(head) < (25 if kind == b"VP8L" else 30):
        raise _damaged("WebP", "ends inside its first chunk")
    orientation, animated = 1, False
    if kind == b"VP8 ":
        tag, signature, width, height = _vp8_start(head, 20)
        if tag & 1 or signature != b"\x9d\x01\x2a":  # RFC 6386, 9.1: a key frame has its lowest bit clear
            raise _damaged("WebP", "does not begin with a VP8 key frame")
        width, height = width & 0x3FFF, height & 0x3FFF  # the upper two bits are hints for scaling
    elif kind == b"VP8L":
        signature, bits = _vp8l_start(head, 20)
        if signature != 0x2F or bits >> 29:  # RFC 9649, 3.4: the version in the upper three bits is 0
            raise _damaged("WebP", "does not begin with a VP8L signature")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        flags = head[20]
        if flags & (_WEBP_ANIMATION | _WEBP_EXIF):
            orientation, animated = _walk_webp(head, read_at, flags)
    else:
        raise _damaged("WebP", "begins with a chunk that is none of VP8, VP8L and VP8X")
    if not 0 < width * height < 1 << 32:  # RFC 9649, 2.7
        raise _impossible("WebP", width, height)
    return Header("image/webp", width, height, orientation, animated)


def _walk_webp(head: bytes, read_at: ReadAt, flags: int) -> tuple[int, bool]:
    """Hop from chunk to chunk for what the flags of VP8X announce: two frames, Exif, or both."""
    end = 8 + int.from_bytes(head[4:8], "little")
    frames = 0 if flags & _WEBP_ANIMATION else 2
    orientation = 0 if flags & _WEBP_EXIF else 1
    window, start, at = head, 0, 12
    for _ in range(_MAX_STEPS):
        if start + at >= end:
            break
        if at + 8 > len(window):
            start += at
            window, at = read_at(start, _HOP_BYTES), 0
            if len(window) < 8:
                break
        kind, size = _riff_chunk(window, at)
        if kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF" and not orientation:
            orientation = _orientation(window[at + 8 : at + 8 + size], size, start + at + 8, read_at)
        if orientation and frames >= 2:
            break
        at += 8 + size + (size & 1)
    else:
        raise _damaged("WebP", f"has more than {_MAX_STEPS} chunks")
    return orientation or 1, flags & _WEBP_ANIMATION != 0 and frames > 1


_PARSERS: dict[bytes, Callable[[bytes, ReadAt], Header]] = {
    b"\xff\xd8\xff": _parse_jpeg,
    b"\x89PN": _parse_png,
    b"GIF": _parse_gif,
    b"RIF": _parse_webp,
}

# What a folder of pictures is likely to hold, where a prefix is proof enough.
_FOREIGN = {
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "PDF": (b"%PDF-",),
    "PSD": (b"8BPS",),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "JPEG-LS": (b"\xff\xd8\xff\xf7",),
    "JPEG XR": (b"II\xbc\x01",),
    "EPS": (b"%!PS", b"\xc5\xd0\xd3\xc6"),
    "WMF": (b"\xd7\xcd\xc6\x9a",),
    "ICNS": (b"icns",),
    "XCF": (b"gimp xcf",),
    "DDS": (b"DDS ",),
    "QOI": (b"qoif",),
    "OpenEXR": (b"\x76\x2f\x31\x01",),
    "Radiance HDR": (b"#?RADIANCE",),
    "MNG": (b"\x8aMNG", b"\x8bJNG"),
}
