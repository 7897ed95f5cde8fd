"""The sheets Images, Not counted and Requests: what was found, and how it falls into requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.prices import cost_usd
from imgcost.reports.workbook.page import NOT_OFFERED, Formula, column_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.reports.rows import Progress
    from imgcost.reports.workbook.contents import Contents, ImageRow, SetAside
    from imgcost.reports.workbook.packing import Packing
    from imgcost.reports.workbook.page import Cell, Page
    from imgcost.summaries import Measure

__all__ = ["Rate", "measure_title", "write_images", "write_not_counted", "write_requests"]

_GIVEN = ("Path", "Media type", "Width, px", "Height, px", "File, bytes", "Images")
_GIVEN_WIDTHS = (46, 13, 10, 10, 13, 9)
_GROUPED = "Folder (its images of one size together)"
_COUNT = 5

PROGRESS_ROWS = 500
"""Rows between two calls of a progress function."""


class Rate(NamedTuple):
    """What a visual token costs with the Budget's model.

    Attributes:
        measure: Place of what counts its tokens.
        usd_per_mtok: US dollars per MTok; None where the options are not offered.
    """

    measure: int
    usd_per_mtok: Decimal | None


class _Places:
    """Where the columns of the sheet Images stand, from 0."""

    def __init__(self, measures: Sequence[Measure], tiers: Sequence[Tier]) -> None:
        """Lay the columns out."""
        self.tokens = [len(_GIVEN) + place for place in range(len(measures))]
        self.sizes = [self.tokens[-1] + 1 + 2 * place for place in range(len(tiers))]
        self.usd = self.sizes[-1] + 2
        self.running, self.requests = self.usd + 1, self.usd + 2
        self.open = [self.requests + 1 + 2 * place for place in range(len(measures))]
        self.request = [column + 1 for column in self.open]


def measure_title(measure: Measure, measures: Sequence[Measure]) -> str:
    """Name what counts: by its tier, and by its formula where another counts on the same tier or it is the old one."""
    alone = sum(other.tier == measure.tier for other in measures) == 1
    return measure.tier.name if alone and measure.formula == "patch" else f"{measure.tier.name}, {measure.formula}"


def write_images(
    page: Page,
    contents: Contents,
    packing: Packing,
    tiers: Sequence[Tier],
    rate: Rate,
    most: int,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Write the sheet Images, and pack the images on the way.

    Args:
        page: The sheet.
        contents: What was found.
        packing: Takes the images in their order.
        tiers: The resolution tiers whose resized sizes are shown.
        rate: What the images cost with the Budget's model.
        most: The most rows below the titles.
        progress: Called now and then with the rows that are written, and how many there are at most.

    Returns:
        How many rows were written.
    """
    measures = packing.measures
    places = _Places(measures, tiers)
    names = [measure_title(measure, measures) for measure in measures]
    titles = [_GROUPED if contents.images > most else _GIVEN[0], *_GIVEN[1:]]
    titles += [f"Visual tokens, {name}" for name in names]
    titles += [f"{side} seen, {tier.name}, px" for tier in tiers for side in ("Width", "Height")]
    titles += ["Input, US$ (the Budget's model)", "Images so far", "Requests that end here"]
    titles += [f"{what}, {name}" for name in names for what in ("Tokens of the open request", "Tokens of the request")]
    widths = [*_GIVEN_WIDTHS, *[15] * len(names), *[14] * 2 * len(tiers), 16, *[14] * (2 + 2 * len(names))]
    working = 2 + 2 * len(names)
    page.table_head(titles, widths, min(contents.images, most), working)
    styles = ["text", "text", *["number"] * (len(titles) - 2)]
    styles[places.usd] = "dollars"
    row = 0
    for row, cells in enumerate(_rows(contents, packing, places, tiers, rate, most), 1):
        page.line(row, 0, cells, styles)
        if row % PROGRESS_ROWS == 0:
            progress(row, min(contents.images, most))
    last = max(row, 1)
    named = {"image_count_of_row": _COUNT, "images_so_far": places.running, "requests_here": places.requests}
    for place in range(len(measures)):
        named |= {
            f"image_tokens_{place + 1}": places.tokens[place],
            f"open_tokens_{place + 1}": places.open[place],
            f"request_tokens_{place + 1}": places.request[place],
        }
    for name, column in named.items():
        page.name(name, 1, column, last)
    return row


def _rows(
    contents: Contents, packing: Packing, places: _Places, tiers: Sequence[Tier], rate: Rate, most: int
) -> Iterator[list[Cell]]:
    formulas = _formulas(places)
    for row, image in enumerate(contents.rows(most), 1):
        yield _row(image, row, contents, packing, tiers, rate, formulas)


def _row(
    image: ImageRow,
    row: int,
    contents: Contents,
    packing: Packing,
    tiers: Sequence[Tier],
    rate: Rate,
    formulas: Sequence[str],
) -> list[Cell]:
    size = image.width, image.height
    tokens = contents.tokens_of(*size)
    packed = packing.add(image.images, tokens)
    cells: list[Cell] = [*image, *tokens]
    for tier in tiers:
        cells += geometry.resized_size(*size, tier)
    usd = NOT_OFFERED if rate.usd_per_mtok is None else cost_usd(image.images * tokens[rate.measure], rate.usd_per_mtok)
    values = [usd, packed.images, packed.requests]
    for pair in zip(packed.open_tokens, packed.request_tokens, strict=True):
        values += pair
    here, above = str(row + 1), str(row)
    cells += [
        Formula(text.replace("{r}", here).replace("{a}", above), value)
        for text, value in zip(formulas, values, strict=True)
    ]
    return cells


def _formulas(places: _Places) -> list[str]:
    """The formulas of a row: `{r}` is its number, `{a}` that of the row above, whose titles count as 0.

    They ask the row above and no fixed one, so that the sheet can be sorted and the requests follow.
    """
    count = f"{column_name(_COUNT)}{{r}}"
    running, requests = (column_name(column) for column in (places.running, places.requests))
    tokens = [f"{column_name(column)}{{r}}" for column in places.tokens]
    size = "images_per_request"
    found = [
        f'IF(ISNUMBER(input_usd_per_mtok),{count}*CHOOSE(measure,{",".join(tokens)})*input_usd_per_mtok/1000000,"{NOT_OFFERED}")',
        f"N({running}{{a}})+{count}",
        f"INT({running}{{r}}/{size})-INT(N({running}{{a}})/{size})",
    ]
    for place, each in enumerate(tokens):
        open_above = f"N({column_name(places.open[place])}{{a}})"
        ends = f"{requests}{{r}}=0"
        found += [
            f"IF({ends},{open_above}+{count}*{each},MOD({running}{{r}},{size})*{each})",
            f"IF({ends},0,{open_above}+({size}-MOD(N({running}{{a}}),{size}))*{each})",
        ]
    return found


def write_not_counted(page: Page, set_aside: Sequence[SetAside], most: int) -> None:
    """Write the sheet Not counted: everything that is in no sum, with its reason."""
    shown = set_aside if len(set_aside) <= most else set_aside[: most - 1]
    page.table_head(["Path", "Problem", "Reason"], [60, 20, 80], len(shown))
    for row, one in enumerate(shown, 1):
        page.line(row, 0, one)
    if len(shown) < len(set_aside):
        page.put(len(shown) + 1, 0, f"and {len(set_aside) - len(shown)} more")


def write_requests(page: Page, packing: Packing) -> None:
    """Write the sheet Requests: what the images come to by each measure, packed as the Budget says."""
    titles = ["Counted by", "Visual tokens", "Visual tokens of the largest full request"]
    titles += ["Visual tokens of the first request", "Visual tokens of a last request that is not full"]
    page.table_head(titles, [28, 18, 20, 20, 22], len(packing.measures))
    for place, measure in enumerate(packing.measures):
        end = place + 1
        largest = max(packing.full[place], default=0)
        formulas = [
            (f"SUMPRODUCT(image_count_of_row,image_tokens_{end})", packing.tokens[place]),
            (
                f"MAX(MAX(request_tokens_{end}),SUMPRODUCT(MAX((requests_here>1)*image_tokens_{end}))*images_per_request)",
                largest,
            ),
            (
                f'IF(image_count<images_per_request,0,INDEX(request_tokens_{end},COUNTIF(images_so_far,"<"&images_per_request)+1))',
                packing.first[place],
            ),
            (f"N(INDEX(open_tokens_{end},ROWS(open_tokens_{end})))", packing.open_tokens[place]),
        ]
        cells: list[Cell] = [measure_title(measure, packing.measures), *(Formula(*pair) for pair in formulas)]
        page.line(end, 0, cells, ["text", *["number"] * 4])
