"""Error messages of the API, by the rule that predicts them."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.reading import Entry, Source, read_published, read_sources

__all__ = ["Wording", "load_wordings", "wordings_of"]

FILE = "errors.toml"


class Wording(NamedTuple):
    """An error message of the API.

    Attributes:
        rule: The rule that predicts it; empty if there is none yet.
        text: The message or its distinctive part, with the numbers of an observed example.
        sources: Where it was observed.
    """

    rule: str
    text: str
    sources: tuple[Source, ...]


def load_wordings(data: Mapping[str, Any]) -> tuple[Wording, ...]:
    """Validate the parsed errors.toml and build its messages.

    Args:
        data: The parsed file.

    Returns:
        All messages, by rule.

    Raises:
        TableError: The file is invalid.
    """
    top = Entry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    wordings = []
    for rule, rows in top.take("says", dict).items():
        for number, raw in enumerate(rows, 1):
            entry = Entry(FILE, f"says.{rule}[{number}]", raw)
            wordings.append(Wording(rule, entry.take("text", str), entry.sources(sources)))
            entry.done()
    entry = Entry(FILE, "unforeseen", top.take("unforeseen", dict))
    observed = entry.sources(sources)
    wordings += [Wording("", text, observed) for text in entry.texts("texts")]
    entry.done()
    top.done()
    return tuple(wordings)


@cache
def _table() -> tuple[Wording, ...]:
    return load_wordings(read_published(FILE))


def wordings_of(rule: str) -> tuple[Wording, ...]:
    """List the error messages that a rule predicts.

    Args:
        rule: The name of the rule; empty for messages that no rule predicts yet.

    Returns:
        The messages; empty if no message is known, or if the rule is advice.

    Example:
        >>> wordings_of("empty")[0].text
        'image cannot be empty'
    """
    return tuple(wording for wording in _table() if wording.rule == rule)
