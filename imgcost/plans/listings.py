"""Read tables of sizes: files or DataFrames with columns `width`, `height` and, optionally, `file_bytes` and `count`.

Rows without a size are excluded and counted. Row files of a scan work too: problems and duplicates are skipped, and
of several models only the rows of the first are read.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.datasets.columns import find_columns, has_value, similar_columns, whole_numbers
from imgcost.datasets.readers import READERS
from imgcost.datasets.targets import is_image_url
from imgcost.errors import ImgcostError
from imgcost.plans.jobs import CHUNK, UNKNOWN, SizeChunk, offset_location, size_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.jobs import Job

__all__ = ["Frame", "Listing", "is_listing"]

NO_SIZE = "width or height is missing"
NOT_COUNTED = "the scan that wrote the table could not count it"
_UNSUPPORTED = frozenset((".json", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers"))


def is_listing(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a table of sizes, judging by its suffix. A folder is not.

    Raises:
        ImgcostError: The table has a format that cannot be read.

    >>> is_listing("sizes.csv"), is_listing("photo.png")
    (True, False)
    """
    suffix = Path(path).suffix.lower()
    if is_image_url(path) or (suffix not in READERS and suffix not in _UNSUPPORTED) or Path(path).is_dir():
        return False
    if suffix in _UNSUPPORTED:
        hint = ". To check a request, run 'imgcost check'" if suffix == ".json" else ""
        formats = ", ".join(READERS)
        raise ImgcostError(f"cannot read {os.fspath(path)} as a table: convert it to one of {formats}{hint}")
    return True


class _SizeTable(ABC):
    """A table that is converted to chunks of sizes."""

    def __init__(self, name: str, job: Job) -> None:
        self.name = name
        self._job = job

    @abstractmethod
    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """Iterate over chunks of rows: their numbers, and their columns by `width`, `height` and so on."""

    def chunks(self) -> Iterator[SizeChunk]:
        """Iterate over the sizes."""
        models: Counter[str] = Counter()
        for numbers, columns in self.columns():
            selected = np.ones(numbers.shape, np.bool_)
            if "problem" in columns:
                selected = self._exclude(NOT_COUNTED, has_value(columns["problem"]), selected, numbers)
            for reason in sorted(set(columns.get("excluded", ())) - {""}):
                selected = self._exclude(reason, columns["excluded"] == reason, selected, numbers)
            if "duplicate_of" in columns:
                selected &= ~has_value(columns["duplicate_of"])
            if "model" in columns:
                selected &= _of_first_model(columns["model"], selected, models)
            selected = self._exclude(
                NO_SIZE, ~(has_value(columns["width"]) & has_value(columns["height"])), selected, numbers
            )
            yield from self._checked(numbers, columns, selected)
        if len(set(models.values())) > 1:
            rows = ", ".join(f"{count:,} of {model}" for model, count in models.items())
            raise ImgcostError(f"{self.name} has rows of several models, but not the same images for each: {rows}")

    def _checked(
        self, numbers: NDArray[np.int64], columns: dict[str, NDArray[Any]], selected: NDArray[np.bool_]
    ) -> Iterator[SizeChunk]:
        start = f"row {numbers[0]} of {self.name}"
        offset = numbers - numbers[0]

        def location(row: int) -> str:
            return offset_location(start, int(offset[row]))

        # Excluded rows count as 1 px while the others are checked, so that row numbers in messages stay right.
        width, height = (
            np.where(selected, whole_numbers(name, columns[name], selected, location), 1)
            for name in ("width", "height")
        )
        file_bytes = np.full(numbers.shape, UNKNOWN, np.int64)
        if "file_bytes" in columns:
            has_bytes = selected & has_value(columns["file_bytes"])
            file_bytes = whole_numbers("file_bytes", columns["file_bytes"], has_bytes, location)
        chunk = size_chunk(width, height, file_bytes, location=start)._replace(offset=offset)
        if "count" in columns:
            counts = whole_numbers("count", columns["count"], selected, location)
            yield from chunk.take(selected).repeated(counts[selected])
        else:
            chunk = chunk.take(selected)
            if "media_type" in columns:
                types = columns["media_type"][selected]
                rows = {name: np.flatnonzero(types == name).astype(np.int32) for name in set(types)}
                chunk = chunk._replace(media_types=rows)
            yield chunk

    def _exclude(
        self, reason: str, rows: NDArray[np.bool_], selected: NDArray[np.bool_], numbers: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Count the rows that are excluded for a reason, and return those that are left."""
        rows = rows & selected
        if rows.any():
            first = f"row {numbers[np.argmax(rows)]} of {self.name}"
            self._job.reject(reason, int(np.count_nonzero(rows)), first)
        return selected & ~rows

    def _find(self, names: Sequence[Any]) -> dict[str, Any]:
        columns = find_columns(names, self.name)
        for name, meant in similar_columns(names):
            self._job.warn(f"{self.name}: column {str(name)!r} is not used; did you mean {meant!r}?")
        return columns


def _of_first_model(column: NDArray[Any], selected: NDArray[np.bool_], models: Counter[str]) -> NDArray[np.bool_]:
    """Return the rows of the first Claude model: a scan writes a row per image and model. Cameras have models too."""
    names = [name if isinstance(name, str) and name.startswith("claude-") else "" for name in column]
    models.update(name for name, is_selected in zip(names, selected, strict=True) if name and is_selected)
    first = next(iter(models), "")
    return np.array([name in ("", first) for name in names], np.bool_)


class Frame(_SizeTable):
    """A DataFrame of any library that has `columns` and returns a column by its name."""

    def __init__(self, frame: Any, job: Job) -> None:
        """Find the columns."""
        super().__init__("the frame", job)
        names = getattr(frame, "column_names", frame.columns)  # in Arrow, `columns` are the columns themselves
        self._columns = {column: np.asarray(frame[name]) for column, name in self._find(list(names)).items()}

    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """Iterate over chunks of rows, numbered from 0."""
        total = len(self._columns["width"])
        for start in range(0, total, CHUNK):
            part = slice(start, min(start + CHUNK, total))
            yield np.arange(part.start, part.stop), {name: column[part] for name, column in self._columns.items()}


class Listing(_SizeTable):
    """A table on disk, read in chunks and never loaded completely."""

    def __init__(self, path: str | os.PathLike[str], job: Job) -> None:
        """Store the path."""
        self.path = os.fspath(path)
        super().__init__(self.path, job)

    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """Iterate over chunks of rows, numbered as in a spreadsheet if there is a header row."""
        return READERS[Path(self.path).suffix.lower()](self.path, self._find)
