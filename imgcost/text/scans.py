"""The report of `imgcost scan`: a summary that a person can act on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from imgcost.figures import dollars, number, plural
from imgcost.text.acceptance import fixable_note
from imgcost.text.quotes import quote_notes, quote_title
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.summaries import ScanSummary

LISTED = 40
"""How many unreadable files the text lists; the JSON and the rows list all."""


def scan_report(summary: ScanSummary) -> Report:
    """Summarize a scan.

    Args:
        summary: What was counted.

    Returns:
        The report.
    """
    tables = [] if summary.images else [NO_IMAGES]
    tables.append(_totals(summary))
    if summary.images:
        tables += [_histogram(summary), _folders(summary)]
    tables += unreadable_tables(summary)
    return Report(summary.to_dict(), tables, scan_notes(summary))


def scan_notes(summary: ScanSummary) -> list[str]:
    """List what a reader should know about a scan: sentences, each once."""
    return list(dict.fromkeys(_notes(summary)))


def fixable_notes(summary: ScanSummary) -> list[str]:
    """Say how many images would be rejected as they are, why, and what they cost; nothing if all are accepted."""
    if not summary.fixable:
        return []
    first = summary.quotes[0]
    usd = dollars(first.image_usd(summary.tokens_of_fixable(first.rule)))
    return [fixable_note(summary.fixable, summary.images, f"{usd} with {first.model.id}")]


def unreadable_tables(summary: ScanSummary) -> list[Table]:
    """List what could not be counted, by problem and one by one; no table if everything was counted."""
    return [_problems(summary), _unreadable(summary)] if summary.unreadable else []


def _notes(summary: ScanSummary) -> Iterator[str]:
    first = summary.quotes[0]
    yield from fixable_notes(summary)
    for quote in summary.quotes:
        yield from quote_notes(quote)
    if summary.duplicates:
        saved = summary.tokens_of_duplicates(first.rule)
        usd = dollars(first.image_usd(saved))
        yield (
            f"{plural(summary.duplicates, 'duplicate')} excluded: that saves {plural(saved, 'token')}, {usd} with "
            f"{first.model.id}."
        )
    if len(summary.unreadable) > LISTED:
        rest = plural(len(summary.unreadable) - LISTED, "more entry", "more entries")
        yield f"{rest} not counted: -f json lists them all, and so do the rows of -o FILE."


def _totals(summary: ScanSummary) -> Table:
    quotes = [*summary.quotes, *summary.compared]
    title = f"{plural(summary.images, 'image')}, {file_size(summary.file_bytes)}: {quote_title(quotes[0])}"
    rows = [
        (
            one.model.id,
            one.tier.name,
            number(summary.tokens(one.rule)),
            dollars(one.image_usd(summary.tokens(one.rule))),
            number(summary.downscaled_by(one.rule)),
        )
        for one in quotes
    ]
    return Table(title, ("model", "tier", ">tokens", ">input", ">downscaled"), rows)


def _histogram(summary: ScanSummary) -> Table:
    quote = summary.quotes[0]
    bins = summary.bins(quote.rule)
    rows = [(f"{first}-{last}", number(count)) for first, last, count in bins]
    return Table("Tokens per image", (">tokens", ">images"), rows, [count for _, _, count in bins])


def _folders(summary: ScanSummary) -> Table:
    quote = summary.quotes[0]
    folders = summary.costliest_folders()
    rows = [
        (visible(folder) or ".", number(images), number(tokens), dollars(quote.image_usd(tokens)))
        for folder, images, tokens in folders
    ]
    bars = [tokens for _, _, tokens in folders]
    return Table("Costliest folders", ("folder", ">images", ">tokens", ">input"), rows, bars)


def _problems(summary: ScanSummary) -> Table:
    counts = Counter(one.problem for one in summary.unreadable)
    rows = [(problem, number(count)) for problem, count in counts.most_common()]
    return Table(f"{plural(len(summary.unreadable), 'entry', 'entries')} not counted", ("problem", ">count"), rows)


def _unreadable(summary: ScanSummary) -> Table:
    rows = [(visible(one.path), one.problem, visible(one.reason)) for one in summary.unreadable[:LISTED]]
    return Table("Not counted", ("path", "problem", "reason"), rows)


def file_size(size_bytes: int) -> str:
    """Write a size in bytes for people.

    >>> file_size(999), file_size(1_000_000)
    ('999 bytes', '1.0 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes / scale >= 0.99995:  # what would be shown as 1000.0 of the unit below
            return f"{size_bytes / scale:.1f} {unit}"
    return plural(size_bytes, "byte")
