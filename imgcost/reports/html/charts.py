"""The charts of a page: tokens an image, sizes against the limits of the tiers, cost by folder."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from imgcost.figures import dollars, number, plural
from imgcost.geometry import PATCH
from imgcost.reports.html.drawing import COLOURS, FixedLocator, drawing
from imgcost.reports.html.gathering import BINS_AN_OCTAVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from imgcost.estimates import Terms
    from imgcost.geometry import Tier
    from imgcost.summaries import Measure, Tally

__all__ = ["folder_chart", "size_chart", "token_bins", "token_chart"]

BINS = 25
"""How many bars there are at most."""

MOST_MARKS = 1500
"""Beyond so many dots the chart of sizes becomes coarser, and not the page larger."""

LOWEST = 300
"""The chart of sizes begins here at the latest, px, so that the limits of the tiers are on it."""

_DOTS = ((1, 5.0), (10, 7.0), (100, 9.0), (1000, 12.0), (10_000, 15.0))
"""From how many images on a dot is how large, in points."""

_TIER_COLOURS = {"standard": COLOURS["two"], "high-resolution": COLOURS["one"]}


def token_bins(tally: Tally) -> list[tuple[Measure, list[tuple[int, int, int]]]]:
    """Count images by tokens, in bins that are as wide for every measure and end where the images do.

    Args:
        tally: The sums; with one image at least.

    Returns:
        For each measure the first and last number of tokens of each bin, and the images in it.
    """
    top = max(tokens for histogram in tally.histograms for tokens in histogram)
    width = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if step * BINS >= top)
    found = []
    for measure, histogram in zip(tally.measures, tally.histograms, strict=True):
        counts = [0] * -(-top // width)
        for tokens, images in histogram.items():
            counts[(tokens - 1) // width] += images
        found.append((measure, [(width * n + 1, width * (n + 1), images) for n, images in enumerate(counts)]))
    return found


def token_chart(tally: Tally) -> str:
    """Draw how many images cost how many tokens, for each measure.

    Args:
        tally: The sums; with one image at least.

    Returns:
        SVG.
    """
    binned = token_bins(tally)
    words = []
    for measure, bins in binned:
        first, last, images = max(bins, key=itemgetter(2))
        name = f"{measure.tier.name} tier, {measure.formula} formula"
        words.append(f"{name}: most often {first} to {plural(last, 'token')}, {plural(images, 'image')}.")
    with drawing("tokens", (10, 1 + 1.9 * len(binned)), "Images by visual tokens", " ".join(words)) as found:
        axes = found.figure.subplots(len(binned), 1, sharex=True, squeeze=False)[:, 0]
        for ((tier, formula), bins), ax in zip(binned, axes, strict=True):
            starts, counts = [first - 1 for first, _, _ in bins], [images for _, _, images in bins]
            ax.bar(starts, counts, 0.92 * bins[0][1], align="edge", color=_TIER_COLOURS[tier.name])
            if tier.token_limit <= bins[-1][1]:
                ax.axvline(tier.token_limit, color=COLOURS["muted"], linewidth=1, linestyle=(0, (3, 3)))
            ax.set_title(
                f"{tier.name.capitalize()} tier, {formula} formula: {plural(tier.token_limit, 'token')} at most"
            )
            ax.set_ylabel("images")
            ax.yaxis.get_major_locator().set_params(integer=True, nbins=4)
            _settle(ax, "x", ax.xaxis, ax.yaxis)
        axes[-1].set_xlabel("visual tokens an image")
    return found.svg


def size_chart(sizes: Mapping[tuple[int, int], int], tiers: Sequence[Tier], words: str) -> str:
    """Draw widths and heights, and what each tier takes without downscaling.

    Args:
        sizes: Images by logarithm of width and height, in parts of an octave.
        tiers: The tiers.
        words: The same in sentences.

    Returns:
        SVG.
    """
    dots = _dots(sizes)
    with drawing("sizes", (10, 6.2), "Widths and heights of the images", words) as found:
        ax = found.figure.subplots()
        for tier in tiers:
            _draw_limit(ax, tier)
        _draw_dots(ax, dots)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("width, px")
        ax.set_ylabel("height, px")
        edges = [edge for size in dots for edge in size]
        low, high = min(*edges, LOWEST) / 1.25, max(*edges, *(tier.edge_limit for tier in tiers)) * 1.25
        ax.set_xlim(low, high)
        ax.set_ylim(low, high)
        ticks = [edge for power in range(10) for edge in (10**power, 3 * 10**power) if low <= edge <= high]
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_minor_locator(FixedLocator([]))
        _settle(ax, None, ax.xaxis, ax.yaxis)
        found.figure.legend(loc="outside upper left", ncols=4)
    return found.svg


def folder_chart(folders: Sequence[tuple[str, int, int]], terms: Terms) -> str:
    """Draw what the costliest folders cost.

    Args:
        folders: Name to be shown, images and tokens of each, the costliest first; one at least.
        terms: Prices them.

    Returns:
        SVG.
    """
    costs = [dollars(terms.cost_usd(tokens)) for _, _, tokens in folders]
    words = f"{folders[0][0]} costs most, {costs[0]}."
    with drawing("folders", (10, 0.9 + 0.36 * len(folders)), "Cost by folder", words) as found:
        ax = found.figure.subplots()
        rows = range(len(folders), 0, -1)
        ax.barh(rows, [tokens for _, _, tokens in folders], 0.62, color=COLOURS["one"])
        for row, (_, _, tokens), usd in zip(rows, folders, costs, strict=True):
            ax.annotate(usd, (tokens, row), (5, 0), textcoords="offset points", va="center", color=COLOURS["ink"])
        ax.set_yticks(rows, [name for name, _, _ in folders], color=COLOURS["ink"])
        ax.set_xlabel(f"visual tokens with {terms.model.id}")
        ax.margins(x=0.1)
        ax.set_xlim(left=0)
        _settle(ax, "y", ax.xaxis)
    return found.svg


def _settle(ax: Axes, bare: Literal["x", "y"] | None, *counted: Axis) -> None:
    """Make axes calm: no ticks, no lines along the axis of the bars, numbers as they stand in the text."""
    if bare:
        ax.grid(visible=False, axis=bare)
        ax.spines["left"].set_visible(False)
    ax.tick_params(length=0)
    for axis in counted:
        axis.set_major_formatter(lambda value, _: number(round(value)))


def _dots(sizes: Mapping[tuple[int, int], int]) -> dict[tuple[float, float], int]:
    """Images by width and height, px, as coarse as it takes to be few."""
    marks, step = dict(sizes), 1
    while len(marks) > MOST_MARKS:
        coarser: Counter[tuple[int, int]] = Counter()
        for (across, down), images in marks.items():
            coarser[across // 2, down // 2] += images
        marks, step = dict(coarser), step * 2
    edge = {place: 2.0 ** ((place * step + (step - 1) / 2) / BINS_AN_OCTAVE) for size in marks for place in size}
    return {(edge[across], edge[down]): images for (across, down), images in marks.items()}


def _draw_dots(ax: Axes, dots: Mapping[tuple[float, float], int]) -> None:
    single = max(dots.values()) == 1
    for (least, points), above in zip(_DOTS, [*(least for least, _ in _DOTS[1:]), None], strict=True):
        places = [size for size, images in dots.items() if images >= least and (above is None or images < above)]
        if not places:
            continue
        label = f"{plural(least, 'image')} or more"
        if above is not None:
            label = f"{number(least)} to {plural(above - 1, 'image')}"
        style: dict[str, Any] = {"color": COLOURS["ink"], "alpha": 0.6, "markeredgewidth": 0, "markersize": points}
        ax.plot(*zip(*places, strict=True), "o", label="an image" if single else label, **style)


def _draw_limit(ax: Axes, tier: Tier) -> None:
    """Draw a tier's limit: the greatest height at each width that is a whole number of patches."""
    widths, heights = [1.0], [float(tier.edge_limit)]
    most = tier.edge_limit // PATCH
    for across in range(1, most + 1):
        height = float(PATCH * min(most, tier.token_limit // across))
        widths += [PATCH * (across - 1) or 1.0, float(PATCH * across)]
        heights += [height, height]
    colour = _TIER_COLOURS[tier.name]
    label = f"limit of the {tier.name} tier"
    ax.plot([*widths, widths[-1]], [*heights, 1.0], color=colour, linewidth=1.6, label=label)
    ax.fill_between(widths, heights, 1.0, color=colour, alpha=0.07, linewidth=0)
