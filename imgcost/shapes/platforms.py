"""Convert request bodies for Bedrock and Google Cloud, where the model is in the URL, and their batches."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from imgcost.shapes import converse
from imgcost.shapes.entries import each_entry, first_entries
from imgcost.shapes.messages_api import request_as_is
from imgcost.shapes.requests import Origin, ShapedRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node

__all__ = [
    "convert_bedrock_batch",
    "convert_google_batch",
    "convert_invoke",
    "convert_raw_predict",
    "recognizes_bedrock_batch",
    "recognizes_google_batch",
    "recognizes_invoke",
    "recognizes_raw_predict",
]

_IN_URL = frozenset({"model"})


def recognizes_invoke(node: Node) -> bool:
    """Return whether this is the body of InvokeModel, or the arguments of boto3's `invoke_model`."""
    return node.text_at("anthropic_version").startswith("bedrock-") or (node.has("modelId", "body"))


def convert_invoke(node: Node) -> Iterator[ShapedRequest]:
    """Take the body of InvokeModel, or the `body` in the arguments of boto3."""
    if not node.has("body") or node.has("messages"):
        yield replace(request_as_is(node, _IN_URL), platform="bedrock")
        return
    body, encoded = _body(node.get("body"))
    request = request_as_is(body, _IN_URL)
    origins: Mapping[str, Origin] = {"": Origin(body.path)} if encoded else request.origins
    model = node.get("modelId").text_or_none()
    yield replace(request, platform="bedrock", model=model, origins=origins)


def _body(node: Node) -> tuple[Node, bool]:
    """Return a body that may be encoded as JSON, and whether it is."""
    if not issubclass(type(node.value), (str, bytes, bytearray)):
        return node, False
    try:
        return node.with_value(json.loads(node.value)), True
    except (ValueError, RecursionError) as error:
        raise node.error(f"is not JSON: {type(error).__name__}") from error


def recognizes_bedrock_batch(node: Node) -> bool:
    """Return whether these are lines of a batch of Bedrock."""
    return any(entry.has("modelInput") for entry in first_entries(node))


def convert_bedrock_batch(node: Node) -> Iterator[ShapedRequest]:
    """Convert lines of a Bedrock batch, whose inputs are those of InvokeModel or Converse."""
    yield from each_entry(node, _bedrock_entry, "recordId")


def _bedrock_entry(entry: Node) -> Iterator[ShapedRequest]:
    model_input = entry.get("modelInput")
    model_input.object()
    yield from (converse.convert(model_input) if converse.recognizes(model_input) else convert_invoke(model_input))


def recognizes_raw_predict(node: Node) -> bool:
    """Return whether this is the body of rawPredict or streamRawPredict on Google Cloud."""
    return node.text_at("anthropic_version").startswith("vertex-")


def convert_raw_predict(node: Node) -> Iterator[ShapedRequest]:
    """Take the body of rawPredict as it is."""
    yield replace(request_as_is(node, _IN_URL), platform="google-cloud")


def recognizes_google_batch(node: Node) -> bool:
    """Return whether these are lines of a batch of Google Cloud."""
    return any(
        entry.has("request") and (entry.has("custom_id") or recognizes_raw_predict(entry.get("request")))
        for entry in first_entries(node)
        if entry.get("request").has("messages")
    )


def convert_google_batch(node: Node) -> Iterator[ShapedRequest]:
    """Take the requests of a batch of Google Cloud as they are."""
    yield from each_entry(node, lambda entry: convert_raw_predict(entry.get("request")), "custom_id")
