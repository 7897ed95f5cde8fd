"""Amazon Bedrock's Converse: JSON with base64, or the arguments of boto3 with bytes."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, json_text, media, text, tool_call, tool_result
from imgcost.shapes.media import base64_source, data_text, text_of, text_source
from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_KEYS = ("modelId", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "guardrailConfig")
_BLOCKS = ("text", "image", "document", "video", "audio", "toolUse", "toolResult", "guardContent", "reasoningContent")
_CONVERTED_BY_BEDROCK = ("doc", "docx", "xls", "xlsx")


def recognizes(node: Node) -> bool:
    """Return whether this is a request to Converse, or the list of its messages."""
    messages = node if node.is_array() else node.get("messages")
    if not node.is_array() and messages.is_array() and node.has_any(*_KEYS):
        return True
    blocks = [block for message in messages.elements() for block in message.get("content").elements()]
    return any(block.has_any(*_BLOCKS, "cachePoint") for block in blocks) and not any(
        block.has("type") or block.is_text() for block in blocks
    )


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert a request to Converse, or the list of its messages."""
    draft = Draft(node)
    body = node if not node.is_array() else node.child("", {})
    for block in body.get("system").elements():
        if not block.has("cachePoint"):
            draft.add_system(_pieces(draft, block))
    for message in (node if node.is_array() else node.get("messages")).array():
        message.object()
        role = message.get("role").text()
        draft.add_turn(role, message, [])
        for block in message.get("content").array():
            if block.has("cachePoint"):
                draft.cache_last({"type": "ephemeral"})
            else:
                draft.add_turn(role, message, _pieces(draft, block))
    draft.set("max_tokens", body.get("inferenceConfig", "maxTokens"))
    tools = [tool.get("toolSpec") for tool in body.get("toolConfig", "tools").elements() if tool.has("toolSpec")]
    if tools:
        draft.set("tools", body.get("toolConfig", "tools"), [_tool(tool) for tool in tools])
    yield draft.request(model=body.get("modelId"), platform="bedrock")


def _pieces(draft: Draft, block: Node) -> Iterator[Piece]:
    """Convert a content block; what is not in the request (media in S3, Office files) is noted."""
    fields = block.object()
    if block.has("text"):
        yield text(block.get("text"), block)
    elif block.has("image"):
        yield from _image(draft, block, block.get("image"))
    elif block.has("document"):
        yield from _document(draft, block, block.get("document"))
    elif block.has("toolUse"):
        use = block.get("toolUse")
        yield tool_call(block, use.get("toolUseId"), use.get("name"), use.get("input"))
    elif block.has("toolResult"):
        result = block.get("toolResult")
        inner = [piece for item in result.get("content").array() for piece in _pieces(draft, item)]
        yield tool_result(block, result.get("toolUseId"), inner, error=result.text_at("status") == "error")
    elif block.has("json"):
        yield json_text(block.get("json"))
    elif block.has("reasoningContent"):
        reasoning = block.get("reasoningContent", "reasoningText")
        thinking = {"thinking": reasoning.text_at("text"), "signature": reasoning.text_at("signature")}
        yield Piece({"type": "thinking", **thinking}, block.path)
    elif block.has("guardContent"):
        yield from _pieces(draft, _guarded(block.get("guardContent")))
    else:  # Claude does not read it: the check of the request reports its type
        yield Piece({"type": next((key for key in fields if is_a(key, str)), "nothing")}, block.path)


def _image(draft: Draft, block: Node, image: Node) -> Iterator[Piece]:
    form, data = image.get("format"), image.get("source", "bytes")

    def write(new: Mapping[str, Any]) -> Any:
        source = new["source"]
        kind = str(source["media_type"]).removeprefix("image/")
        return {"image": {**image.fields(), "format": kind, "source": {"bytes": _like(data, source["data"])}}}

    if data.value is None and image.get("source").has("s3Location"):
        draft.skip(image.get("source", "s3Location"), "an image in S3 is not read, so it is not part of the estimate")
        return
    source = base64_source(f"image/{form.text()}", data_text(data))
    yield media(block, source, data, form, write=write, write_text=_text, kind="image")


def _document(draft: Draft, block: Node, document: Node) -> Iterator[Piece]:
    form, source = document.get("format"), document.get("source")
    kind = form.text_or_none() or "txt"

    def write(new: Mapping[str, Any]) -> Any:
        data = {"bytes": _like(source.get("bytes"), new["source"]["data"])}
        return {"document": {**document.fields(), "format": "pdf", "source": data}}

    if source.has("s3Location"):
        draft.skip(source.get("s3Location"), "a document in S3 is not read, so it is not part of the estimate")
    elif kind in _CONVERTED_BY_BEDROCK:
        draft.skip(document, f"Bedrock converts a {kind} file to text, which is not part of the estimate")
    elif source.has("text"):
        yield _text_document(block, source.get("text"), source.get("text").text())
    elif source.has("content"):
        for part in source.get("content").array():
            yield text(part.get("text"), part)
    elif kind == "pdf":
        data = source.get("bytes")
        pdf = base64_source("application/pdf", data_text(data))
        yield media(block, pdf, data, form, write=write, write_text=_text, kind="document")
    else:
        yield _text_document(block, source.get("bytes"), text_of(source.get("bytes")))


def _text_document(block: Node, data: Node, words: str) -> Piece:
    return media(block, text_source(words), data, write=None, write_text=_text, kind="document")


def _guarded(content: Node) -> Node:
    """Return content for a guardrail as the block that it is for Claude."""
    return content if content.has("image") else content.get("text")


def _like(original: Node, data: Any) -> Any:
    """Write base64 in the form of the original: bytes in Python, text in JSON."""
    if original.is_text():
        return data
    return a2b_base64(data)


def _text(words: str) -> Any:
    return {"text": words}


def _tool(tool: Node) -> Any:
    fields = {
        "name": tool.get("name").value,
        "description": tool.get("description").value,
        "input_schema": tool.get("inputSchema", "json").value,
    }
    return {key: value for key, value in fields.items() if value is not None}
