"""Exact decimal arithmetic for dollars: rates, multipliers, costs.

A rate is a price in US dollars per million tokens (MTok) of one class. Every operation is exact: a result that needs
rounding raises an error. `imgcost.tables` has the rates of each model and date.
"""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CacheUse", "PriceKind", "Rates", "Usage", "cost_usd", "exact_usd", "multiply", "total_usd"]

PriceKind: TypeAlias = Literal["standard", "long-context", "fast"]
"""Which price of a model: standard, for prompts above the long-context threshold, or for fast mode."""

CacheUse: TypeAlias = Literal["none", "write-5m", "write-1h", "read"]
"""How prompt caching treats a prompt token."""

_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


def multiply(*factors: Decimal) -> Decimal:
    """Multiply without rounding.

    Multipliers stack: half the price in a batch, times 1.1 for inference in the US, is 0.55 of the price.

    Args:
        *factors: Rates and multipliers, in any order.

    Returns:
        The exact product; 1 if there are no factors.

    Example:
        >>> multiply(Decimal(3), Decimal("0.5"), Decimal("1.1"))
        Decimal('1.65')
    """
    product = Decimal(1)
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def cost_usd(tokens: int, usd_per_mtok: Decimal) -> Decimal:
    """Return the exact cost of tokens.

    Args:
        tokens: Number of tokens of one class.
        usd_per_mtok: Their rate, US dollars per million tokens.

    Returns:
        US dollars, never rounded.

    Raises:
        ValueError: The number of tokens is negative.

    Example:
        >>> cost_usd(1_296_000, Decimal("0.1"))
        Decimal('0.1296000')
    """
    if tokens < 0:
        raise ValueError(f"invalid number of tokens {tokens}: expected 0 or more")
    return _EXACT.scaleb(_EXACT.multiply(Decimal(tokens), usd_per_mtok), -6)


def total_usd(costs: Iterable[Decimal]) -> Decimal:
    """Add costs without rounding.

    Args:
        costs: US dollars.

    Returns:
        Their exact sum; 0 if there are none.

    Example:
        >>> total_usd([Decimal("0.1"), Decimal("0.02")])
        Decimal('0.12')
    """
    total = Decimal(0)
    for cost in costs:
        total = _EXACT.add(total, cost)
    return total


class Usage(NamedTuple):
    """Number of tokens of each class in a request or a job.

    Attributes:
        input: Uncached prompt tokens.
        output: Output tokens.
        cache_write_5m: Prompt tokens written to the cache for five minutes.
        cache_write_1h: Prompt tokens written to the cache for an hour.
        cache_read: Prompt tokens read from the cache.
    """

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0

    @property
    def prompt(self) -> int:
        """All prompt tokens, cached or not, as compared with the long-context threshold."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read

    def plus(self, other: Usage) -> Usage:
        """Add the tokens of each class.

        Example:
            >>> Usage(input=2).plus(Usage(input=3, output=1))
            Usage(input=5, output=1, cache_write_5m=0, cache_write_1h=0, cache_read=0)
        """
        return Usage(*map(sum, zip(self, other, strict=True)))


class Rates(NamedTuple):
    """Rates by class of token, US dollars per million tokens; None if no price is published.

    Attributes:
        input: Uncached prompt tokens.
        output: Output tokens.
        cache_write_5m: Prompt tokens written to the cache for five minutes.
        cache_write_1h: Prompt tokens written to the cache for an hour.
        cache_read: Prompt tokens read from the cache.
    """

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    cache_read: Decimal | None = None

    def prompt(self, cache: CacheUse = "none") -> Decimal | None:
        """Return the rate of prompt tokens, by how the cache treats them.

        Args:
            cache: `none`, `write-5m`, `write-1h` or `read`.

        Returns:
            US dollars per million tokens; None if no price is published.

        Example:
            >>> Rates(Decimal(3), Decimal(15), cache_read=Decimal("0.3")).prompt("read")
            Decimal('0.3')
        """
        return {
            "none": self.input,
            "write-5m": self.cache_write_5m,
            "write-1h": self.cache_write_1h,
            "read": self.cache_read,
        }[cache]

    def times(self, *multipliers: Decimal) -> Rates:
        """Multiply the rates of all classes, exactly.

        Args:
            *multipliers: Such as 0.5 for batches; they stack.

        Returns:
            New rates; a class without a published price remains None.

        Example:
            >>> Rates(Decimal(4), Decimal(20)).times(Decimal("0.5"))[:3]
            (Decimal('2.0'), Decimal('10.0'), None)
        """
        return Rates(*(None if rate is None else multiply(rate, *multipliers) for rate in self))  # type: ignore[arg-type] # input and output are never None

    def cost_usd(self, counts: Usage) -> Decimal:
        """Return the exact cost of tokens of all classes.

        Args:
            counts: Number of tokens of each class.

        Returns:
            US dollars, never rounded.

        Raises:
            ValueError: There are tokens of a class without a published price.

        Example:
            >>> Rates(Decimal(3), Decimal(15)).cost_usd(Usage(input=1_000_000, output=1000))
            Decimal('3.015000')
        """
        costs = []
        for name, tokens, rate in zip(self._fields, counts, self, strict=True):
            if rate is not None:
                costs.append(cost_usd(tokens, rate))
            elif tokens:
                raise ValueError(f"no published price for {name.replace('_', ' ')} tokens")
        return total_usd(costs)


def exact_usd(usd: Decimal) -> str:
    """Format dollars with all digits: at least two decimals from $0.10, otherwise no trailing zeros.

    Args:
        usd: US dollars.

    Returns:
        The text.

    >>> [exact_usd(Decimal(text)) for text in ("91.86000000", "3.4375", "1200", "0.1", "0.0040", "0")]
    ['$91.86', '$3.4375', '$1,200.00', '$0.10', '$0.004', '$0']
    """
    whole, _, decimals = f"{usd:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(2 if usd >= Decimal("0.1") else 0, "0")
    return f"${whole}.{decimals}".removesuffix(".")
