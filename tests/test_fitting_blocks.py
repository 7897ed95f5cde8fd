"""Content blocks: images as base64 with labels and a text, for `messages.create`."""

from __future__ import annotations

import base64
import io
import json
from datetime import date
from pathlib import Path

import pytest
from api_server import check_request as check_by_server
from conftest import SAMPLES
from pictures import SMALL_MODEL, encoded, png
from PIL import Image

import imgcost

DAY = date(2026, 11, 22)
PHOTO = SAMPLES / "photos/dandelion-2800.jpg"
TIFF = SAMPLES / "formats/senate-1871.tif"
SMALL = png(64, 48)


def data_of(block):
    return base64.b64decode(block["source"]["data"], validate=True)


def sources():
    stream = io.BytesIO(b"junk" + SMALL)
    stream.seek(4)
    return {"bytes": SMALL, "bytearray": bytearray(SMALL), "memoryview": memoryview(SMALL), "file": stream}


@pytest.mark.parametrize("kind", sources())
def test_an_image_is_sent_byte_for_byte(kind):
    source = sources()[kind]
    block = imgcost.image_block(source)
    assert block == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(SMALL).decode()},
    }
    assert json.loads(json.dumps(block)) == block
    if kind == "file":
        assert source.tell() == 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_media_type_is_that_of_the_bytes(tmp_path, kind):
    path = tmp_path / "image.tiff"
    path.write_bytes(encoded(kind))
    for source in (path, str(path)):
        block = imgcost.image_block(source)
        assert block["source"]["media_type"] == f"image/{kind.lower()}"
        assert data_of(block) == path.read_bytes()


def test_an_image_is_fitted_on_request():
    assert data_of(imgcost.image_block(PHOTO)) == PHOTO.read_bytes()
    fitted = imgcost.fit(PHOTO, model="claude-opus-4-6", max_tokens=500)
    block = imgcost.image_block(PHOTO, fit=True, model="claude-opus-4-6", max_tokens=500)
    assert data_of(block) == fitted.data
    assert imgcost.image_block(TIFF, fit=True)["source"]["media_type"] == "image/png"


def test_a_pillow_image_is_encoded():
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 9))
    block = imgcost.image_block(image)
    assert block["source"]["media_type"] == "image/png"
    assert Image.open(io.BytesIO(data_of(block))).getpixel((0, 0)) == (255, 0, 0, 9)
    assert imgcost.image_block(image, output_format="jpeg")["source"]["media_type"] == "image/jpeg"


@pytest.mark.parametrize("url", ["https://example.com/a.jpg", "HTTP://example.com/a.jpg"])
def test_a_url_is_a_source_that_the_api_loads(url):
    assert imgcost.image_block(url) == {"type": "image", "source": {"type": "url", "url": url}}


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (TIFF, {}, "the API would reject the image: TIFF is not supported. Pass fit=True to fit it."),
        (png(8001, 10), {}, "8001x10 px: a side is longer than 8,000 px. Pass fit=True to fit it."),
        (png(100, 10, file_bytes=8_000_000), {}, "bytes as base64: the limit is 10,485,760. Pass fit=True"),
        (png(100, 10, file_bytes=4_000_000), {"platform": "bedrock"}, "bytes as base64: the limit is 5,242,880"),
        (SMALL[:200], {}, ""),
        (SMALL[:40], {"fit": True}, "end of the image is missing"),
        (b"", {}, "empty"),
        (__file__, {}, "text, not an image"),
    ],
)
def test_what_the_api_would_reject_is_an_error(source, options, message):
    if not message:
        assert data_of(imgcost.image_block(source)) == SMALL[:200]  # it is complete
        return
    with pytest.raises(imgcost.FitError) as caught:
        imgcost.image_block(source, as_of=DAY, **options)
    assert message in str(caught.value)


def test_wrong_arguments_are_errors():
    with pytest.raises(imgcost.errors.ArgumentError, match="invalid fit False: expected True if max_tokens is given"):
        imgcost.image_block(SMALL, max_tokens=5)
    with pytest.raises(imgcost.errors.ArgumentError, match="invalid image 5: expected a path"):
        imgcost.image_block(5)
    with pytest.raises(imgcost.errors.ArgumentError, match="invalid text 5: expected text"):
        imgcost.image_blocks([SMALL], text=5)
    with pytest.raises(imgcost.errors.UnknownModelError):
        imgcost.image_block(SMALL, model="gpt-4o")
    with pytest.raises(FileNotFoundError):
        imgcost.image_block("no-such-file.png")
    with pytest.raises(TypeError, match="maks"):
        imgcost.image_block(SMALL, fit=True, maks=5)


def kinds(blocks):
    return [block.get("text", block["type"]) for block in blocks]


def test_several_images_are_labeled_and_come_before_the_text():
    blocks = imgcost.image_blocks(iter([png(300, 200), PHOTO]), text="What differs?")
    assert kinds(blocks) == ["Image 1:", "image", "Image 2:", "image", "What differs?"]
    assert kinds(imgcost.image_blocks([SMALL, PHOTO], labels=False)) == ["image", "image"]
    params = {"model": SMALL_MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": blocks}]}
    assert [finding.rule for finding in imgcost.check_request(params, as_of=DAY) if finding.rule != "downscaled"] == []
    check_by_server(params)


@pytest.mark.parametrize("one", [SMALL, str(PHOTO), PHOTO, Image.new("L", (9, 9)), io.BytesIO(SMALL), [SMALL]])
def test_one_image_has_no_label(one):
    assert kinds(imgcost.image_blocks(one, text="What is it?")) == ["image", "What is it?"]


@pytest.mark.parametrize("text", [None, ""])
def test_without_text_there_are_only_images(text):
    assert kinds(imgcost.image_blocks([SMALL], text=text)) == ["image"]
    assert imgcost.image_blocks([], text=text) == []


def test_options_apply_to_each_image_and_an_error_names_its_number():
    blocks = imgcost.image_blocks([PHOTO, TIFF], fit=True, max_side=100, labels=False)
    sizes = [Image.open(io.BytesIO(data_of(block))).size for block in blocks]
    assert [max(size) for size in sizes] == [100, 100]
    with pytest.raises(imgcost.FitError) as caught:
        imgcost.image_blocks([SMALL, Path(TIFF)])
    assert str(caught.value).startswith("image 2: the API would reject the image: TIFF is not supported. Pass fit=True")
    assert (caught.value.problem, caught.value.advice) == ("rejected", "Pass fit=True to fit it.")
