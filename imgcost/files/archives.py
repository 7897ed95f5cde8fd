"""Members of zip and tar archives, probed where they are.

Nothing is unpacked to disk. Members are read forward once, no further than their headers need, and within the bounds of
`imgcost.files.forward`; what exceeds them is listed with the problem `archive-limit`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from copy import copy
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar, cast

from imgcost.errors import HeaderError
from imgcost.files.forward import (
    DICTIONARY_BYTES,
    HEADER_BYTES,
    MEMBER_BYTES,
    Budget,
    Decompressed,
    DirectoryFile,
    ForwardFile,
    Member,
    OverLimitError,
    most_bytes,
    most_header_bytes,
)
from imgcost.files.found import Image, Unreadable, no_access, not_read
from imgcost.files.walking import ARCHIVE_SUFFIXES, BATCH_FILES
from imgcost.headers import HEAD_BYTES, Contents, Header, inspect_bytes, parse_header

if TYPE_CHECKING:
    import bz2
    import lzma
    import tarfile
    import zipfile
    from collections.abc import Callable, Iterator

    from imgcost.files.forward import Decompressor, Stream
    from imgcost.files.found import Group

__all__ = ["Inspected", "inspect_archive", "probe_archive"]

MOST_GLOBALS = 100
"""The most records of global PAX headers, which `tarfile` copies for every member."""

MOST_NAME, MOST_FOLDERS = 4096, 128
"""The longest name of a member, in characters, and the most folders in it: more than a file system takes."""

_Member: TypeAlias = tuple[str, int, "Callable[[], IO[bytes] | Decompressed | None]"]

_Result = TypeVar("_Result")


class Inspected(NamedTuple):
    """A member of an archive, as far as it was read.

    Attributes:
        path: The path of the archive, and behind it that of the member.
        contents: Its header, or why there is none, and where all of it was read, whether its end is there.
        whole: Whether all of it was read.
    """

    path: str
    contents: Contents
    whole: bool


def probe_archive(path: str, wanted: Callable[..., bool] | None = None) -> Iterator[list[Group]]:
    """Probe every file in an archive, in its order.

    Args:
        path: The archive.
        wanted: The filter of the walk, or None for all.

    Yields:
        What was found, a batch at a time: a folder inside the archive and its files. An archive that is broken
        somewhere, or exceeds a limit, gives what lies before, and the reason.
    """
    return _read_archive(path, wanted, _probe_member)


def inspect_archive(
    path: str, wanted: Callable[..., bool] | None = None
) -> Iterator[list[tuple[str, list[Inspected | Unreadable]]]]:
    """Inspect every file in an archive, in its order: as `probe_archive`, and the ends where they are read anyway.

    Args:
        path: The archive.
        wanted: The filter of the walk, or None for all.

    Yields:
        What was found, a batch at a time: a folder inside the archive and its files.
    """
    return _read_archive(path, wanted, _inspect_member)


def _read_archive(
    path: str, wanted: Callable[..., bool] | None, read: Callable[[str, Member, int], _Result]
) -> Iterator[list[tuple[str, list[_Result | Unreadable]]]]:
    groups: list[tuple[str, list[_Result | Unreadable]]] = []
    count = 0
    try:
        archive_bytes = os.stat(path).st_size
        budget = Budget(most_bytes(archive_bytes), "its decompressed bytes")
        for name, size, open_member in _members(path, archive_bytes, budget):
            _check_name(name)
            # Joined as text: an absolute name stays below the archive.
            folder, _, base = f"{path}/{name.removeprefix('./').lstrip('/')}".rpartition("/")
            if wanted is not None and not _wanted(wanted, path, folder, base):
                continue
            found = _read_member(f"{folder}/{base}", size, open_member, budget, read)
            if groups and groups[-1][0] == folder:
                groups[-1][1].append(found)
            else:
                groups.append((folder, [found]))
            count += 1
            if count % BATCH_FILES == 0:
                yield groups
                groups = []
    except OverLimitError as error:
        groups.append(("", [Unreadable(path, "archive-limit", f"the archive is read no further: {error}")]))
    except Exception as error:  # noqa: BLE001 - both libraries raise what they like on bytes that lie
        of_system = isinstance(error, OSError) and error.errno is not None
        reason = f"the archive breaks off: {_words(error)}"
        groups.append(("", [no_access(path, error) if of_system else Unreadable(path, "damaged", reason)]))  # type: ignore[arg-type] # narrowed above
    if groups:
        yield groups


def _check_name(name: str) -> None:
    if len(name) > MOST_NAME or name.count("/") > MOST_FOLDERS:
        raise OverLimitError(f"a member's name has over {MOST_NAME} characters or {MOST_FOLDERS} folders")


def _wanted(wanted: Callable[..., bool], path: str, folder: str, base: str) -> bool:
    """Ask the globs about a member and about every folder that it lies in."""
    above = path
    for inner in filter(None, folder[len(path) :].split("/")):
        if not wanted(above, inner, is_folder=True):
            return False
        above = f"{above}/{inner}"
    return wanted(folder, base, is_folder=False)


def _members(path: str, archive_bytes: int, budget: Budget) -> Iterator[_Member]:
    if path.lower().endswith((".zip", ".cbz")):
        return _zip_members(path)
    return _tar_members(path, budget, Budget(most_header_bytes(archive_bytes), "its headers"))


def _zip_members(path: str) -> Iterator[_Member]:
    import zipfile  # noqa: PLC0415 - most scans meet no archive

    with DirectoryFile(path) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, member.file_size, partial(_open_zip_member, archive, member)


def _open_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes] | Decompressed:
    """Open a member so that no read decompresses more than it asks for."""
    import zipfile  # noqa: PLC0415 - as above

    if member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return archive.open(member)
    methods: dict[int, Callable[[IO[bytes]], Decompressor]] = {
        zipfile.ZIP_BZIP2: _begin_bzip2,
        zipfile.ZIP_LZMA: _begin_lzma,
    }
    begin = methods.get(member.compress_type)
    if begin is None:
        raise NotImplementedError(f"compression method {member.compress_type} is not supported")
    raw = copy(member)  # the same bytes, handed out as they are stored
    raw.compress_type, raw.file_size, raw.CRC = zipfile.ZIP_STORED, member.compress_size, None  # type: ignore[assignment] # the check of zipfile is left out so
    stream = archive.open(raw)
    return Decompressed(stream, partial(begin, stream), whole=False)


def _begin_bzip2(_stream: IO[bytes]) -> bz2.BZ2Decompressor:
    import bz2  # noqa: PLC0415 - rare

    return bz2.BZ2Decompressor()


def _begin_lzma(stream: IO[bytes]) -> lzma.LZMADecompressor:
    """Read the properties in front of LZMA in a zip file (APPNOTE.TXT, 5.8.8)."""
    import lzma  # noqa: PLC0415 - rare

    properties = stream.read(9)[4:]
    if len(properties) < 5:
        raise EOFError("the LZMA properties are cut")
    packed, claimed = properties[0], int.from_bytes(properties[1:], "little")
    # No match reaches back further than what is decompressed, so that a larger dictionary is never needed.
    sizes = {"dict_size": max(min(claimed, MEMBER_BYTES), 4096)}
    filters = [{"id": lzma.FILTER_LZMA1, "lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45, **sizes}]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def _tar_members(path: str, budget: Budget, headers: Budget) -> Iterator[_Member]:
    import tarfile  # noqa: PLC0415 - most scans meet no archive

    with ExitStack() as stack:
        file = _forward(path, budget, stack)
        file.allowed = HEADER_BYTES
        archive = stack.enter_context(tarfile.TarFile(fileobj=cast("IO[bytes]", file)))
        while True:
            headers.check()
            member = archive.next()
            headers.spend(HEADER_BYTES - file.allowed)
            if member is None:
                break
            if len(archive.pax_headers) > MOST_GLOBALS:
                raise OverLimitError(f"its global headers have over {MOST_GLOBALS} records")
            if not member.isdir():
                file.allowed = 2 * MEMBER_BYTES  # the buffer of the library reads ahead
                yield member.name, member.size, partial(_open_tar_member, archive, member)
            # The library keeps every member that it has passed, which for a million of them is a gigabyte.
            archive.members.clear()  # type: ignore[attr-defined] # documented by use only
            file.allowed = HEADER_BYTES
        # It also takes a broken header for the end, which is where a block of zeros or nothing at all stands.
        if file.last.strip(b"\0"):
            raise tarfile.ReadError("a header is broken or cut")


def _forward(path: str, budget: Budget, stack: ExitStack) -> ForwardFile:
    """Open a tar file, compressed or not: by its first bytes, as `tarfile` does."""
    file = stack.enter_context(open(path, "rb"))  # noqa: SIM115 - the stack closes it
    head = file.read(6)
    file.seek(0)
    stream: Stream
    if head.startswith(b"\x1f\x8b"):
        import gzip  # noqa: PLC0415 - as above

        stream = stack.enter_context(gzip.GzipFile(fileobj=file))
    elif head.startswith(b"BZh"):
        import bz2  # noqa: PLC0415 - as above

        stream = stack.enter_context(bz2.BZ2File(file))
    elif head.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
        import lzma  # noqa: PLC0415 - as above

        stream = Decompressed(file, partial(lzma.LZMADecompressor, memlimit=DICTIONARY_BYTES), whole=True)
    else:
        return ForwardFile(file, budget, file.seek)
    return ForwardFile(stream, budget, None)


def _open_tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    return archive.extractfile(member) if member.isreg() else None


def _read_member(
    path: str,
    size: int,
    open_member: Callable[[], IO[bytes] | Decompressed | None],
    budget: Budget,
    read: Callable[[str, Member, int], _Result],
) -> _Result | Unreadable:
    if path.lower().endswith(ARCHIVE_SUFFIXES):
        return Unreadable(path, "archive-not-entered", "an archive inside an archive is not entered")
    try:
        budget.check()
        stream = open_member()
        if stream is None:
            return Unreadable(path, "not-a-file", "a link or a device inside an archive")
        with closing(stream):
            return read(path, Member(stream, budget), size)
    except HeaderError as error:
        return not_read(path, error)
    except OverLimitError as error:
        return Unreadable(path, "archive-limit", f"not read: {error}")
    except Exception as error:  # noqa: BLE001 - encrypted, of an unknown compression, cut: the member is listed
        return Unreadable(path, "damaged", f"cannot be read from its archive: {_words(error)}")


def _probe_member(path: str, member: Member, size: int) -> Image:
    try:
        return Image(path, *parse_header(member.read_at(0, HEAD_BYTES), member.read_at), size)
    except HeaderError as error:
        _refuse_cut(member, error)
        raise


def _inspect_member(path: str, member: Member, size: int) -> Inspected:
    """Look at the end of a member only if its header has led there: an archive is not decompressed for it."""
    try:
        header = Header(*parse_header(member.read_at(0, HEAD_BYTES), member.read_at))
    except HeaderError as problem:
        _refuse_cut(member, problem)
        return Inspected(path, Contents(size, None, problem), whole=False)
    if member.bytes_read < size:
        return Inspected(path, Contents(size, header), whole=False)
    return Inspected(path, inspect_bytes(member.read_at, size), whole=True)


def _refuse_cut(member: Member, error: HeaderError) -> None:
    if member.cut:
        raise OverLimitError(f"of a member the first {MEMBER_BYTES:,} bytes are read: {error}") from error


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
