"""A whole scan: walk, probe in parallel, reuse what is known, mark duplicates, count, and write reports."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.files import FileBatch, Walk, chunks, probe_archive, probe_chunk, spread
from imgcost.quotes import quotes
from imgcost.summaries import ScanSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from os import PathLike

    from imgcost.files import Archive, Chunk, Found, Group
    from imgcost.files.caches import HeaderCache
    from imgcost.quotes import Quote
    from imgcost.reports.sinks import Encode, ScanSink

__all__ = ["Scan", "summarize"]


class Scan(NamedTuple):
    """What to find out about the images under some paths.

    Attributes:
        quotes: The quotes of the models asked for; the first decides the costliest folders and the platform's limits.
        compared: Quotes of other models to count for.
        walk: How to walk.
        jobs: The most worker processes. Where this process cannot be forked, each imports the main module again, which is
            that of the command line.
        details: Whether rows are to tell orientation and animation.
        dedupe: Whether to look for duplicates, and count identical contents once.
        cache: A file that remembers what was read, or None.
    """

    quotes: tuple[Quote, ...]
    compared: tuple[Quote, ...] = ()
    walk: Walk = Walk()
    jobs: int = 1
    details: bool = False
    dedupe: bool = False
    cache: str | None = None

    def run(
        self,
        paths: Iterable[str | PathLike[str]],
        sinks: Iterable[ScanSink] = (),
        *,
        progress: Callable[[int], None] = lambda _files: None,
        warn: Callable[[str], None] = lambda _notice: None,
    ) -> ScanSummary:
        """Carry it out.

        Memory does not grow with the number of files, except for what is unreadable, the folders and, where duplicates
        are looked for, one entry per image.

        Args:
            paths: Files, folders and archives; taken one by one.
            sinks: Where the parts of the scan go, in their order; at the end each gets the summary.
            progress: Called with the number of files done since the last call.
            warn: Called with what a person should know, such as that a cache was damaged.

        Returns:
            The sums.

        Raises:
            ImgcostError: The cache is not one, or a worker process was killed.
        """
        sinks = list(sinks)
        asked = {quote.model.id for quote in self.quotes}
        compared = tuple(quote for quote in self.compared if quote.model.id not in asked)
        empty = partial(ScanSummary, self.quotes, compared, tuple(rule for sink in sinks for rule in sink.rules))
        digest = _Digest(empty, tuple(sink.encode for sink in sinks))
        total = empty()
        with ExitStack() as stack:
            pieces = stack.enter_context(closing(self._pieces(paths, digest, warn)))
            for piece in pieces:
                for sink, encoded in zip(sinks, piece.encoded, strict=True):
                    sink.writer.write(encoded)
                total.merge(piece.summary)
                progress(piece.files)
        for sink in sinks:
            sink.writer.finish(total)
        return total

    def _pieces(
        self, paths: Iterable[str | PathLike[str]], digest: _Digest, warn: Callable[[str], None]
    ) -> Generator[_Piece]:
        tasks = chunks(self.walk.steps(paths))
        # A cache serves later scans too, which may want details.
        probe = partial(probe_chunk, details=self.details or bool(self.cache))
        members = partial(_members, wanted=self.walk.matches)
        if not (self.dedupe or self.cache):
            # Nothing is asked of the scan as a whole: workers can do all, and only sums and rows travel back.
            work, stream = partial(_probe_and_digest, probe, digest), partial(_each, members, digest)
            yield from spread(tasks, work, stream, self.jobs, spawn=True)
            return
        found: Generator[list[Group]]
        with ExitStack() as stack:
            if self.cache:
                from imgcost.files.caches import HeaderCache  # noqa: PLC0415 - most scans need no database

                cache = stack.enter_context(HeaderCache(self.cache))
                stack.callback(lambda: deque(map(warn, cache.notices), maxlen=0))
                found = _remembering(cache, tasks, probe, members, self.jobs)
            else:
                found = spread(tasks, probe, members, self.jobs, spawn=True)
            mark: Callable[[list[Group]], list[Group]] = list
            if self.dedupe:
                from imgcost.files.duplicates import Duplicates  # noqa: PLC0415 - nor digests

                mark = Duplicates().mark
            for groups in stack.enter_context(closing(found)):
                yield digest(mark(groups))


class _Piece(NamedTuple):
    """What a part of the scan adds."""

    summary: ScanSummary
    encoded: list[Any]
    files: int


class _Digest(NamedTuple):
    """Turns what was found into sums and encoded parts of reports; it travels to worker processes."""

    empty: Callable[[], ScanSummary]
    encoders: tuple[Encode, ...]

    def __call__(self, groups: list[Group]) -> _Piece:
        summary = self.empty()
        summary.add(groups)
        return _Piece(summary, [encode(groups) for encode in self.encoders], sum(len(found) for _, found in groups))


class _Members(list["Group"]):
    """What was found in an archive: nothing that the cache knows or keeps."""


def _members(archive: Archive, wanted: Callable[..., bool] | None) -> Iterator[list[Group]]:
    return map(_Members, probe_archive(archive.path, wanted))


def _probe_and_digest(probe: Callable[[Chunk], list[Group]], digest: _Digest, chunk: Chunk) -> _Piece:
    return digest(probe(chunk))


def _each(members: Callable[[Archive], Iterator[list[Group]]], digest: _Digest, archive: Archive) -> Iterator[_Piece]:
    return (digest(groups) for groups in members(archive))


def _remembering(
    cache: HeaderCache,
    tasks: Iterable[Chunk | Archive],
    probe: Callable[[Chunk], list[Group]],
    members: Callable[[Archive], Iterator[list[Group]]],
    jobs: int,
) -> Generator[list[Group]]:
    """Probe only the files that the cache does not know, and put both together again in their order."""
    asked: deque[tuple[Chunk, dict[str, Found]]] = deque()

    def unknown() -> Iterator[Chunk | Archive]:
        for task in tasks:
            if not isinstance(task, list):
                yield task
                continue
            known = cache.known(task)
            asked.append((task, known))
            yield [
                step._replace(names=[name for name in step.names if step.path_of(name) not in known])
                if isinstance(step, FileBatch)
                else step
                for step in task
            ]

    for groups in spread(unknown(), probe, members, jobs, spawn=True):
        if isinstance(groups, _Members):
            yield groups
            continue
        chunk, known = asked.popleft()
        cache.keep(groups)
        yield [
            (folder, _together(step, known, found)) if isinstance(step, FileBatch) else (folder, found)
            for step, (folder, found) in zip(chunk, groups, strict=True)
        ]


def _together(batch: FileBatch, known: dict[str, Found], probed: list[Found]) -> list[Found]:
    rest = iter(probed)
    return [known.get(path) or next(rest) for path in map(batch.path_of, batch.names)]


def summarize(
    *paths: str | PathLike[str],
    model: str | Sequence[str] = "sonnet",
    walk: Walk | None = None,
    dedupe: bool = False,
    **choices: Any,
) -> ScanSummary:
    """Add up what the images under some paths cost.

    Args:
        *paths: Files, folders and archives.
        model: A model's name or several; a family such as `sonnet` means its newest active model on that date.
        walk: How to walk; into archives and not through links to folders if None.
        dedupe: Whether to count files with the same bytes once.
        **choices: `as_of`, `formula`, `batch`, `cache`, `inference_geo`, `platform`, `endpoint` and `speed`, as in
            `imgcost.estimate`.

    Returns:
        The sums: images, tokens and dollars for each model, folders, fixable images, unreadable files.

    Raises:
        UnknownModelError: No table lists a model's name.
        NoPriceError: A model has no such price on that date, or did not read images yet.

    >>> summarize("data/samples/web", model="claude-sonnet-4-6")
    <ScanSummary images=4 claude-sonnet-4-6=$0.00147 unreadable=0>
    """
    names = [model] if isinstance(model, str) else model
    return Scan(quotes(names, **choices), walk=walk or Walk(), dedupe=dedupe).run(paths)
