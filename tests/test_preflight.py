"""Pre-flight checks of folders, bytes, requests and batches: their findings and their costs."""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import SAMPLES, png
from PIL import Image as Pillow
from pypdf import PdfWriter

import imgcost
from imgcost.errors import ImgcostError, NoPriceError, UnknownModelError
from imgcost.files import Image, Unreadable, scan
from imgcost.preflight import CheckedImage, check_batch, check_images, check_paths, check_request, checker
from imgcost.preflight import images as preflight_images
from imgcost.preflight.checker import Checker
from imgcost.rules import BatchInput, rules_of
from imgcost.tables import limits_on

TODAY = date(2026, 11, 22)
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, links or pipes without a privilege")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems take no bytes that are not UTF-8")
SONNET = "claude-sonnet-4-6"
GIF = base64.b64decode("R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7")


def picture(width=400, height=300, kind="PNG"):
    out = io.BytesIO()
    Pillow.new("RGB", (width, height), "teal").save(out, kind)
    return out.getvalue()


def encoded(data):
    return base64.b64encode(data).decode()


def block(data=None, media_type="image/png", **more):
    source = {"type": "base64", "media_type": media_type, "data": encoded(picture() if data is None else data)}
    return {"type": "image", "source": source, **more}


def document(data, **more):
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}, **more}


def request(*content, model="claude-opus-5", **more):
    return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": list(content)}], **more}


def locations_and_rules(findings):
    return [(finding.location, finding.rule) for finding in findings]


def rule_names(findings):
    return [finding.rule for finding in findings]


def check(*content, model="claude-opus-5", **options):
    return check_request(request(*content, model=model), **{"as_of": TODAY, **options})


def images(what, **options):
    return check_images(what, **{"as_of": TODAY, "model": SONNET, **options})


# Folders and files


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "pictures"
    (top / "sub").mkdir(parents=True)
    (top / "a.png").write_bytes(picture())
    (top / "b.jpg").write_bytes(picture(kind="JPEG")[:-2])
    (top / "c.png").write_bytes(b"")
    (top / "notes.txt").write_text("not an image")
    (top / "sub" / "d.png").write_bytes(b"<html>")
    (top / "sub" / "e.gif").write_bytes(picture(2000, 1500))
    (top / "sub" / "f.tif").write_bytes(b"II*\0")
    (top / "z.zip").write_bytes(b"PK\3\4")
    return top


def test_a_folder_is_checked_file_by_file(folder):
    findings = images(folder)
    located = [(Path(finding.location).relative_to(folder).as_posix(), finding.rule) for finding in findings]
    assert located == [
        ("b.jpg", "truncated"),
        ("c.png", "empty"),
        ("notes.txt", "not-an-image"),
        ("z.zip", "unreadable"),
        ("sub/d.png", "unreadable"),
        ("sub/e.gif", "suffix"),
        ("sub/e.gif", "downscaled"),
        ("sub/f.tif", "format"),
    ]
    assert [finding.file for finding in findings] == [finding.location for finding in findings]
    assert {finding.line for finding in findings} == {None}
    # Files that are not images are left out. All others are listed, with tokens if they could be measured.
    names = ["a.png", "b.jpg", "c.png", "z.zip", "d.png", "e.gif", "f.tif"]
    assert [Path(image.location).name for image in findings.images] == names
    # 400x300 px is 15x11 patches; 2000x1500 px is 1564 tokens on the standard tier (table in the documentation).
    assert [image.tokens for image in findings.images] == [165, 165, None, None, None, 1564, None]
    assert (findings.tokens, findings.unmeasured, len(findings), findings.ok) == (1894, 4, 8, False)
    assert findings.input_usd == Decimal(1894) * 3 / 1_000_000
    assert findings.images[5] == (str(folder / "sub" / "e.gif"), "image/png", 2000, 1500, 1270, 952, 1564)


def test_a_path_that_is_given_explicitly_must_be_an_image(folder):
    assert rule_names(images(folder / "notes.txt")) == ["unreadable"]
    assert rule_names(images([str(folder / "notes.txt"), folder / "a.png"])) == ["unreadable"]
    assert rule_names(images(str(folder / "nothing.png"))) == ["unreadable"]
    assert images(folder / "nothing.png").errors[0].message == "cannot read image: no such file or folder"
    assert rule_names(images("a\0b.png")) == ["unreadable"]


def test_an_empty_folder_has_no_images(tmp_path):
    findings = images(tmp_path)
    assert (locations_and_rules(findings), findings.images, findings.tokens, findings.input_usd, findings.ok) == (
        [],
        (),
        0,
        Decimal(0),
        True,
    )
    assert images([]).images == ()


@POSIX
def test_links_and_special_files_in_a_folder_are_skipped(tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    findings = images(tmp_path)
    located = {(Path(finding.location).name, finding.rule) for finding in findings}
    assert ("gone.png", "unreadable") in located
    assert located <= {("gone.png", "unreadable"), ("loop", "not-an-image"), ("pipe.png", "not-an-image")}
    assert sorted(Path(image.location).name for image in findings.images) == ["a.png", "gone.png", "link.png"]


@POSIX
def test_a_folder_without_read_permission_is_an_error(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "scandir", refuse)
    findings = images(tmp_path)
    assert [(finding.rule, finding.message) for finding in findings] == [
        ("unreadable", "cannot read image: permission denied")
    ]


@LINUX
@pytest.mark.parametrize(
    "name", [b"new\nline.png", b"\x1b[31m.png", b"=1+1.png", b"\xff\xfe.png", b"-rf.png", b"a:b,c%.png"]
)
def test_hostile_names_are_reported_unchanged(tmp_path, name):
    (tmp_path / os.fsdecode(name)).write_bytes(picture()[:-1])
    findings = images(tmp_path)
    assert [os.path.basename(finding.location) for finding in findings] == [os.fsdecode(name)]  # noqa: PTH119 - unchanged
    assert rule_names(findings) == ["truncated"]


# Bytes and results of a scan


def test_bytes_are_located_by_index():
    data = picture()
    for buffer in (data, bytearray(data), memoryview(data), memoryview(data + b"\0" * 4)[: len(data)].cast("B")):
        findings = images(buffer)
        assert (locations_and_rules(findings), findings.images[0][:4]) == ([], ("images.0", "image/png", 400, 300))
    findings = images([data, data[:-1], b"", bytearray(b"<html>")])
    assert locations_and_rules(findings) == [
        ("images.1", "truncated"),
        ("images.2", "empty"),
        ("images.3", "unreadable"),
    ]
    assert {finding.file for finding in findings} == {None}


def test_results_of_a_scan_are_not_read_again(tmp_path):
    gone = Image(str(tmp_path / "gone.PNG"), "image/jpeg", 9000, 100, 1, False, 8_000_000)  # noqa: FBT003 - a row
    lost = Unreadable("lost", "missing", "no such file or folder")
    link = Unreadable("link", "link-not-followed", "a link to a folder")
    findings = images([gone, lost, link])
    assert [(finding.rule, finding.file) for finding in findings] == [
        ("image-edge", gone.path),
        ("image-bytes", gone.path),
        ("suffix", gone.path),
        ("tiny", gone.path),
        ("unreadable", "lost"),
        ("not-an-image", "link"),
    ]
    assert images(gone).errors[1].observed == 10_666_668
    assert rule_names(images(lost)) == ["unreadable"]
    assert sorted(rule_names(images(scan(SAMPLES / "broken")))) == ["unreadable", "unreadable"]


@pytest.mark.parametrize("odd", [7, None, 1.5, {"type": "image"}, object()])
def test_a_value_of_another_type_is_a_type_error(odd):
    with pytest.raises(
        TypeError, match=r"^invalid images\.1 .+: expected a path, the bytes of an image, an open binary"
    ):
        images([picture(), odd])


def test_many_images_are_checked_in_parts_and_stay_in_order(monkeypatch):
    monkeypatch.setattr(preflight_images, "IMAGES_PER_CHECK", 2)
    pictures = [picture(side, side) for side in (10, 20, 30, 40, 50)]
    findings = images([*pictures, str(SAMPLES / "web" / "marker-icon.png"), pictures[0]])
    assert [image.width for image in findings.images] == [10, 20, 30, 40, 50, 25, 10]
    assert [image.location for image in findings.images][-3:] == [
        "images.4",
        str(SAMPLES / "web" / "marker-icon.png"),
        "images.6",
    ]


def test_one_request_applies_the_limits_of_a_request():
    wide = picture(2001, 300)
    assert "many-images-edge" not in rule_names(images([wide] * 21))
    assert rule_names(images([wide] * 20, one_request=True)) == ["downscaled"] * 20
    findings = images([wide] * 21, one_request=True)
    assert rule_names(findings.errors) == ["many-images-edge"] * 21
    assert [finding.location for finding in findings.errors] == [f"images.{number}" for number in range(21)]
    assert findings.errors[0].message == (
        "2001x300 px in a request with 21 images: the limit is 2,000 px per side if there are more than 20"
    )
    haiku = {"model": "claude-haiku-4-5", "one_request": True}
    assert images([GIF] * 100, **haiku).ok
    assert rule_names(images([GIF] * 101, **haiku).errors) == ["image-count"]


def test_one_request_locates_a_finding_about_one_image_in_its_file(tmp_path):
    for number in range(21):
        (tmp_path / f"{number:02}.png").write_bytes(picture(2001 if number == 7 else 300, 300))
    findings = images(tmp_path, one_request=True, model="claude-opus-5")
    assert [(finding.rule, finding.file) for finding in findings] == [("many-images-edge", str(tmp_path / "07.png"))]
    haiku = images([str(tmp_path)] * 5, one_request=True, model="claude-haiku-4-5", ignore=["many-images-edge"])
    assert [(finding.rule, finding.file) for finding in haiku.errors] == [("image-count", None)]


def test_one_request_adds_up_the_bytes_of_its_images(tmp_path):
    large = png(8, 8, b"\x78\1" * 3_500_000) + b"\0\0\0\0IEND\xaeB`\x82"
    assert images([large] * 3, one_request=True).ok
    findings = images([large] * 4, one_request=True)
    assert [(finding.rule, finding.location, finding.limit) for finding in findings.errors] == [
        ("request-bytes", "request", 33_554_432)
    ]
    assert images([large] * 4).ok
    (tmp_path / "notes.txt").write_text("x" * 40_000_000)
    assert images([*[large] * 3, tmp_path], one_request=True).errors == ()  # a stray file is not sent


# Dates and models


def test_limits_in_march_2024():
    day = date(2024, 3, 13)
    small = block(picture(300, 300))
    chosen = {"model": "claude-3-opus-20240229", "as_of": day}
    assert check_request(request(*[small] * 20), **chosen).ok
    assert rule_names(check_request(request(*[small] * 21), **chosen).errors) == ["image-count"]
    url = {"type": "image", "source": {"type": "url", "url": "https://example.com"}}
    assert rule_names(check_request(request(url), **chosen).errors) == ["source-type"]


@pytest.mark.parametrize(("more", "ok"), [(0, True), (1, False)])
def test_the_limit_is_5_mb_of_base64_until_june_2026(more, ok):
    end = b"\0\0\0\0IEND\xaeB`\x82"
    data = png(300, 300, b"\x78\1" * ((3_932_160 + more) // 2 - 40))
    data += end + b"\0" * (3_932_160 + more - len(data) - len(end))
    assert len(data) == 3_932_160 + more
    for day in (date(2024, 3, 4), date(2026, 6, 3)):
        assert check_images(data, model="claude-3-opus-20240229" if day.year == 2024 else SONNET, as_of=day).ok == ok
    assert check_images(data, model=SONNET, as_of=date(2026, 6, 4)).ok
    assert check_images(data, model=SONNET, as_of=TODAY, platform="bedrock").ok == ok


def test_a_date_before_the_first_limits_is_an_error():
    with pytest.raises(NoPriceError):
        check_images(GIF, as_of=date(2024, 3, 3))
    with pytest.raises(NoPriceError):
        check_request(request(), as_of=date(2026, 8, 21), platform="foundry")


def test_a_datetime_means_its_date_and_the_default_is_today():
    findings = check(block(), as_of=datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    assert (findings.as_of, type(findings.as_of), findings.platform) == (TODAY, date, "claude-api")
    assert check_request(request(block())).as_of == imgcost.tables.today()


def test_a_family_means_its_newest_model_on_the_date():
    old = images(picture(3008, 2000), model="sonnet", as_of=date(2026, 3, 1))
    new = images(picture(3008, 2000), model="sonnet")
    # 1348x896 on the standard tier and 2359x1568 on the high-resolution tier, according to the documentation.
    assert old.images[0][4:] == (1348, 896, 1568)
    assert new.images[0][4:] == (2359, 1568, 4760)


@pytest.mark.parametrize(
    ("model", "day", "problem"),
    [
        ("claude-3-opus-20240229", TODAY, "claude-3-opus-20240229 retired on 2026-01-05"),
        ("claude-sonnet-5-5", date(2026, 9, 27), "claude-sonnet-5-5 reads images from 2026-09-28 on"),
        ("claude-3-5-haiku-20241022", date(2025, 2, 23), "claude-3-5-haiku-20241022 reads images from 2025-02-24 on"),
    ],
)
def test_a_model_that_is_not_available_on_the_date_is_an_error(model, day, problem):
    findings = check(block(), model=model, as_of=day)
    assert [(finding.rule, finding.location, finding.message) for finding in findings.errors] == [
        ("model", "model", problem)
    ]
    assert findings.tokens in {160, 165}  # by the area formula of that time, or by patches
    known = problem if "retired" in problem else f"{model} was not available on {day}"
    with pytest.raises(ImgcostError, match=known):
        images(GIF, model=model, as_of=day)


def test_a_model_is_available_on_its_first_and_last_dates():
    assert check(block(), model="claude-sonnet-5-5", as_of=date(2026, 9, 28)).ok
    assert check(block(), model="claude-3-opus-20240229", as_of=date(2026, 1, 4)).ok


def test_an_unknown_or_missing_model_is_an_error():
    with pytest.raises(UnknownModelError):
        images(GIF, model="gpt-4o")
    findings = check(block(), model="gpt-4o")
    assert rule_names(findings.errors) == ["model"]
    assert findings.errors[0].message.startswith("unknown model 'gpt-4o'")
    assert (findings.images[0][:4], findings.tokens, findings.input_usd) == (
        ("messages.0.content.0", "image/png", 400, 300),
        0,
        None,
    )
    nameless = check_request({"messages": [{"role": "user", "content": [block()]}]}, as_of=TODAY)
    assert [finding.message for finding in nameless.errors] == ["the request names no model"]


def test_images_are_not_measured_for_a_model_of_unknown_tier():
    findings = check(block(picture(3000, 3000)), model="claude-mythos-preview")
    assert (findings.tokens, findings.unmeasured) == (0, 1)
    assert "downscaled" not in rule_names(findings)


def test_a_given_model_overrides_the_models_of_a_request():
    params = request(block(picture(1920, 1080)), model="claude-3-opus-20240229", fallbacks=[{"model": "gpt-4o"}])
    findings = check_request(params, model=SONNET, as_of=TODAY)
    assert (findings.ok, findings.tokens) == (True, 1560)


def test_the_strictest_of_several_models_decides():
    setting = {"transformations": {"oversized_image": "error"}}
    large = request(block(picture(1920, 1080), **setting))
    assert check_request(large, as_of=TODAY).ok
    findings = check_request({**large, "fallbacks": [{"model": SONNET}]}, as_of=TODAY)
    assert [(finding.rule, finding.limit) for finding in findings.errors] == [("oversized-image", "1456x819")]
    assert findings.tokens == 2691  # by the first model
    gone = check_request({**large, "fallbacks": [{"model": "claude-opus-4-1"}, {"model": "x"}]}, as_of=TODAY)
    assert rule_names(gone.errors) == ["model", "oversized-image"]
    assert gone.errors[0].message.startswith("claude-opus-4-1-20250805 retired on 2026-08-05; unknown model 'x'")
    assert check_request({**large, "fallbacks": "default"}, as_of=TODAY).ok


# Dollars


def test_a_budget_is_compared_exactly():
    # 165 tokens at $3 per MTok.
    cost = Decimal("0.000495")
    assert images(picture()).input_usd == cost
    assert images(picture(), budget_usd=cost).ok
    findings = images(picture(), budget_usd=cost - Decimal("1e-12"))
    assert [(finding.rule, finding.location, finding.observed, finding.limit) for finding in findings] == [
        ("budget", "all images", "0.000495", "0.000494999999")
    ]
    assert images([], budget_usd=Decimal(0)).ok
    assert not images(picture(), budget_usd=Decimal(0)).ok


def test_a_batch_costs_half():
    entries = [{"custom_id": str(number), "params": request(block(), model=SONNET)} for number in range(4)]
    findings = check_batch(entries, as_of=TODAY, budget_usd=Decimal("0.00099"))
    assert (findings.ok, findings.input_usd) == (True, Decimal("0.00099"))
    assert rule_names(check_batch(entries, as_of=TODAY, budget_usd=Decimal("0.000989"))) == ["budget"]


def test_a_budget_fails_without_a_price():
    findings = check(block(), model="claude-sonnet-5-5", budget_usd=Decimal(100), as_of=date(2026, 9, 27))
    assert findings.input_usd is None
    assert rule_names(findings.errors) == ["model", "budget"]
    assert findings.errors[1].message == (
        "the cost is not known, so a budget of $100.00 cannot be checked: requests without a price (no published price "
        "for claude-sonnet-5-5 on 2026-09-27; prices start on 2026-09-28: use that date or a later one): the request"
    )


# Ignored rules, and Findings


def test_rules_can_be_ignored():
    bad = picture(kind="JPEG")[:-1]
    wrong = block(bad)
    assert rule_names(check(wrong).errors) == ["media-type", "truncated"]
    assert rule_names(check(wrong, ignore="truncated").errors) == ["media-type"]
    assert check(wrong, ignore=["TRUNCATED", "media_type"]).ok
    assert check(wrong, ignore=iter(["truncated", "media-type"])).ok
    for call in (check, images):
        with pytest.raises(ImgcostError, match=r"unknown rule 'truncate': did you mean truncated\?"):
            call(bad if call is images else wrong, ignore=["truncate"])


def test_findings_are_listed_by_severity_and_raise_on_errors():
    good = check(block())
    assert (list(good), good.ok, good.errors, good.warnings) == ([], True, (), ())
    good.raise_for_errors()
    bad = check(*[block(picture()[:-1])] * 12)
    assert [finding.severity for finding in bad] == ["error"] * 12 + ["warning"]
    assert (len(bad), len(bad.errors), len(bad.warnings)) == (13, 12, 1)
    with pytest.raises(imgcost.PreflightError) as caught:
        bad.raise_for_errors()
    lines = str(caught.value).splitlines()
    assert lines[0] == "the API would reject this:"
    assert len(lines) == 12
    assert lines[1].startswith("messages.0.content.0: the end of the image is missing (image/png, ")
    assert lines[1].endswith(" [truncated]")
    assert lines[-1] == "and 2 more"
    assert caught.value.findings is bad
    with pytest.raises(imgcost.PreflightError, match=r"\[empty\]$"):
        images(b"").raise_for_errors()


def test_checked_images_have_sizes_and_tokens_if_they_could_be_measured():
    findings = check(
        block(), block(b"<html>"), {"type": "image", "source": {"type": "url", "url": "https://example.com"}}
    )
    assert findings.images == (
        CheckedImage("messages.0.content.0", "image/png", 400, 300, 400, 300, 165),
        CheckedImage("messages.0.content.1"),
        CheckedImage("messages.0.content.2"),
    )
    assert findings.unmeasured == 2


def test_the_functions_are_exported_by_the_package():
    assert (imgcost.check_images, imgcost.check_request, imgcost.check_batch) == (
        check_images,
        check_request,
        check_batch,
    )
    assert isinstance(check(block()), imgcost.Findings)


# Paths and files as data


def source(data):
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def test_paths_and_open_files_are_read_as_data(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(picture())
    with file.open("rb") as stream:
        for data in (file, stream):
            assert (locations_and_rules(check(source(data))), check(source(data)).tokens) == ([], 165)
        assert stream.tell() == 0
    file.write_bytes(picture()[:-1])
    assert rule_names(check(source(file))) == ["truncated"]
    assert rule_names(check(source(tmp_path / "none"))) == ["unreadable"]
    assert rule_names(check(source(Path("a\0b")))) == ["unreadable"]
    behind = io.BytesIO(b"12345" + picture())
    behind.seek(5)
    assert check(source(behind)).ok
    assert behind.tell() == 5


@pytest.mark.parametrize("data", [None, 7, [], {}, True])
def test_data_of_another_type_is_not_base64(data):
    kind = "null" if data is None else type(data).__name__
    findings = check(source(data))
    assert [(finding.rule, finding.message) for finding in findings.errors] == [
        ("base64", f"the data is not valid base64: it must be text, not {kind}")
    ]


def test_files_that_cannot_seek_are_errors():
    class Pipe(io.RawIOBase):
        def readable(self):
            return True

    class Reader:
        def read(self, *_):
            return b""

    texts = io.StringIO("text")
    texts.seek(2)
    for file in (Pipe(), Reader(), texts):
        findings = check(source(file), document(file))
        assert rule_names(findings.errors) == ["base64", "pdf"]
        assert findings.errors[0].message.startswith("the data is not valid base64: it is a file that cannot be read: ")
    assert texts.tell() == 2


# PDFs


def pdf(pages, password=None):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_of_pdfs_are_counted():
    haiku = {"model": "claude-haiku-4-5"}
    assert check(document(encoded(pdf(100))), **haiku).ok
    findings = check(document(encoded(pdf(101))), **haiku)
    assert [(finding.rule, finding.observed, finding.limit) for finding in findings.errors] == [
        ("image-count", 101, 100),
        ("pdf-pages", 101, 100),
    ]
    assert rule_names(check(document(encoded(pdf(60))), document(encoded(pdf(41))), **haiku).errors) == [
        "image-count",
        "pdf-pages",
    ]
    assert check(document(encoded(pdf(101)))).ok
    assert check(document(encoded(pdf(101))), platform="foundry", **haiku).errors[0].rule == "image-count"


@pytest.mark.parametrize("password", ["secret", ""])
def test_a_pdf_with_a_password_is_rejected(password):
    findings = check(document(encoded(pdf(1, password))))
    assert [finding.message for finding in findings.errors] == ["the PDF is protected by a password"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "the PDF is empty"),
        (encoded(b"junk, " * 100), "the data does not begin with %PDF; it is text"),
        (encoded(pdf(1)[:40]), "cannot read PDF: it is damaged"),
        (
            encoded(picture()),
            "the data does not begin with %PDF; it is an image (image/png)",
        ),
        ("A", "the data of the PDF is not base64: "),
        ("\u00e9", "the data of the PDF is not base64: "),
        (None, "the data of the PDF is not base64: "),
        (7, "the data of the PDF is not base64: "),
        (["a"], "the data of the PDF is not base64: "),
        (Path("no/such/file.pdf"), "cannot read PDF: no such file or folder"),
    ],
)
def test_data_that_is_not_a_pdf_is_rejected(data, message):
    findings = check(document(data))
    assert rule_names(findings.errors) == ["pdf"]
    assert findings.errors[0].message.startswith(message)


def test_paths_and_open_files_are_read_as_pdfs(tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf(101))
    with file.open("rb") as stream:
        for data in (file, stream):
            assert rule_names(check(document(data), model="claude-haiku-4-5").errors) == ["image-count", "pdf-pages"]
        assert stream.tell() == 0


def test_without_pypdf_pages_are_counted_only_if_certain(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    findings = check(document(encoded(pdf(101))), model="claude-haiku-4-5")
    assert rule_names(findings.errors) == ["image-count", "pdf-pages"]
    findings = check(document(encoded(b"%PDF-1.7 whatever")))
    assert [(finding.rule, finding.severity, finding.message) for finding in findings] == [
        (
            "uncounted",
            "warning",
            "the pages of this PDF cannot be counted without pypdf: pip install 'imgcost[pdf]'",
        )
    ]


def test_documents_by_url_or_file_id_are_uncounted():
    for kind, fields in (("url", {"url": "https://example.com/a.pdf"}), ("file", {"file_id": "file_1"})):
        findings = check({"type": "document", "source": {"type": kind, **fields}})
        assert (rule_names(findings), findings.ok) == (["uncounted"], True)
    for kind in ("text", "content"):
        source = {"type": kind, "media_type": "text/plain", "data": "a", "content": "a"}
        assert check({"type": "document", "source": source}).ok
    for kind in (None, ["url"], "s3"):
        assert rule_names(check({"type": "document", "source": {"type": kind}}).errors) == ["source-type"]


def test_documents_count_as_images_on_some_platforms():
    params = request(*[block(picture(2001, 300))] * 20, document(encoded(pdf(1))))
    assert check_request(params, as_of=TODAY).ok
    findings = check_request(params, as_of=TODAY, platform="bedrock")
    assert rule_names(findings.errors) == ["many-images-edge"] * 20


# Batches


def entry(name, *content):
    return {"custom_id": name, "params": request(*content)}


def test_a_batch_is_checked_request_by_request():
    request_only = request(block(b""))
    findings = check_batch([entry("a", block()), entry("b", block(b"<html>")), request_only], as_of=TODAY)
    assert locations_and_rules(findings) == [
        ("requests.1.params.messages.0.content.0", "unreadable"),
        ("requests.2.messages.0.content.0", "empty"),
    ]
    assert [image.location for image in findings.images] == [
        "requests.0.params.messages.0.content.0",
        "requests.1.params.messages.0.content.0",
        "requests.2.messages.0.content.0",
    ]
    assert {(finding.file, finding.line) for finding in findings} == {(None, None)}


def test_each_request_of_a_batch_needs_a_custom_id_of_its_own():
    entries = [entry("a"), entry("b"), entry("a"), entry(""), entry(None), entry(7), {"params": request()}, entry("a")]
    findings = check_batch(iter(entries), as_of=TODAY)
    assert [(finding.location, finding.message) for finding in findings] == [
        *[(f"requests.{number}", "the request has no custom_id") for number in (3, 4, 5, 6)],
        *[(f"requests.{number}", "custom_id 'a' is already used by an earlier request") for number in (2, 7)],
    ]


def test_an_entry_of_a_batch_that_is_not_a_request_is_an_error():
    entries = [7, None, {}, {"params": 7}, {"params": {"messages": [7]}}, entry("a", {"type": "image"}), entry("b")]
    findings = check_batch(entries, as_of=TODAY, ignore=["custom-id"])
    assert [(finding.location, finding.rule, finding.message) for finding in findings] == [
        ("requests.0", "request", "must be an object, not int"),
        ("requests.1", "request", "must be an object, not null"),
        ("requests.2.params", "request", "is missing: it has the arguments of messages.create"),
        ("requests.3.params", "request", "must be an object, not int"),
        ("requests.4.params.messages.0", "request", "must be an object, not int"),
        ("requests.5.params.messages.0.content.0.source", "request", "is missing: 'image' blocks require it"),
    ]


def test_a_batch_in_a_file_is_read_line_by_line(tmp_path):
    file = tmp_path / "batch.jsonl"
    lines = [
        b"\xef\xbb\xbf" + json.dumps(entry("a", block(b""))).encode(),
        b"",
        b"  ",
        b"{oops",
        b"\xff",
        b"[" * 100_000,
        b"7" * 5000,
        json.dumps(entry("a", block())).encode() + b"\r",
    ]
    file.write_bytes(b"\n".join(lines))
    findings = check_batch(file, as_of=TODAY)
    assert [(finding.rule, finding.line, finding.file) for finding in findings] == [
        ("empty", 1, str(file)),
        ("request", 4, str(file)),
        ("request", 5, str(file)),
        ("request", 6, str(file)),
        ("request", 7, str(file)),
        ("custom-id", None, str(file)),
    ]
    assert findings.errors[0].location == f"{file}:1 params.messages.0.content.0"
    assert findings.errors[1].location == f"{file}:4"
    assert findings.errors[1].message.startswith("is not JSON: ")
    assert findings.errors[3].message == "is nested too deeply to be read"
    assert findings.errors[5].location == f"{file}:8"
    assert locations_and_rules(check_batch(str(file), as_of=TODAY)) == locations_and_rules(findings)


def test_a_batch_file_that_cannot_be_read_raises_oserror(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(OSError, match=r"none\.jsonl|" + tmp_path.name):
            check_batch(path)


def test_limits_on_requests_and_bytes_of_a_batch(monkeypatch):
    entries = [entry("a", block()), entry("b"), request(block())]
    body = len(json.dumps({"requests": entries}, separators=(",", ":")).encode())
    real = limits_on("claude-api", TODAY)
    assert (real.batch_requests, real.batch_bytes) == (100_000, 268_435_456)
    for most_requests, most_bytes, expected in (
        (3, body, []),
        (2, body, ["batch-count"]),
        (3, body - 1, ["batch-bytes"]),
        (2, body - 1, ["batch-count", "batch-bytes"]),
    ):
        limits = real._replace(batch_requests=most_requests, batch_bytes=most_bytes)
        monkeypatch.setattr(checker, "limits_on", lambda *_, limits=limits: limits)
        findings = check_batch(entries, as_of=TODAY)
        assert rule_names(findings) == expected
        assert {finding.location for finding in findings} <= {"requests"}


def test_the_limit_on_requests_of_a_batch():
    (count_rule,) = [rule for rule in rules_of("batch") if rule.name == "batch-count"]
    context = Checker("claude-api", TODAY).context()
    for requests, expected in ((100_000, []), (100_001, [(100_001, 100_000)])):
        batch = BatchInput("batch", requests, 9, (), ())
        assert [(finding.observed, finding.limit) for finding in count_rule.check(batch, context)] == expected
    short = limits_on("claude-api", TODAY)._replace(batch_requests=2)
    entries = [
        {"custom_id": str(number), "params": {"messages": [{"role": "user", "content": "x"}]}} for number in range(3)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checker, "limits_on", lambda *_: short)
        assert check_batch(entries[1:], model=SONNET, as_of=TODAY).ok
        assert [(finding.rule, finding.observed) for finding in check_batch(entries, model=SONNET, as_of=TODAY)] == [
            ("batch-count", 3)
        ]


# Paths to images, requests and batches


def paths(*given, stdin=None, **options):
    return check_paths(map(str, given), stdin=stdin, **{"as_of": TODAY, **options})


def test_paths_may_lead_to_images_requests_and_batches(tmp_path):
    (tmp_path / "a.png").write_bytes(picture())
    single = tmp_path / "request.json"
    single.write_text(" \n" + json.dumps(request(block(b""))))
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"requests": [entry("a", block(b""))]}))
    array = tmp_path / "array.json"
    array.write_text(json.dumps([request(block(b""))]))
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(json.dumps(entry(name, block(b""))) for name in "aa"))
    batch = tmp_path / "batch.NDJSON"
    batch.write_text(lines.read_text())
    findings = paths(tmp_path / "a.png", single, body, array, lines, batch)
    assert [(finding.location, finding.rule, finding.line) for finding in findings] == [
        (f"{single} messages.0.content.0", "empty", None),
        (f"{body} requests.0.params.messages.0.content.0", "empty", None),
        (f"{array} 0.messages.0.content.0", "empty", None),
        (f"{lines}:1 params.messages.0.content.0", "empty", 1),
        (f"{lines}:2 params.messages.0.content.0", "empty", 2),
        (f"{lines}:2", "custom-id", None),
        (f"{batch}:1 params.messages.0.content.0", "empty", 1),
        (f"{batch}:2 params.messages.0.content.0", "empty", 2),
        (f"{batch}:2", "custom-id", None),
    ]
    assert [finding.file for finding in findings] == [
        str(single),
        str(body),
        str(array),
        *[str(lines)] * 3,
        *[str(batch)] * 3,
    ]
    assert findings.tokens == 165


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("{", "", "is not JSON: "),
        ("{}", "", "is not in a known shape"),
        ("[7]", "", "is not in a known shape"),
        ('{"requests": 7}', " requests", "must be "),
        ('{"requests": [], "messages": []}', " messages", "is empty"),
        ('{"a": 1}\noops', "", "is not in a known shape"),
        ("{oops\n{}", "", "is not JSON: "),
        ("[" * 100_000, "", "is nested too deeply"),
        ('{"messages": [], "top_p": NaN}', " top_p", "contains a number that is not valid in JSON"),
        ('{"messages": [], "system": "\\ud800"}', " system", "contains a lone surrogate"),
    ],
)
def test_json_that_is_not_a_request_is_an_error(tmp_path, text, path, message):
    file = tmp_path / "a.json"
    file.write_text(text)
    for findings, name in ((paths(file), str(file)), (paths("-", stdin=io.BytesIO(text.encode())), "stdin")):
        first = findings.errors[0]
        assert (first.rule, first.location) == ("request", name + path)
        assert first.message.startswith(message)


def test_a_batch_may_have_one_line():
    text = json.dumps(entry("a", block(b""))).encode()
    for lines in (text, text + b"\n", b"\n" + text + b"\n\n"):
        findings = paths("-", stdin=io.BytesIO(lines))
        assert rule_names(findings) == ["empty"]
        assert findings.errors[0].location.endswith(" params.messages.0.content.0")


def test_the_suffix_jsonl_means_a_batch_even_if_the_first_line_is_not_json(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("oops\n" + json.dumps(entry("a", block(b""))))
    assert [(finding.rule, finding.line) for finding in paths(file)] == [("request", 1), ("empty", 2)]
    file.write_text("")
    assert (rule_names(paths(file)), paths(file).images) == (["request"], ())


def test_the_first_line_may_be_empty():
    text = json.dumps(entry("a", block(b""))).encode()
    findings = paths("-", stdin=io.BytesIO(b"\n" + text + b"\n" + text))
    assert locations_and_rules(findings) == [
        ("stdin:2 params.messages.0.content.0", "empty"),
        ("stdin:3 params.messages.0.content.0", "empty"),
        ("stdin:3", "custom-id"),
    ]


def test_the_model_for_images_is_looked_up_only_if_there_are_images(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(request(block())))
    assert rule_names(paths(file, model="gpt-4o").errors) == ["model"]
    with pytest.raises(UnknownModelError):
        paths(file, SAMPLES / "web", model="gpt-4o")
    assert paths("-").errors[0].rule == "unreadable"  # without stdin, - is a path
    icons = [SAMPLES / "web" / "marker-icon.png"] * 101
    assert rule_names(paths(*icons, model="claude-haiku-4-5", one_request=True).errors) == ["image-count"]


@POSIX
def test_a_file_without_read_permission_is_reported_as_an_image(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    file.write_text("{}")

    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    findings = paths(file)
    assert [(finding.rule, finding.message) for finding in findings] == [
        ("unreadable", "cannot read image: permission denied")
    ]


# Memory


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_hundred_large_images_are_not_copied():
    data = encoded(png(640, 480) + b"\1" * 1_000_000 + b"\0\0\0\0IEND\xaeB`\x82")
    params = request(*[source(data[:-8] + data[-8:]) for _ in range(100)])
    check_request(params, as_of=TODAY)
    assert peak_of(lambda: check_request(params, as_of=TODAY)) < 2_000_000


def test_a_giant_text_is_not_copied():
    params = request(source("iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAAA" + "A" * 300_000_001))
    check(block())
    assert peak_of(lambda: check_request(params, as_of=TODAY)) < 2_000_000
    findings = check_request(params, as_of=TODAY)
    assert {"image-bytes", "request-bytes"} <= set(rule_names(findings))


def test_an_unknown_model_has_no_price_and_fails_every_budget():
    params = {"model": "claude-9", "messages": [{"role": "user", "content": [block(png(300, 300))]}]}
    findings = check_request(params, as_of=TODAY)
    assert [error.rule for error in findings.errors if error.rule == "model"] == ["model"]
    assert (findings.tokens, findings.unmeasured, findings.input_usd) == (0, 1, None)
    errors = check_request(params, as_of=TODAY, budget_usd=Decimal(9)).errors
    message = next(error.message for error in errors if error.rule == "budget")
    assert "the cost is not known" in message
    assert "requests without a known model: the request" in message


def test_findings_have_value_equality_pickle_and_a_short_repr():
    findings = images([SAMPLES / "broken" / "notes.png", SAMPLES / "web"], model="claude-opus-5")
    assert findings == images([SAMPLES / "broken" / "notes.png", SAMPLES / "web"], model="claude-opus-5")
    assert pickle.loads(pickle.dumps(findings)) == findings != images([SAMPLES / "web"], model="claude-opus-5")
    counts = f"errors=1 warnings={len(findings.warnings)} images=5 tokens=490"
    assert repr(findings) == f"<Findings {counts} usd=$0.00245>"
    assert repr(replace(findings, input_usd=None)) == f"<Findings {counts} usd=unknown>"


def test_findings_are_shown_as_a_table_in_notebooks_and_convert_to_a_frame():
    findings = check_images([SAMPLES / "broken", SAMPLES / "web"], as_of=date(2026, 11, 22))
    html = findings._repr_html_()
    assert html.startswith("<table><caption>3 errors, 1 warning in 7 images</caption>")
    assert html.count("<tr>") == 1 + len(findings)
    frame = findings.to_frame()
    assert list(frame["rule"]) == [finding.rule for finding in findings]
    assert list(frame["location"]) == [finding.location for finding in findings]
