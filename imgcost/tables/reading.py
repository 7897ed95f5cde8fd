"""Read and validate published tables. Errors name the file and the key."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, cast

from imgcost.errors import TableError
from imgcost.prices import PriceKind

__all__ = ["Source", "TomlEntry", "cite", "read_kinds", "read_published", "read_rows", "read_sources"]

T = TypeVar("T")

# Not a Path: importing pathlib takes longer than reading a table.
PUBLISHED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "published")  # noqa: PTH118, PTH120
PRICE_KINDS = {"standard", "long-context", "fast"}
WORDS = {str: "text", int: "a whole number", bool: "true or false", date: "a date", list: "a list", dict: "a table"}


class Source(NamedTuple):
    """The source of a published fact.

    Attributes:
        key: Its key in the tables, such as `pricing-2026-10-08`.
        title: The name of the document.
        url: Its address.
        read: The date on which it was read.
    """

    key: str
    title: str
    url: str
    read: date


def cite(sources: Sequence[Source]) -> str:
    """Cite a fact: its first source, and the date it was read.

    Args:
        sources: At least one source.

    Returns:
        A phrase.

    Example:
        >>> cite([Source("a", "Vision page", "https://example.com", date(2026, 4, 14))])
        'Vision page, read 2026-04-14'
    """
    return f"{sources[0].title}, read {sources[0].read}"


def read_published(file: str) -> dict[str, Any]:
    """Parse a published table, with decimal numbers as `Decimal`.

    Args:
        file: Its name, such as `prices.toml`.

    Returns:
        The parsed table.
    """
    with open(os.path.join(PUBLISHED, file), "rb") as stream:  # noqa: PTH118, PTH123 - as above
        return tomllib.load(stream, parse_float=Decimal)


class TomlEntry:
    """A table in a file. Its keys are taken one by one; a key that is left at the end is an error."""

    def __init__(self, file: str, key: str, raw: object) -> None:
        """Start with all keys of a table.

        Args:
            file: The name of the file, for error messages.
            key: The key of the table, for error messages.
            raw: The parsed table.

        Raises:
            TableError: `raw` is not a table.
        """
        self.file = file
        self.key = key
        self._rest = dict(_typed(self, key, raw, dict))

    def rest(self) -> dict[str, object]:
        """Return the keys that were not read yet."""
        return dict(self._rest)

    def error(self, problem: str, key: str = "") -> TableError:
        """Return an error about this entry, or about one of its keys."""
        return TableError(self.file, f"{self.key}.{key}" if key else self.key, problem)

    def take(self, key: str, value_type: type[T]) -> T:
        """Take the value of a required key.

        Raises:
            TableError: The key is missing or its value has the wrong type.
        """
        value = self.maybe(key, value_type)
        if value is None:
            raise self.error("is missing", key)
        return value

    def maybe(self, key: str, value_type: type[T]) -> T | None:
        """Take the value of an optional key.

        Raises:
            TableError: The value has the wrong type.
        """
        if key not in self._rest:
            return None
        return _typed(self, f"{self.key}.{key}", self._rest.pop(key), value_type)

    def usd(self, key: str) -> Decimal:
        """Take the value of a required key, a positive number.

        Raises:
            TableError: The key is missing, or its value is not a positive number.
        """
        value = self.maybe_usd(key)
        if value is None:
            raise self.error("is missing", key)
        return value

    def maybe_usd(self, key: str) -> Decimal | None:
        """Take the value of an optional key, a positive number.

        Raises:
            TableError: The value is not a positive number.
        """
        value = self._rest.pop(key, None)
        if value is None:
            return None
        if type(value) is int:
            value = Decimal(value)
        if type(value) is not Decimal or not value.is_finite() or value <= 0:
            raise self.error("must be a positive number", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Take an optional list of strings; empty if it is missing.

        Raises:
            TableError: The value is not a list of strings.
        """
        values = self._rest.pop(key, [])
        if type(values) is not list or not all(type(value) is str for value in values):
            raise self.error("must be a list of texts", key)
        return tuple(values)

    def sources(self, defined: Mapping[str, Source]) -> tuple[Source, ...]:
        """Take `src`: one or more sources that are defined in the same file.

        Raises:
            TableError: There are no sources, or one is not defined.
        """
        keys = self.texts("src")
        if not keys:
            raise self.error("says no source", "src")
        for key in keys:
            if key not in defined:
                raise self.error(f"source {key!r} is not defined", "src")
        return tuple(defined[key] for key in keys)

    def note(self) -> str:
        """Take `note`; empty if it is missing."""
        return self.maybe("note", str) or ""

    def done(self) -> None:
        """Check that all keys have been taken.

        Raises:
            TableError: There is an unknown key.
        """
        for key in self._rest:
            raise self.error("is an unknown key", key)


def _typed(entry: TomlEntry, key: str, value: object, value_type: type[T]) -> T:
    """Check the exact type of a value; integers must be positive."""
    if type(value) is not value_type:
        raise TableError(entry.file, key, f"must be {WORDS[value_type]}")
    if value_type is int and isinstance(value, int) and value <= 0:
        raise TableError(entry.file, key, "must be positive")
    return value


def read_sources(file: str, top: TomlEntry) -> dict[str, Source]:
    """Take `[sources]` of a file.

    Args:
        file: The name of the file.
        top: The top-level table of the file.

    Returns:
        The sources, by key.

    Raises:
        TableError: A source is incomplete.
    """
    sources = {}
    for key, raw in top.take("sources", dict).items():
        entry = TomlEntry(file, f"sources.{key}", raw)
        sources[key] = Source(key, entry.take("title", str), entry.take("url", str), entry.take("read", date))
        entry.done()
    return sources


def read_rows(file: str, key: str, raw: object) -> Iterator[tuple[TomlEntry, date]]:
    """Take dated rows, oldest first.

    Args:
        file: The name of the file.
        key: The key of the list.
        raw: The parsed list.

    Yields:
        The rows, numbered from 1 in their keys, with their first dates.

    Raises:
        TableError: There are no rows, or a row does not start after the row above it.
    """
    if type(raw) is not list or not raw:
        raise TableError(file, key, "must be a list of rows")
    above: date | None = None
    for number, item in enumerate(raw, 1):
        entry = TomlEntry(file, f"{key}[{number}]", item)
        first_day = entry.take("from", date)
        if above is not None and first_day <= above:
            raise entry.error("starts on or before the row above it")
        above = first_day
        yield entry, first_day


def read_kinds(entry: TomlEntry, key: str, words: Sequence[str]) -> tuple[PriceKind, ...]:
    """Check kinds of prices.

    Args:
        entry: The entry that contains them.
        key: Their key.
        words: The kinds.

    Returns:
        The same kinds.

    Raises:
        TableError: One of them is not a kind of price.
    """
    for word in words:
        if word not in PRICE_KINDS:
            raise entry.error(f"{word!r} is none of {', '.join(sorted(PRICE_KINDS))}", key)
    return cast("tuple[PriceKind, ...]", tuple(words))
