"""The file of a workbook: written through XlsxWriter, with no temporary file left behind."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from imgcost.errors import MissingExtraError

try:
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError
    from xlsxwriter.worksheet import Worksheet
except ImportError as error:
    raise MissingExtraError("writing a workbook", "report") from error

from imgcost.reports.workbook.cells import Page, begin_styles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_ROWS", "pages_of"]

MAX_ROWS = 1_048_576
"""Maximum number of rows of a sheet, titles included."""

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class _Sheet(Worksheet):  # type: ignore[misc] # XlsxWriter is not typed
    """A sheet whose formulas use no function that the file format writes with a prefix."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:  # noqa: ARG002 - the signature of XlsxWriter
        """Skip the search for such functions, which takes most of the time of writing a formula."""
        return formula.removeprefix("=")


class _Target:
    """The file of a workbook, until the workbook is abandoned."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file: IO[bytes] | _Nowhere = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class _Nowhere:
    """Discards what the zip writer of Python still writes when it is garbage-collected."""

    def seek(self, position: int) -> None:
        """Ignore the position."""

    def tell(self) -> int:
        """Return 0."""
        return 0

    def write(self, data: bytes) -> None:
        """Ignore the data."""

    def flush(self) -> None:
        """Do nothing."""


@contextmanager
def pages_of(file: IO[bytes], sheets: Iterable[str]) -> Iterator[dict[str, Page]]:
    """Open a workbook. It is written when the context is left without an error.

    Args:
        file: An open binary file.
        sheets: Names of its sheets.

    Yields:
        The sheets by name.

    Raises:
        OSError: The file cannot be written.
    """
    target = _Target(file)
    with TemporaryDirectory(prefix="imgcost-") as folder:
        book = Workbook(target, _OPTIONS | {"tmpdir": folder})
        try:
            styles = begin_styles(book)
            yield {name: Page(book, book.add_worksheet(name, _Sheet), styles) for name in sheets}
            book.close()
        except BaseException as error:
            target.file = _Nowhere()
            for sheet in book.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()
            if isinstance(error, FileCreateError):  # it wraps the system's error
                raise error.args[0] from None
            raise
