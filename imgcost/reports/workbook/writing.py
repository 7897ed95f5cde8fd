"""A whole workbook: rows are kept until it is closed, then every sheet is written in one go."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import MissingExtraError
from imgcost.figures import plural
from imgcost.prices import multiply
from imgcost.reports.workbook.budget import Job, write_budget
from imgcost.reports.workbook.calculator import choose, write_calculator, write_steps
from imgcost.reports.workbook.charts import insert_charts, write_charts
from imgcost.reports.workbook.contents import Contents
from imgcost.reports.workbook.images import Rate, write_images, write_not_counted, write_requests
from imgcost.reports.workbook.models import write_models
from imgcost.reports.workbook.offers import Inputs, list_offers
from imgcost.reports.workbook.packing import Packing, outcome
from imgcost.reports.workbook.page import Page, begin_styles
from imgcost.reports.workbook.sources import write_notes, write_prices
from imgcost.tables import limits_on

try:
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError
    from xlsxwriter.worksheet import Worksheet
except ImportError as error:
    raise MissingExtraError("writing a workbook", "report") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.estimates import Terms
    from imgcost.files import Group
    from imgcost.reports.rows import Progress

__all__ = ["MOST_ROWS", "WorkbookWriter"]

MOST_ROWS = 1_048_576
"""The rows of a sheet, its titles included, by the file format."""

SIZES = ((1920, 1080), (1080, 1920), (1000, 1000), (4032, 3024), (8000, 8000))
"""What the Calculator begins with, px."""

_SHEETS = ("Budget", "Calculator", "Images", "Not counted", "Charts", "Prices", "Models", "Requests", "Steps", "Notes")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class _Sheet(Worksheet):  # type: ignore[misc] # it ships no types
    """A sheet that takes formulas as they are: looking each through for the newest functions doubles the time."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:  # noqa: ARG002
        return formula.removeprefix("=")


class _Target:
    """The file of a workbook, until the workbook is given up.

    Python's zip writer ends its archive even when it is collected: then it must not find a closed file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def _workbook(file: IO[bytes]) -> Iterator[Workbook]:
    """A workbook that is written when the context is left without an error; its temporary files never stay."""
    target = _Target(file)
    with TemporaryDirectory(prefix="imgcost-") as folder:
        book = Workbook(target, _OPTIONS | {"tmpdir": folder})
        try:
            yield book
            book.close()
        except BaseException as error:
            target.file = BytesIO()
            for sheet in book.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()
            if isinstance(error, FileCreateError):  # it wraps what the system says
                raise error.args[0] from None
            raise


class WorkbookWriter:
    """Takes what was found, and makes a workbook of it when it is closed."""

    def __init__(
        self,
        file: IO[bytes],
        settled: Sequence[Terms],
        *,
        inputs: Inputs | None = None,
        sizes: Sequence[tuple[int, int]] = SIZES,
        most_rows: int = MOST_ROWS,
        progress: Progress = lambda _done, _total: None,
    ) -> None:
        """Begin with an open file.

        Args:
            file: An open binary file.
            settled: The terms of the models asked for; the Budget begins with the first of them.
            inputs: What stands in the Budget's input cells; follows from the terms if None.
            sizes: What stands in the Calculator's input cells, px.
            most_rows: The most rows of a sheet, its titles included.
            progress: Called while the sheet Images is written.
        """
        self._terms = tuple(settled)
        self._day = settled[0].as_of
        self._inputs = inputs or _inputs(settled[0])
        self._sizes = sizes
        self._most = most_rows - 1
        self._progress = progress
        self._offers = list_offers(settled)
        measures = tuple(dict.fromkeys(offer.measure for offer in self._offers))
        self._measures = tuple(sorted(measures, key=lambda measure: measure.tier.edge_limit))
        self._file = file
        self._contents = Contents(limits_on("claude-api", self._day), self._measures)

    def write(self, encoded: list[Group]) -> None:
        """Take what was found."""
        self._contents.take(encoded)

    def close(self, *, whole: bool = True) -> None:
        """Write every sheet, if the scan has reached its end.

        Args:
            whole: Whether it has.

        Raises:
            ImgcostError: The images have more sizes than a sheet has rows.
            OSError: The file cannot be written.
        """
        with closing(self._contents):
            if whole:
                with _workbook(self._file) as book:
                    styles = begin_styles(book)
                    self._write({name: Page(book, book.add_worksheet(name, _Sheet), styles) for name in _SHEETS})

    def _write(self, pages: dict[str, Page]) -> None:
        inputs, offers, contents = self._inputs, self._offers, self._contents
        tiers = tuple(dict.fromkeys(measure.tier for measure in self._measures))
        packing = Packing(self._measures, inputs.images_per_request)
        chosen = next(offer for offer in offers if offer.model.id == inputs.model)
        factor = outcome(chosen, inputs, packing).factor
        usd = None if factor is None else multiply(factor, chosen.standard.input)
        rate = Rate(self._measures.index(chosen.measure), usd)
        rows = write_images(pages["Images"], contents, packing, tiers, rate, self._most, self._progress)
        outcomes = [outcome(offer, inputs, packing) for offer in offers]
        limits = limits_on("claude-api", self._day)
        job = Job(self._day, limits, inputs, offers, outcomes, packing, contents, rows)
        below = write_budget(pages["Budget"], job)
        choices = [choose(tier, offers, outcomes, inputs.model) for tier in tiers]
        write_calculator(pages["Calculator"], choices, tiers, self._sizes, len(offers))
        write_not_counted(pages["Not counted"], contents.set_aside, self._most)
        folders = write_charts(pages["Charts"], contents, self._measures, packing.histograms, rate)
        for name in ("Budget", "Calculator"):
            pages[name].sheet.fit_to_pages(1, 1)
        insert_charts(pages["Budget"], below, folders, len(self._measures))
        write_prices(pages["Prices"])
        write_models(pages["Models"], offers, outcomes, packing)
        write_requests(pages["Requests"], packing)
        write_steps(pages["Steps"], tiers)
        write_notes(pages["Notes"], self._day, self._notes())

    def _notes(self) -> list[str]:
        notes = []
        if self._contents.images > self._most:
            notes.append(
                f"{plural(self._contents.images, 'image')} are more than a sheet has rows: the sheet Images has one "
                "row for all images of a size in a folder (or, where even these are too many, of a size). Its order is "
                "that of the requests."
            )
        if any("cache" in condition for terms in self._terms for condition in terms.conditions):
            notes.append("The scan was asked to price images as cached. This workbook prices them as plain input.")
        rejected = sum(one.problem == "rejected" for one in self._contents.set_aside)
        if rejected:
            notes.append(f"Excluded: {plural(rejected, 'image')} that the API would reject, on the sheet Not counted.")
        return notes


def _inputs(terms: Terms) -> Inputs:
    """What the conditions of a scan say about the Budget's input cells."""
    geo = "us" if "inference in the US" in terms.conditions else "global"
    return Inputs(terms.model.id, batch="batch" in terms.conditions, inference_geo=geo)  # type: ignore[arg-type] # one of the two
