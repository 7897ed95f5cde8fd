"""Read a published table and check it: every defect is named by its file and its key."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, cast

from imgcost.errors import TableError
from imgcost.prices import PriceKind

__all__ = ["Entry", "Source", "cite", "read_kinds", "read_published", "read_rows", "read_sources"]

T = TypeVar("T")

# Not a Path: importing pathlib takes longer than reading a table, and an estimate needs nothing else of it.
PUBLISHED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "published")  # noqa: PTH118, PTH120
KINDS = {"standard", "long-context", "fast"}
WORDS = {str: "text", int: "a whole number", bool: "true or false", date: "a day", list: "a list", dict: "a table"}


class Source(NamedTuple):
    """Where a published fact was read.

    Attributes:
        key: Its short name in the tables, such as `pricing-2026-10-08`.
        title: The document's name.
        url: Where it stands.
        read: The day on which it said so.
    """

    key: str
    title: str
    url: str
    read: date


def cite(sources: Sequence[Source]) -> str:
    """Name where something was read: the first source, and the date.

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
    """Parse one of the published tables; decimals stay decimals.

    Args:
        file: Its name, such as `prices.toml`.

    Returns:
        The parsed table.
    """
    with open(os.path.join(PUBLISHED, file), "rb") as stream:  # noqa: PTH118, PTH123 - as above
        return tomllib.load(stream, parse_float=Decimal)


class Entry:
    """One table of a file, whose keys are taken one by one; what is left at the end is a defect."""

    def __init__(self, file: str, key: str, raw: object) -> None:
        """Hold the keys of one table.

        Args:
            file: The file's name, for messages.
            key: Where in the file, for messages.
            raw: The parsed table.

        Raises:
            TableError: It is no table.
        """
        self.file = file
        self.key = key
        self._rest = dict(_typed(self, key, raw, dict))

    def rest(self) -> dict[str, object]:
        """Return the keys that were not read yet."""
        return dict(self._rest)

    def error(self, problem: str, key: str = "") -> TableError:
        """Name a defect of this entry, or of one of its keys."""
        return TableError(self.file, f"{self.key}.{key}" if key else self.key, problem)

    def take(self, key: str, kind: type[T]) -> T:
        """Take a key that must be there.

        Raises:
            TableError: It is missing or of the wrong type.
        """
        value = self.maybe(key, kind)
        if value is None:
            raise self.error("is missing", key)
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Take a key that may be missing.

        Raises:
            TableError: It is of the wrong type.
        """
        if key not in self._rest:
            return None
        return _typed(self, f"{self.key}.{key}", self._rest.pop(key), kind)

    def usd(self, key: str) -> Decimal:
        """Take a positive decimal that must be there; a whole number will do.

        Raises:
            TableError: It is missing, no number, or not positive.
        """
        value = self.maybe_usd(key)
        if value is None:
            raise self.error("is missing", key)
        return value

    def maybe_usd(self, key: str) -> Decimal | None:
        """Take a positive decimal that may be missing; a whole number will do.

        Raises:
            TableError: It is no number, or not positive.
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
        """Take a list of texts; empty where it is missing.

        Raises:
            TableError: It is no list of texts.
        """
        values = self._rest.pop(key, [])
        if type(values) is not list or not all(type(value) is str for value in values):
            raise self.error("must be a list of texts", key)
        return tuple(values)

    def sources(self, known: Mapping[str, Source]) -> tuple[Source, ...]:
        """Take `src`: at least one source, each one defined in the same file.

        Raises:
            TableError: There is none, or one that is not defined.
        """
        keys = self.texts("src")
        if not keys:
            raise self.error("says no source", "src")
        for key in keys:
            if key not in known:
                raise self.error(f"source {key!r} is not defined", "src")
        return tuple(known[key] for key in keys)

    def note(self) -> str:
        """Take `note`, empty where it is missing."""
        return self.maybe("note", str) or ""

    def done(self) -> None:
        """Make sure that every key was taken.

        Raises:
            TableError: A key is left: nothing knows it.
        """
        for key in self._rest:
            raise self.error("is an unknown key", key)


def _typed(entry: Entry, key: str, value: object, kind: type[T]) -> T:
    """Check a value's exact type; a whole number is positive."""
    if type(value) is not kind:
        raise TableError(entry.file, key, f"must be {WORDS[kind]}")
    if kind is int and isinstance(value, int) and value <= 0:
        raise TableError(entry.file, key, "must be positive")
    return value


def read_sources(file: str, top: Entry) -> dict[str, Source]:
    """Take `[sources]` of a file.

    Args:
        file: The file's name.
        top: The whole file.

    Returns:
        Every source by its key.

    Raises:
        TableError: One is incomplete.
    """
    sources = {}
    for key, raw in top.take("sources", dict).items():
        entry = Entry(file, f"sources.{key}", raw)
        sources[key] = Source(key, entry.take("title", str), entry.take("url", str), entry.take("read", date))
        entry.done()
    return sources


def read_rows(file: str, key: str, raw: object) -> Iterator[tuple[Entry, date]]:
    """Take dated rows, oldest first.

    Args:
        file: The file's name.
        key: Where in the file.
        raw: The parsed list.

    Yields:
        Each row, counted from 1 in its key, and its first day.

    Raises:
        TableError: There are no rows, or one does not start after the row above it.
    """
    if type(raw) is not list or not raw:
        raise TableError(file, key, "must be a list of rows")
    above: date | None = None
    for number, item in enumerate(raw, 1):
        entry = Entry(file, f"{key}[{number}]", item)
        first_day = entry.take("from", date)
        if above is not None and first_day <= above:
            raise entry.error("starts on or before the row above it")
        above = first_day
        yield entry, first_day


def read_kinds(entry: Entry, key: str, words: Sequence[str]) -> tuple[PriceKind, ...]:
    """Check names of prices.

    Args:
        entry: The entry that they were taken from.
        key: Their key.
        words: The names.

    Returns:
        The same names.

    Raises:
        TableError: One of them is no kind of price.
    """
    for word in words:
        if word not in KINDS:
            raise entry.error(f"{word!r} is none of {', '.join(sorted(KINDS))}", key)
    return cast("tuple[PriceKind, ...]", tuple(words))
