"""Map tasks over worker processes: in order, with bounded memory, started only where they pay off."""

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

__all__ = ["spread"]

ALONE_SECONDS = 0.15
"""Seconds this process works alone before it considers workers: small scans must not pay for them."""

AHEAD_SECONDS = 0.25
"""Workers start if the remaining files would take this many seconds at the current rate: several times their cost."""

WINDOW = 4
"""Tasks in flight per worker: enough to keep all busy, few enough to keep memory flat."""

ORPHANED_SECONDS = 0.25
"""Seconds between a worker's checks that its parent is alive, in case the pipe stays open without it."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def spread(
    tasks: Iterable[Task | Archive],
    work: Callable[[Task], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
    *,
    spawn: bool = False,
) -> Generator[Result]:
    """Process tasks, in worker processes if that is faster, and yield the results in the order of the tasks.

    Args:
        tasks: Chunks of files or other tasks, and archives. Consumed lazily, a few ahead of the results.
        work: Processes a task that is not an archive; it, the tasks and the results are pickled.
        stream: Processes an archive, in this process, because it can have many results.
        jobs: Maximum number of worker processes; 1 for none.
        spawn: Whether to spawn workers if this process cannot fork. Each spawned worker imports the main module again.

    Yields:
        Results, in the order of the tasks. Closing the iterator, or an error in the caller, kills the workers.

    Raises:
        ImgcostError: A worker process was killed.
    """
    tasks = iter(tasks)
    files = 0
    seconds = 0.0
    for task in tasks:
        began = perf_counter()
        results = stream(task) if isinstance(task, Archive) else [work(task)]
        if not isinstance(task, Archive):
            seconds += perf_counter() - began
            files += _count_files(task)
        yield from results
        if jobs > 1 and seconds >= ALONE_SECONDS:
            break
    else:
        return
    ahead: list[Task | Archive] = []
    needed = files * AHEAD_SECONDS / max(seconds, 1e-9)
    for task in tasks:
        ahead.append(task)
        needed -= 0 if isinstance(task, Archive) else _count_files(task)
        if needed <= 0 and (method := _start_method(spawn=spawn)):
            yield from _spread_over_processes(chain(ahead, tasks), work, stream, jobs, method)
            return
        if needed <= 0:
            break
    for task in chain(ahead, tasks):
        yield from stream(task) if isinstance(task, Archive) else [work(task)]


def _count_files(task: object) -> int:
    """Count the files of a chunk; any other task is one file."""
    if not isinstance(task, list):
        return 1
    return sum(len(step.names) if isinstance(step, FileBatch) else 1 for step in task)


def _start_method(*, spawn: bool) -> Literal["fork", "spawn"] | None:
    """Return how workers can be started safely; None if they cannot.

    Forking is ten times faster than spawning, but can deadlock on macOS and while other threads are running. A spawned
    worker imports the main module, which reruns a script without a `__main__` guard. A worker of `multiprocessing.Pool`
    may not have children.
    """
    from multiprocessing import current_process  # noqa: PLC0415 - most scans do not need it

    if current_process().daemon:
        return None
    if sys.platform == "linux" and threading.active_count() == 1:
        return "fork"
    return "spawn" if spawn else None


def _spread_over_processes(
    tasks: Iterable[Task | Archive],
    work: Callable[[Task], Result],
    stream: Callable[[Archive], Iterator[Result]],
    jobs: int,
    method: Literal["fork", "spawn"],
) -> Generator[Result]:
    window: deque[_Pending | Archive] = deque()

    def finish(task: _Pending | Archive) -> Iterator[Result]:
        return stream(task) if isinstance(task, Archive) else iter([pool.result(task)])

    with _pool(work, jobs, method) as pool:
        for task in tasks:
            window.append(task if isinstance(task, Archive) else pool.submit(task))
            if len(window) > WINDOW * jobs:
                yield from finish(window.popleft())
        while window:
            yield from finish(window.popleft())


class _Pending(list[Any]):
    """A task sent to a worker: empty until the answer arrives, then (True, result) or (False, error)."""


class _Worker:
    """A process that answers tasks in order.

    Attributes:
        connection: The parent's end of the pipe.
        pending: The tasks that it has not answered yet.
    """

    def __init__(self, work: Callable[[Any], Any], method: Literal["fork", "spawn"]) -> None:
        from multiprocessing import get_context  # noqa: PLC0415 - most scans do not need it

        context: Any = get_context(method)
        self.connection, child_end = context.Pipe()
        self.pending: deque[_Pending] = deque()
        parent_end = self.connection if method == "fork" else None  # a fork has a copy
        self.process = context.Process(target=_serve, args=(child_end, parent_end, work, os.getpid()), daemon=True)
        self.process.start()
        child_end.close()


class _Pool:
    """Workers and their pending tasks. No thread serves them: answers are received while waiting for a result."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []

    def submit(self, task: Any) -> _Pending:
        """Send a task to the worker with the fewest pending tasks."""
        worker = min(self.workers, key=lambda worker: len(worker.pending))
        pending = _Pending()
        try:
            worker.connection.send(task)
        except OSError as error:
            raise _killed() from error
        worker.pending.append(pending)
        return pending

    def result(self, pending: _Pending) -> Any:
        """Wait for the answer to a task, and receive all other answers meanwhile."""
        from multiprocessing.connection import wait  # noqa: PLC0415 - most scans do not need it

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
        """Kill all workers; they have nothing to clean up."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.process.close()
            worker.connection.close()


def _killed() -> ImgcostError:
    return ImgcostError("a worker process was killed, possibly by the out-of-memory killer: try again with --jobs 1")


@contextmanager
def _pool(work: Callable[[Any], Any], jobs: int, method: Literal["fork", "spawn"]) -> Iterator[_Pool]:
    """Start workers, and end them when the context is left: kill them if it is left by an error or a signal."""
    pool = _Pool()
    owner = os.getpid()
    try:
        with _signals_deferred():
            for _ in range(jobs):
                pool.workers.append(_Worker(work, method))
        yield pool
        for worker in pool.workers:
            with suppress(OSError):  # it has already ended
                worker.connection.send(None)
        for worker in pool.workers:
            worker.process.join()
    finally:
        if os.getpid() == owner:  # a fork of the caller does not own the workers
            with _signals_deferred():
                pool.end()


TERMINATING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
"""Signals that terminate a process."""


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Defer signals that would raise: an exception during a fork would be lost, or leave a worker behind.

    Blocking them in this thread is not enough, because threads of numpy or pyarrow would receive them.
    """
    received: list[int] = []
    handlers: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():  # signals interrupt only this one
            for number in TERMINATING:
                if callable(handler := signal.getsignal(number)):
                    handlers[number] = handler
                    signal.signal(number, lambda number, _frame: received.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received:
            handlers[received[0]](received[0], None)


def _serve(connection: Connection, copy: Connection | None, work: Callable[[Any], Any], parent: int) -> None:
    """Run a worker: answer tasks until there are no more, or the parent has ended."""
    from queue import SimpleQueue  # noqa: PLC0415 - most scans do not need it

    if copy:
        copy.close()  # otherwise this process would keep its own pipe open
    _prepare()
    tasks: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks, parent), daemon=True).start()
    with suppress(BrokenPipeError):  # the parent has ended
        while (task := tasks.get()) is not None:
            connection.send(_answer(work, task))


def _prepare() -> None:
    """Prepare a worker process: signals end it silently, and it does not keep stdout open.

    Ignored signals stay ignored: under nohup a scan continues when the terminal closes.
    """
    for number in TERMINATING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # they would be printed once per worker
    with suppress(OSError), open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), 1)


def _listen(connection: Connection, tasks: SimpleQueue[Any], parent: int) -> None:
    """Receive tasks as they arrive, so that the parent never blocks, and exit when the parent has ended."""
    while True:
        try:
            if connection.poll(ORPHANED_SECONDS):
                tasks.put(connection.recv())
                continue
        except (EOFError, OSError):
            os._exit(1)
        # A later worker, or another fork of the parent, may keep the parent's end of the pipe open.
        if os.name == "posix" and os.getppid() != parent:
            os._exit(1)


def _answer(work: Callable[[Any], Any], task: Any) -> tuple[bool, Any]:
    try:
        return True, work(task)
    except Exception as error:  # noqa: BLE001 - re-raised in the parent
        import traceback  # noqa: PLC0415 - an error is rare

        error.add_note(traceback.format_exc())
        return False, error
