"""Walking folders: which files, in which order, and what is reported on the way."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import pytest

from imgcost.files import Archive, FileBatch, Unreadable, Walk, chunks, walking

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, links or pipes without a privilege")
TREE = (
    "b.png",
    "a.txt",
    "z.zip",
    "B.TAR.GZ",
    "a.cbz",
    "sub10/c",
    "sub2/x.tar",
    "sub2/deeper/leaf",
    "sub2/y",
    "sub2.png/inside",
)


def plant(root, *names):
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


def described(steps, root):
    """Describe steps relative to a folder: files by path, archives with a *, anything else with its problem."""
    lines = []
    for step in steps:
        if isinstance(step, FileBatch):
            lines += [os.path.relpath(step.path_of(name), root) for name in step.names]
        elif isinstance(step, Archive):
            lines.append("*" + os.path.relpath(step.path, root))
        else:
            lines.append(f"{step.problem}: {os.path.relpath(step.path, root)}")
    return [line.replace(os.sep, "/") for line in lines]


def walk(root, **options):
    return described(Walk(**options).steps([root]), root)


@pytest.fixture
def deny(monkeypatch):
    """Revoke the permission to list a folder, even for the superuser."""
    denied = []
    scandir = os.scandir

    def refuse(folder):
        if os.fspath(folder) in denied:
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    def take(folder):
        folder.chmod(0)
        denied.append(str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    yield take
    for folder in denied:
        Path(folder).chmod(0o700)


def test_a_folder_lists_files_then_archives_then_subfolders_by_name(tmp_path):
    planted = list(TREE)
    random.Random(1).shuffle(planted)
    plant(tmp_path, *planted)
    assert walk(tmp_path) == [
        *("a.txt", "b.png", "*B.TAR.GZ", "*a.cbz", "*z.zip"),
        "sub10/c",
        *("sub2/y", "*sub2/x.tar", "sub2/deeper/leaf"),
        "sub2.png/inside",
    ]


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    plant(tmp_path, *TREE)
    as_listed, scandir = walk(tmp_path), os.scandir

    class Reversed:
        def __init__(self, folder):
            with scandir(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    assert walk(tmp_path) == as_listed


def test_paths_keep_their_order_and_repetitions(tmp_path):
    plant(tmp_path, "b", "a.zip", "c/d")
    given = [tmp_path / "c", str(tmp_path / "b"), tmp_path / "a.zip", tmp_path / "b", tmp_path / "none"]
    assert described(Walk().steps(given), tmp_path) == ["c/d", "b", "*a.zip", "b", "missing: none"]


def test_a_relative_path_stays_relative(tmp_path, monkeypatch):
    plant(tmp_path, "a.png", "folder/b.png", "c.zip")
    monkeypatch.chdir(tmp_path)
    steps = list(Walk().steps(["a.png", "folder", Path("c.zip"), "."]))
    assert steps == [
        *(FileBatch("", ["a.png"]), FileBatch("folder", ["b.png"]), Archive("c.zip")),
        *(FileBatch(".", ["a.png"]), Archive(f".{os.sep}c.zip"), FileBatch(f".{os.sep}folder", ["b.png"])),
    ]


def test_an_empty_folder_and_no_paths_have_no_steps(tmp_path):
    assert walk(tmp_path) == []
    assert list(Walk().steps([])) == []


def test_a_folder_may_have_any_suffix(tmp_path):
    plant(tmp_path, "photos.zip/a", "photos.jpg/b")
    assert walk(tmp_path) == ["photos.jpg/b", "photos.zip/a"]


def test_archives_that_are_not_entered_are_listed_in_order(tmp_path):
    plant(tmp_path, "a", "b.Zip", "c/d.txz")
    assert walk(tmp_path, archives=False) == ["a", "archive-not-entered: b.Zip", "archive-not-entered: c/d.txz"]
    (archive,) = Walk(archives=False).steps([tmp_path / "b.Zip"])
    assert (archive.problem, archive.reason) == ("archive-not-entered", "an archive; reading archives is turned off")


@pytest.mark.parametrize(
    "name", ["x.zip", "x.CBZ", "x.tar", "x.tar.gz", "x.tgz", "x.tar.bz2", "x.tbz2", "x.tar.xz", "x.txz"]
)
def test_archives_are_recognized_in_a_folder_and_as_a_path(tmp_path, name):
    plant(tmp_path, name, "a")
    assert walk(tmp_path) == ["a", "*" + name]
    assert described(Walk().steps([tmp_path / name]), tmp_path) == ["*" + name]


@pytest.mark.parametrize("name", ["zip", "x.zip.png", "x.zipped", "x.tar.png", "x.gz", "x.docx", "xtar"])
def test_a_name_that_only_resembles_an_archive_is_a_file(tmp_path, name):
    plant(tmp_path, name)
    assert walk(tmp_path) == [name] == described(Walk().steps([tmp_path / name]), tmp_path)


def test_a_huge_folder_comes_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(walking, "FILES_PER_BATCH", 4)
    names = [f"{number:02}" for number in range(10)]
    plant(tmp_path, *names, "last.zip")
    steps = list(Walk().steps([tmp_path]))
    folder = str(tmp_path)
    assert steps == [
        *(FileBatch(folder, names[:4]), FileBatch(folder, names[4:8]), FileBatch(folder, names[8:])),
        Archive(str(tmp_path / "last.zip")),
    ]


def test_chunks_keep_the_order_and_an_archive_is_its_own_chunk(monkeypatch):
    monkeypatch.setattr(walking, "FILES_PER_BATCH", 4)
    single, pair, quad = FileBatch("1", ["a"]), FileBatch("2", ["a", "b"]), FileBatch("4", list("abcd"))
    wall, archive = Unreadable("wall", "no-access", "because"), Archive("a.zip")
    assert list(chunks([single, pair, wall, quad, single, quad, archive, archive, pair])) == [
        *([single, pair, wall], [quad], [single, quad]),
        *(archive, archive),
        [pair],
    ]
    assert list(chunks([single, archive])) == [[single], archive]
    assert list(chunks([])) == []


def test_chunks_are_built_lazily(monkeypatch):
    monkeypatch.setattr(walking, "FILES_PER_BATCH", 2)
    taken = []
    steps = (taken.append(number) or FileBatch(str(number), ["a"]) for number in range(100))
    next(chunks(steps))
    assert taken == [0, 1]


# Problems


def test_a_missing_path_is_listed_and_the_walk_continues(tmp_path):
    plant(tmp_path, "a")
    (missing, batch) = Walk().steps([tmp_path / "none" / "b", tmp_path / "a"])
    assert missing == Unreadable(str(tmp_path / "none" / "b"), "missing", "no such file or folder")
    assert batch.names == ["a"]


@pytest.mark.parametrize("path", ["a\0b.png", "\0", "lone \ud800 surrogate"])
def test_an_invalid_path_is_listed(path):
    (step,) = Walk().steps([path])
    assert (step.path, step.problem) == (path, "no-access")
    assert step.reason


def test_an_empty_path_is_missing():
    assert [step.problem for step in Walk().steps([""])] == ["missing"]


def test_an_inaccessible_folder_is_reported_and_the_walk_continues(tmp_path, deny):
    plant(tmp_path, "a", "b/inside", "c/d")
    deny(tmp_path / "b")
    assert walk(tmp_path) == ["a", "no-access: b", "c/d"]
    assert walk(tmp_path, follow_symlinks=True) == ["a", "no-access: b", "c/d"]
    (step,) = Walk().steps([tmp_path / "b"])
    assert step.reason == "permission denied"


def test_a_folder_deleted_during_the_walk_is_missing(tmp_path):
    plant(tmp_path, "a", "b/inside", "c/d")
    for follow in (False, True):
        steps = Walk(follow_symlinks=follow).steps([tmp_path])
        first = next(steps)
        shutil.rmtree(tmp_path / "b")
        assert described([first, *steps], tmp_path) == ["a", "missing: b", "c/d"]
        plant(tmp_path, "b/inside")


@POSIX
def test_a_named_pipe_is_listed_and_does_not_hang(tmp_path):
    plant(tmp_path, "a", "z")
    os.mkfifo(tmp_path / "pipe.png")
    assert walk(tmp_path) == ["not-a-file: pipe.png", "a", "z"]
    (pipe,) = Walk().steps([tmp_path / "pipe.png"])
    assert (pipe.problem, pipe.reason) == ("not-a-file", "not a file or folder (a pipe, socket or device)")
    (tmp_path / "link.png").symlink_to("pipe.png")
    assert walk(tmp_path)[:2] == ["not-a-file: link.png", "not-a-file: pipe.png"]


@pytest.mark.slow  # a thousand folders
@POSIX
@pytest.mark.parametrize("follow_symlinks", [False, True])
def test_folders_are_walked_down_to_the_longest_possible_path(tmp_path, follow_symlinks):
    folders = [tmp_path]
    try:
        while len(folders) < 1500:
            (folders[-1] / "d").mkdir()
            folders.append(folders[-1] / "d")
        (folders[-1] / "f").touch()
    except OSError:  # some systems have shorter limits
        folders[-1].rmdir()
        folders.pop()
        (folders[-1] / "f").touch()
    assert list(Walk(follow_symlinks=follow_symlinks).steps([tmp_path])) == [FileBatch(str(folders[-1]), ["f"])]
    # By hand: the standard library removes a tree by recursion.
    (folders[-1] / "f").unlink()
    for folder in reversed(folders):
        folder.rmdir()


@POSIX
@pytest.mark.parametrize("follow_symlinks", [False, True])
def test_folders_too_deep_for_a_path_are_reported_and_the_walk_continues(tmp_path, follow_symlinks):
    plant(tmp_path, "a", "z/last")
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=place)
        inside = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inside
    os.close(place)
    first, deep, last = Walk(follow_symlinks=follow_symlinks).steps([tmp_path])
    assert (first.names, last.names) == (["a"], ["last"])
    assert (deep.problem, deep.reason) == ("no-access", "file name too long")


# Links


@POSIX
def test_a_link_to_a_file_is_listed_by_its_own_name(tmp_path):
    plant(tmp_path, "in/b", "in/x.zip", "target")
    (tmp_path / "in/a").symlink_to("../target")
    (tmp_path / "in/c.zip").symlink_to("../target")
    (tmp_path / "in/d").symlink_to("x.zip")
    assert walk(tmp_path / "in") == ["a", "b", "d", "*c.zip", "*x.zip"]
    assert described(Walk().steps([tmp_path / "in/a"]), tmp_path) == ["in/a"]


@POSIX
def test_a_link_to_a_folder_is_listed_unless_links_are_followed(tmp_path):
    plant(tmp_path, "in/a", "in/m/n", "elsewhere/b")
    (tmp_path / "in/link").symlink_to("../elsewhere", target_is_directory=True)
    assert walk(tmp_path / "in") == ["link-not-followed: link", "a", "m/n"]
    link = next(iter(Walk().steps([tmp_path / "in"])))
    assert link.reason == "symbolic link to a folder, not followed (use --follow-symlinks)"
    assert walk(tmp_path / "in", follow_symlinks=True) == ["a", "link/b", "m/n"]


@POSIX
def test_a_link_to_a_folder_is_entered_if_it_is_the_given_path(tmp_path):
    plant(tmp_path, "elsewhere/b")
    (tmp_path / "link").symlink_to("elsewhere", target_is_directory=True)
    assert described(Walk().steps([tmp_path / "link"]), tmp_path) == ["link/b"]


@POSIX
def test_dangling_and_self_referencing_links_are_listed(tmp_path):
    plant(tmp_path, "a")
    (tmp_path / "nothing").symlink_to("gone")
    (tmp_path / "self").symlink_to("self")
    missing, loop, batch = Walk().steps([tmp_path])
    assert (missing.problem, missing.reason) == ("missing", "broken symbolic link")
    assert (loop.problem, loop.path) == ("no-access", str(tmp_path / "self"))
    assert "symbolic links" in loop.reason
    assert batch.names == ["a"]
    assert [step.problem for step in Walk().steps([tmp_path / "nothing", tmp_path / "self"])] == [
        "missing",
        "no-access",
    ]


@POSIX
def test_a_loop_of_links_ends(tmp_path):
    plant(tmp_path, "a/b/c")
    (tmp_path / "a/b/up").symlink_to("..", target_is_directory=True)
    (tmp_path / "a/b/here").symlink_to(".", target_is_directory=True)
    assert walk(tmp_path, follow_symlinks=True) == ["a/b/c", "seen-already: a/b/here", "seen-already: a/b/up"]
    steps = Walk(follow_symlinks=True).steps([tmp_path])
    reasons = [step.reason for step in steps if isinstance(step, Unreadable)]
    assert reasons == ["this folder has already been scanned"] * 2


@POSIX
def test_each_folder_behind_a_maze_of_links_is_entered_once(tmp_path):
    # Following every link would visit 4 to the power of 20 folders.
    for level in range(20):
        plant(tmp_path, f"{level:02}/file")
        for way in "pqrs":
            (tmp_path / f"{level:02}" / way).symlink_to(f"../{level + 1:02}", target_is_directory=True)
    plant(tmp_path, "20/file")
    lines = described(Walk(follow_symlinks=True).steps([tmp_path / "00"]), tmp_path)
    files = [line for line in lines if line.endswith("/file")]
    assert len(files) == 21
    assert len(lines) == 21 + 20 * 3
    assert set(lines) - set(files) == {line for line in lines if line.startswith("seen-already: ")}


@POSIX
def test_a_folder_given_twice_is_entered_once_if_links_are_followed(tmp_path):
    plant(tmp_path, "a/b")
    steps = Walk(follow_symlinks=True).steps([tmp_path / "a", tmp_path])
    assert described(steps, tmp_path) == ["a/b", "seen-already: a"]


# Names


@POSIX
@pytest.mark.parametrize(
    "name", ["new\nline.png", "\x1b[31mred\x1b[0m.png", "=1+1.png", "-rf", " ", "a\\b", "\N{CAT FACE}.png", "*?[x]"]
)
def test_hostile_names_are_unchanged(tmp_path, name):
    plant(tmp_path, name, f"{name}d/{name}")
    assert walk(tmp_path) == [name, f"{name}d/{name}"]
    assert described(Walk().steps([tmp_path / name]), tmp_path) == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no bytes that are not UTF-8")
def test_names_that_are_not_utf8_can_be_opened(tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9\xff.zip"
    Path(os.fsdecode(raw)).write_bytes(b"")
    (step,) = Walk(exclude=("*.png",)).steps([tmp_path])
    assert os.fsencode(step.path) == raw


# Globs


def test_include_selects_matching_files_in_every_folder(tmp_path):
    plant(tmp_path, "a.png", "a.txt", "b.zip", "png/b.png", "png/c.jpg", "png/d.gif")
    assert walk(tmp_path, include=("*.png", "?.jpg")) == ["a.png", "*b.zip", "png/b.png", "png/c.jpg"]
    assert walk(tmp_path, include=("b.*",)) == ["*b.zip", "png/b.png"]


def test_exclude_wins_over_include(tmp_path):
    plant(tmp_path, "a.png", "b.png", "c.zip")
    assert walk(tmp_path, include=("*.png", "*.zip"), exclude=("a*",)) == ["b.png", "*c.zip"]
    assert walk(tmp_path, exclude=("*.zip", "b*")) == ["a.png"]


def test_a_glob_matches_names_or_with_a_slash_whole_paths(tmp_path):
    plant(tmp_path, "x/a.png", "x/y/a.png", "y/a.png")
    top = tmp_path.as_posix()
    assert walk(tmp_path, exclude=("x/a.png",)) == ["x/a.png", "x/y/a.png", "y/a.png"]
    assert walk(tmp_path, exclude=("*/x/a.png",)) == ["x/y/a.png", "y/a.png"]
    assert walk(tmp_path, include=("*/y/*",)) == ["x/y/a.png", "y/a.png"]
    assert walk(tmp_path, include=(f"{top}/y/*",), exclude=("none",)) == ["y/a.png"]
    assert walk(tmp_path, exclude=("*/x/y", f"{top}/y")) == ["x/a.png"]
    assert walk(tmp_path, include=("a.png", "*/y/a.png"), exclude=("*/x/*", "y")) == []


def test_a_glob_with_a_slash_matches_the_printed_path(tmp_path, monkeypatch):
    plant(tmp_path, "x/a.png", "x/b.png")
    monkeypatch.chdir(tmp_path)
    assert walk("x", include=("x/a*",)) == ["a.png"]
    assert list(Walk(include=("./a*",)).steps(["x"])) == []


def test_excluded_folders_are_not_entered(tmp_path, deny):
    plant(tmp_path, "a", "node_modules/locked/b", "src/node_modules/locked/c", "src/d")
    deny(tmp_path / "node_modules/locked")
    deny(tmp_path / "src/node_modules/locked")
    assert walk(tmp_path, exclude=("node_modules",)) == ["a", "src/d"]
    assert walk(tmp_path, exclude=("*/src/node_modules",)) == ["a", "no-access: node_modules/locked", "src/d"]


def test_globs_apply_to_given_files_but_not_to_given_folders(tmp_path):
    plant(tmp_path, "a.png", "b.zip", "skip/c.png")
    given = [tmp_path / "a.png", tmp_path / "b.zip", tmp_path / "skip"]
    assert described(Walk(exclude=("a*", "skip")).steps(given), tmp_path) == ["*b.zip", "skip/c.png"]
    assert described(Walk(include=("a*",)).steps(given), tmp_path) == ["a.png", "*b.zip"]
    assert described(Walk(include=("*.zip",), archives=False).steps(given), tmp_path) == ["archive-not-entered: b.zip"]


@POSIX
def test_globs_apply_to_links_and_to_names_with_line_breaks(tmp_path):
    plant(tmp_path, "in/a\nb.png", "target")
    (tmp_path / "in/link.gif").symlink_to("../target")
    assert walk(tmp_path / "in", include=("a*.png",)) == ["a\nb.png"]
    assert walk(tmp_path / "in", exclude=("a*.png",)) == ["link.gif"]
    assert walk(tmp_path / "in", exclude=("*.gif",)) == ["a\nb.png"]


@POSIX
def test_an_excluded_link_to_a_folder_is_not_followed(tmp_path):
    plant(tmp_path, "in/a", "elsewhere/b")
    (tmp_path / "in/skip").symlink_to("../elsewhere", target_is_directory=True)
    assert walk(tmp_path / "in", follow_symlinks=True, exclude=("skip",)) == ["a"]


@POSIX
@pytest.mark.parametrize("target", ["elsewhere", "gone"])
def test_an_excluded_link_is_skipped_silently(tmp_path, target):
    plant(tmp_path, "in/a", "elsewhere/b")
    (tmp_path / "in/skip").symlink_to(f"../{target}")
    assert walk(tmp_path / "in", exclude=("skip",)) == ["a"]
