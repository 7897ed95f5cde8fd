"""Write rows as CSV, JSON Lines or JSON, as a stream."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

from imgcost.paths import guard_formula
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.tabular import ColumnType, Row, Schema

__all__ = ["TextFormat", "TextWriter", "encode_text"]

TextFormat: TypeAlias = Literal["csv", "json", "jsonl"]


def encode_text(rows: Iterable[Row], schema: Schema, style: TextFormat) -> bytes:
    r"""Encode rows, independently of a writer, so that worker processes can do it.

    Args:
        rows: The rows.
        schema: Their columns.
        style: `csv`, `jsonl`, or `json` for the elements of an array.

    Returns:
        UTF-8 text. JSON is ASCII only, has dollars as strings, and always has every key.

    >>> from imgcost.tabular import Column, Schema
    >>> encode_text([("=a.png",)], Schema("x/1", "X", {"p": Column("path", "")}), "csv")
    b'escaped:%3Da.png\r\n'
    """
    if style == "csv":
        buffer = io.StringIO()
        types = [column.type for column in schema.columns.values()]
        csv.writer(buffer).writerows(_csv_cells(row, types) for row in rows)
        return buffer.getvalue().encode()
    separator, end = ("\n", "\n") if style == "jsonl" else (",\n", "")
    objects = separator.join(json.dumps(dict(zip(schema.columns, row, strict=True))) for row in rows)
    return (objects + end if objects else objects).encode()


def _csv_cells(row: Row, types: Sequence[ColumnType]) -> list[Any]:
    cells = list(row)
    for index, column_type in enumerate(types):
        value = cells[index]
        if value is None or column_type in ("integer", "category", "usd"):
            continue
        if column_type == "boolean":
            cells[index] = "true" if value else "false"
        else:
            cells[index] = guard_formula(value) if column_type == "path" else _guard_text(value)
    return cells


def _guard_text(text: str) -> str:
    """Make text safe for spreadsheets: escape invisible characters, and keep it from being run as a formula."""
    text = visible(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


class TextWriter:
    """Writes encoded rows as they arrive."""

    def __init__(self, stream: IO[bytes], schema: Schema, style: TextFormat) -> None:
        """Start writing to an open binary stream."""
        stream.flush()
        # Unbuffered: buffered data could be written after `abandon` has truncated the file.
        self._stream = getattr(stream, "raw", stream)
        self._style = style
        self._opening = f'{{"schema": "{schema.id}", "rows": ['.encode()
        # Written before the next rows: first the start of the file, then the comma between the elements of an array.
        self._prefix = {"csv": ",".join(schema.columns).encode() + b"\r\n", "json": self._opening + b"\n"}.get(
            style, b""
        )
        self._has_rows = False
        # The end of the last complete row and the number of rows, as one value, so that a signal cannot separate them.
        self._written = (_size(self._stream), 0)

    @property
    def rows(self) -> int:
        """Number of rows written."""
        return self._written[1]

    def write(self, encoded: bytes) -> None:
        """Write complete rows."""
        if encoded:
            self._put(self._prefix + encoded, encoded.count(b"\n") + (self._style == "json"))
            self._prefix = b",\n" if self._style == "json" else b""
            self._has_rows = True

    def finish(self, *_summary: Any) -> None:
        """Write the end of the file."""
        if self._style == "json":
            self._put(b"\n]}\n" if self._has_rows else self._opening + b"]}\n")
        else:
            self._put(self._prefix)

    def abandon(self) -> None:
        """Remove an incomplete row, if the stream is a file."""
        end, _ = self._written
        if _size(self._stream) > end:
            os.ftruncate(self._stream.fileno(), end)
            self._stream.seek(end)

    def _put(self, text: bytes, rows: int = 0) -> None:
        remaining = memoryview(text)
        while remaining:
            written = self._stream.write(remaining)
            if written is None:  # the reader has made the pipe non-blocking
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            remaining = remaining[written:]
        self._written = (self._written[0] + len(text), self._written[1] + rows)


def _size(stream: IO[bytes]) -> int:
    """Return the size of a file, bytes; 0 for streams that cannot be truncated."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, ValueError):
        return 0
