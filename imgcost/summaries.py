"""What a scan adds up: counts that merge, whatever the number of files and wherever they were counted."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.files import Image, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imgcost.estimates import Terms
    from imgcost.files import Group
    from imgcost.geometry import Formula, Tier

__all__ = ["Measure", "Tally"]


class Measure(NamedTuple):
    """What decides a token count. Models that share both share their counts.

    Attributes:
        tier: The resolution tier.
        formula: The formula.
    """

    tier: Tier
    formula: Formula

    @classmethod
    def of(cls, terms: Terms) -> Measure:
        """The measure by which these terms count."""
        return cls(terms.tier, terms.formula)


class Tally:
    """The sums over a scan: enough for its summary, and small.

    For each measure it keeps how many images cost how many tokens. That is exact, merges by addition, and has at most
    as many entries as the tier has tokens; sums, percentiles and every model's dollars follow from it.

    Attributes:
        measures: What is counted, the first one decides the folders.
        histograms: For each measure, tokens to number of images.
        downscaled: For each measure, how many images the API would downscale.
        media_types: Images by media type.
        file_bytes: Size of all images, bytes.
        duplicates: How many images were left out as duplicates of earlier ones; they are in no other count.
        duplicate_tokens: For each measure, the tokens of those.
        folders: Folder to (images, tokens by the first measure).
        unreadable: Everything that could not be counted, in the order of the scan.
    """

    def __init__(self, measures: Iterable[Measure]) -> None:
        """Start from nothing."""
        self.measures = tuple(dict.fromkeys(measures))
        self.histograms: tuple[Counter[int], ...] = tuple(Counter() for _ in self.measures)
        self.downscaled = [0] * len(self.measures)
        self.media_types: Counter[str] = Counter()
        self.file_bytes = 0
        self.duplicates = 0
        self.duplicate_tokens = [0] * len(self.measures)
        self.folders: dict[str, tuple[int, int]] = {}
        self.unreadable: list[Unreadable] = []

    @property
    def images(self) -> int:
        """How many images were counted."""
        return self.media_types.total()

    def add(self, groups: Iterable[Group]) -> None:
        """Count what was found.

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
        """Count images, of which so many lie in each folder, in this order."""
        _, media_types, widths, heights, _, _, file_bytes, duplicate_of = zip(*images, strict=True)
        if any(duplicate_of):
            self._add_without_duplicates(images, folders)
            return
        self.media_types.update(media_types)
        self.file_bytes += sum(file_bytes)
        for place, measure in enumerate(self.measures):
            tokens, downscaled = zip(*map(_counter(measure), widths, heights), strict=True)
            self.downscaled[place] += sum(downscaled)
            self.histograms[place].update(tokens)
            if place:
                continue
            rest = iter(tokens)
            for folder, count in folders:
                if not count:
                    continue
                images_so_far, tokens_so_far = self.folders.get(folder, (0, 0))
                self.folders[folder] = (images_so_far + count, tokens_so_far + sum(islice(rest, count)))

    def _add_without_duplicates(self, images: list[Image], folders: Iterable[tuple[str, int]]) -> None:
        """Count duplicates apart, and the rest as if they were not there."""
        repeated = [image for image in images if image.duplicate_of is not None]
        self.duplicates += len(repeated)
        for place, measure in enumerate(self.measures):
            count = _counter(measure)
            self.duplicate_tokens[place] += sum(count(image.width, image.height)[0] for image in repeated)
        rest = iter(images)
        mine = [(folder, islice(rest, count)) for folder, count in folders]
        self.add([(folder, [image for image in part if image.duplicate_of is None]) for folder, part in mine])

    def merge(self, other: Tally) -> None:
        """Add what another tally of the same measures has counted later in the scan."""
        for mine, theirs in zip(self.histograms, other.histograms, strict=True):
            mine.update(theirs)
        self.downscaled = _added(self.downscaled, other.downscaled)
        self.duplicates += other.duplicates
        self.duplicate_tokens = _added(self.duplicate_tokens, other.duplicate_tokens)
        self.media_types.update(other.media_types)
        self.file_bytes += other.file_bytes
        for folder, (images, tokens) in other.folders.items():
            images_here, tokens_here = self.folders.get(folder, (0, 0))
            self.folders[folder] = (images_here + images, tokens_here + tokens)
        self.unreadable.extend(other.unreadable)

    def tokens(self, measure: Measure) -> int:
        """Visual tokens of all images by a measure."""
        return sum(tokens * images for tokens, images in self._histogram(measure).items())

    def tokens_of_duplicates(self, measure: Measure) -> int:
        """Visual tokens that leaving out the duplicates saves, by a measure."""
        return self.duplicate_tokens[self.measures.index(measure)]

    def downscaled_by(self, measure: Measure) -> int:
        """How many images the API would downscale, on the tier of a measure."""
        return self.downscaled[self.measures.index(measure)]

    def bins(self, measure: Measure, bins: int = 8) -> list[tuple[int, int, int]]:
        """Images by tokens, in bins of equal width up to the tier's limit.

        Args:
            measure: What counts the tokens.
            bins: How many bins.

        Returns:
            The first and last number of tokens of each bin, and the images in it. The last bin is open: the area
            formula can pass the limit a little.
        """
        limit = measure.tier.token_limit
        starts = [1 + limit * number // bins for number in range(bins)]
        counts = [0] * bins
        for tokens, images in self._histogram(measure).items():
            counts[bisect_right(starts, tokens) - 1] += images
        ends = [*(start - 1 for start in starts[1:]), max(limit, *self._histogram(measure), 0)]
        return list(zip(starts, ends, counts, strict=True))

    def costliest_folders(self, most: int = 10) -> list[tuple[str, int, int]]:
        """The folders whose own images cost most: folder, images, tokens by the first measure."""
        found = ((folder, images, tokens) for folder, (images, tokens) in self.folders.items())
        return sorted(found, key=lambda row: (-row[2], row[0]))[:most]

    def _histogram(self, measure: Measure) -> Counter[int]:
        return self.histograms[self.measures.index(measure)]


def _added(mine: list[int], theirs: list[int]) -> list[int]:
    return [one + other for one, other in zip(mine, theirs, strict=True)]


@cache
def _counter(measure: Measure) -> Callable[[int, int], tuple[int, bool]]:
    """A function that tells an image's tokens, and whether it is downscaled."""
    tier, formula = measure

    @lru_cache(maxsize=1 << 14)  # folders hold many images of few sizes
    def count(width: int, height: int) -> tuple[int, bool]:
        return geometry.image_tokens(width, height, tier, formula), not geometry.fits(width, height, tier)

    return count
