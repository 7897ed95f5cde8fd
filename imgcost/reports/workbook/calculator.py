"""The sheets Calculator and Steps: any size, downscaled and counted by formulas, exactly as the library does."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_col_to_name

from imgcost import geometry
from imgcost.figures import plural
from imgcost.geometry import PATCH, PIXELS_PER_TOKEN
from imgcost.prices import cost_usd
from imgcost.reports.workbook.cells import CellFormula, at, unless_text
from imgcost.reports.workbook.downscaling import MAX_EDGE, steps, ties

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import ModelRow, WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets

__all__ = ["write_calculator", "write_steps"]

ROWS = 25
"""Minimum number of rows for sizes."""

_HEADS = ("Resized width", "Resized height", "Visual tokens", "US$ per image", "US$ per 1,000 images")
_WORKING = ("fits", "step", "tie", "long edge", "whole short edge", "short edge")
_VALID = 1 + 2 + 2 * len(_HEADS)
_FIRST = 7
_HEAD, _MODEL, _PRICE = 6, 4, 5
_STEPS_COLUMNS = 12


class _TierColumns(NamedTuple):
    """A tier's columns.

    Attributes:
        number: Its number, from 0.
        tier: The tier.
        models: Indexes of the tier's models on the sheet Models.
        model: The model whose price is shown first.
        price: Its input price, US dollars per MTok; text if it is not offered.
    """

    number: int
    tier: Tier
    models: Sequence[int]
    model: ModelRow
    price: Decimal | str

    @property
    def start(self) -> int:
        """The first column, from 0."""
        return 3 + self.number * len(_HEADS)


def _tier_columns(job: WorkbookJob, sheets: ModelSheets) -> list[_TierColumns]:
    """Lay out each tier: priced with the model of the Budget if it has that tier, else the newest unrestricted one."""
    tiers = []
    for number, tier in enumerate(job.tiers):
        indexes = [index for index, row in enumerate(job.models) if row.quote.tier == tier]
        first = min(indexes, key=lambda index: (index > 0 and job.models[index].quote.model.restricted, index))
        tiers.append(_TierColumns(number, tier, indexes, job.models[first], sheets.values[first]["price"]))
    return tiers


def write_steps(page: Page, tiers: Sequence[Tier]) -> None:
    """Write the sheet Steps: the table for downscaling, and the ties that floats decide differently."""
    titles: list[str] = []
    columns: list[list[Cell]] = []
    for number, tier in enumerate(tiers):
        names = [xl_col_to_name(number * _STEPS_COLUMNS + index) for index in range(_STEPS_COLUMNS)]
        titles += [f"{tier.name}: long / short from", "numerator", "denominator", "longest long edge, px"]
        titles += ["twice the longest short edge, px", ""]
        titles += ["ties: long / short", "long", "short", "downscaled long edge, px", "downscaled short edge, px", ""]
        rows = steps(tier)
        ratios = [
            CellFormula(f"{names[1]}{row}/{names[2]}{row}", step.numerator / step.denominator)
            for row, step in enumerate(rows, 2)
        ]
        columns += [list(ratios), *map(list, zip(*((*step[:3], step.doubled_limit) for step in rows), strict=True)), []]
        tied = ties(tier)
        quotients = [
            CellFormula(f"{names[7]}{row}/{names[8]}{row}", tie.long / tie.short) for row, tie in enumerate(tied, 2)
        ]
        columns += [list(quotients), *map(list, zip(*tied, strict=True)), []]
    depth = max(map(len, columns))
    page.table_head(titles, [3 if not title else 14 for title in titles], depth)
    for row in range(depth):
        for index, column in enumerate(columns):
            if row < len(column):
                page.put(row + 1, index, column[row], "text")


def write_calculator(page: Page, job: WorkbookJob, sheets: ModelSheets, sizes: Sequence[tuple[int, int]]) -> None:
    """Write the sheet Calculator.

    Args:
        page: The sheet.
        job: The models.
        sheets: The sheets with the models.
        sizes: Initial sizes in its input cells, px.
    """
    tiers = _tier_columns(job, sheets)
    _lay_out(page, len(tiers))
    page.put(0, 1, "Any size, counted as Claude counts it", "title")
    hint = f"Type widths and heights in px (1 to {MAX_EDGE:,}) into the yellow cells, and choose the models."
    page.put(1, 1, f"{hint} Batch and inference geo are those of the sheet Budget.", "hint")
    for columns in tiers:
        tier = columns.tier
        label = f"{tier.name.capitalize()} tier: up to {tier.edge_limit:,} px and {plural(tier.token_limit, 'token')}"
        page.put_row(_MODEL - 1, columns.start, [label, *[None] * (len(_HEADS) - 1)], "section")
    for columns in tiers:
        _put_model(page, columns, sheets)
    for columns in tiers:
        _put_price(page, columns, sheets)
    page.put_row(_HEAD, 1, ["Width", "Height", *_HEADS * len(tiers)], "head right")
    titles = ["valid", *(f"{word}, {columns.tier.name}" for columns in tiers for word in _WORKING)]
    page.put_row(_HEAD, _VALID + 1, titles, "working")
    page.sheet.set_row(_HEAD, 34)
    rows = max(ROWS, len(sizes))
    for index in range(rows):
        _put_size(page, _FIRST + index, sizes[index] if index < len(sizes) else None, tiers)
    rule = {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": MAX_EDGE}
    rule["error_message"] = f"Enter a whole number of pixels from 1 to {MAX_EDGE:,}."
    page.sheet.data_validation(_FIRST, 1, _FIRST + rows - 1, 2, rule)
    page.sheet.freeze_panes(_FIRST, 3)
    units = [(_FIRST, columns.start + 3, _FIRST + rows, columns.start + 3) for columns in tiers]
    page.show_small_dollars(_FIRST + rows, 2 + len(tiers) * len(_HEADS), units)


def _lay_out(page: Page, tiers: int) -> None:
    page.sheet.hide_gridlines(2)
    page.sheet.set_row(0, 32)
    page.sheet.set_column(0, 0, 2)
    page.sheet.set_column(1, 2, 11)
    page.sheet.set_column(3, 2 + tiers * len(_HEADS), 15)
    last = _VALID + 1 + tiers * len(_WORKING)
    page.sheet.set_column(_VALID, last, 11, None, {"level": 1, "hidden": True})
    page.sheet.set_column(last + 1, last + 1, None, None, {"collapsed": True})


def _put_model(page: Page, columns: _TierColumns, sheets: ModelSheets) -> None:
    row, column = _MODEL, columns.start + 2
    page.put(row, columns.start, "priced with")
    page.sheet.merge_range(row, column, row, column + 1, "", page.styles["input list"])
    page.put(row, column, columns.model.quote.model.id, "input list")
    first, last = (sheets.cell("model", columns.models[index]) for index in (0, -1))
    source = f"={first}:{last.split('!')[1]}"
    page.sheet.data_validation(row, column, row, column, {"validate": "list", "source": source})


def _put_price(page: Page, columns: _TierColumns, sheets: ModelSheets) -> None:
    index = f"MATCH({at(_MODEL, columns.start + 2)},{sheets.column('model')},0)"
    price, formula = (f"INDEX({sheets.column(key)},{index})" for key in ("price", "formula"))
    page.put(_PRICE, columns.start, "input, US$ per MTok")
    page.put(_PRICE, columns.start + 2, CellFormula(price, columns.price), "price")
    formula_cell = CellFormula(formula, columns.model.quote.formula)
    page.put_row(
        _PRICE, columns.start + 3, ["formula", formula_cell], ["right", "indented"]
    )  # away from the next label


def _put_size(page: Page, row: int, size: tuple[int, int] | None, tiers: Sequence[_TierColumns]) -> None:
    page.put_row(row, 1, size or (None, None), "input number")
    working: list[Cell] = []
    width, height = f"$B{row + 1}", f"$C{row + 1}"
    valid = f"${xl_col_to_name(_VALID + 1)}{row + 1}"
    long, short = f"MAX({width},{height})", f"MIN({width},{height})"
    for columns in tiers:
        first = _VALID + 2 + columns.number * len(_WORKING)
        cells = [f"${xl_col_to_name(first + index)}{row + 1}" for index in range(len(_WORKING))]
        texts = _downscaling(columns.number, columns.tier, cells, valid, long, short)
        working += [
            CellFormula(text, value) for text, value in zip(texts, _downscaled(size, columns.tier), strict=True)
        ]
        page.put_row(
            row,
            columns.start,
            _result_cells(row, size, columns, cells, valid),
            ["count", "count", "count", "unit usd", "usd"],
        )
    numbers = f"COUNT({width},{height})=2"
    whole = f"AND({short}>=1,{long}<={MAX_EDGE},{width}=INT({width}),{height}=INT({height}))"
    page.put(row, _VALID + 1, CellFormula(f"IF({numbers},IF({whole},1,0),0)", int(size is not None)), "number")
    page.put_row(row, _VALID + 2, working, "number")


def _downscaling(number: int, tier: Tier, cells: Sequence[str], valid: str, long: str, short: str) -> list[str]:
    """Return the formulas that downscale, in fractions; see `imgcost.reports.workbook.downscaling`."""
    fits, step, tie, long_edge, whole, _ = cells
    first = number * _STEPS_COLUMNS

    def column(index: int, rows: int) -> str:
        name = xl_col_to_name(first + index)
        return f"'Steps'!${name}$2:${name}${rows + 1}"

    rows, tied = len(steps(tier)), len(ties(tier))
    across, down = (f"INT(({edge}+{PATCH - 1})/{PATCH})" for edge in (long, short))
    rest = f"2*({long_edge}*{short}-{whole}*{long})"
    cut = f"MIN({long},INDEX({column(3, rows)},{step}),INT(INDEX({column(4, rows)},{step})*{long}/(2*{short})))"
    formulas = [
        f"IF(AND({across}*{PATCH}<={tier.edge_limit},{across}*{down}<={tier.token_limit}),1,0)",
        f"MATCH({long}/{short},{column(0, rows)},1)",
        f"IFERROR(MATCH({long}/{short},{column(6, tied)},0),0)",
        f"IF({fits}=1,{long},IF({tie}>0,INDEX({column(9, tied)},{tie}),{cut}))",
        f"INT({long_edge}*{short}/{long})",
        (
            f"IF({fits}=1,{short},IF({tie}>0,INDEX({column(10, tied)},{tie}),"
            f"MAX(1,{whole}+IF({rest}>{long},1,IF({rest}<{long},0,MOD({whole},2))))))"
        ),
    ]
    return [f"IF({valid}=0,0,{text})" for text in formulas]


def _downscaled(size: tuple[int, int] | None, tier: Tier) -> list[int]:
    """Return the results of these formulas."""
    if size is None:
        return [0] * len(_WORKING)
    long, short = max(size), min(size)
    step = bisect_right(steps(tier), long / short, key=lambda step: step.numerator / step.denominator)
    tie = next((row for row, tie in enumerate(ties(tier), 1) if tie.long * short == tie.short * long), 0)
    resized = geometry.resized_size(long, short, tier)
    return [int(geometry.fits(*size, tier)), step, tie, resized[0], resized[0] * short // long, resized[1]]


def _result_cells(
    row: int, size: tuple[int, int] | None, columns: _TierColumns, cells: Sequence[str], valid: str
) -> list[Cell]:
    """Return the cells with the resized size, the tokens and the prices."""
    width, height = f"$B{row + 1}", f"$C{row + 1}"
    long_edge, short_edge = cells[3], cells[5]
    resized = [f"${xl_col_to_name(columns.start + index)}{row + 1}" for index in range(3)]
    patches = "*".join(f"INT(({edge}+{PATCH - 1})/{PATCH})" for edge in resized[:2])
    area = f"INT(({resized[0]}*{resized[1]}+{PIXELS_PER_TOKEN - 1})/{PIXELS_PER_TOKEN})"
    price, formula = at(_PRICE, columns.start + 2), at(_PRICE, columns.start + 4)
    texts = [
        f"IF({width}>={height},{long_edge},{short_edge})",
        f"IF({width}>={height},{short_edge},{long_edge})",
        f'IF({formula}="area",{area},{patches})',
        unless_text(price, f"{resized[2]}*{price}/1000000"),
        unless_text(price, f"{resized[2]}*{price}/1000"),
    ]
    values: list[str | int | Decimal] = [""] * len(texts)
    if size is not None:
        tokens = geometry.image_tokens(*size, columns.tier, columns.model.quote.formula)
        usd = [
            columns.price if isinstance(columns.price, str) else cost_usd(tokens * times, columns.price)
            for times in (1, 1000)
        ]
        values = [*geometry.resized_size(*size, columns.tier), tokens, *usd]
    return [CellFormula(f'IF({valid}=0,"",{text})', value) for text, value in zip(texts, values, strict=True)]
