"""The report of `imgcost plan`: models side by side, alternatives, tokens and dollars by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import dollars, number, plural
from imgcost.text.acceptance import fixable_note
from imgcost.text.explanations import explained, explanation
from imgcost.text.plan_notes import notes_of
from imgcost.text.quotes import quote_notes
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from imgcost.plans import ModelPlan, Plan, Scenario

THOUSAND = 1000


def plan_report(found: Plan, *, budget_usd: Decimal | None = None, explain: bool = False) -> Report:
    """Show a plan.

    Args:
        found: The plan.
        budget_usd: What may be spent on each model, US dollars; None: there is no budget.
        explain: Whether to show the arithmetic of the cheapest model.

    Returns:
        The report.
    """
    counted = (_models(found), _alternatives(found), _classes(found)) if found.images else (NO_IMAGES,)
    tables = [table for table in (*counted, _excluded(found)) if table.rows or table is NO_IMAGES]
    if explain:
        tables.append(explanation(found.models[0]))
    data = found.to_dict(budget_usd)
    if explain:
        data["explanation"] = [line._asdict() for line in explained(found.models[0])]
    return Report(data, tables, list(dict.fromkeys(_notes(found, budget_usd))))


def settings_line(scene: Scenario) -> str:
    """Name what a job is planned under, in a line."""
    each, sent = scene.images_per_request, scene.conditions
    parts = ["as many images per request as fit" if each == "auto" else f"{plural(each, 'image')} per request"]
    parts += [f"prompt of {plural(scene.prompt_tokens, 'token')}", f"answer of {number(scene.output_tokens)}"]
    if scene.turns > 1:
        parts.append(plural(scene.turns, "turn"))
    parts += sent.labels
    if scene.retry_rate:
        parts.append(f"{scene.retry_rate:f} of all sent again")
    return ", ".join(parts)


def _models(found: Plan) -> Table:
    columns = ("model", "tier", ">requests", ">images per request", ">tokens per 1,000", ">per 1,000", ">total")
    rows = [
        (
            one.model.id,
            one.quote.tier.name,
            number(one.requests),
            number(one.totals.most_images),
            number(round((one.tokens.prompt + one.tokens.output) * THOUSAND / one.images)),
            "" if one.usd_per_thousand_images is None else dollars(one.usd_per_thousand_images),
            dollars(one.total_usd),
        )
        for one in found
    ]
    title = f"{plural(found.images, 'image')} on {found.scenario.conditions.as_of}: {settings_line(found.scenario)}"
    return Table(title, columns, rows)


def _alternatives(found: Plan) -> Table:
    """The same job with one thing changed, and what that saves."""
    rows = []
    for one in found:
        for name, way in one.variants.items():
            if name != _chosen(one):
                images, requests = number(way.images_per_request), number(way.requests)
                saved = _saved(one.total_usd, way.total_usd)
                rows.append((one.model.id, _label(one, name), images, requests, dollars(way.total_usd), saved))
    columns = ("model", "alternative", ">images per request", ">requests", ">total", ">saves")
    return Table("Alternatives", columns, rows)


def _chosen(one: ModelPlan) -> str:
    """Which of the four ways to buy it is the plan itself."""
    return " + ".join(["batch"] * one.scenario.conditions.batch + ["cached"] * one.cached) or "standard"


def _label(one: ModelPlan, name: str) -> str:
    size = one.downscaled_size()
    if name != "downscaled" or size is None:
        return name
    square = "" if len(one.job_images.sizes or ()) == 1 else "a square is "
    return f"downscaled to {plural(one.scenario.downscale_to or 0, 'token')} ({square}{size[0]}x{size[1]} px)"


def _saved(total: Decimal, other: Decimal) -> str:
    return dollars(total - other) if total >= other else f"-{dollars(other - total)}"


def _classes(found: Plan) -> Table:
    rows = []
    for one in found:
        for name, tokens, usd in zip(one.tokens._fields, one.tokens, one.usd, strict=True):
            if tokens:
                rows.append((one.model.id, name.replace("_", " "), number(tokens), dollars(usd)))
        if one.retries_usd:
            rows.append((one.model.id, "retries", "", dollars(one.retries_usd)))
    return Table("Cost by token class", ("model", "class", ">tokens", ">dollars"), rows)


def _excluded(found: Plan) -> Table:
    rows = [(visible(one.reason), number(one.images), visible(one.first)) for one in found.rejected]
    return Table("Excluded (not priced)", ("reason", ">count", "first"), rows)


def _notes(found: Plan, budget_usd: Decimal | None) -> Iterator[str]:
    if found.fixable:
        first = found.models[0]
        yield fixable_note(found.fixable, found.images, f"{dollars(first.fixable_usd)} with {first.model.id}")
    for one in found:
        yield from quote_notes(one.quote)
        yield from notes_of(one)
    if any("packed" in one.variants for one in found):
        yield "Packed: all images of a request share one prompt and one answer."
    if found.unsized:
        yield f"File sizes of {plural(found.unsized, 'image')} are unknown; limits in bytes were not checked for them."
    if budget_usd is not None:
        for one in found:
            yield _budgeted(one, found.within(one, budget_usd), budget_usd)


def _budgeted(one: ModelPlan, within: bool | None, budget_usd: Decimal) -> str:
    total, budget = f"{dollars(one.total_usd)} with {one.model.id}", f"the budget of {dollars(budget_usd)}"
    if within is None:
        return f"{total}, without the excluded images: whether that is within {budget} is unknown."
    images = one.images_within(budget_usd)
    buys = "" if images is None else f"; it buys {plural(images, 'such image')}"
    return f"{total} is {'within' if within else 'over'} {budget}{buys}."
