"""Tables of sizes: columns `width` and `height`, optionally `file_bytes` and `count`, of a DataFrame or a file.

A row without a size is excluded and counted. The rows that a scan wrote are understood: what it could not count, the
duplicates that it left out, and that each image has a row for every model.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError
from imgcost.plans.columns import filled, found_columns, suspects, whole
from imgcost.plans.jobs import BLOCK, UNKNOWN, SizeBlock, block_of, moved
from imgcost.plans.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.jobs import Job

__all__ = ["Frame", "Listing", "is_listing"]

NO_SIZE = "no width or height is given"
NOT_COUNTED = "the scan that wrote the table could not count it"
_UNREAD = frozenset((".json", ".xls", ".xlsm", ".xlsb", ".ods", ".feather", ".arrow", ".numbers"))


def is_listing(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a table of sizes, by its suffix; a folder is none.

    Raises:
        ImgcostError: It names a table of a kind that cannot be read.

    >>> is_listing("sizes.csv"), is_listing("photo.png")
    (True, False)
    """
    suffix = Path(path).suffix.lower()
    if (suffix not in READERS and suffix not in _UNREAD) or Path(path).is_dir():
        return False
    if suffix in _UNREAD:
        raise ImgcostError(f"cannot read {os.fspath(path)} as a table: convert it to one of {', '.join(READERS)}")
    return True


class _Table(ABC):
    """Columns on their way to blocks."""

    def __init__(self, name: str, job: Job) -> None:
        self.name = name
        self._job = job

    @abstractmethod
    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """The columns by our names, a block at a time, with the number of each row."""

    def blocks(self) -> Iterator[SizeBlock]:
        """Walk the sizes."""
        models: Counter[str] = Counter()
        for numbers, found in self.columns():
            kept = np.ones(numbers.shape, np.bool_)
            if "problem" in found:
                kept = self._exclude(NOT_COUNTED, filled(found["problem"]), kept, numbers)
            if "duplicate_of" in found:
                kept &= ~filled(found["duplicate_of"])
            if "model" in found:
                kept &= _of_first_model(found["model"], kept, models)
            kept = self._exclude(NO_SIZE, ~(filled(found["width"]) & filled(found["height"])), kept, numbers)
            yield from self._checked(numbers, found, kept)
        if len(set(models.values())) > 1:
            rows = ", ".join(f"{count:,} of {model}" for model, count in models.items())
            raise ImgcostError(f"{self.name} has rows of several models, and not the same images for each: {rows}")

    def _checked(
        self, numbers: NDArray[np.int64], found: dict[str, NDArray[Any]], kept: NDArray[np.bool_]
    ) -> Iterator[SizeBlock]:
        place = f"row {numbers[0]} of {self.name}"
        offset = numbers - numbers[0]

        def named(row: int) -> str:
            return moved(place, int(offset[row]))

        # Excluded rows are one pixel until the others are checked, each in its place.
        width, height = (np.where(kept, whole(name, found[name], kept, named), 1) for name in ("width", "height"))
        file_bytes = np.full(numbers.shape, UNKNOWN, np.int64)
        if "file_bytes" in found:
            file_bytes = whole("file_bytes", found["file_bytes"], kept & filled(found["file_bytes"]), named)
        block = block_of(width, height, file_bytes, place=place)._replace(offset=offset)
        if "count" in found:
            yield from block.take(kept).repeated(whole("count", found["count"], kept, named)[kept])
        else:
            yield block.take(kept)

    def _exclude(
        self, reason: str, rows: NDArray[np.bool_], kept: NDArray[np.bool_], numbers: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Count the rows that are excluded for a reason, and tell which are left."""
        rows = rows & kept
        if rows.any():
            first = f"row {numbers[np.argmax(rows)]} of {self.name}"
            self._job.reject(reason, int(np.count_nonzero(rows)), first)
        return kept & ~rows

    def _find(self, names: Sequence[Any]) -> dict[str, Any]:
        ours = found_columns(names, self.name)
        for name, meant in suspects(names):
            self._job.warn(f"{self.name}: column {str(name)!r} is not used; did you mean {meant!r}?")
        return ours


def _of_first_model(column: NDArray[Any], kept: NDArray[np.bool_], models: Counter[str]) -> NDArray[np.bool_]:
    """Which rows are not of a second model: a scan writes a row per image and model. Cameras are models too."""
    names = [name if isinstance(name, str) and name.startswith("claude-") else "" for name in column]
    models.update(name for name, keep in zip(names, kept, strict=True) if name and keep)
    first = next(iter(models), "")
    return np.array([name in ("", first) for name in names], np.bool_)


class Frame(_Table):
    """A DataFrame of any library: whatever has `columns` and gives a column by its name."""

    def __init__(self, frame: Any, job: Job) -> None:
        """Look for the columns."""
        super().__init__("the frame", job)
        names = getattr(frame, "column_names", frame.columns)  # Arrow calls its columns themselves columns
        self._found = {ours: np.asarray(frame[name]) for ours, name in self._find(list(names)).items()}

    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """The columns, a block at a time; rows are counted from 0."""
        total = len(self._found["width"])
        for start in range(0, total, BLOCK):
            part = slice(start, min(start + BLOCK, total))
            yield np.arange(part.start, part.stop), {name: column[part] for name, column in self._found.items()}


class Listing(_Table):
    """A table on disk, read in blocks and never held as a whole."""

    def __init__(self, path: str | os.PathLike[str], job: Job) -> None:
        """Remember where it is."""
        self.path = os.fspath(path)
        super().__init__(self.path, job)

    def columns(self) -> Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
        """The columns, a block at a time; rows are counted as a spreadsheet does where there is a head."""
        return READERS[Path(self.path).suffix.lower()](self.path, self._find)
