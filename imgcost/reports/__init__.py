"""Rows for other programs: streamed to files and pipes, or as a DataFrame for those who ask for one."""

from imgcost.reports.rows import COLUMNS, RowWriter, open_rows

__all__ = ["COLUMNS", "RowWriter", "open_rows"]
