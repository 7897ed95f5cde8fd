"""What a reader of a plan may not expect: what is measured, what is assumed, what is not cached and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.plans.offers import cited
from imgcost.prices import exact_usd
from imgcost.tables import limits_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.plans.budgets import ModelPlan
    from imgcost.tables import MeasuredName

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
    uses: tuple[tuple[MeasuredName, str, str], ...] = (
        ("image-wrapping-tokens", "wraps an image", "wrap an image"),
        ("message-framing-tokens", "frames a user message", "frame a user message"),
        ("image-request-surcharge-tokens", "is added to a request with images", "are added to a request with images"),
    )
    for name, use_of_one, use in uses:
        found = one.offer.measured[name]
        if found:
            sure = "" if found.confidence == "high" else f"{found.confidence} confidence, "
            amount = plural(found.value, f"token {use_of_one}", f"tokens {use}")
            yield f"Measured, not published: {amount} with {one.model.id} ({sure}{cited(found.sources)})."
        elif name != "image-request-surcharge-tokens":
            yield f"Nothing was measured of what tokens {use} with {one.model.id}: none are counted."


def _cached(one: ModelPlan) -> Iterator[str]:
    scene, least = one.scenario, one.model.min_cacheable_tokens
    if scene.cache is None:
        return
    if one.cached:
        sure = "cache hits in a batch are best effort" if scene.batch else "requests follow each other that closely"
        life = {"5m": "five minutes", "1h": "an hour"}[scene.cache]
        yield f"The cache keeps a prefix for {life} after its last use; the plan assumes hits: {sure}."
    elif one.requests < 2:
        yield f"Nothing is cached with {one.model.id}: a single request has nobody to read it again."
    elif least is None:
        yield f"Nothing is cached with {one.model.id}: the shortest prefix that it caches is not known."
    else:
        what = (
            f"the standing prompt has {plural(scene.prompt_tokens, 'token')}"
            if scene.turns == 1
            else "no shared prefix has more"
        )
        yield f"Nothing is cached with {one.model.id}: it caches {plural(least, 'token')} or more, and {what}."


def _crossed(one: ModelPlan) -> Iterator[str]:
    if one.long_context_requests:
        yield (
            f"{one.long_context_requests:,} of {one.requests:,} requests to {one.model.id} have more than "
            f"{one.offer.rules.threshold:,} prompt tokens, so that every token of them has the long-context price: "
            f"that adds {exact_usd(one.surcharge_usd)}."
        )


def _batched(one: ModelPlan) -> Iterator[str]:
    scene = one.scenario
    if not scene.batch:
        return
    limits = limits_on(scene.platform, scene.as_of)
    batches = scene.turns  # a turn needs the answer to the one before it
    for amount, most in ((one.requests, limits.batch_requests), (one.ledger.sent_bytes, limits.batch_bytes)):
        if most is not None:
            batches = max(batches, -(-amount // most))
    turns = ", for a turn needs the answer to the one before it" if batches == scene.turns > 1 else ""
    yield f"The requests to {one.model.id} need {batches:,} message batch{'es' if batches > 1 else ''} at least{turns}."
