"""`imgcost scan`: every image under some paths."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import click

from imgcost.cli.options import echo, format_option, paths_argument, settle, terms_options
from imgcost.cli.progress import progress_of
from imgcost.errors import ImgcostError
from imgcost.estimates import Terms, terms
from imgcost.files import Walk
from imgcost.formats import number, visible
from imgcost.formats.scans import scan_report
from imgcost.surveys import Survey
from imgcost.tables import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader
    from types import FrameType

    from imgcost.reports import RowKind, RowWriter

__all__ = ["command"]

UNREADABLE = 2
"""The exit code under --strict where anything could not be counted."""

INTERRUPTED, TERMINATED = 130, 143
"""The exit codes of a run that a signal ended, as shells have them."""

MOST_JOBS = 8
"""Beyond so many workers the walk, which is one process, is what everybody waits for."""


@click.command("scan", short_help="What every image under some paths costs.")
@paths_argument
@terms_options
@format_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Write to FILE: a row for each image and model, as the scan goes (.csv, .json, .jsonl, .parquet); a workbook (.xlsx) "
    "or a page (.html) that recalculates; or the report (.md).",
    metavar="FILE",
)
@click.option(
    "--rows", type=click.Choice(["csv", "jsonl"]), help="Stream the rows to stdout; the summary goes to stderr."
)
@click.option("-0", "--null", is_flag=True, help="The list of paths on stdin is NUL-separated, not lines.")
@click.option(
    "--include", multiple=True, metavar="GLOB", help="Take only files that match, by name or, with a slash, by path."
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Pass over files, folders and archives that match.")
@click.option("--follow-symlinks", is_flag=True, help="Enter links to folders; each folder is entered once.")
@click.option("--archives/--no-archives", default=True, show_default=True, help="Look into zip and tar files.")
@click.option("--dedupe", is_flag=True, help="Count identical files once, and say what that saves.")
@click.option(
    "--cache",
    "cache_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Remember in FILE what was read, and open only what has changed.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes at most.  [default: cores]"
)
@click.option("--strict", is_flag=True, help="Exit with 2 if anything could not be counted.")
def command(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    style: str,
    output: str | None,
    rows: RowKind | None,
    null: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow_symlinks: bool,
    archives: bool,
    dedupe: bool,
    cache_file: str | None,
    jobs: int | None,
    strict: bool,
    **conditions: Any,
) -> None:
    """What every image under PATH costs: tokens, dollars, what is downscaled, what costs most.

    Files are told by their content, not by their suffix. What cannot be counted is listed with its reason and never
    ends the scan. With - the paths are read from stdin, one a line.

    \b
    Examples:
      imgcost scan photos
      imgcost scan photos scans.zip -m haiku -m opus --batch -o costs.csv
      imgcost scan photos --rows jsonl > costs.jsonl
      find photos -newer stamp -print0 | imgcost scan -0 -
    """
    asked = settle(models, **conditions)
    compared = _newest_of_each_family(conditions)
    survey = Survey(
        settled=tuple(asked.values()),
        compared=tuple(compared),
        walk=Walk(follow_symlinks, include, exclude, archives),
        jobs=jobs or min(_cores(), MOST_JOBS),
        details=bool(output or rows),
        dedupe=dedupe,
        cache=cache_file,
    )
    before = signal.signal(signal.SIGTERM, _end)
    done = 0
    try:
        with ExitStack() as stack:
            writers = _open_writers(stack, output, rows, tuple(asked.values()))
            advance = stack.enter_context(progress_of(survey.walk, None if "-" in paths else paths))

            def progress(files: int) -> None:
                nonlocal done
                done += files
                advance(files)

            tally = survey.run(_listed(paths, null), writers, progress=progress, warn=_warn)
    except KeyboardInterrupt:
        kept = f"; {visible(output)} holds the rows of those, whole to the last" if output else ""
        _warn(f"interrupted after {number(done)} files{kept}")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
    echo(scan_report(tally, asked, compared), style, err=bool(rows))
    if strict and tally.unreadable:
        _warn(f"{number(len(tally.unreadable))} not counted, which --strict does not allow")
        sys.exit(UNREADABLE)


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


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _open_writers(
    stack: ExitStack, output: str | None, rows: RowKind | None, settled: tuple[Terms, ...]
) -> list[tuple[RowKind, RowWriter]]:
    if not (output or rows):
        return []
    from imgcost.reports import open_rows, row_kind  # noqa: PLC0415 - most scans write none

    writers = []
    if output:
        kind = row_kind(output)
        writers.append((kind, stack.enter_context(open_rows(output, kind, settled))))
    if rows:
        writers.append((rows, stack.enter_context(open_rows(sys.stdout.buffer, rows))))
    return writers


def _listed(paths: tuple[str, ...], null: bool) -> Iterator[str]:
    """The paths, with those listed on stdin in the place of the dash."""
    for path in paths:
        if path == "-":
            yield from map(os.fsdecode, _items(null))
        else:
            yield path


def _items(null: bool) -> Iterator[bytes]:
    stream = cast("BufferedReader", sys.stdin.buffer)
    separator = b"\0" if null else b"\n"
    rest = b""
    while block := stream.read1(1 << 16):
        *items, rest = (rest + block).split(separator)
        yield from filter(None, items)
    if rest:
        yield rest


def _warn(notice: str) -> None:
    click.echo(f"imgcost: {visible(notice)}", err=True)


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Being told to end is no reason to leave workers behind."""
    sys.exit(TERMINATED)
