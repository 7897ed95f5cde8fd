"""What a platform sells of a model on a day: its limits as packing needs them, its rates, and where both stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from imgcost.errors import NoPriceError
from imgcost.estimates import Terms, terms_at
from imgcost.plans.ledgers import KINDS
from imgcost.plans.rules import Measure, Rules
from imgcost.tables import (
    Limits,
    Measured,
    Model,
    NamedModel,
    PriceRow,
    find_measured,
    limits_on,
    multiplier_on,
    multipliers,
    price_on,
    prompt_usd_per_mtok,
    require_offered,
    resolve_model,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from imgcost.plans.scenarios import Scenario
    from imgcost.prices import Kind, Rates
    from imgcost.tables import MeasuredName, MultiplierName, Source

__all__ = ["Offer", "Price", "cited", "offer", "price_of"]


class Price(NamedTuple):
    """Rates under conditions.

    Attributes:
        rates: US dollars per million tokens by kind of price, every factor included; in fast mode the price of fast mode
            takes the place of the standard one.
        rows: The published prices behind them, by the same kinds.
        factors: What they were multiplied by, with the source of each.
    """

    rates: Mapping[Kind, Rates]
    rows: Mapping[Kind, PriceRow]
    factors: tuple[tuple[MultiplierName, Decimal, str], ...]


class Offer(NamedTuple):
    """A model under a scenario.

    Attributes:
        asked: The name that it was asked by.
        terms: The model, the day, the tier and the formula.
        rules: What its images are packed by.
        measured: The measured numbers that count, by name; None where nothing was measured.
    """

    asked: str
    terms: Terms
    rules: Rules
    measured: Mapping[MeasuredName, Measured | None]

    @property
    def model(self) -> Model:
        """The model."""
        return self.terms.model


def offer(name: str | Model, scene: Scenario) -> Offer:
    """Settle what a model is, takes and counts under a scenario.

    Args:
        name: The model, or any of its names.
        scene: The scenario.

    Returns:
        The offer.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no price on that day, did not read images yet, or the platform's limits are unknown.
        ImgcostError: The platform does not sell it, or its tier was never published.
    """
    named = resolve_model(name, as_of=scene.as_of) if isinstance(name, str) else NamedModel(name.id, name)
    settled = terms_at(named, scene.placement, scene.as_of)
    model, day = settled.model, scene.as_of
    limits = limits_on(scene.platform, day)
    names: tuple[MeasuredName, ...] = (
        "image-wrapping-tokens",
        "message-framing-tokens",
        "image-request-surcharge-tokens",
    )
    measured = {one: find_measured(one, model, day) for one in names}
    wrapping, framing, extra = (found.value if found else 0 for found in measured.values())
    rules = Rules(
        measure=Measure(settled.tier, settled.formula, scene.downscale_to),
        wrapping=wrapping,
        framing=framing,
        extra=extra,
        prompt_tokens=scene.prompt_tokens,
        output_tokens=scene.output_tokens,
        turns=scene.turns,
        images_per_request=scene.fixed_images,
        context_window=model.context_window,
        max_images=limits.max_images(model.context_window),
        many_images=limits.many_images,
        many_images_edge=limits.many_images_edge,
        request_bytes=limits.request_bytes,
        threshold=_threshold(model, scene),
        cache_minimum=model.min_cacheable_tokens,
        sources=_limit_sources(limits, model),
    )
    return Offer(named.name, settled, rules, measured)


def _threshold(model: Model, scene: Scenario) -> int | None:
    if scene.speed == "fast":
        return None  # fast mode has one price for prompts of every length
    try:
        return price_on(model, scene.as_of, "long-context").above_input_tokens
    except NoPriceError:
        return None


def _limit_sources(limits: Limits, model: Model) -> tuple[tuple[str, str], ...]:
    large = limits.large_context is not None and model.context_window >= limits.large_context
    images = limits.statements.get("images_large_context" if large else "images")
    said = {
        "images": images,
        "many_images_edge": limits.statements.get("many_images_edge"),
        "request_bytes": limits.statements.get("request_bytes"),
    }
    found = {name: cited(statement.sources) for name, statement in said.items() if statement}
    return (*found.items(), ("context_window", "'imgcost models NAME' names its sources"))


def price_of(model: Model, scene: Scenario, *, batch: bool, cached: bool) -> Price:
    """Tell the rates of a model under a scenario.

    Args:
        model: The model.
        scene: The day, the platform and the place of inference.
        batch: Whether in a batch.
        cached: Whether prompts are cached.

    Returns:
        The rates, with what they come from.

    Raises:
        NoPriceError: It is not sold like this on that day.
        ImgcostError: The platform does not sell it.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)
    """
    day = scene.as_of
    usual: Kind = "fast" if scene.speed == "fast" else "standard"
    if batch:
        require_offered("batch", scene.platform)
    if cached:
        for cache in ("write-1h" if scene.cache == "1h" else "write-5m", "read"):
            prompt_usd_per_mtok(model, day, cache=cache, kind=usual, platform=scene.platform)
    asked = {
        "batch": batch,
        "inference-geo-us": scene.inference_geo == "us",
        "regional": scene.endpoint == "regional",
    }
    names = cast("list[MultiplierName]", [name for name, wanted in asked.items() if wanted])
    rows = {"standard": price_on(model, day, usual, scene.platform)}
    if _threshold(model, scene) is not None:
        rows["long-context"] = price_on(model, day, "long-context")
    rates = {}
    for kind in KINDS:
        if kind in rows:
            sold_as = rows[kind].kind
            rates[kind] = rows[kind].rates.times(*(multiplier_on(name, model, day, sold_as) for name in names))
    factors = tuple((name, multiplier_on(name, model, day), _source_of(name, scene)) for name in names)
    return Price(rates, cast("dict[Kind, PriceRow]", rows), factors)


def _source_of(name: MultiplierName, scene: Scenario) -> str:
    rows = [row for row in multipliers() if row.name == name]
    return cited(next((row for row in reversed(rows) if row.first_day <= scene.as_of), rows[0]).sources)


def cited(sources: tuple[Source, ...]) -> str:
    """Name where something was read: the first source, and the day.

    >>> from imgcost.tables import models
    >>> cited(models()[-1].sources)
    'anthropic 2.12.0, read 2026-11-22'
    """
    return f"{sources[0].title}, read {sources[0].read}"
