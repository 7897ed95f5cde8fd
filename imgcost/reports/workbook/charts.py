"""The sheet Charts, and the two charts on the Budget that it feeds: cost by folder, and images by tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.prices import cost_usd
from imgcost.reports.workbook.images import measure_title
from imgcost.reports.workbook.page import NOT_OFFERED, Formula, cell_name, column_name

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from imgcost.reports.workbook.contents import Contents
    from imgcost.reports.workbook.images import Rate
    from imgcost.reports.workbook.page import Cell, Page
    from imgcost.summaries import Measure

__all__ = ["insert_charts", "write_charts"]

FOLDERS = 12
"""The most folders shown by name; the others are one more."""

BINS = 8
"""Bins of the histogram."""

_ACCENT, _SECOND, _INK = "#B5532F", "#6E8B74", "#3D3A33"


def write_charts(
    page: Page, contents: Contents, measures: Sequence[Measure], histograms: Sequence[Counter[int]], rate: Rate
) -> int:
    """Write the sheet Charts.

    Args:
        page: The sheet.
        contents: What was found.
        measures: What counts the visual tokens.
        histograms: For each measure, visual tokens to number of images.
        rate: What the images cost with the Budget's model.

    Returns:
        How many folders it has.
    """
    folders = _folders(contents, rate.measure)
    names = [measure_title(measure, measures) for measure in measures]
    titles = ["Folder", "Images", *(f"Visual tokens, {name}" for name in names), "Input, US$"]
    bins = len(titles) + 1
    titles += ["", "Visual tokens an image", "Images"]
    titles += [f"{what}, {name}" for name in names for what in ("from", "images")]
    page.table_head(titles, [40, 10, *[16] * (len(titles) - 2)], max(len(folders), BINS), 2 * len(names))
    columns = [column_name(2 + place) for place in range(len(names))]
    for row in range(1, max(len(folders), BINS) + 1):
        if row <= len(folders):
            name, images, *tokens = folders[row - 1]
            cells = ",".join(f"{column}{row + 1}" for column in columns)
            text = (
                f'IF(ISNUMBER(input_usd_per_mtok),CHOOSE(measure,{cells})*input_usd_per_mtok/1000000,"{NOT_OFFERED}")'
            )
            usd = NOT_OFFERED if rate.usd_per_mtok is None else cost_usd(tokens[rate.measure], rate.usd_per_mtok)
            page.line(row, 0, [name, images, *tokens], ["text", *["number"] * (1 + len(tokens))])
            page.put(row, bins - 2, Formula(text, usd), "dollars")
        if row <= BINS:
            page.line(row, bins, _bin(row, bins, measures, histograms, rate.measure), "number")
    return len(folders)


def _folders(contents: Contents, measure: int) -> list[tuple[Any, ...]]:
    """The costliest folders first, and all that follow them as one."""
    found = sorted(contents.folders.items(), key=lambda folder: (-folder[1][1 + measure], folder[0]))
    shown = [(name or ".", *sums) for name, sums in found[:FOLDERS]]
    rest = [sums for _, sums in found[FOLDERS:]]
    if rest:
        shown.append((f"{len(rest)} other folders", *map(sum, zip(*rest, strict=True))))
    return shown


def _bin(
    row: int, column: int, measures: Sequence[Measure], histograms: Sequence[Counter[int]], chosen: int
) -> list[Cell]:
    """A bin of the histogram, by the Budget's model, and behind it by each measure."""
    firsts = [1 + measure.tier.token_limit * (row - 1) // BINS for measure in measures]
    ends = [1 + measure.tier.token_limit * row // BINS for measure in measures]
    counts = [
        sum(images for tokens, images in histogram.items() if first <= tokens and (tokens < end or row == BINS))
        for histogram, first, end in zip(histograms, firsts, ends, strict=True)
    ]
    from_cells = [column_name(column + 2 + 2 * place) for place in range(len(measures))]
    count_cells = [column_name(column + 3 + 2 * place) for place in range(len(measures))]
    working: list[Cell] = []
    for place, first in enumerate(firsts):
        tokens = f"image_tokens_{place + 1}"
        below = "" if row == BINS else f',{tokens},"<"&{from_cells[place]}{row + 2}'
        text = f'SUMIFS(image_count_of_row,{tokens},">="&{from_cells[place]}{row + 1}{below})'
        working += [first, Formula(text, counts[place])]
    start = f"CHOOSE(measure,{','.join(f'{cell}{row + 1}' for cell in from_cells)})"
    end = f"CHOOSE(measure,{','.join(f'{cell}{row + 2}' for cell in from_cells)})"
    label = f'{start}&" and more"' if row == BINS else f'{start}&" to "&({end}-1)'
    value = f"{firsts[chosen]} and more" if row == BINS else f"{firsts[chosen]} to {ends[chosen] - 1}"
    images = f"CHOOSE(measure,{','.join(f'{cell}{row + 1}' for cell in count_cells)})"
    return [Formula(label, value), Formula(images, counts[chosen]), *working]


def insert_charts(page: Page, row: int, folders: int, measures: int) -> None:
    """Put the two charts on the Budget."""
    bins = 2 + measures + 2
    usd = 2 + measures
    cost = _chart(page, "bar", "Input by folder, US$", _ACCENT, ("Charts", folders, 0, usd))
    cost.set_y_axis({"reverse": True, "num_font": {"color": _INK}, "line": {"none": True}})
    cost.set_x_axis(
        {
            "num_format": "$#,##0.00##",
            "label_position": "high",
            "major_gridlines": {"visible": True, "line": {"color": "#E8E0D8"}},
        }
    )
    page.sheet.insert_chart(row, 1, cost, {"object_position": 2})
    tokens = _chart(page, "column", "Images by visual tokens", _SECOND, ("Charts", BINS, bins, bins + 1))
    tokens.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#E8E0D8"}}})
    tokens.set_x_axis({"num_font": {"color": _INK, "rotation": -45}})
    page.sheet.insert_chart(row, 6, tokens, {"object_position": 2})


def _chart(page: Page, kind: str, title: str, colour: str, data: tuple[str, int, int, int]) -> Any:
    sheet, rows, names, values = data
    chart = page.book.add_chart({"type": kind})

    def area(column: int) -> str:
        return f"='{sheet}'!{cell_name(1, column)}:{cell_name(max(rows, 1), column)}"

    chart.add_series({"categories": area(names), "values": area(values), "fill": {"color": colour}, "gap": 40})
    chart.set_title({"name": title, "name_font": {"color": _INK, "size": 12}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"color": "#D9CFC4"}})
    chart.set_size({"width": 640, "height": 330})
    return chart
