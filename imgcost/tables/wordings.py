"""Error messages of the API, by the rule that predicts them."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache
from typing import Any, NamedTuple

from imgcost.tables.reading import Source, TomlEntry, read_published, read_sources

__all__ = ["Wording", "load_wordings", "match_wordings", "wordings_of"]

FILE = "errors.toml"

LIKE = 0.8
"""Minimum share of the words of a known message that an equivalent message has in the same order."""

MAX_CHARACTERS = 4000
"""Maximum length of an error message that is compared; the rest is ignored."""


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
    top = TomlEntry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    wordings = []
    for rule, rows in top.take("says", dict).items():
        for number, raw in enumerate(rows, 1):
            entry = TomlEntry(FILE, f"says.{rule}[{number}]", raw)
            wordings.append(Wording(rule, entry.take("text", str), entry.sources(sources)))
            entry.done()
    entry = TomlEntry(FILE, "unforeseen", top.take("unforeseen", dict))
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


def match_wordings(message: str) -> tuple[Wording, ...]:
    """Find the known messages that an error message contains, or is part of.

    Case, numbers, quotes, punctuation and media types may differ. If there is none, find the known messages that share
    most of their words with it.

    Args:
        message: An error message of the API, a part of one, or the body of an error response.

    Returns:
        The matching messages, in the order of the table; empty if there is none.

    Example:
        >>> [wording.rule for wording in match_wordings("image exceeds 5 MB maximum: 1 bytes > 2 bytes")]
        ['image-bytes', 'image-bytes', 'image-bytes']
    """
    words = _words(message[:MAX_CHARACTERS])
    alike = tuple(wording for wording in _table() if _contain(words, _words(wording.text)))
    return alike or tuple(wording for wording in _table() if _are_alike(words, _words(wording.text)))


def _words(text: str) -> list[str]:
    """Return the words of a message that do not vary; single letters are placeholders for numbers."""
    return re.findall(r"[a-z_]{2,}", re.sub(r"image/\w+", "image", text.lower()))


def _contain(message: list[str], known: list[str]) -> bool:
    """Return whether a message contains a known one or is part of it; a single word must match completely."""
    if len(message) < 2:
        return message == known
    text, known_text = (f" {' '.join(words)} " for words in (message, known))
    return known_text in text or text in known_text


def _are_alike(message: list[str], known: list[str]) -> bool:
    blocks = SequenceMatcher(None, known, message, autojunk=False).get_matching_blocks()
    return len(message) > 2 and sum(block.size for block in blocks) >= LIKE * len(known)
