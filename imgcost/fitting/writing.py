"""Write fitted copies below one folder: each complete or missing, under a name of its own, and never over an input."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from imgcost.errors import ImgcostError
from imgcost.outputs import TEMPORARY_SUFFIX, Output

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OutputFolder", "PlacementError"]

_FULL = frozenset({errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Errors of the disk rather than of one file: no other file could be written either."""


class PlacementError(ImgcostError):
    """A copy cannot be written under its name. The message is a reason, without the path."""


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

    def copy(self, source: str, name: str, size_bytes: int | None, *, link: bool) -> bool:
        """Copy a file, completely or not at all.

        Args:
            source: The file.
            name: The name of the copy, relative to the output folder.
            size_bytes: The size that was checked, bytes.
            link: Whether to make a hard link if the file system can.

        Returns:
            Whether the copy is a hard link.

        Raises:
            PlacementError: It cannot be written under this name, or the file has changed since it was checked.
            OSError: The disk is full or cannot be written.
        """
        target = self._target(name)
        if link and _hard_link(os.path.realpath(source), target):
            return True
        with _reasons(target), open(source, "rb") as original, Output(target) as file:
            shutil.copyfileobj(original, file, 1 << 20)
            if original.tell() != size_bytes:
                raise PlacementError("the file has changed during the run: run the command again")
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
