"""Read documents with many requests. An entry that is not a request does not affect the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgcost.errors import RequestError
from imgcost.shapes.requests import Origin, ShapedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcost.shapes.nodes import Node

__all__ = ["each_entry", "first_entries"]

_DETECTION_ENTRIES = 50
"""Number of entries that are used to detect the shape of a document."""


def first_entries(node: Node) -> list[Node]:
    """Return the first entries of a list, or the value itself as the only one."""
    return node.elements(_DETECTION_ENTRIES) if node.is_array() else [node]


def each_entry(
    node: Node, convert: Callable[[Node], Iterator[ShapedRequest]], id_key: str = ""
) -> Iterator[ShapedRequest]:
    """Convert each entry of a list, or the value itself as the only one.

    Args:
        node: A list of entries, or one entry.
        convert: Converts one entry.
        id_key: The key of the id in an entry.

    Yields:
        Its requests; one with an error for each entry that is not a request.
    """
    for item in node.array() if node.is_array() else [node]:
        entry = item.detached()
        name = entry.text_at(id_key) or None
        try:
            entry.object()
            for request in convert(entry):
                yield replace(request, id=name)
        except RequestError as error:
            yield ShapedRequest(params={}, origins={"": Origin(entry.path)}, id=name, error=error)
