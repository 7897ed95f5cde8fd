"""Sizes and visual tokens: the published rules, for one image at a time.

An image is downscaled until it fits its model's resolution tier, then cut into patches of 28 x 28 px, and every patch
is one visual token. Everything here is integers, pure and without state. `imgcost.arrays` has the same names for
numpy columns and gives the same results.

Why no search is needed: for an image that does not fit, the size that it is downscaled to depends on one float alone,
the long edge divided by the short one. Walking that ratio upwards, the grid of patches changes a few dozen times
(see `grid_steps`). That one table serves this module by bisection and the arrays by look-up.

Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import gcd, inf, isqrt, nextafter
from operator import index
from typing import Literal, NamedTuple

from imgcost.errors import SizeError, shown
from imgcost.figures import plural

__all__ = [
    "MAX_EDGE",
    "PATCH",
    "PIXELS_PER_TOKEN",
    "Formula",
    "Tier",
    "area_tokens",
    "fit_to_tokens",
    "fits",
    "grid_steps",
    "image_tokens",
    "largest_size",
    "padded_size",
    "patch_tokens",
    "rescale_point",
    "resized_size",
]

PATCH = 28
"""Edge of a patch, px."""

PIXELS_PER_TOKEN = 750
"""The divisor of the area formula, px a token."""

MAX_EDGE = 2**31
"""The longest edge taken, px: no format that Claude reads can say more."""

MOST_LIMIT = 2**14
"""The largest limits that a tier may have, px and tokens: far beyond any published, and small enough for 32 bits."""

Formula = Literal["patch", "area"]


class Tier(NamedTuple):
    """A resolution tier: the limits past which an image is downscaled.

    The published tiers come from `imgcost.tables.find_tier`; any other pair of limits works as well.

    Attributes:
        edge_limit: The longest edge of the padded image, px.
        token_limit: The most patches, visual tokens.
        name: The documentation's name, such as `high-resolution`.
    """

    edge_limit: int
    token_limit: int
    name: str = ""


class GridStep(NamedTuple):
    """One row of the table behind every downscale.

    Attributes:
        ratio: The row holds for long edge / short edge from here on, up to the next row's ratio.
        long_patches: Patches along the long edge of the downscaled image.
        short_patches: Patches along its short edge.
    """

    ratio: float
    long_patches: int
    short_patches: int

    @property
    def tokens(self) -> int:
        """Visual tokens of every image that is downscaled in this row."""
        return self.long_patches * self.short_patches


def padded_size(width: int, height: int) -> tuple[int, int]:
    """The size after padding at the bottom and right to whole patches.

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Padded width and height, px: the next multiples of 28.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> padded_size(924, 1307)
    (924, 1316)
    """
    width, height = _checked(width, height)
    return _patches(width) * PATCH, _patches(height) * PATCH


def patch_tokens(width: int, height: int) -> int:
    """Visual tokens of an image that is not downscaled, by the patch formula: ceil(width/28) * ceil(height/28).

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Visual tokens.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> patch_tokens(1000, 1000)
    1296
    """
    width, height = _checked(width, height)
    return _patches(width) * _patches(height)


def area_tokens(width: int, height: int) -> int:
    """Visual tokens of an image that is not downscaled, by the 2024 guide: width * height / 750, rounded up.

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Visual tokens.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.

    Source: https://docs.anthropic.com/en/docs/vision (the Claude 3 guide, in force from 2024-03-04)

    >>> area_tokens(1000, 1000)
    1334
    """
    width, height = _checked(width, height)
    return -(-width * height // PIXELS_PER_TOKEN)


def fits(width: int, height: int, tier: Tier) -> bool:
    """Tell whether an image stays as it is on a tier, rather than being downscaled.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.

    Returns:
        True if neither padded edge passes the edge limit and the patches stay within the token limit.

    Raises:
        SizeError: A side is no integer from 1 to 2**31, or the tier has no room for a patch.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> fits(1092, 1092, Tier(1568, 1568)), fits(1093, 1093, Tier(1568, 1568))
    (True, False)
    """
    width, height = _checked(width, height)
    return _fits(width, height, _checked_tier(tier))


def resized_size(width: int, height: int, tier: Tier) -> tuple[int, int]:
    """The size that Claude sees: the image itself if it fits the tier, else the largest downscaled size that does.

    The long edge is the longest that fits; the short edge is the float quotient long / (width / height), rounded half
    to even as the live API rounds, and at least 1.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.

    Returns:
        Width and height before padding, px.

    Raises:
        SizeError: A side is no integer from 1 to 2**31, or the tier has no room for a patch.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26);
    Claude Code 2.1.332 has the same rule with explicit half-even rounding (read 2026-11-26)

    >>> resized_size(1920, 1080, Tier(1568, 1568))
    (1456, 819)
    """
    width, height = _checked(width, height)
    return _resized(width, height, _checked_tier(tier))


def image_tokens(width: int, height: int, tier: Tier, formula: Formula = "patch") -> int:
    """Visual tokens of an image: downscaled to the tier if need be, then counted.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.
        formula: `patch`, today's rule, or `area`, the rule that the 2024 guide published.

    Returns:
        Visual tokens.

    Raises:
        SizeError: A side is no integer from 1 to 2**31, or the tier has no room for a patch.
        ValueError: The formula has another name.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> image_tokens(1920, 1080, Tier(1568, 1568)), image_tokens(1920, 1080, Tier(2576, 4784))
    (1560, 2691)
    >>> image_tokens(1092, 1092, Tier(1568, 1568), "area")
    1590
    """
    width, height = _checked(width, height)
    if formula == "patch":
        return count_patches(width, height, _checked_tier(tier))
    if formula == "area":
        return area_tokens(*_resized(width, height, _checked_tier(tier)))
    raise ValueError(f"no formula {formula!r}: 'patch' and 'area' are the two published ones")


def grid_tokens(width: int, height: int, multiple: int) -> int:
    """Count patches where each side's number of patches is rounded up to a multiple, as measured on Claude 3.5 Haiku.

    Args:
        width: Width, px.
        height: Height, px.
        multiple: What the number of patches on a side is a multiple of; 2 means even numbers.

    Returns:
        Visual tokens. No downscaling is applied.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.

    Source: data/measured_tokens.csv (measured, not published)

    >>> grid_tokens(128, 128, 2)
    36
    """
    width, height = _checked(width, height)
    across, down = (-(-_patches(edge) // multiple) * multiple for edge in (width, height))
    return across * down


def largest_size(ratio: tuple[int, int], tier: Tier) -> tuple[int, int]:
    """The largest size of exactly this aspect ratio that is not downscaled: the guide's table.

    Args:
        ratio: Width and height of the ratio, such as (3, 4). It need not be in lowest terms.
        tier: The model's resolution tier.

    Returns:
        Width and height, px.

    Raises:
        SizeError: The ratio is not of two integers from 1 to 2**31, or even its smallest size does not fit the tier.

    Source: https://docs.anthropic.com/en/docs/vision (the Claude 3 guide, in force from 2024-03-04)

    >>> largest_size((3, 4), Tier(1568, 1568))
    (951, 1268)
    """
    width, height = _checked(*ratio)
    tier = _checked_tier(tier)
    divisor = gcd(width, height)
    width, height = width // divisor, height // divisor
    multiples = range(1, tier.edge_limit // max(width, height) + 1)
    largest = bisect_right(multiples, 0, key=lambda k: not _fits(k * width, k * height, tier))
    if not largest:
        raise SizeError(f"no size of the exact ratio {width}:{height} fits {_spelled(tier)}: its smallest is too large")
    return largest * width, largest * height


def fit_to_tokens(width: int, height: int, max_tokens: int, tier: Tier) -> tuple[int, int]:
    """The largest size of an image that costs at most so many tokens: the tier's own rule under a smaller limit.

    Args:
        width: Width, px.
        height: Height, px.
        max_tokens: The most visual tokens that the image may cost (patch formula). More than the tier's own limit
            changes nothing.
        tier: The model's resolution tier.

    Returns:
        Width and height to scale the image to, px; its own size if it costs no more already. Claude does not
        downscale that size any further.

    Raises:
        SizeError: A side is no integer from 1 to 2**31, the tier has no room for a patch, or `max_tokens` is no
            integer from 1.

    >>> fit_to_tokens(1920, 1080, 500, Tier(2576, 4784))
    (812, 457)
    """
    return resized_size(width, height, tier_within(max_tokens, tier))


def tier_within(max_tokens: int, tier: Tier) -> Tier:
    """A tier whose token limit is lowered to `max_tokens`, where that is lower.

    >>> tier_within(500, Tier(2576, 4784)).token_limit
    500
    """
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1:
        raise SizeError(f"max_tokens is {max_tokens!r}: give a whole number from 1")
    return tier._replace(token_limit=min(tier.token_limit, max_tokens))


def rescale_point(x: float, y: float, width: int, height: int, tier: Tier) -> tuple[float, float]:
    """Map a point that Claude returned, in pixels of the image it saw, onto the image that was sent.

    A point beyond the resized image is first clamped to its edge, so that it cannot leave the original.

    Args:
        x: Pixels from the left of the resized image.
        y: Pixels from its top.
        width: Width of the image as sent, px.
        height: Its height, px.
        tier: The model's resolution tier.

    Returns:
        x and y on the image as sent, px.

    Raises:
        SizeError: A side is no integer from 1 to 2**31, or the tier has no room for a patch.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> rescale_point(462, 653.5, 1075, 1520, Tier(1568, 1568))
    (537.5, 760.0)
    """
    seen_width, seen_height = resized_size(width, height, tier)
    x, y = min(max(x, 0.0), seen_width), min(max(y, 0.0), seen_height)
    return x / seen_width * width, y / seen_height * height


@lru_cache(maxsize=128)
def grid_steps(tier: Tier) -> tuple[GridStep, ...]:
    """The table behind every downscale: which grid of patches an oversize image gets, by its long / short edge.

    The grid starts as the largest square. As the ratio grows, the long edge takes one more patch as soon as the token
    and edge limits allow it, and where they do not, the short edge gives one up. Each change comes at the least ratio
    at which the short edge, rounded half to even, is still within its patches.

    Args:
        tier: The resolution tier.

    Returns:
        The rows by rising ratio; the first one's is 1. 56 rows on the standard tier, 92 on the high-resolution one.

    Raises:
        SizeError: The tier has no room for a patch, or a limit beyond 2**14.

    >>> for step in grid_steps(Tier(1568, 1568))[:3]:
    ...     print(step, step.tokens)
    GridStep(ratio=1.0, long_patches=39, short_patches=39) 1521
    GridStep(ratio=1.0004576659038902, long_patches=40, short_patches=39) 1560
    GridStep(ratio=1.0521371535932362, long_patches=40, short_patches=38) 1520
    """
    _checked_tier(tier)
    most_along = tier.edge_limit // PATCH
    long = short = min(most_along, isqrt(tier.token_limit))
    steps = [GridStep(1.0, long, short)]
    while True:
        if long < most_along and (long + 1) * short <= tier.token_limit:
            ratio = _least_ratio(long * PATCH + 1, short)
            long += 1
        elif short > 1:
            short -= 1
            ratio = _least_ratio(long * PATCH, short)
        else:
            return tuple(steps)
        steps.append(GridStep(ratio, long, short))


def count_patches(width: int, height: int, tier: Tier) -> int:
    """`image_tokens` by the patch formula, for a size and a tier already known to be good: the inner loop of a scan.

    An image costs its own patches, but never more than the grid of its aspect ratio. The minimum of the two is exact:
    both grow with the size along one ratio, so the smaller is the image's own exactly when it fits.

    >>> count_patches(1920, 1080, Tier(1568, 1568))
    1560
    """
    own = -(-width // PATCH) * -(-height // PATCH)
    ratios, tokens = _tokens_by_ratio(tier)
    ratio = width / height if width > height else height / width
    return min(own, tokens[bisect_right(ratios, ratio) - 1])


@lru_cache(maxsize=128)
def _tokens_by_ratio(tier: Tier) -> tuple[list[float], list[int]]:
    steps = grid_steps(tier)
    return [step.ratio for step in steps], [step.tokens for step in steps]


def _least_ratio(long_edge: int, short_patches: int) -> float:
    """The least float ratio at which an image with this long edge needs no more patches on the short one."""
    limit = short_limit(short_patches)
    ratio = long_edge / limit
    while long_edge / ratio > limit:
        ratio = nextafter(ratio, inf)
    while long_edge / nextafter(ratio, 0) <= limit:
        ratio = nextafter(ratio, 0)
    return ratio


def short_limit(short_patches: int) -> float:
    """The longest quotient that still rounds into these patches: a multiple of 28 is even, so the tie is within."""
    return short_patches * PATCH + 0.5


def _resized(width: int, height: int, tier: Tier) -> tuple[int, int]:
    """The long edge is cut by each limit of its grid; one that fits is cut by none, and its quotient gives it back."""
    long, short = max(width, height), min(width, height)
    ratio = long / short
    ratios, _ = _tokens_by_ratio(tier)
    step = grid_steps(tier)[bisect_right(ratios, ratio) - 1]
    long = min(long, step.long_patches * PATCH, _longest_edge(ratio, step.short_patches))
    short = max(round(long / ratio), 1)
    return (long, short) if width >= height else (short, long)


def _longest_edge(ratio: float, short_patches: int) -> int:
    """The longest long edge whose short edge, by the rule's own float quotient, stays within these patches."""
    limit = short_limit(short_patches)
    edge = int(limit * ratio)
    while edge / ratio > limit:
        edge -= 1
    while (edge + 1) / ratio <= limit:
        edge += 1
    return edge


def _fits(width: int, height: int, tier: Tier) -> bool:
    across, down = _patches(width), _patches(height)
    most_along = tier.edge_limit // PATCH
    return across <= most_along and down <= most_along and across * down <= tier.token_limit


def _patches(edge: int) -> int:
    return -(-edge // PATCH)


def _checked(width: int, height: int) -> tuple[int, int]:
    return _checked_edge("width", width), _checked_edge("height", height)


def _checked_edge(name: str, edge: int) -> int:
    try:
        if isinstance(edge, bool):
            raise TypeError  # noqa: TRY301 - True is an integer to Python, but no size
        px = index(edge)
    except TypeError:
        raise SizeError(f"{name} is {shown(edge)}: give a whole number of pixels") from None
    if not 1 <= px <= MAX_EDGE:
        raise SizeError(f"{name} is {px} px: an image has from 1 to {MAX_EDGE} px on a side")
    return px


def _checked_tier(tier: Tier) -> Tier:
    if not (PATCH <= tier.edge_limit <= MOST_LIMIT and 1 <= tier.token_limit <= MOST_LIMIT):
        raise SizeError(f"{_spelled(tier)} is no tier: give {PATCH} to {MOST_LIMIT} px and 1 to {MOST_LIMIT} tokens")
    return tier


def _spelled(tier: Tier) -> str:
    return f"{tier.name or 'the tier'} ({tier.edge_limit} px, {plural(tier.token_limit, 'token')})"
