"""Read the JSON in a file: one document, or JSON lines."""

from __future__ import annotations

import codecs
import json
import zlib
from typing import Any, NamedTuple

from imgcost.errors import RequestError
from imgcost.figures import plural
from imgcost.shapes.foreign import name_of_text

__all__ = ["MAX_BYTES", "Document", "plain_json", "read_document", "read_line"]

MAX_BYTES = 1 << 30
"""Maximum size of a file after decompression, bytes. The largest batch of the API is a quarter of it."""

_GZIP = b"\x1f\x8b"
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_NAMED_BY = 4096


class Document(NamedTuple):
    """The JSON in a file.

    Attributes:
        value: Its value; for JSON lines the list of their values, in which a line that is not JSON is a
            `RequestError`.
        lines: The line number of each value, counted from 1; None for one document.
    """

    value: Any
    lines: tuple[int, ...] | None = None


def read_document(data: bytes, *, max_bytes: int = MAX_BYTES) -> Document:
    r"""Read JSON or JSON lines, in UTF-8, UTF-16 or UTF-32, compressed with gzip or not.

    Args:
        data: The bytes of the file.
        max_bytes: Maximum size after decompression, bytes.

    Returns:
        The document.

    Raises:
        RequestError: The data is not JSON; the message names the format if it is recognized.

    Example:
        >>> read_document(b'{"messages": []}')
        Document(value={'messages': []}, lines=None)
        >>> read_document(b'{"id": 1}\n\n{"id": 2}\n')
        Document(value=[{'id': 1}, {'id': 2}], lines=(1, 3))
    """
    raw = plain_json(data, max_bytes=max_bytes)
    document = _read_lines(raw)
    if document is not None:
        return document
    try:
        return Document(json.loads(raw))
    except RecursionError:
        raise RequestError("", "is nested too deeply to be read") from None
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        named = name_of_text(raw[:_NAMED_BY].decode("utf-8", "replace"))
        if named is None:
            raise _not_json(error) from error
        title, advice = named
        as_sentence = f"{advice[0].upper()}{advice[1:]}."
        raise RequestError("", f"this is {title}, not a request as JSON: {advice}", as_sentence) from error


def _not_json(error: ValueError, *, line: str | None = None) -> RequestError:
    """Return the error for text that is not JSON, with the place to repair."""
    where = ""
    if isinstance(error, json.JSONDecodeError):
        where = f" at {line or f'line {error.lineno}'}, column {error.colno}"
    return RequestError("", f"is not JSON: {error}", f"Repair the JSON{where}.")


def plain_json(data: bytes, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return JSON as UTF-8 without compression and byte order mark.

    Args:
        data: The bytes of the file.
        max_bytes: Maximum size after decompression, bytes.

    Returns:
        The text.

    Raises:
        RequestError: The data is too large, or not in the encoding that its first bytes indicate.
    """
    return _utf8(_decompressed(data, max_bytes))


def _decompressed(data: bytes, max_bytes: int) -> bytes:
    if data[:2] == _GZIP:
        data = _gunzip(data, max_bytes)
    if len(data) > max_bytes:
        raise RequestError("", f"is larger than {plural(max_bytes, 'byte')}")
    return data


def _gunzip(data: bytes, max_bytes: int) -> bytes:
    parts, size = [], 0
    try:
        while data[:2] == _GZIP and size <= max_bytes:  # a file may have several gzip members
            stream = zlib.decompressobj(wbits=31)
            parts.append(stream.decompress(data, max_bytes + 1 - size))
            size += len(parts[-1])
            if not stream.eof and size <= max_bytes:
                raise RequestError("", "is a gzip file that ends too early")
            data = stream.unused_data
    except zlib.error as error:
        raise RequestError("", f"is a damaged gzip file: {error}") from error
    return b"".join(parts)


def _utf8(data: bytes) -> bytes:
    """Convert text to UTF-8; its byte order mark, or the positions of zero bytes, reveal the encoding."""
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), None)
    if encoding is None and data[:2] and 0 in data[:2]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    if encoding is None:
        return data
    try:
        return data.decode(encoding).encode("utf-8", "surrogatepass")
    except ValueError as error:
        raise RequestError("", f"is not {encoding.upper()}: {error}") from error


def _read_lines(raw: bytes) -> Document | None:
    """Read JSON lines; None if the first line is not an object or a list. A single line is one document."""
    values: list[Any] = []
    numbers: list[int] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        value = read_line(line)
        if not values and not isinstance(value, (dict, list)):
            return None
        values.append(value)
        numbers.append(number)
    if len(values) == 1:
        return Document(values[0])
    return Document(values, tuple(numbers)) if values else None


def read_line(line: bytes) -> Any:
    """Read one line of JSON; if it is not JSON, return a `RequestError` instead of raising it."""
    try:
        return json.loads(line)
    except RecursionError:
        return RequestError("", "is nested too deeply to be read")
    except ValueError as error:
        return _not_json(error, line="this line")
