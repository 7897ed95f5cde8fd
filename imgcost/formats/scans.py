"""The report of `imgcost scan`: a summary that a person can act on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from imgcost.formats.estimates import terms_data, terms_notes, terms_title
from imgcost.formats.rendering import Report, Table, dollars, number, parseable, plural, visible
from imgcost.tallies import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcost.estimates import Terms
    from imgcost.tallies import Tally

LISTED = 40
"""How many unreadable files the text lists; the JSON and the rows list all."""


def scan_report(tally: Tally, asked: Mapping[str, Terms], compared: Sequence[Terms]) -> Report:
    """Summarise a scan.

    Args:
        tally: What was counted.
        asked: The terms of the models asked for, by the names they were asked by; the first decides the folders.
        compared: The terms of other models, to show what the same images cost there.

    Returns:
        The report.
    """
    first = next(iter(asked.values()))
    others = [terms for terms in compared if terms not in asked.values()]
    tables = [_totals(tally, [*asked.values(), *others])]
    if tally.images:
        tables += [_histogram(tally, first), _folders(tally, first)]
    if tally.unreadable:
        tables += [_problems(tally), _unreadable(tally)]
    notes = list(dict.fromkeys(note for name, terms in asked.items() for note in terms_notes(name, terms)))
    if tally.duplicates:
        saved = tally.tokens_of_duplicates(Measure.of(first))
        notes.append(
            f"{plural(tally.duplicates, 'duplicate')} left out: "
            f"that saves {number(saved)} tokens, {dollars(first.cost_usd(saved))} with {first.model.id}."
        )
    if len(tally.unreadable) > LISTED:
        rest = number(len(tally.unreadable) - LISTED)
        notes.append(f"{rest} more were not counted: -f json lists them all, and so do the rows of -o FILE.")
    data = {
        "schema": "imgcost.scan/1",
        "images": tally.images,
        "file_bytes": tally.file_bytes,
        "media_types": dict(sorted(tally.media_types.items())),
        "duplicates": tally.duplicates,
        "models": [_costs(tally, terms) for terms in asked.values()],
        "compared": [_costs(tally, terms) for terms in others],
        "histogram": [_bin(*row) for row in tally.bins(Measure.of(first))],
        "costliest_folders": [
            {
                "folder": parseable(folder),
                "images": images,
                "tokens": tokens,
                "input_usd": f"{first.cost_usd(tokens):f}",
            }
            for folder, images, tokens in tally.costliest_folders()
        ],
        "unreadable": [
            {
                "path": parseable(one.path),
                "problem": one.problem,
                "reason": one.reason,
                "format": one.format,
                "width": one.width,
                "height": one.height,
            }
            for one in tally.unreadable
        ],
        "notes": notes,
    }
    return Report(data, tables, notes)


def _totals(tally: Tally, terms: Sequence[Terms]) -> Table:
    title = f"{plural(tally.images, 'image')}, {file_size(tally.file_bytes)}: {terms_title(terms[0])}"
    rows = [
        (
            one.model.id,
            one.tier.name,
            number(tally.tokens(Measure.of(one))),
            dollars(one.cost_usd(tally.tokens(Measure.of(one)))),
            number(tally.downscaled_by(Measure.of(one))),
        )
        for one in terms
    ]
    return Table(title, ("model", "tier", ">tokens", ">input", ">downscaled"), rows)


def _histogram(tally: Tally, terms: Terms) -> Table:
    bins = tally.bins(Measure.of(terms))
    rows = [(f"{first}-{last}", number(count)) for first, last, count in bins]
    return Table("Tokens an image", (">tokens", ">images"), rows, [count for _, _, count in bins])


def _folders(tally: Tally, terms: Terms) -> Table:
    folders = tally.costliest_folders()
    rows = [
        (visible(folder) or ".", number(images), number(tokens), dollars(terms.cost_usd(tokens)))
        for folder, images, tokens in folders
    ]
    bars = [tokens for _, _, tokens in folders]
    return Table("Costliest folders", ("folder", ">images", ">tokens", ">input"), rows, bars)


def _problems(tally: Tally) -> Table:
    counts = Counter(one.problem for one in tally.unreadable)
    rows = [(problem, number(count)) for problem, count in counts.most_common()]
    return Table(f"{plural(len(tally.unreadable), 'entry', 'entries')} not counted", ("problem", ">count"), rows)


def _unreadable(tally: Tally) -> Table:
    rows = [
        (visible(one.path), one.problem, one.reason + (f" ({one.width}x{one.height})" if one.width else ""))
        for one in tally.unreadable[:LISTED]
    ]
    return Table("Not counted", ("path", "problem", "reason"), rows)


def _costs(tally: Tally, terms: Terms) -> dict[str, Any]:
    tokens = tally.tokens(Measure.of(terms))
    downscaled = tally.downscaled_by(Measure.of(terms))
    saved = tally.tokens_of_duplicates(Measure.of(terms))
    return terms_data(terms) | {
        "tokens": tokens,
        "input_usd": f"{terms.cost_usd(tokens):f}",
        "downscaled": downscaled,
        "tokens_of_duplicates": saved,
        "input_usd_of_duplicates": f"{terms.cost_usd(saved):f}",
    }


def _bin(first: int, last: int, images: int) -> dict[str, int]:
    return {"first_tokens": first, "last_tokens": last, "images": images}


def file_size(size_bytes: int) -> str:
    """Write a size in bytes for people.

    >>> file_size(999), file_size(1_000_000)
    ('999 bytes', '1.0 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes / scale >= 0.99995:  # what would be shown as 1000.0 of the unit below
            return f"{size_bytes / scale:.1f} {unit}"
    return f"{size_bytes} bytes"
