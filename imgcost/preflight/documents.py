"""Requests in files and in memory: read, recognized by their shape, converted, and checked."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from imgcost.arguments import check_choice
from imgcost.errors import ArgumentError, RequestError
from imgcost.figures import plural
from imgcost.messages import read_request
from imgcost.preflight.batches import BatchCount
from imgcost.preflight.detection import LINES_SUFFIXES
from imgcost.preflight.locations import Locator
from imgcost.shapes import (
    BATCHES,
    DEPENDENT,
    MAX_BYTES,
    SHAPES,
    Document,
    detect,
    read_document,
    read_line,
    requests_by_line,
    shape_of_lines,
    to_requests,
)
from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.messages import Request
    from imgcost.preflight.checker import Checker
    from imgcost.preflight.findings import Findings
    from imgcost.shapes import ShapedRequest

__all__ = [
    "DEFAULT_MODEL",
    "OpenedLines",
    "Reading",
    "as_document",
    "check_file",
    "check_value",
    "model_of",
    "open_lines",
]

DEFAULT_MODEL = "sonnet"
"""The model that images are checked for, and requests whose model is elsewhere, such as in the URL."""

_NATIVE_SHAPES = frozenset({"messages", "batch"})
"""The shapes of the API itself, which are not converted."""


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
    def start(cls, checker: Checker, model: str | None, shape: str, *, batch: bool = False) -> Reading:
        """Start without any file.

        Raises:
            ArgumentError: The model is not a name, or the shape does not exist.
        """
        if model is not None and not isinstance(model, str):
            raise ArgumentError("model", model, "the name of a model, such as 'sonnet'")
        check_choice("shape", shape, ("auto", *SHAPES))
        return cls(checker, model, shape, batch, {}, {})

    def findings(self) -> Findings:
        """Finish the check, with one note per shape and assumption."""
        for shape, files in self.shapes.items():
            self.checker.note(
                f"{_phrase(files)} {'was' if files.number == 1 else 'were'} read as {SHAPES[shape].title}"
            )
        for text, files in self.assumptions.items():
            self.checker.note(f"{_phrase(files)}: {text}" if files.first else text)
        return self.checker.findings()


def _phrase(files: _Files) -> str:
    return (files.first or "the request") + (
        f" and {plural(files.number - 1, 'more file')}" if files.number > 1 else ""
    )


def _count(notes: dict[str, _Files], key: str, name: str) -> None:
    """Count a file once for each of its notes; the requests of a file come one after the other."""
    files = notes.get(key) or _Files(name, name, 1)
    notes[key] = files if files.last == name else _Files(files.first, name, files.number + 1)


def check_file(file: BinaryIO, reading: Reading, name: str, path: str | None = None) -> None:
    """Check the requests in an open file. One request per line is read line by line.

    Args:
        file: The file, at its beginning.
        reading: How its requests are read.
        name: What locations in it begin with.
        path: The path of the file; None for other streams such as stdin.
    """
    opened = open_lines(file, reading.shape, name)
    if opened.shape:
        requests = requests_by_line(opened.lines, opened.shape)
        _check_requests(requests, reading._replace(batch=True), name, path)
        return
    try:
        document = opened.document()
        check_value(document.value, reading, name, path, document.lines)
    except RequestError as error:
        reading.checker.report_invalid(error, Locator(name, path))


class OpenedLines(NamedTuple):
    """A file of requests of which the first line was read.

    Attributes:
        lines: All its lines.
        shape: The shape of each line, or `auto`; None if the lines form one document.
        value: The only line as a value; None if there are more, or it is not a value.
    """

    lines: Iterator[bytes]
    shape: str | None
    value: Any

    def document(self) -> Document:
        """Read the lines as one document.

        Raises:
            RequestError: They are not JSON.
        """
        return read_document(b"".join(self.lines)) if self.value is None else Document(self.value)


def open_lines(file: BinaryIO, shape: str, name: str) -> OpenedLines:
    """Find out whether each line of a file is a request of its own.

    Args:
        file: The file, at its beginning.
        shape: The name of its shape; `auto` detects it.
        name: Its name.

    Returns:
        The lines, and the shape of each.
    """
    first_lines: list[bytes] = []
    for line in file:
        first_lines.append(line)
        if line.strip():
            break
    value = read_line(first_lines[-1] if first_lines else b"")
    named_lines = name.lower().endswith(LINES_SUFFIXES)
    line_shape = None
    if shape not in DEPENDENT:
        invalid = isinstance(value, RequestError) or _claimed_shape(value) == "batch"
        line_shape = shape_of_lines(value) or ("batch" if named_lines and invalid else None)
    second = next(file, b"") if line_shape else b""
    lines = chain(first_lines, [second], file)
    if line_shape and (second.strip() or named_lines):
        return OpenedLines(lines, line_shape if shape == "auto" else shape, None)
    rest = second + file.read()
    only = line_shape and not rest.strip() and len(first_lines[-1]) <= MAX_BYTES
    return OpenedLines(chain(first_lines, [rest]), None, value if only else None)


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
    value, shape = as_document(value, reading.shape, lines, strict=strict)
    _check_requests(to_requests(value, shape, lines=lines), reading, name, path, strict=strict)


def as_document(value: Any, shape: str, lines: Sequence[int] | None = None, *, strict: bool = False) -> tuple[Any, str]:
    """Return a value as it is converted, and its shape; see `check_value`.

    Locations in the requests of a batch are those that the API would name, so a list of them becomes the body of one.
    """
    name = detect(value) if shape == "auto" else shape
    if name is None:
        name = _claimed_shape(value) or ("messages" if strict else "auto")
    if name == "batch" and lines is None and is_a(value, list):
        return {"requests": value}, name
    return value, name


def model_of(shaped: ShapedRequest, model: str | None) -> str | None:
    """Return the model that a converted request is checked for; None for those that its parameters name.

    A request in a shape of the API itself keeps its model, which may have fallbacks.
    """
    name = model or (None if shaped.shape in _NATIVE_SHAPES else shaped.model)
    return DEFAULT_MODEL if name is None and "model" in shaped.implied else name


def _claimed_shape(value: Any) -> str | None:
    """Guess the intended shape of an invalid object, so that the error can say what is wrong with it."""
    keys = value.keys() if is_a(value, dict) else set()
    if not keys.isdisjoint({"requests", "custom_id"}):
        return "batch"
    return None if keys.isdisjoint({"model", "max_tokens", "messages"}) else "messages"


def _check_requests(
    requests: Iterable[ShapedRequest], reading: Reading, name: str, path: str | None, *, strict: bool = False
) -> None:
    """Check each request, and those of a message batch together."""
    checker = reading.checker
    batch = BatchCount(checker.context().limits.custom_id)
    number = 0
    for number, shaped in enumerate(requests, 1):  # noqa: B007 - used after the loop
        locator = Locator(name, path, shaped)
        sent_as_batch = reading.batch or shaped.shape in BATCHES
        _note_shape(shaped, reading, name)
        try:
            request = _check_request(shaped, reading, locator, batch=sent_as_batch)
        except RequestError as error:
            if strict:
                raise
            checker.report_invalid(error, locator)
            request = None
        if sent_as_batch:
            batch.add(shaped, request, locator)
    if not number:
        empty = RequestError("", "is empty: a batch has at least one request")
        if strict:
            raise empty
        checker.report_invalid(empty, Locator(name or "requests", path))
    if batch.requests:
        checker.check("batch", batch.batch_input(name or "requests"), checker.context(), Locator(file=path))


def _check_request(shaped: ShapedRequest, reading: Reading, locator: Locator, *, batch: bool) -> Request:
    """Check one request, and return it."""
    if shaped.error:
        raise shaped.error
    model = model_of(shaped, reading.model)
    if model == DEFAULT_MODEL and reading.model is None and shaped.model is None:
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
    if shaped.shape not in _NATIVE_SHAPES and not shaped.error:
        _count(reading.shapes, shaped.shape, name)
    for note in shaped.notes:
        _count(reading.assumptions, note, name)
