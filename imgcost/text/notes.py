"""Notes below a report: each is written once, however many models it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Note", "sentences", "varying"]


class Note(NamedTuple):
    """A note of a report.

    Attributes:
        text: A sentence. Its `{}` becomes the list of the subjects of all notes with this text.
        subject: What the note is about, usually a model.
        detail: Whether it changes no decision about price, acceptance or what to do; it is written with --explain.
    """

    text: str
    subject: str = ""
    detail: bool = False


def varying(phrases: Mapping[str, str], text: str) -> Iterator[Note]:
    """Write a note about phrases that may differ by model; the models are named only if they do.

    Args:
        phrases: A phrase by model; empty where there is nothing to say.
        text: The note, with `%s` for the phrase and for the models.

    Yields:
        Notes.

    >>> list(varying({"a": "1 token", "b": "1 token"}, "Adds %s%s."))[0].text
    'Adds 1 token.'
    >>> sentences(varying({"a": "1 token", "b": "2 tokens"}, "Adds %s%s."))
    ['Adds 1 token for a.', 'Adds 2 tokens for b.']
    """
    differ = len({*phrases.values()}) > 1
    for model, phrase in phrases.items():
        if phrase:
            yield Note(text % (phrase, " for {}" if differ else ""), model if differ else "")


def sentences(notes: Iterable[Note], *, explain: bool = False) -> list[str]:
    """Write notes, each text once.

    Args:
        notes: The notes.
        explain: Whether to include details.

    >>> text = "{} will retire."
    >>> sentences([Note(text, "a"), Note("Prices are old."), Note(text, "b"), Note(text, "c"), Note(text, "a")])
    ['a, b and c will retire.', 'Prices are old.']
    """
    subjects: dict[str, dict[str, None]] = {}
    for note in notes:
        if explain or not note.detail:
            subjects.setdefault(note.text, {})[note.subject] = None
    return [text.replace("{}", listed(list(names))) for text, names in subjects.items()]
