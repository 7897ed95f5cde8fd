"""Rows as text: CSV, JSON lines and JSON, streamed as they come."""

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
    r"""Encode whole rows; it needs no writer and can be done elsewhere, such as in a worker process.

    Args:
        rows: The rows.
        schema: Their columns.
        style: `csv`, `jsonl`, or `json` for the elements of an array.

    Returns:
        UTF-8 text; in JSON ASCII only, dollars as text, and every key always there.

    >>> from imgcost.tabular import Column, Schema
    >>> encode_text([("=a.png", True)], Schema("x/1", "X", {"p": Column("path", ""), "b": Column("boolean", "")}),
    "csv") b'escaped:%3Da.png,true\r\n'
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
    for place, kind in enumerate(types):
        value = cells[place]
        if value is None or kind in ("integer", "category", "usd"):
            continue
        if kind == "boolean":
            cells[place] = "true" if value else "false"
        else:
            cells[place] = guard_formula(value) if kind == "path" else _harmless(value)
    return cells


def _harmless(text: str) -> str:
    """A sentence that a spreadsheet may open: nothing invisible in it, and no formula that would run."""
    text = visible(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


class TextWriter:
    """Writes encoded rows as they come."""

    def __init__(self, stream: IO[bytes], schema: Schema, style: TextFormat) -> None:
        """Begin with an open binary stream."""
        stream.flush()
        # Unbuffered: what is in a buffer would be written later, behind a row that was taken back.
        self._stream = getattr(stream, "raw", stream)
        self._style = style
        self._begin = f'{{"schema": "{schema.id}", "rows": ['.encode()
        # What is written before the next rows: first the beginning of the file, in an array then a comma.
        self._before = {"csv": ",".join(schema.columns).encode() + b"\r\n", "json": self._begin + b"\n"}.get(style, b"")
        self._begun = False
        # The end of the last whole row and the rows until there; one value, so that no signal comes in between.
        self._done = (_size(self._stream), 0)

    @property
    def rows(self) -> int:
        """Number of rows written."""
        return self._done[1]

    def write(self, encoded: bytes) -> None:
        """Write whole rows."""
        if encoded:
            self._put(self._before + encoded, encoded.count(b"\n") + (self._style == "json"))
            self._before = b",\n" if self._style == "json" else b""
            self._begun = True

    def finish(self, *_summary: Any) -> None:
        """Write the end."""
        if self._style == "json":
            self._put(b"\n]}\n" if self._begun else self._begin + b"]}\n")
        else:
            self._put(self._before)

    def abandon(self) -> None:
        """Take back a row that was only begun, where the stream is a file."""
        end, _ = self._done
        if _size(self._stream) > end:
            os.ftruncate(self._stream.fileno(), end)
            self._stream.seek(end)

    def _put(self, text: bytes, rows: int = 0) -> None:
        rest = memoryview(text)
        while rest:
            written = self._stream.write(rest)
            if written is None:  # the other end made the pipe non-blocking
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            rest = rest[written:]
        self._done = (self._done[0] + len(text), self._done[1] + rows)


def _size(stream: IO[bytes]) -> int:
    """The bytes of a stream that is a file; 0 of others, which cannot be cut."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, ValueError):
        return 0
