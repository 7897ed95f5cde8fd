"""The only room that opens image files: paths in, `Image` or `Unreadable` out, streamed in a stable order.

What a file is, its first bytes say; its suffix is not asked. Nothing that stands in the way ends a scan: it comes out
as an `Unreadable`, with its reason, in its place.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imgcost.files.archives import probe_archive
from imgcost.files.found import Found, Group, Image, Unreadable, no_access
from imgcost.files.probing import identified, inspect, open_without_waiting, probe, probe_chunk
from imgcost.files.walking import Archive, Batch, Chunk, Walk, chunks
from imgcost.files.workers import spread

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

__all__ = [
    "Archive",
    "Batch",
    "Chunk",
    "Found",
    "Group",
    "Image",
    "Unreadable",
    "Walk",
    "chunks",
    "identified",
    "inspect",
    "no_access",
    "open_without_waiting",
    "probe",
    "probe_archive",
    "probe_chunk",
    "scan",
    "spread",
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
        details: Whether orientation and animation are asked for, and what Pillow says of files of other formats.
            Without them less is read: every `orientation` is 1 and every `animated` False, only well-known foreign
            formats are named, and Pillow is not loaded.
        jobs: The most worker processes. They are started only where enough files lie ahead to be worth it.

    Yields:
        An `Image` for each file that the API reads, and an `Unreadable` for everything else that was met.

    >>> [(found.path, found.problem) for found in scan("no/such/folder")]
    [('no/such/folder', 'missing')]
    """
    included, excluded = ((globs,) if isinstance(globs, str) else tuple(globs) for globs in (include, exclude))
    walk = Walk(follow_symlinks, included, excluded, archives)
    work = partial(probe_chunk, details=details)

    def stream(archive: Archive) -> Iterator[list[Group]]:
        return probe_archive(archive.path, walk.wants)

    for groups in spread(chunks(walk.steps(paths)), work, stream, jobs):
        for _, found in groups:
            yield from found
