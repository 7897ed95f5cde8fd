"""`imgcost plan`: the budget of a whole job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.options import (
    DATE,
    DEFAULT_MODEL,
    DOLLARS,
    SIZE,
    ParamType,
    echo,
    format_option,
    output_option,
    refuse_inputs,
    save,
)
from imgcost.formats.plans import plan_report
from imgcost.plans import Repeated, plan, read_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["command"]

OVER_BUDGET = 1


class _Images(ParamType[object]):
    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return value if value == "auto" else click.IntRange(1).convert(value, param, ctx)


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
    help="New images a request; auto is as many as no limit forbids and no surcharge punishes.  [default: auto]",
)
@click.option("--turns", type=int, metavar="N", help="Requests of a conversation, which resends all.  [default: 1]")
@click.option(
    "--prompt-cache", "cache", type=click.Choice(["none", "5m", "1h"]), help="Cache prompts.  [default: none]"
)
@click.option("--batch/--no-batch", default=None, help="Through the Message Batches API.  [default: no-batch]")
@click.option(
    "--inference-geo", type=click.Choice(["global", "us"]), help="Where inference may run.  [default: global]"
)
@click.option(
    "--platform",
    type=click.Choice(["claude-api", "bedrock", "google-cloud", "foundry"]),
    help="Whose limits hold.  [default: claude-api]",
)
@click.option(
    "--endpoint",
    type=click.Choice(["global", "regional"]),
    help="Of Amazon Bedrock and Google Cloud.  [default: global]",
)
@click.option("--retry-rate", metavar="RATE", help="Requests sent again: 0.02 is one in fifty.  [default: 0]")
@click.option("--downscale-to", type=int, metavar="N", help="Compare: images downscaled to N tokens before.")
@click.option(
    "--scenario", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Take all this from TOML."
)
@click.option("--budget", type=DOLLARS, help="Exit with 1 if any model costs more; tell what it buys.")
@click.option("--explain", is_flag=True, help="Show the arithmetic of the cheapest model, with sources.")
@format_option
@output_option
def command(
    images: tuple[str, ...],
    count: int | None,
    models: tuple[str, ...],
    scenario: str | None,
    explain: bool,
    style: str,
    output: str | None,
    **given: Any,
) -> None:
    """What a whole job costs: requests, tokens by class and dollars, models side by side, the cheapest first.

    Images are files and folders, sizes such as 1920x1080, or tables: .csv or .parquet with the columns width, height
    and perhaps file_bytes. Options override the scenario file.

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
    if settings.get("cache") == "none":
        settings["cache"] = None
    budget = settings.pop("budget", None)
    if budget is not None:
        budget = DOLLARS.convert(budget, None, None)
    found = plan(_job(images, count), **settings)
    report = plan_report(found, budget_usd=budget, explain=explain)
    save(report, output, "plan")
    echo(report, style)
    if budget is not None and any(one.total_usd > budget for one in found):
        sys.exit(OVER_BUDGET)


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
