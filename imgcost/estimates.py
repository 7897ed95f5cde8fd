"""One image, one model, one day: tokens and dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from imgcost import geometry
from imgcost.arguments import take_choice, take_day, take_flag
from imgcost.errors import ImgcostError, NoPriceError
from imgcost.prices import Cache, cost_usd, multiply
from imgcost.tables import Model, find_model, multiplier_on, prompt_usd_per_mtok, today

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from imgcost.geometry import Formula, Tier

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
    """

    model: Model
    as_of: date
    tier: Tier
    formula: Formula
    usd_per_mtok: Decimal
    conditions: tuple[str, ...]

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

    Returns:
        The terms, to be asked for tokens and dollars.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that day, or did not read images yet.
        ImgcostError: The model's resolution tier was never published.
        ArgumentError: The formula, the cache, the place of inference or the day is none that there is.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> from datetime import date
    >>> found = terms("haiku", as_of=date(2026, 11, 22), batch=True)
    >>> found.model.id, found.usd_per_mtok
    ('claude-haiku-5-5', Decimal('0.05'))
    """
    day = take_day(as_of) or today()
    found = model if isinstance(model, Model) else find_model(model, as_of=day)
    take_choice("formula", formula, (None, "patch", "area"))
    take_choice("cache", cache, ("none", "write-5m", "write-1h", "read"))
    take_choice("inference_geo", inference_geo, ("global", "us"))
    rate = prompt_usd_per_mtok(found, day, cache=cache)
    if day < found.vision_from:
        raise NoPriceError(found.id, day, found.vision_from, kind="price of images")
    if found.tier is None:
        raise ImgcostError(f"the resolution tier of {found.id} was never published, so its images cannot be counted")
    conditions = []
    if take_flag("batch", batch):
        rate = multiply(rate, multiplier_on("batch", found, day))
        conditions.append("batch")
    if cache != "none":
        conditions.append(f"cache {cache}")
    if inference_geo == "us":
        rate = multiply(rate, multiplier_on("inference-geo-us", found, day))
        conditions.append("inference in the US")
    return Terms(found, day, found.tier, formula or found.formula, rate, tuple(conditions))


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

    Returns:
        Visual tokens, exact US dollars, the size that Claude sees, and the terms behind them.

    Raises:
        SizeError: A side is no integer from 1 to 2**31.
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that day, or did not read images yet.
        ImgcostError: The model's resolution tier was never published.
        ArgumentError: The formula, the cache, the place of inference or the day is none that there is.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> found = estimate(1000, 1000, model="claude-3-sonnet")
    >>> found.tokens, found.input_usd
    (1334, Decimal('0.004002'))
    """
    return estimate_on(
        terms(model, as_of=as_of, formula=formula, batch=batch, cache=cache, inference_geo=inference_geo), width, height
    )


def estimate_on(settled: Terms, width: int, height: int) -> Estimate:
    """`estimate`, for terms that are settled already: many sizes, one model.

    >>> estimate_on(terms("claude-opus-4-6"), 1920, 1080).tokens
    1560
    """
    tokens = settled.tokens(width, height)
    resized = geometry.resized_size(width, height, settled.tier)
    return Estimate(int(width), int(height), *resized, tokens, settled.cost_usd(tokens), settled)
