"""Build a Messages request: add blocks with their origins, merge turns, record locations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.shapes.media import media_block
from imgcost.shapes.nodes import is_a
from imgcost.shapes.requests import Origin, ShapedRequest, Writer, verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from imgcost.shapes.nodes import Node, Path
    from imgcost.tables import Platform

__all__ = [
    "Draft",
    "Piece",
    "arguments",
    "as_is",
    "json_text",
    "media",
    "text",
    "text_part",
    "tool_call",
    "tool_result",
]

_NO_ORIGINS: Mapping[str, Path] = {}
_NAMES = {"image": "an image", "document": "a document"}
_MESSAGES_REQUIRES = frozenset({"max_tokens", "model"})


class Piece(NamedTuple):
    """A content block of the Messages API, with its origin.

    Attributes:
        block: The block.
        path: The path of the original.
        origins: Keys of the block, such as `source.data` -> paths of their originals.
        write: Writes a block in place of the original; None if that is not possible.
        inner: For a tool result, its content.
    """

    block: Mapping[str, Any]
    path: Path
    origins: Mapping[str, Path] = _NO_ORIGINS
    write: Writer | None = None
    inner: tuple[Piece, ...] = ()


def as_is(node: Node) -> Piece:
    """Keep a block that is already a Messages API block, or has an unknown type."""
    return Piece(node.object(), node.path, write=verbatim)


def text(node: Node, part: Node | None = None) -> Piece:
    """Convert text.

    Args:
        node: The text.
        part: The part that contains it, if it is not the whole content.

    Returns:
        A text block.
    """
    block: dict[str, Any] = {"type": "text", "text": node.text()}
    if part is None:
        return Piece(block, node.path, {"text": node.path})
    if part.has("cache_control"):
        block["cache_control"] = part.fields()["cache_control"]
    return Piece(block, part.path, {"text": node.path})


def text_part(words: str) -> Any:
    """Return a text part in the form that most shapes use."""
    return {"type": "text", "text": words}


def media(
    part: Node,
    source: Mapping[str, Any],
    data: Node,
    declared: Node | None = None,
    *,
    write: Writer | None,
    write_text: Callable[[str], Any] = text_part,
    takes_urls: bool = False,
    kind: str = "",
) -> Piece:
    """Convert an image or a document.

    Args:
        part: The part that contains it.
        source: Its source, in the form of the Messages API.
        data: Its data, URL or file id in the original.
        declared: Its media type in the original, if that is not in `data`.
        write: Writes an image or a document in place of the part; None if only text can be written.
        write_text: Writes a text in place of the part; by default as most shapes do.
        takes_urls: Whether `write` also accepts URL sources.
        kind: `image` or `document`; derived from the media type by default.

    Returns:
        The block.
    """
    block = media_block(source)
    kind = block["type"] = kind or block["type"]
    if part.has("cache_control"):
        block["cache_control"] = part.fields()["cache_control"]
    origins = {f"source{key}": data.path for key in ("", ".data", ".url", ".file_id")}
    origins["source.media_type"] = (declared or data).path

    def write_block(block: Mapping[str, Any]) -> Any:
        if block.get("type") == "text":
            return write_text(block["text"])
        if write is None or block.get("type") != kind:
            raise part.error(f"can be replaced by text{'' if write is None else f' or {_NAMES[kind]}'} only")
        if block["source"]["type"] not in ({"base64", "url"} if takes_urls else {"base64"}):
            raise part.error(f"can be replaced by base64 data{' or a URL' if takes_urls else ''} only")
        return write(block)

    return Piece(block, part.path, origins, write_block)


def tool_call(call: Node, call_id: Node, name: Node, call_input: Node) -> Piece:
    """Convert a tool call."""
    block = {
        "type": "tool_use",
        "id": call_id.text_or_none() or "",
        "name": name.text_or_none() or "",
        "input": arguments(call_input.value),
    }
    return Piece(block, call.path, {"id": call_id.path, "name": name.path, "input": call_input.path})


def tool_result(result: Node, call_id: Node, content: Iterable[Piece], *, error: bool = False) -> Piece:
    """Convert a tool result."""
    inner = tuple(content)
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id.text_or_none() or ""}
    if inner:
        block["content"] = [piece.block for piece in inner]
    if error:
        block["is_error"] = True
    return Piece(block, result.path, {"tool_use_id": call_id.path}, inner=inner)


def json_text(node: Node) -> Piece:
    """Convert a value that is sent as JSON text; text is sent unchanged."""
    if node.is_text():
        return text(node)
    try:
        words = json.dumps(node.value)
    except Exception as error:
        raise node.error(f"is not JSON: {type(error).__name__}") from error
    return Piece({"type": "text", "text": words}, node.path, {"text": node.path})


def arguments(value: Any) -> Any:
    """Return the arguments of a tool as an object, even if a shape has them as JSON text."""
    if value is None:
        return {}
    if not is_a(value, str):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):  # a call that was cut off; Claude sees its text
        return {"arguments": value}
    return parsed if isinstance(parsed, dict) else {"arguments": value}


class Draft:
    """A request under construction.

    Attributes:
        params: The arguments so far.
        notes: What was assumed or omitted.
        last: The location of the newest block of the conversation.
    """

    def __init__(self, root: Node) -> None:
        """Start a request for the original `root`."""
        self.root = root
        self.params: dict[str, Any] = {"messages": []}
        self.notes: list[str] = []
        self.last = ""
        self._origins: dict[str, Origin] = {"": Origin(root.path)}

    def set(self, key: str, node: Node, value: Any = None) -> None:
        """Set an argument from a value of the original, if there is one."""
        if node.value is not None:
            self.params[key] = node.value if value is None else value
            self._origins[key] = Origin(node.path)

    def skip(self, node: Node, reason: str) -> None:
        """Note that a part of the original is not in the request."""
        self.notes.append(f"{node.location}: {reason}")

    def add_system(self, pieces: Iterable[Piece]) -> None:
        """Add blocks to the system prompt."""
        system = self.params.setdefault("system", [])
        for piece in pieces:
            self._place(piece, f"system.{len(system)}")
            system.append(piece.block)

    def add_turn(self, role: str, turn: Node, pieces: Iterable[Piece]) -> None:
        """Add blocks to the conversation; consecutive turns of one role are one message."""
        messages = self.params["messages"]
        blocks = list(pieces)
        if not messages or messages[-1]["role"] != role:
            self._origins[f"messages.{len(messages)}"] = Origin(turn.path)
            messages.append({"role": role, "content": []})
        content = messages[-1]["content"]
        for piece in blocks:
            self.last = f"messages.{len(messages) - 1}.content.{len(content)}"
            self._place(piece, self.last)
            content.append(piece.block)

    def cache_last(self, cache_control: Any) -> None:
        """Put a cache breakpoint on the newest block of the conversation."""
        messages = self.params["messages"]
        if messages and messages[-1]["content"]:
            messages[-1]["content"][-1] = {**messages[-1]["content"][-1], "cache_control": cache_control}

    def request(
        self,
        *,
        model: Node | None = None,
        platform: Platform | None = None,
        implied: frozenset[str] = _MESSAGES_REQUIRES,
    ) -> ShapedRequest:
        """Return the request."""
        if model is not None:
            self.set("model", model, model.text_or_none())
        name = self.params.get("model")
        return ShapedRequest(
            params=self.params,
            origins=self._origins,
            model=name,
            platform=platform,
            implied=implied,
            notes=tuple(self.notes),
        )

    def _place(self, piece: Piece, location: str) -> None:
        self._origins[location] = Origin(piece.path, piece.write)
        for key, path in piece.origins.items():
            self._origins[f"{location}.{key}"] = Origin(path)
        for number, inner in enumerate(piece.inner):
            self._place(inner, f"{location}.content.{number}")
