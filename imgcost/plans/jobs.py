"""A job: images in order, as columns of sizes, walked in blocks as often as needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcost import geometry
from imgcost.errors import SizeError
from imgcost.geometry import MAX_EDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BLOCK",
    "FEW_TIMES",
    "MOST_BYTES",
    "MOST_IMAGES",
    "UNKNOWN",
    "Job",
    "Rejected",
    "Repeated",
    "SizeBlock",
    "block_of",
    "moved",
]

BLOCK = 1 << 16
"""Images worked on at a time: however long a job is, memory holds so many of its sizes more than the caller does."""

MOST_IMAGES = 10**15
"""The most images of one size. With it every sum of a request stays far within 64 bits."""

MOST_BYTES = 2**50
"""The largest file taken, bytes: no disk holds a larger one."""

FEW_TIMES = 256
"""A size repeated no more often is listed like single images: a block of its own would take longer."""

UNKNOWN = -1
"""In a column of file sizes: not known."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """So many images of one size: a job may have 10**12 of them, and none is written down.

    Attributes:
        width: Width, px.
        height: Height, px.
        count: How many images.
        file_bytes: Size of each file, bytes, if known.
    """

    width: int
    height: int
    count: int
    file_bytes: int | None = None


class Rejected(NamedTuple):
    """Images that no request may carry, or that could not be read: excluded, never priced.

    Attributes:
        reason: Why, with the limit and its source.
        images: How many.
        first: The first of them: a path, or its size and place.
    """

    reason: str
    images: int
    first: str


class SizeBlock(NamedTuple):
    """Sizes of consecutive images, checked.

    Attributes:
        width: Widths, px; int64.
        height: Heights, px; int64.
        file_bytes: Sizes of the files, bytes; int64, `UNKNOWN` where not known.
        times: None; or how often the one size of this block is repeated.
        place: Where the block begins, such as `row 2 of sizes.csv`, for messages.
        offset: How far each image is from there; int64.
        media_types: Where they are known: by media type, the rows of the images.
    """

    width: NDArray[np.int64]
    height: NDArray[np.int64]
    file_bytes: NDArray[np.int64]
    times: int | None
    place: str
    offset: NDArray[np.int64]
    media_types: Mapping[str, NDArray[np.int32]] = {}

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> SizeBlock:
        """Some of the images: those of a mask, of indices or of a slice."""
        columns = {name: getattr(self, name)[rows] for name in ("width", "height", "file_bytes", "offset")}
        return self._replace(**columns)

    def named(self, row: int) -> str:
        """Name where an image is listed."""
        return moved(self.place, int(self.offset[row]))

    def repeated(self, counts: NDArray[np.int64]) -> Iterator[SizeBlock]:
        """Every image as often as its count says: few times as single images, more often as a block of its own."""
        single = np.flatnonzero(counts > FEW_TIMES).tolist()
        for start, stop in zip([0, *(row + 1 for row in single)], [*single, len(counts)], strict=True):
            ends = np.cumsum(counts[start:stop]) // BLOCK
            for rows in np.split(np.arange(start, stop), np.flatnonzero(np.diff(ends)) + 1):
                yield self.take(np.repeat(rows, counts[rows]))
            if stop < len(counts):
                yield self.take(slice(stop, stop + 1))._replace(times=int(counts[stop]))


class Job:
    """Images, in order, to be walked as often as there are questions.

    Attributes:
        walked: Whether its blocks were walked to the end once: what is excluded later was counted then.
    """

    def __init__(self) -> None:
        """Begin without images."""
        self._parts: list[Callable[[], Iterable[SizeBlock]]] = []
        self._rejected: dict[str, Rejected] = {}
        self._warnings: dict[str, None] = {}
        self.walked = False

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """What is excluded, by reason, in the order met."""
        return tuple(self._rejected.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be wrong with the tables, each once."""
        return tuple(self._warnings)

    def blocks(self) -> Iterator[SizeBlock]:
        """Walk the sizes, at most `BLOCK` at a time."""
        for part in self._parts:
            yield from part()
        self.walked = True

    def append(self, part: Callable[[], Iterable[SizeBlock]]) -> None:
        """Add what gives blocks whenever it is called: so that a table on disk need not be held."""
        self._parts.append(part)

    def warn(self, warning: str) -> None:
        """Keep what a user should be warned of."""
        self._warnings[warning] = None

    def reject(self, reason: str, images: int, first: str) -> None:
        """Count what cannot be planned."""
        if self.walked:
            return
        known = self._rejected.get(reason)
        self._rejected[reason] = (
            known._replace(images=known.images + images) if known else Rejected(reason, images, first)
        )


def block_of(
    width: ArrayLike, height: ArrayLike, file_bytes: ArrayLike | None = None, *, place: str = "image 0"
) -> SizeBlock:
    """Check columns of sizes.

    Args:
        width: Widths, px; whole numbers.
        height: Heights, px; as many.
        file_bytes: Sizes of the files, bytes; negative where unknown. None: unknown for all.
        place: Where the first stands, such as `image 0` or `row 2 of sizes.csv`, for messages.

    Returns:
        The block.

    Raises:
        SizeError: A side is no whole number from 1 to 2**31, or a file is larger than any disk.

    >>> block_of([1920, 3000], [1080, 3000]).file_bytes
    array([-1, -1])
    """
    try:
        across, down = np.asarray(width, np.int64), np.asarray(height, np.int64)
        sizes = np.full(across.shape, UNKNOWN, np.int64) if file_bytes is None else np.asarray(file_bytes, np.int64)
    except OverflowError:
        raise SizeError(f"{place} or one after it has a number beyond 64 bits") from None
    bad = (across < 1) | (down < 1) | (across > MAX_EDGE) | (down > MAX_EDGE)
    if bad.any():
        first = int(np.argmax(bad))
        try:
            geometry.padded_size(int(across[first]), int(down[first]))
        except SizeError as error:
            raise SizeError(f"{moved(place, first)}: {error}") from None
    bad = (sizes < UNKNOWN) | (sizes > MOST_BYTES)
    if bad.any():
        first = int(np.argmax(bad))
        raise SizeError(f"{moved(place, first)}: file_bytes is {sizes[first]}: give a number from 0 to 2**50")
    return SizeBlock(across, down, sizes, None, place, np.arange(len(across), dtype=np.int64))


def moved(place: str, by: int) -> str:
    """Name a place further on.

    >>> moved("row 2 of a.csv", 3)
    'row 5 of a.csv'
    """
    word, number, *rest = place.split(" ", 2)
    return " ".join((word, str(int(number) + by), *rest))
