"""What earlier scans have read, kept in a SQLite file: a repeated scan of slow storage opens only what has changed.

A file counts as unchanged if its absolute path, its size and its time of modification are what they were. Nothing else
in the cache is taken on trust: a row carries a checksum of itself, and a cache that is damaged in any way is moved
aside and recreated. A file that does not begin like a cache of imgcost is refused and left as it is.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.files.found import Image, Unreadable, no_access
from imgcost.files.walking import FileBatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from imgcost.files.found import Found, Group

__all__ = ["HeaderCache"]

FORMAT = 2
"""Raised whenever a header is read differently: a cache of another format is replaced."""

APPLICATION = 0x696D6763
"""The SQLite application id that marks a database as a cache of imgcost: no other file is touched."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_AT = slice(68, 72)
"""Where the header of a database has its application id (https://www.sqlite.org/fileformat.html, 1.3)."""

_SCHEMA = "CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, found TEXT, checksum INTEGER)"

RACY_NS = 2_000_000_000
"""A file modified so shortly before it was read may change again without its time of modification showing it."""

_CONTENT_PROBLEMS = {"empty", "damaged", "unsupported", "not-an-image"}


class _State(NamedTuple):
    """What proves that a file is unchanged."""

    size: int
    mtime_ns: int


class HeaderCache:
    """A cache of found images, open for one scan.

    Attributes:
        notices: What a person should be told, such as that a damaged cache was moved aside.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a cache, or begin one.

        Args:
            path: The SQLite file.

        Raises:
            ImgcostError: The file can be neither read nor created, or is not a cache.
        """
        self.path = Path(path)
        self.notices: list[str] = []
        self._fresh: dict[str, _State] = {}
        self._usable = True
        self._identity: tuple[int, int] | None = None
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep what was read, even if the scan was interrupted."""
        with suppress(sqlite3.Error):
            self._database.commit()
        self._database.close()

    def known(self, chunk: Iterable[FileBatch | Unreadable]) -> dict[str, Found]:
        """Tell what is known of the files of a chunk that have not changed.

        Args:
            chunk: Batches of files, and what the walk could not enter.

        Returns:
            What was found before, by path.
        """
        if not self._usable:
            return {}
        paths = [path for step in chunk if isinstance(step, FileBatch) for path in map(step.path_of, step.names)]
        states = {path: state for path in paths if (state := _state(path))}
        by_key = {_key(path): path for path in states}
        known: dict[str, Found] = {}
        try:
            for key, size, mtime_ns, text, checksum in self._rows(list(by_key)):
                path = by_key[key]  # not there if an index and its table disagree
                if (size, mtime_ns) == states[path]:
                    known[path] = _found(path, (key, size, mtime_ns, text), checksum)
        except (_Damage, KeyError) as error:
            self._begin_anew(error)
            known = {}
        self._fresh.update((path, state) for path, state in states.items() if path not in known)
        return known

    def keep(self, groups: Iterable[Group]) -> None:
        """Keep what was found in files that `known` did not know.

        Args:
            groups: Folders and what was found in them.
        """
        if not self._usable:
            return
        newest = time.time_ns() - RACY_NS
        rows = []
        for _, found in groups:
            for one in found:
                state = self._fresh.pop(one.path, None)
                if state is None or state.mtime_ns > newest:
                    continue
                if isinstance(one, Image) or one.problem in _CONTENT_PROBLEMS:
                    rows.append(_row(one, state))
        try:
            with _damage_told_apart():
                self._database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
                self._database.commit()
        except _Damage as error:
            self._begin_anew(error)
        except sqlite3.Error as error:
            self._give_up(error)

    def _rows(self, keys: Sequence[bytes]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        try:
            with _damage_told_apart():
                for start in range(0, len(keys), 500):  # SQLite takes so many parameters everywhere
                    part = keys[start : start + 500]
                    marks = ",".join("?" * len(part))
                    rows += self._database.execute(f"SELECT * FROM files WHERE path IN ({marks})", part)  # noqa: S608 - marks only
        except sqlite3.Error as error:
            self._give_up(error)
        return rows

    def _open(self) -> sqlite3.Connection:
        self._refuse_other_files()
        database = self._connect()
        try:
            with _damage_told_apart():
                _prepare(database)
                database.execute("SELECT path, size, mtime_ns, found, checksum FROM files LIMIT 1").fetchone()
        except _Damage as error:
            database.close()
            return self._recreate(error)
        except sqlite3.Error as error:
            database.close()
            raise ImgcostError(f"cannot use the cache {self.path}: {error}") from error
        return database

    def _refuse_other_files(self) -> None:
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise ImgcostError(f"cannot use the cache {self.path}: not a regular file")
            with self.path.open("rb") as file:
                head = file.read(_APPLICATION_AT.stop)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ImgcostError(f"cannot use the cache {self.path}: {no_access('', error).reason}") from error
        ours = head.startswith(_MAGIC) and head[_APPLICATION_AT] == APPLICATION.to_bytes(4, "big")
        if head and not ours:
            raise ImgcostError(f"{self.path} is not a cache of imgcost: name another file, or one that does not exist")

    def _connect(self) -> sqlite3.Connection:
        with suppress(OSError):  # SQLite creates the file at the first write only, and says why it cannot
            self.path.open("ab").close()
        try:
            database = sqlite3.connect(self.path)
        except sqlite3.Error as error:
            raise ImgcostError(f"cannot use the cache {self.path}: {error}") from error
        self._identity = _identity(self.path)
        return database

    def _recreate(self, error: Exception) -> sqlite3.Connection:
        """Replace a damaged cache, unless another scan that shares it has done so."""
        if _identity(self.path) == self._identity:
            self._move_aside(error)
        database = self._connect()
        _prepare(database)
        return database

    def _begin_anew(self, error: Exception) -> None:
        self._database.close()
        try:
            self._database = self._recreate(error)
        except (OSError, sqlite3.Error, ImgcostError) as problem:
            self._give_up(problem)

    def _give_up(self, error: Exception) -> None:
        """Go on without the cache: it is in use, or its disk is full; that is no reason to move it."""
        self.notices.append(f"going on without the cache {self.path}: {error}")
        self._usable = False

    def _move_aside(self, error: Exception) -> None:
        number, aside = 0, self.path.with_name(self.path.name + ".damaged")
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.damaged-{number}")
        self.path.replace(aside)
        for tail in ("-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        self.notices.append(f"the cache {self.path} was damaged ({error}); it is now {aside.name}, and recreated")


def _prepare(database: sqlite3.Connection) -> None:
    """Create the table, in one transaction and once: another scan may be about to do the same."""
    database.execute("PRAGMA synchronous = OFF")  # a cache that a power failure damages is recreated
    if _is_prepared(database):
        return
    database.execute("BEGIN IMMEDIATE")
    if not _is_prepared(database):
        database.execute("DROP TABLE IF EXISTS files")
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {FORMAT}")
    database.commit()


def _is_prepared(database: sqlite3.Connection) -> bool:
    marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return marks == [APPLICATION, FORMAT]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state(path: str) -> _State | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - paths are strings throughout a scan
    except (OSError, ValueError):
        return None
    return _State(status.st_size, status.st_mtime_ns)


def _key(path: str) -> bytes:
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - paths are strings throughout a scan


def _row(found: Found, state: _State) -> tuple[bytes, int, int, str, int]:
    fields = (_key(found.path), *state, json.dumps([type(found).__name__, *found[1:]]))
    return (*fields, _checksum(fields))


def _found(path: str, fields: tuple[bytes, int, int, str], checksum: int) -> Found:
    """Build what a row says, if it is what was written."""
    if checksum != _checksum(fields):
        raise _Damage("a row is not what was written")
    kind, *values = json.loads(fields[3])
    return (Image if kind == "Image" else Unreadable)(path, *values)


def _checksum(fields: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(fields).encode())


class _Damage(Exception):  # noqa: N818 - never leaves this room
    """The cache is not what was written."""


_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}


@contextmanager
def _damage_told_apart() -> Iterator[None]:
    """Tell a cache that is damaged from one that is only in use, or whose disk is full."""
    try:
        yield
    except UnicodeDecodeError as error:  # names of tables and columns that are no text
        raise _Damage(str(error)) from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _DAMAGE_CODES:
            raise _Damage(str(error)) from error
        raise
