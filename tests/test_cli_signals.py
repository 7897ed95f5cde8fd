"""Signals end a command cleanly, and other handlers are unchanged."""

from __future__ import annotations

import signal
import threading

import pytest

from imgcost.cli import signals
from imgcost.cli.signals import Terminated, check_signals, signals_as_exceptions, signals_deferred

pytestmark = pytest.mark.slow  # processes that are signaled

ENDING = [getattr(signal, name) for name in signals.NAMES if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def dispositions():
    """Reset the handlers to those of an interactive program, and restore them afterwards."""
    before = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_an_exception_and_handlers_are_as_before_afterwards(number):
    before = [signal.getsignal(each) for each in ENDING]
    with pytest.raises((KeyboardInterrupt, Terminated)) as caught, signals_as_exceptions():
        signal.raise_signal(number)
    if number == signal.SIGINT:
        assert caught.type is KeyboardInterrupt
    else:
        assert (caught.value.code, caught.value.signal) == (128 + number, signal.Signals(number).name)
    assert [signal.getsignal(each) for each in ENDING] == before


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_ignored_or_foreign_handlers_are_kept(number, handler):
    signal.signal(number, handler)
    with signals_as_exceptions():
        signal.raise_signal(number)
        assert signal.getsignal(number) is handler
    assert signal.getsignal(number) is handler


def test_in_another_thread_no_handler_is_set():
    handlers = []

    def look():
        with signals_as_exceptions():
            handlers.extend(signal.getsignal(number) for number in ENDING)

    before = [signal.getsignal(number) for number in ENDING]
    thread = threading.Thread(target=look)
    thread.start()
    thread.join(10)
    assert handlers == before


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_an_exception_that_was_dropped_is_raised_again(number, error):
    def drop():
        with pytest.raises(error):
            signal.raise_signal(number)  # as in the callback of a weak reference

    with signals_as_exceptions():
        check_signals()
        drop()
        with pytest.raises(error):
            check_signals()
    with signals_as_exceptions():
        check_signals()


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_blocked_signal_is_raised_at_the_end(number, error):
    done = []

    def block_signal():
        with signals_deferred():
            signal.raise_signal(number)
            check_signals()
            done.append(True)
        done.append(False)

    with signals_as_exceptions(), pytest.raises(error):
        block_signal()
    assert done == [True]


def test_an_error_while_signals_are_blocked_takes_precedence():
    def fail():
        with signals_deferred():
            signal.raise_signal(signal.SIGINT)
            raise LookupError

    with signals_as_exceptions():
        with pytest.raises(LookupError):
            fail()
        with pytest.raises(KeyboardInterrupt):
            check_signals()
