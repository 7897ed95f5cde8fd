"""The report of a scan as Markdown: its summary, and a row an image up to a number that a reader can bear."""

from __future__ import annotations

from itertools import chain, islice
from typing import IO, TYPE_CHECKING, NamedTuple

from imgcost.files import Image
from imgcost.text import Table, as_markdown, dollars, number, visible
from imgcost.text.scans import scan_report
from imgcost.summaries import Measure, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.estimates import Terms
    from imgcost.files import Group

__all__ = ["MOST_ROWS", "MarkdownWriter", "sum_up"]

MOST_ROWS = 1000
"""How many images the table lists; every image is in the sums."""


class Summed(NamedTuple):
    """What a part of a scan adds.

    Attributes:
        tally: The sums.
        images: Its first images.
    """

    tally: Tally
    images: list[Image]


def sum_up(groups: Iterable[Group], settled: Sequence[Terms]) -> Summed:
    """Add up a part of a scan.

    Args:
        groups: Folders and what was found in them, in the order of the scan.
        settled: The terms of each model.

    Returns:
        What it adds to the report.
    """
    groups = list(groups)
    tally = Tally(map(Measure.of, settled))
    tally.add(groups)
    found = chain.from_iterable(part for _, part in groups)
    return Summed(tally, list(islice((one for one in found if isinstance(one, Image)), MOST_ROWS)))


class MarkdownWriter:
    """Adds up what the scan found; the report is there once it is closed."""

    def __init__(self, file: IO[bytes], settled: Sequence[Terms]) -> None:
        """Begin with an open file."""
        self._file = file
        self._settled = {one.model.id: one for one in settled}
        self._tally, self._images = sum_up([], settled)

    def write(self, encoded: Summed) -> None:
        """Add a part of the scan."""
        self._tally.merge(encoded.tally)
        self._images += encoded.images[: MOST_ROWS - len(self._images)]

    def close(self, *, whole: bool = True) -> None:
        """Write the report, if the scan has reached its end."""
        if whole:
            report = scan_report(self._tally, self._settled, ())
            report = report._replace(tables=[*report.tables, *self._rows()])
            self._file.write(f"{as_markdown(report)}\n".encode())

    def _rows(self) -> list[Table]:
        rows = []
        for one in self._images:
            for name, terms in self._settled.items():
                tokens = terms.tokens(one.width, one.height)
                size = f"{one.width}x{one.height}"
                rows.append((visible(one.path), size, name, number(tokens), dollars(terms.cost_usd(tokens))))
        total = self._tally.images + self._tally.duplicates
        title = f"The first {number(MOST_ROWS)} of {number(total)} images" if total > MOST_ROWS else "Image by image"
        return [Table(title, ("path", ">size, px", "model", ">tokens", ">input"), rows)] if rows else []
