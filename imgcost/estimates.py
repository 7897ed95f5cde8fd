"""One image, one model, one day: tokens and dollars."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from imgcost import geometry
from imgcost.errors import ImgcostError, NoPriceError
from imgcost.prices import Cache, cost_usd, multiply
from imgcost.tables import (
    TWO_ENDPOINTS,
    Model,
    NamedModel,
    find_measured,
    multiplier_on,
    place,
    platforms,
    prompt_usd_per_mtok,
    require_offered,
    resolve_model,
    today,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from imgcost.geometry import Formula, Tier
    from imgcost.prices import Kind
    from imgcost.tables import Endpoint, MultiplierName, Placement, Platform, Speed

__all__ = ["Estimate", "InferenceGeo", "Terms", "estimate", "terms", "terms_like"]

InferenceGeo: TypeAlias = Literal["global", "us"]
"""Where inference may run: anywhere, or in the US only, which newer models bill dearer."""


class Terms(NamedTuple):
    """How a model counts and bills visual tokens on a day, under the conditions asked for.

    Attributes:
        model: The model that the name became.
        as_of: The day whose prices hold.
        tier: The model's resolution tier.
        formula: The formula that counts.
        usd_per_mtok: US dollars per million visual tokens, every condition included.
        conditions: What was asked for beyond the standard price, such as `batch`.
        platform: Where the request is sent.
        endpoint: Which endpoint of Amazon Bedrock or Google Cloud; `global` on other platforms.
        speed: `standard`, or `fast` for fast mode.
        assumptions: What was assumed because neither the name nor the caller said it, as sentences.
    """

    model: Model
    as_of: date
    tier: Tier
    formula: Formula
    usd_per_mtok: Decimal
    conditions: tuple[str, ...]
    platform: Platform = "claude-api"
    endpoint: Endpoint = "global"
    speed: Speed = "standard"
    assumptions: tuple[str, ...] = ()

    def tokens(self, width: int, height: int) -> int:
        """Count the visual tokens of an image.

        Args:
            width: Width, px.
            height: Height, px.

        Returns:
            Visual tokens.

        Raises:
            SizeError: A side is no integer from 1 to 2**31.
        """
        return geometry.image_tokens(width, height, self.tier, self.formula)

    def cost_usd(self, tokens: int) -> Decimal:
        """Price visual tokens.

        Args:
            tokens: Visual tokens; the sum over all images, for costs are computed from sums.

        Returns:
            US dollars, exact.
        """
        return cost_usd(tokens, self.usd_per_mtok)


class Estimate(NamedTuple):
    """What one image costs.

    Attributes:
        width: Width as sent, px.
        height: Height as sent, px.
        resized_width: Width that Claude sees, px.
        resized_height: Height that Claude sees, px.
        tokens: Visual tokens.
        input_usd: US dollars for the image as input, exact.
        terms: The model, the day, the tier, the formula and the rate behind it.
    """

    width: int
    height: int
    resized_width: int
    resized_height: int
    tokens: int
    input_usd: Decimal
    terms: Terms

    @property
    def downscaled(self) -> bool:
        """Whether the API would downscale the image first."""
        return (self.width, self.height) != (self.resized_width, self.resized_height)

    @property
    def padded_size(self) -> tuple[int, int]:
        """Width and height after padding to whole patches, px."""
        return geometry.padded_size(self.resized_width, self.resized_height)

    @property
    def measured_tokens(self) -> int | None:
        """Visual tokens as billed, where measurements contradict the published formula; None elsewhere.

        Measured on Claude 3.5 Haiku, on images that are not downscaled: it bills even numbers of patches.

        >>> estimate(128, 128, model="claude-3-5-haiku").measured_tokens
        36
        """
        grid = find_measured("patch-grid-multiple", self.terms.model) if self.terms.formula == "patch" else None
        if grid is None or self.downscaled:
            return None
        billed = geometry.grid_tokens(self.width, self.height, grid.value)
        return None if billed == self.tokens else billed

    @property
    def other_formula(self) -> Formula:
        """The formula that was not used."""
        return "area" if self.terms.formula == "patch" else "patch"

    @property
    def other_tokens(self) -> int:
        """What the other formula counts, so that nobody is surprised."""
        return geometry.image_tokens(self.width, self.height, self.terms.tier, self.other_formula)


def terms(
    model: str | Model,
    *,
    as_of: date | None = None,
    formula: Formula | None = None,
    batch: bool = False,
    cache: Cache = "none",
    inference_geo: InferenceGeo = "global",
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
) -> Terms:
    """Settle how a model counts and bills visual tokens.

    Args:
        model: A model, or any of its names: an id, an alias, a spelling of Amazon Bedrock or Google Cloud, or a family
            such as `sonnet`, which means its newest active model on that day.
        as_of: The day whose prices hold; today if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether the request goes through the Message Batches API.
        cache: What prompt caching does with the image: `none`, `write-5m`, `write-1h` or `read`.
        inference_geo: `global`, or `us`.
        platform: Where the request is sent, one of `imgcost.tables.platforms()`. If None, as the name says, such as
            `bedrock` for `us.anthropic.claude-opus-5-5`; else the Claude API.
        endpoint: `global`, or `regional` (Amazon Bedrock and Google Cloud). If None, as the name says; an id of Amazon
            Bedrock without a geography is taken as regional, everything else as global.
        speed: `standard`, or `fast` for fast mode. If None, as the name says, else standard.

    Returns:
        The terms, to be asked for tokens and dollars.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that day, or did not read images yet.
        ImgcostError: The model's resolution tier was never published.
        ImgcostError: The platform does not sell the model like this, or the name contradicts the platform, the
            endpoint or the speed.
        ValueError: A choice is none of those listed.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> from datetime import date
    >>> found = terms("haiku", as_of=date(2026, 11, 22), batch=True)
    >>> found.model.id, found.usd_per_mtok
    ('claude-haiku-5-5', Decimal('0.05'))
    """
    day = as_of or today()
    if isinstance(day, datetime):
        day = day.date()
    named = NamedModel(model.id, model) if isinstance(model, Model) else resolve_model(model, as_of=day)
    for name, value, choices in (
        ("formula", formula, (None, "patch", "area")),
        ("cache", cache, ("none", "write-5m", "write-1h", "read")),
        ("inference_geo", inference_geo, ("global", "us")),
        ("platform", platform, (None, *platforms())),
        ("endpoint", endpoint, (None, "global", "regional")),
        ("speed", speed, (None, "standard", "fast")),
    ):
        _checked(name, value, choices)
    where = place([named], platform=platform, endpoint=endpoint, speed=speed)
    return terms_at(named, where, day, formula=formula, batch=batch, cache=cache, inference_geo=inference_geo)


def terms_at(
    named: NamedModel,
    where: Placement,
    day: date,
    *,
    formula: Formula | None = None,
    batch: bool = False,
    cache: Cache = "none",
    inference_geo: InferenceGeo = "global",
) -> Terms:
    """`terms`, for a name that is resolved and a place that is decided already.

    >>> from imgcost.tables import place, resolve_model
    >>> named = resolve_model("global.anthropic.claude-opus-5-5")
    >>> terms_at(named, place([named]), today()).usd_per_mtok
    Decimal('4')
    """
    found = named.model
    _require_sold(found, where.platform)
    kind: Kind = "fast" if where.speed == "fast" else "standard"
    rate = prompt_usd_per_mtok(found, day, cache=cache, kind=kind, platform=where.platform)
    if day < found.vision_from:
        raise NoPriceError(found.id, day, found.vision_from, kind="price of images")
    if found.tier is None:
        raise ImgcostError(f"the resolution tier of {found.id} was never published, so its images cannot be counted")
    factors: dict[MultiplierName, bool] = {
        "batch": batch,
        "inference-geo-us": inference_geo == "us",
        "regional": where.endpoint == "regional",
    }
    for factor, wanted in factors.items():
        if wanted:
            require_offered(factor, where.platform)
            rate = multiply(rate, multiplier_on(factor, found, day, kind))
    conditions = {
        "batch": batch,
        f"cache {cache}": cache != "none",
        "inference in the US": inference_geo == "us",
        "fast mode": kind == "fast",
        where.platform: where.platform != "claude-api",
        f"{where.endpoint} endpoint": where.platform in TWO_ENDPOINTS,
    }
    return Terms(
        found,
        day,
        found.tier,
        formula or found.formula,
        rate,
        tuple(name for name, applies in conditions.items() if applies),
        where.platform,
        where.endpoint,
        where.speed,
        tuple(_assumptions(named, where, day)),
    )


_IDS: dict[Platform, str] = {"bedrock": "bedrock_ids", "google-cloud": "google_cloud_id", "foundry": "foundry_id"}


def _require_sold(model: Model, platform: Platform) -> None:
    """Refuse a platform on which the model has neither an id nor a date of retirement."""
    if platform in _IDS and not getattr(model, _IDS[platform]) and not model.retires_on(platform):
        raise ImgcostError(f"{model.id} is not sold on {platform}: no id of it there is published")


def _assumptions(named: NamedModel, where: Placement, day: date) -> Iterator[str]:
    """Say which endpoint was assumed where the price depends on it, and which price is uncertain."""
    if where.platform not in TWO_ENDPOINTS:
        return
    factor = multiplier_on("regional", named.model, day)
    if factor == 1:
        return
    if where.assumed:
        other = (
            f"at {factor:f} times the global price"
            if where.endpoint == "regional"
            else (f"and regional endpoints cost {factor:f} times as much")
        )
        yield f"{named.name!r} does not say which endpoint of {where.platform} it calls: {where.endpoint} is assumed, {other}."
    if named.geography == "us-gov":
        yield f"The price of us-gov. endpoints is uncertain: {factor:f} times the global price here, sources disagree."


def terms_like(settled: Terms, model: str | Model, formula: Formula | None = None) -> Terms:
    """Settle how another model counts and bills under the same conditions, on the same day.

    Args:
        settled: The terms that have the conditions.
        model: The other model, or any of its names.
        formula: `patch` or `area`, to override the model's own.

    Returns:
        Its terms.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that day, or did not read images yet.
        ImgcostError: The model's resolution tier was never published.

    >>> from datetime import date
    >>> found = terms_like(terms("opus", as_of=date(2026, 11, 22), batch=True, cache="read"), "sonnet")
    >>> found.model.id, found.conditions
    ('claude-sonnet-5-5', ('batch', 'cache read'))
    """
    asked = settled.conditions
    cache = next((one.removeprefix("cache ") for one in asked if one.startswith("cache ")), "none")
    return terms(
        model,
        as_of=settled.as_of,
        formula=formula,
        batch="batch" in asked,
        cache=cast("Cache", cache),
        inference_geo="us" if "inference in the US" in asked else "global",
        platform=settled.platform,
        endpoint=settled.endpoint,
        speed=settled.speed,
    )


def estimate(
    width: int,
    height: int,
    *,
    model: str | Model,
    as_of: date | None = None,
    formula: Formula | None = None,
    batch: bool = False,
    cache: Cache = "none",
    inference_geo: InferenceGeo = "global",
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
) -> Estimate:
    """Tell what one image costs with a model.

    Args:
        width: Width as sent, px.
        height: Height as sent, px.
        model: A model, or any of its names; a family such as `sonnet` means its newest active model on that day.
        as_of: The day whose prices hold; today if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether the request goes through the Message Batches API.
        cache: What prompt caching does with the image: `none`, `write-5m`, `write-1h` or `read`.
        inference_geo: `global`, or `us`.
        platform: Where the request is sent, one of `imgcost.tables.platforms()`. If None, as the name says, such as
            `bedrock` for `us.anthropic.claude-opus-5-5`; else the Claude API.
        endpoint: `global`, or `regional` (Amazon Bedrock and Google Cloud). If None, as the name says; an id of Amazon
            Bedrock without a geography is taken as regional, everything else as global.
        speed: `standard`, or `fast` for fast mode. If None, as the name says, else standard.

    Returns:
        Visual tokens, exact US dollars, the size that Claude sees, and the terms behind them.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that day, or did not read images yet.
        ImgcostError: The model's resolution tier was never published.
        ImgcostError: The platform does not sell the model like this, or the name contradicts the platform, the
            endpoint or the speed.
        ValueError: A choice is none of those listed.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> found = estimate(1000, 1000, model="claude-3-sonnet")
    >>> found.tokens, found.input_usd
    (1334, Decimal('0.004002'))
    """
    return estimate_on(
        terms(
            model,
            as_of=as_of,
            formula=formula,
            batch=batch,
            cache=cache,
            inference_geo=inference_geo,
            platform=platform,
            endpoint=endpoint,
            speed=speed,
        ),
        width,
        height,
    )


def estimate_on(settled: Terms, width: int, height: int) -> Estimate:
    """`estimate`, for terms that are settled already: many sizes, one model.

    >>> estimate_on(terms("claude-opus-4-6"), 1920, 1080).tokens
    1560
    """
    tokens = settled.tokens(width, height)
    resized = geometry.resized_size(width, height, settled.tier)
    return Estimate(int(width), int(height), *resized, tokens, settled.cost_usd(tokens), settled)


def _checked(name: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        choices = ", ".join(choice for choice in known if choice)
        raise ValueError(f"{name} is {value!r}: choose one of {choices}")
