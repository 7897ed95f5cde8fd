"""Requests in files and in memory: read, recognized by their shape, converted, and checked."""

from __future__ import annotations

import re
import zlib
from io import BufferedReader, RawIOBase
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from imgcost.errors import RequestError
from imgcost.figures import plural
from imgcost.messages import body_bytes, read_request
from imgcost.preflight.inputs import IMAGE_SUFFIXES, suffix_of
from imgcost.preflight.locations import Locator
from imgcost.rules import BatchInput
from imgcost.shapes import (
    SHAPES,
    detect,
    name_of_text,
    read_document,
    read_line,
    requests_by_line,
    shape_of_lines,
    to_requests,
)
from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcost.messages import Request
    from imgcost.preflight.checker import Checker
    from imgcost.preflight.findings import Findings
    from imgcost.shapes import ShapedRequest

__all__ = [
    "DEFAULT_MODEL",
    "LINES_SUFFIXES",
    "Reading",
    "check_bytes",
    "check_file",
    "check_value",
    "holds_requests",
    "is_document",
    "looks_like_json",
    "open_json",
]

DEFAULT_MODEL = "sonnet"
"""The model that images are checked for, and requests whose model is elsewhere, such as in the URL."""

_BATCHES = frozenset({"batch", "openai-batch", "bedrock-batch", "google-cloud-batch"})
_TOGETHER = frozenset({"claude-code", "log"})
"""Shapes whose lines form one document."""

LINES_SUFFIXES = (".jsonl", ".ndjson")
_OWN = frozenset({"messages", "batch"})
"""The shapes of the API itself, which are not converted."""

# The body of a batch is {"requests":[ ... ]}, with a comma between two entries, {"custom_id": ...,"params": ...}.
_BATCH_FRAME_BYTES = len('{"requests":[]}')
_PARAMS_FRAME_BYTES = len('"params":{}') - len("{}")

_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 4096
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class _Files(NamedTuple):
    """The files of a note: the first, the last, and how many."""

    first: str
    last: str
    number: int


class Reading(NamedTuple):
    """How requests are read.

    Attributes:
        checker: Runs the rules on them.
        model: The model; None for those that the requests name.
        shape: The name of their shape in `imgcost.shapes.SHAPES`; `auto` detects it.
        batch: Whether they are sent as a message batch, whatever their shape.
        shapes: The files of each shape that was converted, by its name.
        assumptions: The files of each assumption, by its text.
    """

    checker: Checker
    model: str | None
    shape: str
    batch: bool
    shapes: dict[str, _Files]
    assumptions: dict[str, _Files]

    @classmethod
    def start(cls, checker: Checker, model: str | None, shape: str, *, batch: bool) -> Reading:
        """Start without any file."""
        return cls(checker, model, shape, batch, {}, {})

    def findings(self) -> Findings:
        """Finish the check, with one note per shape and assumption."""
        for shape, files in self.shapes.items():
            self.checker.note(f"{_named(files)} {'was' if files.number == 1 else 'were'} read as {SHAPES[shape].title}")
        for text, files in self.assumptions.items():
            self.checker.note(f"{_named(files)}: {text}" if files.first else text)
        return self.checker.findings()


def _named(files: _Files) -> str:
    return (files.first or "the request") + (
        f" and {plural(files.number - 1, 'more file')}" if files.number > 1 else ""
    )


def _count(notes: dict[str, _Files], key: str, name: str) -> None:
    """Count a file once for each of its notes; the requests of a file come one after the other."""
    files = notes.get(key) or _Files(name, name, 1)
    notes[key] = files if files.last == name else _Files(files.first, name, files.number + 1)


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


def holds_requests(path: str) -> bool:
    """Return whether a file contains requests in a known shape; most JSON files do not.

    >>> holds_requests("no/such.json")
    False
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path may be any string
            if not looks_like_json(file.peek(_HEAD_BYTES)[:_HEAD_BYTES]):
                return False
            if shape_of_lines(file.readline()) is not None:
                return True
            file.seek(0)
            return detect(read_document(file.read()).value) in SHAPES
    except (OSError, RequestError):
        return False


def check_file(file: BinaryIO, reading: Reading, name: str, path: str | None = None) -> None:
    """Check the requests in an open file. One request per line is read line by line.

    Args:
        file: The file, at its beginning.
        reading: How its requests are read.
        name: What locations in it begin with.
        path: The path of the file; None for other streams such as stdin.
    """
    read: list[bytes] = []
    for line in file:
        read.append(line)
        if line.strip():
            break
    shape = shape_of_lines(read[-1]) if read and reading.shape not in _TOGETHER else None
    named_lines = name.lower().endswith(LINES_SUFFIXES)
    if shape is None and named_lines and isinstance(read_line(b"".join(read)), RequestError):
        shape = "batch"  # a file of lines, the first of which is invalid
    second = next(file, b"") if shape else b""
    if shape and (second.strip() or named_lines):
        if reading.shape != "auto":
            shape = reading.shape
        requests = requests_by_line(chain(read, [second], file), shape)
        _check_requests(requests, reading._replace(batch=True), name, path)
    else:
        check_bytes(b"".join([*read, second, file.read()]), reading, name, path)


def check_bytes(data: bytes, reading: Reading, name: str, path: str | None = None) -> None:
    """Check the requests in the bytes of a file."""
    try:
        value, lines = read_document(data)
        check_value(value, reading, name, path, lines)
    except RequestError as error:
        reading.checker.refuse(error, Locator(name, path))


def check_value(
    value: Any,
    reading: Reading,
    name: str = "",
    path: str | None = None,
    lines: Sequence[int] | None = None,
    *,
    strict: bool = False,
) -> None:
    """Check the requests in a value from JSON, or in Python objects.

    Args:
        value: The value.
        reading: How its requests are read.
        name: What locations in it begin with.
        path: The path of the file; None in memory.
        lines: The line number of each item of the value; None for one document.
        strict: Whether to raise if a value is not a request; otherwise that is a finding.

    Raises:
        RequestError: The value does not have a known shape, or the given one.
    """
    shape = detect(value) if reading.shape == "auto" else reading.shape
    if shape is None:
        shape = _claimed_shape(value) or ("messages" if strict else "auto")
    if shape == "batch" and lines is None and is_a(value, list):
        value = {"requests": value}  # locations are those that the API would name
    _check_requests(to_requests(value, shape, lines=lines), reading, name, path, strict=strict)


def _claimed_shape(value: Any) -> str | None:
    """Guess the intended shape of an invalid object, so that the error can say what is wrong with it."""
    keys = value.keys() if is_a(value, dict) else set()
    if "requests" in keys:
        return "batch"
    return None if keys.isdisjoint({"model", "max_tokens", "messages"}) else "messages"


def _check_requests(
    requests: Iterable[ShapedRequest], reading: Reading, name: str, path: str | None, *, strict: bool = False
) -> None:
    """Check each request, and those of a message batch together."""
    checker = reading.checker
    batch = _BatchCount(checker.context().limits.custom_id)
    number = 0
    for number, shaped in enumerate(requests, 1):  # noqa: B007 - used after the loop
        locator = Locator(name, path, shaped)
        sent_as_batch = reading.batch or shaped.shape in _BATCHES
        _note_shape(shaped, reading, name)
        try:
            request = _check_one(shaped, reading, locator, batch=sent_as_batch)
        except RequestError as error:
            if strict:
                raise
            checker.refuse(error, locator)
            request = None
        if sent_as_batch:
            batch.add(shaped, request, locator)
    if not number:
        empty = RequestError("", "is empty: a batch has at least one request")
        if strict:
            raise empty
        checker.refuse(empty, Locator(name or "requests", path))
    if batch.requests:
        checker.check("batch", batch.about(name or "requests"), checker.context(), Locator(file=path))


class _BatchCount:
    """Counts the requests of a batch, and checks their ids."""

    def __init__(self, pattern: str | None) -> None:
        self.requests = 0
        self._pattern = re.compile(pattern or ".*", re.DOTALL)
        self._bytes = _BATCH_FRAME_BYTES
        self._ids: set[str] = set()
        self._repeated: list[tuple[str, str]] = []
        self._missing: list[str] = []
        self._invalid: list[tuple[str, str]] = []
        self._streams: list[str] = []

    def add(self, shaped: ShapedRequest, request: Request | None, locator: Locator) -> None:
        """Add an entry.

        Args:
            shaped: The entry.
            request: The request in it; None if it cannot be read.
            locator: The location of the entry.
        """
        self.requests += 1
        if request is not None:
            self._bytes += _entry_bytes(shaped, request) + (self.requests > 1)
        if request is not None and request.streams:
            self._streams.append(locator.location("stream"))
        if shaped.shape != "batch" or (request is None and not shaped.id):
            return  # other shapes have no id, and neither have entries that cannot be read
        if request is not None and shaped.path("")[-1:] != ("params",):
            return  # only the parameters, without an id
        if not shaped.id:
            self._missing.append(locator.entry())
        elif shaped.id in self._ids:
            self._repeated.append((locator.entry(), shaped.id))
        else:
            self._ids.add(shaped.id)
            if not self._pattern.fullmatch(shaped.id):
                self._invalid.append((locator.entry("custom_id"), shaped.id))

    def about(self, name: str) -> BatchInput:
        """Return the input for the rules of batches."""
        ids = tuple(self._repeated), tuple(self._missing), tuple(self._invalid)
        return BatchInput(name, self.requests, self._bytes, *ids, tuple(self._streams))


def _entry_bytes(shaped: ShapedRequest, request: Request) -> int:
    """Return the size of an entry of a batch, bytes."""
    if shaped.id is None:
        return request.body_bytes
    return body_bytes({"custom_id": shaped.id}) + 1 + _PARAMS_FRAME_BYTES + request.body_bytes


def _check_one(shaped: ShapedRequest, reading: Reading, locator: Locator, *, batch: bool) -> Request:
    """Check one request, and return it."""
    if shaped.error:
        raise shaped.error
    # A request of the API's own shape keeps its model, which may have fallbacks.
    model = reading.model or (None if shaped.shape in _OWN else shaped.model)
    if model is None and "model" in shaped.implied:
        model = DEFAULT_MODEL
        reading.checker.note(f"requests that do not name a model are checked for {DEFAULT_MODEL}")
    try:
        request = read_request(shaped.params)
    except RequestError as error:
        raise RequestError(shaped.locate(error.location), error.problem) from error.__cause__
    reading.checker.check_request(
        request, model, locator, batch=batch, platform=shaped.platform, implied=shaped.implied
    )
    if shaped.history:
        reading.checker.add_session(shaped.history, locator)
    return request


def _note_shape(shaped: ShapedRequest, reading: Reading, name: str) -> None:
    """Note the shape and the assumptions of a converted request."""
    if shaped.shape not in _OWN and not shaped.error:
        _count(reading.shapes, shaped.shape, name)
    for note in shaped.notes:
        _count(reading.assumptions, note, name)
