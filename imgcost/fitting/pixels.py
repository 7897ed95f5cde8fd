"""Pixels: resized, upright, in sRGB with 8 bits, and encoded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imgcost.errors import FitError
from imgcost.fitting.decoding import damaged

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageCms import ImageCmsProfile

    from imgcost.fitting.decoding import Opened

__all__ = ["Encoding", "Picture", "encode", "render"]

_GAP = 1.5
"""A JPEG is decoded at the smallest reduced size that is this many times the target, and Lanczos does the rest."""

_FULL_COLOR_QUALITY = 90
"""From this quality on, a JPEG stores colors in full resolution, which keeps colored text sharp."""

_ORIENTATION_TAG = 0x0112

_MAX_EXIF_BYTES = 65_533
"""A JPEG cannot store more."""

_STORAGE_TAGS = frozenset({*range(254, 267), 273, *range(277, 280), 284, 317, *range(320, 326), 338, 339, 347, 700})
"""EXIF tags of a TIFF that describe how its pixels are stored, which is not how those of the copy are."""

_TO_8_BITS = "Convert them to 8 bits per channel."


class Picture(NamedTuple):
    """Decoded pixels, ready to be encoded.

    Attributes:
        image: A Pillow image without metadata, of mode 1, L, LA, P, RGB or RGBA.
        exif: EXIF data to keep, without orientation; empty if there is none.
        recolored: Whether colors were converted, such as from CMYK or from the color profile of a camera.
    """

    image: PillowImage
    exif: bytes
    recolored: bool

    @property
    def has_alpha(self) -> bool:
        """Whether some pixels are transparent."""
        return self.image.has_transparency_data


class Encoding(NamedTuple):
    """A way to store pixels.

    Attributes:
        format: `jpeg`, `png` or `webp`.
        quality: 1 to 100; None for lossless.
    """

    format: str
    quality: int | None

    @property
    def media_type(self) -> str:
        """The media type, such as `image/jpeg`."""
        return f"image/{self.format}"


def render(opened: Opened, size: tuple[int, int], *, keep_metadata: bool) -> Picture:
    """Decode and resize an image, turn it upright, and convert its colors to sRGB with 8 bits per channel.

    Args:
        opened: The image; not changed if it belongs to the caller.
        size: Width and height of the result, px.
        keep_metadata: Whether to keep EXIF data.

    Returns:
        The pixels.

    Raises:
        FitError: The pixels cannot be decoded.
    """
    try:
        return _render(opened, size, keep_metadata)
    except FitError:
        raise
    except Exception as error:  # decoders raise anything on damaged data
        raise damaged(error) from error


def _render(opened: Opened, size: tuple[int, int], keep_metadata: bool) -> Picture:
    mode, profile = opened.image.mode, opened.image.info.get("icc_profile")
    exif = _exif(opened.image) if keep_metadata else b""
    pixels = _resized(opened, (size[1], size[0]) if opened.orientation >= 5 else size)
    pixels, converted = _to_srgb(pixels, profile)
    pixels = _without_opaque_alpha(_turned(pixels, opened.orientation))
    pixels = pixels.copy() if pixels is opened.image else pixels  # it may belong to the caller
    pixels.info = {name: value for name, value in pixels.info.items() if name == "transparency"}
    return Picture(pixels, exif, converted or mode.startswith("I"))


def _resized(opened: Opened, size: tuple[int, int]) -> PillowImage:
    from PIL import Image  # noqa: PLC0415 - heavy

    image, box = opened.image, None
    if image.size == size:
        return _eight_bits(image, indexed=True)
    if opened.is_open:
        drafted = image.draft(None, (round(size[0] * _GAP), round(size[1] * _GAP)))
        box = drafted[1] if drafted else None
    pixels = _eight_bits(image, indexed=False)
    return pixels.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


def _eight_bits(image: PillowImage, *, indexed: bool) -> PillowImage:
    """Return the image with 8 bits per channel; with a palette or single bits only if `indexed`."""
    mode, transparent = image.mode, image.has_transparency_data
    if mode == "F":
        raise FitError("unsupported", "the pixels are floating-point numbers", _TO_8_BITS)
    if mode.startswith("I"):
        return _from_16_bits(image)
    if indexed and (mode == "P" or (mode == "1" and not transparent)):
        return image
    if transparent:
        wanted = "LA" if mode in {"1", "L", "LA", "La"} else "RGBA"
    else:
        wanted = {"1": "L", "L": "L", "CMYK": "CMYK"}.get(mode, "RGB")
    return image if mode == wanted else image.convert(wanted)


def _from_16_bits(image: PillowImage) -> PillowImage:
    wide = image.convert("I")
    darkest, brightest = cast("tuple[int, int]", wide.getextrema())
    if darkest < 0 or brightest > 0xFFFF:
        raise FitError("unsupported", "the pixels have more than 16 bits", _TO_8_BITS)
    return wide.point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _to_srgb(image: PillowImage, profile: bytes | None) -> tuple[PillowImage, bool]:
    """Convert to sRGB, and return whether that changed anything. A damaged profile is ignored, as browsers do."""
    if profile:
        from PIL import ImageCms  # noqa: PLC0415 - heavy

        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(embedded):
                return _converted(image, embedded), True
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return (image.convert("RGB"), True) if image.mode == "CMYK" else (image, False)


def _converted(image: PillowImage, embedded: ImageCmsProfile) -> PillowImage:
    """Convert colors from a profile to sRGB; transparency is kept, and gray stays gray."""
    from PIL import ImageCms  # noqa: PLC0415 - heavy

    if image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    is_gray = image.mode in {"1", "L", "LA"}
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    if image.mode != "CMYK":
        image = image.convert("L" if getattr(embedded.profile, "xcolor_space", "") == "GRAY" else "RGB")
    result = ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert result is not None  # noqa: S101 - only a conversion in place returns nothing
    result = result.convert("L") if is_gray else result
    if alpha:
        result.putalpha(alpha)
    return result


def _turned(image: PillowImage, orientation: int) -> PillowImage:
    from PIL.Image import Transpose  # noqa: PLC0415 - heavy

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _without_opaque_alpha(image: PillowImage) -> PillowImage:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode.removesuffix("A"))
    return image


def _exif(image: PillowImage) -> bytes:
    """Return the EXIF data without orientation; nothing if it is damaged."""
    try:
        exif = image.getexif()
        for tag in _STORAGE_TAGS | {_ORIENTATION_TAG}:
            exif.pop(tag, None)
        data = exif.tobytes() if len(exif) else b""
    except Exception:  # noqa: BLE001 - EXIF data can be damaged in any way
        return b""
    return data if len(data) <= _MAX_EXIF_BYTES else b""


def encode(picture: Picture, encoding: Encoding, background: tuple[int, int, int]) -> bytes:
    """Encode pixels.

    Args:
        picture: The pixels.
        encoding: Format and quality.
        background: Red, green and blue under transparent pixels, 0 to 255, in a format without transparency.

    Returns:
        The bytes of a file.
    """
    image = picture.image
    if encoding.format != "png":
        mode = "RGBA" if picture.has_alpha else "L" if image.mode in {"1", "L"} else "RGB"
        image = image if image.mode == mode else image.convert(mode)
    if encoding.format == "jpeg" and picture.has_alpha:
        image = _flattened(image, background)
    file = io.BytesIO()
    image.save(file, encoding.format, exif=picture.exif, **_settings(encoding))
    return file.getvalue()


def _settings(encoding: Encoding) -> dict[str, Any]:
    if encoding.format == "png":
        return {"compress_level": 3}  # about the same size as the default, in half the time for photos
    if encoding.quality is None:
        return {"lossless": True, "method": 0}  # a tenth of the time of the default, and smaller than PNG
    if encoding.format == "jpeg":
        return {"quality": encoding.quality, "subsampling": 0 if encoding.quality >= _FULL_COLOR_QUALITY else 2}
    return {"quality": encoding.quality}


def _flattened(image: PillowImage, background: tuple[int, int, int]) -> PillowImage:
    from PIL import Image  # noqa: PLC0415 - heavy

    opaque = Image.new("RGB", image.size, background)
    opaque.paste(image, mask=image.getchannel("A"))
    return opaque
