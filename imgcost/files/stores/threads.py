"""Many calls at a time that wait for a network, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
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


STUCK_SECONDS = 300.0
"""Seconds without the end of any call after which the running ones are given up: requests are repeated for less."""


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
        """Create a pool; a thread starts with each call, up to the maximum.

        Args:
            threads: Maximum number of threads.
        """
        self.stopped = threading.Event()
        self._max = threads
        self._threads: list[threading.Thread] = []
        self._calls: SimpleQueue[tuple[Any, Callable[[], Any]] | None] = SimpleQueue()
        self._done: SimpleQueue[Done] = SimpleQueue()
        self._running: dict[int, Any] = {}

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
        self._calls.put((tag, call))
        if len(self._threads) < self._max:
            self._start()

    def done(self) -> list[Done]:
        """Wait until at least one call has ended, and return all that have; none if the running calls are stuck."""
        ended: list[Done] = []
        deadline = monotonic() + STUCK_SECONDS
        while not ended and monotonic() < deadline:
            with suppress(Empty):
                ended.append(self._done.get(timeout=POLL_SECONDS))
                while True:
                    ended.append(self._done.get_nowait())
        return ended

    def give_up(self) -> list[Any]:
        """Replace all threads, and return the tags of the calls that are running; their ends may still come."""
        stuck = list(self._running.values())
        self._threads = []
        for _ in stuck:
            self._start()
        return stuck

    def _start(self) -> None:
        self._threads.append(threading.Thread(target=self._work, daemon=True))
        self._threads[-1].start()

    def _work(self) -> None:
        while (task := self._calls.get()) is not None:
            tag, call = task
            self._running[threading.get_ident()] = tag
            try:
                self._done.put(Done(tag, call()))
            except Exception as error:  # noqa: BLE001 - the caller decides
                self._done.put(Done(tag, error=error))
            self._running.pop(threading.get_ident(), None)
