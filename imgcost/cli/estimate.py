"""`imgcost estimate`: the cost of images of given sizes."""

from __future__ import annotations

from typing import Any

import click

from imgcost.cli.options import COUNT, SIZE, echo, format_option, output_option, quote_options, save
from imgcost.estimates import estimate_with
from imgcost.quoting import quotes
from imgcost.tabular import ESTIMATE
from imgcost.text.estimates import estimate_report

__all__ = ["command"]


@click.command("estimate", short_help="Estimate the cost of images of the given sizes.")
@click.argument("sizes", type=SIZE, nargs=-1, required=True, metavar="SIZE...")
@quote_options
@click.option("--count", type=COUNT, help="Also price N images of each size.")
@click.option("--explain", is_flag=True, help="Show the arithmetic, with sources.")
@format_option
@output_option
def command(
    sizes: tuple[tuple[int, int], ...],
    models: tuple[str, ...],
    count: int | None,
    explain: bool,
    style: str,
    output: str | None,
    **conditions: Any,
) -> None:
    """Estimate tokens and dollars for images of the given sizes. No files are needed.

    \b
    Examples:
      imgcost estimate 1920x1080
      imgcost estimate 1920x1080 4032x3024 -m sonnet -m haiku --count 50000
      imgcost estimate 1000x1000 -m claude-3-opus --as-of 2024-03-04
    """
    estimates = [[estimate_with(quote, *size) for size in sizes] for quote in quotes(models, **conditions)]
    report = estimate_report(estimates, count, explain=explain)
    save(report, output, ESTIMATE, ESTIMATE.rows(report.data["estimates"]))
    echo(report, style)
