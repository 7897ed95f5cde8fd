"""Image sizes and visual tokens: the published rules, for one image at a time.

An image that does not fit the resolution tier of a model is downscaled, then divided into patches of 28 x 28 px; each
patch is one visual token. All functions are pure and use integers. `imgcost.arrays` has the same functions for numpy
columns, with the same results.

Downscaling needs no search: the size of a downscaled image depends only on the ratio of its long to its short edge, a
float. As the ratio grows, the grid of patches changes a few dozen times (see `grid_steps`). This module looks up that
table by bisection, `imgcost.arrays` by direct indexing.

Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import gcd, inf, isqrt, nextafter
from operator import index
from typing import Literal, NamedTuple

from imgcost.errors import SizeError, short_repr
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
"""The divisor of the area formula, px per token."""

MAX_EDGE = 2**31
"""Maximum width and height, px. No format that Claude reads can store more."""

MAX_LIMIT = 2**14
"""Maximum edge limit (px) and token limit of a tier: far above any published tier, and small enough for 32 bits."""

Formula = Literal["patch", "area"]


class Tier(NamedTuple):
    """A resolution tier: images above its limits are downscaled.

    `imgcost.tables.find_tier` returns the published tiers; any other pair of limits works too.

    Attributes:
        edge_limit: Maximum edge of the padded image, px.
        token_limit: Maximum number of patches, visual tokens.
        name: The name in the documentation, such as `high-resolution`.
    """

    edge_limit: int
    token_limit: int
    name: str = ""


class GridStep(NamedTuple):
    """One row of the downscaling table.

    Attributes:
        ratio: The smallest ratio of long edge to short edge that the row applies to, up to the ratio of the next row.
        long_patches: Patches along the long edge of the downscaled image.
        short_patches: Patches along its short edge.
    """

    ratio: float
    long_patches: int
    short_patches: int

    @property
    def tokens(self) -> int:
        """Visual tokens of every image that is downscaled by this row."""
        return self.long_patches * self.short_patches


def padded_size(width: int, height: int) -> tuple[int, int]:
    """Return the size after padding the right and bottom edges to full patches.

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Padded width and height, px: the next multiples of 28.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> padded_size(924, 1307)
    (924, 1316)
    """
    width, height = _checked(width, height)
    return _patches(width) * PATCH, _patches(height) * PATCH


def patch_tokens(width: int, height: int) -> int:
    """Return the visual tokens of an image without downscaling, by the patch formula: ceil(width/28) * ceil(height/28).

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Visual tokens.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> patch_tokens(1000, 1000)
    1296
    """
    width, height = _checked(width, height)
    return _patches(width) * _patches(height)


def area_tokens(width: int, height: int) -> int:
    """Return the visual tokens of an image without downscaling, by the area formula: width * height / 750, rounded up.

    Args:
        width: Width, px.
        height: Height, px.

    Returns:
        Visual tokens.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31.

    Source: https://docs.anthropic.com/en/docs/vision (the Claude 3 guide, in force from 2024-03-04)

    >>> area_tokens(1000, 1000)
    1334
    """
    width, height = _checked(width, height)
    return -(-width * height // PIXELS_PER_TOKEN)


def fits(width: int, height: int, tier: Tier) -> bool:
    """Return whether an image fits a tier, so that it is not downscaled.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.

    Returns:
        True if both padded edges are within the edge limit and the patches within the token limit.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> fits(1092, 1092, Tier(1568, 1568)), fits(1093, 1093, Tier(1568, 1568))
    (True, False)
    """
    width, height = _checked(width, height)
    return _fits(width, height, _checked_tier(tier))


def resized_size(width: int, height: int, tier: Tier) -> tuple[int, int]:
    """Return the size that Claude sees: the size of the image if it fits the tier, else the largest downscaled size.

    The long edge is the longest that fits. The short edge is the float quotient long / (width / height), rounded half
    to even as the API does, and at least 1.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.

    Returns:
        Width and height before padding, px.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26);
    Claude Code 2.1.332 has the same rule with explicit half-even rounding (read 2026-11-26)

    >>> resized_size(1920, 1080, Tier(1568, 1568))
    (1456, 819)
    """
    width, height = _checked(width, height)
    return _resized(width, height, _checked_tier(tier))


def image_tokens(width: int, height: int, tier: Tier, formula: Formula = "patch") -> int:
    """Return the visual tokens of an image, after downscaling it to the tier if necessary.

    Args:
        width: Width, px.
        height: Height, px.
        tier: The model's resolution tier.
        formula: `patch`, the current formula, or `area`, the formula of the 2024 guide.

    Returns:
        Visual tokens.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31, or the tier is not valid.
        ValueError: Unknown formula.

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
    raise ValueError(f"invalid formula {formula!r}: expected 'patch' or 'area'")


def grid_tokens(width: int, height: int, multiple: int) -> int:
    """Return the patches of an image if their number on each side is rounded up to a multiple, as on Claude 3.5 Haiku.

    Args:
        width: Width, px.
        height: Height, px.
        multiple: The multiple; 2 means an even number of patches on each side.

    Returns:
        Visual tokens, without downscaling.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31.

    Source: data/measured_tokens.csv (measured, not published)

    >>> grid_tokens(128, 128, 2)
    36
    """
    width, height = _checked(width, height)
    across, down = (-(-_patches(edge) // multiple) * multiple for edge in (width, height))
    return across * down


def largest_size(ratio: tuple[int, int], tier: Tier) -> tuple[int, int]:
    """Return the largest size with exactly this aspect ratio that is not downscaled, as in the table of the guide.

    Args:
        ratio: Width and height of the ratio, such as (3, 4); not necessarily in lowest terms.
        tier: The model's resolution tier.

    Returns:
        Width and height, px.

    Raises:
        SizeError: The ratio is not a pair of integers from 1 to 2**31, or even its smallest size does not fit the tier.

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
        raise SizeError(
            f"no size with the exact ratio {width}:{height} fits {_name(tier)}: even the smallest is too large"
        )
    return largest * width, largest * height


def fit_to_tokens(width: int, height: int, max_tokens: int, tier: Tier) -> tuple[int, int]:
    """Return the largest size of an image that costs at most `max_tokens`, by the rule of the tier with a lower limit.

    Args:
        width: Width, px.
        height: Height, px.
        max_tokens: Maximum number of visual tokens (patch formula). Values above the limit of the tier have no effect.
        tier: The model's resolution tier.

    Returns:
        Width and height to scale the image to, px; its own size if that already fits. Claude does not downscale this
        size any further.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31, the tier is not valid, or `max_tokens` is not an
            integer of 1 or more.

    >>> fit_to_tokens(1920, 1080, 500, Tier(2576, 4784))
    (812, 457)
    """
    return resized_size(width, height, tier_within(max_tokens, tier))


def tier_within(max_tokens: int, tier: Tier) -> Tier:
    """Return a tier with the token limit lowered to `max_tokens`, if that is lower.

    >>> tier_within(500, Tier(2576, 4784)).token_limit
    500
    """
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1:
        raise SizeError(f"invalid max_tokens {max_tokens!r}: expected an integer of 1 or more")
    return tier._replace(token_limit=min(tier.token_limit, max_tokens))


def rescale_point(x: float, y: float, width: int, height: int, tier: Tier) -> tuple[float, float]:
    """Convert a point that Claude returned, in pixels of the resized image, to pixels of the original image.

    A point outside the resized image is first moved to its nearest edge.

    Args:
        x: Pixels from the left of the resized image.
        y: Pixels from the top of the resized image.
        width: Width of the original image, px.
        height: Height of the original image, px.
        tier: The model's resolution tier.

    Returns:
        x and y in the original image, px.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> rescale_point(462, 653.5, 1075, 1520, Tier(1568, 1568))
    (537.5, 760.0)
    """
    resized_width, resized_height = resized_size(width, height, tier)
    x, y = min(max(x, 0.0), resized_width), min(max(y, 0.0), resized_height)
    return x / resized_width * width, y / resized_height * height


@lru_cache(maxsize=128)
def grid_steps(tier: Tier) -> tuple[GridStep, ...]:
    """Return the downscaling table of a tier: the grid of patches of an oversized image, by its long / short edge.

    The first grid is the largest square. As the ratio grows, the long edge gains a patch as soon as the token and edge
    limits allow it; otherwise the short edge loses one. Each row starts at the smallest ratio at which the short edge,
    rounded half to even, still fits its patches.

    Args:
        tier: The resolution tier.

    Returns:
        The rows by increasing ratio, from 1. The standard tier has 56 rows, the high-resolution tier 92.

    Raises:
        SizeError: The tier is not valid: a limit is smaller than a patch or larger than 2**14.

    >>> for step in grid_steps(Tier(1568, 1568))[:3]:
    ...     print(step, step.tokens)
    GridStep(ratio=1.0, long_patches=39, short_patches=39) 1521
    GridStep(ratio=1.0004576659038902, long_patches=40, short_patches=39) 1560
    GridStep(ratio=1.0521371535932362, long_patches=40, short_patches=38) 1520
    """
    _checked_tier(tier)
    max_along = tier.edge_limit // PATCH
    long = short = min(max_along, isqrt(tier.token_limit))
    steps = [GridStep(1.0, long, short)]
    while True:
        if long < max_along and (long + 1) * short <= tier.token_limit:
            ratio = _least_ratio(long * PATCH + 1, short)
            long += 1
        elif short > 1:
            short -= 1
            ratio = _least_ratio(long * PATCH, short)
        else:
            return tuple(steps)
        steps.append(GridStep(ratio, long, short))


def count_patches(width: int, height: int, tier: Tier) -> int:
    """Like `image_tokens` with the patch formula, but without checking its arguments: the inner loop of a scan.

    An image costs its own patches, but no more than the grid of its aspect ratio. The minimum of the two is exact:
    both grow with the size at a constant ratio, so the image's own patches are the smaller number exactly if it fits.

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
    """Return the smallest float ratio at which the short edge of an image with this long edge fits these patches."""
    limit = short_limit(short_patches)
    ratio = long_edge / limit
    while long_edge / ratio > limit:
        ratio = nextafter(ratio, inf)
    while long_edge / nextafter(ratio, 0) <= limit:
        ratio = nextafter(ratio, 0)
    return ratio


def short_limit(short_patches: int) -> float:
    """Return the largest quotient that rounds to within these patches. Ties round down: multiples of 28 are even."""
    return short_patches * PATCH + 0.5


def _resized(width: int, height: int, tier: Tier) -> tuple[int, int]:
    """Apply each limit of the grid to the long edge."""
    if _fits(width, height, tier):  # no limit applies; most images need no more
        return width, height
    long, short = max(width, height), min(width, height)
    ratio = long / short
    ratios, _ = _tokens_by_ratio(tier)
    step = grid_steps(tier)[bisect_right(ratios, ratio) - 1]
    long = min(long, step.long_patches * PATCH, _longest_edge(ratio, step.short_patches))
    short = max(round(long / ratio), 1)
    return (long, short) if width >= height else (short, long)


def _longest_edge(ratio: float, short_patches: int) -> int:
    """Return the longest edge for which the short edge, the float quotient, fits these patches."""
    limit = short_limit(short_patches)
    edge = int(limit * ratio)
    while edge / ratio > limit:
        edge -= 1
    while (edge + 1) / ratio <= limit:
        edge += 1
    return edge


def _fits(width: int, height: int, tier: Tier) -> bool:
    across, down = -(-width // PATCH), -(-height // PATCH)
    max_along = tier.edge_limit // PATCH
    return across <= max_along and down <= max_along and across * down <= tier.token_limit


def _patches(edge: int) -> int:
    return -(-edge // PATCH)


def _checked(width: int, height: int) -> tuple[int, int]:
    if type(width) is type(height) is int and 0 < width <= MAX_EDGE and 0 < height <= MAX_EDGE:  # almost always
        return width, height
    return _checked_edge("width", width), _checked_edge("height", height)


def _checked_edge(name: str, edge: int) -> int:
    try:
        if isinstance(edge, bool):
            raise TypeError  # noqa: TRY301 - bool is an int subclass, but not a valid size
        px = index(edge)
    except TypeError:
        raise SizeError(f"invalid {name} {short_repr(edge)}: expected a whole number of pixels") from None
    if not 1 <= px <= MAX_EDGE:
        raise SizeError(f"invalid {name} {px} px: expected 1 to {MAX_EDGE:,} px")
    return px


def _checked_tier(tier: Tier) -> Tier:
    if not (PATCH <= tier.edge_limit <= MAX_LIMIT and 1 <= tier.token_limit <= MAX_LIMIT):
        raise SizeError(
            f"invalid tier {_name(tier)}: expected {PATCH} to {MAX_LIMIT:,} px and 1 to {MAX_LIMIT:,} tokens"
        )
    return tier


def _name(tier: Tier) -> str:
    return f"{tier.name or 'the tier'} ({tier.edge_limit:,} px, {plural(tier.token_limit, 'token')})"
