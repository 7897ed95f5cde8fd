"""Single images that a page shows, collected in worker processes and merged in order."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imgcost import arrays
from imgcost.acceptance import breaches, exceeded_limits, sent_bytes, unsupported
from imgcost.figures import plural
from imgcost.files import Image
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from imgcost.conditions import Conditions
    from imgcost.files import Group
    from imgcost.geometry import Tier
    from imgcost.plans import Repeated
    from imgcost.quoting import TokenRule
    from imgcost.tables import Limits

__all__ = [
    "BINS_PER_OCTAVE",
    "BYTES_STEP",
    "MAX_LISTED",
    "MAX_SIZES",
    "Highlights",
    "ListedImage",
    "RejectedImage",
    "collect",
    "collect_sizes",
]

MAX_LISTED = 20
"""Maximum number of images in each table."""

MAX_SIZES = 4096
"""Maximum number of different sizes that a page keeps to downscale them; with more, it would grow without limit."""

BINS_PER_OCTAVE = 16
"""The chart of sizes merges images whose width and height differ by less than about 4 %."""

BYTES_STEP = 1 << 13
"""Sizes in bytes are rounded up to a multiple of this, so that they are few."""


class ListedImage(NamedTuple):
    """An image in a table.

    Attributes:
        path: The file.
        width: Width as stored, px.
        height: Height as stored, px.
        tokens: Visual tokens by the rule of the first model.
    """

    path: str
    width: int
    height: int
    tokens: int


class RejectedImage(NamedTuple):
    """An image that would be rejected as it is.

    Attributes:
        path: The file.
        rule: The rule that rejects it.
        message: What is wrong with it.
    """

    path: str
    rule: str
    message: str


@dataclass
class Highlights:
    """Images of a part of a scan that a page shows. Its size does not grow with the number of images.

    Attributes:
        sizes: Number of images by width and height, px; None if there are more than `MAX_SIZES` sizes.
        octaves: Number of images by the logarithm of width and height, in fractions of an octave.
        request_bytes: Number of accepted images by their bytes in a request, in multiples of `BYTES_STEP`.
        costliest: The images with the most tokens.
        downscaled: The largest images that some tier downscales.
        rejected: The first images that would be rejected as they are.
    """

    sizes: Counter[tuple[int, int]] | None = field(default_factory=Counter)
    octaves: Counter[tuple[int, int]] = field(default_factory=Counter)
    request_bytes: Counter[int] = field(default_factory=Counter)
    costliest: list[ListedImage] = field(default_factory=list)
    downscaled: list[ListedImage] = field(default_factory=list)
    rejected: list[RejectedImage] = field(default_factory=list)

    def merge(self, other: Highlights) -> None:
        """Add a later part of the scan."""
        self.sizes = None if self.sizes is None or other.sizes is None else _few(self.sizes + other.sizes)
        self.octaves.update(other.octaves)
        self.request_bytes.update(other.request_bytes)
        self.costliest = sorted(self.costliest + other.costliest, key=lambda image: -image.tokens)[:MAX_LISTED]
        both = self.downscaled + other.downscaled
        self.downscaled = sorted(both, key=lambda image: -image.width * image.height)[:MAX_LISTED]
        self.rejected = (self.rejected + other.rejected)[:MAX_LISTED]


def collect(rule: TokenRule, tiers: Sequence[Tier], conditions: Conditions, groups: list[Group]) -> Highlights:
    """Select the images of a part of a scan that a page shows.

    Args:
        rule: Counts the tokens that rank images.
        tiers: The tiers of all models on the page.
        conditions: The platform and the date whose limits apply.
        groups: Folders and their files, in the order of the scan.

    Returns:
        The images; without duplicates of earlier ones.

    >>> from imgcost.quoting import quotes
    >>> (quote,) = quotes(["claude-3-sonnet"])
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> collect(quote.rule, [quote.tier], quote.conditions, [("", [image])]).costliest
    [ListedImage(path='a.png', width=1000, height=1000, tokens=1334)]
    """
    images = [
        image for _, files in groups for image in files if isinstance(image, Image) and image.duplicate_of is None
    ]
    limits = known_limits(conditions.platform, conditions.as_of)
    return _selected(rule, tiers, limits, images, itertools.repeat(1)) if images else Highlights()


def _selected(
    rule: TokenRule, tiers: Sequence[Tier], limits: Limits, images: Sequence[Image], counts: Iterable[int]
) -> Highlights:
    """Select from images, each of which counts as many times as `counts` says."""
    _, media_types, *columns, _, _, file_bytes, _ = zip(*images, strict=True)
    width, height = (np.array(column, np.int64) for column in columns)
    request_bytes = sent_bytes(np.array(file_bytes, np.int64), limits)
    unsupported_types = {media_type for media_type in set(media_types) if unsupported(media_type, limits)}
    fixable = np.array([media_type in unsupported_types for media_type in media_types])
    for _, exceeded in exceeded_limits(width, height, request_bytes, limits):
        fixable |= exceeded
    tokens = arrays.image_tokens(width, height, *rule).astype(np.int64)
    unchanged = np.all([arrays.fits(width, height, tier) for tier in tiers], axis=0)

    def top(indexes: NDArray[np.intp], weight: NDArray[np.int64]) -> list[ListedImage]:
        best = indexes[np.argsort(-weight[indexes], kind="stable")[:MAX_LISTED]].tolist()
        return [_listed(images[index], int(tokens[index])) for index in best]

    octaves = (np.rint(np.log2(edge) * BINS_PER_OCTAVE).astype(int).tolist() for edge in (width, height))
    return Highlights(
        sizes=_few(_counted(zip(width.tolist(), height.tolist(), strict=True), counts)),
        octaves=_counted(zip(*octaves, strict=True), counts),
        request_bytes=_counted(
            (-(-request_bytes // BYTES_STEP)).tolist(),
            (0 if is_fixable else count for is_fixable, count in zip(fixable.tolist(), counts, strict=False)),
        ),
        costliest=top(np.arange(len(images)), tokens),
        downscaled=top(np.flatnonzero(~unchanged), width * height),
        rejected=[_rejected(images[index], limits) for index in np.flatnonzero(fixable)[:MAX_LISTED].tolist()],
    )


def collect_sizes(
    rule: TokenRule, tiers: Sequence[Tier], conditions: Conditions, source: str, sizes: Sequence[Repeated]
) -> Highlights:
    """Select what a page shows of images that are known only by their size.

    Args:
        rule: Counts the tokens that rank images.
        tiers: The tiers of all models on the page.
        conditions: The platform and the date whose limits apply.
        source: Where the images are listed.
        sizes: Their sizes and numbers.

    Returns:
        The images of each size as one.
    """
    limits = known_limits(conditions.platform, conditions.as_of)._replace(media_types=None)
    images = [
        Image(
            f"{'each of ' * (size.count > 1)}{plural(size.count, 'image')} of {source}",
            media_type="",
            width=size.width,
            height=size.height,
            orientation=1,
            animated=False,
            file_bytes=size.file_bytes or 0,
        )
        for size in sizes
    ]
    return _selected(rule, tiers, limits, images, [size.count for size in sizes]) if images else Highlights()


def _counted(keys: Iterable[Any], counts: Iterable[int]) -> Counter[Any]:
    """Return the sum of the counts by key."""
    counter: Counter[Any] = Counter()
    for key, count in zip(keys, counts, strict=False):
        counter[key] += count
    return +counter


def _few(sizes: Counter[tuple[int, int]]) -> Counter[tuple[int, int]] | None:
    return sizes if len(sizes) <= MAX_SIZES else None


def _listed(image: Image, tokens: int) -> ListedImage:
    return ListedImage(image.path, image.width, image.height, tokens)


def _rejected(image: Image, limits: Limits) -> RejectedImage:
    size_bytes = sent_bytes(image.file_bytes, limits)
    breach = next(breaches(image.media_type, image.width, image.height, size_bytes, limits))
    return RejectedImage(image.path, breach.reason.rule, breach.message)
