"""Turn termination signals into exceptions, so that temporary files are removed and workers shut down cleanly."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Terminated", "check_signals", "signals_as_exceptions", "signals_deferred"]

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""The signals handled. Windows has only the first two."""


class Terminated(SystemExit):
    """Raised for a signal other than SIGINT; the exit code is 128 plus its number, as in shells.

    Attributes:
        signal: Name of the signal.
    """

    def __init__(self, number: int) -> None:
        """Set the exit code and the name of a signal number."""
        super().__init__(128 + number)
        self.signal = signal.Signals(number).name


_received: list[int] = []
_deferring: list[bool] = []


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Raise KeyboardInterrupt or `Terminated` on a signal, unless it is already handled, or ignored (nohup)."""
    handlers = {}
    _received.clear()
    if threading.current_thread() is threading.main_thread():
        for number in [getattr(signal, name) for name in NAMES if hasattr(signal, name)]:
            if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                handlers[number] = signal.signal(number, _handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer signals, for example during an import: libraries mistake an exception there for a broken install."""
    _deferring.append(True)
    try:
        yield
    finally:
        _deferring.pop()
    check_signals()


def check_signals() -> None:
    """Raise the exception of an earlier signal again, in case it was lost.

    Python discards exceptions in some places, such as weak reference callbacks. Commands therefore call this regularly.
    """
    if _received and not _deferring:
        number = _received[-1]
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _handle(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    check_signals()
