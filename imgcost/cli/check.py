"""`imgcost check`: find what the API would reject before it is sent."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import click

from imgcost.cli.exit_codes import FINDINGS
from imgcost.cli.inputs import jobs_option, listed_paths, walk_options, worker_count
from imgcost.cli.options import (
    DATE,
    DOLLARS,
    echo,
    fail_if_empty,
    fail_on_empty_option,
    output_option,
    paths_argument,
    reject_overwrites,
    save,
    single_option,
)
from imgcost.cli.progress import progress_of
from imgcost.cli.signals import check_signals
from imgcost.files import Walk
from imgcost.preflight import Spools, check_paths
from imgcost.preflight.detection import open_json
from imgcost.shapes import SHAPES
from imgcost.tables import platforms
from imgcost.tabular import CHECK
from imgcost.text.findings import as_github, findings_json, findings_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from decimal import Decimal
    from io import BufferedReader

    from imgcost.preflight import Findings
    from imgcost.tables import Platform
    from imgcost.text import Report

__all__ = ["command"]


@click.command("check", short_help="Find what the API would reject: images, requests, batches.")
@paths_argument
@single_option(
    "-m",
    "--model",
    help="Check images and requests for this model, whatever model a request names.  [default: sonnet for images]",
)
@click.option(
    "--platform",
    type=click.Choice(platforms()),
    metavar="PLATFORM",
    help=f"Platform whose limits apply: {', '.join(platforms())}.  "
    "[default: from the model ID or the shape of a request, else claude-api]",
)
@click.option(
    "--shape",
    type=click.Choice(["auto", *SHAPES]),
    default="auto",
    show_default=True,
    metavar="SHAPE",
    help=f"Read every file named, and stdin, as requests of this shape: {', '.join(SHAPES)}.",
)
@click.option("--as-of", type=DATE, help="Apply the limits of this date.  [default: today]")
@click.option("--ignore", multiple=True, metavar="RULE", help="Disable a rule. Can be repeated.")
@click.option("--one-request", is_flag=True, help="Treat all images as one request and check its limits too.")
@click.option(
    "--budget",
    type=DOLLARS,
    help="Fail if images and PDF pages cost more than USD in total, as input, or if their cost is unknown.",
)
@walk_options
@jobs_option
@click.option("--strict", is_flag=True, help="Exit with code 1 on warnings too.")
@fail_on_empty_option
@click.option("--exit-zero", is_flag=True, help="Exit with code 0 even if there are errors.")
@click.option(
    "-f",
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown", "github"]),
    default="text",
    show_default=True,
    help="Print the findings in this format; github prints workflow annotations.",
)
@output_option()
def command(
    paths: tuple[str, ...],
    model: str | None,
    platform: Platform | None,
    shape: str,
    as_of: date | None,
    ignore: tuple[str, ...],
    one_request: bool,
    budget: Decimal | None,
    null: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow_symlinks: bool,
    archives: bool,
    jobs: int | None,
    strict: bool,
    fail_on_empty: bool,
    exit_zero: bool,
    style: str,
    outputs: tuple[str, ...],
) -> None:
    """Find what the API would reject or change, before anything is sent.

    PATH is an image, an archive, a folder of images and requests, or a JSON or JSON lines file of requests:
    arguments of messages.create, a batch, a request of another library (OpenAI, Bedrock, LangChain, MCP, ...), or a
    Claude Code transcript. With -, stdin is read: text that starts like JSON, or any text with --shape, as requests;
    anything else as a list of paths, one per line. With -0, stdin is always a NUL-separated list of paths. Nothing is
    sent or fetched.

    Exits with code 1 if anything would be rejected or, with --budget, if the cost is over the budget or unknown.


    \b
    Examples:
      imgcost check photos scans.zip
      imgcost check request.json --platform bedrock
      imgcost check batch.jsonl -f github -o "$GITHUB_STEP_SUMMARY"
      imgcost check *.png --one-request -m haiku --budget 0.50
      git ls-files -z '*.png' | imgcost check -0 -
    """
    reject_overwrites((path for path in paths if path != "-"), output=outputs)
    walk = Walk(follow_symlinks, include, exclude, archives, outputs)
    files, stdin = _inputs(paths, null=null, forced=shape != "auto")
    with ExitStack() as stack:
        spools = stack.enter_context(Spools.open())
        with progress_of(walk, None if "-" in paths else paths) as advance:
            findings = check_paths(
                files,
                stdin=stdin,
                model=model,
                platform=platform,
                shape=shape,
                as_of=as_of,
                ignore=ignore,
                budget_usd=budget,
                one_request=one_request,
                walk=walk,
                jobs=worker_count(jobs),
                progress=_interruptible(advance),
                spools=spools,
            )
        report = findings_report(findings, everything=False)
        save(report, outputs, CHECK, findings.rows, lambda: findings_json(report, findings))
        _print(report, findings, style)
        images = len(findings.images)
    if not exit_zero and (report.data["errors"] or (strict and report.data["warnings"])):
        sys.exit(FINDINGS)
    fail_if_empty(images, fail_on_empty)


def _inputs(paths: tuple[str, ...], *, null: bool, forced: bool) -> tuple[Iterable[str], BufferedReader | None]:
    """Return the paths, with those that stdin lists, and stdin if it contains requests instead."""
    stream = cast("BufferedReader", sys.stdin.buffer)
    if "-" in paths and not null:
        stream, is_json = open_json(stream)
        if is_json or forced:
            return paths, stream
    return listed_paths(paths, stream, null=null), None


def _interruptible(advance: Callable[[int], None]) -> Callable[[int], None]:
    def progress(files: int) -> None:
        advance(files)
        check_signals()

    return progress


def _print(report: Report, findings: Findings, style: str) -> None:
    """Print findings as they come: there may be more than fit in memory."""
    stream = sys.stdout
    if style == "github":
        stream.writelines(f"{line}\n" for line in as_github(findings))
    elif style == "json":
        stream.writelines(findings_json(report, findings))
        stream.write("\n")
    else:
        echo(report, style)
    stream.flush()
