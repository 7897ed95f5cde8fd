"""What a check found, kept on disk where it is more than a block, and printed as if it were in memory."""

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
    """Blocks of three items."""
    monkeypatch.setattr(spools, "MEMORY_ITEMS", 3)


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(10 + number, 300) if number % 3 else b"")
    return tmp_path


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_items_come_back_in_their_order_as_often_as_wanted(count):
    spool = Spool()
    for number in range(count):
        spool.append(number)
        assert len(spool) == number + 1
        assert list(spool) == list(range(number + 1))
    assert list(spool) == list(spool) == list(range(count))
    spool.close()


def test_no_more_than_a_block_is_in_memory_and_a_small_check_has_no_file(monkeypatch):
    made = []
    create = spools.TemporaryFile
    monkeypatch.setattr(spools, "TemporaryFile", lambda: made.append(create()) or made[-1])
    monkeypatch.setattr(spools, "MEMORY_ITEMS", 3)
    spool = Spool()
    for number in range(2):
        spool.append(number)
    assert made == []
    for number in range(2, 100):
        spool.append(number)
        assert len(spool._in_memory) < 3
    assert len(made) == 1
    spool.close()
    assert made[0].closed


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("one_request", [False, True])
def test_findings_on_disk_are_those_in_memory(folder, one_request):
    options = {"one_request": one_request, "budget_usd": 0}
    plain = check_paths([str(folder)], **options)
    with Spools.open() as kept:
        found = check_paths([str(folder)], **options, spools=kept)
        assert found.all is kept.findings
        assert replace(found, all=tuple(found.all), images=tuple(found.images)) == plain
        assert (found.errors, found.warnings, found.ok) == (plain.errors, plain.warnings, False)
        assert (found.tokens, found.unmeasured, len(found)) == (plain.tokens, 3, len(plain))
        assert findings_report(found) == findings_report(plain)
        assert list(as_github(found)) == list(as_github(plain))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("names", ["*", "1.png", "none"])
def test_streamed_json_is_the_same_text(folder, names):
    paths = [str(path) for path in sorted(folder.glob(names))]
    with Spools.open() as kept:
        found = check_paths(paths, spools=kept)
        pieces = list(findings_json(findings_report(found, everything=False), found))
        assert "".join(pieces) == as_json(findings_report(found))
        assert len(pieces) == 1 + 2 * 2 + len(found) + len(found.images) + 1
        assert run("check", *(paths or ["-"]), "-f", "json", stdin="{}").stdout.count('"schema"') == 1


def test_json_with_a_file_beside_it_is_the_same_text(folder, tmp_path):
    plain = run("check", folder, "-f", "json").stdout
    assert run("check", folder, "-f", "json", "-o", tmp_path.parent / "report.json").stdout == plain
    assert json.loads((tmp_path.parent / "report.json").read_text(encoding="utf-8")) == json.loads(plain)


@pytest.mark.usefixtures("small")
def test_a_full_folder_for_temporary_files_ends_a_check_with_2(folder, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spools.pickle, "dump", fail)
    result = run("check", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No space left on device" in result.stderr
