"""An ordered, bounded map over worker processes, which are started only where they pay and are safe."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections import deque
from contextlib import contextmanager, suppress
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from imgcost.errors import ImgcostError
from imgcost.files.walking import Archive, FileBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from multiprocessing.connection import Connection
    from queue import SimpleQueue

    from imgcost.files.walking import Chunk

__all__ = ["spread"]

ALONE_SECONDS = 0.15
"""How long this process works alone, whatever lies ahead: a small scan must not pay for workers."""

AHEAD_SECONDS = 0.25
"""Workers are started if what lies ahead would take this long at the pace so far: several times what they cost."""

WINDOW = 4
"""Chunks under way for each worker: enough to keep all busy, few enough to keep memory flat."""

ORPHANED_SECONDS = 0.25
"""How often a worker looks whether its parent is still there, where the end of the pipe does not tell."""

Result = TypeVar("Result")


def spread(
    tasks: Iterable[Chunk | Archive],
    work: Callable[[Chunk], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
    *,
    spawn: bool = False,
) -> Generator[Result]:
    """Work on tasks, in worker processes where it pays, and give the results in the order of the tasks.

    Args:
        tasks: Chunks of files, and archives. They are taken as they are needed, a few ahead of the results.
        work: What to do with a chunk; it and its results travel between processes.
        stream: What to do with an archive, in this process: its results may be many.
        jobs: The most worker processes; 1 for none.
        spawn: Whether workers may be started where this process cannot be forked. Each imports the main module again.

    Yields:
        Results, in the order of the tasks. Closing this iterator, or an error in the caller, ends the workers at once.

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
        if worth <= 0 and (method := _start_method(spawn=spawn)):
            yield from _spread_over_processes(chain(ahead, tasks), work, stream, jobs, method)
            return
        if worth <= 0:
            break
    for task in chain(ahead, tasks):
        yield from [work(task)] if isinstance(task, list) else stream(task)


def _files(chunk: Chunk) -> int:
    return sum(len(step.names) if isinstance(step, FileBatch) else 1 for step in chunk)


def _start_method(*, spawn: bool) -> Literal["fork", "spawn"] | None:
    """How workers are started safely; None where they cannot be.

    A fork is ten times faster than a new interpreter. Beside other threads it can deadlock, and so it can on macOS. A new
    interpreter imports the main module, which runs a script again that has no `__main__` guard. A worker of
    `multiprocessing.Pool` may have no children.
    """
    from multiprocessing import current_process  # noqa: PLC0415 - most scans need none of it

    if current_process().daemon:
        return None
    if sys.platform == "linux" and threading.active_count() == 1:
        return "fork"
    return "spawn" if spawn else None


def _spread_over_processes(
    tasks: Iterable[Chunk | Archive],
    work: Callable[[Chunk], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
    method: Literal["fork", "spawn"],
) -> Generator[Result]:
    window: deque[_Pending | Archive] = deque()

    def finish(one: _Pending | Archive) -> Iterator[Result]:
        return stream(one) if isinstance(one, Archive) else iter([pool.result(one)])

    with _pool(work, jobs, method) as pool:
        for task in tasks:
            window.append(task if isinstance(task, Archive) else pool.submit(task))
            if len(window) > WINDOW * jobs:
                yield from finish(window.popleft())
        while window:
            yield from finish(window.popleft())


class _Pending(list[Any]):
    """A chunk that a worker has: empty until its answer has come, then whether it is a result, and that or an error."""


class _Worker:
    """A process that answers chunks in their order.

    Attributes:
        connection: Our end of its pipe.
        pending: The chunks that it has.
    """

    def __init__(self, work: Callable[[Chunk], Any], method: Literal["fork", "spawn"]) -> None:
        from multiprocessing import get_context  # noqa: PLC0415 - most scans need none of it

        context: Any = get_context(method)
        self.connection, theirs = context.Pipe()
        self.pending: deque[_Pending] = deque()
        ours = self.connection if method == "fork" else None  # a fork has a copy
        self.process = context.Process(target=_serve, args=(theirs, ours, work, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()


class _Pool:
    """Workers, and what each of them has to do. No thread serves them: they are heard while a result is waited for."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []

    def submit(self, task: Chunk) -> _Pending:
        """Give a chunk to the worker that has the fewest."""
        worker = min(self.workers, key=lambda one: len(one.pending))
        pending = _Pending()
        try:
            worker.connection.send(task)
        except OSError as error:
            raise _killed() from error
        worker.pending.append(pending)
        return pending

    def result(self, pending: _Pending) -> Any:
        """Wait for the answer to a chunk, and meanwhile take all others that come."""
        from multiprocessing.connection import wait  # noqa: PLC0415 - most scans need none of it

        while not pending:
            ready = wait([worker.connection for worker in self.workers if worker.pending])
            for worker in self.workers:
                if worker.connection in ready:
                    try:
                        answer = worker.connection.recv()
                    except (EOFError, OSError) as error:
                        raise _killed() from error
                    worker.pending.popleft().extend(answer)
        is_result, value = pending
        if is_result:
            return value
        raise value

    def end(self) -> None:
        """End all workers at once: none of them has anything to put in order."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.process.close()
            worker.connection.close()


def _killed() -> ImgcostError:
    return ImgcostError("a worker process was ended from outside, perhaps for want of memory: try again with --jobs 1")


@contextmanager
def _pool(work: Callable[[Chunk], Any], jobs: int, method: Literal["fork", "spawn"]) -> Iterator[_Pool]:
    """Workers that are gone when the context is left, at once if it is left by an error or a signal."""
    pool = _Pool()
    owner = os.getpid()
    try:
        with _signals_held():
            for _ in range(jobs):
                pool.workers.append(_Worker(work, method))
        yield pool
        for worker in pool.workers:
            with suppress(OSError):  # it has ended already
                worker.connection.send(None)
        for worker in pool.workers:
            worker.process.join()
    finally:
        if os.getpid() == owner:  # a fork of the caller has no workers
            with _signals_held():
                pool.end()


ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
"""The signals that end a process."""


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let signals wait that would raise: an exception during a fork is dropped, or leaves a worker behind.

    Blocking them in this thread is not enough, for threads of numpy or pyarrow would take them.
    """
    received: list[int] = []
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():  # no other is interrupted
            for number in ENDING:
                if callable(handler := signal.getsignal(number)):
                    before[number] = handler
                    signal.signal(number, lambda number, _frame: received.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            before[received[0]](received[0], None)


def _serve(connection: Connection, copy: Connection | None, work: Callable[[Chunk], Any], parent: int) -> None:
    """What a worker does: answer chunks until there are no more, or no parent."""
    from queue import SimpleQueue  # noqa: PLC0415 - most scans need none of it

    if copy:
        copy.close()  # or this process itself would keep its pipe from ending
    _settle()
    tasks: SimpleQueue[Chunk | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks, parent), daemon=True).start()
    with suppress(BrokenPipeError):  # there is no parent that would take the answer
        while (task := tasks.get()) is not None:
            connection.send(_answer(work, task))


def _settle() -> None:
    """Make a process a worker: signals end it without a word, and the program that reads our output does not wait for it.

    Signals that are ignored stay so: under nohup a scan goes on when the terminal closes.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # what Pillow says of a file, it says in its result
    with suppress(OSError), open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)


def _listen(connection: Connection, tasks: SimpleQueue[Chunk | None], parent: int) -> None:
    """Take chunks as they come, so that the parent never waits with one; end this process when the parent has ended."""
    while True:
        try:
            if connection.poll(ORPHANED_SECONDS):
                tasks.put(connection.recv())
                continue
        except (EOFError, OSError):
            os._exit(1)
        # A later worker, or another fork of the parent, may hold the parent's end of the pipe.
        if os.name == "posix" and os.getppid() != parent:
            os._exit(1)


def _answer(work: Callable[[Chunk], Any], task: Chunk) -> tuple[bool, Any]:
    try:
        return True, work(task)
    except Exception as error:  # noqa: BLE001 - it is raised in the parent
        import traceback  # noqa: PLC0415 - an error is rare

        error.add_note(traceback.format_exc())
        return False, error
