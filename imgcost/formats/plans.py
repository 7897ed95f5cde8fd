"""The report of `imgcost plan`: models side by side, the same job bought otherwise, tokens and dollars by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.formats.estimates import terms_notes
from imgcost.formats.explanations import explained, explanation
from imgcost.formats.rendering import Report, Table, dollars, number, visible
from imgcost.paths import escape_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from imgcost.plans import ModelPlan, Plan, Scenario

THOUSAND = 1000

VARIANTS = ("standard", "batch", "cached", "batch + cached")


def plan_report(found: Plan, *, budget_usd: Decimal | None = None, explain: bool = False) -> Report:
    """Show a plan.

    Args:
        found: The plan.
        budget_usd: What may be spent on each model, US dollars; None: nothing is said of it.
        explain: Whether to show the arithmetic of the cheapest model.

    Returns:
        The report.
    """
    tables = [_models(found), _variants(found), _classes(found)]
    if found.rejected:
        tables.append(_rejected(found))
    if explain:
        tables.append(explanation(found.models[0]))
    notes = list(dict.fromkeys(_notes(found, budget_usd)))
    data = {
        "schema": "imgcost.plan/1",
        "scenario": _scenario_data(found.scenario),
        "images": found.images,
        "images_of_unknown_bytes": found.unsized,
        "rejected": [one._asdict() | {"first": escape_path(one.first)} for one in found.rejected],
        "models": [_model_data(one, budget_usd) for one in found],
        "budget_usd": None if budget_usd is None else f"{budget_usd:f}",
        "notes": notes,
    }
    if explain:
        data["explanation"] = [line._asdict() for line in explained(found.models[0])]
    return Report(data, tables, notes)


def conditions(scene: Scenario) -> str:
    """Name what a job is planned under, in a line."""
    said = [f"prompt of {number(scene.prompt_tokens)} tokens", f"answer of {number(scene.output_tokens)}"]
    if scene.turns > 1:
        said.append(f"{number(scene.turns)} turns")
    if scene.cache:
        said.append(f"cached for {scene.cache}")
    if scene.batch:
        said.append("batch")
    if scene.platform != "claude-api":
        said.append(scene.platform + (", regional endpoint" if scene.endpoint == "regional" else ""))
    if scene.inference_geo == "us":
        said.append("inference in the US")
    if scene.retry_rate:
        said.append(f"{scene.retry_rate:f} of all sent again")
    return ", ".join(said)


def _models(found: Plan) -> Table:
    columns = ("model", "tier", ">requests", ">images in each", ">tokens per 1000", ">per 1000", ">total")
    rows = [
        (
            one.model.id,
            one.offer.terms.tier.name,
            number(one.requests),
            number(one.ledger.widest),
            _tokens_per_thousand(one),
            "" if one.usd_per_thousand_images is None else dollars(one.usd_per_thousand_images),
            dollars(one.total_usd),
        )
        for one in found
    ]
    images = "1 image" if found.images == 1 else f"{number(found.images)} images"
    title = f"{images} on {found.scenario.as_of}: {conditions(found.scenario)}"
    return Table(title, columns, rows)


def _tokens_per_thousand(one: ModelPlan) -> str:
    if not one.images:
        return ""
    return number(round((one.tokens.prompt + one.tokens.output) * THOUSAND / one.images))


def _variants(found: Plan) -> Table:
    names = [*VARIANTS, *(["downscaled"] if found.scenario.downscale_to else [])]
    heads = [f">{name}" for name in VARIANTS]
    if found.scenario.downscale_to:
        heads.append(f">downscaled to {number(found.scenario.downscale_to)}")
    rows = [
        (one.model.id, *(dollars(one.variants[name].total_usd) if name in one.variants else "-" for name in names))
        for one in found
    ]
    return Table("The same job, bought otherwise", ("model", *heads), rows)


def _classes(found: Plan) -> Table:
    rows = []
    for one in found:
        for name, tokens, usd in zip(one.tokens._fields, one.tokens, one.usd, strict=True):
            if tokens:
                rows.append((one.model.id, name.replace("_", " "), number(tokens), dollars(usd)))
        if one.retries_usd:
            rows.append((one.model.id, "retries", "", dollars(one.retries_usd)))
    return Table("Where the money goes", ("model", "class", ">tokens", ">dollars"), rows)


def _rejected(found: Plan) -> Table:
    rows = [(visible(one.reason), number(one.images), visible(one.first)) for one in found.rejected]
    return Table("Set aside, not priced", ("reason", ">count", "first"), rows)


def _notes(found: Plan, budget_usd: Decimal | None) -> Iterator[str]:
    for one in found:
        yield from terms_notes(one.offer.asked, one.offer.terms)
        yield from one.notes
    if found.unsized:
        yield f"File sizes not known: {number(found.unsized)}; no limit of bytes was asked for those images."
    if budget_usd is not None:
        for one in found:
            yield _budgeted(one, budget_usd)


def _budgeted(one: ModelPlan, budget_usd: Decimal) -> str:
    fits = "within" if one.total_usd <= budget_usd else "over"
    images = one.images_within(budget_usd)
    buys = "" if images is None else f"; it buys {number(images)} such images"
    return f"{dollars(one.total_usd)} with {one.model.id} is {fits} the budget of {dollars(budget_usd)}{buys}."


def _scenario_data(scene: Scenario) -> dict[str, Any]:
    data = scene._asdict() | {"as_of": scene.as_of.isoformat(), "retry_rate": f"{scene.retry_rate:f}"}
    del data["models"]
    return data


def _model_data(one: ModelPlan, budget_usd: Decimal | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "model": one.model.id,
        "tier": one.offer.terms.tier.name,
        "formula": one.offer.terms.formula,
        "requests": one.requests,
        "conversations": one.ledger.conversations,
        "images": one.images,
        "most_images_a_request": one.ledger.widest,
        "visual_tokens": one.ledger.visual,
        "cached": one.cached,
        "tokens": one.tokens._asdict(),
        "usd": {name: f"{usd:f}" for name, usd in one.usd._asdict().items()},
        "retries_usd": f"{one.retries_usd:f}",
        "total_usd": f"{one.total_usd:f}",
        "usd_per_1000_images": None if one.usd_per_thousand_images is None else f"{one.usd_per_thousand_images:f}",
        "long_context_requests": one.long_context_requests,
        "surcharge_usd": f"{one.surcharge_usd:f}",
        "variants": {
            name: {"requests": way.requests, "tokens": way.tokens._asdict(), "total_usd": f"{way.total_usd:f}"}
            for name, way in one.variants.items()
        },
        "notes": list(one.notes),
    }
    if budget_usd is not None:
        data["within_budget"] = one.total_usd <= budget_usd
        data["images_within_budget"] = one.images_within(budget_usd)
    return data
