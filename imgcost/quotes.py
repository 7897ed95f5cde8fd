"""What a model charges on a platform, an endpoint and a date: one answer, for every command and report.

A `Quote` has everything between a model's name and dollars: the tier and formula that count visual tokens, the rates by
class of token with every multiplier included, the long-context price and its threshold, the measured overhead tokens,
and the limits of the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args

from imgcost import geometry
from imgcost.arguments import take_choice, take_day, take_flag
from imgcost.errors import ImgcostError, NoPriceError
from imgcost.geometry import Formula
from imgcost.prices import cost_usd, exact_usd
from imgcost.tables import (
    TWO_ENDPOINTS,
    Endpoint,
    Measured,
    Model,
    NamedModel,
    Platform,
    PriceRow,
    Source,
    Speed,
    family_of,
    find_measured,
    limits_on,
    models,
    multiplier_on,
    multipliers,
    place,
    platforms,
    price_on,
    prompt_usd_per_mtok,
    require_offered,
    resolve_model,
    today,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.prices import CacheUse, PriceKind, Rates
    from imgcost.tables import Limits, MeasuredName, MultiplierName

__all__ = [
    "CacheTtl",
    "Conditions",
    "Factor",
    "InferenceGeo",
    "Overhead",
    "Quote",
    "TokenRule",
    "comparable",
    "conditions",
    "quote",
    "quotes",
    "quotes_on",
    "requote",
    "resolve_models",
]

CacheTtl: TypeAlias = Literal["none", "5m", "1h"]
"""Whether prompts are cached, and how long a cached prefix lives after its last use."""

InferenceGeo: TypeAlias = Literal["global", "us"]
"""Where inference may run: anywhere, or in the US only, at a higher price."""

_WRITES: dict[CacheTtl, CacheUse] = {"none": "none", "5m": "write-5m", "1h": "write-1h"}


class Conditions(NamedTuple):
    """How requests are sent, as far as it changes the price.

    Attributes:
        as_of: Date whose prices and limits apply.
        platform: Where requests are sent, one of `imgcost.tables.platforms()`.
        endpoint: `global` or `regional` (Amazon Bedrock and Google Cloud).
        endpoint_assumed: Whether nothing selected the endpoint on a platform that has two.
        inference_geo: `global` or `us`.
        batch: Whether requests go through the Message Batches API.
        cache: `none`, `5m` or `1h`.
        speed: `standard` or `fast`.
    """

    as_of: date
    platform: Platform = "claude-api"
    endpoint: Endpoint = "global"
    endpoint_assumed: bool = False
    inference_geo: InferenceGeo = "global"
    batch: bool = False
    cache: CacheTtl = "none"
    speed: Speed = "standard"

    @property
    def labels(self) -> tuple[str, ...]:
        """Name what differs from the standard price on the Claude API, for people.

        >>> conditions(as_of=date(2026, 11, 22), batch=True, cache="5m").labels
        ('batch', 'cache 5m')
        """
        named = {
            self.platform: self.platform != "claude-api",
            f"{self.endpoint} endpoint": self.platform in TWO_ENDPOINTS,
            "batch": self.batch,
            f"cache {self.cache}": self.cache != "none",
            "US inference": self.inference_geo == "us",
            "fast mode": self.speed == "fast",
        }
        return tuple(label for label, applies in named.items() if applies)

    @property
    def multipliers(self) -> tuple[MultiplierName, ...]:
        """The published multipliers that these conditions bring."""
        applied: dict[MultiplierName, bool] = {
            "batch": self.batch,
            "inference-geo-us": self.inference_geo == "us",
            "regional": self.endpoint == "regional",
        }
        return tuple(name for name, applies in applied.items() if applies)


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


@dataclass(frozen=True, slots=True, repr=False)
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
        prices: The published prices behind the rates: of `standard`, then of `long_context`.
        factors: The multipliers included.
        overhead: Measured tokens around images and messages.
        assumptions: What was assumed because neither the name nor the caller said it, as sentences.
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
    assumptions: tuple[str, ...]

    def __repr__(self) -> str:
        labels = f" ({', '.join(self.conditions.labels)})" if self.conditions.labels else ""
        return f"<Quote {self.model.id} {self.conditions.as_of} {exact_usd(self.usd_per_mtok)} per MTok{labels}>"

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

    def tokens(self, width: int, height: int) -> int:
        """Count the visual tokens of an image; see `TokenRule.tokens`."""
        return self.rule.tokens(width, height)

    def image_usd(self, tokens: int) -> Decimal:
        """Price visual tokens at `usd_per_mtok`.

        Args:
            tokens: Visual tokens; pass the sum over all images, because dollars are computed from sums.

        Returns:
            US dollars, exact.
        """
        return cost_usd(tokens, self.usd_per_mtok)

    def rates(self, prompt_tokens: int) -> Rates:
        """Choose the rates of a request.

        Args:
            prompt_tokens: All tokens of its prompt, cached or not.

        Returns:
            `long_context` over the threshold, otherwise `standard`.
        """
        if self.long_context and self.threshold is not None and prompt_tokens > self.threshold:
            return self.long_context
        return self.standard

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as every JSON report has them: rates as exact decimal text."""
        return {
            "model": self.model.id,
            "as_of": self.conditions.as_of.isoformat(),
            "tier": self.tier.name,
            "formula": self.formula,
            "usd_per_mtok": f"{self.usd_per_mtok:f}",
            "platform": self.conditions.platform,
            "endpoint": self.conditions.endpoint,
            "speed": self.conditions.speed,
            "inference_geo": self.conditions.inference_geo,
            "batch": self.conditions.batch,
            "cache": self.conditions.cache,
        }

    def _rate(self, cache: CacheUse) -> Decimal:
        return cast("Decimal", self.standard.prompt(cache))  # `quote` has checked that it is sold


def conditions(
    named: Iterable[NamedModel] = (),
    *,
    as_of: date | None = None,
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
    **choices: Any,
) -> Conditions:
    """Combine what the caller chooses with what the names of models say, and check both.

    Args:
        named: The models, all of one job.
        as_of: Date whose prices and limits apply; today (UTC) if None.
        platform: Where requests are sent. If None, as the names say, such as `bedrock` for
            `us.anthropic.claude-opus-5-5`; otherwise the Claude API.
        endpoint: `global` or `regional`. If None, as the names say; an id of Amazon Bedrock without a geography counts as
            regional, everything else as global.
        speed: `standard` or `fast`. If None, as the names say, otherwise standard.
        **choices: `inference_geo`, `batch` and `cache`, as in `Conditions`.

    Returns:
        The conditions.

    Raises:
        ImgcostError: A value is not one of the choices, or a name contradicts another or the caller.

    >>> conditions(as_of=date(2026, 11, 22), platform="bedrock", endpoint="regional").multipliers
    ('regional',)
    """
    day = take_day(as_of) or today()
    for name, value in {"platform": platform, "endpoint": endpoint, "speed": speed, **choices}.items():
        if name == "batch":
            take_flag(name, value)
        else:
            take_choice(name, value, _CHOICES[name] if name in choices else (None, *_CHOICES[name]))
    where = place(list(named), platform=platform, endpoint=endpoint, speed=speed)
    return Conditions(day, where.platform, where.endpoint, where.assumed, speed=where.speed, **choices)


_CHOICES: dict[str, tuple[str, ...]] = {
    "platform": platforms(),
    "endpoint": get_args(Endpoint),
    "inference_geo": get_args(InferenceGeo),
    "cache": get_args(CacheTtl),
    "speed": get_args(Speed),
}


def quotes(names: Iterable[str | Model], *, formula: Formula | None = None, **choices: Any) -> tuple[Quote, ...]:
    """Look up what several models charge on the same conditions.

    Args:
        names: Models, or any of their names; a family such as `sonnet` means its newest active model on that date.
        formula: `patch` or `area`, to override the models' own.
        **choices: See `conditions`.

    Returns:
        One quote per model, in order; if a model is named twice, `requested` is the family's name.

    Raises:
        UnknownModelError: No table lists a name.
        NoPriceError: A model has no such price on that date, or did not read images yet.
        ImgcostError: See `conditions` and `quote`.

    >>> [one.model.id for one in quotes(["haiku", "claude-haiku-5-5"], as_of=date(2026, 11, 22))]
    ['claude-haiku-5-5']
    """
    choices["as_of"] = take_day(choices.get("as_of")) or today()  # once, so that midnight does not come in between
    named = resolve_models(names, choices["as_of"])
    return quotes_on(named, conditions(named, **choices), formula)


def resolve_models(names: Iterable[str | Model], as_of: date | None) -> list[NamedModel]:
    """Find models by their names, or take them as they are.

    >>> [one.model.id for one in resolve_models(["opus"], date(2026, 11, 22))]
    ['claude-opus-5-5']
    """
    return [resolve_model(name, as_of=as_of) if isinstance(name, str) else NamedModel(name.id, name) for name in names]


def quotes_on(named: Iterable[NamedModel], sent: Conditions, formula: Formula | None = None) -> tuple[Quote, ...]:
    """`quotes`, for names that are resolved and conditions that are checked."""
    found: dict[str, Quote] = {}
    for one in named:
        if one.model.id not in found or family_of(one.name):
            found[one.model.id] = quote(one, sent, formula)
    return tuple(found.values())


def quote(model: str | Model | NamedModel, sent: Conditions, formula: Formula | None = None) -> Quote:
    """Look up what a model charges.

    Args:
        model: A model, or any of its names.
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
    take_choice("formula", formula, (None, *get_args(Formula)))
    named = resolve_model(model, as_of=sent.as_of) if isinstance(model, str) else model
    if isinstance(named, Model):
        named = NamedModel(named.id, named)
    found, day = named.model, sent.as_of
    rows = _prices(found, sent)
    if day < found.vision_from:
        raise NoPriceError(found.id, day, found.vision_from, kind="image price")
    if found.tier is None:
        raise ImgcostError(f"the resolution tier of {found.id} was never published, so its images cannot be counted")
    rates = [row.rates.times(*(multiplier_on(name, found, day, row.kind) for name in sent.multipliers)) for row in rows]
    has_long = len(rows) > 1
    return Quote(
        requested=named.name,
        model=found,
        conditions=sent,
        rule=TokenRule(found.tier, formula or found.formula),
        standard=rates[0],
        long_context=rates[1] if has_long else None,
        threshold=rows[1].above_input_tokens if has_long else None,
        prices=rows,
        factors=tuple(_factor(name, found, day, rows[0].kind) for name in sent.multipliers),
        overhead=Overhead(*(find_measured(name, found, day) for name in _OVERHEAD)),
        assumptions=tuple(_assumptions(named, sent)),
    )


def requote(found: Quote, sent: Conditions) -> Quote:
    """Look up what the same model charges, counted by the same formula, on other conditions."""
    return quote(NamedModel(found.requested, found.model), sent, found.formula)


_OVERHEAD: tuple[MeasuredName, ...] = (
    "image-wrapping-tokens",
    "message-framing-tokens",
    "image-request-surcharge-tokens",
)
_IDS: dict[Platform, str] = {"bedrock": "bedrock_ids", "google-cloud": "google_cloud_id", "foundry": "foundry_id"}


def _prices(model: Model, sent: Conditions) -> tuple[PriceRow, ...]:
    """The standard or fast price, then that of long contexts where there is one."""
    day, platform = sent.as_of, sent.platform
    for name in sent.multipliers:
        require_offered(name, platform)
    if platform == "claude-ai":
        raise ImgcostError("claude-ai is not billed by the token: choose a platform with an API")
    if platform in _IDS and not getattr(model, _IDS[platform]) and not model.retires_on(platform):
        raise ImgcostError(f"{model.id} is not offered on {platform}: no id of it there is published")
    kind: PriceKind = sent.speed
    if sent.cache != "none":
        classes: tuple[CacheUse, ...] = (_WRITES[sent.cache], "read")
        for cache in classes:
            prompt_usd_per_mtok(model, day, cache=cache, kind=kind, platform=platform)  # raises if unsold
    usual = price_on(model, day, kind, platform)
    if kind == "fast":
        return (usual,)  # fast mode has one price for prompts of every length
    try:
        return usual, price_on(model, day, "long-context")
    except NoPriceError:
        return (usual,)


def _factor(name: MultiplierName, model: Model, day: date, kind: PriceKind) -> Factor:
    rows = [row for row in multipliers() if row.name == name]
    published = next((row for row in reversed(rows) if row.first_day <= day), rows[0])
    return Factor(name, multiplier_on(name, model, day, kind), published.sources)


def _assumptions(named: NamedModel, sent: Conditions) -> Iterator[str]:
    """Say which endpoint was assumed where the price depends on it, and which price is uncertain."""
    if sent.platform not in TWO_ENDPOINTS:
        return
    factor = multiplier_on("regional", named.model, sent.as_of)
    if factor == 1:
        return
    if sent.endpoint_assumed:
        other = (
            f"at {factor:f} times the global price"
            if sent.endpoint == "regional"
            else f"and regional endpoints cost {factor:f} times as much"
        )
        yield (
            f"{named.name!r} does not say which endpoint of {sent.platform} it calls: {sent.endpoint} is assumed, "
            f"{other}."
        )
    if named.geography == "us-gov":
        yield f"The price of us-gov. endpoints is uncertain: {factor:f} times the global price here, sources disagree."


def comparable(asked: Sequence[Quote]) -> tuple[Quote, ...]:
    """List what a report compares: the models asked for, then every other active model on the same conditions.

    Args:
        asked: The quotes asked for; at least one. A formula that overrides a model's own applies to all.

    Returns:
        Those, then the others, the newest first; without models that are not sold on these conditions.

    >>> asked = quotes(["claude-opus-4-6"], as_of=date(2026, 11, 22))
    >>> [one.model.id for one in comparable(asked)][:2]
    ['claude-opus-4-6', 'claude-mythos-5-2']
    """
    sent = asked[0].conditions
    override = next((one.formula for one in asked if one.formula != one.model.formula), None)
    found = {one.model.id: one for one in asked}
    for model in reversed(models()):
        if model.id in found or model.status_on(sent.as_of, sent.platform) != "active":
            continue
        try:
            found[model.id] = quote(model, sent, override)
        except ImgcostError:
            continue
    return tuple(found.values())
