"""`fit_request`: each rejected request that can be fixed is accepted afterwards; everything else is unchanged."""

from __future__ import annotations

import base64
import copy
import io
import json
from datetime import date
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import MODEL, SMALL_MODEL, encoded, image_block, pdf, png, request, text
from PIL import Image
from test_requests_reported import (
    ACCEPTED,
    BREAKPOINT,
    DRAWING,
    ON_CLOUD_PLATFORMS,
    QUESTION,
    REJECTED,
    REMOTE,
    TODAY,
    USE,
    animated,
    answered,
    conversation,
    data,
    document,
    message,
    single,
    source,
)

import imgcost
from imgcost import check_request, fit_request
from imgcost.errors import ArgumentError, RequestError
from imgcost.fitting.request_media import share_bytes

UNFIXABLE = {
    "HEIC declared as JPEG",  # neither is the AVIF an image, apart from its first bytes
    "AVIF from a tool",
    "an SVG declared as PNG",
    "empty data",
    "a placeholder as data",
    "an error page",
    "a truncated download",
    "102 images",
    "21 images on Bedrock in 2025",
    "too much text",
    "a PDF with a password",
    "an empty PDF",
    "a Word file declared as PDF",
    "an image from a URL on Google Cloud",
    "a document from a URL on Google Cloud",
    "an uploaded document on Bedrock",
    "a document from S3",
    "a Word file",
    "a data URL as a URL",  # of an image that is cut off
    "a path as a URL",
    "a number as a URL",
    "a file source without an id",
    "a URL document without a URL",
    "a PDF for Claude 3 Opus",
    "an image in an assistant message",
    "a document in an assistant message",
    "an empty message",
    "an OpenAI block",  # with an image that is cut off
    "a call in a result",
    "a document in a document",
    "a text block without text",
    "a result without an id",
    "a call whose input is text",
    "a search result whose content is text",
    "a search result whose content is a number",
    "a source that is a path",
    "an image in system",
    "an image in a system message",
    "an unknown role",
    "a screenshot instead of a result",
    "no message after a call",
}
"""Requests that cannot be fixed without changing what they say, or whose data is missing."""


def fitted_reported(name):
    _, _, day, platform, params = REJECTED[name]
    return fit_request(params, platform=platform, as_of=date.fromisoformat(day), shape="messages")


def fixed(block, **options):
    """Fit a request with one block; return the new block and the action."""
    fitted = fit_request(single(block, QUESTION, **options), as_of=TODAY)
    assert fitted.ok, fitted.failures
    [change] = fitted.changes
    assert change.location == "messages.0.content.0"
    return fitted.params["messages"][0]["content"][0], change.action


def failure(block):
    """Fit a request with one block that cannot be fixed; return why."""
    params = single(block, QUESTION)
    fitted = fit_request(params, as_of=TODAY)
    assert (fitted.ok, fitted.params is params) == (False, True)
    [problem] = fitted.failures
    return problem.reason


def decoded(block):
    return base64.b64decode(block["source"]["data"])


def opened(block):
    return Image.open(io.BytesIO(decoded(block)))


@pytest.mark.parametrize("name", [name for name in REJECTED if name not in UNFIXABLE])
def test_a_rejected_request_that_can_be_fixed_is_accepted(name):
    _, _, day, platform, params = REJECTED[name]
    before = copy.deepcopy(params)
    fitted = fitted_reported(name)
    assert params == before
    assert (fitted.ok, fitted.unfixed, fitted.changed) == (True, (), True)
    assert not check_request(fitted.params, platform=platform, as_of=date.fromisoformat(day), shape="messages").errors
    again = fit_request(fitted.params, platform=platform, as_of=date.fromisoformat(day), shape="messages")
    assert (again.params is fitted.params, again.changes) == (True, ())


@pytest.mark.parametrize("name", sorted(UNFIXABLE))
def test_what_cannot_be_fixed_is_reported(name):
    rule, location, *_ = REJECTED[name]
    fitted = fitted_reported(name)
    assert not fitted.ok
    assert (rule, location) in [(finding.rule, finding.location) for finding in fitted.original.errors]
    assert fitted.unfixed
    with pytest.raises(imgcost.PreflightError):
        fitted.raise_for_errors()


@pytest.mark.parametrize("name", [*ACCEPTED, *ON_CLOUD_PLATFORMS])
def test_an_accepted_request_is_returned_unchanged(name):
    platform, params = ON_CLOUD_PLATFORMS.get(name) or ("claude-api", ACCEPTED[name])
    fitted = fit_request(params, platform=platform, as_of=TODAY)
    assert fitted.params is params
    assert (fitted.changes, fitted.failures, fitted.findings is fitted.original) == ((), (), True)


def test_unchanged_parts_are_shared():
    params = single(DRAWING, image_block(png(9000, 10)), QUESTION)
    fitted = fit_request(params, as_of=TODAY)
    blocks = fitted.params["messages"][0]["content"]
    assert blocks[0] is DRAWING
    assert blocks[1]["source"]["data"] != params["messages"][0]["content"][1]["source"]["data"]


# Images


def test_a_large_image_gets_the_size_that_claude_sees():
    block, action = fixed(image_block(png(1440, 8570)), model=MODEL)
    assert opened(block).size == (433, 2576)
    assert action.startswith("resized from 1440x8570 to 433x2576 px")


def test_a_change_has_the_numbers_before_and_after():
    params = single(image_block(encoded("BMP", 2000, 1000)), model=SMALL_MODEL)
    [change] = fit_request(params, as_of=TODAY).changes
    assert (change.original_width, change.original_height, change.width, change.height) == (2000, 1000, 1568, 784)
    assert (change.original_tokens, change.tokens) == (1568, 1568)
    assert change.original_bytes == len(params["messages"][0]["content"][0]["source"]["data"])
    assert change.saved_bytes == change.original_bytes - change.bytes > 0
    assert set(change.rules) == {"format"}
    assert change.rescale_point(784, 392) == (1000.0, 500.0)
    [change] = fit_request(single(image_block(encoded("JPEG"))), as_of=TODAY).changes
    assert (change.rescale_point(7, 8), change.width) == ((7, 8), None)


@pytest.mark.parametrize("form", ["BMP", "TIFF", "TGA"])
def test_other_formats_are_converted(form):
    block, action = fixed(image_block(encoded(form, 300, 200)))
    assert opened(block).size == (300, 200)
    assert f"converted from {form} to " in action


@pytest.mark.parametrize(("form", "declared"), [("HEIF", "image/jpeg"), ("AVIF", "image/avif")])
def test_photos_of_phones_are_converted(form, declared):
    photo = Image.new("RGB", (300, 200), "gray")
    out = io.BytesIO()
    if form == "HEIF":
        pillow_heif.from_pillow(photo).save(out, quality=80)
    else:
        photo.save(out, form)
    block, action = fixed(image_block(out.getvalue(), declared))
    assert (opened(block).format, opened(block).size) == ("JPEG", (300, 200))
    assert action.endswith("to JPEG")


def test_declared_types_are_corrected_and_data_is_not_copied():
    original = image_block(encoded("WEBP"), "image/png")
    block, action = fixed(original)
    assert block["source"]["data"] is original["source"]["data"]
    assert (block["source"]["media_type"], action) == ("image/webp", "declared as image/webp")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: f"data:image/png;base64,{value}",
        lambda value: f" data:image/png;base64,{value}\n",
        lambda value: f"data:image/png;charset=utf-8;base64,{value}",
        lambda value: value.replace("+", "-").replace("/", "_"),
        lambda value: value.rstrip("="),
        lambda value: f"data:image/png;base64,{value}".rstrip("="),
    ],
)
def test_careless_base64_is_corrected(wrap):
    picture = png(64, 64, file_bytes=511).replace(bytes(9), b"\xfb\xef\xbe\xff\xfb\xef\xbe\xff\xff", 1)
    value = text(picture)
    assert {"+", "/", "="} <= set(value)
    block, action = fixed(data(wrap(value)))
    assert (decoded(block), action) == (picture, "base64 corrected")


def test_an_image_that_was_encoded_twice():
    block, action = fixed(data(text(text(png()).encode())))
    assert (decoded(block), action) == (png(), "decoded a second time, because it was encoded twice")


def test_data_before_an_image_is_removed():
    block, action = fixed(image_block(b"[Warning] two displays\n" + png()))
    assert (decoded(block), action) == (png(), "removed 23 bytes before the image")


def test_a_data_url_as_a_url_becomes_base64():
    url = f"data:image/png;base64,{text(png())}"
    block, action = fixed(source(type="url", url=url))
    assert block["source"] == {"type": "base64", "media_type": "image/png", "data": text(png())}
    assert action == "sent as base64 instead of a data URL"


def test_a_url_under_the_wrong_key():
    block, _ = fixed(source(type="url", data="https://example.com/a.png"))
    assert block["source"] == {"type": "url", "url": "https://example.com/a.png"}


def test_paths_and_open_files_are_read_and_keep_their_positions(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(9000, 10))
    with path.open("rb") as file:
        fitted = fit_request(single(data(Path(path)), data(file), QUESTION), as_of=TODAY)
        assert file.tell() == 0
    assert fitted.ok
    assert [opened(block).width for block in fitted.params["messages"][0]["content"][:2]] == [2576, 2576]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (data(Path("missing.png")), "its data is not in the request as base64"),
        (data("iVBOR"), "its data is not in the request as base64"),
        (data("data:;base64"), "its data is not in the request as base64"),
        (data("photo.png"), "its data is not in the request as base64"),
        (image_block(b"404 page not found"), "text, not an image"),
        (image_block(encoded("JPEG", 900, 900)[:-40], "image/png"), "the end of the image is missing"),
        (data(text(text(b"GIF89a").encode())), "base64 text of a GIF, not an image"),
    ],
)
def test_an_image_is_fixed_completely_or_not_at_all(block, reason):
    assert failure(block).startswith(reason)


class Unreadable(io.BytesIO):
    def read(self, *_):
        raise OSError


def test_a_file_that_cannot_be_read_is_not_fixed():
    fitted = fit_request(single(data(Unreadable(png(9000, 10))), QUESTION), as_of=TODAY)
    assert not fitted.ok


@pytest.mark.parametrize("option", [{"min_quality": 0}, {"background": "plaid"}, {"shape": "x"}, {"model": 5}])
def test_invalid_options_are_errors(option):
    with pytest.raises(ArgumentError):
        fit_request(single(image_block(encoded("JPEG"))), **option)


def test_the_background_shows_where_there_is_no_alpha_channel():
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    out = io.BytesIO()
    picture.save(out, "TIFF")
    fitted = fit_request(single(image_block(out.getvalue())), as_of=TODAY, background="#ff0000")
    block = fitted.params["messages"][0]["content"][0]
    assert opened(block).convert("RGBA").getpixel((1, 1))[3] in {0, 255}


def test_an_animation_is_left_as_it_is():
    params = single(image_block(animated(), "image/gif"), QUESTION)
    assert fit_request(params, as_of=TODAY).params is params


# Settings and tiers


def test_a_screenshot_of_a_toolset_fits_the_smallest_tier_of_all_models():
    use = USE | {"toolset_name": "computer"}
    params = answered(image_block(png(3840, 2160)), use=use) | {"fallbacks": [{"model": SMALL_MODEL}]}
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    block = fitted.params["messages"][2]["content"][0]["content"][0]
    assert opened(block).size == (1456, 819)


def test_a_screenshot_of_a_toolset_in_a_request_with_many_images():
    use = USE | {"toolset_name": "computer"}
    params = answered(*[image_block(png(2576, 1449))] * 21, use=use)
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert max(opened(fitted.params["messages"][2]["content"][0]["content"][20]).size) == 2000


def test_oversized_image_is_removed_where_it_is_not_supported():
    block = image_block(png(2000, 1000)) | {"transformations": {"oversized_image": "downsize", "other": 1}}
    params = single(block, QUESTION, model="global.anthropic.claude-opus-4-8")
    fitted = fit_request(params, as_of=TODAY)
    new = fitted.params["messages"][0]["content"][0]
    assert (fitted.ok, new["transformations"], new["source"]["data"]) == (True, {"other": 1}, block["source"]["data"])
    assert fitted.changes[0].action == "setting oversized_image removed"
    strict = image_block(png(2000, 1000)) | {"transformations": {"oversized_image": "error"}}
    fitted = fit_request(single(strict, model="global.anthropic.claude-opus-4-8"), as_of=TODAY)
    new = fitted.params["messages"][0]["content"][0]
    assert "transformations" not in new
    assert max(opened(new).size) < 2001


def test_an_unknown_value_of_oversized_image_is_not_guessed():
    block = image_block(png()) | {"transformations": {"oversized_image": "shrink"}}
    assert failure(block) == "the value of oversized_image is unknown"


def test_an_unknown_model_keeps_as_many_pixels_as_any_model_sees():
    params = single(image_block(png(9000, 9000)), model="my-deployment")
    fitted = fit_request(params, platform="foundry", as_of=TODAY)
    assert fitted.ok  # no limit on the edge is published for Foundry
    fitted = fit_request(params, platform="bedrock", as_of=TODAY)
    assert opened(fitted.params["messages"][0]["content"][0]).size == (1932, 1932)


# Many images, and many bytes


def test_in_requests_with_many_images_only_those_over_2000_px_change():
    params = single(*[DRAWING] * 20, image_block(png(2001, 300)), QUESTION)
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert [change.location for change in fitted.changes] == ["messages.0.content.20"]
    assert max(opened(fitted.params["messages"][0]["content"][20]).size) <= 2000
    assert fit_request(single(*[DRAWING] * 19, image_block(png(2001, 300))), as_of=TODAY).changes == ()


def test_the_largest_images_are_shrunk_first():
    sizes = [1_000_000, 7_000_000, 6_000_000, 7_000_000, 4_400_000]
    params = single(*[image_block(png(800, 600, file_bytes=size)) for size in sizes], QUESTION)
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert [change.location for change in fitted.changes] == ["messages.0.content.1"]
    assert fitted.changes[0].rules == ("request-bytes",)


def test_an_image_that_is_too_large_counts_as_fitted_in_the_size_of_the_request():
    sizes = [9_000_000, 7_000_000, 7_000_000, 7_000_000, 4_400_000]
    params = single(*[image_block(png(800, 600, file_bytes=size)) for size in sizes], QUESTION)
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert [change.rules for change in fitted.changes] == [("image-bytes",), ("request-bytes",)]


def test_an_image_may_be_fixed_and_shrunk():
    sizes = [7_500_000, 7_000_000, 6_000_000, 5_000_000]
    blocks = [image_block(png(800, 600, file_bytes=size), "image/jpeg") for size in sizes]
    fitted = fit_request(single(*blocks, document(pdf(), "application/octet-stream")), as_of=TODAY)
    assert fitted.ok
    first, *others = fitted.changes
    assert (first.rules, first.action[:23]) == (("media-type", "request-bytes"), "declared as image/png, ")
    assert first.original_bytes == 10_000_000
    assert [change.action for change in others] == ["declared as image/png"] * 3 + ["declared as application/pdf"]


def test_a_model_without_a_price_on_the_platform():
    params = single(image_block(encoded("BMP")), model="claude-mythos-5-2")
    assert fit_request(params, platform="foundry", as_of=TODAY).changes


def test_a_request_that_stays_too_large_keeps_its_images():
    damaged = bytearray(png(800, 600, file_bytes=7_000_000))
    pixels = damaged.index(b"IDAT") + 6
    damaged[pixels : pixels + 9] = b"\xff" * 9  # only a decoder sees it
    for params, reason in [
        (single(image_block(bytes(damaged)), source(**REMOTE), metadata={"user_id": "x" * 25_000_000}), "still has"),
        (single(DRAWING, QUESTION, metadata={"user_id": "x" * 35_000_000}), "more than its images have"),
    ]:
        fitted = fit_request(params, as_of=TODAY)
        assert (fitted.changes, fitted.params is params) == ((), True)
        assert [item.rules for item in fitted.failures] == [("request-bytes",)]
        assert reason in fitted.failures[0].reason


@given(st.lists(st.integers(0, 99), max_size=9), st.integers(-20, 400))
def test_shares_use_the_budget_and_leave_small_images_alone(sizes, budget):
    share = share_bytes(sizes, budget)
    assert sum(min(size, share) for size in sizes) <= max(budget, 0) or share <= 0
    if sum(sizes) > budget and share > 0:
        assert sum(min(size, share + 1) for size in sizes) > budget


# Documents

PLAIN = {"type": "text", "media_type": "text/plain"}


def test_documents_get_the_right_type_of_source():
    for block, new in [
        (document(pdf(), "application/octet-stream"), document(pdf())),
        (document(b"# Title", "text/markdown"), document(**PLAIN, data="# Title")),
        (document(type="text", media_type="text/x", data="x"), document(**PLAIN, data="x")),
        (document(png()), image_block(png())),
        (image_block(pdf()), document(pdf())),
        (document(type="base64", media_type="application/pdf", data=f"data:application/pdf;base64,{text(pdf())}"),
         document(pdf())),
        (document(type="url", url=f"data:application/pdf;base64,{text(pdf())}"), document(pdf())),
    ]:  # fmt: skip
        assert fixed(block)[0] == new


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (document(pdf(password="x"), "application/octet-stream"), "the PDF is protected by a password"),
        (document(b"\xff\xfe", "text/plain"), "its text is not UTF-8"),
        (document(png()) | {"title": "A drawing"}, "it is not a PDF"),
        (image_block(pdf()) | {"transformations": {"oversized_image": "downsize"}}, "it is a document"),
    ],
)
def test_a_document_is_fixed_completely_or_not_at_all(block, reason):
    assert failure(block) == reason


# Messages


def test_images_of_other_apis_are_written_as_blocks_of_this_one():
    url = f"data:image/png;base64,{text(png())}"
    for block in [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "input_image", "image_url": url},
        {"type": "image", "data": text(png()), "mimeType": "image/png"},
        {"type": "image", "source_type": "base64", "data": text(png()), "mime_type": "image/png"},
    ]:
        fitted = fit_request(single(block, QUESTION), shape="messages", as_of=TODAY)
        assert (fitted.ok, fitted.params["messages"][0]["content"][0]) == (True, image_block(png()))


@pytest.mark.parametrize(
    "block", [{"type": "image", "data": 5, "mimeType": "image/png"}, {"type": "hologram"}, {"type": "image"}]
)
def test_unknown_blocks_are_left_as_they_are(block):
    params = single(block, QUESTION)
    assert fit_request(params, shape="messages", as_of=TODAY).params is params


def test_an_empty_text_is_removed_if_something_else_remains():
    empty = {"type": "text", "text": " "}
    fitted = fit_request(single(DRAWING, empty), as_of=TODAY)
    assert fitted.params["messages"][0]["content"] == [DRAWING]
    assert fitted.changes[0].location == "messages.0.content"
    for params in (single(empty), single(DRAWING, empty | BREAKPOINT)):
        assert fit_request(params, as_of=TODAY).params is params


def test_images_of_a_failed_tool_follow_all_results():
    first, second = (
        {"type": "tool_result", "tool_use_id": name, "content": content, "is_error": True}
        for name, content in (("a", [QUESTION, DRAWING]), ("b", "no"))
    )
    uses = [USE | {"id": "a"}, USE | {"id": "b"}]
    params = conversation(message(QUESTION), message(*uses, role="assistant"), message(first, second, QUESTION))
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert fitted.params["messages"][2]["content"] == [first | {"content": [QUESTION]}, second, DRAWING, QUESTION]


def test_other_blocks_of_a_failed_tool_are_not_moved():
    params = answered({"type": "tool_reference", "tool_name": "x"}, is_error=True)
    assert fit_request(params, as_of=TODAY).params is params


def test_results_come_first_only_if_the_message_has_them():
    use, result = USE | {"id": "a"}, {"type": "tool_result", "tool_use_id": "a", "content": "ok"}
    params = conversation(message(QUESTION), message(use, role="assistant"), message(DRAWING, result))
    fitted = fit_request(params, as_of=TODAY)
    assert (fitted.ok, fitted.params["messages"][2]["content"]) == (True, [result, DRAWING])
    for last in ([], [{"role": "user", "content": "ok"}]):
        params = conversation(message(QUESTION), message(use, role="assistant"), *last)
        assert fit_request(params, as_of=TODAY).params is params


def test_the_last_breakpoints_remain():
    turns = [message({"type": "text", "text": str(number)} | BREAKPOINT) for number in range(6)]
    fitted = fit_request(conversation(*turns, {"role": "user", "content": "x"}), as_of=TODAY)
    kept = ["cache_control" in turn["content"][0] for turn in fitted.params["messages"][:6]]
    assert (fitted.ok, kept) == (True, [False, False, True, True, True, True])
    tools = [{"name": str(number), "input_schema": {"type": "object"}} | BREAKPOINT for number in range(6)]
    params = single(QUESTION, tools=tools)
    assert fit_request(params, as_of=TODAY).params is params  # none of them is in a message


def test_several_fixes_of_one_message():
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True,
              "content": [QUESTION, image_block(png(9000, 10))]}  # fmt: skip
    blocks = [{"type": "text", "text": ""}, result]
    params = conversation(message(QUESTION), message(USE, role="assistant"), message(*blocks), model=MODEL)
    fitted = fit_request(params, as_of=TODAY)
    assert fitted.ok
    assert [block["type"] for block in fitted.params["messages"][2]["content"]] == ["tool_result", "image"]


# Batches, and documents with many requests


def test_each_request_of_a_batch_is_fixed():
    wide = single(image_block(png(9000, 10)), QUESTION)
    entries = [{"custom_id": "a", "params": wide | {"stream": True}}, {"custom_id": "b", "params": ACCEPTED["base64"]}]
    for batch in (entries, {"requests": entries}):
        fitted = fit_request(batch, as_of=TODAY)
        assert fitted.ok
        locations = [change.location for change in fitted.changes]
        assert locations == ["requests.0.params.messages.0.content.0", "requests.0.params.stream"]
        fixed_entries = fitted.params if isinstance(batch, list) else fitted.params["requests"]
        assert type(fitted.params) is type(batch)
        assert (fixed_entries[0]["params"]["stream"], fixed_entries[1] is entries[1]) == (False, True)


def test_what_is_not_a_request_is_an_error():
    with pytest.raises(RequestError, match="messages: is missing"):
        fit_request({"model": MODEL})


# Replacing by text


def test_what_cannot_be_fixed_is_replaced_by_text_on_request():
    params = single(image_block(b""), document(pdf(password="x")), QUESTION)
    fitted = fit_request(params, as_of=TODAY, remove_unfixable=True)
    assert fitted.ok
    notes = [block["text"] for block in fitted.params["messages"][0]["content"][:2]]
    assert notes == ["[image removed: the image is empty]", "[document removed: the PDF is protected by a password]"]
    assert fitted.changes[0].action == "replaced by text: the image is empty"
    assert fitted.failures == ()


# The result


def test_the_result_in_words_and_as_a_dictionary():
    fitted = fit_request(single(image_block(png(9000, 10)), image_block(b"")), as_of=TODAY)
    assert repr(fitted) == f"<FittedRequest changes=1 unfixed=1 saved_bytes={fitted.saved_bytes}>"
    values = json.loads(json.dumps(fitted.to_dict()))
    assert (values["ok"], values["changed"], values["tokens"]) == (False, True, {"original": 92, "fitted": 92})
    assert values["changes"][0]["rules"] == ["image-edge"]
    assert values["failures"][0] == {
        "location": "messages.0.content.1", "rules": ["empty"], "reason": "the data is empty", "line": None,
    }  # fmt: skip
    assert values["unfixed"][0]["rule"] == "empty"
    html = fitted._repr_html_()
    assert "1 change, 1 error left" in html
    assert "not fixed: the image is empty" in html


def test_the_platform_and_model_of_the_caller_count():
    params = request(image_block(png(8, 8, file_bytes=6_000_000)), model=SMALL_MODEL)
    assert fit_request(params, as_of=TODAY).changes == ()
    fitted = fit_request(params, as_of=TODAY, platform="bedrock")
    assert (fitted.ok, fitted.changes[0].rules) == (True, ("image-bytes",))
    params = request(image_block(png(9000, 9000)), model=MODEL)
    small = fit_request(params, as_of=TODAY, model=SMALL_MODEL)
    assert opened(small.params["messages"][0]["content"][0]).size == (1092, 1092)
