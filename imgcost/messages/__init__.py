"""A Messages request: its images and documents, each with its place, as the Anthropic SDK words places.

Plain dictionaries are read, and what the SDK offers to build them with: typed parameters, blocks of earlier answers,
paths and open files as data. Nothing is changed, read away or kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.errors import RequestError
from imgcost.messages.body import as_items, as_object, body_bytes, is_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "Part", "Request", "Turn", "as_items", "as_object", "body_bytes", "is_file", "read_request"]

Part: TypeAlias = tuple[Literal["text", "image", "other"], str]
"""A content block as far as the order of blocks goes: its kind, and its text."""

# Keywords of messages.create() that are no part of the body; what is in `extra_body` becomes a part of it.
_NOT_SENT = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "betas"})


class Block(NamedTuple):
    """An image or a document in a request.

    Attributes:
        place: Where, such as `messages.2.content.0.content.1`.
        kind: `image` or `document`.
        source: Its source, as it will be sent.
        toolset: The toolset of Anthropic's that it is a screenshot of, or None.
        transformations: What the block says of them, whatever that is.
    """

    place: str
    kind: Literal["image", "document"]
    source: Mapping[Any, Any]
    toolset: str | None
    transformations: Any


class Turn(NamedTuple):
    """A message of the conversation.

    Attributes:
        place: Where, such as `messages.2`.
        role: Who speaks.
        parts: Its content blocks, in their order.
    """

    place: str
    role: str
    parts: tuple[Part, ...]


class Request(NamedTuple):
    """What pre-flight looks at in a request.

    Attributes:
        model: The model that it names, if it does.
        fallbacks: Further models that may answer it.
        turns: Its messages.
        blocks: Its images and documents, in the order in which they are sent.
        body_bytes: The size of its body as JSON, bytes.
    """

    model: str | None
    fallbacks: tuple[str, ...]
    turns: tuple[Turn, ...]
    blocks: tuple[Block, ...]
    body_bytes: int


def read_request(params: Any) -> Request:
    """Read the keyword arguments of `messages.create`.

    Args:
        params: A mapping of them.

    Returns:
        What they hold.

    Raises:
        RequestError: They are no request, with the place of what is wrong.

    Example:
        >>> image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
        >>> request = read_request({"model": "claude-opus-5", "messages": [{"role": "user", "content": [image]}]})
        >>> request.blocks[0].place
        'messages.0.content.0'
    """
    given = as_object(params, "")
    request = {key: value for key, value in given.items() if key not in _NOT_SENT}
    if given.get("extra_body") is not None:
        request.update(as_object(given["extra_body"], "extra_body"))
    if "messages" not in request:
        raise RequestError("messages", "is missing: a request has a list of messages")
    try:
        size = body_bytes(request)
    except RecursionError:  # whoever called has left little of the stack
        raise RequestError("", "is nested too deep to be read here") from None
    toolsets: dict[str, str] = {}
    turns: list[Turn] = []
    blocks: list[Block] = []
    for number, raw in enumerate(as_items(request["messages"], "messages")):
        place = f"messages.{number}"
        message = as_object(raw, place)
        content = message.get("content")
        if content is None:
            raise RequestError(f"{place}.content", "is missing")
        role = message.get("role")
        if not isinstance(role, str):
            raise RequestError(f"{place}.role", "is missing" if role is None else "must be text")
        items = _content(content, f"{place}.content")
        turns.append(Turn(place, role, tuple(_part(item) for _, item in items)))
        blocks += _blocks(items, toolsets)
    found = Request(_model(request), _fallbacks(request), tuple(turns), tuple(blocks), size)
    if not turns:
        raise RequestError("messages", "is empty: a request has at least one message")
    return found


def _model(request: Mapping[Any, Any]) -> str | None:
    model = request.get("model")
    if model is not None and not isinstance(model, str):
        raise RequestError("model", "must be text")
    return model


def _fallbacks(request: Mapping[Any, Any]) -> tuple[str, ...]:
    """The models named as fallbacks; a word such as `default` leaves them to the server."""
    named = request.get("fallbacks")
    if named is None or isinstance(named, str):
        return ()
    found = []
    for number, raw in enumerate(as_items(named, "fallbacks")):
        model = as_object(raw, f"fallbacks.{number}").get("model")
        if not isinstance(model, str):
            raise RequestError(f"fallbacks.{number}.model", "must be text")
        found.append(model)
    return tuple(found)


def _content(content: Any, place: str) -> list[tuple[str, Mapping[Any, Any]]]:
    """The blocks of a content, each with its place; text alone is one block."""
    if isinstance(content, str):
        return [(place, {"type": "text", "text": content})]
    items = []
    for number, raw in enumerate(as_items(content, place)):
        below = f"{place}.{number}"
        block = as_object(raw, below)
        if not isinstance(block.get("type"), str):
            raise RequestError(f"{below}.type", "is missing" if block.get("type") is None else "must be text")
        items.append((below, block))
    return items


def _part(block: Mapping[Any, Any]) -> Part:
    kind, text = block["type"], block.get("text")
    if kind == "text":
        return "text", text if isinstance(text, str) else ""
    return ("image", "") if kind == "image" else ("other", "")


def _blocks(
    items: list[tuple[str, Mapping[Any, Any]]], toolsets: dict[str, str], toolset: str | None = None
) -> Iterator[Block]:
    # It cannot go deeper than body_bytes, which has seen the same values before.
    for place, block in items:
        kind = block["type"]
        if kind in {"image", "document"}:
            source = as_object(block.get("source"), f"{place}.source")
            yield Block(place, kind, source, toolset, block.get("transformations"))
            if kind == "document" and source.get("type") == "content":
                yield from _blocks(_content(source.get("content"), f"{place}.source.content"), toolsets, toolset)
        elif kind == "tool_use":
            if isinstance(block.get("id"), str) and isinstance(block.get("toolset_name"), str):
                toolsets[block["id"]] = block["toolset_name"]
        else:
            # What a tool gave back; other blocks with a content of their own are looked into the same way.
            yield from _blocks(_inner(place, block), toolsets, _toolset(block, toolsets))


def _inner(place: str, block: Mapping[Any, Any]) -> list[tuple[str, Mapping[Any, Any]]]:
    content, below = block.get("content"), f"{place}.content"
    if content is None or isinstance(content, str):
        return []
    if isinstance(content, Mapping) or hasattr(content, "model_dump"):
        alone = as_object(content, below)
        return [(below, alone)] if isinstance(alone.get("type"), str) else []
    return _content(content, below)


def _toolset(block: Mapping[Any, Any], toolsets: dict[str, str]) -> str | None:
    """The toolset of Anthropic's that a result belongs to: by its own word, or by that of the call that it answers."""
    name, used = block.get("toolset_name"), block.get("tool_use_id")
    if isinstance(name, str):
        return name
    return toolsets.get(used) if isinstance(used, str) else None
