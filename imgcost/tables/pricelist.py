"""The price list: prices.toml, checked and built."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from imgcost.errors import TableError
from imgcost.prices import CacheUse, PriceKind, Rates
from imgcost.tables.catalog import Model
from imgcost.tables.platforms import PLATFORMS, Platform
from imgcost.tables.reading import Entry, Source, read_kinds, read_rows, read_sources

__all__ = ["FILE", "KINDS", "CacheStart", "Multiplier", "MultiplierName", "PriceRow", "PriceTable", "load_prices"]

FILE = "prices.toml"

MultiplierName: TypeAlias = Literal["batch", "inference-geo-us", "regional"]

KINDS: tuple[PriceKind, ...] = ("standard", "long-context", "fast")
_MULTIPLIERS = ("batch", "inference-geo-us", "regional")
_CACHES: tuple[CacheUse, ...] = ("write-5m", "write-1h", "read")
_ONE_DAY = timedelta(days=1)


class PriceRow(NamedTuple):
    """A price, from its first day to its last.

    Attributes:
        model_id: Whose price.
        kind: `standard`, `long-context` or `fast`.
        first_day: The first day on which it held.
        last_day: The last such day, included; None where it holds still, or held when the model was retired.
        above_input_tokens: For `long-context`: prompts of more tokens than this have this price, on every token.
        rates: US dollars per million tokens.
        sources: Where it was read.
        note: What a reader should know about it.
        confidence: `high`, or `medium` where parts are inferred.
        platforms: Who sells at this price; empty where every platform that has the model does.
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
    """A published factor on every class of tokens.

    Attributes:
        name: `batch`, `inference-geo-us` or `regional`.
        first_day: The first day on which it held.
        factor: What rates are multiplied by.
        released_since: Holds for models released on this day or later; None for all.
        excepted_ids: Models that it is not known to hold for.
        otherwise: The published factor of models released earlier; None where the option is not offered for them.
        kinds: The prices that it goes with.
        platforms: Who offers it.
        sources: Where it was read.
        note: What a reader should know about it.
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
    """The first day on which tokens of a cache class were sold.

    Attributes:
        cache: `write-5m`, `write-1h` or `read`.
        first_day: The first such day, on any model.
        sources: Where it was read.
        note: What a reader should know about it.
    """

    cache: CacheUse
    first_day: date
    sources: tuple[Source, ...]
    note: str


class PriceTable(NamedTuple):
    """All of prices.toml.

    Attributes:
        rows: By model and kind, oldest first.
        multipliers: By name, oldest first.
        cache_starts: By cache class.
    """

    rows: dict[tuple[str, PriceKind], tuple[PriceRow, ...]]
    multipliers: dict[str, tuple[Multiplier, ...]]
    cache_starts: dict[CacheUse, CacheStart]


def load_prices(data: Mapping[str, Any], known: Sequence[Model]) -> PriceTable:
    """Check the parsed prices.toml and build what it says.

    Args:
        data: The parsed file.
        known: The models, each of which must have a price from its first day.

    Returns:
        The table.

    Raises:
        TableError: The file does not say what it must.
    """
    top = Entry(FILE, "prices.toml", data)
    sources = read_sources(FILE, top)
    released = {model.id: model.released for model in known}
    rows: dict[tuple[str, PriceKind], tuple[PriceRow, ...]] = {}
    for kind in KINDS:
        for model_id, raw in top.take(kind, dict).items():
            key = f"{kind}.{model_id}"
            if model_id not in released:
                raise TableError(FILE, key, "is no model of models.toml")
            found = _price_rows(model_id, kind, read_rows(FILE, key, raw), sources)
            if found[0].first_day < released[model_id]:
                raise TableError(FILE, f"{key}[1]", "starts before the model was released")
            rows[model_id, kind] = found
    for model_id, day in released.items():
        if (model_id, "standard") not in rows:
            raise TableError(FILE, f"standard.{model_id}", "is missing")
        if rows[model_id, "standard"][0].first_day != day:
            raise TableError(FILE, f"standard.{model_id}[1]", "does not start on the day of the model's release")
    starts = _cache_starts(Entry(FILE, "cache", top.take("cache", dict)), sources)
    factors = _multipliers(Entry(FILE, "multipliers", top.take("multipliers", dict)), sources, released)
    top.done()
    return PriceTable(rows, factors, starts)


def _price_rows(
    model_id: str, kind: PriceKind, entries: Iterator[tuple[Entry, date]], sources: Mapping[str, Source]
) -> tuple[PriceRow, ...]:
    rows: list[PriceRow] = []
    for entry, first_day in entries:
        last_day = entry.maybe("to", date)
        above = entry.maybe("above", int)
        if (above is not None) != (kind == "long-context"):
            raise entry.error("belongs to every long-context price, and to no other", "above")
        if last_day and (kind == "standard" or last_day < first_day):
            raise entry.error("a standard price has no last day, and no price ends before its first", "to")
        if rows and rows[-1].last_day and rows[-1].last_day >= first_day:
            raise entry.error("starts before the row above it ends")
        if rows and rows[-1].last_day is None:
            rows[-1] = rows[-1]._replace(last_day=first_day - _ONE_DAY)
        rates = Rates(entry.usd("in"), entry.usd("out"), *(entry.maybe_usd(key) for key in ("w5m", "w1h", "read")))
        confidence = entry.maybe("confidence", str) or "high"
        if confidence not in {"high", "medium"}:
            raise entry.error("must be high or medium", "confidence")
        sold_on = _platforms(entry) or (("claude-api",) if kind == "fast" else ())
        found = entry.sources(sources)
        rows.append(
            PriceRow(model_id, kind, first_day, last_day, above, rates, found, entry.note(), confidence, sold_on)
        )
        entry.done()
    return tuple(rows)


def _platforms(entry: Entry) -> tuple[Platform, ...]:
    named = entry.texts("platforms")
    for name in named:
        if name not in PLATFORMS:
            raise entry.error(f"{name!r} is not a platform", "platforms")
    return cast("tuple[Platform, ...]", named)


def _cache_starts(top: Entry, sources: Mapping[str, Source]) -> dict[CacheUse, CacheStart]:
    starts = {}
    for name in _CACHES:
        entry = Entry(FILE, f"cache.{name}", top.take(name, dict))
        starts[name] = CacheStart(name, entry.take("from", date), entry.sources(sources), entry.note())
        entry.done()
    top.done()
    return starts


def _multipliers(
    top: Entry, sources: Mapping[str, Source], released: Mapping[str, date]
) -> dict[str, tuple[Multiplier, ...]]:
    factors = {}
    for name in _MULTIPLIERS:
        rows = []
        for entry, first_day in read_rows(FILE, f"multipliers.{name}", top.take(name, list)):
            factor, since, excepted = entry.usd("factor"), entry.maybe("since", date), entry.texts("but")
            for model_id in excepted:
                if model_id not in released:
                    raise entry.error(f"{model_id!r} is no model of models.toml", "but")
            otherwise = entry.maybe_usd("otherwise")
            kinds = read_kinds(entry, "kinds", entry.texts("kinds")) or KINDS
            offered = _platforms(entry)
            found, note = entry.sources(sources), entry.note()
            label = cast("MultiplierName", name)
            rows.append(Multiplier(label, first_day, factor, since, excepted, otherwise, kinds, offered, found, note))
            entry.done()
        factors[name] = tuple(rows)
    top.done()
    return factors
