"""What a page says about a job before its tables: the assumptions, the total, and a few figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import dollars, listed, number, plural
from imgcost.prices import cost_usd, exact_usd
from imgcost.reports.html.highlights import MAX_SIZES
from imgcost.tables import TWO_ENDPOINTS, price_rows
from imgcost.text.notes import sentences
from imgcost.text.plan_notes import overhead_notes
from imgcost.text.scans import file_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from imgcost.conditions import Conditions
    from imgcost.plans import ModelPlan, Scenario
    from imgcost.quoting import Quote
    from imgcost.reports.html.highlights import Highlights
    from imgcost.reports.html.rendering import Cell
    from imgcost.summaries import ScanSummary
    from imgcost.tables import Model

__all__ = [
    "UNKNOWN",
    "Assumption",
    "Figure",
    "PriceList",
    "Result",
    "assumptions",
    "figures",
    "lead",
    "overhead_note",
    "per_thousand",
    "price_list",
    "result",
]

UNKNOWN = "\N{EN DASH}"
"""Shown instead of a number that does not exist."""

MAX_NAMED = 3
"""Maximum number of sizes that are listed one by one."""


class Assumption(NamedTuple):
    """An assumption of the job.

    Attributes:
        label: What it is about.
        text: The assumption.
        setting: The setting of the panel that changes it; or empty.
        wide: Whether the text is long.
    """

    label: str
    text: str
    setting: str = ""
    wide: bool = False


class Figure(NamedTuple):
    """A number that is shown large.

    Attributes:
        label: What it is.
        value: The number.
        id: Where the script of the page replaces it; or empty.
    """

    label: str
    value: Cell
    id: str = ""


class Result(NamedTuple):
    """The cost of the job, as text.

    Attributes:
        total: Rounded.
        exact: With all digits.
        is_rounded: Whether these differ.
        requests: What it pays for.
    """

    total: str
    exact: str
    is_rounded: bool
    requests: str


def assumptions(
    summary: ScanSummary, highlights: Highlights, scenario: Scenario, selected: Quote
) -> Iterator[Assumption]:
    """List everything that the total depends on.

    Args:
        summary: The images.
        highlights: Their sizes.
        scenario: How they are sent.
        selected: The quote of the model that is shown first.

    Yields:
        The assumptions; those with a setting as `page.js` writes them.
    """
    conditions, per_request = selected.conditions, scenario.fixed_images
    yield Assumption("Images", _images(summary, highlights), "count", wide=True)
    yield Assumption("Model", selected.model.id, "model", wide=True)
    yield Assumption("Prompt per request", _tokens(scenario.prompt_tokens), "prompt")
    yield Assumption("Answer per request", _tokens(scenario.output_tokens), "output")
    if per_request is None:
        yield Assumption("Images per request", "as many as fit")
    else:
        yield Assumption("Images per request", number(per_request), "images")
    if scenario.turns > 1:
        yield Assumption("Turns per conversation", number(scenario.turns))
    yield Assumption("Downscaled before sending", "no", "downscale")
    yield Assumption("Prompt cache", conditions.cache, "cache")
    yield Assumption("Message batch", "yes" if conditions.batch else "no", "batch")
    yield Assumption("Inference geo", conditions.inference_geo, "geo")
    yield Assumption("Retries", f"{(scenario.retry_rate * 100).normalize():f}%", "retry")
    yield Assumption("Prices as of", conditions.as_of.isoformat())
    yield Assumption("Platform", _platform(conditions))


def _images(summary: ScanSummary, highlights: Highlights) -> str:
    count = number(summary.images)
    if not summary.images:
        return count
    text = f"{count}{_sizes(highlights)}"
    return f"{text}; {file_size(summary.file_bytes)}" if summary.file_bytes else text


def _sizes(highlights: Highlights) -> str:
    if highlights.sizes is None:
        return f" in more than {plural(MAX_SIZES, 'size')}"
    sizes = sorted(highlights.sizes, key=lambda size: size[0] * size[1])
    if len(sizes) > MAX_NAMED:
        return f" in {plural(len(sizes), 'size')}, {_size(sizes[0])} to {_size(sizes[-1])} px"
    if len(sizes) == 1:
        return f" of {_size(sizes[0])} px"
    return f": {listed([f'{number(highlights.sizes[size])} of {_size(size)}' for size in sizes])} px"


def _size(size: tuple[int, int]) -> str:
    return "{}x{}".format(*size)


def _tokens(tokens: int) -> str:
    return plural(tokens, "token") if tokens else "none"


def _platform(conditions: Conditions) -> str:
    fast = ", fast mode" if conditions.speed == "fast" else ""
    endpoint = f", {conditions.endpoint} endpoint" if conditions.platform in TWO_ENDPOINTS else ""
    return f"{conditions.platform}{endpoint}{fast}"


def result(plan: ModelPlan) -> Result:
    """Describe the total of a plan, as `page.js` does.

    Args:
        plan: The plan.

    Returns:
        Its total and its requests.
    """
    requests = f"{plural(plan.images, 'image')} in {plural(plan.requests, 'request')} to {plan.model.id}"
    total, exact = dollars(plan.total_usd), exact_usd(plan.total_usd)
    return Result(total, f"Exactly {exact}", total != exact, requests)


def lead(plan: ModelPlan) -> str:
    """Say what a request has."""
    earlier = ", and also re-sends the earlier images and answers" if plan.scenario.turns > 1 else ""
    return f"Each request has the prompt, its images and one answer{earlier}."


def overhead_note(plan: ModelPlan | None) -> str:
    """Say which measured overhead the total of a plan includes."""
    return " ".join(sentences(overhead_notes([plan]), explain=False)) if plan else ""


class PriceList(NamedTuple):
    """Where the prices of a page come from.

    Attributes:
        day: The date whose prices apply.
        read: The date on which they were last read.
        url: The page that has them.
    """

    day: date
    read: date
    url: str


def price_list(conditions: Conditions, model: Model) -> PriceList:
    """Return the source of a model's prices."""
    sources = [source for row in price_rows(model) for source in row.sources]
    newest = max(sources, key=lambda source: (source.url.endswith("/pricing"), source.read))
    return PriceList(conditions.as_of, newest.read, newest.url)


def per_thousand(plan: ModelPlan) -> Cell:
    """Return US dollars per 1,000 images, or a dash without images."""
    return UNKNOWN if plan.usd_per_thousand_images is None else plan.usd_per_thousand_images


def figures(summary: ScanSummary, plan: ModelPlan, alone: Quote) -> Iterator[Figure]:
    """List the most important numbers.

    Args:
        summary: The images.
        plan: The plan of the model that is shown first.
        alone: What that model charges for the images alone.

    Yields:
        The figures. If a scan prices cached images, both of their prices are figures too.
    """
    tokens, read = summary.tokens(alone.rule), alone.cache_read_usd_per_mtok
    each, once = (", each sent once", ", each image once") if plan.scenario.turns > 1 else ("", "")
    yield Figure("Per 1,000 images", per_thousand(plan), "thousand-usd")
    yield Figure(f"Images alone{each}", plan.images_usd, "images-usd")
    if read is not None:
        yield Figure("Images as cache writes", alone.image_usd(tokens))
        yield Figure("Images as cache reads", cost_usd(tokens, read))
    yield Figure(f"Visual tokens{once}", tokens, "visual")
    yield Figure("Downscaled by the API", summary.downscaled_by(alone.rule), "downscaled")
    yield Figure("Would be rejected", sum(summary.fixable.values()), "rejected-count")
    yield Figure("Unreadable", len(summary.unreadable))
