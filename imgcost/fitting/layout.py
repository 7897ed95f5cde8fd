"""Where fitted copies are written: below one folder, each under a name of its own, and never over an input."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from imgcost.errors import ImgcostError
from imgcost.outputs import TEMPORARY_SUFFIX, Output
from imgcost.preflight.inputs import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "OutputFolder",
    "PlacementError",
    "Source",
    "earlier_output",
    "is_inside",
    "is_taken",
    "listed_sources",
    "named_sources",
    "output_name",
]

SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/png": (".png", ".apng"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
}
"""File extensions by media type; the first is the usual one."""

_FULL = frozenset({errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Errors of the disk rather than of one file: no other file could be written either."""


class PlacementError(ImgcostError):
    """A copy cannot be written under its name. The message is a reason, without the path."""


class Source(NamedTuple):
    """A file or folder to read, and where its copies go.

    Attributes:
        path: The file or folder.
        below: Where the copies go, relative to the output folder: the name of the copy of a file, or the folder for
            what a folder contains.
    """

    path: str
    below: str

    def destination(self, folder: str, name: str) -> str:
        """Return where the copy of a file goes, relative to the output folder, before its suffix is known.

        Args:
            folder: The folder of the file, from a walk of this source.
            name: Its name.

        >>> Source("photos", "").destination(os.path.join("photos", "2026"), "a.png").replace(os.sep, "/")
        '2026/a.png'
        """
        if len(folder) < len(self.path):  # the source is the file itself
            return self.below
        return os.path.join(self.below, folder[len(self.path) :].strip(os.sep), name)


def named_sources(paths: Sequence[str]) -> list[Source]:
    """Decide where copies go: those of a single folder directly into the output folder, others under their own names.

    Args:
        paths: Files and folders.

    >>> [source.below for source in named_sources(["photos/a.png", "scans/"])]
    ['a.png', 'scans']
    """
    single = len(paths) == 1 and os.path.isdir(paths[0])
    return [Source(path, "" if single else os.path.basename(os.path.abspath(path))) for path in paths]


def listed_sources(paths: Iterable[str]) -> Iterator[Source]:
    """Decide where copies of listed files go: under the same path, without its root and without `..`.

    >>> [source.below for source in listed_sources(["photos/a.png", "/data/b.png", "../c.png"])]
    ['photos/a.png', 'data/b.png', 'c.png']
    """
    for path in paths:
        rest = os.path.splitdrive(os.path.normpath(path))[1]
        yield Source(path, os.path.join("", *(part for part in rest.split(os.sep) if part not in {"", ".", ".."})))


def output_name(destination: str, media_type: str) -> str:
    """Return the name of a copy: unchanged if its suffix fits the format, otherwise with the right suffix appended.

    Appending keeps names apart: if `a.png` and `a.tif` are both converted, neither takes the name of the other.

    Args:
        destination: The name without regard to the format.
        media_type: The format of the copy.

    >>> output_name("a.JPG", "image/jpeg"), output_name("a.tif", "image/jpeg")
    ('a.JPG', 'a.tif.jpg')
    """
    suffixes = SUFFIXES[media_type]
    return destination if suffix_of(destination) in suffixes else destination + suffixes[0]


def is_taken(name: str, destination: str, path: str) -> bool:
    """Return whether the name of a converted copy belongs to the copy of another file.

    Args:
        name: See `output_name`.
        destination: The name without regard to the format.
        path: The original. If its folder has a file with the name of the copy, that file keeps the name.

    >>> is_taken("a.tif.jpg", "a.tif", "photos/a.tif")
    False
    """
    if name == destination:
        return False
    return os.path.lexists(os.path.join(os.path.dirname(path), os.path.basename(name)))


def earlier_output(folder: str, destination: str, media_types: Iterable[str], path: str) -> str | None:
    """Find the copy that an earlier run wrote.

    Args:
        folder: The output folder.
        destination: The name of the copy without regard to the format.
        media_types: Formats that the copy may have.
        path: The original.

    Returns:
        Its name, relative to the output folder; None if there is none.
    """
    for name in dict.fromkeys(output_name(destination, media_type) for media_type in media_types):
        if os.path.lexists(os.path.join(folder, name)) and not is_taken(name, destination, path):
            return name
    return None


def is_inside(path: str, folder: str) -> bool:
    """Return whether a file or folder is a folder, or inside it, under any of its names.

    >>> is_inside("data/samples/../job.toml", "data"), is_inside("data", "data/samples")
    (True, False)
    """
    try:
        inner = os.path.realpath(path)
    except ValueError:  # not a valid path
        return False
    while True:
        with suppress(OSError):
            if os.path.samefile(inner, folder):
                return True
        outer = os.path.dirname(inner)
        if outer == inner:
            return False
        inner = outer


class OutputFolder:
    """Writes copies below a folder. Only this process writes, so that no worker can leave an unfinished file behind.

    Links below the folder are not followed, because they may lead to inputs. Two inputs never share a copy, even where
    the file system does not distinguish `a.png` from `A.PNG`. Memory grows by one integer per file.

    Args:
        path: The folder. It is created, unless this is a dry run.
        overwrite: Whether existing copies are replaced.
        dry_run: Whether nothing is written.

    Attributes:
        path: The folder.
        dry_run: Whether nothing is written.

    Raises:
        OSError: The folder cannot be created or written.
    """

    def __init__(self, path: str, *, overwrite: bool = False, dry_run: bool = False) -> None:
        """Create the folder."""
        self.path = path
        self._overwrite = overwrite
        self.dry_run = dry_run
        self._claimed: set[int] = set()
        if not dry_run:
            os.makedirs(path, exist_ok=True)
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        self._real = os.path.realpath(path)
        self._folder = lru_cache(maxsize=16)(self._make_folder)

    def claim(self, name: str) -> None:
        """Reserve the name of a copy, relative to the output folder.

        Raises:
            PlacementError: Another input has the same copy.
        """
        # The file system knows whether names that differ in case or normalization are the same. A dry run has no files.
        key = hash(os.path.normcase(name) if self.dry_run else normalize("NFC", name).casefold())
        if key in self._claimed and (self.dry_run or os.path.lexists(os.path.join(self.path, name))):
            raise PlacementError("another input has the same name: rename one of them, or fit them into another folder")
        self._claimed.add(key)

    def write(self, name: str, data: bytes) -> None:
        """Write a copy, completely or not at all.

        Args:
            name: Its name, relative to the output folder.
            data: Its bytes.

        Raises:
            PlacementError: It cannot be written under this name.
            OSError: The disk is full or cannot be written.
        """
        target = self._target(name)
        with _reasons(target), Output(target) as file:
            file.write(data)

    def copy(self, source: str, name: str, *, link: bool) -> bool:
        """Copy a file, completely or not at all.

        Args:
            source: The file.
            name: The name of the copy, relative to the output folder.
            link: Whether to make a hard link if the file system can.

        Returns:
            Whether the copy is a hard link.

        Raises:
            PlacementError: It cannot be written under this name.
            OSError: The disk is full or cannot be written.
        """
        target = self._target(name)
        if link and _hard_link(os.path.realpath(source), target):
            return True
        with _reasons(target), open(source, "rb") as original, Output(target) as file:
            shutil.copyfileobj(original, file, 1 << 20)
        return False

    def _target(self, name: str) -> str:
        """Return the path of a copy that may be written, and create its folder."""
        inner, base = os.path.split(name)
        target = os.path.join(self._folder(inner), base)
        with _reasons(target):
            try:
                mode = os.lstat(target).st_mode
            except FileNotFoundError:
                return target
        if not stat.S_ISREG(mode):
            raise PlacementError("something else than a file has the output name: remove it, or choose another folder")
        if not self._overwrite:
            raise PlacementError("a file with the output name has just been created by another program")
        return target

    def _make_folder(self, inner: str) -> str:
        """Create a folder below the output folder, unless a link leads elsewhere."""
        path = os.path.join(self.path, inner)
        real = os.path.join(self._real, inner) if inner else self._real
        if os.path.normcase(os.path.realpath(path)) != os.path.normcase(real):
            raise PlacementError("a link inside the output folder leads elsewhere: remove it, or choose another folder")
        with _reasons(path):
            os.makedirs(path, exist_ok=True)
        return path


@contextmanager
def _reasons(target: str) -> Iterator[None]:
    """Turn errors of one file into reasons; errors of the disk end the run, and name the file."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            error.filename = error.filename or target
            raise
        what = (isinstance(error, OSError) and error.strerror) or str(error)
        raise PlacementError(f"cannot be written: {what[:1].lower()}{what[1:]}") from error


def _hard_link(source: str, target: str) -> bool:
    """Make or replace a hard link; return False if the file system cannot."""
    with suppress(OSError):
        if os.path.samefile(source, target):
            return True  # replacing a link by a link to the same file would do nothing
    temporary = os.path.join(os.path.dirname(target), f".{os.urandom(8).hex()}{TEMPORARY_SUFFIX}")
    try:
        os.link(source, temporary)
        os.replace(temporary, target)
    except (OSError, NotImplementedError):
        return False
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return True
