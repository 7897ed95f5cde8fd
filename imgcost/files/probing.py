"""What a file is: open, read its beginning, ask the size, close; more only where the header lies further in."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from imgcost.errors import HeaderError
from imgcost.files.found import Image, Unreadable, no_access, not_read
from imgcost.files.walking import FileBatch
from imgcost.headers import HEAD_BYTES, Contents, Header, inspect_bytes, parse_header

try:
    from resource import RUSAGE_THREAD, getrusage
except ImportError:  # Windows and macOS do not tell a thread's waits
    getrusage = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files.found import Found, Group

__all__ = ["inspect", "open_without_waiting", "probe", "probe_all", "probe_chunk", "read_file_header"]

# O_NONBLOCK: a named pipe must not hold a scan. O_BINARY: Windows would change line ends.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def probe(path: str, details: bool = True) -> Found:
    """Read one file's header.

    Args:
        path: The file.
        details: Whether orientation and animation are asked for. Without them less is read, and they come out as 1
            and False.

    Returns:
        The image, or why it is none.

    >>> probe("no/such/file").reason
    'no such file or folder'
    """
    return probe_all([path], details)[0]


def _seek_and_read(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


_read_from = getattr(os, "pread", _seek_and_read)  # Windows has none

# The same as Image(*fields), at half the price: a scan builds millions.
_new = tuple.__new__


def probe_all(paths: list[str], details: bool = True) -> list[Found]:
    """Read the headers of files, in their order: `probe` in a loop, without a call a file.

    >>> [found.problem for found in probe_all(["no/such/file", "nor/this"])]
    ['missing', 'missing']
    """
    descriptor = -1

    def read_at(offset: int, size: int) -> bytes:
        return _read_from(descriptor, size, offset)

    found: list[Found] = []
    for path in paths:
        try:
            descriptor = os.open(path, _OPEN_FLAGS)
        except (OSError, ValueError) as error:
            found.append(no_access(path, error))
            continue
        try:
            head = os.read(descriptor, HEAD_BYTES)
            file_bytes = os.lseek(descriptor, 0, os.SEEK_END)
            found.append(_new(Image, (path, *parse_header(head, read_at, details), file_bytes, None)))
        except HeaderError as error:
            found.append(not_read(path, error))
        except OSError as error:
            found.append(no_access(path, error))
        finally:
            os.close(descriptor)
    return found


def inspect(path: str) -> Contents:
    """Look at both ends of one file.

    Args:
        path: The file.

    Returns:
        Its header, or why there is none, and whether it is whole.

    Raises:
        OSError: It cannot be read.
        ValueError: No file can have this name.

    >>> inspect("data/samples/broken/cut-in-pixels.png").truncated
    True
    """
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        file_bytes = os.lseek(descriptor, 0, os.SEEK_END)
        return inspect_bytes(lambda offset, size: _read_from(descriptor, size, offset), file_bytes)
    finally:
        os.close(descriptor)


def read_file_header(path: str) -> Header:
    """Read the header of one file.

    Args:
        path: The file.

    Returns:
        The header.

    Raises:
        HeaderError: The file is empty, damaged, of a format that the API does not read, or not an image.
        OSError: It cannot be read.
        ValueError: No file can have this name.

    >>> read_file_header("data/samples/web/marker-icon.png").width
    25
    """
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        head = os.read(descriptor, HEAD_BYTES)
        return Header(*parse_header(head, lambda offset, size: _read_from(descriptor, size, offset)))
    finally:
        os.close(descriptor)


def probe_chunk(chunk: Iterable[FileBatch | Unreadable], *, details: bool = False) -> list[Group]:
    """Probe every file of a chunk, in its order.

    Args:
        chunk: Batches of files, and what the walk could not enter.
        details: Whether to read orientation and animation.

    Returns:
        For each batch its folder and what was found in it.
    """
    chunk = list(chunk)
    paths: list[str] = []
    for step in chunk:
        if isinstance(step, FileBatch):
            prefix = os.path.join(step.folder, "")
            paths += [prefix + name for name in step.names]
    found = _probe_on_storage(paths, details)
    rest = iter(found)
    return [
        ("", [step]) if isinstance(step, Unreadable) else (step.folder, list(islice(rest, len(step.names))))
        for step in chunk
    ]


class _Storage:
    """How the storage behaves, as this process has last seen it: whether reading a file made it wait.

    Waiting shows in voluntary context switches, which a busy processor does not cause. While storage is slow, several
    threads wait at once; they cannot tell whether it still is, so that now and then a chunk is read without them.
    """

    THREADS = 8
    LEAST = 64
    """Chunks of fewer files tell nothing and gain nothing."""
    PATIENCE = 32
    """How many chunks threads read before it is asked again."""

    PART = 8
    """The most files that a thread reads in one go: so many are still read after an interruption."""

    def __init__(self) -> None:
        self.patience = 0


_storage = _Storage()


def _probe_on_storage(paths: list[str], details: bool) -> list[Found]:
    """Probe with as many threads as the storage makes it worth."""
    if getrusage is None or len(paths) < _Storage.LEAST:
        return probe_all(paths, details)
    if _storage.patience:
        _storage.patience -= 1
        return _probe_in_threads(paths, details)
    waits = getrusage(RUSAGE_THREAD).ru_nvcsw
    found = probe_all(paths, details)
    if getrusage(RUSAGE_THREAD).ru_nvcsw - waits > len(paths) // 4:
        _storage.patience = _Storage.PATIENCE
    return found


def _probe_in_threads(paths: list[str], details: bool) -> list[Found]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only slow storage pays for it

    size = min(_Storage.PART, -(-len(paths) // _Storage.THREADS))
    parts = [paths[start : start + size] for start in range(0, len(paths), size)]
    # The threads end here: one that is kept would be missing in a fork of this process, which would wait for it.
    pool = ThreadPoolExecutor(_Storage.THREADS)
    try:
        return [one for part in pool.map(lambda part: probe_all(part, details), parts) for one in part]
    finally:
        pool.shutdown(cancel_futures=True)


def open_without_waiting(path: str, flags: int) -> int:
    """Open a file, as the `opener` of `open`: one that has become a named pipe since it was probed waits for no writer.

    >>> with open("README.md", "rb", opener=open_without_waiting) as file:
    ...     file.read(1)
    b'#'
    """
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
