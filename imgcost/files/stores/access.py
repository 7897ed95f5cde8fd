"""What every kind of object store offers: pages of a listing, and a part of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from imgcost.errors import ImgcostError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ATTEMPTS",
    "CONNECT_SECONDS",
    "REQUEST_SECONDS",
    "Part",
    "Problem",
    "Store",
    "StoreError",
    "StoreSettings",
    "StoredObject",
]

REQUEST_SECONDS = 20
"""Maximum duration of one request, seconds."""

CONNECT_SECONDS = 5
"""Maximum time to connect to a server, seconds."""

ATTEMPTS = 8
"""Maximum number of requests for the same bytes, before an object is reported as unreadable."""

Problem: TypeAlias = Literal["missing", "denied", "unavailable", "invalid"]
"""Why a request failed. Only `unavailable` may succeed if it is repeated."""


class StoreSettings(NamedTuple):
    """How object stores are read.

    Attributes:
        options: Options of the stores, such as `("region", "eu-west-1")`.
        concurrency: Maximum number of requests at a time.
    """

    options: tuple[tuple[str, str], ...] = ()
    concurrency: int = 64


class StoreError(ImgcostError):
    """A request to an object store failed.

    Attributes:
        problem: Why it failed.
        reason: A sentence for people.
    """

    def __init__(self, problem: Problem, reason: str) -> None:
        """Store the parts; the message is the reason."""
        super().__init__(reason)
        self.problem = problem
        self.reason = reason


class StoredObject(NamedTuple):
    """An object in a store.

    Attributes:
        url: Its URL.
        key: Its name in the store.
        size: Its size, bytes; None if it was not listed but named.
        version: Changes whenever the object is written again, such as its ETag; empty if unknown.
    """

    url: str
    key: str
    size: int | None = None
    version: str = ""


class Part(NamedTuple):
    """Bytes of an object.

    Attributes:
        data: The bytes; fewer than requested only at the end of the object.
        total: Size of the object, bytes.
        transferred: Bytes read from the server, which may send more than it was asked for.
    """

    data: bytes
    total: int
    transferred: int


class Store(Protocol):
    """A bucket, a repository or a web server. It is called from several threads."""

    def pages(self, prefix: str) -> Iterator[list[StoredObject]]:
        """List the objects below a prefix.

        Args:
            prefix: A folder without a slash at its end; empty for the whole store.

        Yields:
            Pages of objects, in the order of the store.

        Raises:
            StoreError: The store cannot be listed.
        """
        ...

    def read(self, key: str, start: int, size: int) -> Part:
        """Read a part of an object, in one request.

        Args:
            key: The object.
            start: Offset of the first byte.
            size: Maximum number of bytes.

        Raises:
            StoreError: The part could not be read.
        """
        ...
