"""What stands in the cells of a page's tables, each kind with its own look."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.figures import dollars, plural
from imgcost.text import visible

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["LONGEST", "Grid", "Name", "TierName", "Usd", "shortened", "usd_of"]

LONGEST = 240
"""Letters of a path or a sentence that are shown; of a longer one both ends."""


class Usd(NamedTuple):
    """Dollars: as people read them, and every digit."""

    text: str
    usd: str


class Name(NamedTuple):
    """A file, a folder, or a sentence with one in it."""

    path: str

    @classmethod
    def of(cls, path: str) -> Name:
        """Show a path harmlessly, and no longer than a cell can bear."""
        return cls(shortened(path, LONGEST))


class TierName(NamedTuple):
    """A resolution tier, with its colour in the charts."""

    tier: str


class Grid(NamedTuple):
    """A table of the page.

    Attributes:
        title: Its caption.
        columns: The heads of its columns; one that begins with `>` is aligned to the right.
        rows: Cells; the first of each names the row.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str | Usd | Name | TierName, ...]]


def usd_of(amount: Decimal) -> Usd:
    """Dollars for a cell.

    >>> from decimal import Decimal
    >>> usd_of(Decimal("0.009480"))
    Usd(text='$0.0095', usd='0.009480')
    """
    return Usd(dollars(amount), f"{amount:f}")


def shortened(path: str, most: int) -> str:
    r"""Show a path harmlessly, and both ends of a long one.

    >>> shortened("a\n.png", 40), shortened("a" * 40_000, 12)
    ('a\\n.png', 'aaa…aaaaaaaa (40,000 characters)')
    """
    text = visible(path)
    if len(text) <= most:
        return text
    head = most // 4
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[head - most + 1 :]} ({plural(len(path), 'character')})"
