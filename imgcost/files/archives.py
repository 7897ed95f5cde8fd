"""Members of zip and tar archives, probed as they lie.

Nothing is unpacked to disk, and no more of a member is decompressed than its header needs.
"""

from __future__ import annotations

from functools import partial
from typing import IO, TYPE_CHECKING, TypeAlias, cast

from imgcost.errors import HeaderError
from imgcost.files.found import Image, Unreadable, no_access, not_read
from imgcost.files.walking import ARCHIVE_SUFFIXES, BATCH_FILES
from imgcost.headers import HEAD_BYTES, parse_header

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterator

    from imgcost.files.found import Found, Group

__all__ = ["probe_archive"]

MEMBER_BYTES = 16 << 20
"""The most that is read of a member: what lies further in is taken as not there, so that a bomb in a zip file goes off
no further. (A compressed tar file has to be decompressed from end to end, but nothing of it is held.)"""

_Member: TypeAlias = tuple[str, int, "Callable[[], IO[bytes] | None]"]


def probe_archive(path: str, wanted: Callable[..., bool] | None = None) -> Iterator[list[Group]]:
    """Probe every file in an archive, in its order.

    Args:
        path: The archive.
        wanted: The filter of the walk, or None for all.

    Yields:
        What was found, a batch at a time: a folder inside the archive and its files. An archive that is broken
        somewhere gives what lies before, and says so.
    """
    groups: list[Group] = []
    count = 0
    try:
        for name, size, open_member in _members(path):
            # Joined as text: an absolute name stays below the archive.
            folder, _, base = f"{path}/{name.removeprefix('./').lstrip('/')}".rpartition("/")
            if wanted is not None and not _wanted(wanted, path, folder, base):
                continue
            found = _probe_member(f"{folder}/{base}", size, open_member)
            if groups and groups[-1][0] == folder:
                groups[-1][1].append(found)
            else:
                groups.append((folder, [found]))
            count += 1
            if count % BATCH_FILES == 0:
                yield groups
                groups = []
    except Exception as error:  # noqa: BLE001 - both libraries raise what they like on bytes that lie
        of_system = isinstance(error, OSError) and error.errno is not None
        reason = f"the archive breaks off: {_words(error)}"
        groups.append(("", [no_access(path, error) if of_system else Unreadable(path, "damaged", reason)]))  # type: ignore[arg-type] # narrowed above
    if groups:
        yield groups


def _wanted(wanted: Callable[..., bool], path: str, folder: str, base: str) -> bool:
    """Ask the globs about a member and about every folder that it lies in."""
    above = path
    for inner in filter(None, folder[len(path) :].split("/")):
        if not wanted(above, inner, is_folder=True):
            return False
        above = f"{above}/{inner}"
    return wanted(folder, base, is_folder=False)


def _members(path: str) -> Iterator[_Member]:
    return _zip_members(path) if path.lower().endswith((".zip", ".cbz")) else _tar_members(path)


def _zip_members(path: str) -> Iterator[_Member]:
    import zipfile  # noqa: PLC0415 - most scans meet no archive

    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, member.file_size, partial(archive.open, member)


def _tar_members(path: str) -> Iterator[_Member]:
    import tarfile  # noqa: PLC0415 - likewise

    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isdir():
                yield member.name, member.size, partial(_open_tar_member, archive, member)
            # The library keeps every member that it has passed, which for a million of them is a gigabyte.
            archive.members.clear()  # type: ignore[attr-defined] # documented by use only
        # It also takes a broken header for the end, which is where a block of zeros or nothing at all stands.
        stream = cast("IO[bytes]", archive.fileobj)
        stream.seek(archive.offset)
        if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("a header is broken or cut")


def _open_tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    return archive.extractfile(member) if member.isreg() else None


def _probe_member(path: str, size: int, open_member: Callable[[], IO[bytes] | None]) -> Found:
    if path.lower().endswith(ARCHIVE_SUFFIXES):
        return Unreadable(path, "archive-not-entered", "an archive inside an archive is not entered")
    try:
        stream = open_member()
        if stream is None:
            return Unreadable(path, "not-a-file", "a link or a device inside an archive")
        with stream:

            def read_at(offset: int, size: int) -> bytes:
                if offset + size > MEMBER_BYTES:
                    return b""
                stream.seek(offset)
                return stream.read(size)

            return Image(path, *parse_header(read_at(0, HEAD_BYTES), read_at), size)
    except HeaderError as error:
        return not_read(path, error)
    except Exception as error:  # noqa: BLE001 - encrypted, of an unknown compression, cut: the member is listed
        return Unreadable(path, "damaged", f"cannot be read from its archive: {_words(error)}")


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
