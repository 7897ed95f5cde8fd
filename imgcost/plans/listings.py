"""Tables of sizes: columns `width` and `height` and perhaps `file_bytes`, of a DataFrame, a CSV or a Parquet file.

A row without a size is set aside and counted, such as the rows of a scan for what it could not read.
"""

from __future__ import annotations

import csv
import os
from itertools import islice
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, MissingExtraError, SizeError
from imgcost.plans.jobs import BLOCK, UNKNOWN, Block, block_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.jobs import Job

__all__ = ["Frame", "Listing", "is_listing"]

NO_SIZE = "no width or height is given"
_COLUMNS = ("width", "height", "file_bytes")


def is_listing(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a table of sizes, by its suffix; a folder is none.

    >>> is_listing("sizes.csv"), is_listing("photo.png")
    (True, False)
    """
    return Path(path).suffix.lower() in {".csv", ".parquet"} and not Path(path).is_dir()


class _Table:
    """Columns on their way to blocks."""

    def __init__(self, name: str, job: Job) -> None:
        self.name = name
        self._job = job

    def columns(self) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """The columns, a block at a time, each with the number of its first row."""
        raise NotImplementedError

    def blocks(self) -> Iterator[Block]:
        """Walk the sizes."""
        for row, found in self.columns():
            place = f"row {row} of {self.name}"
            numbers = [_whole(name, column, place) for name, column in zip(_COLUMNS, found, strict=False)]
            given = numbers[0][1] & numbers[1][1]
            if not given.all():
                first = int(np.argmin(given))
                self._job.reject(NO_SIZE, int(np.count_nonzero(~given)), f"row {row + first} of {self.name}")
            # Places in messages count the rows with a size; those without are rare, and named apart.
            yield block_of(*(values[given] for values, _ in numbers), place=place)

    def _check(self, names: Sequence[str]) -> list[str]:
        for name in _COLUMNS[:2]:
            if name not in names:
                had = ", ".join(str(one) for one in names)[:80]
                raise ImgcostError(f"{self.name} has no column {name!r}, which sizes need: it has {had or 'none'}")
        return [name for name in _COLUMNS if name in names]


class Frame(_Table):
    """A DataFrame of any library: whatever has `columns` and gives a column by its name."""

    def __init__(self, frame: Any, job: Job) -> None:
        """Look for the columns."""
        super().__init__("the frame", job)
        self._found = [np.asarray(frame[name]) for name in self._check(list(frame.columns))]

    def columns(self) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """The columns, a block at a time, each with the number of its first row, from 0."""
        for start in range(0, len(self._found[0]), BLOCK):
            yield start, [column[start : start + BLOCK] for column in self._found]


class Listing(_Table):
    """A table on disk, read in blocks and never held as a whole."""

    def __init__(self, path: str | os.PathLike[str], job: Job) -> None:
        """Remember where it is."""
        self.path = os.fspath(path)
        super().__init__(self.path, job)

    def columns(self) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """The columns, a block at a time, each with the number of its first row; in CSV the head is row 1."""
        return self._of_csv() if self.path.lower().endswith(".csv") else self._of_parquet()

    def _of_csv(self) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        with Path(self.path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            try:
                head = [name.strip() for name in next(rows, [])]
                places = [head.index(name) for name in self._check(head)]
                row = 2
                while block := [line for line in islice(rows, BLOCK) if line]:
                    yield row, [np.array([_cell(line, place) for line in block], object) for place in places]
                    row += len(block)
            except csv.Error as error:
                raise ImgcostError(f"{self.path}, line {rows.line_num}: {error}") from None

    def _of_parquet(self) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra
            import pyarrow.parquet as pq  # noqa: PLC0415 - likewise
        except ImportError as error:
            raise MissingExtraError("reading Parquet", "parquet") from error
        try:
            with pq.ParquetFile(self.path) as file:
                names = self._check(file.schema_arrow.names)
                row = 0
                for batch in file.iter_batches(BLOCK, columns=names):
                    yield row, [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
                    row += batch.num_rows
        except pa.ArrowException as error:
            raise ImgcostError(f"cannot read {self.path} as Parquet: {error}") from None


def _cell(line: Sequence[str], place: int) -> str | None:
    return line[place].strip() or None if place < len(line) else None


def _whole(name: str, column: NDArray[Any], place: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A column as whole numbers, and which rows give one."""
    if column.dtype.kind in "iu":
        return np.minimum(column, np.iinfo(np.int64).max).astype(np.int64), np.ones(column.shape, np.bool_)
    values = np.full(column.shape, UNKNOWN)
    given = np.ones(column.shape, np.bool_)
    if column.dtype.kind == "f":
        given = ~np.isnan(column)
        whole = np.abs(column) < 2.0**62
        whole &= np.where(whole, column, 0.5) == np.floor(np.where(whole, column, 0))
        if not (whole | ~given).all():
            _refuse(name, column[int(np.argmax(~(whole | ~given)))], place)
        values[given] = column[given].astype(np.int64)
        return values, given
    for number, value in enumerate(column.tolist()):
        if value is None or value != value or str(value) == "<NA>":  # noqa: PLR0124 - NaN is what differs from itself
            given[number] = False
            continue
        try:
            values[number] = int(value) if isinstance(value, str) else index(value)
        except (TypeError, ValueError, OverflowError):
            _refuse(name, value, place)
    return values, given


def _refuse(name: str, value: object, place: str) -> None:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else shown[:40] + "..."
    raise SizeError(f"{place} or one after it: {name} is {shown}, not a whole number")
