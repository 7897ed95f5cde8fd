"""Every exception that imgcost raises on purpose, under one base.

A message says what happened, where, and what to do next. The parts are kept as attributes too, so that a program
does not need to read prose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

__all__ = [
    "ArgumentError",
    "HeaderError",
    "ImgcostError",
    "MissingExtraError",
    "NoPriceError",
    "RequestError",
    "SizeError",
    "TableError",
    "UnknownModelError",
    "shown",
]


class ImgcostError(Exception):
    """The base of every error that imgcost raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, message and attributes alike."""
        return (_revived, (type(self), self.args, self.__dict__))


def _revived(kind: type[ImgcostError], args: tuple[object, ...], attributes: dict[str, object]) -> ImgcostError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ArgumentError(ImgcostError, TypeError, ValueError):
    """A function got a value that it does not take: of another kind, or none of its choices.

    Attributes:
        argument: The name of the argument, such as `platform`.
    """

    def __init__(self, argument: str, value: object, expected: str) -> None:
        """Name the argument, its value, and what would work."""
        super().__init__(f"invalid {argument} {shown(value)}: expected {expected}")
        self.argument = argument


def shown(value: object) -> str:
    """Write a value as Python does, cut to a length that fits a sentence.

    >>> shown("a" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    try:
        text = repr(value[:50] if isinstance(value, (str, bytes, bytearray)) else value)
    except Exception:  # noqa: BLE001 - a stranger's __repr__
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 40 else text[:40] + "..."


class SizeError(ImgcostError, ValueError):
    """A width, height or ratio that no image can have."""


class HeaderError(ImgcostError, ValueError):
    """Bytes that are not an image that the API reads.

    Attributes:
        problem: A slug that programs may compare: `empty`, `damaged` (a supported format whose header is cut or
            wrong), `unsupported` (another format that can be converted) or `not-an-image`.
        reason: One sentence for people.
        format: The name of the format if it is known, such as `HEIC` or `HTML`; else None.
        advice: What to do about it, as a sentence, where that is more specific than for the problem in general.
        media_type: The media type of an unsupported image, such as `image/heic`; else None.
        width: Its width as stored, px; None if the header reader cannot measure the format.
        height: Its height as stored, px; None if the header reader cannot measure the format.
        orientation: Its orientation in the numbers of EXIF, 1 to 8.
    """

    def __init__(
        self,
        problem: str,
        reason: str,
        *,
        format: str | None = None,  # noqa: A002 - the plain word
        advice: str | None = None,
        media_type: str | None = None,
        width: int | None = None,
        height: int | None = None,
        orientation: int = 1,
    ) -> None:
        """Keep the parts; the message is the reason."""
        super().__init__(reason)
        self.problem = problem
        self.reason = reason
        self.format = format
        self.advice = advice
        self.media_type = media_type
        self.width = width
        self.height = height
        self.orientation = orientation


class TableError(ImgcostError):
    """A published table that does not say what it must.

    Attributes:
        file: The name of the file, such as `prices.toml`.
        key: Where in the file, such as `claude-opus-5.2`.
    """

    def __init__(self, file: str, key: str, problem: str) -> None:
        """Name the file and the key, then the problem."""
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key


class UnknownModelError(ImgcostError, LookupError):
    """A model name that no table lists. It is never guessed and never priced at zero.

    Attributes:
        name: The name as it was given.
        suggestions: Known names that look like it, the nearest first.
    """

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        """Suggest the nearest names, or say where the list is."""
        hint = f"did you mean {' or '.join(suggestions)}?" if suggestions else "no known name is near it"
        super().__init__(f"unknown model {name!r}: {hint} ('imgcost models' lists every name)")
        self.name = name
        self.suggestions = tuple(suggestions)


class NoPriceError(ImgcostError, LookupError):
    """A day on which a model had no price of the kind asked for, or did not exist.

    Attributes:
        model: The model's id, or the family's name.
        day: The day asked for.
        first_day: The first day that is known, or None where none is.
    """

    def __init__(self, model: str, day: date, first_day: date | None, *, kind: str = "price") -> None:
        """Name the first known day, which is what to ask for instead."""
        known = f"the first known day is {first_day}" if first_day else "none is published"
        super().__init__(f"no {kind} of {model} is known on {day}: {known}")
        self.model = model
        self.day = day
        self.first_day = first_day


class RequestError(ImgcostError, ValueError):
    """Something that is no Messages request, so that no rule can be asked.

    Attributes:
        place: Where in the request, such as `messages.2.content.0`; empty for the request itself.
        problem: What is wrong there, as a sentence.
    """

    def __init__(self, place: str, problem: str) -> None:
        """Name the place, then the problem."""
        super().__init__(f"{place or 'the request'}: {problem}")
        self.place = place
        self.problem = problem


class MissingExtraError(ImgcostError, ImportError):
    """A feature whose optional dependency is not installed.

    Attributes:
        extra: The name of the extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        """Say which command installs it."""
        super().__init__(f"{feature} needs an extra: pip install 'imgcost[{extra}]'")
        self.extra = extra
