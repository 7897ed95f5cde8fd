"""`imgcost plan`: the cost of a whole job."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.exit_codes import FINDINGS
from imgcost.cli.options import (
    COUNT,
    DATE,
    DEFAULT_MODEL,
    DOLLARS,
    TOKENS,
    ParamType,
    echo,
    fail_if_empty,
    fail_on_empty_option,
    format_option,
    invalid_option,
    models_option,
    output_option,
    placement_options,
    reject_overwrites,
    save,
    say_what_was_written,
    single_option,
)
from imgcost.cli.progress import writing_progress
from imgcost.cli.signals import signals_deferred
from imgcost.cli.sizes import named_sizes, plan_images
from imgcost.errors import ArgumentError, ImgcostError, MissingExtraError, short_repr
from imgcost.figures import number, plural
from imgcost.files import Walk
from imgcost.outputs import Output
from imgcost.plans import (
    SETTINGS,
    Repeated,
    make_scenario,
    plan,
    quotes_of,
    read_scenario,
    read_text,
    scenario_template,
)
from imgcost.quantities import join_sizes, parse_count
from imgcost.tabular import PLAN
from imgcost.text import visible
from imgcost.text.plans import plan_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from imgcost.plans import Plan
    from imgcost.text import Report


__all__ = ["command"]


class _Images(ParamType[object]):
    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if str(value).strip().lower() == "auto":
            return "auto"
        try:
            return parse_count(value)
        except ArgumentError:
            return self.fail(f"{short_repr(value)}: expected a whole number, such as 20, or auto.", param, ctx)


_SETTINGS = {setting.key: setting for setting in SETTINGS}


def _option(key: str, *names: str, **attributes: Any) -> Callable[[Any], Any]:
    """Add the option of a setting, described as in scenario files."""
    setting = _SETTINGS[key]
    flag = f"--{key.replace('_', '-')}"
    default = f"  [default: {setting.default}]" if setting.default else ""
    return click.option(*(names or (flag, setting.argument or key)), help=setting.meaning + default, **attributes)


@click.command("plan", short_help="Estimate a whole job: prompts, answers, caching, batches, conversations.")
@click.argument("images", nargs=-1, metavar="SIZE|PATH|TABLE...")
@_option("count", type=COUNT)
@models_option()
@_option("as_of", type=DATE)
@_option("prompt_tokens", type=TOKENS, metavar="N")
@_option("prompt_text", type=click.Path(exists=True, dir_okay=False), metavar="FILE")
@_option("output_tokens", type=TOKENS, metavar="N")
@_option("images_per_request", type=_Images(), metavar="N|auto")
@_option("turns", type=TOKENS, metavar="N")
@_option("prompt_cache", type=click.Choice(["none", "5m", "1h"]))
@_option("batch", "--batch/--no-batch", default=None)
@_option("inference_geo", type=click.Choice(["global", "us"]))
@placement_options
@_option("retry_rate", metavar="RATE")
@_option("downscale_to", type=TOKENS, metavar="N")
@single_option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Read settings from a TOML file, such as one that --init prints; options on the command line override it.",
)
@click.option(
    "--init",
    is_flag=True,
    help="Print a scenario file with every setting explained, and exit; other arguments become its settings.",
)
@_option("budget", type=DOLLARS)
@fail_on_empty_option
@click.option(
    "--explain", is_flag=True, help="Show the arithmetic for the cheapest model, with sources, and all assumptions."
)
@format_option
@output_option()
def command(
    images: tuple[str, ...],
    models: tuple[str, ...],
    scenario: str | None,
    init: bool,
    fail_on_empty: bool,
    explain: bool,
    style: str,
    outputs: tuple[str, ...],
    **options: Any,
) -> None:
    """Estimate a whole job: requests, tokens and dollars for one or more models, cheapest first.

    Images can be sizes such as 1920x1080, 12MP, 12MP 16:9 or 4K; files, folders and URLs of object stores; or tables
    (.csv, .tsv, .xlsx, .jsonl, .parquet, .arrow, .feather) with the columns width and height and, optionally,
    file_bytes and count, or with a column of image bytes.

    With --budget, the exit code is 1 if the job costs more with any model, and 2 if some files cannot be read, because
    the total may then be too low.

    A workbook (-o FILE.xlsx) is a budget that recalculates, a page (-o FILE.html) has a panel for other settings; both
    compare all models. CSV, JSON lines and Parquet files have a row per model and alternative.

    \b
    Examples:
      imgcost plan 12MP --count 200k --prompt-tokens 400 --output-tokens 135
      imgcost plan 3000x3000 --count 20,000 --prompt-text prompt.txt -m sonnet,haiku
      imgcost plan photos --scenario job.toml --budget 250 -o budget.xlsx -o budget.html
      imgcost plan sizes.csv --batch --prompt-cache 1h --prompt-tokens 4000 --explain
    """
    reject_overwrites([*images, *filter(None, (scenario, options["prompt_text"]))], output=outputs)
    given = _given(options, images=join_sizes(images), models=models)
    if init:
        _print_template(given, scenario)
        return
    settings: dict[str, Any] = {"models": DEFAULT_MODEL} | (read_scenario(scenario) if scenario else {})
    _override(settings, given)
    budget, times = settings.pop("budget", None), settings.pop("count", None)
    written = join_sizes(settings.pop("images", ()))
    missing: MissingExtraError | None = None
    try:
        job = plan_images(written, times, scenario if "images" not in given else None)
        show = partial(_report, written=written, budget_usd=budget, explain=explain)
        try:
            job_plan, report = _planned(outputs, job, settings, show)
        except MissingExtraError as error:  # of a file: print the plan before the error
            missing = error
            job_plan, report = _planned((), job, settings, show)
    except ArgumentError as error:
        raise _located(error, options) from None
    for warning in job_plan.warnings:
        click.echo(f"imgcost: {visible(warning)}", err=True)
    echo(report, style)
    if missing:
        raise missing
    if budget is not None:
        if any(model.total_usd > budget for model in job_plan):
            sys.exit(FINDINGS)
        if job_plan.excluded:
            raise ImgcostError(f"cannot check the budget, because {_excluded(job_plan)}")
    fail_if_empty(job_plan.images, fail_on_empty)


def _report(job_plan: Plan, *, written: Sequence[str], budget_usd: Decimal | None, explain: bool) -> Report:
    report = plan_report(job_plan, budget_usd=budget_usd, explain=explain)
    return report._replace(notes=[*named_sizes(written), *report.notes])


def _given(options: Mapping[str, Any], **several: Sequence[str]) -> dict[str, Any]:
    """Return the settings that were given on the command line."""
    given = {name: value for name, value in options.items() if value is not None}
    if {"prompt_tokens", "prompt_text"} <= given.keys():
        raise click.UsageError("--prompt-tokens and --prompt-text exclude each other: use one of them.")
    return given | {name: values for name, values in several.items() if values}


def _print_template(given: Mapping[str, Any], scenario: str | None) -> None:
    """Print a scenario file with the settings that were given."""
    if scenario:
        raise click.UsageError("--init and --scenario exclude each other: use one of them.")
    click.echo(scenario_template(given), nl=False)


def _override(settings: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Replace settings of a scenario file by those of the command line."""
    for name, other in (("prompt_text", "prompt_tokens"), ("prompt_tokens", "prompt_text")):
        if name in given:
            settings.pop(other, None)
    settings |= given
    if "prompt_text" in given:
        settings["prompt_text"] = read_text(given["prompt_text"])
    if not settings.get("prompt_text", "text").strip():
        click.echo("imgcost: the prompt text is empty.", err=True)


def _shows_job(output: str) -> bool:
    from imgcost.reports.writers import JOB_SUFFIXES, format_of  # noqa: PLC0415 - most plans are only printed

    return format_of(output) in JOB_SUFFIXES


def _planned(
    outputs: tuple[str, ...],
    images: Sequence[str | Repeated],
    settings: Mapping[str, Any],
    show: Callable[[Plan], Report],
) -> tuple[Plan, Report]:
    """Plan a job, and write all files or none."""
    with ExitStack() as together:
        job_plan = _plan_into(outputs, together, images, settings) if outputs else plan(images, **settings)
        report = show(job_plan)
        save(report, [path for path in outputs if not _shows_job(path)], PLAN, job_plan.rows, together=together)
    say_what_was_written(outputs)
    return job_plan, report


def _plan_into(
    outputs: tuple[str, ...], together: ExitStack, images: Sequence[str | Repeated], settings: Mapping[str, Any]
) -> Plan:
    """Plan a job without the files that it writes, and write its workbooks and pages."""
    from imgcost.reports.jobs import JobFeed  # noqa: PLC0415 - most plans are only printed
    from imgcost.reports.writers import open_scan  # noqa: PLC0415 - same

    scenario = make_scenario(**settings)
    quotes = quotes_of(scenario)
    with ExitStack() as stack:
        sinks = []
        for output in filter(_shows_job, outputs):
            show = stack.enter_context(writing_progress(output))
            with signals_deferred():
                sinks.append(stack.enter_context(open_scan(Output(output, together), quotes, show)))
        feed = JobFeed(sinks, quotes, Walk(own=outputs))
        job_plan = plan(feed.passing(images), **{**settings, "as_of": scenario.conditions.as_of})
        feed.finish(job_plan)
    return job_plan


def _located(error: ArgumentError, options: Mapping[str, Any]) -> Exception:
    """Say in which option an invalid value is."""
    if options.get(error.argument) is None:
        return error
    return invalid_option(error)


def _excluded(job_plan: Plan) -> str:
    """Describe what no total includes."""
    reasons = ", ".join(
        f"{number(rejected.images)} {rejected.reason} ({rejected.first})" for rejected in job_plan.rejected
    )
    files = plural(job_plan.excluded, "file or row", "files or rows")
    return f"{files} could not be read and are not in the total: {reasons}"
