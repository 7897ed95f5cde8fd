"""What a scan found, kept on disk until the sheet Images is written: only then is it known whether it has the rows."""

from __future__ import annotations

import pickle
from functools import lru_cache
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from imgcost import geometry
from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.files import Image
from imgcost.payloads import base64_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.files import Group, Unreadable
    from imgcost.summaries import Measure
    from imgcost.tables import Limits

__all__ = ["Contents", "ImageRow", "SetAside"]


class ImageRow(NamedTuple):
    """A row of the sheet Images: an image, or all images of a size in a folder.

    Attributes:
        name: Path of the image, or the folder.
        media_type: By content; None where the row has many images.
        width: Width as stored, px.
        height: Height as stored, px.
        file_bytes: Size of all files, bytes.
        images: How many images.
    """

    name: str
    media_type: str | None
    width: int
    height: int
    file_bytes: int
    images: int = 1


class SetAside(NamedTuple):
    """Something that is in no sum.

    Attributes:
        path: The file or folder.
        problem: Why, as a slug.
        reason: The same as a sentence.
    """

    path: str
    problem: str
    reason: str


class Contents:
    """Everything that was found; images on disk, sums and what is set aside in memory.

    Attributes:
        images: How many images are counted.
        longest_edge: The longest of their edges, px.
        set_aside: What is not counted, in the order of the scan.
        folders: Folder to [images, visual tokens by each measure].
    """

    def __init__(self, limits: Limits, measures: Sequence[Measure]) -> None:
        """Start with nothing.

        Args:
            limits: What the API accepts on the day.
            measures: What counts the visual tokens.
        """
        self.images = 0
        self.longest_edge = 0
        self.set_aside: list[SetAside] = []
        self.folders: dict[str, list[int]] = {}
        self.tokens_of = _counter(tuple(measures))
        self._limits = limits
        self._measures = len(measures)
        self._spool = TemporaryFile()  # noqa: SIM115 - closed with the workbook

    def take(self, groups: Iterable[Group]) -> None:
        """Take what was found in some folders."""
        kept = [(folder, [one for one in found if self._counts(one)]) for folder, found in groups]
        for folder, images in kept:
            sums = self.folders.setdefault(folder, [0] * (1 + self._measures)) if images else []
            for image in images:
                self.longest_edge = max(self.longest_edge, image.width, image.height)
                sums[:] = map(sum, zip(sums, (1, *self.tokens_of(image.width, image.height)), strict=True))
            self.images += len(images)
        pickle.dump(kept, self._spool)

    def rows(self, most: int) -> Iterator[ImageRow]:
        """Give the rows of the sheet Images.

        Args:
            most: The most rows that it may have.

        Yields:
            A row an image if there are no more than that, in the order of the scan. Else a row for each size in a
            folder, or where those are too many, for each size; in the order of the first image of each.

        Raises:
            ImgcostError: There are more sizes than rows.
        """
        if self.images <= most:
            for _, image in self._replayed():
                yield ImageRow(image.path, image.media_type, image.width, image.height, image.file_bytes)
            return
        rows = self._grouped(lambda folder: folder)
        if len(rows) > most:
            rows = self._grouped(lambda _: "all folders")
        if len(rows) > most:
            sizes = plural(len(rows), "size")
            raise ImgcostError(f"images of {sizes} do not fit a sheet of {plural(most, 'row')}: write .csv or .parquet")
        for (name, width, height), (images, file_bytes) in rows.items():
            yield ImageRow(name, None, width, height, file_bytes, images)

    def close(self) -> None:
        """Give up the space on disk."""
        self._spool.close()

    def _counts(self, one: Image | Unreadable) -> TypeGuard[Image]:
        reason = self._aside(one)
        if reason:
            self.set_aside.append(SetAside(one.path, *reason))
        return not reason

    def _aside(self, one: Image | Unreadable) -> tuple[str, str] | None:
        if not isinstance(one, Image):
            return one.problem, one.reason
        if one.duplicate_of is not None:
            return "duplicate", f"the same bytes as {one.duplicate_of}"
        edge, most_bytes = self._limits.image_edge, self._limits.image_bytes
        if edge and max(one.width, one.height) > edge:
            return "rejected", f"{one.width}x{one.height} px: the API takes at most {edge} px on a side"
        sent = base64_length(one.file_bytes) if self._limits.image_bytes_of == "base64" else one.file_bytes
        if most_bytes and sent > most_bytes:
            return "rejected", f"{plural(sent, 'byte')} as sent: the API takes at most {most_bytes:,}"
        return None

    def _replayed(self) -> Iterator[tuple[str, Image]]:
        self._spool.flush()
        end = self._spool.tell()
        self._spool.seek(0)
        while self._spool.tell() < end:
            for folder, images in pickle.load(self._spool):  # noqa: S301 - this process wrote it
                for image in images:
                    yield folder, image

    def _grouped(self, name_of: Callable[[str], str]) -> dict[tuple[str, int, int], list[int]]:
        rows: dict[tuple[str, int, int], list[int]] = {}
        for folder, image in self._replayed():
            row = rows.setdefault((name_of(folder), image.width, image.height), [0, 0])
            row[0] += 1
            row[1] += image.file_bytes
        return rows


def _counter(measures: tuple[Measure, ...]) -> Callable[[int, int], tuple[int, ...]]:
    """A function that tells an image's visual tokens by each measure."""

    @lru_cache(maxsize=1 << 14)  # folders hold many images of few sizes
    def count(width: int, height: int) -> tuple[int, ...]:
        return tuple(geometry.image_tokens(width, height, *measure) for measure in measures)

    return count
