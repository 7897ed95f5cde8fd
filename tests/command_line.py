"""Running imgcost as a shell would, on a terminal of a hundred columns, or in a process of its own to be signaled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from click.testing import CliRunner

from imgcost.cli import main

LIMIT = 60
"""Seconds after which a wait has failed: many times what it takes on a busy machine."""


def run(*arguments, stdin=None):
    """A run, whatever comes of it."""
    return CliRunner().invoke(
        main, [str(one) for one in arguments], input=stdin, prog_name="imgcost", terminal_width=100
    )


def _ended(*arguments, stdin=None):
    """A run that ends by itself: no traceback, whatever the exit code."""
    result = run(*arguments, stdin=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def printed(*arguments, stdin=None, code=0, stderr=""):
    """What a run prints that does its work: stdout alone, for stderr is empty."""
    result = _ended(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (code, stderr)
    return result.stdout


def refused(*arguments, stdin=None):
    """What stderr says of a run that could not be done: exit code 2, nothing on stdout."""
    result = _ended(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    return result.stderr


def wait_until(true):
    """Wait for something to come about."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        if true():
            return
        time.sleep(0.02)
    pytest.fail("it never came about")


class Running:
    """imgcost in a process and a process group of its own.

    Its signals are those of a command at a terminal, however the tests were started: a background job, `nohup` and many
    CI runners ignore SIGINT, and a child inherits that. `ignored` are signals that are to be ignored from the start.
    """

    def __init__(self, *arguments, before="", ignored=(), **options):
        code = [
            "import signal",
            "signal.signal(signal.SIGINT, signal.default_int_handler)",
            "signal.signal(signal.SIGTERM, signal.SIG_DFL)",
            *(f"signal.signal({int(number)}, signal.SIG_IGN)" for number in ignored),
            before,
            "from imgcost.__main__ import run",
            "run()",
        ]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(
            [sys.executable, "-c", "\n".join(code), *map(str, arguments)],
            start_new_session=True,
            **pipes | options,
        )
        self.feeder = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait(LIMIT)
        self._join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def feed(self, path, times):
        """Write a path to its stdin so many times, in the background: it may never be read."""

        def write():
            with suppress(OSError):
                for _ in range(times):
                    os.write(self.process.stdin.fileno(), os.fsencode(path) + b"\n")

        self._join()
        self.feeder = threading.Thread(target=write, daemon=True)
        self.feeder.start()

    def _join(self):
        if self.feeder:
            self.feeder.join(LIMIT)
            assert not self.feeder.is_alive()

    def ended(self, stdin=b""):
        """Wait for its end; then its exit code, stdout and stderr."""
        out, err = self.process.communicate(stdin, timeout=LIMIT)
        return self.process.returncode, (out or b"").decode(), err.decode()

    def end(self, number):
        """Send a signal; then its exit code and what it said on stderr.

        Python drops what a signal raises where the signal comes in the callback of a weak reference, such as those of
        imports, once in some thousand times. A person who sees nothing happen presses the keys again.
        """
        for patience in (10, LIMIT):
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(patience), self._said()
        pytest.fail("it did not end, though it was told to twice")

    def _said(self):
        lines = self.process.stderr.read().decode().splitlines(keepends=True)
        dropped = [number for number, line in enumerate(lines) if line.startswith("Exception ignored in")]
        return "".join(lines[(dropped[-1] + 4 if dropped else 0) :])

    def children_left(self):
        """Whether anybody is left in the group that it led."""
        for _ in range(100):  # those that were orphaned are buried by somebody else, in a moment
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.02)
        return True
