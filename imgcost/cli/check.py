"""`imgcost check`: what would be rejected, before it is sent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from imgcost.cli.exit_codes import FOUND
from imgcost.cli.options import (
    DATE,
    DOLLARS,
    RENDERERS,
    fail_if_empty,
    fail_on_empty_option,
    output_option,
    paths_argument,
    refuse_inputs,
    save,
)
from imgcost.preflight import Spools, check_paths
from imgcost.shapes import SHAPES
from imgcost.tables import platforms
from imgcost.tabular import CHECK
from imgcost.text.findings import as_github, findings_json, findings_report

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from imgcost.preflight import Findings
    from imgcost.tables import Platform
    from imgcost.text import Report

__all__ = ["command"]


@click.command("check", short_help="What would be rejected: images, folders, requests, batches.")
@paths_argument
@click.option(
    "-m",
    "--model",
    help="The model that the images are for, and that requests are checked for instead of their own.  "
    "[default: sonnet for images]",
)
@click.option(
    "--platform",
    type=click.Choice(platforms()),
    metavar="PLATFORM",
    help=f"Where it will be sent: {', '.join(platforms())}.  "
    "[default: what the shape or the model's id implies, or claude-api]",
)
@click.option(
    "--shape",
    type=click.Choice(["auto", *SHAPES]),
    default="auto",
    show_default=True,
    metavar="SHAPE",
    help=f"The shape of the requests, if it is not detected: {', '.join(SHAPES)}.",
)
@click.option("--as-of", type=DATE, help="The day whose limits hold.  [default: today]")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not ask this rule. May be given several times.")
@click.option("--one-request", is_flag=True, help="The images go into one request: its limits hold too.")
@click.option("--budget", type=DOLLARS, help="What all images may cost as input, US dollars.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@fail_on_empty_option
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option(
    "-f",
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown", "github"]),
    default="text",
    show_default=True,
    help="How the findings are printed; github prints workflow annotations.",
)
@output_option
def command(
    paths: tuple[str, ...],
    model: str | None,
    platform: Platform | None,
    shape: str,
    as_of: date | None,
    ignore: tuple[str, ...],
    one_request: bool,
    budget: Decimal | None,
    strict: bool,
    fail_on_empty: bool,
    exit_zero: bool,
    style: str,
    output: str | None,
) -> None:
    """What the API would reject or change, told before anything is sent.

    PATH is an image, a folder of images and requests, or a JSON or JSON lines file of requests: arguments of
    messages.create, a batch, or a request of another library (OpenAI, Bedrock, LangChain, MCP, ...), or a Claude Code
    transcript. - reads JSON from stdin. Nothing is sent or fetched.

    Exits with 1 if anything would be rejected, or the images cost more than the budget.

    \b
    Examples:
      imgcost check photos
      imgcost check request.json --platform bedrock
      imgcost check batch.jsonl -f github
      imgcost check *.png --one-request -m haiku --budget 0.50
    """
    refuse_inputs(paths, output=output)
    with Spools.open() as spools:
        findings = check_paths(
            paths,
            stdin=sys.stdin.buffer,
            model=model,
            platform=platform,
            shape=shape,
            as_of=as_of,
            ignore=ignore,
            budget_usd=budget,
            one_request=one_request,
            spools=spools,
        )
        report = findings_report(findings, everything=output is not None)
        save(report, output, CHECK, findings.rows())
        _print(report, findings, style)
        images = len(findings.images)
    if not exit_zero and (report.data["errors"] or (strict and report.data["warnings"])):
        sys.exit(FOUND)
    fail_if_empty(images, fail_on_empty)


def _print(report: Report, findings: Findings, style: str) -> None:
    """Print findings as they come: there may be more than fit memory."""
    stream = sys.stdout
    if style == "github":
        stream.writelines(f"{line}\n" for line in as_github(findings))
    elif style == "json" and "findings" not in report.data:
        stream.writelines(findings_json(report, findings))
        stream.write("\n")
    else:
        click.echo(RENDERERS[style](report))
    stream.flush()
