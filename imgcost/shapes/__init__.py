"""Convert requests in other shapes to Messages requests: OpenAI, Bedrock, LangChain, MCP, Vercel, transcripts and more.

A shape is recognized by its content. A converted request maps every location in it back to the original, and can write
blocks back in the original shape.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import RequestError
from imgcost.shapes import (
    converse,
    langchain,
    llamaindex,
    logs,
    mcp,
    messages_api,
    openai_chat,
    openai_responses,
    platforms,
    transcripts,
    vercel,
)
from imgcost.shapes.documents import MAX_BYTES, Document, read_document, read_line
from imgcost.shapes.entries import each_entry, first_entries
from imgcost.shapes.foreign import FOREIGN, name_of_text
from imgcost.shapes.history import Call, History, SentImage
from imgcost.shapes.nodes import Node
from imgcost.shapes.requests import Origin, ShapedRequest, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "BATCHES",
    "DEPENDENT",
    "MAX_BYTES",
    "SHAPES",
    "Call",
    "Document",
    "History",
    "SentImage",
    "Shape",
    "ShapedRequest",
    "detect",
    "name_of_text",
    "read_document",
    "read_line",
    "replaced",
    "requests_by_line",
    "shape_of_lines",
    "to_requests",
]


class Shape(NamedTuple):
    """A supported shape.

    Attributes:
        title: A name for people, as in `this is ...`.
        recognizes: Returns whether a document has this shape.
        convert: Converts a document.
    """

    title: str
    recognizes: Callable[[Node], bool]
    convert: Callable[[Node], Iterator[ShapedRequest]]


# The first shape that recognizes a document is used, so specific shapes come before general ones.
SHAPES: dict[str, Shape] = {
    "claude-code": Shape("a Claude Code transcript", transcripts.recognizes, transcripts.convert),
    "openai-batch": Shape("an OpenAI batch", logs.recognizes_openai_batch, logs.convert_openai_batch),
    "batch": Shape("a message batch", messages_api.recognizes_batch, messages_api.convert_batch),
    "bedrock-batch": Shape("a Bedrock batch", platforms.recognizes_bedrock_batch, platforms.convert_bedrock_batch),
    "google-cloud-batch": Shape(
        "a Google Cloud batch", platforms.recognizes_google_batch, platforms.convert_google_batch
    ),
    "bedrock-invoke": Shape("an InvokeModel body", platforms.recognizes_invoke, platforms.convert_invoke),
    "vertex": Shape("a rawPredict body", platforms.recognizes_raw_predict, platforms.convert_raw_predict),
    "converse": Shape("a Bedrock Converse request", converse.recognizes, converse.convert),
    "langchain": Shape("LangChain messages", langchain.recognizes, langchain.convert),
    "llamaindex": Shape("LlamaIndex chat messages", llamaindex.recognizes, llamaindex.convert),
    "vercel": Shape("Vercel AI SDK messages", vercel.recognizes, vercel.convert),
    "mcp": Shape("an MCP result", mcp.recognizes, mcp.convert),
    "openai-responses": Shape("an OpenAI Responses request", openai_responses.recognizes, openai_responses.convert),
    "openai-chat": Shape("an OpenAI chat completion request", openai_chat.recognizes, openai_chat.convert),
    "messages": Shape("a Messages request", messages_api.recognizes, messages_api.convert),
    "log": Shape("a log with requests inside", logs.recognizes, logs.convert),
    "message-list": Shape("a list of messages", messages_api.recognizes_messages, messages_api.convert_messages),
    "block": Shape("content blocks", messages_api.recognizes_blocks, messages_api.convert_blocks),
}
"""Supported shapes by name. Except for batches, logs and transcripts, a list of requests is supported too."""

_ALWAYS_READ = 50
"""Number of turns that are always inspected when a shape is detected."""
_PLAIN_TURN, _PLAIN_TEXT = {"role", "content"}, {"type", "text"}

BATCHES = frozenset({"batch", "bedrock-batch", "google-cloud-batch", "openai-batch"})
"""Shapes with many requests, which are sent together."""

DEPENDENT = frozenset({"claude-code", "log"})
"""Shapes whose lines form one document."""


def detect(value: Any) -> str | None:
    """Name the shape of a document by its content.

    Args:
        value: A value from JSON, or the Python objects that a library would take.

    Returns:
        A name in `SHAPES`; the name of an unsupported kind of document (`har`, `vcr-cassette`,
        `claude-ai-export`, `response`, `notebook`, `postman`, `gemini`); or None.

    Example:
        >>> detect({"modelId": "anthropic.claude-opus-5", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]})
        'converse'
    """
    node = Node(_without_plain_turns(value))
    for name, foreign in FOREIGN.items():
        if foreign.recognizes(node):
            return name
    if _has_requests(node):
        node = next(entry for entry in first_entries(node) if _is_request(entry))
    return next((name for name, shape in SHAPES.items() if shape.recognizes(node)), None)


def _without_plain_turns(value: Any) -> Any:
    """Omit turns of plain text after the first ones: they look the same in every shape, and there may be thousands."""
    if type(value) is list:
        return value[:_ALWAYS_READ] + [turn for turn in value[_ALWAYS_READ:] if not _is_plain(turn)]
    if type(value) is dict and type(value.get("messages")) is list:
        return {**value, "messages": _without_plain_turns(value["messages"])}
    return value


def _is_plain(turn: Any) -> bool:
    """Return whether a turn has a role and text, and nothing else."""
    if type(turn) is not dict or turn.keys() != _PLAIN_TURN:
        return False
    role, content = turn["role"], turn["content"]
    if type(role) is not str or role not in {"user", "assistant"}:
        return False
    if type(content) is list:
        return all(
            type(block) is dict
            and block.keys() == _PLAIN_TEXT
            and type(block["text"]) is str
            and type(block["type"]) is str
            and block["type"] == "text"
            for block in content
        )
    return type(content) is str


def _has_requests(node: Node) -> bool:
    """Return whether this is a list of whole requests, such as one per line."""
    return node.is_array() and any(_is_request(entry) for entry in first_entries(node))


def _is_request(entry: Node) -> bool:
    return entry.has("messages") or entry.has("model", "input") or entry.has("modelId", "body")


def to_requests(value: Any, shape: str = "auto", *, lines: Sequence[int] | None = None) -> Iterator[ShapedRequest]:
    """Convert a document to Messages requests.

    Args:
        value: A value from JSON, or the Python objects that a library would take. It is not changed.
        shape: The name of its shape; `auto` detects it.
        lines: For JSON lines, the line number of each item of `value`, counted from 1.

    Returns:
        Its requests, converted lazily. A batch entry that is not a request has `error` set.

    Raises:
        RequestError: The document does not have this shape, or no known shape; with the location in the document.

    Example:
        >>> url = "data:image/png;base64,iVBORw0KGgo="
        >>> part = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
        >>> [request] = to_requests({"messages": [{"role": "user", "content": [part]}]})
        >>> request.shape, request.params["messages"][0]["content"][0]["source"]["media_type"]
        ('openai-chat', 'image/png')
        >>> request.locate("messages.0.content.0.source.data")
        'messages.0.content.0.image_url.url'
    """
    name = detect(value) if shape == "auto" else shape
    if name in FOREIGN:
        foreign = FOREIGN[name]
        raise RequestError("", f"this is {foreign.title}, which cannot be checked: {foreign.advice}")
    if name not in SHAPES:
        if name is None:
            raise RequestError(
                "",
                "is not in a known shape: expected the arguments of messages.create, a batch, or another shape that "
                "'imgcost check --help' lists",
            )
        raise RequestError("", f"unknown shape {name!r}: choose one of {', '.join(SHAPES)}")
    return _converted(Node(value, (), None if lines is None else tuple(lines)), name)


def shape_of_lines(first: Any) -> str | None:
    """Name the shape of a file of JSON lines by its first line.

    Args:
        first: The value of the line, from `read_line`.

    Returns:
        `batch` if all lines must be requests of a message batch; `auto` if each line is a separate request; None if the
        lines form one document, or are not JSON.

    Example:
        >>> shape_of_lines({"custom_id": "a", "params": {}}), shape_of_lines({"type": "user", "uuid": "u"})
        ('batch', None)
    """
    name = detect(first) if isinstance(first, dict) else None
    if name in (None, *DEPENDENT, *FOREIGN):
        return None
    return "batch" if name == "batch" else "auto"


def requests_by_line(lines: Iterable[bytes], shape: str = "auto") -> Iterator[ShapedRequest]:
    """Convert JSON lines one by one, in constant memory.

    Args:
        lines: The lines; empty ones are skipped.
        shape: The name of the shape of each line; `auto` detects it for each.

    Yields:
        Their requests; one with `error` set for each line that is not a request.

    Example:
        >>> [request.line() for request in requests_by_line([b'{"messages": []}', b"", b"oops"])]
        [1, 3]
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = read_line(line)
            try:
                if isinstance(value, RequestError):
                    raise value
                yield from to_requests([value], shape, lines=(number,))
            except RequestError as error:
                yield ShapedRequest(params={}, origins={"": Origin((0,))}, lines=(number,), error=error)


def _converted(node: Node, name: str) -> Iterator[ShapedRequest]:
    convert = SHAPES[name].convert
    many = name not in BATCHES | DEPENDENT and _has_requests(node)
    try:
        for request in each_entry(node, convert) if many else convert(node):
            yield replace(request, shape=name, lines=node.lines)
    except RecursionError:
        raise RequestError("", "is nested too deeply to be read") from None
