"""The report of `imgcost estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.formats.rendering import Report, Table, dollars, number
from imgcost.geometry import PATCH, grid_tokens, patch_tokens
from imgcost.tables import family_of, find_measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from imgcost.estimates import Estimate, Terms
    from imgcost.tables import Model

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
        notes.extend(
            f"Measured, not published: {one.width}x{one.height} is billed as {number(one.measured_tokens)} tokens with "
            f"{terms.model.id}, {number(one.tokens)} by the formula."
            for one in estimates
            if one.measured_tokens is not None
        )
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
    status, retires = model.status_on(day, terms.platform), model.retires_on(terms.platform)
    where = "" if terms.platform == "claude-api" else f" on {terms.platform}"
    if status == "retired":
        notes.append(f"{model.id} retired{where} on {retires}; its last price is used here.")
    elif status == "deprecated":
        notes.append(f"{model.id} is deprecated{_end(model, where, retires)}.")
    notes.extend(terms.assumptions)
    grid = find_measured("patch-grid-multiple", model)
    if grid and terms.formula == "patch":
        notes.append(
            f"Measured, not published: {model.id} bills more than the formula counts, because each side is rounded up to "
            f"a multiple of {grid.value * PATCH} px (128x128 px: {grid_tokens(128, 128, grid.value)} tokens, not "
            f"{patch_tokens(128, 128)})."
        )
    return notes


def _end(model: Model, where: str, retires: date | None) -> str:
    if retires:
        return f" and retires{where} on {retires}"
    if model.retires:
        return f"; it retires on the Claude API on {model.retires}, and no date is published{where}"
    return ""


def terms_data(terms: Terms) -> dict[str, Any]:
    """Say the same for programs."""
    return {
        "model": terms.model.id,
        "as_of": terms.as_of.isoformat(),
        "tier": terms.tier.name,
        "formula": terms.formula,
        "usd_per_mtok": f"{terms.usd_per_mtok:f}",
        "conditions": list(terms.conditions),
        "platform": terms.platform,
        "endpoint": terms.endpoint,
        "speed": terms.speed,
    }


def _table(estimates: Sequence[Estimate], count: int | None) -> Table:
    columns = ["size", "seen as", ">tokens", ">an image", ">per 1000"]
    if count is not None:
        columns.append(f">{plural(count, 'image')}")
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
        "measured_tokens": one.measured_tokens,
    }
    if count is not None:
        entry |= {"count": count, "input_usd_of_count": f"{one.terms.cost_usd(one.tokens * count):f}"}
    return terms_data(one.terms) | entry
