"""The data of the panel of a page: histograms of tokens, rates as integers, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from imgcost.conditions import CacheTtl, InferenceGeo
from imgcost.errors import NoPriceError
from imgcost.plans.packing_rules import BYTES_PER_BLOCK, BYTES_PER_REQUEST, BYTES_PER_TOKEN
from imgcost.plans.settings import MAX_TOKENS
from imgcost.quoting import requote_or_none
from imgcost.reports.html.highlights import BYTES_STEP
from imgcost.tables import limits_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.conditions import Conditions
    from imgcost.prices import Rates
    from imgcost.quoting import Quote
    from imgcost.reports.html.highlights import Highlights
    from imgcost.summaries import ScanSummary

__all__ = ["panel_data"]

_CACHES: tuple[CacheTtl, ...] = get_args(CacheTtl)
_GEOS: tuple[InferenceGeo, ...] = get_args(InferenceGeo)
_LIMITS = ("many_images", "many_images_edge", "request_bytes")


def panel_data(summary: ScanSummary, highlights: Highlights, quotes: Sequence[Quote]) -> dict[str, Any] | None:
    """Collect the data for `page.js`.

    Rates are integers with `places` decimal places, so that the browser multiplies integers only. A model's
    `rates` are by inference geo, then without and with a batch, then of a standard and of a long prompt, then by class
    of token; None if something is not offered.

    Args:
        summary: The sums of the scan.
        highlights: The sizes of the images in bytes.
        quotes: The quotes of the models, the selected one first.

    Returns:
        Plain values for JSON; None if the limits of the platform are unknown, because then there is no plan.
    """
    try:
        limits = limits_on(quotes[0].conditions.platform, quotes[0].conditions.as_of)
    except NoPriceError:
        return None
    rates_by_geo = [
        {geo: [_rates(quote, geo, batch=batch) for batch in (False, True)] for geo in _GEOS} for quote in quotes
    ]
    places = _places(rates_by_geo)
    models: list[dict[str, Any]] = [
        {
            "id": quote.model.id,
            "rule": summary.token_rules.index(quote.rule),
            "context_window": quote.model.context_window,
            "max_output": quote.model.max_output_tokens,
            "max_images": quote.max_images,
            "cache_minimum": quote.model.min_cacheable_tokens,
            "threshold": quote.threshold,
            "overhead": quote.overhead.tokens,
            "caches": [ttl for ttl in _CACHES if requote_or_none(quote, quote.conditions._replace(cache=ttl))],
            "rates": {
                geo: [rates and _scaled(rates, places) for rates in by_batch] for geo, by_batch in by_geo.items()
            },
        }
        for quote, by_geo in zip(quotes, rates_by_geo, strict=True)
    ]
    return {
        "images": summary.images,
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
        "places": places,
        "models": models,
        "caches": [ttl for ttl in _CACHES if any(ttl in model["caches"] for model in models)],
        "geos": [geo for geo in _GEOS if any(any(by_geo[geo]) for by_geo in rates_by_geo)],
        "batch": any(by_batch[1] for by_geo in rates_by_geo for by_batch in by_geo.values()),
        "command": _command(quotes[0].conditions),
    }


_RatesByGeo: TypeAlias = "dict[InferenceGeo, list[list[Rates] | None]]"


def _rates(quote: Quote, geo: InferenceGeo, *, batch: bool) -> list[Rates] | None:
    """Return the rates of a standard and, if any, of a long prompt; None if they are not offered."""
    requoted = requote_or_none(quote, quote.conditions._replace(inference_geo=geo, batch=batch, cache="none"))
    return [rates for rates in (requoted.standard, requoted.long_context) if rates] if requoted else None


def _places(rates_by_geo: Iterable[_RatesByGeo]) -> int:
    """Return the number of decimal places that all rates need."""
    all_rates = (
        rates for by_geo in rates_by_geo for by_batch in by_geo.values() for pair in by_batch for rates in pair or ()
    )
    used = [rate.normalize() for rates in all_rates for rate in rates if rate is not None]
    return max(0, *(-int(rate.as_tuple().exponent) for rate in used))


def _scaled(rates_by_length: Iterable[Rates], places: int) -> list[list[int | None]]:
    return [[None if rate is None else int(rate.scaleb(places)) for rate in rates] for rates in rates_by_length]


def _command(conditions: Conditions) -> str:
    """Return the part of the command that the panel does not change."""
    options = [f"--as-of {conditions.as_of}"]
    if conditions.platform != "claude-api":
        options.append(f"--platform {conditions.platform}")
    if conditions.endpoint != "global":
        options.append(f"--endpoint {conditions.endpoint}")
    if conditions.speed == "fast":
        options.append("--fast")
    return f"imgcost plan PATH {' '.join(options)}"
