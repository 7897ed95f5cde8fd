r"""Write paths as text in rows: unchanged if possible, otherwise escaped reversibly.

Every row format (CSV, JSON, JSON lines, Parquet, the DataFrame of `audit`) writes a path unchanged, unless

- it has bytes that are not valid UTF-8 (or, on Windows, a lone surrogate), which UTF-8 parsers reject,
- in CSV, its first character would make a spreadsheet run it as a formula, or
- it starts with `escaped:` itself.

Such a path is written as `escaped:` followed by the path, with those characters and every `%` percent-encoded as in a
URL: `escaped:caf%E9.png`, `escaped:%3D1+1.png`. `unescape_path` decodes both forms.
"""

from __future__ import annotations

import os
import re

from imgcost.errors import ArgumentError

__all__ = ["escape_path", "guard_formula", "is_url", "unescape_path"]

_PREFIX = "escaped:"
_FORMULA_STARTS = "=+-@\t\r\n\uff0b\uff0d\uff1d\uff20"
"""First characters that make a spreadsheet run a cell as a formula, including full-width forms (OWASP)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive
_ENCODED = re.compile(r"%(?:u([0-9A-F]{4})|([0-9A-F]{2}))")


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the URL of an object store or of a web server.

    >>> is_url("s3://bucket/photos"), is_url("photos"), is_url("C://photos")
    (True, False, False)
    """
    return isinstance(path, str) and _SCHEME.match(path) is not None


def escape_path(path: str | os.PathLike[str]) -> str:
    r"""Convert a path to valid UTF-8 text.

    Args:
        path: A path; bytes that are not valid UTF-8 are surrogates, as returned by `os.listdir` and `os.fsdecode`.

    Returns:
        The path, or its escaped form. Different paths never have the same text.

    Raises:
        ArgumentError: The value is not a path.

    Example:
        >>> escape_path("photos/a b.png"), escape_path("caf\udce9.png")
        ('photos/a b.png', 'escaped:caf%E9.png')
    """
    if not isinstance(path, str):
        path = _text_of(path)
    if path.isascii() and not path.startswith(_PREFIX):
        return path  # the usual case
    if not path.startswith(_PREFIX) and not _SURROGATE.search(path):
        return path
    return _PREFIX + _SURROGATE.sub(_encoded, path.replace("%", "%25"))


def guard_formula(text: str) -> str:
    """Escape a path in a CSV file that a spreadsheet would run as a formula.

    Args:
        text: A path from `escape_path`.

    Returns:
        The same text, or its escaped form if it starts like a formula; `unescape_path` decodes both.

    Example:
        >>> guard_formula("1+1.png"), guard_formula("=1+1.png")
        ('1+1.png', 'escaped:%3D1+1.png')
    """
    if not text.startswith(tuple(_FORMULA_STARTS)):
        return text
    return f"{_PREFIX}{_encoded(text[0])}{text[1:].replace('%', '%25')}"


def unescape_path(text: str) -> str:
    r"""Decode the path of a row to the path of the file on disk.

    Args:
        text: A path from any row format of imgcost.

    Returns:
        The path, ready for `open`.

    Raises:
        ArgumentError: The value is not text.

    Example:
        >>> unescape_path("escaped:%3D1+1.png"), unescape_path("100%25.png")
        ('=1+1.png', '100%25.png')
    """
    if not isinstance(text, str):
        raise ArgumentError("text", text, "a path from a row, as text")
    if not text.startswith(_PREFIX):
        return text
    return _ENCODED.sub(_decoded, text.removeprefix(_PREFIX))


def _text_of(path: object) -> str:
    try:
        return os.fsdecode(path)  # type: ignore[arg-type] # raises for other types
    except TypeError:
        raise ArgumentError("path", path, "a path") from None


def _encoded(character: re.Match[str] | str) -> str:
    code = ord(character if isinstance(character, str) else character[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not valid UTF-8, as Python represents it in a string
        code -= 0xDC00
    return f"%{code:02X}" if code < 0x100 else f"%u{code:04X}"


def _decoded(encoded: re.Match[str]) -> str:
    code = int(encoded[1] or encoded[2], 16)
    return chr(code if encoded[1] or code < 0x80 else 0xDC00 + code)
