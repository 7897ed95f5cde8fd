"""The sheet Budget: the assumptions of a job, its cost with the chosen model, its images, and every model."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple

from imgcost.prices import cost_usd
from imgcost.reports.workbook.alternatives import as_planned, write_alternatives
from imgcost.reports.workbook.cells import CellFormula, at, unless_text
from imgcost.reports.workbook.inputs import BlockRow, assumptions, validate
from imgcost.reports.workbook.job import title_of
from imgcost.reports.workbook.verdict import command, is_fine, verdict
from imgcost.tables import prices_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets
    from imgcost.reports.workbook.tables import ImageTable

__all__ = ["BudgetCells", "JobImages", "write_budget"]

_WIDTHS = (2, 33, 20, 13, 14, 14, 14, 13, 13, 13, 18, 18, 14)
_TOP = 5
_LEFT, _MIDDLE, _RIGHT, _HIDDEN = 1, 4, 10, 13
_MILLION = 1_000_000
_LISTED_SIZES = 5
"""Sizes listed beside the assumptions; the sheet Sizes has all."""


_HINT = "Choose and type in the yellow cells: all other numbers and charts follow by formula."
_HINT_PACKED = " The others are fixed here, because imgcost plan has packed the requests."


class JobImages(NamedTuple):
    """The images of a job on other sheets.

    Attributes:
        counted: The sheet whose images count in all totals.
        found: The sheet Images, which lists what would be rejected; or the same sheet if there is none.
        not_counted: Number of files and folders that are not counted.
    """

    counted: ImageTable
    found: ImageTable
    not_counted: int


class BudgetCells(NamedTuple):
    """Cells of the Budget that other sheets use.

    Attributes:
        totals: Cells with sums over all images, by name: `visual N` and `most N` for each rule.
        images_usd: The cell with the cost of the images alone, US dollars.
        below: The first free row below it, from 0, for charts.
        models: Rows and columns of the names and totals of the models: first row, last row, name, total.
    """

    totals: dict[str, str]
    images_usd: str
    below: int
    models: tuple[int, int, int, int]


def write_budget(page: Page, job: WorkbookJob, models: ModelSheets, images: JobImages) -> BudgetCells:
    """Write the sheet Budget."""
    for column, width in enumerate(_WIDTHS):
        page.sheet.set_column(column, column, width)
    page.sheet.set_column(_HIDDEN, _HIDDEN + 1, 12, None, {"hidden": True})
    page.sheet.hide_gridlines(2)
    page.sheet.set_row(0, 32)
    page.put(0, _LEFT, "What this job costs with Claude", "title")
    page.put(1, _LEFT, f"{_HINT}{_HINT_PACKED * job.is_packed} List prices as of {job.conditions.as_of}, read on "
             f"{prices_read(job.first.quote.model)}, US dollars, before tax.", "hint")  # fmt: skip
    page.put(2, _LEFT, verdict(job, models), "hint")
    warning = {"type": "formula", "criteria": f"=NOT({is_fine(models)})", "format": page.styles["section plain"]}
    page.sheet.conditional_format(2, _LEFT, 2, _LEFT, warning)
    page.put(3, _LEFT, command(job), "hint")
    inputs, seen = assumptions(job, models, images.counted), _images(job, models, images)
    blocks = ((_LEFT, 1, inputs), (_MIDDLE, 2, _costs(job, models)), (_RIGHT, 2, seen))
    page.sheet.set_row(_TOP - 1, 26)
    _heads(page, job)
    depth = max(len(lines) for _, _, lines in blocks)
    totals = {line.name: at(_TOP + row, _RIGHT + 2, "Budget") for row, line in enumerate(seen)}
    hidden = [*_hidden(job, models), ("as_planned", as_planned(inputs, job, totals, images.counted))]
    for row in range(depth):
        for column, across, lines in blocks:
            if row < len(lines):
                _put_row(page, _TOP + row, column, across, lines[row])
        if row < len(hidden):
            page.put_row(_TOP + row, _HIDDEN, hidden[row])
            page.name(str(hidden[row][0]), _TOP + row, _HIDDEN + 1)
    validate(page, inputs, (_TOP, _LEFT + 1), models)
    top = write_alternatives(page, _TOP + depth + 1, at(_TOP + 6, _MIDDLE + 4), job, models)
    last = _side_by_side(page, top, job, models)
    units = (_TOP + 7, _MIDDLE + 4, _TOP + 7, _MIDDLE + 4), (last - len(models.values) + 1, _LEFT + 3, last, _LEFT + 3)
    page.show_small_dollars(last + 1, _HIDDEN - 1, units)
    return BudgetCells(totals, at(_TOP + 10, _MIDDLE + 4, "Budget"), last + 2, (top + 2, last, _LEFT, _LEFT + 2))


def _heads(page: Page, job: WorkbookJob) -> None:
    row, model = _TOP - 1, CellFormula("model", job.first.quote.model.id)
    page.put_row(row, _LEFT, ["Assumptions", None], ["section", "section right"])
    page.put_row(row, _MIDDLE, [model, None, "Tokens", "US$ per MTok", "US$"], ["section"] * 2 + ["section right"] * 3)
    page.put_row(row, _RIGHT, ["Images", None, None], ["section", "section", "section right"])


def _put_row(page: Page, row: int, column: int, across: int, line: BlockRow) -> None:
    page.put_row(row, column, [line.label, *[None] * (across - 1)], line.label_style)
    page.put_row(row, column + across, line.cells, line.styles)
    if line.name and " " not in line.name:
        page.name(line.name, row, column + across)


def _costs(job: WorkbookJob, models: ModelSheets) -> list[BlockRow]:
    """Return the rows of the job with the chosen model; charts refer to their positions."""

    def cell(row: int, column: int) -> str:
        return at(_TOP + row, _MIDDLE + column)

    alone = "Images alone, each sent once" if job.scenario.turns > 1 else "Images alone, as uncached input"

    def priced(row: int, label: str, tokens: str, value: str) -> BlockRow:
        text = unless_text(cell(row, 3), f"{cell(row, 2)}*{cell(row, 3)}/{_MILLION}")
        cells = [models.chosen_cell(tokens), models.chosen_cell("price"), CellFormula(text, models.chosen[value])]
        return BlockRow(label, cells, _STYLES)

    sums = [
        CellFormula(
            f"SUM({cell(0, 2)}:{cell(3, 2)})", sum(models.chosen[key] for key in ("input", "write", "reads", "output"))
        ),
        None,
        models.chosen_cell("total_usd"),
    ]
    return [
        _class(models, 0, ("Input", "input", "{in}", "input_usd")),
        _class(models, 1, ("Cache write", "write", 'IF(prompt_cache="1h",{w1h},{w5m})', "write_usd")),
        _class(models, 2, ("Cache read", "reads", "{read}", "read_usd")),
        _class(models, 3, ("Output", "output", "{out}", "output_usd")),
        BlockRow("Long-context surcharge", [None, None, models.chosen_cell("surcharge_usd")], _STYLES),
        BlockRow("Retries", [None, None, models.chosen_cell("retries_usd")], _STYLES),
        BlockRow("Total", sums, ("total count", "total count", "total usd"), label_style="total label"),
        *(
            BlockRow(label, [None, None, _average(cell(6, 4), models.chosen["total_usd"], job, times)], styles)
            for label, times, styles in (("Per image", 1, _UNIT), ("Per 1,000 images", 1000, _STYLES))
        ),
        priced(9, "Included: overhead (measured)", "overhead", "overhead_usd"),
        priced(10, alone, "visual", "images_usd"),
    ]


_STYLES, _UNIT = ("count", "rate", "usd"), ("count", "rate", "unit usd")


def _class(models: ModelSheets, row: int, names: tuple[str, str, str, str]) -> BlockRow:
    """Return the line of a token class: tokens, price, US dollars; the price is shown only if there are tokens."""
    label, key, rate, usd = names
    columns = {key: models.of_chosen(key) for key in ("in", "out", "w5m", "w1h", "read")}
    count, shown = (at(_TOP + row, _MIDDLE + column) for column in (2, 3))
    values = models.chosen
    price = values[usd] * _MILLION / values[key] if values[key] else ""
    cells = [
        models.chosen_cell(key),
        CellFormula(unless_text("multiplier", f'IF({count}=0,"",{rate.format_map(columns)}*multiplier)'), price),
        CellFormula(unless_text("multiplier", f"IF({count}=0,0,{count}*{shown}/{_MILLION})"), values[usd]),
    ]
    return BlockRow(label, cells, _STYLES)


def _average(total: str, usd: Decimal | str, job: WorkbookJob, times: int) -> CellFormula:
    """Return US dollars per number of images; rounded, because nothing is calculated from it."""
    text = unless_text(total, f"IF(image_count=0,0,{total}*{times}/image_count)")
    images = job.summary.images
    with localcontext() as context:
        context.prec = 40
        return CellFormula(text, usd if isinstance(usd, str) else usd * times / images if images else 0)


def _images(job: WorkbookJob, models: ModelSheets, images: JobImages) -> list[BlockRow]:
    """Return the rows of the images: how many requests, how many tokens, what would be rejected."""
    summary, rules, counted = job.summary, job.token_rules, images.counted
    lines: list[tuple[str, str, int, str]] = []
    if job.is_packed:
        lines.append(("Requests", models.of_chosen("requests"), models.chosen["requests"], "request_count"))
    else:
        last = summary.images % job.images_per_request
        lines += [
            ("Requests", "ROUNDUP(image_count/images_per_request,0)", job.requests, "request_count"),
            ("Images in the last request, if partly full", "MOD(image_count,images_per_request)", last, "last_images"),
        ]
    longest = f"CHOOSE(token_rule,{','.join(counted.longest(index) for index in range(len(rules)))})"
    lines.append(("Longest edge, px", longest, summary.longest_edge, "longest_edge"))
    for index, rule in enumerate(rules):
        text = counted.scaled(counted.total(index))
        lines.append((f"Visual tokens, {title_of(rule, rules)}", text, summary.tokens(rule), f"visual {index}"))
    for index, rule in enumerate(rules):
        label = f"Most tokens per image, {title_of(rule, rules)}"
        lines.append((label, counted.most(index), job.most_tokens(rule), f"most {index}"))
    fixable = sum(summary.fixable.values())
    lines.append(("Would be rejected as they are", images.found.scaled(_rejected(images.found)), fixable, ""))
    counts = [BlockRow(label, [CellFormula(text, value)], ["count"], name) for label, text, value, name in lines]
    rows = [*counts, *_fixable(job, models, images.found, _TOP + len(counts))]
    if images.not_counted:
        rows.append(BlockRow("Not counted (see sheet Excluded)", [images.not_counted], ["count"]))
    return [*rows, *_listed_sizes(job, counted)]


def _rejected(images: ImageTable) -> str:
    return images.count_if(images.reasons, '"?*"') if images.reasons else images.count_where(images.rejected)


def _fixable(job: WorkbookJob, models: ModelSheets, found: ImageTable, row: int) -> Iterator[BlockRow]:
    """Return the lines of images that would be rejected as they are, by reason, with their cost."""
    fixable = job.summary.fixable
    if not fixable:
        return
    reasons = sorted(fixable.items(), key=lambda item: (-item[1], item[0]))
    if found.reasons:
        for index, (reason, count) in enumerate(reasons):
            text = found.scaled(found.count_if(found.reasons, at(row + index, _RIGHT)))
            yield BlockRow(reason.phrase, [CellFormula(text, count)], ["count"], label_style="label indented")
        row += len(reasons)
    sums = [found.total_where(found.rejected, index) for index in range(len(job.token_rules))]
    tokens, price = at(row, _RIGHT + 2), at(_TOP + 10, _MIDDLE + 3)
    visual = job.summary.tokens_of_fixable(job.first.quote.rule)
    usd = cost_usd(visual, models.chosen["price"])
    text = found.scaled(f"CHOOSE(token_rule,{','.join(sums)})")
    yield BlockRow("Visual tokens of rejected images", [CellFormula(text, visual)], ["count"])
    text = unless_text(price, f"{tokens}*{price}/{_MILLION}")
    yield BlockRow("Cost of rejected images, US$", [CellFormula(text, usd)], ["usd"])


def _listed_sizes(job: WorkbookJob, counted: ImageTable) -> Iterator[BlockRow]:
    """Return the lines of the most frequent sizes, if there are several."""
    sizes = job.sizes or {}
    if len(sizes) < 2:
        return
    most = sorted(enumerate(sizes.items(), 2), key=lambda item: -item[1][1])[:_LISTED_SIZES]
    for row, ((width, height), count) in most:
        name, number = f"{width}x{height} px", counted.scaled(f"N('Sizes'!C{row})")
        label: Cell = name
        if job.sizes_are_inputs:
            label = CellFormula(f"'Sizes'!A{row}&\"x\"&'Sizes'!B{row}&\" px\"", name)
        yield BlockRow(label, [CellFormula(number, count) if job.sizes_are_inputs else count], ["count"])
    if len(sizes) > _LISTED_SIZES:
        rest = sum(sizes.values()) - sum(count for _, (_, count) in most)
        listed = ",".join(f"'Sizes'!C{row}" for row, _ in most)
        formula = CellFormula(counted.scaled(f"({counted.images()}-SUM({listed}))"), rest)
        yield BlockRow("Other sizes", [formula if job.sizes_are_inputs else rest], ["count"])


def _hidden(job: WorkbookJob, models: ModelSheets) -> list[tuple[str, CellFormula]]:
    """Return the names and cells of the chosen model and of its token rule, which formulas look up."""
    indexes = [str(job.row_of(row.quote) + 1) for row in job.models]
    return [
        ("model_row", CellFormula(f"MATCH(model,{models.column('model')},0)", 1)),
        ("token_rule", CellFormula(f"CHOOSE(model_row,{','.join(indexes)})", int(indexes[0]))),
    ]


_COLUMNS = (
    ("Model", "label", "label"), ("Resolution tier", "tier", "label"), ("Total, US$", "total_usd", "usd"),
    ("Per image, US$", "", "unit usd"), ("Per 1,000 images, US$", "", "usd"),
    ("Effective input price, US$ per MTok", "price", "rate"), ("Visual tokens", "visual", "count"),
    ("Input tokens", "input", "count"), ("Cache write tokens", "write", "count"),
    ("Cache read tokens", "reads", "count"), ("Output tokens", "output", "count"),
    ("Long-context surcharge, US$", "surcharge_usd", "usd"),
)  # fmt: skip


def _side_by_side(page: Page, top: int, job: WorkbookJob, models: ModelSheets) -> int:
    """Write every model, cheapest first, and return the last row."""
    page.put(top, _LEFT, "The same job with every model, cheapest first", "section plain")
    page.sheet.set_row(top + 1, 50)
    heads = ["head", "head", *["head right"] * (len(_COLUMNS) - 2)]
    page.put_row(top + 1, _LEFT, [title for title, _, _ in _COLUMNS], heads)
    first = top + 2
    for row, index in enumerate(models.ranked, first):
        values, place = models.values[index], at(row, _HIDDEN)
        page.put(row, _HIDDEN, CellFormula(f"MATCH({row - first + 1},{models.column('rank')},0)", index + 1))
        texts = {"label": job.models[index].label, "tier": job.models[index].quote.tier.name}
        cells: list[Cell] = [
            CellFormula(f"INDEX({models.column(key)},{place})", texts.get(key) or values[key])
            if key
            else _average(at(row, _LEFT + 2), values["total_usd"], job, times)
            for (_, key, _), times in zip(_COLUMNS, (0, 0, 0, 1, 1000, *[0] * 7), strict=True)
        ]
        page.put_row(row, _LEFT, cells, [style for _, _, style in _COLUMNS])
    last = first + len(models.values) - 1
    rule = {"type": "formula", "criteria": f"=$N{first + 1}=model_row", "format": page.styles["chosen"]}
    page.sheet.conditional_format(first, _LEFT, last, _LEFT + 1, rule)  # dollars have conditions of their own
    return last
