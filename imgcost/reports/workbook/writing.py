"""Write a workbook: results are kept on disk until the scan ends, then all sheets are written."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING

from imgcost.reports.sinks import Progress, ScanSink
from imgcost.reports.workbook.book import MAX_ROWS, pages_of
from imgcost.reports.workbook.budget import write_budget
from imgcost.reports.workbook.calculator import write_calculator, write_steps
from imgcost.reports.workbook.charts import insert_charts, write_charts
from imgcost.reports.workbook.images import ScanSpool, encode_images, size_rows, write_images, write_not_counted
from imgcost.reports.workbook.job import WorkbookJob, token_rules_of, usual_quotes
from imgcost.reports.workbook.models import write_long_context, write_models
from imgcost.reports.workbook.notes import write_job_notes, write_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcost.plans import Plan, Repeated
    from imgcost.quoting import Quote
    from imgcost.reports.workbook.images import ImageRow
    from imgcost.summaries import ScanSummary

__all__ = ["workbook_sink"]

SIZES = ((1920, 1080), (1080, 1920), (1000, 1000), (4032, 3024), (8000, 8000))
"""Initial sizes in the Calculator, px."""

_SHEETS = (
    "Budget", "Calculator", "Images", "Excluded", "Models", "Long context", "Prices", "Notes", "Charts", "Steps",
)  # fmt: skip
_HIDDEN = ("Charts", "Steps")


def workbook_sink(
    file: IO[bytes],
    quotes: Sequence[Quote],
    progress: Progress,
    *,
    max_rows: int = MAX_ROWS,
    sizes: Sequence[tuple[int, int]] = SIZES,
) -> ScanSink:
    """Send a scan to a workbook.

    Args:
        file: An open binary file.
        quotes: The quotes of the selected models; the Budget starts with the first.
        progress: Called while the sheet Images is written.
        max_rows: Maximum number of rows of a sheet, titles included.
        sizes: Initial sizes in the Calculator, px.

    Returns:
        The sink of the scan.
    """
    usual = usual_quotes(quotes)
    conditions = quotes[0].conditions

    def write(summary: ScanSummary, spool: ScanSpool, plan: Plan | None) -> None:
        job = WorkbookJob(conditions, usual, summary, plan)
        has_long = any(quote.long_context for quote in usual)
        with pages_of(file, [name for name in _SHEETS if has_long or name != "Long context"]) as pages:
            images = write_images(pages["Images"], spool, job.token_rules, max_rows - 1, progress)
            budget = write_budget(pages["Budget"], job, images, spool.not_counted)
            write_calculator(pages["Calculator"], job, sizes)
            write_not_counted(pages["Excluded"], spool, max_rows - 1)
            write_models(pages["Models"], job, budget.totals)
            if has_long:
                write_long_context(pages["Long context"], job, images)
            write_prices(pages["Prices"])
            write_job_notes(pages["Notes"], job, images.rows)
            folders = write_charts(pages["Charts"], job, images, budget.input_price)
            write_steps(pages["Steps"], job.tiers)
            insert_charts(pages["Budget"], budget.below, folders, len(job.token_rules))
            for name in ("Budget", "Calculator"):
                pages[name].sheet.fit_to_pages(1, 1)
            for name in _HIDDEN:
                pages[name].sheet.hide()

    writer = _WorkbookWriter(write, partial(size_rows, conditions))
    return ScanSink(partial(encode_images, conditions), writer, token_rules_of(usual))


class _WorkbookWriter:
    """Keeps the parts of a scan until its end."""

    def __init__(
        self,
        write: Callable[[ScanSummary, ScanSpool, Plan | None], None],
        rows_of: Callable[[str, Sequence[Repeated]], list[tuple[ImageRow, int]]],
    ) -> None:
        self._write = write
        self._rows_of = rows_of
        self._spool = ScanSpool()

    def write(self, encoded: tuple[int, int, bytes]) -> None:
        self._spool.add(encoded)

    def add_sizes(self, source: str, sizes: Sequence[Repeated]) -> None:
        self._spool.add_sizes(self._rows_of(source, sizes))

    def finish(self, summary: ScanSummary, /, plan: Plan | None = None) -> None:
        with closing(self._spool):
            self._write(summary, self._spool, plan)

    def abandon(self) -> None:
        self._spool.close()
