"""`imgcost scan`: every image under some paths."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import click

from imgcost.cli.options import OUTPUT_FILE, echo, format_option, refuse_inputs, settle, terms_options
from imgcost.cli.progress import progress_of, writing_progress
from imgcost.cli.signals import Terminated, check_signals, signals_held
from imgcost.errors import ImgcostError
from imgcost.estimates import Terms, terms
from imgcost.files import Walk
from imgcost.formats import number, plural, visible
from imgcost.formats.scans import scan_report
from imgcost.outputs import Output
from imgcost.surveys import Survey
from imgcost.tables import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader

    from imgcost.reports import RowKind, RowWriter
    from imgcost.reports.rows import TextWriter

__all__ = ["command"]

UNREADABLE = 2
"""The exit code under --strict where anything could not be counted."""

INTERRUPTED = 130
"""The exit code of a run that Ctrl-C ended, as shells have it."""

MOST_JOBS = 8
"""Beyond so many workers the walk, which is one process, is what everybody waits for."""


@click.command("scan", short_help="What every image under some paths costs.")
@click.argument("paths", type=click.Path(exists=True, allow_dash=True), nargs=-1, required=True, metavar="PATH...|-")
@terms_options
@format_option
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FILE,
    help="Write to FILE when the scan is complete: a row for each image and model (.csv, .json, .jsonl, .parquet); a "
    "workbook (.xlsx) or a page (.html) that recalculates; or the report (.md).",
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
    type=OUTPUT_FILE,
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
    refuse_inputs((path for path in paths if path != "-"), output=output, cache=cache_file)
    asked = settle(models, **conditions)
    compared = _newest_of_each_family(conditions)
    survey = Survey(
        settled=tuple(asked.values()),
        compared=tuple(compared),
        walk=Walk(follow_symlinks, include, exclude, archives, tuple(filter(None, (output, cache_file)))),
        jobs=jobs or min(_cores(), MOST_JOBS),
        details=bool(output or rows),
        dedupe=dedupe,
        cache=cache_file,
    )
    target = Output(output) if output else None
    streamed: list[TextWriter] = []
    done = 0
    try:
        with ExitStack() as stack:
            with signals_held():
                writers = _open_writers(stack, target, rows, tuple(asked.values()), streamed)
            advance = stack.enter_context(progress_of(survey.walk, None if "-" in paths else paths))

            def progress(files: int) -> None:
                nonlocal done
                done += files
                advance(files)
                check_signals()

            tally = survey.run(_listed(paths, null), writers, progress=progress, warn=_warn)
    except (KeyboardInterrupt, Terminated) as error:
        how, code = (
            (f"ended by {error.signal}", error.code) if isinstance(error, Terminated) else ("interrupted", INTERRUPTED)
        )
        _warn("; ".join([f"{how} after {number(done)} files", *_left(target, streamed)]))
    else:
        code = None
    if code is not None:
        # Not as a consequence of that error, whose traceback would keep fonts of a page alive beyond their library.
        sys.exit(code)
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
    stack: ExitStack,
    target: Output | None,
    rows: RowKind | None,
    settled: tuple[Terms, ...],
    streamed: list[TextWriter],
) -> list[tuple[RowKind, RowWriter]]:
    if not (target or rows):
        return []
    from imgcost.reports import open_rows, row_kind  # noqa: PLC0415 - most scans write none

    writers = []
    if target:
        kind = row_kind(target.path)
        show = stack.enter_context(writing_progress(target.path))

        def progress(written: int, total: int) -> None:
            show(written, total)
            check_signals()

        writers.append((kind, stack.enter_context(open_rows(target, kind, settled, progress))))
    if rows:
        writers.append((rows, stack.enter_context(open_rows(sys.stdout.buffer, rows))))
        streamed.append(cast("TextWriter", writers[-1][1]))
    return writers


def _left(target: Output | None, streamed: list[TextWriter]) -> Iterator[str]:
    """What a scan that was ended early leaves behind."""
    if target:
        yield f"{visible(target.path)} {'is complete' if target.complete else 'was not written'}"
    for writer in streamed:
        yield f"stdout has the first {plural(writer.rows, 'row')} only"


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
