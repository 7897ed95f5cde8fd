"""Encode rows as columns in the memory layout of Apache Arrow, which worker processes do without importing pyarrow.

Source: https://arrow.apache.org/docs/format/Columnar.html (read 2026-11-26)
"""

from __future__ import annotations

import sys
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from itertools import accumulate
from struct import pack
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgcost.tabular import ColumnType, Row, Schema

__all__ = ["USD_DIGITS", "USD_PLACES", "EncodedColumn", "encode_columns"]

USD_DIGITS, USD_PLACES = 60, 20
"""Digits of dollars, and how many of them are decimal places. Only averages have more, and are rounded."""

_USD = Context(prec=USD_DIGITS, traps=[InvalidOperation])
_USD_UNIT = Decimal(1).scaleb(-USD_PLACES)
_USD_BYTES = 32


class EncodedColumn(NamedTuple):
    """The values of a column.

    Attributes:
        length: Number of values.
        buffers: A bitmap of the values that are not None, or None if no value is; then the buffers of the type. Empty
            if every value is None.
        dictionary: The different values of a category; the buffers have indices into it.
    """

    length: int
    buffers: tuple[bytes | None, ...]
    dictionary: EncodedColumn | None = None


def encode_columns(rows: Iterable[Row], schema: Schema) -> list[EncodedColumn]:
    r"""Encode rows, independently of a writer, so that worker processes can do it.

    Args:
        rows: The rows.
        schema: Their columns.

    Returns:
        The columns in the order of the schema; none if there are no rows.

    >>> from imgcost.tabular import Column, Schema
    >>> encode_columns([("a",), (None,), ("bc",)], Schema("x/1", "X", {"p": Column("text", "")}))[0].buffers
    (b'\x05', b'\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00', b'abc')
    """
    columns = zip(*rows, strict=True)
    return [_encode(values, column.type) for values, column in zip(columns, schema.columns.values(), strict=False)]


def _encode(values: Sequence[Any], kind: ColumnType) -> EncodedColumn:
    present = "".join(["0" if value is None else "1" for value in reversed(values)])
    if "1" not in present:
        return EncodedColumn(len(values), ())
    valid = _bits(present) if "0" in present else None
    if kind == "category":
        different = [value for value in dict.fromkeys(values) if value is not None]
        codes = {None: 0} | {value: code for code, value in enumerate(different)}
        indices = pack(f"{len(values)}i", *map(codes.__getitem__, values))
        return EncodedColumn(len(values), (valid, indices), _encode(different, "text"))
    encode, filler = _ENCODERS[kind]
    return EncodedColumn(len(values), (valid, *encode([value or filler for value in values] if valid else values)))


def _encode_text(values: Sequence[str]) -> tuple[bytes, bytes]:
    text = "".join(values)
    data = text.encode()
    lengths = map(len, values if len(data) == len(text) else map(str.encode, values))  # most texts are ASCII
    return pack(f"{len(values) + 1}i", *accumulate(lengths, initial=0)), data


def _encode_integers(values: Sequence[int]) -> tuple[bytes]:
    return (pack(f"{len(values)}q", *values),)


def _encode_usd(values: Sequence[str]) -> tuple[bytes]:
    return (b"".join(map(_usd_bytes, values)),)


@lru_cache(maxsize=1 << 13)  # few are different
def _usd_bytes(text: str) -> bytes:
    units = int(_USD.quantize(Decimal(text), _USD_UNIT).scaleb(USD_PLACES, _USD))
    return units.to_bytes(_USD_BYTES, sys.byteorder, signed=True)


def _encode_booleans(values: Sequence[bool]) -> tuple[bytes]:
    return (_bits("".join(["1" if value else "0" for value in reversed(values)])),)


def _bits(digits: str) -> bytes:
    """Encode binary digits, the first value last, as a bitmap."""
    return int(digits, 2).to_bytes(-(-len(digits) // 8), "little")


_ENCODERS: dict[ColumnType, tuple[Callable[[Any], tuple[bytes, ...]], Any]] = {
    "path": (_encode_text, ""),
    "text": (_encode_text, ""),
    "integer": (_encode_integers, 0),
    "usd": (_encode_usd, "0"),
    "boolean": (_encode_booleans, False),
}
"""How the values of a type are encoded, and what represents None."""
