"""Read the headers of files: open, read the first bytes, get the size, close. Read more only if the header needs it."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from imgcost.errors import HeaderError
from imgcost.files.results import Image, Unreadable, no_access, not_read
from imgcost.files.walking import FileBatch
from imgcost.headers import HEAD_BYTES, Contents, Header, inspect_bytes, parse_header

try:
    from resource import RUSAGE_THREAD, getrusage
except ImportError:  # Windows and macOS do not count the waits of a thread
    getrusage = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files.results import Group, ScanResult

__all__ = ["inspect", "open_without_waiting", "probe", "probe_all", "probe_chunk", "read_file_header"]

# O_NONBLOCK: do not wait for a named pipe. O_BINARY: keep Windows from translating line ends.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def probe(path: str, details: bool = True) -> ScanResult:
    """Read the header of one file.

    Args:
        path: The file.
        details: Whether to read orientation and animation. If False, less is read, and they are 1 and False.

    Returns:
        The image, or the reason why the file could not be read as one.

    >>> probe("no/such/file").reason
    'no such file or folder'
    """
    return probe_all([path], details)[0]


def _seek_and_read(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


_read_from = getattr(os, "pread", _seek_and_read)  # Windows has no pread

# Same as Image(*fields) at half the cost: a scan creates millions.
_new = tuple.__new__


def probe_all(paths: list[str], details: bool = True) -> list[ScanResult]:
    """Read the headers of files, in order: `probe` in a loop, without a function call per file.

    >>> [file.problem for file in probe_all(["no/such/file", "nor/this"])]
    ['missing', 'missing']
    """
    descriptor = -1

    def read_at(offset: int, size: int) -> bytes:
        return _read_from(descriptor, size, offset)

    files: list[ScanResult] = []
    for path in paths:
        try:
            descriptor = os.open(path, _OPEN_FLAGS)
        except (OSError, ValueError) as error:
            files.append(no_access(path, error))
            continue
        try:
            head = os.read(descriptor, HEAD_BYTES)
            file_bytes = os.lseek(descriptor, 0, os.SEEK_END)
            files.append(_new(Image, (path, *parse_header(head, read_at, details), file_bytes, None)))
        except HeaderError as error:
            files.append(not_read(path, error))
        except OSError as error:
            files.append(no_access(path, error))
        finally:
            os.close(descriptor)
    return files


def inspect(path: str) -> Contents:
    """Read the start and the end of one file.

    Args:
        path: The file.

    Returns:
        Its header, or the reason why there is none, and whether it is truncated.

    Raises:
        OSError: The file cannot be read.
        ValueError: The path is not valid.

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
        HeaderError: The file is empty, damaged, not an image, or of an unsupported format that cannot be measured.
        OSError: The file cannot be read.
        ValueError: The path is not valid.

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
    """Probe every file of a chunk, in order.

    Args:
        chunk: Batches of files, and paths that could not be entered.
        details: Whether to read orientation and animation.

    Returns:
        The folder and the results of each batch.
    """
    chunk = list(chunk)
    paths: list[str] = []
    for step in chunk:
        if isinstance(step, FileBatch):
            prefix = step.prefix
            paths += [prefix + name for name in step.names]
    files = iter(_probe_on_storage(paths, details))
    return [
        ("", [step]) if isinstance(step, Unreadable) else (step.folder, list(islice(files, len(step.names))))
        for step in chunk
    ]


class _Storage:
    """Whether this process had to wait for the storage when it last measured.

    Waits show up as voluntary context switches, which a busy processor does not cause. Slow storage is read by several
    threads at once. Threads cannot measure waits, so one chunk in `THREADED_CHUNKS` is read without them.
    """

    THREADS = 8
    MIN_FILES = 64
    """Chunks with fewer files are too small to measure, and too small to gain from threads."""
    THREADED_CHUNKS = 32
    """Number of chunks that threads read before waits are measured again."""

    TASK_FILES = 8
    """Maximum number of files per task of a thread: up to this many are still read after an interruption."""

    def __init__(self) -> None:
        self.threaded_chunks = 0


_storage = _Storage()


def _probe_on_storage(paths: list[str], details: bool) -> list[ScanResult]:
    """Probe files, with threads if the storage is slow."""
    if getrusage is None or len(paths) < _Storage.MIN_FILES:
        return probe_all(paths, details)
    if _storage.threaded_chunks:
        _storage.threaded_chunks -= 1
        return _probe_in_threads(paths, details)
    waits = getrusage(RUSAGE_THREAD).ru_nvcsw
    files = probe_all(paths, details)
    if getrusage(RUSAGE_THREAD).ru_nvcsw - waits > len(paths) // 4:
        _storage.threaded_chunks = _Storage.THREADED_CHUNKS
    return files


def _probe_in_threads(paths: list[str], details: bool) -> list[ScanResult]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - needed for slow storage only

    size = min(_Storage.TASK_FILES, -(-len(paths) // _Storage.THREADS))
    parts = [paths[start : start + size] for start in range(0, len(paths), size)]
    # No thread outlives this call: a fork of this process would lack the threads and wait for them forever.
    pool = ThreadPoolExecutor(_Storage.THREADS)
    try:
        return [file for part in pool.map(lambda part: probe_all(part, details), parts) for file in part]
    finally:
        pool.shutdown(cancel_futures=True)


def open_without_waiting(path: str, flags: int) -> int:
    """Open a file without blocking, even if a named pipe has replaced it since it was probed. An `opener` for `open()`.

    >>> with open("README.md", "rb", opener=open_without_waiting) as file:
    ...     file.read(1)
    b'#'
    """
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
