"""Each rule on both sides of its limit, its messages, and its texts."""

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
    found = tuple(find_model(name, as_of=TODAY) for name in models)
    return CheckContext(platform, day, limits_on(platform, day), advice_on(day), found)


def ask(name, about, *models, **when):
    return list(find_rule(name).check(about, case(*models, **when)))


def said(name, about, *models, **when):
    """Return the message of the only finding; None without findings."""
    found = ask(name, about, *models, **when)
    assert len(found) <= 1
    return found[0].message if found else None


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


# All of them


def test_every_rule_has_a_name_of_its_own_a_reason_and_a_way_out():
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


def test_no_rule_knows_a_number_of_its_own():
    # Limits come from the tables; what stands in the code are the letters of a message or of a label.
    for file in (ROOT / "imgcost" / "rules").glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not {number for number in numbers if isinstance(number, (int, float)) and number > 80}, file


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_rule_finds_nothing_where_nothing_is_known(rule):
    nothing = CheckContext("claude-api", TODAY, Limits(), Advice(), ())
    picture = image(100_000, 1, file_bytes=10**9, text_bytes=10**9)
    about = {
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
    assert len(list(rule.check(about, nothing))) == (rule.scope in {"shape", "text"})


@pytest.mark.parametrize(
    ("name", "found"),
    [("image-bytes", "image-bytes"), ("IMAGE_BYTES", "image-bytes"), ("  Tiny ", "tiny"), ("pdf_pages", "pdf-pages")],
)
def test_a_rule_is_found_by_its_name(name, found):
    assert find_rule(name).name == found


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("image-byte", ": did you mean image-bytes?"),
        ("labelled", ": did you mean unlabelled?"),
        ("Downscale", ": did you mean downscaled?"),
        ("", "."),
        ("\x1b[31m", "."),
    ],
)
def test_an_unknown_rule_is_told_with_the_nearest_name(name, hint):
    with pytest.raises(ImgcostError) as caught:
        find_rule(name)
    assert str(caught.value) == f"unknown rule {name!r}{hint} Run 'imgcost rules' to list all rules"


# What the API says


def test_the_words_of_the_api_belong_to_rules_that_exist():
    names = {rule.name for rule in rules()}
    assert set(ERRORS["says"]) <= names
    assert {row["rule"] for row in golden("error_messages.csv")} <= {*names, ""}


def test_the_rules_that_foresee_an_answer_are_errors():
    assert {find_rule(name).severity for name in ERRORS["says"]} == {"error"}


def test_the_table_says_what_was_collected():
    table = {(rule, row["text"]) for rule, rows in ERRORS["says"].items() for row in rows}
    table |= {("", text) for text in ERRORS["unforeseen"]["texts"]}
    collected = {(row["rule"], row["text"]) for row in golden("error_messages.csv")}
    assert collected <= table
    # The rest: texts that another rule foresees as well, and those of the documentation.
    rest = {text for _, text in table - collected} - {text for _, text in collected}
    assert rest == {"request_too_large"}


def test_wordings_are_listed_by_rule():
    for rule, rows in ERRORS["says"].items():
        assert [one.text for one in wordings_of(rule)] == [row["text"] for row in rows]
        assert all(one.sources and one.rule == rule for one in wordings_of(rule))
    assert wordings_of("tiny") == ()
    assert [one.text for one in wordings_of("")] == ERRORS["unforeseen"]["texts"]


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
def test_a_table_of_errors_that_does_not_say_what_it_must_is_refused(change, message):
    sources = {"a": {"title": "A", "url": "https://example.com", "read": TODAY}}
    with pytest.raises(TableError, match=message) as caught:
        load_wordings({"sources": sources, "unforeseen": {"texts": [], "src": ["a"]}} | change)
    assert caught.value.file == "errors.toml"


# What is rejected in an image


def test_base64():
    cut = ImageInput("here", None, 9, base64_problem="it is cut")
    assert said("base64", cut) == "the data is not valid base64: it is cut"
    assert said("base64", image()) is None


def test_empty_unreadable_and_format_share_what_is_no_image():
    problems = ("empty", "damaged", "unsupported", "not-an-image", "missing", "no-access")
    told = {"empty": "empty", "unsupported": "format"}
    for problem in problems:
        found = [name for name in ("empty", "unreadable", "format") if ask(name, broken(problem, form="TIFF"))]
        assert found == [told.get(problem, "unreadable")]
        # A stray file of a folder is none of their business.
        stray = broken(problem, form="TIFF", stray=True)
        assert not any(ask(name, stray) for name in ("empty", "unreadable", "format"))
    for fine in (image(), ABSENT):
        assert not any(ask(name, fine) for name in ("empty", "unreadable", "format"))
    assert said("unreadable", broken("damaged", "it is cut")) == "cannot read image: it is cut"
    found = ask("format", broken("unsupported", form="TIFF"))[0]
    assert (found.message, found.observed, found.limit) == (
        "it is odd",
        "TIFF",
        TYPES,
    )
    assert found.sources


def test_the_bytes_of_a_stray_file_are_no_image():
    # Such as a video in a folder of pictures.
    large = broken("not-an-image", text_bytes=10_485_761)
    assert [one.observed for one in ask("image-bytes", large)] == [10_485_761]
    assert not ask("image-bytes", large._replace(text_bytes=10_485_760))
    assert not ask("image-bytes", large._replace(stray=True))


@pytest.mark.parametrize(("file_bytes", "told"), [(10_485_760, False), (10_485_761, True)])
def test_claude_ai_measures_the_file(file_bytes, told):
    found = ask("image-bytes", image(file_bytes=file_bytes, text_bytes=10**9), platform="claude-ai")
    assert [one.message for one in found] == ["10,485,761 bytes: the limit is 10,485,760"] * told


def test_truncated():
    message = "the end of the image is missing (image/png, 1,000 bytes)"
    assert said("truncated", image(truncated=True)) == message
    assert said("truncated", image()) is None


def test_undecodable_and_unusual_say_why():
    header = Header("image/png", 640, 480, 1, animated=False)

    def seen(undecodable=None, unusual=None):
        return ImageInput("here", Contents(1000, header, None, False, undecodable, unusual))  # noqa: FBT003 - a row

    message = "decoders cannot read this image: the checksum of its header is wrong"
    assert said("undecodable", seen("the checksum of its header is wrong")) == message
    message = "some decoders cannot read this image: its trailer is missing"
    assert said("unusual", seen(unusual="its trailer is missing")) == message
    for rule in ("undecodable", "unusual"):
        assert said(rule, seen()) is None
        assert said(rule, ABSENT) is None


def test_what_is_not_an_image_has_its_own_advice():
    problem = HeaderError("not-an-image", "HTML page, not an image", format="HTML page", advice="Download it again.")
    (found,) = ask("unreadable", ImageInput("here", Contents(9, None, problem)))
    assert (found.message, found.advice) == ("cannot read image: HTML page, not an image", "Download it again.")
    problem = HeaderError("unsupported", "PDF file", format="PDF", advice="Send it as a document block.")
    (found,) = ask("format", ImageInput("here", Contents(9, None, problem)))
    assert found.advice == "Send it as a document block."


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
def test_media_type(declared, message):
    assert said("media-type", image(source_type="base64", declared=declared)) == message
    for other in ("url", "file", None):
        assert said("media-type", image(source_type=other, declared=declared)) is None


def test_the_media_type_of_what_cannot_be_read_is_not_doubted():
    assert said("media-type", broken("damaged", source_type="base64", declared="image/png")) is None
    assert said("media-type", ImageInput("here", None, source_type="base64", declared="image/png")) is None
    found = ask("media-type", image(source_type="base64", declared="image/gif"))[0]
    assert (found.observed, found.limit, found.advice) == ("image/gif", "image/png", "Declare image/png.")


@pytest.mark.parametrize("setting", ["downsize", "error"])
def test_a_setting_is_known_by_the_claude_api_since_its_documentation(setting):
    small = image(setting=setting)
    assert said("oversized-image", small, HIGH) is None
    message = "claude-api does not support transformations.oversized_image on 2026-08-21"
    assert said("oversized-image", small, HIGH, day=date(2026, 8, 21)) == message
    assert said("oversized-image", small, HIGH, day=date(2026, 8, 22)) is None
    assert ask("oversized-image", small, HIGH, platform="bedrock")[0].advice == "Remove the setting."
    assert said("oversized-image", image(), HIGH, platform="bedrock") is None


@pytest.mark.parametrize("setting", ["", "Error", 7, True, ["error"], {"error": 1}, "x" * 500])
def test_a_setting_is_one_of_two_words(setting):
    message = said("oversized-image", image(setting=setting), HIGH)
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
        ((3840, 2160), ["claude-mythos-preview"], None),  # its tier is not known
        ((3840, 2160), [], None),
    ],
)
def test_set_to_be_rejected_it_fits_every_model(size, models, fits):
    found = ask("oversized-image", image(*size, setting="error"), *models)
    assert [one.limit for one in found] == ([fits] if fits else [])
    assert not ask("oversized-image", image(*size, setting="downsize"), *models)
    shown = ask("toolset-screenshot", image(*size, toolset="computer"), *models)
    assert [one.limit for one in shown] == ([fits] if fits else [])
    assert not ask("toolset-screenshot", image(*size), *models)
    if fits:
        width, height = size
        start, end = f"{width}x{height} px does not fit, and", f"the largest size that fits is {fits} px"
        assert found[0].message == f"{start} oversized_image is set to error: {end}"
        assert shown[0].message == f"{start} screenshots of the computer toolset are not downscaled: {end}"


def test_screenshots_were_downscaled_before():
    shot = image(3840, 2160, toolset="browser")
    assert not ask("toolset-screenshot", shot, HIGH, day=date(2026, 8, 20))
    assert ask("toolset-screenshot", shot, HIGH, day=date(2026, 8, 21))
    assert not ask("toolset-screenshot", ABSENT._replace(toolset="browser", setting="error"), HIGH)
    assert not ask("oversized-image", ABSENT._replace(toolset="browser", setting="error"), HIGH)


def test_source_types_by_platform_and_day():
    def taken(kind, day, platform):
        return not ask("source-type", ImageInput("here", None, source_type=kind), day=day, platform=platform)

    for kind, first in (("base64", date(2024, 3, 4)), ("url", date(2025, 2, 27)), ("file", date(2025, 5, 22))):
        assert taken(kind, first, "claude-api")
        assert taken(kind, TODAY, "bedrock") == (kind == "base64")
    assert not taken("url", date(2025, 2, 26), "claude-api")
    assert not taken("file", date(2025, 5, 21), "claude-api")
    for odd in (None, 7, ["url"], {}, "BASE64"):
        assert not taken(odd, TODAY, "claude-api")
        assert taken(odd, TODAY, "claude-ai")  # nothing is stated
    assert not ask("source-type", ImageInput("here", None, suffix=""), platform="bedrock")  # a file on the disk


# What is worth knowing of an image


def test_a_stray_file_is_passed_over():
    stray = broken("not-an-image", "no image", stray=True)
    assert said("not-an-image", stray) == "skipped: no image"
    assert said("not-an-image", stray._replace(stray=False)) is None
    assert said("not-an-image", image(stray=True)) is None
    assert said("not-an-image", ABSENT._replace(stray=True)) is None


@pytest.mark.parametrize(
    ("suffix", "kind", "told"),
    [
        (".jpg", "image/jpeg", False), (".jpeg", "image/jpeg", False), (".png", "image/png", False),
        (".gif", "image/gif", False), (".webp", "image/webp", False), (".jpg", "image/png", True),
        (".webp", "image/jpeg", True), (".bin", "image/png", False), ("", "image/png", False),
        (None, "image/png", False),
    ],
)  # fmt: skip
def test_suffix(suffix, kind, told):
    expected = f"the name ends with {suffix}, but the bytes are {kind}" if told else None
    assert said("suffix", image(media_type=kind, suffix=suffix)) == expected
    assert said("suffix", broken("damaged", suffix=suffix)) is None


@pytest.mark.parametrize(
    ("size", "model", "seen"),
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
def test_downscaled(size, model, seen):
    width, height = size
    tier = "standard" if model == STANDARD else "high-resolution"
    message = seen and f"{width}x{height} px is downscaled: Claude sees {seen} px on the {tier} tier"
    found = said("downscaled", image(width, height), model)
    assert found == message
    assert said("downscaled", image(width, height)) is None  # no model
    assert said("downscaled", image(width, height, setting="error"), model) is None  # it is rejected instead
    assert said("downscaled", image(width, height, toolset="computer"), model) is None
    before = said("downscaled", image(width, height, toolset="computer"), model, day=date(2026, 8, 20))
    assert before == found


def test_animated():
    assert said("animated", image(animated=True)) == "the image is animated: Claude sees only its first frame"
    assert said("animated", image()) is None
    assert said("animated", ABSENT) is None


@pytest.mark.parametrize("day", [date(2024, 3, 4), date(2026, 4, 16), TODAY])
@pytest.mark.parametrize(("size", "told"), [((200, 200), 0), ((199, 200), 1), ((5000, 199), 1), ((1, 1), 1)])
def test_tiny(size, told, day):
    found = ask("tiny", image(*size), day=day)
    assert [(one.observed, one.limit, one.unit) for one in found] == [(min(size), 200, "px")] * told
    assert all(one.sources for one in found)


@pytest.mark.parametrize(
    ("size", "told"),
    [((1150, 1000), False), ((1151, 1000), True), ((1568, 700), False), ((1569, 700), True), ((100, 1569), True)],
)
def test_latency_was_advice_until_april_2026(size, told):
    assert bool(ask("latency", image(*size), day=date(2026, 4, 16))) == told
    assert bool(ask("latency", image(*size), day=date(2024, 3, 4))) == told
    for day in (date(2026, 4, 17), TODAY):
        assert not ask("latency", image(*size), day=day)
    assert not ask("latency", ABSENT, day=date(2026, 4, 16))


def test_unmeasured():
    for kind, source in (("url", "a URL"), ("file", "an uploaded file")):
        message = f"an image from {source} is not measured, because nothing is fetched"
        assert said("unmeasured", ImageInput("here", None, source_type=kind)) == message
    for kind in ("base64", None, ["url"], {}):
        assert said("unmeasured", ImageInput("here", None, source_type=kind)) is None


# Documents and turns


def test_documents():
    good, bad, far = DocumentInput("d", 3), DocumentInput("d", problem="no"), DocumentInput("d", uncounted="far")
    assert [said("pdf", one) for one in (good, bad, far)] == [None, "no", None]
    assert [said("uncounted", one) for one in (good, bad, far)] == [None, None, "far"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (["I", "What is this?"], False),
        (["What is this?", "I"], True),
        (["I", "What is this?", "I"], True),
        (["What is this?", "I", "And this?"], False),  # the last word is text
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
def test_images_come_before_the_text(parts, told):
    assert bool(ask("image-after-text", turn(*parts))) == told
    assert not ask("image-after-text", turn(*parts, role="assistant"))


@pytest.mark.parametrize(
    ("parts", "bare"),
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
def test_several_images_are_introduced_one_by_one(parts, bare):
    images = parts.count("I")
    message = f"there is no text right before {bare} of {images} images" if bare else None
    assert said("unlabelled", turn(*parts)) == message
    assert said("unlabelled", turn(*parts, role="assistant")) is None


# Requests, batches and the bill


def test_the_model():
    assert said("model", whole()) is None
    found = ask("model", whole(location="line ", model_problem="it is gone"))[0]
    assert (found.location, found.message, found.observed) == ("line model", "it is gone", HIGH)


@pytest.mark.parametrize(
    ("models", "limit"), [([HIGH], 600), (["claude-haiku-4-5"], 100), ([HIGH, "claude-haiku-4-5"], 100), ([], 600)]
)
def test_images_and_pages_count_together(models, limit):
    pages = DocumentInput("d", 30), DocumentInput("e")
    for more in (0, 1):
        seen = whole(images=(image(),) * (limit - 30 + more), documents=pages)
        message = f"{limit - 29} images and 30 PDF pages: the limit is {limit} in total"
        assert said("image-count", seen, *models) == (message if more else None)


def test_the_context_window_is_the_least_of_all_models():
    for models, limit in (([HIGH], 1_000_000), ([HIGH, "claude-haiku-4-5"], 200_000)):
        assert said("context-window", whole(tokens=limit), *models) is None
        message = f"the images alone have {limit + 1:,} tokens: the context window is {limit:,}"
        assert said("context-window", whole(tokens=limit + 1), *models) == message
    assert said("context-window", whole(tokens=10**9)) is None


def test_the_size_of_a_request_that_is_not_known_is_not_doubted():
    assert said("request-bytes", whole(body_bytes=None), HIGH) is None
    assert ask("request-bytes", whole(body_bytes=33_554_433), HIGH)[0].location == "request"
    assert ask("request-bytes", whole(body_bytes=33_554_433, location="a:1 "), HIGH)[0].location == "a:1"
    assert said("request-bytes", whole(body_bytes=33_554_432), HIGH) is None


def test_custom_ids():
    batch = BatchInput("b", 3, 9, (("b:2", "one\u00e9" * 100),), ("b:3",))
    found = ask("custom-id", batch)
    assert [one.location for one in found] == ["b:3", "b:2"]
    assert found[0].message == "the request has no custom_id"
    assert found[1].message.startswith("custom_id 'one\\xe9")
    assert len(found[1].message) < 140


def test_the_budget():
    def kept(cost, budget, most=None, unknown=()):
        return said("budget", CostInput("all", Decimal(cost), Decimal(most or cost), Decimal(budget), unknown))

    assert kept("1.50", "1.5") is None
    assert kept("1.50000001", "1.5") == "the images cost $1.50000001, and the budget is $1.50"
    assert kept("0.0000001", "0") == "the images cost $0.0000001, and the budget is $0"
    assert kept("1", "1.5", most="1.5") is None
    assert kept("1", "1.5", most="1.51") == (
        "the images cost $1.00, or $1.51 if the text leads to the long-context price; the budget is $1.50"
    )
    assert kept("1", "9", unknown=("two things", "a third")) == (
        "the cost is not known, so a budget of $9.00 cannot be checked: two things; a third"
    )
    assert kept("10", "9", unknown=("two things",)) == "the images cost $10.00, and the budget is $9.00"


def test_findings_survive_json_and_name_their_sources():
    found = ask("many-images-edge", whole(images=(image(2001, 10),) * 21), HIGH)
    assert len(found) == 21
    assert {one.sources[0].url.split("/")[2] for one in found} <= {"docs.anthropic.com", "platform.claude.com"}
    assert json.loads(json.dumps(found[0]._replace(sources=())))[5:8] == [2001, 2000, "px"]
