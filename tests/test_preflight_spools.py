"""Findings on disk: beyond one block they are kept in a temporary file, and printed like findings in memory."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from command_line import run
from conftest import png

from imgcost.preflight import Spools, check_paths, spools
from imgcost.preflight.spools import Spool
from imgcost.text import as_json
from imgcost.text.findings import as_github, findings_json, findings_report


@pytest.fixture
def small(monkeypatch):
    """Use blocks of three items."""
    monkeypatch.setattr(spools, "BLOCK", 3)


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(10 + number, 300) if number % 3 else b"")
    return tmp_path


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_items_keep_their_order_and_can_be_iterated_repeatedly(count):
    spool = Spool()
    for number in range(count):
        spool.append(number)
        assert len(spool) == number + 1
        assert list(spool) == list(range(number + 1))
    assert list(spool) == list(spool) == list(range(count))
    spool.close()


def test_at_most_a_block_is_in_memory_and_a_few_items_need_no_file(monkeypatch):
    files = []
    create = spools.TemporaryFile
    monkeypatch.setattr(spools, "TemporaryFile", lambda: files.append(create()) or files[-1])
    monkeypatch.setattr(spools, "BLOCK", 3)
    spool = Spool()
    for number in range(2):
        spool.append(number)
    assert files == []
    for number in range(2, 100):
        spool.append(number)
        assert len(spool._block) < 3
    assert len(files) == 1
    spool.close()
    assert files[0].closed


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("one_request", [False, True])
def test_findings_on_disk_equal_those_in_memory(folder, one_request):
    options = {"one_request": one_request, "budget_usd": 0}
    in_memory = check_paths([str(folder)], **options)
    with Spools.open() as spools:
        findings = check_paths([str(folder)], **options, spools=spools)
        assert findings.found is spools.found
        assert replace(findings, found=tuple(findings.found), images=tuple(findings.images)) == in_memory
        assert (findings.errors, findings.warnings, findings.ok) == (in_memory.errors, in_memory.warnings, False)
        assert (findings.tokens, findings.unmeasured, len(findings)) == (in_memory.tokens, 3, len(in_memory))
        assert findings_report(findings) == findings_report(in_memory)
        assert list(as_github(findings)) == list(as_github(in_memory))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("names", ["*", "1.png", "none"])
def test_streamed_json_equals_the_json_of_the_report(folder, names):
    paths = [str(path) for path in sorted(folder.glob(names))]
    with Spools.open() as spools:
        findings = check_paths(paths, spools=spools)
        pieces = list(findings_json(findings_report(findings, everything=False), findings))
        assert "".join(pieces) == as_json(findings_report(findings))
        assert len(pieces) == 1 + 2 * 2 + len(findings) + len(findings.images) + 1
        assert run("check", *(paths or ["-"]), "-f", "json", stdin="{}").stdout.count('"schema"') == 1


def test_stdout_is_the_same_with_an_output_file(folder, tmp_path):
    plain = run("check", folder, "-f", "json").stdout
    assert run("check", folder, "-f", "json", "-o", tmp_path.parent / "report.json").stdout == plain
    assert json.loads((tmp_path.parent / "report.json").read_text(encoding="utf-8")) == json.loads(plain)


@pytest.mark.usefixtures("small")
def test_a_full_temporary_directory_is_exit_code_2(folder, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spools.pickle, "dump", fail)
    result = run("check", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No space left on device" in result.stderr
