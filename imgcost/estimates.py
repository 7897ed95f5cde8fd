"""Estimate what an image costs: tokens and dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.acceptance import breaches
from imgcost.figures import dollars, number
from imgcost.notebooks import html_table
from imgcost.prices import cost_usd, exact_usd
from imgcost.quoting import Quote, quotes
from imgcost.tables import find_measured, known_limits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from imgcost.acceptance import Breach
    from imgcost.conditions import CacheTtl, InferenceGeo
    from imgcost.geometry import Formula
    from imgcost.tables import Endpoint, Model, Platform, Speed

__all__ = ["Estimate", "estimate", "estimate_with", "estimates_to_dict"]

THOUSAND = 1000


class Estimate(NamedTuple):
    """What an image costs.

    Attributes:
        width: Width as sent, px.
        height: Height as sent, px.
        resized_width: Width that Claude sees, px.
        resized_height: Height that Claude sees, px.
        tokens: Visual tokens.
        input_usd: US dollars for the image as input, exact; if prompts are cached, for writing it to the cache.
        quote: Model, date, tier, formula and rates used.
    """

    width: int
    height: int
    resized_width: int
    resized_height: int
    tokens: int
    input_usd: Decimal
    quote: Quote

    def __repr__(self) -> str:
        result = f"tokens={self.tokens} usd={exact_usd(self.input_usd)}"
        return f"<Estimate {self.width}x{self.height} {self.quote.model.id} {result}>"

    @property
    def downscaled(self) -> bool:
        """Whether the API would downscale the image first."""
        return (self.width, self.height) != (self.resized_width, self.resized_height)

    @property
    def breach(self) -> Breach | None:
        """The limit on dimensions for which the API would reject the image as it is; None if it would be accepted.

        The tokens and costs are those of the image once it is resized.

        >>> estimate(8001, 100, model="claude-sonnet-4-6").breach.message
        '8001x100 px: a side is longer than 8,000 px'
        """
        limits = known_limits(self.quote.conditions.platform, self.quote.conditions.as_of)
        return next(breaches(None, self.width, self.height, None, limits), None)

    @property
    def cache_read_usd(self) -> Decimal | None:
        """US dollars for reading the image from the cache, exact; None if prompts are not cached."""
        rate = self.quote.cache_read_usd_per_mtok
        return None if rate is None else cost_usd(self.tokens, rate)

    @property
    def padded_size(self) -> tuple[int, int]:
        """Width and height after padding to whole patches, px."""
        return geometry.padded_size(self.resized_width, self.resized_height)

    @property
    def measured_tokens(self) -> int | None:
        """Visual tokens as billed, if measurements contradict the published formula; otherwise None.

        Claude 3.5 Haiku was measured to bill even numbers of patches per side, for images that are not downscaled.

        >>> estimate(128, 128, model="claude-3-5-haiku").measured_tokens
        36
        """
        grid = find_measured("patch-grid-multiple", self.quote.model) if self.quote.formula == "patch" else None
        if grid is None or self.downscaled:
            return None
        billed = geometry.grid_tokens(self.width, self.height, grid.value)
        return None if billed == self.tokens else billed

    @property
    def other_formula(self) -> Formula:
        """The formula that was not used."""
        return "area" if self.quote.formula == "patch" else "patch"

    @property
    def other_tokens(self) -> int:
        """Token count by the formula that was not used, for comparison."""
        return geometry.image_tokens(self.width, self.height, self.quote.tier, self.other_formula)

    def _repr_html_(self) -> str:
        size = f"{self.resized_width}x{self.resized_height}" if self.downscaled else "unchanged"
        cells = (f"{self.width}x{self.height}", size, number(self.tokens), dollars(self.input_usd))
        caption = f"{self.quote.model.id} on {self.quote.conditions.as_of}"
        return html_table(caption, ("size", "resized to", ">tokens", ">per image"), [cells])

    def to_dict(self, count: int | None = None) -> dict[str, Any]:
        """Return plain values: an item of `imgcost estimate -f json`.

        Args:
            count: Number of images of this size; adds their total.

        Returns:
            Numbers, text and None; dollars as exact decimal text.
        """
        padded_width, padded_height = self.padded_size
        breach = self.breach
        values = self.quote.to_dict() | {
            "width": self.width,
            "height": self.height,
            "resized_width": self.resized_width,
            "resized_height": self.resized_height,
            "padded_width": padded_width,
            "padded_height": padded_height,
            "downscaled": self.downscaled,
            "rejected": breach.reason.rule if breach else None,
            "tokens": self.tokens,
            "measured_tokens": self.measured_tokens,
            "input_usd": f"{self.input_usd:f}",
            "input_usd_per_1000": f"{self.quote.image_usd(self.tokens * THOUSAND):f}",
            "cache_read_usd": None if self.cache_read_usd is None else f"{self.cache_read_usd:f}",
            "other_formula": self.other_formula,
            "other_formula_tokens": self.other_tokens,
        }
        if count is not None:
            values |= {"count": count, "input_usd_of_count": f"{self.quote.image_usd(self.tokens * count):f}"}
        return values


def estimate(
    width: int,
    height: int,
    *,
    model: str | Model,
    as_of: date | None = None,
    formula: Formula | None = None,
    batch: bool = False,
    cache: CacheTtl = "none",
    inference_geo: InferenceGeo = "global",
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
) -> Estimate:
    """Estimate what an image costs with a model.

    Args:
        width: Width as sent, px.
        height: Height as sent, px.
        model: A model, or any of its names; a family such as `sonnet` means its newest active model on that date.
        as_of: Date whose prices apply; today (UTC) if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether to use the Message Batches API.
        cache: `none`; or `5m` or `1h`, to price the image as written to the prompt cache and as read from it.
        inference_geo: `global` or `us`.
        platform: Platform that serves the request, one of `imgcost.tables.platforms()`. If None, taken from the model's
            name, such as `bedrock` for `us.anthropic.claude-opus-5-5`; otherwise the Claude API.
        endpoint: `global` or `regional` (Amazon Bedrock and Google Cloud only). If None, taken from the model's name;
            an Amazon Bedrock ID without a geography counts as regional, everything else as global.
        speed: `standard`, or `fast` for fast mode. If None, taken from the model's name, otherwise standard.

    Returns:
        Visual tokens, exact US dollars, the size that Claude sees, and the quote used.

    Raises:
        SizeError: A side is not an integer from 1 to 2**31.
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that date, or did not read images yet.
        ImgcostError: A value is invalid, the platform does not sell the model this way, the name contradicts the
            platform, the endpoint or the speed, or the resolution tier was never published.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> photo = estimate(1000, 1000, model="claude-3-sonnet")
    >>> photo.tokens, photo.input_usd
    (1334, Decimal('0.004002'))
    """
    (quote,) = quotes(
        [model],
        formula=formula,
        as_of=as_of,
        batch=batch,
        cache=cache,
        inference_geo=inference_geo,
        platform=platform,
        endpoint=endpoint,
        speed=speed,
    )
    return estimate_with(quote, width, height)


def estimates_to_dict(estimates: Iterable[Estimate], count: int | None = None) -> dict[str, Any]:
    """Return plain values: the JSON that `imgcost estimate -f json` prints.

    Args:
        estimates: The estimates.
        count: Number of images of each size; adds their totals.

    Returns:
        Plain values with a schema version.
    """
    return {"schema": "imgcost.estimate/2", "estimates": [estimate.to_dict(count) for estimate in estimates]}


def estimate_with(quote: Quote, width: int, height: int) -> Estimate:
    """Estimate what an image costs by a given quote. Use it for many sizes and one model.

    >>> from imgcost.quoting import quotes
    >>> estimate_with(quotes(["claude-opus-4-6"])[0], 1920, 1080).tokens
    1560
    """
    tokens = quote.tokens(width, height)
    resized = geometry.resized_size(width, height, quote.tier)
    return Estimate(int(width), int(height), *resized, tokens, quote.image_usd(tokens), quote)
