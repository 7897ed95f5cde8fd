"""Rows: one per image and model, as CSV, JSON lines, a JSON array or Parquet; and what other reports are made of.

What could not be counted has a row too, with its reason and without a model.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast, get_args

from imgcost import geometry
from imgcost.errors import ImgcostError
from imgcost.files import Image
from imgcost.text import parseable, visible
from imgcost.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.estimates import Terms
    from imgcost.files import Group

__all__ = ["COLUMNS", "RowKind", "RowWriter", "encode", "open_rows", "row_kind", "rows_of", "spreadsheet_text"]

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
            model, _, tier, formula, _, _ = terms
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
    """Takes encoded rows, and is closed whatever ends the scan."""

    def write(self, encoded: Any) -> None:
        """Take whole rows."""

    def close(self, *, whole: bool = True) -> None:
        """Write what only the end of the scan makes known; or where that was not reached, release what is held."""


Progress: TypeAlias = "Callable[[int, int], None]"
"""Called with how many parts of a report are written, and how many there are."""


@contextmanager
def open_rows(
    target: str | Output | IO[bytes],
    kind: RowKind,
    settled: Sequence[Terms] = (),
    progress: Progress = lambda _done, _total: None,
) -> Iterator[RowWriter]:
    """Open a file or a binary stream for rows.

    A file replaces its target when the context is left without an error; otherwise the target stays as it was. A stream
    gets the rows as they come. After an error a stream that is a file ends with a whole row.

    Args:
        target: A path, an output, or an open stream.
        kind: The format.
        settled: The terms of each model: a workbook, a page and Markdown go by them, and need at least one.
        progress: Called while a workbook or a page is written at the end.

    Yields:
        The writer.

    Raises:
        OSError: The file cannot be written.
        MissingExtraError: What the format needs is not installed: pyarrow for Parquet, XlsxWriter for a workbook, Jinja2
            and matplotlib for a page.
    """
    make = _writer_of(kind)
    with ExitStack() as stack:
        output = Output(target) if isinstance(target, str) else target
        file = stack.enter_context(output) if isinstance(output, Output) else output
        writer = make(file, settled, progress)
        try:
            yield writer
        except BaseException:
            writer.close(whole=False)
            raise
        writer.close()


def _writer_of(kind: RowKind) -> Callable[[IO[bytes], Sequence[Terms], Progress], RowWriter]:
    """Import what writes a format, before a file is touched."""
    if kind == "parquet":
        from imgcost.reports.parquet import ParquetWriter  # noqa: PLC0415 - an extra

        return lambda file, _settled, _progress: ParquetWriter(file)
    if kind == "xlsx":
        from imgcost.reports.workbook import WorkbookWriter  # noqa: PLC0415 - an extra

        return lambda file, settled, progress: WorkbookWriter(file, settled, progress=progress)
    if kind == "html":
        from imgcost.reports.page.writing import PageWriter  # noqa: PLC0415 - an extra

        return PageWriter
    if kind == "md":
        from imgcost.reports.markdown import MarkdownWriter  # noqa: PLC0415 - most scans write none

        return lambda file, settled, _progress: MarkdownWriter(file, settled)
    return lambda file, _settled, _progress: TextWriter(file, kind)


_BEGIN = b'{"schema": "imgcost.rows/1", "rows": [\n'


class TextWriter:
    """Writes text rows as they come."""

    def __init__(self, stream: IO[bytes], kind: RowKind) -> None:
        """Begin with an open binary stream."""
        stream.flush()
        # Unbuffered: what is in a buffer would be written later, behind a row that was taken back.
        self._stream = getattr(stream, "raw", stream)
        self._kind = kind
        # What is written before the next rows: first the beginning of the file, in an array then a comma.
        self._before = {"csv": ",".join(COLUMNS).encode() + b"\r\n", "json": _BEGIN}.get(kind, b"")
        # The end of the last whole row and the rows until there; one value, so that no signal comes in between.
        self._done = (_size(self._stream), 0)

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return self._done[1]

    def write(self, encoded: bytes) -> None:
        """Write whole rows."""
        if encoded:
            self._put(self._before + encoded, encoded.count(b"\n") + (self._kind == "json"))
            self._before = b",\n" if self._kind == "json" else b""

    def close(self, *, whole: bool = True) -> None:
        """End the stream; after an error, where it is a file, take back a row that was only begun."""
        if not whole:
            end, _ = self._done
            if _size(self._stream) > end:
                os.ftruncate(self._stream.fileno(), end)
                self._stream.seek(end)
        elif self._kind == "json":
            self._put(_BEGIN.rstrip() + b"]}\n" if self._before == _BEGIN else b"\n]}\n")
        else:
            self._put(self._before)

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
