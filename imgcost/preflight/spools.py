"""A list that moves to disk when it grows, so that a check of a million images uses constant memory."""

from __future__ import annotations

import pickle
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spool"]

MEMORY_ITEMS = 5000
"""Number of items that are kept in memory: small checks need no file."""

Item = TypeVar("Item")


class Spool(Generic[Item]):
    """Stores items, and iterates over them in order any number of times."""

    def __init__(self) -> None:
        """Start empty, without a file."""
        self._file: IO[bytes] | None = None
        self._in_memory: list[Item] = []
        self._on_disk = 0

    def append(self, item: Item) -> None:
        """Add an item.

        Raises:
            OSError: The directory for temporary files is full or missing.
        """
        self._in_memory.append(item)
        if len(self._in_memory) >= MEMORY_ITEMS:
            if self._file is None:
                self._file = TemporaryFile()  # noqa: SIM115 - closed by close
            pickle.dump(self._in_memory, self._file)
            self._on_disk += len(self._in_memory)
            self._in_memory = []

    def __len__(self) -> int:
        return self._on_disk + len(self._in_memory)

    def __iter__(self) -> Iterator[Item]:
        if self._file is not None:
            self._file.seek(0)
            for _ in range(self._on_disk // MEMORY_ITEMS):
                yield from pickle.load(self._file)  # noqa: S301 - written by append
        yield from self._in_memory

    def close(self) -> None:
        """Remove the file, if there is one."""
        if self._file is not None:
            self._file.close()
