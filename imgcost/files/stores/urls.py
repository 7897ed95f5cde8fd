"""From URLs to stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.errors import ImgcostError
from imgcost.files.stores import cloud, web
from imgcost.files.stores.drivers import DriverStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files.stores.access import Store

__all__ = ["Stores"]


class Stores:
    """Stores that are open, by their root."""

    def __init__(self, options: Iterable[tuple[str, str]]) -> None:
        """Remember the options that all stores get."""
        self._options = dict(options)
        self._open: dict[str, Store] = {}

    def open(self, url: str) -> tuple[Store, str, bool]:
        """Open the store of a URL.

        A URL names one object if its last part has a suffix, as in `photo.jpg`; otherwise a prefix. A slash at the end
        always means a prefix.

        Returns:
            The store, the key or prefix, and whether it is the key of an object.

        Raises:
            ImgcostError: The store cannot be opened.
        """
        scheme, _, rest = url.partition("://")
        scheme = scheme.lower()
        if scheme in web.SCHEMES:
            return self._store("web"), url, True
        key = rest
        root = scheme
        if scheme in cloud.SCHEMES:
            bucket, _, key = rest.partition("/")
            if not bucket:
                raise ImgcostError(f"{url} names no bucket: expected {scheme}://BUCKET/PREFIX")
            root = f"{scheme}://{bucket}"
        is_object = "." in key.rpartition("/")[2]
        return self._store(root), key.rstrip("/"), is_object

    def _store(self, root: str) -> Store:
        if root not in self._open:
            self._open[root] = self._new(root)
        return self._open[root]

    def _new(self, root: str) -> Store:
        if root == "web":
            return web.WebStore()
        return cloud.CloudStore(root, self._options) if "://" in root else DriverStore(root, self._options)
