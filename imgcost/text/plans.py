"""The report of `imgcost plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import dollars, listed, number, percent, plural
from imgcost.text.acceptance import fixable_note
from imgcost.text.explanations import plan_steps, steps_tables
from imgcost.text.notes import Note, sentences
from imgcost.text.plan_notes import notes_of, overhead_notes, prompt_notes
from imgcost.text.quotes import quote_notes
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from imgcost.plans import ModelPlan, Plan, Scenario

THOUSAND = 1000

REGULAR = "standard"
"""The variant without batch and cache; in a table its name would be read as the standard tier."""


def plan_report(plan: Plan, *, budget_usd: Decimal | None = None, explain: bool = False) -> Report:
    """Report a plan.

    Args:
        plan: The plan.
        budget_usd: Budget for each model, US dollars; None if there is none.
        explain: Whether to show the arithmetic for the cheapest model, and the notes that change no decision.

    Returns:
        The report.
    """
    tables = [_models(plan) if plan.images else NO_IMAGES]
    if budget_usd is not None:
        tables.append(_budget(plan, budget_usd))
    counted = (*_alternatives(plan), _classes(plan)) if plan.images else ()
    tables += [table for table in (*counted, _excluded(plan)) if table.rows]
    data = plan.to_dict(budget_usd)
    if explain:
        steps = list(plan_steps(plan.models[0]))
        tables += steps_tables(plan.models[0].model, steps)
        data["explanation"] = [step._asdict() for step in steps]
    return Report(data, tables, sentences(_notes(plan), explain=explain))


def settings_line(scenario: Scenario) -> str:
    """Describe the settings of a plan in one line."""
    images = scenario.images_per_request
    parts = ["as many images per request as fit" if images == "auto" else f"{plural(images, 'image')} per request"]
    estimated = "" if scenario.prompt_bytes is None else " (estimated)"
    parts.append(plural(scenario.prompt_tokens, "prompt token") + estimated)
    parts.append(plural(scenario.output_tokens, "output token"))
    if scenario.turns > 1:
        parts.append(plural(scenario.turns, "turn"))
    parts += scenario.conditions.labels
    if scenario.retry_rate:
        parts.append(f"retry rate {scenario.retry_rate:f}")
    return ", ".join(parts)


def _models(plan: Plan) -> Table:
    auto = plan.scenario.images_per_request == "auto"  # otherwise the title says how many
    columns = (
        "model",
        ">requests",
        *[">images per request"] * auto,
        ">tokens per 1,000 images",
        ">per 1,000 images",
        ">total",
    )
    rows = [
        (
            model.model.id,
            number(model.requests),
            *[number(model.totals.max_new_images)] * auto,
            number(round((model.tokens.prompt + model.tokens.output) * THOUSAND / model.images)),
            "" if model.usd_per_thousand_images is None else dollars(model.usd_per_thousand_images),
            dollars(model.total_usd),
        )
        for model in plan
    ]
    title = f"{_images(plan)} on {plan.scenario.conditions.as_of}: {settings_line(plan.scenario)}"
    return Table(title, columns, rows)


MAX_SIZES = 3
"""Number of sizes that a title lists."""


def _images(plan: Plan) -> str:
    """Describe the images of a plan: how many, and of which sizes."""
    sizes = [f"{width}x{height}" for width, height in plan.models[0].job_images.sizes or ()]
    return plural(plan.images, "image") + (f" of {listed(sizes)}" if 0 < len(sizes) <= MAX_SIZES else "")


def _alternatives(plan: Plan) -> Iterator[Table]:
    """List the alternatives of each model: how their cost differs, and what they take in return."""
    columns = ("alternative", ">total", ">difference", ">%", "trade-off")
    for model in plan:
        rows = [("as specified", dollars(model.total_usd), "", "", "")]
        for name, variant in model.variants.items():
            saving = model.saving(variant)
            sign = "-" if saving > 0 else "+" if saving < 0 else ""
            share = f"{sign}{percent(abs(saving), model.total_usd)}"
            difference = f"{sign}{dollars(abs(saving))}"
            rows.append((_label(model, name), dollars(variant.total_usd), difference, share, variant.tradeoff))
        if model.variants:
            yield Table(f"Alternatives to {model.model.id}", columns, rows)


def _label(model: ModelPlan, name: str) -> str:
    if name == REGULAR:
        return "no batch, no cache"
    if name == "packed":
        return f"packed, up to {number(model.variants[name].images_per_request)}"
    size = model.downscaled_size()
    if name != "downscaled" or size is None:
        return name
    if len(model.job_images.sizes or ()) == 1:
        return f"downscaled to {size[0]}x{size[1]}"
    return f"downscaled to {plural(model.rules.downscale_to or 0, 'token')}"


def _classes(plan: Plan) -> Table:
    rows = []
    for model in plan:
        for name, tokens, usd in zip(model.tokens._fields, model.tokens, model.usd, strict=True):
            if tokens:
                rows.append((model.model.id, name.replace("_", " "), number(tokens), dollars(usd)))
        if model.retries_usd:
            rows.append((model.model.id, "retries", "", dollars(model.retries_usd)))
    return Table("Cost by token class", ("model", "class", ">tokens", ">dollars"), rows)


def _excluded(plan: Plan) -> Table:
    rows = [(visible(images.first), number(images.images), visible(images.reason)) for images in plan.rejected]
    return Table("Unreadable (not in the total)", ("example", ">count", "reason"), rows, path_column=0)


def _budget(plan: Plan, budget_usd: Decimal) -> Table:
    verdicts = {True: "within", False: "over", None: "unknown: unreadable files"}
    rows = []
    for model in plan:
        images = model.images_within(budget_usd)
        covered = "" if images is None else number(images)
        rows.append((model.model.id, dollars(model.total_usd), verdicts[plan.within(model, budget_usd)], covered))
    columns = ("model", ">total", "within budget", ">images covered")
    return Table(f"Budget of {dollars(budget_usd)}", columns, rows)


def _notes(plan: Plan) -> Iterator[Note]:
    if plan.fixable:
        first = plan.models[0]
        yield Note(fixable_note(plan.fixable, plan.images, f"{dollars(first.fixable_usd)} with {first.model.id}"))
    yield from prompt_notes(plan.scenario)
    yield from overhead_notes(plan.models)
    for model in plan:
        yield from quote_notes(model.quote)
        yield from notes_of(model)
    if plan.images and not plan.scenario.prompt_tokens and not plan.scenario.output_tokens:
        yield Note("No prompt and no answer are included: set --prompt-tokens and --output-tokens.")
    if plan.scenario.downscale_to is not None:
        most = plural(plan.scenario.downscale_to, "token")
        for model in plan:
            if "downscaled" not in model.variants:
                yield Note(f"With {{}}, no image has more than {most}: there is nothing to downscale.", model.model.id)
    if plan.unsized:
        images = plural(plan.unsized, "image")
        yield Note(f"File sizes of {images} are unknown; limits in bytes were not checked for them.")
