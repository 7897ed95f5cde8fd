"""Progress bars on stderr, for scans and for reports being written."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING

from imgcost.files import Archive, FileBatch
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from rich.progress import Progress, ProgressColumn

    from imgcost.files import Walk

__all__ = ["progress_of", "rows_progress", "writing_progress"]

QUIET_SECONDS = 0.5
"""Shorter scans show no progress."""

REFRESH_SECONDS = 0.1


def progress_of(walk: Walk, paths: Iterable[str] | None) -> AbstractContextManager[Callable[[int], None]]:
    """Show progress while the context lasts.

    Args:
        walk: How the scan walks. If the paths are known, files are counted first.
        paths: The paths of the scan; None if they are not known in advance.

    Returns:
        A context manager that returns a function: call it with the number of files done since the last call. It does
        nothing unless stderr is a terminal.
    """
    if not sys.stderr.isatty():
        return nullcontext(lambda _files: None)
    return _ScanProgress(None if paths is None else _count(walk, paths))


def rows_progress() -> AbstractContextManager[Callable[[int], None]]:
    """Show the number of rows read from tables while the context lasts; see `progress_of`."""
    return _ScanProgress(None, "rows") if sys.stderr.isatty() else nullcontext(lambda _rows: None)


def writing_progress(path: str) -> AbstractContextManager[Callable[[int, int], None]]:
    """Show the progress of writing a report while the context lasts.

    Args:
        path: The file.

    Returns:
        A context manager that returns a function: call it with the number of parts written and the total. It does
        nothing unless stderr is a terminal.
    """
    if not sys.stderr.isatty():
        return nullcontext(lambda _done, _total: None)
    return _WritingProgress(path)


class _WritingProgress:
    def __init__(self, path: str) -> None:
        self._text = f"Writing {visible(path)}"
        self._shown = 0.0
        self._progress: Progress | None = None

    def __enter__(self) -> Callable[[int, int], None]:
        return self._show

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def _show(self, done: int, total: int) -> None:
        now = monotonic()
        if self._progress is None:
            from rich.markup import escape  # noqa: PLC0415 - only terminals need it
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn  # noqa: PLC0415 - same

            columns = [TextColumn(escape(self._text)), BarColumn(), TaskProgressColumn()]
            self._progress = _start(columns, total)
        elif now - self._shown < REFRESH_SECONDS:
            return
        self._shown = now
        self._progress.update(self._progress.task_ids[0], completed=done, total=total)
        self._progress.refresh()


def _count(walk: Walk, paths: Iterable[str]) -> int | None:
    """Count the files to scan; None if there are archives, whose members are not known yet."""
    files = 0
    for step in walk.steps(paths):
        if isinstance(step, Archive):
            return None
        files += len(step.names) if isinstance(step, FileBatch) else 1
    return files


class _ScanProgress:
    def __init__(self, total: int | None, noun: str = "files") -> None:
        self._total = total
        self._noun = noun
        self._start_time = self._shown = monotonic()
        self._done = 0
        self._progress: Progress | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self._advance

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def _advance(self, files: int) -> None:
        self._done += files
        now = monotonic()
        if now - self._start_time < QUIET_SECONDS or now - self._shown < REFRESH_SECONDS:
            return
        self._shown = now
        if self._progress is None:
            self._progress = _start_scan(self._total, self._noun)
        rate = self._done / (now - self._start_time)
        self._progress.update(self._progress.task_ids[0], completed=self._done, rate=f"{rate:,.0f} {self._noun}/s")
        self._progress.refresh()


def _start_scan(total: int | None, noun: str) -> Progress:
    from rich import progress as rich  # noqa: PLC0415 - only long scans in a terminal need it

    columns: list[rich.ProgressColumn] = [
        rich.MofNCompleteColumn(),
        rich.TextColumn(noun),
        rich.TextColumn("{task.fields[rate]}"),
    ]
    if total is not None:
        columns = [rich.BarColumn(), *columns, rich.TimeRemainingColumn()]
    return _start(columns, total)


def _start(columns: Sequence[ProgressColumn], total: int | None) -> Progress:
    from rich.console import Console  # noqa: PLC0415 - same
    from rich.progress import Progress  # noqa: PLC0415 - same

    # No refresh thread: a process with threads cannot safely fork workers.
    progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    progress.add_task("", total=total, rate="")
    progress.start()
    return progress
