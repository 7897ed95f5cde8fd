"""A whole scan: walk, probe in parallel, reuse what is known, leave out duplicates, count, and write rows as it goes."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.files import Batch, Walk, chunks, probe_archive, probe_chunk, spread
from imgcost.tallies import Measure, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from os import PathLike

    from imgcost.caches import Cache
    from imgcost.estimates import Terms
    from imgcost.files import Archive, Chunk, Found, Group
    from imgcost.reports import RowKind, RowWriter

__all__ = ["Survey"]


class Survey(NamedTuple):
    """What to find out about the images under some paths.

    Attributes:
        settled: The terms of the models asked for; the first decides the costliest folders, each has its rows.
        compared: The terms of other models to count for.
        walk: How to walk.
        jobs: The most worker processes.
        details: Whether rows are to tell orientation and animation.
        dedupe: Whether to look for duplicates, and count identical contents once.
        cache: A file that remembers what was read, or None.
    """

    settled: tuple[Terms, ...]
    compared: tuple[Terms, ...] = ()
    walk: Walk = Walk()
    jobs: int = 1
    details: bool = False
    dedupe: bool = False
    cache: str | None = None

    def run(
        self,
        paths: Iterable[str | PathLike[str]],
        writers: Iterable[tuple[RowKind, RowWriter]] = (),
        *,
        progress: Callable[[int], None] = lambda _files: None,
        warn: Callable[[str], None] = lambda _notice: None,
    ) -> Tally:
        """Carry it out.

        Memory does not grow with the number of files, but for what is unreadable, the folders and, where duplicates
        are looked for, one entry an image.

        Args:
            paths: Files, folders and archives; taken one by one.
            writers: Where rows go, each with its format; they are written in the order of the scan.
            progress: Called with the number of files done since the last call.
            warn: Called with what a person should be told, such as that a cache was damaged.

        Returns:
            The counts.

        Raises:
            ImgcostError: The cache is no cache, or a worker process was killed from outside.
        """
        writers = list(writers)
        digest = _Digest(self._measures, self.settled, tuple(kind for kind, _ in writers))
        total = Tally(self._measures)
        with ExitStack() as stack:
            pieces = stack.enter_context(closing(self._pieces(paths, digest, warn)))
            for piece in pieces:
                for (_, writer), encoded in zip(writers, piece.rows, strict=True):
                    writer.write(encoded)
                total.merge(piece.tally)
                progress(piece.files)
        return total

    @property
    def _measures(self) -> tuple[Measure, ...]:
        return tuple(dict.fromkeys(Measure.of(terms) for terms in (*self.settled, *self.compared)))

    def _pieces(
        self, paths: Iterable[str | PathLike[str]], digest: _Digest, warn: Callable[[str], None]
    ) -> Generator[_Piece]:
        tasks = chunks(self.walk.steps(paths))
        # A cache serves later scans too, which may want details.
        probe = partial(probe_chunk, details=self.details or bool(self.cache))
        members = partial(_members, wanted=self.walk.wants)
        if not (self.dedupe or self.cache):
            # Nothing is asked of the scan as a whole: workers can do all, and only sums and rows travel back.
            yield from spread(
                tasks, partial(_probe_and_digest, probe, digest), partial(_each, members, digest), self.jobs
            )
            return
        found: Generator[list[Group]]
        with ExitStack() as stack:
            if self.cache:
                from imgcost.caches import Cache  # noqa: PLC0415 - most scans need no database

                cache = stack.enter_context(Cache(self.cache))
                stack.callback(lambda: deque(map(warn, cache.notices), maxlen=0))
                found = _remembering(cache, tasks, probe, members, self.jobs)
            else:
                found = spread(tasks, probe, members, self.jobs)
            mark: Callable[[list[Group]], list[Group]] = list
            if self.dedupe:
                from imgcost.duplicates import Duplicates  # noqa: PLC0415 - nor digests

                mark = Duplicates().mark
            for groups in stack.enter_context(closing(found)):
                yield digest(mark(groups))


class _Piece(NamedTuple):
    """What a part of the scan adds."""

    tally: Tally
    rows: list[Any]
    files: int


class _Digest(NamedTuple):
    """Turns what was found into counts and encoded rows; it travels to worker processes."""

    measures: tuple[Measure, ...]
    settled: tuple[Terms, ...]
    kinds: tuple[RowKind, ...]

    def __call__(self, groups: list[Group]) -> _Piece:
        tally = Tally(self.measures)
        tally.add(groups)
        rows = []
        if self.kinds:
            from imgcost.reports import encode  # noqa: PLC0415 - most scans write none

            rows = [encode(groups, self.settled, kind) for kind in self.kinds]
        return _Piece(tally, rows, sum(len(found) for _, found in groups))


class _Members(list["Group"]):
    """What was found in an archive: nothing that the cache knows or keeps."""


def _members(archive: Archive, wanted: Callable[..., bool] | None) -> Iterator[list[Group]]:
    return map(_Members, probe_archive(archive.path, wanted))


def _probe_and_digest(probe: Callable[[Chunk], list[Group]], digest: _Digest, chunk: Chunk) -> _Piece:
    return digest(probe(chunk))


def _each(members: Callable[[Archive], Iterator[list[Group]]], digest: _Digest, archive: Archive) -> Iterator[_Piece]:
    return (digest(groups) for groups in members(archive))


def _remembering(
    cache: Cache,
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
                if isinstance(step, Batch)
                else step
                for step in task
            ]

    for groups in spread(unknown(), probe, members, jobs):
        if isinstance(groups, _Members):
            yield groups
            continue
        chunk, known = asked.popleft()
        cache.keep(groups)
        yield [
            (folder, _together(step, known, found)) if isinstance(step, Batch) else (folder, found)
            for step, (folder, found) in zip(chunk, groups, strict=True)
        ]


def _together(batch: Batch, known: dict[str, Found], probed: list[Found]) -> list[Found]:
    rest = iter(probed)
    return [known.get(path) or next(rest) for path in map(batch.path_of, batch.names)]
