"""Write changed JSON in the style of the original."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

from imgcost.shapes.documents import plain_json

if TYPE_CHECKING:
    from imgcost.shapes import Document

__all__ = ["json_like", "rewritten"]

_HEAD_BYTES = 200
_SPACE = b" \t\r\n"
_GZIP = b"\x1f\x8b"
_INDENT = re.compile(rb"\s*[\[{]\r?\n([ \t]+)")


def rewritten(raw: bytes, document: Document, fixed: Any) -> bytes:
    """Return a changed document as bytes, with the lines that were not changed as they were."""
    plain = plain_json(raw)
    if document.lines is None:
        indent = _INDENT.match(plain)
        new = json_like(fixed, plain, indent[1].decode() if indent else None)
    else:
        lines = plain.split(b"\n")
        for number, before, after in zip(document.lines, document.value, fixed, strict=True):
            if after is not before:
                lines[number - 1] = json_like(after, lines[number - 1])
        new = b"\n".join(lines)
    return gzip.compress(new) if raw[:2] == _GZIP else new


def json_like(value: Any, original: bytes, indent: str | None = None) -> bytes:
    """Write JSON like the original: spaces, escapes and the end of the line."""
    compact = indent is None and b'": ' not in original[:_HEAD_BYTES]
    separators = (",", ":") if compact else None
    text = json.dumps(value, ensure_ascii=original.isascii(), indent=indent, separators=separators)
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape
        data = json.dumps(value, indent=indent, separators=separators).encode()
    return data + original[len(original.rstrip(_SPACE)) :]
