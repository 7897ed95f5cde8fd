"""The report of `imgcost estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.formats.rendering import Report, Table, dollars, number
from imgcost.tables import family_of, prices_read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from imgcost.estimates import Estimate, Terms

THOUSAND = 1000


def estimate_report(found: Mapping[str, Sequence[Estimate]], count: int | None = None) -> Report:
    """Show estimates, a table a model.

    Args:
        found: The estimates of each model, by the name that it was asked by.
        count: How many images of each size to price together; None for one and a thousand only.

    Returns:
        The report; its JSON has one entry a size and model.
    """
    tables: list[Table] = []
    notes: list[str] = []
    entries: list[dict[str, Any]] = []
    for asked, estimates in found.items():
        terms = estimates[0].terms
        tables.append(_table(estimates, count))
        notes.extend(terms_notes(asked, terms))
        entries.extend(_entry(estimate, count) for estimate in estimates)
        if len(estimates) == 1:
            (one,) = estimates
            tokens = "1 token" if one.other_tokens == 1 else f"{number(one.other_tokens)} tokens"
            notes.append(f"By the {one.other_formula} formula it would be {tokens}.")
    notes = list(dict.fromkeys(notes))
    return Report({"schema": "imgcost.estimate/1", "estimates": entries, "notes": notes}, tables, notes)


def terms_title(terms: Terms) -> str:
    """Name what a table rests on: the model, its tier, the formula, the rate and the day.

    >>> from datetime import date
    >>> from imgcost.estimates import terms
    >>> terms_title(terms("haiku", as_of=date(2026, 11, 22), batch=True))
    'claude-haiku-5-5: high-resolution tier, patch formula, $0.05 per MTok (batch) on 2026-11-22'
    """
    conditions = f" ({', '.join(terms.conditions)})" if terms.conditions else ""
    rate = f"${terms.usd_per_mtok.normalize():f} per MTok{conditions}"
    return f"{terms.model.id}: {terms.tier.name} tier, {terms.formula} formula, {rate} on {terms.as_of}"


def terms_notes(asked: str, terms: Terms) -> list[str]:
    """Say what a reader may not expect: which model a family became, and that a model is gone or going."""
    model, day = terms.model, terms.as_of
    notes = []
    if family_of(asked):
        notes.append(f"'{asked.strip()}' is {model.id}, the newest active {model.family.title()} on {day}.")
    if model.status_on(day) == "retired":
        notes.append(f"{model.id} retired on {model.retires}; its last price stands here.")
    elif model.status_on(day) == "deprecated":
        notes.append(f"{model.id} is deprecated{_end(model.retires)}.")
    return notes + stale_notes(day)


STALE_DAYS = 90
"""How long after prices were read they pass for current: the list changed 20 times in 2025 and 2026."""


def stale_notes(day: date) -> list[str]:
    """Say that prices were read long before the day that they are used for.

    Args:
        day: The day whose prices apply.

    Returns:
        One note if prices were last read more than `STALE_DAYS` days before; else none.
    """
    read = prices_read()
    if (day - read).days <= STALE_DAYS:
        return []
    return [
        f"Prices were last read on {read}, {number((day - read).days)} days before {day}: newer ones are not known."
    ]


def _end(retires: date | None) -> str:
    return f" and retires on {retires}" if retires else ""


def terms_data(terms: Terms) -> dict[str, Any]:
    """Say the same for programs."""
    return {
        "model": terms.model.id,
        "as_of": terms.as_of.isoformat(),
        "tier": terms.tier.name,
        "formula": terms.formula,
        "usd_per_mtok": f"{terms.usd_per_mtok:f}",
        "conditions": list(terms.conditions),
    }


def _table(estimates: Sequence[Estimate], count: int | None) -> Table:
    columns = ["size", "seen as", ">tokens", ">an image", ">per 1000"]
    if count is not None:
        columns.append(f">{number(count)} images")
    rows = []
    for one in estimates:
        amounts = [1, THOUSAND] if count is None else [1, THOUSAND, count]
        rows.append(
            (
                f"{one.width}x{one.height}",
                f"{one.resized_width}x{one.resized_height}" if one.downscaled else "as it is",
                number(one.tokens),
                *(dollars(one.terms.cost_usd(one.tokens * images)) for images in amounts),
            )
        )
    if count is not None and len(rows) > 1:
        total = sum(one.tokens for one in estimates)
        terms = estimates[0].terms
        rows.append(("together", "", number(total), "", "", dollars(terms.cost_usd(total * count))))
    return Table(terms_title(estimates[0].terms), tuple(columns), rows)


def _entry(one: Estimate, count: int | None) -> dict[str, Any]:
    padded_width, padded_height = one.padded_size
    entry = {
        "width": one.width,
        "height": one.height,
        "resized_width": one.resized_width,
        "resized_height": one.resized_height,
        "padded_width": padded_width,
        "padded_height": padded_height,
        "downscaled": one.downscaled,
        "tokens": one.tokens,
        "input_usd": f"{one.input_usd:f}",
        "input_usd_per_1000": f"{one.terms.cost_usd(one.tokens * THOUSAND):f}",
        "other_formula": one.other_formula,
        "other_formula_tokens": one.other_tokens,
    }
    if count is not None:
        entry |= {"count": count, "input_usd_of_count": f"{one.terms.cost_usd(one.tokens * count):f}"}
    return terms_data(one.terms) | entry
