"""Convert everything that `plan` accepts into a job."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost.errors import ImgcostError, SizeError, short_repr
from imgcost.files import Image, Unreadable, scan
from imgcost.geometry import MAX_EDGE
from imgcost.plans.jobs import CHUNK, MAX_EXPANDED, MAX_IMAGES, UNKNOWN, Job, Repeated, SizeChunk, size_chunk
from imgcost.plans.listings import Frame, Listing, is_listing
from imgcost.quantities import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["job_of"]


def job_of(images: Any, count: int | None = None) -> Job:
    """Convert the images that `plan` accepts into a job.

    Args:
        images: Files and folders, tables on disk, DataFrames, arrays of shape (n, 2), `Repeated`, sizes such as `12MP`,
            a pair of width and height, or an iterable of paths, sizes, pairs, `Image`s and `Repeated`s.
        count: Number of images of each size and pair; None for 1.

    Returns:
        The job. Files are scanned and iterators consumed here; tables on disk are read again for every walk.

    Raises:
        SizeError: An image cannot have this size.
        ImgcostError: The type is not supported, or a table has no sizes.

    >>> [chunk.times for chunk in job_of(Repeated(3000, 3000, 10**12)).chunks()]
    [1000000000000]
    """
    job = Job()
    if isinstance(images, np.ndarray):
        _add_array(job, images)
    elif hasattr(images, "columns"):
        job.append(Frame(images, job).chunks)
    else:
        single = isinstance(images, str | os.PathLike | Repeated | Image | Unreadable) or _is_pair(images)
        _add_items(job, [images] if single else images, count)
    return job


def _add_array(job: Job, sizes: NDArray[Any]) -> None:
    if sizes.ndim != 2 or sizes.shape[1] != 2 or sizes.dtype.kind not in "iu":
        raise SizeError(
            f"an array of sizes must have shape (n, 2) and an integer dtype, not {sizes.shape} and {sizes.dtype}"
        )

    if sizes.dtype == np.uint64:  # clip what does not fit int64: it is out of range anyway
        sizes = np.minimum(sizes, np.uint64(MAX_EDGE + 1))
    job.append(partial(_array_chunks, sizes))


def _array_chunks(sizes: NDArray[Any]) -> Iterator[SizeChunk]:
    for start in range(0, len(sizes), CHUNK):
        part = sizes[start : start + CHUNK]
        yield size_chunk(part[:, 0], part[:, 1], location=f"image {start}")


def _is_pair(images: Any) -> bool:
    return isinstance(images, tuple) and len(images) == 2 and all(isinstance(side, int) for side in images)


def _add_items(job: Job, items: Any, count: int | None) -> None:
    try:
        iterator = iter(items)
    except TypeError:
        raise ImgcostError(
            f"cannot plan images of type {type(items).__name__}: pass paths, a DataFrame with width and height, "
            "an array of shape (n, 2), pairs of width and height, or Repeated(width, height, count)"
        ) from None
    pending = _PendingSizes()
    number = 0
    for item in _flat(iterator, job, count):
        part = None
        if isinstance(item, Image):
            pending.add((item.width, item.height, item.file_bytes), item.media_type)
        elif isinstance(item, Unreadable):
            reason = f"{item.problem}: {item.reason}" if item.problem == "missing" else item.problem
            job.reject(reason, 1, item.path)
        elif isinstance(item, Listing):
            part = item.chunks
        elif isinstance(item, Repeated):
            chunk = _repeated(item)
            if item.count <= MAX_EXPANDED:
                pending.sizes += [(item.width, item.height, int(chunk.file_bytes[0]))] * item.count
            else:
                part = [chunk].__iter__
        else:
            pending.add(_pair(item, number + len(pending.sizes)))
        if part or len(pending.sizes) >= CHUNK:
            number += pending.move_to(job, number)
            pending = _PendingSizes()
        if part:
            job.append(part)
    pending.move_to(job, number)


class _PendingSizes:
    """Individual images that are collected into a chunk."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int, int]] = []
        self._media_types: dict[str, list[int]] = {}

    def add(self, size: tuple[int, int, int], media_type: str | None = None) -> None:
        if media_type:
            self._media_types.setdefault(media_type, []).append(len(self.sizes))
        self.sizes.append(size)

    def move_to(self, job: Job, number: int) -> int:
        """Add the images to a job as a chunk, and return how many there are."""
        if self.sizes:
            chunk = size_chunk(*zip(*self.sizes, strict=True), location=f"image {number}")
            rows = {name: np.array(indices, np.int32) for name, indices in self._media_types.items()}
            job.append([chunk._replace(media_types=rows)].__iter__)
        return len(self.sizes)


def _flat(items: Iterable[Any], job: Job, count: int | None) -> Iterator[Any]:
    """Iterate over the items; read sizes in texts, expand paths by scanning them, and wrap tables as `Listing`."""
    for number, item in enumerate(items):
        if not isinstance(item, str | os.PathLike):
            is_size = not isinstance(item, Image | Unreadable | Repeated)
            yield item if count is None or not is_size else Repeated(*_pair(item, number)[:2], count)
        elif size := _written_size(item):
            yield size if count is None else Repeated(*size, count)
        elif is_listing(item):
            yield Listing(item, job)
        else:
            yield from scan(item, details=False)


def _written_size(item: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return the size that a text such as `1920x1080` or `12MP` means, unless a file has that name."""
    with suppress(SizeError):
        size = parse_size(item) if isinstance(item, str) else None
        return None if size is None or os.path.lexists(item) else size
    return None


def _repeated(images: Repeated) -> SizeChunk:
    size = _pair((images.width, images.height), 0)[:2]
    if isinstance(images.count, bool) or not isinstance(images.count, int) or not 0 <= images.count <= MAX_IMAGES:
        raise ImgcostError(f"the count of Repeated is {images.count!r}: expected a whole number from 0 to 10**15")
    file_bytes = None if images.file_bytes is None else [images.file_bytes]
    chunk = size_chunk([size[0]], [size[1]], file_bytes, location=f"image 0 of {images.width}x{images.height}")
    return chunk._replace(times=images.count)


def _pair(item: Any, number: int) -> tuple[int, int, int]:
    try:
        width, height = item
        if not (isinstance(width, bool) or isinstance(height, bool)):
            return index(width), index(height), UNKNOWN
    except (TypeError, ValueError):
        pass
    raise SizeError(f"image {number} is {short_repr(item)}: expected two whole numbers, such as (1920, 1080)")
