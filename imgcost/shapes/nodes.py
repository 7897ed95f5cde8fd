"""Read untrusted documents: every value has a location, and every error is a RequestError.

A document may be JSON or live Python objects, so any value can have the wrong type, and an object's attributes can
raise. A `Node` has two ways to look at its value: lenient, to recognize a shape, and strict, to convert it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias, TypeGuard, TypeVar, final

from imgcost.arguments import type_name
from imgcost.errors import RequestError

__all__ = ["Node", "Path", "dotted", "is_a"]

T = TypeVar("T")

Path: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value of a document."""

_NO_ARRAYS = (str, bytes, bytearray, memoryview, Mapping)
_NOTHING: Mapping[Any, Any] = {}


def is_a(value: Any, expected: type[T]) -> TypeGuard[T]:
    """Return whether a value is of a type, without calling its code: an object may raise even for `__class__`."""
    return type(value) is expected or issubclass(type(value), expected)


def dotted(path: Path) -> str:
    """Write a path as the Anthropic SDK writes locations.

    Args:
        path: The keys.

    Returns:
        The keys with dots between them.

    Example:
        >>> dotted(("messages", 0, "content"))
        'messages.0.content'
    """
    return ".".join(map(str, path))


@final
class Node:
    """A value of a document, with its path.

    Attributes:
        value: The value.
        path: The keys that lead to it from the root of the document.
        lines: The line numbers of the items of the document, if it has lines: they begin the location.
        start: Number of leading keys that the location omits.
    """

    __slots__ = ("lines", "path", "start", "value")

    def __init__(self, value: Any, path: Path = (), lines: tuple[int, ...] | None = None, start: int = 0) -> None:
        """Store the value; nothing is read yet."""
        self.value = value
        self.path = path
        self.lines = lines
        self.start = start

    @property
    def location(self) -> str:
        """The location, in terms of the file that the user has."""
        if self.lines is not None and self.path and isinstance(self.path[0], int):
            return f"line {self.lines[self.path[0]]} {dotted(self.path[1:])}".rstrip()
        return dotted(self.path[self.start :])

    def error(self, problem: str) -> RequestError:
        """Return an error about this value."""
        return RequestError(self.location, problem)

    # Lenient: values of another type count as empty.

    def fields(self) -> Mapping[Any, Any]:
        """Return the value as an object; empty if it is not an object."""
        if type(self.value) is dict:
            return self.value
        try:
            return self.object()
        except RequestError:
            return _NOTHING

    def elements(self, first: int | None = None) -> list[Node]:
        """Return the items of a list, or its first items; none if the value is not a list."""
        try:
            return self.array(first)
        except RequestError:
            return []

    def text_at(self, key: str) -> str:
        """Return the text at a key; empty if there is none."""
        value = self.fields().get(key)
        return value if is_a(value, str) else ""

    def has(self, *keys: str) -> bool:
        """Return whether all of these keys exist and are not null."""
        fields = self.fields()
        return all(fields.get(key) is not None for key in keys)

    def has_any(self, *keys: str) -> bool:
        """Return whether one of these keys exists and is not null."""
        fields = self.fields()
        return any(fields.get(key) is not None for key in keys)

    def is_array(self) -> bool:
        """Return whether the value is a list."""
        return _is_array(self.value)

    def is_text(self) -> bool:
        """Return whether the value is text."""
        return is_a(self.value, str)

    def get(self, *keys: str) -> Node:
        """Return the value at nested keys; null if there is none."""
        node = self
        for key in keys:
            node = node.child(key, node.fields().get(key))
        return node

    def child(self, key: str | int, value: Any) -> Node:
        """Return a value below this one."""
        return Node(value, (*self.path, key), self.lines, self.start)

    def with_value(self, value: Any) -> Node:
        """Return another value at the location of this one, such as parsed text."""
        return Node(value, self.path, self.lines, self.start)

    def detached(self) -> Node:
        """Return this value with locations relative to its line; the caller reports the line itself."""
        return Node(self.value, self.path, None, len(self.path)) if self.lines is not None else self

    # Strict: values of another type are errors.

    def object(self) -> Mapping[Any, Any]:
        """Return the value as an object.

        Raises:
            RequestError: The value is not an object, or cannot be read.
        """
        if type(self.value) is dict:
            return self.value
        if is_a(self.value, RequestError):  # a line that could not be read
            raise self.value
        try:
            if issubclass(type(self.value), Mapping):
                return dict(self.value)
            # Messages of LangChain, the OpenAI SDK, MCP and LlamaIndex are pydantic models; their defaults count.
            if hasattr(self.value, "model_dump") and not is_a(self.value, type):
                return dict(self.value.model_dump(mode="json", by_alias=True, exclude_none=True))
        except Exception as error:
            raise self.error(f"cannot be read: {type(error).__name__}") from error
        raise self.error(f"must be an object, not {type_name(self.value)}")

    def array(self, first: int | None = None) -> list[Node]:
        """Return the items of a list, or its first items.

        Raises:
            RequestError: The value is not a list, or cannot be read.
        """
        if not _is_array(self.value):
            raise self.error(f"must be a list, not {type_name(self.value)}")
        try:
            items = list(itertools.islice(self.value, first))
        except Exception as error:
            raise self.error(f"cannot be read: {type(error).__name__}") from error
        return [self.child(number, item) for number, item in enumerate(items)]

    def text(self) -> str:
        """Return the value as text.

        Raises:
            RequestError: The value is not text.
        """
        if is_a(self.value, str):
            return self.value
        raise self.error("is missing" if self.value is None else f"must be text, not {type_name(self.value)}")

    def text_or_none(self) -> str | None:
        """Return the value as text; None if it is null.

        Raises:
            RequestError: The value is something else.
        """
        return None if self.value is None else self.text()


def _is_array(value: Any) -> bool:
    kind = type(value)
    return issubclass(kind, (list, tuple)) or (
        issubclass(kind, (Sequence, AbstractSet)) and not issubclass(kind, _NO_ARRAYS)
    )
