"""Notes on a plan: what was measured, what is assumed, what is not cached and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.errors import ImgcostError
from imgcost.figures import dollars, listed, number, plural
from imgcost.prompts import tokens_of_bytes
from imgcost.quoting import requote
from imgcost.tables import TWO_ENDPOINTS, characters_per_token, cite
from imgcost.text.notes import Note, varying
from imgcost.text.quotes import overhead_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.plans import ModelPlan, Scenario

__all__ = ["notes_of", "overhead_notes", "prompt_notes"]


def prompt_notes(scenario: Scenario, plans: Sequence[ModelPlan]) -> Iterator[Note]:
    """Say by which rule the tokens of a prompt were estimated, and which models need fewer.

    Args:
        scenario: Settings of a plan.
        plans: The plans of a job, one per model.

    Yields:
        Notes if they were.
    """
    if scenario.prompt_bytes is None:
        return
    average = min((characters_per_token(plan.model) for plan in plans), key=lambda row: row.value)
    yield Note(
        f"The prompt is estimated: {plural(scenario.prompt_bytes, 'byte')} of text at {average.value:f} per token, "
        f"which is {plural(scenario.prompt_tokens, 'token')} ({cite(average.sources)}). For an exact number, use the "
        "token counting endpoint of the API and --prompt-tokens."
    )
    for plan in plans:
        needed = tokens_of_bytes(scenario.prompt_bytes, plan.model)
        if needed < scenario.prompt_tokens:
            counted = number(scenario.prompt_tokens)
            yield Note(
                f"With {{}}, that text has about {plural(needed, 'token')}; {counted} are priced.", plan.model.id
            )


def overhead_notes(plans: Sequence[ModelPlan]) -> Iterator[Note]:
    """Say which measured overhead the totals include, and with which models if they differ.

    Args:
        plans: The plans of a job, one per model.

    Yields:
        Notes; none without images, or for models without measured overhead.
    """
    phrases = {plan.model.id: overhead_phrase(plan.quote) for plan in plans if plan.images}
    yield from varying(phrases, "Includes an overhead of %s%s.")


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
        yield from _not_offered(plan)
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
                f"Source of the overhead {where} with {{}}, measured with {listed(measured.measured_ids)}: "
                f"{confidence}{cite(measured.sources)}.",
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


def _not_offered(plan: ModelPlan) -> Iterator[Note]:
    """Say why prompt caching or batches are not among the alternatives, where a reader might miss them."""
    scenario, minimum = plan.scenario, plan.model.min_cacheable_tokens
    conditions = scenario.conditions
    if (
        conditions.cache == "none"
        and minimum
        and 0 < scenario.prompt_tokens < minimum
        and scenario.turns == 1 < plan.requests
    ):
        yield Note(
            f"The prompt of {plural(scenario.prompt_tokens, 'token')} cannot be cached with {{}}: the minimum is "
            f"{number(minimum)}.",
            plan.model.id,
        )
    if not conditions.batch:
        try:
            requote(plan.quote, conditions._replace(batch=True))
        except ImgcostError as error:
            own = (
                " Batch inference of the platform itself is not priced." if conditions.platform in TWO_ENDPOINTS else ""
            )
            yield Note(f"No alternative in batches: {error}.{own}")


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
    if plan.job_images.unsized and limits.batch_bytes:
        most = plural(limits.batch_bytes, "byte")
        why += f"; more if a batch would exceed {most}, because not all file sizes are known"
    needed = plural(batches, "message batch", "message batches")
    yield Note(f"The requests to {{}} need at least {needed}{why}.", plan.model.id, detail=batches == 1)
