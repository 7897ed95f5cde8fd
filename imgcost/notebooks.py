"""Small HTML tables for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["html_table"]


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a table as HTML. All text is escaped.

    Args:
        caption: A line above the table.
        columns: Column headings; a leading `>` aligns a column to the right.
        rows: Cells, as text.

    Returns:
        One `table` element.

    >>> html_table("Ducks", ["name", ">count"], [["<Huey>", "1"]])[-73:]
    '<tr><td>&lt;Huey&gt;</td><td style="text-align:right">1</td></tr></table>'
    """
    from html import escape  # noqa: PLC0415 - the command line prints no HTML tables

    right = [' style="text-align:right"' if head.startswith(">") else "" for head in columns]

    def line(tag: str, cells: Iterable[str]) -> str:
        parts = (f"<{tag}{style}>{escape(cell)}</{tag}>" for cell, style in zip(cells, right, strict=True))
        return f"<tr>{''.join(parts)}</tr>"

    head = line("th", (column.removeprefix(">") for column in columns))
    return f"<table><caption>{escape(caption)}</caption>{head}{''.join(line('td', row) for row in rows)}</table>"
