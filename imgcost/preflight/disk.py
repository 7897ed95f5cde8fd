"""Images and requests on disk: files, directories and archives, inspected at both ends by several processes."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.files import FileBatch, Unreadable, Walk, chunks, inspect, inspect_archive, no_access, spread
from imgcost.payloads import base64_length
from imgcost.preflight.detection import LINES_SUFFIXES, contains_requests, is_document
from imgcost.preflight.inputs import RequestFile, is_stray, record_input, suffix_of
from imgcost.rules import ImageInput

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from imgcost.files import Archive, Chunk, Inspected
    from imgcost.files.walking import WalkStep
    from imgcost.preflight.singles import CheckedImages, ImageChecker

__all__ = ["Disk"]

REQUEST_SUFFIXES = tuple(suffix + packed for suffix in (".json", *LINES_SUFFIXES) for packed in ("", ".gz"))
"""Files in a directory that may contain requests: they are opened to find out."""


class _NamedFile(FileBatch):
    """A file that the caller named, as opposed to one that was found in a directory."""


class Disk:
    """Reads files, directories and archives for a check.

    Args:
        walk: How to walk.
        shape: The shape of requests, or `auto`; None to look for images only.
        jobs: Maximum number of worker processes. If this process cannot fork, each worker imports the main module
            again.
        progress: Called with the number of files done since the last call.
    """

    def __init__(
        self,
        walk: Walk | None = None,
        *,
        shape: str | None = None,
        jobs: int = 1,
        progress: Callable[[int], None] = lambda _files: None,
    ) -> None:
        """Keep the settings; nothing is opened yet."""
        self._walk = walk or Walk()
        self._shape = shape
        self._jobs = jobs
        self._progress = progress
        self._partial_members = 0
        self._first_partial = ""

    def check(self, paths: Iterable[str], checker: ImageChecker) -> Generator[CheckedImages]:
        """Inspect and check every file, in the order of the paths; see `imgcost.files.scan`.

        Args:
            paths: Files, directories and archives; taken one by one.
            checker: Checks the images.

        Yields:
            The results of some files, readable or not, with the files of requests among them. Close the generator to
            stop the workers.
        """
        work = partial(_check_chunk, shape=self._shape, checker=checker)

        def members(archive: Archive) -> Iterator[CheckedImages]:
            return map(checker.check_all, self._members(archive))

        with closing(spread(chunks(self._steps(paths)), work, members, self._jobs, spawn=True)) as results:
            for checked in results:
                yield checked
                self._progress(checked.inputs)

    def notes(self) -> Iterator[str]:
        """Yield sentences about what was not inspected so far."""
        if self._partial_members:
            yield (
                f"only the beginning of {plural(self._partial_members, 'archive member')} was read, so that a missing "
                f"end is not detected; the first: {self._first_partial}"
            )

    def _steps(self, paths: Iterable[str]) -> Iterator[WalkStep]:
        """Walk, and mark what the caller named: a named pipe or device is an error, one in a directory is skipped."""
        named = ""

        def remember_named() -> Iterator[str]:
            nonlocal named
            for path in paths:
                named = path
                yield path

        for step in self._walk.steps(remember_named()):
            if isinstance(step, FileBatch) and (step.folder, *step.names) == os.path.split(named):
                yield _NamedFile(*step)
            elif isinstance(step, Unreadable) and (step.path, step.problem) == (named, "not-a-file"):
                yield step._replace(problem="no-access")
            else:
                yield step

    def _members(self, archive: Archive) -> Iterator[list[ImageInput]]:
        for groups in inspect_archive(archive.path, self._walk.matches):
            yield [self._inspect_member(member, archive.path) for _, members in groups for member in members]

    def _inspect_member(self, member: Inspected | Unreadable, archive: str) -> ImageInput:
        if isinstance(member, Unreadable):
            return record_input(member)._replace(file=archive)
        path, contents, complete = member
        if contents.header and not complete:
            self._partial_members += 1
            self._first_partial = self._first_partial or path
        suffix = suffix_of(path)
        stray = contents.problem is not None and is_stray(path, contents.problem.problem)
        return ImageInput(path, contents, base64_length(contents.file_bytes), file=archive, suffix=suffix, stray=stray)


def _check_chunk(chunk: Chunk, shape: str | None, checker: ImageChecker) -> CheckedImages:
    inputs: list[ImageInput | RequestFile] = []
    for step in chunk:
        if isinstance(step, FileBatch):
            prefix, named = step.prefix, isinstance(step, _NamedFile)
            inputs += [_file_input(prefix + name, suffix_of(name), shape, named=named) for name in step.names]
        else:
            inputs.append(record_input(step))
    return checker.check_all(inputs)


def _file_input(path: str, suffix: str, shape: str | None, *, named: bool) -> ImageInput | RequestFile:
    if named and shape not in (None, "auto"):
        return RequestFile(path)
    try:
        contents = inspect(path)
    except (OSError, ValueError) as error:
        return record_input(no_access(path, error))
    text_bytes = base64_length(contents.file_bytes)
    if contents.header:
        return ImageInput(path, contents, text_bytes, file=path, suffix=suffix)
    stray = not named and contents.problem is not None and is_stray(path, contents.problem.problem)
    if shape is not None:
        may_contain_requests = stray and path.lower().endswith(REQUEST_SUFFIXES)
        if is_document(path) if named else may_contain_requests and contains_requests(path):
            return RequestFile(path)
    return ImageInput(path, contents, text_bytes, file=path, suffix=suffix, stray=stray)
