"""The data of the panel of a page: histograms of tokens, sizes, rates as integers, and limits."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from imgcost.conditions import CacheTtl, InferenceGeo
from imgcost.errors import NoPriceError
from imgcost.plans.packing_rules import BYTES_PER_BLOCK, BYTES_PER_REQUEST, BYTES_PER_TOKEN
from imgcost.plans.settings import MAX_TOKENS
from imgcost.quoting import requote_or_none
from imgcost.reports.commands import fixed_options, image_arguments
from imgcost.reports.html.facts import overhead_note
from imgcost.reports.html.highlights import BYTES_STEP
from imgcost.tables import limits_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.plans import ModelPlan
    from imgcost.prices import Rates
    from imgcost.quoting import Quote
    from imgcost.reports.html.highlights import Highlights
    from imgcost.reports.jobs import ReportJob

__all__ = ["panel_data"]

WIDE = Context(prec=400)
"""Enough digits for any sum; the default context rounds to 28."""

MAX_EXACT = 2**53
"""Numbers of a script are exact below this."""

MAX_IMAGES = 10**15
"""Maximum number of images that can be typed; with more, there are soon too many tokens to count."""

RETRY_PLACES = 4
"""Decimal places of a retry rate that can be typed: hundredths of a percent."""

_CACHES: tuple[CacheTtl, ...] = get_args(CacheTtl)
_GEOS: tuple[InferenceGeo, ...] = get_args(InferenceGeo)
_LIMITS = ("many_images", "many_images_edge", "request_bytes")


def panel_data(
    job: ReportJob, highlights: Highlights, quotes: Sequence[Quote], selected: Quote
) -> dict[str, Any] | None:
    """Collect the data for the scripts of a page.

    Rates are integers with `places` decimal places, so that the browser multiplies integers only. A model's `rates` are
    by inference geo, then without and with a batch, then of a standard and of a long prompt, then by class of token;
    None if something is not offered. The costs in `planned` (total, retries, surcharge, then by class of token) are
    integers too, as text, with 6 more places and those of the retry rate.

    Args:
        job: The job.
        highlights: The sizes of the images in pixels and in bytes.
        quotes: The quotes of the models, in the order of the page.
        selected: The quote of the model that is shown first.

    Returns:
        Plain values for JSON; None if the limits of the platform are unknown, or if only a plan can calculate the job:
        conversations, packed images, and numbers that a script would round.
    """
    summary, scenario, conditions = job.summary, job.scenario, selected.conditions
    try:
        limits = limits_on(conditions.platform, conditions.as_of)
    except NoPriceError:
        return None
    plans = [job.plan_of(quote) for quote in quotes]
    most = max([summary.images, *(sum(plan.tokens) for plan in plans if plan)])
    if scenario.turns > 1 or scenario.fixed_images is None or most >= MAX_EXACT:
        return None
    rates_by_geo = [
        {geo: [_rates(quote, geo, batch=batch) for batch in (False, True)] for geo in _GEOS} for quote in quotes
    ]
    places = _places(rates_by_geo)
    retry_places = max(RETRY_PLACES, _decimals(scenario.retry_rate))
    models: list[dict[str, Any]] = [
        {
            "id": quote.model.id,
            "tier": quote.tier.name,
            "rule": summary.token_rules.index(quote.rule),
            "downscaled": summary.downscaled_by(quote.rule),
            "context_window": quote.model.context_window,
            "max_output": quote.model.max_output_tokens,
            "max_images": quote.max_images,
            "cache_minimum": quote.model.min_cacheable_tokens,
            "threshold": quote.threshold,
            "overhead": quote.overhead.tokens,
            "overhead_note": overhead_note(plan),
            "caches": [ttl for ttl in _CACHES if requote_or_none(quote, quote.conditions._replace(cache=ttl))],
            "rates": {
                geo: [rates and _scaled(rates, places) for rates in by_batch] for geo, by_batch in by_geo.items()
            },
            "planned": plan and _planned(plan, 6 + places + retry_places),
        }
        for quote, plan, by_geo in zip(quotes, plans, rates_by_geo, strict=True)
    ]
    sizes = highlights.sizes
    return {
        "sizes": None if sizes is None else [(*size, count) for size, count in sizes.items()],
        "rules": [(rule.tier.edge_limit, rule.tier.token_limit, rule.formula) for rule in summary.token_rules],
        "tokens": [sorted(histogram.items(), reverse=True) for histogram in summary.histograms],
        "first": [next(iter(histogram), 0) for histogram in summary.histograms],  # its request writes the cache
        "bytes": [
            (BYTES_STEP * steps + BYTES_PER_BLOCK, images)
            for steps, images in sorted(highlights.request_bytes.items(), reverse=True)
        ],
        "longest_edge": summary.longest_edge,
        "limits": {name: getattr(limits, name) for name in _LIMITS},
        "allowed": {"token": BYTES_PER_TOKEN, "request": BYTES_PER_REQUEST},
        "most": MAX_TOKENS,
        "most_images": MAX_IMAGES,
        "places": places,
        "retry_places": retry_places,
        "retry_step": f"{Decimal(1).scaleb(2 - retry_places):f}",
        "start_percent": f"{(scenario.retry_rate * 100).normalize():f}",
        "models": models,
        "caches": [ttl for ttl in _CACHES if any(ttl in model["caches"] for model in models)],
        "geos": [geo for geo in _GEOS if any(any(by_geo[geo]) for by_geo in rates_by_geo)],
        "batch": any(by_batch[1] for by_geo in rates_by_geo for by_batch in by_geo.values()),
        "start": _start(job, selected, retry_places),
        "sent": {
            "as_of": conditions.as_of.isoformat(),
            "platform": conditions.platform,
            "endpoint": conditions.endpoint,
            "speed": conditions.speed,
        },
        "command": {
            "images": image_arguments(sizes, summary.images).partition(" --count")[0],
            "fixed": fixed_options(conditions),
        },
    }


_RatesByGeo: TypeAlias = "dict[InferenceGeo, list[list[Rates] | None]]"


def _start(job: ReportJob, selected: Quote, retry_places: int) -> dict[str, Any]:
    """Return the settings that the panel starts with; the retry rate as an integer in text."""
    scenario = job.scenario
    return {
        "model": selected.model.id,
        "count": job.summary.images,
        "images": scenario.fixed_images,
        "prompt": scenario.prompt_tokens,
        "output": scenario.output_tokens,
        "cache": selected.conditions.cache,
        "geo": selected.conditions.inference_geo,
        "batch": selected.conditions.batch,
        "retry": str(int(scenario.retry_rate.scaleb(retry_places))),
    }


def _planned(plan: ModelPlan, places: int) -> dict[str, Any]:
    """Return the result of a plan as the script calculates it."""
    costs = plan.total_usd, plan.retries_usd, plan.surcharge_usd, *plan.usd
    return {
        "requests": plan.requests,
        "long": plan.long_context_requests,
        "counts": plan.tokens,
        "units": [f"{usd.scaleb(places, WIDE):.0f}" for usd in costs],
    }


def _rates(quote: Quote, geo: InferenceGeo, *, batch: bool) -> list[Rates] | None:
    """Return the rates of a standard and, if any, of a long prompt; None if they are not offered."""
    requoted = requote_or_none(quote, quote.conditions._replace(inference_geo=geo, batch=batch, cache="none"))
    return [rates for rates in (requoted.standard, requoted.long_context) if rates] if requoted else None


def _places(rates_by_geo: Iterable[_RatesByGeo]) -> int:
    """Return the number of decimal places that all rates need."""
    all_rates = (
        rates for by_geo in rates_by_geo for by_batch in by_geo.values() for pair in by_batch for rates in pair or ()
    )
    return max(0, *(_decimals(rate) for rates in all_rates for rate in rates if rate is not None))


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))


def _scaled(rates_by_length: Iterable[Rates], places: int) -> list[list[int | None]]:
    return [[None if rate is None else int(rate.scaleb(places)) for rate in rates] for rates in rates_by_length]
