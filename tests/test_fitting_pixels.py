"""The pixels that `fit` writes: orientation, colors, transparency, quality, and hostile files."""

from __future__ import annotations

import builtins
import io
import random
import struct
import sys
import warnings
import zlib
from datetime import date

import numpy as np
import pillow_heif
import pytest
from conftest import SAMPLES
from pictures import chunk, png, similarity
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageOps
from test_fitting import noise, opened, saved, smooth

from imgcost import FitError, check_images, fit, read_header
from imgcost.fitting import decoding, fit_options, originals, target_size
from imgcost.quoting import quotes

MODEL = "claude-opus-4-6"


def difference(one, other):
    """The largest difference of a channel."""
    assert one.size == other.size
    return np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max(initial=0)


# Quality

READABLE = sorted(path for path in SAMPLES.glob("*/*") if path.parent.name != "broken")


def upright(path):
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def reference(path, fitted):
    return upright(path).resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_a_copy_is_as_good_as_the_best_resampling(path):
    fitted = fit(path, model=MODEL)
    if fitted.changed:
        assert similarity(reference(path, fitted), opened(fitted.data)) >= 0.99


KEPT = {("senate-1871.jpg", "JPEG"), ("notebook-table.png", "PNG"), ("terminal-vtop.png", "PNG")}
"""Originals that the smaller copy would need more bytes than."""

LARGE = [path for path in READABLE if max(read_header(path)[1:3]) > 1400]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("path", LARGE, ids=lambda path: path.name)
def test_a_copy_of_a_large_file_is_as_good_as_the_best_resampling(path, kind):
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {"compress_level": 1}
    fitted = fit(saved(upright(path), kind, **options), model=MODEL)
    assert fitted.changed is ((path.name, kind) not in KEPT)
    if fitted.changed:
        assert similarity(reference(path, fitted), opened(fitted.data)) >= 0.99


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_a_small_copy_of_a_compact_original_is_good_and_has_fewer_bytes(path):
    fitted = fit(path, max_side=400)
    assert similarity(reference(path, fitted), opened(fitted.data)) >= 0.96
    assert fitted.saved_bytes >= 0 or fitted.rejected


def test_a_jpeg_is_decoded_at_a_reduced_size_without_a_shift():
    image = smooth(1601, 1203)
    data = saved(image, "JPEG", quality=95)
    for side in (1200, 800, 390, 190, 97):
        fitted = fit(data, max_side=side)
        resized = image.resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)
        assert difference(resized, opened(fitted.data)) <= 8


# Orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_applied(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (240, 160), "white")
    image.paste("red", (0, 0, 120, 80))
    image.paste("blue", (120, 80, 240, 160))
    data = saved(
        image, kind, exif=exif, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True})
    )
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    fitted = fit(data, max_side=120, keep_metadata=True, output_format="png")
    assert (fitted.width, fitted.height) == ((80, 120) if orientation >= 5 else (120, 80))
    assert ("rotated" in fitted.changes) is (orientation > 1)
    resized = expected.convert("RGB").resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)
    copy = opened(fitted.data)
    assert 0x0112 not in copy.getexif()
    assert difference(resized, copy) <= 12
    assert fitted.rescale_point(fitted.width, 0) == (expected.width, 0)


def test_a_pillow_image_is_turned_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(saved(Image.new("RGB", (30, 20)), "JPEG", exif=exif)))
    assert (fit(image).width, fit(image).height) == (20, 30)


# Colors


def test_colors_of_a_profile_are_converted_to_srgb():
    wide = ImageCms.createProfile("sRGB")
    # A profile with red and blue swapped: conversion has to swap them back.
    body = bytearray(ImageCms.ImageCmsProfile(wide).tobytes())
    red, blue = (body.index(tag) for tag in (b"rXYZ", b"bXYZ"))
    body[red : red + 4], body[blue : blue + 4] = b"bXYZ", b"rXYZ"
    description = body.index("sRGB".encode("utf-16-be"))
    body[description : description + 8] = "swap".encode("utf-16-be")
    image = Image.new("RGB", (40, 30), (200, 20, 20))
    for pixels in (image, image.convert("RGBA"), image.quantize()):
        data = saved(pixels, "PNG", icc_profile=bytes(body))
        fitted = fit(data, max_side=20)
        assert fitted.changes == ("resized", "recolored")
        copy = opened(fitted.data).convert("RGB")
        assert difference(copy, Image.new("RGB", (20, 15), (20, 20, 200))) <= 2
        assert "icc_profile" not in opened(fitted.data).info
    half = Image.new("RGBA", (40, 30), (200, 20, 20, 128))
    fitted = fit(saved(half, "PNG", icc_profile=bytes(body)), max_side=20)
    assert difference(opened(fitted.data), Image.new("RGBA", (20, 15), (20, 20, 200, 128))) <= 2
    palette = saved(image.quantize(), "TIFF", icc_profile=bytes(body))
    assert fit(palette).changes == ("converted", "recolored")
    transparent = half.quantize()
    transparent_palette = saved(transparent, "PNG", icc_profile=bytes(body))
    assert opened(fit(transparent_palette, max_bytes=len(transparent_palette) - 1).data).mode == "RGBA"
    for mode in ("1", "L", "LA"):
        fitted = fit(saved(Image.new(mode, (40, 30), 1), "PNG", icc_profile=bytes(body)), max_side=20)
        assert opened(fitted.data).mode in {"L", "LA"}
        assert "recolored" in fitted.changes


def icc(space, **tags):
    """Build a color profile (ICC.1:2010, 7.2 and 10.8)."""
    start, table, data = 132 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        table += name.encode() + struct.pack(">II", start + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    pcs = b"XYZ " if space == b"GRAY" else b"Lab "
    head = struct.pack(">I4s4s4s4s4s12x4s", start + len(data), b"test", b"\2\x40\0\0", b"prtr", space, pcs, b"acsp")
    light = struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(68, b"\0") + light + bytes(48) + struct.pack(">I", len(tags)) + table + data


def lookup_table(*outputs):
    """Build a table of two inputs per channel and a value of L, a and b for each of their combinations."""
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    return b"mft1\0\0\0\0\4\3\2\0" + matrix + ramp * 4 + bytes(sum(outputs, ())) + ramp * 3


DESCRIPTION = b"desc\0\0\0\0\0\0\0\5test\0".ljust(95, b"\0")


def test_a_profile_for_cmyk_decides_the_colors():
    white, gray, black = (255, 128, 128), (128, 128, 128), (0, 128, 128)
    profile = icc(b"CMYK", desc=DESCRIPTION, A2B0=lookup_table(white, *[black, gray] * 7, black))
    for color, seen in (((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((0, 0, 255, 0), 119)):
        data = saved(Image.new("CMYK", (40, 30), color), "TIFF", icc_profile=profile)
        fitted = fit(data, output_format="png")
        assert "recolored" in fitted.changes
        assert difference(opened(fitted.data), Image.new("RGB", (40, 30), (seen,) * 3)) <= 2


def test_a_profile_for_gray_keeps_it_gray():
    curve = b"curv" + bytes(8)  # brightness is linear
    profile = icc(b"GRAY", desc=DESCRIPTION, wtpt=b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), kTRC=curve)
    for mode, color in (("L", 128), ("LA", (128, 50))):
        data = saved(Image.new(mode, (40, 30), color), "TIFF", icc_profile=profile)
        copy = opened(fit(data, output_format="png").data)
        assert copy.mode == mode
        assert abs(copy.convert("L").getpixel((3, 3)) - 188) <= 1


@pytest.mark.parametrize("profile", [b"junk", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()])
def test_a_damaged_profile_and_srgb_change_no_color(profile):
    image = noise(40, 30)
    fitted = fit(saved(image, "TIFF", icc_profile=profile))
    assert fitted.changes == ("converted",)
    assert opened(fitted.data).tobytes() == image.tobytes()


def test_a_profile_for_other_colors_is_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = noise(40, 30)
    assert opened(fit(saved(image, "TIFF", icc_profile=lab)).data).tobytes() == image.tobytes()


def test_cmyk_becomes_rgb():
    data = saved(Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "JPEG", quality=95)
    fitted = fit(data, max_side=20)
    assert fitted.changes == ("resized", "recolored")
    assert difference(opened(fitted.data), Image.new("RGB", (20, 15), "red")) <= 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_become_8_bits(kind):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    options = {"compress_level": 0} if kind == "PNG" else {}
    fitted = fit(saved(Image.fromarray(ramp), kind, **options), max_bytes=120_000)
    assert "recolored" in fitted.changes
    assert np.array_equal(np.asarray(opened(fitted.data)), np.round(ramp / 257))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (Image.new("F", (9, 9)), "the pixels are floating-point numbers. Convert them to 8 bits per channel."),
        (Image.new("I", (9, 9), 65536), "the pixels have more than 16 bits. Convert them to 8 bits per channel."),
        (Image.new("I", (9, 9), -1), "the pixels have more than 16 bits. Convert them to 8 bits per channel."),
    ],
)
def test_numbers_without_a_brightness_are_an_error(pixels, message):
    with pytest.raises(FitError) as caught:
        fit(saved(pixels, "TIFF"))
    assert str(caught.value) == message
    assert caught.value.problem == "unsupported"


@pytest.mark.parametrize("mode", ["YCbCr", "LAB", "HSV", "RGBX", "PA", "La", "RGBa", "I;16", "CMYK", "1"])
def test_pillow_images_of_other_modes(mode):
    image = Image.new("RGBA" if mode == "RGBa" else "LA" if mode in {"La", "PA"} else "RGB", (40, 30), "white")
    image = Image.new("I;16", (40, 30), 65535) if mode == "I;16" else image.convert(mode)
    for size in (20, 40):
        copy = opened(fit(image, max_side=size).data)
        assert copy.size == (size, size * 3 // 4)
        assert difference(copy.convert("RGB"), Image.new("RGB", copy.size, "white")) <= 1


# Transparency


def transparent(mode):
    """A red disk that fades out into transparent pixels whose hidden color is green."""
    image = Image.new("RGBA", (64, 48), (0, 255, 0, 0))
    alpha = ImageOps.invert(Image.radial_gradient("L")).resize((64, 48)).point(lambda value: max(value - 60, 0))
    image.paste((255, 0, 0), mask=alpha.point(lambda value: 255 if value else 0))
    image.putalpha(alpha)
    return image.quantize(255) if mode == "P" else image.convert(mode)


def on(image, color):
    base = Image.new("RGBA", image.size, color)
    base.alpha_composite(image.convert("RGBA"))
    return base.convert("RGB")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg"])
def test_transparency_is_kept_or_flattened(mode, output_format):
    image = transparent(mode)
    data = saved(image, "TIFF" if mode != "P" else "PNG")
    for color in ("#000000", "#fff"):
        fitted = fit(data, output_format=output_format, background=color, max_side=32, min_quality=95)
        copy = opened(fitted.data)
        assert ("flattened" in fitted.changes) is (output_format == "jpeg")
        assert copy.has_transparency_data is (output_format != "jpeg")
        flat = on(image, color).resize(copy.size, Image.Resampling.LANCZOS)
        assert difference(on(copy, color), flat) <= (4 if output_format == "png" else 24)


def test_a_transparent_color_is_kept():
    for mode, color in (("RGB", (1, 2, 3)), ("L", 7), ("1", 0)):
        data = saved(Image.new(mode, (40, 30), color), "PNG", transparency=color)
        assert opened(fit(data, max_side=20).data).getchannel("A").getextrema() == (0, 0)
        assert opened(fit(data, output_format="webp").data).getchannel("A").getextrema() == (0, 0)


def test_transparency_without_transparent_pixels_is_dropped():
    data = saved(noise(40, 30).convert("RGBA"), "TIFF")
    assert opened(fit(data).data).mode == "RGB"
    assert "flattened" not in fit(data, output_format="jpeg").changes


# Metadata


def test_metadata_is_dropped_unless_requested():
    exif = Image.Exif()
    exif[0x010E] = "private"
    for kind in ("JPEG", "TIFF", "PNG", "WEBP"):
        data = saved(noise(40, 30), kind, exif=exif, dpi=(300, 300))
        assert b"private" in data
        for output_format in ("jpeg", "png", "webp"):
            assert b"private" not in fit(data, max_side=20, output_format=output_format).data
            kept = opened(fit(data, max_side=20, output_format=output_format, keep_metadata=True).data).getexif()
            assert kept[0x010E] == "private"
            assert 0x0111 not in kept  # where the strips of a TIFF were


def test_metadata_that_cannot_be_kept_is_dropped():
    large = Image.Exif()
    large[0x010E] = "x" * 70_000
    for exif in (large.tobytes(), b"Exif\0\0II*\0\xff\xff\xff\xff"):
        data = saved(noise(40, 30), "PNG", exif=exif)
        assert fit(data, max_side=20, output_format="jpeg", keep_metadata=True).width == 20
    assert not opened(fit(saved(noise(40, 30), "PNG"), max_side=20, keep_metadata=True).data).getexif()


# Other formats


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "TGA", "PCX", "SGI", "ICO", "ICNS", "DDS", "JPEG2000", "QOI"])
def test_other_formats_are_converted(kind):
    image = smooth(64, 64)
    fitted = fit(saved(image, kind), model=MODEL)
    assert fitted.changes[0] == "converted"
    assert (fitted.width, fitted.height) == ((1024, 1024) if kind == "ICNS" else (64, 64))
    assert fitted.rejected
    if kind == "JPEG2000":
        assert fitted.media_type == "image/jpeg"
    elif kind != "ICNS":
        assert opened(fitted.data).tobytes() == image.tobytes()


def test_a_tiff_with_jpeg_data_is_lossy():
    assert fit(saved(smooth(64, 64), "TIFF", compression="jpeg")).media_type == "image/jpeg"


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_heic(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = smooth(240, 160)
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=95, exif=exif.tobytes())
    data = out.getvalue()
    fitted = fit(data, max_side=120)
    assert fitted.media_type == "image/jpeg"
    assert (fitted.rejected, fitted.original_media_type) == ("HEIC", "image/heic")
    expected = pillow_heif.open_heif(io.BytesIO(data)).to_pillow()
    expected = expected.resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)
    assert difference(opened(fitted.data), expected) <= 24
    assert "HEIF" not in Image.OPEN  # nothing is registered


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_avif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(smooth(240, 160), "AVIF", quality=95, exif=exif)
    fitted = fit(data, max_side=120)
    expected = ImageOps.exif_transpose(opened(data)).convert("RGB")
    expected = expected.resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)
    assert difference(opened(fitted.data), expected) <= 24


def test_a_missing_decoder_is_named(monkeypatch):
    heic, avif = io.BytesIO(), saved(smooth(64, 64), "AVIF")
    pillow_heif.from_pillow(smooth(64, 64)).save(heic)
    real = builtins.__import__

    def without(name, *args, **keywords):
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    for data, name in ((heic.getvalue(), "HEIC"), (avif, "AVIF")):
        with pytest.raises(FitError) as caught:
            fit(data)
        assert str(caught.value) == f"{name} needs an extra. Install it: pip install 'imgcost[heic]'."
        assert caught.value.problem == "no-decoder"
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(FitError, match="HEIC needs an extra"):
        fit(heic.getvalue())


def test_pillow_may_lack_a_decoder(monkeypatch):
    data = saved(smooth(64, 64), "PCX")
    fit(data)
    monkeypatch.delitem(Image.OPEN, "PCX")
    with pytest.raises(FitError, match="PCX cannot be decoded"):
        fit(data)


def test_a_drawing_and_a_raw_photo_cannot_be_decoded():
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'/>"
    raw = b"II*\0\x10\0\0\0CR\2\0" + bytes(99)
    convert, send = "Convert it in another program.", "Send it as a document block, or render its pages as images."
    for data, name, advice in (
        (eps, "EPS", convert),
        (svg, "SVG", convert),
        (raw, "CR2", convert),
        (b"%PDF-", "PDF", send),
    ):
        with pytest.raises(FitError, match="cannot be decoded") as caught:
            fit(data)
        assert (caught.value.problem, str(caught.value)) == ("unsupported", f"{name} cannot be decoded. {advice}")


# Hostile files


def bomb(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND")


def test_a_bomb_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(decoding, "_open", None)
    with pytest.raises(FitError, match=r"^20000x10001 px: at most 200,000,000 px are decoded\. Resize it") as caught:
        fit(bomb(20_000, 10_001))
    assert caught.value.problem == "too-large"


def test_a_bomb_that_our_header_does_not_show_is_refused_too(monkeypatch):
    data = saved(Image.new("L", (300, 300)), "BMP")
    monkeypatch.setattr(decoding, "MAX_PIXELS", 300 * 300)
    assert fit(data).width == 300
    real = originals.Original
    monkeypatch.setattr(originals, "Original", lambda *fields: real(*fields[:3], 3, 3, *fields[5:]))
    with pytest.raises(FitError, match="the header says 3x3 px, but the pixels are 300x300 px"):
        fit(data)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 300 * 300 - 1)
    with pytest.raises(FitError, match=r"^300x300 px: at most 89,999 px"):
        fit(data)


def test_a_large_file_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(originals, "MAX_FILE_BYTES", 500)
    with (tmp_path / "a.png").open("wb") as file:
        file.write(png(300, 300, 501))
    with pytest.raises(FitError, match=r"^501 bytes: at most 500 are read"):
        fit(tmp_path / "a.png")
    assert not fit(png(300, 300, 500)).changed


@pytest.mark.parametrize("name", ["cut-in-header.jpg", "cut-in-pixels.png", "notes.png"])
def test_broken_samples_are_errors(name):
    with pytest.raises(FitError):
        fit(SAMPLES / "broken" / name)


def test_damage_in_the_middle_is_an_error():
    data = bytearray(saved(noise(300, 200), "PNG"))
    data[len(data) // 2] ^= 255
    with pytest.raises(FitError, match=r"^cannot decode the pixels: \w") as caught:
        fit(bytes(data), max_side=100)
    assert caught.value.problem == "damaged"
    heic = io.BytesIO()
    pillow_heif.from_pillow(noise(64, 64)).save(heic)
    with pytest.raises(FitError, match=r"^cannot decode the pixels: "):
        fit(heic.getvalue()[:-500])


def test_nothing_global_changes(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # would be a warning or an error in Image.open
    before = dict(Image.OPEN), list(warnings.filters), ImageFile.LOAD_TRUNCATED_IMAGES
    assert fit(saved(noise(300, 200), "JPEG"), max_side=100).width == 100
    assert fit(saved(noise(300, 200), "BMP")).width == 300
    assert (dict(Image.OPEN), list(warnings.filters), ImageFile.LOAD_TRUNCATED_IMAGES) == before
    assert Image.MAX_IMAGE_PIXELS == 100


def test_random_damage_is_a_fit_error_or_a_picture():
    rng = random.Random(3)
    kinds = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "ICO", "TGA", "JPEG2000")
    originals = [saved(noise(40, 30), kind) for kind in kinds]
    for _ in range(600):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(min(len(data), rng.choice((40, 400, len(data)))))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitted = fit(data, max_side=20)
            except FitError:
                continue
        assert max(fitted.width, fitted.height) <= 20


# Many images

KINDS = {
    "1": ("PNG", "TIFF", "BMP", "GIF"),
    "L": ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM"),
    "LA": ("PNG", "TIFF"),
    "P": ("PNG", "GIF"),
    "RGB": ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "TGA"),
    "RGBA": ("PNG", "WEBP", "TIFF", "TGA"),
    "CMYK": ("JPEG", "TIFF"),
    "I;16": ("PNG", "TIFF"),
}


def random_image(rng):
    mode = rng.choice(list(KINDS))
    kind = rng.choice(KINDS[mode])
    long = rng.choice((40, 400, 1568, 3000))
    size = (rng.randint(1, long), rng.randint(1, rng.choice((60, long))))
    size = size if rng.random() < 0.5 else size[::-1]
    if rng.random() < 0.3:
        image = noise(*size, seed=rng.random())
    else:
        image = Image.linear_gradient("L").resize(size)
        image = Image.merge("RGB", (image, ImageChops.invert(image), image.transpose(Image.Transpose.ROTATE_180)))
    if mode in {"LA", "RGBA", "P"}:
        image.putalpha(Image.radial_gradient("L").resize(size))
    if mode == "P":
        image = image.quantize(rng.randint(2, 255))
    elif mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    else:
        image = image.convert(mode)
    options = {"quality": rng.randint(60, 95)} if kind in {"JPEG", "WEBP"} else {}
    return saved(image, kind, **options)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 21))])
def test_random_images_fit(part):
    rng = random.Random(part)
    for _ in range(50 if part else 5):
        data = random_image(rng)
        model, day = rng.choice(((MODEL, None), ("claude-opus-5", None), ("claude-3-opus", date(2025, 6, 1))))
        choices = {"max_tokens": rng.randint(1, 1600)} if rng.random() < 0.3 else {}
        (quote,) = quotes([model], as_of=day)
        fitted = fit(data, model=model, as_of=day, **choices)
        size = target_size(fitted.original_width, fitted.original_height, quote, fit_options(**choices))
        if fitted.changed:
            assert (fitted.width, fitted.height) == size
            check_aspect(fitted)
            copy = opened(fitted.data)
            assert copy.size == size
        else:
            assert fitted.data == data
        assert fitted.tokens == quote.tokens(fitted.width, fitted.height)
        assert fitted.tokens == quote.tokens(*size) <= choices.get("max_tokens", fitted.tokens)
        assert fitted.original_tokens is None or fitted.tokens <= fitted.original_tokens
        assert len(fitted.data) <= len(data) or fitted.rejected or choices
        assert check_images([fitted.data], model=model, as_of=day).errors == ()


def check_aspect(fitted):
    exact = fitted.width * fitted.original_height / fitted.original_width
    other = fitted.height * fitted.original_width / fitted.original_height
    assert abs(fitted.height - exact) <= 1 or abs(fitted.width - other) <= 1
