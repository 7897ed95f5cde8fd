"""What the API answers to what it rejects, in its own words."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.reading import Entry, Source, read_published, read_sources

__all__ = ["Wording", "load_wordings", "match_wordings", "wordings_of"]

FILE = "errors.toml"

LIKE = 0.8
"""The share of the words of a message that another one with the same meaning has, in their order."""

MOST_CHARACTERS = 4000
"""How much of an error message is compared."""


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


def match_wordings(message: str) -> tuple[Wording, ...]:
    """Find the published messages that an error message contains, or is a part of.

    Letter case, numbers, quotes, punctuation and media types may differ. A message that nothing contains matches those
    that share most of its words.

    Args:
        message: An error message of the API, a part of it, or the body of an error response.

    Returns:
        The messages, in the order of the table; none if nothing matches.

    Example:
        >>> [wording.rule for wording in match_wordings("image exceeds 5 MB maximum: 1 bytes > 2 bytes")]
        ['image-bytes', 'image-bytes', 'image-bytes']
    """
    words = _words(message[:MOST_CHARACTERS])
    alike = tuple(wording for wording in _table() if _contain(words, _words(wording.text)))
    return alike or tuple(wording for wording in _table() if _are_alike(words, _words(wording.text)))


def _words(text: str) -> list[str]:
    """Split a message into the words that do not vary; single letters stand for numbers."""
    return re.findall(r"[a-z_]{2,}", re.sub(r"image/\w+", "image", text.lower()))


def _contain(message: list[str], known: list[str]) -> bool:
    """Return whether a message contains a known one, or is a part of it; a single word has to be all of it."""
    if len(message) < 2:
        return message == known
    one, other = (f" {' '.join(words)} " for words in (message, known))
    return other in one or one in other


def _are_alike(message: list[str], known: list[str]) -> bool:
    blocks = SequenceMatcher(None, known, message, autojunk=False).get_matching_blocks()
    return len(message) > 2 and sum(block.size for block in blocks) >= LIKE * len(known)
