"""Tables of sizes: columns `width` and `height` and perhaps `file_bytes`, of a DataFrame, a CSV or a Parquet file.

A row without a size is set aside and counted. The rows that a scan wrote are understood: what it could not count, the
duplicates that it left out, and that each image has a row for every model.
"""

from __future__ import annotations

import csv
import os
from abc import ABC, abstractmethod
from itertools import islice
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, MissingExtraError, SizeError
from imgcost.plans.jobs import BLOCK, UNKNOWN, Block, block_of, moved
from imgcost.plans.scenarios import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.jobs import Job

__all__ = ["Frame", "Listing", "is_listing"]

NO_SIZE = "no width or height is given"
NOT_COUNTED = "the scan that wrote the table could not count it"
_MISSING = {"None", "nan", "<NA>"}  # as the libraries of DataFrames say it
_SIZES = ("width", "height")
_COLUMNS = (*_SIZES, "file_bytes", "problem", "duplicate_of", "model")


def is_listing(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a table of sizes, by its suffix; a folder is none.

    >>> is_listing("sizes.csv"), is_listing("photo.png")
    (True, False)
    """
    return Path(path).suffix.lower() in {".csv", ".parquet"} and not Path(path).is_dir()


class _Table(ABC):
    """Columns on their way to blocks."""

    def __init__(self, name: str, job: Job) -> None:
        self.name = name
        self._job = job

    @abstractmethod
    def columns(self) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """The columns by name, a block at a time, each with the number of its first row."""

    def blocks(self) -> Iterator[Block]:
        """Walk the sizes."""
        first_model = None
        for row, found in self.columns():
            place = f"row {row} of {self.name}"
            kept = np.ones(found["width"].shape, np.bool_)
            if "problem" in found:
                kept = self._set_aside(NOT_COUNTED, _filled(found["problem"]), kept, row)
            if "duplicate_of" in found:
                kept &= ~_filled(found["duplicate_of"])
            if "model" in found:
                first_model = first_model or next((one for one in found["model"][kept].tolist() if one), None)
                kept &= np.array([not one or one == first_model for one in found["model"].tolist()], np.bool_)
            numbers = [_whole(name, found[name], place) for name in _SIZES]
            kept = self._set_aside(NO_SIZE, ~(numbers[0][1] & numbers[1][1]), kept, row)
            # Rows left out are one pixel until the others are checked, each in its place.
            width, height = (np.where(kept, values, 1) for values, _ in numbers)
            file_bytes = _whole("file_bytes", found["file_bytes"], place)[0] if "file_bytes" in found else None
            yield block_of(width, height, file_bytes, place=place).within(kept)

    def _set_aside(self, reason: str, rows: NDArray[np.bool_], kept: NDArray[np.bool_], row: int) -> NDArray[np.bool_]:
        """Count the rows that are left out for a reason, and tell which are left."""
        rows = rows & kept
        if rows.any():
            self._job.reject(reason, int(np.count_nonzero(rows)), f"row {row + int(np.argmax(rows))} of {self.name}")
        return kept & ~rows

    def _check(self, names: Sequence[str]) -> list[str]:
        for name in _SIZES:
            if name not in names:
                had = ", ".join(str(one) for one in names)[:80]
                raise ImgcostError(f"{self.name} has no column {name!r}, which sizes need: it has {had or 'none'}")
        return [name for name in _COLUMNS if name in names]


class Frame(_Table):
    """A DataFrame of any library: whatever has `columns` and gives a column by its name."""

    def __init__(self, frame: Any, job: Job) -> None:
        """Look for the columns."""
        super().__init__("the frame", job)
        names = getattr(frame, "column_names", frame.columns)  # Arrow calls its columns themselves columns
        self._found = {name: np.asarray(frame[name]) for name in self._check(list(names))}

    def columns(self) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """The columns, a block at a time, each with the number of its first row, from 0."""
        for start in range(0, len(self._found["width"]), BLOCK):
            yield start, {name: column[start : start + BLOCK] for name, column in self._found.items()}


class Listing(_Table):
    """A table on disk, read in blocks and never held as a whole."""

    def __init__(self, path: str | os.PathLike[str], job: Job) -> None:
        """Remember where it is."""
        self.path = os.fspath(path)
        super().__init__(self.path, job)

    def columns(self) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """The columns, a block at a time, each with the number of its first row; in CSV the head is row 1."""
        return self._of_csv() if self.path.lower().endswith(".csv") else self._of_parquet()

    def _of_csv(self) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        with Path(self.path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            try:
                head = [name.strip() for name in next(rows, [])]
                places = {name: head.index(name) for name in self._check(head)}
                row = 2
                lines = filter(None, rows)
                while block := list(islice(lines, BLOCK)):
                    yield (
                        row,
                        {name: np.array([_cell(line, at) for line in block], object) for name, at in places.items()},
                    )
                    row += len(block)
            except csv.Error as error:
                raise ImgcostError(f"{self.path}, line {rows.line_num}: {error}") from None

    def _of_parquet(self) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
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
                    yield row, {name: batch.column(name).to_numpy(zero_copy_only=False) for name in names}
                    row += batch.num_rows
        except pa.ArrowException as error:
            raise ImgcostError(f"cannot read {self.path} as Parquet: {error}") from None


def _cell(line: Sequence[str], place: int) -> str | None:
    return line[place].strip() or None if place < len(line) else None


def _filled(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of a column of text say anything."""
    return np.array([bool(value) and str(value) not in _MISSING for value in column.tolist()], np.bool_)


def _whole(name: str, column: NDArray[Any], place: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A column as whole numbers, and which rows give one."""
    if column.dtype.kind in "iu":
        return np.minimum(column, np.iinfo(np.int64).max).astype(np.int64), np.ones(column.shape, np.bool_)
    values = np.full(column.shape, UNKNOWN, np.int64)
    given = np.ones(column.shape, np.bool_)
    if column.dtype.kind == "f":
        given = ~np.isnan(column)
        whole = np.abs(column) < 2.0**62
        whole &= np.where(whole, column, 0.5) == np.floor(np.where(whole, column, 0))
        if not (whole | ~given).all():
            first = int(np.argmax(given & ~whole))
            _refuse(name, column[first], moved(place, first))
        values[given] = column[given].astype(np.int64)
        return values, given
    for number, value in enumerate(column.tolist()):
        try:
            values[number] = int(value) if isinstance(value, str) else index(value)
        except (TypeError, ValueError, OverflowError):
            if str(value) not in _MISSING:
                _refuse(name, value, moved(place, number))
            given[number] = False
        else:
            if isinstance(value, bool):
                _refuse(name, value, moved(place, number))
    return values, given


def _refuse(name: str, value: object, place: str) -> None:
    raise SizeError(f"{place}: {name} is {shown(value)}, not a whole number")
