"""Chat messages of LlamaIndex, with their blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, media, text, tool_call, tool_result
from imgcost.shapes.entries import first_entries
from imgcost.shapes.media import base64_source, data_text, guessed_type, source_from_url
from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_KINDS = {"image": ("image", "image_mimetype"), "document": ("data", "document_mimetype")}


def recognizes(node: Node) -> bool:
    """Return whether these are chat messages of LlamaIndex."""
    return any(
        block.has("block_type")
        for message in first_entries(node.get("messages") if node.has("messages") else node)
        for block in message.get("blocks").elements()
    )


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert chat messages of LlamaIndex."""
    draft = Draft(node)
    messages = node.get("messages") if node.has("messages") else node
    for message in messages.array() if messages.is_array() else [messages]:
        message.object()
        role = message.get("role").text_or_none() or "user"
        pieces = [piece for block in message.get("blocks").array() for piece in _pieces(draft, block)]
        if role in {"system", "developer"}:
            draft.add_system(pieces)
        elif role in {"tool", "function"}:
            result = tool_result(message, message.get("additional_kwargs", "tool_call_id"), pieces)
            draft.add_turn("user", message, [result])
        else:
            draft.add_turn("assistant" if role in {"assistant", "chatbot", "model"} else role, message, pieces)
    yield draft.request()


def _pieces(draft: Draft, block: Node) -> Iterator[Piece]:
    kind = block.get("block_type").text()
    if kind == "text":
        yield text(block.get("text"), block)
    elif kind == "tool_call":
        yield tool_call(block, block.get("tool_call_id"), block.get("tool_name"), block.get("tool_kwargs"))
    elif kind in _KINDS:
        yield from _media(draft, block, kind, *_KINDS[kind])
    else:
        draft.skip(block, f"a block of type {kind!r} is not part of the estimate")


def _media(draft: Draft, block: Node, kind: str, key: str, mime_type: str) -> Iterator[Piece]:
    declared = block.get(mime_type)

    def write(new: Mapping[str, Any]) -> Any:
        remaining = {name: value for name, value in block.fields().items() if name not in {"url", "path"}}
        return {**remaining, key: new["source"]["data"], mime_type: new["source"]["media_type"]}

    def write_text(words: str) -> Any:
        return {"block_type": "text", "text": words}

    if block.has(key):
        data = block.get(key)
        encoded = _base64(data)
        default = guessed_type(encoded) or ("image/jpeg" if kind == "image" else "application/pdf")
        source = base64_source(declared.text_or_none() or default, encoded)
    elif block.has("url"):
        data = block.get("url")
        source = source_from_url(data.text(), declared.text_or_none())
    else:
        draft.skip(block, "the file that it names is not read, so it is not part of the estimate")
        return
    yield media(block, source, data, declared, write=write, write_text=write_text, kind=kind)


def _base64(data: Node) -> str:
    """Return base64 text; LlamaIndex keeps it as bytes."""
    return data.value.decode("ascii") if is_a(data.value, bytes) and data.value.isascii() else data_text(data)
