"""Alternatives to a plan: the same job with one thing changed, what it costs then, and what that takes in return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.figures import plural
from imgcost.plans.budgets import variant_of
from imgcost.quoting import comparable, requote_or_none
from imgcost.tables import characters_per_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgcost.plans.budgets import ModelPlan, Variant
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.plans.scenarios import Scenario
    from imgcost.plans.usage import UsageTotals
    from imgcost.quoting import Quote
    from imgcost.tables import Model

__all__ = ["SENDING", "candidates", "cheaper_models", "variants_of"]

_SENDING = (
    ("standard", False, False),
    ("batch", True, False),
    ("cached", False, True),
    ("batch + cached", True, True),
)
"""Names of the ways to send requests: in a batch or not, with a cached prompt or not."""

SENDING = tuple(name for name, _, _ in _SENDING)

BATCH_HOURS = 24
"""Hours after which an unfinished batch expires."""

_LIFETIMES = {"5m": "5 minutes", "1h": "1 hour"}


def variants_of(
    quote: Quote,
    scenario: Scenario,
    totals: UsageTotals,
    packed: UsageTotals,
    downscaled: UsageTotals | None,
    sizes: Mapping[tuple[int, int], int] | None,
) -> dict[str, Variant]:
    """Price the alternatives that apply to a job with one model.

    Args:
        quote: What the model charges.
        scenario: Settings of the plan.
        totals: Sums over all requests of the plan.
        packed: Sums with as many images per request as fit.
        downscaled: Sums with downscaled images; None if they are not downscaled.
        sizes: Number of images by size; None if there are too many sizes.

    Returns:
        By name: `standard`, `batch`, `cached` and `batch + cached`, except for the plan's own way of sending requests;
        `packed` and `downscaled`. Names of what is not sold, or changes nothing, are missing; and `batch + cached` of a
        conversation whose cache expires before the batch of its next turn.

    Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing (read 2026-10-08)
    """
    variants = {}
    cached = scenario.conditions.cache != "none"
    for name, in_batch, from_cache in _SENDING:
        is_own = (in_batch, from_cache) == (scenario.conditions.batch, cached and totals.cacheable)
        ttl = (scenario.conditions.cache if cached else "5m") if from_cache else "none"
        expires = scenario.turns > 1 and in_batch and ttl == "5m"
        if is_own or expires or (from_cache and not totals.cacheable):
            continue
        other = requote_or_none(quote, scenario.conditions._replace(batch=in_batch, cache=ttl))
        if other:
            tradeoff = "; ".join(_sending_tradeoffs(other, scenario, cached=cached and totals.cacheable))
            variants[name] = variant_of(totals, other, scenario, from_cache)._replace(tradeoff=tradeoff)
    own = variant_of(totals, quote, scenario, cached)
    fewer = variant_of(packed, quote, scenario, cached)
    if fewer.total_usd < own.total_usd:
        tradeoff = f"up to {plural(packed.max_new_images, 'image')} share one prompt and one answer"
        variants["packed"] = fewer._replace(tradeoff=tradeoff)
    if downscaled and downscaled.visual < totals.visual:
        tradeoff = _detail_lost(quote, downscaled.rules, sizes)
        variants["downscaled"] = variant_of(downscaled, quote, scenario, cached)._replace(tradeoff=tradeoff)
    return variants


def _sending_tradeoffs(other: Quote, scenario: Scenario, *, cached: bool) -> Iterator[str]:
    """Say what another way of sending requests takes in return, apart from money."""
    conditions = other.conditions
    if conditions.batch > scenario.conditions.batch:
        turns = scenario.turns
        batches = plural(turns, "message batch", "message batches")
        what = "answers" if turns == 1 else f"{batches}, one after another,"
        yield f"{what} can take up to {plural(BATCH_HOURS * turns, 'hour')}"
    if conditions.cache == "none":
        return
    if not cached and conditions.batch == scenario.conditions.batch:
        least = plural(other.model.min_cacheable_tokens or 0, "token")
        lifetime = _LIFETIMES[conditions.cache]
        yield f"requests must start with the same {least} or more, each within {lifetime} of the last"
    if conditions.batch:
        yield "cache hits in a batch are not guaranteed"


def _detail_lost(quote: Quote, rules: PackingRules, sizes: Mapping[tuple[int, int], int] | None) -> str:
    most = rules.downscale_to or 0
    if sizes is None or len(sizes) != 1:
        return f"less detail: at most {plural(most, 'token')} per image"
    (size,) = sizes
    seen, smaller = geometry.resized_size(*size, quote.tier), geometry.fit_to_tokens(*size, most, quote.tier)
    return f"less detail: {smaller[0]}x{smaller[1]} px instead of {seen[0]}x{seen[1]}"


def candidates(quotes: Sequence[Quote], output_tokens: int = 0) -> list[Quote]:
    """List other models that may cost less: the newest of each family, unless it is by invitation only.

    Args:
        quotes: Quotes of the planned models.
        output_tokens: Tokens in each answer; models with a lower limit are left out.

    Returns:
        Their quotes, under the same conditions.

    >>> from datetime import date
    >>> from imgcost.quoting import quotes
    >>> [quote.model.id for quote in candidates(quotes("sonnet", as_of=date(2026, 11, 22)))]
    ['claude-haiku-5-5']
    """
    newest: dict[str, Quote] = {}
    for quote in sorted(comparable(quotes), key=lambda quote: quote.model.released):
        if not quote.model.restricted and quote.model.max_output_tokens >= output_tokens:
            newest[quote.model.family] = quote
    input_usd, output_usd = (max(getattr(quote.standard, name) for quote in quotes) for name in ("input", "output"))
    return [
        quote
        for quote in newest.values()
        if quote not in quotes and (quote.standard.input < input_usd or quote.standard.output < output_usd)
    ]


def cheaper_models(plan: ModelPlan, others: Sequence[ModelPlan]) -> dict[str, Variant]:
    """Return the plans of other models that cost less than a plan, by the model's ID."""
    return {
        other.model.id: other.as_variant(_model_tradeoff(plan.model, other.model))
        for other in others
        if other.total_usd < plan.total_usd
    }


def _model_tradeoff(model: Model, other: Model) -> str:
    tradeoff = "another model: compare its answers on a sample first"
    ours, theirs = (characters_per_token(each).value for each in (model, other))
    more = round((ours / theirs - 1) * 100)
    return f"{tradeoff}; text has about {more}% more tokens with it, which are not included" if more > 0 else tradeoff
