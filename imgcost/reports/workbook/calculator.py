"""The sheets Calculator and Steps: any size, downscaled and counted by formulas, exactly as the library does."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.figures import plural
from imgcost.geometry import PATCH, PIXELS_PER_TOKEN
from imgcost.prices import cost_usd, multiply
from imgcost.reports.workbook.models import model_column
from imgcost.reports.workbook.page import NOT_OFFERED, Formula, cell_name, column_name
from imgcost.reports.workbook.rule import MOST_EDGE, steps, ties

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.reports.workbook.offers import Offer
    from imgcost.reports.workbook.packing import Outcome
    from imgcost.reports.workbook.page import Cell, Page
    from imgcost.summaries import Measure

__all__ = ["ROWS", "Choice", "write_calculator", "write_steps"]

ROWS = 25
"""Rows for sizes, where no more are given."""

_HEADS = ("Width seen", "Height seen", "Visual tokens", "US$ an image", "US$ a thousand")
_WORKING = ("fits", "step", "tie", "long edge", "whole short edge", "short edge")
_VALID = 1 + 2 + 2 * len(_HEADS)
_FIRST = 7
_HEAD, _MODEL, _PRICE = 6, 4, 5
_BLOCK = 12


class Choice(NamedTuple):
    """A tier, and the model that it is priced with.

    Attributes:
        tier: The tier.
        first: The place of its first model on the sheet Models.
        models: How many models it has.
        measure: How the model counts.
        usd_per_mtok: What it charges; None where the options are not offered.
        model: Its id.
    """

    tier: Tier
    first: int
    models: int
    measure: Measure
    usd_per_mtok: Decimal | None
    model: str


def choose(tier: Tier, offers: Sequence[Offer], outcomes: Sequence[Outcome], wanted: str) -> Choice:
    """Choose the model that a tier is priced with: the Budget's if it is on it, else the newest open to everyone."""
    places = [place for place, offer in enumerate(offers) if offer.measure.tier == tier]
    best = min(places, key=lambda place: (offers[place].model.id != wanted, offers[place].model.restricted, place))
    factor, offer = outcomes[best].factor, offers[best]
    usd = None if factor is None else multiply(factor, offer.standard.input)
    return Choice(tier, places[0], len(places), offer.measure, usd, offer.model.id)


def write_steps(page: Page, tiers: Sequence[Tier]) -> None:
    """Write the sheet Steps: the table behind every downscale, and the ties that floats decide otherwise."""
    titles: list[str] = []
    columns: list[list[Cell]] = []
    for number, tier in enumerate(tiers):
        at = [column_name(number * _BLOCK + place) for place in range(_BLOCK)]
        titles += [f"{tier.name}: long / short from", "numerator", "denominator", "longest long edge, px"]
        titles += ["twice the longest short edge, px", ""]
        titles += ["ties: long / short", "long", "short", "downscaled long edge, px", "downscaled short edge, px", ""]
        rows = steps(tier)
        ratios = [
            Formula(f"{at[1]}{row}/{at[2]}{row}", step.numerator / step.denominator) for row, step in enumerate(rows, 2)
        ]
        columns += [list(ratios), *map(list, zip(*((*step[:3], step.doubled_limit) for step in rows), strict=True)), []]
        tied = ties(tier)
        quotients = [Formula(f"{at[7]}{row}/{at[8]}{row}", tie.long / tie.short) for row, tie in enumerate(tied, 2)]
        columns += [list(quotients), *map(list, zip(*tied, strict=True)), []]
    depth = max(map(len, columns))
    page.table_head(titles, [3 if not title else 14 for title in titles], depth)
    for row in range(depth):
        for place, column in enumerate(columns):
            if row < len(column):
                page.put(row + 1, place, column[row], "text")


def write_calculator(
    page: Page, choices: Sequence[Choice], tiers: Sequence[Tier], sizes: Sequence[tuple[int, int]], offers: int
) -> None:
    """Write the sheet Calculator.

    Args:
        page: The sheet.
        choices: For each tier, the model that it is priced with.
        tiers: The resolution tiers.
        sizes: What stands in its input cells, px.
        offers: How many models the sheet Models has.
    """
    _lay_out(page, tiers)
    page.put(0, 1, "Any size, counted as Claude counts it", "title")
    hint = f"Type widths and heights into the yellow cells, px (whole numbers to {MOST_EDGE:,}), and choose the models."
    page.put(1, 1, f"{hint} Batch and inference geo are those of the sheet Budget.", "hint")
    starts = [3 + number * len(_HEADS) for number in range(len(tiers))]
    for start, tier in zip(starts, tiers, strict=True):
        label = f"{tier.name}: to {tier.edge_limit} px and {plural(tier.token_limit, 'token')}"
        page.line(_MODEL - 1, start, [label, *[None] * (len(_HEADS) - 1)], "section")
    for row, label in ((_MODEL, "priced with"), (_PRICE, "input, US$ per MTok")):
        for start, choice in zip(starts, choices, strict=True):
            _put_choice(page, row, start, label, choice, offers)
    heads = ["Width", "Height", *_HEADS * len(tiers)]
    page.line(_HEAD, 1, heads, "head right")
    titles = ["valid", *(f"{word}, {tier.name}" for tier in tiers for word in _WORKING)]
    page.line(_HEAD, _VALID + 1, titles, "working")
    page.sheet.set_row(_HEAD, 34)
    rows = max(ROWS, len(sizes))
    for place in range(rows):
        size = sizes[place] if place < len(sizes) else None
        _put_size(page, _FIRST + place, size, choices, tiers, starts)
    rule = {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": MOST_EDGE}
    rule["error_message"] = f"A whole number of pixels from 1 to {MOST_EDGE:,}."
    page.sheet.data_validation(_FIRST, 1, _FIRST + rows - 1, 2, rule)
    page.sheet.freeze_panes(_FIRST, 3)


def _lay_out(page: Page, tiers: Sequence[Tier]) -> None:
    page.sheet.hide_gridlines(2)
    page.sheet.set_row(0, 32)
    page.sheet.set_column(0, 0, 2)
    page.sheet.set_column(1, 2, 11)
    page.sheet.set_column(3, 2 + len(tiers) * len(_HEADS), 15)
    last = _VALID + 1 + len(tiers) * len(_WORKING)
    page.sheet.set_column(_VALID, last, 11, None, {"level": 1, "hidden": True})
    page.sheet.set_column(last + 1, last + 1, None, None, {"collapsed": True})


def _put_choice(page: Page, row: int, start: int, label: str, choice: Choice, offers: int) -> None:
    page.put(row, start, label)
    cell = cell_name(_MODEL, start + 2)
    if row == _MODEL:
        page.sheet.merge_range(row, start + 2, row, start + 3, "", page.styles["input"])
        page.put(row, start + 2, choice.model, "input")
        source = f"={cell_of_models(choice.first)}:{cell_of_models(choice.first + choice.models - 1)}"
        page.sheet.data_validation(row, start + 2, row, start + 2, {"validate": "list", "source": source})
    else:
        at = f"MATCH({cell},{model_column('model', offers)},0)"
        factor, price = (f"INDEX({model_column(key, offers)},{at})" for key in ("factor", "in"))
        usd = NOT_OFFERED if choice.usd_per_mtok is None else choice.usd_per_mtok
        page.put(row, start + 2, Formula(f"IF(ISTEXT({factor}),{factor},{factor}*{price})", usd), "price")
        formula = Formula(f"INDEX({model_column('formula', offers)},{at})", choice.measure.formula)
        page.line(row, start + 3, ["formula", formula], "right")


def cell_of_models(place: int) -> str:
    """A model's cell on the sheet Models."""
    return f"'Models'!$A${place + 2}"


def _put_size(
    page: Page,
    row: int,
    size: tuple[int, int] | None,
    choices: Sequence[Choice],
    tiers: Sequence[Tier],
    starts: Sequence[int],
) -> None:
    page.line(row, 1, size or (None, None), "input number")
    working: list[Cell] = []
    width, height = f"$B{row + 1}", f"$C{row + 1}"
    valid = f"${column_name(_VALID + 1)}{row + 1}"
    long, short = f"MAX({width},{height})", f"MIN({width},{height})"
    for number, (tier, choice, start) in enumerate(zip(tiers, choices, starts, strict=True)):
        at = [f"${column_name(_VALID + 2 + number * len(_WORKING) + place)}{row + 1}" for place in range(len(_WORKING))]
        texts = _downscaling(number, tier, at, valid, long, short)
        working += [Formula(text, value) for text, value in zip(texts, _downscaled(size, tier), strict=True)]
        page.line(
            row, start, _seen(row, start, size, choice, tier, at, valid), ["count", "count", "count", "usd", "usd"]
        )
    numbers = f"COUNT({width},{height})=2"
    whole = f"AND({short}>=1,{long}<={MOST_EDGE},{width}=INT({width}),{height}=INT({height}))"
    page.put(row, _VALID + 1, Formula(f"IF({numbers},IF({whole},1,0),0)", int(size is not None)), "number")
    page.line(row, _VALID + 2, working, "number")


def _downscaling(number: int, tier: Tier, at: Sequence[str], valid: str, long: str, short: str) -> list[str]:
    """The formulas that downscale, in fractions: see `imgcost.reports.workbook.rule`."""
    fits, step, tie, long_edge, whole, _ = at
    first = number * _BLOCK

    def column(place: int, rows: int) -> str:
        name = column_name(first + place)
        return f"'Steps'!${name}$2:${name}${rows + 1}"

    rows, tied = len(steps(tier)), len(ties(tier))
    across, down = (f"INT(({edge}+{PATCH - 1})/{PATCH})" for edge in (long, short))
    rest = f"2*({long_edge}*{short}-{whole}*{long})"
    cut = f"MIN({long},INDEX({column(3, rows)},{step}),INT(INDEX({column(4, rows)},{step})*{long}/(2*{short})))"
    found = [
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
    return [f"IF({valid}=0,0,{text})" for text in found]


def _downscaled(size: tuple[int, int] | None, tier: Tier) -> list[int]:
    """What these formulas come to."""
    if size is None:
        return [0] * len(_WORKING)
    long, short = max(size), min(size)
    step = bisect_right(steps(tier), long / short, key=lambda step: step.numerator / step.denominator)
    tie = next((row for row, tie in enumerate(ties(tier), 1) if tie.long * short == tie.short * long), 0)
    seen = geometry.resized_size(long, short, tier)
    return [int(geometry.fits(*size, tier)), step, tie, seen[0], seen[0] * short // long, seen[1]]


def _seen(
    row: int, start: int, size: tuple[int, int] | None, choice: Choice, tier: Tier, at: Sequence[str], valid: str
) -> list[Cell]:
    """What people want to know of a size."""
    width, height = f"$B{row + 1}", f"$C{row + 1}"
    long_edge, short_edge = at[3], at[5]
    seen = [f"${column_name(start + place)}{row + 1}" for place in range(3)]
    patches = "*".join(f"INT(({edge}+{PATCH - 1})/{PATCH})" for edge in seen[:2])
    area = f"INT(({seen[0]}*{seen[1]}+{PIXELS_PER_TOKEN - 1})/{PIXELS_PER_TOKEN})"
    price, formula = cell_name(_PRICE, start + 2), cell_name(_PRICE, start + 4)
    texts = [
        f"IF({width}>={height},{long_edge},{short_edge})",
        f"IF({width}>={height},{short_edge},{long_edge})",
        f'IF({formula}="area",{area},{patches})',
        f"IF(ISNUMBER({price}),{seen[2]}*{price}/1000000,{price})",
        f"IF(ISNUMBER({price}),{seen[2]}*{price}/1000,{price})",
    ]
    values: list[str | int | Decimal] = [""] * len(texts)
    if size is not None:
        tokens = geometry.image_tokens(*size, tier, choice.measure.formula)
        rate = choice.usd_per_mtok
        usd = [NOT_OFFERED if rate is None else cost_usd(tokens * times, rate) for times in (1, 1000)]
        values = [*geometry.resized_size(*size, tier), tokens, *usd]
    return [Formula(f'IF({valid}=0,"",{text})', value) for text, value in zip(texts, values, strict=True)]
