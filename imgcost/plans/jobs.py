"""A job: image sizes in order, in chunks of columns that can be walked repeatedly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcost import geometry
from imgcost.datasets.columns import CHUNK, MAX_BYTES, MAX_IMAGES, UNKNOWN
from imgcost.errors import SizeError
from imgcost.geometry import MAX_EDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CHUNK",
    "MAX_BYTES",
    "MAX_EXPANDED",
    "MAX_IMAGES",
    "UNKNOWN",
    "Job",
    "Rejected",
    "Repeated",
    "SizeChunk",
    "offset_location",
    "size_chunk",
]

MAX_EXPANDED = 256
"""A size repeated up to this often is expanded into single images, which is faster than a chunk of its own."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A number of images of the same size, without listing them: there can be 10**12.

    Attributes:
        width: Width, px.
        height: Height, px.
        count: Number of images.
        file_bytes: Size of each file, bytes; None if unknown.
    """

    width: int
    height: int
    count: int
    file_bytes: int | None = None


class Rejected(NamedTuple):
    """Images that could not be read: excluded and never priced.

    Attributes:
        reason: Why they are excluded.
        images: Number of images.
        first: Path or location of the first one.
    """

    reason: str
    images: int
    first: str


class SizeChunk(NamedTuple):
    """Valid sizes of consecutive images.

    Attributes:
        width: Widths, px; int64.
        height: Heights, px; int64.
        file_bytes: File sizes, bytes; int64, `UNKNOWN` where not known.
        times: How often the only size of this chunk is repeated; None for a chunk of single images.
        location: Location of the first image, such as `row 2 of sizes.csv`, for messages.
        offset: Distance of each image from `location`, rows; int64.
        media_types: Rows of the images by media type, where known; int32.
    """

    width: NDArray[np.int64]
    height: NDArray[np.int64]
    file_bytes: NDArray[np.int64]
    times: int | None
    location: str
    offset: NDArray[np.int64]
    media_types: Mapping[str, NDArray[np.int32]] = {}

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> SizeChunk:
        """Select images by a boolean mask, indices or a slice."""
        columns = {name: getattr(self, name)[rows] for name in ("width", "height", "file_bytes", "offset")}
        return self._replace(**columns)

    def repeated(self, counts: NDArray[np.int64]) -> Iterator[SizeChunk]:
        """Repeat each image by its count: up to `MAX_EXPANDED` as single images, otherwise as a chunk of its own."""
        single = np.flatnonzero(counts > MAX_EXPANDED).tolist()
        for start, stop in zip([0, *(row + 1 for row in single)], [*single, len(counts)], strict=True):
            ends = np.cumsum(counts[start:stop]) // CHUNK
            for rows in np.split(np.arange(start, stop), np.flatnonzero(np.diff(ends)) + 1):
                yield self.take(np.repeat(rows, counts[rows]))
            if stop < len(counts):
                yield self.take(slice(stop, stop + 1))._replace(times=int(counts[stop]))


class Job:
    """Images in order, which can be walked repeatedly.

    Attributes:
        walked: Whether all chunks have been walked once. Later walks do not count rejected images again.
    """

    def __init__(self) -> None:
        """Start without images."""
        self._parts: list[Callable[[], Iterable[SizeChunk]]] = []
        self._rejected: dict[str, Rejected] = {}
        self._warnings: dict[str, None] = {}
        self.walked = False

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Excluded images by reason, in order of first occurrence."""
        return tuple(self._rejected.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Possible mistakes in tables, without duplicates."""
        return tuple(self._warnings)

    def chunks(self) -> Iterator[SizeChunk]:
        """Iterate over the sizes, at most `CHUNK` at a time."""
        for part in self._parts:
            yield from part()
        self.walked = True

    def append(self, part: Callable[[], Iterable[SizeChunk]]) -> None:
        """Add a function that returns chunks; it is called for every walk, so that tables need not fit in memory."""
        self._parts.append(part)

    def warn(self, warning: str) -> None:
        """Record a warning for the user."""
        self._warnings[warning] = None

    def reject(self, reason: str, images: int, first: str) -> None:
        """Count images that cannot be planned."""
        if self.walked:
            return
        earlier = self._rejected.get(reason)
        self._rejected[reason] = (
            earlier._replace(images=earlier.images + images) if earlier else Rejected(reason, images, first)
        )


def size_chunk(
    width: ArrayLike, height: ArrayLike, file_bytes: ArrayLike | None = None, *, location: str = "image 0"
) -> SizeChunk:
    """Validate columns of sizes.

    Args:
        width: Widths, px; whole numbers.
        height: Heights, px; same length.
        file_bytes: File sizes, bytes; `UNKNOWN` where unknown. None if all are unknown.
        location: Location of the first image, such as `image 0` or `row 2 of sizes.csv`, for messages.

    Returns:
        The chunk.

    Raises:
        SizeError: A side is not a whole number from 1 to 2**31, or a file size is out of range.

    >>> size_chunk([1920, 3000], [1080, 3000]).file_bytes
    array([-1, -1])
    """
    try:
        across, down = np.asarray(width, np.int64), np.asarray(height, np.int64)
        sizes = np.full(across.shape, UNKNOWN, np.int64) if file_bytes is None else np.asarray(file_bytes, np.int64)
    except OverflowError:
        raise SizeError(f"{location} or a later one has a number that does not fit 64 bits") from None
    invalid = (across < 1) | (down < 1) | (across > MAX_EDGE) | (down > MAX_EDGE)
    if invalid.any():
        first = int(np.argmax(invalid))
        try:
            geometry.padded_size(int(across[first]), int(down[first]))
        except SizeError as error:
            raise SizeError(f"{offset_location(location, first)}: {error}") from None
    invalid = (sizes < UNKNOWN) | (sizes > MAX_BYTES)
    if invalid.any():
        first = int(np.argmax(invalid))
        raise SizeError(
            f"{offset_location(location, first)}: file_bytes is {sizes[first]}: expected a number from 0 to 2**50"
        )
    return SizeChunk(across, down, sizes, None, location, np.arange(len(across), dtype=np.int64))


def offset_location(location: str, by: int) -> str:
    """Return the location that many images or rows further on.

    >>> offset_location("row 2 of a.csv", 3)
    'row 5 of a.csv'
    """
    word, number, *of_table = location.split(" ", 2)
    return " ".join((word, str(int(number) + by), *of_table))
