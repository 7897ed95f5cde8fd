"""Alternatives to a plan: the same job with one thing changed, what it costs then, and what that takes in return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.figures import plural
from imgcost.plans.budgets import Variant, variant_of
from imgcost.quoting import comparable, requote_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgcost.plans.budgets import ModelPlan
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.plans.scenarios import Scenario
    from imgcost.plans.usage import UsageTotals
    from imgcost.quoting import Quote

__all__ = ["OWN_VARIANTS", "candidates", "cheaper_models", "variants_of"]

_SENDING = (
    ("standard", False, False),
    ("batch", True, False),
    ("cached", False, True),
    ("batch + cached", True, True),
)
"""Names of the ways to send requests: in a batch or not, with a cached prompt or not."""

OWN_VARIANTS = frozenset((*(name for name, _, _ in _SENDING), "packed", "downscaled"))
"""Names of alternatives with the same model; the others are IDs of models."""

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
        `packed` and `downscaled`. Names of what is not sold, or changes nothing, are missing.

    Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing (read 2026-10-08)
    """
    variants = {}
    cached = scenario.conditions.cache != "none"
    for name, in_batch, from_cache in _SENDING:
        is_own = (in_batch, from_cache) == (scenario.conditions.batch, cached and totals.cacheable)
        if is_own or (from_cache and not totals.cacheable):
            continue
        ttl = (scenario.conditions.cache if cached else "5m") if from_cache else "none"
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
    """Say what another way of sending requests takes or gives, apart from money."""
    conditions = other.conditions
    if conditions.batch != scenario.conditions.batch:
        yield "answers can take up to 24 hours" if conditions.batch else "answers come at once"
    if conditions.cache == "none":
        if cached:
            yield "no prompt to keep in the cache"
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
    tradeoff = "another model: compare its answers on a sample first"
    return {
        other.model.id: Variant(other.requests, other.totals.max_new_images, other.tokens, other.total_usd, tradeoff)
        for other in others
        if other.total_usd < plan.total_usd
    }
