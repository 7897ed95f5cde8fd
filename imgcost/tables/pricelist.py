"""The price list: prices.toml, validated and parsed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from imgcost.errors import TableError
from imgcost.prices import CacheUse, PriceKind, Rates
from imgcost.tables.catalog import Model
from imgcost.tables.platforms import PLATFORMS, Platform
from imgcost.tables.reading import Source, TomlEntry, read_kinds, read_rows, read_sources

__all__ = ["FILE", "PRICE_KINDS", "CacheStart", "Multiplier", "MultiplierName", "PriceRow", "PriceTable", "load_prices"]

FILE = "prices.toml"

MultiplierName: TypeAlias = Literal["batch", "inference-geo-us", "regional"]

PRICE_KINDS: tuple[PriceKind, ...] = ("standard", "long-context", "fast")
_MULTIPLIERS = ("batch", "inference-geo-us", "regional")
_CACHES: tuple[CacheUse, ...] = ("write-5m", "write-1h", "read")
_ONE_DAY = timedelta(days=1)


class PriceRow(NamedTuple):
    """A price and the dates on which it applied.

    Attributes:
        model_id: The model.
        kind: `standard`, `long-context` or `fast`.
        first_day: The first date.
        last_day: The last date, inclusive; None if it still applies, or applied until the model was retired.
        above_input_tokens: For `long-context`: all tokens of a prompt with more tokens than this have this price.
        rates: US dollars per million tokens.
        sources: The sources of the price.
        note: Caveats.
        confidence: `high`, or `medium` if parts are inferred.
        platforms: The platforms with this price; empty for all platforms that offer the model.
    """

    model_id: str
    kind: PriceKind
    first_day: date
    last_day: date | None
    above_input_tokens: int | None
    rates: Rates
    sources: tuple[Source, ...]
    note: str
    confidence: str
    platforms: tuple[Platform, ...] = ()


class Multiplier(NamedTuple):
    """A published multiplier on the rates of all token classes.

    Attributes:
        name: `batch`, `inference-geo-us` or `regional`.
        first_day: The first date.
        factor: The multiplier.
        released_since: Applies to models released on this date or later; None for all.
        excepted_ids: Models without a published multiplier.
        otherwise: The published multiplier of models released earlier; None if the option is not offered for them.
        kinds: The kinds of prices that it applies to.
        platforms: The platforms that offer the option.
        sources: The sources of the multiplier.
        note: Caveats.
    """

    name: MultiplierName
    first_day: date
    factor: Decimal
    released_since: date | None
    excepted_ids: tuple[str, ...]
    otherwise: Decimal | None
    kinds: tuple[PriceKind, ...]
    platforms: tuple[Platform, ...]
    sources: tuple[Source, ...]
    note: str


class CacheStart(NamedTuple):
    """The date from which a class of cache tokens was available.

    Attributes:
        cache: `write-5m`, `write-1h` or `read`.
        first_day: The first date, on any model.
        sources: The sources of the date.
        note: Caveats.
    """

    cache: CacheUse
    first_day: date
    sources: tuple[Source, ...]
    note: str


class PriceTable(NamedTuple):
    """The contents of prices.toml.

    Attributes:
        rows: Prices by model and kind, oldest first.
        multipliers: Multipliers by name, oldest first.
        cache_starts: First dates by class of cache tokens.
    """

    rows: dict[tuple[str, PriceKind], tuple[PriceRow, ...]]
    multipliers: dict[str, tuple[Multiplier, ...]]
    cache_starts: dict[CacheUse, CacheStart]


def load_prices(data: Mapping[str, Any], catalog: Sequence[Model]) -> PriceTable:
    """Validate the parsed prices.toml and build its table.

    Args:
        data: The parsed file.
        catalog: The models; each must have a price from its release date on.

    Returns:
        The table.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, "prices.toml", data)
    sources = read_sources(FILE, top)
    released = {model.id: model.released for model in catalog}
    rows: dict[tuple[str, PriceKind], tuple[PriceRow, ...]] = {}
    for kind in PRICE_KINDS:
        for model_id, raw in top.take(kind, dict).items():
            key = f"{kind}.{model_id}"
            if model_id not in released:
                raise TableError(FILE, key, "is not a model in models.toml")
            prices = _price_rows(model_id, kind, read_rows(FILE, key, raw), sources)
            if prices[0].first_day < released[model_id]:
                raise TableError(FILE, f"{key}[1]", "starts before the model was released")
            rows[model_id, kind] = prices
    for model_id, day in released.items():
        if (model_id, "standard") not in rows:
            raise TableError(FILE, f"standard.{model_id}", "is missing")
        if rows[model_id, "standard"][0].first_day != day:
            raise TableError(FILE, f"standard.{model_id}[1]", "does not start on the release date of the model")
    starts = _cache_starts(TomlEntry(FILE, "cache", top.take("cache", dict)), sources)
    factors = _multipliers(TomlEntry(FILE, "multipliers", top.take("multipliers", dict)), sources, released)
    top.done()
    return PriceTable(rows, factors, starts)


def _price_rows(
    model_id: str, kind: PriceKind, entries: Iterator[tuple[TomlEntry, date]], sources: Mapping[str, Source]
) -> tuple[PriceRow, ...]:
    rows: list[PriceRow] = []
    for entry, first_day in entries:
        last_day = entry.maybe("to", date)
        above = entry.maybe("above", int)
        if (above is not None) != (kind == "long-context"):
            raise entry.error("is required for long-context prices and not allowed for others", "above")
        if last_day and (kind == "standard" or last_day < first_day):
            raise entry.error("is not allowed for standard prices, and must not be earlier than 'from'", "to")
        if rows and rows[-1].last_day and rows[-1].last_day >= first_day:
            raise entry.error("starts before the row above it ends")
        if rows and rows[-1].last_day is None:
            rows[-1] = rows[-1]._replace(last_day=first_day - _ONE_DAY)
        rates = Rates(entry.usd("in"), entry.usd("out"), *(entry.maybe_usd(key) for key in ("w5m", "w1h", "read")))
        confidence = entry.maybe("confidence", str) or "high"
        if confidence not in {"high", "medium"}:
            raise entry.error("must be high or medium", "confidence")
        platforms = _platforms(entry) or (("claude-api",) if kind == "fast" else ())
        row_sources = entry.sources(sources)
        rows.append(
            PriceRow(
                model_id, kind, first_day, last_day, above, rates, row_sources, entry.note(), confidence, platforms
            )
        )
        entry.done()
    return tuple(rows)


def _platforms(entry: TomlEntry) -> tuple[Platform, ...]:
    names = entry.texts("platforms")
    for name in names:
        if name not in PLATFORMS:
            raise entry.error(f"{name!r} is not a platform", "platforms")
    return cast("tuple[Platform, ...]", names)


def _cache_starts(top: TomlEntry, sources: Mapping[str, Source]) -> dict[CacheUse, CacheStart]:
    starts = {}
    for name in _CACHES:
        entry = TomlEntry(FILE, f"cache.{name}", top.take(name, dict))
        starts[name] = CacheStart(name, entry.take("from", date), entry.sources(sources), entry.note())
        entry.done()
    top.done()
    return starts


def _multipliers(
    top: TomlEntry, sources: Mapping[str, Source], released: Mapping[str, date]
) -> dict[str, tuple[Multiplier, ...]]:
    factors = {}
    for name in _MULTIPLIERS:
        rows = []
        for entry, first_day in read_rows(FILE, f"multipliers.{name}", top.take(name, list)):
            factor, since, excepted = entry.usd("factor"), entry.maybe("since", date), entry.texts("but")
            for model_id in excepted:
                if model_id not in released:
                    raise entry.error(f"{model_id!r} is not a model in models.toml", "but")
            otherwise = entry.maybe_usd("otherwise")
            kinds = read_kinds(entry, "kinds", entry.texts("kinds")) or PRICE_KINDS
            platforms = _platforms(entry)
            row_sources, note = entry.sources(sources), entry.note()
            label = cast("MultiplierName", name)
            rows.append(
                Multiplier(label, first_day, factor, since, excepted, otherwise, kinds, platforms, row_sources, note)
            )
            entry.done()
        factors[name] = tuple(rows)
    top.done()
    return factors
