"""Rows of scans: columns, formats as the usual libraries read them, and interrupted files."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from contextlib import chdir, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLES, png
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted, reporting, streaming

import imgcost
from imgcost import audit, geometry
from imgcost.errors import ImgcostError, MissingExtraError, NoPriceError, UnknownModelError
from imgcost.files import Image, Unreadable, scan
from imgcost.paths import guard_formula
from imgcost.reports import parquet
from imgcost.reports.columns import encode_columns
from imgcost.reports.delimited import encode_text
from imgcost.reports.rows import scan_rows
from imgcost.reports.writers import format_of
from imgcost.tabular import SCAN, Column, Schema

DAY = date(2026, 11, 22)
AREA, PATCH = quoted("claude-3-sonnet", as_of=DAY), quoted("claude-opus-4-6", as_of=DAY)


def rows_in(content):
    """Return the rows of a JSON file, and check its schema."""
    document = json.loads(content)
    assert document["schema"] == "imgcost.rows/2"
    return document["rows"]


TEXT_KINDS = ["csv", "json", "jsonl"]
KINDS = [*TEXT_KINDS, "parquet"]

NAMES = [
    "path",
    "media_type",
    "width",
    "height",
    "orientation",
    "animated",
    "file_bytes",
    "duplicate_of",
    "model",
    "tier",
]
NAMES += [
    "formula",
    "tokens",
    "downscaled",
    "resized_width",
    "resized_height",
    "input_usd",
    "rejected",
    "problem",
    "reason",
]

HOSTILE = [
    "new\nline\r.png",
    'a "quoted", name.png',
    "=1+1.png",
    "+1.png",
    "-1.png",
    "@SUM(A1).png",
    "\x1b[2J.png",
    "gnp.\u202eexe",
    os.fsdecode(b"caf\xe9.png"),
    "日本.png",
    "\ttab.png",
    "' quoted.png",
    "",
]


def image(path="a.png", width=1000, height=1000, **fields):
    return Image(path, "image/png", width, height, orientation=1, animated=False, file_bytes=900)._replace(**fields)


def groups(*files):
    return [("", list(files))]


FOUND = groups(
    image("a.png"),
    image("b.jpg", 4000, 3000, media_type="image/jpeg", orientation=6, animated=True, duplicate_of="a.png"),
    image("c.tif", 640, 480, media_type="image/tiff"),
    Unreadable("d", "missing", "no such file or folder"),
)


def written(path, scanned, kind, quotes=(AREA,)):
    path = path.with_suffix(f".{kind}")
    with reporting(path, quotes) as report:
        for group in scanned:
            report.add([group])
    return path


def encoded(scanned, style):
    return encode_text(scan_rows(scanned, [AREA]), SCAN, style)


def read(path, kind):
    """Return the rows of a file as dictionaries."""
    match kind:
        case "csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file, strict=True))
        case "json":
            return rows_in(path.read_bytes())
        case "jsonl":
            return [json.loads(line) for line in path.read_bytes().splitlines()]
        case "parquet":
            return pq.read_table(path).to_pylist()


# Rows


def test_columns_have_a_fixed_order():
    assert list(SCAN.columns) == NAMES
    assert all(column.meaning for column in SCAN.columns.values())


def test_an_image_has_one_row_per_model_and_any_other_file_one_row():
    listed = [dict(zip(SCAN.columns, row, strict=True)) for row in scan_rows(FOUND, [AREA, PATCH])]
    assert [(row["path"], row["model"]) for row in listed] == [
        ("a.png", "claude-3-sonnet-20240229"),
        ("a.png", "claude-opus-4-6"),
        ("b.jpg", "claude-3-sonnet-20240229"),
        ("b.jpg", "claude-opus-4-6"),
        ("c.tif", "claude-3-sonnet-20240229"),
        ("c.tif", "claude-opus-4-6"),
        ("d", None),
    ]
    assert (listed[0]["tokens"], listed[0]["input_usd"], listed[0]["downscaled"]) == (1334, "0.004002", False)
    assert listed[2] == {
        "path": "b.jpg",
        "media_type": "image/jpeg",
        "width": 4000,
        "height": 3000,
        "orientation": 6,
        "animated": True,
        "file_bytes": 900,
        "duplicate_of": "a.png",
        "model": "claude-3-sonnet-20240229",
        "tier": "standard",
        "formula": "area",
        "tokens": geometry.image_tokens(4000, 3000, AREA.tier, "area"),
        "downscaled": True,
        "resized_width": geometry.resized_size(4000, 3000, AREA.tier)[0],
        "resized_height": geometry.resized_size(4000, 3000, AREA.tier)[1],
        "input_usd": f"{AREA.image_usd(geometry.image_tokens(4000, 3000, AREA.tier, 'area')):f}",
        "rejected": None,
        "problem": None,
        "reason": None,
    }
    # A rejected image has tokens and dollars like any other, and the rule that it breaks.
    assert (listed[4]["tokens"], listed[4]["input_usd"]) == (410, "0.001230")
    assert [listed[4][name] for name in ("rejected", "problem", "reason")] == ["format", None, "TIFF is not supported"]
    missing = {name: value for name, value in listed[6].items() if value is not None}
    assert missing == {"path": "d", "problem": "missing", "reason": "no such file or folder"}


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_rows_equal_the_results_of_estimate(width, height):
    listed = scan_rows(groups(image(width=width, height=height)), [AREA, PATCH])
    for quote, values in zip((AREA, PATCH), listed, strict=True):
        row = dict(zip(SCAN.columns, values, strict=True))
        assert row["tokens"] == quote.tokens(width, height)
        assert Decimal(row["input_usd"]) == quote.image_usd(row["tokens"])
        assert row["downscaled"] is not geometry.fits(width, height, quote.tier)


def test_files_of_one_size_in_px_are_rejected_for_their_own_bytes():
    most = 10_485_760  # of the base64 data
    sizes = (most // 4 * 3, most // 4 * 3 + 1, 9_000_000)
    found = scan_rows(groups(*(image(file_bytes=size) for size in sizes)), [PATCH])
    rows = [dict(zip(SCAN.columns, row, strict=True)) for row in found]
    assert [row["rejected"] for row in rows] == [None, "image-bytes", "image-bytes"]
    assert [(row["reason"] or "").partition(" ")[0] for row in rows] == ["", "10,485,764", "12,000,000"]


def test_dollars_are_never_in_scientific_notation():
    cheap = quoted("claude-haiku-5-5", as_of=DAY, batch=True, cache="5m")
    [row] = scan_rows(groups(image(width=1, height=1)), [cheap])
    assert "E" not in row[NAMES.index("input_usd")]
    assert Decimal(row[NAMES.index("input_usd")]) == cheap.image_usd(1) > 0


# Formats


@pytest.mark.parametrize("kind", [*KINDS, "xlsx", "html", "md"])
@pytest.mark.parametrize("suffix", [str.lower, str.upper])
def test_the_suffix_selects_the_format(kind, suffix):
    assert format_of(f"folder.csv/costs.{suffix(kind)}") == f".{kind}"


@pytest.mark.parametrize("path", ["costs", "costs.xls", ".csv", "costs.csv.gz", "csv", ""])
def test_another_suffix_is_an_error_that_lists_the_supported_ones(path):
    known = r"use one of the extensions \.csv, \.json, \.jsonl, \.parquet, \.md, \.xlsx, \.html$"
    with pytest.raises(ImgcostError, match=known):
        format_of(path)
    with pytest.raises(ImgcostError, match=r"cannot write a report to a\\nb: "):
        format_of("a\nb")


@pytest.mark.parametrize("kind", KINDS)
def test_all_formats_have_the_same_rows(tmp_path, kind):
    expected = [dict(zip(SCAN.columns, row, strict=True)) for row in scan_rows(FOUND, [AREA, PATCH])]
    read_rows = read(written(tmp_path / "f", FOUND, kind, [AREA, PATCH]), kind)
    assert [list(row) for row in read_rows] == [NAMES] * 7
    if kind == "csv":
        expected = [
            {
                name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in row.items()
            }
            for row in expected
        ]
    if kind == "parquet":
        for row in expected:
            row["input_usd"] = row["input_usd"] and Decimal(row["input_usd"])
    assert read_rows == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_rows_can_be_read(tmp_path, kind):
    for number, scanned in enumerate(([], groups())):
        path = written(tmp_path / str(number), scanned, kind)
        assert read(path, kind) == []
    expected = {"csv": ",".join(NAMES) + "\r\n", "json": '{"schema": "imgcost.rows/2", "rows": []}\n', "jsonl": ""}
    if kind in expected:
        assert path.read_bytes() == expected[kind].encode()
    else:
        assert pq.read_schema(path).names == NAMES


@pytest.mark.parametrize("kind", KINDS)
def test_every_hostile_name_is_one_row(tmp_path, kind):
    scanned = groups(
        *(image(name, duplicate_of=name) for name in HOSTILE), *(Unreadable(name, "empty", name) for name in HOSTILE)
    )
    read_rows = read(written(tmp_path / "f", scanned, kind), kind)
    assert len(read_rows) == 2 * len(HOSTILE)
    assert {len(row) for row in read_rows} == {len(SCAN.columns)}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "escaped:%3D1+1"),
        ("+1%.png", "escaped:%2B1%25.png"),
        ("-1", "escaped:%2D1"),
        ("@SUM(A1)", "escaped:%40SUM(A1)"),
        ("\t=1", "escaped:%09=1"),
        ("\r=1", "escaped:%0D=1"),
        ("\n=1", "escaped:%0A=1"),
        ("\uff1d1", "escaped:%uFF1D1"),
        ("escaped:a%20b", "escaped:escaped:a%2520b"),
        (os.fsdecode(b"-caf\xe9"), "escaped:-caf%E9"),
        ("a=1", "a=1"),
        ("a\nb\r\n\x1b[2J%20", "a\nb\r\n\x1b[2J%20"),
        ("'quoted'", "'quoted'"),
        ("gnp.\u202eexe", "gnp.\u202eexe"),
        ('a "b", c', 'a "b", c'),
        (r"C:\photos\n.png", r"C:\photos\n.png"),
        ("日本", "日本"),
    ],
)
def test_a_path_in_csv_is_exact_unless_it_is_a_formula(tmp_path, name, cell):
    scanned = groups(image(name, duplicate_of=name), Unreadable(name, "empty", "nothing in it"))
    first, second = read(written(tmp_path / "f.csv", scanned, "csv"), "csv")
    assert (first["path"], first["duplicate_of"], second["path"]) == (cell,) * 3
    assert imgcost.unescape_path(cell) == name


def test_a_reason_escapes_the_text_of_a_file(tmp_path):
    scanned = groups(Unreadable("a", "damaged", "=1\x1b[2J\udce9"))
    for kind in KINDS:
        [row] = read(written(tmp_path / kind, scanned, kind), kind)
        assert row["reason"] == ("'" if kind == "csv" else "") + r"=1\x1b[2J\xe9"


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet"])
def test_utf_8_paths_are_unchanged_in_formats_for_programs(tmp_path, kind):
    read_rows = read(written(tmp_path / "f", groups(*map(image, HOSTILE)), kind), kind)
    assert [row["path"] for row in read_rows] == [
        "escaped:caf%E9.png" if "\udce9" in name else name for name in HOSTILE
    ]


def file_names():
    """Generate file names: any bytes, any text, and names that look like our escapes."""
    bytewise = st.binary(max_size=12).map(lambda name: name.decode("utf-8", "surrogateescape"))
    pieces = [
        "escaped:",
        "%",
        "%25",
        "%E9",
        "%uD800",
        "\udce9",
        "\ud800",
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        '"',
        ",",
        "'",
        "é",
        "\\x",
    ]
    return st.one_of(bytewise, st.text(max_size=8), st.lists(st.sampled_from(pieces), max_size=6).map("".join))


@given(st.lists(file_names(), min_size=1, max_size=5))
def test_every_path_is_read_back_from_every_format(names):
    scanned = groups(*(image(name, duplicate_of=name) for name in names))
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            read_rows = read(written(Path(folder) / kind, scanned, kind), kind)
            for column in ("path", "duplicate_of"):
                texts = [row[column] for row in read_rows]
                assert [imgcost.unescape_path(text) for text in texts] == names
                assert all(text.encode() is not None for text in texts)


@given(file_names(), file_names())
def test_different_paths_never_have_the_same_text(first, second):
    for write in (imgcost.escape_path, lambda path: guard_formula(imgcost.escape_path(path))):
        assert (write(first) == write(second)) is (first == second)
        assert not write(first).startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or write is imgcost.escape_path


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no bytes that are not UTF-8")
@pytest.mark.parametrize("kind", [*KINDS, "frame"])
def test_every_file_of_a_folder_is_reopened_from_its_row(tmp_path, kind):
    names = [b"caf\xe9.png", b"=1+1.png", b"-1.png", b"a\nb.png", b"\"q\", 'r'.png", b"escaped:%E9.png", b"\ttab.png"]
    (tmp_path / "in").mkdir()
    for number, name in enumerate(names, 1):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path / "in"), name))).write_bytes(png(number, 1))  # noqa: PTH118 - bytes
    with chdir(tmp_path / "in"):
        files = list(scan(*map(os.fsdecode, names)))
        if kind == "frame":
            read_rows = audit(*map(os.fsdecode, names), model="sonnet").to_dict("records")
        else:
            read_rows = read(written(tmp_path / "rows", [("", files)], kind), kind)
        assert len(read_rows) == len(names)
        for row in read_rows:
            with open(imgcost.unescape_path(row["path"]), "rb") as file:  # noqa: PTH123 - the path unchanged
                assert imgcost.read_header(file).width == int(row["width"])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
def test_json_rows_are_ascii_lines_that_any_parser_reads(names):
    lines = encoded(groups(*map(image, names)), "jsonl")
    assert lines.isascii()
    assert [json.loads(line)["path"] for line in lines.splitlines()] == names
    assert json.loads(b"[" + encoded(groups(*map(image, names)), "json") + b"]") == [
        json.loads(line) for line in lines.splitlines()
    ]


def test_pandas_reads_the_rows(tmp_path):
    frame = pd.read_csv(written(tmp_path / "a.csv", FOUND, "csv"), dtype={"input_usd": str})
    assert list(frame.columns) == NAMES
    assert frame["tokens"].tolist()[:2] == [AREA.tokens(1000, 1000), AREA.tokens(4000, 3000)]
    assert frame["downscaled"].tolist()[:2] == [False, True]
    assert frame["input_usd"].tolist()[0] == "0.004002"
    frame = pd.read_json(written(tmp_path / "a.jsonl", FOUND, "jsonl"), lines=True)
    assert frame["path"].tolist() == ["a.png", "b.jpg", "c.tif", "d"]
    frame = pd.DataFrame(rows_in(written(tmp_path / "a.json", FOUND, "json").read_bytes()))
    assert frame["path"].tolist() == ["a.png", "b.jpg", "c.tif", "d"]


# Streaming


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_rows_reach_a_stream_as_they_are_written(tmp_path, kind):
    with (tmp_path / "f").open("wb") as stream, streaming(stream, [AREA], kind) as report:
        for number in range(1, 4):
            report.add(groups(image(f"{number}.png"), image("b.png")))
            so_far = (tmp_path / "f").read_bytes()
            assert report.sink.writer.rows == 2 * number
            if kind == "json":
                assert [row["path"] for row in rows_in(so_far + b"]}")][-2] == f"{number}.png"
            else:
                assert so_far.endswith(b"\n")
                assert len(so_far.splitlines()) == 2 * number + (kind == "csv")
    assert len(read(tmp_path / "f", kind)) == 6


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_a_stream_gets_the_same_bytes_as_a_file(tmp_path, kind):
    for scanned in ([], FOUND, [*FOUND, *groups(), *FOUND]):
        stream = io.BytesIO()
        with streaming(stream, [AREA], kind) as report:
            for group in scanned:
                report.add([group])
        assert not stream.closed
        assert stream.getvalue() == written(tmp_path / "f", scanned, kind).read_bytes()


class Breaking(io.FileIO):
    """A file whose next write is interrupted after half of the bytes."""

    armed = False
    error = KeyboardInterrupt()

    def write(self, data):
        if self.armed:
            self.armed = False
            super().write(bytes(data)[: len(data) // 2])
            raise self.error
        return super().write(data)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), OSError(28, "No space left on device")])
@pytest.mark.parametrize("kind", TEXT_KINDS)
@pytest.mark.parametrize("pieces", [0, 1, 3])
@pytest.mark.parametrize("before", [b"", b"what an earlier program appended\n"])
def test_an_interrupted_stream_has_complete_rows_and_their_number(tmp_path, monkeypatch, kind, pieces, error, before):
    path = tmp_path / "f"
    path.write_bytes(before)
    monkeypatch.setattr(Breaking, "error", error)
    piece = groups(image("a.png"), image("b.png"))
    with Breaking(path, "a") as stream:
        with pytest.raises(type(error)), streaming(stream, [AREA], kind) as report:  # noqa: PT012 - only the last raises
            for _ in range(pieces):
                report.add(piece)
            stream.armed = True
            report.add(piece)
        assert report.sink.writer.rows == 2 * pieces
    content = path.read_bytes()
    assert content.startswith(before)
    path.write_bytes(content.removeprefix(before) + (b"]}" if kind == "json" and pieces else b""))
    read_rows = read(path, kind) if pieces or kind != "json" else []
    assert [row["path"] for row in read_rows] == ["a.png", "b.png"] * pieces


def test_an_interrupted_pipe_is_not_truncated():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader:
        with (
            os.fdopen(write_end, "wb") as stream,
            suppress(KeyboardInterrupt),
            streaming(stream, [AREA], "csv") as report,
        ):
            report.add(groups(image()))
            raise KeyboardInterrupt
        assert len(reader.read().splitlines()) == 2


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_partial_writes_are_continued(tmp_path, kind):
    class Slow(io.FileIO):
        def write(self, data):
            return super().write(bytes(data)[:7])

    with Slow(tmp_path / "f", "w") as stream:
        with streaming(stream, [AREA], kind) as report:
            for group in FOUND:
                report.add([group])
        assert not stream.closed
    assert (tmp_path / "f").read_bytes() == written(tmp_path / "g", FOUND, kind).read_bytes()


def test_a_pipe_that_would_block_is_an_error():
    class Busy(io.BytesIO):
        def write(self, _data):
            return None

    with pytest.raises(BlockingIOError), streaming(Busy(), [AREA], "csv") as report:
        report.add(groups(image()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_device_is_reported(tmp_path, kind):
    full = tmp_path / f"full.{kind}"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"), reporting(full, [AREA]) as report:
        report.add(groups(image()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_opened_is_an_error(tmp_path, kind):
    with pytest.raises(OSError), reporting(tmp_path / "no" / f"f.{kind}", [AREA]):  # noqa: PT011 - the message depends on the system
        pass


def test_a_target_that_cannot_be_truncated_is_written(tmp_path):
    """Such as a named pipe, or /dev/stdout."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader:
        (tmp_path / "f.json").symlink_to(f"/dev/fd/{write_end}")
        with reporting(tmp_path / "f.json", [AREA]) as report:
            report.add(groups(image()))
        os.close(write_end)
        assert len(rows_in(reader.read())) == 1


# Parquet


def test_parquet_has_the_types_that_the_columns_mean(tmp_path):
    schema = pq.read_schema(written(tmp_path / "f", FOUND, "parquet"))
    kinds = {field.name: field.type for field in schema}
    assert {str(kinds[name]) for name in ("path", "duplicate_of", "reason")} == {"string"}
    assert {
        str(kinds[name].value_type) for name in ("media_type", "model", "tier", "formula", "rejected", "problem")
    } == {"string"}
    assert {kinds[name] for name in ("width", "height", "tokens", "resized_width", "resized_height")} == {pa.int64()}
    assert {kinds["orientation"], kinds["file_bytes"]} == {pa.int64()}
    assert {kinds["animated"], kinds["downscaled"]} == {pa.bool_()}
    assert kinds["input_usd"] == pa.decimal256(60, 20)
    assert {field.name: field.metadata[b"description"].decode() for field in schema} == {
        name: column.meaning for name, column in SCAN.columns.items()
    }


@pytest.mark.parametrize("model", ["claude-3-sonnet", "claude-haiku-5-5", "claude-opus-4-6"])
def test_dollars_in_parquet_are_exact(tmp_path, model):
    conditions = {} if model == "claude-3-sonnet" else {"batch": True, "cache": "5m", "inference_geo": "us"}
    quote = quoted(model, as_of=DAY, **conditions)
    scanned = groups(*(image(width=edge, height=edge) for edge in (1, 999, 5000)))
    read_back = [row["input_usd"] for row in read(written(tmp_path / "f", scanned, "parquet", [quote]), "parquet")]
    assert read_back == [quote.image_usd(quote.tokens(edge, edge)) for edge in (1, 999, 5000)]


def test_the_largest_edges_fit_their_columns(tmp_path):
    largest = 2**31 - 1  # the largest edge that a header can have
    scanned = groups(image(width=largest, height=largest, file_bytes=2**62, orientation=8))
    [row] = read(written(tmp_path / "f", scanned, "parquet"), "parquet")
    assert (row["width"], row["height"], row["file_bytes"]) == (largest, largest, 2**62)


VALUES = {
    "path": st.text(max_size=5),
    "text": st.sampled_from(["", "é", "日本", "a\0b"]),
    "category": st.sampled_from(["a", "b", "", "ü"]),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "usd": st.decimals(-(10**30), 10**30, places=20).map(lambda usd: f"{usd:f}"),
    "boolean": st.booleans(),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_columns_are_encoded_like_pyarrow_encodes_them(kind, data):
    parts = data.draw(st.lists(st.lists(VALUES[kind] | st.none(), max_size=20), max_size=3))
    schema = Schema("ducks/1", "Ducks", {"duck": Column(kind, "")})
    file = io.BytesIO()
    writer = parquet.ParquetWriter(file, schema)
    for part in parts:
        writer.write(encode_columns([(value,) for value in part], schema))
    writer.finish()
    column = pq.read_table(io.BytesIO(file.getvalue()))["duck"]
    values = [value for part in parts for value in part]
    if kind == "usd":
        values = [value and Decimal(value) for value in values]
    expected = pa.array(values, parquet.arrow_schema(schema).field("duck").type)
    column.validate(full=True)
    assert column.type == expected.type
    assert column.to_pylist() == expected.to_pylist() == values


@pytest.mark.slow  # starts a process
def test_a_scan_to_parquet_does_not_load_pandas(tmp_path):
    script = (
        "import sys; from imgcost.cli import main\n"
        f"try: main(['scan', {str(SAMPLES)!r}, '-o', {str(tmp_path / 'a.parquet')!r}])\n"
        "finally: assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=60)
    assert pq.read_metadata(tmp_path / "a.parquet").num_rows > 20


def test_row_groups_are_written_as_soon_as_they_are_full(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_ROWS", 3)
    path = tmp_path / "f.parquet"
    with reporting(path, [AREA]) as report:
        for number in range(8):
            report.add(groups(image(str(number))))
            assert len(report.sink.writer._waiting) == (number + 1) % 3
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [3, 3, 2]
    assert [row["path"] for row in read(path, "parquet")] == list(map(str, range(8)))


def test_pandas_reads_parquet(tmp_path):
    frame = pd.read_parquet(written(tmp_path / "f", FOUND, "parquet"))
    assert list(frame.columns) == NAMES
    assert str(frame["model"].dtype) == "category"
    assert frame["input_usd"][0] == Decimal("0.004002")


def test_without_pyarrow_parquet_names_the_extra_and_all_else_works(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "imgcost.reports.parquet")
    with pytest.raises(MissingExtraError, match=r"pip install .imgcost\[parquet\]") as caught:
        written(tmp_path / "f.parquet", FOUND, "parquet")
    assert caught.value.extra == "parquet"
    assert not (tmp_path / "f.parquet").exists()
    assert len(read(written(tmp_path / "f.csv", FOUND, "csv"), "csv")) == 4


@pytest.mark.slow
def test_a_missing_pyarrow_is_reported_once():
    code = "import sys; sys.modules['pyarrow'] = None\nfrom imgcost.cli import main\n"
    code += "main(['scan', 'data/samples/web', '-o', 'never.parquet'])"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        'Error: writing Parquet needs the extra "parquet": pip install "imgcost[parquet]" '
        '(in a checkout: pip install ".[parquet]").\n'
    )


# Audit

DTYPES = dict.fromkeys(["media_type", "model", "tier", "formula", "rejected", "problem"], "category")
DTYPES |= dict.fromkeys(["width", "height", "orientation", "file_bytes", "tokens"], "Int64")
DTYPES |= dict.fromkeys(["resized_width", "resized_height"], "Int64")
DTYPES |= {"animated": "boolean", "downscaled": "boolean", "input_usd": "object"}


def test_an_audit_has_the_documented_columns_and_types():
    frame = audit(SAMPLES, model="claude-opus-4-6", as_of=DAY)
    assert list(frame.columns) == NAMES
    assert {name: str(frame[name].dtype) for name in DTYPES} == DTYPES
    assert isinstance(frame.index, pd.RangeIndex)


@pytest.mark.parametrize("models", ["claude-opus-4-6", ["claude-3-sonnet", "claude-opus-4-6"]])
def test_an_audit_has_the_rows_in_order(models):
    quote = [quoted(model, as_of=DAY) for model in ([models] if isinstance(models, str) else models)]
    expected = list(scan_rows([("", list(scan(SAMPLES)))], quote))
    frame = audit(SAMPLES, model=models, as_of=DAY)
    assert len(frame) == len(expected) > 20
    for row, values in zip(frame.itertuples(index=False), expected, strict=True):
        for name, value, wanted in zip(NAMES, row, values, strict=True):
            if wanted is None:
                assert value is None if name == "input_usd" else pd.isna(value)
            else:
                assert value == (Decimal(wanted) if name == "input_usd" else wanted)


def test_dollars_of_an_audit_add_up_exactly():
    frame = audit(SAMPLES, model="claude-opus-4-6", as_of=DAY)
    assert set(map(type, frame["input_usd"])) == {Decimal, type(None)}
    assert frame["input_usd"].dropna().sum() == PATCH.image_usd(int(frame["tokens"].sum()))


def test_an_audit_without_readable_images_has_the_same_columns(tmp_path):
    empty = audit(tmp_path)
    assert (list(empty.columns), len(empty)) == (NAMES, 0)
    missing = audit(tmp_path / "missing")
    assert missing["problem"].tolist() == ["missing"]
    assert missing["input_usd"].tolist() == [None]
    for frame in (empty, missing):
        assert {name: str(frame[name].dtype) for name in DTYPES} == DTYPES


def test_the_conditions_reach_an_audit(tmp_path):
    (tmp_path / "link").symlink_to(SAMPLES / "web")
    assert audit(tmp_path)["problem"].tolist() == ["link-not-followed"]
    frame = audit(
        tmp_path,
        model="opus",
        as_of=DAY,
        formula="area",
        batch=True,
        cache="5m",
        inference_geo="us",
        follow_symlinks=True,
    )
    quote = quoted("opus", as_of=DAY, formula="area", batch=True, cache="5m", inference_geo="us")
    assert set(frame["formula"]) == {"area"}
    assert frame["input_usd"].tolist() == [quote.image_usd(tokens) for tokens in frame["tokens"].tolist()]


def test_a_datetime_is_accepted_as_its_date():
    moment = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    assert audit(SAMPLES / "web", as_of=moment).equals(audit(SAMPLES / "web", as_of=DAY))


def test_a_model_that_cannot_be_priced_is_an_error_before_any_file_is_read():
    with pytest.raises(UnknownModelError):
        audit("missing", model="sonet")
    with pytest.raises(NoPriceError):
        audit("missing", as_of=date(2023, 1, 1))
