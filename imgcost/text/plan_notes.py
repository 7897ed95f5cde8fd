"""What a reader of a plan may not expect: what is measured, what is assumed, what is not cached and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import number, plural
from imgcost.prices import exact_usd
from imgcost.tables import cite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.plans import ModelPlan

__all__ = ["notes_of"]


def notes_of(one: ModelPlan) -> Iterator[str]:
    """Say what a plan rests on.

    Args:
        one: The plan.

    Yields:
        Sentences.
    """
    if one.images:
        yield from _measured(one)
        yield from _cached(one)
        yield from _crossed(one)
        yield from _batched(one)
    if one.scenario.output_tokens > one.model.max_output_tokens:
        yield (
            f"{one.model.id} answers with {plural(one.model.max_output_tokens, 'token')} at most: "
            f"{one.scenario.output_tokens:,} are priced."
        )


def _measured(one: ModelPlan) -> Iterator[str]:
    image, message, request = one.quote.overhead
    for found, use in (
        (image, "around each image"),
        (message, "around each user message"),
        (request, "on top of each request with images"),
    ):
        if found:
            sure = "" if found.confidence == "high" else f"{found.confidence} confidence, "
            yield (
                f"Measured, not published: {plural(found.value, 'token')} {use} with {one.model.id} "
                f"({sure}{cite(found.sources)})."
            )
    for found, what in ((image, "Image"), (message, "Message")):
        if not found:
            yield f"{what} overhead for {one.model.id} has not been measured; assumed 0 tokens."


def _cached(one: ModelPlan) -> Iterator[str]:
    sent, least = one.scenario.conditions, one.model.min_cacheable_tokens
    if sent.cache == "none":
        return
    if one.cached:
        sure = "cache hits in a batch are best effort" if sent.batch else "requests follow each other that closely"
        life = {"5m": "five minutes", "1h": "an hour"}[sent.cache]
        yield f"The cache keeps a prefix for {life} after its last use; the plan assumes hits: {sure}."
    elif one.requests < 2:
        yield f"{one.model.id}: nothing is cached, because a single request never reads the cache."
    elif least is None:
        yield f"{one.model.id}: nothing is cached, because its minimum cacheable prompt is not known."
    else:
        what = (
            f"the prompt has {number(one.scenario.prompt_tokens)}"
            if one.scenario.turns == 1
            else "no shared prefix is longer"
        )
        yield f"{one.model.id}: nothing is cached, because the minimum is {plural(least, 'token')} and {what}."


def _crossed(one: ModelPlan) -> Iterator[str]:
    if one.long_context_requests:
        yield (
            f"{number(one.long_context_requests)} of {plural(one.requests, 'request')} to {one.model.id} have more than "
            f"{plural(one.quote.threshold or 0, 'prompt token')}, so the long-context price applies to the whole "
            f"request: that adds {exact_usd(one.surcharge_usd)}."
        )


def _batched(one: ModelPlan) -> Iterator[str]:
    if not one.scenario.conditions.batch:
        return
    turns, limits = one.scenario.turns, one.quote.limits
    batches = turns  # a turn needs the answer to the one before it
    for amount, most in ((one.requests, limits.batch_requests), (one.totals.sent_bytes, limits.batch_bytes)):
        if most is not None:
            batches = max(batches, -(-amount // most))
    why = ", because a turn needs the answer to the one before it" if batches == turns > 1 else ""
    needed = plural(batches, "message batch", "message batches")
    yield f"The requests to {one.model.id} need at least {needed}{why}."
