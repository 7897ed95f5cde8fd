"""The published numbers: models, prices, limits, and what was measured; each with its source and the day it was read.

The files stand in `imgcost/published/`. Each is read and checked once, when it is first asked.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgcost.tables.catalog import (
    Model,
    Status,
    families,
    family_of,
    find_model,
    find_tier,
    known_names,
    load_models,
    models,
    today,
)
from imgcost.tables.pricelist import CacheStart, Multiplier, MultiplierName, PriceRow, PriceTable, load_prices
from imgcost.tables.pricing import (
    cache_starts,
    kind_of_prompt,
    multiplier_on,
    multipliers,
    price_on,
    price_rows,
    prices_read,
    prompt_usd_per_mtok,
)
from imgcost.tables.reading import Entry, Source, read_published, read_sources

if TYPE_CHECKING:
    from imgcost.tables.limits import (
        Advice,
        Limits,
        LimitTable,
        Platform,
        Statement,
        advice_on,
        limits_on,
        load_limits,
        platforms,
        statements,
    )
    from imgcost.tables.measured import Measured, MeasuredName, find_measured, load_measured, measurements
    from imgcost.tables.wordings import Wording, load_wordings, wordings_of

__all__ = [
    "Advice",
    "CacheStart",
    "LimitTable",
    "Limits",
    "Measured",
    "MeasuredName",
    "Model",
    "Multiplier",
    "MultiplierName",
    "Platform",
    "PriceRow",
    "PriceTable",
    "Source",
    "Statement",
    "Status",
    "Wording",
    "advice_on",
    "cache_starts",
    "families",
    "family_of",
    "find_measured",
    "find_model",
    "find_tier",
    "kind_of_prompt",
    "known_names",
    "limits_on",
    "load_limits",
    "load_measured",
    "load_models",
    "load_prices",
    "load_wordings",
    "measurements",
    "models",
    "multiplier_on",
    "multipliers",
    "platforms",
    "price_on",
    "price_rows",
    "prices_read",
    "prompt_usd_per_mtok",
    "sources",
    "statements",
    "today",
    "wordings_of",
]

_LATE = {
    "Advice": "limits",
    "LimitTable": "limits",
    "Limits": "limits",
    "Measured": "measured",
    "MeasuredName": "measured",
    "Platform": "limits",
    "Statement": "limits",
    "Wording": "wordings",
    "advice_on": "limits",
    "find_measured": "measured",
    "limits_on": "limits",
    "load_limits": "limits",
    "load_measured": "measured",
    "load_wordings": "wordings",
    "measurements": "measured",
    "platforms": "limits",
    "statements": "limits",
    "wordings_of": "wordings",
}
"""Names whose room is imported when they are first used: an estimate asks for no limits."""


def __getattr__(name: str) -> Any:
    """Import a late name from its room."""
    if name in _LATE:
        return getattr(import_module(f"imgcost.tables.{_LATE[name]}"), name)
    raise AttributeError(f"module 'imgcost.tables' has no attribute {name!r}")


FILES = ("models.toml", "prices.toml", "limits.toml", "errors.toml", "measured.toml")


@cache
def sources() -> tuple[Source, ...]:
    """List every source of every table, in the order of the day read.

    Returns:
        Each source once.

    Example:
        >>> sources()[0].title
        'Introducing the next generation of Claude'
    """
    found = {}
    for file in FILES:
        found.update(read_sources(file, Entry(file, file, read_published(file))))
    return tuple(sorted(found.values(), key=lambda source: (source.read, source.key)))
