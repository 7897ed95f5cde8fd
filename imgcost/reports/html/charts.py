"""Coordinates of the charts of a page: tokens per image, and sizes with the limits of the tiers."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import log
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import number, plural
from imgcost.geometry import PATCH
from imgcost.plans import Costs
from imgcost.reports.html.highlights import BINS_PER_OCTAVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from imgcost.geometry import Tier
    from imgcost.plans import ModelPlan
    from imgcost.quoting import TokenRule
    from imgcost.summaries import ScanSummary

__all__ = ["BINS", "Chart", "ModelBar", "TierLimit", "model_chart", "size_chart", "token_chart"]

BINS = 16
"""Bars of a histogram; the token limits of both tiers are multiples of it."""

MAX_DOTS = 1500
"""Maximum number of dots in the chart of sizes; with more, it becomes coarser, so that the page stays small."""

MIN_EDGE = 300
"""The chart of sizes starts here or lower, px, so that the limits of the tiers are visible."""

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 88, 16, 16, 52
"""Sizes of a chart and its margins, px."""


class TierLimit(NamedTuple):
    """The limit of a tier: a line with the area below it, as an SVG path."""

    tier: str
    path: str


class Chart(NamedTuple):
    """A chart, in px from its upper left corner.

    Attributes:
        id: A word that is unique on the page.
        title: What it shows.
        text: A description in words.
        axes: Labels of the x and the y axis.
        frame: Left, top, right and bottom of the plot.
        x_ticks: Positions and labels.
        y_ticks: Positions and labels.
        bars: x, y, width and height of each.
        tier: The tier whose color the bars have.
        lines: The limits of tiers.
        dots: x, y and radius of each.
    """

    id: str
    title: str
    text: str
    axes: tuple[str, str]
    frame: tuple[int, int, int, int]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    bars: Sequence[tuple[float, float, float, float]] = ()
    tier: str = ""
    lines: Sequence[TierLimit] = ()
    dots: Sequence[tuple[float, float, float]] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return WIDTH, self.frame[3] + BOTTOM


class ModelBar(NamedTuple):
    """A row of the chart of models.

    Attributes:
        label: The model.
        total: Cost of the job, or why there is none.
        parts: Name, start and width of each part of the bar, in percent of the longest.
    """

    label: str
    total: Decimal | str
    parts: list[tuple[str, float, float]]


def model_chart(plans: Sequence[ModelPlan | None], labels: Sequence[str]) -> list[ModelBar]:
    """Draw the total of each model: input, output and cache.

    Args:
        plans: The plans, in the order of the chart; None if the job is not possible with a model.
        labels: The names of the models.

    Returns:
        The bars.
    """
    most = max((plan.total_usd for plan in plans if plan), default=Decimal(0))
    return [
        ModelBar(label, plan.total_usd if plan else "over a limit", list(_parts(plan, most)))
        for plan, label in zip(plans, labels, strict=True)
    ]


def _parts(plan: ModelPlan | None, most: Decimal) -> Iterator[tuple[str, float, float]]:
    start = 0.0
    costs = plan.usd if plan else Costs(*[Decimal(0)] * 5)
    retries = plan.scenario.retry_rate if plan else 0
    for name, usd in (("input", costs.input), ("output", costs.output), ("cache", sum(costs[2:]))):
        width = float(100 * usd * (1 + retries) / most) if most else 0.0
        yield name, start, width
        start += width


def token_chart(summary: ScanSummary, rule: TokenRule) -> Chart:
    """Draw a histogram of tokens per image.

    Args:
        summary: The sums; with at least one image.
        rule: Counts the tokens.

    Returns:
        The chart.
    """
    bins = summary.bins(rule, BINS)
    limit = rule.tier.token_limit
    name = f"{rule.tier.name} tier, {rule.formula} formula"
    first, last, largest = max(bins, key=itemgetter(2))
    frame = left, _, right, bottom = _frame(200)
    x = _linear(limit, left, right)
    steps = _round_numbers(largest, 4)
    y = _linear(steps[-1], bottom, frame[1])
    edges = [x(limit * index // BINS) for index in range(BINS + 1)]
    bars = [
        (start + 2, y(images), end - start - 4, bottom - y(images))
        for start, end, (_, _, images) in zip(edges, edges[1:], bins, strict=False)
        if images
    ]
    return Chart(
        id=f"tokens-{rule.tier.name}-{rule.formula}",
        title=f"Tokens per image: {name}",
        text=f"Most often {number(first)} to {plural(last, 'token')}: {plural(largest, 'image')}.",
        axes=("visual tokens", "images"),
        frame=frame,
        x_ticks=[(x(tokens), number(tokens)) for tokens in _round_numbers(limit, 5) if tokens <= limit],
        y_ticks=[(y(images), number(images)) for images in steps],
        bars=bars,
        tier=rule.tier.name,
    )


def size_chart(sizes: Mapping[tuple[int, int], int], tiers: Sequence[Tier], text: str) -> Chart:
    """Draw widths and heights, and the largest sizes that each tier does not downscale.

    Args:
        sizes: Number of images by the logarithm of width and height, in fractions of an octave; at least one.
        tiers: The tiers.
        text: A description in words.

    Returns:
        The chart.
    """
    dots = _dots(sizes)
    edges = [edge for size in dots for edge in size]
    low = min(*edges, MIN_EDGE) / 1.25
    high = max(*edges, *(tier.edge_limit for tier in tiers)) * 1.25
    frame = left, top, right, bottom = _frame(440)
    x, y = _logarithmic(low, high, left, right), _logarithmic(low, high, bottom, top)
    ticks = [edge for power in range(10) for edge in (10**power, 3 * 10**power) if low <= edge <= high]
    return Chart(
        id="sizes",
        title="Widths and heights of the images",
        text=text,
        axes=("width, px", "height, px"),
        frame=frame,
        x_ticks=[(x(edge), number(edge)) for edge in ticks],
        y_ticks=[(y(edge), number(edge)) for edge in ticks],
        lines=[TierLimit(tier.name, _limit_path(tier, low, x, y)) for tier in tiers],
        dots=[(x(width), y(height), 3.5 + 0.9 * log(images)) for (width, height), images in sorted(dots.items())],
    )


def _frame(height: int) -> tuple[int, int, int, int]:
    return LEFT, TOP, WIDTH - RIGHT, TOP + height


def _linear(end: float, first: float, last: float) -> Callable[[float], float]:
    return lambda value: first + value / end * (last - first)


def _logarithmic(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    return lambda value: first + log(value / low) / log(high / low) * (last - first)


def _round_numbers(top: int, max_steps: int) -> list[int]:
    """Return round numbers from 0 to at least `top`, in at most `max_steps` steps.

    >>> _round_numbers(4784, 5), _round_numbers(1, 4)
    ([0, 1000, 2000, 3000, 4000, 5000], [0, 1])
    """
    step = next(
        step for power in range(19) for step in (10**power, 2 * 10**power, 5 * 10**power) if step * max_steps >= top
    )
    return list(range(0, top + step, step))


def _dots(sizes: Mapping[tuple[int, int], int]) -> dict[tuple[float, float], int]:
    """Group images by width and height, px, coarsely enough for a chart."""
    marks, step = dict(sizes), 1
    while len(marks) > MAX_DOTS:
        coarser: Counter[tuple[int, int]] = Counter()
        for (across, down), images in marks.items():
            coarser[across // 2, down // 2] += images
        marks, step = dict(coarser), step * 2
    edge = {index: 2.0 ** ((index * step + (step - 1) / 2) / BINS_PER_OCTAVE) for size in marks for index in size}
    return {(edge[across], edge[down]): images for (across, down), images in marks.items()}


def _limit_path(tier: Tier, low: float, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """Return the maximum height for each width in whole patches, as steps."""
    max_patches = tier.edge_limit // PATCH
    points: list[tuple[float, float]] = []
    for across in range(1, max_patches + 1):
        height = max(PATCH * min(max_patches, tier.token_limit // across), low)
        points += [(max(PATCH * (across - 1), low), height), (max(PATCH * across, low), height)]
    return _path([(x(width), y(height)) for width, height in [(low, low), *points, (points[-1][0], low)]])


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Return an SVG path through points, without repetitions.

    >>> _path([(1, 2), (1, 2), (3.04, 4)])
    'M1.0 2.0L3.0 4.0'
    """
    return "M" + "L".join(dict.fromkeys(f"{x:.1f} {y:.1f}" for x, y in points))
