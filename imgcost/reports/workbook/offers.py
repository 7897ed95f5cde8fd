"""What each model of the workbook charges on the day, and what the user of the workbook may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from imgcost.errors import NoPriceError
from imgcost.summaries import Measure
from imgcost.tables import (
    find_measured,
    limits_on,
    models,
    multiplier_on,
    price_on,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from imgcost.estimates import InferenceGeo, Terms
    from imgcost.prices import Rates
    from imgcost.tables import MeasuredName, Model, MultiplierName

__all__ = ["Caching", "Inputs", "Offer", "list_offers"]

Caching: TypeAlias = Literal["none", "5m", "1h"]
"""Whether the standing prompt is cached, and for how long."""


class Inputs(NamedTuple):
    """What stands in the input cells of the sheet Budget.

    Attributes:
        model: The id of the model whose budget is shown.
        batch: Whether the requests go through the Message Batches API.
        caching: How long the standing prompt is cached.
        prompt_tokens: Tokens of the standing prompt of every request.
        output_tokens: Tokens of the answer to every request.
        images_per_request: Images of a request; the last one may have fewer.
        inference_geo: Where inference may run.
    """

    model: str
    batch: bool = False
    caching: Caching = "none"
    prompt_tokens: int = 0
    output_tokens: int = 0
    images_per_request: int = 1
    inference_geo: InferenceGeo = "global"


class Offer(NamedTuple):
    """How a model counts and bills on the day.

    Attributes:
        model: The model.
        measure: How it counts visual tokens.
        wrapping: Tokens around every image, as measured; None where nobody did.
        framing: Tokens around every message, as measured; None where nobody did.
        surcharge: Tokens on top of every request with an image, as measured.
        standard: US dollars per MTok.
        threshold: A prompt of more tokens has the long-context price; None where there is none.
        long_context: That price; None where there is none.
        batch: The factor of a message batch; None where it is not offered.
        inference_geo_us: The factor of inference in the US; None where it is not offered.
        most_images: The most images that a request may carry; None where nothing is stated.
    """

    model: Model
    measure: Measure
    wrapping: int | None
    framing: int | None
    surcharge: int
    standard: Rates
    threshold: int | None
    long_context: Rates | None
    batch: Decimal | None
    inference_geo_us: Decimal | None
    most_images: int | None


def list_offers(settled: Sequence[Terms]) -> tuple[Offer, ...]:
    """List the models that were sold on the day, and those that were asked for.

    Args:
        settled: The terms of the models asked for, all of one day. A formula that was asked for holds for these.

    Returns:
        Their offers: the tier with the higher limits first, then the newest first.

    >>> from datetime import date
    >>> from imgcost.estimates import terms
    >>> [offer.model.id for offer in list_offers([terms("opus", as_of=date(2024, 6, 20))])][:2]
    ['claude-3-5-sonnet-20240620', 'claude-3-haiku-20240307']
    """
    day = settled[0].as_of
    sold = [model for model in models() if model.status_on(day) in {"active", "deprecated"}]
    measures = {model: Measure(model.tier, model.formula) for model in sold if model.tier and model.vision_from <= day}
    measures |= {terms.model: Measure.of(terms) for terms in settled}
    found = sorted(measures, key=lambda model: (measures[model].tier.edge_limit, model.released), reverse=True)
    return tuple(_offer(model, measures[model], day) for model in found)


def _offer(model: Model, measure: Measure, day: date) -> Offer:
    try:
        long = price_on(model, day, "long-context")
    except NoPriceError:
        long = None
    most_images = limits_on("claude-api", day).max_images(model.context_window)
    return Offer(
        model,
        measure,
        _measured("image-wrapping-tokens", model, day),
        _measured("message-framing-tokens", model, day),
        _measured("image-request-surcharge-tokens", model, day) or 0,
        price_on(model, day).rates,
        long and long.above_input_tokens,
        long and long.rates,
        _factor("batch", model, day),
        _factor("inference-geo-us", model, day),
        most_images,
    )


def _measured(name: MeasuredName, model: Model, day: date) -> int | None:
    found = find_measured(name, model, day)
    return found and found.value


def _factor(name: MultiplierName, model: Model, day: date) -> Decimal | None:
    try:
        return multiplier_on(name, model, day)
    except NoPriceError:
        return None
