"""The same image in every supported shape: documents as the libraries write them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pictures import png, text

DATA = text(png(90, 90))
OTHER = text(png(70, 70))
URL = f"data:image/png;base64,{DATA}"
QUESTION = "What does this show?"
CLAUDE = "claude-opus-5"
CONVERSE_ID = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def image(data=DATA, media_type="image/png"):
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def words(text=QUESTION):
    return {"type": "text", "text": text}


def message(*content, role="user"):
    return {"role": role, "content": list(content)}


def call(*messages, **more):
    return {"model": CLAUDE, "max_tokens": 9, "messages": list(messages), **more}


def chat(*messages, **more):
    return {"model": "anthropic/claude-sonnet-4-5", "messages": list(messages), **more}


def image_url(url=URL, **more):
    return {"type": "image_url", "image_url": {"url": url, **more}}


def converse(*blocks, **more):
    return {"modelId": CONVERSE_ID, "messages": [message(*blocks)], "inferenceConfig": {"maxTokens": 9}, **more}


def converse_image(data=DATA, form="png"):
    return {"image": {"format": form, "source": {"bytes": data}}}


def dumped(kind, content, **more):
    """Build a LangChain message as `dumpd` writes it."""
    type_ = {"HumanMessage": "human", "AIMessage": "ai", "SystemMessage": "system", "ToolMessage": "tool"}[kind]
    path = ["langchain", "schema", "messages", kind]
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": {"content": content, "type": type_, **more}}


def entry(kind, uuid, parent, *content, **more):
    """Build an entry of a transcript of Claude Code."""
    message = {"role": kind, "content": list(content)}
    if kind == "assistant":
        message = {"id": f"msg_{uuid}", "model": CLAUDE, **message, "usage": {"input_tokens": 9}}
    message.update(more.pop("message", {}))
    return {"parentUuid": parent, "isSidechain": False, "type": kind, "message": message, "uuid": uuid, **more}


def use(name, tool="Read"):
    return {"type": "tool_use", "id": name, "name": tool, "input": {}}


def result(name, *content):
    return {"type": "tool_result", "tool_use_id": name, "content": list(content)}


def json_lines(*values):
    return "\n".join(map(json.dumps, values)).encode()


class Case(NamedTuple):
    """A document with one image: its location in the request, and those of its data and media type in the document."""

    shape: str
    document: Any
    location: str
    data: str
    media_type: str
    copied: bool = False


CALL = call(message(image(), words()))
BEDROCK = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": CALL["messages"]}
VERTEX = {**BEDROCK, "anthropic_version": "vertex-2023-10-16"}
MCP_IMAGE = {"type": "image", "data": DATA, "mimeType": "image/png"}
V0 = {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": DATA}
V1 = {"type": "image", "base64": DATA, "mime_type": "image/png"}
TRANSCRIPT = [
    {"type": "summary", "summary": "s", "leafUuid": "u"},
    entry("user", "u1", None, words(), sessionId="s"),
    entry("assistant", "u2", "u1", use("t1")),
    entry("user", "u3", "u2", result("t1", image()), toolUseResult={"type": "image"}),
]


def anthropic(shape, document, prefix=""):
    at = f"{prefix}messages.0.content.0.source"
    return Case(shape, document, "messages.0.content.0", f"{at}.data", f"{at}.media_type")


def at(shape, document, location, part, data, media_type, **more):
    return Case(shape, document, location, f"{part}.{data}", f"{part}.{media_type}", **more)


FIRST, SECOND = "messages.0.content.0", "messages.0.content.1"
ANSWER = "messages.2.content.0.content.0"

CASES = {
    "messages": anthropic("messages", CALL),
    "batch": anthropic("batch", {"requests": [{"custom_id": "a", "params": CALL}]}, "requests.0.params."),
    "batch-list": anthropic("batch", [{"custom_id": "a", "params": CALL}], "0.params."),
    "batch-entry": anthropic("batch", {"custom_id": "a", "params": CALL}, "params."),
    "bedrock-invoke": anthropic("bedrock-invoke", BEDROCK),
    "bedrock-batch": anthropic("bedrock-batch", [{"recordId": "r", "modelInput": BEDROCK}], "0.modelInput."),
    "vertex": anthropic("vertex", VERTEX),
    "google-cloud-batch": anthropic("google-cloud-batch", [{"custom_id": "a", "request": VERTEX}], "0.request."),
    "log": anthropic("log", [{"timestamp": "t", "request": {"method": "POST", "body": CALL}}], "0.request.body."),
    "message-list": at("message-list", [message(image())], FIRST, "0.content.0", "source.data", "source.media_type"),
    "message": at("message-list", message(image()), FIRST, "content.0", "source.data", "source.media_type"),
    "block": Case("block", image(), FIRST, "source.data", "source.media_type"),
    "blocks": at("block", [words(), image()], SECOND, "1", "source.data", "source.media_type"),
    "openai-chat": at(
        "openai-chat",
        chat(message(words("s"), role="system"), message(words(), image_url())),
        SECOND,
        "messages.1.content.1",
        "image_url.url",
        "image_url.url",
        copied=True,
    ),
    "openai-chat-list": at(
        "openai-chat",
        [message(image_url(detail="high"))],
        FIRST,
        "0.content.0",
        "image_url.url",
        "image_url.url",
        copied=True,
    ),
    "litellm-text": at(
        "openai-chat",
        chat(message({"type": "image_url", "image_url": URL})),
        FIRST,
        FIRST,
        "image_url",
        "image_url",
        copied=True,
    ),
    "litellm-format": at(
        "openai-chat",
        chat(message(image_url(format="image/png"))),
        FIRST,
        FIRST,
        "image_url.url",
        "image_url.format",
        copied=True,
    ),
    "openai-batch": at(
        "openai-batch",
        [{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": chat(message(image_url()))}],
        FIRST,
        "0.body.messages.0.content.0",
        "image_url.url",
        "image_url.url",
        copied=True,
    ),
    "openai-responses": at(
        "openai-responses",
        {"model": "gpt-5", "input": [message({"type": "input_image", "image_url": URL, "detail": "auto"})]},
        FIRST,
        "input.0.content.0",
        "image_url",
        "image_url",
        copied=True,
    ),
    "converse": at(
        "converse", converse({"text": "x"}, converse_image()), SECOND, SECOND, "image.source.bytes", "image.format"
    ),
    "converse-bytes": at(
        "converse",
        converse(converse_image(png(90, 90))),
        FIRST,
        FIRST,
        "image.source.bytes",
        "image.format",
        copied=True,
    ),
    "bedrock-batch-converse": at(
        "bedrock-batch",
        [{"recordId": "r", "modelInput": converse(converse_image())}],
        FIRST,
        "0.modelInput.messages.0.content.0",
        "image.source.bytes",
        "image.format",
    ),
    "langchain-dumpd": at(
        "langchain", [dumped("HumanMessage", [words(), V0])], SECOND, "0.kwargs.content.1", "data", "mime_type"
    ),
    "langchain-dict": at(
        "langchain", [{"type": "human", "data": {"content": [V1]}}], FIRST, "0.data.content.0", "base64", "mime_type"
    ),
    "langchain-params": at("langchain", call(message(words(), V1)), SECOND, SECOND, "base64", "mime_type"),
    "llamaindex": at(
        "llamaindex",
        [{"role": "user", "blocks": [{"block_type": "image", "image": DATA, "image_mimetype": "image/png"}]}],
        FIRST,
        "0.blocks.0",
        "image",
        "image_mimetype",
    ),
    "vercel": at(
        "vercel",
        [message(words(), {"type": "image", "image": DATA, "mediaType": "image/png"})],
        SECOND,
        "0.content.1",
        "image",
        "mediaType",
    ),
    "vercel-ui": at(
        "vercel",
        [{"id": "1", "role": "user", "parts": [{"type": "file", "mediaType": "image/png", "url": URL}]}],
        FIRST,
        "0.parts.0",
        "url",
        "mediaType",
        copied=True,
    ),
    "mcp": at("mcp", {"content": [MCP_IMAGE], "isError": False}, ANSWER, "content.0", "data", "mimeType"),
    "mcp-resource": at(
        "mcp",
        {"content": [{"type": "resource", "resource": {"uri": "a:b", "blob": DATA, "mimeType": "image/png"}}]},
        ANSWER,
        "content.0",
        "resource.blob",
        "resource.mimeType",
    ),
    "mcp-block": Case("mcp", MCP_IMAGE, ANSWER, "data", "mimeType"),
    "claude-code": at(
        "claude-code", TRANSCRIPT, ANSWER, "3.message.content.0.content.0", "source.data", "source.media_type"
    ),
}
