"""Read the headers of images inside zip and tar archives, without unpacking to disk.

Each archive is read forward once, only as far as image headers require, within the limits of `imgcost.files.forward`.
Whatever exceeds a limit is reported with the problem `archive-limit`.
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
    ByteBudget,
    Decompressed,
    DirectoryFile,
    ForwardFile,
    Member,
    OverLimitError,
    max_decompressed_bytes,
    max_header_bytes,
)
from imgcost.files.results import Image, Unreadable, no_access, not_read
from imgcost.files.walking import ARCHIVE_SUFFIXES, FILES_PER_BATCH
from imgcost.headers import HEAD_BYTES, Contents, Header, inspect_bytes, parse_header

if TYPE_CHECKING:
    import bz2
    import lzma
    import tarfile
    import zipfile
    from collections.abc import Callable, Iterator

    from imgcost.files.forward import Decompressor, Stream
    from imgcost.files.results import Group

__all__ = ["Inspected", "inspect_archive", "probe_archive"]

MAX_GLOBALS = 100
"""Maximum number of global PAX records, which `tarfile` copies for every member."""

MAX_NAME, MAX_FOLDERS = 4096, 128
"""Maximum length of a member name, in characters, and of its folder depth: more than any file system allows."""

_Member: TypeAlias = tuple[str, int, "Callable[[], IO[bytes] | Decompressed | None]"]

_Result = TypeVar("_Result")


class Inspected(NamedTuple):
    """A member of an archive, as far as it was read.

    Attributes:
        path: The path of the archive, followed by the path of the member.
        contents: Its header, or the reason why there is none; also its end, if the complete member was read.
        complete: Whether the complete member was read.
    """

    path: str
    contents: Contents
    complete: bool


def probe_archive(path: str, matches: Callable[..., bool] | None = None) -> Iterator[list[Group]]:
    """Probe every file in an archive, in stored order.

    Args:
        path: The archive.
        matches: The filter of the walk; None reads every member.

    Yields:
        Batches of results, grouped by folder inside the archive. For an archive that is corrupt or exceeds a limit, the
        results up to that point, followed by the reason.
    """
    return _read_archive(path, matches, _probe_member)


def inspect_archive(
    path: str, matches: Callable[..., bool] | None = None
) -> Iterator[list[tuple[str, list[Inspected | Unreadable]]]]:
    """Inspect every file in an archive, in stored order; the end of a file only if it is read anyway.

    Args:
        path: The archive.
        matches: The filter of the walk; None reads every member.

    Yields:
        Batches of results, grouped by folder inside the archive.
    """
    return _read_archive(path, matches, _inspect_member)


def _read_archive(
    path: str, matches: Callable[..., bool] | None, read: Callable[[str, Member, int], _Result]
) -> Iterator[list[tuple[str, list[_Result | Unreadable]]]]:
    groups: list[tuple[str, list[_Result | Unreadable]]] = []
    count = 0
    try:
        archive_bytes = os.stat(path).st_size
        budget = ByteBudget(max_decompressed_bytes(archive_bytes), "its decompressed bytes")
        for name, size, open_member in _members(path, archive_bytes, budget):
            _check_name(name)
            # Joined as text: an absolute name stays below the archive.
            folder, _, base = f"{path}/{name.removeprefix('./').lstrip('/')}".rpartition("/")
            if matches is not None and not _matches(matches, path, folder, base):
                continue
            file = _read_member(f"{folder}/{base}", size, open_member, budget, read)
            if groups and groups[-1][0] == folder:
                groups[-1][1].append(file)
            else:
                groups.append((folder, [file]))
            count += 1
            if count % FILES_PER_BATCH == 0:
                yield groups
                groups = []
    except OverLimitError as error:
        groups.append(("", [Unreadable(path, "archive-limit", f"stopped reading the archive: {error}")]))
    except Exception as error:  # noqa: BLE001 - zipfile and tarfile can raise anything on corrupt input
        system_error = isinstance(error, OSError) and error.errno is not None
        reason = f"corrupt archive: {_message(error)}"
        groups.append(("", [no_access(path, error) if system_error else Unreadable(path, "damaged", reason)]))  # type: ignore[arg-type] # narrowed above
    if groups:
        yield groups


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME or name.count("/") > MAX_FOLDERS:
        raise OverLimitError(
            f"a member name is longer than {MAX_NAME:,} characters or deeper than {MAX_FOLDERS} folders"
        )


def _matches(matches: Callable[..., bool], path: str, folder: str, base: str) -> bool:
    """Whether the globs accept a member and each of its parent folders."""
    parent = path
    for name in filter(None, folder[len(path) :].split("/")):
        if not matches(parent, name, is_folder=True):
            return False
        parent = f"{parent}/{name}"
    return matches(folder, base, is_folder=False)


def _members(path: str, archive_bytes: int, budget: ByteBudget) -> Iterator[_Member]:
    if path.lower().endswith((".zip", ".cbz")):
        return _zip_members(path)
    return _tar_members(path, budget, ByteBudget(max_header_bytes(archive_bytes), "its headers"))


def _zip_members(path: str) -> Iterator[_Member]:
    import zipfile  # noqa: PLC0415 - most scans need no archives

    with DirectoryFile(path) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, member.file_size, partial(_open_zip_member, archive, member)


def _open_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes] | Decompressed:
    """Open a member so that a read never decompresses more than the requested size."""
    import zipfile  # noqa: PLC0415 - see above

    if member.flag_bits & 1:
        raise NotImplementedError("it is encrypted")  # zipfile's message shows the repr of the member
    if member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return archive.open(member)
    methods: dict[int, Callable[[IO[bytes]], Decompressor]] = {
        zipfile.ZIP_BZIP2: _bzip2_decompressor,
        zipfile.ZIP_LZMA: _lzma_decompressor,
    }
    begin = methods.get(member.compress_type)
    if begin is None:
        raise NotImplementedError(f"compression method {member.compress_type} is not supported")
    raw = copy(member)  # reads the stored bytes without decompression
    raw.compress_type, raw.file_size, raw.CRC = zipfile.ZIP_STORED, member.compress_size, None  # type: ignore[assignment] # None disables the CRC check of zipfile
    stream = archive.open(raw)
    return Decompressed(stream, partial(begin, stream), whole=False)


def _bzip2_decompressor(_stream: IO[bytes]) -> bz2.BZ2Decompressor:
    import bz2  # noqa: PLC0415 - rare

    return bz2.BZ2Decompressor()


def _lzma_decompressor(stream: IO[bytes]) -> lzma.LZMADecompressor:
    """Read the LZMA properties at the start of a zip member (APPNOTE.TXT, 5.8.8)."""
    import lzma  # noqa: PLC0415 - rare

    properties = stream.read(9)[4:]
    if len(properties) < 5:
        raise EOFError("the LZMA properties are truncated")
    packed, dictionary_bytes = properties[0], int.from_bytes(properties[1:], "little")
    # Matches cannot reach back beyond the decompressed data, so a larger dictionary is never needed.
    sizes = {"dict_size": max(min(dictionary_bytes, MEMBER_BYTES), 4096)}
    filters = [{"id": lzma.FILTER_LZMA1, "lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45, **sizes}]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def _tar_members(path: str, budget: ByteBudget, headers: ByteBudget) -> Iterator[_Member]:
    import tarfile  # noqa: PLC0415 - most scans need no archives

    with ExitStack() as stack:
        file = _open_tar(path, budget, stack)
        file.allowed = HEADER_BYTES
        archive = stack.enter_context(tarfile.TarFile(fileobj=cast("IO[bytes]", file)))
        while True:
            headers.check()
            member = archive.next()
            headers.spend(HEADER_BYTES - file.allowed)
            if member is None:
                break
            if len(archive.pax_headers) > MAX_GLOBALS:
                raise OverLimitError(f"its global headers have more than {MAX_GLOBALS} records")
            if not member.isdir():
                file.allowed = 2 * MEMBER_BYTES  # tarfile reads ahead into a buffer
                yield member.name, member.size, partial(_open_tar_member, archive, member)
            # tarfile keeps every member it has read: a gigabyte per million members.
            archive.members.clear()  # type: ignore[attr-defined] # missing from the stubs
            file.allowed = HEADER_BYTES
        # tarfile treats a corrupt header as the end of the archive. A real end is a block of zeros, or no data.
        if file.last.strip(b"\0"):
            raise tarfile.ReadError("a header is corrupt or truncated")


def _open_tar(path: str, budget: ByteBudget, stack: ExitStack) -> ForwardFile:
    """Open a tar file and detect its compression from the first bytes, as `tarfile` does."""
    file = stack.enter_context(open(path, "rb"))  # noqa: SIM115 - the stack closes it
    head = file.read(6)
    file.seek(0)
    stream: Stream
    if head.startswith(b"\x1f\x8b"):
        import gzip  # noqa: PLC0415 - see above

        stream = stack.enter_context(gzip.GzipFile(fileobj=file))
    elif head.startswith(b"BZh"):
        import bz2  # noqa: PLC0415 - see above

        stream = stack.enter_context(bz2.BZ2File(file))
    elif head.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
        import lzma  # noqa: PLC0415 - see above

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
    budget: ByteBudget,
    read: Callable[[str, Member, int], _Result],
) -> _Result | Unreadable:
    if path.lower().endswith(ARCHIVE_SUFFIXES):
        return Unreadable(path, "archive-not-entered", "archives inside archives are not read")
    try:
        budget.check()
        stream = open_member()
        if stream is None:
            return Unreadable(path, "not-a-file", "a link or device inside an archive")
        with closing(stream):
            return read(path, Member(stream, budget), size)
    except HeaderError as error:
        return not_read(path, error)
    except OverLimitError as error:
        return Unreadable(path, "archive-limit", f"not read: {error}")
    except Exception as error:  # noqa: BLE001 - encrypted, truncated or unknown compression: reported for this member
        return Unreadable(path, "damaged", f"cannot be read from its archive: {_message(error)}")


def _probe_member(path: str, member: Member, size: int) -> Image:
    try:
        return Image(path, *parse_header(member.read_at(0, HEAD_BYTES), member.read_at), size)
    except HeaderError as error:
        _check_truncated(member, error)
        raise


def _inspect_member(path: str, member: Member, size: int) -> Inspected:
    """Read the end of a member only if parsing its header got there: nothing is decompressed just for the end."""
    try:
        header = Header(*parse_header(member.read_at(0, HEAD_BYTES), member.read_at))
    except HeaderError as problem:
        _check_truncated(member, problem)
        return Inspected(path, Contents(size, None, problem), complete=False)
    if member.bytes_read < size:
        return Inspected(path, Contents(size, header), complete=False)
    return Inspected(path, inspect_bytes(member.read_at, size), complete=True)


def _check_truncated(member: Member, error: HeaderError) -> None:
    if member.over_limit:
        raise OverLimitError(f"only the first {MEMBER_BYTES:,} bytes of a member are read: {error}") from error


def _message(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
