"""The charts: models by total, images by tokens, and cost by folder, from cells that recalculate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_col_to_name, xl_range_abs

from imgcost.figures import plural
from imgcost.reports.workbook.cells import USD, CellFormula, at, column_of, unless_text

if TYPE_CHECKING:
    from imgcost.reports.workbook.budget import BudgetCells
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets
    from imgcost.reports.workbook.tables import ImageTable

__all__ = ["insert_charts", "write_bins", "write_folders"]

FOLDERS = 30
"""Maximum number of folders shown by name; the others are shown as one."""

BINS = 8
"""Number of bins of the histogram."""

_ACCENT, _SECOND, _INK, _GRID = "#B5532F", "#6E8B74", "#3D3A33", "#E8E0D8"


def write_folders(page: Page, job: WorkbookJob, models: ModelSheets, images_usd: str) -> None:
    """Write the sheet Folders: what the images of each folder cost, as their part of the visual tokens.

    Args:
        page: The sheet.
        job: The images.
        models: The models.
        images_usd: The Budget's cell with the cost of the images alone, US dollars.
    """
    folders = _folders(job)
    titles = ["Folder", "Images", *(f"Visual tokens, {rule.tier.name}" for rule in job.token_rules)]
    titles += ["Part of the visual tokens", "Images alone, US$"]
    page.table_head(titles, [60, 12, *[18] * (len(titles) - 2)], len(folders), 2)
    first = job.row_of(job.first.quote)
    total, usd = job.summary.tokens(job.first.quote.rule), models.chosen["images_usd"]
    columns = [column_of("Folders", 2 + index, len(folders)).split("!")[1] for index in range(len(job.token_rules))]
    for row, (name, count, *tokens) in enumerate(folders, 1):
        page.put_row(row, 0, [name, count, *tokens], ["text", *["number"] * (1 + len(tokens))])
        mine = ",".join(f"{xl_col_to_name(2 + index)}{row + 1}" for index in range(len(tokens)))
        share = f"CHOOSE(token_rule,{mine})/CHOOSE(token_rule,{','.join(f'SUM({column})' for column in columns)})"
        part = at(row, 2 + len(tokens))
        page.put(row, 2 + len(tokens), CellFormula(share, tokens[first] / total), "percent")
        price = usd if isinstance(usd, str) else usd * tokens[first] / total
        page.put(row, 3 + len(tokens), CellFormula(unless_text(images_usd, f"{images_usd}*{part}"), price), "dollars")
    page.show_small_dollars(len(folders), len(titles) - 1)
    chart = _chart(
        page,
        "bar",
        ("Cost of the images alone by folder, US$", _ACCENT),
        (0, 3 + len(job.token_rules)),
        (1, len(folders)),
    )
    chart.set_size({"width": 900, "height": 140 + 24 * len(folders)})
    page.sheet.insert_chart(len(folders) + 3, 0, chart, {"object_position": 2})


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


def write_bins(page: Page, job: WorkbookJob, images: ImageTable) -> None:
    """Write the sheet Charts: the histogram of visual tokens."""
    titles = ["Visual tokens per image", "Images"]
    titles += [f"{what}, {rule.tier.name}" for rule in job.token_rules for what in ("from", "images")]
    page.table_head(titles, [24, 12, *[16] * (len(titles) - 2)], BINS, len(titles) - 2)
    for row in range(1, BINS + 1):
        page.put_row(row, 0, _bin(row, job, images), "number")


def _bin(row: int, job: WorkbookJob, images: ImageTable) -> list[Cell]:
    """Return a bin of the histogram, for the model of the Budget and for each token rule."""
    cells: list[tuple[str, str, str]] = []
    working: list[Cell] = []
    for index, rule in enumerate(job.token_rules):
        start, _, count = job.summary.bins(rule, BINS)[row - 1]
        starts, counts = (xl_col_to_name(2 + 2 * index + offset) for offset in (0, 1))
        cells.append((f"{starts}{row + 1}", f"{starts}{row + 2}", f"{counts}{row + 1}"))
        tokens = images.tokens[index]
        conditions = [tokens, f'">="&{starts}{row + 1}', tokens, f'"<"&{starts}{row + 2}']
        text = images.scaled(images.count_if(*conditions[: 2 if row == BINS else 4]))
        working += [start, CellFormula(text, count)]
    start, end, count = job.summary.bins(job.first.quote.rule, BINS)[row - 1]
    first, after, chosen = (f"CHOOSE(token_rule,{','.join(column)})" for column in zip(*cells, strict=True))
    if row == BINS:
        label = CellFormula(f'{first}&" and more"', f"{start} and more")
    else:
        label = CellFormula(f'{first}&" to "&({after}-1)', f"{start} to {end}")
    return [label, CellFormula(chosen, count), *working]


def insert_charts(page: Page, budget: BudgetCells, *, tokens: bool) -> None:
    """Put charts on the Budget: models by total, and if wanted images by tokens."""
    first, last, name, total = budget.models
    cost = _chart(page, "bar", ("Total by model, US$", _ACCENT), (name, total), (first, last))
    height = 100 + 17 * (last - first + 1)
    cost.set_size({"width": 720, "height": height})
    page.sheet.insert_chart(budget.below, 1, cost, {"object_position": 2})
    if not tokens:
        return
    chart = _chart(page, "column", ("Images by visual tokens", _SECOND), (0, 1), (1, BINS), "Charts")
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": _GRID}}})
    chart.set_x_axis({"num_font": {"color": _INK, "rotation": -45}})
    chart.set_size({"width": 640, "height": height})
    page.sheet.insert_chart(budget.below, 7, chart, {"object_position": 2})


def _chart(
    page: Page, kind: str, look: tuple[str, str], columns: tuple[int, int], rows: tuple[int, int], sheet: str = ""
) -> Any:
    """Return a chart of a column of names and one of values."""
    title, color = look
    chart = page.book.add_chart({"type": kind})
    names, values = (
        f"='{sheet or page.sheet.get_name()}'!{xl_range_abs(rows[0], column, rows[1], column)}" for column in columns
    )
    series: dict[str, Any] = {"categories": names, "values": values, "fill": {"color": color}, "gap": 40}
    if kind == "bar":
        series["data_labels"] = {"value": True, "num_format": USD, "font": {"color": _INK, "size": 9}}
    chart.add_series(series)
    chart.set_title({"name": title, "name_font": {"color": _INK, "size": 12}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"color": "#D9CFC4"}})
    if kind == "bar":
        chart.set_y_axis({"reverse": True, "num_font": {"color": _INK}, "line": {"none": True}})
        lines = {"visible": True, "line": {"color": _GRID}}
        chart.set_x_axis({"num_format": USD, "label_position": "high", "major_gridlines": lines})
    return chart
