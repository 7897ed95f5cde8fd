"""Running imgcost as a shell would, on a terminal of a hundred columns."""

from __future__ import annotations

from click.testing import CliRunner

from imgcost.cli import main


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
