"""Lists that move to disk as they grow, so that a check of a million images uses constant memory."""

from __future__ import annotations

import pickle
from collections import Counter
from functools import partial
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Sequence

__all__ = ["Packed", "Spool", "pack"]

PACK_ITEMS = 5000
"""Number of items that are packed together, unless they arrive packed."""

MEMORY_BYTES = 1 << 20
"""Packed items up to this size are kept in memory: small checks need no file."""

Item = TypeVar("Item", bound=tuple[Any, ...])

Totals: TypeAlias = "Counter[Any]"
"""What is counted of items, so that they need not be unpacked for it."""


class Packed(NamedTuple):
    """Items as bytes, which workers send and disks store.

    Attributes:
        data: The pickled items, as plain tuples: named ones take four times as long.
        length: Number of items.
        totals: What is counted of them.
    """

    data: bytes
    length: int
    totals: Totals


def pack(items: Sequence[tuple[Any, ...]], totals: Totals) -> Packed:
    """Pack named tuples of one type, with what is counted of them."""
    return Packed(pickle.dumps(list(map(tuple, items)), pickle.HIGHEST_PROTOCOL), len(items), totals)


class _Stored(NamedTuple):
    offset: int  # in the file
    totals: Totals


class Spool(Generic[Item]):
    """Stores named tuples of one type, and iterates over them in order any number of times.

    Args:
        kind: The type.
        count: Returns what is counted of items, if anything.
        in_memory: Whether they are never moved to disk; then the spool need not be closed.
    """

    def __init__(
        self,
        kind: type[Item],
        count: Callable[[Sequence[Item]], Totals] = lambda _items: Counter(),
        *,
        in_memory: bool = False,
    ) -> None:
        """Start empty, in memory."""
        self._totals: Totals = Counter()
        self._new = partial(tuple.__new__, kind)
        self._count = count
        self._file: IO[bytes] = BytesIO() if in_memory else SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed by close
        self._stored: list[_Stored] = []
        self._packed = 0
        self._items: list[Item] = []

    def append(self, item: Item) -> None:
        """Add an item.

        Raises:
            OSError: The directory for temporary files is full or missing.
        """
        self._items.append(item)
        if len(self._items) >= PACK_ITEMS:
            self._pack_items()

    def extend(self, packed: Packed) -> None:
        """Add packed items.

        Raises:
            OSError: The directory for temporary files is full or missing.
        """
        self._pack_items()
        self._write(packed)

    @property
    def totals(self) -> Totals:
        """What is counted of all items. Keys are in the order in which they first appeared."""
        totals = Counter(self._totals)
        totals.update(self._count(self._items))
        return totals

    def __len__(self) -> int:
        return self._packed + len(self._items)

    def __iter__(self) -> Iterator[Item]:
        for stored in self._stored:
            yield from self._load(stored)
        yield from self._items

    def among(self, keys: Collection[Hashable]) -> Iterator[Item]:
        """Iterate over the items of which any of these keys may be counted; keys may be removed meanwhile."""
        for stored in self._stored:
            if any(key in stored.totals for key in keys):
                yield from self._load(stored)
        yield from self._items

    def close(self) -> None:
        """Free the memory, and remove the file if there is one."""
        self._file.close()

    def _pack_items(self) -> None:
        if self._items:
            self._write(pack(self._items, self._count(self._items)))
            self._items = []

    def _write(self, packed: Packed) -> None:
        if not packed.length:
            return
        self._stored.append(_Stored(self._file.seek(0, 2), packed.totals))
        self._file.write(packed.data)
        self._totals.update(packed.totals)
        self._packed += packed.length

    def _load(self, stored: _Stored) -> Iterator[Item]:
        self._file.seek(stored.offset)
        return map(self._new, pickle.load(self._file))  # noqa: S301 - written by this process
