"""Notes on a plan: what was measured, what is assumed, what is not cached and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import dollars, listed, number, plural
from imgcost.tables import characters_per_token, cite
from imgcost.text.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.plans import ModelPlan, Scenario

__all__ = ["notes_of", "overhead_notes", "prompt_notes"]


def prompt_notes(scenario: Scenario) -> Iterator[Note]:
    """Say by which rule the tokens of a prompt were estimated.

    Args:
        scenario: Settings of a plan.

    Yields:
        A note if they were.
    """
    if scenario.prompt_bytes is not None:
        average = characters_per_token()
        yield Note(
            f"The prompt is estimated: {plural(scenario.prompt_bytes, 'byte')} of text at {average.value:f} per "
            f"token, which is {plural(scenario.prompt_tokens, 'token')} ({cite(average.sources)}). Models before "
            "Claude Opus 4.7 need about a quarter fewer. For an exact number, use the token counting endpoint of the "
            "API and --prompt-tokens."
        )


def overhead_notes(plans: Sequence[ModelPlan]) -> Iterator[Note]:
    """Say which measured overhead the totals include, and with which models if they differ.

    Args:
        plans: The plans of a job, one per model.

    Yields:
        Notes; none without images, or for models without measured overhead.
    """
    phrases = {plan.model.id: _overhead_phrase(plan) for plan in plans if plan.images}
    for model, phrase in phrases.items():
        if phrase:
            where = " with {}" if len({*phrases.values()}) > 1 else ""
            yield Note(f"Includes an overhead of {phrase}{where} (measured, not published).", model if where else "")


def _overhead_phrase(plan: ModelPlan) -> str:
    """Return how many tokens of overhead are included per image, message and request, in words."""
    places = ("per image", "per user message", "per request")
    parts = [
        f"{plural(tokens, 'token')} {where}"
        for tokens, where in zip(plan.quote.overhead.tokens, places, strict=True)
        if tokens
    ]
    return listed(parts)


def notes_of(plan: ModelPlan) -> Iterator[Note]:
    """List the assumptions and surprises of a model's plan.

    Args:
        plan: The plan.

    Yields:
        Notes.
    """
    if plan.images:
        yield from _overhead(plan)
        yield from _caching(plan)
        yield from _long_context(plan)
        yield from _batches(plan)
    if plan.scenario.output_tokens > plan.model.max_output_tokens:
        yield Note(
            f"Answers are limited to {plural(plan.model.max_output_tokens, 'token')} with {{}}, but "
            f"{number(plan.scenario.output_tokens)} are priced.",
            plan.model.id,
        )


def _overhead(plan: ModelPlan) -> Iterator[Note]:
    image, message, request = plan.quote.overhead
    for measured, where in (
        (image, "per image"),
        (message, "per user message"),
        (request, "per request with images"),
    ):
        if measured:
            confidence = "" if measured.confidence == "high" else f"{measured.confidence} confidence, "
            yield Note(
                f"Source of the overhead {where} with {{}}: {confidence}{cite(measured.sources)}.",
                plan.model.id,
                detail=True,
            )
    for measured, what in ((image, "Image"), (message, "Message")):
        if not measured:
            text = f"{what} overhead has not been measured for {{}}; assumed 0 tokens."
            yield Note(text, plan.model.id, detail=True)


def _caching(plan: ModelPlan) -> Iterator[Note]:
    conditions, minimum = plan.scenario.conditions, plan.model.min_cacheable_tokens
    if conditions.cache == "none":
        return
    if plan.cached:
        lifetime = {"5m": "5 minutes", "1h": "1 hour"}[conditions.cache]
        hits = (
            "every request of the batch finds it in the cache, which is not guaranteed"
            if conditions.batch
            else "each request follows the previous one sooner"
        )
        yield Note(f"A cached prompt expires {lifetime} after its last use; the plan assumes that {hits}.")
    elif plan.requests < 2:
        yield Note("{}: nothing is cached, because a single request never reads the cache.", plan.model.id)
    elif minimum is None:
        yield Note("{}: nothing is cached, because the minimum cacheable prompt is unknown.", plan.model.id)
    else:
        what = (
            f"the prompt has {number(plan.scenario.prompt_tokens)}"
            if plan.scenario.turns == 1
            else "no shared prefix is long enough"
        )
        yield Note(
            f"{{}}: nothing is cached, because the minimum is {plural(minimum, 'token')} and {what}.", plan.model.id
        )


def _long_context(plan: ModelPlan) -> Iterator[Note]:
    if plan.long_context_requests:
        threshold = plural(plan.quote.threshold or 0, "input token")
        yield Note(
            f"The long-context price applies to requests over {threshold}: {{}}.",
            f"{number(plan.long_context_requests)} of {plural(plan.requests, 'request')} to {plan.model.id} "
            f"(adds {dollars(plan.surcharge_usd)})",
        )


def _batches(plan: ModelPlan) -> Iterator[Note]:
    if not plan.scenario.conditions.batch:
        return
    turns, limits = plan.scenario.turns, plan.quote.limits
    batches = turns  # each turn needs the answer to the previous one
    for amount, limit in ((plan.requests, limits.batch_requests), (plan.totals.sent_bytes, limits.batch_bytes)):
        if limit is not None:
            batches = max(batches, -(-amount // limit))
    why = ", because each turn needs the answer to the previous one" if batches == turns > 1 else ""
    needed = plural(batches, "message batch", "message batches")
    yield Note(f"The requests to {{}} need at least {needed}{why}.", plan.model.id, detail=batches == 1)
