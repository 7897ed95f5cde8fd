"""Scans of tables, in the library and on the command line."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import date
from functools import partial

import command_line
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import unwrapped
from conftest import SAMPLES, png
from quoting import quoted
from shards import BAD, FORMATS, SIZES, embedded, table, written

import imgcost
from imgcost.acceptance import Reason
from imgcost.datasets import sources, totals
from imgcost.datasets.scanning import TableScan
from imgcost.datasets.selection import Selection
from imgcost.datasets.targets import sort_targets
from imgcost.errors import ImgcostError
from imgcost.files import Walk
from imgcost.outputs import Output
from imgcost.summaries import ExcludedRows

DAY = date(2026, 11, 22)
AS_OF = ("--as-of", "2026-11-22")
QUOTE = quoted("claude-sonnet-4-6", as_of=DAY)

printed, refused, run = (
    partial(function, "scan") for function in (command_line.printed, command_line.refused, command_line.run)
)


def scanned(*paths, quotes=(QUOTE,), **selection):
    return TableScan(quotes, (), Selection(**selection)).run(map(str, paths))


def tokens_of(rows):
    return [QUOTE.tokens(*size) for size in rows]


def excluded(summary):
    return {rows.problem: (rows.rows, rows.first) for rows in summary.excluded.values()}


@pytest.fixture
def small_batches(monkeypatch):
    """Let small tables have several batches."""
    monkeypatch.setattr(sources, "BATCH_ROWS", 2)
    monkeypatch.setattr(sources, "CHUNK", 2)


# Formats


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("small_batches")
def test_every_format_gives_the_sums_of_its_rows(tmp_path, suffix):
    rows = [*SIZES, *BAD, *SIZES]
    kinds = ["b", None, "a", "", "b", *"zzzzz", "b", "b", None, "a", "a"]
    path = written(tmp_path / f"sizes{suffix}", table(rows, kind=kinds))
    seen = []
    summary = TableScan((QUOTE,), (), Selection(group_by="kind")).run([str(path)], seen.append)
    tokens = tokens_of(SIZES)
    assert summary.histogram(QUOTE.rule) == Counter(tokens * 2)
    assert (summary.images, summary.tables, summary.unsized, summary.excluded_rows) == (10, 1, 10, 5)
    assert summary.longest_edge == 9000
    assert summary.downscaled_by(QUOTE.rule) == 8
    assert summary.fixable == {Reason("image-edge", "over 8,000 px"): 2}
    assert summary.tokens_of_fixable(QUOTE.rule) == 2 * tokens[-1]
    first = {".csv": 2, ".tsv": 2, ".jsonl": 1}.get(suffix, 0) + len(SIZES)
    expected = {"missing-size": (2, first), "zero-size": (1, first + 2)}
    assert excluded(summary) == expected | {"negative-size": (1, first + 3), "impossible-size": (1, first + 4)}
    empty = None if suffix in (".csv", ".tsv") else ""  # a text table has no empty texts
    by_kind = Counter()
    for kind, count in zip([*kinds[:5], *kinds[10:]], tokens * 2, strict=True):
        by_kind[kind or (empty if kind == "" else None)] += count
    assert {name: row[1] for name, row in summary.groups.items()} == by_kind
    assert sum(row[0] for row in summary.groups.values()) == 10
    assert sum(seen) == 15
    assert summary.folders == {str(path): (10, 2 * sum(tokens))}


def test_downscaled_images_are_counted_by_each_rule(tmp_path):
    quotes = imgcost.quotes(["claude-sonnet-4-6", "claude-opus-5", "claude-3-opus"], as_of=DAY)
    rows = [(1000, 1000), (1600, 1200), (3000, 3000), (28, 28)]
    summary = scanned(written(tmp_path / "a.parquet", table(rows, format=["x", "x", "y", "x"])), quotes=quotes)
    for quote in quotes:
        assert summary.tokens(quote.rule) == sum(quote.tokens(*size) for size in rows)
        assert summary.downscaled_by(quote.rule) == sum(
            imgcost.geometry.resized_size(*size, quote.tier) != size for size in rows
        )
    x = rows[:2] + rows[3:]
    assert summary.groups["x"] == (3, *(sum(quote.tokens(*size) for size in x) for quote in quotes))
    assert summary.group_by == "format"


def test_a_large_table_equals_pandas(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"width": rng.integers(1, 5000, 50_000), "height": rng.integers(1, 5000, 50_000)})
    frame["format"] = rng.choice(["JPEG", "PNG", "WEBP"], len(frame))
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=7000)
    frame["tokens"] = imgcost.arrays.image_tokens(frame["width"], frame["height"], QUOTE.tier)
    summary = scanned(tmp_path / "a.parquet")
    assert summary.histogram(QUOTE.rule) == Counter(frame["tokens"].tolist())
    by_format = frame.groupby("format")["tokens"].agg(["size", "sum"])
    assert summary.groups == dict(zip(by_format.index, map(tuple, by_format.to_numpy().tolist()), strict=True))
    monkeypatch.setattr(totals, "MAX_CELLS", 1)  # counts groups separately
    assert scanned(tmp_path / "a.parquet") == summary


def test_shards_add_up_and_one_bad_file_stops_nothing(tmp_path):
    good = [written(tmp_path / f"{name}{suffix}", table()) for name, suffix in zip("abcdef", FORMATS, strict=True)]
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    written(tmp_path / "other.parquet", pa.table({"a": [1]}))
    bad = [tmp_path / "bad.parquet", tmp_path / "other.parquet", tmp_path / "missing.csv"]
    summary = scanned(*good, *bad)
    assert summary.tokens(QUOTE.rule) == 6 * sum(tokens_of(SIZES))
    assert [file.problem for file in summary.unreadable] == ["not-a-table", "not-a-table", "missing"]
    assert "as Parquet" in summary.unreadable[0].reason
    with pytest.raises(ImgcostError, match=r"cannot read .*bad\.parquet as Parquet"):
        scanned(*bad)
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        scanned(bad[2])


def test_a_table_that_breaks_off_counts_nothing(tmp_path):
    rows = "".join('{"width": 28, "height": 28}\n' for _ in range(70_000))
    (tmp_path / "a.jsonl").write_text(rows + "{broken")
    summary = scanned(written(tmp_path / "b.csv", table()), tmp_path / "a.jsonl")
    assert summary.images == 5
    assert "line 70001: not JSON" in summary.unreadable[0].reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_named_pipe_is_not_waited_for(tmp_path):
    for name in ("a.csv", "a.jsonl"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(ImgcostError, match="not a regular file"):
            imgcost.summarize(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "images", "problems"),
    [
        ("width,height\n28,28\n28\n28,28,28\n28,x\n", 1, {"missing-size": (2, 4), "invalid-size": (1, 3)}),
        ('width,height,note\n28,28,"a\nb"\n\n28,28,c\n', 2, {}),
        ("\ufeffwidth,height\n28,28\n", 1, {}),
        ("width,height\n\xff,28\n28,28\n".encode("latin-1"), 1, {"invalid-size": (1, 2)}),
        ("width,height\n", 0, {}),
    ],
)
def test_a_csv_as_people_and_programs_write_it(tmp_path, text, images, problems):
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    summary = scanned(path)
    assert (summary.images, excluded(summary)) == (images, problems)


def test_an_empty_file_is_an_error(tmp_path):
    for suffix in FORMATS:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"")
        with pytest.raises(ImgcostError, match=r"cannot read .* as |has no column"):
            scanned(path)


def test_a_damaged_arrow_file_is_an_error(tmp_path):
    path = written(tmp_path / "a.feather", table([(28, 28)] * 100, format=["PNG"] * 100), compression=None)
    data = bytearray(path.read_bytes())
    for start in range(8, len(data) - 8, 40):
        broken = bytearray(data)
        broken[start : start + 8] = b"\xff" * 8
        path.write_bytes(broken)
        try:
            scanned(path)
        except ImgcostError as error:
            assert "a.feather" in str(error)  # noqa: PT017 - some of them are still valid


def test_json_rows_may_differ(tmp_path):
    rows = [
        {"width": 28, "height": 28},
        {"width": "28", "height": 28.0},
        {"height": 28},
        {"height": 2, "width": "\udcff"},
    ]
    rows += [{"width": {"a": 1}, "height": [1]}, {"width": 10**30, "height": 28}, {"width": None, "height": 28}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    summary = scanned(tmp_path / "a.jsonl")
    assert summary.images == 2
    assert {problem: count for problem, (count, _) in excluded(summary).items()} == {
        "missing-size": 2,
        "invalid-size": 3,
    }
    (tmp_path / "a.jsonl").write_text('{"m": {"w": 28}, "height": 56}\n')
    assert scanned(tmp_path / "a.jsonl", width="m.w").tokens(QUOTE.rule) == 2


# Image bytes


@pytest.mark.usefixtures("small_batches")
def test_embedded_images_equal_the_folder_that_they_came_from(tmp_path):
    files = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    data = embedded([path.read_bytes() for path in files])
    written(tmp_path / "a.parquet", data, row_group_size=5)
    summary, folder = scanned(tmp_path / "a.parquet"), imgcost.summarize(SAMPLES, model="claude-sonnet-4-6", as_of=DAY)
    for name in ("histograms", "media_types", "file_bytes", "fixable", "fixable_tokens", "downscaled", "longest_edge"):
        assert getattr(summary, name) == getattr(folder, name), name
    assert {rows.problem: rows.rows for rows in summary.excluded.values()} == Counter(
        file.problem for file in folder.unreadable
    )
    assert {name: row[0] for name, row in summary.groups.items()} == folder.media_types
    assert (summary.group_by, summary.unsized) == ("media type", 0)
    planned = imgcost.plan(tmp_path / "a.parquet", models="claude-sonnet-4-6", as_of=DAY)
    from_folder = imgcost.plan(SAMPLES, models="claude-sonnet-4-6", as_of=DAY)
    assert planned.models[0].total_usd == from_folder.models[0].total_usd
    assert planned.fixable == from_folder.fixable
    assert {row.reason for row in planned.rejected} == {
        "the header of the image is damaged",
        "the bytes are not an image",
    }


def test_rows_without_an_image_are_excluded_from_a_plan(tmp_path):
    written(tmp_path / "a.feather", embedded([png(28, 28), None, png(28, 28)], pa.binary()))
    planned = imgcost.plan(tmp_path / "a.feather", models="claude-sonnet-4-6")
    assert (planned.images, planned.excluded) == (2, 1)
    assert planned.rejected[0].first == f"row 1 of {tmp_path / 'a.feather'}"


# Counts, and rows of a scan


def test_counts_of_any_size_are_exact(tmp_path):
    times = [10**15, 0, 3, -1, None, 2.5]
    rows = [*[(3000, 3000)] * 6, (None, 5)]
    data = table(rows, count=[*times, None], file_bytes=[2**50, *[1] * 6], format=list("aabbbbb"))
    written(tmp_path / "a.parquet", data)
    summary = scanned(tmp_path / "a.parquet")
    assert (summary.images, summary.file_bytes) == (10**15 + 3, 10**15 * 2**50 + 3)
    assert summary.tokens(QUOTE.rule) == 1521 * (10**15 + 3)
    assert summary.downscaled_by(QUOTE.rule) == 10**15 + 3
    assert summary.groups == {"a": (10**15, 1521 * 10**15), "b": (3, 1521 * 3)}
    assert excluded(summary) == {"invalid-count": (3, 3), "missing-size": (1, 6)}
    assert summary.fixable[Reason("image-bytes", "over 10,485,760 bytes")] == 10**15
    assert summary.tokens_of_fixable(QUOTE.rule) == 1521 * 10**15


def test_sizes_of_one_chunk_may_all_be_valid_and_counted(tmp_path):
    written(tmp_path / "a.parquet", table([(28, 28), (56, 28)], count=[3, 4]))
    summary = scanned(tmp_path / "a.parquet")
    assert (summary.images, summary.tokens(QUOTE.rule), excluded(summary)) == (7, 3 * 1 + 4 * 2, {})


def test_images_without_a_media_type_are_counted_by_their_size(tmp_path):
    written(tmp_path / "a.parquet", table([(28, 28)] * 3, media_type=["image/png", None, "image/png"]))
    summary = scanned(tmp_path / "a.parquet")
    assert (summary.images, summary.media_types, summary.sized) == (3, Counter({"image/png": 2}), 1)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_rows_of_a_scan_give_the_same_sums_as_the_folder(tmp_path, suffix):
    rows = tmp_path / f"rows.{suffix}"
    (tmp_path / "copies").mkdir()
    for name in "ab":
        (tmp_path / "copies" / f"{name}.png").write_bytes(png(100, 100))
    paths, models = (SAMPLES, tmp_path / "copies"), ("-m", "claude-sonnet-4-6", "-m", "claude-opus-5")
    folder = json.loads(printed(*paths, *models, "--dedupe", "-o", rows, *AS_OF, "-f", "json"))
    summary = json.loads(printed(rows, *models, *AS_OF, "-f", "json"))
    for name in ("images", "file_bytes", "media_types", "fixable"):
        assert summary[name] == folder[name], name
    for of_rows, of_folder in zip(summary["models"], folder["models"], strict=True):
        same = ("tokens", "input_usd", "downscaled", "fixable_tokens")
        assert [of_rows[name] for name in same] == [of_folder[name] for name in same]
    problems = {rows["problem"]: rows["rows"] for rows in summary["excluded"]}
    assert problems == {"not-counted": 2, "duplicate": 1 * 2, "other-model": 22 + 1}


def test_a_table_without_a_known_model_counts_all_rows(tmp_path):
    data = table(model=["a", None, "b", "b", "c"], tokens=range(5))
    assert scanned(written(tmp_path / "a.parquet", data)).images == 5
    assert scanned(written(tmp_path / "b.parquet", data.slice(0, 0))).images == 0


# Groups


def test_groups_of_any_type(tmp_path):
    days = [date(2026, 1, day) for day in (1, 1, 2, 2, 3)]
    data = table(day=days, flag=[True, None, True, False, False], meta=[{"a": n % 2} for n in range(5)], raw=[b""] * 5)
    path = written(tmp_path / "a.parquet", data)
    assert {name: row[0] for name, row in scanned(path, group_by="day").groups.items()} == {
        "2026-01-01": 2,
        "2026-01-02": 2,
        "2026-01-03": 1,
    }
    assert scanned(path, group_by="flag").groups.keys() == {"True", "False", None}
    assert scanned(path, group_by="meta.a").groups.keys() == {"0", "1"}
    assert scanned(path, group_by="width").groups.keys() == {"1920", "3000", "28", "4032", "1"}
    for name in ("meta", "raw"):
        with pytest.raises(ImgcostError, match=f"cannot group by '{name}', a column of type"):
            scanned(path, group_by=name)
    with pytest.raises(ImgcostError, match="has no column 'x'"):
        scanned(path, group_by="x")


def test_a_column_with_too_many_values_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(totals, "MAX_GROUPS", 4)
    path = written(tmp_path / "a.parquet", table(format=list("abcde")))
    with pytest.raises(ImgcostError, match="more than 4 values"):
        scanned(path)


# Copies with costs


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("small_batches")
def test_a_copy_has_all_columns_and_the_order_of_the_table(tmp_path, suffix):
    rows = [*SIZES, *BAD]
    first = written(tmp_path / f"a{suffix}", table(rows, name=list("abcdefghij")))
    second = written(tmp_path / f"b{suffix}", table(rows, name=list("klmnopqrst")))
    target = Output(tmp_path / "out.parquet")
    summary = TableScan((QUOTE,)).write([str(first), str(second)], target)
    copy = pq.read_table(tmp_path / "out.parquet")
    assert copy["name"].to_pylist() == list("abcdefghijklmnopqrst")
    assert copy["tokens"].to_pylist() == [*tokens_of(SIZES), *[None] * 5] * 2
    assert copy["problem"].to_pylist() == [*[None] * 5, *BAD.values()] * 2
    assert copy["input_usd"].to_pylist()[0] == QUOTE.image_usd(tokens_of(SIZES)[0])
    assert summary == scanned(first, second)
    assert scanned(tmp_path / "out.parquet").histograms == summary.histograms


def test_a_copy_is_written_whole_or_not_at_all(tmp_path):
    good = written(tmp_path / "a.parquet", table())
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    other = written(tmp_path / "b.parquet", table(x=range(5)))
    (tmp_path / "c.csv").write_text("width,height\n28,28\n28\n")
    (tmp_path / "d.jsonl").write_text('{"width": 28, "height": 28}\n' * 70_000 + '{"width": "x", "height": 28}\n')
    cases = [
        ([good, other], "has other columns than"),
        ([tmp_path / "c.csv"], "as CSV: "),
        ([good, "no.csv"], "no.csv"),
    ]
    cases.append(([tmp_path / "d.jsonl"], "rows 65537 to 70001: "))
    for tables, message in cases:
        with pytest.raises((ImgcostError, OSError), match=message):
            TableScan((QUOTE,)).write(map(str, tables), Output(target))
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 5


# Arguments


def test_arguments_are_sorted_and_globs_expanded(tmp_path):
    for name in ("b.parquet", "a.parquet", "c.csv", "d.png", "x/e.tsv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    targets = sort_targets([f"{tmp_path}/*.parquet", f"{tmp_path}/*.gif", str(tmp_path / "c.csv"), "-", str(tmp_path)])
    assert targets.tables == [str(tmp_path / name) for name in ("a.parquet", "b.parquet", "c.csv")]
    assert targets.files == [f"{tmp_path}/*.gif", "-", str(tmp_path)]
    (tmp_path / "y").symlink_to(tmp_path / "x")
    found = sort_targets([str(tmp_path)], Walk(exclude=("*.csv",)))
    assert found.tables == [str(tmp_path / name) for name in ("a.parquet", "b.parquet", "x/e.tsv")]
    with pytest.raises(ImgcostError, match=r"has no tables \(\.parquet, "):
        sort_targets([str(tmp_path)], Walk(include=("*.png",)))


@pytest.mark.parametrize(
    ("line", "is_table"),
    [
        ('{"width": 1, "height": 2}', True),
        ('{"w": 1, "h": 2}', True),
        ('{"width": 1, "height": 2, "messages": []}', True),
        ('{"custom_id": "a", "params": {}}', False),
        ('{"messages": []}', False),
        ("[1]", True),
        ("", True),
        ("[" * 10_000, True),
        ("not JSON", True),
    ],
)
def test_requests_in_json_lines_are_not_tables(tmp_path, line, is_table):
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n")
    assert bool(sort_targets([str(path)]).tables) == is_table


# The command line


def test_the_report_of_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "a.parquet", table([*SIZES, *BAD], format=[*"xxy", None, "=1+1", *"zzzzz"]))
    written(tmp_path / "b.csv", table())
    report = unwrapped(printed("a.parquet", "b.csv", "-m", "claude-sonnet-4-6", *AS_OF))
    assert report.startswith("10 images. claude-sonnet-4-6 on 2026-11-22: ")
    assert "By format with claude-sonnet-4-6\n  value      images" in report
    assert "\n  (missing)       1" in report
    assert "Costliest tables with claude-sonnet-4-6\n  table      images" in report
    assert "Excluded: 5 rows without a size that can be counted" in report
    assert "2 over 8,000 px" in report
    alone = printed("b.csv", *AS_OF)
    assert "Costliest" not in alone
    assert "Excluded" not in alone


def test_tables_and_folders_together(tmp_path):
    written(tmp_path / "a.parquet", table())
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(png(28, 28))
    arguments = (tmp_path / "photos", tmp_path / "a.parquet", "-m", "claude-sonnet-4-6", *AS_OF)
    summary = json.loads(printed(*arguments, "-f", "json"))
    assert summary["images"] == 6
    assert (summary["tables"], summary["unsized"], summary["file_bytes"]) == (1, 5, len(png(28, 28)))
    assert summary["models"][0]["tokens"] == 1 + sum(tokens_of(SIZES))
    assert "Costliest folders and tables" in printed(*arguments)
    library = imgcost.summarize(tmp_path / "photos", tmp_path / "a.parquet", model="claude-sonnet-4-6", as_of=DAY)
    assert library.to_dict() == summary | {"compared": []}


def test_json_of_tables(tmp_path):
    written(tmp_path / "a.parquet", table([*SIZES, *BAD], kind=list("aabbbccccc")))
    summary = json.loads(
        printed(tmp_path / "a.parquet", "--group-by", "kind", "-m", "claude-3-opus", *AS_OF, "-f", "json")
    )
    assert summary["file_bytes"] is None
    assert summary["media_types"] == {}
    assert summary["group_by"] == "kind"
    assert [group["value"] for group in summary["groups"]] == ["a", "b"]
    assert sum(group["tokens"] for group in summary["groups"]) == summary["models"][0]["tokens"]
    assert (
        summary["excluded"][0]
        == ExcludedRows(str(tmp_path / "a.parquet"), "missing-size", "width or height is missing", 2, 5)._asdict()
    )
    empty = json.loads(printed(written(tmp_path / "b.parquet", table([])), "-f", "json"))
    assert (empty["images"], empty["file_bytes"]) == (0, 0)


def test_many_groups_are_shortened_in_text_only(tmp_path):
    rows = [(28, 28)] * 50
    path = written(tmp_path / "a.parquet", table(rows, format=[f"f{number:02}" for number in range(50)]))
    report = printed(path, *AS_OF)
    assert "By format, 40 of 50 values with" in report
    assert "f39" in report
    assert "f40" not in report
    assert len(json.loads(printed(path, "-f", "json"))["groups"]) == 50


def test_a_copy_is_written_with_the_report(tmp_path):
    path = written(tmp_path / "a.csv", table([*SIZES, (0, 1)]))
    printed(path, "-o", tmp_path / "out.parquet", "-m", "claude-sonnet-4-6", *AS_OF)
    assert pq.read_table(tmp_path / "out.parquet")["tokens"].to_pylist() == [*tokens_of(SIZES), None]
    markdown = printed(path, "-o", tmp_path / "out.md", "-f", "markdown", *AS_OF)
    assert (tmp_path / "out.md").read_text() == f"# What images cost with Claude\n\n{markdown}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a.csv", "-o", "out.csv"],
            "a scan of tables writes .parquet or .md. For a workbook or a page, run 'imgcost plan'",
        ),
        (["a.csv", "photo.png", "-o", "out.parquet"], "-o writes either tables or files"),
        (["a.csv", "-m", "opus", "-m", "haiku", "-o", "out.parquet"], "-o adds the columns of one model"),
        (["a.csv", "--cluster", "x", "-o", "out.parquet"], "-o cannot be used with --cluster"),
        (["a.csv", "--rows", "csv"], "--rows streams rows of files, not of tables"),
        (["photo.png", "--group-by", "x"], "apply to tables only"),
        (["a.csv", "-o", "a.csv"], "would overwrite a.csv"),
        (["*.csv", "-o", "a.csv"], "would overwrite a.csv"),
        (["*.gif"], "Path '*.gif' does not exist"),
        (["a.csv", "--width", "w"], "a.csv has no column 'w'. Columns found: width, height"),
        ([".", "--tables", "--include", "*.png"], "has no tables"),
        (["a.csv", "--fail-on-unreadable"], "1 row could not be read (--fail-on-unreadable was given)"),
        (["b.csv", "--fail-on-empty"], "no images found"),
    ],
)
def test_what_cannot_be_done_is_an_error(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "a.csv", table([*SIZES, (0, 1)]))
    (tmp_path / "b.csv").write_text("width,height\n")
    (tmp_path / "photo.png").write_bytes(png(28, 28))
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert (tmp_path / "a.csv").stat().st_size == len(b'"width","height"\n') + len(
        "1920,1080\n3000,3000\n28,28\n4032,3024\n1,9000\n0,1\n"
    )


def test_junk_named_like_a_table_is_an_error_without_a_traceback(tmp_path):
    rng = np.random.default_rng(6)
    for suffix in FORMATS:
        path = tmp_path / f"junk{suffix}"
        path.write_bytes(b"width,height\n" + rng.bytes(5000))
        message = refused(path)
        assert message.startswith("Error: ")
        assert message.isascii() or message.isprintable() or "\n" in message
        assert "Traceback" not in message


def test_shards_in_a_folder(tmp_path):
    for number in range(3):
        written(tmp_path / f"train-{number}.parquet", table())
    (tmp_path / "photo.png").write_bytes(png(28, 28))
    assert json.loads(printed(tmp_path, "--tables", "-f", "json"))["images"] == 15
    assert json.loads(printed(f"{tmp_path}/train-*.parquet", "-f", "json"))["images"] == 15
    assert json.loads(printed(tmp_path, "-f", "json"))["images"] == 1


def test_a_file_of_requests_is_not_a_table(tmp_path):
    path = tmp_path / "batch.jsonl"
    path.write_text('{"custom_id": "a", "params": {"messages": []}}\n')
    stderr = f"imgcost: {path} has requests, not images: run 'imgcost check {path}'\n"
    assert "JSON, not an image" in printed(path, stderr=stderr)


def test_hostile_values_are_harmless(tmp_path):
    values = ["\x1b[31m", "a\nb", "=1+1", "<script>", "\u202e"]
    path = written(tmp_path / "a.parquet", table(format=values))
    report = printed(path)
    assert "\x1b" not in report
    assert r"a\nb" in report
    data = pa.table({"width": [28], "height": [28], "format": pa.array([b"\xff"]).view(pa.string())})
    pq.write_table(data, path)
    assert r"\xff" in printed(path)


def test_progress_is_shown_at_a_terminal(monkeypatch):
    from imgcost.cli import progress  # noqa: PLC0415

    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress.rows_progress() as advance:
        advance(5)
