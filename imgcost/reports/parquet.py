"""Rows as Parquet, which needs the extra `parquet`."""

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
"""Rows of a row group: written as soon as there are that many, and no more are held."""

_TYPES = {
    "path": pa.string(),
    "text": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "integer": pa.int64(),
    "usd": pa.decimal256(60, 20),
    "boolean": pa.bool_(),
}


def arrow_schema(schema: Schema) -> pa.Schema:
    """Turn columns into an Arrow schema.

    Args:
        schema: The columns.

    Returns:
        Fields with their meaning as metadata: strings, dictionaries of strings, int64, decimal256(60, 20), bool.
    """
    return pa.schema(
        [
            pa.field(name, _TYPES[column.type], metadata={"description": column.meaning})
            for name, column in schema.columns.items()
        ]
    )


class ParquetWriter:
    """Writes rows in groups; the file can be read once it is finished."""

    def __init__(self, file: IO[bytes], schema: Schema) -> None:
        """Begin with an open file."""
        self._schema = arrow_schema(schema)
        self._usd = [place for place, column in enumerate(schema.columns.values()) if column.type == "usd"]
        self._writer = pq.ParquetWriter(file, self._schema)
        self._waiting: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Take rows, and write a group when there are enough."""
        self._waiting += rows
        if len(self._waiting) >= GROUP_ROWS:
            self._flush()

    def finish(self, *_summary: Any) -> None:
        """Write what is left, and the end of the file."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Release the file."""
        with suppress(OSError):  # or pyarrow would try again when it is collected
            self._writer.close()

    def _flush(self) -> None:
        columns = list(zip(*self._waiting, strict=True))
        for place in self._usd:
            exact = {text: Decimal(text) for text in set(columns[place]) if text is not None}  # few differ
            columns[place] = tuple(map(exact.get, columns[place]))
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = []
