"""Options of `imgcost scan` for tables, and the scan of tables."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from imgcost.cli.options import single_option
from imgcost.figures import listed
from imgcost.outputs import is_step_summary
from imgcost.tabular import SCAN
from imgcost.text import as_markdown, visible
from imgcost.text.scans import scan_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from imgcost.outputs import Output
    from imgcost.quoting import Quote
    from imgcost.summaries import ScanSummary

    Command = TypeVar("Command", bound=Callable[..., Any])

__all__ = ["TableOptions", "check_table_output", "scan_tables", "table_format", "table_options"]


class TableOptions(NamedTuple):
    """Options that apply to tables only.

    Attributes:
        width: Column of widths.
        height: Column of heights.
        image: Column of image bytes.
        group_by: Column to group by.
        cluster: Address of the scheduler of a Dask cluster.
    """

    width: str | None = None
    height: str | None = None
    image: str | None = None
    group_by: str | None = None
    cluster: str | None = None


def table_options(command: Command) -> Command:
    """Add the options that apply to tables."""
    for option in reversed(
        (
            click.option("--tables", is_flag=True, help="Read the tables in folders instead of the images."),
            click.option(
                "--width", metavar="COLUMN", help="Column of widths in px.  [default: width, in upper or lower case]"
            ),
            click.option("--height", metavar="COLUMN", help="Column of heights in px.  [default: height]"),
            click.option(
                "--image",
                metavar="COLUMN",
                help="Column of image bytes, plain or in a struct; only headers are read.  [default: image or similar, "
                "if there is no width]",
            ),
            single_option(
                "--group-by",
                metavar="COLUMN",
                help="Column of tables whose values are totaled separately.  [default: media_type or format]",
            ),
            click.option(
                "--cluster",
                metavar="ADDRESS",
                help="Read tables on the Dask cluster with this scheduler, such as tcp://host:8786.",
            ),
        )
    ):
        command = option(command)
    return command


def table_format(output: str) -> str | None:
    """Return the format of an output of tables: the copy with costs, or the report; None for any other."""
    suffix = ".md" if is_step_summary(output) else Path(output).suffix.lower()
    return suffix if suffix in (".parquet", ".md") else None


def scan_tables(
    tables: Sequence[str],
    quotes: tuple[Quote, ...],
    compared: tuple[Quote, ...],
    options: TableOptions,
    targets: Sequence[Output],
    progress: Callable[[int], None],
) -> ScanSummary:
    """Scan tables.

    Args:
        tables: The tables, at least one.
        quotes: Quotes of the selected models.
        compared: Quotes of other models, for comparison.
        options: Options for tables.
        targets: Files to write: the report as Markdown, and at most one Parquet file, a copy of the tables with columns
            of tokens and dollars.
        progress: Called with the number of rows done since the last call.

    Returns:
        The sums.
    """
    from imgcost.datasets.scanning import TableScan  # noqa: PLC0415 - loads numpy and pyarrow
    from imgcost.datasets.selection import Selection  # noqa: PLC0415 - same

    *columns, cluster = options
    scan = TableScan(quotes, compared, Selection(*columns))
    copies = [target for target in targets if table_format(target.path) == ".parquet"]
    with _without_unraisable_errors():
        if copies:
            summary = scan.write(tables, copies[0], progress)
        elif cluster:
            from imgcost.datasets.dask import scan_on_cluster  # noqa: PLC0415 - an extra

            summary = scan_on_cluster(scan, tables, cluster, progress)
        else:
            summary = scan.run(tables, progress)
    for target in targets:
        if target not in copies:
            with target as file:
                file.write(f"{as_markdown(scan_report(summary), SCAN.title)}\n".encode())
    return summary


@contextmanager
def _without_unraisable_errors() -> Iterator[None]:
    """Print no tracebacks of pyarrow: a row of a text table that is not UTF-8 raises one in its own thread.

    The table is then listed as unreadable, with the reason.
    """
    hook, sys.unraisablehook = sys.unraisablehook, lambda _error: None
    try:
        yield
    finally:
        sys.unraisablehook = hook


def check_table_output(
    outputs: Sequence[str], files: Sequence[str], quotes: Sequence[Quote], options: TableOptions, *, rows: bool
) -> None:
    """Reject outputs that tables do not have.

    Raises:
        click.UsageError: An output cannot be written.
    """
    if rows:
        raise click.UsageError("--rows streams rows of files, not of tables: use -o FILE.parquet.")
    for output in outputs:
        if table_format(output) is None:
            raise click.UsageError(
                f"{visible(output)}: a scan of tables writes .parquet or .md. For a workbook or a page, run 'imgcost "
                "plan'."
            )
    if outputs and files:
        raise click.UsageError("-o writes either tables or files: scan them with two commands.")
    copies = [output for output in outputs if table_format(output) == ".parquet"]
    if len(copies) > 1:
        raise click.UsageError(f"-o writes one copy of the tables, not {listed([*map(visible, copies)])}: choose one.")
    if copies and len(quotes) > 1:
        raise click.UsageError("-o adds the columns of one model: pass one --model.")
    if copies and options.cluster:
        raise click.UsageError("-o cannot be used with --cluster: docs/scale.md shows how to write tables there.")
