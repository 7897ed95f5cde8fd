"""Read the header of one object: its first bytes, and more only if the header needs it."""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import HeaderError
from imgcost.figures import plural
from imgcost.files.results import Image, Unreadable, not_read
from imgcost.files.stores.access import ATTEMPTS, StoreError
from imgcost.headers import HEAD_BYTES, parse_header

if TYPE_CHECKING:
    from threading import Event

    from imgcost.files.results import ScanResult
    from imgcost.files.stores.access import Part, Store, StoredObject

__all__ = ["Probed", "probe_object"]

MAX_BYTES = 16 << 20
"""Maximum bytes read from one object, as from a member of an archive."""

MAX_READ_AHEAD = 1 << 20
"""Each request for one object reads twice as much as the one before, up to this many bytes."""

FIRST_DELAY, MAX_DELAY = 0.2, 10.0
"""Seconds before a failed request is repeated: they double, with jitter."""


class Probed(NamedTuple):
    """The result for an object, and what it took.

    Attributes:
        result: The image, or the reason why it could not be read.
        failure: The error of the last request; None if it was answered.
        requests: Number of requests, including failed ones.
        transferred: Bytes read.
    """

    result: ScanResult
    failure: StoreError | None = None
    requests: int = 0
    transferred: int = 0


class _LimitError(Exception):
    """The header is spread over more bytes than are read."""


class _Reader:
    """The bytes of one object, of which the last part read is kept."""

    def __init__(self, store: Store, key: str, stopped: Event) -> None:
        self.requests = self.transferred = self.size = 0
        self._store, self._key, self._stopped = store, key, stopped
        self._start, self._data = 0, b""
        self._read_ahead = HEAD_BYTES

    def head(self) -> bytes:
        """Read the first bytes, and learn the size."""
        part = self._request(0, HEAD_BYTES)
        self._data, self.size = part.data, part.total
        return part.data

    def read_at(self, offset: int, size: int) -> bytes:
        """Read any bytes; see `imgcost.headers.ReadAt`."""
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        if not self._start <= offset <= offset + size <= self._start + len(self._data):
            if self.transferred + size > MAX_BYTES:
                raise _LimitError
            self._data = self._request(offset, max(size, self._read_ahead)).data
            self._start = offset
            self._read_ahead = min(2 * self._read_ahead, MAX_READ_AHEAD)
        return self._data[offset - self._start :][:size]

    def _request(self, start: int, size: int) -> Part:
        delay = FIRST_DELAY
        attempt = 0
        while True:
            attempt += 1
            self.requests += 1
            try:
                part = self._store.read(self._key, start, size)
                self.transferred += part.transferred
                if len(part.data) < min(size, part.total - start):
                    raise StoreError("unavailable", "the connection was cut")  # noqa: TRY301 - handled like others
            except StoreError as error:
                if error.problem != "unavailable" or attempt >= ATTEMPTS:
                    raise
                if self._stopped.wait(delay * (0.5 + random())):  # noqa: S311 - spreads requests
                    raise
                delay = min(2 * delay, MAX_DELAY)
            else:
                return part


def probe_object(store: Store, found: StoredObject, stopped: Event) -> Probed:
    """Read the header of an object.

    Args:
        store: Its store.
        found: The object.
        stopped: When set, failed requests are not repeated.

    Returns:
        The image, or the reason why the object could not be read as one.
    """
    reader = _Reader(store, found.key, stopped)
    failure: StoreError | None = None
    result: ScanResult
    try:
        head = b"" if found.size == 0 else reader.head()
        result = Image(found.url, *parse_header(head, reader.read_at), reader.size)
    except HeaderError as error:
        result = not_read(found.url, error)
    except _LimitError:
        result = Unreadable(found.url, "no-access", f"its header is not within {MAX_BYTES >> 20} MiB of reads")
    except StoreError as error:
        failure = error
        if error.problem == "missing":
            result = Unreadable(found.url, "missing", f"no such object{_advice(found)}")
        else:
            after = f" (after {plural(reader.requests, 'request')})" if error.problem == "unavailable" else ""
            result = Unreadable(found.url, "no-access", f"{error.reason}{after}")
    return Probed(result, failure, reader.requests, reader.transferred)


def _advice(missing: StoredObject) -> str:
    if missing.size is not None or missing.url.startswith("http"):
        return ""
    if "*" in missing.url:
        return "; globs in URLs are not expanded: use --include"
    return ", unless the URL is that of a prefix: then end it with a slash"
