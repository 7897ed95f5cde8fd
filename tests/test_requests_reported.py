"""Requests from bug reports: an error at the same location if the API rejected it, and none if it accepted it.

Each is rebuilt from a public report or an example in the documentation. Every rule has examples on both sides.
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
DRAWING = image_block(png(320, 240))
JPEG = image_block(encoded("JPEG"), "image/jpeg")
USE = {"type": "tool_use", "id": "toolu_1", "name": "shot", "input": {}}
REMOTE = {"type": "url", "url": "https://example.com/a.png"}


def message(*content, role="user"):
    return {"role": role, "content": list(content)}


def single(*content, model=SONNET, **more):
    """Build a request with one message."""
    return {"model": model, "max_tokens": 512, "messages": [message(*content)], **more}


def answered(*content, model=OPUS, use=USE, **result):
    """Build a request whose last message is the result of a tool call."""
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content), **result}
    return conversation(message(QUESTION), message(use, role="assistant"), message(block), model=model)


def conversation(*messages, model=SONNET, **more):
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
            message(DRAWING | BREAKPOINT, {"type": "text", "text": str(number)}),
            message(QUESTION, role="assistant"),
        ]
    return conversation(*turns, message({"type": "text", "text": "go on"}), model=OPUS)


EMPTY = {"role": "user", "content": ""}

REJECTED = {
    # One image
    "8 MB with a limit of 5 MB": (
        "image-bytes", "messages.0.content.0", "2026-01-20", "claude-api",
        single(image_block(png(800, 600, file_bytes=6_194_361)), QUESTION, model="claude-sonnet-4-5")),
    "a long page from a tool": (
        "image-edge", "messages.2.content.0.content.0", "2026-09-03", "claude-api",
        answered(image_block(png(1440, 8570)))),
    "24 screenshots of a phone": (
        "many-images-edge", "messages.0.content.0", "2026-03-13", "claude-api",
        single(*[image_block(png(1170, 2532))] * 24, QUESTION, model="claude-opus-4-6")),
    "a JPEG declared as PNG": (
        "media-type", "messages.0.content.0", "2025-12-05", "claude-api",
        single(image_block(encoded("JPEG")), QUESTION, model="claude-sonnet-4-5")),
    "image/jpg": (
        "media-type", "messages.0.content.0", "2026-06-30", "claude-api",
        single(image_block(encoded("JPEG"), "image/jpg"), QUESTION, model="claude-sonnet-4-6")),
    "HEIC declared as JPEG": (
        "format", "messages.0.content.0", "2026-05-08", "claude-api",
        single(image_block(foreign(b"heic"), "image/jpeg"), QUESTION, model="claude-opus-4-7")),
    "AVIF from a tool": (
        "format", "messages.2.content.0.content.0", "2026-03-16", "claude-api",
        answered(image_block(foreign(b"avif"), "image/avif"), model="claude-opus-4-6")),
    "an SVG declared as PNG": (
        "format", "messages.0.content.0", "2026-05-02", "claude-api",
        single(image_block(SVG), QUESTION, model="claude-opus-4-7")),
    "empty data": (
        "empty", "messages.0.content.1", "2025-11-30", "claude-api",
        single(QUESTION, image_block(b""), QUESTION, model="claude-sonnet-4-5")),
    "a data URL as data": (
        "base64", "messages.0.content.0", "2025-11-10", "claude-api",
        single(data("data:image/jpeg;base64," + text(encoded("JPEG")), "image/jpeg"), QUESTION, model=HAIKU)),
    "a placeholder as data": (
        "base64", "messages.2.content.0.content.1", "2026-07-21", "claude-api",
        answered({"type": "text", "text": "x"}, data("[blob missing: sha256:0a1b]"), model="claude-opus-4-8")),
    "an error page": (
        "unreadable", "messages.0.content.0", "2026-02-09", "claude-api",
        single(image_block(NOT_FOUND, "image/jpeg"), QUESTION, model="claude-opus-4-6")),
    "a warning before the image": (
        "unreadable", "messages.0.content.0", "2025-11-24", "claude-api",
        single(image_block(b"[Warning] Multiple displays\n" + png()), QUESTION, model="claude-sonnet-4-5")),
    "a truncated download": (
        "truncated", "messages.0.content.0", "2026-02-09", "claude-api",
        single(image_block(encoded("JPEG")[:-200], "image/jpeg"), QUESTION, model="claude-opus-4-6")),
    # How much there is
    "102 images": (
        "image-count", "messages", "2026-01-21", "claude-api",
        single(*[image_block(png(400, 300))] * 102, QUESTION, model="claude-opus-4-5")),
    "21 images on Bedrock in 2025": (
        "image-count", "messages", "2025-03-25", "bedrock",
        single(*[DRAWING] * 21, QUESTION, model="anthropic.claude-3-7-sonnet-20250219-v1:0")),
    "29 scans on Bedrock": (
        "many-images-edge", "messages.0.content.28", "2026-09-18", "bedrock",
        single(*[image_block(png(2550, 3300))] * 29, QUESTION, model="us.anthropic.claude-sonnet-4-6")),
    "over 32 MB": (
        "request-bytes", "request", "2026-06-10", "claude-api",
        single(*[image_block(png(1500, 1500, file_bytes=5_000_000))] * 6, QUESTION, model="claude-opus-4-6")),
    "too much text": (
        "text-bytes", "messages", "2026-11-26", "claude-api",
        single({"type": "text", "text": "\u00e9" * 8_000_001})),
    # Documents and sources
    "a PDF with a password": (
        "pdf", "messages.0.content.0", "2026-10-01", "bedrock",
        single(document(pdf(password="x")), QUESTION, model="global.anthropic.claude-opus-4-8")),
    "an empty PDF": ("pdf", "messages.0.content.0", "2026-11-26", "claude-api", single(document(b""), QUESTION)),
    "an image declared as PDF": (
        "pdf", "messages.0.content.0", "2026-11-26", "claude-api", single(document(png()), QUESTION)),
    "a Word file declared as PDF": (
        "pdf", "messages.0.content.0", "2026-11-26", "claude-api", single(document(DOCX), QUESTION)),
    "an image from a URL on Google Cloud": (
        "source-type", "messages.0.content.1", "2026-10-25", "google-cloud",
        single(QUESTION, source(**REMOTE), model="claude-sonnet-4-5@20250929")),
    "a document from a URL on Google Cloud": (
        "source-type", "messages.0.content.0", "2026-10-01", "google-cloud",
        single(document(type="url", url="https://example.com/a.pdf"), QUESTION, model="claude-opus-4-8")),
    "an uploaded document on Bedrock": (
        "source-type", "messages.0.content.0", "2026-11-26", "bedrock",
        single(document(type="file", file_id="file_1"), QUESTION, model="global.anthropic.claude-opus-4-8")),
    "a document from S3": (
        "source-type", "messages.0.content.0", "2026-11-26", "claude-api",
        single(document(type="s3", uri="s3://a/b.pdf"), QUESTION)),
    "a Word file": (
        "document-media-type", "messages.0.content.1", "2026-07-28", "claude-api",
        single(QUESTION, document(DOCX, WORD), model=OPUS)),
    "a PDF as octet-stream": (
        "document-media-type", "messages.0.content.0", "2026-07-06", "claude-api",
        single(document(pdf(), "application/octet-stream"), QUESTION, model="claude-sonnet-5")),
    "a PDF without a media type": (
        "document-media-type", "messages.0.content.0", "2026-11-26", "claude-api",
        single(document(pdf(), None), QUESTION)),
    "Markdown as a text document": (
        "document-media-type", "messages.0.content.0", "2026-11-26", "claude-api",
        single(document(type="text", media_type="text/markdown", data="# A"), QUESTION)),
    "a PDF in an image block": (
        "media-type", "messages.0.content.1", "2025-06-28", "claude-api",
        single(QUESTION, image_block(pdf(), "application/pdf"), model="claude-3-5-sonnet-20241022")),
    "a URL source without a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        single(source(type="url", data="https://example.com/a.png"), QUESTION)),
    "a data URL as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        single(source(type="url", url="data:image/png;base64,iVBORw0KGgo="), QUESTION)),
    "a path as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        single(source(type="url", url="a.png"), QUESTION)),
    "a number as a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api", single(source(type="url", url=7), QUESTION)),
    "a file source without an id": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api",
        single(source(type="file", id="file_1"), QUESTION)),
    "a URL document without a URL": (
        "source", "messages.0.content.0", "2026-11-26", "claude-api", single(document(type="url"), QUESTION)),
    "a PDF for Claude 3 Opus": (
        "pdf-model", "messages.0.content.0", "2025-06-01", "claude-api",
        single(document(pdf()), QUESTION, model="claude-3-opus-20240229")),
    # Conversations
    "an image in an error result": (
        "error-result", "messages.2.content.0", "2026-03-17", "claude-api",
        answered({"type": "text", "text": "click failed"}, DRAWING, model="claude-opus-4-6", is_error=True)),
    "an image in an assistant message": (
        "assistant-media", "messages.1.content", "2026-09-20", "claude-api",
        conversation(message(QUESTION), message({"type": "text", "text": "here"}, DRAWING, role="assistant"),
             message(QUESTION), model=OPUS)),
    "a document in an assistant message": (
        "assistant-media", "messages.1.content", "2026-10-21", "claude-api",
        conversation(message(QUESTION), message(document(pdf()), role="assistant"), message(QUESTION), model=OPUS)),
    "an image and an empty text": (
        "empty-text", "messages.0.content.1", "2026-05-25", "claude-api",
        single(DRAWING, {"type": "text", "text": ""}, model="claude-opus-4-7")),
    "an image and white space": (
        "empty-text", "messages.0.content.1", "2026-05-25", "claude-api",
        single(DRAWING, {"type": "text", "text": " \n\t"}, model="claude-opus-4-7")),
    "an empty message": ("empty-text", "messages.0.content", "2026-11-26", "claude-api", conversation(EMPTY)),
    "an OpenAI block": (
        "request", "messages.0.content.2", "2026-01-13", "claude-api",
        single(QUESTION, QUESTION, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
               model="claude-sonnet-4-5")),
    "an OpenAI block in a result": (
        "request", "messages.2.content.0.content.0", "2026-11-26", "claude-api",
        answered({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})),
    "a call in a result": (
        "request", "messages.2.content.0.content.0", "2026-11-26", "claude-api", answered(USE)),
    "a document in a document": (
        "request", "messages.0.content.0.source.content.0", "2026-11-26", "claude-api",
        single(document(type="content", content=[document(pdf())]), QUESTION)),
    "an MCP block in a result": (
        "request", "messages.2.content.0.content.0.source", "2025-04-01", "claude-api",
        answered({"type": "image", "data": text(png()), "mimeType": "image/png"},
                 model="claude-3-7-sonnet-20250219", is_error=False)),
    "a text block without text": (
        "request", "messages.0.content.0.text", "2026-11-26", "claude-api", single({"type": "text", "content": "Hi"})),
    "a result without an id": (
        "request", "messages.0.content.0.tool_use_id", "2026-11-26", "claude-api",
        single({"type": "tool_result", "content": "x"})),
    "a call whose input is text": (
        "request", "messages.1.content.0.input", "2026-11-26", "claude-api",
        conversation(message(QUESTION), message(USE | {"input": "{}"}, role="assistant"),
             message({"type": "tool_result", "tool_use_id": "toolu_1"}))),
    "a search result whose content is text": (
        "request", "messages.0.content.0.content", "2026-11-26", "claude-api",
        single({"type": "search_result", "source": "s", "title": "t", "content": "x"})),
    "a search result whose content is a number": (
        "request", "messages.0.content.0.content", "2026-11-26", "claude-api",
        single({"type": "search_result", "source": "s", "title": "t", "content": {"type": "text", "text": "x"}})),
    "a source that is a path": (
        "request", "messages.0.content.0.source", "2026-11-26", "claude-api",
        single({"type": "image", "source": "a.png"})),
    "an image in system": (
        "request", "system.1", "2026-11-26", "claude-api", single(QUESTION, system=[QUESTION, DRAWING])),
    "an image in a system message": (
        "request", "messages.1.content.0", "2026-11-26", "claude-api",
        conversation(message(QUESTION), message(DRAWING, role="system"))),
    "an unknown role": (
        "request", "messages.1.role", "2026-11-26", "claude-api",
        conversation(message(QUESTION), message({"type": "text", "text": "x"}, role="model"))),
    "a screenshot instead of a result": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        conversation(
            message(QUESTION), message(USE, role="assistant"), message(DRAWING, QUESTION), model="claude-opus-4-8")),
    "no message after a call": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        conversation(message(QUESTION), message(USE, role="assistant"), model="claude-opus-4-8")),
    "an image between two results": (
        "tool-results", "messages.1", "2026-07-10", "claude-api",
        conversation(message(QUESTION), message(USE, USE | {"id": "toolu_2"}, role="assistant"),
             message({"type": "tool_result", "tool_use_id": "toolu_1"}, DRAWING,
                     {"type": "tool_result", "tool_use_id": "toolu_2"}), model="claude-opus-4-8")),
    "five breakpoints": ("cache-breakpoints", "messages", "2026-11-26", "claude-api", breakpoints(5)),
    "five breakpoints, some of tools": (
        "cache-breakpoints", "messages", "2026-11-26", "bedrock",
        single(DRAWING | BREAKPOINT, QUESTION | BREAKPOINT, model="us.anthropic.claude-sonnet-4-6",
               system=[QUESTION | BREAKPOINT], tools=[{"name": "a", "input_schema": {}} | BREAKPOINT] * 2)),
    "a large screenshot for the computer toolset": (
        "toolset-screenshot", "messages.2.content.0.content.0", "2026-10-01", "claude-api",
        answered(image_block(png(3456, 2234)), use=USE | {"toolset_name": "computer"}, toolset_name="computer")),
    "an oversized image with oversized_image set to error": (
        "oversized-image", "messages.0.content.0", "2026-09-26", "claude-api",
        single(image_block(png(1920, 1080), transformations={"oversized_image": "error"}), QUESTION, model=HAIKU)),
}  # fmt: skip


def fetched():
    """Build a conversation with a fetched PDF, which is in an assistant message."""
    inner = {"type": "web_fetch_result", "url": "https://e.com/p.pdf", "content": document(pdf(2)), "retrieved_at": "x"}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "web_fetch", "input": {"url": "https://e.com/p.pdf"}}
    result = {"type": "web_fetch_tool_result", "tool_use_id": "srv_1", "content": inner}
    return conversation(message(QUESTION), message(call, result, role="assistant"), message(QUESTION))


def searched():
    call = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}}
    hit = {"type": "web_search_result", "url": "https://e.com", "title": "t", "encrypted_content": "Er"}
    result = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [hit]}
    answer = {"type": "text", "text": "x", "citations": []}
    return conversation(message(QUESTION), message(call, result, answer, role="assistant"), message(QUESTION))


def executed():
    output = {"type": "bash_code_execution_output", "file_id": "file_9"}
    inner = {"type": "bash_code_execution_result", "stdout": "", "return_code": 0, "content": [output]}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "bash_code_execution", "input": {"command": "ls"}}
    result = {"type": "bash_code_execution_tool_result", "tool_use_id": "srv_1", "content": inner}
    upload = {"type": "container_upload", "file_id": "file_1"}
    return conversation(message(QUESTION, upload), message(call, result, QUESTION, role="assistant"), message(QUESTION))


def tool_search():
    reference = {"type": "tool_reference", "tool_name": "x"}
    inner = {"type": "tool_search_tool_search_result", "tool_references": [reference]}
    call = {"type": "server_tool_use", "id": "srv_1", "name": "tool_search_tool_regex", "input": {}}
    result = {"type": "tool_search_tool_result", "tool_use_id": "srv_1", "content": inner}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [reference]}
    return conversation(message(QUESTION), message(call, result, USE, role="assistant"), message(answer))


def mcp_tool():
    call = {"type": "mcp_tool_use", "id": "m1", "name": "shot", "server_name": "s", "input": {}}
    result = {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": [QUESTION]}
    return conversation(message(QUESTION), message(call, result, role="assistant"), message(QUESTION))


SEARCH_RESULT = {"type": "search_result", "source": "https://e.com", "title": "t", "content": [QUESTION]}
THINKING = (
    {"type": "thinking", "thinking": "...", "signature": "EqQBCgIYAhIM"},
    {"type": "redacted_thinking", "data": "abc="},
)
FAILED = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [QUESTION], "is_error": True}
INVOKE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 512, "messages": [message(DRAWING, QUESTION)]}
TABS = {"type": "browser_state", "tabs": [{"id": "1", "url": "https://e.com", "title": "t", "active": True}]}


def with_labels(count, *pictures):
    return [part for number in range(count) for part in ({"type": "text", "text": f"Image {number}:"}, *pictures)]


ACCEPTED = {
    "base64": single(JPEG, QUESTION),
    "a URL": single(source(**REMOTE), QUESTION),
    "an uploaded file": single(source(type="file", file_id="file_abc123"), QUESTION),
    "labelled images": single(*with_labels(2, DRAWING), QUESTION),
    "system with a breakpoint": single(DRAWING, QUESTION, system=[QUESTION, QUESTION | BREAKPOINT]),
    "system as text": single(QUESTION, system="Be brief."),
    "four breakpoints": breakpoints(4),
    "an image from a tool": answered({"type": "text", "text": "a screenshot"}, image_block(png(1280, 800))),
    "an empty result": answered(),
    "a PDF with citations": single(document(pdf(3)) | BREAKPOINT | {"citations": {"enabled": True}}, QUESTION),
    "a PDF from a URL": single(document(type="url", url="https://assets.example.com/a.pdf"), QUESTION),
    "plain text": single(document(type="text", media_type="text/plain", data="Grass is green."), QUESTION),
    "content": single(
        document(type="content", content=[QUESTION, DRAWING]), document(type="content", content="a"), QUESTION),
    "thinking": conversation(
        message(QUESTION), message(*THINKING, USE, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_1", "content": [DRAWING]}),
        model="claude-opus-4-6", tools=[{"name": "shot", "input_schema": {"type": "object"}}]),
    "a web search": searched(),
    "a fetched PDF": fetched(),
    "code execution": executed(),
    "tool search": tool_search(),
    "MCP tools": mcp_tool(),
    "search results": conversation(
        message(SEARCH_RESULT, QUESTION), message(USE, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_1", "content": [SEARCH_RESULT]})),
    "an error result with an image after it": conversation(
        message(QUESTION), message(USE, role="assistant"), message(FAILED, DRAWING, QUESTION)),
    "an error as a string": conversation(
        message(QUESTION), message(USE, role="assistant"), message(FAILED | {"content": "failed"}, DRAWING)),
    "a screenshot of a toolset": answered(
        image_block(png(1280, 800)), use=USE | {"toolset_name": "computer"}, toolset_name="computer"),
    "the state of a browser": answered(TABS, DRAWING, toolset_name="browser"),
    "consecutive user messages": conversation(message(DRAWING), message(QUESTION), {"role": "user", "content": "and?"}),
    "results in two messages": conversation(
        message(QUESTION), message(USE, role="assistant"), message(USE | {"id": "toolu_2"}, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "toolu_2"}),
        message({"type": "tool_result", "tool_use_id": "toolu_1"}, QUESTION)),
    "an empty prefill": conversation(message(QUESTION), EMPTY | {"role": "assistant"}),
    "a system message in between": conversation(message(DRAWING, QUESTION), message(QUESTION, role="system")),
    "a system message between call and result": conversation(
        message(QUESTION), message(USE, role="assistant"), message(QUESTION, role="system"),
        message({"type": "tool_result", "tool_use_id": "toolu_1"})),
    "at the limits": single(
        *[image_block(png(*size)) for size in ((8000, 100), (100, 8000))],
        image_block(png(400, 400, file_bytes=7_864_320)), QUESTION),
    "text at the limit": single({"type": "text", "text": "\u00e9" * 8_000_000}),
    "21 images of 2000 px": single(*with_labels(21, image_block(png(2000, 2000))), QUESTION),
    "one pixel": single(image_block(png(1, 1)), QUESTION),
    "counting tokens": {"model": OPUS, "messages": [message(DRAWING, QUESTION)]},
    "base64 in lines": single(data(base64.encodebytes(png(400, 300)).decode()), QUESTION),
    "a text of one character": single({"type": "text", "text": "."}),
    "an OpenRouter model name": single(DRAWING, QUESTION, model="anthropic/claude-sonnet-4.6"),
}  # fmt: skip

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"

ON_CLOUD_PLATFORMS = {
    "a body of InvokeModel": ("bedrock", INVOKE),
    "a body of rawPredict": ("google-cloud", INVOKE | {"anthropic_version": "vertex-2023-10-16", "stream": True}),
    "an application profile": ("bedrock", single(DRAWING, QUESTION, model=PROFILE)),
    "a deployment of Foundry": ("foundry", single(DRAWING, QUESTION, model="my-claude-deployment")),
    "Sonnet 4 on Bedrock": ("bedrock", single(DRAWING, QUESTION, model="apac.anthropic.claude-sonnet-4-20250514-v1:0")),
    "Opus 4 on Google Cloud": ("google-cloud", single(DRAWING, QUESTION, model="claude-opus-4@20250514")),
    "Haiku 3.5 on Google Cloud": ("google-cloud", single(DRAWING, QUESTION, model="claude-3-5-haiku@20241022")),
    "a model that Foundry does not list": ("foundry", single(DRAWING, QUESTION, model="claude-mythos-5-2")),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_a_rejected_request_is_an_error_at_the_same_location(name):
    rule, location, day, platform, params = REJECTED[name]
    findings = check_request(params, platform=platform, as_of=date.fromisoformat(day))
    assert (rule, location) in [(finding.rule, finding.location) for finding in findings.errors]
    assert {finding.rule for finding in findings.errors} <= {rule, "format", "media-type", "empty-text"}
    if rule not in {"batch-stream", "toolset-screenshot"}:  # their messages are unknown
        assert wordings_of(rule)


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_accepted_request_has_no_errors(name):
    assert check_request(ACCEPTED[name], as_of=TODAY).errors == ()


@pytest.mark.parametrize("name", ON_CLOUD_PLATFORMS)
def test_on_cloud_platforms_an_unlisted_model_is_a_warning_and_limits_apply(name):
    platform, params = ON_CLOUD_PLATFORMS[name]
    findings = check_request(params, platform=platform, as_of=TODAY)
    assert findings.errors == ()
    is_unlisted = "model" in params and name != "Haiku 3.5 on Google Cloud"
    assert [finding.rule for finding in findings.warnings] == ["model"] * is_unlisted
    images = params | {"messages": [message(*[DRAWING] * 601)]}
    assert "image-count" in [finding.rule for finding in check_request(images, platform=platform, as_of=TODAY).errors]
    pages = params | {"messages": [message(document(pdf(601)))]}
    expected = set() if platform == "foundry" else {"pdf-pages"}  # it publishes no limit on pages
    assert expected <= {finding.rule for finding in check_request(pages, platform=platform, as_of=TODAY).errors}


@pytest.mark.parametrize("platform", ["claude-api", "claude-platform-aws", "google-cloud-anthropic"])
def test_on_platforms_of_anthropic_an_unlisted_model_is_an_error(platform):
    findings = check_request(single(DRAWING, QUESTION, model="my-claude-deployment"), platform=platform, as_of=TODAY)
    assert [(finding.rule, finding.location) for finding in findings.errors] == [("model", "model")]
    unnamed = check_request({"max_tokens": 9, "messages": [message(QUESTION)]}, platform=platform, as_of=TODAY)
    assert [finding.message for finding in unnamed.errors] == ["the request names no model"]


@pytest.mark.parametrize(
    ("params", "platform"),
    [
        (single(DRAWING, QUESTION, model="us.anthropic.claude-sonnet-4-6"), "bedrock"),
        (single(DRAWING, QUESTION, model="claude-sonnet-4-5@20250929"), "google-cloud"),
        (single(DRAWING, QUESTION, model="claude-sonnet-4-5"), "claude-api"),
        (INVOKE, "bedrock"),
        (INVOKE | {"anthropic_version": "vertex-2023-10-16"}, "google-cloud"),
        (INVOKE | {"anthropic_version": 7}, "claude-api"),
    ],
)
def test_the_model_id_and_the_version_of_the_body_imply_the_platform(params, platform):
    remote = params | {"messages": [message(source(**REMOTE), QUESTION)]}
    findings = check_request(remote, as_of=TODAY)
    assert findings.platform == platform
    assert ("source-type" in [finding.rule for finding in findings.errors]) == (platform != "claude-api")
    overridden = check_request(remote, platform="claude-api", as_of=TODAY)
    assert (overridden.platform, "source-type" in [finding.rule for finding in overridden.errors]) == (
        "claude-api",
        False,
    )


def test_an_implied_platform_without_published_limits_has_those_of_the_claude_api():
    findings = check_request(
        single(*[DRAWING] * 101, QUESTION, model="anthropic.claude-3-5-sonnet-20240620-v1:0"), as_of=date(2024, 7, 1)
    )
    assert (findings.platform, [finding.rule for finding in findings.errors]) == ("claude-api", ["image-count"])


def test_each_request_of_a_batch_is_checked_for_its_own_platform():
    entries = [single(source(**REMOTE), QUESTION, model=name) for name in ("us.anthropic.claude-sonnet-4-6", SONNET)]
    findings = check_batch(entries, as_of=TODAY)
    assert [finding.location for finding in findings.errors] == ["requests.0.messages.0.content.0"]
    assert findings.platform == "claude-api"


@pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-4-6", "sonnet"])
def test_a_body_without_a_model_is_checked_for_the_given_one(model):
    findings = check_request(INVOKE, model=model, platform="bedrock", as_of=TODAY)
    assert (len(findings), findings.input_usd is None) == (0, False)


def test_a_document_in_an_assistant_message_is_an_error_from_2026_10_21():
    params = conversation(message(QUESTION), message(document(pdf()), role="assistant"), message(QUESTION), model=OPUS)
    assert check_request(params, as_of=date(2026, 10, 20)).ok
    assert not check_request(params, as_of=date(2026, 10, 21)).ok


# Warnings


def warnings_of(params, **options):
    findings = check_request(params, **{"as_of": TODAY, **options})
    assert findings.ok
    return {finding.rule: finding for finding in findings.warnings}


def test_a_pdf_that_may_exceed_the_context_window_is_a_warning():
    warnings = warnings_of(single(document(pdf(100)), QUESTION, model=HAIKU))
    assert warnings["context-window"].location == "messages"
    assert warnings["context-window"].message == (
        "images and PDF pages may have up to 253,043 tokens: the context window is 200,000"
    )
    assert warnings["pdf-cost"].message == "100 PDF pages: 153,043 to 253,043 tokens, depending on the text"
    assert "context-window" not in warnings_of(single(document(pdf(79)), QUESTION, model=HAIKU))
    over = check_request(
        single(document(pdf(131)), QUESTION, model=HAIKU), as_of=TODAY, ignore=["pdf-pages", "image-count"]
    )
    assert [finding.rule for finding in over.errors] == ["context-window"]


def test_an_animated_image_is_a_warning():
    assert "animated" in warnings_of(single(image_block(animated(), "image/gif"), QUESTION))


@pytest.mark.parametrize("model", [OPUS, None])
def test_missing_max_tokens_is_a_warning_if_there_is_a_model(model):
    params = {"model": model, "messages": [message(QUESTION)]}
    findings = check_request(params, as_of=TODAY, ignore=["model"])
    assert [(finding.rule, finding.location) for finding in findings] == [("max-tokens", "max_tokens")] * (
        model is not None
    )


LARGE = base64.b64encode(png(1024, 768, file_bytes=640_000)).decode()


@pytest.mark.parametrize(
    ("params", "location"),
    [
        (answered({"type": "text", "text": f'{{"data": "{LARGE}"}}'}), "messages.2.content.0.content.0"),
        (conversation(message(QUESTION), message(USE, role="assistant"),
              message({"type": "tool_result", "tool_use_id": "toolu_1", "content": f'{{"data": "{LARGE}"}}'})),
         "messages.2.content.0.content"),
        (single({"type": "text", "text": f"data:image/png;base64,{LARGE}"}), "messages.0.content.0"),
        ({"model": OPUS, "max_tokens": 9, "messages": [{"role": "user", "content": LARGE}]}, "messages.0.content"),
        (single(QUESTION, system=LARGE), "system"),
        (single(document(type="text", media_type="text/plain", data=LARGE), QUESTION), "messages.0.content.0"),
    ],
)  # fmt: skip
def test_base64_of_an_image_inside_text_is_a_warning_with_both_costs(params, location):
    finding = warnings_of(params)["base64-in-text"]
    assert (finding.location, finding.observed) == (location, 853_336)
    assert "853,336 characters of base64 of image/png inside text: up to 853,336 tokens ($" in finding.message
    assert finding.message.endswith(", instead of 1,036 as an image")


def test_other_base64_inside_text_is_a_warning_with_its_cost():
    noise = base64.b64encode(bytes(range(256)) * 9).decode()
    finding = warnings_of(single({"type": "text", "text": f"{noise} and {noise}"}))["base64-in-text"]
    assert finding.message == "6,144 characters of base64 inside text: up to 6,144 tokens ($0.012)"
    without_model = {"max_tokens": 9} | {"messages": [message({"type": "text", "text": noise})]}
    unpriced = check_request(without_model, platform="bedrock", as_of=TODAY)
    (finding,) = [finding for finding in unpriced.warnings if finding.rule == "base64-in-text"]
    assert finding.message == "3,072 characters of base64 inside text: up to 3,072 tokens"
    future = check_request(
        single({"type": "text", "text": noise}, model=SONNET), as_of=date(2026, 9, 27), ignore=["model"]
    )
    assert [finding.message for finding in future] == ["3,072 characters of base64 inside text: up to 3,072 tokens"]
    assert warnings_of(single({"type": "text", "text": "All work and no play. " * 9999})) == {}


# Batches


def entry(name="a", **more):
    return {"custom_id": name, "params": single(DRAWING, QUESTION) | more}


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "scans/page 2", "a" * 65, "caf\u00e9", "a\n"])
def test_a_custom_id_that_does_not_match_the_pattern_is_an_error(name):
    findings = check_batch([entry(name)], as_of=TODAY)
    assert [(finding.rule, finding.location) for finding in findings] == [("custom-id", "requests.0.custom_id")]


@pytest.mark.parametrize("name", ["IMG_0001-jpg", "a" * 64, "0"])
def test_a_custom_id_that_matches_the_pattern_is_accepted(name):
    assert len(check_batch([entry(name)], as_of=TODAY)) == 0


def test_an_empty_batch_streaming_and_missing_params_are_errors(tmp_path):
    assert [(finding.rule, finding.location, finding.message) for finding in check_batch([], as_of=TODAY)] == [
        ("request", "requests", "is empty: a batch has at least one request")
    ]
    findings = check_batch([entry(stream=True), entry("b", stream=False), {"custom_id": "c"}], as_of=TODAY)
    assert [(finding.rule, finding.location) for finding in findings] == [
        ("request", "requests.2.params"),
        ("batch-stream", "requests.0.params.stream"),
    ]
    file = tmp_path / "batch.jsonl"
    file.write_text(
        '{"custom_id": "a.jpg", "params": {"stream": true, "messages": [{"role": "user", "content": "x"}]}}'
    )
    findings = check_batch(file, model=OPUS, as_of=TODAY)
    assert [(finding.rule, finding.location) for finding in findings] == [
        ("custom-id", f"{file}:1 custom_id"),
        ("batch-stream", f"{file}:1 params.stream"),
    ]


def test_locations_in_a_batch_begin_with_the_request():
    rejected = [
        answered({"type": "text", "text": ""}, DRAWING, is_error=True),
        conversation(message(QUESTION), message(DRAWING, {"type": "text", "text": " "}, USE, role="assistant")),
        single({"type": "image_url"}, {"type": "text", "text": LARGE}),
    ]
    findings = check_batch(
        [{"custom_id": str(number), "params": params} for number, params in enumerate(rejected)], as_of=TODAY
    )
    assert {(finding.rule, finding.location) for finding in findings} == {
        ("error-result", "requests.0.params.messages.2.content.0"),
        ("assistant-media", "requests.1.params.messages.1.content"),
        ("empty-text", "requests.1.params.messages.1.content.1"),
        ("tool-results", "requests.1.params.messages.1"),
        ("request", "requests.2.params.messages.0.content.0"),
        ("base64-in-text", "requests.2.params.messages.0.content.1"),
    }
