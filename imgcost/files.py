"""The only room that opens image files: paths in, `Image` or `Unreadable` out, streamed in a stable order.

What a file is, its first bytes say; its suffix is not asked. Nothing that stands in the way ends a scan: it comes out
as an `Unreadable`, with its reason, in its place.
"""

from __future__ import annotations

import os
import stat
import warnings
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgcost.errors import HeaderError
from imgcost.headers import HEAD_BYTES, parse_header, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Image", "Unreadable", "scan"]


class Image(NamedTuple):
    """An image that the API reads, as its header tells.

    Attributes:
        path: The file, as reached from the path that was given.
        media_type: `image/jpeg`, `image/png`, `image/gif` or `image/webp`, by content.
        width: Width as stored, px.
        height: Height as stored, px.
        orientation: EXIF orientation, 1 to 8; 1 where none is said. It never changes the tokens.
        animated: Whether there is more than one frame; Claude sees the first.
        file_bytes: Size of the file, bytes.
    """

    path: str
    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool
    file_bytes: int


class Unreadable(NamedTuple):
    """Something that a scan met and cannot count, with the reason.

    Attributes:
        path: The file or folder, as reached from the path that was given.
        problem: A slug: `empty`, `damaged`, `unsupported`, `not-an-image` (by content); `missing`, `no-access`,
            `not-a-file`, `link-not-followed`, `seen-already` (by place).
        reason: One sentence for people.
        format: The name of an unsupported format, such as `TIFF`, if it could be told.
        width: Its width, px, if Pillow could tell it.
        height: Its height, px, if Pillow could tell it.
    """

    path: str
    problem: str
    reason: str
    format: str | None = None
    width: int | None = None
    height: int | None = None


Found: TypeAlias = "Image | Unreadable"


class Batch(NamedTuple):
    """Files of one folder that are probed together.

    Attributes:
        folder: The folder, empty for files named without one.
        names: The files' names, sorted.
    """

    folder: str
    names: list[str]


BATCH_FILES = 1000
"""The most files in a batch: enough to make its hand-over cheap, few enough to keep memory flat."""

# O_NONBLOCK: a named pipe must not hold a scan. O_BINARY: Windows would change line ends.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def scan(
    *paths: str | os.PathLike[str], follow_symlinks: bool = False, identify: bool = True
) -> Iterator[Image | Unreadable]:
    """Find every image in files and folders, by content, without decoding a pixel.

    The order is stable: paths as given; in a folder its files by name, then its subfolders by name.

    Args:
        *paths: Files and folders.
        follow_symlinks: Whether to enter links to folders. Links to files are always read. A folder is never entered
            twice, so that loops end.
        identify: Whether to ask Pillow what a file of another format is, and how large. Without it only well-known
            formats are named, and Pillow is not loaded.

    Yields:
        An `Image` for each file that the API reads, and an `Unreadable` for everything else that was met.

    >>> [(found.path, found.problem) for found in scan("no/such/folder")]
    [('no/such/folder', 'missing')]
    """
    for step in walk(paths, follow_symlinks=follow_symlinks):
        if isinstance(step, Unreadable):
            yield step
        else:
            yield from probe_batch(step, identify=identify)


def walk(
    paths: Iterator[str | os.PathLike[str]] | tuple[str | os.PathLike[str], ...], *, follow_symlinks: bool = False
) -> Iterator[Batch | Unreadable]:
    """Find the files under paths, folder by folder, without opening any.

    >>> list(walk(["no/such/file"]))[0].reason
    'no such file or folder'
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        place = os.fspath(path)
        try:
            mode = os.stat(place).st_mode  # noqa: PTH116 - strings all the way: a Path a file would cost more than reading it
        except (OSError, ValueError) as error:
            yield _no_access(place, error)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk_folder(place, seen, follow_symlinks=follow_symlinks)
        elif stat.S_ISREG(mode):
            folder, name = os.path.split(place)
            yield Batch(folder, [name])
        else:
            yield _special(place)


def _walk_folder(top: str, seen: set[tuple[int, int]], *, follow_symlinks: bool) -> Iterator[Batch | Unreadable]:
    """Walk one tree by a stack of its own, so that no depth of folders is too deep."""
    stack = [top]
    while stack:
        folder = stack.pop()
        if follow_symlinks and not _first_visit(folder, seen):
            yield Unreadable(folder, "seen-already", "a link to a folder that this scan has entered already")
            continue
        names: list[str] = []
        subfolders: list[str] = []
        links: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    # The order of the questions matters: on most systems the first two are answered without a call.
                    if entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        subfolders.append(entry.name)
                    else:
                        links.append(entry.name)
        except OSError as error:
            yield _no_access(folder, error)
        for name in sorted(links):
            found = _resolve_link(os.path.join(folder, name), follow_symlinks=follow_symlinks)  # noqa: PTH118 - as above
            if isinstance(found, Unreadable):
                yield found
            else:
                (subfolders if found else names).append(name)
        names.sort()
        for start in range(0, len(names), BATCH_FILES):
            yield Batch(folder, names[start : start + BATCH_FILES])
        stack.extend(os.path.join(folder, name) for name in sorted(subfolders, reverse=True))  # noqa: PTH118 - as above


def _resolve_link(path: str, *, follow_symlinks: bool) -> bool | Unreadable:
    """What a link leads to: True for a folder to enter, False for a file, else why neither."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - see walk
    except OSError as error:
        return _no_access(path, error)
    if stat.S_ISREG(mode):
        return False
    if not stat.S_ISDIR(mode):
        return _special(path)
    if follow_symlinks:
        return True
    return Unreadable(path, "link-not-followed", "a link to a folder, which is entered only when links are followed")


def _first_visit(folder: str, seen: set[tuple[int, int]]) -> bool:
    try:
        status = os.stat(folder)  # noqa: PTH116 - see walk
    except OSError:
        return True  # its listing will fail too, and say why
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def probe_batch(batch: Batch, *, identify: bool = False) -> list[Found]:
    """Read the headers of a batch of files, in its order.

    >>> probe_batch(Batch("no/such", ["file"]))[0].problem
    'missing'
    """
    prefix = os.path.join(batch.folder, "")  # noqa: PTH118 - see walk
    found = [probe(prefix + name) for name in batch.names]
    if identify:
        return [_identified(one) if isinstance(one, Unreadable) else one for one in found]
    return found


def probe(path: str) -> Found:
    """Read one file's header: open, read a kilobyte, ask the size, close; more only where the header lies further in.

    >>> probe("no/such/file").reason
    'no such file or folder'
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as error:
        return _no_access(path, error)
    try:
        head = os.read(descriptor, HEAD_BYTES)
        file_bytes = os.lseek(descriptor, 0, os.SEEK_END)

        def read_at(offset: int, size: int) -> bytes:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)

        return Image(path, *parse_header(head, read_at), file_bytes)
    except HeaderError as error:
        return Unreadable(path, error.problem, error.reason, error.format)
    except OSError as error:
        return _no_access(path, error)
    finally:
        os.close(descriptor)


def _no_access(path: str, error: OSError | ValueError) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        link = os.path.islink(path)  # noqa: PTH114 - see walk
        return Unreadable(path, "missing", "a link to nothing" if link else "no such file or folder")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Unreadable(path, "no-access", reason[:1].lower() + reason[1:])


def _special(path: str) -> Unreadable:
    return Unreadable(path, "not-a-file", "neither a file nor a folder (a pipe, a socket or a device)")


def _identified(found: Unreadable) -> Unreadable:
    """Let Pillow name what the header reader does not know, and measure what it knows by name only."""
    if found.problem not in {"unsupported", "not-an-image"}:
        return found
    from PIL import Image as Pillow  # noqa: PLC0415 - loaded for the first such file only

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that of a decompression bomb, which opening does not set off
            with Pillow.open(found.path) as image:
                name = found.format or image.format or "unknown"
                return Unreadable(found.path, "unsupported", unsupported(name).reason, name, *image.size)
    except Exception:  # noqa: BLE001 - a stranger's decoder on a stranger's bytes: whatever it says, the file is listed
        return found
