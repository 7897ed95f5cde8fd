"""Examples of the documentation and errors of the API, sent with the SDK to a local server."""

from __future__ import annotations

import copy
import json
import re
import tomllib

import anthropic
import pytest
from anthropic import types
from conftest import ROOT
from examples import (
    CAMERA,
    EXAMPLES,
    PHOTO,
    PNG,
    QUESTION,
    REPORT,
    SCAN,
    SHORT,
    assistant,
    call,
    document,
    image,
    result,
    use,
    user,
    words,
)
from pictures import document_block, encoded, image_block, pdf, png

from imgcost import check_batch, check_images, check_request

pytestmark = pytest.mark.slow  # a server of the API

WORDINGS = tomllib.loads((ROOT / "imgcost" / "published" / "errors.toml").read_text(encoding="utf-8"))


def entry(custom_id, params):
    return {"custom_id": custom_id, "params": params}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_errors_and_is_accepted_unchanged(client, server, name):
    params = EXAMPLES[name]
    before = copy.deepcopy(params)
    assert not check_request(params).errors
    client.messages.create(**params)
    assert params == before == json.loads(server.received[-1])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_with_answers_as_objects_of_the_sdk(client, name):
    params = dict(EXAMPLES[name])
    params["messages"] = [
        {"role": "assistant", "content": answer(message["content"])} if message["role"] == "assistant" else message
        for message in params["messages"]
    ]
    findings, plain = check_request(params), check_request(EXAMPLES[name])
    assert not findings.errors
    assert (findings.images, findings.tokens) == (plain.images, plain.tokens)
    client.messages.create(**params)


def answer(blocks):
    """Return blocks as objects of the SDK, as in an answer."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": blocks, "usage": usage}
    content = types.Message.model_validate(message).content
    assert not any(isinstance(block, dict) for block in content)
    return content


def test_a_conversation_with_answers_as_objects_of_the_sdk(client):
    messages = []
    for block in (PHOTO, SCAN, QUESTION):
        messages.append(user(block))
        params = call(*messages)
        assert not check_request(params).errors
        message = client.messages.create(**params)
        messages.append({"role": message.role, "content": message.content})
    assert len(check_request(call(*messages, user(QUESTION))).images) == 2


def test_a_batch_of_all_examples_has_no_errors(client, server):
    requests = [entry(f"example-{number}", params) for number, params in enumerate(EXAMPLES.values())]
    assert not check_batch(requests).errors
    client.messages.batches.create(requests=requests)
    sent = json.loads(server.received[-1])
    assert sent == {"requests": requests}
    assert not check_batch(sent).errors


def base64(media_type, data):
    return {"type": "base64", "media_type": media_type, "data": data}


TINY = image_block(png(8, 8))
OVER = png(8, 8, file_bytes=7_864_321)
BROKEN = {**document(REPORT), "source": base64("application/pdf", "bm90IGEgUERG")}
ERRORS = {
    "image bytes": ("image-bytes", call(user(image_block(OVER)))),
    "image bytes in a result": ("image-bytes", call(user(QUESTION), assistant(use("a")), user(
        result("a", [image_block(OVER)])))),
    "edge": ("image-edge", call(user(QUESTION, image_block(png(8, 8001))))),
    "many images": ("many-images-edge", call(user(*[TINY] * 20), assistant(QUESTION), user(image_block(png(2001, 8))))),
    "count": ("image-count", call(user(*[TINY] * 60), assistant(QUESTION), user(*[TINY] * 41))),
    "media type": ("media-type", call(user(image_block(encoded("WEBP"), "image/png")))),
    "media type of nothing": ("media-type", call(user(image_block(png(8, 8), "image/svg+xml")))),
    "bytes of another format": ("format", call(user(image_block(encoded("BMP"), "image/png")))),
    "base64": ("base64", call(user(image(base64("image/png", "@/tmp/harbor.png"))))),
    "foreign character within": ("base64", call(user(image(base64("image/png", f"{PNG[:40]}*{PNG[41:]}"))))),
    "no bytes": ("empty", call(user(image(base64("image/png", ""))))),
    "no image": ("unreadable", call(user(image_block(b"404 page not found")))),
    "cut": ("truncated", call(user(image_block(encoded("JPEG", 700, 500)[:-300], "image/jpeg")))),
    "url source without a url": ("source", call(user(image({"type": "url"})))),
    "file source without an id": ("source", call(user(image({"type": "file"})))),
    "source of an unknown type": ("source-type", call(user(image({"type": "path", "path": "harbor.png"})))),
    "document media type": ("document-media-type", call(user(document(base64("application/msword", "0M8R4KGxGuE="))))),
    "PDF": ("pdf", call(user(BROKEN))),
    "password": ("pdf", call(user(document_block(pdf(password="x"))))),
    "pages": ("pdf-pages", call(user(document_block(pdf(60)), document_block(pdf(41))))),
    "empty text": ("empty-text", call(user(PHOTO, words("")))),
    "blank text": ("empty-text", call(user(PHOTO, words(" \n")))),
    "image of the assistant": ("assistant-media", call(user(QUESTION), assistant(QUESTION, PHOTO), user(QUESTION))),
    "document of the assistant": ("assistant-media", call(user(QUESTION), assistant(document(REPORT)), user(QUESTION))),
    "image in an error": ("error-result", call(user(QUESTION), assistant(use("a")), user(
        result("a", [PHOTO], is_error=True)))),
    "no result": ("tool-results", call(user(QUESTION), assistant(use("a")), user(PHOTO))),
    "one result of two": ("tool-results", call(user(QUESTION), assistant(use("a"), use("b")), user(
        result("a", [PHOTO]), QUESTION))),
    "text before the result": ("tool-results", call(user(QUESTION), assistant(use("a")), user(
        QUESTION, result("a", "ok")))),
    "no result at the end": ("tool-results", call(user(QUESTION), assistant(use("a")))),
    "breakpoints": ("cache-breakpoints", call(
        user(*[{**PHOTO, "cache_control": SHORT}] * 3), system=[words("x", cache_control=SHORT)],
        tools=[{**CAMERA, "cache_control": SHORT}])),
    "block of another API": ("request", call(
        user({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}), system=[words("x")])),
    "unknown block in a result": ("request", call(user(QUESTION), assistant(use("a")), user(
        result("a", [{"type": "resource", "resource": {}}])))),
    "image in system": ("request", call(user(QUESTION), system=[words("x"), PHOTO])),
    "image without a source": ("request", call(user({"type": "image"}))),
    "result without an id": ("request", call(user({"type": "tool_result", "content": "ok"}))),
    "role": ("request", call({"role": "human", "content": [PHOTO]})),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_a_request_with_an_error_is_rejected_at_the_same_location(client, name):
    rule, params = ERRORS[name]
    findings = check_request(params, shape="messages")
    locations = [finding.location for finding in findings.errors if finding.rule == rule]
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**params)
    message = caught.value.body["error"]["message"]
    assert is_listed(message), message
    assert any(agree(block_of(message), block_of(location)) for location in locations), (locations, message)


def block_of(location):
    """Return the path to a block in a location, without the tags that the API adds; empty if it has no block."""
    match = re.match(r"messages\.\d+(\.content\.\d+)*", re.sub(r"\.tool_result\b", "", location))
    return match[0].split(".") if match else []


def agree(left_parts, right_parts):
    return all(left == right for left, right in zip(left_parts, right_parts, strict=False))


GENERAL = ("Field required", "does not match any of the expected tags", "Input should be")


def is_listed(message):
    """Return whether an error of the API is in the published table, or is a general one for invalid arguments."""
    listed = [wording["text"] for entries in WORDINGS["says"].values() for wording in entries]
    listed += WORDINGS.get("unforeseen", {}).get("texts", [])
    return any(without_figures(text) in without_figures(message) for text in [*listed, *GENERAL])


def without_figures(text):
    return re.sub(r"image/\w+|\d+|\bN\b|'(?:image|document)'|`", "#", text)


def test_a_missing_max_tokens_is_a_warning_because_counting_tokens_needs_none(client):
    params = call(user(PHOTO, QUESTION))
    del params["max_tokens"]
    findings = check_request(params)
    assert [finding.location for finding in findings.warnings] == ["max_tokens"]
    assert findings.ok
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Field required"):
        client.post("/v1/messages", body=params, cast_to=types.Message)  # create() requires it


BATCHES = {
    "custom_id": ("custom-id", [entry("harbor.png", call(user(PHOTO)))]),
    "long custom_id": ("custom-id", [entry("a" * 65, call(user(PHOTO)))]),
    "custom_id twice": ("custom-id", [entry("a", call(user(PHOTO))), entry("a", call(user(SCAN)))]),
    "no custom_id": ("custom-id", [{"params": call(user(PHOTO))}]),
    "stream": ("batch-stream", [entry("a", call(user(PHOTO), stream=True))]),
    "image": ("image-edge", [entry("a", call(user(PHOTO))), entry("b", call(user(image_block(png(8001, 8)))))]),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_with_an_error_is_rejected(client, name):
    rule, requests = BATCHES[name]
    findings = check_batch(requests)
    assert {finding.rule for finding in findings.errors} == {rule}
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=requests)


IMAGES = {
    "fits": png(2000, 2000),
    "edge": png(8001, 8),
    "bytes": OVER,
    "most bytes": png(8, 8, file_bytes=7_864_320),
    "cut": encoded("JPEG", 700, 500)[:-300],
    "text": b"404 page not found",
    "empty": b"",
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_without_errors_are_accepted_and_others_are_rejected(client, name):
    data = IMAGES[name]
    block = image_block(data, "image/jpeg" if data[:2] == b"\xff\xd8" else "image/png")
    if check_images(data).ok:
        client.messages.create(**call(user(block, QUESTION)))
    else:
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**call(user(block, QUESTION)))
