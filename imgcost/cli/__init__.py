"""The command line: parse options, call the library once, print a report, return an exit code.

To start fast, a command's module is imported only when that command runs.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.exit_codes import BROKEN_PIPE, EXIT_CODES, FAILED, INTERRUPTED
from imgcost.cli.signals import signals_as_exceptions
from imgcost.cli.streams import prepare_streams
from imgcost.errors import ImgcostError
from imgcost.text import visible
from imgcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

COMMANDS = ("estimate", "scan", "plan", "check", "fit", "largest", "models", "rules", "sql")

TRACEBACK = "IMGCOST_TRACEBACK"
"""Environment variable that makes a bug print its traceback."""


class Failure(click.ClickException):
    """A failure of imgcost itself: exit code 2, so that it is not mistaken for a finding."""

    exit_code = FAILED


class _Commands(click.Group):
    """Load commands by name and turn every exception into one of `EXIT_CODES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - same
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"imgcost.cli.{cmd_name}").command
        command.help = command.help or _docstring(command)
        return command

    def main(self, *args: Any, **options: Any) -> Any:
        prepare_streams()
        self.help = self.help or _docstring(self)
        return super().main(*args, **options)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - same
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _exit_codes():  # --help and --version print from here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        # The library never changes warning filters, which are global; the command line owns its process. Pillow warns
        # of decompression bombs, but imgcost only opens files and never decodes them.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        with _exit_codes(), signals_as_exceptions():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Exit with the code that belongs to an exception."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does: not a failure, and nothing left to flush.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        raise Failure(_sentence(visible(_os_error(error)))) from error
    except ImgcostError as error:
        raise Failure(_sentence(visible(str(error)))) from error
    except KeyboardInterrupt:
        click.echo("imgcost: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        raise Failure(_bug(error)) from error


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _os_error(error: OSError) -> str:
    """Describe an error of the system, without its number."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _bug(error: Exception) -> str:
    """Describe an unexpected exception, and print its traceback if `TRACEBACK` is set."""
    hint = f"run the command again with {TRACEBACK}=1 for the traceback"
    if os.environ.get(TRACEBACK):
        from traceback import print_exception  # noqa: PLC0415 - only needed here

        print_exception(error)
        hint = "the traceback is above"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"this is a bug in imgcost {__version__}, please report it ({hint}): {visible(what[:300])}"


def _docstring(command: click.Command) -> str | None:
    """Read a command's help from its source, because `python -OO` strips the docstring that click uses."""
    import ast  # noqa: PLC0415 - only needed here
    import inspect  # noqa: PLC0415 - same

    function = ast.parse(inspect.getsource(inspect.unwrap(command.callback))).body[0]  # type: ignore[arg-type] # every command has a callback
    return ast.get_docstring(function)  # type: ignore[arg-type] # the callback is a function


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="imgcost %(version)s")
def main() -> None:
    """Know what your images will cost with Claude before you send them.

    imgcost counts visual tokens by the published rules and prices them from dated price tables. It needs no API key,
    and no network unless you name a URL. Only fitting decodes pixels.
    """
