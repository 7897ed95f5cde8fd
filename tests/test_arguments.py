"""Arguments: public functions accept all usual types, and errors say what is expected."""

from __future__ import annotations

import inspect
import io
import json
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from pictures import encoded, image_block, png, request
from PIL import Image as Pillow

import imgcost
from imgcost import arguments
from imgcost.errors import ArgumentError, HeaderError, ImgcostError

DAY = date(2026, 11, 22)
PICTURE = png(400, 300)
FILE = SAMPLES / "web" / "marker-icon.png"


class Hostile:
    """Every method raises."""

    def __getattr__(self, name):
        raise AttributeError(name)

    def __repr__(self):
        raise RuntimeError

    def __iter__(self):
        raise TypeError


ODD = {
    "None": None,
    "bool": True,
    "int": 7,
    "negative": -1,
    "float": 1.5,
    "nan": float("nan"),
    "text": "no such thing",
    "empty": "",
    "NUL": "a\0b",
    "bytes": b"bytes",
    "list": [7],
    "nested": [[["a"]]],
    "dict": {"a": 1},
    "set": {1},
    "date": DAY,
    "Decimal": Decimal("NaN"),
    "object": object(),
    "class": dict,
    "array": np.zeros((2, 3)),
    "frame": pd.DataFrame({"a": ["b"]}),
    "text file": io.StringIO("text"),
    "hostile": Hostile(),
}

CALLS = {
    "audit": {"paths": (FILE,)},
    "check_batch": {"batch": [request(image_block(PICTURE))]},
    "check_images": {"images": PICTURE},
    "check_request": {"params": request(image_block(PICTURE))},
    "escape_path": {"path": "a"},
    "estimate": {"width": 10, "height": 10, "model": "sonnet"},
    "fit": {"image": PICTURE},
    "fit_paths": {"paths": (FILE,), "output": "small"},
    "fit_request": {"params": request(image_block(PICTURE))},
    "fit_request_file": {"source": __file__},
    "image_block": {"image": PICTURE},
    "image_blocks": {"images": [PICTURE]},
    "image_costs": {"data": pa.record_batch({"width": [10], "height": [10]})},
    "parse_count": {"value": "200k"},
    "parse_size": {"text": "12MP"},
    "plan": {"images": [(10, 10)], "models": "sonnet"},
    "quotes": {"models": "sonnet"},
    "read_header": {"source": PICTURE},
    "scan": {"paths": (FILE,)},
    "summarize": {"paths": (FILE,)},
    "text_tokens": {"text": "a"},
    "unescape_path": {"text": "a"},
}


def call(name, arguments):
    """Call a public function, and consume the iterator of a scan; that of `fit_paths` would write."""
    given = dict(arguments)
    result = getattr(imgcost, name)(*given.pop("paths", ()), **given)
    return list(result) if name == "scan" else result


def test_every_public_function_is_tested_here():
    functions = {name for name in imgcost.__all__ if inspect.isfunction(getattr(imgcost, name))}
    assert functions == set(CALLS)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        (name, argument)
        for name in CALLS
        for argument, parameter in inspect.signature(getattr(imgcost, name)).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    ],
)
def test_a_value_of_another_type_is_accepted_or_an_error_with_a_short_message(name, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an output may be written
    for kind, value in ODD.items():
        message = ""
        try:
            call(name, CALLS[name] | {argument: (value,) if argument == "paths" else value})
        except ImgcostError as error:
            message = str(error)
        except OSError:  # a path that does not exist
            assert isinstance(value, (str, bytes)), kind
        except Exception as error:
            error.add_note(f"{kind} as {argument}")
            raise
        assert len(message) < 400, kind


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.binary(), st.lists, max_leaves=5))
def test_invalid_values_raise_only_imgcost_errors(value):
    for name, argument in [("check_request", "params"), ("check_batch", "batch"), ("read_header", "source")]:
        with suppress(ImgcostError):
            call(name, {argument: value})


# Usual types


USUAL_TYPES = {
    "Path": nullcontext,
    "str": lambda file: nullcontext(str(file)),
    "bytes": lambda file: nullcontext(file.read_bytes()),
    "bytearray": lambda file: nullcontext(bytearray(file.read_bytes())),
    "memoryview": lambda file: nullcontext(memoryview(file.read_bytes())),
    "BytesIO": lambda file: io.BytesIO(file.read_bytes()),
    "file": lambda file: file.open("rb"),
    "Pillow": Pillow.open,
}


@pytest.mark.parametrize("kind", USUAL_TYPES)
def test_images_are_accepted_in_all_usual_types(tmp_path, kind):
    (tmp_path / "a.png").write_bytes(PICTURE)
    with USUAL_TYPES[kind](tmp_path / "a.png") as image:
        assert imgcost.read_header(image) == ("image/png", 400, 300, 1, False)
        for images in (image, [image]):
            findings = imgcost.check_images(images, as_of=DAY)
            assert (findings.ok, findings.tokens, findings.images[0].media_type) == (True, 165, "image/png")
        if kind in {"BytesIO", "file"}:
            assert image.tell() == 0


def test_a_path_without_an_image_is_an_error_that_names_its_kind(tmp_path):
    (tmp_path / "a.png").write_bytes(b"<html>")
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        with pytest.raises(HeaderError, match="HTML page, not an image"):
            imgcost.read_header(path)
    with pytest.raises(FileNotFoundError):
        imgcost.read_header(tmp_path / "none.png")


def test_an_open_file_is_read_from_its_position():
    stream = io.BytesIO(b"12345" + PICTURE[:-1])
    stream.seek(5)
    assert imgcost.read_header(stream).width == 400
    assert [finding.rule for finding in imgcost.check_images(stream, as_of=DAY).errors] == ["truncated"]
    assert stream.tell() == 5


def test_a_pillow_image_has_the_size_of_its_pixels():
    plain = Pillow.new("RGB", (9000, 10))
    findings = imgcost.check_images([plain, Pillow.new("RGB", (0, 5))], as_of=DAY)
    assert [finding.rule for finding in findings.errors] == ["image-edge", "empty"]
    assert (findings.images[0].media_type, findings.images[0].width) == (None, 9000)
    with pytest.raises(ImgcostError, match="was not opened from a file: save it as PNG or JPEG first"):
        imgcost.read_header(plain)
    with (
        Pillow.open(io.BytesIO(encoded("TIFF"))) as tiff,
        pytest.raises(ImgcostError, match="the Pillow image is TIFF"),
    ):
        imgcost.read_header(tiff)
    exif = Pillow.Exif()
    exif[0x0112] = 6
    with Pillow.open(io.BytesIO(encoded("JPEG", exif=exif))) as turned:
        assert imgcost.read_header(turned).orientation == 6
    exif[0x0112] = 9
    with Pillow.open(io.BytesIO(encoded("JPEG", exif=exif))) as turned:
        assert imgcost.read_header(turned).orientation == 1
    frames = [Pillow.new("P", (8, 8), color) for color in (1, 2)]
    moving = encoded("GIF", save_all=True, append_images=frames)
    with Pillow.open(io.BytesIO(moving)) as gif:
        assert imgcost.read_header(gif) == imgcost.read_header(moving)


class Pipe(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, _buffer):
        return 0


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (io.StringIO("text"), "expected a file opened with mode 'rb'; this one was opened in text mode"),
        (Pipe(), r"expected a seekable file, or bytes: pass stream.read\(\)"),
    ],
)
def test_a_file_that_cannot_seek_is_an_error(stream, message):
    for function in (imgcost.read_header, imgcost.check_images):
        with pytest.raises(ArgumentError, match=message):
            function(stream)


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (imgcost.read_header, 7, "invalid source 7: expected a path, the bytes of an image, a file opened"),
        (imgcost.read_header, "a\0b", r"invalid source 'a\\x00b': expected a valid path"),
        (imgcost.check_images, image_block(PICTURE), "invalid images .*; check_request takes image blocks"),
        (imgcost.check_images, imgcost.read_header(PICTURE), r"invalid images Header\("),
        (imgcost.check_images, pd.DataFrame({"path": ["a.png"]}), "invalid images "),
        (imgcost.check_images, 7, "invalid images 7: expected a path"),
        (imgcost.check_batch, 7, "invalid batch 7: expected the path of a batch file, its requests as a list, or"),
        (imgcost.scan, ["a.png"], r"invalid path \['a.png'\]: expected a str or os.PathLike; pass several paths as"),
        (imgcost.scan, b"a.png", "invalid path b'a.png': expected a str or os.PathLike"),
    ],
)
def test_errors_say_what_is_expected(function, argument, message):
    with pytest.raises(ArgumentError, match=message):
        function(argument)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"platform": "aws"},
            "invalid platform 'aws': expected one of claude-api, claude-platform-aws, bedrock, google-cloud",
        ),
        ({"as_of": "2026-11-22"}, "invalid as_of '2026-11-22': expected a date, such as datetime.date"),
        ({"budget_usd": "a lot"}, "invalid budget_usd 'a lot': expected US dollars, 0 or more"),
        ({"budget_usd": -1}, "invalid budget_usd -1: "),
        ({"budget_usd": True}, "invalid budget_usd True: "),
        ({"budget_usd": float("inf")}, "invalid budget_usd inf: "),
        ({"ignore": 7}, "invalid ignore 7: expected names of rules"),
        ({"ignore": [7]}, "invalid ignore 7: expected names of rules"),
        ({"model": 7}, "invalid model 7: expected the name of a model"),
    ],
)
@pytest.mark.parametrize("name", ["check_request", "check_images", "check_batch"])
def test_errors_in_options_of_a_check_say_what_is_expected(name, options, message):
    with pytest.raises(ArgumentError, match=message):
        call(name, CALLS[name] | options)


@pytest.mark.parametrize("options", [{"include": 7}, {"exclude": [7]}, {"jobs": 0}, {"jobs": "2"}, {"jobs": True}])
def test_an_invalid_option_of_a_scan_raises_at_the_call(options):
    with pytest.raises(ArgumentError, match=f"invalid {next(iter(options))} "):
        imgcost.scan(FILE, **options)


def test_a_misspelled_condition_is_a_type_error():
    with pytest.raises(TypeError, match="bacth"):
        imgcost.summarize(FILE, bacth=True)


@pytest.mark.parametrize("model", [7, [], [7], None])
def test_an_audit_needs_a_model(model):
    with pytest.raises(ArgumentError, match="invalid model "):
        imgcost.audit(FILE, model=model)


@pytest.mark.parametrize("budget", [Decimal("0.000495"), "0.000495", 0.000495, " 0.000495 "])
def test_dollars_are_accepted_in_all_usual_types(budget):
    options = {"model": "claude-sonnet-4-6", "as_of": DAY}
    assert imgcost.check_images(PICTURE, budget_usd=budget, **options).ok  # 165 tokens at $3
    assert imgcost.check_images(PICTURE, budget_usd=1, **options).ok
    assert not imgcost.check_images(PICTURE, budget_usd=0, **options).ok


def test_a_datetime_means_its_date():
    assert arguments.to_date(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == DAY
    assert arguments.to_date(DAY) == DAY
    assert arguments.to_date(None) is None


# Batches


ENTRIES = [{"custom_id": name, "params": request(image_block(PICTURE))} for name in "ab"]
LINES = "\n".join(map(json.dumps, ENTRIES))


@pytest.mark.parametrize(
    "batch",
    [
        ENTRIES,
        tuple(ENTRIES),
        {"requests": ENTRIES},
        {"requests": tuple(ENTRIES)},
        LINES.encode(),
        bytearray(LINES.encode()),
        json.dumps({"requests": ENTRIES}).encode(),
        json.dumps(ENTRIES, indent=2).encode(),
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_batches_are_accepted_in_all_usual_types(tmp_path, batch):
    batches = [batch]
    if isinstance(batch, bytes):
        (tmp_path / "batch.json").write_bytes(batch)
        batches += [
            io.BytesIO(batch),
            io.StringIO(batch.decode()),
            tmp_path / "batch.json",
            str(tmp_path / "batch.json"),
        ]
    for entries in batches:
        findings = imgcost.check_batch(entries, as_of=DAY)
        assert (findings.ok, len(findings.images), findings.tokens) == (True, 2, 330)
        assert findings.input_usd == Decimal("0.000825")  # half of $5


@pytest.mark.parametrize("entry", [ENTRIES[0], request(image_block(PICTURE))])
def test_a_single_request_is_a_batch_of_one_at_half_the_price(entry):
    for batch in (entry, [entry], json.dumps(entry).encode()):
        assert imgcost.check_batch(batch, as_of=DAY).input_usd == Decimal("0.0004125")


def test_a_closed_file_is_not_a_batch():
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ArgumentError, match=r"invalid batch .*: expected an open file"):
        imgcost.check_batch(closed)


def test_only_paths_and_text_can_be_escaped():
    assert imgcost.escape_path(Path("a")) == "a"
    for function, name in ((imgcost.escape_path, "path"), (imgcost.unescape_path, "text")):
        with pytest.raises(ArgumentError, match=f"invalid {name} 7: expected "):
            function(7)
