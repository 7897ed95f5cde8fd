"""`imgcost scan` on the command line: its output, files and exit codes, and hostile names."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import zipfile
from functools import partial
from pathlib import Path

import command_line
import pyarrow.parquet as pq
import pytest
from command_line import LIMIT, Running, unwrapped, wait_until
from conftest import SAMPLES, png
from quoting import quoted

import imgcost
from imgcost import pipeline
from imgcost.cli import inputs, scan
from imgcost.files import workers
from imgcost.tabular import SCAN
from imgcost.text.scans import MAX_LISTED, file_size

AS_OF = ("--as-of", "2026-11-22")
SONNET_3 = ("-m", "claude-3-sonnet", *AS_OF)


run, printed, refused = (
    partial(function, "scan") for function in (command_line.run, command_line.printed, command_line.refused)
)


def data(*arguments, stdin=None):
    return json.loads(printed(*arguments, "-f", "json", *AS_OF, stdin=stdin))


@pytest.fixture
def folder(tmp_path):
    """Two images of known cost and a broken one."""
    top = tmp_path / "pictures"
    (top / "sub").mkdir(parents=True)
    (top / "a.png").write_bytes(png(1000, 1000))
    (top / "sub" / "b.png").write_bytes(png(200, 200))
    (top / "broken.png").write_bytes(png(1, 1)[:20])
    return top


# The summary


def test_the_summary_of_the_samples_adds_up():
    report = data(SAMPLES, "-m", "claude-opus-4-6")
    assert report["schema"] == "imgcost.scan/2"
    assert list(report) == [
        *("schema", "images", "file_bytes", "media_types", "duplicates", "fixable", "models", "compared"),
        *("histogram", "costliest_folders", "unreadable"),
    ]
    assert report["images"] == sum(report["media_types"].values()) == sum(bar["images"] for bar in report["histogram"])
    [model] = report["models"]
    assert model["model"] == "claude-opus-4-6"
    assert list(model) == [
        *("model", "as_of", "tier", "formula", "usd_per_mtok"),
        *("platform", "endpoint", "speed", "inference_geo", "batch", "cache", "tokens", "input_usd", "downscaled"),
        *("fixable_tokens", "fixable_usd", "tokens_of_duplicates", "input_usd_of_duplicates"),
    ]
    assert model["tokens"] == sum(folder["tokens"] for folder in report["costliest_folders"])
    assert {file["problem"] for file in report["unreadable"]} == {"damaged", "not-an-image"}
    assert report["fixable"] == [{"rule": "format", "phrase": "TIFF", "images": 1}]
    assert {frozenset(file) for file in report["unreadable"]} == {frozenset({"path", "problem", "reason", "format"})}


def test_the_text_agrees_with_the_json(folder, monkeypatch):
    monkeypatch.chdir(folder)
    text = printed(".", *SONNET_3)
    assert text.startswith("2 images, 90 bytes. claude-3-sonnet-20240229 on ")
    assert re.search(r"claude-3-sonnet-20240229 +standard +1,388 +\$0\.0042 +0\n", text)
    assert re.search(r" 1-196 +1\n", text)
    assert re.search(r" 197-392 +0\n", text)
    assert re.search(r" \. +1 +1,334 +\$0\.0040\n +sub +1 +54 +\$0\.00016\n", text.replace("./", ""))
    assert "Unreadable: 1 damaged" in text
    assert re.search(r"broken\.png +damaged +the PNG ends inside its IHDR chunk\n", text)
    assert "claude-3-sonnet-20240229 retired on 2025-07-21; the last price is used here." in text
    assert data(folder, "-m", "claude-3-sonnet")["models"][0]["tokens"] == 1388


def test_the_newest_model_of_each_other_family_is_compared(folder):
    report = data(folder, "-m", "sonnet")
    assert [model["model"] for model in report["models"]] == ["claude-sonnet-5-5"]
    compared = [model["model"] for model in report["compared"]]
    assert {"claude-haiku-5-5", "claude-opus-5-5"} <= set(compared)
    assert "claude-sonnet-5-5" not in compared
    assert len(set(compared)) == len(compared)
    assert "pages add 3 tokens per image" in printed(folder, "-m", "sonnet", *AS_OF)


def test_unavailable_models_are_not_compared(folder):
    early = json.loads(printed(folder, "-f", "json", "--as-of", "2024-03-04", "-m", "claude-3-sonnet"))
    assert [model["model"] for model in early["compared"]] == ["claude-3-opus-20240229"]


def test_models_are_in_the_order_of_the_options(folder):
    report = data(folder, "-m", "claude-3-opus", "-m", "haiku", "-m", "claude-3-sonnet")
    assert [model["model"] for model in report["models"]] == [
        "claude-3-opus-20240229",
        "claude-haiku-5-5",
        "claude-3-sonnet-20240229",
    ]


def test_conditions_reach_the_summary(folder):
    options = ("--batch", "--prompt-cache", "5m", "--inference-geo", "us", "--formula", "area")
    [model] = data(folder, "-m", "claude-opus-4-6", *options)["models"]
    assert (model["batch"], model["cache"], model["inference_geo"]) == (True, "5m", "us")
    assert (model["formula"], model["usd_per_mtok"]) == ("area", "3.4375")
    quote = quoted("claude-opus-4-6", formula="area", batch=True, cache="5m", inference_geo="us")
    assert model["input_usd"] == f"{quote.image_usd(1388):f}"


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_an_empty_folder_is_not_an_error(tmp_path, style):
    text = printed(tmp_path, "-f", style, *AS_OF)
    if style == "json":
        assert json.loads(text)["images"] == 0
    else:
        assert "0 images, 0 bytes" not in text
        assert "Tokens an image" not in text


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1_250_000, "1.2 MB"), (10**9, "1.0 GB")],
)
def test_file_sizes_have_units(size, shown):
    assert file_size(size) == shown


def test_a_file_size_is_rounded_up_to_the_next_unit():
    assert file_size(999_949) == "999.9 kB"


@pytest.mark.parametrize(("size", "shown"), [(999_950, "1.0 MB"), (999_999_999, "1.0 GB")])
def test_a_size_that_rounds_up_to_the_next_unit_is_shown_in_it(size, shown):
    assert file_size(size) == shown


def test_the_list_of_unreadable_files_is_limited_in_text_only(tmp_path):
    for number in range(MAX_LISTED + 3):
        (tmp_path / f"{number:02}.png").touch()
    text = printed(tmp_path, *AS_OF)
    assert text.count(" empty  ") == MAX_LISTED
    assert "3 more unreadable files or folders: -f json and -o FILE list all of them." in text
    assert len(data(tmp_path)["unreadable"]) == MAX_LISTED + 3
    (tmp_path / "00.png").unlink()
    assert "2 more unreadable files or folders" in printed(tmp_path, *AS_OF)


# Selecting files


def test_fail_on_unreadable_is_exit_code_2_after_the_complete_report(folder):
    result = run(folder, "--fail-on-unreadable", *SONNET_3)
    assert result.exit_code == 2
    assert result.stdout == printed(folder, *SONNET_3)
    assert result.stderr == "Error: 1 file or folder could not be read (--fail-on-unreadable was given).\n"
    printed(folder / "a.png", "--fail-on-unreadable", *AS_OF)


def test_a_missing_path_is_an_error():
    assert "Path 'no/such/folder' does not exist" in refused("no/such/folder")
    assert "Missing argument 'PATH|URL...|-'" in refused()


@pytest.mark.parametrize(("null", "end"), [((), b"\n"), (("-0",), b"\0")])
def test_a_dash_reads_paths_from_stdin(folder, null, end):
    paths = [folder / "a.png", folder / "sub", "missing.png"]
    listed = end.join(os.fsencode(path) for path in paths)
    for stdin in (listed, listed + end, end + listed + end + end):
        report = data(*null, "-", stdin=stdin)
        assert report["images"] == 2
        assert [(file["path"], file["problem"]) for file in report["unreadable"]] == [("missing.png", "missing")]
    assert data(*null, "-", stdin=b"")["images"] == 0


def test_stdin_can_have_names_with_newlines_and_names_that_are_not_utf8(tmp_path):
    for name in (b"new\nline.png", b"caf\xe9.png"):
        (tmp_path / os.fsdecode(name)).write_bytes(png(1, 1))
    paths = sorted(map(os.fsencode, tmp_path.iterdir()))
    assert data("-0", "-", stdin=b"\0".join(paths))["images"] == 2
    assert data("-", stdin=b"\n".join(paths))["images"] == 1


def test_the_dash_is_replaced_by_the_paths_from_stdin_in_order(folder):
    result = run(
        folder / "a.png", "-", folder / "sub", "--rows", "jsonl", *SONNET_3, stdin=os.fsencode(folder / "broken.png")
    )
    rows = [json.loads(line)["path"] for line in result.stdout.splitlines()]
    assert [Path(path).name for path in rows] == ["a.png", "broken.png", "b.png"]


def test_a_list_longer_than_a_block_is_read_completely(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1, 1))
    path = os.fsencode(tmp_path / "a.png")
    assert data("-", stdin=b"\n".join([path] * 3000))["images"] == 3000


@pytest.mark.parametrize(
    ("options", "images", "problems"),
    [
        (("--include", "a.*"), 1, 0),
        (("--include", "a.*", "--include", "b.*"), 2, 0),
        (("--exclude", "sub"), 1, 1),
        (("--exclude", "*/sub/*"), 1, 1),
        (("--exclude", "broken*"), 2, 0),
        (("--include", "*.jpg"), 0, 0),
    ],
)
def test_globs_select_and_skip_files(folder, options, images, problems):
    report = data(folder, *options)
    assert (report["images"], len(report["unreadable"])) == (images, problems)


def test_archives_are_scanned_unless_disabled(folder):
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("in/c.png", png(280, 280))
    report = data(folder)
    assert (report["images"], len(report["unreadable"])) == (3, 1)
    assert any(entry["folder"].endswith("z.zip/in") for entry in report["costliest_folders"])
    report = data(folder, "--no-archives")
    assert [file["problem"] for file in report["unreadable"]] == ["damaged", "archive-not-entered"]


def test_links_to_folders_are_followed_only_if_enabled(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c.png").write_bytes(png(5, 5))
    (folder / "link").symlink_to(tmp_path / "other")
    assert (data(folder)["images"], data(folder, "--follow-symlinks")["images"]) == (2, 3)


def test_duplicates_are_excluded_and_the_savings_reported(folder):
    shutil.copy(folder / "a.png", folder / "sub" / "z.png")
    assert data(folder, "-m", "claude-3-sonnet")["models"][0]["tokens"] == 2722
    report = data(folder, "-m", "claude-3-sonnet", "--dedupe")
    assert (report["images"], report["duplicates"]) == (2, 1)
    [model] = report["models"]
    assert (model["tokens"], model["tokens_of_duplicates"], model["input_usd_of_duplicates"]) == (
        1388,
        1334,
        "0.004002",
    )
    note = "1 duplicate excluded, which saves 1,334 tokens ($0.0040 with claude-3-sonnet-20240229)."
    assert note in unwrapped(printed(folder, "--dedupe", *SONNET_3))
    shutil.copy(folder / "a.png", folder / "sub" / "zz.png")
    assert "2 duplicates excluded, which saves 2,668 tokens" in printed(folder, "--dedupe", *SONNET_3)


def test_the_output_is_the_same_with_a_cache(folder, tmp_path):
    plain = printed(folder, *SONNET_3)
    for _ in range(2):
        assert printed(folder, "--cache", tmp_path / "cache", *SONNET_3) == plain


def test_a_cache_file_of_another_program_is_an_error(folder, tmp_path):
    with sqlite3.connect(tmp_path / "cache") as database:
        database.execute("CREATE TABLE mails (a)")
    database.close()
    before = (tmp_path / "cache").read_bytes()
    assert "is not an imgcost cache: choose another file" in refused(folder, "--cache", tmp_path / "cache")
    assert (tmp_path / "cache").read_bytes() == before
    assert "is a directory" in refused(folder, "--cache", tmp_path)


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_an_invalid_number_of_jobs_is_an_error(folder, jobs):
    assert "Invalid value for '-j' / '--jobs'" in refused(folder, "-j", jobs)


def test_the_default_number_of_jobs_is_the_number_of_cores(monkeypatch):
    assert inputs.worker_count(None) >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert inputs.worker_count(None) == min(os.cpu_count() or 1, inputs.MAX_JOBS)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert (inputs.worker_count(None), inputs.worker_count(40)) == (1, 40)


# Rows


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
def test_rows_are_written_in_addition_to_the_summary(folder, tmp_path, suffix):
    path = tmp_path / f"costs.{suffix}"
    assert printed(folder, "-o", path, *SONNET_3) == printed(folder, *SONNET_3)
    match suffix:
        case "csv":
            rows = read_csv(path.read_bytes())
        case "json":
            rows = json.loads(path.read_bytes())["rows"]
        case "jsonl":
            rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        case "parquet":
            rows = pq.read_table(path).to_pylist()
    assert [Path(row["path"]).name for row in rows] == ["a.png", "broken.png", "b.png"]
    assert list(rows[0]) == list(SCAN.columns)
    assert [row["problem"] or "" for row in rows] == ["", "damaged", ""]


def read_csv(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


def test_an_unknown_suffix_is_an_error_and_nothing_is_written(folder, tmp_path):
    message = refused(folder, "-o", tmp_path / "costs.xls")
    assert "use one of the extensions .csv, .json, .jsonl, .parquet, .md, .xlsx, .html" in message
    assert not (tmp_path / "costs.xls").exists()


def test_a_file_that_cannot_be_written_is_exit_code_2(folder, tmp_path):
    message = " ".join(refused(folder, "-o", tmp_path / "no" / "costs.csv").split())
    assert f"costs.csv cannot be written: the folder {tmp_path / 'no'} does not exist." in message
    assert "is a directory" in refused(folder, "-o", tmp_path)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_streamed_rows_are_alone_on_stdout(folder, kind):
    result = run(folder, "--rows", kind, *SONNET_3)
    assert result.exit_code == 0
    assert result.stderr == printed(folder, *SONNET_3)
    lines = result.stdout.splitlines()
    rows = read_csv(result.stdout_bytes) if kind == "csv" else [json.loads(line) for line in lines]
    assert [Path(row["path"]).name for row in rows] == ["a.png", "broken.png", "b.png"]


def test_rows_can_be_written_to_a_file_and_to_stdout(folder, tmp_path):
    result = run(folder, "--rows", "csv", "-o", tmp_path / "costs.csv", *SONNET_3)
    assert result.stdout_bytes == (tmp_path / "costs.csv").read_bytes()


# Hostile names

HOSTILE = [
    b"new\nline.png",
    b"\x1b[2Jcleared.png",
    "gnp.\u202eexe".encode(),
    b"caf\xe9.png",
    b"=1+1.png",
    b"<img src=x>.png",
    b"a|b.png",
    b"[link](x).png",
    b'quo"ted, name.png',
]


@pytest.fixture
def hostile(tmp_path):
    """Folders with hostile names, each with an image and a file of the same name that is not an image."""
    top = tmp_path / "top"
    for name in HOSTILE:
        (top / os.fsdecode(name)).mkdir(parents=True)
        (top / os.fsdecode(name) / "a.png").write_bytes(png(1, 1))
        (top / os.fsdecode(b"x" + name)).touch()
    return top


@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_hostile_names_are_escaped_in_a_report(hostile, style):
    text = printed(hostile, "-f", style, *AS_OF)
    assert text.replace("\n", "").isprintable()
    lines = [line for line in text.split("\n") if "xnew" in line]
    assert len(lines) == 1
    if style == "markdown":
        assert "<" not in text.replace("&lt;", "")
        for line in lines:
            assert len(re.findall(r"(?<!\\)\|", line)) == 4
        assert r"xa\|b.png" in text
        assert r"\[link\]" in text
    elif style == "json":
        report = json.loads(text)
        names = {Path(imgcost.unescape_path(file["path"])).name for file in report["unreadable"]}
        assert "xnew\nline.png" in names
        assert os.fsdecode(b"xcaf\xe9.png") in names
        assert len(report["costliest_folders"]) == len(HOSTILE)
    else:
        assert r"xnew\nline.png" in text
        assert r"x\x1b[2Jcleared.png" in text
        assert r"xgnp.\u202eexe" in text
        assert r"xcaf\xe9.png" in text


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_rows_have_the_exact_paths_of_hostile_names(hostile, monkeypatch, kind):
    monkeypatch.chdir(hostile)
    result = run(*sorted(path.name for path in hostile.iterdir()), "--rows", kind, *SONNET_3)
    assert result.exit_code == 0
    if kind == "csv":
        rows = read_csv(result.stdout_bytes)
        assert "escaped:%3D1+1.png/a.png" in {row["path"] for row in rows}
    else:
        assert result.stdout_bytes.isascii()
        rows = [json.loads(line) for line in result.stdout_bytes.splitlines()]
    assert len(rows) == 2 * len(HOSTILE)
    for row in rows:
        assert Path(imgcost.unescape_path(row["path"])).is_file()


@pytest.mark.parametrize(
    ("options", "details"),
    [(("-o", "a.csv"), True), (("-o", "a.parquet"), True), (("--rows", "jsonl"), True), ((), False),
     (("-o", "a.md"), False), (("-o", "a.xlsx"), False), (("-o", "a.html"), False)],
)  # fmt: skip
def test_orientation_and_animation_are_read_only_for_rows(folder, monkeypatch, options, details):
    monkeypatch.chdir(folder)
    requested, probe_chunk = set(), pipeline.probe_chunk

    def spy(chunk, *, details):
        requested.add(details)
        return probe_chunk(chunk, details=details)

    monkeypatch.setattr(pipeline, "probe_chunk", spy)
    assert run("sub", *options).exit_code == 0
    assert requested == {details}


# Interrupted scans


WORKERS_AT_ONCE = "from imgcost.files import workers\nworkers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0"


def scanning(*options, jobs=2, ignored=(), **pipes):
    """Start `imgcost scan -`, to which the test writes paths."""
    arguments = ("scan", "-j", jobs, *options, *SONNET_3, "-")
    return Running(*arguments, before=WORKERS_AT_ONCE if jobs > 1 else "", ignored=ignored, **pipes)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no signals here")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_keeps_the_old_file_and_leaves_no_other(folder, tmp_path, jobs, suffix, number, code):
    out = tmp_path / "out"
    out.mkdir()
    target = out / f"costs.{suffix}"
    target.write_bytes(b"old")
    with scanning("-o", target, jobs=jobs) as running:
        running.feed(folder / "a.png", 20_000)
        wait_until(lambda: any(path.stat().st_size > 100_000 for path in out.iterdir()))
        exit_code, err = running.end(number)
        assert exit_code == code
        assert running.process.stdout.read() == b""
        assert not running.children_left()
    assert [(path, path.read_bytes()) for path in out.iterdir()] == [(target, b"old")]
    end = "interrupted" if number == signal.SIGINT else f"terminated by {signal.Signals(number).name}"
    assert re.fullmatch(rf"imgcost: {end} after [\d,]+ files; {re.escape(str(target))} was not written\n", err)


@pytest.mark.slow
def test_an_interrupted_scan_reports_the_number_of_streamed_rows(folder):
    with scanning("--rows", "jsonl", jobs=1) as running:
        running.feed(folder / "a.png", 40_000)
        running.process.stdout.readline()
        code, err = running.end(signal.SIGINT)
    assert code == 130
    assert re.fullmatch(r"imgcost: interrupted after [\d,]+ files; stdout has only [\d,]+ complete rows\n", err)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_closed_pipe_ends_a_scan_silently(folder, jobs):
    """As with `head -1`."""
    with scanning("--rows", "csv", jobs=jobs) as running:
        running.feed(folder / "a.png", 40_000)
        assert running.process.stdout.readline().decode() == ",".join(SCAN.columns) + "\r\n"
        running.process.stdout.close()
        assert running.process.wait(LIMIT) == 141
        assert running.process.stderr.read() == b""
        assert not running.children_left()


@pytest.mark.slow
def test_paths_that_arrive_slowly_are_all_scanned(folder):
    with scanning("-f", "json") as running:
        for _ in range(3):
            running.feed(folder / "a.png", 2000)
        running.feed(folder / "a.png", 0)
        code, out, err = running.wait()
    assert (code, err) == (0, "")
    assert json.loads(out)["images"] == 6000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no signals here")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_scan_started_with_sigint_ignored_continues(folder, tmp_path, jobs):
    """As in a background job or with `nohup`, where Ctrl-C is meant for other processes of the group."""
    rows = tmp_path / "costs.jsonl"
    options = ("--rows", "jsonl", "-f", "json")
    ignored = [signal.SIGINT, signal.SIGHUP]
    with rows.open("wb") as stdout, scanning(*options, jobs=jobs, ignored=ignored, stdout=stdout) as running:
        running.feed(folder / "a.png", 20_000)
        wait_until(lambda: rows.exists() and rows.stat().st_size > 500_000)  # some chunks, so workers are running
        for number in (signal.SIGINT, signal.SIGHUP):
            os.killpg(running.process.pid, number)
        running.feed(folder / "a.png", 2000)
        running.feed(folder / "a.png", 0)
        code, _, summary = running.wait()
    assert code == 0
    assert json.loads(summary)["images"] == 22_000
    assert len(rows.read_bytes().splitlines()) == 22_000


@pytest.mark.slow  # starts workers
def test_two_processes_print_the_same_as_one(tmp_path, monkeypatch):
    for number in range(2500):
        (tmp_path / f"{number}.png").write_bytes(png(1 + number, 5))
    one_process = printed(tmp_path, "-j", 1, *AS_OF)
    monkeypatch.setattr(workers, "ALONE_SECONDS", 0)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 0)
    assert printed(tmp_path, "-j", 2, *AS_OF) == one_process


def test_ctrl_c_is_exit_code_130_with_the_number_of_files(folder, tmp_path, monkeypatch):
    def interrupt(_scan, _paths, _sinks, *, progress, **_):
        progress(12_345)
        raise KeyboardInterrupt

    monkeypatch.setattr(scan.Scan, "run", interrupt)
    result = run(folder, *AS_OF)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "imgcost: interrupted after 12,345 files\n")
    result = run(folder, "-o", tmp_path / "a.csv", *AS_OF)
    assert result.stderr == f"imgcost: interrupted after 12,345 files; {tmp_path / 'a.csv'} was not written\n"
    assert not (tmp_path / "a.csv").exists()


def test_after_ctrl_c_a_complete_file_is_reported_as_complete(folder, tmp_path, monkeypatch):
    replace = os.replace

    def late(*args):
        replace(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", late)
    result = run(folder, "-o", tmp_path / "a.csv", *AS_OF)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == f"imgcost: interrupted after 3 files; {tmp_path / 'a.csv'} is complete\n"
    assert len(read_csv((tmp_path / "a.csv").read_bytes())) == 3


def test_other_models_are_listed_apart_for_comparison(folder):
    selected, compared = printed(folder, "-m", "haiku", *AS_OF).split("\n\n")[:2]
    assert [line.split()[0] for line in selected.splitlines() if line.startswith("  claude")] == ["claude-haiku-5-5"]
    assert compared.startswith("Other models, for comparison\n")
    assert "claude-haiku-5-5" not in compared


def test_without_images_nothing_is_said_about_prices(tmp_path):
    assert printed(tmp_path, *AS_OF) == "No images found.\n"
