"""Rules: each one on both sides of its limit, with its messages and texts."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest
from conftest import ROOT, golden

from imgcost.errors import HeaderError, ImgcostError, RequestError, TableError
from imgcost.headers import Contents, Header
from imgcost.messages import ContentBlock, Turn
from imgcost.pdfs import TokenRange
from imgcost.rules import (
    BatchInput,
    CheckContext,
    CostInput,
    DocumentInput,
    ImageInput,
    RequestInput,
    Scope,
    TextInput,
    find_rule,
    rules,
    rules_of,
)
from imgcost.rules.texts import TEXTS
from imgcost.tables import Advice, Limits, advice_on, find_model, limits_on
from imgcost.tables.wordings import load_wordings, wordings_of

TODAY = date(2026, 11, 22)
ERRORS = tomllib.loads((ROOT / "imgcost" / "published" / "errors.toml").read_text(encoding="utf-8"))

TYPES = "image/jpeg, image/png, image/gif, image/webp"
STANDARD, HIGH = "claude-sonnet-4-6", "claude-opus-5"


def case(*models, day=TODAY, platform="claude-api"):
    catalog = tuple(find_model(name, as_of=TODAY) for name in models)
    return CheckContext(platform, day, limits_on(platform, day), advice_on(day), catalog)


def check(name, subject, *models, **options):
    return list(find_rule(name).check(subject, case(*models, **options)))


def message_of(name, subject, *models, **options):
    """Return the message of the only finding; None without findings."""
    findings = check(name, subject, *models, **options)
    assert len(findings) <= 1
    return findings[0].message if findings else None


def image(width=640, height=480, media_type="image/png", *, animated=False, file_bytes=1000, truncated=False, **more):
    header = Header(media_type, width, height, 1, animated)
    return ImageInput("here", Contents(file_bytes, header, None, truncated), **more)


def broken(problem, reason="it is odd", form=None, **more):
    return ImageInput("here", Contents(3, None, HeaderError(problem, reason, format=form)), **more)


ABSENT = ImageInput("here", None)


def turn(*parts, role="user"):
    """A turn of images (I), other blocks (X), and texts."""
    kinds = {"I": ContentBlock("image"), "X": ContentBlock("tool_result")}
    return Turn("messages.0", role, tuple(kinds.get(part, ContentBlock("text", part)) for part in parts))


def whole(**more):
    fields = {
        "location": "", "model": HIGH, "model_problem": None, "images": (), "documents": (), "turns": (),
        "body_bytes": 100, "tokens": 0,
    }  # fmt: skip
    return RequestInput(**(fields | more))


# All rules


def test_every_rule_has_a_unique_name_an_explanation_and_advice():
    names = [rule.name for rule in rules()]
    assert len(set(names)) == len(names) > 30
    assert sorted(names) == sorted(TEXTS)
    for rule in rules():
        assert re.fullmatch(r"[a-z]+[0-9]*(-[a-z]+)*", rule.name)
        assert rule.severity in {"error", "warning"}
        assert all(text.endswith(".") for text in (rule.summary, rule.why, rule.fix))
        assert not any(text.endswith(".") for text in rule.example)
        assert not set(rule.limits) - set(Limits._fields) - set(Advice._fields)


def test_errors_come_first_and_every_rule_belongs_to_a_scope():
    severities = [rule.severity for rule in rules()]
    assert severities == sorted(severities)
    assert sorted(rule for scope in get_args(Scope) for rule in rules_of(scope)) == sorted(rules())
    assert [rule.name for rule in rules_of("shape")] == ["request"]


def test_no_limit_is_written_in_the_code_of_a_rule():
    # Limits come from the tables. Numbers up to 80 are lengths of messages and labels.
    for file in (ROOT / "imgcost" / "rules").glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not {number for number in numbers if isinstance(number, (int, float)) and number > 80}, file


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_rule_reports_nothing_without_known_limits(rule):
    context = CheckContext("claude-api", TODAY, Limits(), Advice(), ())
    picture = image(100_000, 1, file_bytes=10**9, text_bytes=10**9)
    subject = {
        **dict.fromkeys(("image", "image-block", "rejected-image"), picture),
        "document": DocumentInput("here"),
        "source": DocumentInput("here"),
        "text": TextInput("here", 1000),
        "turn": turn(),
        "request": whole(images=(image(9000, 9000),) * 700, body_bytes=10**9, tokens=10**9),
        "batch": BatchInput("here", 10**6, 10**12, (), ()),
        "bill": CostInput("here", Decimal(0), Decimal(0), Decimal(0)),
        "shape": RequestError("messages", "is missing"),
    }[rule.scope]
    assert len(list(rule.check(subject, context))) == (rule.scope in {"shape", "text"})


@pytest.mark.parametrize(
    ("name", "rule"),
    [("image-bytes", "image-bytes"), ("IMAGE_BYTES", "image-bytes"), ("  Tiny ", "tiny"), ("pdf_pages", "pdf-pages")],
)
def test_a_rule_is_found_by_its_name(name, rule):
    assert find_rule(name).name == rule


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("image-byte", ": did you mean image-bytes?"),
        ("labeled", ": did you mean unlabeled?"),
        ("Downscale", ": did you mean downscaled?"),
        ("", "."),
        ("\x1b[31m", "."),
    ],
)
def test_an_unknown_rule_is_an_error_with_a_suggestion(name, hint):
    with pytest.raises(ImgcostError) as caught:
        find_rule(name)
    assert str(caught.value) == f"unknown rule {name!r}{hint} Run 'imgcost rules' to list all rules"


# Error messages of the API


def test_every_message_of_the_api_belongs_to_an_existing_rule():
    names = {rule.name for rule in rules()}
    assert set(ERRORS["says"]) <= names
    assert {row["rule"] for row in golden("error_messages.csv")} <= {*names, ""}


def test_rules_that_predict_a_message_are_errors():
    assert {find_rule(name).severity for name in ERRORS["says"]} == {"error"}


def test_the_table_has_every_collected_message():
    table = {(rule, row["text"]) for rule, rows in ERRORS["says"].items() for row in rows}
    table |= {("", text) for text in ERRORS["unforeseen"]["texts"]}
    collected = {(row["rule"], row["text"]) for row in golden("error_messages.csv")}
    assert collected <= table
    # The remaining texts also belong to another rule, or come from the documentation.
    rest = {text for _, text in table - collected} - {text for _, text in collected}
    assert rest == {"request_too_large"}


def test_wordings_are_listed_by_rule():
    for rule, rows in ERRORS["says"].items():
        assert [wording.text for wording in wordings_of(rule)] == [row["text"] for row in rows]
        assert all(wording.sources and wording.rule == rule for wording in wordings_of(rule))
    assert wordings_of("tiny") == ()
    assert [wording.text for wording in wordings_of("")] == ERRORS["unforeseen"]["texts"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"says": {"empty": [{"src": ["a"]}]}}, "text"),
        ({"says": {"empty": [{"text": 7, "src": ["a"]}]}}, "text"),
        ({"says": {"empty": [{"text": "x"}]}}, "src"),
        ({"says": {"empty": [{"text": "x", "src": ["b"]}]}}, "b"),
        ({"says": {"empty": [{"text": "x", "src": ["a"], "more": 1}]}}, "more"),
        ({"says": 7}, "says"),
        ({"says": {}, "more": 7}, "more"),
        ({"unforeseen": {"texts": ["x"]}, "says": {}}, "unforeseen.src"),
        ({"sources": {}}, "says"),
    ],
)
def test_an_invalid_table_of_errors_is_rejected(change, message):
    sources = {"a": {"title": "A", "url": "https://example.com", "read": TODAY}}
    with pytest.raises(TableError, match=message) as caught:
        load_wordings({"sources": sources, "unforeseen": {"texts": [], "src": ["a"]}} | change)
    assert caught.value.file == "errors.toml"


# Errors in images


def test_invalid_base64_is_an_error():
    cut = ImageInput("here", None, 9, base64_problem="it is cut")
    assert message_of("base64", cut) == "the data is not valid base64: it is cut"
    assert message_of("base64", image()) is None


def test_each_problem_is_reported_by_exactly_one_rule():
    problems = ("empty", "damaged", "unsupported", "not-an-image", "missing", "no-access")
    rules = {"empty": "empty", "unsupported": "format"}
    for problem in problems:
        reporting = [name for name in ("empty", "unreadable", "format") if check(name, broken(problem, form="TIFF"))]
        assert reporting == [rules.get(problem, "unreadable")]
        # Stray files of a folder are reported by not-an-image.
        stray = broken(problem, form="TIFF", stray=True)
        assert not any(check(name, stray) for name in ("empty", "unreadable", "format"))
    for fine in (image(), ABSENT):
        assert not any(check(name, fine) for name in ("empty", "unreadable", "format"))
    assert message_of("unreadable", broken("damaged", "it is cut")) == "cannot read image: it is cut"
    reporting = check("format", broken("unsupported", form="TIFF"))[0]
    assert (reporting.message, reporting.observed, reporting.limit) == (
        "it is odd",
        "TIFF",
        TYPES,
    )
    assert reporting.sources


def test_the_byte_limit_does_not_apply_to_stray_files():
    # Such as a video in a folder of photos.
    large = broken("not-an-image", text_bytes=10_485_761)
    assert [finding.observed for finding in check("image-bytes", large)] == [10_485_761]
    assert not check("image-bytes", large._replace(text_bytes=10_485_760))
    assert not check("image-bytes", large._replace(stray=True))


@pytest.mark.parametrize(("file_bytes", "reported"), [(10_485_760, False), (10_485_761, True)])
def test_claude_ai_limits_the_size_of_the_file_not_of_its_base64(file_bytes, reported):
    findings = check("image-bytes", image(file_bytes=file_bytes, text_bytes=10**9), platform="claude-ai")
    assert [finding.message for finding in findings] == ["10,485,761 bytes: the limit is 10,485,760"] * reported


def test_a_truncated_image_is_an_error():
    message = "the end of the image is missing (image/png, 1,000 bytes)"
    assert message_of("truncated", image(truncated=True)) == message
    assert message_of("truncated", image()) is None


def test_undecodable_and_unusual_images_are_reported_with_the_reason():
    header = Header("image/png", 640, 480, 1, animated=False)

    def decoded(undecodable=None, unusual=None):
        return ImageInput("here", Contents(1000, header, None, False, undecodable, unusual))  # noqa: FBT003 - a row

    message = "decoders cannot read this image: the checksum of its header is wrong"
    assert message_of("undecodable", decoded("the checksum of its header is wrong")) == message
    message = "some decoders cannot read this image: its trailer is missing"
    assert message_of("unusual", decoded(unusual="its trailer is missing")) == message
    for rule in ("undecodable", "unusual"):
        assert message_of(rule, decoded()) is None
        assert message_of(rule, ABSENT) is None


def test_a_file_that_is_not_an_image_has_specific_advice():
    problem = HeaderError("not-an-image", "HTML page, not an image", format="HTML page", advice="Download it again.")
    (finding,) = check("unreadable", ImageInput("here", Contents(9, None, problem)))
    assert (finding.message, finding.advice) == ("cannot read image: HTML page, not an image", "Download it again.")
    problem = HeaderError("unsupported", "PDF file", format="PDF", advice="Send it as a document block.")
    (finding,) = check("format", ImageInput("here", Contents(9, None, problem)))
    assert finding.advice == "Send it as a document block."


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("image/png", None),
        ("image/jpeg", "the image declares image/jpeg, but its bytes are image/png"),
        (None, f"the image declares no media type: expected one of {TYPES}"),
        ("image/jpg", f"the image declares the media type 'image/jpg': expected one of {TYPES}"),
        (["image/png"], f"the image declares the media type ['image/png']: expected one of {TYPES}"),
    ],
)
def test_a_missing_invalid_or_wrong_media_type_is_an_error(declared, message):
    assert message_of("media-type", image(source_type="base64", declared=declared)) == message
    for other in ("url", "file", None):
        assert message_of("media-type", image(source_type=other, declared=declared)) is None


def test_the_media_type_of_an_unreadable_image_is_not_checked():
    assert message_of("media-type", broken("damaged", source_type="base64", declared="image/png")) is None
    assert message_of("media-type", ImageInput("here", None, source_type="base64", declared="image/png")) is None
    finding = check("media-type", image(source_type="base64", declared="image/gif"))[0]
    assert (finding.observed, finding.limit, finding.advice) == ("image/gif", "image/png", "Declare image/png.")


@pytest.mark.parametrize("setting", ["downsize", "error"])
def test_only_the_claude_api_supports_oversized_image_from_its_first_date(setting):
    small = image(setting=setting)
    assert message_of("oversized-image", small, HIGH) is None
    message = "claude-api does not support transformations.oversized_image on 2026-08-21"
    assert message_of("oversized-image", small, HIGH, day=date(2026, 8, 21)) == message
    assert message_of("oversized-image", small, HIGH, day=date(2026, 8, 22)) is None
    assert check("oversized-image", small, HIGH, platform="bedrock")[0].advice == "Remove the setting."
    assert message_of("oversized-image", image(), HIGH, platform="bedrock") is None


@pytest.mark.parametrize("setting", ["", "Error", 7, True, ["error"], {"error": 1}, "x" * 500])
def test_an_invalid_value_of_oversized_image_is_an_error(setting):
    message = message_of("oversized-image", image(setting=setting), HIGH)
    assert message.startswith("oversized_image is ")
    assert message.endswith(": expected error or downsize")
    assert len(message) < 120


@pytest.mark.parametrize(
    ("size", "models", "fits"),
    [
        ((1568, 784), [STANDARD], None),
        ((1569, 784), [STANDARD], "1568x784"),
        ((1456, 819), [STANDARD], None),
        ((1920, 1080), [STANDARD], "1456x819"),
        ((1920, 1080), [HIGH], None),
        ((1920, 1080), [HIGH, STANDARD], "1456x819"),
        ((1920, 1080), [STANDARD, HIGH], "1456x819"),
        ((3840, 2160), [HIGH], "2576x1449"),
        ((3840, 2160), [HIGH, STANDARD], "1456x819"),
        ((3840, 2160), ["claude-mythos-preview"], None),  # its tier is unknown
        ((3840, 2160), [], None),
    ],
)
def test_an_image_that_may_not_be_resized_must_fit_every_model(size, models, fits):
    findings = check("oversized-image", image(*size, setting="error"), *models)
    assert [finding.limit for finding in findings] == ([fits] if fits else [])
    assert not check("oversized-image", image(*size, setting="downsize"), *models)
    screenshots = check("toolset-screenshot", image(*size, toolset="computer"), *models)
    assert [finding.limit for finding in screenshots] == ([fits] if fits else [])
    assert not check("toolset-screenshot", image(*size), *models)
    if fits:
        width, height = size
        start, end = f"{width}x{height} px does not fit, and", f"the largest size that fits is {fits} px"
        assert findings[0].message == f"{start} oversized_image is set to error: {end}"
        assert screenshots[0].message == f"{start} screenshots of the computer toolset are not downscaled: {end}"


def test_screenshots_of_a_toolset_are_rejected_from_its_first_date():
    shot = image(3840, 2160, toolset="browser")
    assert not check("toolset-screenshot", shot, HIGH, day=date(2026, 8, 20))
    assert check("toolset-screenshot", shot, HIGH, day=date(2026, 8, 21))
    assert not check("toolset-screenshot", ABSENT._replace(toolset="browser", setting="error"), HIGH)
    assert not check("oversized-image", ABSENT._replace(toolset="browser", setting="error"), HIGH)


def test_source_types_depend_on_platform_and_date():
    def accepted(kind, day, platform):
        return not check("source-type", ImageInput("here", None, source_type=kind), day=day, platform=platform)

    for kind, first in (("base64", date(2024, 3, 4)), ("url", date(2025, 2, 27)), ("file", date(2025, 5, 22))):
        assert accepted(kind, first, "claude-api")
        assert accepted(kind, TODAY, "bedrock") == (kind == "base64")
    assert not accepted("url", date(2025, 2, 26), "claude-api")
    assert not accepted("file", date(2025, 5, 21), "claude-api")
    for value in (None, 7, ["url"], {}, "BASE64"):
        assert not accepted(value, TODAY, "claude-api")
        assert accepted(value, TODAY, "claude-ai")  # nothing is published
    assert not check("source-type", ImageInput("here", None, suffix=""), platform="bedrock")  # a file on disk


# Warnings about images


def test_a_stray_file_is_reported_as_skipped():
    stray = broken("not-an-image", "no image", stray=True)
    assert message_of("not-an-image", stray) == "skipped: no image"
    assert message_of("not-an-image", stray._replace(stray=False)) is None
    assert message_of("not-an-image", image(stray=True)) is None
    assert message_of("not-an-image", ABSENT._replace(stray=True)) is None


@pytest.mark.parametrize(
    ("suffix", "kind", "reported"),
    [
        (".jpg", "image/jpeg", False), (".jpeg", "image/jpeg", False), (".png", "image/png", False),
        (".gif", "image/gif", False), (".webp", "image/webp", False), (".jpg", "image/png", True),
        (".webp", "image/jpeg", True), (".bin", "image/png", False), ("", "image/png", False),
        (None, "image/png", False),
    ],
)  # fmt: skip
def test_a_suffix_of_another_format_is_reported(suffix, kind, reported):
    expected = f"the name ends with {suffix}, but the bytes are {kind}" if reported else None
    assert message_of("suffix", image(media_type=kind, suffix=suffix)) == expected
    assert message_of("suffix", broken("damaged", suffix=suffix)) is None


@pytest.mark.parametrize(
    ("size", "model", "resized"),
    [
        ((1568, 784), STANDARD, None),
        ((1569, 784), STANDARD, "1568x784"),
        ((1092, 1092), STANDARD, None),
        ((4000, 4000), STANDARD, "1092x1092"),
        ((2576, 1449), HIGH, None),
        ((3840, 2160), HIGH, "2576x1449"),
        ((3840, 2160), "claude-mythos-preview", None),
    ],
)
def test_a_downscaled_image_is_reported_with_its_resized_size(size, model, resized):
    width, height = size
    tier = "standard" if model == STANDARD else "high-resolution"
    message = resized and f"{width}x{height} px is downscaled: Claude sees {resized} px on the {tier} tier"
    expected = message_of("downscaled", image(width, height), model)
    assert expected == message
    assert message_of("downscaled", image(width, height)) is None  # no model
    assert message_of("downscaled", image(width, height, setting="error"), model) is None  # rejected instead
    assert message_of("downscaled", image(width, height, toolset="computer"), model) is None
    before = message_of("downscaled", image(width, height, toolset="computer"), model, day=date(2026, 8, 20))
    assert before == expected


def test_an_animated_image_is_reported():
    assert message_of("animated", image(animated=True)) == "the image is animated: Claude sees only its first frame"
    assert message_of("animated", image()) is None
    assert message_of("animated", ABSENT) is None


@pytest.mark.parametrize("day", [date(2024, 3, 4), date(2026, 4, 16), TODAY])
@pytest.mark.parametrize(("size", "number"), [((200, 200), 0), ((199, 200), 1), ((5000, 199), 1), ((1, 1), 1)])
def test_an_image_with_an_edge_under_200_px_is_reported(size, number, day):
    findings = check("tiny", image(*size), day=day)
    assert [(finding.observed, finding.limit, finding.unit) for finding in findings] == [
        (min(size), 200, "px")
    ] * number
    assert all(finding.sources for finding in findings)


@pytest.mark.parametrize(
    ("size", "reported"),
    [((1150, 1000), False), ((1151, 1000), True), ((1568, 700), False), ((1569, 700), True), ((100, 1569), True)],
)
def test_the_advice_on_latency_ended_in_april_2026(size, reported):
    assert bool(check("latency", image(*size), day=date(2026, 4, 16))) == reported
    assert bool(check("latency", image(*size), day=date(2024, 3, 4))) == reported
    for day in (date(2026, 4, 17), TODAY):
        assert not check("latency", image(*size), day=day)
    assert not check("latency", ABSENT, day=date(2026, 4, 16))


def test_images_by_url_or_file_id_are_unmeasured():
    for kind, source in (("url", "a URL"), ("file", "an uploaded file")):
        message = f"an image from {source} is not measured, because nothing is fetched"
        assert message_of("unmeasured", ImageInput("here", None, source_type=kind)) == message
    for kind in ("base64", None, ["url"], {}):
        assert message_of("unmeasured", ImageInput("here", None, source_type=kind)) is None


# Documents and turns


def test_invalid_and_uncounted_documents_are_reported():
    good, bad, remote = DocumentInput("d", 3), DocumentInput("d", problem="no"), DocumentInput("d", uncounted="far")
    assert [message_of("pdf", document) for document in (good, bad, remote)] == [None, "no", None]
    assert [message_of("uncounted", document) for document in (good, bad, remote)] == [None, None, "far"]


def test_the_cost_of_a_pdf_is_a_range_or_unknown():
    known = DocumentInput("d", 3, tokens=TokenRange(4633, 7633))
    assert message_of("pdf-cost", known) == "3 PDF pages: 4,633 to 7,633 tokens, depending on the text"
    assert message_of("pdf-cost", DocumentInput("d", 1), HIGH) == "the cost of 1 PDF page is unknown for claude-opus-5"
    assert message_of("pdf-cost", DocumentInput("d", 1)) is None
    assert message_of("pdf-cost", DocumentInput("d"), HIGH) is None


@pytest.mark.parametrize(("is_pdf", "advice"), [(True, "Declare application/pdf: the bytes are a PDF."), (False, None)])
def test_a_pdf_needs_only_another_media_type(is_pdf, advice):
    document = DocumentInput("d", source_type="base64", declared="application/octet-stream", is_pdf=is_pdf)
    (finding,) = check("document-media-type", document)
    assert finding.advice == (advice or find_rule("document-media-type").fix)


@pytest.mark.parametrize(
    ("parts", "reported"),
    [
        (["I", "What is this?"], False),
        (["What is this?", "I"], True),
        (["I", "What is this?", "I"], True),
        (["What is this?", "I", "And this?"], False),  # text comes last
        (["Image 1:", "I", "Image 2:", "I", "Compare."], False),
        (["Image 1:", "I", "Image 2:", "I"], False),
        (["Compare.", "Image 1:", "I"], True),
        (["Figure 3", "I"], False),
        (["Figure (3)", "I"], False),
        (["page 12.", "I"], False),
        (["x" * 79 + ":", "I"], False),
        (["x" * 80 + ":", "I"], True),  # too long to be a label
        (["", "I"], True),
        (["What is this?", "X"], False),
        (["I"], False),
        (["text"], False),
        ([], False),
    ],
)
def test_an_image_after_all_text_is_reported(parts, reported):
    assert bool(check("image-after-text", turn(*parts))) == reported
    assert not check("image-after-text", turn(*parts, role="assistant"))


@pytest.mark.parametrize(
    ("parts", "unlabelled"),
    [
        (["I"], 0),
        (["I", "I"], 2),
        (["Image 1:", "I", "Image 2:", "I"], 0),
        (["Image 1:", "I", "I"], 1),
        (["I", "and", "I"], 1),
        (["a", "X", "I", "b", "I"], 1),
        (["I", "What?"], 0),
        ([], 0),
    ],
)
def test_several_images_without_labels_are_reported(parts, unlabelled):
    images = parts.count("I")
    message = f"there is no text right before {unlabelled} of {images} images" if unlabelled else None
    assert message_of("unlabeled", turn(*parts)) == message
    assert message_of("unlabeled", turn(*parts, role="assistant")) is None


# Requests, batches and budgets


def test_a_problem_with_the_model_is_an_error():
    assert message_of("model", whole()) is None
    finding = check("model", whole(location="line ", model_problem="it is gone"))[0]
    assert (finding.location, finding.message, finding.observed) == ("line model", "it is gone", HIGH)


@pytest.mark.parametrize(
    ("models", "limit"), [([HIGH], 600), (["claude-haiku-4-5"], 100), ([HIGH, "claude-haiku-4-5"], 100), ([], 600)]
)
def test_images_and_pages_count_together(models, limit):
    pages = DocumentInput("d", 30), DocumentInput("e")
    for more in (0, 1):
        request = whole(images=(image(),) * (limit - 30 + more), documents=pages)
        message = f"{limit - 29} images and 30 PDF pages: the limit is {limit}, PDF pages included"
        assert message_of("image-count", request, *models) == (message if more else None)


def test_the_smallest_context_window_of_all_models_applies():
    for models, limit in (([HIGH], 1_000_000), ([HIGH, "claude-haiku-4-5"], 200_000)):
        assert message_of("context-window", whole(tokens=limit), *models) is None
        message = f"the images alone have {limit + 1:,} tokens: the context window is {limit:,}"
        assert message_of("context-window", whole(tokens=limit + 1), *models) == message
    assert message_of("context-window", whole(tokens=10**9)) is None


def test_the_byte_limit_of_a_request_applies_if_its_size_is_known():
    assert message_of("request-bytes", whole(body_bytes=None), HIGH) is None
    assert check("request-bytes", whole(body_bytes=33_554_433), HIGH)[0].location == "request"
    assert check("request-bytes", whole(body_bytes=33_554_433, location="a:1 "), HIGH)[0].location == "a:1"
    assert message_of("request-bytes", whole(body_bytes=33_554_432), HIGH) is None


def test_missing_and_repeated_custom_ids_are_reported():
    batch = BatchInput("b", 3, 9, (("b:2", "one\u00e9" * 100),), ("b:3",))
    findings = check("custom-id", batch)
    assert [finding.location for finding in findings] == ["b:3", "b:2"]
    assert findings[0].message == "the request has no custom_id"
    assert findings[1].message.startswith("custom_id 'one\\xe9")
    assert len(findings[1].message) < 140


def test_a_cost_over_the_budget_or_unknown_is_an_error():
    def over_budget(cost, budget, most=None, unknown=()):
        return message_of("budget", CostInput("all", Decimal(cost), Decimal(most or cost), Decimal(budget), unknown))

    assert over_budget("1.50", "1.5") is None
    assert over_budget("1.50000001", "1.5") == "the images cost $1.50000001, and the budget is $1.50"
    assert over_budget("0.0000001", "0") == "the images cost $0.0000001, and the budget is $0"
    assert over_budget("1", "1.5", most="1.5") is None
    assert over_budget("1", "1.5", most="1.51") == (
        "the images cost $1.00, or $1.51 if the text leads to the long-context price; the budget is $1.50"
    )
    assert over_budget("1", "9", unknown=("two things", "a third")) == (
        "the cost is not known, so a budget of $9.00 cannot be checked: two things; a third"
    )
    assert over_budget("10", "9", unknown=("two things",)) == "the images cost $10.00, and the budget is $9.00"


def test_findings_convert_to_json_and_name_their_sources():
    findings = check("many-images-edge", whole(images=(image(2001, 10),) * 21), HIGH)
    assert len(findings) == 21
    assert {finding.sources[0].url.split("/")[2] for finding in findings} <= {
        "docs.anthropic.com",
        "platform.claude.com",
    }
    assert json.loads(json.dumps(findings[0]._replace(sources=())))[5:8] == [2001, 2000, "px"]
