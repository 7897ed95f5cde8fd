"""The command line. It speaks to people: options in, one call of the library, a report out, an exit code.

A command's module is imported when the command is run, and not before: starting fast is a feature.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from imgcost import __version__
from imgcost.cli.streams import prepare_streams
from imgcost.errors import ImgcostError
from imgcost.formats import visible

__all__ = ["main"]

COMMANDS = ("estimate", "scan", "plan", "check", "largest", "models", "rules")

INTERRUPTED, BROKEN_PIPE = 130, 141
"""The exit codes of a run that Ctrl-C ended, and of one whose reader went away, as shells have them."""


class Failure(click.ClickException):
    """imgcost could not do its work: exit code 2, so that it is never taken for a finding."""

    exit_code = 2


class _Commands(click.Group):
    """The commands by name; turns the library's own errors into exit code 2."""

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

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has gone, as `head` does: no failure, and nothing to flush at the end.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(BROKEN_PIPE)
        except (ImgcostError, OSError) as error:
            raise Failure(visible(str(error))) from error
        except KeyboardInterrupt:
            click.echo("imgcost: interrupted", err=True)
            sys.exit(INTERRUPTED)


def _docstring(command: click.Command) -> str | None:
    """The help of a command, from its source: `python -OO` drops the docstring that click takes it from."""
    import ast  # noqa: PLC0415 - nothing else needs it
    import inspect  # noqa: PLC0415 - likewise

    function = ast.parse(inspect.getsource(inspect.unwrap(command.callback))).body[0]  # type: ignore[arg-type] # every command has one
    return ast.get_docstring(function)  # type: ignore[arg-type] # it is a function


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="imgcost %(version)s")
def main() -> None:
    """What images will cost with Claude, before they are sent.

        Counts visual tokens exactly as the published rules do and prices them from dated tables. Nothing is sent anywhere,
        no key is needed, and no pixel is decoded.

        \b
        Exit codes:
          0  done
    COMMANDS = ("estimate", "scan", "plan", "check", "largest", "models", "rules")
          2  imgcost could not do its work: bad usage, an unknown model, no price on that day, or,
             under --strict, something that could not be read
    """
