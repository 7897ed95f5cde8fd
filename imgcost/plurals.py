"""Counts in sentences: the noun agrees with its number, in every message of every layer."""

from __future__ import annotations

__all__ = ["plural"]


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
