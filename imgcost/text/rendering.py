"""Reports as text for people and as JSON for programs: pure functions, strings out.

File names are hostile. `visible` is the one door through which they reach a person: what a terminal would obey, or
would not show, leaves it as an escape.
"""

from __future__ import annotations

import re
import unicodedata
from textwrap import wrap
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
    """A table as people read it.

    Attributes:
        title: One line above it, or empty.
        columns: The heads of its columns; one that begins with `>` is aligned to the right. Empty heads are not shown;
            a table without columns is its title alone.
        rows: Cells, as text.
        bars: A number a row where a picture helps, or nothing; a terminal draws them as bars.
        fit: Whether text fits `WIDTH` columns: the first column is shortened in the middle, the last one wrapped.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    bars: Sequence[int] = ()
    fit: bool = False


WIDTH = 80
"""Columns of a terminal of the usual width."""

NO_IMAGES = Table("No images found.", (), ())
"""The first line of a report on paths that hold none: its zeros and its exit code 0 are not an answer."""


class Report(NamedTuple):
    """What a command prints.

    Attributes:
        data: For `-f json`: plain values, dollars as strings so that no digit is lost.
        tables: For `-f text` and `-f markdown`.
        notes: Sentences below the tables.
    """

    data: dict[str, Any]
    tables: Sequence[Table]
    notes: Sequence[str] = ()


def as_text(report: Report) -> str:
    """Render a report for a terminal, in columns.

    >>> print(as_text(Report({}, [Table("Ducks", ("name", ">count"), [("Huey", "1"), ("Dewey", "10")])])))
    Ducks
      name   count
      Huey       1
      Dewey     10
    """
    blocks = []
    for table in report.tables:
        heads = tuple(head.removeprefix(">") for head in table.columns)
        indent = "  " if table.title else ""
        cells = _fitted(heads, table.rows, WIDTH - len(indent)) if table.fit else table.rows
        widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
        right = [head.startswith(">") for head in table.columns]
        rows = (heads, *cells) if any(heads) else cells
        lines = ["  ".join(map(_padded, row, widths, right)).rstrip() for row in rows]
        blocks.append("\n".join([table.title] * bool(table.title) + [indent + line for line in lines]))
    if report.notes:
        blocks.append("\n".join(report.notes))
    return "\n\n".join(blocks)


def as_markdown(report: Report) -> str:
    r"""Render a report as Markdown; names of files come out as they are, and no markup or mention in them is obeyed.

    >>> print(as_markdown(Report({}, [Table("Ducks", ("name", ">count"), [("*Huey*", "1")])], ["All here."])))
    ### Ducks
    <BLANKLINE>
    | name | count |
    |---|---:|
    | \*Huey\* | 1 |
    <BLANKLINE>
    All here.
    """
    blocks = []
    for table in report.tables:
        if table.title:
            blocks.append(f"### {_markdown(table.title)}")
        if not table.columns:
            continue
        heads = [head.removeprefix(">") for head in table.columns]
        rule = "|" + "|".join("---:" if head.startswith(">") else "---" for head in table.columns) + "|"
        rows = ["| " + " | ".join(map(_markdown, row)) + " |" for row in (heads, *table.rows)]
        blocks.append("\n".join([rows[0], rule, *rows[1:]]))
    blocks.extend(map(_markdown, report.notes))
    return "\n\n".join(blocks)


def as_json(report: Report) -> str:
    r"""Render a report for programs: ASCII, so that a terminal is told nothing by it.

    >>> print(as_json(Report({"path": "caf\u00e9"}, [])))
    {
      "path": "caf\u00e9"
    }
    """
    import json  # noqa: PLC0415 - text needs none

    return json.dumps(report.data, indent=2)


def visible(name: str) -> str:
    r"""Show a file name harmlessly: control characters, terminal escapes, invisible marks and stray bytes as escapes.

    >>> print(visible("a\nb\x1b[31m\udcff.png"))
    a\nb\x1b[31m\xff.png
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(map(_visible_character, name))


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0") | frozenset(map(chr, range(0xFE00, 0xFE10)))
"""Printable by the letter of Unicode, and yet nothing to see: fillers and variation selectors."""


def _visible_character(character: str) -> str:
    if character.isprintable() and character not in _BLANK:
        return character
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python smuggles it through a string
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_MARKUP = re.compile(r"([\\`*_\[\]|~])")

_MENTION = re.compile(r"@(?=\w)|(?:#|(?<=[Gg][Hh])-)(?=\d)")
"""What GitHub links, and whom it notifies: `@name`, `#1`, `owner/repository#1`, `GH-1`."""


def _markdown(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    # A backslash or a character reference is resolved before mentions are looked for; a comment is not.
    return _MENTION.sub(lambda found: f"{found[0]}<!-- -->", text)


_LEAST_WIDTH = 12
"""The least width of a column that is shortened or wrapped."""


def _fitted(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], most: int) -> list[tuple[str, ...]]:
    """Shorten the first of several columns, and wrap the last, so that a row is at most so wide."""
    first, *middle, last = [max(map(_width, column)) for column in zip(heads, *rows, strict=True)]
    room = most - sum(middle) - 2 * (len(heads) - 1)
    if first + last <= room:
        return list(rows)
    first = min(first, max(_LEAST_WIDTH, room - last, room // 2))
    last = max(_LEAST_WIDTH, room - first)
    fitted: list[tuple[str, ...]] = []
    for row in rows:
        begin, *rest = wrap(row[-1], last) or [""]
        fitted.append((shortened(row[0], first), *row[1:-1], begin))
        fitted += [("",) * (len(row) - 1) + (line,) for line in rest]
    return fitted


def shortened(text: str, width: int) -> str:
    r"""Shorten a text in its middle, such as a path, whose end tells most.

    Args:
        text: The text.
        width: The most columns of a terminal that it may take, from 3.

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
    """Columns that a terminal gives a text: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
