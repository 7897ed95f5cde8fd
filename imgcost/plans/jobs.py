"""Images in, columns of sizes out: everything that a job may be given as, read block by block."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imgcost import geometry
from imgcost.errors import ImgcostError, SizeError
from imgcost.files import Image, Unreadable, scan
from imgcost.geometry import MAX_EDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

__all__ = ["BLOCK", "MOST_IMAGES", "Block", "Job", "Rejected", "Repeated", "block_of", "job_of"]

BLOCK = 1 << 16
"""Images worked on at a time: however long a job is, memory holds so many of its sizes more than the caller does."""

MOST_IMAGES = 10**15
"""The most images of one size. With it every sum of a request stays far within 64 bits."""

MOST_BYTES = 2**50
"""The largest file taken, bytes: no disk holds a larger one."""

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
    """Images that no request may carry, or that could not be read: set aside, never priced.

    Attributes:
        reason: Why, with the limit and its source.
        images: How many.
        first: The first of them: a path, or its size and place.
    """

    reason: str
    images: int
    first: str


class Block(NamedTuple):
    """Sizes of consecutive images, checked.

    Attributes:
        width: Widths, px; int64.
        height: Heights, px; int64.
        file_bytes: Sizes of the files, bytes; int64, `UNKNOWN` where not known.
        times: None; or how often the one size of this block is repeated.
        place: Which image of the job the first one is, from 0, and where it stands, for messages.
    """

    width: NDArray[np.int64]
    height: NDArray[np.int64]
    file_bytes: NDArray[np.int64]
    times: int | None
    place: str

    def within(self, kept: NDArray[np.bool_]) -> Block:
        """The images of a mask."""
        return self._replace(width=self.width[kept], height=self.height[kept], file_bytes=self.file_bytes[kept])


class Job:
    """Images, in order, to be walked as often as there are questions.

    Attributes:
        walked: Whether its blocks were walked to the end once: what is set aside later was counted then.
    """

    def __init__(self) -> None:
        """Begin without images."""
        self._parts: list[Callable[[], Iterable[Block]]] = []
        self._rejected: dict[str, Rejected] = {}
        self.walked = False

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """What was set aside, by reason, in the order met."""
        return tuple(self._rejected.values())

    def blocks(self) -> Iterator[Block]:
        """Walk the sizes, at most `BLOCK` at a time."""
        for part in self._parts:
            yield from part()
        self.walked = True

    def append(self, part: Callable[[], Iterable[Block]]) -> None:
        """Add what gives blocks whenever it is called: so that a table on disk need not be held."""
        self._parts.append(part)

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
) -> Block:
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
        sizes = np.full(across.shape, UNKNOWN) if file_bytes is None else np.asarray(file_bytes, np.int64)
    except OverflowError:
        raise SizeError(f"{place} or one after it has a number beyond 64 bits") from None
    bad = (across < 1) | (down < 1) | (across > MAX_EDGE) | (down > MAX_EDGE)
    if bad.any():
        first = int(np.argmax(bad))
        try:
            geometry.padded_size(int(across[first]), int(down[first]))
        except SizeError as error:
            raise SizeError(f"{_moved(place, first)}: {error}") from None
    bad = (sizes < UNKNOWN) | (sizes > MOST_BYTES)
    if bad.any():
        first = int(np.argmax(bad))
        raise SizeError(f"{_moved(place, first)}: file_bytes is {sizes[first]}: give a number from 0 to 2**50")
    return Block(across, down, sizes, None, place)


def _moved(place: str, by: int) -> str:
    """`image 3` from `image 0`: the number in a place, further on."""
    word, number, *rest = place.split(" ", 2)
    return " ".join((word, str(int(number) + by), *rest))


def job_of(images: Any) -> Job:
    """Read what `plan` takes.

    Args:
        images: Files and folders, tables (`.csv`, `.parquet`), DataFrames with columns `width` and `height` and perhaps
            `file_bytes`, arrays of shape (n, 2), `Repeated`, or an iterable of paths, pairs, `Image`s and `Repeated`s.

    Returns:
        The job. Files are scanned and iterators used up here; tables on disk are read again for every walk.

    Raises:
        SizeError: A size is none.
        ImgcostError: It is nothing of all this.

    >>> [block.times for block in job_of(Repeated(3000, 3000, 10**12)).blocks()]
    [1000000000000]
    """
    job = Job()
    if isinstance(images, np.ndarray):
        _add_array(job, images)
    elif hasattr(images, "columns"):
        _add_frame(job, images)
    else:
        alone = isinstance(images, str | os.PathLike | Repeated | Image | Unreadable)
        _add_items(job, [images] if alone else images)
    return job


def _add_array(job: Job, sizes: NDArray[Any]) -> None:
    if sizes.ndim != 2 or sizes.shape[1] != 2 or sizes.dtype.kind not in "iu":
        raise SizeError(
            f"an array of sizes has the shape (n, 2) and an integer dtype, not {sizes.shape} and {sizes.dtype}"
        )

    def blocks() -> Iterator[Block]:
        for start in range(0, len(sizes), BLOCK):
            # What does not fit 64 bits with a sign is out of range all the same.
            part = np.minimum(sizes[start : start + BLOCK], MAX_EDGE + 1)
            yield block_of(part[:, 0], part[:, 1], place=f"image {start}")

    job.append(blocks)


def _add_frame(job: Job, frame: Any) -> None:
    from imgcost.plans.listings import Frame  # noqa: PLC0415 - plain sizes need no table

    job.append(Frame(frame, job).blocks)


def _add_items(job: Job, items: Any) -> None:
    try:
        rest = iter(items)
    except TypeError:
        raise ImgcostError(
            f"cannot plan a {type(items).__name__}: give paths, a DataFrame with width and height, an array of shape "
            "(n, 2), pairs of width and height, or Repeated(width, height, count)"
        ) from None
    number = 0
    while batch := list(islice(rest, BLOCK)):
        sizes: list[tuple[int, int, int]] = []
        for item in batch:
            if isinstance(item, Image):
                sizes.append((item.width, item.height, item.file_bytes))
            elif isinstance(item, str | os.PathLike | Repeated | Unreadable):
                _append_sizes(job, sizes, number)
                number += len(sizes)
                sizes = []
                _add_other(job, item)
            else:
                sizes.append(_pair(item, number + len(sizes)))
        _append_sizes(job, sizes, number)
        number += len(sizes)


def _append_sizes(job: Job, sizes: list[tuple[int, int, int]], number: int) -> None:
    if sizes:
        job.append([block_of(*zip(*sizes, strict=True), place=f"image {number}")].__iter__)


def _add_other(job: Job, item: str | os.PathLike[str] | Repeated | Unreadable) -> None:
    if isinstance(item, Unreadable):
        job.reject(f"{item.problem}: {item.reason}" if item.problem == "missing" else item.problem, 1, item.path)
    elif isinstance(item, Repeated):
        _add_repeated(job, item)
    else:
        from imgcost.plans.listings import Listing, is_listing  # noqa: PLC0415 - only paths may be tables

        if is_listing(item):
            job.append(Listing(item, job).blocks)
        else:
            _add_items(job, scan(item, details=False))


def _add_repeated(job: Job, one: Repeated) -> None:
    size = _pair((one.width, one.height), 0)[:2]
    if isinstance(one.count, bool) or not isinstance(one.count, int) or not 0 <= one.count <= MOST_IMAGES:
        raise ImgcostError(f"the count of Repeated is {one.count!r}: give a whole number from 0 to 10**15")
    if one.count:
        file_bytes = None if one.file_bytes is None else [one.file_bytes]
        found = block_of([size[0]], [size[1]], file_bytes, place=f"image 0 of {one.width}x{one.height}")
        job.append([found._replace(times=one.count)].__iter__)


def _pair(item: Any, number: int) -> tuple[int, int, int]:
    try:
        width, height = item
        if not (isinstance(width, bool) or isinstance(height, bool)):
            return index(width), index(height), UNKNOWN
    except (TypeError, ValueError):
        pass
    shown = repr(item)
    shown = shown if len(shown) <= 40 else shown[:40] + "..."
    raise SizeError(f"image {number} is {shown}: give a pair of whole numbers, such as (1920, 1080)")
