"""A report written to a file, in the format that its suffix names."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.formats import as_json, as_markdown, visible
from imgcost.paths import guard_formula
from imgcost.reports.rows import spreadsheet_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.formats import Report
    from imgcost.reports.records import Column, Records

__all__ = ["SUFFIXES", "save_report", "saver_of"]


def save_report(report: Report, records: Records, path: str) -> None:
    """Write a report to a file.

    Args:
        report: The report.
        records: How its data becomes records.
        path: The file; its suffix is one of `SUFFIXES`.

    Raises:
        ImgcostError: The suffix names no format.
        MissingExtraError: The format needs a library that is not installed.
        OSError: The file cannot be written.
    """
    content = saver_of(path)(report, records)
    Path(path).write_bytes(content)


def saver_of(path: str) -> Callable[[Report, Records], bytes]:
    """Find what writes a format, by a file's suffix.

    Raises:
        ImgcostError: The suffix names no format.

    >>> saver_of("costs.MD").__name__
    '_markdown'
    """
    found = _SAVERS.get(Path(path).suffix.lower())
    if found is None:
        raise ImgcostError(f"cannot write a report to {visible(path)}: give it a suffix {', '.join(SUFFIXES)}")
    return found


def _json(report: Report, _records: Records) -> bytes:
    return f"{as_json(report)}\n".encode()


def _markdown(report: Report, _records: Records) -> bytes:
    return f"{as_markdown(report)}\n".encode()


def _lines(report: Report, records: Records) -> bytes:
    rows = (dict(zip(records.columns, row, strict=True)) for row in records.of(report))
    return "".join(f"{json.dumps(row, default='{:f}'.format)}\n" for row in rows).encode()


def _csv(report: Report, records: Records) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(records.columns)
    writer.writerows(map(_csv_cell, row, records.columns.values()) for row in records.of(report))
    return buffer.getvalue().encode()


def _csv_cell(value: Any, column: Column) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return guard_formula(value) if column.kind == "path" else spreadsheet_text(value)
    return value if value is None or isinstance(value, int) else f"{value:f}"


def _parquet(report: Report, records: Records) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "parquet") from error
    types = {
        "text": pa.string(),
        "path": pa.string(),
        "whole": pa.int64(),
        "usd": pa.decimal256(60, 20),
        "flag": pa.bool_(),
    }
    schema = pa.schema(
        [
            pa.field(name, types[column.kind], metadata={"description": column.meaning})
            for name, column in records.columns.items()
        ]
    )
    rows = [dict(zip(records.columns, row, strict=True)) for row in records.of(report)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), buffer)
    return buffer.getvalue()


def _workbook(report: Report, records: Records) -> bytes:
    from imgcost.reports.workbook.sheets import write_records  # noqa: PLC0415 - an extra

    return write_records(report, records)


def _page(report: Report, records: Records) -> bytes:
    from imgcost.reports.page.report import report_page  # noqa: PLC0415 - an extra

    return report_page(report, records.title)


_SAVERS: dict[str, Callable[[Report, Records], bytes]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _lines,
    ".parquet": _parquet,
    ".md": _markdown,
    ".xlsx": _workbook,
    ".html": _page,
}

SUFFIXES = tuple(_SAVERS)
"""The suffixes of files that a report can be written to."""
