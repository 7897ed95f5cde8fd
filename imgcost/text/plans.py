"""The report of `imgcost plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import dollars, listed, number, percent, plural
from imgcost.plans import SENDING
from imgcost.text.acceptance import fixable_note
from imgcost.text.explanations import plan_steps, steps_tables
from imgcost.text.notes import Note, sentences
from imgcost.text.plan_notes import notes_of, overhead_notes, prompt_notes
from imgcost.text.quotes import EXAMPLE, price_notes, quote_notes
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from imgcost.plans import ModelPlan, Plan


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


def _models(plan: Plan) -> Table:
    auto = plan.scenario.images_per_request == "auto"  # otherwise the title says how many
    columns = (
        "model",
        ">requests",
        *[">images per request"] * auto,
        ">tokens",
        ">per 1,000 images",
        ">total",
    )
    rows = [
        (
            model.model.id,
            number(model.requests),
            *[number(model.totals.max_new_images)] * auto,
            number(model.tokens.prompt + model.tokens.output),
            "" if model.usd_per_thousand_images is None else dollars(model.usd_per_thousand_images),
            dollars(model.total_usd),
        )
        for model in plan
    ]
    title = f"{_images(plan)} on {plan.scenario.conditions.as_of}: {plan.scenario.description}"
    return Table(title, columns, rows)


MAX_SIZES = 3
"""Number of sizes that a title lists."""


def _images(plan: Plan) -> str:
    """Describe the images of a plan: how many, and how many of which size."""
    sizes = plan.models[0].job_images.sizes or {}
    images = plural(plan.images, "image")
    if len(sizes) == 1:
        return f"{images} of {' '.join(f'{width}x{height}' for width, height in sizes)}"
    each = [f"{number(count)} of {width}x{height}" for (width, height), count in sizes.items()]
    return f"{images} ({listed(each)})" if 0 < len(sizes) <= MAX_SIZES else images


def _alternatives(plan: Plan) -> Iterator[Table]:
    """List the alternatives of each model: what they save, and what they take in return."""
    columns = ("alternative", ">total", ">saves", ">%", "trade-off")
    for model in plan:
        rows = [("as specified", dollars(model.total_usd), "", "", "")]
        for name, variant in model.variants.items():
            saving = model.saving(variant)
            sign = "-" if saving < 0 else ""
            share = f"{sign}{percent(abs(saving), model.total_usd)}"
            saves = f"{sign}{dollars(abs(saving))}"
            rows.append((_label(model, name), dollars(variant.total_usd), saves, share, variant.tradeoff))
        if model.variants:
            yield Table(f"Alternatives to {model.model.id}", columns, rows)


def _label(model: ModelPlan, name: str) -> str:
    without = [
        f"no {what}"
        for what, own, has in (
            ("batch", model.scenario.conditions.batch, "batch"),
            ("cache", model.cached, "cached"),
        )
        if own and has not in name
    ]
    if name in SENDING:
        return ", ".join([*[name] * (name != "standard"), *without])
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
            tokens = round((model.tokens.prompt + model.tokens.output) * plan.scenario.retry_rate)
            rows.append((model.model.id, "retries", number(tokens), dollars(model.retries_usd)))
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
    columns = ("model", ">total", "within budget", ">images covered, about")
    return Table(f"Budget of {dollars(budget_usd)}", columns, rows)


def _notes(plan: Plan) -> Iterator[Note]:
    if plan.fixable:
        first = plan.models[0]
        yield Note(fixable_note(plan.fixable, plan.images, f"{dollars(first.fixable_usd)} with {first.model.id}"))
    yield from prompt_notes(plan.scenario, plan.models)
    yield from overhead_notes(plan.models)
    for model in plan:
        yield from quote_notes(model.quote, model.job_images.sizes or [EXAMPLE]) if plan.images else ()
        yield from notes_of(model)
    if plan.images and plan.scenario.images_only:
        yield Note("No prompt and no answer are included: set --prompt-tokens and --output-tokens.")
    if plan.scenario.retry_rate:
        yield Note("Requests and tokens are counted without retries; dollars include them.")
    if plan.scenario.downscale_to is not None:
        most = plural(plan.scenario.downscale_to, "token")
        for model in plan:
            if "downscaled" not in model.variants:
                yield Note(f"With {{}}, no image has more than {most}: there is nothing to downscale.", model.model.id)
    if plan.unsized:
        images = plural(plan.unsized, "image")
        known = "The file size of 1 image is" if plan.unsized == 1 else f"The file sizes of {images} are"
        yield Note(f"{known} unknown; limits in bytes were not checked.")
    if plan.images:
        yield from price_notes(plan.scenario.conditions.as_of, [model.model for model in plan])
