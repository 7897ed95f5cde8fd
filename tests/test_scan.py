"""Whole scans: the samples against Pillow and a golden table, random trees against a naive scan, one job or many."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from itertools import groupby
from pathlib import Path

import PIL.Image
import pytest
from conftest import SAMPLES, golden
from hypothesis import given, settings
from hypothesis import strategies as st

from imgcost.errors import HeaderError
from imgcost.files import Image, Unreadable, probe_archive, scan, walking, workers
from imgcost.headers import read_header

MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


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
    PNG[:20],
    b"",
    b"words\n",
]


@pytest.fixture
def eager(monkeypatch):
    """Workers start as soon as two chunks were seen, and a chunk is of few files."""
    monkeypatch.setattr(walking, "BATCH_FILES", 3)
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e-12)


@pytest.fixture
def collection(tmp_path):
    """Files of all contents in folders, archives among them."""
    for folder in ("a", "b", "b/c", "d"):
        (tmp_path / folder).mkdir()
        for number, data in enumerate(CONTENTS):
            (tmp_path / folder / f"{number}.png").write_bytes(data)
    (tmp_path / "b" / "x.cbz").write_bytes(zipped({"1.png": PNG, "in/2.txt": b"words", "in/3.jpg": JPEG}))
    (tmp_path / "d" / "broken.tar").write_bytes(b"words")
    return tmp_path


# The samples.


@pytest.mark.parametrize("row", golden("samples.csv"), ids=lambda row: row["path"])
def test_every_sample_is_found_as_its_golden_row_says(row):
    (found,) = scan(SAMPLES / row["path"])
    assert found.path == str(SAMPLES / row["path"])
    if row["path"].endswith(".tif"):
        assert found[1:] == (
            *("unsupported", "TIFF file: the API reads JPEG, PNG, GIF and WebP", "TIFF"),
            *(int(row["width"]), int(row["height"])),
        )
    elif not row["width"]:
        assert found.problem == ("damaged" if row["media_type"].startswith("image/") else "not-an-image")
    else:
        size = int(row["width"]), int(row["height"])
        animated = row["animated"] == "yes"
        assert found[1:] == (row["media_type"], *size, int(row["orientation"]), animated, int(row["bytes"]), None)


def test_a_scan_of_all_samples_finds_each_once_and_agrees_with_pillow():
    found = list(scan(SAMPLES))
    assert sorted(one.path for one in found) == sorted(str(SAMPLES / row["path"]) for row in golden("samples.csv"))
    for one in found:
        if isinstance(one, Image):
            with PIL.Image.open(one.path) as image:
                assert (one.media_type, one.width, one.height) == (MEDIA_TYPES[image.format], *image.size)
                assert one.animated == getattr(image, "is_animated", False)
        elif one.width:
            with PIL.Image.open(one.path) as image:
                assert (one.format, one.width, one.height) == (image.format, *image.size)
    assert Counter(one.problem for one in found if isinstance(one, Unreadable)) == {
        "damaged": 1,
        "not-an-image": 1,
        "unsupported": 1,
    }


# One scan as a whole.


def test_everything_that_is_met_comes_out_in_the_stable_order(collection):
    found = list(scan(collection, collection / "none"))
    names = [os.path.relpath(one.path, collection).replace(os.sep, "/") for one in found]
    files = [f"{number}.png" for number in range(len(CONTENTS))]
    assert names == [
        *(f"a/{name}" for name in files),
        *(f"b/{name}" for name in files),
        *("b/x.cbz/1.png", "b/x.cbz/in/2.txt", "b/x.cbz/in/3.jpg"),
        *(f"b/c/{name}" for name in files),
        *(f"d/{name}" for name in files),
        *("d/broken.tar", "none"),
    ]
    kinds = [*["image"] * 4, "unsupported", "unsupported", "damaged", "damaged", "empty", "not-an-image"]
    archive = ["image", "not-an-image", "image"]
    told = ["image" if isinstance(one, Image) else one.problem for one in found]
    assert told == [*kinds, *kinds, *archive, *kinds, *kinds, "damaged", "missing"]


def test_options_reach_the_walk_and_the_archives(collection):
    def count(**options):
        return len(list(scan(collection, **options)))

    everything = count()
    assert count(archives=False) == everything - 3 + 1
    # An archive is to its members what a folder is to its files: it is entered, and the broken one says so.
    for globs in (["0.png"], "0.png"):
        names = [one.path.rpartition("/")[2] for one in scan(collection, include=globs)]
        assert sorted(names) == ["0.png"] * 4 + ["broken.tar"]
    assert count(include=["*/x.cbz*"]) == 4
    assert count(exclude=["b"]) == 2 * len(CONTENTS) + 1
    assert count(exclude=["*.jpg", "*.tar"]) == everything - 2
    (unnamed,) = scan(collection / "a" / "5.png", details=False)
    assert (unnamed.problem, unnamed.format) == ("unsupported", "PCX")


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a privilege")
def test_links_are_followed_where_that_is_asked_for(collection):
    (collection / "a" / "link").symlink_to("../d", target_is_directory=True)
    (linked,) = [one for one in scan(collection / "a") if one.path.endswith("link")]
    assert linked.problem == "link-not-followed"
    assert len(list(scan(collection / "a", follow_symlinks=True))) == 2 * len(CONTENTS) + 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [2, 3])
def test_many_jobs_find_what_one_finds_in_the_same_order(monkeypatch, collection, jobs):
    expected = list(scan(collection, collection / "none", SAMPLES))
    assert list(scan(collection, collection / "none", SAMPLES, jobs=jobs)) == expected
    monkeypatch.setattr(workers, "_pool", None)
    assert list(scan(collection, collection / "none", SAMPLES, jobs=1)) == expected
    with pytest.raises(TypeError):
        list(scan(SAMPLES, jobs=jobs))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_images_arrive_long_before_the_walk_has_ended(monkeypatch, tmp_path, jobs):
    for number in range(100):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "a.png").write_bytes(PNG)
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or scandir(folder))
    found = scan(tmp_path, jobs=jobs)
    assert listed == []
    assert next(found).width == 31
    assert len(listed) <= 10
    assert len(list(found)) == 99
    assert len(listed) == 101


def test_scanning_nothing_gives_nothing(tmp_path):
    assert list(scan()) == list(scan(tmp_path)) == []


def test_a_plain_scan_loads_neither_pillow_nor_workers_nor_archive_libraries():
    code = (
        "import sys; from imgcost.files import scan;"
        "found = list(scan(*sys.argv[1:], details=False, jobs=8)); assert len(found) > 5, found;"
        "print({'PIL', 'concurrent.futures', 'multiprocessing', 'zipfile', 'tarfile', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-I", "-c", code, SAMPLES / "photos", SAMPLES / "broken"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


# Random trees.

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
    """The media type and size of an image, or what is wrong with it, its format and size, by Pillow where it can."""
    try:
        header = read_header(data)
    except HeaderError as error:
        problem, name = error.problem, error.format
    else:
        with PIL.Image.open(io.BytesIO(data)) as image:
            assert (header.width, header.height) == image.size
            return MEDIA_TYPES[image.format], *image.size, len(data)
    if problem in {"empty", "damaged"}:
        return problem, name, None, None
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            return "unsupported", image.format, *image.size
    except PIL.UnidentifiedImageError:
        return problem, name, None, None


def summed_up(found):
    if isinstance(found, Image):
        return found.media_type, found.width, found.height, found.file_bytes
    return found.problem, found.format, found.width, found.height


@settings(max_examples=60)
@given(trees)
def test_a_random_tree_is_found_as_by_a_naive_walk_and_twice_in_the_same_order(tree):
    with tempfile.TemporaryDirectory() as place:
        grow(Path(place), tree)
        expected = Counter(
            (str(Path(folder, name)), *naive(Path(folder, name).read_bytes()))
            for folder, _, names in os.walk(place)
            for name in names
        )
        found = list(scan(place))
        assert Counter((one.path, *summed_up(one)) for one in found) == expected
        assert list(scan(place)) == found
        # A folder's files stand together, by name.
        folders = [os.path.split(one.path)[0] for one in found]
        runs = [folder for folder, _ in groupby(folders)]
        assert len(runs) == len(set(runs))
        assert [one.path for one in found] == [
            path
            for folder in runs
            for path in sorted(one.path for one in found if os.path.split(one.path)[0] == folder)
        ]


@settings(max_examples=40)
@given(trees, st.sampled_from(["zip", "tar", "gztar"]))
def test_a_random_tree_packed_into_an_archive_holds_what_the_tree_holds(tree, kind):
    with tempfile.TemporaryDirectory() as place:
        top = Path(place, "tree")
        top.mkdir()
        grow(top, tree)
        archive = shutil.make_archive(os.path.join(place, "tree"), kind, top)  # noqa: PTH118 - it takes no Path in 3.11
        packed = [one for groups in probe_archive(archive) for _, found in groups for one in found]
        below = Counter((os.path.relpath(one.path, archive), *summed_up(one)) for one in packed)
        assert below == Counter((os.path.relpath(one.path, top), *summed_up(one)) for one in scan(top, details=False))
