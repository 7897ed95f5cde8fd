"""Read the size of a JPEG XL codestream, which is a bit stream (ISO/IEC 18181-1, D.2 and D.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcost.headers.header import Size

__all__ = ["codestream_size"]

_RATIOS = ((1, 1), (6, 5), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS = (9, 13, 18, 30)


class _Bits:
    """A bit reader: the lowest bit of each byte first, zeros after the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:24], "little")

    def take(self, count: int) -> int:
        value = self._value & (1 << count) - 1
        self._value >>= count
        return value


def codestream_size(data: bytes) -> Size:
    """Read the size and the orientation.

    Args:
        data: The bytes after the signature FF 0A.
    """
    bits = _Bits(data)
    small = bits.take(1)
    height = _edge(bits, small)
    ratio = bits.take(3)
    if ratio:
        over, under = _RATIOS[ratio - 1]
        width = height * over // under
    else:
        width = _edge(bits, small)
    all_default = bits.take(1)
    has_orientation = not all_default and bits.take(1)
    return width, height, 1 + bits.take(3) if has_orientation else 1


def _edge(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (1 + bits.take(5))
    return 1 + bits.take(_SIZE_BITS[bits.take(2)])
