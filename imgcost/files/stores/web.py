"""Single files on web servers, which may ignore ranges, lie about lengths or never stop sending."""

from __future__ import annotations

import re
from http.client import HTTPException, InvalidURL
from socket import EAI_AGAIN, gaierror
from time import monotonic
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from imgcost.files.stores.access import REQUEST_SECONDS, Part, StoredObject, StoreError
from imgcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from imgcost.files.stores.access import Problem

__all__ = ["SCHEMES", "WebStore"]

SCHEMES = ("https", "http")

MAX_BYTES = 16 << 20
"""Maximum bytes read from one response of a server that ignores ranges: more than the API accepts of an image."""

_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})\s*")
_UNRESERVED = "%/:=&?~#+!$,;'@()*[]"
_RETRIED = {408, 425, 429, 500, 502, 503, 504}


class WebStore:
    """Web servers. The keys of objects are their URLs."""

    def __init__(self) -> None:
        """Allow redirects to other web servers only, and the proxies of the environment."""
        self._opener = OpenerDirector()
        for handler in (
            ProxyHandler,
            HTTPHandler,
            HTTPSHandler,
            HTTPDefaultErrorHandler,
            HTTPRedirectHandler,
            HTTPErrorProcessor,
        ):
            self._opener.add_handler(handler())

    def pages(self, prefix: str) -> Iterator[list[StoredObject]]:
        """Raise an error: web servers have no listings."""
        raise StoreError("invalid", f"web servers cannot be listed: name the files below {prefix}")

    def read(self, key: str, start: int, size: int) -> Part:
        """Read a part of a file; see `Store.read`."""
        headers = {
            "Range": f"bytes={start}-{start + size - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": f"imgcost/{__version__}",
        }
        try:
            request = Request(quote(key, safe=_UNRESERVED), headers=headers)  # noqa: S310 - http and https only
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                return _part(response, start, size)
        except HTTPError as error:
            error.close()
            if error.code == 416:
                return Part(b"", start, 0)
            raise StoreError(_problem(error.code), f"HTTP {error.code} {error.reason}") from None
        except (HTTPException, OSError, ValueError) as error:
            raise StoreError(*_failure(error)) from error


def _part(response: HTTPResponse, start: int, size: int) -> Part:
    """Read a response with the range, or with the whole file if the server ignores ranges."""
    if response.status == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != start:
            raise StoreError("invalid", "the server sent another range than requested")
        data = _read(response, size)
        return Part(data, int(found[2]), len(data))
    if start + size > MAX_BYTES:
        raise StoreError("invalid", "the server ignores ranges, and the header is far from the start of the file")
    length = response.headers.get("Content-Length", "")
    # Without a length, the only way to learn it is to read the file.
    data = _read(response, start + size if length.isdecimal() else MAX_BYTES)
    return Part(data[start : start + size], int(length[:18]) if length.isdecimal() else len(data), len(data))


def _read(response: HTTPResponse, size: int) -> bytes:
    """Read up to a number of bytes, for a limited time even if the server sends them one by one."""
    data = bytearray()
    deadline = monotonic() + REQUEST_SECONDS
    while len(data) < size and (piece := response.read1(size - len(data))):
        data += piece
        if monotonic() > deadline:
            raise StoreError("unavailable", f"the response took longer than {REQUEST_SECONDS} seconds")
    return bytes(data)


def _problem(code: int) -> Problem:
    if code in {404, 410}:
        return "missing"
    if code in {401, 403}:
        return "denied"
    return "unavailable" if code in _RETRIED else "invalid"


def _failure(error: Exception) -> tuple[Problem, str]:
    cause = error.reason if isinstance(error, URLError) else error
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    unknown_host = isinstance(cause, gaierror) and cause.errno != EAI_AGAIN
    # SSLCertVerificationError is a ValueError too, like an invalid URL.
    return "invalid" if unknown_host or isinstance(cause, (ValueError, InvalidURL)) else "unavailable", str(reason)
