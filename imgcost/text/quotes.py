"""The title above a table of costs, and the notes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.estimates import estimate_with
from imgcost.figures import listed, number, plural
from imgcost.geometry import PATCH
from imgcost.prices import exact_usd
from imgcost.tables import family_of, find_measured, prices_read
from imgcost.text.notes import Note, varying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from imgcost.quoting import Quote
    from imgcost.tables import Model

__all__ = ["images_alone_notes", "overhead_phrase", "price_notes", "quote_notes", "quote_title", "stale_notes"]


EXAMPLE = (128, 128)
"""Size of a small image, for which the measured grid of Claude 3.5 Haiku makes a difference, px."""


def quote_title(quote: Quote) -> str:
    """Write the title of a table: model, date, tier, formula and rate.

    >>> from datetime import date
    >>> from imgcost.quoting import quotes
    >>> quote_title(quotes(["haiku"], as_of=date(2026, 11, 22), batch=True)[0])
    'claude-haiku-5-5 on 2026-11-22: high-resolution tier, patch formula, $0.05/MTok (batch)'
    """
    labels = ", ".join(quote.conditions.labels)
    rate = f"{exact_usd(quote.usd_per_mtok)}/MTok" + (f" ({labels})" if labels else "")
    return f"{quote.model.id} on {quote.conditions.as_of}: {quote.tier.name} tier, {quote.formula} formula, {rate}"


def quote_notes(quote: Quote, sizes: Iterable[tuple[int, int]] = (EXAMPLE,)) -> Iterator[Note]:
    """List what may surprise a reader: the model chosen for a family, retirement, assumptions, stale prices.

    Args:
        quote: The quote.
        sizes: Sizes of images to give as examples, px.

    Yields:
        Notes.
    """
    model, day, platform = quote.model, quote.conditions.as_of, quote.conditions.platform
    if family_of(quote.requested):
        yield Note(f"As of {day}, {{}}.", f"'{quote.requested.strip()}' is {model.id}", detail=True)
    status, retires = model.status_on(day, platform), model.retires_on(platform)
    on_platform = "" if platform == "claude-api" else f" on {platform}"
    if status == "retired":
        yield Note(f"{{}} retired{on_platform} on {retires}; the last price is used here.", model.id)
    elif status == "deprecated":
        yield Note(f"{{}}: deprecated{_retirement_phrase(model, on_platform, retires)}.", model.id)
    for assumption in quote.assumptions:
        yield Note(assumption.replace(repr(quote.requested), "{}"), repr(quote.requested))
    if quote.formula == "area":
        yield Note(
            "{}: tokens by the area formula of the Claude 3 guide. Recorded token counts show that the API bills "
            "patches: to compare with a bill, use 'imgcost estimate --formula patch'.",
            model.id,
        )
    yield from _billed_notes(quote, sizes)
    yield from stale_notes(day, [model])


def _billed_notes(quote: Quote, sizes: Iterable[tuple[int, int]]) -> Iterator[Note]:
    """Note which images are billed with more tokens than the published formula gives."""
    grid = find_measured("patch-grid-multiple", quote.model)
    for width, height in sizes:
        image = estimate_with(quote, width, height)
        if grid and image.measured_tokens is not None:
            yield Note(
                f"Measured, not published: {quote.model.id} rounds each side up to a multiple of {grid.value * PATCH} "
                "px, so it bills {}.",
                f"{width}x{height} as {number(image.measured_tokens)} instead of {plural(image.tokens, 'token')}",
            )


def _retirement_phrase(model: Model, on_platform: str, retires: date | None) -> str:
    if retires:
        return f", retiring{on_platform} on {retires}"
    if model.retires:
        return f", retiring on the Claude API on {model.retires}, no date published{on_platform}"
    return ""


def overhead_phrase(quote: Quote) -> str:
    """Return the measured overhead per image, message and request in words; empty if there is none.

    >>> from datetime import date
    >>> from imgcost.quoting import quotes
    >>> [overhead_phrase(quote) for quote in quotes(["sonnet", "claude-opus-5-5"], as_of=date(2026, 11, 22))]
    ['3 tokens per image (measured with other models, not published)', '3 tokens per image (measured, not published)']
    """
    places = ("per image", "per user message", "per request")
    rows = [(row, where) for row, where in zip(quote.overhead, places, strict=True) if row and row.value]
    labels = {row.label(quote.model) for row, _ in rows}
    parts = [f"{plural(row.value, 'token')} {where}" for row, where in rows]
    return f"{listed(parts)} ({max(labels, key=len)})" if parts else ""


def images_alone_notes(quotes: Iterable[Quote]) -> Iterator[Note]:
    """Say that a report of images alone leaves out the overhead that a plan includes."""
    phrases = {quote.model.id: overhead_phrase(quote) for quote in quotes}
    return varying(phrases, "Images alone: plans, workbooks and pages add %s%s.")


STALE_DAYS = 90
"""Number of days after which prices count as stale: the price list changed 20 times in 2025 and 2026."""


def stale_notes(day: date, models: Iterable[Model]) -> Iterator[Note]:
    """Warn about stale prices.

    Args:
        day: Date whose prices apply.
        models: The models.

    Yields:
        A note for each model whose prices were last read more than `STALE_DAYS` days before.
    """
    for model in models:
        read = prices_read(model)
        age = (day - read).days
        if age > STALE_DAYS:
            yield Note(
                f"Prices of {{}} were last read on {read}, {plural(age, 'day')} before {day}; later changes are not "
                "included.",
                model.id,
            )


def price_notes(day: date, models: Sequence[Model]) -> Iterator[Note]:
    """Say what kind of prices a budget has, and when they were read.

    Args:
        day: Date whose prices apply.
        models: The models.

    Returns:
        Notes; none for models with `stale_notes`.
    """
    dates = {model.id: prices_read(model) for model in models}
    fresh = {model: str(read) for model, read in dates.items() if (day - read).days <= STALE_DAYS}
    return varying(fresh, "List prices in US dollars before tax, read on %s%s.")
