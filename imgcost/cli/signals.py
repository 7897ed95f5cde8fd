"""Signals that end a process end a command as an error does: temporary files are removed, workers end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Terminated", "check_signals", "ending_in_order", "signals_held"]

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""The signals that end a process. Windows has the first two only."""


class Terminated(SystemExit):
    """A signal other than SIGINT ended the command; the exit code is 128 plus its number, as in shells.

    Attributes:
        signal: Its name.
    """

    def __init__(self, number: int) -> None:
        """Name the signal by its number."""
        super().__init__(128 + number)
        self.signal = signal.Signals(number).name


_received: list[int] = []
_held: list[bool] = []


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Raise KeyboardInterrupt or `Terminated` for signals, except those that are handled or ignored, as by nohup."""
    before = {}
    _received.clear()
    if threading.current_thread() is threading.main_thread():
        for number in [getattr(signal, name) for name in NAMES if hasattr(signal, name)]:
            if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals wait for a moment, such as an import: libraries in C take an exception there for a broken install."""
    _held.append(True)
    try:
        yield
    finally:
        _held.pop()
    check_signals()


def check_signals() -> None:
    """Raise what a signal has raised before, if that was dropped.

    Python drops exceptions in some places, such as the callbacks of weak references. A command that is still running
    after a signal calls this now and then.
    """
    if _received and not _held:
        number = _received[-1]
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _end(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    check_signals()
