"""Reports in a terminal: the same text, plus bar charts."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Column, Table
from rich.text import Text

from imgcost.text import Report, as_text
from imgcost.text.rendering import table_lines

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType

    from imgcost import text

__all__ = ["draw"]

MAX_BAR, MIN_BAR = 40, 8
"""Maximum width of a bar chart, and the width below which none is drawn, in terminal columns."""


def draw(report: Report, stream: TextIO) -> None:
    """Print a report to a terminal.

    Args:
        report: The report. Cells are printed literally, never interpreted as markup.
        stream: The terminal.
    """
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    parts = [_render(table, console) for table in report.tables]
    if report.notes:
        parts.append(Text(as_text(Report({}, [], report.notes), console.width)))
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(part, soft_wrap=isinstance(part, Text))


def _render(table: text.Table, console: Console) -> RenderableType:
    """Render a table, with a bar next to each row if there is space."""
    above, rows = table_lines(table, console.width)
    width = max(map(cell_len, chain(above, *rows))) + 2
    space = min(MAX_BAR, console.width - width)
    if not table.bars or space < MIN_BAR or not console.encoding.lower().startswith("utf"):
        return Text("\n".join(chain(above, *rows)))
    grid = Table.grid(Column(width=width, no_wrap=True), Column(width=space))
    most = max(*table.bars, 1)
    for lines, value in zip(rows, table.bars, strict=True):
        grid.add_row(Text("\n".join(lines)), Bar(most, 0, value, width=space, color="cyan"))
    return Group(*map(Text, above), grid)
