"""The hook as pre-commit runs it: a repository of its own, the hook's own settings, and no network."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SAMPLES
from pre_commit.clientlib import load_manifest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("git"), reason="pre-commit needs git")]

[HOOK] = load_manifest(ROOT / ".pre-commit-hooks.yaml")
LIMIT = 120


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder under git, with pre-commit's own files beside it."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("NO_COLOR", "1")
    found = tmp_path / "repository"
    found.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=found, check=True, timeout=LIMIT)
    return found


def hook(repository, *arguments):
    """Run the hook over all files: its exit code and what it says.

    All is as the hook's file says, but that it runs the imgcost of this interpreter and is not installed.
    """
    command = " ".join(shlex.quote(part) for part in (Path(sys.executable).as_posix(), "-m", *HOOK["entry"].split()))
    local = HOOK | {"language": "system", "entry": command, "args": list(arguments)}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (repository / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True, timeout=LIMIT)
    ended = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=LIMIT,
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def test_images_that_the_api_takes_pass(repository):
    for path in sorted((SAMPLES / "web").iterdir()):
        shutil.copy(path, repository)
    (repository / "notes.txt").write_text("no image")
    code, said = hook(repository)
    assert code == 0, said
    assert re.match(r"imgcost check\.+Passed\n", said)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("scan.tif", b"II*\0\x08\0\0\0", "TIFF"),
        ("SCAN.TIFF", b"MM\0*\0\0\0\x08", "TIFF"),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("web.avif", b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "AVIF"),
        ("old.bmp", b"BM" + bytes(12) + b"\x28" + bytes(30), "BMP"),
        ("layers.psd", b"8BPS\0\1", "PSD"),
        ("new.jxl", b"\xff\x0a\0\0", "JPEG XL"),
    ],
)
def test_a_format_that_the_api_does_not_read_fails(repository, name, content, what):
    (repository / name).write_bytes(content)
    code, said = hook(repository)
    assert code == 1
    assert "exit code: 1" in said
    assert re.search(rf"{re.escape(name)} +format +the bytes are a {what} file, which the API does not read", said)


def test_a_name_without_the_suffix_of_an_image_is_left_alone(repository):
    for name in ("png", "notes.txt", "a.png.md", "logo.svg", "table.csv"):
        (repository / name).write_text("no image")
    code, said = hook(repository)
    assert (code, "no files to check" in said) == (0, True)


@pytest.fixture
def hundred(repository):
    """A hundred and one small images: more than pre-commit gives one process where it may run several."""
    for number in range(101):
        (repository / f"{number:03}.png").write_bytes((SAMPLES / "web" / "marker-icon.png").read_bytes())
    return repository


def test_a_budget_is_for_all_files_together(hundred):
    # marker-icon.png is 25x41 px, 2 tokens: $0.0000002 each with Haiku 5.5 at $0.10 per MTok.
    options = ("-m", "claude-haiku-5-5", "--as-of", "2026-11-22")
    enough, short = f"{101 * 2 / 10_000_000:.7f}", f"{(101 * 2 - 1) / 10_000_000:.7f}"
    assert hook(hundred, *options, "--budget", enough)[0] == 0
    code, said = hook(hundred, *options, "--budget", short)
    assert code == 1
    assert said.count("the images cost $") == 1


def test_the_limits_of_one_request_are_for_all_files_together(hundred):
    options = ("-m", "claude-haiku-4-5", "--as-of", "2026-11-22", "--one-request")
    code, said = hook(hundred, *options)
    assert code == 1
    assert "101 images: at most 100 together" in said
    (hundred / "000.png").unlink()
    assert hook(hundred, *options)[0] == 0


def test_pre_commit_runs_one_process_and_chooses_files_by_name_alone():
    assert HOOK["require_serial"] is True
    assert (HOOK["types"], HOOK["types_or"]) == (["file"], [])
