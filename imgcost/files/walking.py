"""Walk files and folders: paths in, batches of file names out, without opening any file."""

from __future__ import annotations

import os
import stat
from fnmatch import translate
from re import IGNORECASE
from re import compile as compile_pattern
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgcost.files.results import Unreadable, no_access
from imgcost.files.stores.access import StoreSettings
from imgcost.outputs import TEMPORARY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Archive", "Chunk", "FileBatch", "Walk", "WalkStep", "chunks"]

FILES_PER_BATCH = 1000
"""Maximum files per batch and minimum per chunk: enough to keep transfers cheap, few enough to keep memory flat."""

ARCHIVE_SUFFIXES = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Archives are detected by suffix, because many other formats are zip files inside."""

_DATABASE_TAILS = ("", "-journal", "-wal", "-shm")
"""Suffixes of the files that SQLite creates beside an open database."""

# Searched once per folder: most contain no archive, and checking each name would take as long as listing them.
_ARCHIVE_IN_NAMES = compile_pattern(r"\.(zip|cbz|tar|tgz|tbz2|txz)", IGNORECASE).search


class FileBatch(NamedTuple):
    """Files in one folder that are probed together.

    Attributes:
        folder: The folder; empty for files that were given without one.
        names: The file names, sorted.
    """

    folder: str
    names: list[str]

    @property
    def prefix(self) -> str:
        """What the paths of the files begin with, before their names."""
        return os.path.join(self.folder, "")

    def path_of(self, name: str) -> str:
        """Return the path of a file in the batch.

        >>> FileBatch("", ["a.png"]).path_of("a.png")
        'a.png'
        """
        return self.prefix + name


class Archive(NamedTuple):
    """A zip or tar file whose members are probed.

    Attributes:
        path: The file.
    """

    path: str


WalkStep: TypeAlias = FileBatch | Archive | Unreadable
Chunk: TypeAlias = list[FileBatch | Unreadable]


class Walk(NamedTuple):
    """The options of a walk.

    Attributes:
        follow_symlinks: Whether to follow symbolic links to folders. Links to files are always read. Each folder is
            entered only once, so symlink loops end.
        include: Globs; only matching files and archive members are read. A glob without a slash is matched against the
            name, a glob with a slash against the whole path as printed. Case-sensitive.
        exclude: Globs; matching files, folders and archives are skipped.
        archives: Whether to read the members of zip and tar files.
        own: Files and folders that the command itself writes. They are skipped under any of their names, and so are
            unfinished files left behind by an earlier run.
        stores: How object stores are read.
    """

    follow_symlinks: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    archives: bool = True
    own: tuple[str, ...] = ()
    stores: StoreSettings = StoreSettings()

    def steps(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[WalkStep]:
        """Walk files and folders: paths as given; in each folder first files, then archives, then subfolders, by name.

        Args:
            paths: Files and folders.

        Yields:
            Batches of files, archives, and everything that cannot be read.

        >>> next(Walk().steps(["no/such/file"])).reason
        'no such file or folder'
        """
        matches = self.matches
        own_files = _OwnFiles(self.own)
        visited: set[tuple[int, int]] = set()
        for argument in paths:
            path = os.fspath(argument)
            try:
                mode = os.stat(path).st_mode
            except (OSError, ValueError) as error:
                yield no_access(path, error)
                continue
            folder, name = os.path.split(path)
            if stat.S_ISDIR(mode):
                yield from self._folder(path, visited, matches, own_files)
            elif not stat.S_ISREG(mode):
                yield _not_a_file(path)
            elif own_files.without(folder, [name]) and (matches is None or _matches_file(matches, folder, name)):
                yield from self._files(folder, name)

    @property
    def matches(self) -> Callable[..., bool] | None:
        """The filter that the globs define, called as `matches(folder, name, is_folder=...)`; None without globs."""
        if not (self.include or self.exclude):
            return None
        include, exclude = _Globs(self.include), _Globs(self.exclude)

        def matches(folder: str, name: str, *, is_folder: bool) -> bool:
            if exclude.match(folder, name):
                return False
            return is_folder or not self.include or include.match(folder, name)

        return matches

    def _files(self, folder: str, name: str) -> Iterator[WalkStep]:
        path = os.path.join(folder, name)
        if not name.lower().endswith(ARCHIVE_SUFFIXES):
            yield FileBatch(folder, [name])
        elif self.archives:
            yield Archive(path)
        else:
            yield Unreadable(path, "archive-not-entered", "an archive; reading archives is turned off")

    def _folder(
        self, top: str, visited: set[tuple[int, int]], matches: Callable[..., bool] | None, own_files: _OwnFiles
    ) -> Iterator[WalkStep]:
        """Walk one tree with an explicit stack, so that deep trees do not exceed the recursion limit."""
        stack = [top]
        while stack:
            folder = stack.pop()
            if self.follow_symlinks and not _first_visit(folder, visited):
                yield Unreadable(folder, "seen-already", "this folder has already been scanned")
                continue
            try:
                names, subfolders, others = _list(folder)
            except OSError as error:
                yield no_access(folder, error)
                continue
            if matches:  # the name of a link may be excluded, whatever its target is
                others = [name for name in others if matches(folder, name, is_folder=True)]
            yield from self._resolve_links(folder, others, names, subfolders, own_files)
            if matches:
                names = [name for name in names if _matches_file(matches, folder, name)]
                subfolders = [name for name in subfolders if matches(folder, name, is_folder=True)]
            names, subfolders = own_files.without(folder, names), own_files.without(folder, subfolders)
            names.sort()
            archives: list[str] = []
            if _ARCHIVE_IN_NAMES("\0".join(names)):
                archives = [name for name in names if name.lower().endswith(ARCHIVE_SUFFIXES)]
                names = [name for name in names if not name.lower().endswith(ARCHIVE_SUFFIXES)]
            for start in range(0, len(names), FILES_PER_BATCH):
                yield FileBatch(folder, names[start : start + FILES_PER_BATCH])
            for name in archives:
                yield from self._files(folder, name)
            stack.extend(os.path.join(folder, name) for name in sorted(subfolders, reverse=True))

    def _resolve_links(
        self, folder: str, others: list[str], names: list[str], subfolders: list[str], own_files: _OwnFiles
    ) -> Iterator[Unreadable]:
        """Sort the targets of links into `names` and `subfolders`, and yield what cannot be read."""
        for name in sorted(others):
            path = os.path.join(folder, name)
            try:
                status = os.stat(path)
            except FileNotFoundError:
                yield Unreadable(path, "missing", "broken symbolic link")
                continue
            except OSError as error:
                yield no_access(path, error)
                continue
            mode = status.st_mode
            if (status.st_dev, status.st_ino) in own_files.files:
                continue
            if stat.S_ISREG(mode):
                names.append(name)
            elif not stat.S_ISDIR(mode):
                yield _not_a_file(path)
            elif self.follow_symlinks:
                subfolders.append(name)
            else:
                yield Unreadable(
                    path, "link-not-followed", "symbolic link to a folder, not followed (use --follow-symlinks)"
                )


def chunks(steps: Iterable[WalkStep]) -> Iterator[Chunk | Archive]:
    """Group steps, in order, into chunks that are large enough to send to a worker. Archives are not grouped.

    >>> [len(chunk) for chunk in chunks([FileBatch("a", ["b"]), FileBatch("c", ["d"]), Archive("e.zip")])]
    [2, 1]
    """
    chunk: Chunk = []
    files = 0
    for step in steps:
        if isinstance(step, Archive):
            if chunk:
                yield chunk
            yield step
            chunk, files = [], 0
            continue
        chunk.append(step)
        files += len(step.names) if isinstance(step, FileBatch) else 1
        if files >= FILES_PER_BATCH:
            yield chunk
            chunk, files = [], 0
    if chunk:
        yield chunk


def _matches_file(matches: Callable[..., bool], folder: str, name: str) -> bool:
    """Whether a file matches. Archives are treated as folders: `include` applies to their members."""
    return matches(folder, name, is_folder=name.lower().endswith(ARCHIVE_SUFFIXES))


class _Globs:
    """Globs as two regular expressions: one for names, one for whole paths."""

    def __init__(self, globs: tuple[str, ...]) -> None:
        paths = [translate(glob) for glob in globs if "/" in glob]
        names = [translate(glob) for glob in globs if "/" not in glob]
        self._path = compile_pattern("|".join(paths)).match if paths else None
        self._name = compile_pattern("|".join(names)).match if names else None

    def match(self, folder: str, name: str) -> bool:
        if self._name and self._name(name):
            return True
        return bool(self._path and self._path(os.path.join(folder, name).replace(os.sep, "/")))


class _OwnFiles:
    """What the command itself writes, indexed by folder, so that most folders need a single lookup."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.files = {identity for path in paths if (identity := _identity(path))}
        self._names: dict[tuple[int, int] | None, set[str]] = {}
        for spelling in {spell(path) for path in paths for spell in (os.path.abspath, os.path.realpath)}:
            folder, name = os.path.split(spelling)
            self._names.setdefault(_identity(folder), set()).update(name + tail for tail in _DATABASE_TAILS)

    def without(self, folder: str, names: list[str]) -> list[str]:
        """Return the names in a folder that do not belong to the command."""
        excluded = self._names.get(_identity(folder or os.curdir), set()) if self._names else set()
        if excluded:
            # On a case-insensitive file system one file has many names.
            folded = {name.casefold() for name in excluded}
            similar = {name for name in names if name.casefold() in folded}
            excluded = {
                name for name in similar if name in excluded or _identity(os.path.join(folder, name)) in self.files
            }
        if TEMPORARY_SUFFIX in "\0".join(names):
            excluded = excluded | {name for name in names if name.endswith(TEMPORARY_SUFFIX)}
        return [name for name in names if name not in excluded] if excluded else names


def _list(folder: str) -> tuple[list[str], list[str], list[str]]:
    """List the names of files, of subfolders, and of entries that need a closer look, such as links."""
    names: list[str] = []
    subfolders: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            # The order matters: on most systems the first two checks need no system call.
            if entry.is_file(follow_symlinks=False):
                names.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                subfolders.append(entry.name)
            else:
                others.append(entry.name)
    return names, subfolders, others


def _first_visit(folder: str, visited: set[tuple[int, int]]) -> bool:
    identity = _identity(folder)
    if identity is None:
        return True  # listing it fails too, with the reason
    if identity in visited:
        return False
    visited.add(identity)
    return True


def _identity(path: str) -> tuple[int, int] | None:
    """Return the device and inode of a file or folder; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _not_a_file(path: str) -> Unreadable:
    return Unreadable(path, "not-a-file", "not a file or folder (a pipe, socket or device)")
