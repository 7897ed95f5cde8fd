"""Read the values of a request as the Anthropic SDK sends them, and count the bytes of its body.

The SDK writes JSON without spaces, and characters outside ASCII as UTF-8. Bytes are counted without building the JSON,
so a request of many megabytes is not copied.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, MappingView, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, cast

from imgcost.arguments import type_name
from imgcost.errors import RequestError
from imgcost.payloads import base64_length

__all__ = ["as_items", "as_object", "body_bytes", "is_file"]

MAX_DEPTH = 200
"""Real requests have about ten levels; deeper nesting than this is a mistake or an attack."""

_SLICE_CHARACTERS = 1 << 16
_PLAIN = frozenset({list, tuple, dict})
_OMISSIONS = frozenset({"NotGiven", "Omit"})
_escaped = json.encoder.encode_basestring


def as_object(value: Any, location: str) -> Mapping[Any, Any]:
    """Return a value as a mapping; blocks of the SDK are converted.

    Args:
        value: The value.
        location: Its location.

    Returns:
        The mapping as it will be sent.

    Raises:
        RequestError: The value is not an object.

    Example:
        >>> as_object({"type": "text"}, "messages.0.content.0")
        {'type': 'text'}
    """
    try:
        if isinstance(value, Mapping):
            return _without_omissions(value)
        # Blocks of the SDK and of other libraries are pydantic models; pydantic itself is not needed to convert them.
        if hasattr(value, "model_dump") and not isinstance(value, type):
            dumped = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
            if isinstance(dumped, Mapping):
                return _without_omissions(dumped)
    except RecursionError:
        raise
    except Exception as error:
        raise _read_error(error, location) from error
    raise RequestError(location, f"must be an object, not {type_name(value)}")


def as_items(value: Any, location: str) -> Sequence[Any]:
    """Return a value as a sequence.

    Args:
        value: The value.
        location: Its location.

    Returns:
        Its items.

    Raises:
        RequestError: The value is not a list, or is an iterator: checking it would leave nothing to send.

    Example:
        >>> as_items(("a", "b"), "messages")
        ('a', 'b')
    """
    try:
        if type(value) in {list, tuple}:
            return cast("Sequence[Any]", value)
        if _is_list(value):
            return list(value)
        is_iterator = isinstance(value, Iterator)
    except RecursionError:
        raise
    except Exception as error:
        raise _read_error(error, location) from error
    if is_iterator:
        raise RequestError(location, "can be read only once, so checking would consume it: use a list")
    raise RequestError(location, f"must be a list, not {type_name(value)}")


def is_file(value: Any) -> bool:
    """Return whether the SDK reads and encodes a value: a path, or an open binary file."""
    return isinstance(value, os.PathLike) or hasattr(value, "read")


def body_bytes(value: Any) -> int:
    r"""Count the bytes of a value as JSON.

    Args:
        value: The value.

    Returns:
        Bytes.

    Raises:
        RequestError: Something in it cannot be sent as JSON, or raises when it is read; the error has its location.

    Example:
        >>> body_bytes({"max_tokens": 1, "system": "caf\u00e9"})
        33
    """
    try:
        return _Counter().count(value, 0)
    except RequestError as error:
        raise RequestError(_short(error.location), error.problem) from error.__cause__


class _Counter:
    """Counts the bytes of the values of one request.

    A list or dictionary that is in the request many times is counted once: Python objects can share children so that
    their JSON would be larger than any memory.
    """

    def __init__(self) -> None:
        self._known: dict[int, int] = {}  # by the identity of a value that the request keeps alive

    def count(self, value: Any, depth: int) -> int:
        """Count the bytes of a value; errors get their locations on the way out, which is faster than tracking them."""
        if depth > MAX_DEPTH:
            raise RequestError("", f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str):
            return _text_bytes(value)
        if value is None or isinstance(value, (bool, int, float)):
            return _scalar_bytes(value)
        if type(value) in _PLAIN:
            if id(value) not in self._known:
                self._known[id(value)] = self._container_bytes(value, depth)
            return self._known[id(value)]
        if isinstance(value, date):
            return len(value.isoformat()) + 2
        return self._container_bytes(value, depth)

    def _container_bytes(self, value: Any, depth: int) -> int:
        if _is_list(value):
            return self._list_bytes(value, depth)
        if isinstance(value, Iterator):
            as_items(value, "")
        return self._object_bytes(as_object(value, ""), depth)

    def _list_bytes(self, value: Iterable[Any], depth: int) -> int:
        total, number = 2, None
        try:
            for number, item in enumerate(value):
                total += self.count(item, depth + 1) + (number > 0)
        except RecursionError:
            raise
        except Exception as error:
            raise _at_key(number, error) from error
        return total

    def _object_bytes(self, value: Mapping[Any, Any], depth: int) -> int:
        total, key = 2, None
        try:
            encoded = value.get("type") == "base64"
            for number, (name, item) in enumerate(value.items()):
                key = None  # an invalid key has no location of its own
                total += _key_bytes(name) + 1 + (number > 0)
                key = name
                size = _payload_bytes(item) if encoded and name == "data" else None
                total += self.count(item, depth + 1) if size is None else size
        except RecursionError:
            raise
        except Exception as error:
            raise _at_key(key, error) from error
        return total


def _key_bytes(key: Any) -> int:
    if not isinstance(key, str):
        raise RequestError("", f"has a key that is not text: {type_name(key)}")
    return _text_bytes(key)


def _at_key(key: int | str | None, error: Exception) -> RequestError:
    """Return an error with a key added to its location; other exceptions become such errors."""
    if not isinstance(error, RequestError):
        error = _read_error(error, "")
    parts = [str(part) for part in (key, error.location or None) if part is not None]
    return RequestError(".".join(parts), error.problem)


def _read_error(error: Exception, location: str) -> RequestError:
    words = (str(error).splitlines() or [""])[0]
    return RequestError(location, f"cannot be read: {type(error).__name__}{': ' * bool(words)}{words[:200]}")


def _without_omissions(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Remove values that the SDK does not send; a mapping that is not a plain dictionary is read only once."""
    remaining = {key: item for key, item in value.items() if type(item).__name__ not in _OMISSIONS}
    return value if type(value) is dict and len(remaining) == len(value) else remaining


def _payload_bytes(data: Any) -> int | None:
    """Return the size of base64 data without reading all of it; None if it has to be counted like other text."""
    if isinstance(data, str) and data.isascii() and "\n" not in data[:_SLICE_CHARACTERS]:
        return len(data) + 2
    if isinstance(data, os.PathLike):
        try:
            return base64_length(os.stat(data).st_size) + 2  # noqa: PTH116 - any object that is like a path
        except (OSError, ValueError):
            return 2  # the rule `unreadable` reports it
    if hasattr(data, "read"):
        return base64_length(_rest_bytes(data)) + 2
    return None


def _rest_bytes(stream: Any) -> int:
    """Return the size of the rest of an open file, bytes."""
    try:
        position = stream.tell()
        rest = int(stream.seek(0, os.SEEK_END) - position)
        stream.seek(position)
    except Exception:  # noqa: BLE001 - a file-like object may raise anything
        return 0  # the rule `base64` reports it
    return rest


def _text_bytes(text: str) -> int:
    total = 2
    for start in range(0, len(text), _SLICE_CHARACTERS):
        piece = _escaped(text[start : start + _SLICE_CHARACTERS])
        try:
            total += (len(piece) if piece.isascii() else len(piece.encode())) - 2
        except UnicodeEncodeError:
            raise RequestError("", "contains a lone surrogate, which cannot be sent as UTF-8") from None
    return total


def _scalar_bytes(value: float | None) -> int:
    try:
        return len(json.dumps(value, allow_nan=False))
    except ValueError:
        raise RequestError("", "contains a number that is not valid in JSON") from None


def _is_list(value: Any) -> bool:
    """Return whether the SDK sends a value as an array, and it can be read more than once."""
    texts = (str, bytes, bytearray, memoryview)
    return isinstance(value, (Sequence, AbstractSet, MappingView)) and not isinstance(value, (*texts, Mapping))


def _short(location: str) -> str:
    return location if len(location) <= 80 else f"{location[:80]}..."
