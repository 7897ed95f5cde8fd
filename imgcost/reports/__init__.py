"""Rows for other programs: streamed to files and pipes, or as a DataFrame for those who ask for one."""

from imgcost.reports.rows import COLUMNS, RowKind, RowWriter, encode, open_rows, row_kind

__all__ = ["COLUMNS", "RowKind", "RowWriter", "encode", "open_rows", "row_kind"]
