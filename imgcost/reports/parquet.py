"""Write rows as Parquet, with pyarrow (the extra `parquet`)."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import MissingExtraError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingExtraError("writing Parquet", "parquet") from error

from imgcost.reports.columns import USD_DIGITS, USD_PLACES

if TYPE_CHECKING:
    from imgcost.reports.columns import EncodedColumn
    from imgcost.tabular import Schema

__all__ = ["ParquetWriter", "arrow_schema"]

GROUP_ROWS = 50_000
"""Rows per row group, and the maximum number of rows kept in memory."""

_TYPES = {
    "path": pa.string(),
    "text": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "integer": pa.int64(),
    "usd": pa.decimal256(USD_DIGITS, USD_PLACES),
    "boolean": pa.bool_(),
}


def arrow_schema(schema: Schema) -> pa.Schema:
    """Return the Arrow schema of columns.

    Args:
        schema: The columns.

    Returns:
        Fields of type string, dictionary of strings, int64, decimal256(60, 20) or bool, with their meaning as metadata.
    """
    return pa.schema(
        [
            pa.field(name, _TYPES[column.type], metadata={"description": column.meaning})
            for name, column in schema.columns.items()
        ]
    )


class ParquetWriter:
    """Writes encoded rows in groups. The file is readable after `finish`."""

    def __init__(self, file: IO[bytes], schema: Schema) -> None:
        """Start writing to an open file."""
        self._schema = arrow_schema(schema)
        self._writer = pq.ParquetWriter(file, self._schema)
        self._waiting: list[pa.RecordBatch] = []

    def write(self, encoded: list[EncodedColumn]) -> None:
        """Add rows, and write a group if there are enough."""
        if encoded:
            arrays = [_array(column, field.type) for column, field in zip(encoded, self._schema, strict=True)]
            self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        if sum(len(batch) for batch in self._waiting) >= GROUP_ROWS:
            self._flush()

    def finish(self, *_summary: Any) -> None:
        """Write the remaining rows and the end of the file."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Release the file."""
        with suppress(OSError):  # pyarrow would try again during garbage collection
            self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
        self._waiting = []


def _array(column: EncodedColumn, data_type: pa.DataType) -> pa.Array:
    """Wrap encoded values. `pa.array` would import pandas, if it is installed."""
    if not column.buffers:
        return pa.nulls(column.length, data_type)
    buffers = [None if buffer is None else pa.py_buffer(buffer) for buffer in column.buffers]
    if column.dictionary is None:
        return pa.Array.from_buffers(data_type, column.length, buffers)
    indices = pa.Array.from_buffers(data_type.index_type, column.length, buffers)
    return pa.DictionaryArray.from_arrays(indices, _array(column.dictionary, data_type.value_type))
