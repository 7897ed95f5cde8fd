"""Findings on disk: many are kept in a temporary file, and printed like findings in memory."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import pytest
from command_line import run
from conftest import png

from imgcost.preflight import Spools, check_paths, spools
from imgcost.preflight.inputs import RequestFile
from imgcost.preflight.spools import Spool, pack
from imgcost.text import as_json
from imgcost.text.findings import as_github, findings_json, findings_report


@pytest.fixture
def small(monkeypatch):
    """Use packs of three items."""
    monkeypatch.setattr(spools, "PACK_ITEMS", 3)


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(10 + number, 300) if number % 3 else b"")
    return tmp_path


class Item(NamedTuple):
    number: int


def count(items):
    return Counter("even" if item.number % 2 == 0 else "odd" for item in items)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 6, 7])
def test_a_spool_returns_its_items_in_order_any_number_of_times(length, in_memory):
    with closing(Spool(Item, count, in_memory=in_memory)) as spool:
        for number in range(length):
            spool.append(Item(number))
            assert len(spool) == number + 1
            assert list(spool) == list(map(Item, range(number + 1)))
        assert list(spool) == list(spool) == list(map(Item, range(length)))
        assert all(type(item) is Item for item in spool)
        assert spool.totals == count(spool)


@pytest.mark.usefixtures("small")
def test_packed_items_follow_those_added_before():
    with closing(Spool(Item, count)) as spool:
        spool.append(Item(0))
        packed = [Item(number) for number in range(1, 9)]
        spool.extend(pack(packed, count(packed)))
        spool.extend(pack([], count([])))
        spool.append(Item(9))
        assert list(spool) == list(map(Item, range(10)))
        assert (len(spool), spool.totals) == (10, {"even": 5, "odd": 5})


def test_only_packs_with_a_counted_key_are_unpacked():
    even, odd = [Item(0), Item(2)], [Item(1)]
    with closing(Spool(Item, count)) as spool:
        for items in (even, odd, even):
            spool.extend(pack(items, count(items)))
        assert list(spool.among({"odd"})) == odd
        assert list(spool.among({"even"})) == even * 2
        keys = {"even": 1, "odd": 1}
        numbers = []
        for item in spool.among(keys):
            numbers.append(item.number)
            keys.pop("even", None)
        assert numbers == [0, 2, 1]  # the last pack is skipped, because it has no remaining key


def test_a_spool_moves_to_disk_unless_it_stays_in_memory(monkeypatch):
    monkeypatch.setattr(spools, "MEMORY_BYTES", 500)
    for in_memory, rolled in ((False, True), (True, False)):
        with closing(Spool(Item, count, in_memory=in_memory)) as spool:
            spool.extend(pack([Item(1)], Counter()))
            assert not getattr(spool._file, "_rolled", False)
            spool.extend(pack([Item(number) for number in range(1000)], Counter()))
            assert getattr(spool._file, "_rolled", False) is rolled
            assert [item.number for item in spool] == [1, *range(1000)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("one_request", [False, True])
def test_findings_on_disk_equal_those_in_memory(folder, one_request):
    options = {"one_request": one_request, "budget_usd": 0}
    in_memory = check_paths([str(folder)], **options)
    with Spools.open() as spools:
        findings = check_paths([str(folder)], **options, spools=spools)
        assert findings.all is spools.findings
        assert replace(findings, all=tuple(findings.all), images=tuple(findings.images)) == in_memory
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

    monkeypatch.setattr(Spool, "_write", fail)
    result = run("check", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No space left on device" in result.stderr


@pytest.mark.usefixtures("small")
def test_a_spool_of_request_files_counts_nothing():
    with closing(Spool(RequestFile)) as spool:
        for number in range(8):
            spool.append(RequestFile(f"{number}.json"))
        assert spool.totals == {}  # otherwise memory would grow with the number of files
        assert [file.path for file in spool] == [f"{number}.json" for number in range(8)]
