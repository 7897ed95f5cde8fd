"""Validate arguments: dates, dollars and choices, with errors that say what is expected."""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from imgcost.errors import ArgumentError
from imgcost.quantities import parse_dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Dollars", "check_choice", "check_path_types", "to_bool", "to_date", "to_dollars", "type_name"]

Dollars: TypeAlias = Decimal | int | str | float
"""US dollars; a float is taken as its decimal text, `0.1` as 0.1."""


def type_name(value: object) -> str:
    """Name the type of a value in an error; None is `null`, as in JSON.

    >>> type_name(None), type_name(3)
    ('null', 'int')
    """
    return "null" if value is None else type(value).__name__


def check_choice(argument: str, value: object, choices: Iterable[str | None]) -> None:
    """Check that an argument has one of several values.

    Args:
        argument: Name of the argument.
        value: Its value.
        choices: The allowed values.

    Raises:
        ArgumentError: The value is not allowed.
    """
    allowed = list(choices)
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in allowed):
        raise ArgumentError(argument, value, f"one of {', '.join(choice for choice in allowed if choice is not None)}")


def to_date(as_of: object) -> date | None:
    """Convert an `as_of` argument to a date.

    Args:
        as_of: A date, a datetime or None.

    Returns:
        The date; None for None.

    Raises:
        ArgumentError: The value has another type.

    Example:
        >>> to_date(datetime(2026, 11, 22, 8, 30))
        datetime.date(2026, 11, 22)
    """
    if as_of is None:
        return None
    if isinstance(as_of, datetime):
        return as_of.date()
    if isinstance(as_of, date):
        return as_of
    raise ArgumentError("as_of", as_of, "a date, such as datetime.date(2026, 11, 22)")


def to_dollars(argument: str, value: object) -> Decimal | None:
    """Convert an argument to US dollars.

    Args:
        argument: Name of the argument.
        value: A `Decimal`, an int, text such as `0.50` or `$1,200`, a float or None.

    Returns:
        The exact amount; None for None.

    Raises:
        ArgumentError: The value has another type, or is negative or not finite.

    Example:
        >>> to_dollars("budget_usd", "0.50"), to_dollars("budget_usd", 0.1)
        (Decimal('0.50'), Decimal('0.1'))
    """
    if value is None:
        return None
    amount: Decimal | None = None
    if isinstance(value, str):
        amount = parse_dollars(value)
    elif isinstance(value, Dollars) and not isinstance(value, bool):
        amount = Decimal(str(value))
    if amount is None or not amount.is_finite() or amount < 0:
        raise ArgumentError(argument, value, 'US dollars, 0 or more, such as Decimal("0.50") or "0.50"')
    return amount


def to_bool(argument: str, value: object) -> bool:
    """Convert an argument to a boolean.

    Args:
        argument: Name of the argument.
        value: Anything with a truth value.

    Returns:
        Its truth value.

    Raises:
        ArgumentError: The value has no truth value, such as an array.

    Example:
        >>> to_bool("batch", 1)
        True
    """
    try:
        return bool(value)
    except (TypeError, ValueError):
        raise ArgumentError(argument, value, "True or False") from None


def check_path_types(paths: Iterable[object]) -> None:
    """Check that arguments are paths.

    Args:
        paths: The arguments.

    Raises:
        ArgumentError: An argument is not a str or path object.
    """
    for path in paths:
        if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
            raise ArgumentError("path", path, "a str or os.PathLike; pass several paths as scan(*paths)")
