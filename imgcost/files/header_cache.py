"""Cache image headers in a SQLite file, so that a repeated scan opens only the files that changed.

A file counts as unchanged if its absolute path, size and modification time are the same; an object of a store if its
URL, size and version are. Every row has a checksum;
a corrupt cache is moved aside and recreated. A file that is not an imgcost cache is rejected and left alone.
"""

from __future__ import annotations

import hashlib
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
from imgcost.files.results import Image, Unreadable, no_access
from imgcost.files.walking import FileBatch
from imgcost.paths import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from imgcost.files.results import Group, ScanResult

__all__ = ["HeaderCache"]

FORMAT = 2
"""Increased whenever headers are read differently: a cache of another format is replaced."""

APPLICATION = 0x696D6763
"""The SQLite application id of an imgcost cache. No other file is modified."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_AT = slice(68, 72)
"""Position of the application id in the header of a database (https://www.sqlite.org/fileformat.html, 1.3)."""

_SCHEMA = "CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, found TEXT, checksum INTEGER)"

RACY_NS = 2_000_000_000
"""A file modified this recently may change again without a new modification time, so it is not cached. Nanoseconds."""

_CONTENT_PROBLEMS = {"empty", "damaged", "unsupported", "not-an-image"}


class _State(NamedTuple):
    """The size and modification time of a file."""

    size: int
    mtime_ns: int


class HeaderCache:
    """A cache of image headers, open for one scan.

    Attributes:
        notices: Messages for the user, such as that a corrupt cache was moved aside.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or create a cache.

        Args:
            path: The SQLite file.

        Raises:
            ImgcostError: The file cannot be read or created, or is not a cache.
        """
        self.path = Path(path)
        self.notices: list[str] = []
        self._uncached: dict[str, _State] = {}
        self._usable = True
        self._identity: tuple[int, int] | None = None
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commit the rows written so far, even if the scan was interrupted."""
        with suppress(sqlite3.Error):
            self._database.commit()
        self._database.close()

    def cached(self, chunk: Iterable[FileBatch | Unreadable]) -> dict[str, ScanResult]:
        """Return the cached results for the unchanged files of a chunk.

        Args:
            chunk: Batches of files, and paths that could not be entered.

        Returns:
            Cached results by path.
        """
        if not self._usable:
            return {}
        paths = [path for step in chunk if isinstance(step, FileBatch) for path in map(step.path_of, step.names)]
        return self._unchanged({path: state for path in paths if (state := _state(path))})

    def cached_objects(self, versions: Mapping[str, tuple[int, str]]) -> dict[str, ScanResult]:
        """Return the cached results for the unchanged objects of a store.

        Args:
            versions: Size (bytes) and version of each object, by its URL.

        Returns:
            Cached results by URL.
        """
        if not self._usable:
            return {}
        return self._unchanged({url: _object_state(*version) for url, version in versions.items()})

    def _unchanged(self, states: Mapping[str, _State]) -> dict[str, ScanResult]:
        by_key = {_key(path): path for path in states}
        results: dict[str, ScanResult] = {}
        try:
            for key, size, mtime_ns, text, checksum in self._rows(list(by_key)):
                path = by_key[key]  # missing if an index and its table disagree
                if (size, mtime_ns) == states[path]:
                    results[path] = _result(path, (key, size, mtime_ns, text), checksum)
        except (_Damage, KeyError) as error:
            self._replace(error)
            results = {}
        self._uncached.update((path, state) for path, state in states.items() if path not in results)
        return results

    def store(self, groups: Iterable[Group]) -> None:
        """Store the results for files that `cached` did not return.

        Args:
            groups: Folders and their results.
        """
        if not self._usable:
            return
        newest = time.time_ns() - RACY_NS
        rows = []
        for _, files in groups:
            for file in files:
                state = self._uncached.pop(file.path, None)
                if state is None or state.mtime_ns > newest:
                    continue
                if isinstance(file, Image) or file.problem in _CONTENT_PROBLEMS:
                    rows.append(_row(file, state))
        try:
            with _raise_damage():
                self._database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
                self._database.commit()
        except _Damage as error:
            self._replace(error)
        except sqlite3.Error as error:
            self._disable(error)

    def _rows(self, keys: Sequence[bytes]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        try:
            with _raise_damage():
                for start in range(0, len(keys), 500):  # within the parameter limit of every SQLite build
                    part = keys[start : start + 500]
                    marks = ",".join("?" * len(part))
                    rows += self._database.execute(f"SELECT * FROM files WHERE path IN ({marks})", part)  # noqa: S608 - marks only
        except sqlite3.Error as error:
            self._disable(error)
        return rows

    def _open(self) -> sqlite3.Connection:
        self._reject_other_files()
        database = self._connect()
        try:
            with _raise_damage():
                _prepare(database)
                database.execute("SELECT path, size, mtime_ns, found, checksum FROM files LIMIT 1").fetchone()
        except _Damage as error:
            database.close()
            return self._recreate(error)
        except sqlite3.Error as error:
            database.close()
            raise ImgcostError(f"cannot use the cache {self.path}: {error}") from error
        return database

    def _reject_other_files(self) -> None:
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise ImgcostError(f"cannot use the cache {self.path}: not a regular file")
            with self.path.open("rb") as file:
                head = file.read(_APPLICATION_AT.stop)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ImgcostError(f"cannot use the cache {self.path}: {no_access('', error).reason}") from error
        is_cache = head.startswith(_MAGIC) and head[_APPLICATION_AT] == APPLICATION.to_bytes(4, "big")
        if head and not is_cache:
            raise ImgcostError(
                f"{self.path} is not an imgcost cache: choose another file, or a path that does not exist"
            )

    def _connect(self) -> sqlite3.Connection:
        with suppress(OSError):  # SQLite creates the file only on the first write, and then reports the error
            self.path.open("ab").close()
        try:
            database = sqlite3.connect(self.path)
        except sqlite3.Error as error:
            raise ImgcostError(f"cannot use the cache {self.path}: {error}") from error
        self._identity = _identity(self.path)
        return database

    def _recreate(self, error: Exception) -> sqlite3.Connection:
        """Replace a corrupt cache, unless another scan that shares it has already done so."""
        if _identity(self.path) == self._identity:
            self._move_aside(error)
        database = self._connect()
        _prepare(database)
        return database

    def _replace(self, error: Exception) -> None:
        self._database.close()
        try:
            self._database = self._recreate(error)
        except (OSError, sqlite3.Error, ImgcostError) as problem:
            self._disable(problem)

    def _disable(self, error: Exception) -> None:
        """Continue without the cache, and leave it in place: it is locked, or its disk is full."""
        self.notices.append(f"continuing without the cache {self.path}: {error}")
        self._usable = False

    def _move_aside(self, error: Exception) -> None:
        number, aside = 0, self.path.with_name(self.path.name + ".damaged")
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.damaged-{number}")
        self.path.replace(aside)
        for tail in ("-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        self.notices.append(f"the cache {self.path} was corrupt ({error}): moved to {aside.name}, created a new one")


def _prepare(database: sqlite3.Connection) -> None:
    """Create the table in one transaction, unless another scan has just done so."""
    database.execute("PRAGMA synchronous = OFF")  # a cache corrupted by a power failure is recreated
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
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return _State(status.st_size, status.st_mtime_ns)


def _object_state(size: int, version: str) -> _State:
    """Return the state of an object. A version is a negative number, which no file has as its modification time."""
    digest = hashlib.blake2b(version.encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return _State(size, -1 - int.from_bytes(digest))


def _key(path: str) -> bytes:
    return os.fsencode(path if is_url(path) else os.path.abspath(path))


def _row(file: ScanResult, state: _State) -> tuple[bytes, int, int, str, int]:
    fields = (_key(file.path), *state, json.dumps([type(file).__name__, *file[1:]]))
    return (*fields, _checksum(fields))


def _result(path: str, fields: tuple[bytes, int, int, str], checksum: int) -> ScanResult:
    """Build a result from a row.

    Raises:
        _Damage: The checksum is wrong.
    """
    if checksum != _checksum(fields):
        raise _Damage("a row has a wrong checksum")
    kind, *values = json.loads(fields[3])
    return (Image if kind == "Image" else Unreadable)(path, *values)


def _checksum(fields: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(fields).encode())


class _Damage(Exception):  # noqa: N818 - never leaves this module
    """The cache is corrupt."""


_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}


@contextmanager
def _raise_damage() -> Iterator[None]:
    """Raise `_Damage` for errors of a corrupt cache; let others through, such as a locked database or a full disk."""
    try:
        yield
    except UnicodeDecodeError as error:  # a table or column name that is not text
        raise _Damage(str(error)) from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _DAMAGE_CODES:
            raise _Damage(str(error)) from error
        raise
