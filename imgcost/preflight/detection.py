"""Find out whether a file or a stream contains requests, or another text that is not an image."""

from __future__ import annotations

import zlib
from io import BufferedReader, RawIOBase
from typing import Any

from imgcost.errors import RequestError
from imgcost.preflight.inputs import IMAGE_SUFFIXES, suffix_of
from imgcost.shapes import SHAPES, detect, name_of_text, read_document, read_line, shape_of_lines

__all__ = ["LINES_SUFFIXES", "contains_requests", "is_document", "looks_like_json", "open_json"]

LINES_SUFFIXES = (".jsonl", ".ndjson")
_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 4096
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def looks_like_json(head: bytes) -> bool:
    r"""Return whether a file begins like JSON, in any Unicode encoding, compressed or not, unlike any image.

    >>> looks_like_json(b"  {"), looks_like_json("[".encode("utf-16")), looks_like_json(b"GIF89a")
    (True, True, False)
    """
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
        except zlib.error:
            return False
    for mark in _BYTE_ORDER_MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()[:1] in {b"{", b"["}


def is_document(path: str) -> bool:
    """Return whether a file is JSON, or other text that is recognized, such as YAML, and so not an image.

    >>> is_document("data/job.toml"), is_document("data/samples/web/marker-icon.png"), is_document("no/such/file")
    (False, False, False)
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path may be any string
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False  # the rules for images report it
    if looks_like_json(head) or path.lower().endswith(LINES_SUFFIXES):
        return True
    return suffix_of(path) not in IMAGE_SUFFIXES and name_of_text(head.decode(errors="replace")) is not None


class _Resumed(RawIOBase):
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, rest: BufferedReader) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        piece = self._head[:size] or self._rest.read1(size)
        self._head = self._head[size:]
        buffer[: len(piece)] = piece
        return len(piece)


def open_json(stream: BufferedReader) -> tuple[BufferedReader, bool]:
    """Find out whether a stream that cannot seek, such as stdin, begins like JSON.

    Args:
        stream: The stream, at its beginning.

    Returns:
        The stream to read instead, at its beginning, and whether it begins like JSON.
    """
    head = stream.read(_HEAD_BYTES)
    return BufferedReader(_Resumed(head, stream)), looks_like_json(head)


def contains_requests(path: str) -> bool:
    """Return whether a file contains requests in a known shape; most JSON files do not.

    >>> contains_requests("no/such.json")
    False
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path may be any string
            if not looks_like_json(file.peek(_HEAD_BYTES)[:_HEAD_BYTES]):
                return False
            if shape_of_lines(read_line(file.readline())) is not None:
                return True
            file.seek(0)
            return detect(read_document(file.read()).value) in SHAPES
    except (OSError, RequestError):
        return False
