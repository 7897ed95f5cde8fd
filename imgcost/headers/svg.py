"""Read SVG: the root element, after anything that XML allows before it, and its size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgcost.headers.header import HEAD_BYTES

if TYPE_CHECKING:
    from imgcost.headers.header import ReadAt, Size

__all__ = ["find_svg", "svg_size"]

_MAX_TEXT_BYTES = 1 << 16

_ROOT = re.compile(r"<(?:[\w.-]+:)?svg(?=[\s>/])", re.ASCII)
_TAG = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+""")
_ATTRIBUTE = re.compile(r"""\s(width|height|viewBox)\s*=\s*(["'])(.*?)\2""", re.DOTALL)
# Possessive, so that a long run of digits matches in only one way.
_NUMBER = r"(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_LENGTH = re.compile(rf"\s*\+?({_NUMBER})(px|pt|pc|mm|cm|in|q|em|rem|ex)?\s*", re.ASCII | re.IGNORECASE)
_BOX_NUMBER = re.compile("-?" + _NUMBER, re.ASCII)
_PIXELS = {
    "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 96 / 101.6, "em": 16.0,
    "rem": 16.0, "ex": 8.0,
}  # fmt: skip
"""CSS pixels per unit, at the default font size of 16 px."""

# Atomic, so that any number of comments matches in only one way.
_PROLOG = re.compile(
    r"""(?: \s++ | (?> <\? .*? \?> ) | (?> <!-- .*? --> )
    | (?> <!DOCTYPE \s+ (?:[\w.-]+:)? svg \b [^\[>]* (?: \[ .*? \] \s* )? > ) )*+""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


_UNFINISHED = re.compile(r"<\?|<!--|<!DOCTYPE\s+(?:[\w.-]+:)?svg\b", re.ASCII | re.IGNORECASE)


def find_svg(head: bytes, read_at: ReadAt) -> str | None:
    """Find the root element of an SVG. HTML pages and other documents that contain an SVG do not count.

    Args:
        head: The first bytes of the file.
        read_at: As in `parse_header`.

    Returns:
        The text from the root element on, as far as it was read; None if the file is not an SVG.
    """
    root = _root(_decoded(head))
    if root == "" and len(head) >= HEAD_BYTES:  # a long comment may come first
        root = _root(_decoded(read_at(0, _MAX_TEXT_BYTES)))
    return root or None


def _decoded(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "ignore").removeprefix("\ufeff")
    if data[:2] in {b"<\0", b"\0<"}:
        return data.decode("utf-16-le" if data[:1] == b"<" else "utf-16-be", "ignore")
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _root(text: str) -> str | None:
    """Return the text from the root element on; "" if it may come later, None if the root is another element."""
    prolog = _PROLOG.match(text)
    root = text[prolog.end() :] if prolog else text
    if _ROOT.match(root):
        return root
    return "" if _UNFINISHED.match(root) or not root else None


def svg_size(root: str) -> Size | None:
    """Read width and height, or the viewBox if one of them is missing or relative (SVG 2, 8.2).

    Args:
        root: The text from the root element on.
    """
    tag = _tag(root)
    values = {name: value for name, _, value in reversed(_ATTRIBUTE.findall(tag))}
    width, height = _pixels(values.get("width", "")), _pixels(values.get("height", ""))
    box = [float(part) for part in _BOX_NUMBER.findall(values.get("viewBox", ""))]
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
    """Return the first tag; a > inside quotes does not end it."""
    match = _TAG.match(root)
    return match[0] if match else ""


def _pixels(length: str) -> float:
    match = _LENGTH.fullmatch(length)
    return float(match[1]) * _PIXELS[(match[2] or "px").lower()] if match else 0.0
