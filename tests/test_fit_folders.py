"""Fitting folders: names, reruns, collisions, links, unreadable files and full disks, by `imgcost.fit_paths`."""

from __future__ import annotations

import errno
import io
import os
import pickle
import stat
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pillow_heif
import pytest
from conftest import SAMPLES
from pictures import contents, encoded, noise, png, tree
from PIL import Image

import imgcost
from imgcost.errors import ArgumentError
from imgcost.files import workers
from imgcost.fitting import tasks
from imgcost.fitting.layout import is_inside, listed_sources, named_sources
from imgcost.fitting.writing import OutputFolder, PlacementError
from imgcost.outputs import Output

CONDITIONS = {"model": "claude-opus-4-6", "as_of": date(2026, 11, 22)}  # at most 1568 px and 1568 tokens


SMALL = png(200, 100)
WIDE = noise("JPEG", 1680, 840, quality=95)
TIFF = encoded("TIFF", 200, 100)

posix = pytest.mark.skipif(os.name != "posix", reason="links, and names that only POSIX has")


def fitted(*paths, output, **options):
    return list(imgcost.fit_paths(*paths, output=output, **CONDITIONS | options))


def statuses(files):
    return {Path(file.path).name: file.status for file in files}


@pytest.fixture
def photos(tmp_path):
    return tree(tmp_path / "photos", a_png=SMALL, b_jpg=WIDE, c_tif=TIFF, sub__deep__d_png=SMALL, notes_txt=b"hello")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_copies_keep_the_structure_and_are_accepted(photos, out):
    before = contents(photos)
    files = fitted(photos, output=out)
    assert [(file.path, file.status, file.output) for file in files] == [
        (str(photos / "a.png"), "copied", str(out / "a.png")),
        (str(photos / "b.jpg"), "fitted", str(out / "b.jpg")),
        (str(photos / "c.tif"), "fitted", str(out / "c.tif.png")),
        (str(photos / "notes.txt"), "ignored", None),
        (str(photos / "sub" / "deep" / "d.png"), "copied", str(out / "sub" / "deep" / "d.png")),
    ]
    after = contents(out)
    assert set(after) == {"a.png", "b.jpg", "c.tif.png", "sub/deep/d.png"}
    assert after["a.png"] == after["sub/deep/d.png"] == SMALL
    assert contents(photos) == before
    assert imgcost.check_images(sorted(out.rglob("*.*")), **CONDITIONS).ok
    seen = imgcost.estimate(1680, 840, **CONDITIONS)
    with Image.open(out / "b.jpg") as image:
        assert image.size == (seen.resized_width, seen.resized_height)


def test_a_result_has_both_sides(photos, out):
    wide = fitted(photos / "b.jpg", output=out)[0]
    with Image.open(out / "b.jpg") as image:
        width, height = image.size
    tokens = imgcost.estimate(1680, 840, **CONDITIONS).tokens
    assert wide[3:15] == (
        *("image/jpeg", 1680, 840, len(WIDE), tokens, None),
        *("image/jpeg", width, height, (out / "b.jpg").stat().st_size, tokens, Decimal(0)),
    )
    assert (wide.quality, wide.problem, wide.reason) == (95, None, None)
    fewer = fitted(photos / "b.jpg", output=out / "fewer", max_tokens=500)[0]
    assert fewer.output_tokens <= 500
    assert fewer.saved_usd == (tokens - fewer.output_tokens) * Decimal("0.000005")


@pytest.mark.parametrize("unchanged", ["copy", "link", "skip"])
def test_what_happens_to_images_that_fit(photos, out, unchanged):
    file = fitted(photos / "a.png", output=out, unchanged=unchanged)[0]
    status = {"copy": "copied", "link": "linked", "skip": "skipped"}[unchanged]
    assert file.status == status
    assert file.output == str(photos / "a.png" if unchanged == "skip" else out / "a.png")
    assert contents(out) == ({} if unchanged == "skip" else {"a.png": SMALL})
    if unchanged != "skip":
        assert (out / "a.png").samefile(photos / "a.png") == (unchanged == "link")
        again = fitted(photos / "a.png", output=out, unchanged=unchanged, overwrite=True)[0]
        assert again.status == status
        assert contents(out) == {"a.png": SMALL}


def test_links_fall_back_to_copies(photos, out, monkeypatch):
    def link(*_):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", link)
    assert fitted(photos / "a.png", output=out, unchanged="link")[0].status == "copied"
    assert contents(out) == {"a.png": SMALL}


def test_a_replaced_hard_link_leaves_the_original_alone(photos, out):
    fitted(photos / "a.png", output=out, unchanged="link")
    file = fitted(photos / "a.png", output=out, output_format="jpeg", overwrite=True)[0]
    assert file.output == str(out / "a.png.jpg")
    (photos / "b.jpg").unlink()
    os.link(photos / "c.tif", out / "b.jpg")  # as if it was linked by an earlier run
    (photos / "b.jpg").write_bytes(WIDE)
    fitted(photos / "b.jpg", output=out, overwrite=True)
    assert (photos / "c.tif").read_bytes() == TIFF


def test_a_second_run_does_the_rest(photos, out):
    first = fitted(photos, output=out)
    (out / "b.jpg").unlink()
    (out / "a.png").write_bytes(encoded("PNG"))
    second = fitted(photos, output=out)
    assert [file.status for file in second] == ["exists", "fitted", "exists", "ignored", "exists"]
    assert (out / "a.png").read_bytes() == encoded("PNG")
    assert (second[0].output_width, second[0].output_tokens) == (300, 121)
    assert [file[:3] for file in second[2:3]] == [(first[2].path, "exists", first[2].output)]
    third = fitted(photos, output=out, overwrite=True)
    assert [file.status for file in third] == [file.status for file in first]
    assert (out / "a.png").read_bytes() == SMALL


def test_an_outdated_copy_is_kept_and_reported(photos, out):
    fitted(photos, output=out)
    os.utime(photos / "a.png", (2e9, 2e9))
    outdated, current = fitted(photos / "a.png", photos / "b.jpg", output=out)
    assert (outdated.status, outdated.problem) == ("exists", "outdated")
    assert (current.status, current.problem) == ("exists", None)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"partial", "text, not an image"), (b"", "the data is empty"), (encoded("TIFF"), "format")]
)
def test_an_unusable_existing_copy_is_an_error(photos, out, data, reason):
    tree(out, a_png=data)
    file = fitted(photos / "a.png", output=out)[0]
    assert (file.status, file.problem) == ("failed", "output")
    assert reason in file.reason
    assert "overwrite" in file.reason
    assert (out / "a.png").read_bytes() == data
    assert fitted(photos / "a.png", output=out, overwrite=True)[0].status == "copied"


def test_a_chosen_format_is_found_again(photos, out):
    files = fitted(photos, output=out, output_format="webp")
    assert [file.output and Path(file.output).name for file in files] == [
        *("a.png.webp", "b.jpg.webp", "c.tif.webp", None, "d.png.webp")
    ]
    again = fitted(photos, output=out, output_format="webp")
    assert [file.status for file in again] == ["exists", "exists", "exists", "ignored", "exists"]
    assert fitted(photos / "a.png", output=out, output_format="jpeg")[0].status == "fitted"


def test_the_suffix_follows_the_content(tmp_path, out):
    folder = tree(tmp_path / "in", a_jpg=SMALL, b_dat=WIDE)
    assert statuses(fitted(folder, output=out)) == {"a.jpg": "copied", "b.dat": "fitted"}
    assert set(contents(out)) == {"a.jpg.png", "b.dat.jpg"}


def test_two_images_never_share_a_copy(tmp_path, out):
    folder = tree(tmp_path / "in", a_tif=TIFF, a_bmp=encoded("BMP"), a_png=SMALL)
    assert {file.status for file in fitted(folder, output=out)} == {"fitted", "copied"}
    assert set(contents(out)) == {"a.bmp.png", "a.png", "a.tif.png"}


def test_a_converted_copy_does_not_take_the_name_of_another(tmp_path, out):
    folder = tree(tmp_path / "in", a_tif=TIFF)
    (folder / "a.tif.png").write_bytes(SMALL)
    for status in ("copied", "exists"):
        files = fitted(folder, output=out)
        assert statuses(files) == {"a.tif": "failed", "a.tif.png": status}
        assert files[0].reason == "another input has the name of its copy: rename one of them"
        assert contents(out) == {"a.tif.png": SMALL}


def test_files_with_the_same_name_collide(tmp_path, out):
    first = tree(tmp_path, one__a_png=SMALL, two__a_png=encoded("PNG")) / "one" / "a.png"
    files = fitted(first, tmp_path / "two" / "a.png", output=out)
    assert [file.status for file in files] == ["copied", "failed"]
    assert contents(out) == {"a.png": SMALL}
    predicted = fitted(first, tmp_path / "two" / "a.png", output=tmp_path / "dry", dry_run=True)
    assert [file.status for file in predicted] == ["copied", "failed"]


def test_folders_that_differ_in_case_only_may_collide(out):
    folder = OutputFolder(str(out))
    folder.claim("a.png")
    folder.write("a.png", SMALL)
    folder.claim("A.png")  # another file, here
    (out / "A.png").write_bytes(b"")
    with pytest.raises(PlacementError, match="another input"):
        folder.claim("A.PNG".lower().upper().replace("PNG", "png"))


def test_several_paths_have_folders_of_their_own(photos, tmp_path, out):
    scans = tree(tmp_path / "scans", a_png=SMALL)
    fitted(f"{photos}{os.sep}", scans, photos / "sub" / "deep" / "d.png", output=out)
    assert set(contents(out)) == {
        *("photos/a.png", "photos/b.jpg", "photos/c.tif.png", "photos/sub/deep/d.png", "scans/a.png", "d.png")
    }


def test_where_copies_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, photos__a_png=SMALL)
    assert [source.below for source in named_sources(["photos"])] == [""]
    assert [source.below for source in named_sources(["photos/a.png"])] == ["a.png"]
    assert [source.below for source in named_sources(["photos/", ".", "/"])] == ["photos", tmp_path.name, ""]
    listed = listed_sources(["photos/a.png", "./b.png", "../../c.png", "/d/../e.png", "f/../../g.png", ".."])
    assert [source.below.replace(os.sep, "/") for source in listed] == [
        *("photos/a.png", "b.png", "c.png", "e.png", "g.png", "")
    ]


def test_a_folder_inside_the_input_is_not_read(photos):
    out = photos / "small"
    assert len(fitted(photos, output=out)) == 5
    assert len(fitted(photos, output=out)) == 5
    assert "small" not in contents(out)
    nested = fitted(photos, output=photos / "sub" / "deep" / "out")
    assert [file.path for file in nested if f"{os.sep}out{os.sep}" in file.path] == []


@pytest.mark.parametrize("output", [".", "photos", "photos/../photos", "sub/.."])
def test_inputs_inside_the_output_are_rejected(photos, tmp_path, output, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    before = contents(tmp_path)
    for path in (photos, photos / "a.png"):
        with pytest.raises(ArgumentError, match="does not contain the input"):
            fitted(path, output=output)
    assert contents(tmp_path) == before


@posix
def test_inputs_inside_the_output_are_found_through_links(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    with pytest.raises(ArgumentError):
        fitted(photos / "a.png", output=tmp_path / "link")
    out = tmp_path / "out"
    fitted(photos / "a.png", output=out)
    source = tmp_path / "in"
    source.mkdir()
    (source / "b.png").symlink_to(out / "a.png")
    (source / "folder").symlink_to(out)
    (tree(out, inner__c_png=SMALL)).joinpath("inner")
    (source / "inner").symlink_to(out / "inner")
    before = contents(out)
    files = fitted(source, output=out, overwrite=True, walk=imgcost.Walk(follow_symlinks=True))
    assert statuses(files) == {"b.png": "failed", "c.png": "failed"}
    assert {file.problem for file in files} == {"in-output"}
    assert contents(out) == before
    assert statuses(fitted(source, output=tmp_path / "else")) == {
        "b.png": "copied",
        "folder": "ignored",
        "inner": "ignored",
    }


@posix
@pytest.mark.parametrize("overwrite", [False, True])
def test_links_in_the_output_are_not_followed(photos, out, overwrite):
    before = contents(photos)
    out.mkdir()
    (out / "a.png").symlink_to(photos / "c.tif")
    (out / "c.tif.png").symlink_to("nowhere")
    (out / "b.jpg").mkdir()
    (out / "sub").symlink_to(photos)
    assert set(statuses(fitted(photos, output=out, overwrite=overwrite)).values()) == {"failed", "ignored"}
    assert contents(photos) == before
    assert not (photos / "deep").exists()


@posix
def test_hostile_names(tmp_path, out):
    folder = tmp_path / "in"
    folder.mkdir()
    names = [b"new\nline.png", b"\x1b[31m.png", b"=1+1.png", b"<b>.png", b"caf\xe9.png", b"-o.png", b" .png", b"..png"]
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(SMALL)
    files = fitted(folder, output=out)
    assert {file.status for file in files} == {"copied"}
    assert sorted(os.fsencode(path.name) for path in out.iterdir()) == sorted(
        [*names[:-1], b"..png.png"]
    )  # a name without a suffix
    assert any(file.to_dict()["output"].startswith("escaped:") for file in files)


@posix
def test_a_name_that_becomes_too_long_is_an_error(tmp_path, out):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / ("a" * 251 + ".tif")).write_bytes(TIFF)
    (folder / "b.png").write_bytes(SMALL)
    long, short = fitted(folder, output=out)
    assert (long.status, long.problem, short.status) == ("failed", "output", "copied")
    assert "name too long" in long.reason


def test_files_that_cannot_be_fitted_do_not_stop_a_run(tmp_path, out):
    broken = SAMPLES / "broken"
    folder = tree(
        tmp_path / "in",
        a_jpg=(broken / "cut-in-header.jpg").read_bytes(),
        b_png=(broken / "cut-in-pixels.png").read_bytes(),
        c_png=b"",
        d_png=b"<html>",
        e_svg=b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
        f_zip=b"PK",
        g_txt=b"text",
        h_dat=b"",
        i_png=SMALL,
    )
    files = fitted(folder, output=out)
    assert {file.path[-5:]: (file.status, file.problem) for file in files} == {
        "a.jpg": ("failed", "damaged"),
        "b.png": ("failed", "damaged"),
        "c.png": ("failed", "empty"),
        "d.png": ("failed", "not-an-image"),
        "e.svg": ("failed", "unsupported"),
        "f.zip": ("failed", "archive-not-entered"),
        "g.txt": ("ignored", "not-an-image"),
        "h.dat": ("ignored", "empty"),
        "i.png": ("copied", None),
    }
    assert set(contents(out)) == {"i.png"}
    named = fitted(folder / "g.txt", tmp_path / "missing", output=out)
    assert [(file.status, file.problem) for file in named] == [("failed", "not-an-image"), ("failed", "missing")]


@posix
def test_paths_that_are_not_read(tmp_path, out):
    folder = tree(tmp_path / "in", a_png=SMALL)
    os.mkfifo(folder / "pipe.png")
    (folder / "link").symlink_to(tmp_path)
    (folder / "broken.png").symlink_to("nowhere")
    files = fitted(folder, output=out)
    assert {Path(file.path).name: (file.status, file.problem) for file in files} == {
        "a.png": ("copied", None),
        "pipe.png": ("ignored", "not-a-file"),
        "link": ("ignored", "link-not-followed"),
        "broken.png": ("failed", "missing"),
    }


def test_a_file_that_disappears_is_an_error(photos, out):
    files = imgcost.fit_paths(photos, output=out, **CONDITIONS)
    next(files)
    (photos / "b.jpg").unlink()
    assert (next(files).problem, next(files).status) == ("missing", "fitted")


def test_a_file_that_changes_before_it_is_copied_is_an_error(photos, out, monkeypatch):
    real = tasks.Fitter.fit

    def fit(fitter, task):
        outcome = real(fitter, task)
        (photos / "a.png").write_bytes(SMALL[:-1])
        return outcome

    monkeypatch.setattr(tasks.Fitter, "fit", fit)
    (file,) = fitted(photos / "a.png", output=out)
    assert (file.status, file.problem) == ("failed", "output")
    assert file.reason == "the file has changed during the run: run the command again"
    assert contents(out) == {}


def test_a_file_that_cannot_be_read_is_an_error(photos, out, monkeypatch):
    def fit_with(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tasks, "fit_with", fit_with)
    (file,) = fitted(photos / "a.png", output=out)
    assert (file.status, file.problem, file.reason) == ("failed", "no-access", "permission denied")
    assert tasks._modified(str(out / "nothing")) == 0


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission(photos, out):
    (photos / "b.jpg").chmod(0)
    out.mkdir()
    (out / "sub").mkdir()
    (out / "sub").chmod(stat.S_IRUSR | stat.S_IXUSR)
    files = fitted(photos, output=out)
    assert [(file.status, file.problem) for file in files] == [
        *(("copied", None), ("failed", "no-access"), ("fitted", None), ("ignored", "not-an-image")),
        ("failed", "output"),
    ]
    (out / "sub").chmod(stat.S_IRWXU)


def test_a_folder_that_cannot_be_written(photos, out, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="out"):
        fitted(photos, output=out)


def failing_open(monkeypatch, name, number):
    """Fail when `Output` opens a file."""

    def enter(self, before=Output.__enter__):
        if self.path.endswith(name):
            raise OSError(number, os.strerror(number))
        return before(self)

    monkeypatch.setattr(Output, "__enter__", enter)


def test_a_full_disk_ends_the_run(photos, out, monkeypatch):
    failing_open(monkeypatch, "c.tif.png", errno.ENOSPC)
    files = imgcost.fit_paths(photos, output=out, **CONDITIONS)
    assert [next(files).status, next(files).status] == ["copied", "fitted"]
    with pytest.raises(OSError, match=r"c\.tif\.png") as raised:
        next(files)
    assert raised.value.errno == errno.ENOSPC
    assert set(contents(out)) == {"a.png", "b.jpg"}
    monkeypatch.undo()
    assert [file.status for file in fitted(photos, output=out)] == ["exists", "exists", "fitted", "ignored", "copied"]


def test_an_error_of_one_copy_does_not(photos, out, monkeypatch):
    failing_open(monkeypatch, "c.tif.png", errno.EIO)
    files = fitted(photos, output=out)
    assert [file.status for file in files] == ["copied", "fitted", "failed", "ignored", "copied"]
    assert files[2].reason == "cannot be written: input/output error"
    assert files[2].output_bytes is None
    assert set(contents(out)) == {"a.png", "b.jpg", "sub/deep/d.png"}


def test_a_copy_that_another_program_wrote_meanwhile_is_kept(photos, out):
    files = imgcost.fit_paths(photos, output=out, **CONDITIONS)
    next(files)
    folder = OutputFolder(str(out))
    folder.write("b.png", SMALL)
    with pytest.raises(PlacementError, match="just been created"):
        folder.write("b.png", WIDE)
    assert (out / "b.png").read_bytes() == SMALL


def test_a_dry_run_predicts_what_a_run_does_and_writes_nothing(photos, tmp_path, out):
    tree(photos, e_webp=noise("WEBP", 1700, 200, quality=100), f_gif=encoded("GIF", 10, 10))
    before = contents(tmp_path)
    predicted = fitted(photos, output=out, dry_run=True)
    assert contents(tmp_path) == before
    assert not out.exists()
    actual = fitted(photos, output=out)
    known = [file for file in predicted if file.output_bytes is not None or file.status == "ignored"]
    assert [(file.path[-5:], file.problem) for file in predicted if file not in known] == [
        ("b.jpg", "if-smaller"),
        ("c.tif", None),
        (".webp", "if-smaller"),
    ]
    for before, after in zip(predicted, actual, strict=True):
        if before in known:
            assert before == after
        else:
            assert before.output in (None, after.output)
            unknown = {"output": after.output, "output_media_type": after.output_media_type, "quality": after.quality}
            unknown |= {"problem": None, "reason": None}
            assert before._replace(output_bytes=after.output_bytes, **unknown) == after
    assert [file.status for file in fitted(photos, output=out, dry_run=True) if file.status != "ignored"] == [
        "exists"
    ] * 6


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, "copied"),
        ({"max_side": 200}, "copied"),
        ({"max_side": 199}, "fitted"),
        ({"max_bytes": len(SMALL)}, "copied"),
        ({"max_bytes": len(SMALL) - 1}, "fitted"),
        ({"max_tokens": 32}, "copied"),
        ({"max_tokens": 31}, "fitted"),
        ({"output_format": "png"}, "copied"),
        ({"output_format": "jpeg"}, "fitted"),
    ],
    ids=str,
)
def test_a_dry_run_knows_what_fits(photos, out, options, status):
    (file,) = fitted(photos / "a.png", output=out, dry_run=True, **options)
    assert file.status == status


@pytest.mark.parametrize(("unchanged", "status"), [("copy", "copied"), ("skip", "skipped")])
def test_an_image_whose_copy_would_have_more_bytes_says_so(out, unchanged, status):
    path = SAMPLES / "photos/mountains-panorama.jpg"
    (predicted,) = fitted(path, output=out, dry_run=True)
    assert (predicted.status, predicted.problem) == ("fitted", "if-smaller")
    summary = imgcost.FitSummary(imgcost.quotes("claude-opus-4-6")[0])
    for file in fitted(path, output=out, unchanged=unchanged):
        assert (file.status, file.problem) == (status, "not-smaller")
        assert file.output_bytes == file.file_bytes
        summary.add(file)
    assert summary.problems == {"not-smaller": 1}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "if-smaller"),
        ({"max_side": 1568}, "if-smaller"),
        ({"max_side": 1567}, None),
        ({"output_format": "jpeg"}, "if-smaller"),
        ({"output_format": "webp"}, None),
        ({"max_bytes": 200_000}, "if-smaller"),
        ({"max_bytes": 150_000}, None),
        ({"always_resize": True}, None),
    ],
    ids=str,
)
def test_a_dry_run_knows_what_has_to_change(out, options, problem):
    (file,) = fitted(SAMPLES / "photos/mountains-panorama.jpg", output=out, dry_run=True, **options)
    assert (file.status, file.problem) == ("fitted", problem)


def test_a_dry_run_knows_what_cannot_be_decoded(tmp_path, out, monkeypatch):
    heic = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(heic)
    heic = heic.getvalue()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>"
    folder = tree(tmp_path / "in", a_png=png(20_000, 10_001), b_heic=heic, c_svg=svg, d_heic=heic[:60])
    for dry_run in (True, False):
        assert [(file.problem, file.reason) for file in fitted(folder, output=out, dry_run=dry_run)] == [
            ("too-large", "20000x10001 px: at most 200,000,000 px are decoded. Resize it in another program."),
            ("no-decoder", "HEIC needs an extra. Install it: pip install 'imgcost[heic]'."),
            ("unsupported", "SVG cannot be decoded. Convert it in another program."),
            ("unsupported", "HEIC cannot be decoded"),
        ]


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_dry_run_turns_images(tmp_path, out, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    folder = tree(tmp_path / "in", a_jpg=noise("JPEG", 1700, 100, exif=exif, quality=95))
    predicted, actual = (fitted(folder, output=out, dry_run=dry_run)[0] for dry_run in (True, False))
    size = (predicted.output_width, predicted.output_height)
    assert size == (actual.output_width, actual.output_height)
    assert (size[0] < size[1]) == (orientation == 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"walk": 3}, "walk"),
        ({"jobs": 0}, "jobs"),
        ({"jobs": True}, "jobs"),
        ({"unchanged": "move"}, "unchanged"),
        ({"max_side": 0}, "max_side"),
        ({"model": 5}, "model"),
    ],
)
def test_invalid_arguments(photos, out, options, message):
    with pytest.raises(ArgumentError, match=f"invalid {message}"):
        imgcost.fit_paths(photos, output=out, **CONDITIONS | options)
    assert not out.exists()


@pytest.mark.parametrize("output", ["", "a\0b", 5, None])
def test_paths_have_to_be_paths(photos, out, output):
    with pytest.raises(ArgumentError):
        imgcost.fit_paths(5, output=out)
    with pytest.raises(ArgumentError):
        imgcost.fit_paths(photos, output=output)


def test_a_path_that_does_not_exist_is_inside_its_folder(tmp_path):
    assert is_inside(str(tmp_path / "a" / "b"), str(tmp_path))
    assert not is_inside(str(tmp_path), str(tmp_path / "a"))
    assert not is_inside("a\0b", str(tmp_path / "a"))
    assert not is_inside("a", "a\0b")


def test_spawned_workers_get_the_settings():
    quote = imgcost.quotes("claude-opus-4-6", as_of=CONDITIONS["as_of"])[0]
    fitter = tasks.Fitter(quote, tasks.FitOptions(max_tokens=50), "", "copy", overwrite=False, dry_run=True)
    task = tasks.FitTask(str(SAMPLES / "web" / "marker-icon.png"), "marker-icon.png")
    assert pickle.loads(pickle.dumps(fitter.fit))(task) == fitter.fit(task)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the library starts workers by forking")
def test_workers_write_the_same(tmp_path, monkeypatch):
    folder = tmp_path / "in"
    for number in range(30):
        tree(folder, **{f"n{number:02}_jpg": noise("JPEG", 1700 + number, 300, quality=95), f"n{number:02}_png": SMALL})
    alone = fitted(folder, output=tmp_path / "alone")
    monkeypatch.setattr(workers, "ALONE_SECONDS", 0)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 0)
    together = fitted(folder, output=tmp_path / "together", jobs=2)
    assert [file[:2] for file in together] == [file[:2] for file in alone]
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")


def test_a_summary_adds_up(photos, out):
    files = fitted(photos, output=out, max_tokens=500)
    summary = imgcost.FitSummary(imgcost.quotes(["claude-opus-4-6"], as_of=CONDITIONS["as_of"])[0])
    for file in files:
        summary.add(file)
    with_copy = [file for file in files if file.status != "ignored"]
    assert summary.total.files == len(with_copy) == 4
    assert summary.total.tokens == sum(file.tokens for file in with_copy)
    assert summary.total.output_bytes == sum(map(len, contents(out).values()))
    assert summary.saved_usd == sum(file.saved_usd for file in with_copy)
    assert summary.rejected == {"format": 1}
    assert (summary.files("ignored"), summary.files("failed")) == (1, 0)
    assert repr(summary) == f"<FitSummary images=4 saved=${summary.saved_usd.normalize()} failed=0>"
    assert "<td>copied</td>" in summary._repr_html_()
    assert summary.to_dict()["saved_usd"] == f"{summary.saved_usd:f}"
