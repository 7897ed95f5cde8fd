"""A Messages request: its images and documents, each with its location, as the Anthropic SDK words locations.

Plain dictionaries are read, and what the SDK offers to build them with: typed parameters, blocks of earlier answers,
paths and open files as data. Nothing is changed, read away or kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import RequestError
from imgcost.messages.body import as_items, as_object, body_bytes, is_file
from imgcost.messages.content import Block, Content, Part, Text, ToolResult
from imgcost.tables import block_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Block",
    "Part",
    "Request",
    "Text",
    "ToolResult",
    "Turn",
    "as_items",
    "as_object",
    "body_bytes",
    "is_file",
    "read_request",
]

# Keywords of messages.create() that are no part of the body; what is in `extra_body` becomes a part of it.
_NOT_SENT = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "betas"})


class Turn(NamedTuple):
    """A message of the conversation.

    Attributes:
        location: Where, such as `messages.2`.
        role: Who speaks.
        parts: Its content blocks, in their order.
    """

    location: str
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
        texts: Its texts: those of messages, of tool results, of `system` and of plain-text documents.
        results: The results of tools.
        cache_breakpoints: How many blocks have `cache_control`.
        problems: Where it breaks the schema of the API, in ways that let the rest be read.
        streams: Whether it has `stream` set.
        max_tokens: Whether it has `max_tokens`.
        version: Its `anthropic_version`, such as `bedrock-2023-05-31`; else None.
    """

    model: str | None
    fallbacks: tuple[str, ...]
    turns: tuple[Turn, ...]
    blocks: tuple[Block, ...]
    body_bytes: int
    texts: tuple[Text, ...] = ()
    results: tuple[ToolResult, ...] = ()
    cache_breakpoints: int = 0
    problems: tuple[RequestError, ...] = ()
    streams: bool = False
    max_tokens: bool = True
    version: str | None = None


def read_request(params: Any) -> Request:
    """Read the keyword arguments of `messages.create`.

    Args:
        params: A mapping of them.

    Returns:
        What they hold.

    Raises:
        RequestError: They are no request, with the location of what is wrong.

    Example:
        >>> image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
        >>> request = read_request({"model": "claude-opus-5", "messages": [{"role": "user", "content": [image]}]})
        >>> request.blocks[0].location
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
    found = Content()
    turns: list[Turn] = []
    model, fallbacks = _model(request), _fallbacks(request)
    if request.get("system") is not None:
        found.read(request["system"], "system", "system")
    for number, raw in enumerate(as_items(request["messages"], "messages")):
        turns.append(_turn(raw, f"messages.{number}", found))
    if not turns:
        raise RequestError("messages", "is empty: a request has at least one message")
    if request.get("tools") is not None:
        found.count_breakpoints(request["tools"])
    version = request.get("anthropic_version")
    return Request(
        model,
        fallbacks,
        tuple(turns),
        tuple(found.blocks),
        size,
        tuple(found.texts),
        tuple(found.results),
        found.breakpoints,
        tuple(found.problems),
        streams=bool(request.get("stream")),
        max_tokens=request.get("max_tokens") is not None,
        version=version if isinstance(version, str) else None,
    )


def _turn(raw: Any, location: str, found: Content) -> Turn:
    message = as_object(raw, location)
    content, role = message.get("content"), message.get("role")
    if content is None:
        raise RequestError(f"{location}.content", "is missing")
    if not isinstance(role, str):
        raise RequestError(f"{location}.role", "is missing" if role is None else "must be text")
    if role not in block_table().roles:
        roles = ", ".join(block_table().roles)
        found.problems.append(
            RequestError(f"{location}.role", f"the role {role[:60]!a} is unknown: use one of {roles}")
        )
    parts = found.read(content, f"{location}.content", "system" if role == "system" else "message")
    return Turn(location, role, parts)


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
