"""SVG: the root element behind whatever XML allows before it, and the size that it states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgcost.headers.header import HEAD_BYTES

if TYPE_CHECKING:
    from imgcost.headers.header import ReadAt, Size

__all__ = ["find_svg", "measure_svg"]

_MAX_TEXT_BYTES = 1 << 16

_ROOT = re.compile(r"<(?:[\w.-]+:)?svg(?=[\s>/])", re.ASCII)
_TAG = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+""")
_ATTRIBUTE = re.compile(r"""\s(width|height|viewBox)\s*=\s*(["'])(.*?)\2""", re.DOTALL)
# Possessive, so that a long row of digits is matched in one way only.
_NUMBER = r"(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_LENGTH = re.compile(rf"\s*\+?({_NUMBER})(px|pt|pc|mm|cm|in|q|em|rem|ex)?\s*", re.ASCII | re.IGNORECASE)
_BOX_NUMBER = re.compile("-?" + _NUMBER, re.ASCII)
_PIXELS = {
    "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 96 / 101.6, "em": 16.0,
    "rem": 16.0, "ex": 8.0,
}  # fmt: skip
"""CSS pixels in a unit, for text of the usual 16 px."""

# Atomic, so that there is one way only to match however many comments.
_PROLOG = re.compile(
    r"""(?: \s++ | (?> <\? .*? \?> ) | (?> <!-- .*? --> )
    | (?> <!DOCTYPE \s+ (?:[\w.-]+:)? svg \b [^\[>]* (?: \[ .*? \] \s* )? > ) )*+""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


_UNFINISHED = re.compile(r"<\?|<!--|<!DOCTYPE\s+(?:[\w.-]+:)?svg\b", re.ASCII | re.IGNORECASE)


def find_svg(head: bytes, read_at: ReadAt) -> str | None:
    """Find the root element of an SVG; an HTML page or another document with a drawing inside is not one.

    Args:
        head: The first bytes of the file.
        read_at: As in `parse_header`.

    Returns:
        The text from the root element on, as far as it is read; None if the file is something else.
    """
    root = _root(_decoded(head))
    if root == "" and len(head) >= HEAD_BYTES:  # a long comment before it
        root = _root(_decoded(read_at(0, _MAX_TEXT_BYTES)))
    return root or None


def _decoded(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "ignore").removeprefix("\ufeff")
    if data[:2] in {b"<\0", b"\0<"}:
        return data.decode("utf-16-le" if data[:1] == b"<" else "utf-16-be", "ignore")
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _root(text: str) -> str | None:
    """Return the text from the root element on; "" where it may come later, None where it is another."""
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    if _ROOT.match(rest):
        return rest
    return "" if _UNFINISHED.match(rest) or not rest else None


def measure_svg(root: str) -> Size | None:
    """Measure by width and height, or by the viewBox where one of them is missing or relative (SVG 2, 8.2).

    Args:
        root: The text from the root element on.
    """
    tag = _tag(root)
    found = {name: value for name, _, value in reversed(_ATTRIBUTE.findall(tag))}
    width, height = _pixels(found.get("width", "")), _pixels(found.get("height", ""))
    box = [float(part) for part in _BOX_NUMBER.findall(found.get("viewBox", ""))]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        if width and not height:
            height = width * box[3] / box[2]
        elif height and not width:
            width = height * box[2] / box[3]
        elif not width:
            width, height = box[2], box[3]
    if not (0 < width < 1e9 and 0 < height < 1e9):
        return None
    return max(1, round(width)), max(1, round(height)), 1


def _tag(root: str) -> str:
    """Cut the text behind the first tag; a > inside quotes does not end it."""
    found = _TAG.match(root)
    return found[0] if found else ""


def _pixels(length: str) -> float:
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _PIXELS[(found[2] or "px").lower()] if found else 0.0
