"""Rows: one an image and model, streamed as CSV, JSON lines, a JSON array or Parquet while the scan goes on; a workbook.

What could not be counted has a row too, with its reason and without a model.
"""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast, get_args

from imgcost import geometry
from imgcost.errors import ImgcostError
from imgcost.files import Image
from imgcost.formats import parseable, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.estimates import Terms
    from imgcost.files import Group
    from imgcost.tables import Platform

__all__ = ["COLUMNS", "EARLY", "RowKind", "RowWriter", "encode", "open_rows", "row_kind", "rows_of", "spreadsheet_text"]

RowKind: TypeAlias = Literal["csv", "json", "jsonl", "parquet", "xlsx", "html", "md"]

Row: TypeAlias = tuple[Any, ...]

COLUMNS = {
    "path": "the file, as reached from the path that was given",
    "media_type": "by content: image/jpeg, image/png, image/gif or image/webp",
    "width": "as stored, px",
    "height": "as stored, px",
    "orientation": "EXIF orientation, 1 to 8",
    "animated": "true if there is more than one frame; Claude sees the first",
    "file_bytes": "size of the file, bytes",
    "duplicate_of": "with --dedupe: the earlier image with the same bytes; such a row is in no total",
    "model": "the model's id",
    "tier": "its resolution tier",
    "formula": "the formula that counted",
    "tokens": "visual tokens",
    "downscaled": "true if the API would downscale the image",
    "resized_width": "what Claude sees, px",
    "resized_height": "what Claude sees, px",
    "input_usd": "US dollars for the image as input, exact",
    "problem": "why it could not be counted, as a slug; empty for an image",
    "reason": "the same as a sentence",
}
"""The columns of a row, in their order, and what they hold."""

_TEXTS = [list(COLUMNS).index(name) for name in ("path", "duplicate_of", "reason")]
"""The columns that hold text from outside."""

_BLANK_MODEL = (None,) * 8


def rows_of(groups: Iterable[Group], settled: Sequence[Terms]) -> Iterator[Row]:
    """Build the rows of what was found: for each image one a model, for everything else one.

    Args:
        groups: Folders and what was found in them, in the order of the scan.
        settled: The terms of each model.

    Yields:
        Values in the order of `COLUMNS`; None where a column does not apply, dollars as exact decimal text.

    >>> from imgcost.estimates import terms
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> next(rows_of([("", [image])], [terms("claude-3-sonnet")]))[8:16]
    ('claude-3-sonnet-20240229', 'standard', 'area', 1334, False, 1000, 1000, '0.004002')
    """
    dollars: list[dict[int, str]] = [{} for _ in settled]
    for one in (one for _, found in groups for one in found):
        if not isinstance(one, Image):
            yield (one.path, None, one.width, one.height, *[None] * 4, *_BLANK_MODEL, one.problem, one.reason)
            continue
        size = one.width, one.height
        for known, terms in zip(dollars, settled, strict=True):
            model, tier, formula = terms.model, terms.tier, terms.formula
            tokens = geometry.image_tokens(*size, tier, formula)
            usd = known.get(tokens) or known.setdefault(tokens, f"{terms.cost_usd(tokens):f}")
            resized = geometry.resized_size(*size, tier)
            yield (*one, model.id, tier.name, formula, tokens, resized != size, *resized, usd, None, None)


def row_kind(path: str) -> RowKind:
    """Tell from a file's suffix how rows are written to it.

    Raises:
        ImgcostError: The suffix names no format that rows can have.

    >>> row_kind("costs.CSV")
    'csv'
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind in get_args(RowKind):
        return cast("RowKind", kind)
    suffixes = ", ".join(f".{kind}" for kind in get_args(RowKind))
    raise ImgcostError(f"cannot write rows to {visible(path)}: give it a suffix {suffixes}")


def encode(groups: Iterable[Group], settled: Sequence[Terms], kind: RowKind) -> Any:
    """Turn what was found into what a writer of this kind takes: bytes, rows for Parquet, the groups or their sums.

    It needs no writer and can be done elsewhere, such as in a worker process.

    Args:
        groups: Folders and what was found in them, in the order of the scan.
        settled: The terms of each model.
        kind: The format.

    Returns:
        Whole rows: UTF-8 for CSV and JSON, a list of tuples for Parquet. For a workbook what was found, as it is; for a
        page and for Markdown what that adds up to.
    """
    if kind == "xlsx":
        return list(groups)
    if kind == "html":
        from imgcost.reports.page.gathering import gather  # noqa: PLC0415 - it needs numpy

        return gather(groups, settled)
    if kind == "md":
        from imgcost.reports.markdown import sum_up  # noqa: PLC0415 - most scans write none

        return sum_up(groups, settled)
    rows = rows_of(groups, settled)
    if kind == "parquet":
        return [_printable_row(row) for row in rows]
    if kind == "csv":
        buffer = io.StringIO()
        csv.writer(buffer).writerows(map(_csv_row, rows))
        return buffer.getvalue().encode()
    separator, end = ("\n", "\n") if kind == "jsonl" else (",\n", "")
    objects = separator.join(map(_object, rows))
    return (objects + end if objects else objects).encode()


class RowWriter(Protocol):
    """Takes encoded rows, and can be closed in good order after an interruption."""

    def write(self, encoded: Any) -> None:
        """Write whole rows; when it returns they are on their way to disk."""

    def close(self, *, whole: bool = True) -> None:
        """End the file so that it can be read, whatever it holds; a report says so where that is not the whole scan."""


_AS_THE_API: tuple[Platform, ...] = ("claude-api", "claude-platform-aws", "google-cloud-anthropic")
"""The platforms whose limits and prices a workbook and a page calculate with."""


def _refuse_other_prices(kind: RowKind, settled: Sequence[Terms]) -> None:
    """A workbook and a page calculate with what the Claude API charges and accepts: for others they would be wrong."""
    for terms in settled:
        if terms.platform not in _AS_THE_API or terms.speed == "fast":
            raise ImgcostError(
                f"a .{kind} report calculates with the standard prices and the limits of the Claude API, not with those "
                f"of {', '.join(terms.conditions)} ({terms.model.id}): write .csv, .json, .jsonl, .parquet or .md"
            )


@contextmanager
def open_rows(target: str | IO[bytes], kind: RowKind, settled: Sequence[Terms] = ()) -> Iterator[RowWriter]:
    """Open a file or a binary stream for rows, and close it so that it can be read, even after an interruption.

    Args:
        target: A path, or an open stream.
        kind: The format.
        settled: The terms of each model: a workbook, a page and Markdown go by them, and need at least one.

    Yields:
        The writer.

    Raises:
        OSError: The file cannot be written.
        ImgcostError: A workbook or a page is to show fast mode, or a platform that the Claude API does not speak for.
        MissingExtraError: What the format needs is not installed: pyarrow for Parquet, XlsxWriter for a workbook, Jinja2
            and matplotlib for a page.
    """
    if kind in {"xlsx", "html"}:
        _refuse_other_prices(kind, settled)
    if kind == "parquet":
        from imgcost.reports.parquet import ParquetWriter  # noqa: PLC0415 - an extra

        writer: RowWriter = ParquetWriter(str(target))
    elif kind == "xlsx":
        from imgcost.reports.workbook import WorkbookWriter  # noqa: PLC0415 - an extra

        writer = WorkbookWriter(target, settled)
    elif kind == "html":
        from imgcost.reports.page.writing import PageWriter  # noqa: PLC0415 - an extra

        writer = PageWriter(str(target), settled)
    elif kind == "md":
        from imgcost.reports.markdown import MarkdownWriter  # noqa: PLC0415 - most scans write none

        writer = MarkdownWriter(str(target), settled)
    elif isinstance(target, str):
        # Unbuffered: a chunk of rows is one write, and what is written can be cut at the end of a row.
        writer = _TextWriter(Path(target).open("wb", buffering=0), kind)  # noqa: SIM115 - closed by the writer
    else:
        writer = _StreamWriter(target, kind)
    whole = False
    try:
        yield writer
        whole = True
    finally:
        writer.close(whole=whole)


EARLY = "The scan was ended early: only what it had found by then is here."
"""What a report says of itself where it does not hold the whole scan."""

_BEGIN = b'{"schema": "imgcost.rows/1", "rows": [\n'


class _StreamWriter:
    """Writes text rows to a pipe."""

    def __init__(self, stream: IO[bytes], kind: RowKind) -> None:
        self._stream = stream
        self._kind = kind
        # What stands before the next rows: first the beginning of the file, in an array then a comma.
        self._before = {"csv": ",".join(COLUMNS).encode() + b"\r\n", "json": _BEGIN}.get(kind, b"")

    def write(self, encoded: bytes) -> None:
        if encoded:
            self._put(self._before + encoded)
            self._before = b",\n" if self._kind == "json" else b""

    def close(self, *, whole: bool = True) -> None:  # noqa: ARG002 - rows speak for themselves
        if self._kind == "json":
            self._put(_BEGIN.rstrip() + b"]}\n" if self._before == _BEGIN else b"\n]}\n")
        else:
            self._put(self._before)

    def _put(self, text: bytes) -> None:
        self._stream.write(text)
        self._stream.flush()


class _TextWriter(_StreamWriter):
    """Writes text rows to a file of its own: whatever ends it, the file ends with a whole row."""

    _whole = 0

    def _put(self, text: bytes) -> None:
        rest = memoryview(text)
        while rest:
            rest = rest[self._stream.write(rest) :]
        self._whole += len(text)

    def close(self, *, whole: bool = True) -> None:
        with self._stream:
            if os.fstat(self._stream.fileno()).st_size > self._whole:
                self._stream.seek(self._whole)
                self._stream.truncate()
            super().close(whole=whole)


def _csv_row(row: Row) -> list[Any]:
    cells = [str(value).lower() if isinstance(value, bool) else value for value in row]
    for place in _TEXTS:
        if cells[place] is not None:
            cells[place] = spreadsheet_text(cells[place])
    return cells


def spreadsheet_text(text: str) -> str:
    """Give a text from outside that a spreadsheet may open: nothing invisible in it, and no formula that would run.

    >>> spreadsheet_text("=1+1")
    "'=1+1"
    """
    text = visible(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _printable_row(row: Row) -> Row:
    """A row whose paths any reader takes: a byte that is no UTF-8 becomes an escape."""
    cells = list(row)
    for place in _TEXTS:
        if cells[place] is not None and not cells[place].isascii():
            cells[place] = parseable(cells[place])
    return tuple(cells)


def _object(row: Row) -> str:
    """One row as JSON: ASCII, and every key always there."""
    return json.dumps(dict(zip(COLUMNS, _printable_row(row), strict=True)))
