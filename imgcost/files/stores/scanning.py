"""Scan object stores: list, read the start of many objects at a time, and return the results in order."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from functools import partial
from itertools import groupby, islice, zip_longest
from typing import TYPE_CHECKING

from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.files.results import Transfer, Unreadable
from imgcost.files.stores.access import StoredObject, StoreError
from imgcost.files.stores.probing import Probed, probe_object
from imgcost.files.stores.threads import STUCK_SECONDS, Done, Threads
from imgcost.files.stores.urls import Stores
from imgcost.files.walking import ARCHIVE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from imgcost.files.header_cache import HeaderCache
    from imgcost.files.results import Group, ScanResult
    from imgcost.files.stores.access import Store
    from imgcost.files.walking import Walk

__all__ = ["scan_urls"]

AHEAD = 4000
"""Maximum objects that are listed and not yet returned: one slow object does not stop the others."""

URLS = 1000
"""Maximum URLs that are looked at together."""

FAILURES = 100
"""Number of objects in a row that no server answers for, after which a scan ends."""

DENIED = 20
"""Number of objects that the store refuses to read, without one that it lets through, after which a scan ends."""


class _Page:
    """Objects in order, whose results arrive in any order."""

    def __init__(self, objects: list[tuple[Store, StoredObject]]) -> None:
        self.objects = objects
        self.results: list[ScanResult | None] = [None] * len(objects)
        self.missing = len(objects)
        self.cached = self.requests = self.transferred = 0

    def set(self, index: int, probed: Probed) -> None:
        if self.results[index]:  # it was given up, and comes late
            return
        self.results[index] = probed.result
        self.missing -= 1
        self.requests += probed.requests
        self.transferred += probed.transferred

    def groups(self) -> list[Group]:
        found = zip(self.objects, self.results, strict=True)
        return [
            (folder, [result for _, result in pairs if result])
            for folder, pairs in groupby(found, lambda pair: pair[0][1].url.rpartition("/")[0])
        ]

    def transfer(self) -> Transfer:
        return Transfer(len(self.objects), self.cached, self.requests, self.transferred)


def scan_urls(
    urls: Iterable[str], walk: Walk, cache: HeaderCache | None = None
) -> Generator[tuple[list[Group], Transfer]]:
    """Read the headers of the objects that URLs name, and of those below them.

    Args:
        urls: URLs of objects, prefixes and buckets; consumed lazily.
        walk: Globs, and how stores are read.
        cache: Results of earlier scans.

    Yields:
        Batches of results by folder, in order, and what reading them took.

    Raises:
        ImgcostError: A store cannot be opened or listed, or stops to answer.
    """
    stores = Stores(walk.stores.options)
    urls = iter(urls)
    while batch := list(islice(urls, URLS)):
        with closing(_Scan(stores, walk, cache).run(batch)) as pages:
            yield from pages


class _Scan:
    def __init__(self, stores: Stores, walk: Walk, cache: HeaderCache | None) -> None:
        self._stores = stores
        self._matches = walk.matches
        self._cache = cache
        self._concurrency = walk.stores.concurrency
        self._answered = False
        self._failures = 0

    def run(self, urls: list[str]) -> Generator[tuple[list[Group], Transfer]]:
        """Read the objects of some URLs; see `scan_urls`."""
        window: deque[_Page] = deque()
        pages = self._pages(urls)
        ended = listing = False
        with Threads(self._concurrency) as threads:
            while True:
                if not (ended or listing) and sum(len(page.objects) for page in window) < AHEAD:
                    threads.submit(None, partial(next, pages, None))  # a page takes a request too
                    listing = True
                if not (listing or window):
                    return
                done = threads.done() or _stuck(threads)
                self._accept([(*end.tag, end.value) for end in done if end.tag and not end.error])
                for end in done:
                    if end.error:
                        raise end.error
                    if end.tag is None:
                        listing, ended = False, end.value is None
                        if end.value:
                            window.append(self._start(end.value, threads))
                while window and not window[0].missing:
                    page = window.popleft()
                    yield page.groups(), page.transfer()

    def _pages(self, urls: list[str]) -> Iterator[list[tuple[Store, StoredObject]]]:
        """List URLs. Objects that were named and not listed have no size."""
        named: list[tuple[Store, StoredObject]] = []
        for url in urls:
            store, key, is_object = self._stores.open(url)
            if not is_object:
                if named:
                    yield named
                    named = []
                empty = True
                try:
                    for page in store.pages(key):
                        empty = False
                        yield [(store, found) for found in _without_folders(page) if self._wanted(url, found)]
                except StoreError as error:
                    raise ImgcostError(f"cannot list {url}: {error.reason}") from error
                if not empty or not key:
                    continue
            found = StoredObject(url, key)
            if self._wanted(url, found):
                named.append((store, found))
        if named:
            yield named

    def _wanted(self, top: str, found: StoredObject) -> bool:
        """Whether the globs accept an object and each of its parent folders."""
        if self._matches is None:
            return True
        top = top.rstrip("/")
        folder, _, name = found.url.rpartition("/")
        parent = top
        for part in filter(None, folder[len(top) :].split("/")):
            if not self._matches(parent, part, is_folder=True):
                return False
            parent = f"{parent}/{part}"
        return self._matches(folder, name, is_folder=False)

    def _start(self, objects: list[tuple[Store, StoredObject]], threads: Threads) -> _Page:
        """Request what is not known yet."""
        page = _Page(objects)
        cached = self._cached(objects)
        for index, (store, found) in enumerate(objects):
            if result := cached.get(found.url):
                page.cached += 1
                page.set(index, Probed(result))
            elif found.url.lower().endswith(ARCHIVE_SUFFIXES):
                page.set(index, Probed(_archive(found.url)))
            else:
                threads.submit((page, index), partial(probe_object, store, found, threads.stopped))
        return page

    def _cached(self, objects: list[tuple[Store, StoredObject]]) -> dict[str, ScanResult]:
        if self._cache is None:
            return {}
        return self._cache.cached_objects(
            {found.url: (found.size, found.version) for _, found in objects if found.size is not None and found.version}
        )

    def _accept(self, ends: list[tuple[_Page, int, Probed]]) -> None:
        """Take results, and cache them as soon as they arrive, so that a scan that is killed loses none."""
        for page, index, probed in ends:
            page.set(index, probed)
        if self._cache and ends:
            self._cache.store([("", [probed.result for _, _, probed in ends if probed.failure is None])])
        for _, _, probed in ends:
            self._judge(probed)

    def _judge(self, probed: Probed) -> None:
        """Raise an error once it is clear that the rest of the scan would fail too."""
        failure = probed.failure
        if failure is None or failure.problem in {"missing", "invalid"}:
            self._answered, self._failures = True, 0
            return
        self._failures += 1
        refused = failure.problem == "denied" and not self._answered and self._failures >= DENIED
        if refused or (failure.problem == "unavailable" and self._failures >= FAILURES):
            raise ImgcostError(
                f"{plural(self._failures, 'object')} in a row could not be read, the last one is {probed.result.path}: "
                f"{failure.reason}"
            )


def _stuck(threads: Threads) -> list[Done]:
    """Give up the running calls: a server sends something now and then, and never ends.

    Raises:
        ImgcostError: One of them lists objects.
    """
    reason = f"no answer within {STUCK_SECONDS:.0f} seconds"
    error = StoreError("unavailable", reason)
    ends: list[Done] = []
    for tag in threads.give_up():
        if tag is None:
            raise ImgcostError(f"cannot list objects: {reason}")
        page, index = tag
        ends.append(Done(tag, Probed(Unreadable(page.objects[index][1].url, "no-access", reason), error, 1)))
    return ends


def _without_folders(page: list[StoredObject]) -> Iterator[StoredObject]:
    """Skip the empty objects that web consoles create as folders: the next object is below them."""
    for found, following in zip_longest(page, page[1:]):
        if found.size or following is None or not following.key.startswith(f"{found.key}/"):
            yield found


def _archive(url: str) -> Unreadable:
    return Unreadable(url, "archive-not-entered", "an archive; in object stores they are not read: download it first")
