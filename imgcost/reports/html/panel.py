"""The data of the panel of a page: histograms of tokens, rates as integers, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from imgcost.conditions import CacheTtl, InferenceGeo
from imgcost.errors import NoPriceError
from imgcost.plans.rules import BYTES_A_BLOCK, BYTES_A_REQUEST, BYTES_A_TOKEN
from imgcost.plans.scenarios import MOST_TOKENS
from imgcost.quotes import offered
from imgcost.reports.html.highlights import BYTES_STEP
from imgcost.tables import limits_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.conditions import Conditions
    from imgcost.prices import Rates
    from imgcost.quotes import Quote
    from imgcost.reports.html.highlights import Highlights
    from imgcost.summaries import ScanSummary

__all__ = ["panel_data"]

_CACHES: tuple[CacheTtl, ...] = get_args(CacheTtl)
_GEOS: tuple[InferenceGeo, ...] = get_args(InferenceGeo)
_LIMITS = ("many_images", "many_images_edge", "request_bytes")


def panel_data(summary: ScanSummary, highlights: Highlights, quotes: Sequence[Quote]) -> dict[str, Any] | None:
    """Collect what `page.js` calculates with.

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
    offers = [{geo: [_rates(quote, geo, batch=batch) for batch in (False, True)] for geo in _GEOS} for quote in quotes]
    places = _places(offers)
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
            "caches": [ttl for ttl in _CACHES if offered(quote, quote.conditions._replace(cache=ttl))],
            "rates": {geo: [one and _scaled(one, places) for one in both] for geo, both in offer.items()},
        }
        for quote, offer in zip(quotes, offers, strict=True)
    ]
    return {
        "images": summary.images,
        "tokens": [sorted(histogram.items(), reverse=True) for histogram in summary.histograms],
        "first": [next(iter(histogram), 0) for histogram in summary.histograms],  # its request writes the cache
        "bytes": [
            (BYTES_STEP * steps + BYTES_A_BLOCK, images)
            for steps, images in sorted(highlights.sent.items(), reverse=True)
        ],
        "longest_edge": summary.longest_edge,
        "limits": {name: getattr(limits, name) for name in _LIMITS},
        "allowed": {"token": BYTES_A_TOKEN, "request": BYTES_A_REQUEST},
        "most": MOST_TOKENS,
        "places": places,
        "models": models,
        "caches": [ttl for ttl in _CACHES if any(ttl in model["caches"] for model in models)],
        "geos": [geo for geo in _GEOS if any(any(offer[geo]) for offer in offers)],
        "batch": any(both[1] for offer in offers for both in offer.values()),
        "command": _command(quotes[0].conditions),
    }


_Offer: TypeAlias = "dict[InferenceGeo, list[list[Rates] | None]]"


def _rates(quote: Quote, geo: InferenceGeo, *, batch: bool) -> list[Rates] | None:
    """Return the rates of a standard and, if any, of a long prompt; None if they are not offered."""
    offer = offered(quote, quote.conditions._replace(inference_geo=geo, batch=batch, cache="none"))
    return [rates for rates in (offer.standard, offer.long_context) if rates] if offer else None


def _places(offers: Iterable[_Offer]) -> int:
    """Return the fewest decimal places that fit all rates."""
    kinds = (rates for offer in offers for both in offer.values() for one in both for rates in one or ())
    rates = [rate.normalize() for kind in kinds for rate in kind if rate is not None]
    return max(0, *(-int(rate.as_tuple().exponent) for rate in rates))


def _scaled(kinds: Iterable[Rates], places: int) -> list[list[int | None]]:
    return [[None if rate is None else int(rate.scaleb(places)) for rate in rates] for rates in kinds]


def _command(sent: Conditions) -> str:
    """Return the part of the command that the panel does not change."""
    options = [f"--as-of {sent.as_of}"]
    if sent.platform != "claude-api":
        options.append(f"--platform {sent.platform}")
    if sent.endpoint != "global":
        options.append(f"--endpoint {sent.endpoint}")
    if sent.speed == "fast":
        options.append("--fast")
    return f"imgcost plan PATH {' '.join(options)}"
