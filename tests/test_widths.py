"""Every report of every command fits a terminal of 80 and of 60 columns, and writes its numbers the same way."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import partial

import pytest
from command_line import run
from conftest import SAMPLES

from imgcost.cli import COMMANDS, options
from imgcost.rules import rules
from imgcost.tables import models
from imgcost.text import as_text

AS_OF = ("--as-of", "2026-11-26")
NAMES = ["sonnet", "haiku", "opus", "claude-sonnet-4-5", "claude-3-opus", "claude-3-5-haiku", "claude-opus-4-6"]
MODELS = [argument for name in NAMES for argument in ("-m", name)]
OLD = ["-m", "claude-3-opus", "-m", "claude-3-sonnet", "--as-of", "2024-03-04"]
JOB = ("4032x3024", "1234x567", "--count", "200000", "--prompt-tokens", "8500", "--output-tokens", "1500")

REPORTS = [
    ("estimate", "1920x1080", *AS_OF),
    ("estimate", "128x128", "4032x3024", *MODELS, "--count", "12345678", "--explain", *AS_OF),
    ("estimate", "4032x3024", *MODELS[:6], "--batch", "--prompt-cache", "1h", "--count", "50000", "--explain", *AS_OF),
    ("estimate", "4032x3024", "-m", "anthropic.claude-opus-5-5", "-m", "us-gov.anthropic.claude-opus-5-5", *AS_OF),
    ("estimate", "28x28", *OLD, "--formula", "patch", "--explain"),
    ("estimate", "28x28", "-m", "sonnet", "--as-of", "2030-01-01"),
    ("plan", SAMPLES, *MODELS, "--scenario", "data/job.toml", *AS_OF),
    ("plan", SAMPLES, *MODELS, "--scenario", "data/job.toml", "--explain", "--budget", "2.50", *AS_OF),
    ("plan", *JOB, *MODELS, "--batch", "--turns", "5", "--downscale-to", "1000", "--explain", *AS_OF),
    ("plan", *JOB, *MODELS, "--images-per-request", "auto", "--budget", "1000", *AS_OF),
    ("plan", *JOB, *MODELS[:6], "--prompt-tokens", "150000", "--prompt-cache", "1h", "--explain", *AS_OF),
    ("plan", "28x28", *OLD, "--output-tokens", "9000", "--explain"),
    ("plan", SAMPLES / "broken" / "notes.png", "--budget", "1", *AS_OF),
    ("plan", "28x28", "-m", "us.anthropic.claude-opus-5-5", "--retry-rate", "0.02", "--explain", *AS_OF),
    ("scan", SAMPLES, *AS_OF),
    ("scan", SAMPLES, *MODELS, "--dedupe", "--batch", "--prompt-cache", "5m", *AS_OF),
    ("check", SAMPLES, *AS_OF),
    ("check", SAMPLES, "--one-request", "-m", "haiku", "--budget", "0", *AS_OF),
    ("fit", SAMPLES, "--dry-run", *AS_OF),
    ("fit", SAMPLES, "--dry-run", "--max-tokens", "100", "-m", "claude-3-haiku-20240307", "--as-of", "2025-01-01"),
    ("models", *AS_OF),
    ("models", "--all", *AS_OF),
    *(("models", model.id, *AS_OF) for model in models()),
    ("largest", "1:1", "16:9", "1:100"),
    ("rules",),
    ("rules", "image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes"),
    *(("rules", rule.name, *AS_OF) for rule in rules()),
]


def columns_of(line):
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
    return len(line) + wide - sum(unicodedata.category(character) in ("Mn", "Me") for character in line)


def report_at(width, monkeypatch, *arguments):
    monkeypatch.setitem(options.RENDERERS, "text", partial(as_text, width=width))
    ended = run(*arguments)
    assert ended.exit_code in (0, 1, 2)
    assert ended.stdout
    return ended.stdout


def too_wide(text, width):
    """Return the lines that exceed the width, except those with nothing but one URL or one command."""
    lines = [line for line in text.splitlines() if columns_of(line) > width]
    return [line for line in lines if not re.fullmatch(r" *(https?://\S+|'imgcost [^']*'\S*)", line)]


def test_every_command_has_a_report():
    assert {arguments[0] for arguments in REPORTS} == set(COMMANDS) - {"sql"}  # which prints a program


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("arguments", REPORTS, ids=lambda arguments: "-".join(map(str, arguments))[:60])
def test_every_line_fits(arguments, width, monkeypatch):
    text = report_at(width, monkeypatch, *arguments)
    assert too_wide(text, width) == []


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize(
    "name", ["a" * 200, "photo of the day " * 12, "\u5199\u771f" * 40], ids=["long", "words", "wide"]
)
def test_long_names_fit(name, width, tmp_path, monkeypatch):
    folder = tmp_path / name[:100] / name[:100]
    folder.mkdir(parents=True)
    (folder / f"{name[:120]}.png").write_bytes((SAMPLES / "web" / "marker-icon.png").read_bytes())
    (folder / f"{name[:120]}.jpg").write_bytes((SAMPLES / "broken" / "cut-in-header.jpg").read_bytes())
    sent = {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]}
    (folder / f"{name[:120]}.json").write_text(json.dumps(sent), encoding="utf-8")
    for command in (("scan",), ("check",), ("plan",), ("fit", "--dry-run")):
        text = report_at(width, monkeypatch, *command, tmp_path, *AS_OF)
        assert "\N{HORIZONTAL ELLIPSIS}" in text
        assert too_wide(text, width) == []


NUMBER = re.compile(r"(?<![\w.,:/'#@-])\d{4,}(?![\w.:/'-]|,\d)")
"""A number of four or more digits that is not part of a size, a name or a date."""

MONEY = re.compile(r"\$(\d[\d,]*)(?:\.(\d+))?")


@pytest.mark.parametrize("arguments", REPORTS[:20], ids=lambda arguments: "-".join(map(str, arguments))[:60])
def test_numbers_have_one_format(arguments, monkeypatch):
    text = report_at(200, monkeypatch, *arguments)
    reports, _, steps = text.partition("Arithmetic of ")
    reports = re.sub(r"\$\S+/MTok|the budget is \$0", "", re.sub(r"images cost \$\S+", "", reports))  # exact
    assert NUMBER.findall(re.sub(r"\b(20\d\d-\d\d-\d\d|202[3-6])\b", "", text)) == []
    for whole, decimals in MONEY.findall(text):
        digits = int(whole.replace(",", ""))
        assert f"{digits:,}" == whole
        if digits or decimals[:1] > "0":
            assert len(decimals) >= 2
    for whole, decimals in MONEY.findall(reports):
        if whole != "0" or decimals[:1] > "0":
            assert len(decimals) == 2
        else:
            assert len(decimals.lstrip("0")) == (2 if decimals else 0)
    assert steps or "--explain" not in arguments


def test_notes_are_written_once_and_name_the_models(monkeypatch):
    text = report_at(80, monkeypatch, "plan", SAMPLES, *MODELS, "--scenario", "data/job.toml", "--explain", *AS_OF)
    notes = text.rpartition("\n\n")[2].replace("\n    ", " ").splitlines()
    anonymous = [re.sub(r"'?claude[\w-]+'?|'\w+'", "", note) for note in notes]
    assert len(set(anonymous)) == len(notes)
    assert any(note.startswith("Message overhead has not been measured for claude-haiku-5-5, ") for note in notes)
    assert "has not been measured" not in report_at(
        80, monkeypatch, "plan", SAMPLES, *MODELS, "--scenario", "data/job.toml", *AS_OF
    )
