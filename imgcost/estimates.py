"""What one image costs: tokens and dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.figures import dollars, number
from imgcost.notebooks import html_table
from imgcost.prices import cost_usd, exact_usd
from imgcost.quotes import CacheTtl, InferenceGeo, Quote, quotes
from imgcost.tables import find_measured

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from imgcost.geometry import Formula
    from imgcost.tables import Endpoint, Model, Platform, Speed

__all__ = ["Estimate", "estimate", "estimate_with", "estimates_to_dict"]

THOUSAND = 1000


class Estimate(NamedTuple):
    """What one image costs.

    Attributes:
        width: Width as sent, px.
        height: Height as sent, px.
        resized_width: Width that Claude sees, px.
        resized_height: Height that Claude sees, px.
        tokens: Visual tokens.
        input_usd: US dollars for the image as input, exact; if prompts are cached, for writing it to the cache.
        quote: The model, date, tier, formula and rates behind it.
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
    def cache_read_usd(self) -> Decimal | None:
        """US dollars for reading the image from the cache, exact; None unless prompts are cached."""
        rate = self.quote.cache_read_usd_per_mtok
        return None if rate is None else cost_usd(self.tokens, rate)

    @property
    def padded_size(self) -> tuple[int, int]:
        """Width and height after padding to whole patches, px."""
        return geometry.padded_size(self.resized_width, self.resized_height)

    @property
    def measured_tokens(self) -> int | None:
        """Visual tokens as billed, where measurements contradict the published formula; otherwise None.

        Measured on Claude 3.5 Haiku, on images that are not downscaled: it bills even numbers of patches.

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
        """Return plain values: an entry of what `imgcost estimate -f json` prints.

        Args:
            count: Number of images of this size; adds their total.

        Returns:
            Numbers, text and None; dollars as exact decimal text.
        """
        padded_width, padded_height = self.padded_size
        entry = self.quote.to_dict() | {
            "width": self.width,
            "height": self.height,
            "resized_width": self.resized_width,
            "resized_height": self.resized_height,
            "padded_width": padded_width,
            "padded_height": padded_height,
            "downscaled": self.downscaled,
            "tokens": self.tokens,
            "measured_tokens": self.measured_tokens,
            "input_usd": f"{self.input_usd:f}",
            "input_usd_per_1000": f"{self.quote.image_usd(self.tokens * THOUSAND):f}",
            "cache_read_usd": None if self.cache_read_usd is None else f"{self.cache_read_usd:f}",
            "other_formula": self.other_formula,
            "other_formula_tokens": self.other_tokens,
        }
        if count is not None:
            entry |= {"count": count, "input_usd_of_count": f"{self.quote.image_usd(self.tokens * count):f}"}
        return entry


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
    """Estimate what one image costs with a model.

    Args:
        width: Width as sent, px.
        height: Height as sent, px.
        model: A model, or any of its names; a family such as `sonnet` means its newest active model on that date.
        as_of: Date whose prices apply; today (UTC) if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether the request goes through the Message Batches API.
        cache: `none`; or `5m` or `1h`, to price the image as written to the prompt cache, and as read from it.
        inference_geo: `global` or `us`.
        platform: Where the request is sent, one of `imgcost.tables.platforms()`. If None, as the name says, such as
            `bedrock` for `us.anthropic.claude-opus-5-5`; otherwise the Claude API.
        endpoint: `global` or `regional` (Amazon Bedrock and Google Cloud). If None, as the name says; an id of Amazon
            Bedrock without a geography counts as regional, everything else as global.
        speed: `standard`, or `fast` for fast mode. If None, as the name says, otherwise standard.

    Returns:
        Visual tokens, exact US dollars, the size that Claude sees, and the quote behind them.

    Raises:
        SizeError: A side is not an integer from 1 to 2**31.
        UnknownModelError: No table lists the name.
        NoPriceError: The model had no such price on that date, or did not read images yet.
        ImgcostError: A value is not one of the choices, the platform does not offer the model like this, the name
            contradicts the platform, the endpoint or the speed, or the resolution tier was never published.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> found = estimate(1000, 1000, model="claude-3-sonnet")
    >>> found.tokens, found.input_usd
    (1334, Decimal('0.004002'))
    """
    (found,) = quotes(
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
    return estimate_with(found, width, height)


def estimates_to_dict(estimates: Iterable[Estimate], count: int | None = None) -> dict[str, Any]:
    """Return what `imgcost estimate -f json` prints.

    Args:
        estimates: The estimates.
        count: Number of images of each size; adds their totals.

    Returns:
        Plain values, with the version of their schema.
    """
    return {"schema": "imgcost.estimate/2", "estimates": [one.to_dict(count) for one in estimates]}


def estimate_with(quote: Quote, width: int, height: int) -> Estimate:
    """Estimate what one image costs by a quote: for many sizes and one model.

    >>> from imgcost.quotes import quotes
    >>> estimate_with(quotes(["claude-opus-4-6"])[0], 1920, 1080).tokens
    1560
    """
    tokens = quote.tokens(width, height)
    resized = geometry.resized_size(width, height, quote.tier)
    return Estimate(int(width), int(height), *resized, tokens, quote.image_usd(tokens), quote)
