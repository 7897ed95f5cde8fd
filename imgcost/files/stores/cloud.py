"""Buckets of Amazon S3, Google Cloud Storage and Azure Blob Storage, with obstore."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.files.stores.access import CONNECT_SECONDS, REQUEST_SECONDS, Part, StoredObject, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.files.stores.access import Problem

__all__ = ["SCHEMES", "CloudStore"]

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss")
"""Schemes of URLs that obstore reads."""

PAGE = 1000
"""Objects per page of a listing: what one request to S3 returns."""

_RETRY_SECONDS = 60
"""Maximum time to repeat a request for a page of a listing, seconds."""

_ADVICE = (
    "credentials are read from the environment, as by the SDKs of the store; a public bucket needs "
    "--store-option skip_signature=true"
)

_PERMANENT = re.compile(r"non-partial response|Requested \d+\.\.\d+, got|Received redirect|invalid path")
"""Errors that obstore reports like those of a connection, but that another attempt does not avoid."""

_INVALID_KEY = re.compile(r'invalid path: .*?Path "(.{1,1024}?)"(?: contained|:)', re.DOTALL)
_REQUEST = re.compile(r"Error performing \w+ ([^\s?]*)\S* in .* - (.*)")
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z -]*)")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")


class CloudStore:
    """A bucket or container."""

    def __init__(self, root: str, options: Mapping[str, str]) -> None:
        """Configure the connection, without opening it.

        Args:
            root: URL of the bucket, such as `s3://bucket`.
            options: Options of obstore, such as `endpoint` and `region`; the environment decides what is missing.

        Raises:
            MissingExtraError: obstore is not installed.
            ImgcostError: An option is not known, or something necessary is missing.
        """
        try:
            import obstore  # noqa: PLC0415 - an extra
            from obstore.exceptions import BaseError  # noqa: PLC0415 - same
            from obstore.store import from_url  # noqa: PLC0415 - same
        except ImportError:
            raise MissingExtraError(f"reading {root.partition('://')[0]}:// URLs", "cloud") from None
        self.root = root
        self._obstore = obstore
        client: Any = {
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
            "allow_http": _endpoint(options).startswith("http://"),
        }
        listing: Any = {
            "max_retries": 20,
            "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
            "backoff": {"init_backoff": timedelta(seconds=0.2), "max_backoff": timedelta(seconds=10)},
        }
        settings: dict[str, Any] = {"client_options": client, "config": dict(options) or None}
        if root.startswith("s3") and (provider := _profile(options)):
            settings["credential_provider"] = provider
        try:
            # A page is requested again by obstore, a part by the caller, who counts requests and can be interrupted.
            self._listed = from_url(root, retry_config=listing, **settings)
            self._read = from_url(root, retry_config={"max_retries": 0}, **settings)
        except (BaseError, ValueError) as error:
            raise ImgcostError(f"cannot open {root}: {_reason(error)}; {_ADVICE}") from None

    def pages(self, prefix: str) -> Iterator[list[StoredObject]]:
        """List objects; see `Store.pages`."""
        try:
            for page in self._obstore.list(self._listed, prefix or None, chunk_size=PAGE):
                yield [
                    StoredObject(
                        f"{self.root}/{found['path']}",
                        found["path"],
                        found["size"],
                        f"{found['e_tag']} {found['version']} {found['last_modified']}",
                    )
                    for found in page
                ]
        except Exception as error:
            raise _store_error(error, _ADVICE) from error

    def read(self, key: str, start: int, size: int) -> Part:
        """Read a part of an object; see `Store.read`."""
        try:
            result = self._obstore.get(self._read, key, options={"range": (start, start + size)})
            data = b""
            for piece in result.stream(min_chunk_size=size):
                data += piece
                if len(data) >= size:  # whatever the server still sends
                    break
            return Part(data[:size], result.meta["size"], len(data))
        except Exception as error:
            if "416 Range" in str(error):
                return Part(b"", start, 0)
            raise _store_error(error) from error


def _endpoint(options: Mapping[str, str]) -> str:
    names = ("endpoint", "aws_endpoint", "endpoint_url", "aws_endpoint_url", "azure_endpoint")
    given = {name.lower(): value for name, value in (os.environ | options).items()}
    return next((given[name] for name in names if given.get(name)), "")


def _profile(options: Mapping[str, str]) -> Any:
    """Return the credentials that boto3 finds in profiles or single sign-on, if the environment has none."""
    names = {name.lower().removeprefix("aws_") for name in (*options, *os.environ)}
    if not names.isdisjoint(("access_key_id", "skip_signature")) or find_spec("boto3") is None:
        return None
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - an extra

    try:
        return Boto3CredentialProvider()
    except ValueError:
        raise ImgcostError(f"there are no credentials for S3: {_ADVICE}") from None


def _store_error(error: Exception, advice: str = "") -> StoreError:
    from obstore.exceptions import (  # noqa: PLC0415 - an extra
        InvalidPathError,
        NotFoundError,
        NotSupportedError,
        PermissionDeniedError,
        UnauthenticatedError,
    )

    problem: Problem = "unavailable"
    if isinstance(error, (FileNotFoundError, NotFoundError)):
        problem = "missing"
    elif isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        problem = "denied"
    elif isinstance(error, (InvalidPathError, NotSupportedError)) or _PERMANENT.search(str(error)):
        problem = "invalid"
    reason = _reason(error)
    if advice and (problem == "denied" or reason.startswith(("HTTP 401", "HTTP 403"))):
        reason = f"{reason}; {advice}"
    return StoreError(problem, reason)


def _reason(error: Exception) -> str:
    """Return the status and the code of a response; the first line of the error if there was no response."""
    text = str(error)
    if key := _INVALID_KEY.search(text):
        return f"obstore cannot list the key {key[1]!r}; pipe the URLs of objects to 'imgcost scan -' instead"
    if status := _STATUS.search(text):
        code = _CODE.search(text)
        return f"HTTP {status[1].strip()}{f' ({code[1]})' if code else ''}"
    first_line = text.strip().partition("\n")[0].partition(" error: ")
    if request := _REQUEST.search(first_line[2]):
        return f"{request[2]} to {request[1]}"
    return first_line[2] or first_line[0]
