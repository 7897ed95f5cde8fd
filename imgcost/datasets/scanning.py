"""Scan tables: sums over all rows, and the table itself with columns of tokens and dollars."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from imgcost.datasets.costs import cost_columns, costed_schema
from imgcost.datasets.selection import Selection
from imgcost.datasets.sizes import labels, read_sizes
from imgcost.datasets.sources import Part, open_table, parts_of, read_part
from imgcost.datasets.totals import Totals
from imgcost.errors import ImgcostError
from imgcost.files import Unreadable, no_access
from imgcost.summaries import ScanSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    import pyarrow as pa

    from imgcost.datasets.selection import TableColumns
    from imgcost.datasets.sizes import Labels, Sizes
    from imgcost.outputs import Output
    from imgcost.quoting import Quote

__all__ = ["TableScan", "summarize_part"]


class TableScan(NamedTuple):
    """Settings of a scan of tables.

    Attributes:
        quotes: Quotes of the selected models. The first one decides the platform's limits.
        compared: Quotes of other models, for comparison.
        selection: Columns that the user names.
    """

    quotes: tuple[Quote, ...]
    compared: tuple[Quote, ...] = ()
    selection: Selection = Selection()

    def run(self, tables: Iterable[str], progress: Callable[[int], None] = lambda _rows: None) -> ScanSummary:
        """Sum up tables, in flat memory.

        A table that cannot be read is listed as unreadable and not counted at all.

        Args:
            tables: Paths of Parquet, CSV, TSV, JSON lines and Arrow files.
            progress: Called with the number of rows done since the last call.

        Returns:
            The sums.

        Raises:
            ImgcostError: No table can be read, or a column to group by has too many different values.
        """

        def summaries(path: str) -> Iterator[ScanSummary]:
            _, columns = open_table(path, self.selection)
            for part in parts_of(path, columns):
                yield summarize_part(part, self.quotes, self.compared, progress)

        return self.merged(tables, summaries)

    def merged(self, tables: Iterable[str], summaries: Callable[[str], Iterable[ScanSummary]]) -> ScanSummary:
        """Merge the sums of the parts of each table; see `run`."""
        total = ScanSummary(self.quotes, self.compared)
        errors: list[Exception] = []
        tables = list(tables)
        for path in tables:
            whole = ScanSummary(self.quotes, self.compared)
            try:
                for summary in summaries(path):
                    whole.merge(summary)
            except (ImgcostError, OSError) as error:
                errors.append(error)
                if isinstance(error, ImgcostError):
                    total.unreadable.append(Unreadable(path, "not-a-table", str(error)))
                else:
                    total.unreadable.append(no_access(path, error))
            else:
                whole.tables = 1
                total.merge(whole)
        if errors and len(errors) == len(tables):
            raise errors[0]
        return total

    def write(
        self, tables: Iterable[str], target: Output, progress: Callable[[int], None] = lambda _rows: None
    ) -> ScanSummary:
        """Copy tables to one Parquet file, with columns of tokens and dollars added, and sum them up.

        Args:
            tables: Paths of tables with the same columns.
            target: The file, which is replaced once it is complete.
            progress: Called with the number of rows done since the last call.

        Returns:
            The sums.

        Raises:
            ImgcostError: A table cannot be read or has other columns than the first one, or a column exists already.
            OSError: A file cannot be read or written.
        """
        total = ScanSummary(self.quotes, self.compared)
        opened = [(path, *open_table(path, self.selection)) for path in tables]
        schema = costed_schema(opened[0][1])
        with target as file, ExitStack() as stack:
            import pyarrow.parquet as pq  # noqa: PLC0415 - `open_table` has imported it

            writer = stack.enter_context(pq.ParquetWriter(file, schema))
            for path, columns_of_table, columns in opened:
                if columns_of_table.remove_metadata() != opened[0][1].remove_metadata():
                    raise ImgcostError(f"{path} has other columns than {opened[0][0]}: write them to separate files")
                totals = Totals(path, self.quotes, self.compared, columns)
                for part in parts_of(path, columns):
                    self._write_part(part, totals, writer, schema, progress)
                total.merge(totals.summary())
                total.tables += 1
        return total

    def _write_part(
        self, part: Part, totals: Totals, writer: Any, schema: pa.Schema, progress: Callable[[int], None]
    ) -> None:
        import pyarrow as pa  # noqa: PLC0415 - the caller has it

        row = part.first_row
        for batch in _ahead(read_part(part)):
            sizes = read_sizes(batch, part.columns)
            totals.add(sizes, _groups(batch, sizes, part.columns), row)
            added = cost_columns(sizes, self.quotes[0])
            writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, *added.columns], schema=schema))
            row += len(batch)
            progress(len(batch))


def summarize_part(
    part: Part,
    quotes: tuple[Quote, ...],
    compared: tuple[Quote, ...] = (),
    progress: Callable[[int], None] = lambda _rows: None,
) -> ScanSummary:
    """Sum up a part of a table. It can run anywhere: its arguments and its result are small and can be pickled.

    Args:
        part: The part.
        quotes: Quotes of the selected models.
        compared: Quotes of other models, for comparison.
        progress: Called with the number of rows of each batch.

    Returns:
        The sums.

    Raises:
        ImgcostError: The file is damaged, or a column to group by has too many different values.
        OSError: The file cannot be read.
    """
    totals = Totals(part.path, quotes, compared, part.columns)
    row = part.first_row
    for batch in _ahead(read_part(part, part.columns.names)):
        sizes = read_sizes(batch, part.columns)
        totals.add(sizes, _groups(batch, sizes, part.columns), row)
        row += len(batch)
        progress(len(batch))
    return totals.summary()


def _groups(batch: pa.RecordBatch, sizes: Sizes, columns: TableColumns) -> Labels | None:
    """Return the values to group by; for images without such a column, their media types."""
    if columns.group is not None:
        return labels(columns.get(batch, columns.group))
    return sizes.media_types if columns.image is not None else None


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batch in a thread while the caller works on the current one."""
    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(next, batches, None)
        while (batch := pending.result()) is not None:
            pending = reader.submit(next, batches, None)
            yield batch
