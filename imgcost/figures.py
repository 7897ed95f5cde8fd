"""Numbers as people read them: one format for counts and one for dollars, in every text, report and message."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

__all__ = ["dollars", "number", "plural"]


def dollars(amount: Decimal) -> str:
    """Round dollars for people: to the cent, and below ten cents to two figures.

    >>> [dollars(Decimal(text)) for text in ("4774.5", "4.77", "0.004002", "0.00016", "0")]
    ['$4,774.50', '$4.77', '$0.004', '$0.00016', '$0']
    """
    if not amount:
        return "$0"
    figures = amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1), ROUND_HALF_UP, _WIDE)
    if figures >= Decimal("0.1"):
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP, _WIDE):,}"
    return f"${figures.normalize():f}"


_WIDE = Context(prec=400)
"""Digits enough for any sum: the default context has 28."""


def number(count: int) -> str:
    """Write a count for people, with thousands separators.

    >>> number(1334)
    '1,334'
    """
    return f"{count:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count and its noun.

    Args:
        count: How many.
        one: The noun for one.
        many: The noun for any other number; `one` with an `s` if empty.

    Returns:
        The count with thousands separators, and the noun.

    >>> plural(1, "image"), plural(0, "entry", "entries"), plural(1334, "token")
    ('1 image', '0 entries', '1,334 tokens')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
