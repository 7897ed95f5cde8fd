"""`imgcost fit`: options, reports, exit codes, and what is left after an interruption."""

from __future__ import annotations

import csv
import errno
import json
import os
import random
import re
import shutil
import signal
import sys
import time
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from command_line import Running, printed, refused, run, unwrapped, wait_until
from conftest import DATA, SAMPLES
from pictures import contents, encoded, noise, png, tree
from PIL import Image

from imgcost.cli import fit
from imgcost.outputs import TEMPORARY_SUFFIX, Output
from imgcost.tabular import FIT
from imgcost.text import fits

SMALL, TIFF = png(200, 100), encoded("TIFF", 200, 100)
WIDE = noise("JPEG", 1680, 840, quality=95)

MODEL = ("-m", "claude-opus-4-6", "--as-of", "2026-11-22")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tree(tmp_path / "photos", a_png=SMALL, b_jpg=WIDE, c_tif=TIFF, sub__d_png=SMALL, notes_txt=b"hello")


def test_the_report_of_a_run(photos):
    report = printed("fit", "photos", "-o", "small", *MODEL)
    size = (photos.parent / "small" / "c.tif.png").stat().st_size
    assert re.search(r"\A4 images in small. claude-opus-4-6 on 2026-11-22: standard tier, patch formula,\n", report)
    assert re.search(r"^  copied +2 +64 +64 +\d+ bytes +\d+ bytes$", report, re.MULTILINE)
    assert re.search(r"^  total +4 +1,664 +1,664 +[\d.]+ MB +[\d.]+ (k|M)B$", report, re.MULTILINE)
    assert re.search(r"^  photos/b.jpg  1680x840 +1568x784 +1,568 +[\d.]+ MB +[\d.]+ .B$", report, re.MULTILINE)
    assert re.search(rf"^  photos/c.tif  200x100 TIFF  200x100 PNG +32 .* {size} bytes$", report, re.MULTILINE)
    notes = unwrapped(report.rpartition("\n\n")[2])
    assert re.fullmatch(
        r"Saves no tokens and no dollars: the copies have the sizes that claude-opus-4-6 sees anyway\.\n"
        r"Uploads are [\d.]+ .B \(\d+%\) smaller\.\n"
        r"1 of 4 images would be rejected without fitting: 1 in a format that the API rejects\.\n"
        r"1 file is not an image and was ignored: photos/notes\.txt \(text, not an image\)\.\n",
        notes,
    )


def test_what_is_saved(photos):
    report = unwrapped(printed("fit", photos, "-o", "small", "--max-tokens", "500", *MODEL))
    assert "Saves 1,072 tokens, $0.0054 of $0.0083, each time that all images are sent to claude-opus-4-6." in report
    assert re.search(r"Uploads are [\d.]+ .B \(\d\d%\) smaller\.", report)
    again = unwrapped(printed("fit", photos, "-o", "small", *MODEL))
    assert "Saves 1,072 tokens" in again
    assert "4 copies were already there and kept: --overwrite replaces them." in again
    replaced = unwrapped(printed("fit", photos, "-o", "small", "--max-tokens", "500", "--overwrite", *MODEL))
    assert replaced == report


def test_nothing_to_save(photos):
    report = printed("fit", photos / "a.png", "-o", "small", *MODEL)
    assert "Nothing to save: every image is accepted and fits." in report
    assert "Uploads" not in report
    assert "Resized" not in report
    skipped = printed("fit", photos / "a.png", "-o", "other", "--unchanged", "skip", *MODEL)
    assert "1 image needs no change and was not copied." in skipped
    os.utime(photos / "a.png", (2e9, 2e9))
    outdated = unwrapped(printed("fit", photos / "a.png", "-o", "small", *MODEL))
    assert "1 copy was already there and kept, 1 of them older than the original" in outdated


def test_a_larger_upload_is_admitted(photos):
    report = unwrapped(printed("fit", photos / "a.png", "-o", "small", "--convert", "webp", *MODEL))
    assert re.search(r"Uploads are [\d.]+ \w+ \([\d,]+%\) (larger|smaller)\.", report)


def test_images_that_would_need_more_bytes_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("fit", SAMPLES / "photos/dandelion-2800.jpg", *MODEL)
    dry_run = unwrapped(printed(*arguments, "--dry-run"))
    assert "1 image is resized only if its copy has fewer bytes, and otherwise left unchanged: --always-res" in dry_run
    report = unwrapped(printed(*arguments, "-o", "small"))
    assert "1 image was not resized, because its copy would have more bytes; the API downscales" in report
    for options in (["--dry-run"], ["-o", "other"]):
        report = printed(*arguments, "--always-resize", *options)
        assert "2800x1575  1456x819" in report
        assert "fewer bytes" not in report
        assert "more bytes" not in report


def test_a_dry_run(photos):
    before = contents(photos.parent)
    report = printed("fit", "photos", "--dry-run", *MODEL)
    assert report.startswith("4 images. claude-opus-4-6 on 2026-11-22: ")
    assert "Would be resized or converted" in report
    assert re.search(r"  photos/c.tif +200x100 TIFF +200x100 +32 +[\d.]+ kB +unknown", report)
    assert "Bytes of fitted images are unknown until then." in unwrapped(report)
    assert "Uploads" not in report
    printed("fit", "photos", "-o", "small", "--dry-run", *MODEL)
    assert contents(photos.parent) == before
    data = json.loads(printed("fit", "photos", "--dry-run", "-f", "json", *MODEL))
    assert (data["dry_run"], data["output"], data["total"]["output_bytes"]) == (True, None, None)


def test_a_dry_run_detects_truncated_images(photos):
    cut = photos / "cut.png"
    cut.write_bytes(SMALL[:-20])
    report = printed("fit", cut, "--dry-run", *MODEL, code=1)
    assert re.search(r"cut.png +damaged +the end of the image is missing", report)
    cut.write_bytes(b"oops")
    report = printed("fit", cut, "photos/a.png", "--dry-run", *MODEL, code=1)
    assert "Nothing to save: of the 1 image that could be read, every image is accepted and fits." in unwrapped(report)


def test_a_single_image_is_written_to_a_file(photos):
    before = contents(photos)
    report = printed("fit", "photos/c.tif", "-o", "out/small.JPG", "--report", "small.csv", *MODEL)
    assert report.startswith("1 image as out/small.JPG. claude-opus-4-6")
    assert [path.name for path in (photos.parent / "out").iterdir()] == ["small.JPG"]
    with Image.open(photos.parent / "out" / "small.JPG") as copy:
        assert copy.format == "JPEG"
    assert "out/small.JPG" in (photos.parent / "small.csv").read_text(encoding="utf-8").replace(os.sep, "/")
    printed("fit", "photos/a.png", "-o", "photos/new.png", *MODEL)
    assert (photos / "new.png").read_bytes() == SMALL
    (photos / "new.png").unlink()
    printed("fit", "photos/a.png", "-o", "b.webp", "--dry-run", *MODEL)
    printed("fit", "photos/a.png", "-o", "b.webp", "--unchanged", "skip", *MODEL)
    assert "b.webp exists: --overwrite replaces it." in refused("fit", "photos/b.jpg", "-o", "b.webp")
    printed("fit", "photos/b.jpg", "-o", "b.webp", "--overwrite", *MODEL)
    with Image.open(photos.parent / "b.webp") as copy:
        assert (copy.format, copy.size) == ("WEBP", (1568, 784))
    printed("fit", "photos/notes.txt", "-o", "c.png", *MODEL, code=1)
    assert not (photos.parent / "c.png").exists()
    assert contents(photos) == before


def test_a_folder_may_be_called_like_an_image(photos):
    (photos.parent / "folder.png").mkdir()
    printed("fit", "photos", "-o", "folder.png", *MODEL)
    assert (photos.parent / "folder.png" / "a.png").exists()


def test_failures_have_exit_code_1_and_are_listed(photos):
    shutil.copy(SAMPLES / "broken" / "cut-in-pixels.png", photos / "e.png")
    (photos / "x.zip").touch()
    report = printed("fit", "photos", "-o", "small", *MODEL, code=1)
    assert "2 files were not fitted" in report
    assert re.search(r"photos/e.png +damaged +the end of the image is missing", report)
    assert re.search(r"photos/x.zip +archive-not-entered +an archive: extract it first", report)
    assert "4 images in small" in report
    assert "\nBesides the 2 files above, 1 of 4 images would be rejected without fitting: 1 in a" in unwrapped(report)
    assert printed("fit", photos / "e.png", "-o", "small", *MODEL, code=1).startswith("1 file was not fitted")


def test_no_images(photos):
    (photos / "empty").mkdir()
    assert printed("fit", photos / "empty", "-o", "small", *MODEL) == "No images found.\n"
    assert "--fail-on-empty was given" in run("fit", photos / "empty", "-o", "small", "--fail-on-empty").stderr
    names = unwrapped(printed("fit", DATA / "notices", "-o", "small", *MODEL))
    assert re.search(r"4 files are not images and were ignored: .* and 1 more\.", names)


def test_long_lists_are_cut(photos, monkeypatch):
    monkeypatch.setattr(fits, "MAX_LISTED", 1)
    (photos / "x.zip").touch()
    (photos / "y.zip").touch()
    report = unwrapped(printed("fit", photos, "-o", "small", *MODEL, code=1))
    assert "2 more files are not listed: -f json and --report FILE list all." in report
    assert "b.jpg" in report
    assert "c.tif" not in report


@pytest.mark.usefixtures("photos")
def test_json_lists_every_file():
    data = json.loads(printed("fit", "photos", "-o", "small", "-f", "json", "--max-tokens", "500", *MODEL))
    assert data["schema"] == FIT.id
    assert [(file["path"], file["status"]) for file in data["files"]] == [
        *(("photos/a.png", "copied"), ("photos/b.jpg", "fitted"), ("photos/c.tif", "fitted")),
        *(("photos/notes.txt", "ignored"), ("photos/sub/d.png", "copied")),
    ]
    assert data["saved_usd"] == f"{Decimal('0.000005') * (1664 - data['total']['output_tokens']):f}"
    assert {status: totals["files"] for status, totals in data["by_status"].items()} == {
        "copied": 2,
        "fitted": 2,
        "ignored": 1,
    }


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet", "md", "xlsx", "html"])
def test_reports_are_written(photos, suffix):
    report = photos.parent / f"report.{suffix}"
    out = printed("fit", "photos", "-o", "small", "--report", report, *MODEL)
    assert out == printed("fit", "photos", "-o", "other", *MODEL).replace("in other", "in small")
    if suffix == "csv":
        with report.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(FIT.columns)
        assert [row["status"] for row in rows] == ["copied", "fitted", "fitted", "ignored", "copied"]
        assert rows[1]["output"] == os.path.join("small", "b.jpg")  # noqa: PTH118 - as it is written
    elif suffix == "parquet":
        table = pq.read_table(report).to_pylist()
        assert sum(row["output_tokens"] or 0 for row in table) == 1664
    elif suffix in {"md", "html"}:
        assert "copied" in report.read_text(encoding="utf-8")


@pytest.mark.usefixtures("photos")
def test_a_report_inside_the_folders_is_not_read():
    for _ in range(2):
        report = printed("fit", "photos", "-o", "photos/small", "--report", "photos/report.png.csv", *MODEL)
        assert "4 images in photos/small" in report
        assert "report.png.csv" not in report


def test_paths_from_stdin_keep_their_folders(photos):
    listed = "\0".join(["photos/b.jpg", "./photos/sub/d.png", str(photos / "a.png")])
    printed("fit", "-0", "-", "-o", "small", *MODEL, stdin=listed)
    assert set(contents(photos.parent / "small")) == {
        *("photos/b.jpg", "photos/sub/d.png", (photos / "a.png").relative_to("/").as_posix())
    }
    printed("fit", "-", "photos/c.tif", "-o", "mixed", *MODEL, stdin="photos/sub\n")
    assert set(contents(photos.parent / "mixed")) == {"photos/sub/d.png", "c.tif.png"}


def test_a_copy_that_would_be_larger_is_written_if_the_size_matters(photos):
    tree(photos, gray_jpg=encoded("JPEG", 1680, 840))
    for options, status in (((), "copied"), (("--always-resize",), "fitted")):
        data = json.loads(printed("fit", photos / "gray.jpg", "-o", status, *options, "-f", "json", *MODEL))
        assert [file["status"] for file in data["files"]] == [status]


def test_options_change_the_copies(photos):
    options = ("--max-side", "100", "--convert", "jpeg", "--background", "#f00", "--unchanged", "skip")
    printed("fit", photos, "-o", "small", *options, *MODEL)
    sizes = set()
    for path in (photos.parent / "small").rglob("*.jpg"):
        with Image.open(path) as image:
            sizes.add(image.size)
    assert sizes == {(100, 50)}
    narrow = ("--include", "*.png", "--exclude", "sub", "--unchanged", "link")
    printed("fit", photos, "-o", "linked", *narrow, *MODEL)
    assert set(contents(photos.parent / "linked")) == {"a.png"}
    assert (photos.parent / "linked" / "a.png").samefile(photos / "a.png")


@pytest.mark.parametrize(
    ("text", "size"),
    [("5000", 5000), ("5,000 bytes", 5000), ("500kB", 500_000), ("3.5MB", 3_500_000), ("4MiB", 4 << 20), ("1g", 10**9)],
)
def test_sizes_in_bytes(text, size):
    assert fit._Bytes().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["0", "0.1", "5x", "", "-5", "5,00", "1e6", "MB", "9" * 20])
def test_invalid_sizes_in_bytes(photos, text):
    error = refused("fit", photos, "-o", "small", f"--max-bytes={text}")
    assert "expected a size such as 500kB, 3.5MB or 4MiB." in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photos",), "Missing option '-o' / '--output': the folder for the copies."),
        (("photos", "-o", ""), "Missing option '-o'"),
        (("photos", "-o", "."), "--output . contains the input photos: choose another folder."),
        (("photos", "-o", "photos"), "--output photos contains the input photos"),
        (("photos/a.png", "-o", "photos"), "--output photos contains the input photos/a.png"),
        (("photos", "-o", "photos/a.png"), "is a file"),
        (("photos", "-o", os.devnull), "is a file"),
        (("photos/a.png", "-o", "photos/a.png/b"), "Not a directory"),
        (("photos", "-o", "small.jpg"), "--output small.jpg has the suffix of an image, but only the copy of a single"),
        (("photos/a.png", "photos/b.jpg", "-o", "small.jpg"), "choose another name for the folder."),
        (("-", "-o", "small.jpg"), "choose another name for the folder."),
        (
            ("photos/a.png", "-o", "small.gif"),
            "small.gif: fit writes files that end with .jpg, .png or .webp.",
        ),
        (("photos/a.png", "-o", "s.jpg", "--convert", "png"), "--convert png and the suffix of s.jpg disagree."),
        (("photos/a.png", "-o", "photos/a.png", "--overwrite"), "--output photos/a.png would overwrite photos/a.png"),
        (("nothing", "-o", "small"), "Path 'nothing' does not exist."),
        (("photos", "-o", "small", "--report", "report.txt"), "report.txt"),
        (("photos/a.png", "-o", "small", "--report", "photos/a.png"), "photos/a.png"),
        (("photos", "-o", "small", "--max-side", "0"), "expected a whole number"),
        (
            ("photos", "-o", "small", "--background", "red"),
            "Invalid value for '--background': 'red': expected a color such as '#ffffff'",
        ),
        (("photos", "-o", "small", "--min-quality", "96"), "96"),
        (("photos", "-o", "small", "-m", "gpt-4o"), "unknown model 'gpt-4o'"),
    ],
)
def test_invalid_usage(photos, arguments, message):
    before = contents(photos.parent)
    assert message in unwrapped(refused("fit", *arguments))
    assert contents(photos.parent) == before
    assert not (photos.parent / "small").exists()


@pytest.mark.usefixtures("photos")
def test_a_full_disk_says_what_is_complete(monkeypatch):
    def enter(self, before=Output.__enter__):
        if self.path.endswith("c.tif.png"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return before(self)

    monkeypatch.setattr(Output, "__enter__", enter)
    result = run("fit", "photos", "-o", "small", *MODEL)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "imgcost: stopped after 2 files; their copies are complete, run the same command again for the rest\n"
        f"Error: {os.path.join('small', 'c.tif.png')}: No space left on device.\n"  # noqa: PTH118 - as it is written
    )


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize(
    ("error", "code", "how"),
    [(KeyboardInterrupt(), 130, "interrupted"), (fit.Terminated(15), 143, "terminated by SIGTERM")],
)
def test_an_interruption_says_what_is_complete(monkeypatch, error, code, how):
    def enter(self, before=Output.__enter__):
        if self.path.endswith("c.tif.png"):
            raise error
        return before(self)

    monkeypatch.setattr(Output, "__enter__", enter)
    result = run("fit", "photos", "-o", "small", *MODEL)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"imgcost: {how} after 2 files; their copies are complete")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals here")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_killed_run_is_completed_by_the_next(tmp_path, name):
    folder = tree(tmp_path / "in", **{f"n{number:02}_jpg": noise("JPEG", 1800, 400) for number in range(16)})
    expected = printed("fit", folder, "-o", tmp_path / "expected", *MODEL, "-j", "1")
    out = tmp_path / "out"
    generator = random.Random(name)
    for _ in range(2):
        count = len(list(out.iterdir())) if out.exists() else 0
        with Running("fit", folder, "-o", out, *MODEL, "-j", "2") as running:
            wait_until(lambda count=count: out.exists() and len(list(out.iterdir())) > count)
            time.sleep(generator.uniform(0, 0.1))
            running.process.send_signal(getattr(signal, name))
            code, printed_text, err = running.wait()
            assert not running.children_left()
        assert code in ({"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}[name], 0)
        left = contents(out)
        complete = {path: data for path, data in left.items() if not path.endswith(TEMPORARY_SUFFIX)}
        assert complete.items() <= contents(tmp_path / "expected").items()
        assert len(left) == len(complete) or name == "SIGKILL"
        if code not in (0, -9):
            assert printed_text == ""
            assert " after " in err
    report = printed("fit", folder, "-o", out, *MODEL)
    assert "16 images" in report
    assert "16 images" in expected
    kept = {path: data for path, data in contents(out).items() if not path.endswith(TEMPORARY_SUFFIX)}
    assert kept == contents(tmp_path / "expected")
