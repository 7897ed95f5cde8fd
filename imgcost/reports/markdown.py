"""Write the report of a scan as Markdown: a summary, and one row per image, up to MAX_IMAGES."""

from __future__ import annotations

from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from imgcost.figures import dollars, number, plural
from imgcost.files import Image
from imgcost.reports.sinks import ScanSink
from imgcost.tabular import SCAN
from imgcost.text import Table, as_markdown, visible
from imgcost.text.scans import scan_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.files import Group
    from imgcost.quoting import Quote
    from imgcost.summaries import ScanSummary

__all__ = ["MAX_IMAGES", "markdown_sink"]

MAX_IMAGES = 1000
"""Maximum number of images in the table; the totals include all images."""


def markdown_sink(file: IO[bytes], quotes: Sequence[Quote]) -> ScanSink:
    """Send a scan to a Markdown report.

    Args:
        file: An open binary file.
        quotes: The quotes of the models.

    Returns:
        The sink of the scan.
    """
    return ScanSink(first_images, _MarkdownWriter(file, quotes))


def first_images(groups: list[Group]) -> list[Image]:
    """Return the first images of a part of a scan, up to MAX_IMAGES."""
    files = chain.from_iterable(part for _, part in groups)
    return list(islice((file for file in files if isinstance(file, Image)), MAX_IMAGES))


class _MarkdownWriter:
    def __init__(self, file: IO[bytes], quotes: Sequence[Quote]) -> None:
        self._file = file
        self._quotes = quotes
        self._images: list[Image] = []

    def write(self, encoded: list[Image]) -> None:
        self._images += encoded[: MAX_IMAGES - len(self._images)]

    def finish(self, summary: ScanSummary, /) -> None:
        report = scan_report(summary)
        tables = [*report.tables, *self._table(summary)]
        self._file.write(f"{as_markdown(report._replace(tables=tables), SCAN.title)}\n".encode())

    def abandon(self) -> None:
        self._images = []

    def _table(self, summary: ScanSummary) -> list[Table]:
        rows = []
        for image in self._images:
            for quote in self._quotes:
                tokens = quote.tokens(image.width, image.height)
                size, usd = f"{image.width}x{image.height}", dollars(quote.image_usd(tokens))
                rows.append((visible(image.path), size, quote.model.id, number(tokens), usd))
        total = summary.images + summary.duplicates
        title = f"The first {number(MAX_IMAGES)} of {plural(total, 'image')}" if total > MAX_IMAGES else "All images"
        return [Table(title, ("path", ">size, px", "model", ">tokens", ">input"), rows)] if rows else []
