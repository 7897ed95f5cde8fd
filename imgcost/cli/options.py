"""Options and arguments shared by several commands, so that a flag means the same everywhere."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imgcost.cli.signals import signals_deferred
from imgcost.conditions import API_PLATFORMS
from imgcost.errors import ArgumentError, ImgcostError, SizeError, short_repr
from imgcost.figures import listed
from imgcost.geometry import padded_size
from imgcost.outputs import Output
from imgcost.paths import is_url
from imgcost.quantities import MAX_COUNT, count_within, parse_dollars, parse_ratio, parse_size, split_names
from imgcost.text import Report, as_json, as_markdown, as_text, visible

__all__ = [
    "COUNT",
    "DATE",
    "DEFAULT_MODEL",
    "DOLLARS",
    "OUTPUT_FILE",
    "RATIO",
    "RENDERERS",
    "SIZE",
    "TOKENS",
    "ParamType",
    "echo",
    "fail_if_empty",
    "fail_on_empty_option",
    "format_option",
    "invalid_option",
    "models_option",
    "output_option",
    "paths_argument",
    "placement_options",
    "platform_option",
    "quote_options",
    "reject_overwrites",
    "save",
    "say_what_was_written",
    "single_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MODEL = "sonnet"
RENDERERS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "markdown": as_markdown}


if TYPE_CHECKING:
    from click import ParamType

    from imgcost.tabular import Row, Schema
else:
    ParamType = defaultdict(lambda: click.ParamType)  # generic only since click 8.4


class _Size(ParamType[tuple[int, int]]):
    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        try:
            size = parse_size(str(value))
        except SizeError as error:
            self.fail(f"{str(error).removeprefix('invalid size ')}.", param, ctx)
        try:
            padded_size(*size)
        except SizeError as error:
            self.fail(f"{short_repr(value)}: {error}.", param, ctx)
        return size


class _Ratio(ParamType[tuple[int, int]]):
    name = "WIDTH:HEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        return parse_ratio(str(value)) or self.fail(
            f"{short_repr(value)}: expected WIDTH:HEIGHT, such as 16:9.", param, ctx
        )


class _Date(ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        with suppress(ValueError):
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                return date.fromisoformat(value)
        return self.fail(f"{short_repr(value)}: expected YYYY-MM-DD, such as 2026-11-22.", param, ctx)


class _Count(ParamType[int]):
    """A whole number from a minimum; its maximum is checked where it is used, if there is another."""

    name = "N"

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return count_within(value, "count", self.minimum, MAX_COUNT)
        except ArgumentError as error:
            return self.fail(f"{str(error).removeprefix('invalid count ')}.", param, ctx)


class _Dollars(ParamType[Decimal]):
    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        amount = parse_dollars(str(value))
        if amount is None:
            self.fail(f"{short_repr(value)}: expected US dollars, such as 12.50, $1,200 or 1.5k.", param, ctx)
        return amount


class _OutputFile(click.Path):
    """An output file. An empty name is an error: it usually comes from an unset variable in a script."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not value:
            self.fail("the file name is empty.", param, ctx)
        folder = os.path.dirname(os.path.realpath(value))  # noqa: PTH120 - the path can be any string
        if not os.path.isdir(folder):  # noqa: PTH112 - same
            self.fail(
                f"{visible(str(value))} cannot be written: the folder {visible(folder)} does not exist.", param, ctx
            )
        return super().convert(value, param, ctx)


SIZE, RATIO, DATE, COUNT, TOKENS, DOLLARS = _Size(), _Ratio(), _Date(), _Count(), _Count(0), _Dollars()
OUTPUT_FILE = _OutputFile(dir_okay=False)


def platform_option(command: Command) -> Command:
    """Add --platform; the model's name decides if it is not given."""
    return click.option(
        "--platform",
        type=click.Choice(API_PLATFORMS),
        metavar="PLATFORM",
        help=f"Platform that serves the requests: {', '.join(API_PLATFORMS)}.  [default: from the model ID, else "
        "claude-api]",
    )(command)


def placement_options(command: Command) -> Command:
    """Add --platform, --endpoint and --fast; the model's name decides those that are not given."""
    for option in (
        click.option(
            "--fast/--no-fast",
            "speed",
            default=None,
            callback=lambda _context, _option, fast: None if fast is None else "fast" if fast else "standard",
            help="Use fast mode prices.  [default: from the model ID, else no]",
        ),
        click.option(
            "--endpoint",
            type=click.Choice(["global", "regional"]),
            help="Endpoint type (Amazon Bedrock and Google Cloud only).  [default: from the model ID, else global]",
        ),
    ):
        command = option(command)
    return platform_option(command)


def models_option(**attributes: Any) -> Callable[[Command], Command]:
    """Return a decorator that adds --model: names, separated by commas or in several options."""
    return click.option(
        "-m",
        "--model",
        "models",
        multiple=True,
        callback=lambda _context, _option, names: tuple(split_names(names)),
        help="Model IDs, aliases, Bedrock or Google Cloud IDs, or families (sonnet, opus, haiku, fable), separated by "
        f"commas. Can be repeated.{'' if 'default' in attributes else f'  [default: {DEFAULT_MODEL}]'}",
        **attributes,
    )


def quote_options(command: Command) -> Command:
    """Add the options for `imgcost.quoting.quotes`."""
    command = placement_options(command)
    for option in reversed(
        (
            models_option(default=(DEFAULT_MODEL,), show_default=True),
            click.option("--as-of", type=DATE, help="Use the prices of this date.  [default: today]"),
            click.option(
                "--formula",
                type=click.Choice(["patch", "area"]),
                help="Count tokens by this formula: patch (28 x 28 px per token), or area of the Claude 3 guide "
                "(width x height / 750).  [default: that of the model]",
            ),
            click.option("--batch", is_flag=True, help="Use Message Batches API prices."),
            click.option(
                "--prompt-cache",
                "cache",
                type=click.Choice(["none", "5m", "1h"]),
                default="none",
                show_default=True,
                help="Price images as part of a cached prompt: written to the cache for 5 minutes or 1 hour.",
            ),
            click.option(
                "--inference-geo",
                type=click.Choice(["global", "us"]),
                default="global",
                show_default=True,
                help="Where inference may run; us costs more.",
            ),
        )
    ):
        command = option(command)
    return command


def _any_exists(_context: click.Context, _argument: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Reject the paths only if none of them exists; otherwise the report lists the missing ones."""
    from imgcost.datasets.targets import expanded  # noqa: PLC0415 - loads the scanner, which an estimate does not need

    if not any(path == "-" or os.path.lexists(match) for path in paths for match in expanded(path)):
        urls = any(map(is_url, paths))
        advice = " Only 'imgcost scan' and 'imgcost plan' read URLs." if urls else ""
        raise click.BadParameter(f"Path {click.format_filename(paths[0])!r} does not exist.{advice}")
    return paths


def _any_exists_or_is_url(context: click.Context, argument: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    return paths if any(map(is_url, paths)) else _any_exists(context, argument, paths)


def paths_argument(command: Command, *, urls: bool = False) -> Command:
    """Add the paths to read. Each of them may be missing or unreadable."""
    return click.argument(
        "paths",
        type=click.Path(readable=False, allow_dash=True),
        nargs=-1,
        required=True,
        callback=_any_exists_or_is_url if urls else _any_exists,
        metavar="PATH|URL...|-" if urls else "PATH...|-",
    )(command)


def format_option(command: Command) -> Command:
    """Add --format."""
    return click.option(
        "-f",
        "--format",
        "style",
        type=click.Choice(list(RENDERERS)),
        default="text",
        show_default=True,
        help="Format of the printed report.",
    )(command)


def _with_known_suffixes(_context: click.Context, _option: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Reject an unknown suffix before doing the work."""
    if paths:
        from imgcost.reports.writers import format_of  # noqa: PLC0415 - most reports are only printed

        for path in paths:
            format_of(path)
    return paths


def output_option(
    *names: str,
    what: str = "Also write the report to FILE (.csv, .json, .jsonl, .parquet, .xlsx, .html or .md)",
) -> Callable[[Command], Command]:
    """Return a decorator that adds the files to write a report to, by default as --output."""
    return click.option(
        *(names or ("-o", "--output", "outputs")),
        multiple=True,
        type=OUTPUT_FILE,
        callback=_with_known_suffixes,
        metavar="FILE",
        help=f'{what}; "$GITHUB_STEP_SUMMARY" gets Markdown. Can be repeated.',
    )


def single_option(*names: str, default: str | None = None, **attributes: Any) -> Callable[[Command], Command]:
    """Return a decorator that adds an option that other commands repeat: two values are an error, not the last one."""

    def single(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str | None:
        if len(values) > 1:
            raise click.BadParameter(f"{listed([*map(short_repr, values)])} were given: this command takes only one.")
        return values[0] if values else None

    default_values = None if default is None else (default,)
    return click.option(*names, multiple=True, callback=single, default=default_values, **attributes)


def fail_on_empty_option(command: Command) -> Command:
    """Add --fail-on-empty; see `fail_if_empty`."""
    return click.option("--fail-on-empty", is_flag=True, help="Exit with code 2 if no images are found.")(command)


def fail_if_empty(images: int, fail_on_empty: bool) -> None:
    """Raise an error if there are no images and --fail-on-empty was given.

    Raises:
        ImgcostError: There are none.
    """
    if fail_on_empty and not images:
        raise ImgcostError("no images found (--fail-on-empty was given): check the paths and the glob patterns")


def invalid_option(error: ArgumentError) -> click.BadParameter:
    """Say in which option of the current command an invalid value is."""
    params = click.get_current_context().command.params
    (option,) = (param for param in params if param.name == error.argument)
    return click.BadParameter(f"{str(error).removeprefix(f'invalid {error.argument} ')}.", param=option)


def reject_overwrites(inputs: Iterable[str], **outputs: str | Iterable[str] | None) -> None:
    """Reject outputs that would overwrite an input or each other, however their paths are spelled.

    Raises:
        click.UsageError: An output is one of the inputs, or two outputs are the same file.
    """
    paths = [*inputs]
    for name, files in outputs.items():
        for output in [files] if isinstance(files, str) else files or ():
            for path in paths:
                if _same_file(path, output):
                    raise click.UsageError(
                        f"--{name} {visible(output)} would overwrite {visible(path)}: choose another file."
                    )
            paths.append(output)


def _same_file(path: str, other: str) -> bool:
    if os.path.realpath(path) == os.path.realpath(other):  # neither needs to exist yet
        return True
    try:
        return os.path.samefile(path, other)  # noqa: PTH121 - paths may be any strings
    except (OSError, ValueError):
        return False


def save(
    report: Report,
    outputs: Sequence[str],
    schema: Schema,
    rows: Callable[[], Iterable[Row]],
    json: Callable[[], Iterable[str]] | None = None,
    together: ExitStack | None = None,
) -> None:
    """Write a command's report to each --output: to all of them, or to none after an error.

    Args:
        report: The report.
        outputs: The files; may be empty.
        schema: The columns of the rows.
        rows: Returns the rows, for each file again.
        json: Returns the JSON in pieces; None encodes the report.
        together: The stack of other outputs of the command; see `imgcost.outputs.Output`.
    """
    if outputs:
        from imgcost.reports.writers import save_report  # noqa: PLC0415 - most reports are only printed

        with signals_deferred(), ExitStack() as stack:
            for path in outputs:
                save_report(report, schema, rows(), Output(path, together or stack), json)
        if together is None:
            say_what_was_written(outputs)


def say_what_was_written(outputs: Iterable[str]) -> None:
    """Name the files that a command has written, on stderr."""
    for path in outputs:
        click.echo(f"imgcost: wrote {visible(path)}", err=True)


def echo(report: Report, style: str, *, err: bool = False) -> None:
    """Print a report in the given style, with bar charts if the output is a terminal."""
    stream = sys.stderr if err else sys.stdout
    if style != "text" or not stream.isatty():
        click.echo(RENDERERS[style](report), err=err)
    elif any(table.bars for table in report.tables):
        from imgcost.cli.pictures import draw  # noqa: PLC0415 - loads rich, which only terminals need

        draw(report, stream)
    else:
        from shutil import get_terminal_size  # noqa: PLC0415 - it loads three compressors

        click.echo(as_text(report, get_terminal_size().columns), err=err)
