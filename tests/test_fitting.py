"""What `fit` decides: the size, the format, and whether anything has to change."""

from __future__ import annotations

import io
import os
import pickle
import random
from datetime import date
from decimal import Decimal

import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from pictures import encoded, png
from PIL import Image

from imgcost import FitError, check_images, errors, fit, geometry, read_header
from imgcost.fitting import fit_options, target_size
from imgcost.quoting import quotes

DAY = date(2026, 11, 26)
STANDARD = "claude-opus-4-6"
AREA = "claude-3-opus"


def noise(width, height, mode="RGB", seed=0):
    size = width * height * len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(seed).randbytes(size))


def smooth(width, height):
    """Colors that change slowly, as in a photo of the sky."""
    return Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(turn).resize((width, height)) for turn in (0, 90, 180)]
    )


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


# Unchanged


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_accepted_image_that_fits_is_returned_byte_for_byte(kind):
    data = encoded(kind)
    fitted = fit(data, model=STANDARD)
    assert fitted.data == data
    assert fitted.changes == ()
    assert not fitted.changed
    assert (fitted.width, fitted.height, fitted.tokens, fitted.original_tokens) == (300, 300, 121, 121)
    assert (fitted.saved_tokens, fitted.saved_bytes, fitted.saved_usd) == (0, 0, Decimal(0))
    assert fitted.media_type == fitted.original_media_type == f"image/{kind.lower()}"


def test_an_unchanged_image_is_upright_for_claude_and_keeps_its_metadata():
    path = SAMPLES / "photos/dogs-orientation-6.jpg"
    fitted = fit(path)
    assert fitted.data == path.read_bytes()
    assert (fitted.width, fitted.height) == (768, 1152)


def test_a_copy_that_would_have_more_bytes_is_not_made():
    path = SAMPLES / "photos/dandelion-2800.jpg"
    fitted = fit(path, model=STANDARD)
    assert fitted.data == path.read_bytes()
    assert (fitted.width, fitted.height, fitted.tokens) == (2800, 1575, fitted.original_tokens)
    always = fit(path, model=STANDARD, always_resize=True)
    assert (always.width, always.height, always.tokens) == (1456, 819, fitted.tokens)
    assert always.changes == ("resized", "compressed")


@pytest.mark.parametrize(("edge", "resized"), [(1092, False), (1093, True)])
def test_both_sides_of_the_documented_size(edge, resized):
    fitted = fit(png(edge, edge), model=STANDARD, always_resize=True)
    assert fitted.changed is resized
    assert (fitted.width, fitted.height, fitted.tokens) == (1092, 1092, 1521)


# Sizes


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(1, 6000), st.integers(1, 9000))
def test_the_largest_size_within_all_limits(width, height, max_tokens, max_side):
    for model in (STANDARD, AREA):
        (quote,) = quotes([model], as_of=DAY)
        options = fit_options(max_tokens=max_tokens, max_side=max_side)
        across, down = target_size(width, height, quote, options)
        assert quote.tokens(across, down) <= max_tokens
        assert max(across, down) <= max_side
        assert geometry.fits(across, down, quote.tier)
        assert (across, down) == target_size(width, height, quote, options)
        if (across, down) == (width, height):
            continue
        long, ratio = max(across, down) + 1, max(width, height) / min(width, height)
        short = max(round(long / ratio), 1)
        assert min(across, down) == max(round((long - 1) / ratio), 1)
        assert (
            long > max_side
            or long > max(width, height)
            or not geometry.fits(long, short, quote.tier)
            or quote.tokens(long, short) > max_tokens
        )


def test_the_size_without_options_is_the_documented_one():
    for model in ("sonnet", STANDARD, AREA):
        (quote,) = quotes([model], as_of=DAY)
        for size in ((4032, 3024), (1920, 1080), (20_000, 7), (3, 3), (8001, 1)):
            assert target_size(*size, quote, fit_options()) == geometry.resized_size(*size, quote.tier)


def test_max_tokens_costs_less_and_the_saving_is_exact():
    fitted = fit(SAMPLES / "photos/sunset-1920.jpg", model=STANDARD, max_tokens=500, as_of=DAY)
    assert (fitted.width, fitted.height) == geometry.fit_to_tokens(1920, 1280, 500, fitted.quote.tier)
    assert fitted.original_tokens == 1536
    assert fitted.saved_tokens == 1536 - fitted.tokens
    assert fitted.saved_usd == fitted.saved_tokens * fitted.quote.usd_per_mtok / 1_000_000
    assert fitted.changes == ("resized",)
    assert fitted.quality == 95


def test_max_side_and_the_area_formula():
    fitted = fit(noise(900, 600), model=AREA, max_side=300, as_of=DAY)
    assert (fitted.width, fitted.height, fitted.tokens) == (300, 200, 80)
    assert fit(noise(900, 600), model=AREA, max_tokens=80, as_of=DAY).tokens == 80


def test_an_image_over_the_edge_limit_is_accepted_afterwards():
    data = png(8001, 50)
    fitted = fit(data, model=STANDARD)
    assert fitted.rejected == "over 8,000 px"
    assert (fitted.width, fitted.height) == geometry.resized_size(8001, 50, fitted.quote.tier)
    assert (fitted.original_tokens, fitted.saved_tokens, fitted.saved_usd) == (None, None, None)
    assert check_images([fitted.data], model=STANDARD).ok


# Bytes and formats


def test_a_photo_without_loss_over_the_byte_limit_becomes_webp():
    data = saved(noise(1150, 1150), "PNG")
    fitted = fit(data, platform="bedrock", model="sonnet")
    assert fitted.rejected == "over 5,242,880 bytes"
    assert (fitted.media_type, fitted.changes) == ("image/webp", ("converted", "compressed"))
    assert len(fitted.data) <= 5_242_880 // 4 * 3
    assert check_images([fitted.data], model="sonnet", platform="bedrock").ok
    offered = fit(data, platform="bedrock", model="sonnet", output_format="jpeg")
    assert (offered.media_type, offered.quality) == ("image/jpeg", 95)
    same = fit(data, model="sonnet", platform="claude-api", max_bytes=len(data))
    assert not same.changed


@pytest.mark.parametrize("excess", [0, 1])
def test_both_sides_of_the_byte_limit(excess):
    data = png(300, 300, 7_864_320 + excess)
    fitted = fit(data, model=STANDARD, as_of=DAY)
    assert fitted.changed is bool(excess)
    assert fitted.changes == (("re-encoded",) if excess else ())
    assert len(fitted.data) <= 7_864_320


def test_the_quality_steps_down_to_the_limit_and_no_further():
    photo = saved(noise(400, 400), "JPEG", quality=95, subsampling=0)
    sizes = {q: len(fit(photo, output_format="webp", min_quality=q, max_bytes=10**9).data) for q in (95,)}
    assert sizes[95] <= len(photo)
    best = fit(photo, max_bytes=len(photo) - 1, model=STANDARD)
    assert (best.quality, best.changes) == (90, ("compressed",))
    assert best.saved_bytes > 0
    floor = fit(photo, max_bytes=len(photo) - 1, min_quality=94, model=STANDARD)
    assert floor.quality == 94
    with pytest.raises(
        FitError, match=r"bytes as JPEG at quality 70: the limit is 9,999\. Limit its longest side"
    ) as caught:
        fit(photo, max_bytes=9_999)
    assert caught.value.problem == "too-many-bytes"


def test_png_is_never_made_lossy_if_requested():
    data = saved(noise(400, 400), "PNG")
    with pytest.raises(FitError, match=r"as PNG without loss: .* or choose JPEG or WebP\."):
        fit(data, output_format="png", max_bytes=100_000)


@pytest.mark.parametrize(
    ("mode", "output_format", "media_type", "changes"),
    [
        ("RGB", "jpeg", "image/jpeg", ("converted", "compressed")),
        ("RGBA", "jpeg", "image/jpeg", ("converted", "flattened", "compressed")),
        ("RGBA", "webp", "image/webp", ("converted", "compressed")),
        ("RGB", "png", "image/png", ("converted",)),
    ],
)
def test_the_requested_format(mode, output_format, media_type, changes):
    fitted = fit(saved(noise(60, 40, mode), "TIFF"), output_format=output_format, model=STANDARD)
    assert (fitted.media_type, fitted.changes, fitted.rejected) == (media_type, changes, "TIFF")
    assert opened(fitted.data).get_format_mimetype() == media_type


def test_a_lossless_webp_stays_lossless_and_a_lossy_one_stays_webp():
    image = noise(1500, 20, "RGBA")
    lossless = fit(saved(image, "WEBP", lossless=True), max_side=1000)
    assert (lossless.media_type, lossless.quality, lossless.changes) == ("image/webp", None, ("resized",))
    lossy = fit(saved(image, "WEBP", quality=95), max_side=1000)
    assert (lossy.media_type, lossy.quality) == ("image/webp", 95)


def test_a_lossless_webp_stays_lossless_if_webp_is_requested():
    for kind, lossless, quality in (("WEBP", True, None), ("WEBP", False, 95), ("PNG", False, 95)):
        data = saved(noise(300, 200), kind, lossless=lossless)
        assert fit(data, max_side=100, output_format="webp").quality == quality


def test_a_copy_is_larger_only_if_the_original_is_rejected():
    path = SAMPLES / "formats/senate-1871.tif"
    fitted = fit(path)
    assert fitted.saved_bytes < 0
    assert (fitted.media_type, fitted.changes, fitted.rejected) == ("image/png", ("converted",), "TIFF")
    assert opened(fitted.data).convert("L").tobytes() == Image.open(path).convert("L").tobytes()


# Animations and pages


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (3000, 20), color) for color in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    fitted = fit(data, max_side=1000)
    assert fitted.changes[-1] == "first-frame"
    assert opened(fitted.data).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert getattr(opened(fitted.data), "n_frames", 1) == 1
    small = saved(Image.new("1", (9, 9)), kind, save_all=True, append_images=[Image.new("1", (9, 9), 1)])
    assert not fit(small).changed


def test_the_first_page_of_a_tiff():
    data = saved(Image.new("L", (30, 20)), "TIFF", save_all=True, append_images=[Image.new("L", (30, 20), 255)])
    assert fit(data).changes == ("converted", "first-frame")


# Sources


def test_a_file_a_stream_bytes_and_a_pillow_image_give_the_same():
    path = SAMPLES / "photos/sunset-1920.jpg"
    data = path.read_bytes()
    expected = fit(path, max_side=400).data
    with path.open("rb") as file:
        assert fit(file, max_side=400).data == expected
        assert file.tell() == 0
    for same in (str(path), data, bytearray(data), memoryview(data), io.BytesIO(data)):
        assert fit(same, max_side=400).data == expected
    shifted = io.BytesIO(b"head" + data)
    shifted.seek(4)
    assert fit(shifted, max_side=400).data == expected
    assert shifted.tell() == 4
    image = opened(data)
    before = image.tobytes()
    fitted = fit(image, max_side=400)
    assert (fitted.width, fitted.original_bytes, fitted.saved_bytes) == (400, None, None)
    assert image.tobytes() == before


def test_a_pillow_image_that_needs_no_change_is_encoded_and_not_changed():
    image = noise(30, 20)
    image.info["comment"] = "private"
    fitted = fit(image)
    assert (fitted.media_type, fitted.changes, fitted.rejected) == ("image/png", ("re-encoded",), None)
    assert (fitted.original_media_type, fitted.saved_tokens) == ("", 0)
    assert opened(fitted.data).tobytes() == image.tobytes()
    assert image.info == {"comment": "private"}
    assert b"private" not in fitted.data


class Odd:
    @property
    def read(self):
        raise RuntimeError


@pytest.mark.parametrize("source", [None, 3, ["a.png"], io.StringIO("text"), "a\0b.png", Odd()])
def test_other_sources_are_errors(source):
    with pytest.raises(errors.ArgumentError, match=r"^invalid image"):
        fit(source)


def test_a_missing_file_and_a_folder_are_os_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        fit(tmp_path / "missing.png")
    with pytest.raises(OSError, match=r"."):
        fit(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FitError, match="not a regular file"):
        fit(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_tokens", 0),
        ("max_bytes", 1.5),
        ("max_side", True),
        ("output_format", "gif"),
        ("background", "white"),
        ("background", None),
        ("background", "#12345"),
        ("min_quality", 0),
        ("min_quality", 96),
        ("model", 3),
        ("platform", "azure"),
    ],
)
def test_invalid_options_are_named(option, value):
    with pytest.raises(errors.ArgumentError, match=f"^invalid {option} "):
        fit(png(), **{option: value})


# Results


def test_a_point_is_mapped_to_the_original():
    small = fit(SAMPLES / "photos/sunset-1920.jpg", max_side=192)
    assert small.rescale_point(96, 64) == (960, 640)
    assert small.rescale_point(1e9, -5) == (1920, 0)
    unchanged = fit(SAMPLES / "photos/dandelion-2800.jpg", model=STANDARD)
    assert unchanged.rescale_point(728, 819) == (1400, 1575)  # as Claude sees it: 1456x819


def test_a_result_is_a_value(tmp_path):
    fitted = fit(SAMPLES / "formats/senate-1871.tif", model=STANDARD, as_of=DAY)
    assert pickle.loads(pickle.dumps(fitted)) == fitted
    assert repr(fitted) == f"<Fitted 840x575 png bytes={len(fitted.data)} tokens=630 (converted)>"
    html = fitted._repr_html_()
    assert "<td>TIFF</td><td>840x575</td>" in html
    assert "rejected: TIFF" in html
    values = fitted.to_dict()
    assert values["changes"] == ["converted"]
    assert (values["saved_usd"], values["saved_tokens"], values["rejected"]) == (None, None, "TIFF")
    assert values["file_bytes"] == len(fitted.data)
    assert "data" not in values
    fitted.save(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == fitted.data
    fitted.save(tmp_path / "no-suffix.backup")
    with pytest.raises(errors.ArgumentError, match=r"ends with \.png, because the data is PNG; output_format in fit"):
        fitted.save(tmp_path / "out.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["no-suffix.backup", "out.png"]
    assert (fitted.suffix, fit(png(), output_format="jpeg").suffix) == (".png", ".jpg")
    in_memory = fit(noise(9, 9), as_of=DAY)
    assert "unknown" in in_memory._repr_html_()
    assert in_memory.to_dict()["saved_usd"] == "0.000000"
    assert repr(fit(png())).endswith("(unchanged)>")


def test_the_header_of_every_sample_agrees():
    for path in sorted(SAMPLES.glob("*/*")):
        try:
            fitted = fit(path, max_tokens=100)
        except FitError:
            assert path.parent.name == "broken"
            continue
        header = read_header(fitted.data)
        assert (header.media_type, header.width, header.height) == (fitted.media_type, fitted.width, fitted.height)
        assert fitted.tokens <= 100
