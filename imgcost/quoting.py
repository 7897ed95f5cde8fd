"""Look up what a model charges on a platform, endpoint and date, for every command and report.

A `Quote` has everything between a model's name and dollars: the tier and formula that count visual tokens, the rates
by token class including multipliers, the long-context price and its threshold, the measured overhead tokens, and the
limits of the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from imgcost import geometry
from imgcost.arguments import check_choice, to_date
from imgcost.conditions import Conditions, conditions
from imgcost.errors import ArgumentError, ImgcostError, NoPriceError
from imgcost.geometry import Formula
from imgcost.prices import cost_usd, exact_usd
from imgcost.tables import (
    TWO_ENDPOINTS,
    Measured,
    Model,
    NamedModel,
    Platform,
    PriceRow,
    Source,
    family_of,
    find_measured,
    known_limits,
    models,
    multiplier_on,
    multipliers,
    price_on,
    prompt_usd_per_mtok,
    require_offered,
    resolve_model,
    today,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from imgcost.conditions import CacheTtl
    from imgcost.geometry import Tier
    from imgcost.prices import CacheUse, PriceKind, Rates
    from imgcost.tables import Limits, MeasuredName, MultiplierName

__all__ = [
    "Factor",
    "Overhead",
    "Quote",
    "TokenRule",
    "comparable",
    "quote",
    "quotes",
    "quotes_on",
    "requote",
    "requote_or_none",
    "resolve_models",
]

_WRITES: dict[CacheTtl, CacheUse] = {"none": "none", "5m": "write-5m", "1h": "write-1h"}


class TokenRule(NamedTuple):
    """Tier and formula, which decide the visual tokens of an image. Models with the same rule share their counts.

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
        factor: Value of the multiplier.
        sources: Where it was published.
    """

    name: MultiplierName
    factor: Decimal
    sources: tuple[Source, ...]


class Overhead(NamedTuple):
    """Tokens billed in addition to images and text: measured, not published. None if not measured.

    Attributes:
        image: Tokens per image.
        message: Tokens per user message.
        request: Tokens per request with images.
    """

    image: Measured | None
    message: Measured | None
    request: Measured | None

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Tokens per image, message and request; 0 if not measured."""
        image, message, request = (row.value if row else 0 for row in self)
        return image, message, request


@dataclass(frozen=True, slots=True, repr=False)
class Quote:
    """What a model charges under some conditions.

    Attributes:
        requested: The requested name.
        model: The model with that name.
        conditions: How requests are sent.
        rule: Tier and formula that count visual tokens.
        standard: US dollars per MTok by token class, including multipliers; in fast mode, the fast mode prices.
        long_context: The same for prompts over `threshold`; None if there is no such price.
        threshold: Prompt tokens above which `long_context` applies to the whole request.
        prices: Published prices: of `standard`, then of `long_context`.
        factors: Multipliers included in the rates.
        overhead: Measured tokens per image, message and request.
        assumptions: What was assumed because neither the name nor the caller specified it, as sentences.
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
        """Limits of the platform on that date, as far as they are known."""
        return known_limits(self.conditions.platform, self.conditions.as_of)

    @property
    def max_images(self) -> int | None:
        """Maximum number of images in a request to this model; None if no limit is published."""
        return self.limits.max_images(self.model.context_window)

    @property
    def usd_per_mtok(self) -> Decimal:
        """US dollars per million image tokens: as uncached input, or as written to the cache."""
        return self._rate(_WRITES[self.conditions.cache])

    @property
    def cache_read_usd_per_mtok(self) -> Decimal | None:
        """US dollars per million image tokens read from the cache; None if prompts are not cached."""
        return None if self.conditions.cache == "none" else self._rate("read")

    def tokens(self, width: int, height: int) -> int:
        """Count the visual tokens of an image; see `TokenRule.tokens`."""
        return self.rule.tokens(width, height)

    def image_usd(self, tokens: int) -> Decimal:
        """Price visual tokens at `usd_per_mtok`.

        Args:
            tokens: Visual tokens; pass the sum over all images.

        Returns:
            US dollars, exact.
        """
        return cost_usd(tokens, self.usd_per_mtok)

    def input_usd(self, tokens: int) -> Decimal:
        """Price tokens as uncached input, whether prompts are cached or not: US dollars, exact."""
        return cost_usd(tokens, self.standard.input)

    def rates(self, prompt_tokens: int) -> Rates:
        """Return the rates that apply to a request.

        Args:
            prompt_tokens: All tokens of its prompt, cached or not.

        Returns:
            `long_context` over the threshold, otherwise `standard`.
        """
        if self.long_context and self.threshold is not None and prompt_tokens > self.threshold:
            return self.long_context
        return self.standard

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON reports; rates as exact decimal text."""
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
        return cast("Decimal", self.standard.prompt(cache))  # `quote` has checked that there is a price


def quotes(
    models: str | Model | Sequence[str | Model], *, formula: Formula | None = None, **choices: Any
) -> tuple[Quote, ...]:
    """Look up what several models charge under the same conditions.

    Args:
        models: A model, any of its names, or several of those; a family such as `sonnet` means its newest active model
            on that date.
        formula: `patch` or `area`, to override the models' own.
        **choices: See `conditions`.

    Returns:
        One quote per model, in order. If a model is requested by several names, a family's name takes precedence.

    Raises:
        UnknownModelError: No table lists a name.
        NoPriceError: A model has no such price on that date, or did not read images yet.
        ImgcostError: See `conditions` and `quote`.

    >>> from datetime import date
    >>> [quote.model.id for quote in quotes(["haiku", "claude-haiku-5-5"], as_of=date(2026, 11, 22))]
    ['claude-haiku-5-5']
    """
    choices["as_of"] = to_date(choices.get("as_of")) or today()  # read the clock only once, because of midnight
    named = resolve_models(models, choices["as_of"])
    return quotes_on(named, conditions(named, **choices), formula)


def resolve_models(names: str | Model | Sequence[str | Model], as_of: date | None) -> list[NamedModel]:
    """Find models by their names; `Model`s are returned unchanged.

    Raises:
        UnknownModelError: No table lists a name.
        ArgumentError: Something is not a name, or there is none.

    >>> from datetime import date
    >>> [named.model.id for named in resolve_models(["opus"], date(2026, 11, 22))]
    ['claude-opus-5-5']
    """
    requested = (names,) if isinstance(names, str | Model) else names
    if not isinstance(requested, list | tuple) or not requested:
        raise ArgumentError("model", names, "the name of a model, such as 'sonnet', or a list of names")
    return [_resolve(name, as_of) for name in requested]


def _resolve(name: object, as_of: date | None) -> NamedModel:
    if isinstance(name, Model):
        return NamedModel(name.id, name)
    if isinstance(name, str):
        return resolve_model(name, as_of=as_of)
    raise ArgumentError("model", name, "the name of a model, such as 'sonnet'")


def quotes_on(named: Iterable[NamedModel], conditions: Conditions, formula: Formula | None = None) -> tuple[Quote, ...]:
    """Like `quotes`, for resolved names and validated conditions."""
    by_model: dict[str, Quote] = {}
    for model in named:
        if model.model.id not in by_model or family_of(model.name):
            by_model[model.model.id] = quote(model, conditions, formula)
    return tuple(by_model.values())


def quote(model: str | Model | NamedModel, conditions: Conditions, formula: Formula | None = None) -> Quote:
    """Look up what a model charges.

    Args:
        model: A model, or any of its names.
        conditions: How requests are sent.
        formula: `patch` or `area`, to override the model's own.

    Returns:
        The quote.

    Raises:
        UnknownModelError: No table lists the name.
        NoPriceError: The model has no such price on that date, or did not read images yet.
        ImgcostError: The platform does not offer the model, or its resolution tier was never published.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> from datetime import date
    >>> haiku = quote("haiku", conditions(as_of=date(2026, 11, 22), batch=True))
    >>> haiku.model.id, haiku.usd_per_mtok
    ('claude-haiku-5-5', Decimal('0.05'))
    """
    check_choice("formula", formula, (None, *get_args(Formula)))
    named = model if isinstance(model, NamedModel) else _resolve(model, conditions.as_of)
    resolved, day = named.model, conditions.as_of
    rows = _prices(resolved, conditions)
    if day < resolved.vision_from:
        raise NoPriceError(resolved.id, day, resolved.vision_from, kind="image price")
    if resolved.tier is None:
        raise ImgcostError(f"the resolution tier of {resolved.id} was never published, so its images cannot be counted")
    rates = [
        row.rates.times(*(multiplier_on(name, resolved, day, row.kind) for name in conditions.multipliers))
        for row in rows
    ]
    has_long = len(rows) > 1
    return Quote(
        requested=named.name,
        model=resolved,
        conditions=conditions,
        rule=TokenRule(resolved.tier, formula or resolved.formula),
        standard=rates[0],
        long_context=rates[1] if has_long else None,
        threshold=rows[1].above_input_tokens if has_long else None,
        prices=rows,
        factors=tuple(_factor(name, resolved, day, rows[0].kind) for name in conditions.multipliers),
        overhead=Overhead(*(find_measured(name, resolved, day) for name in _OVERHEAD)),
        assumptions=tuple(_assumptions(named, conditions)),
    )


def requote(original: Quote, conditions: Conditions) -> Quote:
    """Look up what the same model charges under other conditions, with the same formula."""
    return quote(NamedModel(original.requested, original.model), conditions, original.formula)


def requote_or_none(original: Quote, conditions: Conditions) -> Quote | None:
    """Look up what the same model charges under other conditions, as `requote`; None if it is not sold that way."""
    try:
        return requote(original, conditions)
    except ImgcostError:
        return None


_OVERHEAD: tuple[MeasuredName, ...] = (
    "image-wrapping-tokens",
    "message-framing-tokens",
    "image-request-surcharge-tokens",
)
_IDS: dict[Platform, str] = {"bedrock": "bedrock_ids", "google-cloud": "google_cloud_id", "foundry": "foundry_id"}


def _prices(model: Model, conditions: Conditions) -> tuple[PriceRow, ...]:
    """Return the standard or fast price, followed by the long-context price if there is one."""
    day, platform = conditions.as_of, conditions.platform
    for name in conditions.multipliers:
        require_offered(name, platform)
    if platform == "claude-ai":
        raise ImgcostError("claude-ai is not billed by token: choose a platform with an API")
    if platform in _IDS and not getattr(model, _IDS[platform]) and not model.retires_on(platform):
        raise ImgcostError(f"{model.id} is not offered on {platform}: no model ID for it is published")
    kind: PriceKind = conditions.speed
    if conditions.cache != "none":
        classes: tuple[CacheUse, ...] = (_WRITES[conditions.cache], "read")
        for cache in classes:
            prompt_usd_per_mtok(model, day, cache=cache, kind=kind, platform=platform)  # raises if there is no price
    price = price_on(model, day, kind, platform)
    if kind == "fast":
        return (price,)  # fast mode has one price for all prompt lengths
    try:
        return price, price_on(model, day, "long-context")
    except NoPriceError:
        return (price,)


def _factor(name: MultiplierName, model: Model, day: date, kind: PriceKind) -> Factor:
    rows = [row for row in multipliers() if row.name == name]
    published = next((row for row in reversed(rows) if row.first_day <= day), rows[0])
    return Factor(name, multiplier_on(name, model, day, kind), published.sources)


def _assumptions(named: NamedModel, conditions: Conditions) -> Iterator[str]:
    """Describe assumptions about the endpoint that affect the price, and uncertain prices."""
    if conditions.platform not in TWO_ENDPOINTS:
        return
    factor = multiplier_on("regional", named.model, conditions.as_of)
    if factor == 1:
        return
    if conditions.endpoint_assumed:
        other = (
            f"at {factor:f} times the global price"
            if conditions.endpoint == "regional"
            else f"and regional endpoints cost {factor:f} times as much"
        )
        yield (
            f"No endpoint was given for {named.name!r} on {conditions.platform}: {conditions.endpoint} is assumed, "
            f"{other}."
        )
    if named.geography == "us-gov":
        yield (
            f"The price of us-gov. endpoints is uncertain, because sources disagree: {factor:f} times the global price "
            "is assumed."
        )


def comparable(selected: Sequence[Quote]) -> tuple[Quote, ...]:
    """List the models that a report compares: the selected ones, then all other active models.

    Args:
        selected: Quotes of the selected models, at least one. If one of them overrides its model's formula, the
            override applies to the other models too.

    Returns:
        The selected quotes, then those of the other models under the same conditions, newest first. Models that are
        not sold under these conditions are left out.

    >>> from datetime import date
    >>> selected = quotes(["claude-opus-4-6"], as_of=date(2026, 11, 22))
    >>> [quote.model.id for quote in comparable(selected)][:2]
    ['claude-opus-4-6', 'claude-mythos-5-2']
    """
    conditions = selected[0].conditions
    override = next((chosen.formula for chosen in selected if chosen.formula != chosen.model.formula), None)
    by_model = {chosen.model.id: chosen for chosen in selected}
    for model in reversed(models()):
        if model.id in by_model or model.status_on(conditions.as_of, conditions.platform) != "active":
            continue
        try:
            by_model[model.id] = quote(model, conditions, override)
        except ImgcostError:
            continue
    return tuple(by_model.values())
