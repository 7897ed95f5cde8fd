"""Checks before real calls: the Anthropic SDK builds and sends requests to a local server that answers like the API."""

from __future__ import annotations

import copy
import io
import json
import re
from datetime import date
from decimal import Decimal

import anthropic
import pytest
from anthropic import types
from conftest import ROOT
from pictures import SMALL_MODEL, document_block, encoded, image_block, pdf, png, request

import imgcost
from imgcost import check_request
from imgcost.messages import read_request
from imgcost.tables import wordings_of

pytestmark = pytest.mark.slow  # a server of the API

DAY = date(2026, 11, 22)
README = ROOT / "README.md"
PNG = png(64, 48)


def params(*blocks):
    return request(*blocks, model=SMALL_MODEL)


def result_of(*blocks):
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(blocks)}


QUESTION = {"type": "text", "text": "What is in this image?"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "screenshot", "input": {}}
TOOL = {"name": "screenshot", "description": "Take a screenshot.", "input_schema": {"type": "object", "properties": {}}}
CACHED = {"cache_control": {"type": "ephemeral"}}
REMOTE = {"type": "image", "source": {"type": "url", "url": "https://example.com/ant.jpg"}}


def conversation(*contents, **more):
    """Return a conversation whose turns alternate, starting with the user."""
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": content} for number, content in enumerate(contents)]
    return {"model": SMALL_MODEL, "max_tokens": 1024, "messages": messages, **more}


def used(*blocks, before=(), **result):
    """Return a conversation in which a tool is called and returns blocks."""
    return conversation("Take a screenshot.", [CALL], [*before, result_of(*blocks) | result], tools=[TOOL])


EXAMPLES = {
    "vision, base64": conversation([image_block(encoded("JPEG", 800, 600), "image/jpeg"), QUESTION]),
    "vision, URL": conversation([REMOTE, QUESTION]),
    "vision, file": conversation([{"type": "image", "source": {"type": "file", "file_id": "file_1"}}, QUESTION]),
    "vision, several images": conversation([
        {"type": "text", "text": "Image 1:"}, image_block(PNG), {"type": "text", "text": "Image 2:"}, REMOTE,
        {"type": "text", "text": "How are these images different?"}]),
    "vision, several turns": conversation([image_block(PNG), QUESTION], "An ant.", [image_block(PNG), QUESTION]),
    "PDF, base64": conversation([document_block(pdf(3)), {"type": "text", "text": "What are the key findings?"}]),
    "PDF, URL": conversation(
        [{"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}, QUESTION]),
    "PDF, cached": conversation([document_block(pdf(3)) | CACHED, QUESTION]),
    "citations": conversation([
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "The grass is green."},
         "title": "T", "context": "C", "citations": {"enabled": True}}, QUESTION]),
    "tools, an image": used({"type": "text", "text": "a screenshot"}, image_block(PNG)),
    "tools, an error": used(is_error=True, content="ConnectionError"),
    "tools, text after the result": conversation(
        "Take a screenshot.", [QUESTION, CALL], [result_of(image_block(PNG)), QUESTION], tools=[TOOL]),
    "caching": conversation("What are the themes?", system=[
        {"type": "text", "text": "You analyze books."}, {"type": "text", "text": "A book.", **CACHED}]),
    "caching, tools and turns": conversation(
        [QUESTION | CACHED], "It is an ant.", [image_block(PNG) | CACHED, QUESTION],
        system=[{"type": "text", "text": "Be brief.", **CACHED}], tools=[TOOL | CACHED]),
}  # fmt: skip
"""The examples of the documentation and the SDK, rebuilt."""

ACCEPTED = EXAMPLES | {
    "text": {"model": SMALL_MODEL, "max_tokens": 1, "messages": [{"role": "user", "content": "caf\u00e9 \u2603"}]},
    "each format": params(*[image_block(encoded(k), f"image/{k.lower()}") for k in ("PNG", "JPEG", "GIF", "WEBP")]),
    "wide, alone": params(image_block(png(2001, 8))),
    "wide, one of twenty": params(*[image_block(PNG)] * 19, result_of(image_block(png(2001, 8)))),
    "16 million bytes of text": params({"type": "text", "text": "\u00e9" * 8_000_000}),
    "a hundred": params(*[image_block(png(8, 8))] * 100),
    "8000": params(image_block(png(8000, 8))),
    "10 MB": params(image_block(png(8, 8, file_bytes=7_864_320))),
    "100 pages": params(document_block(pdf(100))),
    "url": params({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
}

REJECTED = {
    "declared as another": ("media-type", params(image_block(PNG, "image/jpeg"))),
    "declared as nothing": ("media-type", params(image_block(PNG, "image/heic"))),
    "empty": ("empty", params(image_block(b""))),
    "an error page": ("unreadable", params(image_block(b"<html>404 Not Found</html>"))),
    "cut": ("truncated", params(image_block(encoded("PNG")[:400]))),
    "cut JPEG in a result": ("truncated", params(
        result_of(image_block(encoded("JPEG", 900, 900)[:-40], "image/jpeg")))),
    "data URL": ("base64", params({"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "data:image/png;base64,iVBORw0KGgo="}})),
    "8001": ("image-edge", params(image_block(png(8001, 8)))),
    "wide, one of twenty-one": ("many-images-edge", params(
        *[image_block(PNG)] * 20, result_of(image_block(png(2001, 8))))),
    "over 10 MB": ("image-bytes", params(image_block(png(8, 8, file_bytes=7_864_321)))),
    "a hundred and one": ("image-count", params(*[image_block(png(8, 8))] * 101)),
    "101 pages": ("pdf-pages", params(document_block(pdf(101)))),
    "a password": ("pdf", params(document_block(pdf(password="secret")))),
    "an empty PDF": ("pdf", params(document_block(b""))),
    "an image as a PDF": ("pdf", params(document_block(PNG))),
    "a PDF as octet-stream": ("document-media-type", params(
        {"type": "document", "source": document_block(pdf())["source"] | {"media_type": "application/octet-stream"}})),
    "a URL source without a URL": ("source", params({"type": "image", "source": {"type": "url"}})),
    "a block of OpenAI": ("request", params(QUESTION, {"type": "image_url", "image_url": {"url": "https://e.com/a"}})),
    "a block of OpenAI in a result": ("request", used({"type": "input_image", "image_url": "https://e.com/a"})),
    "an image without a source": ("request", params({"type": "image", "data": "iVBO", "mimeType": "image/png"})),
    "an image in system": ("request", conversation("Hi", system=[image_block(PNG)])),
    "an image of the assistant": ("assistant-media", conversation("Draw.", [image_block(PNG)], "Thanks.")),
    "an image in an error": ("error-result", used(image_block(PNG), is_error=True)),
    "an empty text": ("empty-text", params(image_block(PNG), {"type": "text", "text": ""})),
    "white space": ("empty-text", params(image_block(PNG), {"type": "text", "text": "\n "})),
    "no result": (
        "tool-results", conversation("Take a screenshot.", [CALL], [image_block(PNG), QUESTION], tools=[TOOL])),
    "text before the result": ("tool-results", used(image_block(PNG), before=[QUESTION])),
    "five breakpoints": ("cache-breakpoints", params(*[image_block(PNG) | CACHED] * 5)),
    "too much text": ("text-bytes", params({"type": "text", "text": "\u00e9" * 8_000_000 + "a"})),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_request_that_the_server_accepts_has_no_errors_and_arrives_unchanged(client, server, name):
    sent = ACCEPTED[name]
    before = copy.deepcopy(sent)
    imgcost.check_request(sent, as_of=DAY).raise_for_errors()
    message = client.messages.create(**sent)
    assert message.content[0].text == "A grey square."
    assert sent == before == json.loads(server.received[-1])
    assert read_request(sent).body_bytes == len(server.received[-1])


def words(text):
    """Return a message of the API without numbers and names."""
    return re.sub(r"image/\w+|\d+|N\b|(?<=Input tag )'\w+'", "#", text)


@pytest.mark.parametrize("name", REJECTED)
def test_a_request_that_the_server_rejects_is_an_error_with_its_location_and_message(client, name):
    rule, sent = REJECTED[name]
    findings = check_request(sent, as_of=DAY)
    first = next(finding for finding in findings.errors if finding.rule == rule)
    with pytest.raises(imgcost.PreflightError, match=re.escape(first.message)):
        findings.raise_for_errors()
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**sent)
    message = caught.value.body["error"]["message"]
    assert any(words(wording.text) in words(message) for wording in wordings_of(rule)), message
    if message.startswith(("messages.", "system.")):
        location = message.replace(".tool_result.", ".")  # the API adds the types of blocks
        assert location.startswith((first.location, first.location.rpartition(".")[0] + "."))


def test_a_batch_is_rejected_for_the_same_error_as_by_the_server(client, server):
    requests = [{"custom_id": f"page-{number}", "params": params} for number, params in enumerate(EXAMPLES.values())]
    imgcost.check_batch(requests, as_of=DAY).raise_for_errors()
    assert client.messages.batches.create(requests=requests).id == "msgbatch_1"
    assert json.loads(server.received[-1]) == {"requests": requests}
    renamed = [requests[0] | {"custom_id": "page-1.png"}]
    (finding,) = imgcost.check_batch(renamed, as_of=DAY).errors
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.batches.create(requests=renamed)
    message = caught.value.body["error"]["message"]
    assert message.startswith(f"{finding.location}: ")
    assert any(wording.text in message for wording in wordings_of("custom-id"))


def test_a_request_to_count_tokens_has_no_errors(client):
    sent = {key: value for key, value in EXAMPLES["vision, base64"].items() if key != "max_tokens"}
    findings = imgcost.check_request(sent, as_of=DAY)
    assert (findings.ok, [finding.rule for finding in findings]) == (True, ["max-tokens"])
    assert client.messages.count_tokens(**sent).input_tokens == 1


def test_typed_dicts_and_objects_of_the_sdk_are_read(client, server):
    # A conversation of TypedDicts and objects of the SDK from an earlier answer.
    answer = client.messages.create(**ACCEPTED["text"])
    tool_use = types.ToolUseBlock(id="toolu_1", type="tool_use", name="see", input={"x": 1}, caller=None)
    image = types.ImageBlockParam(
        type="image",
        source=types.Base64ImageSourceParam(
            type="base64", media_type="image/png", data=image_block(PNG)["source"]["data"]
        ),
        cache_control=types.CacheControlEphemeralParam(type="ephemeral"),
    )
    inner = types.DocumentBlockParam(
        type="document",
        source=types.ContentBlockSourceParam(type="content", content=[image, {"type": "text", "text": "x"}]),
    )
    sent = {
        "model": SMALL_MODEL,
        "max_tokens": 10,
        "timeout": 30,
        "extra_headers": {"x-test": "1"},
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": [*answer.content, tool_use]},
            {
                "role": "user",
                "content": [
                    types.ToolResultBlockParam(type="tool_result", tool_use_id="toolu_1", content=[image]),
                    inner,
                ],
            },
        ],
    }
    findings = check_request(sent, as_of=DAY)
    assert [image.location for image in findings.images] == [
        "messages.2.content.0.content.0",
        "messages.2.content.1.source.content.0",
    ]
    assert findings.tokens == 2 * 3 * 2
    assert findings.ok
    client.messages.create(**sent)
    assert read_request(sent).body_bytes == len(server.received[-1])


def test_paths_and_open_files_are_measured_and_not_consumed(client, server, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    stream = io.BytesIO(b"junk before" + PNG)
    stream.seek(11)
    sources = [{"type": "base64", "media_type": "image/png", "data": data} for data in (path, stream)]
    sent = params(*[{"type": "image", "source": source} for source in sources])
    findings = check_request(sent, as_of=DAY)
    assert [(image.width, image.height, image.tokens) for image in findings.images] == [(64, 48, 6)] * 2
    assert findings.ok
    assert stream.tell() == 11
    client.messages.create(**sent)
    assert read_request(sent | {"messages": json.loads(server.received[-1])["messages"]}).body_bytes == len(
        server.received[-1]
    )


def test_the_budget_stops_a_request_before_it_is_sent(server):
    before = len(server.received)
    sent = params(image_block(png(1000, 1000)))  # 1296 tokens at $1 per MTok
    assert check_request(sent, as_of=DAY, budget_usd=Decimal("0.001296")).ok
    with pytest.raises(imgcost.PreflightError, match=r"\$0\.001296.*budget is \$0\.001295"):
        check_request(sent, as_of=DAY, budget_usd=Decimal("0.001295")).raise_for_errors()
    assert len(server.received) == before


def test_the_example_in_the_readme_prevents_a_rejected_call(client, server):
    (block,) = re.findall(r"```python\n(imgcost\.check_request.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(list(filter(None, block.splitlines()))) == 2
    namespace = {"imgcost": imgcost, "client": client, "params": ACCEPTED["each format"]}
    exec(block, namespace)
    assert namespace["message"].content[0].text == "A grey square."
    before = len(server.received)
    with pytest.raises(imgcost.PreflightError):
        exec(block, namespace | {"params": REJECTED["8001"][1]})
    assert len(server.received) == before
