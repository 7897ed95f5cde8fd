"""The input cells of the Budget, and the facts below them: every assumption of the job, on the first screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from imgcost.conditions import CacheTtl, InferenceGeo
from imgcost.reports.workbook.cells import CellFormula
from imgcost.reports.workbook.sizes import edge_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets
    from imgcost.reports.workbook.tables import ImageTable

__all__ = ["BlockRow", "assumptions", "validate"]


class BlockRow(NamedTuple):
    """A row of a block of the Budget.

    Attributes:
        label: Its label.
        cells: The cells after the label.
        styles: The styles of the cells.
        name: A name for the first cell, or empty.
        label_style: The style of the label.
    """

    label: Cell
    cells: Sequence[Cell]
    styles: Sequence[str]
    name: str = ""
    label_style: str = "label"


def assumptions(job: WorkbookJob, models: ModelSheets, images: ImageTable) -> list[BlockRow]:
    """Return the rows of the block with the assumptions: input cells first, then what only a new report changes."""
    conditions, scenario = job.conditions, job.scenario
    endpoint = "" if conditions.platform == "claude-api" else f", {conditions.endpoint} endpoint"
    included = [f"{factor.name} x {factor.factor:f}" for factor in job.first.quote.factors]
    downscaling = [_number("Downscale to, tokens per image", None, "downscale_to")] if job.sizes_are_inputs else []
    packing: list[BlockRow] = []
    if job.is_packed:
        auto = scenario.images_per_request == "auto"
        packing = [
            _fact("Prompt tokens per request", scenario.prompt_tokens, "prompt_tokens"),
            _fact("Output tokens per request", scenario.output_tokens, "output_tokens"),
            _fact("Images per request", "as many as fit" if auto else job.images_per_request, "images_per_request"),
            _fact("Turns per conversation", scenario.turns),
        ]
    else:
        packing = [
            _number("Prompt tokens per request", scenario.prompt_tokens, "prompt_tokens"),
            _number("Output tokens per request", scenario.output_tokens, "output_tokens"),
            _number("Images per request", job.images_per_request, "images_per_request"),
        ]
    return [
        BlockRow("Model", [job.first.quote.model.id], ["input list"], "model"),
        *_images(job, images),
        *downscaling,
        *packing,
        BlockRow("Prompt cache", [conditions.cache], ["input list"], "prompt_cache"),
        BlockRow("Message batch", ["yes" if conditions.batch else "no"], ["input list"], "batch"),
        BlockRow("Inference geo", [conditions.inference_geo], ["input list"], "inference_geo"),
        BlockRow("Retries", [scenario.retry_rate], ["input percent"], "retry_rate"),
        BlockRow("Prices and limits as of", [conditions.as_of], ["day right"]),
        _fact("Platform", f"{conditions.platform}{endpoint}"),
        *([_fact("Speed", conditions.speed)] if conditions.speed != "standard" else []),
        *(_fact("Included in all prices", text) for text in included),
        BlockRow("Multiplier of batch and geo", [models.chosen_cell("multiplier")], ["fact"], "multiplier"),
        BlockRow("Effective input price, US$ per MTok", [models.chosen_cell("price")], ["rate"]),
    ]


def _images(job: WorkbookJob, images: ImageTable) -> list[BlockRow]:
    """Return the rows with the number of images and their sizes."""
    count = job.summary.images
    if job.sizes is None:
        sizes = "see sheet Images"
    elif len(job.sizes) == 1:
        sizes = "{}x{} px".format(*next(iter(job.sizes)))
    else:
        sizes = f"{len(job.sizes):,} (see sheet Images)"
    if job.is_packed:
        number = BlockRow("Number of images", [CellFormula(images.images(), count)], ["count"], "image_count")
        return [number, _fact("Image sizes", sizes)]
    number = _number("Number of images", count, "image_count")
    if job.is_uniform and job.sizes:
        width, height = next(iter(job.sizes))
        return [number, _number("Width, px", width, "image_width"), _number("Height, px", height, "image_height")]
    if not job.sizes_are_inputs:
        return [number, _fact("Image sizes", sizes)]
    found = len(job.sizes or ())
    text = CellFormula(f'COUNTIF({images.tokens[0]},">0")&" (see sheet Sizes)"', f"{found} (see sheet Sizes)")
    return [number, BlockRow("Image sizes", [text], ["fact"])]


def _number(label: str, value: int | None, name: str) -> BlockRow:
    return BlockRow(label, [value], ["input number"], name)


def _fact(label: str, value: int | str, name: str = "") -> BlockRow:
    return BlockRow(label, [value], ["count" if isinstance(value, int) else "fact"], name)


_LISTS: dict[str, list[str]] = {
    "batch": ["no", "yes"],
    "prompt_cache": list(get_args(CacheTtl)),
    "inference_geo": list(get_args(InferenceGeo)),
}
_LEAST = {"prompt_tokens": 0, "output_tokens": 0, "images_per_request": 1, "image_count": 0, "downscale_to": 1}


def validate(page: Page, rows: Sequence[BlockRow], cell: tuple[int, int], models: ModelSheets) -> None:
    """Let the input cells accept only what the API and the formulas do.

    Args:
        page: The Budget.
        rows: The rows of the block.
        cell: Row and column of the first value, from 0.
        models: The models.
    """
    for offset, row in enumerate(rows):
        if row.styles[0].startswith("input"):
            at = cell[0] + offset, cell[1]
            page.sheet.data_validation(*at, *at, _rule(row.name, models))


def _rule(name: str, models: ModelSheets) -> dict[str, Any]:
    if name == "model":
        return {"validate": "list", "source": f"={models.column('model')}"}
    if name in _LISTS:
        return {"validate": "list", "source": _LISTS[name]}
    if name == "retry_rate":
        message = "Enter a share from 0% to 100%."
        return {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1, "error_message": message}
    if name in ("image_width", "image_height"):
        return edge_rule()
    message = f"Enter a whole number from {_LEAST[name]}."
    return {"validate": "integer", "criteria": ">=", "value": _LEAST[name], "error_message": message}
