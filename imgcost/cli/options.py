"""Options and arguments that several commands share, so that a flag never means two things."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

import click

from imgcost.errors import SizeError
from imgcost.estimates import Terms, terms
from imgcost.formats import Report, as_json, as_markdown, as_text
from imgcost.geometry import padded_size

__all__ = ["DATE", "RATIO", "SIZE", "echo", "format_option", "settle", "terms_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MODEL = "sonnet"

RENDERERS = {"text": as_text, "json": as_json, "markdown": as_markdown}


class _Size(click.ParamType[tuple[int, int]]):
    name = "WIDTHxHEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"\s*(\d+)\s*[xX*\u00d7]\s*(\d+)\s*", str(value), re.ASCII)
        if not match:
            self.fail(f"{value!r} is no size: write it in pixels, like 1920x1080.", param, ctx)
        size = int(match[1]), int(match[2])
        try:
            padded_size(*size)
        except SizeError as error:
            self.fail(f"{value!r}: {error}.", param, ctx)
        return size


class _Ratio(click.ParamType[tuple[int, int]]):
    name = "WIDTH:HEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[:/]\s*(\d+(?:\.\d+)?)\s*", str(value), re.ASCII)
        if not match or not (Fraction(match[1]) and Fraction(match[2])):
            self.fail(f"{value!r} is no ratio: write it like 16:9.", param, ctx)
        ratio = Fraction(match[1]) / Fraction(match[2])
        return ratio.numerator, ratio.denominator


class _Date(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write it like 2026-11-22.", param, ctx)


SIZE, RATIO, DATE = _Size(), _Ratio(), _Date()


def terms_options(command: Command) -> Command:
    """Add what settles how images are counted and billed; `settle` takes it all."""
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
                type=click.Choice(["none", "write-5m", "write-1h", "read"]),
                default="none",
                show_default=True,
                help="Price the images as written to the prompt cache, or read from it.",
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


def settle(models: tuple[str, ...], **conditions: Any) -> dict[str, Terms]:
    """The terms of each model asked for, by the name that it was asked by; the same model twice counts once."""
    asked: dict[str, Terms] = {}
    for name in models:
        settled = terms(name, **conditions)
        if settled not in asked.values():
            asked[name] = settled
    return asked


def echo(report: Report, style: str, *, err: bool = False) -> None:
    """Print a report in the style asked for."""
    click.echo(RENDERERS[style](report), err=err)
