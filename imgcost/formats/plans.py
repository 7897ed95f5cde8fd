"""The report of `imgcost plan`: models side by side, alternatives, tokens and dollars by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.formats.estimates import terms_notes
from imgcost.formats.explanations import explained, explanation
from imgcost.formats.rendering import Report, Table, dollars, number, parseable, plural, visible

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
    further = (_alternatives(found), _classes(found), _excluded(found))
    tables = [_models(found), *(table for table in further if table.rows)]
    if explain:
        tables.append(explanation(found.models[0]))
    notes = list(dict.fromkeys(_notes(found, budget_usd)))
    data = {
        "schema": "imgcost.plan/1",
        "scenario": _scenario_data(found.scenario),
        "images": found.images,
        "images_of_unknown_bytes": found.unsized,
        "rejected": [one._asdict() | {"first": parseable(one.first)} for one in found.rejected],
        "warnings": [parseable(one) for one in found.warnings],
        "models": [_model_data(one, _within(found, one, budget_usd), budget_usd) for one in found],
        "budget_usd": None if budget_usd is None else f"{budget_usd:f}",
        "notes": notes,
    }
    if explain:
        data["explanation"] = [line._asdict() for line in explained(found.models[0])]
    return Report(data, tables, notes)


def conditions(scene: Scenario) -> str:
    """Name what a job is planned under, in a line."""
    each = scene.images_per_request
    said = ["as many images per request as fit" if each == "auto" else f"{plural(each, 'image')} per request"]
    said += [f"prompt of {number(scene.prompt_tokens)} tokens", f"answer of {number(scene.output_tokens)}"]
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
    columns = ("model", "tier", ">requests", ">images per request", ">tokens per 1000", ">per 1000", ">total")
    rows = [
        (
            one.model.id,
            one.offer.terms.tier.name,
            number(one.requests),
            number(one.ledger.most_images),
            _tokens_per_thousand(one),
            "" if one.usd_per_thousand_images is None else dollars(one.usd_per_thousand_images),
            dollars(one.total_usd),
        )
        for one in found
    ]
    images = plural(found.images, "image") if found.images else "No images to price"
    title = f"{images} on {found.scenario.as_of}: {conditions(found.scenario)}"
    return Table(title, columns, rows)


def _tokens_per_thousand(one: ModelPlan) -> str:
    if not one.images:
        return ""
    return number(round((one.tokens.prompt + one.tokens.output) * THOUSAND / one.images))


def _alternatives(found: Plan) -> Table:
    """The same job with one thing changed, and what that saves."""
    rows = []
    for one in found:
        for name, way in one.variants.items():
            if one.images and name != _chosen(one):
                images, requests = number(way.images_per_request), number(way.requests)
                saved = _saved(one.total_usd, way.total_usd)
                rows.append((one.model.id, _label(one, name), images, requests, dollars(way.total_usd), saved))
    columns = ("model", "alternative", ">images per request", ">requests", ">total", ">saves")
    return Table("Alternatives", columns, rows)


def _chosen(one: ModelPlan) -> str:
    """Which of the four ways to buy it is the plan itself."""
    return " + ".join(["batch"] * one.scenario.batch + ["cached"] * one.cached) or "standard"


def _label(one: ModelPlan, name: str) -> str:
    size = one.downscaled_size()
    if name != "downscaled" or size is None:
        return name
    square = "" if len(one.intake.sizes or ()) == 1 else "a square is "
    return f"downscaled to {number(one.scenario.downscale_to or 0)} tokens ({square}{size[0]}x{size[1]} px)"


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
    return Table("Excluded, not priced", ("reason", ">count", "first"), rows)


def _notes(found: Plan, budget_usd: Decimal | None) -> Iterator[str]:
    for one in found:
        yield from terms_notes(one.offer.asked, one.offer.terms)
        yield from one.notes
    if any("packed" in one.variants for one in found):
        yield "Packed: all images of a request share one prompt and one answer."
    if found.unsized:
        yield f"File sizes of {plural(found.unsized, 'image')} are unknown; limits in bytes were not checked for them."
    if budget_usd is not None:
        for one in found:
            yield _budgeted(one, _within(found, one, budget_usd), budget_usd)


def _within(found: Plan, one: ModelPlan, budget_usd: Decimal | None) -> bool | None:
    """Whether a total is within the budget; None where excluded images could take it over."""
    if budget_usd is None or one.total_usd > budget_usd:
        return False
    return None if found.excluded else True


def _budgeted(one: ModelPlan, within: bool | None, budget_usd: Decimal) -> str:
    total, budget = f"{dollars(one.total_usd)} with {one.model.id}", f"the budget of {dollars(budget_usd)}"
    if within is None:
        return f"{total}, without the excluded images: whether that is within {budget} is unknown."
    images = one.images_within(budget_usd)
    buys = "" if images is None else f"; it buys {number(images)} such images"
    return f"{total} is {'within' if within else 'over'} {budget}{buys}."


def _scenario_data(scene: Scenario) -> dict[str, Any]:
    data = scene._asdict() | {"as_of": scene.as_of.isoformat(), "retry_rate": f"{scene.retry_rate:f}"}
    del data["models"]
    return data


def _model_data(one: ModelPlan, within: bool | None, budget_usd: Decimal | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "model": one.model.id,
        "tier": one.offer.terms.tier.name,
        "formula": one.offer.terms.formula,
        "requests": one.requests,
        "conversations": one.ledger.conversations,
        "images": one.images,
        "images_per_request": one.ledger.most_images,
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
            name: way._asdict() | {"tokens": way.tokens._asdict(), "total_usd": f"{way.total_usd:f}"}
            for name, way in one.variants.items()
        },
        "downscaled_size": one.downscaled_size(),
        "notes": list(one.notes),
    }
    if budget_usd is not None:
        data["within_budget"] = within
        data["images_within_budget"] = one.images_within(budget_usd)
    return data
