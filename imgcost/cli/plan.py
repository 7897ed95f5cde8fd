"""`imgcost plan`: the cost of a whole job."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.exit_codes import FINDINGS
from imgcost.cli.options import (
    COUNT,
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
    reject_overwrites,
    save,
)
from imgcost.cli.progress import writing_progress
from imgcost.cli.signals import signals_deferred
from imgcost.errors import ArgumentError, ImgcostError, short_repr
from imgcost.figures import number, plural
from imgcost.files import Walk
from imgcost.plans import Repeated, make_scenario, plan, quotes_of, read_scenario
from imgcost.tabular import PLAN
from imgcost.text import visible
from imgcost.text.plans import plan_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcost.plans import Plan


__all__ = ["command"]


class _Images(ParamType[object]):
    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        text = str(value).strip().lower()
        if text == "auto" or re.fullmatch(r"\d{1,15}", text, re.ASCII):
            return text if text == "auto" else int(text)
        return self.fail(f"{short_repr(value)}: expected a whole number, or auto.", param, ctx)


@click.command("plan", short_help="Estimate a whole job: prompts, answers, caching, batches, conversations.")
@click.argument("images", nargs=-1, required=True, metavar="PATH|SIZE|TABLE...")
@click.option("--count", type=COUNT, help="Number of images of each SIZE.  [default: 1]")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    help=f"Model ID, alias or family. Can be repeated.  [default: {DEFAULT_MODEL}]",
)
@click.option("--as-of", type=DATE, help="Use the prices and limits of this date.  [default: today]")
@click.option(
    "--prompt-tokens",
    type=int,
    metavar="N",
    help="Text tokens in each prompt; 100 English words are about 135 to 180.  [default: 0]",
)
@click.option("--output-tokens", type=int, metavar="N", help="Tokens in each answer.  [default: 0]")
@click.option(
    "--images-per-request",
    type=_Images(),
    metavar="N|auto",
    help="New images per request; auto packs as many as fit.  [default: 1]",
)
@click.option(
    "--turns",
    type=int,
    metavar="N",
    help="Turns per conversation; each turn re-sends all earlier images.  [default: 1]",
)
@click.option(
    "--prompt-cache",
    "cache",
    type=click.Choice(["none", "5m", "1h"]),
    help="Cache the prompt for 5 minutes or 1 hour: its text and, with --turns, earlier turns with their images.  "
    "[default: none]",
)
@click.option("--batch/--no-batch", default=None, help="Use the Message Batches API.  [default: no-batch]")
@click.option(
    "--inference-geo",
    type=click.Choice(["global", "us"]),
    help="Where inference may run; us costs more.  [default: global]",
)
@placement_options
@click.option("--retry-rate", metavar="RATE", help="Share of requests sent again: 0.02 is 1 in 50.  [default: 0]")
@click.option(
    "--downscale-to",
    type=int,
    metavar="N",
    help="Also price the job with each image downscaled to at most N tokens.",
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help='Read options from a TOML file, such as prompt_cache = "5m"; options on the command line override it.',
)
@click.option(
    "--budget",
    type=DOLLARS,
    help="Exit with code 1 if the job costs more with any model; also show how many images the budget covers.",
)
@fail_on_empty_option
@click.option(
    "--explain", is_flag=True, help="Show the arithmetic for the cheapest model, with sources, and all assumptions."
)
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
    **options: Any,
) -> None:
    """Estimate a whole job: requests, tokens and dollars for one or more models, cheapest first.

    Images can be files and folders, sizes such as 1920x1080, or tables (.csv, .tsv, .xlsx, .jsonl, .parquet) with the
    columns width and height and, optionally, file_bytes and count.

    With --budget, the exit code is 1 if the job costs more with any model, and 2 if some files cannot be read, because
    the total may then be too low.

    A workbook (-o FILE.xlsx) is a budget that recalculates, a page (-o FILE.html) has a panel for other settings; both
    compare all models. CSV, JSON lines and Parquet files have a row per model and alternative.

    \b
    Examples:
      imgcost plan 3000x3000 --count 20000 --prompt-tokens 8500 --output-tokens 150
      imgcost plan photos --scenario job.toml --budget 250
      imgcost plan sizes.csv --batch --prompt-cache 1h --prompt-tokens 4000 --explain
    """
    reject_overwrites([*images, *([scenario] if scenario else [])], output=output)
    settings: dict[str, Any] = {"models": DEFAULT_MODEL} | (read_scenario(scenario) if scenario else {})
    settings |= {name: value for name, value in options.items() if value is not None}
    if models:
        settings["models"] = models
    budget = settings.pop("budget", None)
    if budget is not None:
        try:
            budget = DOLLARS.convert(budget, None, None)
        except click.BadParameter as error:
            raise ImgcostError(f"{scenario}: invalid budget {error.message}") from None
    is_job_report = output is not None and _shows_job(output)
    try:
        job = _job(images, count)
        job_plan = _plan_into(output, job, settings) if output and is_job_report else plan(job, **settings)
    except ArgumentError as error:
        raise _located(error, scenario, options) from None
    for warning in job_plan.warnings:
        click.echo(f"imgcost: {visible(warning)}", err=True)
    report = plan_report(job_plan, budget_usd=budget, explain=explain)
    save(report, None if is_job_report else output, PLAN, job_plan.rows())
    echo(report, style)
    if budget is not None:
        if any(model.total_usd > budget for model in job_plan):
            sys.exit(FINDINGS)
        if job_plan.excluded:
            raise ImgcostError(f"cannot check the budget, because {_excluded(job_plan)}")
    fail_if_empty(job_plan.images, fail_on_empty)


def _shows_job(output: str) -> bool:
    from imgcost.reports.writers import JOB_SUFFIXES, format_of  # noqa: PLC0415 - most plans are only printed

    return format_of(output) in JOB_SUFFIXES


def _plan_into(output: str, images: Sequence[str | Repeated], settings: Mapping[str, Any]) -> Plan:
    """Plan a job, and write its workbook or page."""
    from imgcost.reports.jobs import JobFeed  # noqa: PLC0415 - most plans are only printed
    from imgcost.reports.writers import open_scan  # noqa: PLC0415 - same

    scenario = make_scenario(**settings)
    quotes = quotes_of(scenario)
    with ExitStack() as stack:
        show = stack.enter_context(writing_progress(output))
        with signals_deferred():
            sink = stack.enter_context(open_scan(output, quotes, show))
        feed = JobFeed(sink, quotes, Walk(own=(output,)))
        job_plan = plan(feed.passing(images), **{**settings, "as_of": scenario.conditions.as_of})
        feed.finish(job_plan)
    return job_plan


def _located(error: ArgumentError, scenario: str | None, options: Mapping[str, Any]) -> Exception:
    """Say where an invalid value is: in an option, or in the scenario file."""
    if options.get(error.argument) is None:
        return ImgcostError(f"{scenario}: {error}")
    params = click.get_current_context().command.params
    (option,) = (param for param in params if param.name == error.argument)
    return click.BadParameter(str(error).removeprefix(f"invalid {error.argument} "), param=option)


def _excluded(job_plan: Plan) -> str:
    """Describe what no total includes."""
    reasons = ", ".join(
        f"{number(rejected.images)} {rejected.reason} ({rejected.first})" for rejected in job_plan.rejected
    )
    files = plural(job_plan.excluded, "file or row", "files or rows")
    return f"{files} could not be read and are not in the total: {reasons}"


def _job(images: Sequence[str], count: int | None) -> list[str | Repeated]:
    """Read sizes as images; an existing file is a path, whatever its name."""
    job: list[str | Repeated] = []
    for image in images:
        if Path(image).exists():
            if count is not None:
                raise click.UsageError("--count applies to sizes only; files and tables are counted as they are.")
            job.append(image)
        else:
            job.append(Repeated(*_size(image), count or 1))
    return job


def _size(text: str) -> tuple[int, int]:
    try:
        return SIZE.convert(text, None, None)
    except click.BadParameter as error:
        message = f"{short_repr(text)} is not a file or folder, and not a size such as 1920x1080."
        raise click.BadParameter(
            error.message if re.match(r"\s*\d+\s*[xX*\u00d7]", text) else message, param_hint="PATH|SIZE|TABLE"
        ) from None
