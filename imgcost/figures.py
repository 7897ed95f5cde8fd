"""Format counts, dollars, lists and names for people, the same way in every report and message."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["dollars", "exact_percent", "listed", "number", "percent", "plural", "unit_dollars", "visible"]


def dollars(amount: Decimal) -> str:
    """Format dollars: rounded to the cent, or to two significant digits below $0.10.

    >>> [dollars(Decimal(text)) for text in ("4774.5", "4.77", "0.004002", "0.00016", "0")]
    ['$4,774.50', '$4.77', '$0.0040', '$0.00016', '$0']
    """
    if not amount:
        return "$0"
    two_digits = _two_digits(_two_digits(amount))  # the first rounding may carry: 0.00996 becomes 0.0100, then 0.010
    if two_digits >= Decimal("0.1"):
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP, _WIDE):,}"
    return f"${two_digits:f}"


def _two_digits(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1), ROUND_HALF_UP, _WIDE)


def unit_dollars(amount: Decimal) -> str:
    """Format the price of one of many, which readers multiply: to four significant digits, or to the cent.

    >>> [unit_dollars(Decimal(text)) for text in ("0.011636", "0.5", "0.00948", "12.345", "0.0099996", "0")]
    ['$0.01164', '$0.50', '$0.00948', '$12.35', '$0.01', '$0']
    """
    if not amount:
        return "$0"
    rounded = amount.quantize(Decimal(1).scaleb(min(amount.adjusted() - 3, -2)), ROUND_HALF_UP, _WIDE)
    whole, _, part = f"{rounded:,f}".partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


_WIDE = Context(prec=400)
"""Enough digits for any sum; the default context has 28."""


def listed(items: Sequence[str]) -> str:
    """List items in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def number(count: int) -> str:
    """Format a count with thousands separators.

    >>> number(1334)
    '1,334'
    """
    return f"{count:,}"


def percent(part: Decimal, whole: Decimal) -> str:
    """Format a share as a percentage, rounded to a whole number; one that would become 0 or 100 is rounded to a tenth.

    >>> [percent(Decimal(text), Decimal(200)) for text in ("100", "191.3", "0.5", "199.5", "0.01", "200", "0")]
    ['50%', '96%', '0.3%', '99.8%', '0.1%', '100%', '0%']
    """
    share = part * 100 / whole if whole else Decimal(0)
    rounded = share.quantize(Decimal(1), ROUND_HALF_UP)
    if share != rounded and rounded in {0, 100}:
        tenths = share.quantize(Decimal("0.1"), ROUND_HALF_UP)
        rounded = min(max(tenths, Decimal("0.1")), Decimal("99.9"))
    return f"{rounded}%"


def exact_percent(share: Decimal) -> str:
    """Format a share as an exact percentage.

    >>> exact_percent(Decimal("0.02")), exact_percent(Decimal("0.0125")), exact_percent(Decimal(1))
    ('2%', '1.25%', '100%')
    """
    return f"{share.scaleb(2, _WIDE).normalize(_WIDE):f}%"


def plural(count: int, singular: str, plural: str = "") -> str:
    """Format a count with its noun.

    Args:
        count: The count.
        singular: The noun for 1.
        plural: The noun for other numbers; `singular` with an `s` if empty.

    Returns:
        The count with thousands separators, and the noun.

    >>> plural(1, "image"), plural(0, "entry", "entries"), plural(1334, "token")
    ('1 image', '0 entries', '1,334 tokens')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def visible(name: str) -> str:
    r"""Escape control characters, terminal escapes, invisible characters and invalid bytes in a file name.

    >>> print(visible("a\nb\x1b[31m\udcff.png"))
    a\nb\x1b[31m\xff.png
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(map(_visible_character, name))


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0") | frozenset(map(chr, range(0xFE00, 0xFE10)))
"""Invisible although Unicode calls them printable: fillers and variation selectors."""


def _visible_character(character: str) -> str:
    if character.isprintable() and character not in _BLANK:
        return character
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not valid UTF-8, as Python represents it in a string
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
