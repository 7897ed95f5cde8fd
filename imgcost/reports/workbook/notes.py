"""The sheets Prices and Notes: where every number comes from, and what the workbook does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import dollars, plural
from imgcost.reports.workbook.cells import NOT_OFFERED
from imgcost.reports.workbook.plain import write_notes
from imgcost.tables import measurements, models, multipliers, price_rows
from imgcost.text.acceptance import fixable_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.tables import ImageTable
    from imgcost.tables import Multiplier, Source

__all__ = ["write_job_notes", "write_prices"]

_HEADS = (
    "Model", "Kind", "From", "To", "Prompts above, tokens", "Input, US$ per MTok", "Output, US$ per MTok",
    "5m cache write, US$ per MTok", "1h cache write, US$ per MTok", "Cache read, US$ per MTok", "Confidence",
    "Sources", "Addresses", "Note",
)  # fmt: skip
_WIDTHS = (28, 24, 12, 12, 12, 12, 12, 12, 12, 12, 11, 50, 60, 60)
_STYLES = ("text", "text", "day", "day", "number", *["price"] * 5, "indented", "wrapped", "wrapped", "wrapped")
_WRAPPED = [column for column, style in enumerate(_STYLES) if style == "wrapped"]


def write_prices(page: Page) -> None:
    """Write the sheet Prices: every price and multiplier ever published, with its sources."""
    rows: list[list[Cell]] = [
        [
            row.model_id,
            row.kind,
            row.first_day,
            row.last_day,
            row.above_input_tokens,
            *(NOT_OFFERED if rate is None else rate for rate in row.rates),
            row.confidence,
            *_source_cells(row.sources),
            row.note,
        ]
        for model in models()
        for row in price_rows(model)
    ]
    factors: list[list[Cell]] = [
        [
            *(_models_with(row), f"multiplier: {row.name}", row.first_day, None, None),
            *([row.factor] * 5),
            *("high", *_source_cells(row.sources), row.note),
        ]
        for row in multipliers()
    ]  # fmt: skip
    page.table_head(_HEADS, _WIDTHS, len(rows) + len(factors))
    for number, cells in enumerate([*rows, *factors], 1):
        lines = [-(-len(str(cells[column] or "")) // (_WIDTHS[column] - 4)) for column in _WRAPPED]
        page.sheet.set_row(number, 15 * max(*lines, 1))
        styles = _STYLES if number <= len(rows) else ["factor" if style == "price" else style for style in _STYLES]
        page.put_row(number, 0, cells, styles)


def _models_with(row: Multiplier) -> str:
    models = f"models released since {row.released_since}" if row.released_since else "all models"
    return ", except ".join([models, *row.excepted_ids])


def _source_cells(sources: Sequence[Source]) -> list[Cell]:
    titles = "; ".join(f"{source.title} (read {source.read})" for source in sources)
    return [titles, " ".join(dict.fromkeys(source.url for source in sources))]


def write_job_notes(page: Page, job: WorkbookJob, found: ImageTable) -> None:
    """Write the sheet Notes.

    Args:
        page: The sheet.
        job: The images and models.
        found: The sheet Images, if there is one.
    """
    date = "Date", f"Prices, limits and models as of {job.conditions.as_of}; the sheet Prices has the sources."
    left_out = {*_NOTES_ON_PACKING} if job.is_packed else set() if job.sizes_are_inputs else {"Downscaling"}
    left_out |= {"Folders"} if len(job.summary.folders) < 2 else set()
    notes = [(subject, text) for subject, text in _NOTES.items() if subject not in left_out]
    write_notes(page, [*_job_notes(job, found), date, *notes, *_measured(job)])


def _job_notes(job: WorkbookJob, found: ImageTable) -> Iterator[tuple[str, str]]:
    summary, first = job.summary, job.first
    if job.is_packed:
        yield "Packed requests", _PACKED
    elif job.sizes_are_inputs:
        yield "Sizes", _SIZES
    else:
        yield "Sizes", _NO_SIZES
    if found.reasons and found.counts:
        images, rows = plural(summary.images, "image"), plural(found.rows, "row")
        yield "Sheet Images", f"{images} in {rows}: a row is a size in a folder or table, or only a size if need be."
    if summary.fixable:
        usd = (first.sold or first.quote).input_usd(summary.tokens_of_fixable(first.quote.rule))
        cost = f"{dollars(usd)} with {first.quote.model.id}"
        yield "Rejected images", fixable_note(summary.fixable, summary.images, cost)
    for text in first.quote.assumptions:
        yield "Assumption", text
    if restricted := [row.quote.model.id for row in job.models if row.quote.model.restricted]:
        yield "By invitation", f"Available by invitation only: {', '.join(restricted)}."


_SIZES = (
    "The sizes and their numbers are input cells, on the Budget if there is only one size, else on the sheet Sizes. If "
    "you change the number of images on the Budget, the sizes keep their proportions, and totals are rounded to whole "
    "tokens."
)
_NO_SIZES = (
    "The sizes are fixed, because there are too many or because a model counts tokens by area. If you change the "
    "number of images, the sizes keep their proportions, and totals are rounded to whole tokens."
)
_PACKED = (
    "With turns, or with as many images per request as fit, the tokens of a request depend on which images share it. "
    "'imgcost plan' has packed them, and this workbook prices the tokens: the white cells of the assumptions are "
    "fixed, and change with a new workbook. With a prompt cache, a turn reads earlier turns with their images from it."
)
_NOTES_ON_PACKING = ("Downscaling", "Prompt cache", "Long context", "Prompt and output tokens")

_NOTES = {
    "Downscaling": (
        "Downscale to: the images are downscaled to at most that many tokens before they are sent, with their ratio of "
        "width to height, as 'imgcost plan --downscale-to' and 'imgcost fit --max-tokens' do. An empty cell means that "
        "images are sent as they are; images above the limits of the tier are then downscaled by the API."
    ),
    "Visual tokens": (
        "An image is downscaled to its model's resolution tier; then each patch of 28 x 28 px is one token: "
        "ceil(width / 28) * ceil(height / 28). The area formula of the 2024 guide is ceil(width * height / 750)."
    ),
    "Input tokens": (
        "Prompt tokens of every request, visual tokens, and overhead: a few tokens per image, per message and per "
        "request with images, which are measured and not published."
    ),
    "Retries": "Share of requests that are sent again, for example after a timeout. Their cost is added to the total.",
    "Effective input price": (
        "The input price times the multipliers of batch and inference geo. If a regional endpoint was chosen, all "
        "prices of this workbook include its surcharge."
    ),
    "Images alone": (
        "The visual tokens without overhead, prompt and answer, at the price of uncached input, as 'imgcost scan' "
        "shows them without --prompt-cache."
    ),
    "Folders": "The sheet Folders divides the cost of the images alone by the visual tokens of each folder.",
    "Prompt cache": (
        "The first request writes the text prompt and all later ones read it; images are input that is not cached. "
        "Nothing is cached with fewer than two requests, or if the prompt is shorter than the model's minimum. "
        "Requests are assumed to follow each other within the cache's lifetime; in a batch, cache hits are best "
        "effort."
    ),
    "Long context": (
        "If a prompt exceeds a model's threshold, the whole request has the long-context price. With one image "
        "per request the workbook counts such requests. With more, it may depend on the order of the images: then "
        "the Budget shows 'run imgcost plan' instead of a number."
    ),
    "not offered": "The model is not sold with the options chosen. It does not mean that it is free.",
    "Dollars": (
        "List prices before tax and discounts. Spreadsheets calculate with about 15 significant digits; "
        "'imgcost scan' and 'imgcost plan' compute exact decimals."
    ),
    "Prompt and output tokens": "Type them in: count the tokens of your prompt and of typical answers first.",
    "Not checked": "The size of whole requests in bytes: 'imgcost plan' and 'imgcost check' check it.",
}


def _measured(job: WorkbookJob) -> Iterator[tuple[str, str]]:
    included = {measured for model in job.models for measured in model.quote.overhead if measured}
    for row in measurements():
        if row in included:
            sources = "; ".join(source.title for source in row.sources)
            text = f"{plural(row.value, 'token')}, measured with {', '.join(row.measured_ids)}; not published"
            yield row.title.capitalize(), f"{text}; confidence {row.confidence}. {sources}."
