"""What a file is that the API does not read, told by how it begins."""

from __future__ import annotations

from imgcost.errors import HeaderError
from imgcost.headers.header import HEAD_BYTES

__all__ = ["name_format", "refusal", "unsupported"]

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


def refusal(head: bytes) -> HeaderError:
    """Say why these bytes are none of the four formats."""
    if not head:
        return HeaderError("empty", "there are no bytes")
    name = name_format(head)
    return unsupported(name) if name else HeaderError("not-an-image", "the bytes do not begin any known image format")


def unsupported(name: str) -> HeaderError:
    """Say that a file is of a format that the API does not read."""
    return HeaderError("unsupported", f"{name} file: the API reads JPEG, PNG, GIF and WebP", format=name)
