"""A Messages request that records where each of its parts came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from imgcost.errors import RequestError
from imgcost.shapes.nodes import Node, Path, dotted

if TYPE_CHECKING:
    from imgcost.shapes.history import History
    from imgcost.tables import Platform

__all__ = ["Origin", "ShapedRequest", "Writer", "replaced", "verbatim"]

Writer: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Converts a content block of the Messages API to the original shape."""


def verbatim(block: Mapping[str, Any]) -> Any:
    """Return a block unchanged, for shapes that use blocks of the Messages API."""
    return block


class Origin(NamedTuple):
    """The origin of a part of a request.

    Attributes:
        path: The keys that lead to it in the original.
        write: Writes a content block there; None if nothing can be written there. With `verbatim`, everything below is
            the same in the original and in the request.
    """

    path: Path
    write: Writer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedRequest:
    """A Messages request, converted from another shape.

    Attributes:
        params: The arguments of `messages.create`. Base64 text is shared with the original, not copied, if it is a
            separate string there. Empty if `error` is set.
        origins: The origins of locations in `params`; a location that is not listed has the same key below its parent.
        shape: The name of the shape, such as `openai-chat`.
        id: The id of the request in a batch, its `custom_id` or `recordId`; else None.
        model: The model that it names; None if it is named elsewhere, such as in the URL.
        platform: The platform that the shape implies, if any.
        implied: Required arguments that come from elsewhere (a library's default, the URL), so that `params` may lack
            them.
        notes: What was assumed or left out, as sentences.
        error: Why this entry of a batch is not a request; else None.
        lines: The line number of each item of the original, counted from 1; None for one document.
        turns: The turn of each item of the original, counted from 1; empty if the shape has no turns.
        history: For a transcript, the images of the whole session and the calls that sent them; else None.
    """

    params: Mapping[str, Any] = field(repr=False)
    origins: Mapping[str, Origin] = field(repr=False)
    shape: str = ""
    id: str | None = None
    model: str | None = None
    platform: Platform | None = None
    implied: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    error: RequestError | None = None
    lines: tuple[int, ...] | None = None
    turns: tuple[int, ...] = field(default=(), repr=False)
    history: History | None = field(default=None, repr=False)

    def path(self, location: str) -> Path:
        """Return the path of a part of the request in the original.

        Args:
            location: A location in `params`, such as `messages.0.content.1.source.data`.

        Returns:
            The keys that lead to it, or to the closest value that contains it.
        """
        origin, rest = self._origin(location)
        return (*origin.path, *rest)

    def locate(self, location: str) -> str:
        """Return a location in terms of the file that the user has.

        Args:
            location: A location in `params`, such as `messages.0.content.1.source.data`.

        Returns:
            The location in the original, such as `messages.0.content.1.image_url.url`; within its line if the
            original has lines.
        """
        path = self.path(location)
        return dotted(path if self.line(location) is None else path[1:])

    def line(self, location: str = "") -> int | None:
        """Return the line of the file that a part of the request is in.

        Args:
            location: A location in `params`.

        Returns:
            The line, counted from 1; None if the original has no lines.
        """
        path = self.path(location)
        if self.lines is None or not path or not isinstance(path[0], int):
            return None
        return self.lines[path[0]]

    def turn(self, location: str) -> int | None:
        """Return the turn of the conversation that a part of the request belongs to.

        Args:
            location: A location in `params`.

        Returns:
            The turn, counted from 1; None if the shape has no turns.
        """
        path = self.path(location)
        return self.turns[path[0]] or None if self.turns and path and isinstance(path[0], int) else None

    def edits(self, blocks: Mapping[str, Mapping[str, Any]]) -> dict[Path, Any]:
        """Return the changes of the original that replace some blocks.

        Args:
            blocks: Location of a content block in `params` -> the new Messages API block.

        Returns:
            Path in the original -> the new value.

        Raises:
            RequestError: The shape does not support writing at a location.
        """
        edits = {}
        for location, block in blocks.items():
            origin, rest = self._origin(location)
            if origin.write is None or (rest and origin.write is not verbatim):
                raise RequestError(self.locate(location), f"cannot be replaced in the shape {self.shape!r}")
            edits[*origin.path, *rest] = origin.write(block)
        return edits

    def _origin(self, location: str) -> tuple[Origin, list[str]]:
        rest: list[str] = []
        while location and location not in self.origins:
            location, _, key = location.rpartition(".")
            rest.insert(0, key)
        return self.origins[location], rest


def replaced(original: Any, edits: Mapping[Path, Any]) -> Any:
    """Copy a document with some values replaced; unchanged values are shared with the original.

    Lists, tuples and pydantic models keep their types; other sequences and mappings become lists and dictionaries.

    Args:
        original: The document, as it was converted.
        edits: Path -> the new value, from `ShapedRequest.edits`; those of several requests can be merged.

    Returns:
        The copy.

    Raises:
        RequestError: A path does not exist in this document.

    Example:
        >>> replaced({"a": [1, 2], "b": 3}, {("a", 0): 9})
        {'a': [9, 2], 'b': 3}
    """
    return _put(Node(original), edits)


def _put(node: Node, edits: Mapping[Path, Any]) -> Any:
    if () in edits:
        return _validated(node.value, edits[()])
    groups: dict[str | int, dict[Path, Any]] = {}
    for path, value in edits.items():
        groups.setdefault(path[0], {})[path[1:]] = value
    if _is_model(node.value):
        return _put_fields(node, groups)
    array = node.is_array()
    copy: Any = [item.value for item in node.array()] if array else dict(node.object())
    for key, below in groups.items():
        try:
            index = int(key) if array else key  # in a location an index is text
            value = copy[index]
        except (KeyError, IndexError, ValueError):
            raise node.child(key, None).error("is not in this document") from None
        copy[index] = _put(node.child(key, value), below)
    return tuple(copy) if type(node.value) is tuple else copy


def _is_model(value: Any) -> bool:
    """Return whether a value is a pydantic model, such as a message of LangChain or MCP."""
    return hasattr(type(value), "model_copy") and hasattr(type(value), "model_fields")


def _put_fields(node: Node, groups: Mapping[str | int, Mapping[Path, Any]]) -> Any:
    """Copy a pydantic model with changed fields; its other fields are shared."""
    try:
        fields = type(node.value).model_fields
        names = {field.serialization_alias or field.alias or name: name for name, field in fields.items()}
        copy = node.value.model_copy()
        for key, below in groups.items():
            name = names.get(str(key), str(key))
            copy = _assigned(copy, name, _put(node.child(key, getattr(node.value, name)), below))
    except RequestError:
        raise
    except Exception as error:
        raise node.error(f"cannot be copied: {type(error).__name__}") from error
    return copy


def _assigned(model: Any, name: str, value: Any) -> Any:
    """Return a copy of a model with a changed field, of which dictionaries become models if they are valid as such."""
    copy = model.model_copy()
    try:
        type(copy).__pydantic_validator__.validate_assignment(copy, name, value)
    except Exception:  # noqa: BLE001 - a frozen model, an old version of pydantic, and whatever validators raise
        copy = model.model_copy(update={name: value})
    return copy


def _validated(old: Any, new: Any) -> Any:
    """Return a new value as the pydantic model that the old one was, if it is valid as such."""
    if not _is_model(old):
        return new
    try:
        return type(old).model_validate(new)
    except Exception:  # noqa: BLE001 - such as a text in place of an image, and whatever validators raise
        return new
