"""Reading an archive forward, once, within bounds that depend on nothing but its size.

An archive is hostile input: 22 kB can decompress to gigabytes, a header can claim any size, and entries can overlap.
"""

from __future__ import annotations

import io
import lzma
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HEADER_BYTES",
    "MEMBER_BYTES",
    "Budget",
    "Decompressed",
    "DirectoryFile",
    "ForwardFile",
    "Member",
    "OverLimitError",
    "most_bytes",
    "most_header_bytes",
]

MEMBER_BYTES = 16 << 20
"""The most bytes that are read of one member, from its start."""

HEADER_BYTES = 64 << 10
"""The most bytes of headers in front of one tar member: its long name, its PAX records, its map of holes."""

DIRECTORY_BYTES = 256 << 20
"""The most bytes of a zip file's central directory, which `zipfile` holds in memory: 2 million entries of 128 bytes."""

DICTIONARY_BYTES = 128 << 20
"""The most memory that the header of an xz stream may claim; `xz -9` needs 65 MB."""

_PIECE = 64 << 10


def most_bytes(archive_bytes: int) -> int:
    """Bound the bytes that are read from an archive after decompression, whatever it claims.

    Args:
        archive_bytes: Size of the archive file, bytes.

    Returns:
        64 MiB and 50 bytes per byte of the file.

    >>> most_bytes(22_000)
    68208864
    """
    return (64 << 20) + 50 * archive_bytes


def most_header_bytes(archive_bytes: int) -> int:
    """Bound the bytes of all headers of a tar file, and with them the memory that the list of its members takes.

    Args:
        archive_bytes: Size of the archive file, bytes.

    Returns:
        16 MiB and 16 bytes per byte of the file.

    >>> most_header_bytes(1_000_000)
    32777216
    """
    return (16 << 20) + 16 * archive_bytes


class OverLimitError(Exception):
    """An archive has or claims more than is read of one of its size."""


class Budget:
    """How many bytes may still be read.

    Attributes:
        left: Bytes; below zero by no more than the last piece that was read.
    """

    def __init__(self, limit: int, what: str) -> None:
        """Start with nothing read.

        Args:
            limit: Bytes.
            what: What is counted, for the error message.
        """
        self.left = limit
        self._message = f"{what} exceed {limit:,} bytes, the limit for an archive of this size"

    def check(self) -> None:
        """Allow one more piece.

        Raises:
            OverLimitError: The limit is reached.
        """
        if self.left <= 0:
            raise OverLimitError(self._message)

    def spend(self, size: int) -> None:
        """Count bytes that were read."""
        self.left -= size


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Read up to that many bytes; none only at the end."""


class Member:
    """One member, read forward once: what was read is kept, because parsers look back.

    Attributes:
        cut: Whether anything was wanted beyond `MEMBER_BYTES`.
    """

    def __init__(self, stream: Stream, budget: Budget) -> None:
        """Start at the member's first byte."""
        self.cut = False
        self._stream = stream
        self._budget = budget
        self._read = bytearray()

    @property
    def bytes_read(self) -> int:
        """How many bytes were read, from the start of the member."""
        return len(self._read)

    def read_at(self, offset: int, size: int) -> bytes:
        """Read from anywhere in the member; fewer bytes at its end, and at the limit.

        Raises:
            OverLimitError: The archive's limit is reached.
        """
        end = min(offset + size, MEMBER_BYTES)
        self.cut = self.cut or end < offset + size
        while (missing := end - len(self._read)) > 0:
            self._budget.check()
            piece = self._stream.read(min(missing, _PIECE))
            if not piece:
                break
            self._budget.spend(len(piece))
            self._read += piece
        return bytes(self._read[offset:end])


class Decompressor(Protocol):
    """What the decompressors of `bz2` and `lzma` share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Decompressed:
    """A compressed stream of which no more is decompressed at once than was asked for.

    `zipfile` decompresses as much as 4 kB of bzip2 or LZMA hold, which may be 180 MB; `lzma.open` takes no limit on
    the memory that a header claims.
    """

    def __init__(self, stream: IO[bytes], begin: Callable[[], Decompressor], *, whole: bool) -> None:
        """Start at the beginning of the first compressed stream.

        Args:
            stream: The compressed bytes.
            begin: Makes a decompressor.
            whole: Whether this is a file of its own, in which streams may follow each other and the last one has to
                end; a member of a zip file may end without a mark.
        """
        self._stream = stream
        self._begin = begin
        self._whole = whole
        self._decompressor = begin()

    def read(self, size: int, /) -> bytes:
        """Read up to that many bytes; none only at the end."""
        while True:
            data = b""
            if self._decompressor.eof:
                data = self._next_stream()
                if not data:
                    return b""
                self._decompressor = self._begin()
            elif self._decompressor.needs_input:
                data = self._stream.read(_PIECE)
                if not data and self._whole:
                    raise EOFError("the compressed data ends too early")
                if not data:
                    return b""
            try:
                found = self._decompressor.decompress(data, size)
            except lzma.LZMAError as error:
                if "Memory usage limit" in str(error):
                    raise OverLimitError(
                        f"an xz header claims more than {DICTIONARY_BYTES:,} bytes of memory"
                    ) from error
                raise
            if found:
                return found

    def _next_stream(self) -> bytes:
        """The first bytes of a stream that follows, past the padding between two; none where none does."""
        rest = self._decompressor.unused_data.lstrip(b"\0")
        while self._whole and not rest and (data := self._stream.read(_PIECE)):
            rest = data.lstrip(b"\0")
        return rest if self._whole else b""

    def close(self) -> None:
        """Close the compressed stream."""
        self._stream.close()


class DirectoryFile(io.FileIO):
    """A zip file that refuses to hand out a central directory of any size, as its last record may claim."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes.

        Raises:
            OverLimitError: That would be more than `DIRECTORY_BYTES`.
        """
        if size is not None and size > DIRECTORY_BYTES:
            raise OverLimitError(f"its central directory claims {size:,} bytes, and the limit is {DIRECTORY_BYTES:,}")
        return super().read(-1 if size is None else size)


class ForwardFile:
    """What `tarfile` reads through: forward only, no more than the budget, and no more at once than is allowed.

    Attributes:
        allowed: How many bytes may be read, as against passed by: set before headers and before each member.
        last: What was read last.
    """

    def __init__(self, stream: Stream, budget: Budget, seek: Callable[[int], object] | None) -> None:
        """Start at the first byte.

        Args:
            stream: The file, decompressed.
            budget: What may be read of it in all.
            seek: Moves to a position without reading, or None where all that is passed by has to be decompressed.
        """
        self.allowed = 0
        self.last = b""
        self._stream = stream
        self._budget = budget
        self._seek = seek
        self._position = 0

    def tell(self) -> int:
        """Tell the position, bytes from the start."""
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        """Go forward to a position.

        Raises:
            OverLimitError: The budget ends before.
            ValueError: It lies behind.
        """
        if position < self._position:
            raise ValueError("a header leads back to what was read before")
        if self._seek:
            self._seek(position)
            self._position = position
        while self._position < position and self._take(min(position - self._position, _PIECE)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        """Read bytes; fewer only at the end.

        Raises:
            OverLimitError: More than is allowed, or the budget is spent.
        """
        if not 0 <= size <= self.allowed:
            raise OverLimitError(f"a header claims {size:,} bytes, and the limit is {HEADER_BYTES:,} per member")
        self.allowed -= size
        pieces = []
        while size and (piece := self._take(size)):
            pieces.append(piece)
            size -= len(piece)
        self.last = b"".join(pieces)
        return self.last

    def _take(self, size: int) -> bytes:
        self._budget.check()
        piece = self._stream.read(size)
        self._budget.spend(len(piece))
        self._position += len(piece)
        return piece
