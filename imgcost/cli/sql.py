"""`imgcost sql`: the token rule of a model as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from imgcost.cli.options import DATE, DEFAULT_MODEL, single_option
from imgcost.datasets.sql import Dialect, token_sql
from imgcost.quoting import quotes

if TYPE_CHECKING:
    from datetime import date

    from imgcost.geometry import Formula

__all__ = ["command"]


@click.command("sql", short_help="Print the token rule of a model as SQL.")
@single_option(
    "-m",
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Model ID, alias or family. Models of the same resolution tier have the same rule.",
)
@click.option(
    "--dialect",
    type=click.Choice(get_args(Dialect)),
    default="duckdb",
    show_default=True,
    help="duckdb creates a macro, postgres a function; spark is an expression on two columns.",
)
@click.option("--name", default="claude_tokens", show_default=True, help="Name of the macro or function.")
@click.option(
    "--width", default="width", show_default=True, metavar="COLUMN", help="Column of widths in px, for spark."
)
@click.option("--height", default="height", show_default=True, metavar="COLUMN", help="Column of heights, for spark.")
@click.option("--as-of", type=DATE, help="Resolve a family, such as sonnet, on this date.  [default: today]")
@click.option(
    "--formula",
    type=click.Choice(["patch"]),
    help="Count patches also for models of the Claude 3 guide.  [default: the formula of the model]",
)
def command(
    model: str, dialect: Dialect, name: str, width: str, height: str, as_of: date | None, formula: Formula | None
) -> None:
    """Print the token rule of a model as SQL, so that a database counts visual tokens without Python.

    The SQL is generated from the published rule and exact for every size. It returns NULL if a side is missing or not
    from 1 to 2**31 px.

    \b
    Examples:
      imgcost sql | duckdb sizes.db
      imgcost sql --dialect spark -m haiku --width w --height h
    """
    (quote,) = quotes(model, as_of=as_of, formula=formula)
    click.echo(token_sql(quote, dialect, name=name, width=width, height=height))
