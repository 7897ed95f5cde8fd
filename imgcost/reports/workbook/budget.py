"""The sheet Budget: the input cells, the job with the chosen model, and every model side by side."""

from __future__ import annotations

from decimal import localcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.figures import plural
from imgcost.reports.workbook.cells import NOT_OFFERED, CellFormula, at, unless_text
from imgcost.reports.workbook.job import title_of
from imgcost.reports.workbook.models import RUN_PLAN, model_cell, model_column, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.images import ImageSheet
    from imgcost.reports.workbook.job import WorkbookJob

__all__ = ["BudgetCells", "write_budget"]

_WIDTHS = (2, 30, 20, 15, 15, 16, 15, 15, 15, 15, 15, 15, 17)
_TOP = 5
_LEFT, _MIDDLE, _RIGHT, _HIDDEN = 1, 4, 10, 13
_MILLION = 1_000_000


class BudgetCells(NamedTuple):
    """Cells of the Budget that other sheets use.

    Attributes:
        totals: Cells with sums over all images, by name: `visual N` and `most N` for each rule.
        input_price: The cell with the price of uncached input, US dollars per MTok.
        below: The first free row below it, from 0, for charts.
    """

    totals: dict[str, str]
    input_price: str
    below: int


class _Row(NamedTuple):
    """A row of a section.

    Attributes:
        label: Its label.
        cells: The cells after the label.
        styles: The styles of the cells.
        name: A name for the first cell, or empty.
        label_style: The style of the label.
    """

    label: str
    cells: Sequence[Cell]
    styles: Sequence[str]
    name: str = ""
    label_style: str = "label"


def write_budget(page: Page, job: WorkbookJob, images: ImageSheet, not_counted: int) -> BudgetCells:
    """Write the sheet Budget.

    Args:
        page: The sheet.
        job: The models.
        images: The sheet Images.
        not_counted: Number of files and folders that are not counted.
    """
    values = values_of(job.first, job)
    for column, width in enumerate(_WIDTHS):
        page.sheet.set_column(column, column, width)
    page.sheet.set_column(_HIDDEN, _HIDDEN + 1, 12, None, {"hidden": True})
    page.sheet.hide_gridlines(2)
    page.sheet.set_row(0, 32)
    page.put(0, _LEFT, "What these images cost with Claude", "title")
    hint = "Choose and type in the yellow cells: all other numbers follow by formula."
    page.put(1, _LEFT, f"{hint} List prices as of {job.conditions.as_of}, US dollars, before tax.", "hint")
    page.put(2, _LEFT, _verdict(job), "hint")
    problem = {
        "type": "text",
        "criteria": "not containing",
        "value": "are within the limits",
        "format": page.styles["section plain"],
    }
    page.sheet.conditional_format(2, _LEFT, 2, _LEFT, problem)
    page.put(3, _LEFT, _command(job), "hint")
    blocks = (
        (_LEFT, 1, _inputs(job, values)),
        (_MIDDLE, 2, _costs(job, values)),
        (_RIGHT, 2, _images(job, images, not_counted)),
    )
    page.sheet.set_row(_TOP - 1, 26)
    _heads(page, job)
    depth = max(len(lines) for _, _, lines in blocks)
    for row in range(depth):
        for column, across, lines in blocks:
            if row < len(lines):
                _put_row(page, _TOP + row, column, across, lines[row])
        _put_hidden(page, row, job)
    _validate(page, len(job.models))
    totals = {line.name: at(_TOP + row, _RIGHT + 2, "Budget") for row, line in enumerate(blocks[2][2])}
    price = at(_TOP + 9, _MIDDLE + 3, "Budget")
    below = _side_by_side(page, _TOP + depth + 1, job) + 1
    page.show_small_dollars(below, _HIDDEN - 1)
    return BudgetCells(totals, price, below)


def _heads(page: Page, job: WorkbookJob) -> None:
    row, model = _TOP - 1, CellFormula("model", job.first.quote.model.id)
    page.put_row(row, _LEFT, ["Your job", None], ["section", "section right"])
    page.put_row(row, _MIDDLE, [model, None, "Tokens", "US$ per MTok", "US$"], ["section"] * 2 + ["section right"] * 3)
    page.put_row(row, _RIGHT, ["Your images", None, None], ["section", "section", "section right"])


def _put_row(page: Page, row: int, column: int, across: int, line: _Row) -> None:
    page.put_row(row, column, [line.label, *[None] * (across - 1)], line.label_style)
    page.put_row(row, column + across, line.cells, line.styles)
    if line.name and " " not in line.name:
        page.name(line.name, row, column + across)


def _inputs(job: WorkbookJob, values: Mapping[str, Any]) -> list[_Row]:
    conditions = job.conditions
    platform = (
        conditions.platform
        if conditions.platform == "claude-api"
        else f"{conditions.platform}, {conditions.endpoint} endpoint"
    )
    included = [f"{factor.name} x {factor.factor:f}" for factor in job.first.quote.factors]
    return [
        _Row("Model", [job.first.quote.model.id], ["input"], "model"),
        _Row("Message batch", ["yes" if conditions.batch else "no"], ["input"], "batch"),
        _Row("Prompt cache", [conditions.cache], ["input"], "prompt_cache"),
        _Row("Prompt tokens per request", [0], ["input number"], "prompt_tokens"),
        _Row("Output tokens per request", [0], ["input number"], "output_tokens"),
        _Row("Images per request", [1], ["input number"], "images_per_request"),
        _Row("Inference geo", [conditions.inference_geo], ["input"], "inference_geo"),
        _Row("Multiplier of batch and geo", [_chosen(job, "multiplier", values)], ["fact"], "multiplier"),
        _Row("Effective input price, US$ per MTok", [_chosen(job, "price", values)], ["rate"]),
        _Row("Platform", [platform], ["fact"]),
        _Row("Speed", [conditions.speed], ["fact"]),
        *(_Row("Included in all prices", [text], ["fact"]) for text in included),
    ]


def _chosen(job: WorkbookJob, key: str, values: Mapping[str, Any]) -> CellFormula:
    """Return a value of the chosen model."""
    return CellFormula(f"INDEX({model_column(key, len(job.models))},model_row)", values[key])


def _costs(job: WorkbookJob, values: Mapping[str, Any]) -> list[_Row]:
    def cell(row: int, column: int) -> str:
        return at(_TOP + row, _MIDDLE + column)

    def priced(row: int, label: str, tokens: str, price: str, value: str) -> _Row:
        text = unless_text(cell(row, 3), f"{cell(row, 2)}*{cell(row, 3)}/{_MILLION}")
        cells = [_chosen(job, tokens, values), _chosen(job, price, values), CellFormula(text, values[value])]
        return _Row(label, cells, _STYLES)

    total = unless_text("multiplier", unless_text(cell(4, 4), f"SUM({cell(0, 4)}:{cell(4, 4)})"))
    sums = [
        CellFormula(f"SUM({cell(0, 2)}:{cell(3, 2)})", values["input"]),
        None,
        CellFormula(total, values["total_usd"]),
    ]
    return [
        _class(job, 0, ("Input", "input", "{in}", "input_usd"), values),
        _class(job, 1, ("Cache write", "write", 'IF(prompt_cache="1h",{w1h},{w5m})', "write_usd"), values),
        _class(job, 2, ("Cache read", "reads", "{read}", "read_usd"), values),
        _class(job, 3, ("Output", "output", "{out}", "output_usd"), values),
        _Row("Long-context surcharge", [None, None, _chosen(job, "surcharge_usd", values)], _STYLES),
        _Row("Total", sums, ("total count", "total count", "total usd"), label_style="total label"),
        *(
            _Row(label, [None, None, average(cell(5, 4), values, job, times)], _STYLES)
            for label, times in (("Per image", 1), ("Per 1,000 images", 1000))
        ),
        priced(8, "Included: overhead (measured)", "overhead", "price", "overhead_usd"),
        priced(9, "Images alone, as uncached input", "visual", "price", "images_usd"),
    ]


_STYLES = ("count", "rate", "usd")


def _class(job: WorkbookJob, row: int, names: tuple[str, str, str, str], values: Mapping[str, Any]) -> _Row:
    """Return the line of a token class: tokens, price, US dollars; the price is shown only if there are tokens."""
    label, key, rate, usd = names
    columns = {
        key: f"INDEX({model_column(key, len(job.models))},model_row)" for key in ("in", "out", "w5m", "w1h", "read")
    }
    count, shown = (at(_TOP + row, _MIDDLE + column) for column in (2, 3))
    price = values["price"] if values[key] or isinstance(values["price"], str) else ""
    cells = [
        _chosen(job, key, values),
        CellFormula(unless_text("multiplier", f'IF({count}=0,"",{rate.format_map(columns)}*multiplier)'), price),
        CellFormula(unless_text("multiplier", f"IF({count}=0,0,{count}*{shown}/{_MILLION})"), values[usd]),
    ]
    return _Row(label, cells, _STYLES)


def average(total: str, values: Mapping[str, Any], job: WorkbookJob, times: int) -> CellFormula:
    """Return US dollars per number of images; rounded, because nothing is calculated from it."""
    usd, images = values["total_usd"], job.summary.images
    text = unless_text(total, f"IF(image_count=0,0,{total}*{times}/image_count)")
    with localcontext() as context:
        context.prec = 40
        return CellFormula(text, usd if isinstance(usd, str) else usd * times / images if images else 0)


def _images(job: WorkbookJob, images: ImageSheet, not_counted: int) -> list[_Row]:
    summary, rules = job.summary, job.token_rules
    count = summary.images
    lines = [
        ("Images", images.count(), count, "image_count"),
        ("Requests", "ROUNDUP(image_count/images_per_request,0)", count, "request_count"),
        ("Images in the last request, if partly full", "MOD(image_count,images_per_request)", 0, "last_images"),
        ("Longest edge, px", f"MAX({images.edges})", summary.longest_edge, "longest_edge"),
    ]
    for index, rule in enumerate(rules):
        lines.append(
            (f"Visual tokens, {title_of(rule, rules)}", images.total(index), summary.tokens(rule), f"visual {index}")
        )
    for index, rule in enumerate(rules):
        label = f"Most tokens per image, {title_of(rule, rules)}"
        lines.append((label, f"MAX({images.tokens[index]})", job.most_tokens(rule), f"most {index}"))
    fixable = sum(summary.fixable.values())
    lines.append(("Would be rejected", images.count_if(images.rejected, '"?*"'), fixable, ""))
    counts = [_Row(label, [CellFormula(text, value)], ["count"], name) for label, text, value, name in lines]
    return [
        *counts,
        *_fixable(job, images, _TOP + len(counts)),
        _Row("Not counted (see sheet Excluded)", [not_counted], ["count"]),
    ]


def _fixable(job: WorkbookJob, images: ImageSheet, row: int) -> list[_Row]:
    """Return the lines of images that would be rejected as they are, by reason, with their cost."""
    fixable, plan = job.summary.fixable, job.first.plan
    if not fixable:
        return []
    lines = [
        _Row(
            reason.phrase,
            [CellFormula(images.count_if(images.rejected, at(row + index, _RIGHT)), count)],
            ["count"],
            label_style="label indented",
        )
        for index, (reason, count) in enumerate(sorted(fixable.items(), key=lambda item: (-item[1], item[0])))
    ]
    sums = [images.total_where(f'{images.rejected}<>""', index) for index in range(len(job.token_rules))]
    tokens, price = at(row + len(lines), _RIGHT + 2), at(_TOP + 9, _MIDDLE + 3)
    visual = job.summary.tokens_of_fixable(job.first.quote.rule)
    usd = plan.quote.input_usd(visual) if plan else NOT_OFFERED
    return [
        *lines,
        _Row(
            "Visual tokens of rejected images", [CellFormula(f"CHOOSE(token_rule,{','.join(sums)})", visual)], ["count"]
        ),
        _Row(
            "Cost of rejected images, US$",
            [CellFormula(unless_text(price, f"{tokens}*{price}/{_MILLION}"), usd)],
            ["usd"],
        ),
    ]


def _put_hidden(page: Page, row: int, job: WorkbookJob) -> None:
    """Write the rows of the chosen model and of its token rule, which formulas look up."""
    models = len(job.models)
    indexes = [str(job.row_of(row.quote) + 1) for row in job.models]
    cells = [
        ("model_row", CellFormula(f"MATCH(model,{model_column('model', models)},0)", 1)),
        ("token_rule", CellFormula(f"CHOOSE(model_row,{','.join(indexes)})", int(indexes[0]))),
    ]
    if row < len(cells):
        name, formula = cells[row]
        page.put_row(_TOP + row, _HIDDEN, [name, formula])
        page.name(name, _TOP + row, _HIDDEN + 1)


def _validate(page: Page, models: int) -> None:
    def check(row: int, rule: dict[str, Any]) -> None:
        page.sheet.data_validation(_TOP + row, _LEFT + 1, _TOP + row, _LEFT + 1, rule)

    check(0, {"validate": "list", "source": f"={model_column('model', models)}"})
    for row, choices in ((1, ["no", "yes"]), (2, ["none", "5m", "1h"]), (6, ["global", "us"])):
        check(row, {"validate": "list", "source": choices})
    for row, minimum in ((3, 0), (4, 0), (5, 1)):
        message = f"Enter a whole number from {minimum}."
        check(row, {"validate": "integer", "criteria": ">=", "value": minimum, "error_message": message})


FINE = (
    "Requests are within the limits on number of images, dimensions and tokens, once rejected images are converted or "
    "resized. Size in bytes is not checked."
)
TOO_MANY = "Not possible: a request to this model may have at most "
TOO_LONG = "Not possible: a prompt and its answer exceed the context window."
MAYBE_TOO_LONG = "Some requests may exceed the context window: run the command below."
MAYBE_LONG_CONTEXT = "Some requests may have the long-context price, depending on the order: run the command below."


def _verdict(job: WorkbookJob) -> CellFormula:
    """Return whether the API would accept such requests, and whether this sheet can price them."""
    max_images, window, largest, surcharge = (
        f"INDEX({model_column(key, len(job.models))},model_row)"
        for key in ("max_images", "window", "largest", "surcharge_usd")
    )
    packed = "MIN(images_per_request,image_count)"
    text = f'IF({surcharge}="{RUN_PLAN}","{MAYBE_LONG_CONTEXT}","{FINE}")'
    text = f'IF({largest}+output_tokens>{window},IF({packed}<=1,"{TOO_LONG}","{MAYBE_TOO_LONG}"),{text})'
    limits = job.first.quote.limits
    if limits.many_images is not None and limits.many_images_edge is not None:
        many, edge = plural(limits.many_images, "image"), f"{limits.many_images_edge:,} px"
        too_large = f"Not possible: with more than {many} in a request, no edge may exceed {edge}."
        text = f'IF(AND({packed}>{limits.many_images},longest_edge>{limits.many_images_edge}),"{too_large}",{text})'
    return CellFormula(
        f'IF(N({max_images})*({packed}>N({max_images}))>0,"{TOO_MANY}"&{max_images}&" images.",{text})', FINE
    )


def _command(job: WorkbookJob) -> CellFormula:
    """Return the command that plans the same job, packing the images in their order."""
    conditions = job.conditions
    fixed = (
        ""
        if conditions.platform == "claude-api"
        else f" --platform {conditions.platform} --endpoint {conditions.endpoint}"
    )
    fixed += " --fast" if conditions.speed == "fast" else ""
    parts = [
        '"imgcost plan PATH --model "&model',
        '" --images-per-request "&images_per_request',
        '" --prompt-tokens "&prompt_tokens',
        '" --output-tokens "&output_tokens',
        '" --prompt-cache "&prompt_cache',
        'IF(batch="yes"," --batch","")',
        'IF(inference_geo="us"," --inference-geo us","")',
        f'"{fixed} --as-of {conditions.as_of}"',
    ]
    value = (
        f"imgcost plan PATH --model {job.first.quote.model.id} --images-per-request 1 --prompt-tokens 0 "
        f"--output-tokens 0 --prompt-cache {conditions.cache}{' --batch' * conditions.batch}"
        f"{' --inference-geo us' * (conditions.inference_geo == 'us')}{fixed} --as-of {conditions.as_of}"
    )
    return CellFormula(
        f'"The same job, request by request: "&{"&".join(parts)}', f"The same job, request by request: {value}"
    )


_HEADS = (
    "Model", "Resolution tier", "Total, US$", "Per image, US$", "Per 1,000 images, US$",
    "Effective input price, US$ per MTok", "Visual tokens", "Input tokens", "Cache write tokens", "Cache read tokens",
    "Output tokens", "Long-context surcharge, US$",
)  # fmt: skip
_KEYS = (
    "model", "tier", "total_usd", "price", "visual", "input", "write", "reads", "output", "surcharge_usd",
)  # fmt: skip


def _side_by_side(page: Page, top: int, job: WorkbookJob) -> int:
    page.put(top, _LEFT, "The same job with every model", "section plain")
    page.sheet.set_row(top + 1, 50)
    page.put_row(top + 1, _LEFT, _HEADS, ["head", "head", *["head right"] * (len(_HEADS) - 2)])
    first = top + 2
    for index, model in enumerate(job.models):
        values = {"model": model.quote.model.id, "tier": model.quote.tier.name} | values_of(model, job)
        formulas = {key: CellFormula(model_cell(key, index), values[key]) for key in _KEYS}
        averages = [average(at(first + index, _LEFT + 2), values, job, times) for times in (1, 1000)]
        cells = list(formulas.values())
        cells[3:3] = averages
        page.put_row(first + index, _LEFT, cells, ["label", "label", *["usd"] * 3, "rate", *["count"] * 5, "usd"])
    last = first + len(job.models) - 1
    rule = {"type": "formula", "criteria": f"=$B{first + 1}=model", "format": page.styles["chosen"]}
    page.sheet.conditional_format(first, _LEFT, last, _LEFT + len(_HEADS) - 1, rule)
    return last + 1
