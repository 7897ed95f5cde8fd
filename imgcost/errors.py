"""The exceptions of imgcost, which share one base class.

A message says what is wrong, where, and what to do. The parts are also available as attributes, for programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

__all__ = [
    "ArgumentError",
    "BudgetError",
    "FitError",
    "HeaderError",
    "ImgcostError",
    "MissingExtraError",
    "MissingPackageError",
    "NoPriceError",
    "RequestError",
    "SizeError",
    "TableError",
    "UnknownModelError",
    "short_repr",
]


class ImgcostError(Exception):
    """Base class of all imgcost errors."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the message and the attributes, for errors raised in worker processes."""
        return (_unpickle, (type(self), self.args, self.__dict__))


def _unpickle(error_type: type[ImgcostError], args: tuple[object, ...], attributes: dict[str, object]) -> ImgcostError:
    error = error_type.__new__(error_type)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ArgumentError(ImgcostError, TypeError, ValueError):
    """An argument has the wrong type or is not one of the allowed values.

    Attributes:
        argument: The name of the argument, such as `platform`.
    """

    def __init__(self, argument: str, value: object, expected: str) -> None:
        """Name the argument, its value, and what is expected."""
        super().__init__(f"invalid {argument} {short_repr(value)}: expected {expected}")
        self.argument = argument


def short_repr(value: object) -> str:
    """Return the repr of a value, shortened to fit into a sentence.

    >>> short_repr("a" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    try:
        text = repr(value[:50] if isinstance(value, (str, bytes, bytearray)) else value)
    except Exception:  # noqa: BLE001 - __repr__ can raise anything
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 40 else text[:40] + "..."


class SizeError(ImgcostError, ValueError):
    """A width, height or aspect ratio is not valid."""


class HeaderError(ImgcostError, ValueError):
    """The data is not an image that the API reads.

    Attributes:
        problem: A slug: `empty`, `damaged` (a supported format with a truncated or invalid header), `unsupported`
            (another format, which can be converted) or `not-an-image`.
        reason: A sentence for people.
        format: The detected format, such as `HEIC` or `HTML page`; else None.
        advice: What to do, as a sentence, if there is specific advice.
        media_type: The media type of an unsupported image, such as `image/heic`; else None.
        width: Width as stored, px; None if the format cannot be measured.
        height: Height as stored, px; None if the format cannot be measured.
        orientation: EXIF orientation, 1 to 8.
        start: Where an image begins after other data, bytes; 0 if there is none.
    """

    def __init__(
        self,
        problem: str,
        reason: str,
        *,
        format: str | None = None,  # noqa: A002 - the obvious name
        advice: str | None = None,
        media_type: str | None = None,
        width: int | None = None,
        height: int | None = None,
        orientation: int = 1,
        start: int = 0,
    ) -> None:
        """Store the parts; the message is the reason."""
        super().__init__(reason)
        self.problem = problem
        self.reason = reason
        self.format = format
        self.advice = advice
        self.media_type = media_type
        self.width = width
        self.height = height
        self.orientation = orientation
        self.start = start


class FitError(ImgcostError, ValueError):
    """An image cannot be fitted: no copy of it would be accepted, or not under the caller's conditions.

    Attributes:
        problem: A slug. As in `HeaderError`: `empty`, `damaged`, `unsupported`, `not-an-image`. Also: `not-a-file`;
            `too-large`, more pixels or bytes than are decoded; `no-decoder`, an extra is not installed;
            `too-many-bytes`, even at the lowest allowed quality.
        reason: What is wrong, as a sentence.
        advice: What to do, as a sentence, if there is specific advice; else None.
    """

    def __init__(self, problem: str, reason: str, advice: str | None = None) -> None:
        """Store the parts; the message is the reason, followed by the advice."""
        super().__init__(f"{reason}. {advice}" if advice else reason)
        self.problem = problem
        self.reason = reason
        self.advice = advice


class TableError(ImgcostError):
    """A published table is invalid.

    Attributes:
        file: The name of the file, such as `prices.toml`.
        key: The key in the file, such as `claude-opus-5.2`.
    """

    def __init__(self, file: str, key: str, problem: str) -> None:
        """Name the file, the key and the problem."""
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key


class UnknownModelError(ImgcostError, LookupError):
    """A model name is not known. Unknown models are never guessed and never priced at zero.

    Attributes:
        name: The name as given.
        suggestions: Similar known names, the closest first.
    """

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        """Suggest similar names, and the command that lists all names."""
        hint = f": did you mean {' or '.join(suggestions)}?" if suggestions else "."
        advice = "Run 'imgcost models' to list supported models"
        if name.lower() == "all":
            hint = ": list their names, such as 'sonnet,haiku'."
            advice = "Workbooks (-o FILE.xlsx) and pages (-o FILE.html) compare all models"
        super().__init__(f"unknown model {name!r}{hint} {advice}")
        self.name = name
        self.suggestions = tuple(suggestions)


class NoPriceError(ImgcostError, LookupError):
    """A price is not known for a date, or the model was not available.

    Attributes:
        model: The id of the model, or the name of the family.
        day: The requested date.
        first_day: The first date with such a price; None if there is none.
    """

    def __init__(self, model: str, day: date, first_day: date | None, *, kind: str = "price") -> None:
        """Name the first date that is known."""
        if kind == "model":
            is_family = not model.startswith("claude-")
            message = f"no {model.capitalize()} model was available" if is_family else f"{model} was not available"
            message, start = f"{message} on {day}", "the first came" if is_family else "it was first available"
        else:
            message, start = f"no published {kind} for {model} on {day}", f"{kind.rsplit(maxsplit=1)[-1]}s start"
        if first_day:
            message = f"{message}; {start} on {first_day}"
        later = first_day is not None and first_day > day  # if not, the price has ended
        advice = ": use that date or a later one" if later else f". Run 'imgcost models {model}' to list its prices"
        super().__init__(message + advice)
        self.model = model
        self.day = day
        self.first_day = first_day


class RequestError(ImgcostError, ValueError):
    """A request is not a valid Messages request, so it cannot be checked.

    Attributes:
        location: The location in the request, such as `messages.2.content.0`; empty for the request itself.
        problem: What is wrong, as a sentence.
        advice: What to do, as a sentence, if there is specific advice; else None.
    """

    def __init__(self, location: str, problem: str, advice: str | None = None) -> None:
        """Name the location and the problem."""
        super().__init__(f"{location or 'the request'}: {problem}")
        self.location = location
        self.problem = problem
        self.advice = advice


class MissingExtraError(ImgcostError, ImportError):
    """A feature needs an optional dependency that is not installed.

    Attributes:
        extra: The name of the extra that installs it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        """Name the command that installs it."""
        checkout = f'in a checkout: pip install ".[{extra}]"'
        super().__init__(f'{feature} needs the extra "{extra}": pip install "imgcost[{extra}]" ({checkout})')
        self.extra = extra


class MissingPackageError(ImgcostError, ImportError):
    """An integration needs a library that is not installed, or a newer version of it.

    Attributes:
        package: What to install, such as `anthropic>=2.12`.
    """

    def __init__(self, feature: str, package: str) -> None:
        """Name the command that installs it."""
        super().__init__(f"{feature} needs {package}: pip install '{package}'")
        self.package = package


class BudgetError(ImgcostError):
    """A call was not sent, because it might exceed a budget.

    Attributes:
        budget_usd: The budget, US dollars.
        max_usd: The most that the call can cost, US dollars; None if there is no known maximum.
        left_usd: What is left of the budget, US dollars.
    """

    def __init__(self, message: str, budget_usd: Decimal, max_usd: Decimal | None, left_usd: Decimal) -> None:
        """Store the amounts; the message says what exceeds the budget, and what to do."""
        super().__init__(message)
        self.budget_usd = budget_usd
        self.max_usd = max_usd
        self.left_usd = left_usd
