"""Fix the blocks of a message without changing what it says: their form, their order, and those that say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import RequestError
from imgcost.messages import as_items, as_object
from imgcost.shapes import langchain, mcp, openai_parts
from imgcost.shapes.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MESSAGE_FIXES", "MessageFix", "as_native", "without_breakpoints"]

_MOVABLE = frozenset({"image", "document", "search_result"})
"""Types of blocks that are accepted in a message as well as in a tool result."""


class MessageFix(NamedTuple):
    """A fix of the content of a message.

    Attributes:
        action: What it does, as a phrase.
        fix: Returns the new content; None if it does not help.
    """

    action: str
    fix: Callable[[Sequence[Mapping[Any, Any]]], list[Any] | None]


def as_native(block: Mapping[Any, Any]) -> Mapping[str, Any] | None:
    """Return an image block of another API as a block of the Messages API.

    Args:
        block: A block that the API does not accept.

    Returns:
        The block; None if it is not in a known form.

    >>> as_native({"type": "image", "data": "R0lG", "mimeType": "image/gif"})["source"]["media_type"]
    'image/gif'
    """
    node = Node(block)
    try:
        if node.has("data", "mimeType"):
            new = mcp.media_with_mime_type(node, node.get("data")).block
        elif node.text_at("type") in {"image_url", "input_image", "input_text", "input_file"} or node.has("file"):
            new = openai_parts.part(node).block
        elif node.text_at("type") in {"image", "file"} and not node.has("source"):
            new = langchain.standard_block(node).block
        else:
            return None
    except RequestError:
        return None
    return None if new.get("type") == block.get("type") and "source" not in new else new


def without_breakpoints(params: Mapping[Any, Any], excess: int) -> dict[str, Any]:
    """Return blocks without their `cache_control`: the last breakpoints remain, which cache all that is before them.

    Args:
        params: The request.
        excess: How many breakpoints it has too many.

    Returns:
        Location of a block in the messages -> the block without a breakpoint; empty if there are not enough.
    """
    blocks: dict[str, Any] = {}
    for number, raw in enumerate(as_items(params["messages"], "messages")):
        content = as_object(raw, "").get("content")
        for index, item in enumerate(() if isinstance(content, str) else as_items(content, "")):
            block = as_object(item, "")
            if block.get("cache_control") is not None and len(blocks) < excess:
                without = {key: value for key, value in block.items() if key != "cache_control"}
                blocks[f"messages.{number}.content.{index}"] = without
    return blocks if len(blocks) == excess else {}


def _without_empty_texts(content: Sequence[Mapping[Any, Any]]) -> list[Any] | None:
    # A breakpoint on an empty text would be lost; such a block is not removed.
    remaining = [
        block
        for block in content
        if block.get("type") != "text" or str(block.get("text")).strip() or block.get("cache_control") is not None
    ]
    return remaining or None


def _results_first(content: Sequence[Mapping[Any, Any]]) -> list[Any] | None:
    results = [block for block in content if block.get("type") == "tool_result"]
    return results + [block for block in content if block.get("type") != "tool_result"]


def _errors_as_text(content: Sequence[Mapping[Any, Any]]) -> list[Any] | None:
    """Move what is not text out of the results of tools that failed, to the end of all results."""
    new: list[Any] = []
    moved: list[Any] = []
    for block in content:
        inner = block.get("content")
        failed = block.get("type") == "tool_result" and block.get("is_error") is True
        if not failed or inner is None or isinstance(inner, str):
            new.append(block)
            continue
        items = [as_object(item, "") for item in as_items(inner, "")]
        others = [item for item in items if item.get("type") != "text"]
        if not all(item.get("type") in _MOVABLE for item in others):
            return None
        moved += others
        new.append({**block, "content": [item for item in items if item.get("type") == "text"]})
    last = max((index for index, block in enumerate(new) if block.get("type") == "tool_result"), default=-1)
    return [*new[: last + 1], *moved, *new[last + 1 :]]


MESSAGE_FIXES = {
    "empty-text": MessageFix("removed an empty text", _without_empty_texts),
    "tool-results": MessageFix("moved the results of tools to the beginning of the message", _results_first),
    "error-result": MessageFix("moved images out of the result of a tool that failed", _errors_as_text),
}
"""Fixes of a message by the rule that requires them."""
