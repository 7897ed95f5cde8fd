"""Names of formats, and media types and errors of those that the API does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.errors import HeaderError

if TYPE_CHECKING:
    from imgcost.headers.header import Size

__all__ = ["format_name", "unsupported"]

_MEDIA_TYPES = {
    "WebP": "image/webp",
    "TIFF": "image/tiff",
    "DNG": "image/x-adobe-dng",
    "HEIC": "image/heic",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
    "JPEG XL": "image/jxl",
    "JPEG 2000": "image/jp2",
    "JPEG XR": "image/jxr",
    "JPEG-LS": "image/jls",
    "BMP": "image/bmp",
    "ICO": "image/vnd.microsoft.icon",
    "SVG": "image/svg+xml",
    "PSD": "image/vnd.adobe.photoshop",
    "PDF": "application/pdf",
    "EPS": "application/postscript",
    "Netpbm": "image/x-netpbm",
    "OpenEXR": "image/x-openexr",
    "Radiance HDR": "image/x-radiance-hdr",
    "Sun raster": "image/x-sun-raster",
    "camera raw": "image/x-camera-raw",
    "Apple CgBI PNG": "image/x-apple-cgbi-png",
}
"""Registered media types, and names that are not in capitals; other formats get a type that begins with image/x-."""

_REASONS = {"PDF": "PDF file: the API reads it as a document, not as an image"}
_ADVICE = {"PDF": "Send it as a document block, or render its pages as images."}

_NAMES = {media_type: name for name, media_type in _MEDIA_TYPES.items()}


def format_name(media_type: str) -> str:
    """Return the name of an image format, for people.

    >>> format_name("image/webp"), format_name("image/x-pcx"), format_name("image/x-netpbm")
    ('WebP', 'PCX', 'Netpbm')
    """
    return _NAMES.get(media_type) or media_type.removeprefix("image/").removeprefix("x-").replace("-", " ").upper()


def unsupported(name: str, size: Size | None = None) -> HeaderError:
    """Return the error for a file of a format that the API does not read.

    Args:
        name: The format.
        size: Width, height and orientation, if known; impossible sizes count as unknown.
    """
    width, height, orientation = size or (0, 0, 1)
    is_valid = 0 < width < 1 << 31 and 0 < height < 1 << 31
    return HeaderError(
        "unsupported",
        _REASONS.get(name, f"{name} file: the API reads JPEG, PNG, GIF and WebP"),
        format=name,
        advice=_ADVICE.get(name),
        media_type=_MEDIA_TYPES.get(name) or f"image/x-{name.lower().replace(' ', '-')}",
        width=width if is_valid else None,
        height=height if is_valid else None,
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )
