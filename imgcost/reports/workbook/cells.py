"""Cells: their styles, and how each kind of value is written safely."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "NOT_OFFERED",
    "USD",
    "Cell",
    "CellFormula",
    "Page",
    "at",
    "begin_styles",
    "column_of",
    "printable",
    "unless_text",
]

MAX_TEXT = 32_767
"""Maximum number of characters in a cell, counted in UTF-16."""

NOT_OFFERED = "not offered"
"""Shown if there is no price, so that it is not mistaken for $0."""

_INK, _ACCENT, _PALE, _INPUT, _EDGE = "#3D3A33", "#B5532F", "#F5EDE6", "#FFF6D6", "#D9CFC4"
_TOKENS = "#,##0"
USD = "[>=0.0995]$#,##0.00;[>=0.00995]$0.000;$0.00####"
"""As `imgcost.figures.dollars`, as far as two conditions go; `Page.show_small_dollars` adds more."""
_UNIT_USD = "[>=9.995]$#,##0.00;[>=0.0995]$0.00##;$0.00###"
"""For a price of one of many, as `imgcost.figures.unit_dollars`: four significant digits, because readers multiply."""
SMALLEST_DIGITS = 9
"""Number of decimal places from which on dollars have no format of their own."""
_PAGE_WIDTH = 180
"""Width of a printed page that can still be read, in characters."""
_PORTRAIT_WIDTH = 110
"""Maximum width of a page that is printed upright, in characters: it would be enlarged to fill a wide page."""
_RATE = "$#,##0.00########"
_FONT = {"font_name": "Calibri", "font_size": 11, "font_color": _INK, "valign": "top"}
_LINE = {"bottom": 1, "bottom_color": _EDGE}
_SECTION = {"bold": True, "font_color": _ACCENT, "bottom": 2, "bottom_color": _ACCENT, "valign": "bottom"}
_HEAD = {"bold": True, "font_color": "white", "bg_color": _ACCENT, "text_wrap": True, "valign": "vcenter"}
_TOTAL = {"bold": True, "bg_color": _PALE, "top": 2, "top_color": _ACCENT}
_BOX = {"bg_color": _INPUT, "border": 1, "border_color": "#D8B95C", "font_color": "#1F4FA3", "bold": True}

_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 20, "font_color": _ACCENT, "valign": "vcenter"},
    "hint": {"italic": True, "font_color": "#7A7266"},
    "section": _SECTION | {"font_size": 12},
    "section right": _SECTION | {"align": "right"},
    "section plain": {"bold": True, "font_color": _ACCENT},
    "chosen": {"bold": True, "bg_color": _PALE},
    "head": _HEAD,
    "head indented": _HEAD | {"indent": 1, "align": "left"},
    "head right": _HEAD | {"align": "right"},
    "working": _HEAD | {"font_color": _INK, "bg_color": _EDGE, "align": "right"},
    "text": {},
    "indented": {"indent": 1, "align": "left"},
    "right": {"align": "right", "indent": 1},
    "wrapped": {"text_wrap": True},
    "quoted": {"quote_prefix": True},
    "label": _LINE,
    "label indented": _LINE | {"indent": 1, "align": "left"},
    "fact": _LINE | {"align": "right"},
    "count": _LINE | {"num_format": _TOKENS, "align": "right"},
    "rate": _LINE | {"num_format": _RATE, "align": "right"},
    "usd": _LINE | {"num_format": USD, "align": "right"},
    "unit usd": _LINE | {"num_format": _UNIT_USD, "align": "right"},
    "share": _LINE | {"num_format": "0%", "align": "right"},
    "total label": _TOTAL,
    "total count": _TOTAL | {"num_format": _TOKENS, "align": "right"},
    "total usd": _TOTAL | {"num_format": USD, "align": "right"},
    "input list": _BOX | {"align": "right", "num_format": f'@" {chr(0x25BE)}"'},
    "input number": _BOX | {"num_format": _TOKENS, "align": "right"},
    "input percent": _BOX | {"num_format": "0.0#%", "align": "right"},
    "number": {"num_format": _TOKENS, "align": "right"},
    "percent": {"num_format": "0.0%", "align": "right"},
    "number if any": {"num_format": "#,##0;-#,##0;", "align": "right"},
    "factor": {"num_format": "General", "align": "right"},
    "price": {"num_format": _RATE, "align": "right"},
    "dollars": {"num_format": USD, "align": "right"},
    "day right": _LINE | {"num_format": "yyyy-mm-dd", "align": "right"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
}


class CellFormula(NamedTuple):
    """A formula and its value.

    Attributes:
        text: The formula, without the equals sign.
        value: Its value, for viewers that do not recalculate.
    """

    text: str
    value: str | float | Decimal


Cell: TypeAlias = "str | float | Decimal | date | CellFormula | None"


class Page:
    """A sheet that is written from top to bottom, so that memory stays bounded."""

    def __init__(self, book: Workbook, sheet: Worksheet, styles: Mapping[str, Any]) -> None:
        """Set up how the sheet is printed."""
        self.book = book
        self.sheet = sheet
        self.styles = styles
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.7, 0.5)
        sheet.set_header("&L&A&RPage &P of &N")

    def put(self, row: int, column: int, cell: Cell, style: str = "text") -> None:
        """Write a cell.

        Args:
            row: Its row, from 0.
            column: Its column, from 0.
            cell: Its content; None leaves it empty.
            style: The name of its style.
        """
        look = self.styles[style]
        if isinstance(cell, CellFormula):
            value = float(cell.value) if isinstance(cell.value, Decimal) else cell.value
            self.sheet.write_formula(row, column, f"={cell.text}", look, value)
        elif isinstance(cell, str):
            # When a user edits such a cell and leaves it, it must not become a formula.
            is_risky = cell.startswith(("=", "+", "-", "@"))
            self.sheet.write_string(row, column, printable(cell), self.styles["quoted"] if is_risky else look)
        elif cell is None:
            self.sheet.write_blank(row, column, None, look)
        elif isinstance(cell, date):
            self.sheet.write_datetime(row, column, cell, look)
        else:
            self.sheet.write_number(row, column, cell, look)

    def show_small_dollars(
        self, last_row: int, last_column: int, units: Sequence[tuple[int, int, int, int]] = ()
    ) -> None:
        """Show dollars below a cent with their significant digits as well: a number format has only two conditions.

        Args:
            last_row: The last row, from 0.
            last_column: The last column, from 0.
            units: Cells with prices of one of many, which have four digits: first and last row and column.
        """
        for area, extra in (*((unit, 2) for unit in units), ((0, 0, last_row, last_column), 0)):
            for digits in range(4, SMALLEST_DIGITS):
                highest = float(f"0.995e{2 - digits}")
                decimals = "00".ljust(digits + extra, "#") if extra else "0" * digits
                look = self.book.add_format({"num_format": f"$0.{decimals}"})
                rule = {"type": "cell", "criteria": "between", "minimum": highest / 10, "maximum": highest}
                self.sheet.conditional_format(*area, rule | {"format": look, "stop_if_true": True})

    def put_row(self, row: int, column: int, cells: Iterable[Cell], styles: Iterable[str] | str = "text") -> None:
        """Write cells side by side.

        Args:
            row: Their row, from 0.
            column: The column of the first cell, from 0.
            cells: Their contents.
            styles: The style of each cell, or one style for all.
        """
        cells = list(cells)
        looks = [styles] * len(cells) if isinstance(styles, str) else styles
        for index, (cell, style) in enumerate(zip(cells, looks, strict=True), column):
            self.put(row, index, cell, style)

    def table_head(self, titles: Sequence[str], widths: Sequence[float], rows: int, working: int = 0) -> None:
        """Begin a sheet that is one table: a frozen row of titles with a filter.

        Args:
            titles: The columns' titles.
            widths: Widths of the columns, characters.
            rows: Number of rows that will follow.
            working: Number of columns at the end that are calculated.
        """
        for index, width in enumerate(widths):
            self.sheet.set_column(index, index, width)
        self.sheet.set_row(0, 48)
        self.put_row(0, 0, titles, ["head"] * (len(titles) - working) + ["working"] * working)
        self.sheet.freeze_panes(1, 1)
        self.sheet.autofilter(0, 0, max(rows, 1), len(titles) - 1)
        if sum(widths) <= _PORTRAIT_WIDTH:
            self.sheet.set_portrait()
        self.sheet.fit_to_pages(-(-int(sum(widths)) // _PAGE_WIDTH), 0)
        self.sheet.repeat_columns(0)
        self.sheet.repeat_rows(0)

    def name(self, name: str, row: int, column: int) -> None:
        """Give a cell a name that formulas use."""
        self.book.define_name(name, f"={at(row, column, self.sheet.get_name())}")


def begin_styles(book: Workbook) -> dict[str, Any]:
    """Register the styles of cells, by name."""
    return {name: book.add_format(_FONT | look) for name, look in _STYLES.items()}


def printable(text: str) -> str:
    r"""Make text fit a cell: escape invisible characters, and truncate it.

    >>> printable("a\x00b"), len(printable("a" * 40_000))
    ('a\\x00b', 32767)
    """
    text = visible(text)
    if text.startswith("<r>"):
        text = f" {text}"  # XlsxWriter would write it as the markup of rich text
    if len(text) <= MAX_TEXT // 2 or len(text.encode("utf-16-le")) <= 2 * MAX_TEXT:
        return text
    return text.encode("utf-16-le")[: 2 * MAX_TEXT - 2].decode("utf-16-le", "ignore") + "…"


def at(row: int, column: int, sheet: str = "") -> str:
    """Return the absolute reference to a cell.

    >>> at(0, 1), at(0, 1, "Models")
    ('$B$1', "'Models'!$B$1")
    """
    cell = str(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True))
    return f"'{sheet}'!{cell}" if sheet else cell


def column_of(sheet: str, column: int, rows: int, first: int = 1) -> str:
    """Return the reference to the cells of a column below its title; one cell if there are no rows.

    >>> column_of("Models", 0, 3)
    "'Models'!$A$2:$A$4"
    """
    return f"'{sheet}'!{xl_range_abs(first, column, first + max(rows, 1) - 1, column)}"


def unless_text(cell: str, formula: str) -> str:
    """Return a formula that copies a text such as "not offered" from a cell, and otherwise calculates.

    >>> unless_text("A1", "A1*2")
    'IF(ISTEXT(A1),A1,A1*2)'
    """
    return f"IF(ISTEXT({cell}),{cell},{formula})"
