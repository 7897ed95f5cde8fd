"""Sums over record batches, in numpy columns, which become a `ScanSummary`."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from imgcost.acceptance import exceeded_limits, sent_bytes, unsupported
from imgcost.arrays import tokens_and_downscaled
from imgcost.datasets.problems import PROBLEMS
from imgcost.datasets.sizes import Labels
from imgcost.errors import ImgcostError
from imgcost.summaries import ExcludedRows, ScanSummary
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imgcost.acceptance import Reason
    from imgcost.datasets.selection import TableColumns
    from imgcost.datasets.sizes import Sizes
    from imgcost.quoting import Quote
    from imgcost.tables import Limits

__all__ = ["MAX_GROUPS", "Totals", "rejections"]

MAX_GROUPS = 10_000
"""Maximum number of different values to group by."""

MAX_CELLS = 1 << 20
"""Up to this many cells, rows are counted by group and tokens in one step."""


class Totals:
    """Sums over the rows of one table, or of a part of it.

    For each token rule a histogram of tokens is exact, merges by addition, and prices every model afterwards.
    """

    def __init__(self, table: str, quotes: Sequence[Quote], compared: Sequence[Quote], columns: TableColumns) -> None:
        """Start with zero images; quotes as in `ScanSummary`."""
        self._table = table
        self._summary = ScanSummary(quotes, compared)
        self._summary.group_by = columns.group or ("media type" if columns.image is not None else None)
        self._histograms = [np.zeros(rule.tier.token_limit + 1, np.int64) for rule in self._summary.token_rules]
        self._groups: dict[str | None, tuple[int, ...]] = {}
        self._limits = known_limits(quotes[0].conditions.platform, quotes[0].conditions.as_of)

    def add(self, sizes: Sizes, groups: Labels | None, first_row: int) -> None:
        """Count the rows of a batch.

        Args:
            sizes: The sizes.
            groups: The values to group by; None for no groups.
            first_row: Number of the first row, for messages.

        Raises:
            ImgcostError: There are more than `MAX_GROUPS` groups.
        """
        if sizes.problems is not None:
            self._exclude(sizes.problems, first_row)
        counted, rows = sizes.counted()
        if groups is not None and rows is not None:
            groups = groups._replace(codes=groups.codes[rows])
        if not len(counted.width):
            return
        self._count(counted, groups)

    def _exclude(self, problems: NDArray[np.uint8], first_row: int) -> None:
        counts = np.bincount(problems, minlength=len(PROBLEMS)).tolist()
        for code, problem in enumerate(PROBLEMS):
            if code and counts[code]:
                first = first_row + int(np.argmax(problems == code))
                self._summary.exclude(ExcludedRows(self._table, problem.slug, problem.reason, counts[code], first))

    def _count(self, sizes: Sizes, groups: Labels | None) -> None:
        summary, times = self._summary, sizes.counts
        total = len(sizes.width) if times is None else int(times.sum())
        summary.longest_edge = max(summary.longest_edge, int(sizes.width.max()), int(sizes.height.max()))
        if sizes.file_bytes is None:
            summary.unsized += total
        else:
            summary.file_bytes += _sum(sizes.file_bytes, times)
            summary.unsized += _count_rows(sizes.file_bytes == 0, times)
        self._count_media_types(sizes, total)
        rejected = rejections(sizes, self._limits)
        columns = []
        for index, rule in enumerate(summary.token_rules):
            tokens, downscaled = tokens_and_downscaled(sizes.width, sizes.height, *rule)
            summary.downscaled[index] += _count_rows(downscaled, times)
            for _, rows in rejected:
                summary.fixable_tokens[index] += _sum(tokens[rows], None if times is None else times[rows])
            columns.append(tokens)
        for reason, rows in rejected:
            summary.fixable[reason] += _count_rows(rows, times)
        self._count_tokens(columns, groups, times)

    def _count_media_types(self, sizes: Sizes, total: int) -> None:
        if sizes.media_types is None:
            self._summary.sized += total
            return
        names, codes = sizes.media_types
        for name, count in zip(names, _histogram(codes, None, sizes.counts, len(names)), strict=True):
            if count and name:
                self._summary.media_types[name] += int(count)
            elif count:
                self._summary.sized += int(count)

    def _count_tokens(self, columns: Sequence[NDArray[np.int32]], groups: Labels | None, times: Times) -> None:
        """Count the rows by tokens, and in the same step by group."""
        names, codes = groups or Labels([], np.zeros(0, np.int64))
        sums: list[list[int]] = [[] for _ in names]
        for index, tokens in enumerate(columns):
            width = int(tokens.max()) + 1
            if groups is None or len(names) * width > MAX_CELLS:
                histogram = _histogram(tokens, None, times, width)
                by_group = [_histogram(codes, values, times, len(names)) for values in (None, tokens) if groups]
            else:
                cells = _histogram(codes * width + tokens, None, times, len(names) * width).reshape(-1, width)
                histogram, by_group = cells.sum(axis=0), [cells.sum(axis=1), (cells * np.arange(width)).sum(axis=1)]
            self._histograms[index] = _added(self._histograms[index], histogram)
            for row, *both in zip(sums, *(column.tolist() for column in by_group), strict=False):
                row.extend(both[index > 0 :])  # the number of images only once
        for name, row in zip(names, sums, strict=True):
            if row[0]:
                earlier = self._groups.get(name)
                self._groups[name] = tuple(map(add, earlier, row)) if earlier else tuple(row)
        if len(self._groups) > MAX_GROUPS:
            raise ImgcostError(
                f"{self._table}: the column to group by has more than {MAX_GROUPS:,} values: choose another one"
            )

    def summary(self) -> ScanSummary:
        """Return the sums; call it once."""
        summary = self._summary
        for histogram, counter in zip(self._histograms, summary.histograms, strict=True):
            tokens = np.flatnonzero(histogram)
            counter.update(dict(zip(tokens.tolist(), histogram[tokens].tolist(), strict=True)))
        summary.groups = self._groups
        if summary.images:
            sums = (summary.images, *(summary.tokens(rule) for rule in summary.token_rules))
            summary.folders[self._table] = sums
        return summary


def rejections(sizes: Sizes, limits: Limits) -> list[tuple[Reason, NDArray[np.bool_]]]:
    """Find the images that would be rejected as they are, by the first limit that each of them breaks.

    Args:
        sizes: Sizes without problems.
        limits: Limits of the platform.

    Returns:
        The reasons, each with its rows; usually none.
    """
    found: list[tuple[Reason, NDArray[np.bool_]]] = []
    remaining: NDArray[np.bool_] = np.ones(sizes.width.shape, np.bool_)
    if sizes.media_types is not None:
        names, codes = sizes.media_types
        for code, name in enumerate(names):
            if reason := unsupported(name, limits):
                found.append((reason, codes == code))
    size_bytes = np.int64(0) if sizes.file_bytes is None else sent_bytes(sizes.file_bytes, limits)
    found += [
        (reason, np.broadcast_to(exceeded, remaining.shape))
        for reason, exceeded in exceeded_limits(sizes.width, sizes.height, size_bytes, limits)
        if np.any(exceeded)
    ]
    result = []
    for reason, rows in found:
        first = rows & remaining
        if first.any():
            result.append((reason, first))
            remaining = remaining & ~rows
    return result


Times: TypeAlias = "NDArray[np.object_] | None"
"""How often each row counts, as Python integers, which cannot overflow; None for once each."""


def _count_rows(rows: NDArray[np.bool_], times: Times) -> int:
    return int(np.count_nonzero(rows)) if times is None else int(times[rows].sum())


def _sum(values: NDArray[Any], times: Times) -> int:
    return int(values.sum(dtype=np.int64)) if times is None else int((values.astype(np.int64) * times).sum())


def _histogram(
    codes: NDArray[np.integer], values: NDArray[np.integer] | None, times: Times, length: int
) -> NDArray[Any]:
    """Sum values by code; None counts rows."""
    if times is None:
        # The sums of a batch are below 2**53, so they are exact as floats.
        return np.bincount(codes, values, length).astype(np.int64, copy=False)
    sums = np.zeros(length, object)
    np.add.at(sums, codes, times if values is None else values * times)
    return sums


def _added(total: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Add histograms of different lengths: the area formula can slightly exceed the token limit of its tier."""
    total = np.pad(total.astype(more.dtype, copy=False), (0, max(0, len(more) - len(total))))
    total[: len(more)] += more
    return total
