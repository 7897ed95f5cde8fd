"""The two lines above the Budget: whether the API would accept the requests, and the command that plans the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import plural
from imgcost.reports.commands import fixed_options, image_arguments, plan_command
from imgcost.reports.workbook.cells import NOT_OFFERED, CellFormula
from imgcost.reports.workbook.values import FINE, RUN_PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets

__all__ = ["command", "is_fine", "verdict"]

_FINE = (
    "Requests are within the limits on number of images, dimensions and tokens, once rejected images are converted or "
    "resized. Size in bytes is not checked."
)
_FINE_PACKED = "Requests are within the limits: imgcost plan has packed them."
_OTHER = "Not offered with these settings: choose others."
_PACKED_OVER = "Not possible with this model: a request would exceed a limit. The command below names it."
_MAYBE = (
    "Some requests may exceed a limit or have the long-context price, depending on the order: run the command below."
)
_TOO_LONG = "Not possible: a prompt and its answer exceed the context window."


class _Case(NamedTuple):
    """A case of the verdict.

    Attributes:
        condition: The formula for whether it applies.
        applies: Whether it applies when the workbook is opened.
        formula: The formula of its text.
        text: Its text.
    """

    condition: str
    applies: bool
    formula: str
    text: str


def is_fine(models: ModelSheets) -> str:
    """Return a formula for whether nothing is wrong with the chosen model."""
    return f'{models.of_chosen("status")}="{FINE}"'


def verdict(job: WorkbookJob, models: ModelSheets) -> CellFormula:
    """Return the formula for whether the API would accept such requests, and whether the sheets can price them."""
    cases = list(_cases(job, models))
    formula, value = '""', ""
    for case in reversed(cases):
        formula = f"IF({case.condition},{case.formula},{formula})"
        value = case.text if case.applies else value
    return CellFormula(formula, value)


def _cases(job: WorkbookJob, models: ModelSheets) -> Iterator[_Case]:
    status, values = models.of_chosen("status"), models.chosen

    def case(name: str, text: str) -> _Case:
        return _Case(f'{status}="{name}"', values["status"] == name, f'"{text}"', text)

    yield case(FINE, _FINE_PACKED if job.is_packed else _FINE)
    yield case(NOT_OFFERED, _OTHER)
    yield case(RUN_PLAN, _MAYBE)
    if job.is_packed:
        yield _otherwise(_PACKED_OVER)
        return
    packed, count = "MIN(images_per_request,image_count)", min(job.images_per_request, job.summary.images)
    quote = job.first.quote
    start = "Not possible: a request to this model may have at most "
    max_images = models.of_chosen("max_images")
    yield _Case(
        f"N({max_images})*({packed}>N({max_images}))>0",
        quote.max_images is not None and count > quote.max_images,
        f'"{start}"&{max_images}&" images."',
        f"{start}{plural(quote.max_images or 0, 'image')}.",
    )
    limits = quote.limits
    if limits.many_images is not None and limits.many_images_edge is not None:
        many, edge = plural(limits.many_images, "image"), f"{limits.many_images_edge:,} px"
        text = f"Not possible: with more than {many} in a request, no edge may exceed {edge}."
        yield _Case(
            f"AND({packed}>{limits.many_images},longest_edge>{limits.many_images_edge})",
            count > limits.many_images and job.summary.longest_edge > limits.many_images_edge,
            f'"{text}"',
            text,
        )
    yield _otherwise(_TOO_LONG)


def _otherwise(text: str) -> _Case:
    return _Case(condition="TRUE", applies=True, formula=f'"{text}"', text=text)


def command(job: WorkbookJob) -> CellFormula:
    """Return the command that plans the same job, packing the images in their order."""
    conditions, scenario = job.conditions, job.scenario
    images = f'"imgcost plan {image_arguments(job.sizes, job.summary.images)}"'
    if job.is_uniform:
        images = '"imgcost plan "&image_width&"x"&image_height&" --count "&image_count'
    packing = "auto" if scenario.images_per_request == "auto" else job.images_per_request
    parts = [
        images,
        '" --model "&model',
        '" --images-per-request "&images_per_request' if packing != "auto" else '" --images-per-request auto"',
        '" --prompt-tokens "&prompt_tokens',
        '" --output-tokens "&output_tokens',
        '" --prompt-cache "&prompt_cache',
        'IF(batch="yes"," --batch","")',
        'IF(inference_geo="us"," --inference-geo us","")',
        'IF(retry_rate>0," --retry-rate "&retry_rate,"")',
        f'"{fixed_options(conditions, scenario.turns)}"',
    ]
    value = plan_command(scenario, conditions, job.first.quote.model.id, job.sizes, job.summary.images)
    start = "The same job, request by request: "
    return CellFormula(f'"{start}"&{"&".join(parts)}', f"{start}{value}")
