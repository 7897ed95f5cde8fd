"""The downscaling rule for a spreadsheet: whole numbers, one lookup, and a short list of ties.

Spreadsheets compare and round floats in different, lenient ways, so the formulas of the workbook use fractions, in
whole numbers below 2**53. They agree with the rule, which is defined in floats, unless the short edge is a tie: any
other fraction differs from a tie by far more than the last bit of a float. There are few ties that floats may miss by
that bit, because a tie depends only on the ratio in lowest terms; those that floats decide differently are on the sheet
Steps.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.geometry import PATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.geometry import Tier

__all__ = ["MAX_EDGE", "StepFraction", "Tie", "steps", "ties"]

MAX_EDGE = 100_000
"""The longest edge for which the formulas are exact, px: more than any format but PNG allows."""


class StepFraction(NamedTuple):
    """A row of the table for downscaling, with its ratio as a fraction.

    Attributes:
        numerator: Numerator of the smallest ratio of long edge to short edge that the row applies to.
        denominator: Its denominator.
        long_edge: Maximum long edge of the downscaled image, px.
        short_patches: Patches along its short edge.
    """

    numerator: int
    denominator: int
    long_edge: int
    short_patches: int

    @property
    def doubled_limit(self) -> int:
        """Twice the longest short edge that still rounds into the patches, px."""
        return 2 * self.short_patches * PATCH + 1


class Tie(NamedTuple):
    """A ratio in lowest terms for which floats and fractions give different downscaled sizes.

    Attributes:
        long: The long side of the ratio.
        short: The short side.
        long_edge: Long edge of an oversized image of this ratio after downscaling, px.
        short_edge: Its short edge, px.
    """

    long: int
    short: int
    long_edge: int
    short_edge: int


@cache
def steps(tier: Tier) -> tuple[StepFraction, ...]:
    """Return the table for downscaling in whole numbers.

    Args:
        tier: The resolution tier.

    Returns:
        The rows of `geometry.grid_steps`, in the same order.

    >>> steps(geometry.Tier(1568, 1568))[1]
    StepFraction(numerator=2186, denominator=2185, long_edge=1120, short_patches=39)
    """
    grid = geometry.grid_steps(tier)
    table = [StepFraction(1, 1, grid[0].long_patches * PATCH, grid[0].short_patches)]
    for before, step in pairwise(grid):
        # The long edge takes a patch more at its first pixel; the short edge gives one up while the long one stays.
        long_edge = before.long_patches * PATCH + (step.long_patches > before.long_patches)
        limit = 2 * step.short_patches * PATCH + 1
        table.append(StepFraction(2 * long_edge, limit, step.long_patches * PATCH, step.short_patches))
    return tuple(table)


@cache
def ties(tier: Tier) -> tuple[Tie, ...]:
    """Return the ties that floats decide differently from fractions.

    A tie is possible only where the long edge is the row's maximum, or where the short edge is the row's maximum plus
    one half. Few ratios qualify, and each is tried.

    Args:
        tier: The resolution tier.

    Returns:
        The ties by increasing ratio: 91 on the standard tier, 176 on the high-resolution one.

    >>> ties(geometry.Tier(1568, 1568))[0]
    Tie(long=2212, short=2185, long_edge=1105, short_edge=1092)
    """
    different = []
    for long, short in sorted(set(_candidates(tier)), key=lambda ratio: ratio[0] / ratio[1]):
        times = -(-2 * tier.edge_limit // short)  # far too large to fit
        resized = geometry.resized_size(long * times, short * times, tier)
        if resized != _by_fractions(long, short, tier):
            different.append(Tie(long, short, *resized))
    return tuple(different)


def _candidates(tier: Tier) -> Iterator[tuple[int, int]]:
    """Ratios in lowest terms whose short edge may be a tie."""
    rows = steps(tier)
    for step, end in zip(rows, (*rows[1:], None), strict=True):
        edge, limit = step.long_edge, step.doubled_limit
        most, over = (end.numerator, end.denominator) if end else (2 * edge + 1, 1)
        for long in _divisors(2 * edge):  # twice the edge, times short / long, is odd
            for short in range(max(1, long * over // most), min(long, long * step.denominator // step.numerator) + 1):
                if gcd(long, short) == 1 and 2 * edge // long * short % 2:
                    yield long, short
        for short in _divisors(limit):  # an edge of the row or the next one, times short / long, is half the limit
            lowest, highest = short * step.numerator // (2 * step.denominator), (edge + 1) * short // limit
            for half in range(lowest, min(highest, short * most // (2 * over)) + 1):
                if gcd(2 * half, short) == 1 and 2 * half >= short:
                    yield 2 * half, short


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _by_fractions(long: int, short: int, tier: Tier) -> tuple[int, int]:
    """Return the size that the formulas give for an oversized ratio before they look at the ties."""
    rows = steps(tier)
    row = next(step for step in reversed(rows) if long * step.denominator >= step.numerator * short)
    edge = min(row.long_edge, row.doubled_limit * long // (2 * short))
    whole, rest = divmod(edge * short, long)
    return edge, max(whole + (2 * rest > long or (2 * rest == long and whole % 2)), 1)
