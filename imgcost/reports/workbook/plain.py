"""Write the workbook of an estimate, a plan or a check: rows and notes."""

from __future__ import annotations

from decimal import Decimal
from typing import IO, TYPE_CHECKING

from imgcost.figures import plural
from imgcost.reports.workbook.book import MAX_ROWS, pages_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.tabular import ColumnType, Row, Schema
    from imgcost.text import Report

__all__ = ["write_plain_workbook"]

_WIDTHS: dict[ColumnType, int] = {"path": 40, "text": 60, "category": 20, "integer": 13, "usd": 16, "boolean": 11}
_STYLES: dict[ColumnType, str] = {"integer": "number", "usd": "price"}


def write_plain_workbook(file: IO[bytes], report: Report, schema: Schema, rows: Iterable[Row]) -> None:
    """Write a report as a workbook: the sheet Report, and the sheet Notes with its notes and what its columns mean.

    Args:
        file: An open binary file.
        report: The report.
        schema: The columns of its rows.
        rows: Its rows; those that do not fit a sheet are left out, and the notes say how many.

    Raises:
        OSError: The file cannot be written.
    """
    with pages_of(file, ("Report", "Notes")) as pages:
        left_out = _write_rows(pages["Report"], schema, rows)
        notes = [(schema.title, note) for note in report.notes]
        if left_out:
            rest = plural(left_out, "more row does", "more rows do")
            notes.append((schema.title, f"{rest} not fit on a sheet: write .csv or .parquet."))
        write_notes(pages["Notes"], [*notes, *((name, column.meaning) for name, column in schema.columns.items())])


def write_notes(page: Page, notes: Iterable[tuple[str, str]]) -> None:
    """Write the sheet Notes: subjects and texts."""
    page.sheet.set_column(0, 0, 28)
    page.sheet.set_column(1, 1, 110)
    page.sheet.hide_gridlines(2)
    page.put(0, 0, "Notes", "title")
    for row, (subject, text) in enumerate(notes, 2):
        page.sheet.set_row(row, 15 * (1 + len(text) // 115))
        page.put_row(row, 0, (subject, text), "wrapped")


def _write_rows(page: Page, schema: Schema, rows: Iterable[Row]) -> int:
    columns = schema.columns.values()
    styles = [_STYLES.get(column.type, "text") for column in columns]
    page.table_head(list(schema.columns), [_WIDTHS[column.type] for column in columns], MAX_ROWS - 1)
    left_out = 0
    for number, row in enumerate(rows, 1):
        if number < MAX_ROWS:
            page.put_row(
                number, 0, [_cell(value, column.type) for value, column in zip(row, columns, strict=True)], styles
            )
        else:
            left_out += 1
    return left_out


def _cell(value: object, column_type: ColumnType) -> Cell:
    if value is None:
        return None
    if column_type == "usd":
        return Decimal(str(value))
    if column_type == "boolean":
        return "true" if value else "false"
    return value if isinstance(value, int) else str(value)
