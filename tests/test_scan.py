"""Scans: samples compared with Pillow and a golden table, random trees with a naive scan, with one or more jobs."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import Counter
from itertools import groupby
from pathlib import Path

import PIL.Image
import pytest
from conftest import SAMPLES, fewer_examples, golden
from hypothesis import given
from hypothesis import strategies as st

from imgcost.errors import HeaderError
from imgcost.files import Image, Unreadable, probe_archive, scan, walking, workers
from imgcost.headers import read_header

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "PCX": "image/x-pcx",
}


def drawn(name, size, **options):
    file = io.BytesIO()
    PIL.Image.new("RGB", size, "teal").save(file, name, **options)
    return file.getvalue()


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


PNG = drawn("PNG", (31, 17))
JPEG = drawn("JPEG", (640, 480), icc_profile=bytes(200_000))
CONTENTS = [
    PNG,
    JPEG,
    drawn("GIF", (9, 8)),
    drawn("WEBP", (20, 10)),
    drawn("BMP", (5, 4)),
    drawn("PCX", (7, 4)),
    JPEG[:100],
    b"%PDF-1.7\n",
    b"",
    b"words\n",
]


@pytest.fixture
def eager(monkeypatch):
    """Start workers after two chunks, and make chunks small.

    Libraries that other tests import leave idle threads behind, with which a scan would stay in this process.
    """
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(walking, "FILES_PER_BATCH", 3)
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e-12)


@pytest.fixture
def collection(tmp_path):
    """Folders with one file of each type of content, and archives."""
    for folder in ("a", "b", "b/c", "d"):
        (tmp_path / folder).mkdir()
        for number, data in enumerate(CONTENTS):
            (tmp_path / folder / f"{number}.png").write_bytes(data)
    (tmp_path / "b" / "x.cbz").write_bytes(zipped({"1.png": PNG, "in/2.txt": b"words", "in/3.jpg": JPEG}))
    (tmp_path / "d" / "broken.tar").write_bytes(b"words")
    return tmp_path


# Samples


@pytest.mark.parametrize("row", golden("samples.csv"), ids=lambda row: row["path"])
def test_every_sample_matches_its_golden_row(row):
    (file,) = scan(SAMPLES / row["path"])
    assert file.path == str(SAMPLES / row["path"])
    if not row["width"]:
        assert file.problem == ("damaged" if row["media_type"].startswith("image/") else "not-an-image")
    else:
        size = int(row["width"]), int(row["height"])
        animated = row["animated"] == "yes"
        assert file[1:] == (row["media_type"], *size, int(row["orientation"]), animated, int(row["bytes"]), None)


def test_a_scan_of_all_samples_finds_each_once_and_agrees_with_pillow():
    files = list(scan(SAMPLES))
    assert sorted(file.path for file in files) == sorted(str(SAMPLES / row["path"]) for row in golden("samples.csv"))
    for file in files:
        if isinstance(file, Image):
            with PIL.Image.open(file.path) as image:
                assert (file.media_type, file.width, file.height) == (MEDIA_TYPES[image.format], *image.size)
                assert file.animated == getattr(image, "is_animated", False)
    assert Counter(file.problem for file in files if isinstance(file, Unreadable)) == {"damaged": 1, "not-an-image": 1}


# Order and options


def test_all_results_come_in_a_stable_order(collection):
    results = list(scan(collection, collection / "none"))
    names = [os.path.relpath(file.path, collection).replace(os.sep, "/") for file in results]
    files = [f"{number}.png" for number in range(len(CONTENTS))]
    assert names == [
        *(f"a/{name}" for name in files),
        *(f"b/{name}" for name in files),
        *("b/x.cbz/1.png", "b/x.cbz/in/2.txt", "b/x.cbz/in/3.jpg"),
        *(f"b/c/{name}" for name in files),
        *(f"d/{name}" for name in files),
        *("d/broken.tar", "none"),
    ]
    kinds = [*["image"] * 6, "damaged", "unsupported", "empty", "not-an-image"]
    archive = ["image", "not-an-image", "image"]
    actual = ["image" if isinstance(file, Image) else file.problem for file in results]
    assert actual == [*kinds, *kinds, *archive, *kinds, *kinds, "damaged", "missing"]


def test_options_apply_to_the_walk_and_the_archives(collection):
    def count(**options):
        return len(list(scan(collection, **options)))

    everything = count()
    assert count(archives=False) == everything - 3 + 1
    # `include` applies to members of archives, not to archives: the broken one is reported.
    for globs in (["0.png"], "0.png"):
        names = [file.path.rpartition("/")[2] for file in scan(collection, include=globs)]
        assert sorted(names) == ["0.png"] * 4 + ["broken.tar"]
    assert count(include=["*/x.cbz*"]) == 4
    assert count(exclude=["b"]) == 2 * len(CONTENTS) + 1
    assert count(exclude=["*.jpg", "*.tar"]) == everything - 2
    (measured,) = scan(collection / "a" / "5.png", details=False)
    assert measured[1:4] == ("image/x-pcx", 7, 4)
    (document,) = scan(collection / "a" / "7.png", details=False)
    assert (document.problem, document.format) == ("unsupported", "PDF")


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a privilege")
def test_links_are_followed_only_if_requested(collection):
    (collection / "a" / "link").symlink_to("../d", target_is_directory=True)
    (linked,) = [file for file in scan(collection / "a") if file.path.endswith("link")]
    assert linked.problem == "link-not-followed"
    assert len(list(scan(collection / "a", follow_symlinks=True))) == 2 * len(CONTENTS) + 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [2, 3])
def test_more_jobs_give_the_same_results_in_the_same_order(monkeypatch, collection, jobs):
    expected = list(scan(collection, collection / "none", SAMPLES))
    assert list(scan(collection, collection / "none", SAMPLES, jobs=jobs)) == expected
    monkeypatch.setattr(workers, "_pool", None)
    assert list(scan(collection, collection / "none", SAMPLES, jobs=1)) == expected
    with pytest.raises(TypeError):
        list(scan(SAMPLES, jobs=jobs))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_images_arrive_long_before_the_end_of_the_walk(monkeypatch, tmp_path, jobs):
    for number in range(100):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "a.png").write_bytes(PNG)
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or scandir(folder))
    iterator = scan(tmp_path, jobs=jobs)
    assert listed == []
    assert next(iterator).width == 31
    assert len(listed) <= 10
    assert len(list(iterator)) == 99
    assert len(listed) == 101


def test_a_scan_without_paths_has_no_results(tmp_path):
    assert list(scan()) == list(scan(tmp_path)) == []


@pytest.mark.slow
def test_a_plain_scan_loads_neither_pillow_nor_workers_nor_archive_libraries():
    code = (
        "import sys; from imgcost.files import scan;"
        "found = list(scan(*sys.argv[1:], details=False, jobs=8)); assert len(found) > 5, found;"
        "print({'PIL', 'concurrent.futures', 'multiprocessing', 'zipfile', 'tarfile', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-I", "-c", code, SAMPLES / "photos", SAMPLES / "broken"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


# Random trees

NAMES = ["a.png", "B.PNG", "b.jpg", "=1", "-x", "\N{LATIN SMALL LETTER E WITH ACUTE}", "sp ace.gif", "a.zip.png", "z"]
trees = st.recursive(
    st.sampled_from(CONTENTS),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
).filter(lambda tree: isinstance(tree, dict))


def grow(folder, tree):
    for name, content in tree.items():
        if isinstance(content, dict):
            (folder / name).mkdir()
            grow(folder / name, content)
        else:
            (folder / name).write_bytes(content)


def naive(data):
    """Return the media type and size of an image by Pillow, or the problem and the format."""
    try:
        header = read_header(data)
    except HeaderError as error:
        return error.problem, error.format
    with PIL.Image.open(io.BytesIO(data)) as image:
        assert (header.width, header.height) == image.size
        return MEDIA_TYPES[image.format], *image.size, len(data)


def summed_up(file):
    if isinstance(file, Image):
        return file.media_type, file.width, file.height, file.file_bytes
    return file.problem, file.format


@fewer_examples(percent=20)
@given(trees)
def test_a_random_tree_matches_a_naive_walk_in_a_stable_order(tree):
    with tempfile.TemporaryDirectory() as directory:
        grow(Path(directory), tree)
        expected = Counter(
            (str(Path(folder, name)), *naive(Path(folder, name).read_bytes()))
            for folder, _, names in os.walk(directory)
            for name in names
        )
        files = list(scan(directory))
        assert Counter((file.path, *summed_up(file)) for file in files) == expected
        assert list(scan(directory)) == files
        # The files of a folder are consecutive and sorted by name.
        folders = [os.path.split(file.path)[0] for file in files]
        runs = [folder for folder, _ in groupby(folders)]
        assert len(runs) == len(set(runs))
        assert [file.path for file in files] == [
            path
            for folder in runs
            for path in sorted(file.path for file in files if os.path.split(file.path)[0] == folder)
        ]


@fewer_examples(percent=14)
@given(trees, st.sampled_from(["zip", "tar", "gztar"]))
def test_a_random_tree_packed_into_an_archive_gives_the_same_results(tree, kind):
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory, "tree")
        top.mkdir()
        grow(top, tree)
        archive = shutil.make_archive(os.path.join(directory, "tree"), kind, top)  # noqa: PTH118 - Python 3.11 does not accept a Path
        packed = [file for groups in probe_archive(archive) for _, files in groups for file in files]
        below = Counter((os.path.relpath(file.path, archive), *summed_up(file)) for file in packed)
        assert below == Counter(
            (os.path.relpath(file.path, top), *summed_up(file)) for file in scan(top, details=False)
        )
