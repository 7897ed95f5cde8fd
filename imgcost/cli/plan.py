"""`imgcost plan`: the budget of a whole job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.exit_codes import FOUND
from imgcost.cli.options import (
    DATE,
    DEFAULT_MODEL,
    DOLLARS,
    SIZE,
    ParamType,
    echo,
    fail_if_empty,
    fail_on_empty_option,
    format_option,
    output_option,
    placement_options,
    refuse_inputs,
    save,
)
from imgcost.errors import ImgcostError
from imgcost.figures import number, plural
from imgcost.plans import Repeated, plan, read_scenario
from imgcost.tabular import PLAN
from imgcost.text import visible
from imgcost.text.plans import plan_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.plans import Plan

__all__ = ["command"]


class _Images(ParamType[object]):
    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return "auto" if str(value).strip().lower() == "auto" else click.IntRange(1).convert(value, param, ctx)


@click.command("plan", short_help="What a whole job costs: prompts, answers, packing, cache, batch, turns.")
@click.argument("images", nargs=-1, required=True, metavar="PATH|SIZE|TABLE...")
@click.option("--count", type=click.IntRange(1, 10**15), help="So many images of each SIZE.  [default: 1]")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    help=f"A model id, an alias, or a family. May be given several times.  [default: {DEFAULT_MODEL}]",
)
@click.option("--as-of", type=DATE, help="The day whose prices and limits hold.  [default: today]")
@click.option("--prompt-tokens", type=int, metavar="N", help="Tokens of the prompt of every request.  [default: 0]")
@click.option("--output-tokens", type=int, metavar="N", help="Tokens of every answer.  [default: 0]")
@click.option(
    "--images-per-request",
    type=_Images(),
    metavar="N|auto",
    help="New images per request; auto is as many as fit.  [default: 1]",
)
@click.option("--turns", type=int, metavar="N", help="Requests of a conversation, which resends all.  [default: 1]")
@click.option(
    "--prompt-cache", "cache", type=click.Choice(["none", "5m", "1h"]), help="Cache prompts.  [default: none]"
)
@click.option("--batch/--no-batch", default=None, help="Through the Message Batches API.  [default: no-batch]")
@click.option(
    "--inference-geo", type=click.Choice(["global", "us"]), help="Where inference may run.  [default: global]"
)
@placement_options
@click.option("--retry-rate", metavar="RATE", help="Requests sent again: 0.02 is one in fifty.  [default: 0]")
@click.option("--downscale-to", type=int, metavar="N", help="Compare: downscale images to N tokens first.")
@click.option(
    "--scenario", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Take all this from TOML."
)
@click.option("--budget", type=DOLLARS, help="Exit with 1 if any model costs more; tell what it buys.")
@fail_on_empty_option
@click.option("--explain", is_flag=True, help="Show the arithmetic of the cheapest model, with sources.")
@format_option
@output_option
def command(
    images: tuple[str, ...],
    count: int | None,
    models: tuple[str, ...],
    scenario: str | None,
    fail_on_empty: bool,
    explain: bool,
    style: str,
    output: str | None,
    **given: Any,
) -> None:
    """What a whole job costs: requests, tokens by class and dollars, models side by side, the cheapest first.

    Images are files and folders, sizes such as 1920x1080, or tables (.csv, .tsv, .xlsx, .jsonl, .parquet) with the
    columns width, height and optionally file_bytes and count. Options override the scenario file.

    With --budget the exit code is 1 if a model costs more, and 2 if images are excluded, whose cost is unknown.

    \b
    Examples:
      imgcost plan 3000x3000 --count 20000 -m sonnet -m haiku --prompt-tokens 8500 --output-tokens 150
      imgcost plan photos --scenario job.toml --budget 250
      imgcost plan sizes.csv --batch --prompt-cache 1h --prompt-tokens 4000 --explain
    """
    refuse_inputs([*images, *([scenario] if scenario else [])], output=output)
    settings: dict[str, Any] = {"models": DEFAULT_MODEL} | (read_scenario(scenario) if scenario else {})
    settings |= {name: value for name, value in given.items() if value is not None}
    if models:
        settings["models"] = models
    budget = settings.pop("budget", None)
    if budget is not None:
        budget = DOLLARS.convert(budget, None, None)
    found = plan(_job(images, count), **settings)
    for warning in found.warnings:
        click.echo(f"imgcost: {visible(warning)}", err=True)
    report = plan_report(found, budget_usd=budget, explain=explain)
    save(report, output, PLAN, found.rows())
    echo(report, style)
    if budget is not None:
        if any(one.total_usd > budget for one in found):
            sys.exit(FOUND)
        if found.excluded:
            raise ImgcostError(f"the budget cannot be checked: {_excluded(found)}")
    fail_if_empty(found.images, fail_on_empty)


def _excluded(found: Plan) -> str:
    """Name what no total includes."""
    reasons = ", ".join(f"{number(one.images)} x {one.reason} ({one.first})" for one in found.rejected)
    return f"{plural(found.excluded, 'image is', 'images are')} excluded from the total: {reasons}"


def _job(images: Sequence[str], count: int | None) -> list[str | Repeated]:
    """Sizes as sizes, and what is a file as a path, whatever it is called."""
    job: list[str | Repeated] = []
    for image in images:
        if Path(image).exists():
            if count is not None:
                raise click.UsageError("--count is for sizes: files and tables are counted as they are.")
            job.append(image)
        else:
            job.append(Repeated(*_size(image), count or 1))
    return job


def _size(text: str) -> tuple[int, int]:
    try:
        return SIZE.convert(text, None, None)
    except click.BadParameter as error:
        raise click.BadParameter(
            f"{error.message} No file has that name either.", param_hint="PATH|SIZE|TABLE"
        ) from None
