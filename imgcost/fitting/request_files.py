"""Fix files of requests: JSON, JSON lines one by one, and Claude Code transcripts."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from io import TextIOBase
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from imgcost.errors import ArgumentError, RequestError
from imgcost.files import is_stream
from imgcost.fitting.changes import FitFailure, FixedDocument, RequestChange
from imgcost.fitting.checked_requests import FitSettings
from imgcost.fitting.json_copies import json_like, rewritten
from imgcost.fitting.options import MIN_QUALITY, fit_options
from imgcost.fitting.requests import fit_value
from imgcost.outputs import Output
from imgcost.paths import escape_path
from imgcost.preflight.checker import Checker
from imgcost.preflight.documents import Reading, as_document, check_file, open_lines
from imgcost.preflight.findings import Spools
from imgcost.preflight.spools import Spool
from imgcost.shapes import Document, read_document, read_line
from imgcost.tabular import FIT_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from imgcost.preflight import CheckedImage, Findings
    from imgcost.rules import Finding
    from imgcost.tables import Platform
    from imgcost.tabular import Row

__all__ = ["FitSpools", "FittedDocument", "fit_file", "fit_request_file"]

_MEMORY_BYTES = 1 << 26
"""Fixed files up to this size are kept in memory until they are complete."""

_CHECK_KEYS = ("platform", "as_of", "models", "errors", "warnings", "tokens", "unmeasured", "notes")


_NOTHING = FixedDocument(None, [], [])


class FitSpools(NamedTuple):
    """Storage for the result of fitting a file that may not fit in memory.

    Attributes:
        changes: Changes.
        failures: Failures.
        findings: Findings in the copy.
        images: Images in the copy.
    """

    changes: Spool[RequestChange]
    failures: Spool[FitFailure]
    findings: Spool[Finding]
    images: Spool[CheckedImage]

    @classmethod
    def create(cls, *, in_memory: bool) -> FitSpools:
        """Create empty storage: on disk when it grows, unless it has to stay in memory."""
        changes, failures = Spool(RequestChange, in_memory=in_memory), Spool(FitFailure, in_memory=in_memory)
        return cls(changes, failures, *Spools.create(in_memory=in_memory))

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[FitSpools]:
        """Open the storage; it is removed when the context ends."""
        spools = cls.create(in_memory=False)
        try:
            yield spools
        finally:
            for spool in spools:
                spool.close()


@dataclass(frozen=True, slots=True, repr=False)
class FittedDocument:
    """A file of requests that was fixed as far as possible.

    Attributes:
        name: Its name, with which locations begin.
        output: The path of the copy; None if none was written to a path.
        changes: What was changed, in order; a tuple, unless it is kept on disk.
        failures: Images and documents that could not be fixed; a tuple, unless they are kept on disk.
        findings: What a check finds in the copy.
        original_bytes: Size of the file, bytes.
        bytes: Size of the copy, bytes; 0 if the file is not a request, of which no copy is written.
    """

    name: str
    output: str | None
    changes: tuple[RequestChange, ...] | Spool[RequestChange]
    failures: tuple[FitFailure, ...] | Spool[FitFailure]
    findings: Findings
    original_bytes: int
    bytes: int

    def __repr__(self) -> str:
        counts = f"changes={len(self.changes)} errors={len(self.findings.errors)}"
        return f"<FittedDocument {self.name!a} {counts} bytes={self.bytes} original_bytes={self.original_bytes}>"

    @property
    def ok(self) -> bool:
        """Whether no error remains."""
        return self.findings.ok

    def rows(self) -> Iterator[Row]:
        """Yield one row per change, then one per failure.

        Yields:
            Values in the order of `imgcost.tabular.FIT_REQUESTS.columns`.
        """
        for change in self.changes:
            yield from FIT_REQUESTS.rows([change.to_dict() | {"status": "changed", "rules": " ".join(change.rules)}])
        for failure in self.failures:
            values = {"status": "failed", "rules": " ".join(failure.rules), "action": failure.reason}
            yield from FIT_REQUESTS.rows([failure.to_dict() | values])

    def to_dict(self) -> dict[str, Any]:
        """Return what `imgcost fit -f json` prints, without the lists of changes and findings."""
        return {
            "schema": FIT_REQUESTS.id,
            "file": escape_path(self.name),
            "output": None if self.output is None else escape_path(self.output),
            "ok": self.ok,
            "changed": bool(self.changes),
            "original_bytes": self.original_bytes,
            "bytes": self.bytes,
            **{key: value for key, value in self.findings.to_dict(everything=False).items() if key in _CHECK_KEYS},
        }


def fit_request_file(
    source: str | os.PathLike[str] | BinaryIO,
    output: str | os.PathLike[str] | BinaryIO | None = None,
    *,
    model: str | None = None,
    platform: Platform | None = None,
    as_of: date | None = None,
    shape: str = "auto",
    remove_unfixable: bool | None = None,
    min_quality: int = MIN_QUALITY,
    background: str = "#ffffff",
) -> FittedDocument:
    """Fix a file of requests: JSON, JSON lines, or a Claude Code transcript.

    Files with one request per line are read line by line. Lines without changes are copied byte for byte, and so is a
    file without changes. The copy is compressed if the file is; a changed line or document is UTF-8.

    Args:
        source: The path of the file, or an open binary file.
        output: The path of the copy, which is complete or untouched, or an open binary file; None to write nothing.
        model: The model; None for those that the requests name.
        platform: The platform; None as in `check_request`.
        as_of: The date whose limits apply; today if None.
        shape: The name of the shape in `imgcost.shapes.SHAPES`; `auto` detects it.
        remove_unfixable: See `fit_request`.
        min_quality: See `fit_request`.
        background: See `fit_request`.

    Returns:
        The changes, and the findings that remain in the copy. A file that is not a request has a finding of the rule
        `request`, and no copy is written.

    Raises:
        OSError: A file cannot be read or written.
        ArgumentError: The copy would replace the file, or another argument is invalid.
        NoPriceError: Nothing is published for the platform on that date.
    """
    options = fit_options(min_quality=min_quality, background=background)
    settings = FitSettings(model, platform, as_of, options, batch=False, remove_unfixable=remove_unfixable)
    return fit_file(source, output, shape, settings, None)


def fit_file(source: Any, output: Any, shape: str, settings: FitSettings, spools: FitSpools | None) -> FittedDocument:
    """Fit a file of requests; see `fit_request_file`.

    Args:
        source: The path of the file, or an open binary file.
        output: The path of the copy, or an open binary file; None to write nothing.
        shape: The name of the shape; `auto` detects it.
        settings: What it is fixed for.
        spools: Storage for changes, failures, findings and images, so that memory does not grow with them; None for
            tuples.

    Returns:
        The changes, and the findings that remain in the copy.
    """
    kept = spools or FitSpools.create(in_memory=True)
    checks = spools and Spools(spools.findings, spools.images)
    reading = Reading.start(Checker(settings.platform, settings.as_of, (), None, checks), settings.model, shape)
    path, target = _path("source", source), None if output is None else _path("output", output)
    if path is not None and target is not None and _is_same(path, target):
        raise ArgumentError("output", target, "a file other than the original, which is never changed")
    name = "stdin" if path is None else path
    with closing(cast("BinaryIO", SpooledTemporaryFile(_MEMORY_BYTES))) as copy:
        with nullcontext(source) if path is None else open(path, "rb") as file:
            counted = _Counted(file)
            reading = reading._replace(shape=_fit_stream(counted, copy, name, shape, settings, kept))
        size = copy.tell()
        copy.seek(0)
        check_file(copy, reading, name, path)
        copy.seek(0)
        findings = reading.findings()
        if not kept.changes and any(_is_no_request(finding, name) for finding in findings):
            target, size = None, 0
        elif output is not None:
            with nullcontext(output) if target is None else Output(target) as written:
                copyfileobj(copy, written)
    changes, failures = (kept.changes, kept.failures) if spools else (tuple(kept.changes), tuple(kept.failures))
    return FittedDocument(name, target, changes, failures, findings, counted.bytes, size)


def _path(argument: str, file: Any) -> str | None:
    """Return the path of a file; None if it is open."""
    if isinstance(file, (str, os.PathLike)):
        path = os.fsdecode(file)
        if "\0" not in path:
            return path
    elif is_stream(file) and not isinstance(file, TextIOBase):
        return None
    raise ArgumentError(argument, file, "a path, or a file opened in binary mode")


def _is_no_request(finding: Finding, name: str) -> bool:
    """Return whether a finding is about a whole file, which is not a request in any shape."""
    return finding.rule == "request" and finding.location == name


def _is_same(path: str, target: str) -> bool:
    try:
        return os.path.samefile(path, target)
    except OSError:
        return False


def _fit_stream(file: Any, copy: IO[bytes], name: str, shape: str, settings: FitSettings, kept: FitSpools) -> str:
    """Write the fixed copy of a file, keep its changes and failures, and return the shape of the copy."""
    opened = open_lines(file, shape, name)
    if opened.shape:
        settings = settings._replace(batch=True)
        for number, line in enumerate(opened.lines, 1):
            value = read_line(line) if line.strip() else None
            fixed = _fitted([value], opened.shape, settings, (number,)) if isinstance(value, dict) else _NOTHING
            copy.write(json_like(fixed.value[0], line) if fixed.changes else line)
            _keep(fixed, name, kept)
        return shape
    raw = b"".join(opened.lines)
    try:
        document = read_document(raw) if opened.value is None else Document(opened.value)
    except RequestError:
        copy.write(raw)  # the check reports it
        return shape
    fixed = _fitted(document.value, shape, settings, document.lines)
    copy.write(rewritten(raw, document, fixed.value) if fixed.changes else raw)
    _keep(fixed, name, kept)
    # A text in place of an image may have been the only sign of the shape.
    return as_document(document.value, shape, document.lines)[1] if fixed.changes else shape


def _fitted(value: Any, shape: str, settings: FitSettings, lines: tuple[int, ...] | None) -> FixedDocument:
    try:
        return fit_value(value, shape, settings, lines)
    except RequestError:
        return _NOTHING  # the check reports it


def _keep(fixed: FixedDocument, name: str, kept: FitSpools) -> None:
    """Store changes and failures, with the name of the file in their locations, as findings have it."""
    for change in fixed.changes:
        kept.changes.append(change._replace(location=_named(change, name)))
    for failure in fixed.failures:
        kept.failures.append(failure._replace(location=_named(failure, name)))


def _named(item: RequestChange | FitFailure, name: str) -> str:
    separator = " " if item.line is None else ""
    return f"{name}{separator}{item.location}".removesuffix(" request")


class _Counted:
    """A file that counts the bytes that are read from it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._count(next(self._file))

    def read(self) -> bytes:
        return self._count(self._file.read())

    def _count(self, data: bytes) -> bytes:
        self.bytes += len(data)
        return data
