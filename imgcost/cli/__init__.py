"""The command line. It speaks to people: options in, one call of the library, a report out, an exit code.

A command's module is imported when the command is run, and not before: starting fast is a feature.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from imgcost import __version__
from imgcost.cli.exit_codes import BROKEN_PIPE, EXIT_CODES, FAILED, INTERRUPTED
from imgcost.cli.signals import ending_in_order
from imgcost.cli.streams import prepare_streams
from imgcost.errors import ImgcostError
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

COMMANDS = ("estimate", "scan", "plan", "check", "largest", "models", "rules")

TRACEBACK = "IMGCOST_TRACEBACK"
"""The environment variable that shows the traceback of a bug."""


class Failure(click.ClickException):
    """imgcost could not do its work: exit code 2, so that it is never taken for a finding."""

    exit_code = FAILED


class _Commands(click.Group):
    """The commands by name; every exception that ends one becomes the exit code that `EXIT_CODES` lists."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"imgcost.cli.{cmd_name}").command
        command.help = command.help or _docstring(command)
        return command

    def main(self, *args: Any, **options: Any) -> Any:
        prepare_streams()
        self.help = self.help or _docstring(self)
        return super().main(*args, **options)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _exit_codes():  # --help and --version print from here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        # The library leaves the filters of warnings alone, because they belong to the whole process. This one is ours.
        warnings.filterwarnings(
            "ignore", module=r"PIL\."
        )  # a decompression bomb, which opening a file does not set off
        with _exit_codes(), ending_in_order():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """End with the exit code that belongs to an exception."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: not a failure, and nothing to flush at the end.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except (ImgcostError, OSError) as error:
        raise Failure(visible(str(error))) from error
    except KeyboardInterrupt:
        click.echo("imgcost: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        raise Failure(_bug(error)) from error


def _bug(error: Exception) -> str:
    """What to say of an exception that no code of ours expects; its traceback is printed where it is asked for."""
    hint = f"run the command again with {TRACEBACK}=1 for the traceback"
    if os.environ.get(TRACEBACK):
        from traceback import print_exception  # noqa: PLC0415 - no other run needs it

        print_exception(error)
        hint = "the traceback is above"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"this is a bug in imgcost {__version__}, please report it ({hint}): {visible(what[:300])}"


def _docstring(command: click.Command) -> str | None:
    """The help of a command, from its source: `python -OO` drops the docstring that click takes it from."""
    import ast  # noqa: PLC0415 - nothing else needs it
    import inspect  # noqa: PLC0415 - likewise

    function = ast.parse(inspect.getsource(inspect.unwrap(command.callback))).body[0]  # type: ignore[arg-type] # every command has one
    return ast.get_docstring(function)  # type: ignore[arg-type] # it is a function


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="imgcost %(version)s")
def main() -> None:
    """Know what your images will cost with Claude before you send them.

    Counts visual tokens exactly as the published rules do and prices them from dated tables. No API key or network
    is needed, and no pixel is decoded.
    """
