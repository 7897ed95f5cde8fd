"""LangChain's messages: `dumpd`, `messages_to_dict`, the messages themselves, and the standard content blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes import openai_parts
from imgcost.shapes.drafts import Draft, Piece, as_is, media, text, tool_call, tool_result
from imgcost.shapes.entries import first_entries
from imgcost.shapes.media import base64_source, file_source, source_from_url, text_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes", "standard_block"]

_ROLES = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_DATA_KEYS = ("base64", "data", "url", "file_id")


def recognizes(node: Node) -> bool:
    """Return whether these are messages of LangChain, or messages with its standard blocks."""
    if node.text_at("type") == "constructor" and node.has("lc"):
        return True
    messages = first_entries(_messages(node))
    return any(_is_message(message) for message in messages) or any(
        _is_standard(block) for message in _messages(node).elements() for block in message.get("content").elements()
    )


def _messages(node: Node) -> Node:
    """Return the list of messages, from a list, a prompt, a state or a request."""
    if node.has("messages"):
        return node.get("messages")
    prompt = node.get("kwargs", "messages")
    return prompt if prompt.is_array() else node


def _is_message(message: Node) -> bool:
    if message.text_at("type") == "constructor":
        return message.has("lc", "kwargs")
    kind = message.text_at("type").removesuffix("MessageChunk").lower()
    return kind in _ROLES and (message.get("data").has("content") or message.has("content"))


def _is_standard(block: Node) -> bool:
    if block.has("source"):
        return False
    kind = block.text_at("type")
    if kind in {"image", "file", "audio", "video"}:
        return block.has_any("source_type", "base64") or (
            block.has_any("url", "file_id") and not block.has_any("mediaType", "data")
        )
    return kind in {"text-plain", "non_standard"}


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert messages of LangChain."""
    draft = Draft(node)
    messages = _messages(node)
    for message in messages.array() if messages.is_array() else [messages]:
        _message(draft, message)
    if not node.is_array():
        draft.set("max_tokens", node.get("max_tokens"))
        if node.has("model", "messages"):
            draft.notes.append(
                "content blocks of LangChain: langchain-anthropic converts them, messages.create rejects them"
            )
    model = node.get("model") if node.has("model", "messages") else None
    yield draft.request(model=model)


def _message(draft: Draft, message: Node) -> None:
    fields, kind = message, message.text_at("type")
    if kind == "constructor":
        fields = message.get("kwargs")
        kind = str(fields.text_at("type") or _class_name(message))
    elif message.get("data").has("content"):
        fields = message.get("data")
    fields.object()
    role = _role(fields, kind)
    pieces = _content(draft, fields.get("content"))
    if role == "system":
        draft.add_system(pieces)
    elif role == "tool":
        failed = fields.text_at("status") == "error"
        draft.add_turn("user", message, [tool_result(fields, fields.get("tool_call_id"), pieces, error=failed)])
    elif role == "assistant":
        draft.add_turn(role, message, [*pieces, *_calls(fields, pieces)])
    else:
        draft.add_turn(role, message, pieces)


def _class_name(message: Node) -> str:
    names = [name.value for name in message.get("id").elements() if name.is_text()]
    return names[-1].removesuffix("Chunk").removesuffix("Message").lower() if names else ""


def _role(fields: Node, kind: str) -> str:
    """Return the role of a message. The type of a chunk is the name of its class."""
    word = kind.removesuffix("MessageChunk").lower()
    if word in {"", "chat"}:
        word = fields.get("role").text()
    return _ROLES.get(word, word)


def _content(draft: Draft, content: Node) -> list[Piece]:
    if content.value is None:
        return []
    if content.is_text():
        return [text(content)] if content.value else []
    return [piece for block in content.array() for piece in _pieces(draft, block)]


def _calls(fields: Node, pieces: list[Piece]) -> Iterator[Piece]:
    """Convert the tool calls that are not already among the content blocks."""
    converted_ids = [piece.block.get("id") for piece in pieces if piece.block.get("type") == "tool_use"]
    for call in fields.get("tool_calls").elements():
        if call.text_at("id") not in converted_ids:
            yield tool_call(call, call.get("id"), call.get("name"), call.get("args"))


def _pieces(draft: Draft, block: Node) -> Iterator[Piece]:
    if block.is_text():
        yield text(block)
        return
    block.object()
    kind = block.get("type").text()
    if kind == "text":
        yield text(block.get("text"), block)
    elif kind == "image_url" or (kind == "file" and block.has("file")):
        yield openai_parts.part(block)
    elif kind in {"image", "file"} and not block.has("source"):
        yield standard_block(block, "image" if kind == "image" else "document")
    elif kind == "text-plain":
        source = text_source(block.get("text").text())
        yield media(block, source, block.get("text"), write=None, kind="document")
    elif kind in {"tool_call", "tool_call_chunk"}:
        yield tool_call(block, block.get("id"), block.get("name"), block.get("args"))
    elif kind == "non_standard":
        yield as_is(block.get("value"))
    elif kind == "reasoning":
        draft.skip(block, "reasoning is not part of the estimate")
    else:
        yield as_is(block)


def standard_block(block: Node, kind: str = "image") -> Piece:
    """Convert a standard block: version 0 has `source_type`, version 1 has the key itself."""
    source_type = block.text_at("source_type")
    if source_type == "text":
        data = block.get("text")
        return media(block, text_source(data.text()), data, write=None, kind=kind)
    # A block of version 1 may have its own `id`, which is not the id of a file.
    key = "id" if source_type == "id" else next((key for key in _DATA_KEYS if block.has(key)), None)
    if key is None:
        raise block.error("has neither base64 data, nor a URL, nor a file id")
    data, declared = block.get(key), block.get("mime_type")
    if key == "url":
        source = source_from_url(data.text(), declared.text_or_none())
    elif key in {"base64", "data"}:
        source = base64_source(declared.text_or_none() or ("" if kind == "image" else "application/pdf"), data.text())
    else:
        source = file_source(data.text())

    def write(new: Mapping[str, Any]) -> Any:
        remaining = {name: value for name, value in block.fields().items() if name not in _DATA_KEYS}
        written = {**remaining, "mime_type": new["source"]["media_type"]}
        if source_type:
            return {**written, "source_type": "base64", "data": new["source"]["data"]}
        return {**written, "base64": new["source"]["data"]}

    return media(block, source, data, declared if key in {"base64", "data"} else None, write=write, kind=kind)
