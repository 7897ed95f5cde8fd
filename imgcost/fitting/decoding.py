"""Open an image for decoding, without any change to the settings of Pillow, which belong to the caller.

`Image.open` warns about images above a global limit and tries every decoder. Here, the format and the size are known
from the header, so the one decoder that is needed is used directly, and images above our own limit never reach it.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import FitError
from imgcost.fitting.originals import cannot_decode
from imgcost.headers import format_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

    from imgcost.fitting.originals import Original

__all__ = ["MAX_PIXELS", "Opened", "check_decodable", "damaged", "open_pixels"]

MAX_PIXELS = 200_000_000
"""The largest image that is decoded, px: that of the largest phone cameras, 800 MB in memory."""

_ORIENTATION_TAG = 0x0112

_HEIF = frozenset({"image/heic", "image/heif"})

_LOSSY = frozenset({*_HEIF, "image/jpeg", "image/avif", "image/jp2"})

_DECODERS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
    "image/jp2": "JPEG2000",
    "image/tiff": "TIFF",
    "image/vnd.adobe.photoshop": "PSD",
    "image/vnd.microsoft.icon": "ICO",
    "image/x-blp": "BLP",
    "image/x-dds": "DDS",
    "image/x-fits": "FITS",
    "image/x-icns": "ICNS",
    "image/x-netpbm": "PPM",
    "image/x-pcx": "PCX",
    "image/x-qoi": "QOI",
    "image/x-sgi": "SGI",
    "image/x-sun-raster": "SUN",
    "image/x-tga": "TGA",
    "image/x-xbm": "XBM",
    "image/x-xpm": "XPM",
}
"""Pillow's decoders by media type. EPS and WMF are not pictures but programs that draw one, so they are left out."""


class Opened(NamedTuple):
    """An image that is about to be decoded.

    Attributes:
        image: A Pillow image.
        orientation: EXIF orientation that is still to be applied, 1 to 8.
        lossless: Whether the pixels are stored without loss.
        first_page: Whether more pages follow.
        is_open: Whether this is a JPEG file that is not decoded yet, so that it can be decoded at a reduced size.
    """

    image: PillowImage
    orientation: int
    lossless: bool
    first_page: bool = False
    is_open: bool = False


def open_pixels(original: Original) -> Opened:
    """Open an image.

    Args:
        original: The image; a Pillow image is not changed.

    Returns:
        The image, decoded unless it is a JPEG.

    Raises:
        FitError: The image cannot be decoded, is too large, or there is no decoder.
    """
    check_decodable(original.media_type, original.width, original.height)
    try:
        opened = _open(original)
    except FitError:
        raise
    except Exception as error:  # decoders raise anything on damaged data
        raise damaged(error) from error
    width, height = opened.image.size
    if opened.orientation >= 5:
        width, height = height, width
    if (width, height) != original.upright_size:
        size = "{}x{} px".format(*original.upright_size)
        raise FitError("damaged", f"the header says {size}, but the pixels are {width}x{height} px")
    return opened


def check_decodable(media_type: str, width: int, height: int) -> None:
    """Check whether an image can be decoded, as far as its header shows, without loading a decoder.

    Args:
        media_type: Its format; empty if it is decoded already.
        width: Width, px.
        height: Height, px.

    Raises:
        FitError: It is too large, or there is no decoder.
    """
    _check_size(width, height)
    if media_type in _HEIF:
        if find_spec("pillow_heif") is None:
            raise _no_decoder("HEIC")
    elif media_type and media_type not in _DECODERS:
        raise cannot_decode(format_name(media_type))


def damaged(error: Exception) -> FitError:
    """Return the error for pixels that a decoder cannot read."""
    reason = str(error).strip() or type(error).__name__
    return FitError("damaged", f"cannot decode the pixels: {reason}")


def _open(original: Original) -> Opened:
    if original.pillow is not None:
        original.pillow.load()
        return Opened(original.pillow, original.orientation, original.media_type != "image/jpeg")
    data, media_type = original.data or b"", original.media_type
    if media_type in _HEIF:
        return Opened(_open_heif(data), 1, lossless=False)
    image = _decoder(media_type)(io.BytesIO(data), "")
    _check_size(*image.size)
    if media_type == "image/jpeg":
        return Opened(image, original.orientation, lossless=False, is_open=True)
    image.load()
    if media_type in {"image/png", "image/gif", "image/webp"}:
        orientation = original.orientation
    else:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)  # a TIFF is upright by now, and has none
    first_page = media_type == "image/tiff" and getattr(image, "is_animated", False)
    return Opened(image, orientation, _is_lossless(image, media_type, data), first_page)


def _is_lossless(image: PillowImage, media_type: str, data: bytes) -> bool:
    if media_type == "image/webp":
        return b"VP8L" in data and b"VP8 " not in data
    return media_type not in _LOSSY and image.info.get("compression") != "jpeg"


def _decoder(media_type: str) -> Callable[[BinaryIO, str], ImageFile]:
    """Return the class that opens a format."""
    from PIL import Image, JpegImagePlugin, features  # noqa: PLC0415 - heavy

    if media_type == "image/jpeg":
        return JpegImagePlugin.JpegImageFile  # the registered function warns about some of several images in a file
    Image.preinit()
    name = _DECODERS[media_type]
    if name not in Image.OPEN:
        Image.init()
    if name == "AVIF" and not (name in Image.OPEN and features.check("avif")):
        raise _no_decoder("AVIF")
    if name not in Image.OPEN:
        raise cannot_decode(format_name(media_type))
    return Image.OPEN[name][0]


def _open_heif(data: bytes) -> PillowImage:
    """Decode the primary image, which is upright then."""
    try:
        import pillow_heif  # noqa: PLC0415 - an extra
    except ImportError:  # installed, but not loadable
        raise _no_decoder("HEIC") from None
    heif = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    _check_size(*heif.size)
    return heif.to_pillow()


def _no_decoder(name: str) -> FitError:
    return FitError("no-decoder", f"{name} needs an extra", "Install it: pip install 'imgcost[heic]'.")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        size = f"{width}x{height} px"
        raise FitError("too-large", f"{size}: at most {MAX_PIXELS:,} px are decoded", "Resize it in another program.")
