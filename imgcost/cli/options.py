"""Options and arguments shared by several commands, so that a flag means the same everywhere."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imgcost.cli.signals import signals_deferred
from imgcost.errors import ImgcostError, SizeError
from imgcost.geometry import padded_size
from imgcost.tables import platforms
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
    "ParamType",
    "echo",
    "fail_if_empty",
    "fail_on_empty_option",
    "format_option",
    "output_option",
    "paths_argument",
    "placement_options",
    "platform_option",
    "quote_options",
    "reject_overwrites",
    "save",
    "with_known_suffix",
]

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MODEL = "sonnet"

MAX_IMAGES = 10**15
"""Maximum of --count."""

RENDERERS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "markdown": as_markdown}


if TYPE_CHECKING:
    from click import ParamType

    from imgcost.tabular import Row, Schema
else:
    ParamType = defaultdict(lambda: click.ParamType)  # generic only since click 8.4


class _Size(ParamType[tuple[int, int]]):
    name = "WIDTHxHEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"\s*0*(\d{1,10})\s*[xX*\u00d7]\s*0*(\d{1,10})\s*", str(value), re.ASCII)
        if not match:
            self.fail(f"{_quoted(value)}: expected WIDTHxHEIGHT in pixels, for example 1920x1080.", param, ctx)
        size = int(match[1]), int(match[2])
        try:
            padded_size(*size)
        except SizeError as error:
            self.fail(f"{_quoted(value)}: {error}.", param, ctx)
        return size


class _Ratio(ParamType[tuple[int, int]]):
    name = "WIDTH:HEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        from fractions import Fraction  # noqa: PLC0415 - only one command needs it

        match = re.fullmatch(r"\s*(\d{1,10}(?:\.\d{1,6})?)\s*[:/]\s*(\d{1,10}(?:\.\d{1,6})?)\s*", str(value), re.ASCII)
        if not match or not (Fraction(match[1]) and Fraction(match[2])):
            self.fail(f"{_quoted(value)}: expected WIDTH:HEIGHT, for example 16:9.", param, ctx)
        ratio = Fraction(match[1]) / Fraction(match[2])
        return ratio.numerator, ratio.denominator


class _Date(ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        with suppress(ValueError):
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                return date.fromisoformat(value)
        return self.fail(f"{_quoted(value)}: expected YYYY-MM-DD, for example 2026-11-22.", param, ctx)


class _Count(ParamType[int]):
    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if re.fullmatch(r"\d{1,16}", str(value), re.ASCII) and 1 <= int(value) <= MAX_IMAGES:
            return int(value)
        return self.fail(f"{_quoted(value)}: expected a whole number from 1 to {MAX_IMAGES:,}.", param, ctx)


class _Dollars(ParamType[Decimal]):
    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        match = re.fullmatch(r"\s*\$?\s*(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})\s*", str(value), re.ASCII)
        if match:
            return Decimal(match[1])
        return self.fail(f"{_quoted(value)}: expected US dollars, for example 12.50.", param, ctx)


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


def _quoted(value: Any) -> str:
    """Quote a value for a message, truncated to 40 characters."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


SIZE, RATIO, DATE, COUNT, DOLLARS = _Size(), _Ratio(), _Date(), _Count(), _Dollars()
OUTPUT_FILE = _OutputFile(dir_okay=False)


_API_PLATFORMS = [name for name in platforms() if name != "claude-ai"]
"""The platforms that serve the Messages API."""


def platform_option(command: Command) -> Command:
    """Add --platform; the model's name decides if it is not given."""
    return click.option(
        "--platform",
        type=click.Choice(_API_PLATFORMS),
        metavar="PLATFORM",
        help=f"Platform that serves the requests: {', '.join(_API_PLATFORMS)}.  [default: from the model ID, else "
        "claude-api]",
    )(command)


def placement_options(command: Command) -> Command:
    """Add --platform, --endpoint and --fast; the model's name decides those that are not given."""
    for option in (
        click.option("--fast", "speed", flag_value="fast", default=None, help="Use fast mode prices."),
        click.option(
            "--endpoint",
            type=click.Choice(["global", "regional"]),
            help="Endpoint type (Amazon Bedrock and Google Cloud only).  [default: from the model ID, else global]",
        ),
    ):
        command = option(command)
    return platform_option(command)


def quote_options(command: Command) -> Command:
    """Add the options for `imgcost.quoting.quotes`."""
    command = placement_options(command)
    for option in reversed(
        (
            click.option(
                "-m",
                "--model",
                "models",
                multiple=True,
                default=(DEFAULT_MODEL,),
                show_default=True,
                help="Model ID, alias, Bedrock or Google Cloud ID, or family (sonnet, opus, haiku, fable). "
                "Can be repeated.",
            ),
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
    if not any(path == "-" or os.path.lexists(path) for path in paths):
        raise click.BadParameter(f"Path {click.format_filename(paths[0])!r} does not exist.")
    return paths


def paths_argument(command: Command) -> Command:
    """Add the paths to read. Each of them may be missing or unreadable."""
    return click.argument(
        "paths",
        type=click.Path(readable=False, allow_dash=True),
        nargs=-1,
        required=True,
        callback=_any_exists,
        metavar="PATH...|-",
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


def with_known_suffix(_context: click.Context, _option: click.Parameter, path: str | None) -> str | None:
    """Reject an unknown suffix before doing the work."""
    if path is not None:
        from imgcost.reports.writers import format_of  # noqa: PLC0415 - most reports are only printed

        format_of(path)
    return path


def output_option(command: Command) -> Command:
    """Add --output."""
    return click.option(
        "-o",
        "--output",
        type=OUTPUT_FILE,
        callback=with_known_suffix,
        metavar="FILE",
        help="Also write the report to FILE (.csv, .json, .jsonl, .parquet, .xlsx, .html or .md); "
        '"$GITHUB_STEP_SUMMARY" gets Markdown.',
    )(command)


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


def reject_overwrites(inputs: Iterable[str], **outputs: str | None) -> None:
    """Reject outputs that would overwrite an input or each other, however their paths are spelled.

    Raises:
        click.UsageError: An output is one of the inputs, or two outputs are the same file.
    """
    paths = [*inputs]
    for name, output in outputs.items():
        if output is None:
            continue
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
    output: str | None,
    schema: Schema,
    rows: Iterable[Row],
    json: Callable[[], Iterable[str]] | None = None,
) -> None:
    """Write a command's report to --output, if given; `json` yields its JSON in pieces."""
    if output is not None:
        from imgcost.reports.writers import save_report  # noqa: PLC0415 - most reports are only printed

        with signals_deferred():
            save_report(report, schema, rows, output, json)


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
