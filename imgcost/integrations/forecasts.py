"""What a call will cost at most, before it is sent, and what it has cost, from the `usage` of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.conditions import conditions
from imgcost.errors import ImgcostError
from imgcost.integrations.counting import count_prompt, max_input_tokens
from imgcost.prices import Usage, cost_usd, total_usd
from imgcost.quoting import quote
from imgcost.tables import resolve_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from imgcost.integrations.counting import PromptTokens
    from imgcost.quoting import Quote
    from imgcost.tables import Platform

__all__ = ["Billed", "Forecast", "billed", "forecast", "forecast_batch"]


class Forecast(NamedTuple):
    """What is known of a call before it is sent.

    Attributes:
        model: The name of the model.
        quote: The model and its prices; None if unknown.
        images: Number of images.
        image_tokens: Visual tokens of the images, with the measured tokens per image, message and request; None if an
            image could not be measured.
        prompt_tokens: All tokens of the prompt, with an estimate of its text; None if unknown.
        max_usd: The most that the call can cost, US dollars; None if there is no maximum.
        unknown: Why `max_usd` is None, as a sentence.
    """

    model: str
    quote: Quote | None = None
    images: int = 0
    image_tokens: int | None = None
    prompt_tokens: int | None = None
    max_usd: Decimal | None = None
    unknown: str | None = None


class Billed(NamedTuple):
    """What an answer reports.

    Attributes:
        usage: Tokens by class.
        usd: Their price, US dollars; None if it is unknown.
    """

    usage: Usage
    usd: Decimal | None


def forecast(
    params: Mapping[str, Any], *, platform: Platform | None = None, as_of: date | None = None, batch: bool = False
) -> Forecast:
    """Count and price a Messages request before it is sent.

    Args:
        params: The arguments of `messages.create`, which can be read as a request.
        platform: The platform; None for the one that the model's name implies, else the Claude API.
        as_of: The date whose prices apply; today if None.
        batch: Whether it is part of a message batch.

    Returns:
        The forecast. If fallback models are named, the maximum includes an answer of each model.
    """
    model = str(params.get("model") or "")
    fallbacks = params.get("fallbacks")
    others = [str(entry.get("model")) for entry in fallbacks] if isinstance(fallbacks, list) else []
    try:
        quotes = [_quote(name, params, platform, as_of, batch=batch) for name in (model, *others)]
    except ImgcostError as error:
        return Forecast(model, unknown=str(error))
    main = quotes[0]
    counted = count_prompt(params, main)
    prices = [
        _max_usd(params, count_prompt(params, other) if other is not main else counted, other) for other in quotes
    ]
    unknown = next((price for price in prices if isinstance(price, str)), None)
    return Forecast(
        model,
        main,
        counted.number,
        None if counted.unknown_images else counted.images + counted.overhead,
        counted.estimate,
        total_usd(price for price in prices if not isinstance(price, str)) if unknown is None else None,
        unknown,
    )


def forecast_batch(entries: Sequence[Forecast]) -> Forecast:
    """Add up the forecasts of the requests of a message batch."""
    models = dict.fromkeys(entry.model for entry in entries)
    costs = [entry.max_usd for entry in entries]
    return Forecast(
        ", ".join(models),
        None,
        sum(entry.images for entry in entries),
        _sum([entry.image_tokens for entry in entries]),
        _sum([entry.prompt_tokens for entry in entries]),
        None if None in costs else total_usd(filter(None, costs)),
        next((entry.unknown for entry in entries if entry.unknown), None),
    )


def _sum(tokens: Sequence[int | None]) -> int | None:
    return None if None in tokens else sum(filter(None, tokens))


def _quote(
    name: str, params: Mapping[str, Any], platform: Platform | None, as_of: date | None, *, batch: bool
) -> Quote:
    named = resolve_model(name, as_of=as_of)
    sent = conditions(
        [named],
        as_of=as_of,
        platform=None if named.platform else platform,
        speed="fast" if params.get("speed") == "fast" else None,
        inference_geo="us" if params.get("inference_geo") == "us" else "global",
        batch=batch,
    )
    return quote(named, sent)


def _max_usd(params: Mapping[str, Any], counted: PromptTokens, model: Quote) -> Decimal | str:
    """Return the most that a request can cost, or why there is no maximum.

    The prompt may be written to the cache, at the highest rate, and the answer may have `max_tokens`.
    """
    tokens, unbounded = max_input_tokens(params, counted, model)
    most_output = params.get("max_tokens")
    if not isinstance(most_output, int) or most_output < 0:
        return "max_tokens is not a number of tokens"
    if unbounded:
        return unbounded
    rates = model.rates(tokens)
    writes = [rate for rate in (rates.cache_write_5m, rates.cache_write_1h) if rate is not None and counted.cached]
    return total_usd([cost_usd(tokens, max([rates.input, *writes])), cost_usd(most_output, rates.output)])


def billed(answered: Mapping[str, Any], model: Quote | None) -> Billed | None:
    """Read and price the `usage` of an answer.

    Args:
        answered: The answer, or what a stream has reported so far: `usage` and `model`.
        model: The prices of the requested model; None if unknown. If another model has answered, its prices apply.

    Returns:
        Tokens and US dollars; None without usage.
    """
    usage = answered.get("usage")
    if not isinstance(usage, dict) or not isinstance(usage.get("output_tokens"), int):
        return None
    by_ttl = usage.get("cache_creation") or {}
    written, for_an_hour = usage.get("cache_creation_input_tokens") or 0, by_ttl.get("ephemeral_1h_input_tokens") or 0
    tokens = Usage(
        usage.get("input_tokens") or 0,
        usage["output_tokens"],
        written - for_an_hour,
        for_an_hour,
        usage.get("cache_read_input_tokens") or 0,
    )
    return Billed(tokens, _usd(tokens, usage, _answering(answered.get("model"), model)))


def _answering(name: Any, requested: Quote | None) -> Quote | None:
    """Return the prices of the model that has answered, or of the requested one if its name is not known."""
    try:
        return quote(resolve_model(str(name)).model, requested.conditions) if requested else None
    except ImgcostError:
        return requested


def _usd(tokens: Usage, usage: Mapping[str, Any], model: Quote | None) -> Decimal | None:
    """Price tokens; None if something has another price, such as web searches."""
    searches = (usage.get("server_tool_use") or {}).get("web_search_requests")
    compacted = any(part.get("type") not in ("message", None) for part in usage.get("iterations") or ())
    if model is None or searches or compacted:
        return None
    try:
        return model.rates(tokens.prompt).cost_usd(tokens)
    except ValueError:  # a class of tokens without a published price
        return None
