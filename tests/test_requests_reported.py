"""Requests that people reported: what the API rejected is an error at its place, and what it accepted passes.

Each is rebuilt from a public report or an example of the documentation; both sides of each rule are among them.
"""

from __future__ import annotations

import base64
import io
from datetime import date

import pytest
from pictures import encoded, image_block, pdf, png, text
from PIL import Image

from imgcost import check_batch, check_request
from imgcost.tables import wordings_of

TODAY = date(2026, 11, 26)
SONNET, OPUS, HAIKU = "claude-sonnet-5-5", "claude-opus-5", "claude-haiku-4-5"

QUESTION = {"type": "text", "text": "Say what this shows."}
PICTURE = image_block(png(320, 240))
JPEG = image_block(encoded("JPEG"), "image/jpeg")
USE = {"type": "tool_use", "id": "toolu_1", "name": "shot", "input": {}}
FAR = {"type": "url", "url": "https://example.com/a.png"}


def message(*content, role="user"):
    return {"role": role, "content": list(content)}


def asking(*content, model=SONNET, **more):
    """A request of one message."""
    return {"model": model, "max_tokens": 512, "messages": [message(*content)], **more}


def answered(*content, model=OPUS, use=USE, **result):
    """A request whose last message answers a call of a tool."""
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content), **result}
    return talk(message(QUESTION), message(use, role="assistant"), message(block), model=model)


def talk(*messages, model=SONNET, **more):
    return {"model": model, "max_tokens": 512, "messages": list(messages), **more}


def data(value, media_type="image/png"):
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": value}}


def source(**fields):
    return {"type": "image", "source": fields}


def document(raw=None, declared="application/pdf", **fields):
    if raw is not None:
        fields = {"type": "base64", "media_type": declared, "data": text(raw)}
    return {"type": "document", "source": fields}


def animated():
    out = io.BytesIO()
    frames = [Image.new("RGB", (320, 240), color) for color in ("red", "green", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def foreign(brand):
    return b"\0\0\0\x1cftyp" + brand + b"\0\0\0\0mif1" + brand + bytes(4000)


DOCX = b"PK\3\4\x14\0\6\0word/document.xml" + bytes(2000)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><rect width="9" height="9"/></svg>'
NOT_FOUND = b"<!DOCTYPE html><html><head><title>404</title></head><body>not here</body></html>" + b" " * 300
BREAKPOINT = {"cache_control": {"type": "ephemeral"}}


def breakpoints(count):
    turns = []
    for number in range(count):
        turns += [
            message(PICTURE | BREAKPOINT, {"type": "text", "text": str(number)}),
            message(QUESTION, role="assistant"),
        ]
    return talk(*turns, message({"type": "text", "text": "go on"}), model=OPUS)


EMPTY = {"role": "user", "content": ""}

REJECTED = {
    # One image
    "8 MB when the limit was 5 MB": (
        "image-bytes", "messages.0.content.0", "2026-01-20", "claude-api",
        asking(image_block(png(800, 600, file_bytes=6_194_361)), QUESTION, model="claude-sonnet-4-5")),
    "a long page from a tool": (
        "image-edge", "messages.2.content.0.content.0", "2026-09-03", "claude-api",
        answered(image_block(png(1440, 8570)))),
    "24 screenshots of a phone": (
        "many-images-edge", "messages.0.content.0", "2026-03-13", "claude-api",
        asking(*[image_block(png(1170, 2532))] * 24, QUESTION, model="claude-opus-4-6")),
    "a JPEG called PNG": (
        "media-type", "messages.0.content.0", "2025-12-05", "claude-api",
        asking(image_block(encoded("JPEG")), QUESTION, model="claude-sonnet-4-5")),
    "image/jpg": (
        "media-type", "messages.0.content.0", "2026-06-30", "claude-api",
        asking(image_block(encoded("JPEG"), "image/jpg"), QUESTION, model="claude-sonnet-4-6")),
    "HEIC called JPEG": (
        "format", "messages.0.content.0", "2026-05-08", "claude-api",
        asking(image_block(foreign(b"heic"), "image/jpeg"), QUESTION, model="claude-opus-4-7")),
    "AVIF from a tool": (
        "format", "messages.2.content.0.content.0", "2026-03-16", "claude-api",
        answered(image_block(foreign(b"avif"), "image/avif"), model="claude-opus-4-6")),
    "an SVG called PNG": (
        "format", "messages.0.content.0", "2026-05-02", "claude-api",
        asking(image_block(SVG), QUESTION, model="claude-opus-4-7")),
    "empty data": (
        "empty", "messages.0.content.1", "2025-11-30", "claude-api",
        asking(QUESTION, image_block(b""), QUESTION, model="claude-sonnet-4-5")),
    "a data URL as data": (
        "base64", "messages.0.content.0", "2025-11-10", "claude-api",
        asking(data("data:image/jpeg;base64," + text(encoded("JPEG")), "image/jpeg"), QUESTION, model=HAIKU)),
    "a placeholder as data": (
        "base64", "messages.2.content.0.content.1", "2026-07-21", "claude-api",
        answered({"type": "text", "text": "x"}, data("[blob missing: sha256:0a1b]"), model="claude-opus-4-8")),
    "an error page": (
        "unreadable", "messages.0.content.0", "2026-02-09", "claude-api",
        asking(image_block(NOT_FOUND, "image/jpeg"), QUESTION, model="claude-opus-4-6")),
    "a warning before the image": (
        "unreadable", "messages.0.content.0", "2025-11-24", "claude-api",
        asking(image_block(b"[Warning] Multiple displays\n" + png()), QUESTION, model="claude-sonnet-4-5")),
    "a truncated download": (
        "truncated", "messages.0.content.0", "2026-02-09", "claude-api",
        asking(image_block(encoded("JPEG")[:-200], "image/jpeg"), QUESTION, model="claude-opus-4-6")),
    # How much there is
    "102 images": (
        "image-count", "messages", "2026-01-21", "claude-api",
        asking(*[image_block(png(400, 300))] * 102, QUESTION, model="claude-opus-4-5")),
    "21 images on Bedrock in 2025": (
        "image-count", "messages", "2025-03-25", "bedrock",
        asking(*[PICTURE] * 21, QUESTION, model="anthropic.claude-3-7-sonnet-20250219-v1:0")),
    "29 scans on Bedrock": (
        "many-images-edge", "messages.0.content.28", "2026-09-18", "bedrock",
        asking(*[image_block(png(2550, 3300))] * 29, QUESTION, model="us.anthropic.claude-sonnet-4-6")),
    "over 32 MB": (
        "request-bytes", "request", "2026-06-10", "claude-api",
        asking(*[image_block(png(1500, 1500, file_bytes=5_000_000))] * 6, QUESTION, model="claude-opus-4-6")),
    "too much text": (
        "text-bytes", "messages", "2026-11-26", "claude-api",
        asking({"type": "text", "text": "\u00e9" * 8_000_001})),
    # Documents and sources
    "a PDF with a password": (
        "pdf", "messages.0.content.0", "2026-10-01", "bedrock",
        asking(document(pdf(password="x")), QUESTION, model="global.anthropic.claude-opus-4-8")),
    "an empty PDF": ("pdf", "messages.0.content.0", "2026-11-26", "claude-api", asking(document(b""), QUESTION)),
    "an image called PDF": (
        "pdf", "messages.0.content.0", "2026-11-26", "claude-api", asking(document(png()), QUESTION)),
    "a Word file called PDF": (
        "pdf", "messages.0.content.0", "2026-11-26", "claude-api", asking(document(DOCX), QUESTION)),
    "an image from a URL on Google Cloud": (
        "source-type", "messages.0.content.1", "2026-10-25", "google-cloud",
        asking(QUESTION, source(**FAR), model="claude-sonnet-4-5@20250929")),
    "a document from a URL on Google Cloud": (
        "source-type", "messages.0.content.0", "2026-10-01", "google-cloud",
        asking(document(type="url", url="https://example.com/a.pdf"), QUESTION, model="claude-opus-4-8")),
    "an uploaded document on Bedrock": (
        "source-type", "messages.0.content.0", "2026-11-26", "bedrock",
        asking(document(type="file", file_id="file_1"), QUESTION, model="global.anthropic.claude-opus-4-8")),
    "a document from S3": (
        "source-type", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(document(type="s3", uri="s3://a/b.pdf"), QUESTION)),
    "a Word file": (
        "document-media-type", "messages.0.content.1", "2026-07-28", "claude-api",
        asking(QUESTION, document(DOCX, WORD), model=OPUS)),
    "a PDF as octet-stream": (
        "document-media-type", "messages.0.content.0", "2026-07-06", "claude-api",
        asking(document(pdf(), "application/octet-stream"), QUESTION, model="claude-sonnet-5")),
    "a PDF without a media type": (
        "document-media-type", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(document(pdf(), None), QUESTION)),
    "Markdown as a text document": (
        "document-media-type", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(document(type="text", media_type="text/markdown", data="# A"), QUESTION)),
    "a PDF in an image block": (
        "media-type", "messages.0.content.1", "2025-06-28", "claude-api",
        asking(QUESTION, image_block(pdf(), "application/pdf"), model="claude-3-5-sonnet-20241022")),
    "a URL source without a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(source(type="url", data="https://example.com/a.png"), QUESTION)),
    "a data URL as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(source(type="url", url="data:image/png;base64,iVBORw0KGgo="), QUESTION)),
    "a path as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(source(type="url", url="a.png"), QUESTION)),
    "a number as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api", asking(source(type="url", url=7), QUESTION)),
    "a file source without an id": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        asking(source(type="file", id="file_1"), QUESTION)),
    "a document from a URL that is missing": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api", asking(document(type="url"), QUESTION)),
    "a PDF for Claude 3 Opus": (
        "pdf-model", "messages.0.content.0", "2025-06-01", "claude-api",
        asking(document(pdf()), QUESTION, model="claude-3-opus-20240229")),
    # Conversations
    "an image in a result that is an error": (
        "error-result", "messages.2.content.0", "2026-03-17", "claude-api",
        answered({"type": "text", "text": "click failed"}, PICTURE, model="claude-opus-4-6", is_error=True)),
    "an image of the assistant": (
        "assistant-media", "messages.1.content", "2026-09-20", "claude-api",
        talk(message(QUESTION), message({"type": "text", "text": "here"}, PICTURE, role="assistant"),
             message(QUESTION), model=OPUS)),
    "a document of the assistant": (
        "assistant-media", "messages.1.content", "2026-10-21", "claude-api",
        talk(message(QUESTION), message(document(pdf()), role="assistant"), message(QUESTION), model=OPUS)),
    "an image and an empty text": (
        "empty-text", "messages.0.content.1", "2026-05-25", "claude-api",
        asking(PICTURE, {"type": "text", "text": ""}, model="claude-opus-4-7")),
    "an image and white space": (
        "empty-text", "messages.0.content.1", "2026-05-25", "claude-api",
        asking(PICTURE, {"type": "text", "text": " \n\t"}, model="claude-opus-4-7")),
    "an empty message": ("empty-text", "messages.0.content", "2026-11-26", "claude-api", talk(EMPTY)),
    "a block of OpenAI": (
        "request", "messages.0.content.2", "2026-01-13", "claude-api",
        asking(QUESTION, QUESTION, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
               model="claude-sonnet-4-5")),
    "a block of OpenAI in a result": (
        "request", "messages.2.content.0.content.0", "2026-11-26", "claude-api",
        answered({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})),
    "a call in a result": (
        "request", "messages.2.content.0.content.0", "2026-11-26", "claude-api", answered(USE)),
    "a document in a document": (
        "request", "messages.0.content.0.source.content.0", "2026-11-26", "claude-api",
        asking(document(type="content", content=[document(pdf())]), QUESTION)),
    "a block of MCP in a result": (
        "request", "messages.2.content.0.content.0.source", "2025-04-01", "claude-api",
        answered({"type": "image", "data": text(png()), "mimeType": "image/png"},
                 model="claude-3-7-sonnet-20250219", is_error=False)),
    "a text without text": (
        "request", "messages.0.content.0.text", "2026-11-26", "claude-api", asking({"type": "text", "content": "Hi"})),
    "a result without an id": (
        "request", "messages.0.content.0.tool_use_id", "2026-11-26", "claude-api",
        asking({"type": "tool_result", "content": "x"})),
    "a call whose input is text": (
        "request", "messages.1.content.0.input", "2026-11-26", "claude-api",
        talk(message(QUESTION), message(USE | {"input": "{}"}, role="assistant"),
             message({"type": "tool_result", "tool_use_id": "toolu_1"}))),
    "a search result whose content is text": (
        "request", "messages.0.content.0.content", "2026-11-26", "claude-api",
        asking({"type": "search_result", "source": "s", "title": "t", "content": "x"})),
    "a search result whose content is a number": (
        "request", "messages.0.content.0.content", "2026-11-26", "claude-api",
        asking({"type": "search_result", "source": "s", "title": "t", "content": {"type": "text", "text": "x"}})),
    "a source that is a path": (
        "request", "messages.0.content.0.source", "2026-11-26", "claude-api",
        asking({"type": "image", "source": "a.png"})),
    "an image in system": (
        "request", "system.1", "2026-11-26", "claude-api", asking(QUESTION, system=[QUESTION, PICTURE])),
    "an image in a system message": (
        "request", "messages.1.content.0", "2026-11-26", "claude-api",
        talk(message(QUESTION), message(PICTURE, role="system"))),
    "an unknown role": (
        "request", "messages.1.role", "2026-11-26", "claude-api",
        talk(message(QUESTION), message({"type": "text", "text": "x"}, role="model"))),
    "a screenshot instead of a result": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        talk(message(QUESTION), message(USE, role="assistant"), message(PICTURE, QUESTION), model="claude-opus-4-8")),
    "no message after a call": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        talk(message(QUESTION), message(USE, role="assistant"), model="claude-opus-4-8")),
    "an image between two results": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        talk(message(QUESTION), message(USE, USE | {"id": "toolu_2"}, role="assistant"),
             message({"type": "tool_result", "tool_use_id": "toolu_1"}, PICTURE,
                     {"type": "tool_result", "tool_use_id": "toolu_2"}), model="claude-opus-4-8")),
    "five breakpoints": ("cache-breakpoints", "messages", "2026-11-26", "claude-api", breakpoints(5)),
    "five breakpoints, some of tools": (
        "cache-breakpoints", "messages", "2026-11-26", "bedrock",
        asking(PICTURE | BREAKPOINT, QUESTION | BREAKPOINT, model="us.anthropic.claude-sonnet-4-6",
               system=[QUESTION | BREAKPOINT], tools=[{"name": "a", "input_schema": {}} | BREAKPOINT] * 2)),
    "a large screenshot for the computer toolset": (
        "toolset-screenshot", "messages.2.content.0.content.0", "2026-10-01", "claude-api",
        answered(image_block(png(3456, 2234)), use=USE | {"toolset_name": "computer"}, toolset_name="computer")),
    "larger than an image that is set to be rejected": (
        "oversized-image", "messages.0.content.0", "2026-09-26", "claude-api",
        asking(image_block(png(1920, 1080), transformations={"oversized_image": "error"}), QUESTION, model=HAIKU)),
}  # fmt: skip


def fetched():
    """The result of fetching a PDF, which stays in the turn of the assistant."""
    inner = {"type": "web_fetch_result", "url": "https://e.com/p.pdf", "content": document(pdf(2)), "retrieved_at": "x"}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "web_fetch", "input": {"url": "https://e.com/p.pdf"}}
    result = {"type": "web_fetch_tool_result", "tool_use_id": "srv_1", "content": inner}
    return talk(message(QUESTION), message(call, result, role="assistant"), message(QUESTION))


def searched():
    call = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}}
    hit = {"type": "web_search_result", "url": "https://e.com", "title": "t", "encrypted_content": "Er"}
    result = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [hit]}
    said = {"type": "text", "text": "x", "citations": []}
    return talk(message(QUESTION), message(call, result, said, role="assistant"), message(QUESTION))


def executed():
    output = {"type": "bash_code_execution_output", "file_id": "file_9"}
    inner = {"type": "bash_code_execution_result", "stdout": "", "return_code": 0, "content": [output]}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "bash_code_execution", "input": {"command": "ls"}}
    result = {"type": "bash_code_execution_tool_result", "tool_use_id": "srv_1", "content": inner}
    upload = {"type": "container_upload", "file_id": "file_1"}
    return talk(message(QUESTION, upload), message(call, result, QUESTION, role="assistant"), message(QUESTION))


def found_tool():
    reference = {"type": "tool_reference", "tool_name": "x"}
    inner = {"type": "tool_search_tool_search_result", "tool_references": [reference]}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "tool_search_tool_regex", "input": {}}
    result = {"type": "tool_search_tool_result", "tool_use_id": "srv_1", "content": inner}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [reference]}
    return talk(message(QUESTION), message(call, result, USE, role="assistant"), message(answer))


def remote():
    call = {"type": "mcp_tool_use", "id": "m1", "name": "shot", "server_name": "s", "input": {}}
    result = {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": [QUESTION]}
    return talk(message(QUESTION), message(call, result, role="assistant"), message(QUESTION))


SEARCH_RESULT = {"type": "search_result", "source": "https://e.com", "title": "t", "content": [QUESTION]}
THINKING = (
    {"type": "thinking", "thinking": "...", "signature": "EqQBCgIYAhIM"},
    {"type": "redacted_thinking", "data": "abc="},
)
FAILED = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [QUESTION], "is_error": True}
INVOKE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 512, "messages": [message(PICTURE, QUESTION)]}
TABS = {"type": "browser_state", "tabs": [{"id": "1", "url": "https://e.com", "title": "t", "active": True}]}


def labelled(count, *pictures):
    return [part for number in range(count) for part in ({"type": "text", "text": f"Image {number}:"}, *pictures)]


ACCEPTED = {
    "base64": asking(JPEG, QUESTION),
    "a URL": asking(source(**FAR), QUESTION),
    "an uploaded file": asking(source(type="file", file_id="file_abc123"), QUESTION),
    "labelled images": asking(*labelled(2, PICTURE), QUESTION),
    "system with a breakpoint": asking(PICTURE, QUESTION, system=[QUESTION, QUESTION | BREAKPOINT]),
    "system as text": asking(QUESTION, system="Be brief."),
    "four breakpoints": breakpoints(4),
    "an image from a tool": answered({"type": "text", "text": "a screenshot"}, image_block(png(1280, 800))),
    "an empty result": answered(),
    "a PDF with citations": asking(document(pdf(3)) | BREAKPOINT | {"citations": {"enabled": True}}, QUESTION),
    "a PDF from a URL": asking(document(type="url", url="https://assets.example.com/a.pdf"), QUESTION),
    "plain text": asking(document(type="text", media_type="text/plain", data="Grass is green."), QUESTION),
    "content": asking(
        document(type="content", content=[QUESTION, PICTURE]), document(type="content", content="a"), QUESTION),
    "thinking": talk(
        message(QUESTION), message(*THINKING, USE, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_1", "content": [PICTURE]}),
        model="claude-opus-4-6", tools=[{"name": "shot", "input_schema": {"type": "object"}}]),
    "a web search": searched(),
    "a PDF that was fetched": fetched(),
    "code that ran": executed(),
    "a tool that was found": found_tool(),
    "tools of MCP": remote(),
    "search results": talk(
        message(SEARCH_RESULT, QUESTION), message(USE, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_1", "content": [SEARCH_RESULT]})),
    "an error as text, an image beside it": talk(
        message(QUESTION), message(USE, role="assistant"), message(FAILED, PICTURE, QUESTION)),
    "an error as a string": talk(
        message(QUESTION), message(USE, role="assistant"), message(FAILED | {"content": "failed"}, PICTURE)),
    "a screenshot of a toolset": answered(
        image_block(png(1280, 800)), use=USE | {"toolset_name": "computer"}, toolset_name="computer"),
    "the state of a browser": answered(TABS, PICTURE, toolset_name="browser"),
    "user after user": talk(message(PICTURE), message(QUESTION), {"role": "user", "content": "and?"}),
    "results in two messages": talk(
        message(QUESTION), message(USE, role="assistant"), message(USE | {"id": "toolu_2"}, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_2"}),
        message({"type": "tool_result", "tool_use_id": "toolu_1"}, QUESTION)),
    "an empty beginning of an answer": talk(message(QUESTION), EMPTY | {"role": "assistant"}),
    "a system message in between": talk(message(PICTURE, QUESTION), message(QUESTION, role="system")),
    "a system message between call and result": talk(
        message(QUESTION), message(USE, role="assistant"), message(QUESTION, role="system"),
        message({"type": "tool_result", "tool_use_id": "toolu_1"})),
    "at the limits": asking(
        *[image_block(png(*size)) for size in ((8000, 100), (100, 8000))],
        image_block(png(400, 400, file_bytes=7_864_320)), QUESTION),
    "text at the limit": asking({"type": "text", "text": "\u00e9" * 8_000_000}),
    "21 images of 2000 px": asking(*labelled(21, image_block(png(2000, 2000))), QUESTION),
    "one pixel": asking(image_block(png(1, 1)), QUESTION),
    "counting tokens": {"model": OPUS, "messages": [message(PICTURE, QUESTION)]},
    "base64 in lines": asking(data(base64.encodebytes(png(400, 300)).decode()), QUESTION),
    "a text of one character": asking({"type": "text", "text": "."}),
    "a name of OpenRouter": asking(PICTURE, QUESTION, model="anthropic/claude-sonnet-4.6"),
}  # fmt: skip

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"

ELSEWHERE = {
    "a body of InvokeModel": ("bedrock", INVOKE),
    "a body of rawPredict": ("google-cloud", INVOKE | {"anthropic_version": "vertex-2023-10-16", "stream": True}),
    "an application profile": ("bedrock", asking(PICTURE, QUESTION, model=PROFILE)),
    "a deployment of Foundry": ("foundry", asking(PICTURE, QUESTION, model="my-claude-deployment")),
    "Sonnet 4 on Bedrock": ("bedrock", asking(PICTURE, QUESTION, model="apac.anthropic.claude-sonnet-4-20250514-v1:0")),
    "Opus 4 on Google Cloud": ("google-cloud", asking(PICTURE, QUESTION, model="claude-opus-4@20250514")),
    "Haiku 3.5 on Google Cloud": ("google-cloud", asking(PICTURE, QUESTION, model="claude-3-5-haiku@20241022")),
    "a model that Foundry does not list": ("foundry", asking(PICTURE, QUESTION, model="claude-mythos-5-2")),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_what_the_api_rejected_is_an_error_at_its_location(name):
    rule, place, day, platform, params = REJECTED[name]
    found = check_request(params, platform=platform, as_of=date.fromisoformat(day))
    assert (rule, place) in [(one.rule, one.location) for one in found.errors]
    assert {one.rule for one in found.errors} <= {rule, "format", "media-type", "empty-text"}
    if rule not in {"batch-stream", "toolset-screenshot"}:  # whose answers were never seen
        assert wordings_of(rule)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_api_accepted_passes(name):
    assert check_request(ACCEPTED[name], as_of=TODAY).errors == ()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_elsewhere_a_name_that_is_not_listed_is_a_warning_and_limits_apply(name):
    platform, params = ELSEWHERE[name]
    found = check_request(params, platform=platform, as_of=TODAY)
    assert found.errors == ()
    named = "model" in params and name != "Haiku 3.5 on Google Cloud"
    assert [one.rule for one in found.warnings] == ["model"] * named
    more = params | {"messages": [message(*[PICTURE] * 601)]}
    assert "image-count" in [one.rule for one in check_request(more, platform=platform, as_of=TODAY).errors]
    pages = params | {"messages": [message(document(pdf(601)))]}
    expected = set() if platform == "foundry" else {"pdf-pages"}  # no limit of pages is stated there
    assert expected <= {one.rule for one in check_request(pages, platform=platform, as_of=TODAY).errors}


@pytest.mark.parametrize("platform", ["claude-api", "claude-platform-aws", "google-cloud-anthropic"])
def test_where_anthropic_runs_the_platform_an_unknown_name_is_an_error(platform):
    found = check_request(asking(PICTURE, QUESTION, model="my-claude-deployment"), platform=platform, as_of=TODAY)
    assert [(one.rule, one.location) for one in found.errors] == [("model", "model")]
    nameless = check_request({"max_tokens": 9, "messages": [message(QUESTION)]}, platform=platform, as_of=TODAY)
    assert [one.message for one in nameless.errors] == ["the request names no model"]


@pytest.mark.parametrize(
    ("params", "platform"),
    [
        (asking(PICTURE, QUESTION, model="us.anthropic.claude-sonnet-4-6"), "bedrock"),
        (asking(PICTURE, QUESTION, model="claude-sonnet-4-5@20250929"), "google-cloud"),
        (asking(PICTURE, QUESTION, model="claude-sonnet-4-5"), "claude-api"),
        (INVOKE, "bedrock"),
        (INVOKE | {"anthropic_version": "vertex-2023-10-16"}, "google-cloud"),
        (INVOKE | {"anthropic_version": 7}, "claude-api"),
    ],
)
def test_the_id_and_the_version_of_the_body_imply_the_platform(params, platform):
    far = params | {"messages": [message(source(**FAR), QUESTION)]}
    found = check_request(far, as_of=TODAY)
    assert found.platform == platform
    assert ("source-type" in [one.rule for one in found.errors]) == (platform != "claude-api")
    given = check_request(far, platform="claude-api", as_of=TODAY)
    assert (given.platform, "source-type" in [one.rule for one in given.errors]) == ("claude-api", False)


def test_before_anything_is_known_of_an_implied_platform_the_limits_of_the_api_apply():
    found = check_request(
        asking(*[PICTURE] * 101, QUESTION, model="anthropic.claude-3-5-sonnet-20240620-v1:0"), as_of=date(2024, 7, 1)
    )
    assert (found.platform, [one.rule for one in found.errors]) == ("claude-api", ["image-count"])


def test_requests_for_different_platforms_are_checked_each_by_its_own():
    entries = [asking(source(**FAR), QUESTION, model=name) for name in ("us.anthropic.claude-sonnet-4-6", SONNET)]
    found = check_batch(entries, as_of=TODAY)
    assert [one.location for one in found.errors] == ["requests.0.messages.0.content.0"]
    assert found.platform == "claude-api"


@pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-4-6", "sonnet"])
def test_a_model_can_be_named_for_a_body_without_one(model):
    found = check_request(INVOKE, model=model, platform="bedrock", as_of=TODAY)
    assert (len(found), found.input_usd is None) == (0, False)


def test_an_assistants_document_was_legal_before_the_newer_version_of_the_api():
    params = talk(message(QUESTION), message(document(pdf()), role="assistant"), message(QUESTION), model=OPUS)
    assert check_request(params, as_of=date(2026, 10, 20)).ok
    assert not check_request(params, as_of=date(2026, 10, 21)).ok


# What is accepted, and worth a warning


def warned(params, **options):
    found = check_request(params, **{"as_of": TODAY, **options})
    assert found.ok
    return {one.rule: one for one in found.warnings}


def test_a_pdf_that_may_exceed_the_context_window():
    found = warned(asking(document(pdf(100)), QUESTION, model=HAIKU))
    assert found["context-window"].location == "messages"
    assert found["context-window"].message == (
        "images and PDF pages may have up to 253,043 tokens: the context window is 200,000"
    )
    assert found["pdf-cost"].message == "100 PDF pages: 153,043 to 253,043 tokens, depending on the text"
    assert "context-window" not in warned(asking(document(pdf(79)), QUESTION, model=HAIKU))
    over = check_request(
        asking(document(pdf(131)), QUESTION, model=HAIKU), as_of=TODAY, ignore=["pdf-pages", "image-count"]
    )
    assert [one.rule for one in over.errors] == ["context-window"]


def test_an_animation():
    assert "animated" in warned(asking(image_block(animated(), "image/gif"), QUESTION))


@pytest.mark.parametrize("model", [OPUS, None])
def test_without_max_tokens(model):
    params = {"model": model, "messages": [message(QUESTION)]}
    found = check_request(params, as_of=TODAY, ignore=["model"])
    assert [(one.rule, one.location) for one in found] == [("max-tokens", "max_tokens")] * (model is not None)


LARGE = base64.b64encode(png(1024, 768, file_bytes=640_000)).decode()


@pytest.mark.parametrize(
    ("params", "place"),
    [
        (answered({"type": "text", "text": f'{{"data": "{LARGE}"}}'}), "messages.2.content.0.content.0"),
        (talk(message(QUESTION), message(USE, role="assistant"),
              message({"type": "tool_result", "tool_use_id": "toolu_1", "content": f'{{"data": "{LARGE}"}}'})),
         "messages.2.content.0.content"),
        (asking({"type": "text", "text": f"data:image/png;base64,{LARGE}"}), "messages.0.content.0"),
        ({"model": OPUS, "max_tokens": 9, "messages": [{"role": "user", "content": LARGE}]}, "messages.0.content"),
        (asking(QUESTION, system=LARGE), "system"),
        (asking(document(type="text", media_type="text/plain", data=LARGE), QUESTION), "messages.0.content.0"),
    ],
)  # fmt: skip
def test_base64_inside_text_costs_as_text(params, place):
    found = warned(params)["base64-in-text"]
    assert (found.location, found.observed) == (place, 853_336)
    assert "853,336 characters of base64 of image/png inside text: up to 853,336 tokens ($" in found.message
    assert found.message.endswith(", instead of 1,036 as an image")


def test_base64_of_something_else_inside_text():
    noise = base64.b64encode(bytes(range(256)) * 9).decode()
    found = warned(asking({"type": "text", "text": f"{noise} and {noise}"}))["base64-in-text"]
    assert found.message == "6,144 characters of base64 inside text: up to 6,144 tokens ($0.012)"
    nameless = {"max_tokens": 9} | {"messages": [message({"type": "text", "text": noise})]}
    unpriced = check_request(nameless, platform="bedrock", as_of=TODAY)
    (found,) = [one for one in unpriced.warnings if one.rule == "base64-in-text"]
    assert found.message == "3,072 characters of base64 inside text: up to 3,072 tokens"
    future = check_request(
        asking({"type": "text", "text": noise}, model=SONNET), as_of=date(2026, 9, 27), ignore=["model"]
    )
    assert [one.message for one in future] == ["3,072 characters of base64 inside text: up to 3,072 tokens"]
    assert warned(asking({"type": "text", "text": "All work and no play. " * 9999})) == {}


# Batches


def entry(name="a", **more):
    return {"custom_id": name, "params": asking(PICTURE, QUESTION) | more}


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "scans/page 2", "a" * 65, "caf\u00e9", "a\n"])
def test_a_custom_id_that_does_not_match_the_pattern(name):
    found = check_batch([entry(name)], as_of=TODAY)
    assert [(one.rule, one.location) for one in found] == [("custom-id", "requests.0.custom_id")]


@pytest.mark.parametrize("name", ["IMG_0001-jpg", "a" * 64, "0"])
def test_a_custom_id_that_matches_it(name):
    assert len(check_batch([entry(name)], as_of=TODAY)) == 0


def test_a_batch_is_not_empty_does_not_stream_and_has_params(tmp_path):
    assert [(one.rule, one.location, one.message) for one in check_batch([], as_of=TODAY)] == [
        ("request", "requests", "is empty: a batch has at least one request")
    ]
    found = check_batch([entry(stream=True), entry("b", stream=False), {"custom_id": "c"}], as_of=TODAY)
    assert [(one.rule, one.location) for one in found] == [
        ("request", "requests.2.params"),
        ("batch-stream", "requests.0.params.stream"),
    ]
    file = tmp_path / "batch.jsonl"
    file.write_text(
        '{"custom_id": "a.jpg", "params": {"stream": true, "messages": [{"role": "user", "content": "x"}]}}'
    )
    found = check_batch(file, model=OPUS, as_of=TODAY)
    assert [(one.rule, one.location) for one in found] == [
        ("custom-id", f"{file}:1 custom_id"),
        ("batch-stream", f"{file}:1 params.stream"),
    ]


def test_locations_in_a_batch_begin_with_the_request():
    bad = [
        answered({"type": "text", "text": ""}, PICTURE, is_error=True),
        talk(message(QUESTION), message(PICTURE, {"type": "text", "text": " "}, USE, role="assistant")),
        asking({"type": "image_url"}, {"type": "text", "text": LARGE}),
    ]
    found = check_batch(
        [{"custom_id": str(number), "params": params} for number, params in enumerate(bad)], as_of=TODAY
    )
    assert {(one.rule, one.location) for one in found} == {
        ("error-result", "requests.0.params.messages.2.content.0"),
        ("assistant-media", "requests.1.params.messages.1.content"),
        ("empty-text", "requests.1.params.messages.1.content.1"),
        ("tool-results", "requests.1.params.messages.1"),
        ("request", "requests.2.params.messages.0.content.0"),
        ("base64-in-text", "requests.2.params.messages.0.content.1"),
    }
