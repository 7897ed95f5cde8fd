"""Rows of text and whole numbers, written in one piece: XlsxWriter takes ten times as long to write their cells."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xlsxwriter.format import Format

__all__ = ["RecordSheet"]

_COLUMNS = [xl_col_to_name(column) for column in range(64)]


class RecordSheet(Worksheet):  # type: ignore[misc] # XlsxWriter ships no types
    """A sheet, in constant memory, that also takes whole rows."""

    def write_record(self, row: int, cells: Iterable[tuple[str | int | None, Format]]) -> None:
        """Write a row, which XlsxWriter must not have begun.

        Args:
            row: The row, from 0; later than all rows written before.
            cells: Texts or whole numbers and their formats, from the first column; None leaves a cell empty.
        """
        name = str(row + 1)
        column = -1
        pieces = []
        for column, (cell, look) in enumerate(cells):
            if cell is not None:
                style = look._get_xf_index()  # noqa: SLF001 - XlsxWriter numbers formats as they are used
                start = f'<c r="{_COLUMNS[column]}{name}" s="{style}"'
                pieces.append(f"{start}{self._text(cell) if isinstance(cell, str) else f'><v>{cell}</v>'}</c>")
        self._check_dimensions(row, 0)
        self._check_dimensions(row, column)
        self._write_single_row(row)  # the one before
        self.fh.write(f'<row r="{name}">{"".join(pieces)}</row>')

    def _text(self, text: str) -> Any:
        if "_x" in text:  # the format's own escapes
            text = self._escape_control_characters(text)
        space = ' xml:space="preserve"' if text != text.strip() else ""
        return f' t="inlineStr"><is><t{space}>{escape(text, quote=False)}</t></is>'
