"""Readers of tables on disk, one per format: they return the selected columns in chunks."""

from __future__ import annotations

import csv
import warnings
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from imgcost.datasets.columns import CHUNK, similar_columns
from imgcost.datasets.json_lines import json_rows
from imgcost.datasets.problems import PROBLEMS
from imgcost.errors import ImgcostError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from imgcost.datasets.sizes import Labels, Sizes

__all__ = ["READERS"]

if TYPE_CHECKING:
    Find: TypeAlias = Callable[[Sequence[Any]], dict[str, Any]]
    """Selects columns: takes all names, and returns the names in the table by `width`, `height` and so on."""

    Chunks: TypeAlias = Iterator[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]
    """Numbers of rows, and the selected columns by name."""


def _read_text(path: str, find: Find, *, delimiter: str) -> Chunks:
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, delimiter=delimiter)
        try:
            yield from _read_rows([name.strip() for name in next(rows, [])], enumerate(rows, 2), find)
        except csv.Error as error:
            raise ImgcostError(f"{path}, line {rows.line_num}: {error}") from None


def _read_excel(path: str, find: Find) -> Chunks:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("reading an Excel workbook", "report") from error
    with Path(path).open("rb") as file:
        try:
            with warnings.catch_warnings(action="ignore"):  # unknown styles and validations
                book = load_workbook(file, read_only=True, data_only=True)
            head, rows = _first_table([(sheet.title, _rows_of(sheet)) for sheet in book.worksheets], find)
            yield from _read_rows(head, rows, find)
        except ImgcostError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged workbook can raise any exception
            raise ImgcostError(f"cannot read {path} as an Excel workbook: {error}") from None


def _rows_of(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet.reset_dimensions()  # some programs write wrong ones
    return enumerate(sheet.iter_rows(values_only=True), 1)


def _first_table(
    sheets: Sequence[tuple[str, Iterator[tuple[int, Sequence[Any]]]]], find: Find
) -> tuple[Sequence[Any], Iterator[tuple[int, Sequence[Any]]]]:
    """Return the header and rows of the first sheet that has the columns; else raise the error of the closest one."""
    errors = []
    for title, rows in sheets:
        head = next((row for _, row in rows if any(row)), ())
        names = ["" if cell is None else str(cell).strip() for cell in head]
        try:
            find(names)
        except ImgcostError as error:
            errors.append((len(list(similar_columns(names))), f"sheet {title!r} of {error}"))
        else:
            return names, rows
    raise ImgcostError(max(errors, key=itemgetter(0))[1])


def _read_rows(head: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]], find: Find) -> Chunks:
    """Read numbered rows of cells; skip blank rows."""
    indices = {column: head.index(name) for column, name in find(head).items()}
    filled = (row for row in rows if any(row[1]))
    while chunk := list(islice(filled, CHUNK)):
        yield (
            np.array([number for number, _ in chunk], np.int64),
            {
                column: _column((_cell(cells, index) for _, cells in chunk), len(chunk))
                for column, index in indices.items()
            },
        )


def _cell(cells: Sequence[Any], index: int) -> Any:
    value = cells[index] if index < len(cells) else None
    return value.strip() if isinstance(value, str) else value


def _read_json_lines(path: str, find: Find) -> Chunks:
    filled = json_rows(path)
    numbers = np.zeros(0, np.int64)
    while chunk := list(islice(filled, CHUNK)):
        rows = [row for _, row in chunk]
        names = find(list(dict.fromkeys(name for row in rows for name in row)))
        numbers = np.array([number for number, _ in chunk], np.int64)
        yield numbers, {column: _column((row.get(name) for row in rows), len(rows)) for column, name in names.items()}
    if not len(numbers):
        find([])


def _column(values: Iterable[Any], count: int) -> NDArray[Any]:
    return np.fromiter(values, object, count)


def _read_batches(path: str, find: Find) -> Chunks:
    """Read Parquet or Arrow: columns of sizes, or else the headers of images whose bytes are in a column."""
    from imgcost.datasets.selection import TableColumns, usual_image_column  # noqa: PLC0415 - needs pyarrow, an extra
    from imgcost.datasets.sizes import read_sizes  # noqa: PLC0415 - same
    from imgcost.datasets.sources import parts_of, read_part, read_schema  # noqa: PLC0415 - same

    schema = read_schema(path)
    image = usual_image_column(schema, path)
    names = find(schema.names) if image is None else {"image": image}
    wanted = TableColumns(image=image)
    row = 0
    for part in parts_of(path, wanted):
        for whole_batch in read_part(part, list(names.values())):
            for start in range(0, len(whole_batch), CHUNK):
                batch = whole_batch.slice(start, CHUNK)
                if image is None:
                    columns = {key: batch.column(name).to_numpy(zero_copy_only=False) for key, name in names.items()}
                else:
                    columns = _image_columns(read_sizes(batch, wanted))
                yield np.arange(row, row + len(batch)), columns
                row += len(batch)


def _image_columns(sizes: Sizes) -> dict[str, NDArray[Any]]:
    """Return the columns of images: their sizes, media types, and why some of them are excluded."""
    reasons = np.array([problem.reason for problem in PROBLEMS], object)
    problems = np.zeros(len(sizes.width), np.uint8) if sizes.problems is None else sizes.problems
    names, codes = cast("Labels", sizes.media_types)
    return {
        "width": sizes.width,
        "height": sizes.height,
        "excluded": reasons[problems],
        "file_bytes": cast("NDArray[np.int64]", sizes.file_bytes),
        "media_type": np.array(names, object)[codes],
    }


READERS: Mapping[str, Callable[[str, Find], Chunks]] = {
    ".csv": partial(_read_text, delimiter=","),
    ".tsv": partial(_read_text, delimiter="\t"),
    ".xlsx": _read_excel,
    ".jsonl": _read_json_lines,
    ".parquet": _read_batches,
    ".arrow": _read_batches,
    ".feather": _read_batches,
}
"""The reader for each suffix: takes the path and a function that selects columns."""
