"""The columns of a table of sizes: which of them are ours, and their values as whole numbers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, SizeError, shown
from imgcost.geometry import MAX_EDGE
from imgcost.plans.jobs import MOST_BYTES, MOST_IMAGES, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["filled", "found_columns", "suspects", "whole"]

_RANGES = {"width": (1, MAX_EDGE), "height": (1, MAX_EDGE), "file_bytes": (0, MOST_BYTES), "count": (0, MOST_IMAGES)}
_OF_A_SCAN = ("problem", "duplicate_of", "model")
_OTHER_NAMES = {"w": "width", "h": "height", "filesize": "file_bytes", "bytes": "file_bytes"} | dict.fromkeys(
    ("n", "num", "number", "qty", "quantity", "times", "copies", "images"), "count"
)
_MISSING = {"", "none", "nan", "<na>", "null"}
"""How tables and the libraries of DataFrames write that there is no value, in lower case."""


def found_columns(names: Sequence[Any], table: str) -> dict[str, Any]:
    """Find the columns that a plan reads, in upper or lower case.

    Args:
        names: The names of all columns.
        table: What the table is called, for messages.

    Returns:
        What each column is called in the table, by our name.

    Raises:
        ImgcostError: There is no width or no height, or two columns have the same name.

    >>> found_columns(["Width", "height", "note"], "a.csv")
    {'width': 'Width', 'height': 'height'}
    """
    ours: dict[str, Any] = {}
    for name in names:
        known = _folded(name)
        if known in _RANGES or name in _OF_A_SCAN:
            if known in ours:
                raise ImgcostError(f"{table} has two columns {known!r}: keep one of them")
            ours[known] = name
    for name in ("width", "height"):
        if name not in ours:
            near = [str(one) for one, meant in suspects(names) if meant == name]
            hint = f"; rename {shown(near[0])} if that is it" if near else ""
            columns = ", ".join(filter(None, map(str, names))) or "none"
            columns = columns if len(columns) <= 200 else columns[:200] + "..."
            raise ImgcostError(f"{table} has no column {name!r}{hint}. Columns found: {columns}")
    return ours


def suspects(names: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    """Find columns that are not read, but look as if they were meant to be.

    Args:
        names: The names of all columns.

    Yields:
        Each such name, and the column that it looks like.

    >>> list(suspects(["width", "widht", "Height px", "n", "note"]))
    [('widht', 'width'), ('Height px', 'height'), ('n', 'count')]
    """
    for name in names:
        if (folded := _folded(name)) in _RANGES:
            continue
        letters = "".join(filter(str.isalnum, folded))
        starts = [one for one in ("width", "height", "count") if letters.startswith(one)]
        near = (
            [_OTHER_NAMES[letters]]
            if letters in _OTHER_NAMES
            else starts or get_close_matches(letters, _RANGES, n=1, cutoff=0.75)
        )
        if near:
            yield name, near[0]


def _folded(name: Any) -> str:
    return str(name).strip().lower()


def filled(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of a column have a value."""
    if column.dtype.kind in "iu":
        return np.ones(column.shape, np.bool_)
    if column.dtype.kind == "f":
        there: NDArray[np.bool_] = ~np.isnan(column)
        return there
    return np.array([_folded(value) not in _MISSING for value in column], np.bool_)


def whole(name: str, column: NDArray[Any], kept: NDArray[np.bool_], place: Callable[[int], str]) -> NDArray[np.int64]:
    """Check a column of whole numbers, of any integer, float, text or object dtype.

    Args:
        name: Our name of the column.
        column: Its values.
        kept: Which rows are asked for.
        place: Names the place of a row, for messages.

    Returns:
        The values; int64, `UNKNOWN` in the other rows.

    Raises:
        SizeError: A value is not a whole number within its range.
    """
    least, most = _RANGES[name]
    values = np.full(column.shape, UNKNOWN, np.int64)
    if column.dtype.kind in "iuf":
        # Python's limits do not fit the small dtypes.
        wide = column.astype({"i": np.int64, "u": np.uint64, "f": np.float64}[column.dtype.kind])
        good = (wide >= least) & (wide <= most) & (np.floor(wide) == wide)
        values[good & kept] = wide[good & kept].astype(np.int64)
        wrong = np.flatnonzero(kept & ~good)
    else:
        numbers = [_number(value, least, most) if keep else UNKNOWN for value, keep in zip(column, kept, strict=True)]
        wrong = np.flatnonzero([number is None for number in numbers])
        values[:] = [UNKNOWN if number is None else number for number in numbers]
    if len(wrong):
        value = column[wrong[0]]
        value = value.item() if isinstance(value, np.generic) else value
        raise SizeError(
            f"{place(int(wrong[0]))}: {name} is {shown(value)}: expected a whole number from {least} to {most:,}"
        )
    return values


def _number(value: Any, least: int, most: int) -> int | None:
    """A value of a table as a whole number within limits; None if it is not one."""
    try:
        number = float(value) if isinstance(value, str) else value
        if not isinstance(number, _NO_NUMBERS) and least <= number <= most and number == int(number):
            return int(number)
    except (TypeError, ValueError):
        pass
    return None


_NO_NUMBERS = (bool, np.bool_, np.timedelta64)
"""What compares with whole numbers, and is none."""
