"""Sums of a scan, which can be merged from several processes."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cache, lru_cache
from itertools import islice
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from imgcost import geometry
from imgcost.acceptance import breaches, exceeded_limits, sent_bytes, unsupported
from imgcost.figures import dollars, number, plural
from imgcost.files import Image, Transfer, Unreadable
from imgcost.notebooks import bar_chart, html_table
from imgcost.paths import escape_path
from imgcost.prices import exact_usd
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgcost.acceptance import Reason
    from imgcost.files import Group
    from imgcost.quoting import Quote, TokenRule
    from imgcost.tables import Limits

    Name = TypeVar("Name", bound=str | None)

__all__ = ["ExcludedRows", "ScanSummary"]


class ExcludedRows(NamedTuple):
    """Rows of a table that have no size that can be counted.

    Attributes:
        table: The table.
        problem: Short name of the reason, such as `zero-size`.
        reason: The reason, as a phrase.
        rows: Number of rows.
        first: Number of the first row: from 0, or from 1 in a text file, whose first row may be a header.
    """

    table: str
    problem: str
    reason: str
    rows: int
    first: int


class CountedSize(Protocol):
    """Images of one size, such as `imgcost.Repeated`."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def file_bytes(self) -> int | None: ...


class ScanSummary:
    """Sums over a scan: small, and sufficient for every report.

    For each token rule, a histogram maps tokens to the number of images. It is exact, merges by addition, and has at
    most as many entries as the tier has tokens; totals and dollars for every model follow from it. All images with a
    readable header count, even those that the platform would reject as they are: once fixed, they cost the same.

    Attributes:
        quotes: Quotes of the selected models.
        compared: Quotes of other models, for comparison.
        token_rules: Rules that count tokens; the first one applies to folders.
        histograms: Tokens to number of images, per token rule.
        downscaled: Number of images that the API would downscale, per token rule.
        fixable: Number of images that would be rejected as they are, by the first limit that they break.
        fixable_tokens: Tokens of these images, per token rule.
        media_types: Number of images by media type; without those that are known only by their size.
        sized: Number of images that are known only by their size, because they come from a table or an option.
        file_bytes: Total size of all images, bytes.
        longest_edge: Longest edge of all images, px; 0 without images.
        duplicates: Number of images that are duplicates of earlier ones; excluded from all other counts.
        duplicate_tokens: Tokens of the duplicates, per token rule.
        folders: Number of images and tokens per token rule, by folder.
        unreadable: Files that could not be counted, in the order of the scan.
        unsized: Number of images whose file size is unknown, because a table does not have it.
        groups: Number of images and tokens per token rule, by the value of a column of tables; None for missing values.
        tables: Number of tables whose rows are counted.
        group_by: Name of that column; None if rows are not grouped.
        excluded: Rows of tables that could not be counted, by table and problem.
        transfer: What reading object stores took.
    """

    def __init__(
        self, quotes: Sequence[Quote], compared: Sequence[Quote] = (), token_rules: Iterable[TokenRule] = ()
    ) -> None:
        """Start with zero images.

        Args:
            quotes: Quotes of the selected models. The first one prices the folders, and its platform and date decide
                the limits; if those are unknown, no image is fixable.
            compared: Quotes of other models, for comparison.
            token_rules: Additional rules to count tokens by, for reports that compare more models.
        """
        self.quotes = tuple(quotes)
        self.compared = tuple(compared)
        self.token_rules = tuple(dict.fromkeys([*(quote.rule for quote in (*quotes, *compared)), *token_rules]))
        self.histograms: tuple[Counter[int], ...] = tuple(Counter() for _ in self.token_rules)
        self.downscaled = [0] * len(self.token_rules)
        self.fixable: Counter[Reason] = Counter()
        self.fixable_tokens = [0] * len(self.token_rules)
        self.media_types: Counter[str] = Counter()
        self.file_bytes = self.longest_edge = self.sized = 0
        self.duplicates = 0
        self.duplicate_tokens = [0] * len(self.token_rules)
        self.folders: dict[str, tuple[int, ...]] = {}
        self.unreadable: list[Unreadable] = []
        self.unsized = self.tables = 0
        self.groups: dict[str | None, tuple[int, ...]] = {}
        self.group_by: str | None = None
        self.excluded: dict[tuple[str, str], ExcludedRows] = {}
        self.transfer = Transfer()

    @property
    def images(self) -> int:
        """Number of images counted."""
        return self.media_types.total() + self.sized

    def add(self, groups: Iterable[Group]) -> None:
        """Count the files of a scan.

        Args:
            groups: Folders and their files.
        """
        images: list[Image] = []
        folders: list[tuple[str, int]] = []
        for folder, files in groups:
            readable = [file for file in files if type(file) is Image]
            if len(readable) < len(files):
                self.unreadable += [file for file in files if isinstance(file, Unreadable)]
            images += readable
            folders.append((folder, len(readable)))
        if images:
            self._add_images(images, folders)

    def _add_images(self, images: list[Image], folders: Iterable[tuple[str, int]]) -> None:
        """Count images. `folders` has the number of consecutive images in each folder."""
        _, media_types, widths, heights, _, _, file_bytes, duplicate_of = zip(*images, strict=True)
        if any(duplicate_of):
            self._add_without_duplicates(images, folders)
            return
        self.media_types.update(media_types)
        self.file_bytes += sum(file_bytes)
        longest = max(*widths, *heights)
        self.longest_edge = max(self.longest_edge, longest)
        # Checking formats and extremes of a chunk makes it unnecessary to check nearly all individual images.
        limits = known_limits(self.quotes[0].conditions.platform, self.quotes[0].conditions.as_of)
        if any(
            exceeded for _, exceeded in exceeded_limits(longest, longest, sent_bytes(max(file_bytes), limits), limits)
        ):
            self._add_fixable(images, limits)
        elif foreign := {media_type for media_type in set(media_types) if unsupported(media_type, limits)}:
            self._add_fixable([image for image in images if image.media_type in foreign], limits)
        columns = []
        for index, rule in enumerate(self.token_rules):
            tokens, downscaled = zip(*map(_counter(rule), widths, heights), strict=True)
            self.downscaled[index] += sum(downscaled)
            self.histograms[index].update(tokens)
            columns.append(iter(tokens))
        for folder, count in folders:
            if count:
                self._add_folder(folder, (count, *(sum(islice(column, count)) for column in columns)))

    def _add_folder(self, folder: str, sums: tuple[int, ...]) -> None:
        _add_to(self.folders, folder, sums)

    def exclude(self, rows: ExcludedRows) -> None:
        """Count rows of a table that could not be counted."""
        earlier = self.excluded.get(rows[:2])
        if earlier:
            rows = rows._replace(rows=earlier.rows + rows.rows, first=min(earlier.first, rows.first))
        self.excluded[rows[:2]] = rows

    @property
    def excluded_rows(self) -> int:
        """Number of rows of tables that could not be counted."""
        return sum(rows.rows for rows in self.excluded.values())

    def _add_fixable(self, images: list[Image], limits: Limits) -> None:
        for image in images:
            size = image.width, image.height
            breach = next(breaches(image.media_type, *size, sent_bytes(image.file_bytes, limits), limits), None)
            if breach:
                self.fixable[breach.reason] += 1
                for index, rule in enumerate(self.token_rules):
                    self.fixable_tokens[index] += _counter(rule)(*size)[0]

    def _add_without_duplicates(self, images: list[Image], folders: Iterable[tuple[str, int]]) -> None:
        """Count duplicates separately, and the other images normally."""
        duplicates = [image for image in images if image.duplicate_of is not None]
        self.duplicates += len(duplicates)
        for index, rule in enumerate(self.token_rules):
            count = _counter(rule)
            self.duplicate_tokens[index] += sum(count(image.width, image.height)[0] for image in duplicates)
        remaining = iter(images)
        parts = [(folder, islice(remaining, count)) for folder, count in folders]
        self.add([(folder, [image for image in part if image.duplicate_of is None]) for folder, part in parts])

    def add_sizes(self, folder: str, sizes: Iterable[CountedSize]) -> None:
        """Count images that are known only by their size.

        Args:
            folder: Where they are listed, such as the name of a table.
            sizes: Their sizes and numbers.
        """
        limits = known_limits(self.quotes[0].conditions.platform, self.quotes[0].conditions.as_of)
        for size in sizes:
            count, edges = size.count, (size.width, size.height)
            tokens = [_counter(rule)(*edges) for rule in self.token_rules]
            self.sized += count
            self.file_bytes += count * (size.file_bytes or 0)
            self.longest_edge = max(self.longest_edge, *edges)
            breach = next(breaches(None, *edges, sent_bytes(size.file_bytes or 0, limits), limits), None)
            if breach:
                self.fixable[breach.reason] += count
            for index, (each, is_downscaled) in enumerate(tokens):
                self.histograms[index][each] += count
                self.downscaled[index] += count * is_downscaled
                self.fixable_tokens[index] += count * each * bool(breach)
            self._add_folder(folder, (count, *(count * each for each, _ in tokens)))

    def merge(self, other: ScanSummary) -> None:
        """Add the sums of a later part of the scan, which must use the same token rules."""
        for histogram, later in zip(self.histograms, other.histograms, strict=True):
            histogram.update(later)
        self.downscaled = _added(self.downscaled, other.downscaled)
        self.fixable.update(other.fixable)
        self.fixable_tokens = _added(self.fixable_tokens, other.fixable_tokens)
        self.duplicates += other.duplicates
        self.duplicate_tokens = _added(self.duplicate_tokens, other.duplicate_tokens)
        self.media_types.update(other.media_types)
        self.file_bytes += other.file_bytes
        self.longest_edge = max(self.longest_edge, other.longest_edge)
        self.sized += other.sized
        for folder, sums in other.folders.items():
            self._add_folder(folder, sums)
        self.unreadable.extend(other.unreadable)
        self.unsized += other.unsized
        self.transfer = Transfer(*map(add, self.transfer, other.transfer))
        self.tables += other.tables
        self.group_by = self.group_by or other.group_by
        for name, sums in other.groups.items():
            _add_to(self.groups, name, sums)
        for rows in other.excluded.values():
            self.exclude(rows)

    def tokens(self, rule: TokenRule) -> int:
        """Return the visual tokens of all images."""
        return sum(tokens * images for tokens, images in self.histogram(rule).items())

    def tokens_of_fixable(self, rule: TokenRule) -> int:
        """Return the visual tokens of images that would be rejected as they are."""
        return self.fixable_tokens[self.token_rules.index(rule)]

    def tokens_of_duplicates(self, rule: TokenRule) -> int:
        """Return the visual tokens that excluding duplicates saves."""
        return self.duplicate_tokens[self.token_rules.index(rule)]

    def downscaled_by(self, rule: TokenRule) -> int:
        """Return the number of images that the API would downscale."""
        return self.downscaled[self.token_rules.index(rule)]

    def histogram(self, rule: TokenRule) -> Counter[int]:
        """Return a mapping of tokens to number of images."""
        return self.histograms[self.token_rules.index(rule)]

    def bins(self, rule: TokenRule, bins: int = 8) -> list[tuple[int, int, int]]:
        """Count images by tokens, in bins of equal width up to the tier's limit.

        Args:
            rule: Token rule.
            bins: Number of bins.

        Returns:
            The lowest and highest tokens of each bin, and its number of images. The last bin also contains larger
            values, because the area formula can slightly exceed the limit.
        """
        limit = rule.tier.token_limit
        starts = [1 + limit * number // bins for number in range(bins)]
        counts = [0] * bins
        for tokens, images in self.histogram(rule).items():
            counts[bisect_right(starts, tokens) - 1] += images
        ends = [*(start - 1 for start in starts[1:]), max(limit, *self.histogram(rule), 0)]
        return list(zip(starts, ends, counts, strict=True))

    def costliest_folders(self, limit: int = 10) -> list[tuple[str, int, int]]:
        """Return the folders whose own images cost most: folder, images, tokens by the first rule."""
        rows = ((folder, images, tokens) for folder, (images, tokens, *_) in self.folders.items())
        return sorted(rows, key=lambda row: (-row[2], row[0]))[:limit]

    def costliest_groups(self) -> list[tuple[str | None, int, int]]:
        """Return the groups of rows, the costliest first: value, images, tokens by the first rule."""
        rows = ((name, images, tokens) for name, (images, tokens, *_) in self.groups.items())
        return sorted(rows, key=lambda row: (-row[2], row[0] or ""))

    def _repr_html_(self) -> str:
        columns = ("model", "tier", ">tokens", ">input", ">downscaled")
        rows = []
        for quote in (*self.quotes, *self.compared):
            tokens = self.tokens(quote.rule)
            downscaled = number(self.downscaled_by(quote.rule))
            rows.append((quote.model.id, quote.tier.name, number(tokens), dollars(quote.image_usd(tokens)), downscaled))
        first = self.quotes[0]
        bars = [
            (f"{number(low)} to {plural(high, 'token')}", images, number(images))
            for low, high, images in self.bins(first.rule)
        ]
        chart = bar_chart(f"Tokens per image with {first.model.id}", bars)
        return html_table(plural(self.images, "image"), columns, rows) + chart

    def __repr__(self) -> str:
        first = self.quotes[0]
        usd = exact_usd(first.image_usd(self.tokens(first.rule)))
        return f"<ScanSummary images={self.images} {first.model.id}={usd} unreadable={len(self.unreadable)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScanSummary) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment] # mutable

    def to_dict(self) -> dict[str, Any]:
        """Return plain values with a schema version: the JSON that `imgcost scan -f json` prints."""
        first = self.quotes[0]
        return (
            {
                "schema": "imgcost.scan/2",
                "images": self.images,
                "file_bytes": self.file_bytes if not self.images or self.unsized < self.images else None,
                "media_types": dict(sorted(self.media_types.items())),
                "duplicates": self.duplicates,
                "fixable": [reason._asdict() | {"images": count} for reason, count in self.fixable.items()],
                "models": [self._priced(quote) for quote in self.quotes],
                "compared": [self._priced(quote) for quote in self.compared],
                "histogram": [
                    {"first_tokens": start, "last_tokens": end, "images": images}
                    for start, end, images in self.bins(first.rule)
                ],
                "costliest_folders": [
                    {
                        "folder": escape_path(folder),
                        "images": images,
                        "tokens": tokens,
                        "input_usd": f"{first.image_usd(tokens):f}",
                    }
                    for folder, images, tokens in self.costliest_folders()
                ],
                "unreadable": [file._asdict() | {"path": escape_path(file.path)} for file in self.unreadable],
            }
            | ({"transfer": self.transfer._asdict()} if self.transfer.objects else {})
            | self._of_tables()
        )

    def _of_tables(self) -> dict[str, Any]:
        """Return what only tables have; nothing without tables."""
        if not self.tables:
            return {}
        first = self.quotes[0]
        return {
            "tables": self.tables,
            "unsized": self.unsized,
            "group_by": self.group_by,
            "groups": [
                {"value": name, "images": images, "tokens": tokens, "input_usd": f"{first.image_usd(tokens):f}"}
                for name, images, tokens in self.costliest_groups()
            ],
            "excluded": [rows._asdict() | {"table": escape_path(rows.table)} for rows in self.excluded.values()],
        }

    def _priced(self, quote: Quote) -> dict[str, Any]:
        tokens, fixable = self.tokens(quote.rule), self.tokens_of_fixable(quote.rule)
        duplicates = self.tokens_of_duplicates(quote.rule)
        return quote.to_dict() | {
            "tokens": tokens,
            "input_usd": f"{quote.image_usd(tokens):f}",
            "downscaled": self.downscaled_by(quote.rule),
            "fixable_tokens": fixable,
            "fixable_usd": f"{quote.image_usd(fixable):f}",
            "tokens_of_duplicates": duplicates,
            "input_usd_of_duplicates": f"{quote.image_usd(duplicates):f}",
        }


def _add_to(totals: dict[Name, tuple[int, ...]], name: Name, sums: tuple[int, ...]) -> None:
    earlier = totals.get(name)
    totals[name] = tuple(map(add, earlier, sums)) if earlier else sums


def _added(counts: list[int], others: list[int]) -> list[int]:
    return list(map(add, counts, others))


@cache
def _counter(rule: TokenRule) -> Callable[[int, int], tuple[int, bool]]:
    """Return a function that returns an image's tokens and whether it is downscaled."""
    tier, formula = rule

    @lru_cache(maxsize=1 << 14)  # folders usually have few different sizes
    def count(width: int, height: int) -> tuple[int, bool]:
        return geometry.image_tokens(width, height, tier, formula), not geometry.fits(width, height, tier)

    return count
