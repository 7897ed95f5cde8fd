"""The hook, run by pre-commit in a repository, with its settings and without network."""

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
    """A git repository, with the files of pre-commit outside it."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("NO_COLOR", "1")
    path = tmp_path / "repository"
    path.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=path, check=True, timeout=LIMIT)
    return path


def hook(repository, *arguments):
    """Run the hook on all files, with the imgcost of this interpreter; return the exit code and the output."""
    command = " ".join(shlex.quote(part) for part in (Path(sys.executable).as_posix(), "-m", *HOOK["entry"].split()))
    local = HOOK | {"language": "system", "entry": command, "args": list(arguments)}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (repository / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True, timeout=LIMIT)
    completed = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=LIMIT,
    )
    assert completed.stderr == ""
    return completed.returncode, completed.stdout


def test_accepted_images_pass(repository):
    for path in sorted((SAMPLES / "web").iterdir()):
        shutil.copy(path, repository)
    (repository / "notes.txt").write_text("no image")
    code, output = hook(repository)
    assert code == 0, output
    assert re.match(r"imgcost check\.+Passed\n", output)


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
    code, output = hook(repository)
    assert code == 1
    assert "exit code: 1" in output
    assert re.search(
        rf"{re.escape(name)} +format +{what} (file: the API reads JPEG, PNG, GIF and WebP|is not supported)", output
    )


def test_files_without_an_image_suffix_are_skipped(repository):
    for name in ("png", "notes.txt", "a.png.md", "logo.svg", "table.csv"):
        (repository / name).write_text("no image")
    code, output = hook(repository)
    assert (code, "no files to check" in output) == (0, True)


@pytest.fixture
def hundred(repository):
    """101 small images: more than pre-commit passes to one process if it may run several."""
    for number in range(101):
        (repository / f"{number:03}.png").write_bytes((SAMPLES / "web" / "marker-icon.png").read_bytes())
    return repository


def test_the_budget_applies_to_all_files_together(hundred):
    # marker-icon.png is 25x41 px, 2 tokens: $0.0000002 each with Haiku 5.5 at $0.10 per MTok.
    options = ("-m", "claude-haiku-5-5", "--as-of", "2026-11-22")
    enough, short = f"{101 * 2 / 10_000_000:.7f}", f"{(101 * 2 - 1) / 10_000_000:.7f}"
    assert hook(hundred, *options, "--budget", enough)[0] == 0
    code, output = hook(hundred, *options, "--budget", short)
    assert code == 1
    assert output.count("the images cost $") == 1


def test_the_limits_of_one_request_apply_to_all_files_together(hundred):
    options = ("-m", "claude-haiku-4-5", "--as-of", "2026-11-22", "--one-request")
    code, output = hook(hundred, *options)
    assert code == 1
    assert "101 images: the limit is 100, PDF pages included" in output
    (hundred / "000.png").unlink()
    assert hook(hundred, *options)[0] == 0


def test_pre_commit_runs_one_process_and_selects_files_by_name():
    assert HOOK["require_serial"] is True
    assert (HOOK["types"], HOOK["types_or"]) == (["file"], [])
