"""Many calls at a time that wait for a network, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["Done", "Threads"]

POLL_SECONDS = 0.5
"""Seconds between checks for signals, which do not interrupt a waiting thread on Windows."""

LEAVE_SECONDS = 1.0
"""Seconds to wait for running calls when the threads are left; their requests can take much longer."""


class Done(NamedTuple):
    """The end of a call.

    Attributes:
        tag: What the caller passed to `submit`.
        value: The result; None if there is an error.
        error: The exception that was raised; None if there is a result.
    """

    tag: Any
    value: Any = None
    error: Exception | None = None


class Threads:
    """A pool of daemon threads, in contrast to those of `concurrent.futures`, which are awaited at exit.

    Attributes:
        stopped: Set when the pool is left; calls should end soon.
    """

    def __init__(self, threads: int) -> None:
        """Create a pool; threads start when there is work.

        Args:
            threads: Maximum number of threads.
        """
        self.stopped = threading.Event()
        self._max = threads
        self._threads: list[threading.Thread] = []
        self._calls: SimpleQueue[tuple[Any, Callable[[], Any]] | None] = SimpleQueue()
        self._done: SimpleQueue[Done] = SimpleQueue()
        self._running = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop waiting calls, and wait a moment for running ones."""
        self.stopped.set()
        with suppress(Empty):
            while True:
                self._calls.get_nowait()
        for _ in self._threads:
            self._calls.put(None)
        seconds = LEAVE_SECONDS
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                seconds = 0

    def submit(self, tag: Any, call: Callable[[], Any]) -> None:
        """Run a call in a thread; `done` returns its end with the tag."""
        self._running += 1
        if len(self._threads) < min(self._max, self._running):
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        self._calls.put((tag, call))

    def done(self) -> list[Done]:
        """Wait until at least one call has ended, and return all that have."""
        ended: list[Done] = []
        while not ended:
            with suppress(Empty):
                ended.append(self._done.get(timeout=POLL_SECONDS))
                while True:
                    ended.append(self._done.get_nowait())
        self._running -= len(ended)
        return ended

    def _work(self) -> None:
        while (task := self._calls.get()) is not None:
            tag, call = task
            try:
                self._done.put(Done(tag, call()))
            except Exception as error:  # noqa: BLE001 - the caller decides
                self._done.put(Done(tag, error=error))
