"""Duplicates: images with the same bytes as an earlier one, found with few reads."""

from __future__ import annotations

import os
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest
from conftest import fewer_examples, png
from hypothesis import given
from hypothesis import strategies as st

from imgcost.files import Image, Unreadable, Walk, chunks, duplicates, probe, probe_archive, probe_chunk
from imgcost.files.duplicates import Duplicates


def probed(folder):
    return [group for chunk in chunks(Walk().steps([str(folder)])) for group in probe_chunk(chunk)]


def marks(groups):
    """Map each duplicate to the original, by name."""
    return {
        Path(file.path).name: Path(file.duplicate_of).name
        for _, files in groups
        for file in files
        if isinstance(file, Image) and file.duplicate_of
    }


@pytest.fixture
def read(monkeypatch):
    """Record the names of files that are read completely, in order."""
    names = []
    digest = duplicates._digest

    def spy(path):
        names.append(Path(path).name)
        return digest(path)

    monkeypatch.setattr(duplicates, "_digest", spy)
    return names


def test_a_duplicate_names_the_first_file_with_the_same_bytes(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "c.png", "sub/0.png"):
        (tmp_path / name).write_bytes(png(10, 20, b"same"))
    (tmp_path / "b.png").write_bytes(png(10, 20, b"else"))
    groups = probed(tmp_path)
    marked = Duplicates().mark(groups)
    assert marks(marked) == {"c.png": "a.png", "0.png": "a.png"}
    assert [folder for folder, _ in marked] == [folder for folder, _ in groups]
    assert [file._replace(duplicate_of=None) for _, files in marked for file in files] == [
        file for _, files in groups for file in files
    ]


def test_duplicates_are_found_across_parts_of_a_scan(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(10, 20))
    tracker = Duplicates()
    assert marks(tracker.mark([("", [probe(str(tmp_path / "a.png"))])])) == {}
    assert marks(tracker.mark([("", [probe(str(tmp_path / "b.png"))])])) == {"b.png": "a.png"}


def test_the_same_size_and_dimensions_do_not_make_a_duplicate(tmp_path):
    (tmp_path / "a.png").write_bytes(png(10, 20, b"1"))
    (tmp_path / "b.png").write_bytes(png(10, 20, b"2"))
    assert marks(Duplicates().mark(probed(tmp_path))) == {}


def test_only_candidates_are_read_and_each_once(tmp_path, read):
    (tmp_path / "alone.png").write_bytes(png(1, 1))
    (tmp_path / "longer.png").write_bytes(png(1, 1, b"longer"))
    (tmp_path / "other-size.png").write_bytes(png(2, 1))
    (tmp_path / "nothing.png").write_bytes(b"")
    (tmp_path / "other-nothing.png").write_bytes(b"")
    for name in ("pair-1", "pair-2", "pair-3"):
        (tmp_path / f"{name}.png").write_bytes(png(3, 1, b"pair"))
    assert marks(Duplicates().mark(probed(tmp_path))) == {"pair-2.png": "pair-1.png", "pair-3.png": "pair-1.png"}
    assert read == ["pair-1.png", "pair-2.png", "pair-3.png"]


def test_files_longer_than_a_block_are_compared_completely(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates, "_READ_BYTES", 16)
    for name, end in (("a", b"1"), ("b", b"2"), ("c", b"2")):
        (tmp_path / name).write_bytes(png(5, 5, bytes(100) + end))
    assert marks(Duplicates().mark(probed(tmp_path))) == {"c": "b"}


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_a_file_deleted_before_it_was_read_is_not_a_duplicate(tmp_path, gone):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(png(5, 5))
    groups = probed(tmp_path)
    (tmp_path / gone).unlink()
    first, second = sorted({"a", "b", "c"} - {gone})
    assert marks(Duplicates().mark(groups)) == {second: first}


def test_members_of_archives_are_not_compared(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a.png", png(5, 5))
        archive.writestr("b.png", png(5, 5))
    groups = [group for part in probe_archive(str(tmp_path / "z.zip")) for group in part]
    assert [len(files) for _, files in groups] == [2]
    assert Duplicates().mark(groups) == groups


def test_a_member_of_an_archive_does_not_hide_later_duplicates(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("m.png", png(5, 5))
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(png(5, 5))
    groups = [group for part in probe_archive(str(tmp_path / "z.zip")) for group in part]
    files = [("", [probe(str(tmp_path / name)) for name in ("a", "b")])]
    assert marks(Duplicates().mark([*groups, *files])) == {"b": "a"}


def test_the_same_file_given_twice_is_a_duplicate(tmp_path):
    """An image that is sent twice costs twice."""
    (tmp_path / "a").write_bytes(png(5, 5))
    path = str(tmp_path / "a")
    assert marks(Duplicates().mark([("", [probe(path), probe(path)])])) == {"a": "a"}


def test_unreadable_files_are_unchanged():
    groups = [("", [Unreadable("a", "empty", "nothing in it"), Unreadable("a", "empty", "nothing in it")])]
    assert Duplicates().mark(groups) == groups


@fewer_examples(percent=34)
@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([b"", b"1", b"2", b"22"])), max_size=8))
def test_a_file_is_a_duplicate_if_an_earlier_file_has_the_same_bytes(contents):
    with tempfile.TemporaryDirectory() as folder:
        expected, first = {}, {}
        for number, (width, tail) in enumerate(contents):
            (Path(folder) / str(number)).write_bytes(png(width, 1, tail))
            earlier = first.setdefault((width, tail), str(number))
            if earlier != str(number):
                expected[str(number)] = earlier
        assert marks(Duplicates().mark(probed(folder))) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_file_replaced_by_a_named_pipe_is_not_a_duplicate_and_does_not_hang(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(png(10, 20))
    groups = probed(tmp_path)
    for name in ("a.png", "b.png"):
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
    marked = []
    scan = threading.Thread(target=lambda: marked.append(marks(Duplicates().mark(groups))), daemon=True)
    scan.start()
    scan.join(30)
    assert marked == [{}]
