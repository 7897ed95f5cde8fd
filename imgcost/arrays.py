"""`imgcost.geometry` for numpy columns: the same functions and results, at a hundred million sizes per second.

Sizes are integer arrays of any shape, broadcast against each other. Calls work in chunks that fit the processor's cache
and have their own scratch space, so they are thread-safe.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcost import geometry
from imgcost.errors import SizeError
from imgcost.geometry import MAX_EDGE, PATCH, PIXELS_PER_TOKEN, Formula, Tier, grid_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "area_tokens",
    "fit_to_tokens",
    "fits",
    "image_tokens",
    "largest_size",
    "padded_size",
    "patch_tokens",
    "rescale_point",
    "resized_size",
]

CHUNK = 1 << 15
"""Sizes per chunk: the scratch space for a chunk fits the second-level cache of a core."""

MANTISSA_BITS = 52


def padded_size(width: ArrayLike, height: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sizes after padding the right and bottom edges to full patches.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.

    Returns:
        Padded widths and heights, px; int64, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, or a size is not from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> padded_size([924, 28], [1307, 29])
    (array([924,  28]), array([1316,   56]))
    """
    width, height = _sizes(width, height)
    return _patches(width) * PATCH, _patches(height) * PATCH


def patch_tokens(width: ArrayLike, height: ArrayLike) -> NDArray[np.int64]:
    """Return the visual tokens of images without downscaling, by the patch formula.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.

    Returns:
        Visual tokens; int64, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, or a size is not from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> patch_tokens([200, 1000], [200, 1000])
    array([  64, 1296])
    """
    width, height = _sizes(width, height)
    return _patches(width) * _patches(height)


def area_tokens(width: ArrayLike, height: ArrayLike) -> NDArray[np.int64]:
    """Return the visual tokens of images without downscaling, by the area formula: width * height / 750, rounded up.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.

    Returns:
        Visual tokens; int64, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, or a size is not from 1 to 2**31.

    Source: https://docs.anthropic.com/en/docs/vision (the Claude 3 guide, in force from 2024-03-04)

    >>> area_tokens([200, 1000], [200, 1000])
    array([  54, 1334])
    """
    width, height = _sizes(width, height)
    return -(-width * height // PIXELS_PER_TOKEN)


def fits(width: ArrayLike, height: ArrayLike, tier: Tier) -> NDArray[np.bool_]:
    """Return which images fit a tier, so that they are not downscaled.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.
        tier: The model's resolution tier.

    Returns:
        True where an image fits; bool, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, a size is not from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> fits([1092, 1093], [1092, 1093], Tier(1568, 1568))
    array([ True, False])
    """
    grid_steps(tier)  # rejects an invalid tier
    return _fits(*_sizes(width, height), tier)


def resized_size(width: ArrayLike, height: ArrayLike, tier: Tier) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sizes that Claude sees: the size of each image if it fits the tier, else the largest downscaled size.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.
        tier: The model's resolution tier.

    Returns:
        Widths and heights before padding, px; int32, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, a size is not from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> resized_size([1920, 640], [1080, 480], Tier(1568, 1568))
    (array([1456,  640], dtype=int32), array([819, 480], dtype=int32))
    """
    width, height = _columns(width, height)
    new_width, new_height = np.empty(width.shape, np.int32), np.empty(width.shape, np.int32)
    flat_width, flat_height = width.reshape(-1), height.reshape(-1)
    across, down = new_width.reshape(-1), new_height.reshape(-1)
    steps = _steps(tier)
    for part, scratch in _chunks(flat_width, flat_height):
        _resize_chunk(scratch, steps)
        landscape = np.greater_equal(flat_width[part], flat_height[part], out=scratch.past)
        across[part] = np.where(landscape, scratch.long, scratch.short)
        down[part] = np.where(landscape, scratch.short, scratch.long)
    return new_width, new_height


def image_tokens(width: ArrayLike, height: ArrayLike, tier: Tier, formula: Formula = "patch") -> NDArray[np.int32]:
    """Return the visual tokens of images, after downscaling them to the tier if necessary.

    By the patch formula an image costs its own patches, but no more than the grid of its aspect ratio. The minimum of
    the two is exact (`imgcost.geometry.count_patches` explains why) and needs no branch.

    Args:
        width: Widths, px; integers of any dtype and shape. int32 is fastest.
        height: Heights, px; broadcast against the widths.
        tier: The model's resolution tier.
        formula: `patch`, the current formula, or `area`, the formula of the 2024 guide.

    Returns:
        Visual tokens; int32, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, a size is not from 1 to 2**31, or the tier is not valid.
        ValueError: Unknown formula.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> image_tokens([1920, 1000], [1080, 1000], Tier(1568, 1568))
    array([1560, 1296], dtype=int32)
    """
    return tokens_and_downscaled(width, height, tier, formula)[0]


def tokens_and_downscaled(
    width: ArrayLike, height: ArrayLike, tier: Tier, formula: Formula = "patch"
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the visual tokens of images, and which images are downscaled; see `image_tokens`.

    An image is downscaled exactly if it has more patches than the grid of its aspect ratio: one comparison.

    >>> tokens_and_downscaled([1920, 1000], [1080, 1000], Tier(1568, 1568))
    (array([1560, 1296], dtype=int32), array([ True, False]))
    """
    if formula == "area":
        resized = resized_size(width, height, tier)
        product = np.multiply(*resized)
        return -(-product // np.int32(PIXELS_PER_TOKEN)), (resized[0] != width) | (resized[1] != height)
    if formula != "patch":
        raise ValueError(f"invalid formula {formula!r}: expected 'patch' or 'area'")
    width, height = _columns(width, height)
    tokens, downscaled = np.empty(width.shape, np.int32), np.empty(width.shape, np.bool_)
    steps = _steps(tier)
    flat_width, flat_height = width.reshape(-1), height.reshape(-1)
    flat_tokens, flat_downscaled = tokens.reshape(-1), downscaled.reshape(-1)
    # Longer edges exceed the token limit on their own, so clip them to keep the product within 32 bits.
    clip = np.int32(PATCH * (tier.token_limit + 1))
    for part, scratch in _chunks(flat_width, flat_height):
        out = flat_tokens[part]
        _find_rows(scratch, steps)
        np.take(steps.tokens, scratch.row, out=out, mode="clip")
        across = _clipped_patches(flat_width[part], clip, scratch.across)
        down = _clipped_patches(flat_height[part], clip, scratch.down)
        np.multiply(across, down, out=across)
        np.greater(across, out, out=flat_downscaled[part])
        np.minimum(across, out, out=out)
    return tokens, downscaled


def largest_size(ratio: tuple[ArrayLike, ArrayLike], tier: Tier) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the largest sizes with exactly these aspect ratios that are not downscaled.

    Args:
        ratio: Widths and heights of the ratios, integers of any dtype and shape; not necessarily in lowest terms.
        tier: The model's resolution tier.

    Returns:
        Widths and heights, px; int64, of the broadcast shape.

    Raises:
        SizeError: A ratio is not of integers from 1 to 2**31, or even its smallest size does not fit the tier.

    Source: https://docs.anthropic.com/en/docs/vision (the Claude 3 guide, in force from 2024-03-04)

    >>> largest_size(([1, 3], [1, 4]), Tier(1568, 1568))
    (array([1092,  951]), array([1092, 1268]))
    """
    grid_steps(tier)  # rejects an invalid tier
    width, height = _sizes(*ratio)
    divisor = np.gcd(width, height)
    width, height = width // divisor, height // divisor
    fitting = np.zeros(width.shape, np.int64)
    upper = tier.edge_limit // np.maximum(width, height)
    while (fitting < upper).any():
        middle = (fitting + upper + 1) // 2
        valid = _fits(middle * width, middle * height, tier)
        fitting, upper = np.where(valid, middle, fitting), np.where(valid, upper, middle - 1)
    if not fitting.all():
        first = np.argmin(fitting)
        geometry.largest_size((int(width.flat[first]), int(height.flat[first])), tier)  # raises the same error
    return fitting * width, fitting * height


def fit_to_tokens(
    width: ArrayLike, height: ArrayLike, max_tokens: int, tier: Tier
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the largest sizes that cost at most `max_tokens`, by the rule of the tier with a lower limit.

    Args:
        width: Widths, px; integers of any dtype and shape.
        height: Heights, px; broadcast against the widths.
        max_tokens: Maximum number of visual tokens per image (patch formula).
        tier: The model's resolution tier.

    Returns:
        Widths and heights to scale the images to, px; int32, of the broadcast shape.

    Raises:
        SizeError: An array is not of integers, a size is not from 1 to 2**31, the tier is not valid, or `max_tokens`
            is not an integer of 1 or more.

    >>> fit_to_tokens([1920, 300], [1080, 200], 500, Tier(2576, 4784))
    (array([812, 300], dtype=int32), array([457, 200], dtype=int32))
    """
    return resized_size(width, height, geometry.tier_within(max_tokens, tier))


def rescale_point(
    x: ArrayLike, y: ArrayLike, width: ArrayLike, height: ArrayLike, tier: Tier
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert points that Claude returned, in pixels of the resized images, to pixels of the original images.

    Args:
        x: Pixels from the left of the resized images; any numbers.
        y: Pixels from the top of the resized images.
        width: Widths of the original images, px; integers of any dtype, broadcast against the points.
        height: Heights of the original images, px.
        tier: The model's resolution tier.

    Returns:
        x and y in the original images, px; float64, of the broadcast shape.

    Raises:
        SizeError: An array of sizes is not of integers, a size is not from 1 to 2**31, or the tier is not valid.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> rescale_point([462, 5000], [653.5, -1], 1075, 1520, Tier(1568, 1568))
    (array([ 537.5, 1075. ]), array([760.,   0.]))
    """
    resized_width, resized_height = resized_size(width, height, tier)
    across = np.minimum(np.maximum(np.asarray(x, np.float64), 0.0), resized_width)
    down = np.minimum(np.maximum(np.asarray(y, np.float64), 0.0), resized_height)
    return across / resized_width * np.asarray(width), down / resized_height * np.asarray(height)


class _Steps(NamedTuple):
    """`grid_steps` as a lookup table indexed by the leading bits of the ratio.

    The bits of positive floats sort like their values, so the exponent and the first mantissa bits can number buckets.
    Buckets are narrow enough to contain at most one row start each. The full ratio is then compared with that start, so
    the lookup is exact.
    """

    shift: int  # number of dropped bits
    first: int  # number of the bucket of ratio 1
    starts: NDArray[np.float64]  # per bucket: the ratio at which a row starts in it; infinity if none does
    # Two values per bucket, for ratios below that start and from it on:
    tokens: NDArray[np.int32]  # visual tokens of the row
    long_limit: NDArray[np.float64]  # maximum long edge, px
    short_limit: NDArray[np.float64]  # largest quotient that rounds to within the short edge, px


@lru_cache(maxsize=128)
def _steps(tier: Tier) -> _Steps:
    rows = grid_steps(tier)
    ratios = np.array([row.ratio for row in rows])
    bits = ratios.view(np.int64)
    shift = next(cut for cut in range(MANTISSA_BITS - 8, 0, -1) if len(set((bits >> cut).tolist())) == len(rows))
    first = int(bits[0]) >> shift
    buckets = np.arange(first, (int(bits[-1]) >> shift) + 2)
    before = np.maximum(np.searchsorted(ratios, (buckets << shift).view(np.float64)) - 1, 0)
    after = np.searchsorted(ratios, ((buckets + 1) << shift).view(np.float64)) - 1
    row = np.stack([before, after], axis=1).reshape(-1)
    starts = np.where(after > before, ratios[after], np.inf)
    return _Steps(
        shift,
        first,
        starts,
        np.array([step.tokens for step in rows], np.int32)[row],
        np.array([step.long_patches * PATCH for step in rows], np.float64)[row],
        np.array([geometry.short_limit(step.short_patches) for step in rows])[row],
    )


class _Scratch:
    """The scratch space of one call, for one chunk of sizes."""

    def __init__(self, size: int) -> None:
        self.long, self.short, self.ratio, self.start = (np.empty(size) for _ in range(4))
        self.row = np.empty(size, np.int64)
        self.past = np.empty(size, np.bool_)
        self.across, self.down = np.empty(size, np.int32), np.empty(size, np.int32)


def _chunks(width: NDArray[np.integer], height: NDArray[np.integer]) -> Iterator[tuple[slice, _Scratch]]:
    """Iterate over chunks of flat sizes: yield the slice and scratch space with the checked long and short edges."""
    scratch = _Scratch(min(CHUNK, width.size))
    for start in range(0, width.size, CHUNK):
        part = slice(start, start + CHUNK)
        if width.size - start < scratch.long.size:
            scratch = _Scratch(width.size - start)
        np.copyto(scratch.ratio, width[part])
        np.copyto(scratch.start, height[part])
        np.maximum(scratch.ratio, scratch.start, out=scratch.long)
        np.minimum(scratch.ratio, scratch.start, out=scratch.short)
        if scratch.short.min() < 1 or scratch.long.max() > MAX_EDGE:
            _reject(width[part], height[part], start)
        yield part, scratch


def _find_rows(scratch: _Scratch, steps: _Steps) -> None:
    """Compute the ratios from the long and short edges, and look up their rows in `steps`."""
    np.divide(scratch.long, scratch.short, out=scratch.ratio)
    row = np.right_shift(scratch.ratio.view(np.int64), steps.shift, out=scratch.row)
    np.subtract(row, steps.first, out=row)
    np.take(steps.starts, row, out=scratch.start, mode="clip")
    np.greater_equal(scratch.ratio, scratch.start, out=scratch.past)
    np.left_shift(row, 1, out=row)
    np.add(row, scratch.past, out=row)


def _resize_chunk(scratch: _Scratch, steps: _Steps) -> None:
    """Apply each limit of their grids to the long edges; sizes that fit are unchanged."""
    _find_rows(scratch, steps)
    limit = np.take(steps.short_limit, scratch.row, mode="clip")
    longest = np.floor(limit * scratch.ratio)
    # The product is rounded, so the floor may be off by one either way: correct it by the exact rule, the quotient.
    longest -= longest / scratch.ratio > limit
    longest += (longest + 1) / scratch.ratio <= limit
    np.minimum(scratch.long, longest, out=scratch.long)
    np.minimum(scratch.long, np.take(steps.long_limit, scratch.row, mode="clip"), out=scratch.long)
    np.rint(np.divide(scratch.long, scratch.ratio, out=scratch.short), out=scratch.short)
    np.maximum(scratch.short, 1, out=scratch.short)


def _clipped_patches(edge: NDArray[np.integer], clip: np.int32, out: NDArray[np.int32]) -> NDArray[np.int32]:
    np.minimum(edge, clip, out=out, casting="unsafe")
    np.add(out, PATCH - 1, out=out)
    return np.floor_divide(out, PATCH, out=out)


def _patches(edge: NDArray[np.int64]) -> NDArray[np.int64]:
    return -(-edge // PATCH)


def _fits(width: NDArray[np.int64], height: NDArray[np.int64], tier: Tier) -> NDArray[np.bool_]:
    across, down = _patches(width), _patches(height)
    return (np.maximum(across, down) <= tier.edge_limit // PATCH) & (across * down <= tier.token_limit)


def _sizes(width: ArrayLike, height: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Check sizes and convert them to int64, for functions that are not performance-critical."""
    across, down = _columns(width, height)
    if across.size and (min(across.min(), down.min()) < 1 or max(across.max(), down.max()) > MAX_EDGE):
        _reject(across.reshape(-1), down.reshape(-1), 0)
    return across.astype(np.int64), down.astype(np.int64)


def _columns(width: ArrayLike, height: ArrayLike) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    across, down = np.broadcast_arrays(_integers("width", width), _integers("height", height))
    return across, down


def _integers(name: str, values: ArrayLike) -> NDArray[np.integer]:
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array
    if not array.size:
        return array.astype(np.int64)  # an empty list has no dtype of its own
    raise SizeError(f"invalid {name} of dtype {array.dtype}: expected an integer dtype, in pixels")


def _reject(width: NDArray[np.integer], height: NDArray[np.integer], offset: int) -> None:
    """Raise the error of the scalar check for the first size that is out of range."""
    invalid = (width < 1) | (height < 1) | (width > MAX_EDGE) | (height > MAX_EDGE)
    first = int(np.argmax(invalid))
    try:
        geometry.padded_size(int(width[first]), int(height[first]))
    except SizeError as error:
        raise SizeError(f"row {offset + first}: {error}") from None
