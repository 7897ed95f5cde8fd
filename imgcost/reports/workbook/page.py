"""Cells: how they look, and how every kind of value gets into them harmlessly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "MOST_TEXT",
    "NOT_OFFERED",
    "Cell",
    "Formula",
    "Page",
    "begin_styles",
    "cell_name",
    "column_name",
    "printable",
]

MOST_TEXT = 32_767
"""The most characters that a cell holds, counted in UTF-16."""

NOT_OFFERED = "not offered"
"""What stands where there is no price, so that nobody takes it for 0."""

_INK, _ACCENT, _PALE, _INPUT, _EDGE = "#3D3A33", "#B5532F", "#F5EDE6", "#FFF6D6", "#D9CFC4"
_TOKENS = "#,##0"
_USD = "[>=1]$#,##0.00;[>0]$0.00####;$0.00"
_FONT = {"font_name": "Calibri", "font_size": 11, "font_color": _INK}

_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 20, "font_color": _ACCENT},
    "hint": {"italic": True, "font_color": "#7A7266"},
    "section": {"bold": True, "font_size": 12, "font_color": _ACCENT, "bottom": 2, "bottom_color": _ACCENT},
    "section right": {
        "bold": True, "font_color": _ACCENT, "bottom": 2, "bottom_color": _ACCENT, "align": "right",
    },
    "section plain": {"bold": True, "font_color": _ACCENT},
    "chosen": {"bold": True, "bg_color": _PALE},
    "head": {"bold": True, "font_color": "white", "bg_color": _ACCENT, "text_wrap": True, "valign": "vcenter"},
    "head right": {"align": "right"},
    "working": {"bold": True, "font_color": _INK, "bg_color": _EDGE, "text_wrap": True, "valign": "vcenter"},
    "text": {},
    "right": {"align": "right", "indent": 1},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "quoted": {"quote_prefix": True},
    "label": {"bottom": 1, "bottom_color": _EDGE},
    "count": {"num_format": _TOKENS, "bottom": 1, "bottom_color": _EDGE},
    "usd": {"num_format": _USD, "bottom": 1, "bottom_color": _EDGE, "align": "right"},
    "total label": {"bold": True, "bg_color": _PALE, "top": 2, "top_color": _ACCENT},
    "total count": {"bold": True, "bg_color": _PALE, "top": 2, "top_color": _ACCENT, "num_format": _TOKENS},
    "total usd": {
        "bold": True, "bg_color": _PALE, "top": 2, "top_color": _ACCENT, "num_format": _USD, "align": "right",
    },
    "input": {"bg_color": _INPUT, "border": 1, "border_color": "#D8B95C", "font_color": "#1F4FA3", "bold": True},
    "number": {"num_format": _TOKENS},
    "factor": {"num_format": "General"},
    "price": {"num_format": "$General"},
    "dollars": {"num_format": _USD},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
}  # fmt: skip
_STYLES["head right"] = _STYLES["head"] | _STYLES["head right"]
_STYLES["input number"] = _STYLES["input"] | {"num_format": _TOKENS}
_STYLES["input"]["align"] = "right"


class Formula(NamedTuple):
    """A formula, and what it comes to.

    Attributes:
        text: The formula, without the equals sign.
        value: Its value, for viewers that do not recalculate.
    """

    text: str
    value: str | float | Decimal | None


Cell: TypeAlias = "str | float | Decimal | date | Formula | None"


class Page:
    """A sheet that is written from top to bottom, as bounded memory wants it."""

    def __init__(self, book: Workbook, sheet: Worksheet, styles: Mapping[str, Any]) -> None:
        """Hold the sheet."""
        self.book = book
        self.sheet = sheet
        self.styles = styles
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.5, 0.5)

    def put(self, row: int, column: int, cell: Cell, style: str = "text") -> None:
        """Write a cell.

        Args:
            row: Its row, from 0.
            column: Its column, from 0.
            cell: What it holds; None leaves it empty.
            style: How it looks.
        """
        look = self.styles[style]
        if isinstance(cell, Formula):
            value = float(cell.value) if isinstance(cell.value, Decimal) else cell.value
            self.sheet.write_formula(row, column, f"={cell.text}", look, "" if value is None else value)
        elif isinstance(cell, str):
            # A person who edits such a cell and leaves it again must not have made a formula of it.
            quoted = cell.startswith(("=", "+", "-", "@"))
            self.sheet.write_string(row, column, printable(cell), self.styles["quoted"] if quoted else look)
        elif cell is None:
            self.sheet.write_blank(row, column, None, look)
        elif isinstance(cell, date):
            self.sheet.write_datetime(row, column, cell, self.styles["day"])
        else:
            self.sheet.write_number(row, column, cell, look)

    def line(self, row: int, column: int, cells: Iterable[Cell], styles: Iterable[str] | str = "text") -> None:
        """Write cells side by side.

        Args:
            row: Their row, from 0.
            column: The first one's column, from 0.
            cells: What they hold.
            styles: How each looks, or all.
        """
        cells = list(cells)
        looks = [styles] * len(cells) if isinstance(styles, str) else styles
        for place, (cell, style) in enumerate(zip(cells, looks, strict=True), column):
            self.put(row, place, cell, style)

    def table_head(self, titles: Sequence[str], widths: Sequence[float], rows: int, working: int = 0) -> None:
        """Begin a sheet that is one table: a frozen row of titles with a filter.

        Args:
            titles: Of the columns.
            widths: Of the columns, characters.
            rows: How many rows will follow.
            working: How many of the last columns only serve the others.
        """
        for place, width in enumerate(widths):
            self.sheet.set_column(place, place, width)
        self.sheet.set_row(0, 48)
        shown = len(titles) - working
        self.line(0, 0, titles, ["head"] * shown + ["working"] * working)
        self.sheet.freeze_panes(1, 1)
        self.sheet.autofilter(0, 0, max(rows, 1), len(titles) - 1)

    def name(self, name: str, row: int, column: int, last_row: int | None = None) -> None:
        """Give a cell, or a part of a column, a name that formulas read by."""
        area = cell_name(row, column) if last_row is None else f"{cell_name(row, column)}:{cell_name(last_row, column)}"
        self.book.define_name(name, f"='{self.sheet.get_name()}'!{area}")


def begin_styles(book: Workbook) -> dict[str, Any]:
    """Register how cells look, by name."""
    return {name: book.add_format(_FONT | look) for name, look in _STYLES.items()}


def printable(text: str) -> str:
    r"""Give a text that a cell can hold: nothing invisible in it, and not too long.

    >>> printable("a\x00b"), len(printable("a" * 40_000))
    ('a\\x00b', 32767)
    """
    text = visible(text)
    if len(text.encode("utf-16-le")) <= 2 * MOST_TEXT:
        return text
    return text.encode("utf-16-le")[: 2 * MOST_TEXT - 2].decode("utf-16-le", "ignore") + "…"


def column_name(column: int) -> str:
    """Name a column as spreadsheets do.

    >>> [column_name(column) for column in (0, 25, 26)]
    ['A', 'Z', 'AA']
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(row: int, column: int) -> str:
    """Name a cell absolutely, as spreadsheets do.

    >>> cell_name(0, 1)
    '$B$1'
    """
    return f"${column_name(column)}${row + 1}"
