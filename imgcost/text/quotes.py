"""The title above a table of costs, and the notes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.geometry import PATCH, grid_tokens, patch_tokens
from imgcost.prices import exact_usd
from imgcost.tables import family_of, find_measured, prices_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from imgcost.quotes import Quote
    from imgcost.tables import Model

__all__ = ["quote_notes", "quote_title", "stale_notes"]


def quote_title(quote: Quote) -> str:
    """Write the title of a table: model, tier, formula, rate and date.

    >>> from datetime import date
    >>> from imgcost.quotes import quotes
    >>> quote_title(quotes(["haiku"], as_of=date(2026, 11, 22), batch=True)[0])
    'claude-haiku-5-5: high-resolution tier, patch formula, $0.05 per MTok (batch) on 2026-11-22'
    """
    labels = ", ".join(quote.conditions.labels)
    rate = f"{exact_usd(quote.usd_per_mtok)} per MTok" + (f" ({labels})" if labels else "")
    return f"{quote.model.id}: {quote.tier.name} tier, {quote.formula} formula, {rate} on {quote.conditions.as_of}"


def quote_notes(quote: Quote) -> Iterator[str]:
    """List what may surprise a reader: the model chosen for a family, retirement, assumptions, stale prices.

    Args:
        quote: The quote.

    Yields:
        Sentences.
    """
    model, day, platform = quote.model, quote.conditions.as_of, quote.conditions.platform
    if family_of(quote.requested):
        yield f"'{quote.requested.strip()}' is {model.id}, the newest active {model.family.title()} on {day}."
    status, retires = model.status_on(day, platform), model.retires_on(platform)
    on_platform = "" if platform == "claude-api" else f" on {platform}"
    if status == "retired":
        yield f"{model.id} retired{on_platform} on {retires}; its last price is used here."
    elif status == "deprecated":
        yield f"{model.id} is deprecated{_retirement_phrase(model, on_platform, retires)}."
    yield from quote.assumptions
    grid = find_measured("patch-grid-multiple", model)
    if grid and quote.formula == "patch":
        yield (
            f"Measured, not published: {model.id} bills more than the formula counts, because each side is rounded up "
            f"to a multiple of {grid.value * PATCH} px (128x128 px: "
            f"{plural(grid_tokens(128, 128, grid.value), 'token')}, not {patch_tokens(128, 128)})."
        )
    yield from stale_notes(day)


def _retirement_phrase(model: Model, on_platform: str, retires: date | None) -> str:
    if retires:
        return f" and retires{on_platform} on {retires}"
    if model.retires:
        return f"; it retires on the Claude API on {model.retires}, and no date is published{on_platform}"
    return ""


STALE_DAYS = 90
"""Number of days after which prices count as stale: the price list changed 20 times in 2025 and 2026."""


def stale_notes(day: date) -> Iterator[str]:
    """Warn about stale prices.

    Args:
        day: Date whose prices apply.

    Yields:
        One note if prices were last read more than `STALE_DAYS` days before.
    """
    read = prices_read()
    age = (day - read).days
    if age > STALE_DAYS:
        yield f"Prices were last read on {read}, {plural(age, 'day')} before {day}; later changes are not included."
