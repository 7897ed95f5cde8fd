"""Counts and nouns agree in all texts: no "1 images", in source code or output."""

from __future__ import annotations

import ast
import json
import re
import shutil
from functools import cache

import pytest
from command_line import run
from conftest import ROOT, SAMPLES, png

from imgcost.figures import plural
from imgcost.geometry import Tier, largest_size
from imgcost.rules import rules

AS_OF = ("--as-of", "2026-11-22")
SOURCES = sorted((ROOT / "imgcost").rglob("*.py"))


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (999, "999 images"), (1000, "1,000 images")]
)
def test_nouns_agree_with_their_number(count, shown):
    assert plural(count, "image") == shown


def test_nouns_can_have_irregular_plurals():
    assert [plural(count, "entry", "entries") for count in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]


# The source


@cache
def tree_of(source):
    return ast.parse(source.read_text(encoding="utf-8"))


def nouns():
    """Return the plural nouns that imgcost writes, such as images, tokens and entries."""
    plurals = set()
    for source in SOURCES:
        for call in ast.walk(tree_of(source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "plural":
                words = [word.value.split() for word in call.args[1:] if isinstance(word, ast.Constant)]
                if len(words) == 2:  # "entry", "entries"; of "finding is", "findings are" the noun changes first
                    plurals.add(
                        next((many for singular, many in zip(*words, strict=False) if singular != many), words[1][-1])
                    )
                elif words:
                    plurals.add(words[0][-1] + "s")
    return plurals


NOUNS = nouns()
PLURAL = rf"(?:(?:more|such|prompt|message|visual) )?(?:{'|'.join(sorted(NOUNS))})\b(?![/=])"

WORDS = {"name", "name.replace('_', ' ')"}
"""Values before a plural that are words, not numbers: "batch requests"."""


def counts_without_a_choice(tree):
    """Yield f-strings with a value before a plural, except for constants, which are not 1."""
    for text in ast.walk(tree):
        if isinstance(text, ast.JoinedStr):
            for value, behind in zip(text.values, text.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(behind, ast.Constant):
                    shown = ast.unparse(value.value)
                    fixed = shown.isupper() or shown in WORDS or shown.startswith(("plural(", "_shown("))
                    if not fixed and re.match(f" {PLURAL}", behind.value):
                        yield f"{{{shown}}}{behind.value}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_count_in_a_sentence_uses_plural(source):
    assert list(counts_without_a_choice(tree_of(source))) == []


def test_a_count_without_a_plural_is_detected():
    assert {"images", "tokens", "files", "bytes", "requests", "pages", "batches"} <= NOUNS
    assert list(counts_without_a_choice(ast.parse("f'{n} images'"))) == ["{n} images"]
    assert list(counts_without_a_choice(ast.parse("f'{number(len(x))} more tokens are'"))) == [
        "{number(len(x))} more tokens are"
    ]
    for fine in ("f'{LISTED} images'", "f'{n} image'", "f'{rate} files/s'", "f'{plural(n, word)} tokens'"):
        assert list(counts_without_a_choice(ast.parse(fine))) == []


# Printed reports


def plurals_after_1(text):
    """Return plurals after the number 1 in a text."""
    return re.findall(rf"(?<![\d.,$x-])\b1 {PLURAL}", text)


@pytest.fixture
def one_of_each(tmp_path):
    """A folder with an image of one token, its copy, and an unreadable file."""
    (tmp_path / "a.png").write_bytes(png(1, 1))
    (tmp_path / "b.png").write_bytes(png(1, 1))
    shutil.copy(SAMPLES / "broken" / "cut-in-pixels.png", tmp_path / "c.png")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("estimate", "1x1", "--count", "1"),
        ("scan", "{folder}", "--dedupe"),
        ("scan", "{folder}", "--fail-on-unreadable"),
        ("scan", "{folder}", "--dedupe", "-o", "{folder}/report.md"),
        ("check", "{folder}"),
        ("check", "{folder}/a.png"),
        ("check", "{folder}/c.png"),
        ("plan", "1x1", "--prompt-tokens", "1", "--output-tokens", "1", "--explain", "--batch", "--budget", "1"),
        ("plan", "1x1", "--turns", "2", "--prompt-cache", "5m", "--explain", "--downscale-to", "1"),
        ("plan", "{folder}/a.png", "{folder}/c.png"),
        ("models", "haiku"),
        *(("rules", rule.name) for rule in rules()),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("style", ["text", "json"])
def test_reports_have_no_manyafter_1(one_of_each, command, style):
    result = run(*(part.format(folder=one_of_each) for part in command), "-f", style, *AS_OF)
    assert result.exit_code in {0, 1, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert plurals_after_1(result.output) == []
    for report in one_of_each.glob("*.md"):
        assert plurals_after_1(report.read_text(encoding="utf-8")) == []


def test_a_request_of_one_image_or_page_is_counted_as_one(one_of_each, monkeypatch):
    from imgcost.tables import Limits  # noqa: PLC0415

    monkeypatch.setattr(Limits, "max_images", lambda *_: 0)
    monkeypatch.setattr(Limits, "max_pdf_pages", lambda *_: 0)
    result = run("check", one_of_each / "a.png", "--one-request", *AS_OF, "-f", "json")
    [message] = [
        finding["message"] for finding in json.loads(result.output)["findings"] if finding["rule"] == "image-count"
    ]
    assert message == "1 image: the limit is 0, PDF pages included"


def test_a_tier_of_one_token_is_counted_as_one():
    with pytest.raises(ValueError, match=r"one \(28 px, 1 token\)"):
        largest_size((29, 28), Tier(28, 1, "one"))


def test_a_manyafter_1_is_detected():
    assert plurals_after_1("the API would reject 1 images, 1 tokens") == ["1 images", "1 tokens"]
    assert plurals_after_1("1 such images") == ["1 such images"]
    assert plurals_after_1("1,001 images, 21 images, $0.1 tokens, 1x1 images, 1 image") == []
