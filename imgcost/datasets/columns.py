"""Find the columns of a table of sizes, and convert their values to integers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, SizeError, short_repr
from imgcost.geometry import MAX_EDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "CHUNK",
    "MAX_BYTES",
    "MAX_IMAGES",
    "UNKNOWN",
    "find_columns",
    "has_value",
    "similar_columns",
    "whole_number",
    "whole_numbers",
]

CHUNK = 1 << 16
"""Images processed at a time, which bounds memory regardless of the length of a table or job."""

MAX_IMAGES = 10**15
"""Maximum number of images of one size; keeps every sum over a request far below 64 bits."""

MAX_BYTES = 2**50
"""Maximum file size, bytes: larger than any disk."""

UNKNOWN = -1
"""Marks an unknown file size in a column."""

_RANGES = {"width": (1, MAX_EDGE), "height": (1, MAX_EDGE), "file_bytes": (0, MAX_BYTES), "count": (0, MAX_IMAGES)}
_SCAN_COLUMNS = ("problem", "duplicate_of", "model")
"""Columns that a scan writes. `problem` is also usual in data sets of questions, which have no `tokens`."""
_OTHER_NAMES = {"w": "width", "h": "height", "filesize": "file_bytes", "bytes": "file_bytes"} | dict.fromkeys(
    ("n", "num", "number", "qty", "quantity", "times", "copies", "images"), "count"
)
_MISSING = {"", "none", "nan", "<na>", "null"}
"""How tables and DataFrame libraries write a missing value, in lower case."""


def find_columns(names: Sequence[Any], table: str) -> dict[str, Any]:
    """Find the columns that a plan reads, ignoring case.

    Args:
        names: Names of all columns.
        table: Name of the table, for messages.

    Returns:
        The name in the table of each column that was found.

    Raises:
        ImgcostError: `width` or `height` is missing, or occurs twice.

    >>> find_columns(["Width", "height", "note"], "a.csv")
    {'width': 'Width', 'height': 'height'}
    """
    columns: dict[str, Any] = _of_own_workbook(names)
    for name in () if columns else names:
        folded = _folded(name)
        if folded in _RANGES or (name in _SCAN_COLUMNS and (name != "problem" or "tokens" in names)):
            if folded in columns:
                raise ImgcostError(f"{table} has two columns {folded!r}: remove or rename one of them")
            columns[folded] = name
    if len(names) == 1 and ";" in str(names[0]):
        raise ImgcostError(f"{table} is separated by semicolons: save it with commas")
    for name in ("width", "height"):
        if name not in columns:
            similar = [str(column) for column, meant in similar_columns(names) if meant == name]
            hint = f": rename {short_repr(similar[0])}?" if similar else "."
            column_names = ", ".join(filter(None, map(str, names))) or "none"
            column_names = column_names if len(column_names) <= 200 else column_names[:200] + "..."
            raise ImgcostError(f"{table} has no column {name!r}{hint} Columns found: {column_names}")
    return columns


def _of_own_workbook(names: Sequence[Any]) -> dict[str, Any]:
    """Return the columns of the sheets Sizes and Images of a workbook that imgcost wrote; none for another table.

    >>> _of_own_workbook(["Path", "Width, px", "Height, px", "File, bytes"])
    {'width': 'Width, px', 'height': 'Height, px', 'file_bytes': 'File, bytes'}
    """
    if not {"Width, px", "Height, px"}.issubset(map(str, names)):
        return {}
    columns = {"width": "Width, px", "height": "Height, px"}
    for count in ("Images of this size", "Images"):  # a row per size: the bytes are those of all its files
        if count in names:
            return columns | {"count": count}
    return columns | ({"file_bytes": "File, bytes"} if "File, bytes" in names else {})


def similar_columns(names: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    """Find unused columns whose names resemble a column that is read.

    Args:
        names: Names of all columns.

    Yields:
        The name, and the column that it resembles.

    >>> list(similar_columns(["width", "widht", "Height px", "n", "note"]))
    [('widht', 'width'), ('Height px', 'height'), ('n', 'count')]
    """
    for name in () if _of_own_workbook(names) else names:
        if (folded := _folded(name)) in _RANGES:
            continue
        letters_and_digits = "".join(filter(str.isalnum, folded))
        prefixes = [column for column in ("width", "height", "count") if letters_and_digits.startswith(column)]
        similar = (
            [_OTHER_NAMES[letters_and_digits]]
            if letters_and_digits in _OTHER_NAMES
            else prefixes or get_close_matches(letters_and_digits, _RANGES, n=1, cutoff=0.75)
        )
        if similar:
            yield name, similar[0]


def _folded(name: Any) -> str:
    return str(name).strip().lower()


def has_value(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows of a column have a value, as a boolean array."""
    if column.dtype.kind in "iu":
        return np.ones(column.shape, np.bool_)
    if column.dtype.kind == "f":
        present: NDArray[np.bool_] = ~np.isnan(column)
        return present
    return np.array([_folded(value) not in _MISSING for value in column], np.bool_)


def whole_numbers(
    name: str, column: NDArray[Any], selected: NDArray[np.bool_], location: Callable[[int], str]
) -> NDArray[np.int64]:
    """Convert a column of any integer, float, text or object dtype to whole numbers.

    Args:
        name: Name of the column: `width`, `height`, `file_bytes` or `count`.
        column: Its values.
        selected: Rows to convert, as a boolean array.
        location: Returns the location of a row, for messages.

    Returns:
        The values, int64; `UNKNOWN` in the other rows.

    Raises:
        SizeError: A value is not a whole number within the column's range.
    """
    minimum, maximum = _RANGES[name]
    values = np.full(column.shape, UNKNOWN, np.int64)
    if column.dtype.kind in "iuf":
        # The limits do not fit small dtypes.
        wide = column.astype({"i": np.int64, "u": np.uint64, "f": np.float64}[column.dtype.kind])
        valid = (wide >= minimum) & (wide <= maximum) & (np.floor(wide) == wide)
        values[valid & selected] = wide[valid & selected].astype(np.int64)
        wrong = np.flatnonzero(selected & ~valid)
    else:
        numbers = [
            whole_number(value, minimum, maximum) if is_selected else UNKNOWN
            for value, is_selected in zip(column, selected, strict=True)
        ]
        wrong = np.flatnonzero([number is None for number in numbers])
        values[:] = [UNKNOWN if number is None else number for number in numbers]
    if len(wrong):
        value = column[wrong[0]]
        value = value.item() if isinstance(value, np.generic) else value
        expected = f"expected a whole number from {minimum:,} to {maximum:,}"
        raise SizeError(f"{location(int(wrong[0]))}: {name} is {short_repr(value)}: {expected}")
    return values


def whole_number(value: Any, minimum: int, maximum: int) -> int | None:
    """Convert a value to a whole number within limits; None if that is not possible."""
    try:
        number = float(value) if isinstance(value, str) else value
        if not isinstance(number, _NOT_NUMBERS) and minimum <= number <= maximum and number == int(number):
            return int(number)
    except (TypeError, ValueError):
        pass
    return None


_NOT_NUMBERS = (bool, np.bool_, np.timedelta64)
"""Types that compare equal to whole numbers but are not numbers."""
