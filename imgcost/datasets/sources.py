"""Tables on disk as record batches of the columns that are needed: Parquet, CSV, TSV, JSON lines and Arrow."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from imgcost.datasets.columns import CHUNK
from imgcost.datasets.json_lines import json_rows
from imgcost.datasets.selection import Selection, TableColumns, find_table_columns
from imgcost.datasets.sizes import labels
from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.files import open_without_waiting

try:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingExtraError("reading a table", "parquet") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Part", "open_table", "parts_of", "read_part", "read_schema"]

BATCH_ROWS = 1 << 18
"""Maximum number of rows in a batch."""

BATCH_BYTES = 8 << 20
"""About how many bytes a batch has at most, if its rows are not larger."""

BUFFER_BYTES = 1 << 20
"""Bytes of a column of a Parquet file that are read ahead: without a limit, a whole row group is."""


CSV_BLOCK_BYTES = 4 << 20
"""Bytes of a text table that are parsed at a time."""


class Part(NamedTuple):
    """A part of a table that can be read by itself.

    Attributes:
        path: The file.
        columns: The columns to read.
        first_row: Number of its first row, counted from 0, or from 2 below the header of a text file.
        group: Index of a row group of a Parquet file; None for the whole table.
        rows: Number of rows; None if not known before reading.
    """

    path: str
    columns: TableColumns
    first_row: int = 0
    group: int | None = None
    rows: int | None = None


def open_table(path: str, selection: Selection) -> tuple[pa.Schema, TableColumns]:
    """Return the columns of a table: all of them, and those to read.

    Args:
        path: The file; its suffix selects the format.
        selection: Columns that the user names.

    Raises:
        ImgcostError: The file is not a table, or a column is missing.
        OSError: The file cannot be read.
    """
    schema = read_schema(path)
    columns = find_table_columns(schema, selection, path)
    if columns.model is not None:
        first = _first_model(path, columns)
        columns = columns._replace(model=columns.model if first else None, first_model=first)
    return schema, columns


def read_schema(path: str) -> pa.Schema:
    """Return all columns of a table; errors as in `open_table`."""
    # The errors of pyarrow do not name the file; and it would wait for a named pipe.
    with open(path, "rb", opener=open_without_waiting) as file:
        if not file.seekable():
            raise ImgcostError(f"cannot read {path}: not a regular file")
    with _errors_of(path):
        return _FORMATS[_suffix(path)].schema(path)


def parts_of(path: str, columns: TableColumns) -> list[Part]:
    """Split a table into parts: the row groups of a Parquet file, otherwise the whole table."""
    if _suffix(path) != ".parquet":
        return [Part(path, columns, _FORMATS[_suffix(path)].first_row)]
    with _errors_of(path), pq.ParquetFile(path) as file:
        rows = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    return [Part(path, columns, sum(rows[:group]), group, count) for group, count in enumerate(rows)]


def read_part(part: Part, names: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Read a part in batches.

    Args:
        part: The part.
        names: The columns to read; None for all of them.

    Yields:
        Record batches, in order.

    Raises:
        ImgcostError: The file is damaged.
        OSError: The file cannot be read.
    """
    with _errors_of(part.path):
        yield from _FORMATS[_suffix(part.path)].batches(part, names)


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def _first_model(path: str, columns: TableColumns) -> str | None:
    """Return the first model in rows of a scan; None if there is none."""
    for part in parts_of(path, columns):
        for batch in read_part(part, [str(columns.model)]):
            names, codes = labels(columns.get(batch, columns.model))
            found = [name for name in names if name and name.startswith("claude-")]
            if found:
                return min(found, key=lambda name: int(np.argmax(codes == names.index(name))))
    return None


@contextmanager
def _errors_of(path: str) -> Iterator[None]:
    """Name the file in the errors of a reader."""
    try:
        yield
    except (ImgcostError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = _FORMATS[_suffix(path)].name
        reason = str(error).strip().partition("\n")[0]
        raise ImgcostError(f"cannot read {path} as {kind}: {reason}") from None


# Parquet


def _parquet_schema(path: str) -> pa.Schema:
    with pq.ParquetFile(path) as file:
        return file.schema_arrow


def _parquet_batches(part: Part, names: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    group = part.columns.group
    # Values to group by are needed as codes, which is how the file stores them.
    dictionaries = [group] if names is not None and group is not None else None
    with pq.ParquetFile(part.path, read_dictionary=dictionaries, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
        number = cast("int", part.group)
        rows = _rows_per_batch(file.metadata, number, names)
        yield from file.iter_batches(rows, row_groups=[number], columns=None if names is None else list(names))


def _rows_per_batch(metadata: Any, group: int, names: Sequence[str] | None) -> int:
    """Return how many rows have about `BATCH_BYTES`, by the sizes that the file states."""
    row_group = metadata.row_group(group)
    columns = [row_group.column(index) for index in range(row_group.num_columns)]
    size = sum(
        column.total_uncompressed_size
        for column in columns
        if names is None or any(f"{column.path_in_schema}.".startswith(f"{name}.") for name in names)
    )
    return int(max(1, min(BATCH_ROWS, BATCH_BYTES * row_group.num_rows // max(size, 1))))


# Arrow


@contextmanager
def _arrow_reader(path: str) -> Iterator[Any]:
    """Open an Arrow file or stream; memory-mapped, so that only the columns that are used are read."""
    with pa.memory_map(path) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        yield pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _arrow_schema(path: str) -> pa.Schema:
    with _arrow_reader(path) as reader:
        return reader.schema


def _arrow_batches(part: Part, names: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    with _arrow_reader(part.path) as reader:
        count = getattr(reader, "num_record_batches", None)
        batches = reader if count is None else map(reader.get_batch, range(count))
        for batch in batches:
            wanted = batch if names is None else batch.select(_top_level(batch.schema, names))
            wanted.validate(full=True)  # a damaged file may have offsets beyond its end
            for start in range(0, len(wanted), BATCH_ROWS):
                yield wanted.slice(start, BATCH_ROWS)


def _top_level(schema: pa.Schema, names: Sequence[str]) -> list[str]:
    """Return the columns that have these fields."""
    return list(dict.fromkeys(name if name in schema.names else name.partition(".")[0] for name in names))


# CSV and TSV


def _csv_reader(path: str, delimiter: str, invalid_row: Callable[[Any], str] | None, **convert: Any) -> Any:
    return pa_csv.open_csv(
        path,
        pa_csv.ReadOptions(block_size=CSV_BLOCK_BYTES),
        pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=invalid_row),
        pa_csv.ConvertOptions(strings_can_be_null=True, null_values=[""], **convert),
    )


def _csv_schema(path: str, delimiter: str) -> pa.Schema:
    """Return the columns, all as text: a type that is guessed from the first rows may fail later."""
    with _csv_reader(path, delimiter, lambda _row: "skip", check_utf8=False) as reader:
        return pa.schema([(name, pa.string()) for name in reader.schema.names])


def _csv_batches(part: Part, names: Sequence[str] | None, delimiter: str) -> Iterator[pa.RecordBatch]:
    """Read a text table. Rows with a wrong number of fields become rows without values, after all others."""
    schema, malformed = _csv_schema(part.path, delimiter), 0

    def skip(_row: Any) -> str:
        nonlocal malformed
        malformed += 1
        return "skip"

    wanted = schema if names is None else pa.schema([schema.field(name) for name in names])
    # A copy of the table needs every row in its place, and valid text.
    handler, check = (None, True) if names is None else (skip, False)
    with _csv_reader(
        part.path, delimiter, handler, column_types=wanted, include_columns=wanted.names, check_utf8=check
    ) as reader:
        yield from reader
    for start in range(0, malformed, CHUNK):
        count = min(CHUNK, malformed - start)
        yield pa.RecordBatch.from_arrays([pa.nulls(count, field.type) for field in wanted], schema=wanted)


# JSON lines


def _json_rows(path: str) -> Iterator[dict[str, Any]]:
    return (row for _, row in json_rows(path))


def _json_schema(path: str) -> pa.Schema:
    """Return the columns of the first rows, with their types."""
    chunk = list(islice(_json_rows(path), CHUNK))
    names = dict.fromkeys(name for row in chunk for name in row)
    return pa.schema([(name, _column([row.get(name) for row in chunk]).type) for name in names])


def _json_batches(part: Part, names: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    schema = _json_schema(part.path)
    wanted = [schema.field(name) for name in (schema.names if names is None else _top_level(schema, names))]
    rows, number = _json_rows(part.path), part.first_row
    while chunk := list(islice(rows, CHUNK)):
        columns = [_column([row.get(field.name) for row in chunk]) for field in wanted]
        if names is None:  # written to a file, which needs one type per column
            try:
                columns = [column.cast(field.type) for column, field in zip(columns, wanted, strict=True)]
            except (pa.ArrowException, NotImplementedError) as error:
                raise ImgcostError(f"{part.path}, rows {number} to {number + len(chunk) - 1}: {error}") from None
        yield pa.RecordBatch.from_arrays(columns, [field.name for field in wanted])
        number += len(chunk)


def _column(values: list[Any]) -> pa.Array:
    """Convert values of any type: as they are if they have one type, else as text."""
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, OverflowError):
        texts = [None if value is None else str(value) for value in values]
        return pa.array([text if text is None else text.encode(errors="replace").decode() for text in texts])


class _Format(NamedTuple):
    """How to read a format."""

    name: str
    first_row: int
    schema: Callable[[str], pa.Schema]
    batches: Callable[[Part, Sequence[str] | None], Iterator[pa.RecordBatch]]


def _text_format(name: str, delimiter: str) -> _Format:
    return _Format(name, 2, partial(_csv_schema, delimiter=delimiter), partial(_csv_batches, delimiter=delimiter))


_FORMATS = {
    ".parquet": _Format("Parquet", 0, _parquet_schema, _parquet_batches),
    ".csv": _text_format("CSV", ","),
    ".tsv": _text_format("TSV", "\t"),
    ".jsonl": _Format("JSON lines", 1, _json_schema, _json_batches),
    ".arrow": _Format("Arrow", 0, _arrow_schema, _arrow_batches),
    ".feather": _Format("Arrow", 0, _arrow_schema, _arrow_batches),
}
