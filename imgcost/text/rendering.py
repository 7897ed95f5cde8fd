"""Render reports as text, Markdown and JSON.

File names are hostile: everything that prints one must pass it through `visible`, which escapes what a terminal would
interpret or not show.
"""

from __future__ import annotations

import os
import re
import unicodedata
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.figures import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "NO_IMAGES",
    "Report",
    "Table",
    "as_json",
    "as_markdown",
    "as_text",
    "shortened",
    "table_lines",
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
        path_column: Index of a column that is shortened if the table is too wide; None for none.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    bars: Sequence[int] = ()
    path_column: int | None = None


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
        width: Width of the terminal, in columns. Wider lines are wrapped between words, and in a wider table paths are
            shortened; only a longer URL or command exceeds it.

    Returns:
        The text, without a newline at the end.

    >>> print(as_text(Report({}, [Table("Ducks", ("name", ">count"), [("Huey", "1"), ("Dewey", "10")])])))
    Ducks
      name   count
      Huey       1
      Dewey     10
    """
    blocks, width = [], max(width, _NARROWEST)
    for table in report.tables:
        above, rows = table_lines(table, width)
        blocks.append("\n".join([*above, *chain.from_iterable(rows)]))
    if report.notes:
        blocks.append("\n".join(line for note in report.notes for line in _wrapped(note, width, _HANG)))
    return "\n\n".join(blocks)


def table_lines(table: Table, width: int) -> tuple[list[str], list[list[str]]]:
    """Render a table as text: in columns, or one field per line if they do not fit.

    Args:
        table: The table.
        width: Width of the terminal, in columns.

    Returns:
        The lines above the rows, and the lines of each row.
    """
    width = max(width, _NARROWEST)
    heads = tuple(head.removeprefix(">") for head in table.columns)
    indent = "  " if table.title else ""
    above = _wrapped(table.title, width, _HANG) if table.title else []
    space = width - len(indent)
    widths = _column_widths(table, heads, space)
    if widths is None:
        return above, [[indent + line for line in _fields(table, heads, row, space)] for row in table.rows]
    rows = [_row_lines(table, row, widths, indent) for row in table.rows]
    return above + (_row_lines(table._replace(path_column=None), heads, widths, indent) if any(heads) else []), rows


def as_markdown(report: Report, title: str = "") -> str:
    r"""Render a report as Markdown; markup and mentions in file names are escaped.

    Args:
        report: The report.
        title: A heading above it, for a file.

    >>> print(as_markdown(Report({}, [Table("Ducks", ("name", ">count"), [("*Huey*", "1")])], ["All here."])))
    ## Ducks
    <BLANKLINE>
    | name | count |
    |---|---:|
    | \*Huey\* | 1 |
    <BLANKLINE>
    All here.
    """
    sections = [f"# {_markdown(title)}"] if title else []
    for table in report.tables:
        if table.title:
            sections.append(f"## {_markdown(table.title)}")
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


_MARKUP = re.compile(r"([\\`*_\[\]|~])")

_MENTION = re.compile(r"@(?=\w)|(?:#|(?<=[Gg][Hh])-)(?=\d)")
"""What GitHub turns into links or notifications: `@name`, `#1`, `owner/repository#1`, `GH-1`."""


def _markdown(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    # GitHub resolves backslashes and character references before it looks for mentions, but not comments.
    return _MENTION.sub(lambda match: f"{match[0]}<!-- -->", text)


_SEPARATORS = frozenset({"/", os.sep})
"""What separates the parts of a path."""

_LEAST, _LONGEST_WORD = 12, 30
"""Minimum width of paths and texts, and width up to which a word is not broken, in columns."""

_NARROWEST = 24
"""Minimum width of a terminal, in columns."""

_HANG = " " * 4
"""Indent of the second and following lines of a title or note."""

_WORDS = re.compile(r" *(?:'imgcost [^']*'\S*|\S+)| +$")
"""Words with the spaces before them; a quoted command is one word."""


def _wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Wrap a text between words; words that are too long are broken, except URLs and commands."""
    if _width(text) <= width:
        return [text]
    lines = [""]
    for word in _pieces(text, width - len(hang)):
        if lines[-1] and _width(lines[-1] + word) > width:
            lines.append(hang + word.lstrip(" "))
        else:
            lines[-1] += word
    return lines


def _pieces(text: str, width: int) -> Iterator[str]:
    """Split a text into words, and words that are too long into pieces."""
    for word in _WORDS.findall(text):
        rest = word
        while not _is_whole(rest) and _width(rest.lstrip(" ")) > width:
            piece = _begin(rest, width) or rest[:1]
            yield piece
            rest = rest[len(piece) :]
        yield rest


def _is_whole(word: str) -> bool:
    """Return whether a word is never broken, because it is to be copied: a URL or a command."""
    return "://" in word or word.lstrip(" ").startswith("'imgcost ")


def _column_widths(table: Table, heads: tuple[str, ...], space: int) -> list[int] | None:
    """Fit the columns of a table to a width: wrap headings first, then shorten paths and wrap text, never numbers.

    Returns:
        The width of each column; None if they do not fit.
    """
    columns = list(zip(heads, *table.rows, strict=True))
    natural = [max(map(_width, column)) for column in columns]
    space -= 2 * (len(columns) - 1)
    if sum(natural) <= space:
        return natural
    words = [_longest_word(column[:1]) for column in columns]
    unwrapped = [max(word, *map(_width, column)) for word, (_, *column) in zip(words, columns, strict=True)]
    least = [
        full
        if head.startswith(">")
        else min(full, max(_LEAST, 0 if number == table.path_column else _longest_word(column)))
        for number, (head, full, column) in enumerate(zip(table.columns, unwrapped, columns, strict=True))
    ]
    for low, high in ((unwrapped, natural), (least, unwrapped)):
        for cap in range(space, 0, -1):
            widths = [max(shortest, min(longest, cap)) for shortest, longest in zip(low, high, strict=True)]
            if sum(widths) <= space:
                return widths
    return None


def _longest_word(texts: Iterable[str]) -> int:
    words = chain.from_iterable(map(_WORDS.findall, texts))
    return max(
        (_width(word) if _is_whole(word) else min(_width(word.lstrip(" ")), _LONGEST_WORD) for word in words), default=0
    )


def _row_lines(table: Table, row: tuple[str, ...], widths: list[int], indent: str) -> list[str]:
    """Render a row in columns; a cell with several lines makes it higher."""
    cells = [
        [shortened_path(cell, width)] if number == table.path_column else _wrapped(cell, width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    right = [head.startswith(">") for head in table.columns]
    return [
        (indent + "  ".join(map(_padded, line, widths, right))).rstrip() for line in zip_longest(*cells, fillvalue="")
    ]


def _fields(table: Table, heads: tuple[str, ...], row: tuple[str, ...], width: int) -> list[str]:
    """Render a row as its first cell, and below it one line for each other field."""
    first, *rest = row
    lines = [shortened_path(first, width)] if table.path_column == 0 else _wrapped(first, width, _HANG)
    labels = max(map(_width, heads[1:]), default=0)
    for head, cell in zip(heads[1:], rest, strict=True):
        label = f"  {_padded(head, labels, right=False)}  "
        if cell:
            lines += _wrapped(label + cell, max(width, len(label) + _LEAST), " " * len(label))
    return lines


def shortened_path(path: str, width: int) -> str:
    r"""Shorten a path to its last parts, as many as fit.

    Args:
        path: The path.
        width: Maximum width in columns of a terminal, from 3.

    Returns:
        The path; or an ellipsis and its last parts; or its ends, as by `shortened`, if the last part is too long, or so
        short that the ends say more.

    >>> shortened_path("photos/2026/summer/beach.jpg", 20), shortened_path("beach-2026-summer.jpg", 20)
    ('\u2026/summer/beach.jpg', 'beach-\u202626-summer.jpg')
    """
    if _width(path) > width:
        for start, character in enumerate(path):
            if character in _SEPARATORS and width // 2 <= _width(path[start:]) < width:
                return f"\N{HORIZONTAL ELLIPSIS}{path[start:]}"
    return shortened(path, width)


def shortened(text: str, width: int) -> str:
    r"""Shorten a text in its middle.

    Args:
        text: The text.
        width: Maximum width in columns of a terminal, from 3.

    Returns:
        The text, or both of its ends with an ellipsis between.

    >>> shortened("image is too large", 12), shortened("a.jpg", 20)
    ('ima\u2026oo large', 'a.jpg')
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
