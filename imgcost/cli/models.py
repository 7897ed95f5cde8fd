"""`imgcost models`: the published facts about models, with dates and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from imgcost.cli.options import DATE, echo, format_option
from imgcost.tables import find_model, models, today
from imgcost.text.catalogs import model_report, models_report

if TYPE_CHECKING:
    from datetime import date

__all__ = ["command"]


@click.command("models", short_help="List supported models, or show the details of one.")
@click.argument("name", required=False)
@click.option("--as-of", type=DATE, help="Show models as of this date.  [default: today]")
@click.option("--all", "everything", is_flag=True, help="Also list retired and unreleased models.")
@format_option
def command(name: str | None, as_of: date | None, everything: bool, style: str) -> None:
    """List the models that read images, or show the prices, dates and sources of the model NAME.

    \b
    Examples:
      imgcost models
      imgcost models sonnet
      imgcost models --as-of 2024-06-20
    """
    day = as_of or today()
    if name is not None:
        echo(model_report(find_model(name, as_of=day), day), style)
        return
    selected = [
        model for model in models() if everything or (model.vision_from <= day and model.status_on(day) != "retired")
    ]
    echo(models_report(selected, day), style)
