"""The sheets Images and Excluded; results are kept on disk until the scan ends."""

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
from imgcost.reports.workbook.tables import ImageTable
from imgcost.tables import known_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.conditions import Conditions
    from imgcost.files import Group
    from imgcost.plans import Repeated
    from imgcost.quoting import TokenRule
    from imgcost.reports.sinks import Progress
    from imgcost.reports.workbook.cells import Page

__all__ = ["ScanSpool", "encode_images", "size_rows", "write_images", "write_not_counted"]

SHEET = "Images"
PROGRESS_ROWS = 500
"""Rows between two calls of a progress function."""

_WIDTHS = (50, 11, 11, 14)

ImageRow: TypeAlias = "tuple[str, int, int, int, str | None]"
"""Path or folder, width, height (px), size of the file or files (bytes), and why the API would reject it as it is."""


class ScanPart(NamedTuple):
    """A part of a scan.

    Attributes:
        images: Folders with their images.
        not_counted: Paths, problems and reasons.
        sizes: Images that are known only by their size: where they are listed, and how many there are.
    """

    images: list[tuple[str, list[ImageRow]]]
    not_counted: list[tuple[str, str, str]]
    sizes: Sequence[tuple[ImageRow, int]] = ()


def encode_images(conditions: Conditions, groups: Iterable[Group]) -> tuple[int, int, bytes]:
    """Encode what the workbook shows of images, compact enough for pipes and for the disk.

    Args:
        conditions: The platform and the date whose limits apply.
        groups: Folders and their files.

    Returns:
        Number of images, number of files and folders that are not counted, and a pickled `ScanPart`.
    """
    limits = known_limits(conditions.platform, conditions.as_of)

    max_bytes = byte_limit(limits)

    @lru_cache(maxsize=1 << 12)  # nearly every file has a size of its own; whether it is too large is what matters
    def phrase_of(media_type: str, width: int, height: int, is_large: bool) -> str | None:
        size_bytes = max_bytes + 1 if is_large and max_bytes is not None else 0
        breach = next(breaches(media_type, width, height, size_bytes, limits), None)
        return breach.reason.phrase if breach else None

    part = ScanPart([], [])
    for folder, files in groups:
        rows: list[ImageRow] = []
        for file in files:
            if not isinstance(file, Image):
                part.not_counted.append((file.path, file.problem, file.reason))
            elif file.duplicate_of is not None:
                part.not_counted.append((file.path, "duplicate", f"the same bytes as {file.duplicate_of}"))
            else:
                is_large = max_bytes is not None and sent_bytes(file.file_bytes, limits) > max_bytes
                reason = phrase_of(file.media_type, file.width, file.height, is_large)
                rows.append((file.path, file.width, file.height, file.file_bytes, reason))
        part.images.append((folder, rows))
    images = sum(len(rows) for _, rows in part.images)
    return images, len(part.not_counted), pickle.dumps(part, pickle.HIGHEST_PROTOCOL)


def size_rows(conditions: Conditions, source: str, sizes: Iterable[Repeated]) -> list[tuple[ImageRow, int]]:
    """Return the rows of images that are known only by their size.

    Args:
        conditions: The platform and the date whose limits apply.
        source: Where the images are listed.
        sizes: Their sizes and numbers.

    Returns:
        A row per size, and the number of its images.
    """
    limits = known_limits(conditions.platform, conditions.as_of)
    rows: list[tuple[ImageRow, int]] = []
    for size in sizes:
        file_bytes = size.file_bytes or 0
        breach = next(breaches(None, size.width, size.height, sent_bytes(file_bytes, limits), limits), None)
        reason = breach.reason.phrase if breach else None
        rows.append(((source, size.width, size.height, file_bytes, reason), size.count))
    return rows


class ScanSpool:
    """The parts of a scan, in order, on disk.

    Attributes:
        images: Number of images.
        not_counted: Number of files and folders that are not counted.
        files: Number of images in files; the others are known only by their size.
    """

    def __init__(self) -> None:
        """Start without parts."""
        self.images = self.not_counted = self.files = 0
        self._file = TemporaryFile()  # noqa: SIM115 - closed with the workbook

    def add(self, encoded: tuple[int, int, bytes]) -> None:
        """Add a part, as `encode_images` returns it."""
        images, not_counted, part = encoded
        self.images += images
        self.files += images
        self.not_counted += not_counted
        self._file.write(part)

    def add_sizes(self, rows: Sequence[tuple[ImageRow, int]]) -> None:
        """Add images that are known only by their size, with their numbers."""
        self.images += sum(count for _, count in rows)
        pickle.dump(ScanPart([], [], rows), self._file, pickle.HIGHEST_PROTOCOL)

    def parts(self) -> Iterator[ScanPart]:
        """Read the parts again."""
        self._file.flush()
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 - this process wrote it

    def rows(self, max_rows: int) -> Iterator[tuple[ImageRow, int]]:
        """List the rows of the sheet Images.

        Args:
            max_rows: Maximum number of rows.

        Yields:
            A row per image, and 1; if there are too many images, a row per folder and size, or else a row per size, and
            the number of its images.

        Raises:
            ImgcostError: There are more sizes than rows.
        """
        if not self.is_grouped(max_rows):
            for part in self.parts():
                for _, images in part.images:
                    for image in images:
                        yield image, 1
            return
        rows = self._grouped(lambda folder: folder or ".")
        if len(rows) > max_rows:
            rows = self._grouped(lambda _: "all folders")
        if len(rows) > max_rows:
            sizes = plural(len(rows), "size")
            raise ImgcostError(
                f"images of {sizes} do not fit a sheet of {plural(max_rows, 'row')}: write .csv or .parquet"
            )
        for (folder, width, height, reason), (count, file_bytes) in rows.items():
            yield (folder, width, height, file_bytes, reason), count

    def is_grouped(self, max_rows: int) -> bool:
        """Return whether a row of the sheet is for several images."""
        return self.images > min(self.files, max_rows)

    def sizes(self, most: int) -> dict[tuple[int, int], int] | None:
        """Return the sizes of the images, in the order of the first image of each, and how many have it.

        Args:
            most: Maximum number of sizes.

        Returns:
            The number of images by width and height, px; None if there are more sizes.
        """
        sizes: dict[tuple[int, int], int] = {}
        for part in self.parts():
            for (_, width, height, _, _), images in _rows(part):
                sizes[width, height] = sizes.get((width, height), 0) + images
            if len(sizes) > most:
                return None
        return sizes

    def close(self) -> None:
        """Free the space on disk."""
        self._file.close()

    def _grouped(self, name_of: Callable[[str], str]) -> dict[tuple[str, int, int, str | None], list[int]]:
        rows: dict[tuple[str, int, int, str | None], list[int]] = {}
        for part in self.parts():
            for (folder, width, height, file_bytes, reason), images_of_size in _rows(part):
                row = rows.setdefault((name_of(folder), width, height, reason), [0, 0])
                row[0] += images_of_size
                row[1] += file_bytes * images_of_size
        return rows


def _rows(part: ScanPart) -> Iterator[tuple[ImageRow, int]]:
    """List the images of a part, with the folder instead of the path, and how many there are of each."""
    for folder, images in part.images:
        for image in images:
            yield (folder, *image[1:]), 1
    yield from part.sizes


def write_images(
    page: Page, spool: ScanSpool, rules: Sequence[TokenRule], max_rows: int, progress: Progress
) -> ImageTable:
    """Write the sheet Images.

    Args:
        page: The sheet.
        spool: The parts of the scan.
        rules: The token rules.
        max_rows: Maximum number of rows below the titles.
        progress: Called every `PROGRESS_ROWS` rows with the number of rows written and the maximum total.

    Returns:
        The sheet, for formulas.

    Raises:
        ImgcostError: There are more sizes than rows.
    """
    total, grouped = min(spool.images, max_rows), spool.is_grouped(max_rows)
    titles = [
        "Folder (its images of one size together)" if grouped else "Path",
        "Width, px",
        "Height, px",
        "File, bytes",
    ]
    titles += ["Images"] * grouped
    titles += [f"Visual tokens per image, {title_of(rule, rules)}" for rule in rules]
    titles.append("Would be rejected")
    widths = [*_WIDTHS, *[10] * grouped, *[17] * len(rules), 20]
    page.table_head(titles, widths, total)
    for column, width in enumerate(widths[1:-1], 1):  # cheaper than a format for each cell
        page.sheet.set_column(column, column, width, page.styles["number"])
    tokens_of = _counter(tuple(rules))
    write_number, write_text = page.sheet.write_number, page.sheet.write_string
    row = 0
    for row, ((path, width, height, file_bytes, reason), images) in enumerate(spool.rows(max_rows), 1):
        page.put(row, 0, path)
        numbers = (width, height, file_bytes, *[images] * grouped, *tokens_of(width, height))
        for column, value in enumerate(numbers, 1):
            write_number(row, column, value)
        if reason:
            write_text(row, len(titles) - 1, reason)
        if row % PROGRESS_ROWS == 0:
            progress(row, total)
    first = len(_WIDTHS) + grouped
    reasons = column_of(SHEET, first + len(rules), row)
    return ImageTable(
        row,
        [f"'{SHEET}'!{xl_range_abs(1, 1, max(row, 1), 2)}"] * len(rules),
        [column_of(SHEET, first + index, row) for index in range(len(rules))],
        f'{reasons}<>""',
        reasons,
        column_of(SHEET, len(_WIDTHS), row) if grouped else "",
    )


def _counter(rules: tuple[TokenRule, ...]) -> Callable[[int, int], tuple[int, ...]]:
    @lru_cache(maxsize=1 << 14)  # most folders have many images of few sizes
    def count(width: int, height: int) -> tuple[int, ...]:
        return tuple(geometry.image_tokens(width, height, *rule) for rule in rules)

    return count


def write_not_counted(page: Page, spool: ScanSpool, max_rows: int) -> None:
    """Write the sheet Excluded: everything that is not in the totals, with the reason."""
    total = spool.not_counted
    shown = total if total <= max_rows else max_rows - 1
    page.table_head(["Path", "Problem", "Reason"], [60, 20, 80], shown)
    files = (file for part in spool.parts() for file in part.not_counted)
    for row, file in enumerate(files, 1):
        if row > shown:
            page.put(row, 0, f"and {number(total - shown)} more")
            break
        page.put_row(row, 0, file)
