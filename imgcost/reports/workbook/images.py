"""The sheets Images and Not counted; results are kept on disk until the scan ends."""

from __future__ import annotations

import pickle
from functools import lru_cache
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from xlsxwriter.utility import xl_range_abs

from imgcost import geometry
from imgcost.acceptance import breaches, byte_limit, sent_bytes
from imgcost.errors import ImgcostError
from imgcost.figures import number, plural
from imgcost.files import Image
from imgcost.reports.workbook.cells import column_of
from imgcost.reports.workbook.job import title_of
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.conditions import Conditions
    from imgcost.files import Group
    from imgcost.quotes import TokenRule
    from imgcost.reports.sinks import Progress
    from imgcost.reports.workbook.cells import Page

__all__ = ["ImageSheet", "Spool", "encode_images", "write_images", "write_not_counted"]

SHEET = "Images"
PROGRESS_ROWS = 500
"""Rows between two calls of a progress function."""

_WIDTHS = (50, 11, 11, 14)

Size: TypeAlias = "tuple[str, int, int, int, str | None]"
"""Path or folder, width, height (px), size of the file or files (bytes), and why the API would reject it as it is."""


class Part(NamedTuple):
    """A part of a scan.

    Attributes:
        images: Folders with their images.
        not_counted: Paths, problems and reasons.
    """

    images: list[tuple[str, list[Size]]]
    not_counted: list[tuple[str, str, str]]


def encode_images(sent: Conditions, groups: Iterable[Group]) -> tuple[int, int, bytes]:
    """Encode what the workbook shows of images, compact enough for pipes and for the disk.

    Args:
        sent: The platform and the date whose limits apply.
        groups: Folders and their files.

    Returns:
        Number of images, number of files and folders that are not counted, and a pickled `Part`.
    """
    limits = known_limits(sent.platform, sent.as_of)

    most = byte_limit(limits)

    @lru_cache(maxsize=1 << 12)  # nearly every file has a size of its own; whether it is too large is what matters
    def phrase_of(media_type: str, width: int, height: int, is_large: bool) -> str | None:
        size_bytes = most + 1 if is_large and most is not None else 0
        breach = next(breaches(media_type, width, height, size_bytes, limits), None)
        return breach.reason.phrase if breach else None

    part = Part([], [])
    for folder, files in groups:
        mine: list[Size] = []
        for file in files:
            if not isinstance(file, Image):
                part.not_counted.append((file.path, file.problem, file.reason))
            elif file.duplicate_of is not None:
                part.not_counted.append((file.path, "duplicate", f"the same bytes as {file.duplicate_of}"))
            else:
                is_large = most is not None and sent_bytes(file.file_bytes, limits) > most
                reason = phrase_of(file.media_type, file.width, file.height, is_large)
                mine.append((file.path, file.width, file.height, file.file_bytes, reason))
        part.images.append((folder, mine))
    images = sum(len(mine) for _, mine in part.images)
    return images, len(part.not_counted), pickle.dumps(part, pickle.HIGHEST_PROTOCOL)


class Spool:
    """The parts of a scan, in order, on disk.

    Attributes:
        images: Number of images.
        not_counted: Number of files and folders that are not counted.
    """

    def __init__(self) -> None:
        """Start without parts."""
        self.images = self.not_counted = 0
        self._file = TemporaryFile()  # noqa: SIM115 - closed with the workbook

    def add(self, encoded: tuple[int, int, bytes]) -> None:
        """Add a part, as `encode_images` returns it."""
        images, not_counted, part = encoded
        self.images += images
        self.not_counted += not_counted
        self._file.write(part)

    def parts(self) -> Iterator[Part]:
        """Read the parts again."""
        self._file.flush()
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 - this process wrote it

    def rows(self, most: int) -> Iterator[tuple[Size, int]]:
        """List the rows of the sheet Images.

        Args:
            most: The most rows that it may have.

        Yields:
            A row per image, and 1; if there are more images than rows, a row for each size in a folder, or where those
            are too many for each size, and the number of its images.

        Raises:
            ImgcostError: There are more sizes than rows.
        """
        if self.images <= most:
            for part in self.parts():
                for _, images in part.images:
                    for image in images:
                        yield image, 1
            return
        rows = self._grouped(lambda folder: folder or ".")
        if len(rows) > most:
            rows = self._grouped(lambda _: "all folders")
        if len(rows) > most:
            sizes = plural(len(rows), "size")
            raise ImgcostError(f"images of {sizes} do not fit a sheet of {plural(most, 'row')}: write .csv or .parquet")
        for (folder, width, height, reason), (count, file_bytes) in rows.items():
            yield (folder, width, height, file_bytes, reason), count

    def close(self) -> None:
        """Free the space on disk."""
        self._file.close()

    def _grouped(self, name_of: Callable[[str], str]) -> dict[tuple[str, int, int, str | None], list[int]]:
        rows: dict[tuple[str, int, int, str | None], list[int]] = {}
        for part in self.parts():
            for folder, images in part.images:
                for _, width, height, file_bytes, reason in images:
                    row = rows.setdefault((name_of(folder), width, height, reason), [0, 0])
                    row[0] += 1
                    row[1] += file_bytes
        return rows


class ImageSheet:
    """The written sheet Images, for formulas.

    Attributes:
        rows: Number of its rows.
        edges: Widths and heights.
        tokens: For each rule, visual tokens of each image.
        rejected: Why the images would be rejected as they are.
    """

    def __init__(self, rows: int, rules: int, grouped: bool) -> None:
        """Name the columns."""
        first = len(_WIDTHS) + grouped
        self.rows = rows
        self.edges = f"'{SHEET}'!{xl_range_abs(1, 1, max(rows, 1), 2)}"
        self.tokens = [column_of(SHEET, first + index, rows) for index in range(rules)]
        self.rejected = column_of(SHEET, first + rules, rows)
        self._counts = column_of(SHEET, len(_WIDTHS), rows) if grouped else None

    def count(self) -> str:
        """Return a formula for the number of images."""
        return f"SUM({self._counts})" if self._counts else f"COUNT({self.tokens[0]})"

    def count_if(self, *conditions: str) -> str:
        """Return a formula for the number of images that meet conditions: a column, its condition, and so on."""
        arguments = ",".join(conditions)
        return f"SUMIFS({self._counts},{arguments})" if self._counts else f"COUNTIFS({arguments})"

    def total(self, index: int) -> str:
        """Return a formula for all visual tokens by a rule."""
        tokens = self.tokens[index]
        return f"SUMPRODUCT({self._counts},{tokens})" if self._counts else f"SUM({tokens})"

    def total_where(self, condition: str, index: int) -> str:
        """Return a formula for the visual tokens of images that meet a condition."""
        times = f"*{self._counts}" if self._counts else ""
        return f"SUMPRODUCT(({condition})*{self.tokens[index]}{times})"


def write_images(page: Page, spool: Spool, rules: Sequence[TokenRule], most: int, progress: Progress) -> ImageSheet:
    """Write the sheet Images.

    Args:
        page: The sheet.
        spool: The parts of the scan.
        rules: What counts tokens.
        most: The most rows below the titles.
        progress: Called now and then with the number of rows written, and of all rows at most.

    Returns:
        The sheet, as formulas see it.

    Raises:
        ImgcostError: There are more sizes than rows.
    """
    total, grouped = min(spool.images, most), spool.images > most
    titles = [
        "Folder (its images of one size together)" if grouped else "Path",
        "Width, px",
        "Height, px",
        "File, bytes",
    ]
    titles += ["Images"] * grouped
    titles += [f"Visual tokens per image, {title_of(rule, rules)}" for rule in rules]
    titles.append("Rejected as it is")
    widths = [*_WIDTHS, *[10] * grouped, *[17] * len(rules), 20]
    page.table_head(titles, widths, total)
    tokens_of = _counter(tuple(rules))
    row = 0
    for row, ((path, width, height, file_bytes, reason), images) in enumerate(spool.rows(most), 1):
        tokens = tokens_of(width, height)
        page.record(row, (path, width, height, file_bytes, *[images] * grouped, *tokens, reason))
        if row % PROGRESS_ROWS == 0:
            progress(row, total)
    return ImageSheet(row, len(rules), grouped)


def _counter(rules: tuple[TokenRule, ...]) -> Callable[[int, int], tuple[int, ...]]:
    @lru_cache(maxsize=1 << 14)  # most folders have many images of few sizes
    def count(width: int, height: int) -> tuple[int, ...]:
        return tuple(geometry.image_tokens(width, height, *rule) for rule in rules)

    return count


def write_not_counted(page: Page, spool: Spool, most: int) -> None:
    """Write the sheet Not counted: everything that is not in the totals, with the reason."""
    total = spool.not_counted
    shown = total if total <= most else most - 1
    page.table_head(["Path", "Problem", "Reason"], [60, 20, 80], shown)
    files = (file for part in spool.parts() for file in part.not_counted)
    for row, file in enumerate(files, 1):
        if row > shown:
            page.put(row, 0, f"and {number(total - shown)} more")
            break
        page.record(row, file)
