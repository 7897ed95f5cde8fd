"""Read the sizes of images from Arrow columns of numbers or of image bytes; rows without a size get a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imgcost.datasets.columns import MAX_BYTES, MAX_IMAGES, whole_number
from imgcost.datasets.problems import code_of
from imgcost.errors import HeaderError
from imgcost.geometry import MAX_EDGE
from imgcost.headers import HEAD_BYTES, parse_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from imgcost.datasets.selection import TableColumns

__all__ = ["Labels", "Sizes", "labels", "read_sizes"]

_LOWEST, _HIGHEST = -(1 << 62), 1 << 62
"""Replace whole numbers that do not fit; both are outside of every range."""


class Labels(NamedTuple):
    """A column of text with few different values.

    Attributes:
        names: The different values, as text; None for missing ones.
        codes: Index of each row's value; int64.
    """

    names: list[str | None]
    codes: NDArray[np.int64]


class Sizes(NamedTuple):
    """Sizes of the images in a record batch.

    Attributes:
        width: Widths, px; integers, 1 where there is a problem.
        height: Heights, px; same.
        problems: Code of each row's problem, 0 for none; uint8. None if no row has one.
        file_bytes: File sizes, bytes; int64, 0 where unknown. None if all are unknown.
        media_types: Media types, if known.
        counts: Number of images of each size, as Python integers, whose sums cannot overflow; None for 1 each.
    """

    width: NDArray[np.integer]
    height: NDArray[np.integer]
    problems: NDArray[np.uint8] | None = None
    file_bytes: NDArray[np.int64] | None = None
    media_types: Labels | None = None
    counts: NDArray[np.object_] | None = None

    def counted(self) -> tuple[Sizes, NDArray[np.bool_] | None]:
        """Return the rows without a problem, and which these are; None for all."""
        if self.problems is None:
            return self, None
        rows = self.problems == 0
        media_types = self.media_types and self.media_types._replace(codes=self.media_types.codes[rows])
        return Sizes(
            self.width[rows],
            self.height[rows],
            None,
            None if self.file_bytes is None else self.file_bytes[rows],
            media_types,
            None if self.counts is None else self.counts[rows],
        ), rows


def read_sizes(batch: pa.RecordBatch, columns: TableColumns) -> Sizes:
    """Read the sizes of a record batch.

    Args:
        batch: The batch.
        columns: Which of its columns to read.

    Returns:
        The sizes; rows that cannot be counted have a problem.
    """
    if columns.image is not None:
        return _embedded(columns.get(batch, columns.image))
    sizes = _checked(_whole(columns.get(batch, columns.width)), _whole(columns.get(batch, columns.height)))
    if columns.file_bytes is not None:
        values, missing = _whole(columns.get(batch, columns.file_bytes))
        known = (values >= 0) & (values <= MAX_BYTES)
        sizes = sizes._replace(file_bytes=np.where(known if missing is None else known & ~missing, values, 0))
    if columns.media_type is not None:
        sizes = sizes._replace(media_types=labels(columns.get(batch, columns.media_type)))
    if columns.times is not None:
        values, missing = _whole(columns.get(batch, columns.times))
        invalid = (values < 0) | (values > MAX_IMAGES)
        uncounted = invalid if missing is None else invalid | missing
        if sizes.problems is not None:
            uncounted = uncounted & (sizes.problems == 0)
        sizes = _with_problem(sizes, uncounted, "invalid-count")
        sizes = sizes._replace(counts=np.where(invalid, 0, values).astype(object))
    return _as_scanned(sizes, batch, columns)


def _as_scanned(sizes: Sizes, batch: pa.RecordBatch, columns: TableColumns) -> Sizes:
    """Exclude the rows that a scan did not count; the later reason takes precedence."""
    for name, slug, counted in (
        (columns.model, "other-model", columns.first_model),
        (columns.duplicate_of, "duplicate", None),
        (columns.problem, "not-counted", None),
    ):
        if name is not None:
            names, codes = labels(columns.get(batch, name))
            excluded = np.array([value not in (None, "", counted) for value in names], np.bool_)
            sizes = _with_problem(sizes, excluded[codes], slug)
    return sizes


def _with_problem(sizes: Sizes, rows: NDArray[np.bool_], slug: str) -> Sizes:
    """Give rows a problem, instead of the one that they have."""
    if not rows.any():
        return sizes
    problems = np.zeros(rows.shape, np.uint8) if sizes.problems is None else sizes.problems
    width, height = (np.where(rows, sizes.width.dtype.type(1), side) for side in (sizes.width, sizes.height))
    return sizes._replace(width=width, height=height, problems=np.where(rows, np.uint8(code_of(slug)), problems))


_Whole = tuple[Any, Any]
"""Integers, and which of them are missing: None if none is. Values that are not whole are `_NOT_WHOLE`."""

_NOT_WHOLE = _LOWEST - 1


def _checked(width: _Whole, height: _Whole) -> Sizes:
    """Find the rows whose size is out of range; usually there is none."""
    sides = (width, height)
    if all(missing is None and _in_range(values) for values, missing in sides):
        return Sizes(width[0], height[0])
    problems = np.zeros(len(width[0]), np.uint8)
    tests: tuple[tuple[str, Callable[[NDArray[np.integer]], NDArray[np.bool_]]], ...] = (
        ("impossible-size", lambda values: values > MAX_EDGE),
        ("zero-size", lambda values: values == 0),
        ("negative-size", lambda values: values < 0),
        ("invalid-size", lambda values: values == _NOT_WHOLE),
    )
    for slug, test in tests:  # the last one that applies is the problem
        for values, _ in sides:
            problems[test(values)] = code_of(slug)
    for _, missing in sides:
        if missing is not None:
            problems[missing] = code_of("missing-size")
    valid = problems == 0
    across, down = (np.where(valid, values, 1).astype(np.int64) for values, _ in sides)
    return Sizes(across, down, problems)


def _in_range(values: NDArray[np.integer]) -> bool:
    return not len(values) or bool(values.min() >= 1 and values.max() <= MAX_EDGE)


def _whole(column: pa.Array) -> _Whole:
    """Convert a column of any type to integers."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    if pa.types.is_integer(column.type):
        values = (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)
        return values, missing
    if pa.types.is_floating(column.type):
        return _whole_floats(column.to_numpy(zero_copy_only=False).astype(np.float64))
    if missing is not None and missing.all():
        return np.zeros(len(column), np.int64), missing
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _whole_texts(column)
    return _whole_objects(column.to_pylist())


def _whole_floats(values: NDArray[np.float64]) -> _Whole:
    missing = np.isnan(values)
    clipped = np.clip(np.where(missing, 0, values), _LOWEST, _HIGHEST)
    whole = np.where(np.floor(clipped) == clipped, clipped.astype(np.int64), _NOT_WHOLE)
    return whole, missing if missing.any() else None


def _whole_texts(column: pa.Array) -> _Whole:
    """Convert text: at once if all of it is digits, else value by value."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    try:
        whole = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return _whole_objects(_texts(column))
    missing = whole.is_null().to_numpy(zero_copy_only=False) if whole.null_count else None
    return whole.fill_null(0).to_numpy(zero_copy_only=False), missing


_MISSING = {None, "", "none", "nan", "<na>", "null"}


def _whole_objects(values: list[Any]) -> _Whole:
    texts = [value.strip().lower() if isinstance(value, str) else value for value in values]
    missing = np.array([value is None or (isinstance(value, str) and value in _MISSING) for value in texts], bool)
    numbers = [
        0 if is_missing else whole_number(value, _LOWEST, _HIGHEST)
        for value, is_missing in zip(texts, missing, strict=True)
    ]
    whole = np.array([_NOT_WHOLE if number is None else number for number in numbers], np.int64)
    return whole, missing if missing.any() else None


def labels(column: pa.Array) -> Labels:
    """Convert a column to its different values as text, and their indices.

    Args:
        column: A column of any type whose values can be compared.

    Returns:
        The labels.
    """
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
    names = [None if value is None else str(value) for value in _texts(column.dictionary)]
    indices = column.indices
    if indices.null_count:
        indices = indices.fill_null(len(names))
        names.append(None)
    return Labels(names, indices.to_numpy(zero_copy_only=False).astype(np.int64))


def _texts(column: pa.Array) -> list[Any]:
    """Return the values; text that is not UTF-8 is escaped."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    try:
        return column.to_pylist()  # type: ignore[no-any-return] # pyarrow has no types
    except UnicodeDecodeError:
        values = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="backslashreplace") for value in values]


def _embedded(column: pa.Array) -> Sizes:
    """Read the headers of images whose bytes are in a column."""
    count = len(column)
    width, height, file_bytes = (np.ones(count, np.int64), np.ones(count, np.int64), np.zeros(count, np.int64))
    problems, codes = np.zeros(count, np.uint8), np.zeros(count, np.int64)
    names: dict[str, int] = {}
    for row, image in enumerate(_views(column)):
        if image is None:
            problems[row] = code_of("missing-image")
            continue
        file_bytes[row] = len(image)
        try:
            media_type, width[row], height[row], *_ = parse_header(
                image[:HEAD_BYTES].tobytes(),
                lambda offset, size, image=image: image[offset : offset + size].tobytes(),  # type: ignore[misc] # bound now
                details=False,
            )
            codes[row] = names.setdefault(media_type, len(names))
        except HeaderError as error:
            problems[row] = code_of(error.problem)
    media_types = Labels([*names] or [None], codes)
    return Sizes(width, height, problems if problems.any() else None, file_bytes, media_types)


def _views(column: pa.Array) -> Iterator[memoryview | None]:
    """Iterate over binary values without copying them; None for missing ones."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    for value in column:
        buffer = value.as_buffer()
        yield None if buffer is None else memoryview(buffer)
