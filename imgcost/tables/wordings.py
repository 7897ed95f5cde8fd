"""What the API answers to what it rejects, in its own words."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.reading import Entry, Source, read_published, read_sources

__all__ = ["Wording", "load_wordings", "wordings_of"]

FILE = "errors.toml"


class Wording(NamedTuple):
    """A message of the API.

    Attributes:
        rule: The rule that foresees it; empty where none does yet.
        text: The message, or the part of it that tells it from others, with the numbers of one that was seen.
        sources: Where it was seen.
    """

    rule: str
    text: str
    sources: tuple[Source, ...]


def load_wordings(data: Mapping[str, Any]) -> tuple[Wording, ...]:
    """Check the parsed errors.toml and build what it says.

    Args:
        data: The parsed file.

    Returns:
        Every message, rule by rule.

    Raises:
        TableError: The file does not say what it must.
    """
    top = Entry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    found = []
    for rule, rows in top.take("says", dict).items():
        for number, raw in enumerate(rows, 1):
            entry = Entry(FILE, f"says.{rule}[{number}]", raw)
            found.append(Wording(rule, entry.take("text", str), entry.sources(sources)))
            entry.done()
    rest = Entry(FILE, "unforeseen", top.take("unforeseen", dict))
    texts, seen = rest.texts("texts"), rest.sources(sources)
    rest.done()
    found += [Wording("", text, seen) for text in texts]
    top.done()
    return tuple(found)


@cache
def _table() -> tuple[Wording, ...]:
    return load_wordings(read_published(FILE))


def wordings_of(rule: str) -> tuple[Wording, ...]:
    """List the messages that a rule foresees.

    Args:
        rule: The rule's name; empty for the messages that no rule foresees yet.

    Returns:
        The messages; none where no message of the API is known, or the rule is advice.

    Example:
        >>> wordings_of("empty")[0].text
        'image cannot be empty'
    """
    return tuple(wording for wording in _table() if wording.rule == rule)
