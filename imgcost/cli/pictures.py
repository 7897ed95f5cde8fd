"""Reports at a terminal: the same text, and bars behind the rows where a picture helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Column, Table
from rich.text import Text

from imgcost.text import Report, as_text

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType

    from imgcost import text

__all__ = ["draw"]

LONGEST, SHORTEST = 40, 8
"""Columns of the longest bar where there is room, and the fewest that are worth a picture."""


def draw(report: Report, stream: TextIO) -> None:
    """Print a report for a terminal.

    Args:
        report: The report. Its cells come out as they are: nothing in them is markup.
        stream: The terminal.
    """
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    blocks = [_drawn(table, console) for table in report.tables]
    if report.notes:
        blocks.append(Text("\n".join(report.notes)))
    for number, block in enumerate(blocks):
        if number:
            console.print()
        console.print(block, soft_wrap=isinstance(block, Text))


def _drawn(table: text.Table, console: Console) -> RenderableType:
    """A table, with a bar behind each row where there is room for one."""
    text = as_text(Report({}, [table]))
    lines = text.split("\n")
    width = max(map(cell_len, lines)) + 2
    room = min(LONGEST, console.width - width)
    if not table.bars or room < SHORTEST or not console.encoding.lower().startswith("utf"):
        return Text(text)
    grid = Table.grid(Column(width=width, no_wrap=True), Column(width=room))
    most = max(*table.bars, 1)
    above = len(lines) - len(table.rows)
    for line, value in zip(lines[above:], table.bars, strict=True):
        grid.add_row(Text(line), Bar(most, 0, value, width=room, color="cyan"))
    return Group(*map(Text, lines[:above]), grid)
