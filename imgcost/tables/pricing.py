"""Look up prices and multipliers by model, date and platform."""

from datetime import date
from decimal import Decimal
from functools import cache

from imgcost.errors import ImgcostError, NoPriceError
from imgcost.prices import CacheUse, PriceKind, Rates
from imgcost.tables.catalog import Model, models
from imgcost.tables.platforms import Platform
from imgcost.tables.pricelist import (
    FILE,
    PRICE_KINDS,
    CacheStart,
    Multiplier,
    MultiplierName,
    PriceRow,
    PriceTable,
    load_prices,
)
from imgcost.tables.reading import read_published

__all__ = [
    "cache_starts",
    "kind_of_prompt",
    "multiplier_on",
    "multipliers",
    "price_on",
    "price_rows",
    "prices_read",
    "prompt_usd_per_mtok",
    "require_offered",
]


@cache
def _table() -> PriceTable:
    return load_prices(read_published(FILE), models())


def prices_read(model: Model) -> date:
    """Return the date on which the prices of a model were last read.

    Args:
        model: The model.

    Returns:
        The newest date of any source of its prices.

    Example:
        >>> from imgcost.tables import find_model
        >>> prices_read(find_model("claude-3-haiku"))
        datetime.date(2026, 5, 1)
    """
    return max(source.read for row in price_rows(model) for source in row.sources)


def price_rows(model: Model) -> tuple[PriceRow, ...]:
    """List all prices that a model has had, by kind, oldest first.

    Args:
        model: The model.

    Returns:
        Its standard prices, then its long-context prices, then its fast mode prices.

    Example:
        >>> from imgcost.tables import find_model
        >>> [row.rates.input for row in price_rows(find_model("claude-3-5-haiku"))]
        [Decimal('1'), Decimal('0.8')]
    """
    return tuple(row for kind in PRICE_KINDS for row in _table().rows.get((model.id, kind), ()))


def price_on(model: Model, day: date, kind: PriceKind = "standard", platform: Platform = "claude-api") -> PriceRow:
    """Return the price of a model on a date.

    A retired model keeps its last standard price, so that old jobs can still be priced.

    Args:
        model: The model.
        day: The date.
        kind: `standard`, `long-context` or `fast`.
        platform: The platform. The endpoint is not part of the price: see `multiplier_on`.

    Returns:
        The price. Rates of classes of cache tokens that were not available yet are None.

    Raises:
        NoPriceError: No price of this kind is published for that date.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    Example:
        >>> from imgcost.tables import find_model
        >>> price_on(find_model("sonnet", as_of=date(2026, 11, 22)), date(2026, 11, 22)).rates.input
        Decimal('2')
    """
    rows = _table().rows.get((model.id, kind), ())
    for row in reversed(rows):
        if row.platforms and platform not in row.platforms:
            raise NoPriceError(model.id, day, None, kind=f"{kind} price on {platform}")
        if row.first_day <= day and (row.last_day is None or day <= row.last_day):
            return row._replace(rates=_available_on(row.rates, day))
    first_day = rows[0].first_day if rows else None
    raise NoPriceError(model.id, day, first_day, kind="price" if kind == "standard" else f"{kind} price")


def _available_on(rates: Rates, day: date) -> Rates:
    starts = _table().cache_starts.items()
    return Rates(
        rates.input, rates.output, *(rates.prompt(use) if row.first_day <= day else None for use, row in starts)
    )


def prompt_usd_per_mtok(
    model: Model,
    day: date,
    *,
    cache: CacheUse = "none",
    kind: PriceKind = "standard",
    platform: Platform = "claude-api",
) -> Decimal:
    """Return the rate of prompt tokens, including those of images, by how the cache treats them.

    Args:
        model: The model.
        day: The date.
        cache: `none`, `write-5m`, `write-1h` or `read`.
        kind: `standard`, `long-context` or `fast`.
        platform: The platform.

    Returns:
        US dollars per million tokens.

    Raises:
        NoPriceError: No such price is published for that date.

    Example:
        >>> from imgcost.tables import find_model
        >>> prompt_usd_per_mtok(find_model("claude-sonnet-5-5"), date(2026, 10, 7), cache="read")
        Decimal('0.1')
    """
    rate = price_on(model, day, kind, platform).rates.prompt(cache)
    if rate is None:
        days = [
            max(row.first_day, _table().cache_starts[cache].first_day)
            for row in price_rows(model)
            if row.kind == kind and row.rates.prompt(cache) is not None
        ]
        raise NoPriceError(model.id, day, min(days, default=None), kind=f"cache {cache} price")
    return rate


def kind_of_prompt(model: Model, day: date, prompt_tokens: int) -> PriceKind:
    """Return which price applies to a prompt of a given length.

    Args:
        model: The model.
        day: The date.
        prompt_tokens: All tokens of the prompt, including cache reads and writes.

    Returns:
        `long-context` above the threshold of the model on that date, else `standard`. The threshold itself is
        `standard`.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    Example:
        >>> from imgcost.tables import find_model
        >>> [kind_of_prompt(find_model("claude-haiku-5-5"), date(2026, 10, 7), n) for n in (100_000, 100_001)]
        ['standard', 'long-context']
    """
    try:
        above = price_on(model, day, "long-context").above_input_tokens
    except NoPriceError:
        return "standard"
    return "long-context" if above is not None and prompt_tokens > above else "standard"


def multipliers() -> tuple[Multiplier, ...]:
    """List all published multipliers, by name, oldest first.

    Example:
        >>> [(row.name, row.factor) for row in multipliers()]
        [('batch', Decimal('0.5')), ('inference-geo-us', Decimal('1.1')), ('regional', Decimal('1.1'))]
    """
    return tuple(row for rows in _table().multipliers.values() for row in rows)


def multiplier_on(name: MultiplierName, model: Model, day: date, kind: PriceKind = "standard") -> Decimal:
    """Return a published multiplier on the rates of a model.

    Args:
        name: `batch`, `inference-geo-us` or `regional` (regional endpoints of Amazon Bedrock and Google Cloud).
        model: The model.
        day: The date.
        kind: The kind of price to multiply.

    Returns:
        The multiplier.

    Raises:
        NoPriceError: The multiplier does not apply to this model, date or kind of price.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    Example:
        >>> from imgcost.tables import find_model
        >>> multiplier_on("batch", find_model("claude-sonnet-5-5"), date(2026, 11, 22))
        Decimal('0.5')
    """
    rows = _table().multipliers[name]
    what = f"{name} price" if kind == "standard" else f"{name} {kind} price"
    row = next((row for row in reversed(rows) if row.first_day <= day), rows[0])
    covered = row.released_since is None or model.released >= row.released_since
    if not covered and row.otherwise is not None and kind in row.kinds:
        return row.otherwise
    if not covered or model.id in row.excepted_ids or kind not in row.kinds:
        raise NoPriceError(model.id, day, None, kind=what)
    if day < row.first_day:
        raise NoPriceError(model.id, day, max(row.first_day, model.released), kind=what)
    return row.factor


_OPTIONS: dict[MultiplierName, str] = {
    "batch": "batches (the Message Batches API) are",
    "inference-geo-us": "inference_geo is",
    "regional": "regional endpoints are",
}


def require_offered(name: MultiplierName, platform: Platform) -> None:
    """Check that a platform offers an option.

    Args:
        name: `batch`, `inference-geo-us` or `regional`.
        platform: The platform.

    Raises:
        ImgcostError: No source says that it does; the message lists the platforms that do.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    Example:
        >>> require_offered("regional", "foundry")
        Traceback (most recent call last):
        imgcost.errors.ImgcostError: regional endpoints are not available on foundry, only on bedrock, google-cloud
    """
    offered = _table().multipliers[name][-1].platforms
    if platform not in offered:
        raise ImgcostError(f"{_OPTIONS[name]} not available on {platform}, only on {', '.join(offered)}")


def cache_starts() -> tuple[CacheStart, ...]:
    """List the dates from which each class of cache tokens was available.

    Example:
        >>> [(row.cache, str(row.first_day)) for row in cache_starts()]
        [('write-5m', '2024-08-14'), ('write-1h', '2025-05-22'), ('read', '2024-08-14')]
    """
    return tuple(_table().cache_starts.values())
