"""The command line in unusual environments: encodings, closed streams, `python -OO`, unreadable arguments."""

from __future__ import annotations

import errno
import gc
import inspect
import io
import json
import os
import subprocess
import sys
import zipfile

import pytest
from command_line import printed, refused, run
from conftest import ROOT, png

from imgcost.cli import main
from imgcost.cli.streams import prepare_streams

pytestmark = pytest.mark.slow  # processes with unusual streams

CAT = "\N{CAT FACE}\N{GREEK SMALL LETTER PI}.png"
COMMANDS = ["estimate", "scan", "plan", "check", "largest", "models", "rules"]
SHELL = pytest.mark.skipif(os.name == "nt", reason="the redirections of a POSIX shell")


def imgcost(*arguments, python=(), redirect="", stdin=None, **environment):
    """Run imgcost in a separate process, with a redirection of the shell."""
    command = [sys.executable, *python, "-m", "imgcost", *map(str, arguments)]
    if redirect:
        command = ["sh", "-c", f'"$@" {redirect}', "sh", *command]
    variables = {name: value for name, value in os.environ.items() if name not in {"PYTHONIOENCODING", "PYTHONUTF8"}}
    return subprocess.run(
        command, capture_output=True, check=False, cwd=ROOT, timeout=60, stdin=stdin, env=variables | environment
    )


@pytest.fixture
def cat(tmp_path):
    (tmp_path / CAT).write_bytes(b"no image")
    return tmp_path


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_a_name_outside_the_encoding_is_printed_as_an_escape(cat, encoding, style):
    completed = imgcost("scan", cat, "-f", style, PYTHONIOENCODING=encoding)
    assert (completed.returncode, completed.stderr) == (0, b"")
    shown = completed.stdout.decode("utf-8" if encoding == "ascii" else encoding)  # click prefers UTF-8 to ASCII
    if encoding == "ascii" and style != "json":
        assert CAT in shown
        return
    assert (r"\ud83d\udc31\u03c0.png" if style == "json" else r"\U0001f431\u03c0.png") in shown.replace(r"\\", "\\")


@pytest.mark.parametrize("style", ["text", "github"])
def test_check_prints_a_name_outside_the_encoding_as_an_escape(cat, style):
    completed = imgcost("check", cat, "-f", style, PYTHONIOENCODING="cp1252")
    assert (completed.returncode, completed.stderr) == (1, b"")
    assert rb"\U0001f431\u03c0.png" in completed.stdout


def test_a_name_in_the_encoding_is_printed_unchanged(cat):
    assert CAT in imgcost("scan", cat, PYTHONIOENCODING="utf-8").stdout.decode()


@SHELL
@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "arguments",
    [("scan", "data/samples/web", "--rows", "csv"), ("check", "data/samples/web")],
    ids=" ".join,
)
def test_a_closed_stream_is_not_a_crash(redirect, arguments):
    completed = imgcost(*arguments, redirect=redirect)
    assert completed.returncode == 0
    assert b"Traceback" not in completed.stderr
    assert bool(completed.stdout) == (">&-" not in redirect.replace("2>&-", ""))


@SHELL
def test_a_closed_stdin_is_empty():
    assert b"No images found" in imgcost("scan", "-", redirect="<&-").stdout
    assert b"0 images" in imgcost("check", "-", redirect="<&-").stdout


@SHELL
def test_an_output_file_does_not_replace_a_closed_stream(tmp_path):
    completed = imgcost("scan", "data/samples/web", "-o", tmp_path / "rows.csv", redirect="<&- >&- 2>&-")
    assert completed.returncode == 0
    assert all(line.count(",") > 5 for line in (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines())


def test_closed_streams_become_the_null_device(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    prepare_streams()
    with sys.stdin, sys.stdout, sys.stderr:
        assert sys.stdin.read() == ""
        assert [stream.name for stream in (sys.stdin, sys.stdout, sys.stderr)] == [os.devnull] * 3
        assert sys.stdout.write(CAT) == len(CAT)


def test_a_stream_of_another_type_is_unchanged(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    prepare_streams()
    assert sys.stdout is stream


@pytest.mark.parametrize("name", COMMANDS)
def test_help_comes_from_the_source_if_docstrings_are_stripped(monkeypatch, name):
    command = main.get_command(None, name)
    expected = command.help
    monkeypatch.setattr(command, "help", None)
    assert inspect.cleandoc(main.get_command(None, name).help) == inspect.cleandoc(expected)


def test_optimized_python_has_all_texts():
    code = "import json; from imgcost.rules import rules; print(json.dumps([rule[3:7] for rule in rules()]))"
    plain, optimized = (
        subprocess.run(
            [sys.executable, *flags, "-c", code], capture_output=True, check=True, cwd=ROOT, timeout=60
        ).stdout
        for flags in ((), ("-OO",))
    )
    assert optimized == plain
    assert all(all(texts) for texts in json.loads(plain))


@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS)], ids=" ".join)
def test_optimized_python_has_all_help(command):
    optimized = imgcost(*command, "--help", python=["-OO"])
    assert optimized.returncode == 0
    assert optimized.stdout == imgcost(*command, "--help").stdout


@pytest.mark.parametrize("command", ["scan", "check"])
def test_a_missing_argument_among_others_is_listed(tmp_path, command):
    (tmp_path / "a.png").write_bytes(png(300, 300))
    missing = tmp_path / "typo.png"
    result = run(command, missing, tmp_path, "-f", "json")
    assert result.exit_code == (1 if command == "check" else 0)
    report = json.loads(result.stdout)
    if command == "scan":
        assert report["images"] == 1
        assert [(file["path"], file["problem"]) for file in report["unreadable"]] == [(str(missing), "missing")]
    else:
        assert len(report["images"]) == 2
        assert [finding["location"] for finding in report["findings"] if finding["rule"] == "unreadable"] == [
            str(missing)
        ]
    assert f"Path '{missing}' does not exist." in refused(command, missing, missing)


def test_an_unreadable_argument_among_others_is_listed(tmp_path, monkeypatch):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(300, 300))
    access, system_open = os.access, os.open
    secret = str(tmp_path / "b.png")

    def refuse(path, flags, *rest, **options):
        if path == secret:
            raise PermissionError(13, "Permission denied", path)
        return system_open(path, flags, *rest, **options)

    monkeypatch.setattr(os, "access", lambda path, mode, **options: path != secret and access(path, mode, **options))
    monkeypatch.setattr(os, "open", refuse)
    report = json.loads(printed("scan", tmp_path / "a.png", secret, "-f", "json"))
    assert (report["images"], [file["problem"] for file in report["unreadable"]]) == (1, ["no-access"])


@SHELL
def test_a_broken_link_among_others_is_listed(tmp_path):
    (tmp_path / "a.png").write_bytes(png(300, 300))
    (tmp_path / "b.png").symlink_to("nowhere")
    report = json.loads(printed("scan", tmp_path / "a.png", tmp_path / "b.png", "-f", "json"))
    assert (report["images"], [file["problem"] for file in report["unreadable"]]) == (1, ["missing"])


def test_a_full_temporary_directory_is_reported(tmp_path, monkeypatch):
    """A workbook is assembled there. Regression: the error of XlsxWriter was a traceback."""

    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", fail)
    stderr = refused("scan", "data/samples/web", "-o", tmp_path / "report.xlsx")
    assert "No space left on device" in stderr
    assert "Traceback" not in stderr
    gc.collect()  # closing the unfinished workbook must not fail again
