"""The report of `imgcost scan`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from imgcost.figures import dollars, listed, number, plural
from imgcost.text.acceptance import fixable_note
from imgcost.text.notes import Note, sentences
from imgcost.text.quotes import images_alone_notes, quote_notes, quote_title
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.files import Transfer
    from imgcost.quoting import Quote
    from imgcost.summaries import ScanSummary

MAX_LISTED = 40
"""Maximum number of unreadable files in the text report; JSON and row files list all."""


def scan_report(summary: ScanSummary) -> Report:
    """Report the sums of a scan."""
    tables = [*_totals(summary), _histogram(summary), *_parts(summary)] if summary.images else [NO_IMAGES]
    tables += [*_excluded(summary), *unreadable_tables(summary)]
    alone = images_alone_notes(summary.quotes) if summary.images else ()
    return Report(summary.to_dict(), tables, [*scan_notes(summary), *sentences(alone)])


def scan_notes(summary: ScanSummary) -> list[str]:
    """List notes on a scan, without duplicates."""
    return sentences(_notes(summary))


def fixable_notes(summary: ScanSummary) -> list[str]:
    """Return the note on images that would be rejected as they are; no note if there are none.

    It names `imgcost fit`, and `imgcost check` because a scan reads no ends of files; neither reads tables.
    """
    if not summary.fixable:
        return []
    first = summary.quotes[0]
    usd = dollars(first.image_usd(summary.tokens_of_fixable(first.rule)))
    note = fixable_note(summary.fixable, summary.images, f"{usd} with {first.model.id}")
    if summary.tables:
        return [note]
    return [f"{note} 'imgcost fit' does that. A scan reads only headers; 'imgcost check' also finds truncated images."]


def unreadable_tables(summary: ScanSummary) -> list[Table]:
    """List what could not be read, with the reasons. No table if everything was read."""
    if not summary.unreadable:
        return []
    problems = Counter(file.problem for file in summary.unreadable)
    title = f"Unreadable: {', '.join(f'{number(count)} {problem}' for problem, count in problems.most_common())}"
    rows = [(visible(file.path), file.problem, visible(file.reason)) for file in summary.unreadable[:MAX_LISTED]]
    return [Table(title, ("path", "problem", "reason"), rows, path_column=0)]


def _notes(summary: ScanSummary) -> Iterator[Note]:
    first = summary.quotes[0]
    yield from map(Note, fixable_notes(summary))
    for quote in summary.quotes if summary.images else ():
        yield from quote_notes(quote)
    if summary.duplicates:
        saved = summary.tokens_of_duplicates(first.rule)
        usd = dollars(first.image_usd(saved))
        yield Note(
            f"{plural(summary.duplicates, 'duplicate')} excluded, which saves {plural(saved, 'token')} ({usd} with "
            f"{first.model.id})."
        )
    if summary.transfer.objects:
        yield Note(_transfer(summary.transfer))
    if len(summary.unreadable) > MAX_LISTED:
        more = plural(
            len(summary.unreadable) - MAX_LISTED, "more unreadable file or folder", "more unreadable files or folders"
        )
        yield Note(f"{more}: -f json and -o FILE list all of them.")


def _transfer(transfer: Transfer) -> str:
    cached = f", {number(transfer.cached)} of them in the cache" if transfer.cached else ""
    read = f"{file_size(transfer.transferred_bytes)} were read in {plural(transfer.requests, 'request')}"
    return f"{plural(transfer.objects, 'object')} in object stores{cached}: {read}, and listings."


def _totals(summary: ScanSummary) -> Iterator[Table]:
    images = plural(summary.images, "image")
    if summary.unsized < summary.images:
        images += f", {file_size(summary.file_bytes)}"
    yield _models(summary, f"{images}. {quote_title(summary.quotes[0])}", summary.quotes)
    if summary.compared:
        yield _models(summary, "Other models, for comparison", summary.compared)


def _models(summary: ScanSummary, title: str, quotes: Iterable[Quote]) -> Table:
    rows = [
        (
            quote.model.id,
            quote.tier.name,
            number(summary.tokens(quote.rule)),
            dollars(quote.image_usd(summary.tokens(quote.rule))),
            number(summary.downscaled_by(quote.rule)),
        )
        for quote in quotes
    ]
    return Table(title, ("model", "tier", ">tokens", ">input cost", ">downscaled"), rows)


def _histogram(summary: ScanSummary) -> Table:
    quote = summary.quotes[0]
    bins = summary.bins(quote.rule)
    rows = [(f"{number(first)}-{number(last)}", number(count)) for first, last, count in bins]
    return Table(
        f"Tokens per image with {quote.model.id}", (">tokens", ">images"), rows, [count for _, _, count in bins]
    )


def _parts(summary: ScanSummary) -> Iterator[Table]:
    """List what parts of the total cost: values of a column, folders and tables."""
    if summary.groups:
        groups = summary.costliest_groups()
        rest = len(groups) - MAX_LISTED
        title = f"By {visible(summary.group_by or '')}"
        title += f", {MAX_LISTED} of {plural(len(groups), 'value')}" if rest > 0 else ""
        rows = [("(missing)" if name is None else name, images, tokens) for name, images, tokens in groups[:MAX_LISTED]]
        yield _costs(summary, title, "value", rows)
    if not summary.tables or len(summary.folders) > 1:
        folders = "folders" if summary.tables < len(summary.folders) else ""
        kinds = listed([kind for kind in (folders, "tables" * bool(summary.tables)) if kind])
        heading = "folder" if folders else "table"
        yield _costs(summary, f"Costliest {kinds}", heading, summary.costliest_folders())


def _costs(summary: ScanSummary, title: str, heading: str, parts: Sequence[tuple[str, int, int]]) -> Table:
    quote = summary.quotes[0]
    rows = [
        (visible(name) or ".", number(images), number(tokens), dollars(quote.image_usd(tokens)))
        for name, images, tokens in parts
    ]
    bars = [tokens for _, _, tokens in parts]
    columns = (heading, ">images", ">tokens", ">input cost")
    return Table(f"{title} with {quote.model.id}", columns, rows, bars, path_column=0)


def _excluded(summary: ScanSummary) -> Iterator[Table]:
    """List the rows of tables that could not be counted."""
    if summary.excluded:
        rows = [
            (visible(rows.table), number(rows.rows), rows.problem, number(rows.first), rows.reason)
            for rows in sorted(summary.excluded.values(), key=lambda rows: -rows.rows)[:MAX_LISTED]
        ]
        title = f"Excluded: {plural(summary.excluded_rows, 'row')} without a size that can be counted"
        yield Table(title, ("table", ">rows", "problem", ">first row", "reason"), rows, path_column=0)


def file_size(size_bytes: int) -> str:
    """Format a size in bytes.

    >>> file_size(999), file_size(1_000_000)
    ('999 bytes', '1.0 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes / scale >= 0.99995:  # would be shown as 1000.0 of the next smaller unit
            return f"{size_bytes / scale:.1f} {unit}"
    return plural(size_bytes, "byte")
