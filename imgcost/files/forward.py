"""Read archives forward, once, within limits that depend only on the size of the archive file.

Archives are untrusted input: 22 kB can decompress to gigabytes, headers can claim any size, and entries can overlap.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Protocol

from imgcost.figures import plural

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HEADER_BYTES",
    "MEMBER_BYTES",
    "ByteBudget",
    "Decompressed",
    "DirectoryFile",
    "ForwardFile",
    "Member",
    "OverLimitError",
    "max_decompressed_bytes",
    "max_header_bytes",
]

MEMBER_BYTES = 16 << 20
"""Maximum bytes read from one member, counted from its start."""

HEADER_BYTES = 64 << 10
"""Maximum bytes of headers before one tar member: long name, PAX records, sparse map."""

DIRECTORY_BYTES = 256 << 20
"""Maximum size of a zip's central directory, which `zipfile` keeps in memory, bytes: 2 million entries of 128 bytes."""

DICTIONARY_BYTES = 128 << 20
"""Maximum memory an xz header may request, bytes; `xz -9` needs 65 MB."""

_READ_BYTES = 64 << 10


def max_decompressed_bytes(archive_bytes: int) -> int:
    """Return the maximum number of decompressed bytes to read from an archive.

    Args:
        archive_bytes: Size of the archive file, bytes.

    Returns:
        64 MiB plus 50 times the file size, bytes.

    >>> max_decompressed_bytes(22_000)
    68208864
    """
    return (64 << 20) + 50 * archive_bytes


def max_header_bytes(archive_bytes: int) -> int:
    """Return the maximum size of all headers of a tar file, which also bounds the memory for its list of members.

    Args:
        archive_bytes: Size of the archive file, bytes.

    Returns:
        16 MiB plus 16 times the file size, bytes.

    >>> max_header_bytes(1_000_000)
    32777216
    """
    return (16 << 20) + 16 * archive_bytes


class OverLimitError(Exception):
    """An archive exceeds a limit, or claims to."""


class ByteBudget:
    """The number of bytes that may still be read.

    Attributes:
        remaining: Bytes. May go below zero by up to the size of one read.
    """

    def __init__(self, limit: int, what: str) -> None:
        """Start with the full limit.

        Args:
            limit: Bytes.
            what: The subject of the error message, such as "its headers".
        """
        self.remaining = limit
        self._message = f"{what} exceed {plural(limit, 'byte')}, the limit for an archive of this size"

    def check(self) -> None:
        """Check that at least one more read is allowed.

        Raises:
            OverLimitError: The limit has been reached.
        """
        if self.remaining <= 0:
            raise OverLimitError(self._message)

    def spend(self, size: int) -> None:
        """Subtract bytes that were read."""
        self.remaining -= size


class Stream(Protocol):
    """An object that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; empty only at the end."""


class Member:
    """One member, read forward once. Data already read is kept, because parsers look back.

    Attributes:
        over_limit: Whether a read went past `MEMBER_BYTES`.
    """

    def __init__(self, stream: Stream, budget: ByteBudget) -> None:
        """Start at the first byte of the member."""
        self.over_limit = False
        self._stream = stream
        self._budget = budget
        self._read = bytearray()

    @property
    def bytes_read(self) -> int:
        """Number of bytes read from the start of the member."""
        return len(self._read)

    def read_at(self, offset: int, size: int) -> bytes:
        """Read from any offset in the member; returns fewer bytes at its end and at `MEMBER_BYTES`.

        Raises:
            OverLimitError: The limit of the archive has been reached.
        """
        end = min(offset + size, MEMBER_BYTES)
        self.over_limit = self.over_limit or end < offset + size
        while (missing := end - len(self._read)) > 0:
            self._budget.check()
            piece = self._stream.read(min(missing, _READ_BYTES))
            if not piece:
                break
            self._budget.spend(len(piece))
            self._read += piece
        return bytes(self._read[offset:end])


class Decompressor(Protocol):
    """The common interface of the `bz2` and `lzma` decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Decompressed:
    """A compressed stream that never decompresses more than the requested size at once.

    `zipfile` decompresses 4 kB of bzip2 or LZMA data at a time, which can yield 180 MB. `lzma.open` cannot limit the
    memory that a header requests.
    """

    def __init__(self, stream: IO[bytes], begin: Callable[[], Decompressor], *, whole: bool) -> None:
        """Start at the first compressed stream.

        Args:
            stream: The compressed bytes.
            begin: Creates a decompressor.
            whole: True for a file, which may contain several concatenated streams and must end properly. False for a
                zip member, which may end without an end marker.
        """
        self._stream = stream
        self._begin = begin
        self._whole = whole
        self._decompressor = begin()

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; empty only at the end."""
        import lzma  # noqa: PLC0415 - rare

        while True:
            data = b""
            if self._decompressor.eof:
                data = self._next_stream()
                if not data:
                    return b""
                self._decompressor = self._begin()
            elif self._decompressor.needs_input:
                data = self._stream.read(_READ_BYTES)
                if not data and self._whole:
                    raise EOFError("the compressed data is truncated")
                if not data:
                    return b""
            try:
                output = self._decompressor.decompress(data, size)
            except lzma.LZMAError as error:
                if "Memory usage limit" in str(error):
                    raise OverLimitError(
                        f"an xz header requests more than {DICTIONARY_BYTES:,} bytes of memory"
                    ) from error
                raise
            if output:
                return output

    def _next_stream(self) -> bytes:
        """Return the first bytes of the next concatenated stream, after any padding; empty if there is none."""
        start = self._decompressor.unused_data.lstrip(b"\0")
        while self._whole and not start and (data := self._stream.read(_READ_BYTES)):
            start = data.lstrip(b"\0")
        return start if self._whole else b""

    def close(self) -> None:
        """Close the compressed stream."""
        self._stream.close()


class DirectoryFile(io.FileIO):
    """A zip file that rejects reads of an oversized central directory."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes.

        Raises:
            OverLimitError: `size` exceeds `DIRECTORY_BYTES`.
        """
        if size is not None and size > DIRECTORY_BYTES:
            raise OverLimitError(
                f"its central directory claims {plural(size, 'byte')}; the limit is {DIRECTORY_BYTES:,}"
            )
        return super().read(-1 if size is None else size)


class ForwardFile:
    """The file that `tarfile` reads from: forward only, limited in total by a budget and per header by `allowed`.

    Attributes:
        allowed: Bytes that may be read, not counting skipped bytes. Reset before headers and before each member.
        last: The data returned by the last read.
    """

    def __init__(self, stream: Stream, budget: ByteBudget, seek: Callable[[int], object] | None) -> None:
        """Start at the first byte.

        Args:
            stream: The decompressed file.
            budget: The bytes that may be read in total.
            seek: Moves to a position without reading; None if skipped data must be decompressed.
        """
        self.allowed = 0
        self.last = b""
        self._stream = stream
        self._budget = budget
        self._seek = seek
        self._position = 0

    def tell(self) -> int:
        """Return the position, bytes from the start."""
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        """Move forward to a position.

        Raises:
            OverLimitError: The budget is used up.
            ValueError: The position is before the current one.
        """
        if position < self._position:
            raise ValueError("a header points backward")
        if self._seek:
            self._seek(position)
            self._position = position
        while self._position < position and self._read_piece(min(position - self._position, _READ_BYTES)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        """Read `size` bytes; fewer only at the end.

        Raises:
            OverLimitError: `size` exceeds `allowed`, or the budget is used up.
        """
        if not 0 <= size <= self.allowed:
            raise OverLimitError(f"a header claims {plural(size, 'byte')}; the limit is {HEADER_BYTES:,} per member")
        self.allowed -= size
        pieces = []
        while size and (piece := self._read_piece(size)):
            pieces.append(piece)
            size -= len(piece)
        self.last = b"".join(pieces)
        return self.last

    def _read_piece(self, size: int) -> bytes:
        self._budget.check()
        piece = self._stream.read(size)
        self._budget.spend(len(piece))
        self._position += len(piece)
        return piece
