"""The sheet Budget: what the user chooses, and what follows for the model chosen and for all others beside it."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.figures import plural
from imgcost.reports.workbook.images import measure_title
from imgcost.reports.workbook.models import model_cell, model_column
from imgcost.reports.workbook.page import NOT_OFFERED, Formula, cell_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.reports.workbook.contents import Contents
    from imgcost.reports.workbook.offers import Inputs, Offer
    from imgcost.reports.workbook.packing import Outcome, Packing
    from imgcost.reports.workbook.page import Cell, Page
    from imgcost.tables import Limits

__all__ = ["Job", "write_budget"]

_WIDTHS = (2, 30, 19, 15, 14, 14, 16, 16, 15, 15, 15, 17)
_TOP = 5
_LEFT, _MIDDLE, _RIGHT, _HIDDEN = 1, 4, 9, 12


class Job(NamedTuple):
    """Everything that the Budget tells of.

    Attributes:
        day: The day whose prices hold.
        limits: What the API accepts on it.
        inputs: What stands in the input cells.
        offers: The models.
        outcomes: What the job comes to with each.
        packing: All images, packed.
        contents: What was found.
        rows: Rows of the sheet Images.
    """

    day: date
    limits: Limits
    inputs: Inputs
    offers: Sequence[Offer]
    outcomes: Sequence[Outcome]
    packing: Packing
    contents: Contents
    rows: int

    @property
    def visual(self) -> int:
        """Visual tokens of all images, as the model chosen counts."""
        return self.packing.tokens[self.packing.measures.index(self.offers[self.chosen].measure)]

    @property
    def chosen(self) -> int:
        """The place of the model chosen."""
        return [offer.model.id for offer in self.offers].index(self.inputs.model)


def write_budget(page: Page, job: Job) -> int:
    """Write the sheet Budget.

    Returns:
        The first row below it, where charts have room.
    """
    for column, width in enumerate(_WIDTHS):
        page.sheet.set_column(column, column, width)
    page.sheet.set_column(_HIDDEN, _HIDDEN + 1, 12, None, {"hidden": True})
    page.sheet.hide_gridlines(2)
    page.sheet.set_row(0, 32)
    page.put(0, _LEFT, "What these images will cost with Claude", "title")
    hint = "Choose and type in the yellow cells: everything else follows by formula."
    page.put(1, _LEFT, f"{hint} List prices of {job.day} on the Claude API, US dollars, before tax.", "hint")
    page.put(2, _LEFT, _check(job), "section plain")
    inputs, costs, images = _inputs(job), _costs(job), _images(job)
    _section(page, _TOP - 1, _LEFT, ["Your job", None])
    _section(page, _TOP - 1, _MIDDLE, [Formula("model", job.inputs.model), None, "Tokens", "US$"])
    _section(page, _TOP - 1, _RIGHT, ["Your images", None, None])
    depth = max(len(inputs), len(costs), len(images))
    for row in range(depth):
        _put_input(page, row, inputs)
        _put_block(page, row, _MIDDLE, 2, costs)
        _put_block(page, row, _RIGHT, 2, images)
        _put_hidden(page, row, job)
    _validate(page, len(job.offers))
    return _side_by_side(page, _TOP + depth + 1, job) + 1


def _section(page: Page, row: int, column: int, cells: Sequence[Cell]) -> None:
    page.line(row, column, cells, ["section", *["section right"] * (len(cells) - 1)])


_NAMES = (
    "model", "batch", "caching", "prompt_tokens", "output_tokens", "images_per_request", "inference_geo",
    "input_usd_per_mtok",
)  # fmt: skip


def _inputs(job: Job) -> list[tuple[str, Cell, str]]:
    inputs = job.inputs
    rate = job.outcomes[job.chosen]
    row = "model_row"
    factor = f"INDEX({model_column('factor', len(job.offers))},{row})"
    price = f"INDEX({model_column('in', len(job.offers))},{row})"
    usd = NOT_OFFERED if rate.factor is None else rate.factor * job.offers[job.chosen].standard.input
    return [
        ("Model", inputs.model, "input"),
        ("Message batch", "yes" if inputs.batch else "no", "input"),
        ("Prompt caching", inputs.caching, "input"),
        ("Prompt tokens of a request", inputs.prompt_tokens, "input number"),
        ("Output tokens of a request", inputs.output_tokens, "input number"),
        ("Images of a request", inputs.images_per_request, "input number"),
        ("Inference geo", inputs.inference_geo, "input"),
        ("Input price then, US$ per MTok", Formula(f"IF(ISTEXT({factor}),{factor},{factor}*{price})", usd), "usd"),
    ]


def _put_input(page: Page, row: int, block: Sequence[tuple[str, Cell, str]]) -> None:
    if row >= len(block):
        return
    label, cell, style = block[row]
    page.put(_TOP + row, _LEFT, label, "label")
    page.put(_TOP + row, _LEFT + 1, cell, style)
    page.name(_NAMES[row], _TOP + row, _LEFT + 1)


def _chosen(job: Job, key: str, value: Any) -> Formula:
    found = NOT_OFFERED if value is None else value
    return Formula(f"INDEX({model_column(key, len(job.offers))},model_row)", found)


def _costs(job: Job) -> list[tuple[str, Sequence[Cell], str]]:
    found = job.outcomes[job.chosen]
    usd = found.usd or (None,) * 4
    counts = found.counts
    written = counts.cache_write_5m + counts.cache_write_1h
    tokens = (counts.input, written, counts.cache_read, counts.output)
    labels = ("Input", "Cache write", "Cache read", "Output")
    keys = ("input", "write", "reads", "output")
    dollars = ("input_usd", "write_usd", "read_usd", "output_usd")
    rows: list[tuple[str, Sequence[Cell], str]] = [
        (label, [_chosen(job, key, count), _chosen(job, usd_key, amount)], "")
        for label, key, count, usd_key, amount in zip(labels, keys, tokens, dollars, usd, strict=True)
    ]
    total = _chosen(job, "total_usd", found.total_usd)
    each, thousand = (each_usd(found, job.packing.images, times) for times in (1, 1000))
    cell = cell_name(_TOP + 4, _MIDDLE + 3)
    ratio = f"IF(ISTEXT({cell}),{cell},IF(image_count=0,0,{cell}/image_count%s))"
    return [
        *rows,
        ("Total", [Formula(f"SUM({_area(_TOP, _MIDDLE + 2, 4)})", sum(tokens)), total], "total "),
        ("An image", [None, Formula(ratio % "", each)], ""),
        ("A thousand images", [None, Formula(ratio % "*1000", thousand)], ""),
        ("Around images (measured)", [_chosen(job, "around", found.around), None], ""),
        (
            "Of the total: the images alone",
            [_chosen(job, "visual", job.visual), _chosen(job, "images_usd", found.images_usd)],
            "",
        ),
        ("Of the total: long-context surcharge", [None, _chosen(job, "surcharge_usd", found.surcharge_usd)], ""),
    ]  # fmt: skip


def each_usd(found: Outcome, images: int, times: int) -> Decimal | str:
    """What so many images cost on average: shown only, so a quotient may be rounded."""
    if found.total_usd is None:
        return NOT_OFFERED
    with localcontext() as context:
        context.prec = 40
        return found.total_usd * times / images if images else Decimal(0)


def _area(row: int, column: int, rows: int) -> str:
    return f"{cell_name(row, column)}:{cell_name(row + rows - 1, column)}"


def _images(job: Job) -> list[tuple[str, Sequence[Cell], str]]:
    packing, found = job.packing, job.outcomes[job.chosen]
    measures = packing.measures
    rows: list[tuple[str, Sequence[Cell], str]] = [
        ("Images", [Formula("SUM(image_count_of_row)", packing.images)], ""),
        ("Requests", [Formula("ROUNDUP(image_count/images_per_request,0)", packing.requests)], ""),
        (
            "Images of a last one, not full",
            [Formula("MOD(image_count,images_per_request)", packing.last_images)],
            "",
        ),
        ("Longest edge, px", [Formula(f"MAX('Images'!$C$2:$D${job.rows + 1})", job.contents.longest_edge)], ""),
    ]
    rows += [
        (f"Visual tokens, {measure_title(measure, measures)}", [Formula(f"'Requests'!$B${place + 2}", tokens)], "")
        for place, (measure, tokens) in enumerate(zip(measures, packing.tokens, strict=True))
    ]
    return [
        *rows,
        ("Tokens of the largest prompt", [_chosen(job, "largest", found.largest)], ""),
        ("Requests at the long-context price", [_chosen(job, "over", found.over)], ""),
        ("Not counted: see that sheet", [len(job.contents.set_aside)], ""),
    ]


_IMAGE_NAMES = ("image_count", "request_count", "last_images", "longest_edge")


def _put_block(
    page: Page, row: int, column: int, across: int, block: Sequence[tuple[str, Sequence[Cell], str]]
) -> None:
    if row >= len(block):
        return
    label, cells, style = block[row]
    page.line(_TOP + row, column, [label, *[None] * (across - 1)], f"{style or ''}label")
    styles = [f"{style}count", f"{style}usd"][: len(cells)]
    page.line(_TOP + row, column + across, cells, styles)
    if column == _RIGHT and row < len(_IMAGE_NAMES):
        page.name(_IMAGE_NAMES[row], _TOP + row, column + across)


def _put_hidden(page: Page, row: int, job: Job) -> None:
    """Where the model stands on the sheets Models and Requests: formulas ask for it, people need not."""
    measure = job.packing.measures.index(job.offers[job.chosen].measure) + 1
    cells = [
        ("model_row", Formula(f"MATCH(model,{model_column('model', len(job.offers))},0)", job.chosen + 1)),
        ("measure", Formula(f"INDEX({model_column('measure', len(job.offers))},model_row)", measure)),
    ]
    if row < len(cells):
        name, formula = cells[row]
        page.line(_TOP + row, _HIDDEN, [name, formula])
        page.name(name, _TOP + row, _HIDDEN + 1)


def _validate(page: Page, offers: int) -> None:
    def check(row: int, rule: dict[str, Any]) -> None:
        page.sheet.data_validation(_TOP + row, _LEFT + 1, _TOP + row, _LEFT + 1, rule)

    check(0, {"validate": "list", "source": f"={model_column('model', offers)}"})
    for row, choices in ((1, ["no", "yes"]), (2, ["none", "5m", "1h"]), (6, ["global", "us"])):
        check(row, {"validate": "list", "source": choices})
    for row, least in ((3, 0), (4, 0), (5, 1)):
        message = f"A whole number from {least}."
        check(row, {"validate": "integer", "criteria": ">=", "value": least, "error_message": message})


def _check(job: Job) -> Formula:
    """A sentence that says whether the API would take such requests."""
    most, window = (f"INDEX({model_column(key, len(job.offers))},model_row)" for key in ("most", "window"))
    largest = f"INDEX({model_column('largest', len(job.offers))},model_row)"
    inputs, offer, found = job.inputs, job.offers[job.chosen], job.outcomes[job.chosen]
    many, edge = job.limits.many_images, job.limits.many_images_edge
    too_many = "Not possible: a request may carry no more images than the sheet Models says."
    too_long = "Not possible: a prompt and its answer would exceed the context window."
    fine = "Requests like these are within the limits on images, edges and tokens; their bytes are not checked here."
    text, value = f'IF({largest}+output_tokens>{window},"{too_long}","{fine}")', fine
    if found.largest + inputs.output_tokens > offer.model.context_window:
        value = too_long
    if many is not None and edge is not None:
        too_large = f"Not possible: with more than {plural(many, 'image')} in a request, no edge may exceed {edge} px."
        text = f'IF(AND(MIN(images_per_request,image_count)>{many},longest_edge>{edge}),"{too_large}",{text})'
        if min(inputs.images_per_request, job.packing.images) > many and job.contents.longest_edge > edge:
            value = too_large
    if offer.most_images is not None and min(inputs.images_per_request, job.packing.images) > offer.most_images:
        value = too_many
    return Formula(f'IF(MIN(images_per_request,image_count)>{most},"{too_many}",{text})', value)


_HEADS = (
    "Model", "Resolution tier", "Total, US$", "An image, US$", "A thousand images, US$", "Visual tokens",
    "Input tokens", "Cache write tokens", "Cache read tokens", "Output tokens", "Requests at the long-context price",
)  # fmt: skip
_KEYS = ("visual", "input", "write", "reads", "output", "over")


def _side_by_side(page: Page, top: int, job: Job) -> int:
    page.put(top, _LEFT, "The same job with every model", "section plain")
    page.sheet.set_row(top + 1, 34)
    page.line(top + 1, _LEFT, _HEADS, ["head", "head", *["head right"] * (len(_HEADS) - 2)])
    first = top + 2
    for place, (offer, found) in enumerate(zip(job.offers, job.outcomes, strict=True)):
        row = first + place
        total = cell_name(row, _LEFT + 2)
        ratio = f"IF(ISTEXT({total}),{total},IF(image_count=0,0,{total}/image_count%s))"
        counts = found.counts
        visual = job.packing.tokens[job.packing.measures.index(offer.measure)]
        written = counts.cache_write_5m + counts.cache_write_1h
        values = (visual, counts.input, written, counts.cache_read, counts.output, found.over)
        usd = NOT_OFFERED if found.total_usd is None else found.total_usd
        cells: list[Cell] = [
            Formula(model_cell("model", place), offer.model.id),
            Formula(model_cell("tier", place), offer.measure.tier.name),
            Formula(model_cell("total_usd", place), usd),
            Formula(ratio % "", each_usd(found, job.packing.images, 1)),
            Formula(ratio % "*1000", each_usd(found, job.packing.images, 1000)),
            *(Formula(model_cell(key, place), value) for key, value in zip(_KEYS, values, strict=True)),
        ]
        page.line(row, _LEFT, cells, ["label", "label", "usd", "usd", "usd", *["count"] * len(_KEYS)])
    last = first + len(job.offers) - 1
    rule = {"type": "formula", "criteria": f"=$B{first + 1}=model", "format": page.styles["chosen"]}
    page.sheet.conditional_format(first, _LEFT, last, _LEFT + len(_HEADS) - 1, rule)
    return last + 1
