"""`imgcost rules`: what is checked, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from imgcost.cli.options import DATE, echo, format_option
from imgcost.rules import find_rule, rules
from imgcost.tables import today
from imgcost.text.findings import rule_report, rules_report

if TYPE_CHECKING:
    from datetime import date

__all__ = ["command"]


@click.command("rules", short_help="The rules of 'imgcost check', or all about one.")
@click.argument("name", required=False, metavar="[RULE]")
@click.option("--as-of", type=DATE, help="The day whose limits are shown.  [default: today]")
@format_option
def command(name: str | None, as_of: date | None, style: str) -> None:
    """What 'imgcost check' asks; with RULE, its limits by platform, the API's own words, and what to do.

    \b
    Examples:
      imgcost rules
      imgcost rules many-images-edge
      imgcost rules image-bytes --as-of 2025-06-01
    """
    echo(rules_report(rules()) if name is None else rule_report(find_rule(name), as_of or today()), style)
