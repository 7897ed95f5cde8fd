r"""Paths as text in rows: exact wherever they can be, and escaped reversibly where they cannot.

Every row format (CSV, JSON, JSON lines, Parquet, the DataFrame of `audit`) writes a path as it is, unless

- it has bytes that are not UTF-8 (or, on Windows, a lone surrogate), which no parser of UTF-8 would take,
- in CSV, a spreadsheet would run it as a formula because of its first character, or
- it begins with `escaped:` itself.

Then it is written as `escaped:` and the path with exactly those characters, and every `%`, percent-encoded as in a URL:
`escaped:caf%E9.png`, `escaped:%3D1+1.png`. `unescape_path` turns either form back into the path.
"""

from __future__ import annotations

import os
import re

from imgcost.errors import ArgumentError

__all__ = ["escape_path", "guard_formula", "unescape_path"]

_PREFIX = "escaped:"
_FORMULA_STARTS = "=+-@\t\r\n\uff0b\uff0d\uff1d\uff20"
"""What makes a spreadsheet read a cell as a formula, full-width forms included (OWASP, CSV injection)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODED = re.compile(r"%(?:u([0-9A-F]{4})|([0-9A-F]{2}))")


def escape_path(path: str | os.PathLike[str]) -> str:
    r"""Write a path as text that any parser of UTF-8 takes.

    Args:
        path: A path as Python has it: bytes that are not UTF-8 are surrogates, as from `os.listdir` or `os.fsdecode`.

    Returns:
        The path itself, or its escaped form; different paths never have the same text.

    Raises:
        ArgumentError: It is not a path.

    Example:
        >>> escape_path("photos/a b.png"), escape_path("caf\udce9.png")
        ('photos/a b.png', 'escaped:caf%E9.png')
    """
    if not isinstance(path, str):
        path = _text_of(path)
    if path.isascii() and not path.startswith(_PREFIX):
        return path  # nearly all of them
    if not path.startswith(_PREFIX) and not _SURROGATE.search(path):
        return path
    return _PREFIX + _SURROGATE.sub(_encoded, path.replace("%", "%25"))


def guard_formula(text: str) -> str:
    """Keep a spreadsheet from running a path in a CSV file as a formula.

    Args:
        text: A path as `escape_path` wrote it.

    Returns:
        The same text, or the escaped form of a path that begins like a formula; `unescape_path` takes both.

    Example:
        >>> guard_formula("1+1.png"), guard_formula("=1+1.png")
        ('1+1.png', 'escaped:%3D1+1.png')
    """
    if not text.startswith(tuple(_FORMULA_STARTS)):
        return text
    return f"{_PREFIX}{_encoded(text[0])}{text[1:].replace('%', '%25')}"


def unescape_path(text: str) -> str:
    r"""Turn the path of a row back into the path that the file has on disk.

    Args:
        text: A path as any row format of imgcost holds it.

    Returns:
        The path, ready for `open`.

    Raises:
        ArgumentError: It is not text.

    Example:
        >>> unescape_path("escaped:%3D1+1.png"), unescape_path("100%25.png")
        ('=1+1.png', '100%25.png')
    """
    if not isinstance(text, str):
        raise ArgumentError("text", text, "a path as a row holds it, as text")
    if not text.startswith(_PREFIX):
        return text
    return _ENCODED.sub(_decoded, text.removeprefix(_PREFIX))


def _text_of(path: object) -> str:
    try:
        return os.fsdecode(path)  # type: ignore[arg-type] # that is the question
    except TypeError:
        raise ArgumentError("path", path, "a path") from None


def _encoded(character: re.Match[str] | str) -> str:
    code = ord(character if isinstance(character, str) else character[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python carries it in a string
        code -= 0xDC00
    return f"%{code:02X}" if code < 0x100 else f"%u{code:04X}"


def _decoded(encoded: re.Match[str]) -> str:
    code = int(encoded[1] or encoded[2], 16)
    return chr(code if encoded[1] or code < 0x80 else 0xDC00 + code)
