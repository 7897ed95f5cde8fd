"""The formats that the API does not read: their first bytes, and where their headers contain the size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgcost.headers import fixed
from imgcost.headers.boxes import cr3_size, heif_size, jp2_size, jxl_size, name_iso_media
from imgcost.headers.foreign import unsupported
from imgcost.headers.svg import find_svg, svg_size
from imgcost.headers.tiff import inspect_tiff, jpeg_xr_size, raf_size, rw2_size, tiff_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.errors import HeaderError
    from imgcost.headers.header import ReadAt, Size

__all__ = ["find_format"]

_ReadSize: TypeAlias = "Callable[[bytes, ReadAt], Size | None]"


class _Format(NamedTuple):
    """A format that the API does not read.

    Attributes:
        prefixes: The possible first bytes.
        name: Its name, or a function that returns it if the prefix alone is not sufficient.
        read_size: Reads the size; None if the size cannot be read.
    """

    prefixes: tuple[bytes, ...]
    name: str | Callable[[bytes], str | None]
    read_size: _ReadSize | None = None


_FORMATS = (
    _Format((b"FUJIFILMCCD-RAW",), "RAF", raf_size),
    _Format((b"IIRO", b"IIRS", b"MMOR"), "ORF", tiff_size),
    _Format((b"IIU\0",), "RW2", rw2_size),
    _Format((b"FOVb",), "X3F", fixed.size_at("<II", 28)),
    _Format((b"\0MRM",), "MRW"),
    _Format((b"II\xbc\x01",), "JPEG XR", jpeg_xr_size),
    _Format((b"8BPS",), "PSD", fixed.size_at(">II", 14, height_first=True)),
    _Format((b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"), "JPEG XL", jxl_size),
    _Format((b"\0\0\0\x0cjP  \r\n\x87\n",), "JPEG 2000", jp2_size),
    _Format((b"\xff\x4f\xff\x51",), "JPEG 2000", fixed.j2k_size),
    _Format((b"%PDF-",), "PDF"),
    _Format((b"%!PS", b"\xc5\xd0\xd3\xc6"), "EPS", fixed.eps_size),
    _Format((b"\xd7\xcd\xc6\x9a",), "WMF"),
    _Format((b"icns",), "ICNS", fixed.icns_size),
    _Format((b"gimp xcf",), "XCF", fixed.size_at(">II", 14)),
    _Format((b"DDS ",), "DDS", fixed.size_at("<II", 12, height_first=True)),
    _Format((b"qoif",), "QOI", fixed.size_at(">II", 4)),
    _Format((b"\x76\x2f\x31\x01",), "OpenEXR", fixed.exr_size),
    _Format(
        (b"#?RADIANCE", b"#?RGBE"),
        "Radiance HDR",
        fixed.size_in_text(rb"\n-Y (\d{1,9}) \+X (\d{1,9})\n", height_first=True),
    ),
    _Format((b"\x8aMNG", b"\x8bJNG"), "MNG", fixed.size_at(">II", 16)),
    _Format((b"\x59\xa6\x6a\x95",), "Sun raster", fixed.size_at(">II", 4)),
    _Format((b"\x01\xda\0\1", b"\x01\xda\0\2", b"\x01\xda\1\1", b"\x01\xda\1\2"), "SGI", fixed.size_at(">HH", 6)),
    _Format((b"\n\5\1", b"\n\3\1", b"\n\2\1"), "PCX", fixed.pcx_size),
    _Format((b"SIMPLE  =",), "FITS", fixed.size_in_text(rb"NAXIS1  = +(\d{1,9}) .{,160}NAXIS2  = +(\d{1,9}) ")),
    _Format((b"BLP1", b"BLP2"), "BLP", fixed.size_at("<II", 12)),
    _Format((b"/* XPM */",), "XPM", fixed.size_in_text(rb'"\s*(\d{1,9})\s+(\d{1,9})\s+\d+\s+\d+')),
    _Format((b"#define",), fixed.name_xbm, fixed.xbm_size),
    _Format((b"BM",), fixed.name_bmp, fixed.bmp_size),
    _Format((b"\0\0\1\0", b"\0\0\2\0"), fixed.name_icon, fixed.icon_size),
    _Format((b"P7",), fixed.name_netpbm, fixed.size_in_text(rb"\nWIDTH (\d{1,9})\nHEIGHT (\d{1,9})\n")),
    _Format(
        (b"P",),
        fixed.name_netpbm,
        fixed.size_in_text(rb"^P[\dFf](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s"),
    ),
    _Format((b"",), fixed.name_tga, fixed.size_at("<HH", 12)),
)


def find_format(head: bytes, read_at: ReadAt) -> HeaderError | None:
    """Name and measure an image of a format that the API does not read.

    Args:
        head: The first bytes of the file.
        read_at: As in `parse_header`.

    Returns:
        The error for the file, or None if it is not such an image.
    """
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return unsupported(*inspect_tiff(head, read_at))
    if head[4:8] == b"ftyp":
        name = name_iso_media(head)
        return unsupported(name, (cr3_size if name == "CR3" else heif_size)(head, read_at)) if name else None
    for prefixes, named, read_size in _FORMATS:
        if head.startswith(prefixes):
            name = named if isinstance(named, str) else named(head)
            if name:
                return unsupported(name, read_size(head, read_at) if read_size else None)
    root = find_svg(head, read_at)
    return unsupported("SVG", svg_size(root)) if root else None
