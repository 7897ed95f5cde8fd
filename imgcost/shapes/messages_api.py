"""Read the shapes of the Messages API itself: the arguments of a call, messages, blocks, and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.shapes.entries import each_entry, first_entries
from imgcost.shapes.requests import Origin, ShapedRequest, verbatim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.shapes.nodes import Node
    from imgcost.tables import Platform

__all__ = [
    "convert",
    "convert_batch",
    "convert_blocks",
    "convert_messages",
    "recognizes",
    "recognizes_batch",
    "recognizes_blocks",
    "recognizes_messages",
    "request_as_is",
]

# Other JSON also has types, such as JSON schema and package.json.
_BLOCKS = ("text", "image", "document", "tool_use", "tool_result", "search_result", "image_url", "input_image", "file")
_IMPLIED = frozenset({"max_tokens", "model"})
_PLATFORMS: dict[str, Platform] = {"bedrock": "bedrock", "vertex": "google-cloud"}


def recognizes(node: Node) -> bool:
    """Return whether this looks like the arguments of `messages.create`."""
    return node.get("messages").is_array() or (node.has("messages") and node.has_any("model", "max_tokens"))


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Take the arguments of `messages.create` as they are."""
    yield request_as_is(node)


def request_as_is(node: Node, implied: frozenset[str] = frozenset()) -> ShapedRequest:
    """Take a body of the Messages API on any platform, without copying or checking it."""
    node.object()
    platform = _PLATFORMS.get(node.text_at("anthropic_version").partition("-")[0])
    return ShapedRequest(
        params=node.value,
        origins={"": Origin(node.path, verbatim)},
        model=node.text_at("model") or None,
        platform=platform,
        implied=implied,
    )


def recognizes_messages(node: Node) -> bool:
    """Return whether this is a list of messages, or one message."""
    return any(message.has("role", "content") for message in first_entries(node))


def convert_messages(node: Node) -> Iterator[ShapedRequest]:
    """Take a list of messages, or one message."""
    origins = {"": Origin(node.path), "messages": Origin(node.path, verbatim)}
    messages = node.value
    if not node.is_array():
        messages = [node.object() and node.value]
        origins["messages.0"] = Origin(node.path, verbatim)
    yield ShapedRequest(params={"messages": messages}, origins=origins, implied=_IMPLIED)


def recognizes_blocks(node: Node) -> bool:
    """Return whether this is a content block, or a list of them."""
    return any(block.text_at("type") in _BLOCKS and not block.has("role") for block in first_entries(node))


def convert_blocks(node: Node) -> Iterator[ShapedRequest]:
    """Take a content block, or a list of them, as the message of a user."""
    location = "messages.0.content" if node.is_array() else "messages.0.content.0"
    blocks = node.value if node.is_array() else [node.object() and node.value]
    origins = {"": Origin(node.path), location: Origin(node.path, verbatim)}
    yield ShapedRequest(params={"messages": [{"role": "user", "content": blocks}]}, origins=origins, implied=_IMPLIED)


def recognizes_batch(node: Node) -> bool:
    """Return whether this is the body of a message batch, a list of its requests, or one of them."""
    if node.get("requests").is_array() and not node.has("messages"):
        return True
    if node.is_array() and not node.elements():
        return True
    return any(
        entry.has("params")
        and not entry.has("jsonrpc")
        and (entry.has("custom_id") or entry.get("params").has("messages"))
        for entry in first_entries(node)
    )


def convert_batch(node: Node) -> Iterator[ShapedRequest]:
    """Take the requests of a message batch, or their parameters alone."""
    entries = node.get("requests") if node.has("requests") else node
    yield from each_entry(entries, _entry, "custom_id")


def _entry(entry: Node) -> Iterator[ShapedRequest]:
    alone = entry.has("messages") and not entry.has("params")
    if not alone and not entry.has("params"):
        raise entry.get("params").error("is missing: it has the arguments of messages.create")
    yield request_as_is(entry if alone else entry.get("params"))
