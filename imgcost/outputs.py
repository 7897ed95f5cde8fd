"""Write output files atomically: next to the target, which they replace once they are complete."""

from __future__ import annotations

import errno
import os
import stat
import weakref
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import ExitStack
    from types import TracebackType

__all__ = ["TEMPORARY_SUFFIX", "Output", "is_step_summary"]

TEMPORARY_SUFFIX = ".imgcost-tmp"
"""The suffix of unfinished files. Only SIGKILL or a power failure can leave one behind; scans do not count them."""


class Output:
    """A context manager that writes a file and replaces the target if no error occurs.

    Until then, the target is unchanged or missing, even after a full disk, an error or a signal. A symbolic link stays
    a link, and the permissions of the old file are kept. A pipe or device cannot be replaced: it is written directly.
    The summary of a GitHub step is appended to.

    Attributes:
        path: The target.
        complete: Whether the target has been replaced.

    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> target = pathlib.Path(folder.name, "report.csv")
    >>> with Output(target) as file:
    ...     _ = file.write(b"tokens")
    ...     print(target.exists())
    False
    >>> target.read_bytes()
    b'tokens'
    >>> folder.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str], together: ExitStack | None = None) -> None:
        """Store the path of the target without opening it.

        Args:
            path: The target.
            together: A stack that several outputs share. When it is left without an error, all targets are replaced; if
                one output fails, the targets of the others are unchanged too. None replaces the target at once.
        """
        self.path = os.fspath(path)
        self.complete = False
        self._together = together

    def __enter__(self) -> IO[bytes]:
        """Open the file.

        Returns:
            A binary file, which is closed on exit.

        Raises:
            OSError: The target cannot be written.
        """
        try:
            mode = os.stat(self.path).st_mode  # noqa: PTH116 - the path can be any string
        except FileNotFoundError:
            mode = None
        self._remove: weakref.finalize[..., Output] | None = None
        if is_step_summary(self.path):
            self._file: IO[bytes] = open(self.path, "ab")  # noqa: PTH123 - closed by __exit__
            return self._file
        if mode is not None and not stat.S_ISREG(mode):
            self._file = open(self.path, "wb")  # noqa: PTH123 - closed by __exit__
            return self._file
        self._target = os.path.realpath(self.path)
        if mode is not None and not os.access(self._target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self.path)
        folder = os.path.dirname(self._target)  # noqa: PTH120 - as above
        self._temporary = os.path.join(folder, f".{os.urandom(8).hex()}{TEMPORARY_SUFFIX}")  # noqa: PTH118 - as above
        # A finalizer also runs at interpreter exit, so a second Ctrl-C during __exit__ leaves no file behind.
        self._remove = weakref.finalize(self, _remove, self._temporary, os.getpid())
        try:
            self._file = open(self._temporary, "xb")  # noqa: PTH123 - as above
        except OSError as error:
            error.filename = self.path  # the name that the user knows
            raise
        if mode is not None:
            with suppress(OSError):  # not all file systems have permissions
                os.chmod(self._temporary, stat.S_IMODE(mode))  # noqa: PTH101 - as above
        return self._file

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Replace the target, or remove the unfinished file after an error."""
        whole = False
        try:
            if error_type is None:
                self._file.close()  # some file systems report a full disk only here
                whole = True
        finally:
            with suppress(OSError):
                self._file.close()
            if whole and self._together:
                self._together.push(lambda error_type, *_: self._finish(replace=error_type is None))
            else:
                self._finish(replace=whole)

    def _finish(self, *, replace: bool) -> None:
        """Replace the target, or remove the unfinished file."""
        try:
            if replace and self._remove:
                os.replace(self._temporary, self._target)  # noqa: PTH105 - as above
        finally:
            self.complete = replace if self._remove is None else not self._remove()


def is_step_summary(path: str) -> bool:
    """Return whether a file is the summary of a step of a GitHub workflow, which other commands append to as well.

    >>> is_step_summary("report.md")
    False
    """
    return path == os.environ.get("GITHUB_STEP_SUMMARY")


def _remove(path: str, process: int) -> bool:
    """Remove an unfinished file, if this process created it; return whether it existed."""
    if os.getpid() != process:  # a forked process is exiting
        return False
    try:
        os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        return False
    return True
