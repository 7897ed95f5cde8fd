"""Stores that fsspec has a driver for, such as hf:// with huggingface_hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.errors import ImgcostError, MissingPackageError
from imgcost.files.stores.access import Part, StoredObject, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.files.stores.access import Problem

__all__ = ["DriverStore"]

_VERSIONS = ("ETag", "etag", "blob_id", "checksum", "mtime", "LastModified", "last_modified", "created")
"""Names under which drivers report what changes with an object."""

_STATUSES: dict[int, Problem] = {401: "denied", 403: "denied", 404: "missing", 410: "missing"}


class DriverStore:
    """A file system of fsspec."""

    def __init__(self, scheme: str, options: Mapping[str, str]) -> None:
        """Load the driver.

        Args:
            scheme: Scheme of the URLs, such as `hf`.
            options: Arguments of the driver.

        Raises:
            MissingPackageError: fsspec or the driver is not installed.
            ImgcostError: There is no driver for the scheme, or it does not accept the options.
        """
        try:
            import fsspec  # noqa: PLC0415 - an extra

            self._files: Any = fsspec.filesystem(scheme, **options)
        except ImportError as error:
            if scheme == "hf" or error.name == "fsspec":
                package = "huggingface_hub" if scheme == "hf" else "fsspec"
                raise MissingPackageError(f"reading {scheme}:// URLs", package) from error
            raise ImgcostError(f"cannot read {scheme}:// URLs: {error}") from error
        except Exception as error:  # a driver can raise anything, such as for a missing option
            raise ImgcostError(f"cannot read {scheme}:// URLs: {error}") from error
        self._scheme = scheme

    def pages(self, prefix: str) -> Iterator[list[StoredObject]]:
        """List objects, folder by folder; see `Store.pages`."""
        try:
            for _, _, files in self._files.walk(prefix, detail=True, on_error="raise"):
                yield [
                    StoredObject(f"{self._scheme}://{found['name']}", found["name"], found["size"], _version(found))
                    for _, found in sorted(files.items())
                ]
        except Exception as error:
            raise _store_error(error) from error

    def read(self, key: str, start: int, size: int) -> Part:
        """Read a part of an object; see `Store.read`."""
        try:
            total = int(self._files.info(key)["size"])
            end = min(start + size, total)
            if getattr(self._files, "async_impl", False):
                data = self._files.cat_file(key, start=start, end=end)
            else:  # without the cache, which reads megabytes ahead
                with self._files.open(key, "rb", cache_type="none") as file:
                    file.seek(start)
                    data = file.read(end - start)
        except Exception as error:
            raise _store_error(error) from error
        return Part(data, total, len(data))


def _version(found: Mapping[str, Any]) -> str:
    return " ".join(str(found[name]) for name in _VERSIONS if found.get(name))


def _store_error(error: Exception) -> StoreError:
    status = getattr(getattr(error, "response", None), "status_code", 0)
    problem = _STATUSES.get(status, "unavailable")
    if isinstance(error, FileNotFoundError):
        problem = "missing"
    elif isinstance(error, PermissionError):
        problem = "denied"
    return StoreError(problem, str(error).strip().partition("\n")[0] or type(error).__name__)
