"""Rows as Parquet. It needs pyarrow, which comes with the extra `parquet`."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import MissingExtraError
from imgcost.reports.rows import COLUMNS

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingExtraError("writing Parquet", "parquet") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ParquetWriter"]

GROUP_ROWS = 50_000
"""Rows of a row group: written as soon as there are so many, and no more are held."""

_NAMES = pa.dictionary(pa.int32(), pa.string())

_TYPES = {
    "path": pa.string(),
    "media_type": _NAMES,
    "width": pa.int32(),
    "height": pa.int32(),
    "orientation": pa.int8(),
    "animated": pa.bool_(),
    "file_bytes": pa.int64(),
    "duplicate_of": pa.string(),
    "model": _NAMES,
    "tier": _NAMES,
    "formula": _NAMES,
    "tokens": pa.int32(),
    "downscaled": pa.bool_(),
    "resized_width": pa.int32(),
    "resized_height": pa.int32(),
    "input_usd": pa.decimal128(38, 15),
    "problem": _NAMES,
    "reason": pa.string(),
}

_SCHEMA = pa.schema(
    [pa.field(name, _TYPES[name], metadata={"description": meaning}) for name, meaning in COLUMNS.items()]
)
_USD = list(COLUMNS).index("input_usd")


class ParquetWriter:
    """Writes rows in groups; the file can be read once it is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin with an open file."""
        self._writer = pq.ParquetWriter(file, _SCHEMA)
        self._waiting: list[tuple[Any, ...]] = []

    def write(self, encoded: Sequence[tuple[Any, ...]]) -> None:
        """Take rows, and write a group when there are enough."""
        self._waiting += encoded
        if len(self._waiting) >= GROUP_ROWS:
            self._flush()

    def close(self, *, whole: bool = True) -> None:
        """Write what is left, and the end of the file."""
        if not whole:
            with suppress(OSError):  # or pyarrow would try again when it is collected
                self._writer.close()
            return
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = list(zip(*self._waiting, strict=True))
        columns[_USD] = tuple(None if text is None else Decimal(text) for text in columns[_USD])
        arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
        self._waiting = []
