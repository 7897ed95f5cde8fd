"""A PDF read without a library: whether it is one, whether it is encrypted, and how many pages it has.

Nothing is rendered. Pages are known only where two counts agree: that of the page tree, and the number of page objects.
Otherwise the answer is "unknown", and pypdf knows more.
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
"""How far into a file readers look for the mark of a PDF."""

MAX_OBJECT_BYTES = 1 << 16
"""A larger page object, or list of pages, is not read."""

MAX_STREAMS_BYTES = 1 << 26
"""How much of compressed objects is unpacked altogether."""

MAX_PAGES = 100_000
"""More pages than any request may have: a file with more is not read further."""

MAX_TRAILERS = 100
"""More revisions of a file than these are not looked at."""

_PAGE = re.compile(rb"/Type\s*/Page(s?)(?![A-Za-z])")
_COUNT = re.compile(rb"/Count\s+(\d{1,9})")
_BOX = re.compile(rb"/MediaBox\s*\[\s*" + rb"\s+".join([rb"([-+]?\d{1,9}\.?\d{0,9}|[-+]?\.\d{1,9})"] * 4) + rb"\s*\]")
_NUMBER = re.compile(rb"(\d{1,10})\s+\d{1,5}\s*$")
_ENCRYPT = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_FIRST = re.compile(rb"/First\s+(\d{1,9})")
_AMOUNT = re.compile(rb"/N\s+(\d{1,9})")


class Outline(NamedTuple):
    """What is read of a PDF.

    Attributes:
        pages: How many pages it has; None where that is not certain.
        sizes: The different sizes of its pages, points; none where no size was found.
    """

    pages: int | None
    sizes: tuple[tuple[float, float], ...] = ()


class _PageNode(NamedTuple):
    """A page, or a list of pages, which states how many there are."""

    is_page: bool
    is_root: bool
    stated: int | None
    box: tuple[float, float] | None


def is_pdf(data: bytes) -> bool:
    """Return whether bytes begin like a PDF.

    >>> is_pdf(b"%PDF-1.7 ..."), is_pdf(b"PK...")
    (True, False)
    """
    return b"%PDF-" in data[:HEAD_BYTES]


def is_encrypted(data: bytes) -> bool:
    """Return whether a PDF is encrypted: its trailer, or the stream that replaces one, names how."""
    for hit in islice(_hits(data, b"trailer"), MAX_TRAILERS):
        if _ENCRYPT.search(data[hit : hit + MAX_OBJECT_BYTES].partition(b"startxref")[0]):
            return True
    return any(b"/XRef" in text and _ENCRYPT.search(text) for _, text, _ in _objects(data))


def read_outline(data: bytes) -> Outline:
    """Count the pages of a PDF.

    Args:
        data: The file, whole.

    Returns:
        The number of pages, if it is certain, and their sizes.
    """
    # An object of a later revision of the file replaces the one with its number.
    nodes: dict[int, _PageNode] = {}
    left = MAX_STREAMS_BYTES
    for number, text, end in _objects(data):
        inside = [(number, text)]
        if b"/ObjStm" in text and left > 0:
            stream = _unpack(text, data, end, left)
            left -= len(stream)
            inside = list(_parts(stream, text))
        for key, content in inside:
            node = _page_node(content)
            if node:
                nodes[key] = node
        if len(nodes) > MAX_PAGES:
            return Outline(None)
    pages = sum(node.is_page for node in nodes.values())
    roots = [node for node in nodes.values() if node.is_root]
    certain = len(roots) == 1 and roots[0].stated == pages > 0
    sizes = dict.fromkeys(node.box for node in nodes.values() if node.box)
    return Outline(pages if certain else None, tuple(sizes))


def _hits(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _objects(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Objects one after the other: the number, what is before a stream, and where that ends. Each byte is read once."""
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


def _unpack(head: bytes, data: bytes, end: int, most: int) -> bytes:
    """Unpack the stream of an object."""
    begin = end + len(b"stream")
    begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
    if b"/FlateDecode" not in head:
        return b""
    try:
        return zlib.decompressobj().decompress(memoryview(data)[begin:], most)
    except zlib.error:
        return b""


def _parts(stream: bytes, head: bytes) -> Iterator[tuple[int, bytes]]:
    """Take objects out of a stream: their numbers and offsets come first."""
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
            return  # none is read twice
        yield number, stream[start : min(stop, start + MAX_OBJECT_BYTES)]


def _page_node(text: bytes) -> _PageNode | None:
    found = _PAGE.search(text)
    if not found:
        return None
    is_page, count = not found[1], _COUNT.search(text)
    return _PageNode(is_page, not is_page and b"/Parent" not in text, int(count[1]) if count else None, _size(text))


def _size(text: bytes) -> tuple[float, float] | None:
    box = _BOX.search(text)
    if not box:
        return None
    left, bottom, right, top = map(float, box.groups())
    return abs(right - left), abs(top - bottom)
