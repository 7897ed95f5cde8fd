"""Notes on a plan: what was measured, what is assumed, what is not cached and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import number, plural
from imgcost.prices import exact_usd
from imgcost.tables import cite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.plans import ModelPlan

__all__ = ["notes_of"]


def notes_of(plan: ModelPlan) -> Iterator[str]:
    """List the assumptions and surprises of a model's plan.

    Args:
        plan: The plan.

    Yields:
        Sentences.
    """
    if plan.images:
        yield from _overhead(plan)
        yield from _caching(plan)
        yield from _long_context(plan)
        yield from _batches(plan)
    if plan.scenario.output_tokens > plan.model.max_output_tokens:
        yield (
            f"{plan.model.id} is limited to {plural(plan.model.max_output_tokens, 'output token')} per answer, but "
            f"{plan.scenario.output_tokens:,} are priced."
        )


def _overhead(plan: ModelPlan) -> Iterator[str]:
    image, message, request = plan.quote.overhead
    for measured, where in (
        (image, "around each image"),
        (message, "around each user message"),
        (request, "on top of each request with images"),
    ):
        if measured:
            confidence = "" if measured.confidence == "high" else f"{measured.confidence} confidence, "
            yield (
                f"Measured, not published: {plural(measured.value, 'token')} {where} with {plan.model.id} "
                f"({confidence}{cite(measured.sources)})."
            )
    for measured, what in ((image, "Image"), (message, "Message")):
        if not measured:
            yield f"{what} overhead for {plan.model.id} has not been measured; assumed 0 tokens."


def _caching(plan: ModelPlan) -> Iterator[str]:
    conditions, minimum = plan.scenario.conditions, plan.model.min_cacheable_tokens
    if conditions.cache == "none":
        return
    if plan.cached:
        lifetime = {"5m": "5 minutes", "1h": "1 hour"}[conditions.cache]
        hits = (
            "every read is a hit, although hits in a batch are best effort"
            if conditions.batch
            else "requests follow closely enough to hit it"
        )
        yield f"The cache keeps a prefix for {lifetime} after its last use; the plan assumes that {hits}."
    elif plan.requests < 2:
        yield f"{plan.model.id}: nothing is cached, because a single request never reads the cache."
    elif minimum is None:
        yield f"{plan.model.id}: nothing is cached, because its minimum cacheable prompt is unknown."
    else:
        what = (
            f"the prompt has {number(plan.scenario.prompt_tokens)}"
            if plan.scenario.turns == 1
            else "no shared prefix is long enough"
        )
        yield f"{plan.model.id}: nothing is cached, because the minimum is {plural(minimum, 'token')} and {what}."


def _long_context(plan: ModelPlan) -> Iterator[str]:
    if plan.long_context_requests:
        yield (
            f"{number(plan.long_context_requests)} of {plural(plan.requests, 'request')} to {plan.model.id} exceed "
            f"{plural(plan.quote.threshold or 0, 'prompt token')}, so the long-context price applies to all of their "
            f"tokens; this adds {exact_usd(plan.surcharge_usd)}."
        )


def _batches(plan: ModelPlan) -> Iterator[str]:
    if not plan.scenario.conditions.batch:
        return
    turns, limits = plan.scenario.turns, plan.quote.limits
    batches = turns  # each turn needs the answer to the previous one
    for amount, limit in ((plan.requests, limits.batch_requests), (plan.totals.sent_bytes, limits.batch_bytes)):
        if limit is not None:
            batches = max(batches, -(-amount // limit))
    why = ", because each turn needs the answer to the previous one" if batches == turns > 1 else ""
    needed = plural(batches, "message batch", "message batches")
    yield f"The requests to {plan.model.id} need at least {needed}{why}."
