"""`imgcost scan`: the cost of every image under some paths."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import click

from imgcost.cli.exit_codes import INTERRUPTED
from imgcost.cli.inputs import jobs_option, listed_paths, walk_options, worker_count
from imgcost.cli.options import (
    OUTPUT_FILE,
    echo,
    fail_if_empty,
    fail_on_empty_option,
    format_option,
    output_option,
    paths_argument,
    quote_options,
    reject_overwrites,
    say_what_was_written,
)
from imgcost.cli.progress import progress_of, rows_progress, writing_progress
from imgcost.cli.signals import Terminated, check_signals, signals_deferred
from imgcost.cli.stores import reject_unreachable, store_options
from imgcost.cli.tables import TableOptions, check_table_output, scan_tables, table_options
from imgcost.datasets.targets import is_request_file, sort_targets
from imgcost.errors import ImgcostError
from imgcost.figures import listed, plural
from imgcost.files import Walk
from imgcost.files.stores.access import StoreSettings
from imgcost.outputs import Output
from imgcost.paths import is_url
from imgcost.pipeline import Scan
from imgcost.quoting import comparable, quotes
from imgcost.summaries import ScanSummary
from imgcost.tables import families
from imgcost.text import visible
from imgcost.text.scans import scan_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader

    from imgcost.quoting import Quote
    from imgcost.reports.delimited import TextFormat, TextWriter
    from imgcost.reports.sinks import ScanSink

__all__ = ["command"]


@click.command("scan", short_help="Estimate the cost of every image under PATH.")
@partial(paths_argument, urls=True)
@quote_options
@format_option
@output_option(
    what="Also write FILE, once the scan is complete: one row per image and model (.csv, .json, .jsonl, .parquet), a "
    "workbook (.xlsx), an HTML report (.html), or the printed report (.md)"
)
@click.option(
    "--rows", type=click.Choice(["csv", "jsonl"]), help="Stream rows to stdout and print the summary to stderr."
)
@walk_options
@click.option("--dedupe", is_flag=True, help="Count identical files once and report the savings.")
@click.option(
    "--cache",
    "cache_file",
    type=OUTPUT_FILE,
    metavar="FILE",
    help="Store image headers in FILE; later scans read only new and changed files.",
)
@jobs_option
@store_options
@table_options
@click.option("--fail-on-unreadable", is_flag=True, help="Exit with code 2 if a file, folder or row cannot be read.")
@fail_on_empty_option
def command(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    style: str,
    outputs: tuple[str, ...],
    rows: TextFormat | None,
    null: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow_symlinks: bool,
    archives: bool,
    dedupe: bool,
    cache_file: str | None,
    jobs: int | None,
    store: tuple[tuple[str, str], ...],
    concurrency: int,
    tables: bool,
    fail_on_unreadable: bool,
    fail_on_empty: bool,
    **options: Any,
) -> None:
    """Estimate the cost of every image under PATH: tokens, dollars, downscaled images, costliest folders.

    PATH can also be a table (.parquet, .csv, .tsv, .jsonl, .arrow, .feather) with columns of widths and heights, or of
    image bytes. It is read in flat memory, and -o FILE.parquet copies it with columns of tokens and dollars.

    URL is a prefix or an object in an object store: s3://, gs:// and az:// with imgcost[cloud], others such as hf:// if
    fsspec has a driver for them, or a single file at https://. Only the first bytes of each object are read. With
    --cache, an interrupted scan continues where it ended.

    File types are detected from content, not from the file extension. Only headers are read: to find truncated images
    too, run 'imgcost check'. Files that cannot be read are listed with the reason and never abort the scan. The first
    table also has the newest model of each family, for comparison. Pass - to read paths from stdin, one per line.


    \b
    Examples:
      imgcost scan photos
      imgcost scan photos scans.zip -m haiku -m opus --batch -o costs.csv
      imgcost scan photos --rows jsonl > costs.jsonl
      imgcost scan train-*.parquet --group-by format -o costs.parquet
      imgcost scan s3://bucket/photos --cache photos.cache -o costs.xlsx
      find photos -newer stamp -print0 | imgcost scan -0 -
    """
    of_tables = TableOptions(*map(options.pop, TableOptions._fields))
    selected = quotes(models, **options)
    compared = _newest_of_each_family(selected)
    own = (*outputs, *filter(None, (cache_file,)))
    walk = Walk(follow_symlinks, include, exclude, archives, own, StoreSettings(store, concurrency))
    targets = sort_targets(paths, walk if tables else None)
    inputs = [path for path in (*targets.files, *targets.tables) if path != "-"]
    reject_overwrites(inputs, output=outputs, cache=cache_file)
    if targets.tables:
        check_table_output(outputs, targets.files, selected, of_tables, rows=bool(rows))
    elif any(of_tables):
        raise click.UsageError("--width, --height, --image, --group-by and --cluster apply to tables only.")
    together = ExitStack()
    written = [Output(path, together) for path in outputs]
    streamed: list[TextWriter] = []
    done = Counter[str]()
    summary = ScanSummary(selected, compared)
    try:
        with together:
            if targets.files:
                with ExitStack() as stack:
                    with signals_deferred():
                        sinks = _open_sinks(stack, written, rows, selected, streamed)
                    unknown = any(path == "-" or is_url(path) for path in paths)
                    advance = stack.enter_context(progress_of(walk, None if unknown else targets.files))
                    scan = Scan(
                        quotes=selected,
                        compared=compared,
                        walk=walk,
                        jobs=worker_count(jobs),
                        dedupe=dedupe,
                        cache_file=cache_file,
                    )
                    stdin = cast("BufferedReader", sys.stdin.buffer)
                    paths_read = listed_paths(targets.files, stdin, null=null)
                    summary = scan.run(paths_read, sinks, progress=_counting(done, "file", advance), warn=_warn)
            if targets.tables:
                with rows_progress() as advance:
                    progress = _counting(done, "row", advance)
                    summary.merge(scan_tables(targets.tables, selected, compared, of_tables, written, progress))
            reject_unreachable(summary)
    except (KeyboardInterrupt, Terminated) as error:
        how = f"terminated by {error.signal}" if isinstance(error, Terminated) else "interrupted"
        after = listed([plural(count, noun) for noun, count in done.items()]) or "0 files"
        _warn("; ".join([f"{how} after {after}", *_leftovers(written, streamed)]))
        sys.exit(error.code if isinstance(error, Terminated) else INTERRUPTED)
    for path in filter(is_request_file, (path for path in targets.files if path.lower().endswith(".jsonl"))):
        _warn(f"{path} has requests, not images: run 'imgcost check {path}'")
    report = scan_report(summary)
    say_what_was_written(outputs)
    echo(report, style, err=bool(rows))
    if fail_on_unreadable and (summary.unreadable or summary.excluded):
        unreadable = [
            plural(count, *nouns)
            for count, *nouns in (
                (len(summary.unreadable), "file or folder", "files or folders"),
                (summary.excluded_rows, "row"),
            )
            if count
        ]
        raise ImgcostError(f"{listed(unreadable)} could not be read (--fail-on-unreadable was given)")
    fail_if_empty(summary.images, fail_on_empty)


def _counting(done: Counter[str], noun: str, advance: Callable[[int], None]) -> Callable[[int], None]:
    """Return a function that counts what is done, and raises signals."""

    def progress(count: int) -> None:
        done[noun] += count
        advance(count)
        check_signals()

    return progress


def _newest_of_each_family(selected: Sequence[Quote]) -> tuple[Quote, ...]:
    """Quote the newest generally available model of each family on the same conditions, except the selected ones."""
    newest: dict[str, Quote] = {}
    for quote in comparable(selected):
        if not quote.model.restricted:
            current = newest.get(quote.model.family)
            if current is None or current.model.released < quote.model.released:
                newest[quote.model.family] = quote
    return tuple(newest[family] for family in families() if family in newest and newest[family] not in selected)


def _open_sinks(
    stack: ExitStack,
    outputs: Sequence[Output],
    rows: TextFormat | None,
    selected: Sequence[Quote],
    streamed: list[TextWriter],
) -> list[ScanSink]:
    if not (outputs or rows):
        return []
    from imgcost.reports.writers import open_scan, stream_rows  # noqa: PLC0415 - most scans write no file

    sinks = []
    for output in outputs:
        show = stack.enter_context(writing_progress(output.path))
        sinks.append(stack.enter_context(open_scan(output, selected, _interruptible(show))))
    if rows:
        sinks.append(stack.enter_context(_streaming(stream_rows(sys.stdout.buffer, selected, rows))))
        streamed.append(cast("TextWriter", sinks[-1].writer))
    return sinks


def _interruptible(show: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Return a function that shows progress, and raises signals."""

    def progress(written: int, total: int) -> None:
        show(written, total)
        check_signals()

    return progress


@contextmanager
def _streaming(sink: ScanSink) -> Iterator[ScanSink]:
    """End the stream with a complete row, even if the scan is interrupted."""
    try:
        yield sink
    except BaseException:
        sink.writer.abandon()
        raise


def _leftovers(outputs: Sequence[Output], streamed: list[TextWriter]) -> Iterator[str]:
    """Describe what an interrupted scan leaves behind."""
    for output in outputs:
        yield f"{visible(output.path)} {'is complete' if output.complete else 'was not written'}"
    for writer in streamed:
        yield f"stdout has only {plural(writer.rows, 'complete row')}"


def _warn(notice: str) -> None:
    click.echo(f"imgcost: {visible(notice)}", err=True)
