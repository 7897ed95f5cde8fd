"""An ordered, bounded map over worker processes, which are started only where they pay."""

from __future__ import annotations

import signal
import sys
import threading
from collections import deque
from contextlib import contextmanager, suppress
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from imgcost.errors import ImgcostError
from imgcost.files.walking import Archive, Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

    from imgcost.files.walking import Chunk

__all__ = ["spread"]

ALONE_SECONDS = 0.15
"""How long this process works alone, whatever lies ahead: a small scan must not pay for workers."""

AHEAD_SECONDS = 0.25
"""Workers are started if what lies ahead would take this long at the pace so far: several times what they cost."""

WINDOW = 4
"""Chunks under way for each worker: enough to keep all busy, few enough to keep memory flat."""

Result = TypeVar("Result")


def spread(
    tasks: Iterable[Chunk | Archive],
    work: Callable[[Chunk], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
) -> Generator[Result]:
    """Work on tasks, in worker processes where it pays, and give the results in the order of the tasks.

    Args:
        tasks: Chunks of files, and archives. They are taken as they are needed, a few ahead of the results.
        work: What to do with a chunk; it and its results travel between processes.
        stream: What to do with an archive, in this process: its results may be many.
        jobs: The most worker processes; 1 for none.

    Yields:
        Results, in the order of the tasks. Closing this iterator, or an error in whoever takes from it, ends the
        workers at once.

    Raises:
        ImgcostError: A worker process was killed from outside.
    """
    tasks = iter(tasks)
    files = 0
    seconds = 0.0
    for task in tasks:
        began = perf_counter()
        results = [work(task)] if isinstance(task, list) else stream(task)
        if isinstance(task, list):
            seconds += perf_counter() - began
            files += _files(task)
        yield from results
        if jobs > 1 and seconds >= ALONE_SECONDS:
            break
    else:
        return
    ahead: list[Chunk | Archive] = []
    worth = files * AHEAD_SECONDS / max(seconds, 1e-9)
    for task in tasks:
        ahead.append(task)
        worth -= _files(task) if isinstance(task, list) else 0
        if worth <= 0:
            yield from _spread_over_processes(chain(ahead, tasks), work, stream, jobs)
            return
    for task in ahead:
        yield from [work(task)] if isinstance(task, list) else stream(task)


def _files(chunk: Chunk) -> int:
    return sum(len(step.names) if isinstance(step, Batch) else 1 for step in chunk)


def _spread_over_processes(
    tasks: Iterable[Chunk | Archive],
    work: Callable[[Chunk], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
) -> Generator[Result]:
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - most scans need none of it

    window: deque[Future[Result] | Archive] = deque()

    def finish(one: Future[Result] | Archive) -> Iterator[Result]:
        return stream(one) if isinstance(one, Archive) else iter([one.result()])

    try:
        with _pool(jobs) as pool:
            for task in tasks:
                window.append(task if isinstance(task, Archive) else pool.submit(work, task))
                if len(window) > WINDOW * jobs:
                    yield from finish(window.popleft())
            while window:
                yield from finish(window.popleft())
    except BrokenProcessPool as error:
        message = "a worker process was ended from outside, perhaps for want of memory: try again with --jobs 1"
        raise ImgcostError(message) from error


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are gone when it is left, at once if it is left by an error or by Ctrl-C."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - see above
    from multiprocessing import active_children  # noqa: PLC0415 - see above

    strangers = set(active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_let_signals_end_me)
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - strangers:
            child.terminate()
        # A worker that ends in the middle of a result leaves the pool reading on for the rest: this is its end of file.
        with suppress(AttributeError, OSError):
            pool._result_queue._writer.close()  # type: ignore[attr-defined] # noqa: SLF001 - there is no public way
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """Fork where that is safe: it is ten times faster to start, and unsafe beside threads and on macOS."""
    from multiprocessing import get_context  # noqa: PLC0415 - see above

    return get_context("fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn")


def _let_signals_end_me() -> None:
    """A worker holds nothing that must be put in order: let a signal end it, whatever its parent does on one.

    A scan that was started with SIGINT ignored, as a background job is, goes on when Ctrl-C ends another command.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
