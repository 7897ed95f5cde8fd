"""What a model charges on a platform, an endpoint and a date: one answer, for every command and report.

A `Quote` has everything between a model's name and dollars: the tier and formula that count visual tokens, the rates by
class of token with every multiplier included, the long-context price and its threshold, the measured overhead tokens,
and the limits of the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args

from imgcost import geometry
from imgcost.errors import ImgcostError, NoPriceError
from imgcost.prices import cost_usd
from imgcost.tables import (
    Measured,
    Model,
    PriceRow,
    Source,
    find_measured,
    find_model,
    limits_on,
    models,
    multiplier_on,
    multipliers,
    price_on,
    prompt_usd_per_mtok,
    today,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.geometry import Formula, Tier
    from imgcost.prices import Cache, Kind, Rates
    from imgcost.tables import Limits, MeasuredName, MultiplierName, Platform

__all__ = [
    "CacheTtl",
    "Conditions",
    "Endpoint",
    "Factor",
    "InferenceGeo",
    "Overhead",
    "Quote",
    "Speed",
    "TokenRule",
    "comparable",
    "conditions",
    "quote",
]

CacheTtl: TypeAlias = Literal["none", "5m", "1h"]
"""Whether prompts are cached, and how long a cached prefix lives after its last use."""

Endpoint: TypeAlias = Literal["global", "regional"]
"""Endpoint type of Amazon Bedrock and Google Cloud; regional endpoints cost more."""

InferenceGeo: TypeAlias = Literal["global", "us"]
"""Where inference may run: anywhere, or in the US only, at a higher price."""

Speed: TypeAlias = Literal["standard", "fast"]
"""Standard or fast mode; fast mode has its own prices."""

_WRITES: dict[CacheTtl, Cache] = {"none": "none", "5m": "write-5m", "1h": "write-1h"}


class Conditions(NamedTuple):
    """How requests are sent, as far as it changes the price.

    Attributes:
        as_of: Date whose prices and limits apply.
        platform: Where requests are sent.
        endpoint: `global` or `regional` (Amazon Bedrock and Google Cloud).
        inference_geo: `global` or `us`.
        batch: Whether requests go through the Message Batches API.
        cache: `none`, `5m` or `1h`.
        speed: `standard` or `fast`.
    """

    as_of: date
    platform: Platform = "claude-api"
    endpoint: Endpoint = "global"
    inference_geo: InferenceGeo = "global"
    batch: bool = False
    cache: CacheTtl = "none"
    speed: Speed = "standard"

    @property
    def labels(self) -> tuple[str, ...]:
        """Name what differs from the standard price, for people.

        >>> conditions(as_of=date(2026, 11, 22), batch=True, cache="5m").labels
        ('batch', 'cache 5m')
        """
        named = {
            self.platform: self.platform != "claude-api",
            f"{self.endpoint} endpoint": self.endpoint != "global",
            "batch": self.batch,
            f"cache {self.cache}": self.cache != "none",
            "US inference": self.inference_geo == "us",
            "fast mode": self.speed == "fast",
        }
        return tuple(label for label, applies in named.items() if applies)


class TokenRule(NamedTuple):
    """What decides the visual tokens of an image. Models with the same rule share their counts.

    Attributes:
        tier: Resolution tier.
        formula: `patch` or `area`.
    """

    tier: Tier
    formula: Formula

    def tokens(self, width: int, height: int) -> int:
        """Count the visual tokens of an image.

        Args:
            width: Width as sent, px.
            height: Height as sent, px.

        Returns:
            Visual tokens.

        Raises:
            SizeError: A side is not an integer from 1 to 2**31.
        """
        return geometry.image_tokens(width, height, self.tier, self.formula)


class Factor(NamedTuple):
    """A multiplier on every rate.

    Attributes:
        name: `batch`, `inference-geo-us` or `regional`.
        factor: The multiplier.
        sources: Where it was published.
    """

    name: MultiplierName
    factor: Decimal
    sources: tuple[Source, ...]


class Overhead(NamedTuple):
    """Tokens billed around images and messages: measured, not published. None where nothing was measured.

    Attributes:
        image: Around each image.
        message: Around each user message.
        request: On top of each request with images.
    """

    image: Measured | None
    message: Measured | None
    request: Measured | None

    @property
    def tokens(self) -> tuple[int, int, int]:
        """The three numbers, tokens; 0 where nothing was measured."""
        image, message, request = (row.value if row else 0 for row in self)
        return image, message, request


@dataclass(frozen=True, slots=True)
class Quote:
    """What a model charges under some conditions.

    Attributes:
        requested: The name that was asked for.
        model: The model behind it.
        conditions: How requests are sent.
        rule: Tier and formula that count its visual tokens.
        standard: US dollars per MTok by class, every multiplier included; in fast mode the fast prices.
        long_context: The same for prompts over `threshold`; None where there is no such price.
        threshold: Prompt tokens above which `long_context` applies to the whole request.
        prices: The published prices behind the rates.
        factors: The multipliers included.
        overhead: Measured tokens around images and messages.
    """

    requested: str
    model: Model
    conditions: Conditions
    rule: TokenRule
    standard: Rates
    long_context: Rates | None
    threshold: int | None
    prices: tuple[PriceRow, ...]
    factors: tuple[Factor, ...]
    overhead: Overhead

    def __repr__(self) -> str:
        return f"Quote({self.model.id}, {self.conditions.as_of}, ${self.usd_per_mtok:f} per MTok)"

    @property
    def tier(self) -> Tier:
        """Resolution tier."""
        return self.rule.tier

    @property
    def formula(self) -> Formula:
        """`patch` or `area`."""
        return self.rule.formula

    @property
    def limits(self) -> Limits:
        """What the platform accepts on that date.

        Raises:
            NoPriceError: Nothing is known of the platform on that date.
        """
        return limits_on(self.conditions.platform, self.conditions.as_of)

    @property
    def max_images(self) -> int | None:
        """Most images in a request to this model; None where no limit is published."""
        return self.limits.max_images(self.model.context_window)

    @property
    def usd_per_mtok(self) -> Decimal:
        """US dollars per million image tokens: as plain input, or as written to the cache."""
        return self._rate(_WRITES[self.conditions.cache])

    @property
    def cache_read_usd_per_mtok(self) -> Decimal | None:
        """US dollars per million image tokens read from the cache; None unless prompts are cached."""
        return None if self.conditions.cache == "none" else self._rate("read")

    def rates(self, prompt_tokens: int) -> Rates:
        """Choose the rates of a request.

        Args:
            prompt_tokens: All tokens of its prompt, cached or not.

        Returns:
            `long_context` over the threshold, otherwise `standard`.
        """
        crosses = self.threshold is not None and prompt_tokens > self.threshold
        return cast("Rates", self.long_context) if crosses else self.standard

    def tokens(self, width: int, height: int) -> int:
        """Count the visual tokens of an image; see `TokenRule.tokens`."""
        return self.rule.tokens(width, height)

    def image_usd(self, tokens: int) -> Decimal:
        """Price visual tokens at the standard rate.

        Args:
            tokens: Visual tokens; pass the sum over all images, because dollars are computed from sums.

        Returns:
            US dollars, exact.
        """
        return cost_usd(tokens, self.usd_per_mtok)

    def _rate(self, cache: Cache) -> Decimal:
        return cast("Decimal", self.standard.prompt(cache))  # `quote` has checked that it is sold


def conditions(*, as_of: date | None = None, **choices: Any) -> Conditions:
    """Check how requests are sent.

    Args:
        as_of: Date whose prices and limits apply; today (UTC) if None.
        **choices: The other attributes of `Conditions`.

    Returns:
        The conditions.

    Raises:
        ImgcostError: A value is not one of the choices, or two of them are never sold together.

    >>> conditions(as_of=date(2026, 11, 22), platform="bedrock", endpoint="regional").endpoint
    'regional'
    """
    day = as_of or today()
    if isinstance(day, datetime):
        day = day.date()
    if not isinstance(day, date):
        raise ImgcostError(f"as_of is {day!r}: pass a date")
    found = Conditions(day, **choices)
    for name, known in _CHOICES.items():
        value = getattr(found, name)
        if value not in known:
            raise ImgcostError(f"{name} is {value!r}: choose one of {', '.join(map(str, known))}")
    if found.batch and found.platform != "claude-api":
        raise ImgcostError(f"batch is the Message Batches API of claude-api: {found.platform} does not offer it")
    if found.inference_geo == "us" and found.platform not in {"claude-api", "foundry"}:
        raise ImgcostError(f"inference_geo applies to claude-api and foundry, not to {found.platform}: use endpoint")
    if found.endpoint == "regional" and found.platform not in {"bedrock", "google-cloud"}:
        raise ImgcostError(f"regional endpoints exist on bedrock and google-cloud, not on {found.platform}")
    return found


_CHOICES: dict[str, tuple[object, ...]] = {
    "platform": ("claude-api", "bedrock", "google-cloud", "foundry"),
    "endpoint": get_args(Endpoint),
    "inference_geo": get_args(InferenceGeo),
    "batch": (False, True),
    "cache": get_args(CacheTtl),
    "speed": get_args(Speed),
}


def quote(model: str | Model, sent: Conditions, formula: Formula | None = None) -> Quote:
    """Look up what a model charges.

    Args:
        model: A model, or any of its names; a family such as `sonnet` means its newest active model on that date.
        sent: How requests are sent.
        formula: `patch` or `area`, to override the model's own.

    Returns:
        The quote.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model has no such price on that date, or did not read images yet.
        ImgcostError: The platform does not offer it, or its resolution tier was never published.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> found = quote("haiku", conditions(as_of=date(2026, 11, 22), batch=True))
    >>> found.model.id, found.usd_per_mtok
    ('claude-haiku-5-5', Decimal('0.05'))
    """
    day = sent.as_of
    found = model if isinstance(model, Model) else find_model(model, as_of=day)
    if formula not in (None, "patch", "area"):
        raise ImgcostError(f"formula is {formula!r}: choose one of patch, area")
    rows = _prices(found, sent)
    if day < found.vision_from:
        raise NoPriceError(found.id, day, found.vision_from, kind="price of images")
    if found.tier is None:
        raise ImgcostError(f"the resolution tier of {found.id} was never published, so its images cannot be counted")
    factors = tuple(_factor(name, found, day, rows[0].kind) for name in _multipliers(sent))
    standard, *long = (
        row.rates.times(*(multiplier_on(one.name, found, day, row.kind) for one in factors)) for row in rows
    )
    return Quote(
        requested=model.id if isinstance(model, Model) else model,
        model=found,
        conditions=sent,
        rule=TokenRule(found.tier, formula or found.formula),
        standard=standard,
        long_context=long[0] if long else None,
        threshold=rows[1].above_input_tokens if long else None,
        prices=rows,
        factors=factors,
        overhead=Overhead(*(find_measured(name, found, day) for name in _OVERHEAD)),
    )


_OVERHEAD: tuple[MeasuredName, ...] = (
    "image-wrapping-tokens",
    "message-framing-tokens",
    "image-request-surcharge-tokens",
)
_IDS = {"bedrock": "bedrock_ids", "google-cloud": "google_cloud_id", "foundry": "foundry_id"}


def _prices(model: Model, sent: Conditions) -> tuple[PriceRow, ...]:
    """The standard (or fast) price, then that of long contexts where there is one."""
    day = sent.as_of
    if sent.platform in _IDS and not getattr(model, _IDS[sent.platform]):
        raise ImgcostError(f"{model.id} is not offered on {sent.platform}: no id of it there is published")
    kind: Kind = sent.speed
    if sent.cache != "none":
        for cache in (_WRITES[sent.cache], "read"):
            prompt_usd_per_mtok(model, day, cache=cast("Cache", cache), kind=kind)  # raises where it is not sold
    standard = price_on(model, day, kind)
    if kind == "fast":
        return (standard,)
    try:
        return standard, price_on(model, day, "long-context")
    except NoPriceError:
        return (standard,)


def _multipliers(sent: Conditions) -> list[MultiplierName]:
    applied: dict[MultiplierName, bool] = {
        "batch": sent.batch,
        "inference-geo-us": sent.inference_geo == "us",
        "regional": sent.endpoint == "regional",
    }
    return [name for name, applies in applied.items() if applies]


def _factor(name: MultiplierName, model: Model, day: date, kind: Kind) -> Factor:
    rows = [row for row in multipliers() if row.name == name]
    published = next((row for row in reversed(rows) if row.first_day <= day), rows[0])
    return Factor(name, multiplier_on(name, model, day, kind), published.sources)


def comparable(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """List what a report compares: the models asked for, then every other active model on the same conditions.

    Args:
        quotes: The quotes asked for; at least one. A formula that overrides a model's own applies to all.

    Returns:
        Those, then the others, the newest first; without models that are not sold on these conditions.

    >>> asked = quote("claude-opus-4-6", conditions(as_of=date(2026, 11, 22)))
    >>> [one.model.id for one in comparable([asked])][:2]
    ['claude-opus-4-6', 'claude-mythos-5-2']
    """
    first = quotes[0]
    override = next((one.formula for one in quotes if one.formula != one.model.formula), None)
    found = {one.model.id: one for one in quotes}
    for model in reversed(models()):
        if model.id in found or model.status_on(first.conditions.as_of) != "active":
            continue
        try:
            found[model.id] = quote(model, first.conditions, override)
        except ImgcostError:
            continue
    return tuple(found.values())
