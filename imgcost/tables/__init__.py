"""Published facts about models, prices and limits, and measured numbers, each with its source and the date it was read.

The files in `imgcost/published/` are read and validated once, when they are first needed.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgcost.tables.catalog import (
    Model,
    Status,
    families,
    find_tier,
    load_models,
    models,
    today,
)
from imgcost.tables.names import (
    NamedModel,
    Placement,
    family_of,
    find_model,
    known_names,
    placement_of,
    resolve_model,
)
from imgcost.tables.platforms import FIRST_PARTY, TWO_ENDPOINTS, Endpoint, Platform, Speed, platforms
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
    require_offered,
)
from imgcost.tables.reading import Source, TomlEntry, cite, read_published, read_sources

if TYPE_CHECKING:
    from imgcost.tables.blocks import BlockPlace, BlockTable, block_table, load_blocks
    from imgcost.tables.characters import CharactersPerToken, characters_per_token, load_characters
    from imgcost.tables.limits import (
        Advice,
        Limits,
        LimitTable,
        Statement,
        advice_on,
        known_limits,
        limits_on,
        load_limits,
        statements,
    )
    from imgcost.tables.measured import (
        MEASURED_NAMES,
        Measured,
        MeasuredName,
        find_measured,
        load_measured,
        measurements,
    )
    from imgcost.tables.wordings import Wording, load_wordings, match_wordings, wordings_of

__all__ = [
    "FIRST_PARTY",
    "MEASURED_NAMES",
    "TWO_ENDPOINTS",
    "Advice",
    "BlockPlace",
    "BlockTable",
    "CacheStart",
    "CharactersPerToken",
    "Endpoint",
    "LimitTable",
    "Limits",
    "Measured",
    "MeasuredName",
    "Model",
    "Multiplier",
    "MultiplierName",
    "NamedModel",
    "Placement",
    "Platform",
    "PriceRow",
    "PriceTable",
    "Source",
    "Speed",
    "Statement",
    "Status",
    "Wording",
    "advice_on",
    "block_table",
    "cache_starts",
    "characters_per_token",
    "cite",
    "families",
    "family_of",
    "find_measured",
    "find_model",
    "find_tier",
    "kind_of_prompt",
    "known_limits",
    "known_names",
    "limits_on",
    "load_blocks",
    "load_characters",
    "load_limits",
    "load_measured",
    "load_models",
    "load_prices",
    "load_wordings",
    "match_wordings",
    "measurements",
    "models",
    "multiplier_on",
    "multipliers",
    "placement_of",
    "platforms",
    "price_on",
    "price_rows",
    "prices_read",
    "prompt_usd_per_mtok",
    "require_offered",
    "resolve_model",
    "sources",
    "statements",
    "today",
    "wordings_of",
]

_LATE = {
    "MEASURED_NAMES": "measured",
    "Advice": "limits",
    "BlockPlace": "blocks",
    "BlockTable": "blocks",
    "CharactersPerToken": "characters",
    "LimitTable": "limits",
    "Limits": "limits",
    "Measured": "measured",
    "MeasuredName": "measured",
    "Statement": "limits",
    "Wording": "wordings",
    "advice_on": "limits",
    "block_table": "blocks",
    "characters_per_token": "characters",
    "find_measured": "measured",
    "known_limits": "limits",
    "limits_on": "limits",
    "load_blocks": "blocks",
    "load_characters": "characters",
    "load_limits": "limits",
    "load_measured": "measured",
    "load_wordings": "wordings",
    "match_wordings": "wordings",
    "measurements": "measured",
    "statements": "limits",
    "wordings_of": "wordings",
}
"""Names whose module is imported on first use: an estimate needs no limits."""


if not TYPE_CHECKING:  # a type checker that saw this function would accept any name, misspelled ones too

    def __getattr__(name: str) -> Any:
        """Import a name of `_LATE` from its module."""
        if name in _LATE:
            return getattr(import_module(f"imgcost.tables.{_LATE[name]}"), name)
        raise AttributeError(f"module 'imgcost.tables' has no attribute {name!r}")


FILES = ("models.toml", "prices.toml", "limits.toml", "blocks.toml", "errors.toml", "measured.toml", "text.toml")


@cache
def sources() -> tuple[Source, ...]:
    """List all sources of all tables, by the date they were read.

    Returns:
        Each source once.

    Example:
        >>> sources()[0].title
        'Introducing the next generation of Claude'
    """
    by_key = {}
    for file in FILES:
        by_key.update(read_sources(file, TomlEntry(file, file, read_published(file))))
    return tuple(sorted(by_key.values(), key=lambda source: (source.read, source.key)))
