"""`imgcost largest`: the largest sizes that are not downscaled."""

from __future__ import annotations

import click

from imgcost.cli.options import RATIO, echo, format_option
from imgcost.tables import find_tier
from imgcost.text.catalogs import largest_report

__all__ = ["command"]


@click.command("largest", short_help="Show the largest sizes that are not downscaled.")
@click.argument("ratios", type=RATIO, nargs=-1, required=True, metavar="RATIO...")
@format_option
def command(ratios: tuple[tuple[int, int], ...], style: str) -> None:
    """Show the largest size of each aspect ratio that is not downscaled, on both resolution tiers.

    \b
    Example:
      imgcost largest 1:1 3:4 2:3 9:16 1:2
    """
    echo(largest_report(ratios, [find_tier("standard"), find_tier("high-resolution")]), style)
