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

MAX_HITS = 10_000
"""How often a rare word is looked at."""

_PAGE = re.compile(rb"/Type\s*/Page(s?)(?![A-Za-z])")
_COUNT = re.compile(rb"/Count\s+(\d{1,9})")
_BOX = re.compile(rb"/MediaBox\s*\[\s*" + rb"\s+".join([rb"([-+]?\d*\.?\d+)"] * 4) + rb"\s*\]")
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
    """A page, or a list of pages."""

    is_page: bool
    is_root: bool
    count: int | None
    box: tuple[float, float] | None


def is_pdf(data: bytes) -> bool:
    """Return whether bytes begin like a PDF.

    >>> is_pdf(b"%PDF-1.7 ..."), is_pdf(b"PK...")
    (True, False)
    """
    return b"%PDF-" in data[:HEAD_BYTES]


def is_encrypted(data: bytes) -> bool:
    """Return whether a PDF is encrypted: its trailer, or the stream that replaces one, names how."""
    for hit in islice(_hits(data, b"/Encrypt"), MAX_HITS):
        near = max(0, hit - MAX_OBJECT_BYTES)
        start = max(data.rfind(b"trailer", near, hit), data.rfind(b"obj", near, hit))
        head = data[max(0, start) : hit + HEAD_BYTES].partition(b"stream")[0].partition(b"startxref")[0]
        if (head.startswith(b"trailer") or b"/XRef" in head) and _ENCRYPT.match(data, hit):
            return True
    return False


def read_outline(data: bytes) -> Outline:
    """Count the pages of a PDF.

    Args:
        data: The file, whole.

    Returns:
        The number of pages, if it is certain, and their sizes.
    """
    # An object of a later revision of the file replaces the one with its number.
    nodes: dict[int, _PageNode] = {}
    for number, text in (*_plain_objects(data), *_packed_objects(data)):
        node = _page_node(text)
        if node:
            nodes[number] = node
        if len(nodes) > MAX_PAGES:
            return Outline(None)
    pages = sum(node.is_page for node in nodes.values())
    roots = [node for node in nodes.values() if node.is_root]
    certain = len(roots) == 1 and roots[0].count == pages > 0
    sizes = dict.fromkeys(node.box for node in nodes.values() if node.box)
    return Outline(pages if certain else None, tuple(sizes))


def _hits(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _plain_objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Objects that are not compressed and speak of pages, each with its number."""
    done = 0
    for hit in _hits(data, b"/Page"):
        if hit < done or b"/Type" not in data[max(0, hit - 20) : hit]:
            continue
        start = data.rfind(b"obj", max(0, hit - MAX_OBJECT_BYTES), hit)
        end = data.find(b"endobj", hit, hit + MAX_OBJECT_BYTES)
        number = _NUMBER.search(data, max(0, start - 20), max(0, start))
        done = max(hit, end)
        if end >= 0 and number:
            yield int(number[1]), data[start:end]


def _packed_objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Objects in compressed streams, each with its number."""
    left = MAX_STREAMS_BYTES
    for hit in islice(_hits(data, b"/ObjStm"), MAX_HITS):
        start = data.rfind(b"obj", max(0, hit - MAX_OBJECT_BYTES), hit)
        begin = data.find(b"stream", hit, hit + MAX_OBJECT_BYTES)
        head = data[max(0, start) : begin] if begin >= 0 else b""
        first, amount = _FIRST.search(head), _AMOUNT.search(head)
        if not first or not amount or b"/FlateDecode" not in head:
            continue
        begin += len(b"stream")
        begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
        try:
            text = zlib.decompressobj().decompress(memoryview(data)[begin:], left)
        except zlib.error:
            continue
        left -= len(text)
        yield from _unpacked(text, int(first[1]), int(amount[1]))
        if left <= 0:
            return


def _unpacked(text: bytes, first: int, amount: int) -> Iterator[tuple[int, bytes]]:
    """Take objects out of a stream: numbers and offsets come first."""
    words = text[:first].split()[: 2 * amount]
    if not all(word.isdigit() and len(word) < 10 for word in words):
        return
    numbers = [int(word) for word in words]
    starts = [*(first + offset for offset in numbers[1::2]), len(text)]
    for number, start, end in zip(numbers[::2], starts, starts[1:], strict=False):
        yield number, text[start:end]


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
