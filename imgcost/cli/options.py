"""Options and arguments that several commands share, so that a flag never means two things."""

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

from imgcost.cli.signals import signals_held
from imgcost.errors import ImgcostError, SizeError
from imgcost.geometry import padded_size
from imgcost.tables import platforms
from imgcost.text import Report, as_json, as_markdown, as_text, visible

__all__ = [
    "DATE",
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
    "quote_options",
    "refuse_inputs",
    "save",
]

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MODEL = "sonnet"

RENDERERS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "markdown": as_markdown}


if TYPE_CHECKING:
    from click import ParamType

    from imgcost.tabular import Row, Schema
else:
    ParamType = defaultdict(lambda: click.ParamType)  # it says what it converts to since click 8.4 only


class _Size(ParamType[tuple[int, int]]):
    name = "WIDTHxHEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"\s*0*(\d{1,10})\s*[xX*\u00d7]\s*0*(\d{1,10})\s*", str(value), re.ASCII)
        if not match:
            self.fail(f"{_shown(value)} is no size: write it in pixels, like 1920x1080.", param, ctx)
        size = int(match[1]), int(match[2])
        try:
            padded_size(*size)
        except SizeError as error:
            self.fail(f"{_shown(value)}: {error}.", param, ctx)
        return size


class _Ratio(ParamType[tuple[int, int]]):
    name = "WIDTH:HEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        from fractions import Fraction  # noqa: PLC0415 - one command needs it

        match = re.fullmatch(r"\s*(\d{1,10}(?:\.\d{1,6})?)\s*[:/]\s*(\d{1,10}(?:\.\d{1,6})?)\s*", str(value), re.ASCII)
        if not match or not (Fraction(match[1]) and Fraction(match[2])):
            self.fail(f"{_shown(value)} is no ratio: write it like 16:9.", param, ctx)
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
        return self.fail(f"{_shown(value)} is no day: write it like 2026-11-22.", param, ctx)


class _Dollars(ParamType[Decimal]):
    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        match = re.fullmatch(r"\s*\$?\s*(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})\s*", str(value), re.ASCII)
        if match:
            return Decimal(match[1])
        return self.fail(f"{_shown(value)} is no amount: write it in US dollars, like 12.50.", param, ctx)


class _OutputFile(click.Path):
    """A file to write. An empty name is an empty variable of a script, not the wish to write nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not value:
            self.fail("the file name is empty.", param, ctx)
        return super().convert(value, param, ctx)


def _shown(value: Any) -> str:
    """What was typed, cut to a length that fits a sentence."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


SIZE, RATIO, DATE, DOLLARS = _Size(), _Ratio(), _Date(), _Dollars()
OUTPUT_FILE = _OutputFile(dir_okay=False)


_CALLED = [name for name in platforms() if name != "claude-ai"]
"""The platforms that take requests of the Messages API."""


def placement_options(command: Command) -> Command:
    """Add where and how requests are sent; what is not given follows from the model's name."""
    for option in (
        click.option("--fast", "speed", flag_value="fast", default=None, help="Run in fast mode, at its price."),
        click.option(
            "--endpoint",
            type=click.Choice(["global", "regional"]),
            help="Endpoint of Amazon Bedrock or Google Cloud.  [default: from the model id, else global]",
        ),
        click.option(
            "--platform",
            type=click.Choice(_CALLED),
            metavar="PLATFORM",
            help=f"Where requests are sent: {', '.join(_CALLED)}.  [default: from the model id, else claude-api]",
        ),
    ):
        command = option(command)
    return command


def quote_options(command: Command) -> Command:
    """Add the options that `imgcost.quotes.quotes` takes."""
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
                help="A model id, an alias, a Bedrock or Google Cloud spelling, or a family: sonnet, opus, haiku, "
                "fable. May be given several times.",
            ),
            click.option("--as-of", type=DATE, help="The day whose prices hold.  [default: today]"),
            click.option(
                "--formula",
                type=click.Choice(["patch", "area"]),
                help="Override the formula that the model's row names.",
            ),
            click.option("--batch", is_flag=True, help="Price the images in a message batch."),
            click.option(
                "--prompt-cache",
                "cache",
                type=click.Choice(["none", "5m", "1h"]),
                default="none",
                show_default=True,
                help="Price the images as written to the prompt cache for 5 minutes or 1 hour.",
            ),
            click.option(
                "--inference-geo",
                type=click.Choice(["global", "us"]),
                default="global",
                show_default=True,
                help="Where inference may run.",
            ),
        )
    ):
        command = option(command)
    return command


def _any_exists(_context: click.Context, _argument: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Take a mistyped path for a usage error only where nothing else is left to do: what is missing is listed."""
    if not any(path == "-" or os.path.lexists(path) for path in paths):
        raise click.BadParameter(f"Path {click.format_filename(paths[0])!r} does not exist.")
    return paths


def paths_argument(command: Command) -> Command:
    """Add the files and folders to work on, of which each may be missing or unreadable."""
    return click.argument(
        "paths",
        type=click.Path(readable=False, allow_dash=True),
        nargs=-1,
        required=True,
        callback=_any_exists,
        metavar="PATH...|-",
    )(command)


def format_option(command: Command) -> Command:
    """Add how the report is printed."""
    return click.option(
        "-f",
        "--format",
        "style",
        type=click.Choice(list(RENDERERS)),
        default="text",
        show_default=True,
        help="How the report is printed.",
    )(command)


def _with_known_suffix(_context: click.Context, _option: click.Parameter, path: str | None) -> str | None:
    """Refuse a suffix before the work, not after it."""
    if path is not None:
        from imgcost.reports.writers import format_of  # noqa: PLC0415 - most reports are printed only

        format_of(path)
    return path


def output_option(command: Command) -> Command:
    """Add where the report is written to."""
    return click.option(
        "-o",
        "--output",
        type=OUTPUT_FILE,
        callback=_with_known_suffix,
        metavar="FILE",
        help='Also write it to FILE: .csv, .json, .jsonl, .parquet, .xlsx, .html or .md; "$GITHUB_STEP_SUMMARY" gets '
        "Markdown.",
    )(command)


def fail_on_empty_option(command: Command) -> Command:
    """Add whether it is a failure that no image was found; `fail_if_empty` takes it."""
    return click.option("--fail-on-empty", is_flag=True, help="Exit with 2 if no image is found.")(command)


def fail_if_empty(images: int, fail_on_empty: bool) -> None:
    """End with exit code 2 if there was no image, and `fail_on_empty_option` says that there must be one.

    Raises:
        ImgcostError: That is so.
    """
    if fail_on_empty and not images:
        raise ImgcostError("no images found, and --fail-on-empty was given: check the paths and the globs")


def refuse_inputs(inputs: Iterable[str], **outputs: str | None) -> None:
    """Refuse a file that would be read and written, however its paths are spelled.

    Raises:
        click.UsageError: An output is one of the inputs, or two outputs are one file.
    """
    read = [*inputs]
    for name, output in outputs.items():
        if output is None:
            continue
        for path in read:
            if _same_file(path, output):
                raise click.UsageError(
                    f"--{name} {visible(output)} would overwrite {visible(path)}: name another file."
                )
        read.append(output)


def _same_file(path: str, other: str) -> bool:
    if os.path.realpath(path) == os.path.realpath(other):  # neither has to be there yet
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
    """Write a command's report where `output_option` says; `json` gives its JSON piece by piece."""
    if output is not None:
        from imgcost.reports.writers import save_report  # noqa: PLC0415 - most reports are printed only

        with signals_held():
            save_report(report, schema, rows, output, json)


def echo(report: Report, style: str, *, err: bool = False) -> None:
    """Print a report in the style asked for; at a terminal with its pictures."""
    if style == "text" and any(table.bars for table in report.tables):
        stream = sys.stderr if err else sys.stdout
        if stream.isatty():
            from imgcost.cli.pictures import draw  # noqa: PLC0415 - a pipe pays for no pictures

            draw(report, stream)
            return
    click.echo(RENDERERS[style](report), err=err)
