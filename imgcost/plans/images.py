"""Feed the images of a job to the packers, and count those that would be rejected as they are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from imgcost import arrays
from imgcost.acceptance import exceeded_limits, sent_bytes, unsupported
from imgcost.errors import ImgcostError
from imgcost.plans.jobs import MAX_BYTES, UNKNOWN, SizeChunk
from imgcost.plans.packing import ImageColumns, Packer, RequestColumns
from imgcost.plans.packing_rules import BYTES_PER_BLOCK, BYTES_PER_REQUEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from imgcost.acceptance import Reason
    from imgcost.plans.jobs import Job
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.quoting import TokenRule
    from imgcost.tables import Limits

__all__ = ["CountedImages", "JobImages"]

_FRAME_BYTES = BYTES_PER_REQUEST + BYTES_PER_BLOCK

MAX_LISTED_SIZES = 8
"""Maximum number of different sizes that are listed individually."""


class JobImages:
    """The images of a job, which can be packed by several sets of rules at once.

    All readable images count. An image that the platform would reject as it is costs the same once it is fixed; such
    images are also counted by the first limit that they break.

    Attributes:
        job: The job.
        images: Number of images; set by the first walk, like the counts below.
        unsized: Number of images whose file size is unknown.
        sizes: Number of images by width and height (px); None if there are more than `MAX_LISTED_SIZES` sizes.
        fixable: Number of images that would be rejected as they are, by the limit that they break.
        fixable_tokens: Their visual tokens, by token rule.
        unpackable: Optional packing rules by which the images cannot be packed.
    """

    def __init__(self, job: Job, limits: Limits) -> None:
        """Start without counts.

        Args:
            job: The job.
            limits: Limits of the platform on a single image.
        """
        self.job = job
        self.images = self.unsized = 0
        self.sizes: dict[tuple[int, int], int] | None = {}
        self.fixable: Counter[Reason] = Counter()
        self.fixable_tokens: Counter[TokenRule] = Counter()
        self.unpackable: set[PackingRules] = set()
        self._limits = limits
        self._walked = False
        self._reason_numbers: dict[Reason, int] = {}
        # The size of a fixed image is unknown, so an image that is too large for any request counts 0 bytes.
        self._max_bytes = MAX_BYTES if limits.request_bytes is None else limits.request_bytes - _FRAME_BYTES

    def again(self) -> JobImages:
        """Return the same images, not counted yet."""
        return JobImages(self.job, self._limits)

    def requests(
        self, rules: Collection[PackingRules], optional: Collection[PackingRules] = ()
    ) -> Iterator[tuple[PackingRules, RequestColumns]]:
        """Walk the job once and pack it by several sets of rules.

        Args:
            rules: The packing rules, without duplicates.
            optional: Those of them by which the images need not be packed; they end up in `unpackable` if an image or
                the prompt exceeds their limits.

        Yields:
            Packing rules and the next requests packed by them, in order.

        Raises:
            ImgcostError: The images cannot be packed by one of the other rules.
        """
        packers = [Packer(packing_rules) for packing_rules in rules]
        # `downscale_to` depends on nothing but the job and the tier.
        token_rules = {packing_rules.token_rule: packing_rules.downscale_to for packing_rules in rules}
        first_walk, self._walked = not self._walked, True
        for chunk in self.job.chunks():
            size_bytes = np.where(chunk.file_bytes == UNKNOWN, 0, sent_bytes(chunk.file_bytes, self._limits))
            reasons = self._reasons(chunk, size_bytes)
            counted_bytes = np.where((reasons == 0) & (size_bytes <= self._max_bytes), size_bytes, 0)
            columns = {rule: _columns(chunk, rule, to, counted_bytes) for rule, to in token_rules.items()}
            if first_walk:
                self._count(chunk, reasons, columns)
            for packer in packers:
                requests = _add(packer, columns[packer.rules.token_rule], chunk.times)
                yield from self._packed(packer.rules, requests, optional)
        for packer in packers:
            yield from self._packed(packer.rules, _finish(packer), optional)

    def _packed(
        self, rules: PackingRules, requests: Iterator[RequestColumns], optional: Collection[PackingRules]
    ) -> Iterator[tuple[PackingRules, RequestColumns]]:
        """Pack images, unless an earlier part of them could not be packed by these rules."""
        if rules in self.unpackable:
            return
        try:
            for columns in requests:
                yield rules, columns
        except ImgcostError:
            if rules not in optional:
                raise
            self.unpackable.add(rules)

    def _reasons(self, chunk: SizeChunk, size_bytes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return why each image would be rejected as it is: its number in `_reason_numbers`, or 0 if it is accepted."""
        reasons = np.zeros(chunk.width.shape, np.int64)
        for media_type, rows in chunk.media_types.items():
            if reason := unsupported(media_type, self._limits):
                reasons[rows] = self._number_of(reason)
        for reason, exceeded in exceeded_limits(chunk.width, chunk.height, size_bytes, self._limits):
            if exceeded.any():
                reasons[exceeded & (reasons == 0)] = self._number_of(reason)
        return reasons

    def _number_of(self, reason: Reason) -> int:
        return self._reason_numbers.setdefault(reason, len(self._reason_numbers) + 1)

    def _count(self, chunk: SizeChunk, reasons: NDArray[np.int64], columns: Mapping[TokenRule, ImageColumns]) -> None:
        times = chunk.times or 1
        self.images += len(chunk.width) * times
        self.unsized += int(np.count_nonzero(chunk.file_bytes == UNKNOWN)) * times
        self._count_sizes(chunk)
        if not reasons.any():
            return
        for reason, number in self._reason_numbers.items():
            images = int(np.count_nonzero(reasons == number)) * times
            if images:
                self.fixable[reason] += images
        for rule, column in columns.items():
            self.fixable_tokens[rule] += int(column.tokens[reasons > 0].sum()) * times

    def _count_sizes(self, chunk: SizeChunk) -> None:
        if self.sizes is None:
            return
        sizes, counts = np.unique(np.stack([chunk.width, chunk.height]), axis=1, return_counts=True)
        if len(counts) > MAX_LISTED_SIZES or len(self.sizes) > MAX_LISTED_SIZES:
            self.sizes = None
            return
        for size, count in zip(zip(*sizes.tolist(), strict=True), counts.tolist(), strict=True):
            self.sizes[size] = self.sizes.get(size, 0) + count * (chunk.times or 1)


def _add(packer: Packer, columns: ImageColumns, times: int | None) -> Iterator[RequestColumns]:
    """Add a chunk of images to a packer, and return the requests that are complete."""
    if times is not None:
        yield from packer.add_repeated(columns, times)
    elif filled := packer.add(columns):
        yield filled


def _finish(packer: Packer) -> Iterator[RequestColumns]:
    """Return the remaining requests of a packer."""
    if remaining := packer.finish():
        yield remaining


def _columns(
    chunk: SizeChunk, rule: TokenRule, downscale_to: int | None, size_bytes: NDArray[np.int64]
) -> ImageColumns:
    """Return the columns for packing."""
    tokens = smaller = _tokens(chunk.width, chunk.height, rule)
    if downscale_to is not None:
        smaller = _tokens(*arrays.fit_to_tokens(chunk.width, chunk.height, downscale_to, rule.tier), rule)
    request_bytes = np.where(size_bytes > 0, size_bytes + BYTES_PER_BLOCK, 0)
    edge = np.maximum(chunk.width, chunk.height)
    return ImageColumns(tokens, smaller, request_bytes, edge)


def _tokens(width: NDArray[np.integer], height: NDArray[np.integer], rule: TokenRule) -> NDArray[np.int64]:
    return arrays.image_tokens(width, height, rule.tier, rule.formula).astype(np.int64)


class CountedImages:
    """Images that a scan has already counted, one per request; their order does not matter."""

    sizes: Mapping[tuple[int, int], int] | None = None
    unpackable: frozenset[PackingRules] = frozenset()
    unsized = 0

    def __init__(self, histograms: Mapping[TokenRule, Mapping[int, int]]) -> None:
        """Wrap the counts.

        Args:
            histograms: By token rule: visual tokens to number of images.
        """
        self._histograms = histograms

    def requests(
        self, rules: Collection[PackingRules], _optional: Collection[PackingRules] = ()
    ) -> Iterator[tuple[PackingRules, RequestColumns]]:
        """Return one request per image, grouped by tokens.

        Args:
            rules: Packing rules with one image per request, one turn, and the same token rules as the histograms.

        Yields:
            Packing rules and all requests packed by them.
        """
        for packing_rules in rules:
            counts = dict(self._histograms[packing_rules.token_rule])
            if not counts:
                continue
            first = next(iter(counts))  # the first request is the one that writes a cached prompt
            rows = [(first, 1), (first, counts.pop(first) - 1), *counts.items()]
            tokens = np.array([tokens for tokens, _ in rows], np.int64)
            once = np.ones_like(tokens)
            prompt = packing_rules.text_tokens(1) + tokens + packing_rules.image_overhead
            numbers, zero = np.arange(len(rows)), np.zeros_like(tokens)
            yield (
                packing_rules,
                RequestColumns(
                    0, numbers, zero, once > 0, numbers, once, once, tokens, tokens, prompt, zero,
                    tuple(images for _, images in rows),
                ),
            )  # fmt: skip
