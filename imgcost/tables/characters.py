"""How many characters of text a token has on average: published and rounded, for estimates only."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.reading import Source, TomlEntry, read_published, read_sources

__all__ = ["CharactersPerToken", "characters_per_token", "load_characters"]

FILE = "text.toml"


class CharactersPerToken(NamedTuple):
    """A published average.

    Attributes:
        value: Unicode characters per token.
        sources: Where it was published.
        note: Caveats.
    """

    value: Decimal
    sources: tuple[Source, ...]
    note: str


def load_characters(data: Mapping[str, Any]) -> CharactersPerToken:
    """Validate the parsed text.toml.

    Args:
        data: The parsed file.

    Returns:
        The average.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    entry = TomlEntry(FILE, "characters-per-token", top.take("characters-per-token", dict))
    average = CharactersPerToken(entry.usd("value"), entry.sources(sources), entry.note())
    entry.done()
    top.done()
    return average


@cache
def characters_per_token() -> CharactersPerToken:
    """Return how many characters a token of a current model has on average.

    Example:
        >>> characters_per_token().value
        Decimal('2.5')
    """
    return load_characters(read_published(FILE))
