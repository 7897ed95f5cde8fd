"""How many characters of text a token has on average, by tokenizer: published and rounded, for estimates only."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.catalog import Model
from imgcost.tables.reading import Source, TomlEntry, read_published, read_rows, read_sources

__all__ = ["CharactersPerToken", "characters_per_token", "load_characters"]

FILE = "text.toml"


class CharactersPerToken(NamedTuple):
    """A published average.

    Attributes:
        value: Characters of English per token.
        first_release: Release of the first model with the tokenizer.
        sources: Where it was published.
        note: Caveats.
    """

    value: Decimal
    first_release: date
    sources: tuple[Source, ...]
    note: str


def load_characters(data: Mapping[str, Any]) -> tuple[CharactersPerToken, ...]:
    """Validate the parsed text.toml.

    Args:
        data: The parsed file.

    Returns:
        The averages, one per tokenizer, the oldest first.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    key = "characters-per-token"
    averages = []
    for entry, first_release in read_rows(FILE, key, top.take(key, list)):
        averages.append(CharactersPerToken(entry.usd("value"), first_release, entry.sources(sources), entry.note()))
        entry.done()
    top.done()
    return tuple(averages)


@cache
def _averages() -> tuple[CharactersPerToken, ...]:
    return load_characters(read_published(FILE))


def characters_per_token(model: Model | None = None) -> CharactersPerToken:
    """Return how many characters of English a token has on average.

    Args:
        model: The model; None for the current tokenizer.

    Returns:
        The average of the model's tokenizer.

    Example:
        >>> from imgcost.tables import find_model
        >>> characters_per_token().value, characters_per_token(find_model("claude-opus-4-6")).value
        (Decimal('2.5'), Decimal('3.5'))
    """
    averages = _averages()
    return next(
        (average for average in reversed(averages) if model is None or average.first_release <= model.released),
        averages[0],
    )
