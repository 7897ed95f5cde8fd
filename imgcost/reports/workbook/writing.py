"""Write a workbook: results are kept on disk until the scan ends, then all sheets are written."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple

from imgcost.reports.sinks import Progress, ScanSink
from imgcost.reports.workbook.book import MAX_ROWS, pages_of
from imgcost.reports.workbook.budget import JobImages, write_budget
from imgcost.reports.workbook.calculator import write_calculator, write_steps
from imgcost.reports.workbook.charts import insert_charts, write_bins, write_folders
from imgcost.reports.workbook.images import ScanSpool, encode_images, size_rows, write_images, write_not_counted
from imgcost.reports.workbook.job import WorkbookJob, token_rules_of, usual_quotes
from imgcost.reports.workbook.models import ModelSheets
from imgcost.reports.workbook.notes import write_job_notes, write_prices
from imgcost.reports.workbook.sizes import MAX_SIZES, write_grids, write_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcost.plans import Plan, Repeated
    from imgcost.quoting import Quote
    from imgcost.reports.workbook.images import ImageRow
    from imgcost.summaries import ScanSummary

__all__ = ["workbook_sink"]

SIZES = ((1920, 1080), (1080, 1920), (1000, 1000), (4032, 3024), (8000, 8000))
"""Initial sizes in the Calculator, px."""


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
        job = WorkbookJob(usual, summary, spool.sizes(MAX_SIZES), plan)
        _write_sheets(file, job, spool, progress, _Settings(max_rows, sizes))

    writer = _WorkbookWriter(write, partial(size_rows, conditions))
    return ScanSink(partial(encode_images, conditions), writer, token_rules_of(usual))


class _Settings(NamedTuple):
    """Maximum number of rows of a sheet, titles included, and the initial sizes in the Calculator, px."""

    max_rows: int
    sizes: Sequence[tuple[int, int]]


def _write_sheets(file: IO[bytes], job: WorkbookJob, spool: ScanSpool, progress: Progress, settings: _Settings) -> None:
    models = ModelSheets(job)
    lists_files = (
        not job.sizes_are_inputs or spool.files > 0 or any(name.rule != "image-edge" for name in job.summary.fixable)
    )
    written = {
        "Budget": True,
        "Sizes": job.sizes_are_inputs,
        "Folders": len(job.summary.folders) > 1,
        "Calculator": True,
        "Images": lists_files,
        "Excluded": spool.not_counted > 0,
        "Models": True,
        "Long context": models.has_long_context,
        "Prices": True,
        "Notes": True,
        "Charts": job.is_varied,
        "Downscaling": job.sizes_are_inputs,
        "Steps": True,
    }
    with pages_of(file, [name for name, is_written in written.items() if is_written]) as pages:
        max_rows = settings.max_rows - 1
        tables = []
        if job.sizes_are_inputs:
            tables.append(write_sizes(pages["Sizes"], job, job.first.quote.limits.image_edge))
            write_grids(pages["Downscaling"], job)
        if lists_files:
            tables.append(write_images(pages["Images"], spool, job.token_rules, max_rows, progress))
        images = JobImages(tables[0], tables[-1], spool.not_counted)
        budget = write_budget(pages["Budget"], job, models, images)
        write_calculator(pages["Calculator"], job, models, settings.sizes)
        if spool.not_counted:
            write_not_counted(pages["Excluded"], spool, max_rows)
        models.write(pages["Models"], images.counted, budget.totals)
        if models.has_long_context:
            models.write_long_context(pages["Long context"], images.counted)
        write_prices(pages["Prices"])
        write_job_notes(pages["Notes"], job, images.found)
        if "Folders" in pages:
            write_folders(pages["Folders"], job, models, budget.images_usd)
        if job.is_varied:
            write_bins(pages["Charts"], job, images.counted)
        write_steps(pages["Steps"], job.tiers)
        insert_charts(pages["Budget"], budget, tokens=job.is_varied)
        for name in ("Budget", "Calculator"):
            pages[name].sheet.fit_to_pages(1, 1)
        for name in {"Charts", "Downscaling", "Steps", *(["Sizes"] if job.is_uniform else [])} & {*pages}:
            pages[name].sheet.hide()


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
