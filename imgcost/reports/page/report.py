"""The report of a single command as a page: its tables and notes, in the look of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.reports.page.cells import LONGEST, Grid, shortened
from imgcost.reports.page.templates import render

if TYPE_CHECKING:
    from imgcost.text import Report

__all__ = ["report_page"]


def report_page(report: Report, title: str) -> bytes:
    """Make a page of a report.

    Args:
        report: The report.
        title: What it is called.

    Returns:
        One HTML file, that fetches nothing and runs nothing.
    """
    tables = [
        Grid(table.title, table.columns, [tuple(shortened(cell, LONGEST) for cell in row) for row in table.rows])
        for table in report.tables
    ]
    notes = [shortened(note, 4 * LONGEST) for note in report.notes]
    return render("report.html.j2", title=title, tables=tables, notes=notes).encode()
