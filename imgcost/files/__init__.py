"""The only room that opens image files: paths in, `Image` or `Unreadable` out, streamed in a stable order.

What a file is, its first bytes say; its suffix is not asked. Nothing that stands in the way ends a scan: it comes out
as an `Unreadable`, with its reason, in its place.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from imgcost.arguments import take_flag
from imgcost.errors import ArgumentError
from imgcost.files.archives import probe_archive
from imgcost.files.found import Found, Group, Image, Unreadable, no_access
from imgcost.files.probing import inspect, open_without_waiting, probe, probe_chunk
from imgcost.files.sources import ImageSource, is_pillow, is_stream, pillow_contents, read_header, stream_contents
from imgcost.files.walking import Archive, Chunk, FileBatch, Walk, chunks
from imgcost.files.workers import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "Archive",
    "FileBatch",
    "Chunk",
    "Found",
    "Group",
    "Image",
    "ImageSource",
    "Unreadable",
    "Walk",
    "chunks",
    "inspect",
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
) -> Iterator[Image | Unreadable]:
    """Find every image in files, folders and archives, by content, without decoding a pixel.

    The order is stable: paths as given; in a folder its files by name, then its archives by name, then its subfolders
    by name; in an archive its members as they lie. Memory does not grow with the number of files.

    Args:
        *paths: Files and folders.
        follow_symlinks: Whether to enter links to folders. Links to files are always read. A folder is then never
            entered twice, so that loops end.
        include: Globs; only files, and members of archives, that match one are taken. A glob without a slash is matched
            against the name, one with a slash against the whole path; case matters.
        exclude: Globs; files, folders and archives that match one are passed over.
        archives: Whether to look into zip and tar files.
        details: Whether to read orientation and animation.
            Without them less is read: every `orientation` is 1 and every `animated` False, only well-known foreign
            formats are named, and Pillow is not loaded.
        jobs: The most worker processes. They are started only where enough files lie ahead to be worth it, and only by
            a fork that is safe: on Linux, while no other thread runs, and not in a worker of `multiprocessing.Pool`.
            Elsewhere the scan works in this process alone. (`imgcost scan` has workers on every system.)

    Yields:
        An `Image` for each file that the API reads, and an `Unreadable` for everything else that was met.

    Raises:
        ArgumentError: Something is not a path, or an option is of another kind.

    >>> [(found.path, found.problem) for found in scan("no/such/folder")]
    [('no/such/folder', 'missing')]
    """
    for path in paths:
        if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
            raise ArgumentError("path", path, "paths as text, each an argument of its own: scan(*paths)")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ArgumentError("jobs", jobs, "a whole number of worker processes, from 1")
    walk = Walk(
        take_flag("follow_symlinks", follow_symlinks),
        _globs("include", include),
        _globs("exclude", exclude),
        take_flag("archives", archives),
    )
    return _scan(walk, paths, partial(probe_chunk, details=take_flag("details", details)), jobs)


def _scan(
    walk: Walk, paths: Sequence[str | os.PathLike[str]], work: Callable[[Chunk], list[Group]], jobs: int
) -> Iterator[Found]:
    def stream(archive: Archive) -> Iterator[list[Group]]:
        return probe_archive(archive.path, walk.wants)

    for groups in spread(chunks(walk.steps(paths)), work, stream, jobs):
        for _, found in groups:
            yield from found


def _globs(argument: str, globs: str | Sequence[str]) -> tuple[str, ...]:
    found = (globs,) if isinstance(globs, str) else globs
    if not isinstance(found, (list, tuple, set, frozenset)) or not all(isinstance(glob, str) for glob in found):
        raise ArgumentError(argument, globs, "a glob such as '*.png', or a list of them")
    return tuple(found)
