"""Small HTML tables and charts for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

__all__ = ["bar_chart", "html_table"]

LABEL, BAR, VALUE, ROW = 230, 240, 110, 20
"""Widths of the parts of a chart and height of a row, px."""

MAX_LABEL = 34
"""Length from which a label is shortened, in characters."""

COLOR = "#4c78a8"
"""Of bars: dark enough on white, light enough on black."""


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
    right = [' style="text-align:right"' if head.startswith(">") else "" for head in columns]

    def line(tag: str, cells: Iterable[str]) -> str:
        parts = (f"<{tag}{style}>{_escaped(cell)}</{tag}>" for cell, style in zip(cells, right, strict=True))
        return f"<tr>{''.join(parts)}</tr>"

    head = line("th", (column.removeprefix(">") for column in columns))
    return f"<table><caption>{_escaped(caption)}</caption>{head}{''.join(line('td', row) for row in rows)}</table>"


def bar_chart(title: str, bars: Sequence[tuple[str, Decimal | int, str]]) -> str:
    """Draw a chart with horizontal bars as SVG, without scripts. All text is escaped and in the color of the notebook.

    Args:
        title: What it shows, for screen readers and as a tooltip.
        bars: Label, value (0 or more) and the value as text, for each bar.

    Returns:
        One `svg` element; empty text if all values are 0.

    >>> bar_chart("Ducks", [("Huey", 2, "2"), ("Dewey", 1, "1")]).count("<rect")
    2
    >>> bar_chart("Ducks", [("Huey", 0, "0")])
    ''
    """
    most = max((value for _, value, _ in bars), default=0)
    if not most:
        return ""
    height = ROW * len(bars)
    size = f'viewBox="0 0 {LABEL + BAR + VALUE} {height}" width="{LABEL + BAR + VALUE}" height="{height}"'
    parts = [f'<svg role="img" {size} style="max-width:100%" font-size="12"><title>{_escaped(title)}</title>']
    for number, (label, value, text) in enumerate(bars):
        width = int(value * BAR * 10 // most) / 10
        y = number * ROW + 14
        name = label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}\N{HORIZONTAL ELLIPSIS}"
        parts += (
            f'<text x="{LABEL - 8}" y="{y}" text-anchor="end" fill="currentColor">{_escaped(name)}</text>',
            f'<rect x="{LABEL}" y="{y - 11}" width="{width}" height="14" fill="{COLOR}"/>',
            f'<text x="{LABEL + width + 6}" y="{y}" fill="currentColor">{_escaped(text)}</text>',
        )
    return "".join([*parts, "</svg>"])


def _escaped(text: str) -> str:
    from html import escape  # noqa: PLC0415 - the command line prints no HTML tables

    return escape(visible(text))
