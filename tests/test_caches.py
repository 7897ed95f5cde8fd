"""The cache of a scan: used for unchanged files only, and never if it is damaged."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from command_line import refused
from conftest import fewer_examples, png
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost.errors import ImgcostError
from imgcost.files import FileBatch, Unreadable, header_cache, probe_chunk, probing
from imgcost.files.header_cache import HeaderCache
from imgcost.pipeline import Scan
from imgcost.reports.writers import open_scan

pytestmark = pytest.mark.slow  # edits a cache at random

LONG_AGO = 1_600_000_000 * 10**9
"""A modification time that is old enough to be trusted, nanoseconds."""

QUOTES = (quoted("claude-3-sonnet"),)


def write(path, data, mtime_ns=LONG_AGO):
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))


class Workspace:
    """A folder of files with a cache next to it, and the effects of a scan."""

    def __init__(self, folder):
        self.folder = folder / "files"
        self.cache = folder / "cache"
        self.folder.mkdir()
        self.notices = []

    def put(self, name, data, mtime_ns=LONG_AGO):
        write(self.folder / name, data, mtime_ns)

    def rows(self, *, cache=True, details=True, **options):
        target = self.folder.parent / "rows.jsonl"
        scan = Scan(QUOTES, cache_file=str(self.cache) if cache else None, **options)
        with open_scan(str(target), QUOTES) as sink:
            summary = scan.run([str(self.folder)], [sink._replace(details=details)], warn=self.notices.append)
        return target.read_bytes(), summary.tokens(summary.token_rules[0]), summary.unreadable

    def cached_names(self):
        with sqlite3.connect(self.cache) as database:
            names = [Path(os.fsdecode(path)).name for (path,) in database.execute("SELECT path FROM files ORDER BY 1")]
        database.close()
        return names


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def filled(workspace):
    """A folder whose files are all in the cache."""
    for number in range(12):
        workspace.put(f"{number:02}.png", png(28 * (number + 1), 28))
    workspace.put("broken.png", png(1, 1)[:20])
    workspace.put("empty.png", b"")
    workspace.put("notes.txt", b"notes")
    workspace.rows()
    return workspace


@pytest.fixture
def opened(monkeypatch):
    """Record the names of files that a scan opens."""
    names = []
    system_open = os.open

    def spy(path, flags, *rest, **options):
        if flags == probing._OPEN_FLAGS:
            names.append(Path(path).name)
        return system_open(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", spy)
    return names


# Files that are opened again


def test_a_second_scan_opens_only_changed_files(filled, opened):
    expected = filled.rows(cache=False)
    opened.clear()
    assert filled.rows() == expected
    assert opened == []
    assert filled.notices == []


def test_problems_with_contents_are_cached_too(filled):
    assert {"broken.png", "empty.png", "notes.txt"} <= set(filled.cached_names())
    _, _, unreadable = filled.rows()
    assert [file.problem for file in unreadable] == ["damaged", "empty", "not-an-image"]
    assert all(isinstance(file, Unreadable) for file in unreadable)


@pytest.mark.parametrize(
    ("data", "mtime_ns"),
    [(png(99, 99, b"longer"), LONG_AGO), (png(99, 28), LONG_AGO + 1), (png(99, 28), LONG_AGO - 1)],
    ids=["size", "later", "earlier"],
)
def test_a_changed_file_is_read_again(filled, opened, data, mtime_ns):
    filled.put("03.png", data, mtime_ns)
    assert filled.rows() == filled.rows(cache=False)
    assert opened[0] == "03.png"
    opened.clear()
    filled.rows()
    assert opened == []


def test_new_files_are_read_and_deleted_files_disappear(filled, opened):
    (filled.folder / "05.png").unlink()
    filled.put("035.png", png(7, 7))
    rows, _, _ = filled.rows()
    assert opened == ["035.png"]
    assert b"05.png" not in rows
    assert rows == filled.rows(cache=False)[0]


def test_a_renamed_file_is_read_again(filled, opened):
    (filled.folder / "05.png").rename(filled.folder / "renamed.png")
    filled.rows()
    assert opened == ["renamed.png"]


def test_files_are_cached_by_absolute_path(filled, opened, monkeypatch):
    monkeypatch.chdir(filled.folder)
    summary = Scan(QUOTES, cache_file=str(filled.cache)).run(["."])
    assert (summary.images, opened) == (12, [])
    assert [file.path for file in summary.unreadable] == ["./broken.png", "./empty.png", "./notes.txt"]


def test_a_name_that_is_not_utf_8_is_found_in_the_cache(workspace, opened):
    name = os.fsdecode(b"caf\xe9.png")
    workspace.put(name, png(5, 5))
    assert workspace.rows() == workspace.rows()
    assert opened == [name]


def test_unreachable_paths_are_not_cached(workspace):
    workspace.put("a.png", png(5, 5))
    (workspace.folder / "link").symlink_to("nothing")
    with HeaderCache(workspace.cache) as cache:
        gone = FileBatch(str(workspace.folder), ["gone.png", "nul\0.png", "a.png"])
        groups = probe_chunk([gone])
        assert cache.cached([gone]) == {}
        cache.store([*groups, ("", [Unreadable("x", "no-access", "permission denied")])])
        (folder, files) = groups[0]
        cache._uncached[files[0].path] = header_cache._State(1, 1)
        cache.store([(folder, [Unreadable(files[0].path, "no-access", "permission denied")])])
    assert workspace.cached_names() == ["a.png"]


def test_a_recently_modified_file_is_not_cached(workspace, opened, monkeypatch):
    now = LONG_AGO + 10**12
    monkeypatch.setattr(header_cache.time, "time_ns", lambda: now)
    workspace.put("kept.png", png(5, 5), now - header_cache.RACY_NS)
    workspace.put("racy.png", png(5, 5), now - header_cache.RACY_NS + 1)
    workspace.put("to-come.png", png(5, 5), now + 10**12)
    workspace.rows()
    assert workspace.cached_names() == ["kept.png"]
    opened.clear()
    workspace.rows()
    assert opened == ["racy.png", "to-come.png"]


def test_the_same_file_twice_in_one_scan(workspace):
    workspace.put("a.png", png(28, 28))
    scan = Scan(QUOTES, cache_file=str(workspace.cache))
    path = str(workspace.folder / "a.png")
    assert [scan.run([path, path]).images for _ in range(2)] == [2, 2]


def test_more_files_than_the_limit_on_parameters_of_sqlite(workspace, opened):
    for number in range(1203):
        workspace.put(f"{number}.png", png(1 + number, 1))
    expected = workspace.rows()
    opened.clear()
    assert workspace.rows() == expected
    assert opened == []


def test_a_scan_without_details_caches_what_a_scan_with_details_needs(workspace, opened):
    workspace.put("a.tif", b"II*\0\x08\0\0\0\0\0" + bytes(20))
    workspace.put("a.png", png(1, 1))
    workspace.rows(details=False)
    assert workspace.rows() == workspace.rows(cache=False)
    assert opened == ["a.png", "a.tif"] * 2
    assert workspace.notices == []


edits = st.lists(
    st.tuples(
        st.sampled_from(["write", "touch", "delete", "scan"]),
        st.sampled_from(["a.png", "b.png", "c.png"]),
        st.sampled_from([png(5, 5), png(6, 6), png(50, 5, b"longer"), b"", b"no image", png(1, 1)[:20]]),
    ),
    max_size=10,
)


@fewer_examples(percent=14)
@given(edits)
def test_a_scan_gives_the_same_results_with_and_without_a_cache(steps):
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        for number, (edit, name, data) in enumerate([*steps, ("scan", "", b"")]):
            file = workspace.folder / name
            match edit:
                case "write":
                    workspace.put(name, data, LONG_AGO + number)
                case "touch" if file.exists():
                    os.utime(file, ns=(LONG_AGO, LONG_AGO + number))
                case "delete":
                    file.unlink(missing_ok=True)
                case "scan":
                    assert workspace.rows() == workspace.rows(cache=False)
        assert workspace.notices == []


def test_an_interrupted_scan_keeps_what_it_read(workspace, opened):
    for folder in ("a", "b"):
        (workspace.folder / folder).mkdir()
        for number in range(1000):
            workspace.put(f"{folder}/{number}.png", b"")

    def interrupt(_files):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scan(QUOTES, cache_file=str(workspace.cache)).run([str(workspace.folder)], progress=interrupt)
    opened.clear()
    workspace.rows()
    assert len(opened) == 1000


# Damaged caches


def damaged(workspace):
    return sorted(path.name for path in workspace.folder.parent.iterdir() if ".damaged" in path.name)


def test_an_empty_file_is_an_empty_cache(workspace, opened):
    workspace.put("a.png", png(5, 5))
    workspace.cache.touch()
    workspace.rows()
    assert workspace.rows() == workspace.rows(cache=False)
    assert (workspace.notices, damaged(workspace), opened) == ([], [], ["a.png", "a.png"])


@pytest.mark.parametrize(
    "content", [b"not a database at all", bytes(5000), b"\xff" * 5000], ids=["text", "zeros", "ones"]
)
def test_a_file_that_is_not_a_cache_is_rejected_and_unchanged(filled, content):
    filled.cache.write_bytes(content)
    with pytest.raises(ImgcostError, match="cache is not an imgcost cache: choose another file"):
        filled.rows()
    assert filled.cache.read_bytes() == content
    assert [path.name for path in filled.folder.parent.glob("cache*")] == ["cache"]
    assert filled.notices == []


def test_another_file_as_the_cache_is_exit_code_2(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("notes", encoding="utf-8")
    assert "notes.txt is not an imgcost cache" in refused("scan", tmp_path, "--cache", notes)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert notes.read_text(encoding="utf-8") == "notes"


def broken(whole, seed=b"damaged"):
    """Return random bytes with the header of a cache."""
    return whole[:100] + seed * (len(whole) // len(seed))


def test_a_damaged_cache_is_renamed_with_a_notice(filled):
    expected = filled.rows(cache=False)
    content = broken(filled.cache.read_bytes())
    filled.cache.write_bytes(content)
    assert filled.rows() == expected
    [notice] = filled.notices
    start, end = f"the cache {filled.cache} was corrupt (", "): moved to cache.damaged, created a new one"
    assert (notice[: len(start)], notice[-len(end) :]) == (start, end)
    assert (filled.folder.parent / "cache.damaged").read_bytes() == content
    assert len(filled.cached_names()) == 15


def test_each_damaged_cache_gets_its_own_name(filled):
    whole = filled.cache.read_bytes()
    for seed in (b"1", b"2", b"3"):
        filled.cache.write_bytes(broken(whole, seed))
        filled.rows()
    assert damaged(filled) == ["cache.damaged", "cache.damaged-1", "cache.damaged-2"]
    assert (filled.folder.parent / "cache.damaged-2").read_bytes() == broken(whole, b"3")
    assert "moved to cache.damaged-2" in filled.notices[-1]


def test_journals_of_a_damaged_cache_are_not_applied_to_the_new_one(filled):
    filled.cache.write_bytes(broken(filled.cache.read_bytes()))
    for tail in ("-journal", "-wal", "-shm"):
        (filled.folder.parent / f"cache{tail}").write_bytes(b"old")
    filled.rows()
    assert sorted(path.name for path in filled.folder.parent.iterdir() if path.name.startswith("cache")) == [
        "cache",
        "cache.damaged",
    ]


def test_a_truncated_cache_never_gives_wrong_results(filled):
    expected = filled.rows(cache=False)
    whole = filled.cache.read_bytes()
    for length in range(0, len(whole), 97):
        filled.cache.write_bytes(whole[:length])
        filled.notices.clear()
        assert filled.rows() == expected
        assert len(filled.notices) == len(damaged(filled)) <= 1
        assert filled.rows() == expected
        for damaged_name in damaged(filled):
            (filled.folder.parent / damaged_name).unlink()


def test_a_cache_with_any_byte_changed_never_gives_wrong_results(filled):
    expected = filled.rows(cache=False)
    whole = filled.cache.read_bytes()
    used = [at for at, byte in enumerate(whole) if byte] + list(range(0, len(whole), 997))
    notices = foreign = 0
    for at in [*range(100), *used[100::23]]:
        for flip in (0x01, 0xFF):
            filled.cache.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            filled.notices.clear()
            try:
                assert filled.rows() == expected, at
            except ImgcostError as error:
                assert "is not an imgcost cache" in str(error)  # noqa: PT017 - most changes do not raise
                assert at in {*range(16), *range(68, 72)}, at
                foreign += 1
            notices += len(filled.notices)
            for damaged_name in damaged(filled):
                (filled.folder.parent / damaged_name).unlink()
    assert notices > 10
    assert foreign == 2 * 20


def change(workspace, statement, *values):
    database = sqlite3.connect(workspace.cache)
    database.execute(statement, values)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE files SET checksum = checksum + 1",
        "UPDATE files SET checksum = NULL",
        "UPDATE files SET found = replace(found, '28', '29')",
        "UPDATE files SET found = 'no json'",
        "UPDATE files SET found = x'ff'",
        "UPDATE files SET found = NULL",
    ],
)
def test_a_row_that_does_not_match_its_checksum_means_a_damaged_cache(filled, statement):
    expected = filled.rows(cache=False)
    change(filled, statement)
    assert filled.rows() == expected
    assert len(filled.notices) == 1
    assert "a row has a wrong checksum" in filled.notices[0]
    assert len(filled.cached_names()) == 15


@pytest.mark.parametrize("statement", ["UPDATE files SET size = size + 1", "UPDATE files SET mtime_ns = 'x'"])
def test_a_row_of_another_file_state_is_not_used(filled, opened, statement):
    change(filled, statement)
    assert filled.rows() == filled.rows(cache=False)
    assert len(opened) == 30
    assert filled.notices == []


def test_damage_found_during_a_scan_discards_the_partial_lookup(filled):
    """With damage in the second part, earlier results are used, and later files are read."""
    for number in range(1200):
        filled.put(f"more-{number:04}.png", png(1 + number, 1))
    expected = filled.rows()
    change(filled, "UPDATE files SET checksum = 0 WHERE CAST(path AS TEXT) LIKE '%more-1150.png'")
    assert filled.rows() == expected
    assert len(filled.notices) == 1


def test_damage_that_appears_only_on_writing_is_reported(filled, monkeypatch):
    expected = filled.rows(cache=False)
    filled.put("new.png", png(3, 3))
    known = HeaderCache.cached

    def damage_then(self, chunk):
        results = known(self, chunk)
        self._database.execute("DROP TABLE files")
        return results

    monkeypatch.setattr(HeaderCache, "cached", damage_then)
    assert filled.rows()[0] != expected[0]
    monkeypatch.undo()
    [notice] = filled.notices
    assert "no such table" in notice
    assert filled.cached_names() == []
    assert filled.rows() == filled.rows(cache=False)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE files (path)",
        "CREATE TABLE files (path, size, mtime_ns, found)",
        "CREATE TABLE files (a, b, c, d, e)",
    ],
)
def test_a_table_with_other_columns_is_recreated_with_a_notice(filled, schema):
    expected = filled.rows(cache=False)
    change(filled, "DROP TABLE files")
    change(filled, schema)
    assert filled.rows() == expected
    assert len(filled.notices) == 1
    assert len(filled.cached_names()) == 15


@pytest.mark.parametrize("version", [0, 1, 99])
def test_another_format_version_is_recreated_silently(filled, opened, version):
    change(filled, f"PRAGMA user_version = {version}")
    assert filled.rows() == filled.rows(cache=False)
    assert len(opened) == 30
    assert (filled.notices, damaged(filled)) == ([], [])
    assert len(filled.cached_names()) == 15


# Files that are not caches


@pytest.mark.parametrize("tables", [["mails"], ["mails", "files"]])
def test_another_sqlite_database_is_rejected_and_unchanged(workspace, tables):
    database = sqlite3.connect(workspace.cache)
    for table in tables:
        database.execute(f"CREATE TABLE {table} (a)")
    database.commit()
    database.close()
    before = workspace.cache.read_bytes()
    with pytest.raises(ImgcostError, match="cache is not an imgcost cache: choose another file"):
        workspace.rows()
    assert workspace.cache.read_bytes() == before
    assert damaged(workspace) == []


@pytest.mark.parametrize("schema", ["CREATE TABLE files (name TEXT, content BLOB)", "CREATE VIEW mine AS SELECT 1"])
def test_another_database_with_a_table_of_files_is_rejected(workspace, schema):
    database = sqlite3.connect(workspace.cache)
    database.execute(schema)
    database.commit()
    database.close()
    before = workspace.cache.read_bytes()
    with pytest.raises(ImgcostError, match="is not an imgcost cache"):
        workspace.rows()
    assert workspace.cache.read_bytes() == before


def test_a_folder_is_not_a_cache(workspace):
    workspace.cache.mkdir()
    with pytest.raises(ImgcostError, match=r"^cannot use the cache .*cache: not a regular file$"):
        workspace.rows()


def test_a_cache_in_a_missing_folder_is_rejected(workspace):
    workspace.cache = workspace.folder / "no" / "such" / "cache"
    with pytest.raises(ImgcostError, match=r"cannot use the cache .*unable to open"):
        workspace.rows()
    assert not (workspace.folder / "no").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_named_pipe_is_rejected_and_does_not_hang(workspace):
    os.mkfifo(workspace.cache)
    with pytest.raises(ImgcostError, match=r"cannot use the cache .*cache: not a regular file$"):
        workspace.rows()


def test_an_unreadable_cache_is_rejected(filled, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImgcostError, match=r"cannot use the cache .*cache: permission denied"):
        HeaderCache(filled.cache)


# Scans that share a cache


def test_scans_that_create_the_same_cache_at_once_share_it(workspace):
    """Regression: 39 of 40 scans mistook a cache under construction for a damaged one, and renamed it."""
    scans, rounds = 8, 20
    gate = threading.Barrier(scans)

    def begin(_number):
        notices = []
        for each in range(rounds):
            gate.wait(30)
            with HeaderCache(workspace.cache.with_name(f"cache-{each}")) as cache:
                notices += cache.notices
        return notices

    with ThreadPoolExecutor(scans) as pool:
        assert list(pool.map(begin, range(scans))) == [[]] * scans
    assert damaged(workspace) == []


def test_a_cache_created_by_another_scan_in_the_meantime_is_used(workspace, monkeypatch):
    """Another scan creates the table after this one has seen an empty file."""
    is_prepared, others = header_cache._is_prepared, []

    def slow(database):
        prepared = is_prepared(database)
        if not others:
            others.append(None)
            HeaderCache(workspace.cache).__exit__(None, None, None)
        return prepared

    monkeypatch.setattr(header_cache, "_is_prepared", slow)
    workspace.put("a.png", png(5, 5))
    workspace.rows()
    assert (workspace.notices, damaged(workspace), workspace.cached_names()) == ([], [], ["a.png"])


@pytest.mark.skipif(os.name == "nt", reason="there no file is moved that another scan has open")
def test_a_damaged_cache_that_another_scan_has_replaced_is_not_moved_again(filled):
    chunk = [FileBatch(str(filled.folder), ["00.png"])]
    change(filled, "UPDATE files SET checksum = 0")
    with HeaderCache(filled.cache) as first, HeaderCache(filled.cache) as second:
        for cache in (first, second):
            assert cache.cached(chunk) == {}
            cache.store(probe_chunk(chunk))
        assert len(first.notices) == 1
        assert second.notices == []
    assert damaged(filled) == ["cache.damaged"]
    assert filled.cached_names() == ["00.png"]


def test_a_damaged_cache_that_cannot_be_renamed_is_not_used(filled, monkeypatch):
    """Renaming fails on Windows while another scan has the file open."""
    change(filled, "UPDATE files SET checksum = 0")

    def refuse(*_):
        raise PermissionError(13, "in use")

    chunk = [FileBatch(str(filled.folder), ["00.png"])]
    with HeaderCache(filled.cache) as cache:
        monkeypatch.setattr(Path, "replace", refuse)
        assert cache.cached(chunk) == {}
        assert cache.cached(chunk) == {}
        cache.store(probe_chunk(chunk))
        assert len(cache.notices) == 1
        assert "continuing without the cache" in cache.notices[0]


@pytest.fixture
def hurried(monkeypatch):
    """Do not wait for locks."""
    monkeypatch.setattr(header_cache.sqlite3, "connect", partial(sqlite3.connect, timeout=0))


@pytest.mark.usefixtures("hurried")
def test_a_cache_that_is_locked_from_the_start_is_not_used(filled):
    other = sqlite3.connect(filled.cache)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ImgcostError, match=r"cannot use the cache .*cache: database is locked"):
        filled.rows()
    other.close()
    assert damaged(filled) == []


@pytest.mark.parametrize("begin", ["EXCLUSIVE", "IMMEDIATE"])
@pytest.mark.usefixtures("hurried")
def test_a_cache_that_is_locked_later_is_not_used(filled, begin):
    """Locked for reading and writing, or for writing only: the results are those of a scan without a cache."""
    filled.put("new.png", png(3, 3))
    chunk = [FileBatch(str(filled.folder), sorted(path.name for path in filled.folder.iterdir()))]
    with HeaderCache(filled.cache) as cache:
        other = sqlite3.connect(filled.cache)
        other.execute(f"BEGIN {begin}")
        known = cache.cached(chunk)
        assert len(known) == (0 if begin == "EXCLUSIVE" else 15)
        cache.store(probe_chunk(chunk))
        assert f"continuing without the cache {filled.cache}: database is locked" in cache.notices
        notices = list(cache.notices)
        assert cache.cached(chunk) == {}
        other.close()
        cache.store(probe_chunk(chunk))
        assert cache.notices == notices
    assert damaged(filled) == []
    assert "new.png" not in filled.cached_names()


@pytest.mark.usefixtures("hurried")
def test_a_locked_cache_is_reported_once(filled):
    chunk = [FileBatch(str(filled.folder), ["00.png"])]
    with HeaderCache(filled.cache) as cache:
        other = sqlite3.connect(filled.cache)
        other.execute("BEGIN EXCLUSIVE")
        cache.cached(chunk)
        cache.store(probe_chunk(chunk))
        other.close()
        assert len(cache.notices) == 1


def test_a_full_disk_is_not_damage(filled, monkeypatch):
    filled.put("new.png", png(3, 3))
    expected = filled.rows(cache=False)

    class Full:
        def __init__(self, database):
            self._database = database

        def __getattr__(self, name):
            return getattr(self._database, name)

        def executemany(self, *_):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        def commit(self):
            raise sqlite3.OperationalError("database or disk is full")

    opened = HeaderCache._open
    monkeypatch.setattr(HeaderCache, "_open", lambda self: Full(opened(self)))
    assert filled.rows() == expected
    assert filled.notices == [f"continuing without the cache {filled.cache}: database or disk is full"]
    assert damaged(filled) == []


def test_a_cache_that_was_removed_has_no_identity(tmp_path):
    assert header_cache._identity(tmp_path / "gone") is None
    assert header_cache._identity(tmp_path) is not None
