"""Write rows as Parquet, with pyarrow (the extra `parquet`)."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import MissingExtraError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingExtraError("writing Parquet", "parquet") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.tabular import Row, Schema

__all__ = ["ParquetWriter", "arrow_schema"]

GROUP_ROWS = 50_000
"""Rows per row group, and the maximum number of rows kept in memory."""

_TYPES = {
    "path": pa.string(),
    "text": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "integer": pa.int64(),
    "usd": pa.decimal256(60, 20),
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
    """Writes rows in groups. The file is readable after `finish`."""

    def __init__(self, file: IO[bytes], schema: Schema) -> None:
        """Start writing to an open file."""
        self._schema = arrow_schema(schema)
        self._usd = [index for index, column in enumerate(schema.columns.values()) if column.type == "usd"]
        self._writer = pq.ParquetWriter(file, self._schema)
        self._waiting: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, and write a group if there are enough."""
        self._waiting += rows
        if len(self._waiting) >= GROUP_ROWS:
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
        columns = list(zip(*self._waiting, strict=True))
        for index in self._usd:
            exact = {text: Decimal(text) for text in set(columns[index]) if text is not None}  # few distinct values
            columns[index] = tuple(map(exact.get, columns[index]))
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = []
