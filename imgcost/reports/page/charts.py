"""The charts of a page: tokens an image, sizes against the limits of the tiers, cost by folder."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from imgcost.formats import dollars, number
from imgcost.geometry import PATCH
from imgcost.reports.page.drawing import COLOURS, FixedLocator, drawing
from imgcost.reports.page.gathering import BINS_AN_OCTAVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from imgcost.estimates import Terms
    from imgcost.geometry import Tier
    from imgcost.tallies import Tally

__all__ = ["folder_chart", "size_chart", "token_chart"]

BINS = 24
MOST_MARKS = 1500
"""Beyond so many dots the chart of sizes becomes coarser, and not the page larger."""

_DOTS = ((1, 5.0), (10, 7.0), (100, 9.0), (1000, 12.0), (10_000, 15.0))
"""From how many images on a dot is how large, in points."""

_TIER_COLOURS = {"standard": COLOURS["two"], "high-resolution": COLOURS["one"]}


def token_chart(tally: Tally) -> str:
    """Draw how many images cost how many tokens, for each measure.

    Args:
        tally: The sums; with one image at least.

    Returns:
        SVG.
    """
    title = "Images by visual tokens"
    words = []
    for measure in tally.measures:
        most = max(tally.bins(measure, BINS), key=lambda row: row[2])
        name = f"{measure.tier.name} tier, {measure.formula} formula"
        words.append(f"{name}: most often {most[0]} to {most[1]} tokens, {number(most[2])} images.")
    with drawing("tokens", (10, 1.9 + 1.6 * len(tally.measures)), title, " ".join(words)) as found:
        axes = found.figure.subplots(len(tally.measures), 1, sharex=True, squeeze=False)[:, 0]
        widest = max(measure.tier.token_limit for measure in tally.measures)
        for measure, ax in zip(tally.measures, axes, strict=True):
            tier, formula = measure
            # A bar stands for about as many tokens on each tier.
            bins = tally.bins(measure, BINS * tier.token_limit // widest)
            starts, counts = [first - 1 for first, _, _ in bins], [images for _, _, images in bins]
            widths = [0.92 * (last - first + 1) for first, last, _ in bins]
            ax.bar(starts, counts, widths, align="edge", color=_TIER_COLOURS[tier.name])
            ax.axvline(tier.token_limit, color=COLOURS["muted"], linewidth=1, linestyle=(0, (3, 3)))
            ax.set_title(f"{tier.name.capitalize()} tier, {formula} formula: {number(tier.token_limit)} tokens at most")
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
    marks, bins = dict(sizes), BINS_AN_OCTAVE
    while len(marks) > MOST_MARKS:
        coarser: Counter[tuple[int, int]] = Counter()
        for (across, down), images in marks.items():
            coarser[across // 2, down // 2] += images
        marks, bins = dict(coarser), bins / 2
    with drawing("sizes", (10, 6.2), "Widths and heights of the images", words) as found:
        ax = found.figure.subplots()
        for tier in tiers:
            _draw_limit(ax, tier)
        single = max(marks.values()) == 1
        for (least, points), (above, _) in pairwise((*_DOTS, (None, 0))):
            places = [place for place, images in marks.items() if least <= images < (above or images + 1)]
            if not places:
                continue
            across, down = ([2 ** (place[side] / bins) for place in places] for side in (0, 1))
            label = f"{number(least)} to {number(above - 1)} images" if above else f"{number(least)} images or more"
            label = "an image" if single else label
            ax.plot(across, down, "o", markersize=points, color=COLOURS["ink"], alpha=0.6, markeredgewidth=0, label=label)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("width, px")
        ax.set_ylabel("height, px")
        edges = [2 ** (edge / bins) for place in marks for edge in place]
        low, high = min(edges) / 1.25, max(*edges, *(tier.edge_limit for tier in tiers)) * 1.25
        ax.set_xlim(low, high)
        ax.set_ylim(low, high)
        ticks = [edge for edge in (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000) if low <= edge <= high]
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
