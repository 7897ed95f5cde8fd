"""Read a PDF without a library: whether it is encrypted, and its number of pages.

The number is known only if two counts agree: the count of the page tree, and the number of page objects. Otherwise it
is unknown, and pypdf is needed.
"""

from __future__ import annotations

import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Outline", "is_encrypted", "is_pdf", "read_outline"]

HEAD_BYTES = 1024
"""PDF readers look for the signature in this many bytes."""

MAX_OBJECT_BYTES = 1 << 16
"""Maximum size of a page object or list of pages; the rest of a larger object is ignored."""

MAX_STREAMS_BYTES = 1 << 26
"""Maximum number of decompressed bytes per file."""

MAX_PAGES = 100_000
"""More pages than any request may have: reading stops there."""

MAX_TRAILERS = 100
"""Maximum number of revisions of a file that are read."""

_PAGE = re.compile(rb"/Type\s*/Page(s?)(?![A-Za-z])")
_COUNT = re.compile(rb"/Count\s+(\d{1,9})")
_BOX = re.compile(rb"/MediaBox\s*\[\s*" + rb"\s+".join([rb"([-+]?\d{1,9}\.?\d{0,9}|[-+]?\.\d{1,9})"] * 4) + rb"\s*\]")
_NUMBER = re.compile(rb"(\d{1,10})\s+\d{1,5}\s*$")
_ENCRYPT = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_FIRST = re.compile(rb"/First\s+(\d{1,9})")
_AMOUNT = re.compile(rb"/N\s+(\d{1,9})")


class Outline(NamedTuple):
    """The pages of a PDF.

    Attributes:
        pages: The number of pages; None if it is not certain.
        sizes: The distinct page sizes, points; empty if no size was found.
    """

    pages: int | None
    sizes: tuple[tuple[float, float], ...] = ()


class _PageNode(NamedTuple):
    """A page, or a list of pages with their number."""

    is_page: bool
    is_root: bool
    stated_pages: int | None
    box: tuple[float, float] | None


def is_pdf(data: bytes) -> bool:
    """Return whether data starts like a PDF.

    >>> is_pdf(b"%PDF-1.7 ..."), is_pdf(b"PK...")
    (True, False)
    """
    return b"%PDF-" in data[:HEAD_BYTES]


def is_encrypted(data: bytes) -> bool:
    """Return whether the trailer of a PDF, or the stream that replaces it, has encryption settings."""
    for position in islice(_positions(data, b"trailer"), MAX_TRAILERS):
        if _ENCRYPT.search(data[position : position + MAX_OBJECT_BYTES].partition(b"startxref")[0]):
            return True
    return any(b"/XRef" in text and _ENCRYPT.search(text) for _, text, _ in _objects(data))


def read_outline(data: bytes) -> Outline:
    """Count the pages of a PDF.

    Args:
        data: The complete file.

    Returns:
        The number of pages, None if uncertain, and their sizes.
    """
    # An object in a later revision of the file replaces the earlier object with the same number.
    nodes: dict[int, _PageNode] = {}
    remaining = MAX_STREAMS_BYTES
    for number, text, end in _objects(data):
        inside = [(number, text)]
        if b"/ObjStm" in text and remaining > 0:
            stream = _unpack(text, data, end, remaining)
            remaining -= len(stream)
            inside = list(_parts(stream, text))
        for key, content in inside:
            node = _page_node(content)
            if node:
                nodes[key] = node
        if len(nodes) > MAX_PAGES:
            return Outline(None)
    pages = sum(node.is_page for node in nodes.values())
    roots = [node for node in nodes.values() if node.is_root]
    certain = len(roots) == 1 and roots[0].stated_pages == pages > 0
    sizes = dict.fromkeys(node.box for node in nodes.values() if node.box)
    return Outline(pages if certain else None, tuple(sizes))


def _positions(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _objects(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield the number of each object, its data before a stream, and the end of that data. Each byte is read once."""
    at = data.find(b"obj")
    while at >= 0:
        end = data.find(b"endobj", at)
        if end < 0:
            return
        number = _NUMBER.search(data, max(0, at - 20), at)
        if number:
            head = data[at : min(end, at + MAX_OBJECT_BYTES)].partition(b"stream")[0]
            yield int(number[1]), head, at + len(head)
        at = data.find(b"obj", end + len(b"endobj"))


def _unpack(head: bytes, data: bytes, end: int, max_bytes: int) -> bytes:
    """Decompress the stream of an object."""
    begin = end + len(b"stream")
    begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
    if b"/FlateDecode" not in head:
        return b""
    try:
        return zlib.decompressobj().decompress(memoryview(data)[begin:], max_bytes)
    except zlib.error:
        return b""


def _parts(stream: bytes, head: bytes) -> Iterator[tuple[int, bytes]]:
    """Split a stream into objects; it starts with their numbers and offsets."""
    first, amount = _FIRST.search(head), _AMOUNT.search(head)
    if not first or not amount:
        return
    words = stream[: int(first[1])].split()[: 2 * int(amount[1])]
    if not all(word.isdigit() and len(word) < 10 for word in words):
        return
    numbers = [int(word) for word in words]
    starts = [*(int(first[1]) + offset for offset in numbers[1::2]), len(stream)]
    for number, start, stop in zip(numbers[::2], starts, starts[1:], strict=False):
        if stop < start:
            return  # overlapping objects would be read twice
        yield number, stream[start : min(stop, start + MAX_OBJECT_BYTES)]


def _page_node(text: bytes) -> _PageNode | None:
    page = _PAGE.search(text)
    if not page:
        return None
    is_page, count = not page[1], _COUNT.search(text)
    return _PageNode(is_page, not is_page and b"/Parent" not in text, int(count[1]) if count else None, _size(text))


def _size(text: bytes) -> tuple[float, float] | None:
    box = _BOX.search(text)
    if not box:
        return None
    left, bottom, right, top = map(float, box.groups())
    return abs(right - left), abs(top - bottom)
