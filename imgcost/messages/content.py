"""Read the content of a request: images, documents, texts and tool results, and violations of the API's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.errors import RequestError
from imgcost.messages.body import as_items, as_object
from imgcost.tables import block_table

if TYPE_CHECKING:
    from imgcost.tables import BlockPlace

__all__ = ["ContentBlock", "ContentReader", "MediaBlock", "Text", "ToolResult"]

MAX_BLOCKS = 200_000
"""Python objects that share children can have more blocks than any body could; real requests have thousands."""

_INNER_LOCATIONS: dict[str, BlockPlace] = {"tool_result": "tool_result", "search_result": "search_result"}
"""Blocks whose content is checked against the types that are accepted there."""

_LISTED = 6
"""Maximum number of types that a message lists."""

_IN_WORDS = {"string": "text", "object": "an object", "array": "a list", "string or array": "text or a list"}


class MediaBlock(NamedTuple):
    """An image or a document in a request.

    Attributes:
        location: The location, such as `messages.2.content.0.content.1`.
        kind: `image` or `document`.
        source: Its source, as it will be sent.
        toolset: The Anthropic toolset that took the screenshot; None for other images.
        transformations: The value of `transformations`, not validated.
    """

    location: str
    kind: Literal["image", "document"]
    source: Mapping[Any, Any]
    toolset: str | None
    transformations: Any


class ContentBlock(NamedTuple):
    """A block of a message, for rules about the order of blocks.

    Attributes:
        kind: Its type, such as `text`.
        text: Its text; empty for other types.
        location: The location, such as `messages.2.content.0`.
        id: The id of a `tool_use`, or the `tool_use_id` of a `tool_result`; else None.
    """

    kind: str
    text: str = ""
    location: str = ""
    id: str | None = None


class Text(NamedTuple):
    """A text that counts in tokens.

    Attributes:
        location: The location in the request.
        text: The text, which is not copied.
    """

    location: str
    text: str


class ToolResult(NamedTuple):
    """The result of a tool.

    Attributes:
        location: The location in the request.
        is_error: Whether it reports an error.
        kinds: The types of the blocks in it.
    """

    location: str
    is_error: bool
    kinds: tuple[str, ...]


class ContentReader:
    """Reads blocks, and collects their content.

    Attributes:
        media: Images and documents, in order.
        texts: Texts, in order.
        results: Tool results, in order.
        problems: Violations of the API's schema that do not prevent reading the rest.
        breakpoints: Number of blocks with `cache_control`.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.media: list[MediaBlock] = []
        self.texts: list[Text] = []
        self.results: list[ToolResult] = []
        self.problems: list[RequestError] = []
        self.breakpoints = 0
        self._toolsets: dict[str, str] = {}
        self._blocks = 0

    def read(self, content: Any, location: str, where: BlockPlace) -> tuple[ContentBlock, ...]:
        """Read the content of a message, or `system`.

        Args:
            content: A text or a list of blocks.
            location: Its location, such as `messages.0.content`.
            where: The part of the request, which determines the types of blocks that are accepted.

        Returns:
            Its blocks in order; text alone is one block.

        Raises:
            RequestError: The content is neither.
        """
        items = self._items(content, location, where)
        return tuple(_content_block(below, block) for below, block in items)

    def count_breakpoints(self, tools: Any) -> None:
        """Count the tools that have `cache_control`."""
        for number, tool in enumerate(as_items(tools, "tools")):
            self.breakpoints += as_object(tool, f"tools.{number}").get("cache_control") is not None

    def _items(
        self, content: Any, location: str, where: BlockPlace | None, toolset: str | None = None
    ) -> list[tuple[str, Mapping[Any, Any]]]:
        """Read blocks and all that is in them; return each with its location."""
        # The depth is limited, because body_bytes has already read the same values.
        if isinstance(content, str):
            self.texts.append(Text(location, content))
            return [(location, {"type": "text", "text": content})]
        items = []
        for number, raw in enumerate(as_items(content, location)):
            below = f"{location}.{number}"
            block = as_object(raw, below)
            if not isinstance(block.get("type"), str):
                raise RequestError(f"{below}.type", "is missing" if block.get("type") is None else "must be text")
            items.append((below, block))
            self._read_block(block, below, where, toolset)
        return items

    def _read_block(
        self, block: Mapping[Any, Any], location: str, where: BlockPlace | None, toolset: str | None = None
    ) -> None:
        self._blocks += 1
        if self._blocks > MAX_BLOCKS:
            raise RequestError("", f"has more than {MAX_BLOCKS:,} content blocks")
        kind = block["type"]
        accepted = block_table().places[where] if where else (kind,)
        missing = _missing(block, block_table().required.get(kind, {}))
        if kind not in accepted:
            self._add_problem(location, _unknown(kind, where, accepted))
        elif missing:
            self._add_problem(f"{location}.{missing[0]}", missing[1])
        self.breakpoints += block.get("cache_control") is not None
        if kind == "text" and isinstance(block.get("text"), str):
            self.texts.append(Text(location, block["text"]))
        if kind in {"image", "document"}:
            if not missing:
                self._read_source(block, location, toolset)
        elif kind == "tool_use":
            if isinstance(block.get("id"), str) and isinstance(block.get("toolset_name"), str):
                self._toolsets[block["id"]] = block["toolset_name"]
        else:
            self._read_inner(block, location)

    def _read_source(self, block: Mapping[Any, Any], location: str, toolset: str | None) -> None:
        source = as_object(block["source"], f"{location}.source")
        self.media.append(MediaBlock(location, block["type"], source, toolset, block.get("transformations")))
        inner = source.get("content")
        if block["type"] == "document" and source.get("type") == "content" and inner is not None:
            self._items(inner, f"{location}.source.content", "document", toolset)
        elif source.get("type") == "text" and isinstance(source.get("data"), str):
            self.texts.append(Text(location, source["data"]))

    def _read_inner(self, block: Mapping[Any, Any], location: str) -> None:
        """Read the content of a tool result, or of another block with content."""
        content, below = block.get("content"), f"{location}.content"
        where = _INNER_LOCATIONS.get(block["type"])
        inner: Sequence[tuple[str, Mapping[Any, Any]]] = ()
        if isinstance(content, Mapping) or hasattr(content, "model_dump"):
            alone = as_object(content, below)
            if isinstance(alone.get("type"), str):
                inner = [(below, alone)]
                self._read_block(alone, below, where, self._toolset(block))
        elif isinstance(content, str):
            if where == "tool_result":
                self.texts.append(Text(below, content))
        elif content is not None:
            inner = self._items(content, below, where, self._toolset(block))
        if where == "tool_result":
            kinds = tuple(item["type"] for _, item in inner)
            self.results.append(ToolResult(location, block.get("is_error") is True, kinds))

    def _toolset(self, block: Mapping[Any, Any]) -> str | None:
        """Return the Anthropic toolset of a result: the one that it names, or that of the call."""
        name, used = block.get("toolset_name"), block.get("tool_use_id")
        if isinstance(name, str):
            return name
        return self._toolsets.get(used) if isinstance(used, str) else None

    def _add_problem(self, location: str, problem: str) -> None:
        self.problems.append(RequestError(location, problem))


def _content_block(location: str, block: Mapping[Any, Any]) -> ContentBlock:
    kind, text = block["type"], block.get("text")
    identifier = block.get({"tool_use": "id", "tool_result": "tool_use_id"}.get(kind, ""))
    return ContentBlock(
        kind,
        text if kind == "text" and isinstance(text, str) else "",
        location,
        identifier if isinstance(identifier, str) else None,
    )


def _unknown(kind: str, where: BlockPlace | None, accepted: Sequence[str]) -> str:
    if where == "system":
        return f"{_shown(kind)} blocks are not permitted in system, only text"
    types = ", ".join(accepted[:_LISTED]) + " and others" * (len(accepted) > _LISTED)
    if kind in block_table().places["message"]:
        return f"{_shown(kind)} blocks are not permitted in a {where}: it accepts {types}"
    return f"unknown block type {_shown(kind)}: the Messages API accepts {types} here"


def _shown(kind: str) -> str:
    return ascii(kind[:60])


def _missing(block: Mapping[Any, Any], required: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first key that is missing or has a wrong type, and what is wrong with it."""
    for key, kind in required.items():
        value = block.get(key)
        if value is None:
            return key, f"is missing: {_shown(block['type'])} blocks require it"
        if _kind_of(value) != kind:
            return key, f"must be {_IN_WORDS[kind]}, not {type(value).__name__}"
    return None


def _kind_of(value: Any) -> str:
    """Return the JSON type of a value."""
    if isinstance(value, str):
        return "string"
    try:
        as_object(value, "")
    except RequestError:
        return "array" if not isinstance(value, (bool, int, float)) else "number"
    return "object"
