"""Run a whole scan: walk, probe in parallel, use the cache, mark duplicates, count, and write reports."""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack, closing
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imgcost.arguments import check_path_types, to_bool
from imgcost.datasets.targets import sort_targets
from imgcost.errors import ArgumentError, ImgcostError
from imgcost.files import FileBatch, Walk, chunks, probe_archive, probe_chunk, spread
from imgcost.paths import is_url
from imgcost.quoting import quotes
from imgcost.summaries import ScanSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from os import PathLike

    from imgcost.files import Archive, Chunk, Group, ScanResult
    from imgcost.files.header_cache import HeaderCache
    from imgcost.quoting import Quote
    from imgcost.reports.sinks import Encode, ScanSink

__all__ = ["Scan", "summarize"]


class Scan(NamedTuple):
    """Settings of a scan.

    Attributes:
        quotes: Quotes of the selected models. The first one decides the costliest folders and the platform's limits.
        compared: Quotes of other models, for comparison.
        walk: How to walk directories.
        jobs: Maximum number of worker processes. If this process cannot be forked, each worker imports the main module
            again, which is the command line.
        dedupe: Whether to count identical files once.
        cache_file: Path of the header cache file, or None.
    """

    quotes: tuple[Quote, ...]
    compared: tuple[Quote, ...] = ()
    walk: Walk = Walk()
    jobs: int = 1
    dedupe: bool = False
    cache_file: str | None = None

    def run(
        self,
        paths: Iterable[str | PathLike[str]],
        sinks: Iterable[ScanSink] = (),
        *,
        progress: Callable[[int], None] = lambda _files: None,
        warn: Callable[[str], None] = lambda _notice: None,
    ) -> ScanSummary:
        """Run the scan.

        Memory use does not grow with the number of files, except for one entry per folder, per unreadable file and,
        with `dedupe`, per image.

        Args:
            paths: Files, folders and archives; consumed lazily.
            sinks: Writers that receive the results in order, and the summary at the end.
            progress: Called with the number of files done since the last call.
            warn: Called with messages for the user, such as that a cache was corrupt.

        Returns:
            The sums.

        Raises:
            ImgcostError: The cache file is not a cache, or a worker process was killed.
        """
        sinks = list(sinks)
        selected = {quote.model.id for quote in self.quotes}
        compared = tuple(quote for quote in self.compared if quote.model.id not in selected)
        empty = partial(ScanSummary, self.quotes, compared, tuple(rule for sink in sinks for rule in sink.token_rules))
        summarizer = _Summarizer(empty, tuple(sink.encode for sink in sinks))
        total = empty()
        # Later scans that use the cache may need details.
        probe = partial(probe_chunk, details=bool(self.cache_file) or any(sink.details for sink in sinks))
        with ExitStack() as stack:
            results = stack.enter_context(closing(self._results(paths, probe, summarizer, warn)))
            for result in results:
                for sink, encoded in zip(sinks, result.encoded, strict=True):
                    sink.writer.write(encoded)
                total.merge(result.summary)
                progress(result.files)
        for sink in sinks:
            sink.writer.finish(total)
        return total

    def _results(
        self,
        paths: Iterable[str | PathLike[str]],
        probe: Callable[[Chunk], list[Group]],
        summarizer: _Summarizer,
        warn: Callable[[str], None],
    ) -> Generator[_ChunkResult]:
        for remote, run in groupby(paths, is_url):
            if remote:
                yield from self._remote(cast("Iterable[str]", run), summarizer, warn)
            else:
                yield from self._local(run, probe, summarizer, warn)

    def _remote(
        self, urls: Iterable[str], summarizer: _Summarizer, warn: Callable[[str], None]
    ) -> Generator[_ChunkResult]:
        from imgcost.files.stores.scanning import scan_urls  # noqa: PLC0415 - most scans read no URLs

        if self.dedupe:
            raise ImgcostError("--dedupe reads whole files: it cannot be used with URLs")
        with ExitStack() as stack:
            cache = self._open_cache(stack, warn)
            for groups, transfer in stack.enter_context(closing(scan_urls(urls, self.walk, cache))):
                result = summarizer(groups)
                result.summary.transfer = transfer
                yield result

    def _open_cache(self, stack: ExitStack, warn: Callable[[str], None]) -> HeaderCache | None:
        if self.cache_file is None:
            return None
        from imgcost.files.header_cache import HeaderCache  # noqa: PLC0415 - loads sqlite3, which most scans do not need

        cache = stack.enter_context(HeaderCache(self.cache_file))
        stack.callback(lambda: deque(map(warn, cache.notices), maxlen=0))
        return cache

    def _local(
        self,
        paths: Iterable[str | PathLike[str]],
        probe: Callable[[Chunk], list[Group]],
        summarizer: _Summarizer,
        warn: Callable[[str], None],
    ) -> Generator[_ChunkResult]:
        tasks = chunks(self.walk.steps(paths))
        members = partial(_members, wanted=self.walk.matches)
        if not (self.dedupe or self.cache_file):
            # Files are independent: workers do everything, and send back only sums and encoded rows.
            work, stream = partial(_probe_and_sum, probe, summarizer), partial(_sum_members, members, summarizer)
            yield from spread(tasks, work, stream, self.jobs, spawn=True)
            return
        groups_of_chunks: Generator[list[Group]]
        with ExitStack() as stack:
            if cache := self._open_cache(stack, warn):
                groups_of_chunks = _with_cache(cache, tasks, probe, members, self.jobs)
            else:
                groups_of_chunks = spread(tasks, probe, members, self.jobs, spawn=True)
            mark: Callable[[list[Group]], list[Group]] = list
            if self.dedupe:
                from imgcost.files.duplicates import Duplicates  # noqa: PLC0415 - same for hashes

                mark = Duplicates().mark
            for groups in stack.enter_context(closing(groups_of_chunks)):
                yield summarizer(mark(groups))


class _ChunkResult(NamedTuple):
    """Results of a part of the scan."""

    summary: ScanSummary
    encoded: list[Any]
    files: int


class _Summarizer(NamedTuple):
    """Converts images to sums and encoded rows; it is sent to worker processes."""

    empty: Callable[[], ScanSummary]
    encoders: tuple[Encode, ...]

    def __call__(self, groups: list[Group]) -> _ChunkResult:
        summary = self.empty()
        summary.add(groups)
        return _ChunkResult(
            summary, [encode(groups) for encode in self.encoders], sum(len(files) for _, files in groups)
        )


class _Members(list["Group"]):
    """Members of an archive, which are never cached."""


def _members(archive: Archive, wanted: Callable[..., bool] | None) -> Iterator[list[Group]]:
    return map(_Members, probe_archive(archive.path, wanted))


def _probe_and_sum(probe: Callable[[Chunk], list[Group]], summarizer: _Summarizer, chunk: Chunk) -> _ChunkResult:
    return summarizer(probe(chunk))


def _sum_members(
    members: Callable[[Archive], Iterator[list[Group]]], summarizer: _Summarizer, archive: Archive
) -> Iterator[_ChunkResult]:
    return (summarizer(groups) for groups in members(archive))


def _with_cache(
    cache: HeaderCache,
    tasks: Iterable[Chunk | Archive],
    probe: Callable[[Chunk], list[Group]],
    members: Callable[[Archive], Iterator[list[Group]]],
    jobs: int,
) -> Generator[list[Group]]:
    """Probe only files that are not in the cache, and merge both in the original order."""
    pending: deque[tuple[Chunk, dict[str, ScanResult]]] = deque()

    def uncached() -> Iterator[Chunk | Archive]:
        for task in tasks:
            if not isinstance(task, list):
                yield task
                continue
            cached = cache.cached(task)
            pending.append((task, cached))
            yield [
                step._replace(names=[name for name in step.names if step.path_of(name) not in cached])
                if isinstance(step, FileBatch)
                else step
                for step in task
            ]

    for groups in spread(uncached(), probe, members, jobs, spawn=True):
        if isinstance(groups, _Members):
            yield groups
            continue
        chunk, cached = pending.popleft()
        cache.store(groups)
        yield [
            (folder, _merged(step, cached, probed)) if isinstance(step, FileBatch) else (folder, probed)
            for step, (folder, probed) in zip(chunk, groups, strict=True)
        ]


def _merged(batch: FileBatch, cached: dict[str, ScanResult], probed: list[ScanResult]) -> list[ScanResult]:
    remaining = iter(probed)
    return [cached.get(path) or next(remaining) for path in map(batch.path_of, batch.names)]


def summarize(
    *paths: str | PathLike[str],
    model: str | Sequence[str] = "sonnet",
    walk: Walk | None = None,
    dedupe: bool = False,
    width: str | None = None,
    height: str | None = None,
    image: str | None = None,
    group_by: str | None = None,
    **choices: Any,
) -> ScanSummary:
    """Sum up what the images under some paths, and those in tables, cost.

    Args:
        *paths: Files, folders and archives, and tables (.parquet, .csv, .tsv, .jsonl, .arrow, .feather).
        model: One or more model names; a family such as `sonnet` means its newest active model on that date.
        walk: How to walk directories; if None, archives are scanned and symbolic links to folders are not followed.
        dedupe: Whether to count identical files once.
        width: Column of widths of the tables, px, if its name is not usual.
        height: Column of heights, px.
        image: Column of image bytes.
        group_by: Column of the tables whose values are totaled separately.
        **choices: `as_of`, `formula`, `batch`, `cache`, `inference_geo`, `platform`, `endpoint` and `speed`, as in
            `imgcost.estimate`.

    Returns:
        The sums: images, tokens and dollars per model, folders, fixable images and unreadable files.

    Raises:
        UnknownModelError: No table lists a model's name.
        NoPriceError: A model has no such price on that date, or did not read images yet.
        ImgcostError: No table can be read, or has no such column.

    >>> summarize("data/samples/web", model="claude-sonnet-4-6")
    <ScanSummary images=4 claude-sonnet-4-6=$0.00147 unreadable=0>
    """
    check_path_types(paths)
    if not isinstance(walk, Walk | None):
        raise ArgumentError("walk", walk, "an imgcost.files.Walk, or None")
    selected = quotes(model, **choices)
    targets = sort_targets([os.fspath(path) for path in paths])
    summary = Scan(selected, walk=walk or Walk(), dedupe=to_bool("dedupe", dedupe)).run(targets.files)
    if targets.tables:
        from imgcost.datasets.scanning import TableScan  # noqa: PLC0415 - loads numpy and pyarrow
        from imgcost.datasets.selection import Selection  # noqa: PLC0415 - same

        columns = Selection(width, height, image, group_by).checked()
        summary.merge(TableScan(selected, (), columns).run(targets.tables))
    return summary
