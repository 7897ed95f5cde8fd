"""Every exit code that `imgcost --help` lists, from a separate process."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest
from command_line import LIMIT, Running, printed, wait_until
from conftest import DATA, SAMPLES

from imgcost.cli.exit_codes import EXIT_CODES

pytestmark = pytest.mark.slow  # processes that are signaled

AS_OF = ("--as-of", "2026-11-22")
CUT = SAMPLES / "broken" / "cut-in-header.jpg"
PHOTO = SAMPLES / "photos" / "dandelion-2800.jpg"  # is downscaled, which is a warning
BUG = "import imgcost.text.estimates as module\nmodule.estimate_report = None"

ENDINGS = [
    (0, ("estimate", "10x10"), {}),
    (0, ("check", PHOTO), {}),
    (0, ("check", CUT, "--exit-zero"), {}),
    (0, ("plan", PHOTO, "--budget", "1"), {}),
    (0, ("scan", SAMPLES), {}),
    (1, ("check", CUT), {}),
    (1, ("check", PHOTO, "--strict"), {}),
    (1, ("check", PHOTO, "--budget", "0"), {}),
    (1, ("plan", PHOTO, "--budget", "0"), {}),
    (0, ("fit", PHOTO, "--dry-run"), {}),
    (1, ("fit", CUT, "--dry-run"), {}),
    (2, ("fit", PHOTO), {}),
    (2, ("fit", DATA / "notices", "--dry-run", "--fail-on-empty"), {}),
    (2, ("estimate",), {}),
    (2, ("estimate", "10x10", "-m", "gpt-4o"), {}),
    (2, ("estimate", "10x10", "--as-of", "2023-01-01"), {}),
    (2, ("estimate", "10x10", "-o", "no/such/folder/a.csv"), {}),
    (2, ("estimate", "10x10"), {"before": BUG}),
    (2, ("scan", SAMPLES, "--fail-on-unreadable"), {}),
    (2, ("scan", DATA / "notices", "--fail-on-empty"), {}),
    (2, ("plan", DATA / "notices", "--fail-on-empty"), {}),
    (2, ("check", DATA / "notices", "--fail-on-empty"), {}),
]

WITH_SIGNALS = pytest.mark.skipif(not hasattr(os, "killpg"), reason="no signals here")


@pytest.mark.parametrize(("code", "arguments", "options"), ENDINGS, ids=lambda value: str(value)[-60:])
def test_each_cause_has_its_exit_code(code, arguments, options):
    with Running(*arguments, *([] if "--as-of" in arguments else AS_OF), **options) as running:
        exit_code, out, err = running.wait()
    assert exit_code == code, err
    assert "Traceback" not in err
    assert out or code == 2
    assert (
        (err.startswith("Error: ") or "\nError: " in err or "--fail-on-unreadable" in err) if code == 2 else err == ""
    )


@WITH_SIGNALS
@pytest.mark.parametrize(("name", "code"), [("SIGHUP", 129), ("SIGINT", 130), ("SIGQUIT", 131), ("SIGTERM", 143)])
def test_a_signal_has_its_exit_code(tmp_path, name, code):
    with Running("scan", "-j", "1", "-o", tmp_path / "costs.jsonl", "-") as running:
        running.feed(PHOTO, 20_000)
        wait_until(lambda: any(path.stat().st_size > 10_000 for path in tmp_path.iterdir()))
        assert running.end(getattr(signal, name))[0] == code


@pytest.mark.parametrize("arguments", [("largest", "1:1"), ("--help",), ("--version",)], ids=lambda value: value[0])
@pytest.mark.skipif(sys.platform == "win32", reason="no broken pipes here")
def test_a_closed_pipe_is_exit_code_141(arguments):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        with Running(*arguments, stdout=write_end) as running:
            assert running.process.wait(LIMIT) == 141
            assert running.process.stderr.read() == b""
    finally:
        os.close(write_end)


def test_every_listed_exit_code_is_tested_here():
    assert {code for code, _, _ in ENDINGS} | {129, 130, 131, 141, 143} == set(EXIT_CODES)


# Nothing to count


@pytest.fixture(params=["scan", "plan", "check"])
def command(request):
    """A command that accepts paths."""
    return request.param


@pytest.mark.parametrize("names", [[], ["notes.txt"]], ids=["empty", "no image in it"])
@pytest.mark.parametrize(("style", "first"), [("text", "No images found."), ("markdown", "## No images found.")])
def test_a_folder_without_images_is_exit_code_0_and_the_first_line_says_so(tmp_path, command, names, style, first):
    for name in names:
        (tmp_path / name).write_text("no image")
    if command == "check" and style == "markdown":
        assert printed(command, tmp_path, "-o", tmp_path / "report.md")
        title, _, heading = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()[:3]
        assert (title, heading) == ("# What would be rejected", first)
    else:
        assert printed(command, tmp_path, "-f", style).splitlines()[0] == first
    assert json.loads(printed(command, tmp_path, "-f", "json"))["images"] in (0, [])


def test_with_fail_on_empty_the_report_is_complete_and_the_exit_code_is_2(tmp_path, command):
    stderr = "Error: no images found (--fail-on-empty was given): check the paths and the glob patterns.\n"
    whole = printed(command, tmp_path)
    assert printed(command, tmp_path, "--fail-on-empty", code=2, stderr=stderr) == whole


def test_fail_on_empty_changes_nothing_if_there_is_an_image(command):
    text = printed(command, SAMPLES / "charts", "--fail-on-empty")
    assert text == printed(command, SAMPLES / "charts")
    assert "No images found." not in text


def test_errors_are_exit_code_1_even_without_images(tmp_path):
    (tmp_path / "request.json").write_text('{"model": "claude-opus-5"}')
    text = printed("check", tmp_path / "request.json", "--fail-on-empty", code=1)
    assert text.startswith("1 error\n")


def test_without_images_the_annotations_are_a_notice(tmp_path):
    assert printed("check", tmp_path, "-f", "github") == "::notice title=imgcost::No images found.\n"
