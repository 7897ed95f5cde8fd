"""`imgcost check` on many files: archives, lists of paths, globs, workers, grouped findings, and streamed reports."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import tarfile
import zipfile
from pathlib import Path

import command_line
import pytest
from command_line import printed, refused
from conftest import SAMPLES, png

from imgcost.cli import rules as rules_command
from imgcost.files import Walk, inspect_archive
from imgcost.files import workers as files_workers
from imgcost.preflight import Spools, check_images, check_paths
from imgcost.preflight.checker import Checker
from imgcost.preflight.detection import open_json
from imgcost.preflight.disk import Disk
from imgcost.tables import Wording, match_wordings
from imgcost.text import Report, Table, as_json, as_markdown, as_text
from imgcost.text.findings import findings_json, findings_report
from imgcost.text.rendering import shortened, shortened_path

DAY = ("--as-of", "2026-11-22")
POSIX = pytest.mark.skipif(os.name != "posix", reason="named pipes")
END = b"\0\0\0\0IEND\xaeB`\x82"
WHOLE = png(300, 300) + END
LARGE = png(300, 300, b"\x78\1" + bytes(5000))
"""Longer than the part of an archive member that is read for its header."""


def data(*arguments, code=0, stdin=None):
    return json.loads(printed("check", *DAY, *arguments, "-f", "json", code=code, stdin=stdin))


def findings_of(report):
    return [(finding["location"], finding["rule"]) for finding in report["findings"]]


def locations_of(report):
    return [image["location"] for image in report["images"]]


def request(media_type="image/png", **more):
    source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(WHOLE).decode()}
    content = [{"type": "image", "source": source}]
    return {"model": "claude-opus-5", "max_tokens": 9, "messages": [{"role": "user", "content": content}], **more}


OPENAI = "an OpenAI chat completion request"


def openai_request():
    url = f"data:image/png;base64,{base64.b64encode(WHOLE).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}


def write_archive(path, members):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith(".gz") else "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


MEMBERS = {
    "a/whole.png": WHOLE,
    "a/cut.png": png(300, 300),
    "large.png": LARGE,
    "empty.jpg": b"",
    "notes.txt": b"hello",
    "inner.zip": b"PK",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.png").write_bytes(WHOLE)
    (tmp_path / "b" / "cut.png").write_bytes(png(300, 300))
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


# Archives


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_archives_are_checked_member_by_member(tmp_path, name):
    archive = write_archive(tmp_path / name, MEMBERS)
    for path in (archive, tmp_path):
        report = data(path, code=1)
        members = [f"{archive}/{member}" for member in MEMBERS]
        assert findings_of(report) == [
            (members[1].replace("/", os.sep), "truncated"),
            (members[3].replace("/", os.sep), "empty"),
            (members[4].replace("/", os.sep), "not-an-image"),
            (members[5].replace("/", os.sep), "not-an-image"),
        ]
        assert {finding["file"] for finding in report["findings"]} == {str(archive)}
        assert len(report["images"]) == 4
        note = "only the beginning of 1 archive member was read, so that a missing end is not detected"
        assert report["notes"] == [f"{note}; the first: {members[2]}"]


def test_a_member_that_was_read_completely_has_no_note(tmp_path):
    archive = write_archive(
        tmp_path / "x.zip", {"a.png": WHOLE, "b.png": png(300, 300, b"\x78\1" + bytes(4096 - 57 - 2)) + END}
    )
    report = data(archive)
    assert (report["notes"], len(report["images"])) == ([], 2)


def test_archives_can_be_skipped_and_a_damaged_one_is_an_error(tmp_path):
    archive = write_archive(tmp_path / "x.zip", MEMBERS)
    assert findings_of(data(tmp_path, "--no-archives")) == [(str(archive), "not-an-image")]
    archive.write_bytes(b"not a zip file")
    assert findings_of(data(archive, code=1)) == [(str(archive), "unreadable")]


def test_a_header_beyond_the_limit_of_a_member_is_unreadable(tmp_path, monkeypatch):
    monkeypatch.setattr("imgcost.files.forward.MEMBER_BYTES", 8)
    (groups,) = inspect_archive(str(write_archive(tmp_path / "x.zip", {"a.png": WHOLE})))
    assert [file.problem for _, members in groups for file in members] == ["archive-limit"]


def test_check_images_reads_archives_too(tmp_path):
    archive = write_archive(tmp_path / "x.zip", MEMBERS)
    findings = check_images([archive, WHOLE])
    assert [finding.rule for finding in findings.errors] == ["truncated", "empty"]
    assert (len(findings.images), len(findings.notes)) == (5, 1)


# Selecting files


@pytest.mark.parametrize(("null", "end"), [((), "\n"), (("-0",), "\0")])
def test_paths_are_read_from_stdin(folder, null, end):
    listed = [folder / "a.png", folder / "b"]
    for stdin in (end.join(map(str, listed)), "".join(f"{path}{end}" for path in listed)):
        report = data(*null, "-", stdin=stdin, code=1)
        assert locations_of(report) == [str(folder / "a.png"), str(folder / "b" / "cut.png")]
    mixed = data(folder / "b", *null, "-", stdin=str(folder / "a.png"), code=1)
    assert locations_of(mixed) == [str(folder / "b" / "cut.png"), str(folder / "a.png")]


def test_an_empty_list_has_no_images():
    for arguments in (("-",), ("-0", "-")):
        text = printed("check", *DAY, *arguments, stdin=b"")
        assert text.startswith("No images found.\n")
        assert "no images found" in command_line.run("check", *arguments, "--fail-on-empty", stdin=b"").stderr
    assert findings_of(data("-", stdin="oops\n", code=1)) == [("oops", "unreadable")]


def test_json_on_stdin_means_requests_unless_paths_are_nul_separated(folder):
    text = json.dumps(request("image/gif"))
    expected = [("stdin messages.0.content.0", "media-type")]
    for stdin in (text.encode(), b" \n" + text.encode(), text.encode("utf-16"), gzip.compress(text.encode())):
        assert findings_of(data("-", stdin=stdin, code=1)) == expected
    name = folder / "[1].png"
    name.write_bytes(WHOLE)
    assert [location.endswith("[1].png") for location in locations_of(data("-0", "-", stdin=str(name)))] == [True]


def test_with_a_shape_everything_is_read_as_requests(folder):
    assert findings_of(data("-", "--shape", "messages", stdin="oops", code=1))[0][1] == "request"
    report = data("-", "--shape", "openai-chat", "-m", "sonnet", stdin=json.dumps(openai_request()))
    assert len(report["images"]) == 1
    assert findings_of(data(folder / "a.png", "--shape", "messages", code=1)) == [(str(folder / "a.png"), "request")]


def test_detecting_json_on_stdin_loses_no_byte():
    for size in (0, 1, 4095, 4096, 4097, 100_000):
        stream, is_json = open_json(io.BytesIO(b"[" * size))
        assert (stream.read(), is_json) == (b"[" * size, size > 0)


def test_globs_select_files(folder):
    assert locations_of(data(folder, "--include", "*.png", "--exclude", "cut*")) == [str(folder / "a.png")]
    assert locations_of(data(folder, "--include", "*/b/*", code=1)) == [str(folder / "b" / "cut.png")]
    archive = write_archive(folder / "x.zip", MEMBERS)
    assert len(locations_of(data(archive, "--include", "whole*"))) == 1


@POSIX
def test_links_to_folders_are_followed_only_if_requested(folder, tmp_path_factory):
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(folder / "b", target_is_directory=True)
    assert findings_of(data(link.parent)) == [(str(link), "not-an-image")]
    assert findings_of(data(link.parent, "--follow-symlinks", code=1)) == [(str(link / "cut.png"), "truncated")]


@POSIX
def test_a_named_pipe_is_an_error_and_one_in_a_folder_is_skipped(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert findings_of(data(pipe, code=1)) == [(str(pipe), "unreadable")]
    assert findings_of(data(tmp_path)) == [(str(pipe), "not-an-image")]


def test_a_file_deleted_after_it_was_listed_is_an_error(folder, monkeypatch):
    def vanish(_path):
        raise FileNotFoundError

    monkeypatch.setattr("imgcost.preflight.disk.inspect", vanish)
    findings = check_paths([str(folder / "a.png")])
    assert [(finding.rule, finding.message) for finding in findings] == [
        ("unreadable", "cannot read image: no such file or folder")
    ]


def test_requests_are_checked_after_images(folder):
    (folder / "0.json").write_text(json.dumps(request("image/gif")))
    (folder / "1.json").write_text('{"compilerOptions": {}}')
    request_file = folder / "2.json"
    request_file.write_text(json.dumps(request("image/gif")))
    report = data(request_file, folder, code=1)
    assert findings_of(report) == [
        (str(folder / "1.json"), "not-an-image"),
        (str(folder / "notes.txt"), "not-an-image"),
        (str(folder / "b" / "cut.png"), "truncated"),
        *[(f"{path} messages.0.content.0", "media-type") for path in (request_file, folder / "0.json", request_file)],
    ]


def test_a_report_in_the_checked_folder_is_skipped(folder):
    output = folder / "report.csv"
    for _ in range(2):
        assert str(output) not in {location for location, _ in findings_of(data(folder, "-o", output, code=1))}


def test_the_model_for_images_is_looked_up_only_if_there_are_images(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(request()))
    assert findings_of(data(tmp_path, "-m", "no-such-model", code=1))[0][1] == "model"
    (tmp_path / "a.png").write_bytes(WHOLE)
    assert "unknown model" in refused("check", tmp_path, "-m", "no-such-model")


# Workers and progress


@pytest.mark.slow  # starts workers
def test_two_processes_report_the_same_as_one(folder, monkeypatch):
    monkeypatch.setattr(files_workers, "ALONE_SECONDS", 0)
    monkeypatch.setattr(files_workers, "AHEAD_SECONDS", 0)
    for number in range(2500):
        (folder / "b" / f"{number:04}.png").write_bytes(WHOLE if number % 7 else b"")
    (folder / "b" / "c.json").write_text(json.dumps(request("image/gif")))
    write_archive(folder / "x.zip", MEMBERS)
    text = printed("check", *DAY, folder, "-f", "json", "-j", "1", code=1)
    assert printed("check", *DAY, folder, "-f", "json", "-j", "2", code=1) == text
    assert "Error: Invalid value for '-j'" in refused("check", folder, "-j", "0")


def test_workers_end_with_the_check(folder):
    for number in range(10):
        (folder / f"{number}.png").write_bytes(WHOLE)
    checker = Checker(None, None)
    images = checker.image_checker(checker.models.find("sonnet"), one_request=False)
    results = Disk(Walk(), jobs=2).check([str(folder)], images)
    assert next(results).inputs == 13
    results.close()
    assert list(results) == []


def test_progress_counts_every_file(folder):
    done = []
    check_paths([str(folder)], progress=done.append)
    assert sum(done) == 3


# Many findings


@pytest.mark.slow  # thousands of findings
def test_reports_in_files_have_all_findings_that_were_kept_on_disk(folder, tmp_path_factory):
    outputs = tmp_path_factory.mktemp("reports")
    for number in range(1200):
        (folder / f"{number:04}.png").write_bytes(b"")
    expected = data(folder, "-o", outputs / "a.json", "--ignore", "tiny", code=1)
    assert json.loads((outputs / "a.json").read_text(encoding="utf-8")) == expected
    for name in ("a.csv", "a.jsonl", "a.parquet", "a.md"):
        printed("check", *DAY, folder, "-o", outputs / name, "-f", "json", code=1)
    assert len((outputs / "a.csv").read_bytes().splitlines()) == 1 + len(expected["findings"])
    rows = [json.loads(line) for line in (outputs / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["location"] for row in rows] == [finding["location"] for finding in expected["findings"]]
    assert (outputs / "a.parquet").read_bytes()[:4] == b"PAR1"
    assert "and 1,197 more" in (outputs / "a.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("count", "shown"), [(10, 10), (11, 3)])
def test_up_to_ten_errors_are_listed_else_three_per_rule(tmp_path, count, shown):
    for number in range(count):
        (tmp_path / f"{number:04}.png").write_bytes(b"" if number else png(9, 900))
    text = printed("check", *DAY, tmp_path, "--ignore", "tiny", code=1)
    assert text.startswith(f"{count} errors\n")
    assert text.count("the image is empty") == (shown if count > 10 else 9)
    assert ("and 7 more" in text) == (count > 10)
    assert ("7 findings are not shown: use -f json or -o FILE to list all." in text) == (count > 10)
    assert text.count("the end of the image is missing") == 1


def test_findings_are_grouped_by_rule(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(b"" if number % 2 else png(300, 300))
    lines = printed("check", *DAY, tmp_path, code=1).splitlines()
    rules = [line.split()[1] for line in lines[2:] if ".png" in line]
    assert rules == ["truncated", "truncated", "empty", "empty"]


def test_text_fits_eighty_columns_and_markdown_is_not_shortened(tmp_path):
    directory = tmp_path / ("directory-" * 15)
    directory.mkdir()
    (directory / "the-name-at-its-end.png").write_bytes(png(300, 300))
    (directory / "wide-\u8349\u8349\u8349.png").write_bytes(b"")
    (directory / "small.jpg").write_bytes(png(30, 30) + END)
    text = printed("check", *DAY, tmp_path, code=1)
    tables = text.split("\n\n")[:-1]
    assert len(tables) == 3
    assert max(len(line) for table in tables for line in table.splitlines()) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" in text
    assert "at-its-end.png" in text
    assert str(directory).replace("_", r"\_") in printed("check", *DAY, tmp_path, "-f", "markdown", code=1)


def test_only_wide_tables_with_paths_or_prose_are_shortened():
    rows = [("a" * 60, "b", "c " * 60)]
    fitted = as_text(Report({}, [Table("", ("one", "two", "three"), rows, path_column=0)]))
    assert max(map(len, fitted.splitlines())) <= 80
    assert fitted.replace("\n", " ").split().count("c") == 60
    wrapped = as_text(Report({}, [Table("", ("one", "two", "three"), rows)]))
    assert max(map(len, wrapped.splitlines())) <= 80
    assert wrapped.count("a") == 60
    small = [("a", "", "b")]
    plain = as_text(Report({}, [Table("t", ("one", "two", "three"), small)]))
    assert as_text(Report({}, [Table("t", ("one", "two", "three"), small, path_column=0)])) == plain
    assert "a" * 60 in as_markdown(Report({}, [Table("", ("one", "two", "three"), rows, path_column=0)]))
    numbers = [("a" * 60, "1" * 30, "")]
    assert (
        max(
            map(
                len,
                as_text(Report({}, [Table("t", ("x", ">y", "z"), numbers, path_column=0)])).splitlines(),
            )
        )
        <= 80
    )


def test_check_and_fit_agree_on_what_is_not_an_image(tmp_path):
    image = png(9, 9)
    members = {"notes.txt": b"hello", "notes.png": b"hello", "photo": image[:20], "empty": b"", "a.pdf": b"%PDF-1.4"}
    for name, content in members.items():
        (tmp_path / name).write_bytes(content)
    skipped = {Path(where).name for where, rule in findings_of(data(tmp_path, code=1)) if rule == "not-an-image"}
    files = json.loads(printed("fit", tmp_path, "--dry-run", "-f", "json", code=1))["files"]
    assert skipped == {"notes.txt", "empty", "a.pdf"}
    assert skipped == {Path(file["path"]).name for file in files if file["status"] == "ignored"}


def test_advice_has_locations_if_it_differs_within_a_rule(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("hello", encoding="utf-8")
    report = printed("check", ".", code=1)
    assert re.search(r"^  rule +advice$", report, re.MULTILINE)
    for name in ("page.png", "page2.png"):
        Path(name).write_text("<html>", encoding="utf-8")
    report = printed("check", ".", code=1)
    assert re.search(r"^  unreadable  \./page.png and 1 more +\S", report, re.MULTILINE)
    assert re.search(r"^  unreadable  ./text.png +Check that this is the right file\.$", report, re.MULTILINE)


def test_a_broken_link_has_advice(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    assert "If it is a link, repair or remove it." in " ".join(printed("check", tmp_path, code=1).split())


def test_a_path_is_shortened_to_its_last_parts():
    assert shortened_path("a/b.png", 7) == "a/b.png"
    assert shortened_path("aa/b.png", 7) == "\u2026/b.png"
    assert shortened_path("aa/bb.png", 7) == "aa\u2026.png"
    assert shortened_path("long-name/of/1.png", 13) == "\u2026/of/1.png"
    assert shortened_path("long-name-of/1.png", 15) == "long\u2026e-of/1.png"
    assert shortened_path(str(Path("photos/2026/a.png")), 12) == str(Path("\u2026/2026/a.png"))


def test_other_text_is_shortened_in_the_middle():
    assert shortened("aa-b.png", 7) == "aa\u2026.png"
    assert shortened("\u8349" * 9, 9) == "\u8349\u2026\u8349\u8349\u8349"
    assert shortened("\u8349" * 9, 8) == "\u8349\u2026\u8349\u8349"


# Notes on requests


def test_the_shape_of_requests_is_noted_once_per_shape(tmp_path):
    for number in range(1, 4):
        (tmp_path / f"{number}.json").write_text(json.dumps(openai_request()))
        notes = data(*sorted(tmp_path.glob("*.json")), code=1)["notes"]
        more = {1: " was", 2: " and 1 more file were", 3: " and 2 more files were"}[number]
        first = tmp_path / "1.json"
        assert [note for note in notes if "read as" in note] == [f"{first}{more} read as {OPENAI}"]
    lines = "\n".join(json.dumps(openai_request()) for _ in range(3))
    (tmp_path / "lines.jsonl").write_text(lines)
    notes = data(tmp_path / "lines.jsonl", code=1)["notes"]
    assert [note for note in notes if "read as" in note] == [f"{tmp_path / 'lines.jsonl'} was read as {OPENAI}"]


def test_an_assumption_about_requests_is_noted_once(tmp_path):
    line = {"modelInput": {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, **request()}, "recordId": "a"}
    body = json.dumps({key: value for key, value in line["modelInput"].items() if key != "model"})
    for number in range(1, 4):
        (tmp_path / f"{number}.json").write_text(body)
    findings = check_paths([str(tmp_path)])
    assert len(findings.notes) == len(set(findings.notes))
    assert sum("and 2 more files" in note for note in findings.notes) >= 1
    assert sum(str(tmp_path / "2.json") in note for note in findings.notes) == 0


# GitHub annotations


def annotations(*arguments, code=1):
    return printed("check", *DAY, *arguments, "-f", "github", code=code).splitlines()


@pytest.mark.parametrize(("count", "lines"), [(10, 10), (11, 1)])
def test_more_than_ten_findings_share_one_annotation_per_rule(tmp_path, count, lines):
    for number in range(count):
        (tmp_path / f"{number:02}.png").write_bytes(b"")
    printed_lines = annotations(tmp_path)
    assert len(printed_lines) == lines
    names = ", ".join(str(tmp_path / f"{number:02}.png") for number in (1, 2, 3))
    ending = f" And 10 more files: {names}, ..."
    assert printed_lines[0].endswith(ending) == (count > 10)
    assert all(line.startswith("::error file=") for line in printed_lines)


def test_without_images_there_is_a_notice(tmp_path):
    assert annotations(tmp_path, code=0) == ["::notice title=imgcost::No images found."]


def test_errors_and_warnings_have_separate_annotations(tmp_path):
    for number in range(11):
        (tmp_path / f"{number:02}.png").write_bytes(b"" if number else png(300, 300))
    (tmp_path / "tiny.png").write_bytes(png(3, 3) + END)
    lines = annotations(tmp_path)
    assert [line.split("title=imgcost ")[1].split("::")[0] for line in lines] == ["truncated", "empty", "tiny"]
    assert "more" not in lines[0] + lines[2]
    assert "And 9 more files: " in lines[1]


def test_annotations_name_locations_in_requests(tmp_path):
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(json.dumps({"custom_id": str(n), "params": request("image/gif")}) for n in range(12)))
    (line,) = annotations(file)
    first, second = (f"{file}:{number} params.messages.0.content.0" for number in (1, 2))
    assert f"::{first}: the image declares image/gif" in line
    assert f" And 11 more locations: {second}, " in line
    lines = annotations(*[SAMPLES / "broken" / "cut-in-pixels.png"] * 11)
    assert "And 10 more files" in lines[0]


def test_rules_beyond_the_limit_share_an_annotation(monkeypatch, tmp_path):
    monkeypatch.setattr("imgcost.text.findings.MAX_SHOWN", 2)
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(png(300, 300))
    (tmp_path / "c.png").write_bytes(b"hello")
    lines = annotations(tmp_path)
    assert len(lines) == 2
    assert "title=imgcost empty::" in lines[0]
    assert (
        lines[1] == "::error title=imgcost::2 more errors of the rules truncated, unreadable. -f json lists them all."
    )
    (tmp_path / "c.png").unlink()
    assert len(annotations(tmp_path)) == 2


def test_reports_are_appended_to_the_step_summary(tmp_path, monkeypatch):
    summary = tmp_path / "step_summary_1"
    image = SAMPLES / "broken" / "cut-in-pixels.png"
    assert "use one of the extensions .csv" in refused("check", image, "-o", summary)
    assert not summary.exists()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    summary.write_text("before\n", encoding="utf-8")
    printed_report = printed("check", *DAY, image, "-f", "markdown", "-o", summary, code=1)
    markdown = f"# What would be rejected\n\n{printed_report}"
    assert summary.read_text(encoding="utf-8") == f"before\n{markdown}"
    printed("check", *DAY, image, "-f", "markdown", "-o", summary, code=1)
    assert summary.read_text(encoding="utf-8") == f"before\n{markdown}{markdown}"
    printed("scan", *DAY, SAMPLES / "web", "-o", summary)
    assert summary.read_text(encoding="utf-8").startswith(f"before\n{markdown}{markdown}#")
    assert "use one of the extensions .csv" in refused("check", image, "-o", tmp_path / "other")


# imgcost rules MESSAGE

ANSWER = json.dumps(
    {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "messages.0.content.1.image.source.base64: image exceeds 10 MB maximum: 11 bytes > 10 bytes",
        },
    }
)


def rules_found(*words):
    report = json.loads(printed("rules", *words, *DAY, "-f", "json"))
    return {rule["rule"] for rule in report["rules"]} if "rules" in report else {report["rule"]}


@pytest.mark.parametrize(
    ("message", "rules"),
    [
        ("Could not process image", {"unreadable", "truncated", "undecodable", "format"}),
        ("COULD NOT  process image.", {"unreadable", "truncated", "undecodable", "format"}),
        ("image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes", {"image-bytes"}),
        (ANSWER, {"image-bytes"}),
        ("one of the image dimensions exceed max allowed size: 9000 pixels", {"image-edge"}),
        (
            "At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels",
            {"many-images-edge"},
        ),
        ('Image does not match the provided media type "image/gif"', {"media-type"}),
        ("PDF was too big: a maximum of 600 PDF pages may be provided", {"pdf-pages"}),
        ("request_too_large", {"request-bytes", "batch-bytes"}),
        ("At least one of these image dimensions exceeds the max allowed size: 8000 pixels", {"image-edge"}),
    ],
)
def test_an_error_message_of_the_api_finds_its_rules(message, rules):
    assert rules_found(message) == rules


def test_a_message_needs_no_quotes():
    assert rules_found("Could", "not", "process", "image") == rules_found("Could not process image")
    text = printed("rules", "Could not process image")
    assert text.startswith("Rules that predict 'Could not process image'\n")
    assert max(map(len, text.split("\n\n")[0].splitlines())) <= 80


def test_the_name_of_a_rule_takes_precedence():
    assert rules_found("media-type") == {"media-type"}
    assert rules_found("Image_Bytes") == {"image-bytes"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("the moon is made of cheese", "no rule predicts the error message 'the moon is made of cheese': try a part"),
        ("\x1b[31m a b", "no rule predicts the error message '\\x1b[31m a b'"),
        ("image-byte", "unknown rule 'image-byte': did you mean image-bytes?"),
        ("image", "unknown rule 'image'"),
        ("1 2", "no rule predicts the error message '1 2'"),
        ("", "unknown rule ''"),
    ],
)
def test_a_message_without_a_match_is_an_error(message, reason):
    assert reason in refused("rules", message)


def test_a_known_message_without_a_rule_is_an_error_that_quotes_it(monkeypatch):
    monkeypatch.setattr(rules_command, "match_wordings", lambda _message: (Wording("", "a known message", ()),))
    assert "no rule predicts this error message of the API yet: 'a known message'" in refused("rules", "a b c")


def test_a_long_message_matches_nothing():
    assert match_wordings("image exceeds " * 1_000_000) == ()


# Findings on disk


def test_findings_on_disk_equal_those_in_memory(folder):
    plain = check_paths([str(folder)])
    with Spools.open() as spools:
        findings = check_paths([str(folder)], spools=spools)
        assert (tuple(findings.all), tuple(findings.images)) == (plain.all, plain.images)


def test_streamed_json_equals_the_json_of_the_report():
    for paths in ([], [str(SAMPLES)], [str(SAMPLES / "web" / "cat-lossy.webp")]):
        findings = check_paths(paths, platform="bedrock")
        pieces = findings_json(findings_report(findings, everything=False), findings)
        assert "".join(pieces) == as_json(findings_report(findings))


def test_the_help_lists_every_option_that_selects_files():
    text = command_line.run("check", "--help").stdout
    for option in ("-0, --null", "--include", "--exclude", "--follow-symlinks", "--no-archives", "-j, --jobs"):
        assert option in text
    assert "--cache" not in text
