"""Read a Messages request: its images, documents and texts, with locations as the Anthropic SDK writes them.

Requests are plain dictionaries, or contain what the SDK accepts in them: typed parameters, blocks of earlier answers,
paths and open files. They are not changed or consumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import RequestError
from imgcost.messages.body import as_items, as_object, body_bytes, is_file
from imgcost.messages.content import ContentBlock, ContentReader, MediaBlock, Text, ToolResult
from imgcost.tables import block_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ContentBlock",
    "MediaBlock",
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

# Arguments of messages.create() that are not in the body; the content of `extra_body` is merged into it.
_NOT_SENT = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "betas"})


class Turn(NamedTuple):
    """A message of the conversation.

    Attributes:
        location: The location, such as `messages.2`.
        role: The role, such as `user`.
        blocks: Its content blocks, in order.
    """

    location: str
    role: str
    blocks: tuple[ContentBlock, ...]


class Request(NamedTuple):
    """The parts of a request that are checked.

    Attributes:
        model: The name of the model; None if there is none.
        fallbacks: Further models that may answer it.
        turns: Its messages.
        media: Its images and documents, in order.
        body_bytes: Size of the body as JSON, bytes.
        texts: Its texts, in messages, tool results, `system` and plain-text documents.
        results: Its tool results.
        cache_breakpoints: Number of blocks with `cache_control`.
        problems: Where it does not match the schema of the API, although the rest can be read.
        streams: Whether it has `stream` set.
        max_tokens: Whether it has `max_tokens`.
    """

    model: str | None
    fallbacks: tuple[str, ...]
    turns: tuple[Turn, ...]
    media: tuple[MediaBlock, ...]
    body_bytes: int
    texts: tuple[Text, ...] = ()
    results: tuple[ToolResult, ...] = ()
    cache_breakpoints: int = 0
    problems: tuple[RequestError, ...] = ()
    streams: bool = False
    max_tokens: bool = True


def read_request(params: Any) -> Request:
    """Read the keyword arguments of `messages.create`.

    Args:
        params: A mapping of them.

    Returns:
        The request.

    Raises:
        RequestError: The arguments are not a request; the error has the location.

    Example:
        >>> image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
        >>> request = read_request({"model": "claude-opus-5", "messages": [{"role": "user", "content": [image]}]})
        >>> request.media[0].location
        'messages.0.content.0'
    """
    arguments = as_object(params, "")
    request = {key: value for key, value in arguments.items() if key not in _NOT_SENT}
    if arguments.get("extra_body") is not None:
        request.update(as_object(arguments["extra_body"], "extra_body"))
    if "messages" not in request:
        raise RequestError("messages", "is missing: a request has a list of messages")
    try:
        size = body_bytes(request)
    except RecursionError:  # the caller has used most of the stack
        raise RequestError("", "is nested too deeply to be read here") from None
    content = ContentReader()
    turns: list[Turn] = []
    model, fallbacks = _model(request), _fallbacks(request)
    if request.get("system") is not None:
        content.read(request["system"], "system", "system")
    for number, raw in enumerate(as_items(request["messages"], "messages")):
        turns.append(_turn(raw, f"messages.{number}", content))
    if not turns:
        raise RequestError("messages", "is empty: a request has at least one message")
    if request.get("tools") is not None:
        content.count_breakpoints(request["tools"])
    return Request(
        model,
        fallbacks,
        tuple(turns),
        tuple(content.media),
        size,
        tuple(content.texts),
        tuple(content.results),
        content.breakpoints,
        tuple(content.problems),
        streams=bool(request.get("stream")),
        max_tokens=request.get("max_tokens") is not None,
    )


def _turn(raw: Any, location: str, reader: ContentReader) -> Turn:
    message = as_object(raw, location)
    content, role = message.get("content"), message.get("role")
    if content is None:
        raise RequestError(f"{location}.content", "is missing")
    if not isinstance(role, str):
        raise RequestError(f"{location}.role", "is missing" if role is None else "must be text")
    if role not in block_table().roles:
        roles = ", ".join(block_table().roles)
        reader.problems.append(RequestError(f"{location}.role", f"unknown role {role[:60]!a}: use one of {roles}"))
    blocks = reader.read(content, f"{location}.content", "system" if role == "system" else "message")
    return Turn(location, role, blocks)


def _model(request: Mapping[Any, Any]) -> str | None:
    model = request.get("model")
    if model is not None and not isinstance(model, str):
        raise RequestError("model", "must be text")
    return model


def _fallbacks(request: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the models named as fallbacks; with text such as `default` the server chooses them."""
    fallbacks = request.get("fallbacks")
    if fallbacks is None or isinstance(fallbacks, str):
        return ()
    models = []
    for number, raw in enumerate(as_items(fallbacks, "fallbacks")):
        model = as_object(raw, f"fallbacks.{number}").get("model")
        if not isinstance(model, str):
            raise RequestError(f"fallbacks.{number}.model", "must be text")
        models.append(model)
    return tuple(models)
