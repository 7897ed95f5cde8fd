"""The sheet Charts, and the two charts on the Budget that read it: cost by folder, and images by tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_col_to_name

from imgcost.figures import plural
from imgcost.reports.workbook.cells import USD, CellFormula, column_of, unless_text
from imgcost.reports.workbook.job import title_of
from imgcost.reports.workbook.models import values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.images import ImageSheet
    from imgcost.reports.workbook.job import WorkbookJob

__all__ = ["insert_charts", "write_charts"]

FOLDERS = 12
"""Maximum number of folders shown by name; the others are shown as one."""

BINS = 8
"""Number of bins of the histogram."""

_ACCENT, _SECOND, _INK, _GRID = "#B5532F", "#6E8B74", "#3D3A33", "#E8E0D8"


def write_charts(page: Page, job: WorkbookJob, images: ImageSheet, input_price: str) -> int:
    """Write the sheet Charts.

    Args:
        page: The sheet.
        job: The images.
        images: The sheet Images.
        input_price: The Budget's cell with the price of uncached input, US dollars per MTok.

    Returns:
        Number of folders on the sheet.
    """
    folders = _folders(job)
    names = [title_of(rule, job.token_rules) for rule in job.token_rules]
    titles = ["Folder", "Images", *(f"Visual tokens, {name}" for name in names), "Images alone, US$"]
    bins = len(titles) + 1
    titles += ["", "Visual tokens per image", "Images"]
    titles += [f"{what}, {name}" for name in names for what in ("from", "images")]
    page.table_head(titles, [40, 10, *[16] * (len(titles) - 2)], max(len(folders), BINS), 2 * len(names))
    chosen = values_of(job.first, job)["price"]
    first = job.row_of(job.first.quote)
    for row in range(1, max(len(folders), BINS) + 1):
        if row <= len(folders):
            name, count, *tokens = folders[row - 1]
            cells = ",".join(f"{xl_col_to_name(2 + index)}{row + 1}" for index in range(len(names)))
            text = unless_text(input_price, f"CHOOSE(token_rule,{cells})*{input_price}/1000000")
            usd = chosen if isinstance(chosen, str) else chosen * tokens[first] / 1_000_000
            page.put_row(row, 0, [name, count, *tokens], ["text", *["number"] * (1 + len(tokens))])
            page.put(row, bins - 2, CellFormula(text, usd), "dollars")
        if row <= BINS:
            page.put_row(row, bins, _bin(row, bins, job, images), "number")
    return len(folders)


def _folders(job: WorkbookJob) -> list[tuple[Any, ...]]:
    """Return the costliest folders, and all others as one."""
    summary = job.summary
    indexes = [1 + summary.token_rules.index(rule) for rule in job.token_rules]
    key = indexes[job.row_of(job.first.quote)]
    folders = sorted(summary.folders.items(), key=lambda folder: (-folder[1][key], folder[0]))
    rows = [(name or ".", sums[0], *(sums[index] for index in indexes)) for name, sums in folders]
    rest = [sums for _, *sums in rows[FOLDERS:]]
    if not rest:
        return rows
    return [*rows[:FOLDERS], (plural(len(rest), "other folder"), *map(sum, zip(*rest, strict=True)))]


def _bin(row: int, column: int, job: WorkbookJob, images: ImageSheet) -> list[Cell]:
    """Write a bin of the histogram, for the model of the Budget and for each token rule."""
    cells: list[tuple[str, str, str]] = []
    working: list[Cell] = []
    for index, rule in enumerate(job.token_rules):
        start, _, count = job.summary.bins(rule, BINS)[row - 1]
        starts, counts = (xl_col_to_name(column + 2 + 2 * index + offset) for offset in (0, 1))
        cells.append((f"{starts}{row + 1}", f"{starts}{row + 2}", f"{counts}{row + 1}"))
        tokens = images.tokens[index]
        conditions = [tokens, f'">="&{starts}{row + 1}', tokens, f'"<"&{starts}{row + 2}']
        working += [start, CellFormula(images.count_if(*conditions[: 2 if row == BINS else 4]), count)]
    start, end, count = job.summary.bins(job.first.quote.rule, BINS)[row - 1]
    first, after, chosen = (f"CHOOSE(token_rule,{','.join(column)})" for column in zip(*cells, strict=True))
    if row == BINS:
        label = CellFormula(f'{first}&" and more"', f"{start} and more")
    else:
        label = CellFormula(f'{first}&" to "&({after}-1)', f"{start} to {end}")
    return [label, CellFormula(chosen, count), *working]


def insert_charts(page: Page, row: int, folders: int, rules: int) -> None:
    """Put the two charts on the Budget.

    Args:
        page: The Budget.
        row: Their first row, from 0.
        folders: Number of folders on the sheet Charts.
        rules: Number of rules that count tokens.
    """
    cost = _chart(page, "bar", ("Images alone by folder, US$", _ACCENT), (folders, 0, 2 + rules))
    cost.set_y_axis({"reverse": True, "num_font": {"color": _INK}, "line": {"none": True}})
    cost.set_x_axis(
        {
            "num_format": USD,
            "label_position": "high",
            "major_gridlines": {"visible": True, "line": {"color": _GRID}},
        }
    )
    page.sheet.insert_chart(row, 1, cost, {"object_position": 2})
    bins = 2 + rules + 2
    tokens = _chart(page, "column", ("Images by visual tokens", _SECOND), (BINS, bins, bins + 1))
    tokens.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": _GRID}}})
    tokens.set_x_axis({"num_font": {"color": _INK, "rotation": -45}})
    page.sheet.insert_chart(row, 6, tokens, {"object_position": 2})


def _chart(page: Page, kind: str, look: tuple[str, str], data: Sequence[int]) -> Any:
    (title, color), (rows, names, values) = look, data
    chart = page.book.add_chart({"type": kind})
    areas = {"categories": f"={column_of('Charts', names, rows)}", "values": f"={column_of('Charts', values, rows)}"}
    chart.add_series(areas | {"fill": {"color": color}, "gap": 40})
    chart.set_title({"name": title, "name_font": {"color": _INK, "size": 12}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"color": "#D9CFC4"}})
    chart.set_size({"width": 640, "height": 330})
    return chart
