"""Write scans, part by part, and complete reports, in the format that the file suffix selects."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import ImgcostError
from imgcost.outputs import Output, is_step_summary
from imgcost.reports.columns import EncodedColumn, encode_columns
from imgcost.reports.delimited import TextFormat, TextWriter, encode_text
from imgcost.reports.rows import scan_rows
from imgcost.reports.sinks import Progress, ScanSink
from imgcost.tabular import SCAN
from imgcost.text import as_json, as_markdown, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.files import Group
    from imgcost.quoting import Quote
    from imgcost.tabular import Row, Schema
    from imgcost.text import Report

__all__ = ["JOB_SUFFIXES", "SUFFIXES", "format_of", "open_scan", "save_report", "stream_rows"]

SUFFIXES = (".csv", ".json", ".jsonl", ".parquet", ".md", ".xlsx", ".html")
"""File suffixes that reports can be written to."""

JOB_SUFFIXES = (".xlsx", ".html")
"""File suffixes of the reports that show a whole job, with every model; their writer is a `JobWriter`."""

CHUNK_ROWS = 1000
"""Number of rows of a report that are encoded together."""

_TEXT: dict[str, TextFormat] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl"}


def format_of(path: str) -> str:
    """Return the format of a report, selected by the suffix of its file; a GitHub step summary is Markdown.

    Raises:
        ImgcostError: No format has this suffix.

    >>> format_of("costs.CSV")
    '.csv'
    """
    if is_step_summary(path):
        return ".md"
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImgcostError(f"cannot write a report to {visible(path)}: use one of the extensions {', '.join(SUFFIXES)}")
    return suffix


@contextmanager
def open_scan(
    target: str | Output, quotes: Sequence[Quote], progress: Progress = lambda _done, _total: None
) -> Iterator[ScanSink]:
    """Open a file for a scan. It replaces the target when the context is left without an error.

    Args:
        target: The file.
        quotes: The quotes of the models.
        progress: Called while a workbook or an HTML report is written at the end.

    Yields:
        The sink of the scan. Call `finish` of its writer after the last part.

    Raises:
        ImgcostError: No format has this suffix.
        MissingExtraError: The format needs a library that is not installed.
        OSError: The file cannot be written.
    """
    output = Output(target) if isinstance(target, str) else target
    make = _scan_sink(format_of(output.path))  # report a missing library before touching the file
    with ExitStack() as stack:
        sink = make(stack.enter_context(output), tuple(quotes), progress)
        try:
            yield sink
        except BaseException:
            sink.writer.abandon()
            raise


def _scan_sink(suffix: str) -> Callable[[IO[bytes], tuple[Quote, ...], Progress], ScanSink]:
    if suffix == ".parquet":
        from imgcost.reports.parquet import ParquetWriter  # noqa: PLC0415 - an extra

        return lambda file, quotes, _: ScanSink(
            partial(_encode_columns, quotes), ParquetWriter(file, SCAN), details=True
        )
    if suffix == ".md":
        from imgcost.reports.markdown import markdown_sink  # noqa: PLC0415 - most scans do not need it

        return lambda file, quotes, _: markdown_sink(file, quotes)
    if suffix == ".xlsx":
        from imgcost.reports.workbook import workbook_sink  # noqa: PLC0415 - an extra

        return workbook_sink
    if suffix == ".html":
        from imgcost.reports.html import page_sink  # noqa: PLC0415 - an extra

        return page_sink
    return lambda file, quotes, _: stream_rows(file, quotes, _TEXT[suffix])


def stream_rows(stream: IO[bytes], quotes: Sequence[Quote], style: TextFormat) -> ScanSink:
    """Stream the rows of a scan to an open binary stream.

    Args:
        stream: The stream.
        quotes: The quotes of the models.
        style: The format.

    Returns:
        The sink of the scan.
    """
    return ScanSink(partial(_encode_text, tuple(quotes), style), TextWriter(stream, SCAN, style), details=True)


def _encode_text(quotes: tuple[Quote, ...], style: TextFormat, groups: list[Group]) -> bytes:
    return encode_text(scan_rows(groups, quotes), SCAN, style)


def _encode_columns(quotes: tuple[Quote, ...], groups: list[Group]) -> list[EncodedColumn]:
    return encode_columns(scan_rows(groups, quotes), SCAN)


def save_report(
    report: Report,
    schema: Schema,
    rows: Iterable[Row],
    target: str | Output,
    json: Callable[[], Iterable[str]] | None = None,
) -> None:
    """Write a complete report to a file, in the format that its suffix selects.

    Args:
        report: The report, for formats that people read.
        schema: The columns of the rows.
        rows: The rows, for other formats; read in chunks if the format allows it.
        target: The file.
        json: Returns the JSON in pieces; None encodes the report.

    Raises:
        ImgcostError: No format has this suffix.
        MissingExtraError: The format needs a library that is not installed.
        OSError: The file cannot be written.
    """
    output = Output(target) if isinstance(target, str) else target
    suffix = format_of(output.path)
    write = _REPORTS.get(suffix, partial(_write_rows, suffix=suffix))
    with output as file:
        if suffix == ".json":
            file.writelines(piece.encode() for piece in chain(json() if json else [as_json(report)], ["\n"]))
        else:
            write(file, report, schema, rows)


def _write_markdown(file: IO[bytes], report: Report, schema: Schema, _rows: Iterable[Row]) -> None:
    file.write(f"{as_markdown(report, schema.title)}\n".encode())


def _write_workbook(file: IO[bytes], report: Report, schema: Schema, rows: Iterable[Row]) -> None:
    from imgcost.reports.workbook import write_plain_workbook  # noqa: PLC0415 - an extra

    write_plain_workbook(file, report, schema, rows)


def _write_page(file: IO[bytes], report: Report, schema: Schema, _rows: Iterable[Row]) -> None:
    from imgcost.reports.html import report_page  # noqa: PLC0415 - an extra

    file.write(report_page(report, schema.title))


def _write_rows(file: IO[bytes], _report: Report, schema: Schema, rows: Iterable[Row], suffix: str) -> None:
    writer: Any
    encode: Callable[[list[Row], Schema], Any]
    if suffix == ".parquet":
        from imgcost.reports.parquet import ParquetWriter  # noqa: PLC0415 - an extra

        writer, encode = ParquetWriter(file, schema), encode_columns
    else:
        writer, encode = TextWriter(file, schema, _TEXT[suffix]), partial(encode_text, style=_TEXT[suffix])
    try:
        for chunk in _row_chunks(rows):
            writer.write(encode(chunk, schema))
        writer.finish()
    except BaseException:
        writer.abandon()
        raise


def _row_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Split rows into chunks, because a report may not fit in memory."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        yield chunk


_REPORTS: dict[str, Callable[[IO[bytes], Report, Schema, Iterable[Row]], None]] = {
    ".md": _write_markdown,
    ".xlsx": _write_workbook,
    ".html": _write_page,
}
