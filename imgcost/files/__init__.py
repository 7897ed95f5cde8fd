"""Find and read image files: paths in, a stream of `Image` or `Unreadable` out, in a stable order.

File types are detected from content, not from the file extension. A scan never aborts: whatever cannot be read becomes
an `Unreadable` with the reason.
"""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, cast

from imgcost.arguments import check_path_types, to_bool
from imgcost.errors import ArgumentError
from imgcost.files.archives import Inspected, inspect_archive, probe_archive
from imgcost.files.probing import inspect, open_without_waiting, probe, probe_chunk
from imgcost.files.results import Group, Image, ScanResult, Transfer, Unreadable, no_access
from imgcost.files.sources import (
    SOURCE_TYPES,
    ImageSource,
    check_stream,
    is_pillow,
    is_stream,
    pillow_contents,
    read_header,
    stream_contents,
)
from imgcost.files.stores.access import StoreSettings
from imgcost.files.walking import Archive, Chunk, FileBatch, Walk, chunks
from imgcost.files.workers import spread
from imgcost.paths import is_url

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "SOURCE_TYPES",
    "Archive",
    "Chunk",
    "FileBatch",
    "Group",
    "Image",
    "ImageSource",
    "Inspected",
    "ScanResult",
    "StoreSettings",
    "Transfer",
    "Unreadable",
    "Walk",
    "check_stream",
    "chunks",
    "inspect",
    "inspect_archive",
    "is_pillow",
    "is_stream",
    "no_access",
    "open_without_waiting",
    "pillow_contents",
    "probe",
    "probe_archive",
    "probe_chunk",
    "read_header",
    "scan",
    "scan_groups",
    "spread",
    "stream_contents",
]


def scan(
    *paths: str | os.PathLike[str],
    follow_symlinks: bool = False,
    include: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    archives: bool = True,
    details: bool = True,
    jobs: int = 1,
    store_options: Mapping[str, str] | None = None,
) -> Iterator[Image | Unreadable]:
    """Find every image in files, folders and archives, by content, without decoding pixels.

    The order is stable: paths as given; in each folder first files, then archives, then subfolders, sorted by name;
    archive members in stored order. Memory use does not depend on the number of files.

    Args:
        *paths: Files and folders, and URLs such as `s3://bucket/photos/`; their objects come in the order of the store.
        follow_symlinks: Whether to follow symbolic links to folders. Links to files are always read. Each folder is
            entered only once, so symlink loops end.
        include: Globs; only matching files and archive members are read. A glob without a slash is matched against the
            name, a glob with a slash against the whole path. Case-sensitive.
        exclude: Globs; matching files, folders and archives are skipped.
        archives: Whether to read the members of zip and tar files.
        details: Whether to read orientation and animation.
            If False, less of each file is read, every `orientation` is 1 and every `animated` is False.
        jobs: Maximum number of worker processes. They start only if enough files remain to be worth it, and only where
            forking is safe: on Linux, while no other thread is running, and not in a worker of `multiprocessing.Pool`.
            Otherwise the scan runs in this process. (`imgcost scan` uses workers on every system.)
        store_options: Options of the stores of URLs, such as `{"region": "eu-west-1"}`; the environment decides what is
            missing.

    Yields:
        An `Image` for each image, and an `Unreadable` for everything else.

    Raises:
        ArgumentError: An argument is not a path, or an option has the wrong type.
        ImgcostError: A store cannot be opened or listed, or stops to answer.

    >>> [(file.path, file.problem) for file in scan("no/such/folder")]
    [('no/such/folder', 'missing')]
    """
    check_path_types(paths)
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ArgumentError("jobs", jobs, "a number of worker processes, 1 or more")
    walk = Walk(
        to_bool("follow_symlinks", follow_symlinks),
        _globs("include", include),
        _globs("exclude", exclude),
        to_bool("archives", archives),
        stores=StoreSettings(_options(store_options)),
    )
    return _scan(walk, paths, partial(probe_chunk, details=to_bool("details", details)), jobs)


def _scan(
    walk: Walk, paths: Sequence[str | os.PathLike[str]], work: Callable[[Chunk], list[Group]], jobs: int
) -> Iterator[ScanResult]:
    for groups in scan_groups(walk, paths, work, jobs):
        for _, files in groups:
            yield from files


def scan_groups(
    walk: Walk,
    paths: Iterable[str | os.PathLike[str]],
    work: Callable[[Chunk], list[Group]] = probe_chunk,
    jobs: int = 1,
) -> Iterator[list[Group]]:
    """Find every image, as `scan` does, and keep the folders.

    Args:
        walk: How to walk directories.
        paths: Files and folders.
        work: Reads the files of a chunk.
        jobs: Maximum number of worker processes.

    Yields:
        Folders and their files, a chunk at a time.
    """

    def stream(archive: Archive) -> Iterator[list[Group]]:
        return probe_archive(archive.path, walk.matches)

    for remote, run in groupby(paths, is_url):
        if remote:
            from imgcost.files.stores.scanning import scan_urls  # noqa: PLC0415 - most scans read no URLs

            yield from (groups for groups, _ in scan_urls(cast("Iterable[str]", run), walk))
        else:
            yield from spread(chunks(walk.steps(run)), work, stream, jobs)


def _options(options: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    pairs = tuple(options.items()) if isinstance(options, dict) else ()
    if not isinstance(options, dict | None) or not all(isinstance(text, str) for pair in pairs for text in pair):
        raise ArgumentError("store_options", options, "a dict of texts, such as {'region': 'eu-west-1'}")
    return pairs


def _globs(argument: str, globs: str | Sequence[str]) -> tuple[str, ...]:
    patterns = (globs,) if isinstance(globs, str) else globs
    if not isinstance(patterns, (list, tuple, set, frozenset)) or not all(isinstance(glob, str) for glob in patterns):
        raise ArgumentError(argument, globs, "a glob such as '*.png', or a list of globs")
    return tuple(patterns)
