"""Results of MCP: what tools, prompts and resources return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, as_is, media, text, tool_result
from imgcost.shapes.entries import first_entries
from imgcost.shapes.media import base64_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "media_with_mime_type", "recognizes"]

_CALL = {"type": "tool_use", "id": "mcp", "name": "mcp", "input": {}}


def recognizes(node: Node) -> bool:
    """Return whether this is an MCP result, its content, or one of its blocks."""
    if node.has("jsonrpc"):
        return True
    if node.is_array() or not node.has_any("content", "contents", "messages"):
        return any(_is_block(block) for block in first_entries(node))
    if node.has("messages"):
        return any(_is_block(message.get("content")) for message in node.get("messages").elements())
    blocks = node.get("content").elements() + node.get("contents").elements()
    return not node.has("role") and any(
        node.has_any("isError", "structuredContent") or _is_block(block) or block.has("uri") for block in blocks
    )


def _is_block(block: Node) -> bool:
    kind = block.text_at("type")
    return (kind in {"image", "audio"} and block.has("data", "mimeType")) or (
        kind == "resource" and block.get("resource").has("uri")
    )


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert an MCP result to a conversation in which a tool returns it."""
    draft = Draft(node)
    result = next((node.get(key) for key in ("result", "params") if node.has("jsonrpc", key)), node)
    if result.has("messages"):
        for message in result.get("messages").array():
            content = message.get("content")
            parts = content.array() if content.is_array() else [content]
            draft.add_turn(message.get("role").text(), message, [_piece(part) for part in parts])
        draft.set("max_tokens", result.get("maxTokens"))
        if result.has("systemPrompt"):
            draft.add_system([text(result.get("systemPrompt"))])
    else:
        _answer(draft, result)
    yield draft.request()


def _answer(draft: Draft, result: Node) -> None:
    blocks = next((result.get(key) for key in ("content", "contents") if result.has(key)), result)
    pieces = [_piece(block) for block in (blocks.array() if blocks.is_array() else [blocks])]
    draft.add_turn("user", result, [Piece({"type": "text", "text": "Call the tool."}, result.path)])
    draft.add_turn("assistant", result, [Piece(_CALL, result.path)])
    call_id = result.child("", "mcp")
    error = result.fields().get("isError") is True
    draft.add_turn("user", result, [tool_result(result, call_id, pieces, error=error)])
    draft.notes.append("a tool result alone: it is checked as the answer to one call")


def _piece(block: Node) -> Piece:
    kind = block.get("type").text_or_none()
    if kind == "text":
        return text(block.get("text"), block)
    if kind == "image" and not block.has("source"):
        return media_with_mime_type(block, block.get("data"))
    if kind == "resource" or block.has("uri"):
        return _resource(block, block.get("resource") if kind == "resource" else block)
    return as_is(block)


def _resource(block: Node, resource: Node) -> Piece:
    """Convert an embedded resource, or a link to a resource."""
    if resource.has("text"):
        return text(resource.get("text"), block)
    if resource.has("blob"):
        return media_with_mime_type(block, resource.get("blob"), resource)
    return Piece({"type": "text", "text": resource.get("uri").text()}, block.path)


def media_with_mime_type(block: Node, data: Node, holder: Node | None = None) -> Piece:
    """Convert data with a `mimeType`.

    Args:
        block: The block.
        data: Its base64 data.
        holder: The object that contains both, if it is not the block.

    Returns:
        An image, or a document.
    """
    owner = holder or block
    declared = owner.get("mimeType")
    key = str(data.path[-1])

    def write(new: Mapping[str, Any]) -> Any:
        changed = {**owner.fields(), key: new["source"]["data"], "mimeType": new["source"]["media_type"]}
        return {**block.fields(), str(owner.path[-1]): changed} if holder and holder is not block else changed

    source = base64_source(declared.text(), data.text())
    return media(block, source, data, declared, write=write)
