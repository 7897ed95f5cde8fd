"""What the panel of a page recalculates from: limits, rates and factors as integers, and every image's tokens."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, NoPriceError
from imgcost.plans.rules import BYTES_A_BLOCK, BYTES_A_REQUEST, BYTES_A_TOKEN
from imgcost.plans.scenarios import MOST_TOKENS
from imgcost.tables import find_measured, limits_on, multiplier_on, price_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from numpy.typing import NDArray

    from imgcost.prices import Kind
    from imgcost.reports.html.gathering import Gathered
    from imgcost.reports.html.models import Compared
    from imgcost.tables import MeasuredName, Model, MultiplierName, PriceRow

__all__ = ["settings"]

_LIMITS = ("image_edge", "image_bytes", "many_images", "many_images_edge", "request_bytes")


def settings(found: Gathered, compared: Sequence[Compared], day: date) -> dict[str, Any]:
    """Collect what `page.js` calculates with.

    Every rate is an integer of `places.rate` decimal places, every factor one of `places.factor`, so that the browser
    multiplies integers only. Columns of images are little-endian and base64.

    Args:
        found: What the scan added up.
        compared: The models.
        day: The day whose prices and limits hold.

    Returns:
        Plain values, to be written as JSON.
    """
    limits = limits_on("claude-api", day)
    listed = [_model(one.model, found.tally.measures.index(one.measure), day) for one in compared]
    rate_places = _places(rate for one in listed for row in one["rates"] for rate in row)
    factor_places = _places(factor for one in listed for name in ("batch", "us") for factor in one[name] or ())
    for one in listed:
        one["rates"] = [[_scaled(rate, rate_places) for rate in row] for row in one["rates"]]
        for name in ("batch", "us"):
            one[name] = one[name] and [_scaled(factor, factor_places) for factor in one[name]]
    return {
        "limits": {name: getattr(limits, name) for name in _LIMITS},
        "allowed": {"image": BYTES_A_BLOCK, "token": BYTES_A_TOKEN, "request": BYTES_A_REQUEST},
        "most": MOST_TOKENS,
        "places": {"rate": rate_places, "factor": factor_places},
        "models": [one | {"max_images": limits.max_images(one["context_window"])} for one in listed],
        "set_aside": found.rejected,
        "tokens": [_text(parts, "<u2") for parts in found.tokens],
        "base64_bytes": _text(found.base64_bytes, "<u4"),
        "large": _text([np.packbits(_joined(found.large, "?"), bitorder="little")], "u1"),
    }


def _model(model: Model, measure: int, day: date) -> dict[str, Any]:
    """One model: what its requests are counted and priced by; the long-context price stands behind the standard one."""
    rows: dict[Kind, PriceRow] = {"standard": price_on(model, day)}
    try:
        rows["long-context"] = price_on(model, day, "long-context")
    except NoPriceError:
        threshold = None
    else:
        threshold = rows["long-context"].above_input_tokens
    names: dict[str, MeasuredName] = {
        "wrapping": "image-wrapping-tokens",
        "framing": "message-framing-tokens",
        "extra": "image-request-surcharge-tokens",
    }
    measured = {key: find_measured(name, model, day) for key, name in names.items()}
    return {
        "id": model.id,
        "tokens": measure,
        "context_window": model.context_window,
        "max_output": model.max_output_tokens,
        "cache_minimum": model.min_cacheable_tokens,
        "threshold": threshold,
        "measured": {key: one and one.value for key, one in measured.items()},
        "rates": [list(row.rates) for row in rows.values()],
        "batch": _factors("batch", model, day, rows),
        "us": _factors("inference-geo-us", model, day, rows),
    }


def _factors(name: MultiplierName, model: Model, day: date, kinds: Iterable[Kind]) -> list[Decimal] | None:
    """A factor on each of a model's prices; None where it is not offered."""
    try:
        return [multiplier_on(name, model, day, kind) for kind in kinds]
    except ImgcostError:
        return None


def _places(numbers: Iterable[Decimal | None]) -> int:
    """The fewest decimal places that hold all of these numbers."""
    return max((0, *(-int(one.normalize().as_tuple().exponent) for one in numbers if one is not None)))


def _scaled(number: Decimal | None, places: int) -> int | None:
    return None if number is None else int(number.scaleb(places))


def _joined(parts: Sequence[NDArray[Any]], dtype: str) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)


def _text(parts: Sequence[NDArray[Any]], dtype: str) -> str:
    return base64.b64encode(_joined(parts, dtype).tobytes()).decode("ascii")
