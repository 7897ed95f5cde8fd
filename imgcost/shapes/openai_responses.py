"""OpenAI's Responses API: `input` as text or as a list of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.shapes.drafts import Draft, text, tool_call, tool_result
from imgcost.shapes.openai_parts import content, part, platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.shapes.drafts import Piece
    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_CALLS = {"function_call": "arguments", "custom_tool_call": "input", "computer_call": "action"}
_OUTPUTS = ("function_call_output", "custom_tool_call_output", "computer_call_output")
_PARTS = ("input_text", "input_image", "input_file", "output_text")


def recognizes(node: Node) -> bool:
    """Return whether this is a request to the Responses API, or its input."""
    if not node.is_array():
        if node.has("messages") or not node.has("input"):
            return False
        if node.get("input").is_text():
            return node.has("model")
        node = node.get("input")
    return any(
        item.text_at("type") in (*_CALLS, *_OUTPUTS, "message", "item_reference")
        or item.text_at("type") in _PARTS
        or any(part.text_at("type") in _PARTS for part in item.get("content").elements())
        or (item.has("role") and node.path[-1:] == ("input",))
        for item in node.elements()
    )


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert a request to the Responses API, or its input."""
    draft = Draft(node)
    body = node if not node.is_array() else node.child("", {})
    input_node = node if node.is_array() else node.get("input")
    if body.has("instructions"):
        draft.add_system(content(body.get("instructions")))
    if input_node.is_text():
        draft.add_turn("user", input_node, [text(input_node)])
    else:
        for item in input_node.array():
            _item(draft, item)
    draft.set("max_tokens", body.get("max_output_tokens"))
    draft.set("stream", body.get("stream"))
    yield draft.request(model=body.get("model"), platform=platform_of(body.text_at("model")))


def _item(draft: Draft, item: Node) -> None:
    item.object()
    kind = item.get("type").text_or_none() or "message"
    if kind == "message":
        role = item.get("role").text()
        pieces = content(item.get("content"))
        if role in {"system", "developer"}:
            draft.add_system(pieces)
        else:
            draft.add_turn(role, item, pieces)
    elif kind in _PARTS:
        draft.add_turn("user", item, [part(item)])
    elif kind in _CALLS:
        call = tool_call(item, item.get("call_id"), item.get("name"), item.get(_CALLS[kind]))
        draft.add_turn("assistant", item, [call])
    elif kind in _OUTPUTS:
        draft.add_turn("user", item, [tool_result(item, item.get("call_id"), _output(item.get("output")))])
    else:
        draft.skip(item, f"an item of type {kind!r} is not part of the estimate")


def _output(output: Node) -> list[Piece]:
    if output.text_at("type") == "computer_screenshot":
        return [part(output)]
    return content(output)
