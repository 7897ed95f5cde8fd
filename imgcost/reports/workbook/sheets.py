"""Records as a plain workbook: a sheet of them, and one that says what the columns hold."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from imgcost.errors import MissingExtraError
from imgcost.reports.workbook.page import Page, begin_styles

try:
    from xlsxwriter import Workbook
except ImportError as error:
    raise MissingExtraError("writing a workbook", "report") from error

if TYPE_CHECKING:
    from imgcost.text import Report
    from imgcost.reports.records import Records

__all__ = ["write_records"]

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_STYLES = {"text": "text", "path": "text", "whole": "number", "usd": "dollars", "flag": "text"}
_WIDTHS = {"text": 28, "path": 28, "whole": 12, "usd": 16, "flag": 12}


def write_records(report: Report, records: Records) -> bytes:
    """Write the records of a report as a workbook.

    Args:
        report: The report; its notes get a sheet too.
        records: How its data becomes records.

    Returns:
        The file.
    """
    buffer = io.BytesIO()
    columns = records.columns
    with Workbook(buffer, _OPTIONS) as book:
        styles = begin_styles(book)
        page = Page(book, book.add_worksheet("Report"), styles)
        rows = list(records.of(report))
        kinds = [column.kind for column in columns.values()]
        page.table_head([name.replace("_", " ") for name in columns], [_WIDTHS[kind] for kind in kinds], len(rows))
        for number, row in enumerate(rows, 1):
            cells = [str(cell).lower() if isinstance(cell, bool) else cell for cell in row]
            page.line(number, 0, cells, [_STYLES[kind] for kind in kinds])
        about = Page(book, book.add_worksheet("Notes"), styles)
        about.sheet.set_column(0, 0, 26)
        about.sheet.set_column(1, 1, 110)
        told = [(name.replace("_", " "), column.meaning) for name, column in columns.items()]
        for number, line in enumerate([*told, *(("note", note) for note in report.notes)]):
            about.line(number, 0, line, "wrapped")
    return buffer.getvalue()
