"""`imgcost scan`: every image under some paths."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.options import echo, format_option, settle, terms_options
from imgcost.errors import ImgcostError
from imgcost.estimates import Terms, terms
from imgcost.files import Batch, probe_batch, walk
from imgcost.formats.scans import scan_report
from imgcost.tables import families
from imgcost.tallies import Measure, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command"]

UNREADABLE = 2
"""The exit code under --strict where anything could not be counted."""


@click.command("scan")
@click.argument("paths", type=click.Path(exists=True), nargs=-1, required=True, metavar="PATH...")
@terms_options
@format_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Write a row for each image and model to FILE: .csv, .json or .jsonl.",
    metavar="FILE",
)
@click.option(
    "--rows", type=click.Choice(["csv", "jsonl"]), help="Stream the rows to stdout; the summary goes to stderr."
)
@click.option("--follow-symlinks", is_flag=True, help="Enter links to folders; each folder is entered once.")
@click.option("--strict", is_flag=True, help="Exit with 2 if anything could not be counted.")
def command(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    style: str,
    output: str | None,
    rows: str | None,
    follow_symlinks: bool,
    strict: bool,
    **conditions: Any,
) -> None:
    """What every image under PATH costs: tokens, dollars, what is downscaled, what costs most.

    Files are told by their content, not by their suffix. What cannot be counted is listed with its reason and never
    ends the scan.

    \b
    Examples:
      imgcost scan photos
      imgcost scan photos scans -m haiku -m opus --batch -o costs.csv
      imgcost scan photos --rows jsonl > costs.jsonl
    """
    asked = settle(models, **conditions)
    compared = _newest_of_each_family(conditions)
    tally = Tally(Measure.of(one) for one in [*asked.values(), *compared])
    with ExitStack() as stack:
        writers = []
        if output or rows:
            from imgcost.reports import open_rows  # noqa: PLC0415 - most scans write none

            settled = list(asked.values())
            writers += [stack.enter_context(open_rows(output, settled))] if output else []
            writers += [stack.enter_context(open_rows(click.get_text_stream("stdout"), settled, rows))] if rows else []
        for step in walk(paths, follow_symlinks=follow_symlinks):
            if isinstance(step, Batch):
                folder, found = step.folder, probe_batch(step, identify=bool(writers))
            else:
                folder, found = "", [step]
            tally.add(folder, found)
            for writer in writers:
                writer.write(found)
    echo(scan_report(tally, asked, compared), style, err=bool(rows))
    if strict and tally.unreadable:
        click.echo(f"imgcost: {len(tally.unreadable)} not counted, which --strict does not allow", err=True)
        raise SystemExit(UNREADABLE)


def _newest_of_each_family(conditions: Mapping[str, Any]) -> list[Terms]:
    """The terms of each family's newest model that is open to everybody, where it can be had on these conditions."""
    found = []
    for family in families():
        try:
            settled = terms(family, **conditions)
        except ImgcostError:
            continue
        if not settled.model.restricted:
            found.append(settled)
    return found
