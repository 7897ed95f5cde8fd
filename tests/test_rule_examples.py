"""The example of each rule, run: its message appears, and the same input with the fix applied passes the rule."""

from __future__ import annotations

from datetime import date

import pytest
from conversations import (
    LINKED,
    PDF,
    PHOTO,
    PNG,
    QUESTION,
    REPORT,
    assistant,
    call,
    document,
    image,
    result,
    use,
    user,
    words,
)
from pictures import MODEL, document_block, encoded, image_block, pdf, png, text
from PIL import Image

from imgcost import check_batch, check_images, check_request, fit_request
from imgcost.messages import body_bytes
from imgcost.rules import find_rule, rules

DAY = date(2026, 11, 22)
SONNET = "claude-sonnet-4-6"
JPEG, GIF = encoded("JPEG"), encoded("GIF")
ANIMATION = encoded("GIF", save_all=True, append_images=[Image.new("RGB", (300, 300))])
DAMAGED = png().replace(b"IHDR\0", b"IHDR\1", 1)
LETTER = document_block(pdf(3))
ERROR = {"transformations": {"oversized_image": "error"}}
TEXT_ONLY = call(user(QUESTION))
BREAKPOINT = words("Which boats?", cache_control={"type": "ephemeral"})


def picture(width, height, **more):
    return image_block(png(width, height), **more)


def turn(*blocks, **more):
    return call(user(*blocks), **more)


def reply(*blocks):
    return call(user(QUESTION), assistant(use("toolu_1")), user(*blocks))


def screenshot(width, height):
    """A conversation in which the computer toolset took a screenshot."""
    taken = use("toolu_1", toolset_name="computer")
    shot = result("toolu_1", picture(width, height), toolset_name="computer")
    return call(user(QUESTION), assistant(taken), user(shot), model=MODEL)


def text_of(size):
    """A request whose body has `size` bytes."""
    return turn(words("." * (size - body_bytes(turn(words(""))))))


def entries(*names, params=TEXT_ONLY):
    return [{"custom_id": name, "params": params} for name in names]


def batch_of(size):
    """A batch whose body has `size` bytes, almost all of them in images."""
    large = turn(image_block(png(file_bytes=24_000_000)), QUESTION)
    requests = entries(*"12345678", params=large) + entries("9")
    requests[-1]["params"] = text_of(size - body_bytes({"requests": requests}) + body_bytes(TEXT_ONLY))
    return requests


REQUESTS = {
    "base64": lambda: (
        turn(image(type="base64", media_type="image/png", data=f"data:image/png;base64,{PNG}")), turn(PHOTO)),
    "empty": lambda: (turn(image_block(b""), QUESTION), turn(QUESTION)),
    "format": lambda: (turn(image_block(encoded("BMP"))), turn(PHOTO)),
    "truncated": lambda: (turn(image_block(png(file_bytes=4000)[:-12])), turn(image_block(png(file_bytes=4000)))),
    "undecodable": lambda: (turn(image_block(DAMAGED)), turn(PHOTO)),
    "media-type": lambda: (turn(image_block(JPEG, "image/png")), turn(image_block(JPEG, "image/jpeg"))),
    "image-edge": lambda: (turn(picture(8001, 600)), turn(picture(1568, 118))),
    "image-bytes": lambda: (turn(image_block(png(file_bytes=7_864_321))), turn(image_block(png(file_bytes=7_864_320)))),
    "oversized-image": lambda: (turn(picture(1920, 1080, **ERROR)), turn(picture(1456, 819, **ERROR))),
    "toolset-screenshot": lambda: (screenshot(3840, 2160), screenshot(2576, 1449)),
    "source-type": lambda: (turn(LINKED), turn(PHOTO)),
    "source": lambda: (turn(image(type="url", data="https://example.com/a.png")), turn(LINKED)),
    "document-media-type": lambda: (
        turn(document(type="base64", media_type="application/octet-stream", data=PDF)),
        turn(REPORT)),
    "pdf": lambda: (turn(document_block(pdf(password="secret"))), turn(document_block(pdf()))),
    "pdf-model": lambda: (
        turn(REPORT, model="claude-3-opus-20240229"), turn(PHOTO, model="claude-3-opus-20240229")),
    "pdf-pages": lambda: (turn(document_block(pdf(101))), turn(document_block(pdf(100)))),
    "assistant-media": lambda: (
        call(user(QUESTION), assistant(words("Here:"), PHOTO), user(QUESTION)),
        call(user(QUESTION), assistant(words("Here:")), user(PHOTO, QUESTION))),
    "empty-text": lambda: (turn(PHOTO, words("")), turn(PHOTO, QUESTION)),
    "tool-results": lambda: (reply(PHOTO), reply(result("toolu_1", PHOTO))),
    "error-result": lambda: (
        reply(result("toolu_1", PHOTO, is_error=True)),
        reply(result("toolu_1", words("The camera is off."), is_error=True), PHOTO)),
    "request": lambda: (turn({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}), turn(LINKED)),
    "model": lambda: (turn(PHOTO, model="claude-3-opus-20240229"), turn(PHOTO)),
    "image-count": lambda: (turn(*[PHOTO] * 101), turn(*[PHOTO] * 51)),
    "many-images-edge": lambda: (turn(picture(2001, 300), *[PHOTO] * 20), turn(picture(2000, 300), *[PHOTO] * 20)),
    "request-bytes": lambda: (text_of(33_554_433), text_of(33_554_432)),
    "context-window": lambda: (
        turn(*[picture(1932, 1932)] * 211, model=MODEL), turn(*[picture(1932, 1932)] * 210, model=MODEL)),
    "text-bytes": lambda: (turn(words("x" * 16_000_001)), turn(words("x" * 16_000_000))),
    "cache-breakpoints": lambda: (turn(*[BREAKPOINT] * 5), turn(*[BREAKPOINT] * 4)),
    "budget": lambda: (
        turn(*[picture(1092, 1092)] * 2, model=SONNET), turn(picture(1092, 1092), model=SONNET)),
    "unusual": lambda: (turn(image_block(GIF[:-1], "image/gif")), turn(image_block(GIF, "image/gif"))),
    "downscaled": lambda: (turn(picture(3840, 2160), model=MODEL), turn(picture(2576, 1449), model=MODEL)),
    "animated": lambda: (turn(image_block(ANIMATION, "image/gif")), turn(PHOTO)),
    "tiny": lambda: (turn(picture(300, 150)), turn(picture(600, 300))),
    "latency": lambda: (turn(picture(2000, 1500), model=SONNET), turn(picture(1200, 900), model=SONNET)),
    "unmeasured": lambda: (turn(LINKED), turn(PHOTO)),
    "uncounted": lambda: (
        turn(document(type="url", url="https://example.com/report.pdf")), turn(REPORT)),
    "pdf-cost": lambda: (turn(LETTER), turn(PHOTO)),
    "base64-in-text": lambda: (
        turn(words(f"data:image/png;base64,{text(png(file_bytes=30_000))}")),
        turn(image_block(png(file_bytes=30_000)))),
    "max-tokens": lambda: ({**turn(PHOTO), "max_tokens": None}, turn(PHOTO)),
    "image-after-text": lambda: (turn(QUESTION, PHOTO), turn(PHOTO, QUESTION)),
    "unlabeled": lambda: (
        turn(PHOTO, PHOTO, QUESTION), turn(words("Image 1:"), PHOTO, words("Image 2:"), PHOTO, QUESTION)),
}  # fmt: skip

BATCHES = {
    "custom-id": lambda: (entries("harbor.png"), entries("1")),
    "batch-stream": lambda: (entries("1", params={**TEXT_ONLY, "stream": True}), entries("1")),
    "batch-count": lambda: (entries(*map(str, range(100_001))), entries("100000")),
    "batch-bytes": lambda: (batch_of(268_435_457), batch_of(268_435_456)),
}

FILES = {
    "unreadable": (("photo.jpg", b"<!DOCTYPE html><title>404 Not Found</title>"), ("photo.jpg", JPEG)),
    "suffix": (("photo.jpg", png()), ("photo.png", png())),
    "not-an-image": (("notes.txt", b"Three boats."), ("notes.jpg", JPEG)),
}

OPTIONS = {
    "source-type": {"platform": "google-cloud"},
    "pdf-model": {"as_of": date(2025, 6, 1)},
    "latency": {"as_of": date(2026, 4, 16)},
    "budget": {"budget_usd": "0.005"},
}
"""Options of a check other than the date."""


def check_example(name, folder):
    """Return the findings for the example of a rule, and for the same input after the fix."""
    options = {"as_of": DAY} | OPTIONS.get(name, {})
    if name in BATCHES:
        return [check_batch(requests, **options) for requests in BATCHES[name]()]
    if name in REQUESTS:
        return [check_request(params, **options) for params in REQUESTS[name]()]
    findings = []
    for file, data in FILES[name]:
        path = folder / str(len(findings)) / file
        path.parent.mkdir()
        path.write_bytes(data)
        findings.append(check_images(path.parent, **options))
    return findings


LARGE = {"request-bytes", "text-bytes", "batch-count", "batch-bytes"}
NAMES = [pytest.param(rule.name, marks=[pytest.mark.slow] * (rule.name in LARGE)) for rule in rules()]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_rule_has_its_message_and_passes_after_the_fix(name, tmp_path):
    wrong, fixed = check_example(name, tmp_path)
    assert [finding.message for finding in wrong if finding.rule == name] == [find_rule(name).example.message]
    assert [finding.message for finding in fixed if finding.rule == name] == []


PARTLY_FIXABLE = {"request", "source", "source-type"}
"""Rules with other errors than that of the example, which cannot be fixed."""

FULL = turn(*[image_block(encoded("BMP", 1500, 1500))] * 4)
"""A request with more than 32 MB in images."""


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_rule_can_be_fixed_if_the_rule_says_so(name):
    if name not in REQUESTS.keys() | {"batch-stream"}:
        assert not find_rule(name).fixable
    elif find_rule(name).severity == "error" and name not in PARTLY_FIXABLE:
        wrong = FULL if name == "request-bytes" else {**REQUESTS, **BATCHES}[name]()[0]
        before, after = check_request(wrong, as_of=DAY), fit_request(wrong, as_of=DAY).findings
        fixed = any(error.rule == name for error in before.errors) and not any(error.rule == name for error in after)
        assert fixed is find_rule(name).fixable
