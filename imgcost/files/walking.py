"""Which files there are: paths in, batches of names out, without opening any."""

from __future__ import annotations

import os
import stat
from fnmatch import translate
from re import IGNORECASE
from re import compile as compile_pattern
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imgcost.files.found import Unreadable, no_access
from imgcost.outputs import TEMPORARY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Archive", "FileBatch", "Chunk", "Step", "Walk", "chunks"]

BATCH_FILES = 1000
"""The most files in a batch, and the least in a chunk: enough to make a hand-over cheap, few enough for flat memory."""

ARCHIVE_SUFFIXES = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""By these an archive is told, for many other things are zip files inside."""


_DATABASE_TAILS = ("", "-journal", "-wal", "-shm")
"""What SQLite adds to the name of a cache that is in use."""

# Asked once a folder: most hold no archive, and asking each name would cost as much as listing them.
_ARCHIVE_IN_NAMES = compile_pattern(r"\.(zip|cbz|tar|tgz|tbz2|txz)", IGNORECASE).search


class FileBatch(NamedTuple):
    """Files of one folder that are probed together.

    Attributes:
        folder: The folder, empty for files named without one.
        names: The files' names, sorted.
    """

    folder: str
    names: list[str]

    def path_of(self, name: str) -> str:
        """The path of one of the files.

        >>> FileBatch("", ["a.png"]).path_of("a.png")
        'a.png'
        """
        return os.path.join(self.folder, name)


class Archive(NamedTuple):
    """A zip or tar file whose members are to be probed.

    Attributes:
        path: The file.
    """

    path: str


Step: TypeAlias = FileBatch | Archive | Unreadable
Chunk: TypeAlias = list[FileBatch | Unreadable]


class Walk(NamedTuple):
    """How to walk.

    Attributes:
        follow_symlinks: Whether to enter links to folders. Links to files are always read. A folder is then never
            entered twice, so that loops end.
        include: Globs; only files, and members of archives, that match one are taken. A glob without a slash is matched
            against the name, one with a slash against the whole path as it is printed; case matters.
        exclude: Globs; files, folders and archives that match one are passed over.
        archives: Whether to look into zip and tar files.
        own: Files that the scan itself writes. They are skipped wherever they are met, under any of their names; so are
            unfinished files that an earlier scan may have left behind.
    """

    follow_symlinks: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    archives: bool = True
    own: tuple[str, ...] = ()

    def steps(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[Step]:
        """Walk files and folders: paths as given; in a folder its files by name, then its subfolders by name.

        Args:
            paths: Files and folders.

        Yields:
            Batches of files, archives, and everything that stood in the way.

        >>> next(Walk().steps(["no/such/file"])).reason
        'no such file or folder'
        """
        wanted = self.wants
        own = _Own(self.own)
        seen: set[tuple[int, int]] = set()
        for path in paths:
            place = os.fspath(path)
            try:
                mode = os.stat(place).st_mode
            except (OSError, ValueError) as error:
                yield no_access(place, error)
                continue
            if stat.S_ISDIR(mode):
                yield from self._folder(place, seen, wanted, own)
            elif not stat.S_ISREG(mode):
                yield _special(place)
            elif not own.without(os.path.dirname(place), [os.path.basename(place)]):
                continue
            elif wanted is None or _wants_file(wanted, *os.path.split(place)):
                yield from self._files(*os.path.split(place))

    @property
    def wants(self) -> Callable[..., bool] | None:
        """The filter that the globs make: asked with a folder, a name, and whether it names a folder; None for all."""
        if not (self.include or self.exclude):
            return None
        include, exclude = _Globs(self.include), _Globs(self.exclude)

        def wanted(folder: str, name: str, *, is_folder: bool) -> bool:
            if exclude.match(folder, name):
                return False
            return is_folder or not self.include or include.match(folder, name)

        return wanted

    def _files(self, folder: str, name: str) -> Iterator[Step]:
        path = os.path.join(folder, name)
        if not name.lower().endswith(ARCHIVE_SUFFIXES):
            yield FileBatch(folder, [name])
        elif self.archives:
            yield Archive(path)
        else:
            yield Unreadable(path, "archive-not-entered", "an archive, and archives are not to be entered")

    def _folder(
        self, top: str, seen: set[tuple[int, int]], wanted: Callable[..., bool] | None, own: _Own
    ) -> Iterator[Step]:
        """Walk one tree by a stack of its own, so that no depth of folders is too deep."""
        stack = [top]
        while stack:
            folder = stack.pop()
            if self.follow_symlinks and not _first_visit(folder, seen):
                yield Unreadable(folder, "seen-already", "a folder that this scan has entered already")
                continue
            try:
                names, subfolders, others = _list(folder)
            except OSError as error:
                yield no_access(folder, error)
                continue
            if wanted:  # whatever a link leads to, its name may be excluded
                others = [name for name in others if wanted(folder, name, is_folder=True)]
            yield from self._sort_out(folder, others, names, subfolders, own)
            if wanted:
                names = [name for name in names if _wants_file(wanted, folder, name)]
                subfolders = [name for name in subfolders if wanted(folder, name, is_folder=True)]
            names = own.without(folder, names)
            names.sort()
            archives: list[str] = []
            if _ARCHIVE_IN_NAMES("\0".join(names)):
                archives = [name for name in names if name.lower().endswith(ARCHIVE_SUFFIXES)]
                names = [name for name in names if not name.lower().endswith(ARCHIVE_SUFFIXES)]
            for start in range(0, len(names), BATCH_FILES):
                yield FileBatch(folder, names[start : start + BATCH_FILES])
            for name in archives:
                yield from self._files(folder, name)
            stack.extend(os.path.join(folder, name) for name in sorted(subfolders, reverse=True))

    def _sort_out(
        self, folder: str, others: list[str], names: list[str], subfolders: list[str], own: _Own
    ) -> Iterator[Unreadable]:
        """Follow links, each to the list that it belongs in; what is neither a file nor a folder comes out."""
        for name in sorted(others):
            path = os.path.join(folder, name)
            try:
                status = os.stat(path)
            except FileNotFoundError:
                yield Unreadable(path, "missing", "a link to nothing")
                continue
            except OSError as error:
                yield no_access(path, error)
                continue
            mode = status.st_mode
            if stat.S_ISREG(mode):
                if (status.st_dev, status.st_ino) not in own.files:
                    names.append(name)
            elif not stat.S_ISDIR(mode):
                yield _special(path)
            elif self.follow_symlinks:
                subfolders.append(name)
            else:
                yield Unreadable(path, "link-not-followed", "a link to a folder, entered only where links are followed")


def chunks(steps: Iterable[Step]) -> Iterator[Chunk | Archive]:
    """Gather steps, in their order, into chunks worth handing to a worker; an archive stays by itself.

    >>> [len(chunk) for chunk in chunks([FileBatch("a", ["b"]), FileBatch("c", ["d"]), Archive("e.zip"), FileBatch("f", ["g"])])]
    [2, 1, 1]
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
        if files >= BATCH_FILES:
            yield chunk
            chunk, files = [], 0
    if chunk:
        yield chunk


def _wants_file(wanted: Callable[..., bool], folder: str, name: str) -> bool:
    """An archive is to its members what a folder is to its files: what is included are they."""
    return wanted(folder, name, is_folder=name.lower().endswith(ARCHIVE_SUFFIXES))


class _Globs:
    """Globs as two patterns: those for names and those for whole paths."""

    def __init__(self, globs: tuple[str, ...]) -> None:
        of_paths = [translate(glob) for glob in globs if "/" in glob]
        of_names = [translate(glob) for glob in globs if "/" not in glob]
        self._path = compile_pattern("|".join(of_paths)).match if of_paths else None
        self._name = compile_pattern("|".join(of_names)).match if of_names else None

    def match(self, folder: str, name: str) -> bool:
        if self._name and self._name(name):
            return True
        return bool(self._path and self._path(os.path.join(folder, name).replace(os.sep, "/")))


class _Own:
    """The files that a scan writes itself, found by their folders first: most folders cost one look."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.files = {identity for path in paths if (identity := _identity(path))}
        self._names: dict[tuple[int, int] | None, set[str]] = {}
        for spelling in {spell(path) for path in paths for spell in (os.path.abspath, os.path.realpath)}:
            folder, name = os.path.split(spelling)
            self._names.setdefault(_identity(folder), set()).update(name + tail for tail in _DATABASE_TAILS)

    def without(self, folder: str, names: list[str]) -> list[str]:
        """The names in a folder that are those of other files."""
        mine = self._names.get(_identity(folder or os.curdir), set()) if self._names else set()
        if mine:
            # A system that ignores case has one file by many names.
            folded = {name.casefold() for name in mine}
            near = {name for name in names if name.casefold() in folded}
            mine = {name for name in near if name in mine or _identity(os.path.join(folder, name)) in self.files}
        if TEMPORARY_SUFFIX in "\0".join(names):
            mine = mine | {name for name in names if name.endswith(TEMPORARY_SUFFIX)}
        return [name for name in names if name not in mine] if mine else names


def _list(folder: str) -> tuple[list[str], list[str], list[str]]:
    """The names of a folder's files, of its subfolders, and of what must be looked at."""
    names: list[str] = []
    subfolders: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            # The order of the questions matters: on most systems the first two cost no call.
            if entry.is_file(follow_symlinks=False):
                names.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                subfolders.append(entry.name)
            else:
                others.append(entry.name)
    return names, subfolders, others


def _first_visit(folder: str, seen: set[tuple[int, int]]) -> bool:
    identity = _identity(folder)
    if identity is None:
        return True  # its listing will fail too, and say why
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _identity(path: str) -> tuple[int, int] | None:
    """What two paths of one file or folder share; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _special(path: str) -> Unreadable:
    return Unreadable(path, "not-a-file", "neither a file nor a folder (a pipe, a socket or a device)")
