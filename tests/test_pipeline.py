"""Whole scans: the same totals and rows for any number of processes, with and without a cache."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from conftest import SAMPLES, png
from quoting import quoted, reporting

from imgcost import geometry
from imgcost.acceptance import Reason
from imgcost.errors import ImgcostError
from imgcost.files import Image, Walk, scan, workers
from imgcost.pipeline import Scan
from imgcost.reports.sinks import ScanSink
from imgcost.reports.writers import open_scan

DAY = date(2026, 11, 22)
AREA, PATCH, OPUS = (quoted(name, as_of=DAY) for name in ("claude-3-sonnet", "claude-opus-4-6", "claude-opus-5-5"))
LONG_AGO = 1_600_000_000 * 10**9


def facts(summary):
    return {**vars(summary), "images": summary.images}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Folders for several chunks, with duplicates, damaged files, links and archives."""
    top = tmp_path_factory.mktemp("tree")
    for folder, files in (("a", 700), ("b", 700), ("c", 1500), ("d", 3)):
        (top / folder).mkdir()
        for number in range(files):
            content = png(1 + number % 50, 1 + number // 50) if number % 90 else b""
            (top / folder / f"{number:04}.png").write_bytes(content)
            os.utime(top / folder / f"{number:04}.png", ns=(LONG_AGO, LONG_AGO))
    (top / "b" / "link").symlink_to("nothing")
    (top / "d" / "notes.txt").write_bytes(b"notes")
    with zipfile.ZipFile(top / "b" / "two.zip", "w") as archive:
        archive.writestr("x.png", png(100, 100))
        archive.writestr("in/y.png", b"")
        archive.writestr("in/z.jpg", png(100, 100))
    with tarfile.open(top / "b" / "more.tar", "w") as archive:
        archive.add(top / "c" / "0001.png", "one.png")
    return top


def scanned(path, tree, *, suffix=".jsonl", details=True, **options):
    """Return the summary, the bytes of the rows, the progress steps and the notices of a scan."""
    steps, notices = [], []
    path = path.with_suffix(suffix)
    with open_scan(str(path), (AREA, PATCH)) as sink:
        summary = Scan((AREA, PATCH), (OPUS,), **options).run(
            [tree], [sink._replace(details=details)], progress=steps.append, warn=notices.append
        )
    return facts(summary), path.read_bytes(), sum(steps), notices


def test_a_summary_has_the_sums_of_a_scan(tree, tmp_path):
    files = list(scan(tree, details=False))
    images = [file for file in files if isinstance(file, Image)]
    summary = Scan((AREA, PATCH), (OPUS,)).run([tree])
    assert summary.images == len(images) > 2000
    assert summary.unreadable == [file for file in files if not isinstance(file, Image)]
    assert summary.file_bytes == sum(file.file_bytes for file in images)
    for quote in (AREA, PATCH, OPUS):
        tokens = [geometry.image_tokens(file.width, file.height, quote.tier, quote.formula) for file in images]
        assert summary.tokens(quote.rule) == sum(tokens)
    rows, expected = tmp_path / "rows.csv", tmp_path / "expected.csv"
    with open_scan(str(rows), (AREA, PATCH)) as sink:
        Scan((AREA, PATCH)).run([tree], [sink])
    with reporting(expected, (AREA, PATCH)) as report:
        report.add([("", files)])
    assert rows.read_bytes() == expected.read_bytes()


@pytest.mark.slow  # starts workers
@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
@pytest.mark.parametrize(("cache", "dedupe"), list(itertools.product([False, True], repeat=2)))
def test_two_processes_give_the_same_results_as_one(tree, tmp_path, monkeypatch, suffix, cache, dedupe):
    monkeypatch.setattr(workers, "ALONE_SECONDS", 0)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 0)
    pools = []
    spread_over_processes = workers._spread_over_processes

    def spy(tasks, work, stream, jobs, method):
        pools.append(jobs)
        return spread_over_processes(tasks, work, stream, jobs, method)

    monkeypatch.setattr(workers, "_spread_over_processes", spy)
    results = [
        scanned(
            tmp_path / "rows",
            tree,
            suffix=suffix,
            jobs=jobs,
            dedupe=dedupe,
            cache_file=str(tmp_path / f"cache-{number}") if cache else None,
        )
        for number, jobs in ((1, 1), (2, 2), (2, 2))
    ]
    assert pools == [2, 2]
    assert results[0] == results[1] == results[2]
    assert (results[0][0]["duplicates"] > 500) == dedupe
    if not dedupe:
        assert results[0] == scanned(tmp_path / "plain", tree, suffix=suffix)


def test_archives_keep_their_position(tree, tmp_path):
    for cache in (None, str(tmp_path / "cache"), str(tmp_path / "cache")):
        _, rows, _, _ = scanned(tmp_path / "rows.csv", tree, suffix=".csv", cache_file=cache)
        paths = list(dict.fromkeys(line.split(b",")[0].decode() for line in rows.splitlines()[1:]))
        inside = [number for number, path in enumerate(paths) if ".zip" in path or ".tar" in path]
        assert [paths[number].removeprefix(str(tree)) for number in inside] == [
            "/b/more.tar/one.png",
            "/b/two.zip/x.png",
            "/b/two.zip/in/y.png",
            "/b/two.zip/in/z.jpg",
        ]
        assert inside == list(range(inside[0], inside[0] + 4))
        assert paths[inside[0] - 1].endswith("b/0699.png")
        assert paths[inside[-1] + 1].endswith("c/0000.png")


def test_the_options_of_the_walk_apply(tree):
    summary = Scan((AREA,), walk=Walk(include=("x.png", "000?.png"), archives=True)).run([tree / "b", tree / "d"])
    assert summary.images == 9 + 1 + 2
    assert [file.problem for file in summary.unreadable] == ["missing", "empty", "empty"]
    summary = Scan((AREA,), walk=Walk(archives=False)).run([tree / "b"])
    assert [file.problem for file in summary.unreadable][-2:] == ["archive-not-entered"] * 2


@pytest.mark.parametrize("options", [{}, {"cache_file": True}, {"dedupe": True}, {"cache_file": True, "dedupe": True}])
def test_progress_adds_up_to_all_files(tree, tmp_path, options):
    if "cache_file" in options:
        options = options | {"cache_file": str(tmp_path / "cache")}
    _, _, files, _ = scanned(tmp_path / "rows", tree, **options)
    assert files == len(list(scan(tree, details=False)))


def test_details_are_read_only_if_needed(tmp_path):
    for details in (False, True):
        _, rows, _, _ = scanned(tmp_path / "rows", SAMPLES / "animations/new-notebook.gif", details=details)
        assert (b'"animated": true' in rows) == details
        summary, _, _, _ = scanned(tmp_path / "rows", SAMPLES / "formats/senate-1871.tif", details=details)
        assert (summary["images"], dict(summary["fixable"])) == (1, {Reason("format", "TIFF"): 1})  # always measured


def test_a_cache_filled_without_details_serves_a_scan_with_details(tmp_path):
    cache = str(tmp_path / "cache")
    scanned(tmp_path / "rows", SAMPLES, cache_file=cache, details=False)
    assert scanned(tmp_path / "rows", SAMPLES, cache_file=cache) == scanned(tmp_path / "rows", SAMPLES)


def test_duplicates_have_rows_but_are_excluded_from_totals(tree, tmp_path):
    summary, rows, _, _ = scanned(tmp_path / "rows", tree / "d", dedupe=True)
    again, _, _, _ = scanned(tmp_path / "rows", tree / "d")
    assert summary == again
    with open_scan(str(tmp_path / "two.jsonl"), (AREA, PATCH)) as sink:
        twice = Scan((AREA, PATCH), (OPUS,), dedupe=True).run([tree / "d", f"{tree}/d/."], [sink])
    assert twice.duplicates == twice.images == 2
    assert twice.tokens_of_duplicates(AREA.rule) == twice.tokens(AREA.rule)
    assert len((tmp_path / "two.jsonl").read_bytes().splitlines()) == 2 * len(rows.splitlines())


def test_tokens_are_counted_once_for_models_with_the_same_rule():
    summary = Scan((PATCH, quoted("claude-opus-4-5", as_of=DAY)), (PATCH,)).run([SAMPLES / "web"])
    assert summary.token_rules == (PATCH.rule,)


def test_several_writers_receive_every_part(tree, tmp_path):
    with open_scan(str(tmp_path / "a.csv"), (AREA,)) as first, open_scan(str(tmp_path / "b.jsonl"), (AREA,)) as second:
        Scan((AREA,)).run([tree], [first, second])
    lines = len((tmp_path / "b.jsonl").read_bytes().splitlines())
    assert len((tmp_path / "a.csv").read_bytes().splitlines()) == 1 + lines == 1 + len(list(scan(tree)))


def test_notices_of_the_cache_are_reported(tree, tmp_path):
    (tmp_path / "cache").write_bytes(b"")
    assert scanned(tmp_path / "rows", tree / "d", cache_file=str(tmp_path / "cache"))[3] == []
    with pytest.raises(ImgcostError, match="cannot use the cache"):
        Scan((AREA,), cache_file=str(tmp_path)).run([tree / "d"])


def test_notices_are_reported_even_if_a_scan_is_interrupted(tree, tmp_path, monkeypatch):
    from imgcost.files.header_cache import HeaderCache  # noqa: PLC0415 - where it is patched

    known = HeaderCache.cached

    def noticing(self, chunk):
        self.notices.append("a notice")
        return known(self, chunk)

    def interrupt(_files):
        raise KeyboardInterrupt

    monkeypatch.setattr(HeaderCache, "cached", noticing)
    notices = []
    with pytest.raises(KeyboardInterrupt):
        Scan((AREA,), cache_file=str(tmp_path / "cache")).run([tree / "d"], progress=interrupt, warn=notices.append)
    assert notices == ["a notice"]


class Full:
    """A writer whose disk is full at the second part."""

    pieces = 0

    def write(self, _encoded):
        self.pieces += 1
        if self.pieces == 2:
            raise OSError(28, "No space left on device")


@pytest.mark.parametrize("options", [{}, {"dedupe": True}, {"cache_file": "cache"}])
def test_a_writer_that_fails_ends_the_scan(tree, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        Scan((AREA,), **options).run([tree], [ScanSink(len, Full())])


HALF_A_MESSAGE = """
import multiprocessing, os, sys, time
from pathlib import Path
from imgcost.files import FileBatch, workers

workers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0
begun = Path(sys.argv[1])

def wait_for(true):
    for _ in range(200):
        if true():
            return
        time.sleep(0.01)

class Slow:  # unpickling it takes until the workers have ended
    def __reduce__(self):
        return wait_for, (gone,)

def gone():
    return not multiprocessing.active_children()

def work(chunk):
    name = chunk[0].names[0]
    if name == "slow":
        time.sleep(0.2)
        return Slow()
    if name == "large":
        time.sleep(0.5)
        begun.touch()
        return bytes(1 << 20)  # more than fits a pipe: the worker is ended while sending

def tasks():
    for name in ("here", "slow", "large"):
        yield [FileBatch("", [name])]
    wait_for(begun.exists)
    time.sleep(0.3)
    raise OSError("full")

try:
    list(workers.spread(tasks(), work, None, 2))
except OSError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_workers_killed_while_they_send_a_result_are_not_awaited(tmp_path):
    code = [sys.executable, "-c", HALF_A_MESSAGE, str(tmp_path / "begun")]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.communicate(timeout=6) == ("full\n", None)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_scan_without_paths_has_no_images():
    assert Scan((AREA,)).run([]).images == 0
