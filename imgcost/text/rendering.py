"""Render reports as text, Markdown and JSON.

File names are hostile: everything that prints one must pass it through `visible`, which escapes what a terminal would
interpret or not show.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "NO_IMAGES",
    "Report",
    "Table",
    "as_json",
    "as_markdown",
    "as_text",
    "shortened",
    "visible",
]


class Table(NamedTuple):
    """A table of a report.

    Attributes:
        title: A line above the table, or empty.
        columns: Column headings; a leading `>` aligns a column to the right. If all headings are empty, they are not
            shown; a table without columns is only a title.
        rows: Cells, as text.
        bars: One number per row, for a bar chart in a terminal; empty for none.
        path_column: Index of a column that is shortened in the middle if the table is too wide; None for none.
        prose: Whether the last column is wrapped if the table is too wide.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    bars: Sequence[int] = ()
    path_column: int | None = None
    prose: bool = False


WIDTH = 80
"""Width of text that is not printed to a terminal, in columns."""

NO_IMAGES = Table("No images found.", (), ())
"""Starts a report without images: zeros and exit code 0 alone would look like an answer."""


class Report(NamedTuple):
    """What a command prints.

    Attributes:
        data: Plain values for `-f json`; dollars as exact decimal text.
        tables: Tables for `-f text` and `-f markdown`.
        notes: Sentences below the tables.
    """

    data: dict[str, Any]
    tables: Sequence[Table]
    notes: Sequence[str] = ()


def as_text(report: Report, width: int = WIDTH) -> str:
    """Render a report as text, in columns.

    Args:
        report: The report.
        width: Width of the terminal, in columns. In a wider table, paths are shortened and prose is wrapped.

    Returns:
        The text, without a newline at the end.

    >>> print(as_text(Report({}, [Table("Ducks", ("name", ">count"), [("Huey", "1"), ("Dewey", "10")])])))
    Ducks
      name   count
      Huey       1
      Dewey     10
    """
    sections = []
    for table in report.tables:
        heads = tuple(head.removeprefix(">") for head in table.columns)
        indent = "  " if table.title else ""
        rows = [heads, *_fitted(heads, table, width - len(indent))]
        widths = _widths(rows)
        right = [head.startswith(">") for head in table.columns]
        lines = ["  ".join(map(_padded, row, widths, right)).rstrip() for row in (rows if any(heads) else rows[1:])]
        sections.append("\n".join([table.title] * bool(table.title) + [indent + line for line in lines]))
    if report.notes:
        sections.append("\n".join(report.notes))
    return "\n\n".join(sections)


def as_markdown(report: Report) -> str:
    r"""Render a report as Markdown; markup and mentions in file names are escaped.

    >>> print(as_markdown(Report({}, [Table("Ducks", ("name", ">count"), [("*Huey*", "1")])], ["All here."])))
    ### Ducks
    <BLANKLINE>
    | name | count |
    |---|---:|
    | \*Huey\* | 1 |
    <BLANKLINE>
    All here.
    """
    sections = []
    for table in report.tables:
        if table.title:
            sections.append(f"### {_markdown(table.title)}")
        if not table.columns:
            continue
        heads = [head.removeprefix(">") for head in table.columns]
        rule = "|" + "|".join("---:" if head.startswith(">") else "---" for head in table.columns) + "|"
        rows = ["| " + " | ".join(map(_markdown, row)) + " |" for row in (heads, *table.rows)]
        sections.append("\n".join([rows[0], rule, *rows[1:]]))
    sections.extend(map(_markdown, report.notes))
    return "\n\n".join(sections)


def as_json(report: Report) -> str:
    r"""Render a report as JSON, in ASCII so that a terminal interprets nothing.

    >>> print(as_json(Report({"path": "caf\u00e9"}, [])))
    {
      "path": "caf\u00e9"
    }
    """
    import json  # noqa: PLC0415 - text reports do not need it

    return json.dumps(report.data, indent=2)


def visible(name: str) -> str:
    r"""Escape control characters, terminal escapes, invisible characters and invalid bytes in a file name.

    >>> print(visible("a\nb\x1b[31m\udcff.png"))
    a\nb\x1b[31m\xff.png
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(map(_visible_character, name))


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0") | frozenset(map(chr, range(0xFE00, 0xFE10)))
"""Invisible although Unicode calls them printable: fillers and variation selectors."""


def _visible_character(character: str) -> str:
    if character.isprintable() and character not in _BLANK:
        return character
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not valid UTF-8, as Python represents it in a string
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_MARKUP = re.compile(r"([\\`*_\[\]|~])")

_MENTION = re.compile(r"@(?=\w)|(?:#|(?<=[Gg][Hh])-)(?=\d)")
"""What GitHub turns into links or notifications: `@name`, `#1`, `owner/repository#1`, `GH-1`."""


def _markdown(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    # GitHub resolves backslashes and character references before it looks for mentions, but not comments.
    return _MENTION.sub(lambda match: f"{match[0]}<!-- -->", text)


_LEAST_WIDTH = 12
"""Minimum width of a column that is shortened or wrapped."""


def _fitted(heads: tuple[str, ...], table: Table, width: int) -> list[tuple[str, ...]]:
    """Shorten the paths and wrap the prose of a table that is wider than `width` columns."""
    widths = _widths([heads, *table.rows])
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    if excess <= 0:
        return list(table.rows)
    from textwrap import wrap  # noqa: PLC0415 - most tables fit

    prose = widths[-1] if table.prose else 0
    path = 0 if table.path_column is None else widths[table.path_column]
    space = path + prose - excess
    path = min(path, max(_LEAST_WIDTH, space - prose, space // 2 if prose else 0))
    fitted = []
    for row in table.rows:
        cells = list(row)
        if table.path_column is not None:
            cells[table.path_column] = shortened(row[table.path_column], path)
        lines = wrap(row[-1], max(_LEAST_WIDTH, space - path), break_on_hyphens=False) if table.prose else row[-1:]
        fitted.append((*cells[:-1], *(lines[:1] or [""])))
        fitted += [("",) * (len(row) - 1) + (line,) for line in lines[1:]]
    return fitted


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    return [max(map(_width, column)) for column in zip(*rows, strict=True)]


def shortened(text: str, width: int) -> str:
    r"""Shorten a text, such as a path, in its middle.

    Args:
        text: The text.
        width: Maximum width in columns of a terminal, from 3.

    Returns:
        The text, or both of its ends with an ellipsis between.

    >>> shortened("photos/2026/summer/beach.jpg", 20), shortened("a.jpg", 20)
    ('photos\u2026mer/beach.jpg', 'a.jpg')
    """
    if _width(text) <= width:
        return text
    head = (width - 1) // 3
    return f"{_begin(text, head)}\N{HORIZONTAL ELLIPSIS}{_begin(text[::-1], width - 1 - head)[::-1]}"


def _begin(text: str, width: int) -> str:
    """Cut a text to a width."""
    cut = text[:width]  # no character is narrower than a column, but for combining ones
    while _width(cut) > width:
        cut = cut[:-1]
    return cut


def _width(text: str) -> int:
    """Count the terminal columns of a text: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
