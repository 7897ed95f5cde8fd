"""What a scan adds up: counts that merge, whatever the number of files and wherever they were counted."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cache, lru_cache
from itertools import islice
from operator import add
from typing import TYPE_CHECKING, Any

from imgcost import geometry
from imgcost.acceptance import breaches, sent_bytes
from imgcost.figures import dollars, number, plural
from imgcost.files import Image, Unreadable
from imgcost.notebooks import html_table
from imgcost.paths import escape_path
from imgcost.prices import exact_usd
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgcost.acceptance import Reason
    from imgcost.files import Group
    from imgcost.quotes import Quote, TokenRule
    from imgcost.tables import Limits

__all__ = ["ScanSummary"]


class ScanSummary:
    """The sums over a scan: enough for every report of it, and small.

    For each rule that counts tokens it keeps how many images cost how many. That is exact, merges by addition, and has at
    most as many entries as the tier has tokens; sums, percentiles and every model's dollars follow from it. All images
    whose header is readable count, also those that the platform would reject as they are: fitted, they cost the same.

    Attributes:
        quotes: The quotes asked for.
        compared: Quotes of other models, to compare.
        token_rules: What counts tokens; the first one decides the folders.
        histograms: For each rule, tokens to number of images.
        downscaled: For each rule, number of images that the API would downscale.
        fixable: Images that would be rejected as they are, by the first limit that they break.
        fixable_tokens: For each rule, their tokens.
        media_types: Images by media type.
        file_bytes: Size of all images, bytes.
        longest_edge: The longest edge of all images, px; 0 without images.
        duplicates: Number of images that are duplicates of earlier ones; they are in no other count.
        duplicate_tokens: For each rule, the tokens of those.
        folders: Folder to (images, tokens by each rule).
        unreadable: Everything that could not be counted, in the order of the scan.
    """

    def __init__(
        self, quotes: Sequence[Quote], compared: Sequence[Quote] = (), token_rules: Iterable[TokenRule] = ()
    ) -> None:
        """Start from nothing.

        Args:
            quotes: The quotes asked for; the first prices the folders, and its platform and date decide the limits.
                Where those are not known, no image is fixable.
            compared: Quotes of other models, to compare.
            token_rules: What else to count tokens by, for reports that compare more models.
        """
        self.quotes = tuple(quotes)
        self.compared = tuple(compared)
        self.token_rules = tuple(dict.fromkeys([*(quote.rule for quote in (*quotes, *compared)), *token_rules]))
        self.histograms: tuple[Counter[int], ...] = tuple(Counter() for _ in self.token_rules)
        self.downscaled = [0] * len(self.token_rules)
        self.fixable: Counter[Reason] = Counter()
        self.fixable_tokens = [0] * len(self.token_rules)
        self.media_types: Counter[str] = Counter()
        self.file_bytes = self.longest_edge = 0
        self.duplicates = 0
        self.duplicate_tokens = [0] * len(self.token_rules)
        self.folders: dict[str, tuple[int, ...]] = {}
        self.unreadable: list[Unreadable] = []

    @property
    def images(self) -> int:
        """Number of images counted."""
        return self.media_types.total()

    def add(self, groups: Iterable[Group]) -> None:
        """Count what a scan found.

        Args:
            groups: Folders and what was found in them.
        """
        images: list[Image] = []
        folders: list[tuple[str, int]] = []
        for folder, found in groups:
            mine = [one for one in found if type(one) is Image]
            if len(mine) < len(found):
                self.unreadable += [one for one in found if isinstance(one, Unreadable)]
            images += mine
            folders.append((folder, len(mine)))
        if images:
            self._add_images(images, folders)

    def _add_images(self, images: list[Image], folders: Iterable[tuple[str, int]]) -> None:
        """Count images; each folder has its number of them, in this order."""
        _, media_types, widths, heights, _, _, file_bytes, duplicate_of = zip(*images, strict=True)
        if any(duplicate_of):
            self._add_without_duplicates(images, folders)
            return
        self.media_types.update(media_types)
        self.file_bytes += sum(file_bytes)
        longest = max(*widths, *heights)
        self.longest_edge = max(self.longest_edge, longest)
        # One look at the extremes of a chunk spares nearly every image a look of its own.
        limits = known_limits(self.quotes[0].conditions.platform, self.quotes[0].conditions.as_of)
        extremes = longest, longest, sent_bytes(max(file_bytes), limits)
        if any(True for kind in set(media_types) for _ in breaches(kind, *extremes, limits)):
            self._add_fixable(images, limits)
        columns = []
        for place, rule in enumerate(self.token_rules):
            tokens, downscaled = zip(*map(_counter(rule), widths, heights), strict=True)
            self.downscaled[place] += sum(downscaled)
            self.histograms[place].update(tokens)
            columns.append(iter(tokens))
        for folder, count in folders:
            if count:
                self._add_folder(folder, (count, *(sum(islice(column, count)) for column in columns)))

    def _add_folder(self, folder: str, sums: tuple[int, ...]) -> None:
        known = self.folders.get(folder)
        self.folders[folder] = tuple(map(add, known, sums)) if known else sums

    def _add_fixable(self, images: list[Image], limits: Limits) -> None:
        for image in images:
            size = image.width, image.height
            breach = next(breaches(image.media_type, *size, sent_bytes(image.file_bytes, limits), limits), None)
            if breach:
                self.fixable[breach.reason] += 1
                for place, rule in enumerate(self.token_rules):
                    self.fixable_tokens[place] += _counter(rule)(*size)[0]

    def _add_without_duplicates(self, images: list[Image], folders: Iterable[tuple[str, int]]) -> None:
        """Count duplicates apart, and the rest as if they were not there."""
        repeated = [image for image in images if image.duplicate_of is not None]
        self.duplicates += len(repeated)
        for place, rule in enumerate(self.token_rules):
            count = _counter(rule)
            self.duplicate_tokens[place] += sum(count(image.width, image.height)[0] for image in repeated)
        rest = iter(images)
        mine = [(folder, islice(rest, count)) for folder, count in folders]
        self.add([(folder, [image for image in part if image.duplicate_of is None]) for folder, part in mine])

    def merge(self, other: ScanSummary) -> None:
        """Add what another summary by the same rules has counted later in the scan."""
        for mine, theirs in zip(self.histograms, other.histograms, strict=True):
            mine.update(theirs)
        self.downscaled = _added(self.downscaled, other.downscaled)
        self.fixable.update(other.fixable)
        self.fixable_tokens = _added(self.fixable_tokens, other.fixable_tokens)
        self.duplicates += other.duplicates
        self.duplicate_tokens = _added(self.duplicate_tokens, other.duplicate_tokens)
        self.media_types.update(other.media_types)
        self.file_bytes += other.file_bytes
        self.longest_edge = max(self.longest_edge, other.longest_edge)
        for folder, sums in other.folders.items():
            self._add_folder(folder, sums)
        self.unreadable.extend(other.unreadable)

    def tokens(self, rule: TokenRule) -> int:
        """Visual tokens of all images by a rule."""
        return sum(tokens * images for tokens, images in self.histogram(rule).items())

    def tokens_of_fixable(self, rule: TokenRule) -> int:
        """Visual tokens of the images that would be rejected as they are, by a rule."""
        return self.fixable_tokens[self.token_rules.index(rule)]

    def tokens_of_duplicates(self, rule: TokenRule) -> int:
        """Visual tokens that leaving out the duplicates saves, by a rule."""
        return self.duplicate_tokens[self.token_rules.index(rule)]

    def downscaled_by(self, rule: TokenRule) -> int:
        """Number of images that the API would downscale, on the tier of a rule."""
        return self.downscaled[self.token_rules.index(rule)]

    def histogram(self, rule: TokenRule) -> Counter[int]:
        """Tokens to number of images, by a rule."""
        return self.histograms[self.token_rules.index(rule)]

    def bins(self, rule: TokenRule, bins: int = 8) -> list[tuple[int, int, int]]:
        """Images by tokens, in bins of equal width up to the tier's limit.

        Args:
            rule: What counts the tokens.
            bins: Number of bins.

        Returns:
            The first and last number of tokens of each bin, and the images in it. The last bin is open: the area
            formula can pass the limit a little.
        """
        limit = rule.tier.token_limit
        starts = [1 + limit * number // bins for number in range(bins)]
        counts = [0] * bins
        for tokens, images in self.histogram(rule).items():
            counts[bisect_right(starts, tokens) - 1] += images
        ends = [*(start - 1 for start in starts[1:]), max(limit, *self.histogram(rule), 0)]
        return list(zip(starts, ends, counts, strict=True))

    def costliest_folders(self, most: int = 10) -> list[tuple[str, int, int]]:
        """The folders whose own images cost most: folder, images, tokens by the first rule."""
        found = ((folder, images, tokens) for folder, (images, tokens, *_) in self.folders.items())
        return sorted(found, key=lambda row: (-row[2], row[0]))[:most]

    def _repr_html_(self) -> str:
        columns = ("model", "tier", ">tokens", ">input", ">downscaled")
        rows = []
        for quote in (*self.quotes, *self.compared):
            tokens = self.tokens(quote.rule)
            downscaled = number(self.downscaled_by(quote.rule))
            rows.append((quote.model.id, quote.tier.name, number(tokens), dollars(quote.image_usd(tokens)), downscaled))
        return html_table(plural(self.images, "image"), columns, rows)

    def __repr__(self) -> str:
        first = self.quotes[0]
        usd = exact_usd(first.image_usd(self.tokens(first.rule)))
        return f"<ScanSummary images={self.images} {first.model.id}={usd} unreadable={len(self.unreadable)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScanSummary) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment] # it changes

    def to_dict(self) -> dict[str, Any]:
        """Return what `imgcost scan -f json` prints.

        Returns:
            Plain values, with the version of their schema; dollars as exact decimal text.
        """
        first = self.quotes[0]
        return {
            "schema": "imgcost.scan/2",
            "images": self.images,
            "file_bytes": self.file_bytes,
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
            "unreadable": [one._asdict() | {"path": escape_path(one.path)} for one in self.unreadable],
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


def _added(mine: list[int], theirs: list[int]) -> list[int]:
    return [one + other for one, other in zip(mine, theirs, strict=True)]


@cache
def _counter(rule: TokenRule) -> Callable[[int, int], tuple[int, bool]]:
    """A function that counts an image's tokens, and tells whether it is downscaled."""
    tier, formula = rule

    @lru_cache(maxsize=1 << 14)  # folders hold many images of few sizes
    def count(width: int, height: int) -> tuple[int, bool]:
        return geometry.image_tokens(width, height, tier, formula), not geometry.fits(width, height, tier)

    return count
