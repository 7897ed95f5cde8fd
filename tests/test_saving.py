"""Reports in files: the same records in every format."""

from __future__ import annotations

import builtins
import gc
import io
import json
import sys
from contextlib import chdir
from decimal import Decimal

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from command_line import printed, refused
from pictures import image_block, png, request

from imgcost import unescape_path
from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.reports.writers import SUFFIXES, format_of, save_report
from imgcost.tabular import CHECK, ESTIMATE, PLAN, Column, Schema
from imgcost.text import Report

DAY = ("--as-of", "2026-11-22")
ESTIMATES = ("estimate", "1920x1080", "4032x3024", "-m", "claude-sonnet-4-6", "--count", "3", "--batch", *DAY)
A_PLAN = ("plan", "3000x3000", "--count", "1000", "-m", "claude-haiku-5-5", "-m", "claude-sonnet-4-6",
        "--prompt-tokens", "900", "--output-tokens", "70", "--retry-rate", "0.02", *DAY)  # fmt: skip


def written(path):
    """Return the rows of a file as dictionaries of text; missing values are empty."""
    match path.suffix:
        case ".csv":
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        case ".jsonl":
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            return [{name: shown(value) for name, value in row.items()} for row in rows]
        case ".parquet":
            rows = pq.read_table(path).to_pylist()
            return [{name: shown(value) for name, value in row.items()} for row in rows]
        case ".xlsx":
            head, *rows = openpyxl.load_workbook(path)["Report"].iter_rows(values_only=True)
            names = [name.replace(" ", "_") for name in head]
            return [{name: shown(value) for name, value in zip(names, row, strict=True)} for row in rows]
    return frame.to_dict("records")


def shown(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def same(left, right):
    """Return whether two cells are equal, numbers by value: a workbook has floats."""
    try:
        return left == right or abs(Decimal(left) - Decimal(right)) <= Decimal("1e-12") * abs(Decimal(left))
    except ArithmeticError:
        return False


ROW_FILES = [
    *((ESTIMATES, 2, suffix) for suffix in (".csv", ".jsonl", ".parquet", ".xlsx")),
    *((A_PLAN, 9, suffix) for suffix in (".csv", ".jsonl", ".parquet")),
]


@pytest.mark.parametrize(("arguments", "rows", "suffix"), ROW_FILES)
def test_every_format_has_the_numbers_of_the_json(tmp_path, arguments, rows, suffix):
    printed(*arguments, "-o", tmp_path / "a.json")
    printed(*arguments, "-o", tmp_path / f"a{suffix}")
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert data == json.loads(printed(*arguments, "-f", "json"))
    rows_read = written(tmp_path / f"a{suffix}")
    schema = ESTIMATE if arguments is ESTIMATES else PLAN
    expected = data["estimates"] if arguments is ESTIMATES else list(plan_entries(data))
    assert [list(row) for row in rows_read] == [list(schema.columns)] * rows
    assert len(expected) == rows
    for row, entry in zip(rows_read, expected, strict=True):
        assert all(same(row[name], shown(entry.get(name))) for name in row), (row, entry)


def plan_entries(data):
    """Yield the rows of a plan from its JSON."""
    for model in data["models"]:
        for name, way in {"as specified": model, **model["variants"]}.items():
            tokens = {f"{kind}_tokens": count for kind, count in way["tokens"].items()}
            shared = {key: model[key] for key in ("as_of", "images")}
            alternative_to = None if way is model else model["model"]
            yield shared | way | tokens | {"variant": name, "alternative_to": alternative_to}


def test_an_estimate_and_a_plan_by_hand(tmp_path):
    printed(*ESTIMATES, "-o", tmp_path / "a.csv")
    first = written(tmp_path / "a.csv")[0]
    assert (first["tokens"], first["resized_width"], first["batch"]) == ("1560", "1456", "true")
    assert Decimal(first["input_usd_of_count"]) == Decimal(3 * 1560) * Decimal("1.5") / 10**6
    printed(*A_PLAN, "-o", tmp_path / "b.csv")
    rows = {row["variant"]: row for row in written(tmp_path / "b.csv") if row["model"] == "claude-sonnet-4-6"}
    # 1521 tokens per image and 3 around it; each request has the prompt and 7 tokens of framing.
    for variant, images, requests in (("as specified", "1", 1000), ("packed", "20", 50)):
        tokens, row = 1000 * 1524 + requests * (900 + 7), rows[variant]
        total = (Decimal(tokens) * 3 + Decimal(requests * 70) * 15) / 10**6 * Decimal("1.02")
        assert (row["images_per_request"], row["requests"], row["input_tokens"]) == (images, str(requests), str(tokens))
        assert Decimal(row["total_usd"]) == total


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_findings_with_hostile_names_are_harmless(tmp_path, suffix):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["=1+1.png", "@SUM(A1).png", "a\nb\x1b[31m.png", "<img src=x onerror=alert(1)>.png", "|pipe|.png"]
    for name in names:
        (folder / name).write_bytes(png(8001, 8))
    out = tmp_path / f"out{suffix}"
    text = printed("check", folder, *DAY, "--ignore", "tiny", "--ignore", "downscaled", "-o", out, code=1)
    assert "5 errors" in text
    content = out.read_bytes()
    if suffix not in {".csv", ".xlsx", ".parquet"}:  # in CSV a path is exact, and in the others text is packed
        assert b"\x1b" not in content
    if suffix == ".json":
        assert len(json.loads(content)["findings"]) == 5
    elif suffix == ".html":
        assert b"<img" not in content
    elif suffix != ".md":
        rows = written(out)
        assert {row["rule"] for row in rows} == {"image-edge"}
        assert all(row["limit"] == "8000" for row in rows)
        if suffix != ".xlsx":
            for column in ("location", "file"):
                assert {unescape_path(row[column]) for row in rows} == {str(folder / name) for name in names}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_location_that_begins_like_a_formula_is_escaped_only_in_csv(tmp_path, suffix):
    (tmp_path / "=1+1.png").write_bytes(png(8001, 8))
    with chdir(tmp_path):
        printed("check", "=1+1.png", *DAY, "-o", f"out{suffix}", code=1)
    if suffix == ".json":
        rows = json.loads((tmp_path / "out.json").read_bytes())["findings"]
    else:
        rows = written(tmp_path / f"out{suffix}")
    guarded = "escaped:%3D1+1.png" if suffix == ".csv" else "=1+1.png"
    assert {(row["location"], row["file"]) for row in rows} == {(guarded, guarded)}


def test_text_that_looks_like_a_formula_is_not_a_formula(tmp_path):
    sent = json.dumps(request(image_block(b"")) | {"model": "=cmd|' /C calc'!A0"})
    printed("check", "-", "-o", tmp_path / "a.csv", code=1, stdin=sent)
    assert ",=cmd" not in (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert [row["observed"] for row in written(tmp_path / "a.csv") if row["rule"] == "model"] == ["'=cmd|' /C calc'!A0"]
    printed("check", "-", "-o", tmp_path / "a.xlsx", code=1, stdin=sent)
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["Report"] for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_parquet_columns_have_descriptions(tmp_path):
    printed(*A_PLAN, "-o", tmp_path / "a.parquet")
    for field in pq.read_schema(tmp_path / "a.parquet"):
        assert field.metadata[b"description"].decode() == PLAN.columns[field.name].meaning


def test_markdown_is_the_report_and_a_workbook_has_its_notes(tmp_path):
    printed(*ESTIMATES, "-o", tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert text == f"# What images cost with Claude\n\n{printed(*ESTIMATES, '-f', 'markdown')}"
    printed(*ESTIMATES, "-o", tmp_path / "a.xlsx")
    notes = [row[1] for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["Notes"].iter_rows(values_only=True)]
    assert "US dollars for the image as input, exact" in notes


def test_an_unknown_suffix_is_rejected_before_the_work(tmp_path):
    assert "use one of the extensions .csv" in refused(*A_PLAN, "-o", tmp_path / "a.doc")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ImgcostError, match=r"a\\x1b\.doc"):
        format_of("a\x1b.doc")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    assert "does not exist." in refused(*ESTIMATES, "-o", tmp_path / "no" / "a.csv")


@pytest.mark.parametrize(("suffix", "library"), [(".parquet", "pyarrow"), (".xlsx", "xlsxwriter"), (".html", "jinja2")])
def test_a_missing_library_is_an_error_that_names_the_extra(tmp_path, monkeypatch, suffix, library):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.split(".")[0] == library:
            raise ImportError(name)
        return real(name, *rest, **more)

    for name in [name for name in sys.modules if name.startswith("imgcost.reports.")]:
        monkeypatch.delitem(sys.modules, name)  # its imports run again
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=r"pip install .imgcost\[(report|parquet)\]"):
        save_report(Report({"findings": []}, []), CHECK, [], str(tmp_path / f"a{suffix}"))


def test_flags_and_blanks_in_every_format(tmp_path):
    columns = {"good": Column("boolean", ""), "usd": Column("usd", ""), "many": Column("integer", "")}
    schema = Schema("ducks/1", "Ducks", columns)
    entries = [{"good": True, "usd": "0.10"}, {"good": False, "many": 7}, {}]
    for suffix in (".csv", ".jsonl", ".parquet", ".xlsx"):
        save_report(Report({}, []), schema, schema.rows(entries), str(tmp_path / f"a{suffix}"))
        rows = [list(row.values()) for row in written(tmp_path / f"a{suffix}")]
        assert [row[0] for row in rows] == ["true", "false", ""]
        assert [row[2] for row in rows] == ["", "7", ""]
        assert Decimal(rows[0][1]) == Decimal("0.1")
    assert io.BytesIO((tmp_path / "a.xlsx").read_bytes()).read(2) == b"PK"


def test_an_average_is_rounded_in_parquet_and_dollars_are_exact(tmp_path):
    path = tmp_path / "a.parquet"
    printed("plan", "1000x1000", "500x500", "200x300", "-m", "claude-haiku-5-5", *DAY, "-o", path)
    schema = Schema("ducks/1", "Ducks", {"usd": Column("usd", "")})
    texts = ["0.6666666666666666666666666667", "0.00000000000000000001", "-1.5", "123456789012345678.000002"]
    save_report(Report({}, []), schema, [(text,) for text in texts], str(path))
    usd = [row["usd"] for row in pq.read_table(path).to_pylist()]
    assert usd == [Decimal("0.66666666666666666667"), *map(Decimal, texts[1:])]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_error_while_rows_are_read_leaves_no_file(tmp_path, suffix):
    def rows():
        yield ("0.1",)
        raise OSError("no space left")

    schema = Schema("ducks/1", "Ducks", {"usd": Column("usd", "")})
    with pytest.raises(OSError, match="no space left"):
        save_report(Report({}, []), schema, rows(), str(tmp_path / f"a{suffix}"))
    gc.collect()  # an unfinished Parquet file must not raise another error now
    assert not list(tmp_path.iterdir())


def test_an_html_report_has_tables_and_notes_and_no_scripts(tmp_path):
    printed(*ESTIMATES, "-o", tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<h1>What images cost with Claude</h1>" in page
    assert page.count("<caption>") == 1
    for cell in ("claude-sonnet-4-6", "1456x819", "$0.0023"):
        assert cell in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page
