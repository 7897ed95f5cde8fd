"""Convert lines of logs and of OpenAI batches that contain requests."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from imgcost.shapes import converse, openai_chat, openai_responses
from imgcost.shapes.entries import each_entry, first_entries
from imgcost.shapes.messages_api import request_as_is
from imgcost.shapes.requests import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "convert_openai_batch", "recognizes", "recognizes_openai_batch"]

_INSIDE = (
    ("request", "body"),
    ("request", "json"),
    ("request",),
    ("body",),
    ("request_body",),
    ("requestBody",),
    ("payload",),
    ("kwargs",),
    ("params",),
    ("data",),
)


def recognizes_openai_batch(node: Node) -> bool:
    """Return whether these are lines of a batch of OpenAI."""
    return any(entry.has("custom_id", "url", "body") for entry in first_entries(node))


def convert_openai_batch(node: Node) -> Iterator[ShapedRequest]:
    """Convert lines of a batch of OpenAI."""
    yield from each_entry(node, _batch_entry, "custom_id")


def _batch_entry(entry: Node) -> Iterator[ShapedRequest]:
    body = entry.get("body")
    body.object()
    yield from (openai_responses if openai_responses.recognizes(body) else openai_chat).convert(body)


def recognizes(node: Node) -> bool:
    """Return whether these are entries that contain requests."""
    return any(not entry.has("messages") and _inside(entry) is not None for entry in first_entries(node))


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert the request in each entry."""
    yield from each_entry(node, _entry)


def _entry(entry: Node) -> Iterator[ShapedRequest]:
    inside = _inside(entry)
    if inside is None:
        raise entry.error("has no request inside")
    body, encoded = inside
    if openai_responses.recognizes(body) or openai_chat.recognizes(body):
        module = openai_responses if openai_responses.recognizes(body) else openai_chat
        requests = list(module.convert(body))
    else:
        requests = list(converse.convert(body)) if converse.recognizes(body) else [request_as_is(body)]
    for request in requests:
        # JSON inside a string cannot be written back: the origins only map locations.
        origins = {key: Origin(origin.path) for key, origin in request.origins.items()}
        yield replace(request, origins=origins) if encoded else request


def _inside(entry: Node) -> tuple[Node, bool] | None:
    """Return the request in an entry, and whether it is encoded as text."""
    for keys in _INSIDE:
        body, encoded = entry.get(*keys), False
        if body.is_text():
            try:
                body, encoded = body.with_value(json.loads(body.value)), True
            except (ValueError, RecursionError):
                continue
        if body.has("messages") or openai_responses.recognizes(body):
            return body, encoded
    return None
