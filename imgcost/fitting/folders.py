"""Fit every image under some paths: walk, fit in worker processes, and write the copies below one folder."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from imgcost.arguments import check_choice, check_path_types, to_bool
from imgcost.errors import ArgumentError
from imgcost.files import FileBatch, Unreadable, Walk, spread
from imgcost.fitting.layout import Source, is_inside, named_sources
from imgcost.fitting.options import FitOptions, fit_options
from imgcost.fitting.tasks import FitOutcome, FitTask, Fitter, Unchanged
from imgcost.fitting.writing import OutputFolder, PlacementError
from imgcost.quoting import Quote, quotes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from datetime import date

    from imgcost.files.walking import WalkStep
    from imgcost.fitting.files import FittedFile
    from imgcost.tables import Model, Platform

__all__ = ["FolderFit", "fit_paths"]


class FolderFit(NamedTuple):
    """Settings of a run.

    Attributes:
        quote: The model, platform and date.
        options: What the caller requests.
        output: The folder for the copies; empty only in a dry run.
        walk: How to walk folders. Archives are never read.
        unchanged: What is done with an image that is accepted and fits.
        overwrite: Whether existing copies are replaced; otherwise they are kept, so that a second run does the rest.
        dry_run: Whether to report what would be done, without decoding or writing anything.
        jobs: Maximum number of worker processes.
    """

    quote: Quote
    options: FitOptions
    output: str
    walk: Walk = Walk()
    unchanged: Unchanged = "copy"
    overwrite: bool = False
    dry_run: bool = False
    jobs: int = 1

    def run(self, sources: Iterable[Source], *, spawn: bool = False) -> Generator[FittedFile]:
        """Fit the files, in the order of the walk.

        Args:
            sources: What to read, and where the copies go; consumed lazily.
            spawn: Whether to spawn workers if this process cannot fork. Each spawned worker imports the main module
                again, which must be the command line.

        Yields:
            The result of each file, once its copy is complete.

        Raises:
            OSError: The output folder cannot be written, or the disk is full. What was yielded is complete.
            ImgcostError: A worker process was killed.
        """
        folder = OutputFolder(self.output, overwrite=self.overwrite, dry_run=self.dry_run) if self.output else None
        fitter = Fitter(self.quote, self.options, self.output, self.unchanged, self.overwrite, self.dry_run)
        # One file at a time: a worker has the bytes of few copies, and no core waits for the last chunk of another.
        with closing(
            spread(self._tasks(sources), fitter.fit, lambda _archive: iter(()), self.jobs, spawn=spawn)
        ) as outcomes:
            for outcome in outcomes:
                yield _placed(outcome, folder) if folder and outcome.name else outcome.file

    def run_file(self, path: str, target: str) -> Generator[FittedFile]:
        """Fit one file into another.

        Args:
            path: The file.
            target: The file for the copy. Its suffix is that of `options.output_format`.

        Yields:
            The result, once the copy is complete.

        Raises:
            OSError: The folder of the copy cannot be written, or the disk is full.
        """
        inner, name = os.path.split(target)
        folder = OutputFolder(inner or os.curdir, overwrite=self.overwrite, dry_run=self.dry_run)
        fitter = Fitter(self.quote, self.options, inner, self.unchanged, self.overwrite, self.dry_run)
        outcome = fitter.fit(FitTask(path, name, named=True))
        yield _placed(outcome, folder) if outcome.name else outcome.file

    def _tasks(self, sources: Iterable[Source]) -> Iterator[FitTask]:
        source = Source("", "")

        def paths() -> Iterator[str]:
            nonlocal source
            for source in sources:
                yield source.path

        own = (*self.walk.own, self.output) if self.output else self.walk.own
        for step in self.walk._replace(archives=False, own=own).steps(paths()):
            yield from self._tasks_of(step, source)

    def _tasks_of(self, step: WalkStep, source: Source) -> Iterator[FitTask]:
        if not isinstance(step, FileBatch):
            problem = cast("Unreadable", step)  # archives are not read
            yield FitTask(problem.path, named=problem.path == source.path, problem=problem)
            return
        named = len(step.folder) < len(source.path)
        inside = self._in_output(step.folder or os.curdir) if named or self.walk.follow_symlinks else False
        for name in step.names:
            task = FitTask(step.path_of(name), source.destination(step.folder, name), named)
            if inside or (os.path.islink(task.path) and self._in_output(task.path)):
                reason = "it is in the output folder: move it, or choose another folder"
                task = task._replace(problem=Unreadable(task.path, "in-output", reason))
            yield task

    def _in_output(self, path: str) -> bool:
        return bool(self.output) and is_inside(path, self.output)


def _placed(outcome: FitOutcome, folder: OutputFolder) -> FittedFile:
    """Write a copy, unless it exists or this is a dry run, and return the result."""
    file, name, data = outcome
    try:
        folder.claim(name)
        if file.status == "exists" or folder.dry_run:
            return file
        if data is None:
            linked = folder.copy(file.path, name, file.file_bytes, link=file.status == "linked")
            return file._replace(status="linked" if linked else "copied")
        folder.write(name, data)
    except PlacementError as error:
        return file.failed("output", str(error))
    return file


def fit_paths(
    *paths: str | os.PathLike[str],
    output: str | os.PathLike[str],
    model: str | Model = "sonnet",
    platform: Platform | None = None,
    as_of: date | None = None,
    walk: Walk | None = None,
    unchanged: Unchanged = "copy",
    overwrite: bool = False,
    dry_run: bool = False,
    jobs: int = 1,
    **options: Any,
) -> Iterator[FittedFile]:
    """Fit every image under some paths, and write the copies below one folder.

    The copies of a single folder keep its structure. Of several paths, each is written under its own name. A copy has
    the name of its file; if the format differs, the suffix of the new format is appended, as in `a.tif.jpg`.

    Each copy is complete or missing. Inputs are never overwritten, and neither are existing copies by default: to
    continue after an interruption, run the same again.

    Args:
        *paths: Files and folders. Archives are reported and not read.
        output: The folder for the copies; created if it is missing, and skipped if it is inside one of the paths.
        model: A model, or any of its names.
        platform: Platform that serves the requests. If None, taken from the model's name, otherwise the Claude API.
        as_of: Date whose limits and prices apply; today (UTC) if None.
        walk: How to walk folders; if None, symbolic links to folders are not followed.
        unchanged: What to do with images that are accepted and fit: `copy`, `link` (hard links, or copies where the
            file system has none) or `skip`.
        overwrite: Whether to replace existing copies.
        dry_run: Whether to return what would be done, without decoding or writing anything.
        jobs: Maximum number of worker processes; see `imgcost.scan`.
        **options: `max_tokens`, `max_bytes`, `max_side`, `output_format`, `background`, `min_quality`, `keep_metadata`
            and `always_resize`, as in `imgcost.fit`.

    Yields:
        What became of each file, once its copy is complete. Files are processed as the iterator advances.

    Raises:
        ArgumentError: An argument is not valid, or a path is inside the output folder.
        ImgcostError: The model is unknown, or not offered on the platform.
        OSError: The output folder cannot be written.

    >>> import imgcost
    >>> fits = imgcost.fit_paths("data/samples/web", output="small", model="claude-opus-4-6", dry_run=True)
    >>> [file.status for file in fits]
    ['copied', 'copied', 'copied', 'copied']
    """
    check_path_types((*paths, output))
    if not isinstance(walk, Walk | None):
        raise ArgumentError("walk", walk, "an imgcost.files.Walk, or None")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ArgumentError("jobs", jobs, "a number of worker processes, 1 or more")
    check_choice("unchanged", unchanged, get_args(Unchanged))
    (quote,) = quotes([model], platform=platform, as_of=as_of)
    folder = os.fsdecode(output)
    if not folder or "\0" in folder:
        raise ArgumentError("output", output, "the path of a folder")
    sources = named_sources([os.fsdecode(path) for path in paths])
    for source in sources:
        if is_inside(source.path, folder):
            raise ArgumentError("output", folder, f"a folder that does not contain the input {source.path!r}")
    return FolderFit(
        quote,
        fit_options(**options),
        folder,
        walk or Walk(),
        unchanged,
        to_bool("overwrite", overwrite),
        to_bool("dry_run", dry_run),
        jobs,
    ).run(sources)
