"""Run imgcost in this process, at a width of 100 columns, or in a separate process that gets signals."""

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
"""Timeout of a wait, in seconds; far more than a busy machine needs."""


def run(*arguments, stdin=None):
    """Run imgcost; return the result, which may be an error."""
    return CliRunner().invoke(
        main, [str(argument) for argument in arguments], input=stdin, prog_name="imgcost", terminal_width=100
    )


def _invoke(*arguments, stdin=None):
    """Run imgcost; fail on a traceback."""
    result = run(*arguments, stdin=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def printed(*arguments, stdin=None, code=0, stderr=""):
    """Run imgcost; return stdout, and check the exit code and stderr, apart from the names of the files written."""
    result = _invoke(*arguments, stdin=stdin)
    assert (result.exit_code, without_files(result.stderr)) == (code, stderr)
    return result.stdout


def without_files(stderr):
    """Return what is on stderr, apart from the names of the files that were written."""
    return "".join(line for line in stderr.splitlines(keepends=True) if not line.startswith("imgcost: wrote "))


def unwrapped(text):
    """Undo the wrapping of titles and notes."""
    return text.replace("\n    ", " ")


def refused(*arguments, stdin=None):
    """Run imgcost; check exit code 2 and an empty stdout, and return stderr."""
    result = _invoke(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    return result.stderr


def wait_until(condition):
    """Wait until a condition is true, at most `LIMIT` seconds."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("the condition never became true")


DEADLY = ("SIGTERM", "SIGHUP", "SIGQUIT")


class Running:
    """imgcost in a separate process and process group.

    It handles signals like a command in a terminal, however the tests were started: background jobs, `nohup` and many
    CI runners ignore SIGINT or SIGHUP, which children inherit. `ignored` are signals to ignore from the start.
    """

    def __init__(self, *arguments, before="", ignored=(), **options):
        code = [
            "import signal",
            "signal.signal(signal.SIGINT, signal.default_int_handler)",
            *(f"signal.signal(signal.{name}, signal.SIG_DFL)" for name in DEADLY if hasattr(signal, name)),
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
        """Write a path to its stdin repeatedly, in a thread, because it may never be read."""

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

    def wait(self, stdin=b""):
        """Wait for it to exit; return the exit code, stdout and stderr."""
        out, err = self.process.communicate(stdin, timeout=LIMIT)
        return self.process.returncode, (out or b"").decode(), err.decode()

    def end(self, number):
        """Send a signal; return the exit code and stderr.

        About once in a thousand times Python drops the exception, because the signal handler runs in the callback of a
        weak reference, such as those of imports. Users press the keys again, and so does this method.
        """
        for seconds in (10, LIMIT):
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(seconds), self._stderr()
        pytest.fail("the process did not end after two signals")

    def _stderr(self):
        lines = self.process.stderr.read().decode().splitlines(keepends=True)
        dropped = [number for number, line in enumerate(lines) if line.startswith("Exception ignored in")]
        return "".join(lines[(dropped[-1] + 4 if dropped else 0) :])

    def children_left(self):
        """Return whether processes of its group are still running."""
        for _ in range(100):  # init reaps orphans after a moment
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.02)
        return True
