"""Jobs: every type of input, invalid input, and scenarios."""

from __future__ import annotations

import builtins
import sys
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import SAMPLES, png

import imgcost
from imgcost.acceptance import Reason
from imgcost.cli import main
from imgcost.conditions import Conditions
from imgcost.errors import ArgumentError, ImgcostError, MissingExtraError, SizeError
from imgcost.files import Image, Unreadable
from imgcost.plans import Repeated, Scenario, inputs, plan, read_scenario, scenario_files
from imgcost.plans.images import MAX_LISTED_SIZES

DAY = date(2026, 11, 22)
SIZES = [(1920, 1080), (3000, 3000), (28, 28)]
TOKENS = 1560 + 1521 + 1  # standard tier


def planned(images, **settings):
    return plan(images, models="claude-sonnet-4-6", as_of=DAY, **settings)


def tokens_and_images(job_plan):
    [model_plan] = job_plan.models
    return model_plan.totals.visual, job_plan.images


# Types of input


@pytest.mark.parametrize(
    "images",
    [
        SIZES,
        tuple(SIZES),
        iter(SIZES),
        [list(size) for size in SIZES],
        np.array(SIZES),
        np.array(SIZES, np.uint16),
        np.array(SIZES, np.uint64),
        pd.DataFrame(SIZES, columns=["width", "height"]),
        pd.DataFrame(SIZES, columns=["width", "height"], dtype="Int64"),
        pd.DataFrame(SIZES, columns=["width", "height"], dtype=float),
        pd.DataFrame(SIZES, columns=["width", "height"], dtype=object),
        pa.table(pd.DataFrame(SIZES, columns=["width", "height"])),
        [Repeated(*size, 1) for size in SIZES],
        [np.array(size) for size in SIZES],
        [(1920, 1080), Repeated(3000, 3000, 1), (np.int32(28), 28)],
    ],
    ids=lambda images: type(images).__name__,
)
def test_sizes_are_accepted_in_every_type(images):
    job_plan = planned(images)
    assert tokens_and_images(job_plan) == (TOKENS, 3)
    assert (job_plan.unsized, job_plan.rejected) == (3, ())
    assert (
        sum(request.usd for model_plan in job_plan for request in model_plan.each_request())
        == job_plan.models[0].total_usd
    )


def test_paths_scans_and_frames_of_the_samples_give_the_same_plan():
    by_path = planned(SAMPLES)
    assert by_path.images == 22
    assert by_path.unsized == 0
    assert [(excluded.reason, excluded.images) for excluded in by_path.rejected] == [
        ("damaged", 1),
        ("not-an-image", 1),
    ]
    frame = imgcost.audit(SAMPLES, model="claude-sonnet-4-6")
    tokens = int(frame["tokens"].sum())
    for images in (str(SAMPLES), [SAMPLES], imgcost.scan(SAMPLES), list(imgcost.scan(str(SAMPLES)))):
        job_plan = planned(images)
        assert tokens_and_images(job_plan) == (tokens, 22)
        assert job_plan.unsized == 0
        assert sum(excluded.images for excluded in job_plan.rejected) == 2
    job_plan = planned(frame[frame["problem"].isna()])
    assert (tokens_and_images(job_plan), job_plan.unsized, job_plan.rejected) == ((tokens, 22), 0, ())


def test_missing_files_are_excluded_with_their_paths():
    [excluded] = planned("no/such/folder").rejected
    assert (excluded.reason, excluded.images, excluded.first) == (
        "missing: no such file or folder",
        1,
        "no/such/folder",
    )
    [excluded] = planned(Unreadable("a.tif", "unsupported", "TIFF")).rejected
    assert (excluded.reason, excluded.first) == ("unsupported", "a.tif")


def test_paths_sizes_and_images_can_be_mixed(tmp_path):
    (tmp_path / "a.png").write_bytes(png(28, 28))
    (tmp_path / "sizes.csv").write_text("width,height\n56,28\n")
    files = [
        (28, 84),
        tmp_path / "a.png",
        tmp_path / "sizes.csv",
        Image("b", "image/png", 28, 112, orientation=1, animated=False, file_bytes=9),
    ]
    job_plan = planned(files)
    assert tokens_and_images(job_plan) == (3 + 1 + 2 + 4, 4)
    assert job_plan.unsized == 2


def test_jobs_longer_than_a_block(monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "CHUNK", 4)
    monkeypatch.setattr("imgcost.plans.listings.CHUNK", 4)
    sizes = [(28 * n, 28) for n in range(1, 11)]
    pd.DataFrame(sizes, columns=["width", "height"]).to_csv(tmp_path / "a.csv")
    for images in (sizes, np.array(sizes), pd.DataFrame(sizes, columns=["width", "height"]), tmp_path / "a.csv"):
        assert tokens_and_images(planned(images)) == (55, 10)
    with pytest.raises(SizeError, match=r"^image 9: invalid width 0 px"):
        planned(np.array([*sizes[:9], (0, 1)]))


def test_a_few_sizes_are_listed_individually():
    job_plan = planned([*SIZES, *SIZES, Repeated(28, 28, 10)])
    assert job_plan.models[0].job_images.sizes == {(1920, 1080): 2, (3000, 3000): 2, (28, 28): 12}
    many = [(28, n) for n in range(1, MAX_LISTED_SIZES + 2)]
    assert planned(many).models[0].job_images.sizes is None
    assert planned([Repeated(*size, 1) for size in [*many, (28, 500)]]).models[0].job_images.sizes is None


# Tables


def csv_of(text, path):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_csv_with_more_blank_lines_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr("imgcost.plans.listings.CHUNK", 4)
    assert planned(csv_of("width,height\n" + "\n" * 9 + "28,28\n" * 5, tmp_path / "a.csv")).images == 5


def test_a_csv_with_other_columns_blank_lines_and_a_byte_order_mark(tmp_path):
    text = "\ufeffname, height ,width,file_bytes\n\xe9,1080,1920,100\n\nb,3000,3000,\nc, 28 ,28, 7\n"
    job_plan = planned(csv_of(text, tmp_path / "Sizes.CSV"))
    assert (tokens_and_images(job_plan), job_plan.unsized) == ((TOKENS, 3), 1)


def test_rows_without_a_size_are_excluded_and_counted_once(tmp_path):
    job_plan = planned(csv_of("width,height\n28,28\n,28\n28\n28,28\n", tmp_path / "a.csv"))
    [excluded] = job_plan.rejected
    assert (job_plan.images, excluded.images, excluded.reason) == (2, 2, "width or height is missing")
    assert excluded.first == f"row 3 of {tmp_path / 'a.csv'}"
    assert len(list(job_plan.models[0].each_request())) == 2
    assert job_plan.rejected == (excluded,)
    missing_width = pd.DataFrame({"width": [28.0, np.nan], "height": [28, 28], "file_bytes": [np.nan, 3.0]})
    job_plan = planned(missing_width)
    assert (job_plan.images, job_plan.unsized, job_plan.rejected[0].first) == (1, 1, "row 1 of the frame")
    gone = pd.DataFrame({"width": [28, None, pd.NA, 28], "height": [28, 28, 28, None]}, dtype=object)
    assert (planned(gone).images, planned(gone).rejected[0].images) == (1, 3)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "has no column 'width'. Columns found: none"),
        ("width,hight\n1,2\n", "has no column 'height': rename 'hight'. Columns found: width, hight"),
        (
            "width,height\n1,2.5\n",
            "row 2 of .*a.csv: height is '2.5': expected a whole number from 1 to 2,147,483,648$",
        ),
        ("width,height\n1,=cmd()\n", "height is '=cmd"),
        ("width,height\n1,1\n\n,1\n1,2\n1,x\n1,y\n", "row 6 of .*a.csv: height is 'x': expected a whole number"),
        ("width,height\n1,1\n,1\n1,2\n1,0\n", "row 5 of .*a.csv: height is '0'"),
        ("width,height\n1,0\n", "row 2 of .*a.csv: height is '0'"),
        ("width,height\n1,-5\n", "height is '-5'"),
        ("width,height\n1," + "9" * 30 + "\n", "height is '9{30}': expected"),
        ("width,height\n1,99999999999\n", "height is '99999999999'"),
        ("width,height,file_bytes\n1,1,-2\n", "file_bytes is '-2': expected a whole number from 0"),
        ("width,height\n1," + "9" * 140_000 + "\n", "line 2: field larger than field limit"),
        (b"width,height\n\xff,1\n", "width is .*: expected a whole number"),
    ],
)
def test_an_invalid_csv_is_reported_with_the_line(tmp_path, text, match):
    with pytest.raises(ImgcostError, match=match):
        planned(csv_of(text, tmp_path / "a.csv"))


def test_a_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    table = {"name": ["a", "b", "c", "d"], "width": [1920, 3000, None, 28], "height": [1080, 3000, 28, 28]}
    pq.write_table(pa.table(table | {"file_bytes": pa.array([1, None, 2, 3], pa.int32())}), path)
    job_plan = planned(path)
    assert (tokens_and_images(job_plan), job_plan.unsized) == ((TOKENS, 3), 1)
    assert job_plan.rejected[0].first == f"row 2 of {path}"
    pq.write_table(pa.table({"width": [1]}), path)
    with pytest.raises(ImgcostError, match="has no column 'height'"):
        planned(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(ImgcostError, match=r"cannot read .*a\.parquet as Parquet"):
        planned(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.parquet", r'reading a table needs the extra "parquet": pip install "imgcost\[parquet\]"'),
        ("a.xlsx", r'reading an Excel workbook needs the extra "report": pip install "imgcost\[report\]"'),
    ],
)
def test_a_missing_library_is_an_error_that_names_the_extra(tmp_path, monkeypatch, name, message):
    before = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("pyarrow", "openpyxl")):
            raise ImportError(name)
        return before(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "imgcost.datasets.sources", raising=False)  # it imports pyarrow
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=message):
        planned(tmp_path / name)


def test_a_folder_named_like_a_table_is_scanned(tmp_path):
    folder = tmp_path / "a.csv"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(28, 28))
    assert planned(folder).images == 1


def test_a_missing_table_is_an_error():
    with pytest.raises(OSError, match=r"none\.csv"):
        planned("none.csv")


def written(path, rows):
    """Write a table of widths, heights, file sizes and counts in the format of its suffix."""
    frame = pd.DataFrame(rows, columns=["width", "height", "file_bytes", "count"])
    match path.suffix:
        case ".csv":
            frame.to_csv(path)
        case ".tsv":
            frame.to_csv(path, sep="\t")
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True)
        case ".parquet":
            frame.to_parquet(path)
        case ".xlsx":
            with pd.ExcelWriter(path) as book:
                pd.DataFrame({"about": ["these sizes"]}).to_excel(book, sheet_name="Notes")
                frame.to_excel(book, sheet_name="Sizes", index=False)
                pd.DataFrame({"width": [1], "height": [1]}).to_excel(book, sheet_name="Later")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "xlsx"])
def test_a_table_in_every_format_with_counts(tmp_path, suffix, monkeypatch):
    rows = [(1920, 1080, 100, 2), (28, 28, None, 0), (3000, 3000, 300, 1), (28, 28, None, 1)]
    job_plan = planned(written(tmp_path / f"sizes.{suffix}", rows))
    assert (tokens_and_images(job_plan), job_plan.unsized, job_plan.rejected, job_plan.warnings) == (
        (TOKENS + 1560, 4),
        1,
        (),
        (),
    )
    for block in (1, 3):
        monkeypatch.setattr("imgcost.datasets.readers.CHUNK", block)
        assert planned(tmp_path / f"sizes.{suffix}") == job_plan
    with pytest.raises(SizeError, match=r"row 3 of the frame: count is -1\.?0?: expected a whole number from 0"):
        planned(pd.DataFrame([*rows[:3], (28, 28, 5, -1)], columns=["width", "height", "file_bytes", "count"]))
    written(tmp_path / f"bad.{suffix}", [*rows, (28, 0, 5, 1)])
    row = {"parquet": 4, "jsonl": 5}.get(suffix, 6)
    with pytest.raises(
        SizeError, match=rf"row {row} of .*bad\.{suffix}: height is .?0.?: expected a whole number from 1"
    ):
        planned(tmp_path / f"bad.{suffix}")


def test_counts_are_not_expanded_and_keep_order_and_location(monkeypatch):
    counts = {"width": [28, 9000, 56, 28], "height": 28, "count": [3, 2, 10**12, 300]}
    job_plan = planned(pd.DataFrame(counts), images_per_request="auto")
    assert (job_plan.images, job_plan.fixable) == (10**12 + 305, {Reason("image-edge", "over 8,000 px"): 2})
    monkeypatch.setattr("imgcost.plans.jobs.CHUNK", 4)
    frame = pd.DataFrame({"width": [28, 56, 84], "height": 28, "count": [7, 300, 200]})
    single = [(28, 28)] * 7 + [(56, 28)] * 300 + [(84, 28)] * 200
    several = planned(frame, images_per_request=10)
    assert list(several.models[0].each_request()) == list(
        planned(single, images_per_request=10).models[0].each_request()
    )
    with pytest.raises(SizeError, match=r"row 1 of the frame: count is .*nan"):
        planned(pd.DataFrame({"width": [1, 1], "height": 1, "count": [2, np.nan]}))


NUMBERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.float16, np.float32]
NULLABLE = [
    "Int8",
    "Int64",
    "UInt8",
    "UInt64",
    "Float32",
    "Float64",
    "int8[pyarrow]",
    "uint64[pyarrow]",
    "double[pyarrow]",
]
TEXTS = [object, "string", "string[pyarrow]", "decimal128(38, 2)[pyarrow]"]


def dtype_of(name):
    if name == "decimal128(38, 2)[pyarrow]":
        return pd.ArrowDtype(pa.decimal128(38, 2))
    return name


@pytest.mark.parametrize("dtype", [*NUMBERS, np.float64, np.longdouble, *NULLABLE, *TEXTS], ids=str)
def test_columns_of_every_dtype(dtype, tmp_path):
    frame = pd.DataFrame({"width": [28, 56], "height": [28, 84], "file_bytes": [9, 100], "count": [1, 2]})
    frame = frame.astype(dtype_of(dtype))
    assert tokens_and_images(planned(frame)) == (1 + 2 * 6, 3)
    for column in ("width", "height", "count"):
        wrong = frame.copy()
        wrong[column] = pd.Series([28, -1 if column == "count" else 0]).astype(
            "int64" if column == "count" else dtype_of(dtype)
        )
        with pytest.raises(SizeError, match=rf"row 1 of the frame: {column} is .*: expected a whole number from"):
            planned(wrong)
    missing = frame.iloc[[0]].reindex([0, 1])
    assert planned(missing[["width", "height"]]).rejected[0].first == "row 1 of the frame"
    if dtype in NUMBERS and dtype is not np.float16:
        pq.write_table(pa.Table.from_pandas(frame), tmp_path / "a.parquet")
        assert planned(tmp_path / "a.parquet").images == 3


@pytest.mark.parametrize(
    "value",
    [
        *(np.iinfo(dtype).max for dtype in (np.int64, np.uint64, np.uint32)),
        np.float64("inf"), np.float32(1.5), 10**30, Decimal("1e99999"), Decimal("2.5"), True, "1e999", "many",
        np.timedelta64(5, "s"), np.datetime64("2026-11-26"), 1j, b"5", [5],
    ],
    ids=repr,
)  # fmt: skip
def test_an_invalid_edge_is_rejected_with_its_row(value):
    frame = pd.DataFrame({"width": [28, 28], "height": pd.Series([28, value], dtype=object)})
    for images in (frame, frame.iloc[1:].infer_objects()):
        with pytest.raises(SizeError, match=r"row \d of the frame: height is .*: expected a whole number from 1"):
            planned(images)


def test_columns_match_in_any_case_and_similar_names_are_suggested(tmp_path):
    job_plan = planned(pd.DataFrame({" Width": [28], "HEIGHT": [28], "Count": [5], "Width px": [1], "note": [""]}))
    assert (job_plan.images, job_plan.warnings) == (
        5,
        ("the frame: column 'Width px' is not used; did you mean 'width'?",),
    )
    path = csv_of("width,height,file size,qty,resized_width\n28,28,5,5,5\n", tmp_path / "a.csv")
    assert planned(path).warnings == (
        f"{path}: column 'file size' is not used; did you mean 'file_bytes'?",
        f"{path}: column 'qty' is not used; did you mean 'count'?",
    )
    with pytest.raises(ImgcostError, match=r"no column 'width': rename 'widht'. Columns found: widht, height"):
        planned(csv_of("widht,height\n1,1\n", path))
    with pytest.raises(ImgcostError, match="has two columns 'width': remove or rename one"):
        planned(csv_of("width,Width,height\n1,1,1\n", path))
    with pytest.raises(ImgcostError, match=r"Columns found: c0, .{190,200}\.\.\.$"):
        planned(pd.DataFrame({f"c{n}": [1] for n in range(100)}))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{\n", "line 1: not JSON"),
        ('{"width": 1, "height": 1}\n\n[1]\n', "line 3: expected a JSON object with width and height"),
        ("[" * 100_000, "line 1: not JSON"),
        ('{"width": 1}\n', "has no column 'height'. Columns found: width"),
        ('{"width": 1, "height": 1.5}\n', "row 1 of .*: height is 1.5"),
        ("\n", "Columns found: none"),
    ],
    ids=lambda text: text[:20],
)
def test_json_lines_that_are_not_a_table(tmp_path, text, match):
    path = tmp_path / "a.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImgcostError, match=match):
        planned(path)


def test_a_workbook_that_is_not_a_table_of_sizes(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(ImgcostError, match=r"cannot read .*a\.xlsx as an Excel workbook"):
        planned(path)
    charts = openpyxl.Workbook()
    charts.remove(charts.active)
    charts.create_chartsheet("Chart")
    charts.save(path)
    with pytest.raises(ImgcostError, match=r"cannot read .*a\.xlsx as an Excel workbook"):
        planned(path)
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"About": ["photos"]}).to_excel(book, sheet_name="About", index=False)
        pd.DataFrame({"Width, px": [5]}).to_excel(book, sheet_name="Photos", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty")
    with pytest.raises(ImgcostError, match=r"sheet 'Photos' of .*a\.xlsx has no column 'width': rename 'Width, px'"):
        planned(path)


def test_a_workbook_with_blank_rows_and_formulas(tmp_path):
    book = openpyxl.Workbook()
    for row in ([], [None, "Width", "Height"], [], [None, 28, 28.0], [None, 28, "=4*7"], [], [None, "28", " 28 "]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    job_plan = planned(tmp_path / "a.xlsx")
    assert job_plan.images == 2
    assert job_plan.rejected[0].first == f"row 5 of {tmp_path / 'a.xlsx'}"  # the formula was never computed


@pytest.mark.parametrize("suffix", [".json", ".xls", ".ODS"])
def test_a_table_of_another_format_is_rejected(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"[]")
    with pytest.raises(
        ImgcostError, match=r"as a table: convert it to one of \.csv, \.tsv, \.xlsx, \.jsonl, \.parquet"
    ):
        planned(path)
    path.unlink()
    path.mkdir()
    assert planned(path).images == 0


# Invalid jobs


@pytest.mark.parametrize(
    ("images", "match"),
    [
        (3, "cannot plan images of type int: pass paths"),
        ([(1920, 1080), (1, 2, 3)], r"image 1 is \(1, 2, 3\): expected two"),
        ([1920, 1080], "image 0 is 1920: expected two"),
        ([(True, 5)], r"image 0 is \(True, 5\)"),
        ([(5, True)], r"image 0 is \(5, True\)"),
        ([(1.5, 2)], r"image 0 is \(1.5, 2\)"),
        ([("9" * 99, float("nan"))], "image 0 is .{40}\\.\\.\\.: expected two"),
        ([(1, 1), (0, 1)], "image 1: invalid width 0 px"),
        ([(1, 2**31 + 1)], "image 0: invalid height 2147483649 px"),
        ([(1, 10**30)], "image 0 or a later one has a number that does not fit 64 bits"),
        (np.array([1, 2]), "shape .n, 2. and an integer dtype, not .2,. and int64"),
        (np.array([[1.0, 2.0]]), "not .1, 2. and float64"),
        (np.array([[2**64 - 1, 1]], np.uint64), "image 0: invalid width 2147483649 px"),
        (Repeated(1, 1, -1), "count of Repeated is -1"),
        (Repeated(1, 1, 10**15 + 1), "from 0 to 10..15"),
        (Repeated(1, 1, count=True), "count of Repeated is True"),
        (Repeated(1, 1, 1.0), "count of Repeated is 1.0"),
        (Repeated(0, 1, 1), "image 0 of 0x1: invalid width 0 px"),
        (Repeated(1, 1, 1, -2), "file_bytes is -2"),
        (Repeated(1, 1, 1, 2**60), "file_bytes is 1152921504606846976: expected a number from 0"),
        (pd.DataFrame({"width": [1.5], "height": [1]}), "row 0 of the frame: width is .*1.5"),
        (pd.DataFrame({"width": [1.0, np.nan, 1.5], "height": 1}), "row 2 of the frame: width is .*1.5"),
        (pd.DataFrame({"width": [np.inf], "height": [1]}), "width is .*inf"),
        (pd.DataFrame({"width": [True], "height": [1]}, dtype=object), "width is True"),
        (pd.DataFrame({"width": [10**30], "height": [1]}, dtype=object), "width.* 1000"),
        (pd.DataFrame({"width": [{}], "height": [1]}), "width is {}"),
        (pd.DataFrame({"a": [1]}), "the frame has no column 'width'"),
    ],
    ids=str,
)
def test_invalid_images_are_rejected(images, match):
    with pytest.raises(ImgcostError, match=match):
        planned(images)


@pytest.mark.parametrize(
    "images",
    ["12MP", (4000, 3000), ["4000x3000"], [(4000, 3000)], [Repeated(4000, 3000, 7)]],
    ids=str,
)
def test_a_count_applies_to_each_size(images):
    assert planned(images, count=7).images == 7
    assert planned(images, count=7) == planned(Repeated(4000, 3000, 7))


def test_a_count_applies_neither_to_files_nor_to_their_tables(tmp_path):
    (tmp_path / "a.csv").write_text("width,height\n28,28\n", encoding="utf-8")
    (tmp_path / "a.png").write_bytes(png(28, 28))
    assert planned([tmp_path, tmp_path / "a.csv", "28x28"], count="1k").images == 1002
    for count in (0, "many"):
        with pytest.raises(ArgumentError, match=r"invalid count .*: expected a whole number, 1 or more"):
            planned("4K", count=count)
    with pytest.raises(SizeError, match="image 1 is 5: expected two whole numbers"):
        planned([(1, 2), 5], count=2)


def test_zero_images_of_a_size_are_a_job_without_images():
    assert planned(Repeated(28, 28, 0)).images == 0


# Scenarios


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"models": []}, "invalid models .*: expected at least one"),
        ({"models": [5]}, "invalid models .5.: expected at least one"),
        ({"prompt_tokens": -1}, "invalid prompt_tokens -1: expected a whole number from 0 to 10,000,000"),
        ({"prompt_tokens": True}, "invalid prompt_tokens True"),
        ({"output_tokens": 1.0}, "invalid output_tokens 1.0"),
        ({"turns": 0}, "invalid turns 0: expected a whole number from 1 to 10,000"),
        ({"turns": 10**9}, "invalid turns 1000000000"),
        ({"images_per_request": 0}, "invalid images_per_request 0: .*, or 'auto'"),
        ({"images_per_request": "all"}, "invalid images_per_request 'all'"),
        ({"downscale_to": 0}, "invalid downscale_to 0"),
        ({"retry_rate": -0.1}, "invalid retry_rate -0.1"),
        ({"retry_rate": "1.01"}, "invalid retry_rate '1.01': expected a number from 0 to 1, such as 0.02 or 2%"),
        ({"retry_rate": float("nan")}, "invalid retry_rate nan"),
        ({"retry_rate": "1e999999"}, "invalid retry_rate '1e999999'"),
        ({"retry_rate": "1e-40"}, "invalid retry_rate '1e-40'"),
        ({"retry_rate": "often"}, "invalid retry_rate 'often'"),
        ({"retry_rate": True}, "invalid retry_rate True"),
        ({"cache": "2m"}, "invalid cache '2m': expected one of none, 5m, 1h"),
        ({"platform": "claude-ai"}, "claude-ai is not billed by token: choose a platform with an API"),
        ({"inference_geo": "eu"}, "invalid inference_geo 'eu': expected one of global, us"),
        ({"endpoint": []}, r"invalid endpoint \[\]: expected one of global, regional"),
        ({"batch": "yes"}, "invalid batch 'yes'"),
        ({"as_of": "2026-11-22"}, "invalid as_of '2026-11-22': expected a date"),
    ],
    ids=str,
)
def test_invalid_settings_are_rejected(settings, match):
    with pytest.raises(ImgcostError, match=match):
        plan([(28, 28)], **({"models": "sonnet", "as_of": DAY} | settings))


def test_a_datetime_means_its_date_and_the_default_is_today():
    assert plan([], models="sonnet", as_of=datetime(2026, 11, 22, 23, 59)).scenario.conditions.as_of == DAY  # noqa: DTZ001 - naive
    assert plan([], models="sonnet").scenario.conditions.as_of == imgcost.tables.today()


def test_a_retry_rate_keeps_its_decimal_digits():
    assert planned([], retry_rate=0.1).scenario.retry_rate == Decimal("0.1")
    assert Fraction(planned([], retry_rate="0.02").scenario.retry_rate) == Fraction(1, 50)


def test_sizes_may_be_written_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert planned(["12MP", "640x480"]) == planned([(4000, 3000), (640, 480)])
    assert planned("4K") == planned([(3840, 2160)])
    (tmp_path / "4K").write_bytes(b"")
    assert planned("4K").images == 0
    assert planned("5").rejected[0].reason == "missing: no such file or folder"


def test_numbers_may_be_written_as_text():
    assert (
        planned([], prompt_tokens="8.5k", turns="3", retry_rate="2%").scenario
        == planned([], prompt_tokens=8500, turns=3, retry_rate=0.02).scenario
    )
    assert plan([], models="claude-opus-5, claude-haiku-4-5").scenario.models == (
        "claude-opus-5",
        "claude-haiku-4-5",
    )


def test_the_tokens_of_a_prompt_are_estimated():
    for models, tokens in (("sonnet", 401), ("claude-opus-4-6", 286), (("claude-opus-4-6", "sonnet"), 401)):
        scenario = plan([], models=models, prompt_text="x" * 1001, as_of=DAY).scenario
        assert (scenario.prompt_tokens, scenario.prompt_bytes) == (tokens, 1001)
    assert planned([], prompt_text="").scenario.prompt_tokens == 0
    with pytest.raises(ImgcostError, match="prompt_tokens and prompt_text exclude each other"):
        planned([], prompt_text="x", prompt_tokens=5)
    with pytest.raises(ImgcostError, match="invalid prompt_text 5: expected the text of the prompt"):
        planned([], prompt_text=5)


def test_a_scenario_file(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text('models = ["sonnet"]\nretry_rate = 0.1\nas_of = 2026-11-22\nbudget = 99.5\nturns = 2\n')
    assert read_scenario(path) == {
        "models": ("sonnet",),
        "retry_rate": Decimal("0.1"),
        "as_of": DAY,
        "budget": Decimal("99.5"),
        "turns": 2,
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"promt_tokens = 5\n", "unknown key 'promt_tokens': did you mean prompt_tokens?"),
        (b"'\\u001b[31m' = 5\n", r"unknown key '\\x1b\[31m|unknown key"),
        (b"zzz = 5\n", "valid keys are images, count, model, prompt_tokens, prompt_text, output_tokens"),
        (b"promptcache = '5m'\n", "unknown key 'promptcache': did you mean prompt_cache?"),
        (b"cache = '5m'\nprompt-cache = '1h'\n", "'prompt-cache' sets cache again: use one of the keys"),
        (b"fast = 'yes'\n", "job.toml: invalid fast 'yes': expected true or false"),
        (b"as_of = '1 Nov'\n", "job.toml: invalid as_of '1 Nov': expected a date, such as 2026-11-22"),
        (b"as_of = 2026\n", "job.toml: invalid as_of 2026: expected a date, such as 2026-11-22"),
        (b"turns = \n", "is not valid TOML"),
        (b"\xff\n", "is not text in UTF-8"),
        (b"promptcache = '5m'\n", "did you mean prompt_cache"),
        (b"prompt_cache = '5x'\n", "invalid prompt_cache '5x': expected one of none, 5m, 1h"),
        (b"cache = '5x'\n", "invalid cache '5x'"),
        (b"prompt-tokens = 'many'\n", "invalid prompt-tokens 'many': expected a whole number from 0 to 10,000,000"),
        (b"count = 0\n", "invalid count 0: expected a whole number, 1 or more"),
        (b"budget = 'lots'\n", "invalid budget 'lots': expected US dollars"),
        (b"images = []\n", "invalid images \\[\\]: expected sizes and paths"),
        (b"images = [5]\n", "invalid images \\[5\\]: expected sizes and paths"),
        (b"prompt_text = 5\n", "invalid prompt_text 5: expected the name of a text file"),
        (b"prompt_text = 'job.toml'\nprompt_tokens = 5\n", "prompt_tokens and prompt_text exclude each other"),
        (b"turns = " + b"9" * 5000 + b"\n", "is not valid TOML"),
    ],
)
def test_an_invalid_scenario_file_is_rejected(tmp_path, text, match):
    path = tmp_path / "job.toml"
    path.write_bytes(text)
    with pytest.raises(ImgcostError, match=match):
        read_scenario(path)


def test_the_keys_of_a_scenario_file_are_options_or_arguments(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text('model = "opus"\nprompt-cache = "5m"\nfast = true\nas_of = "2026-11-22"\nprompt-tokens = 9\n')
    settings = {"models": ("opus",), "cache": "5m", "speed": "fast", "as_of": DAY, "prompt_tokens": 9}
    assert read_scenario(path) == settings
    path.write_text("fast = false\n")
    assert read_scenario(path) == {"speed": None}


@pytest.mark.parametrize(("size", "is_read"), [(10, True), (11, False)])
def test_a_text_that_is_too_large_is_not_read(tmp_path, monkeypatch, size, is_read):
    monkeypatch.setattr(scenario_files, "MAX_TEXT", 10)
    (tmp_path / "a.txt").write_text("x" * size)
    if is_read:
        assert scenario_files.read_text(tmp_path / "a.txt") == "x" * size
    else:
        with pytest.raises(ImgcostError, match=r"a\.txt is larger than"):
            scenario_files.read_text(tmp_path / "a.txt")


NO_KEYS = ("conditions", "endpoint_assumed", "prompt_bytes")


@pytest.mark.parametrize("key", NO_KEYS)
def test_derived_fields_of_a_scenario_are_not_keys_of_the_file(tmp_path, key):
    (tmp_path / "job.toml").write_text(f"{key} = 5\n")
    with pytest.raises(ImgcostError, match=f"unknown key '{key}'"):
        read_scenario(tmp_path / "job.toml")


@pytest.mark.parametrize(
    "value", ["5", "1.5", "true", "[]", "[5]", "{a = 1}", "''", "2026-11-22", "10:00:00", "nan", "0x" + "f" * 5000]
)
@pytest.mark.parametrize("key", [name for name in (*Scenario._fields, *Conditions._fields) if name not in NO_KEYS])
def test_a_value_of_the_wrong_type_is_an_error_of_the_scenario(tmp_path, key, value):
    """Regression: `models = 5` was a traceback."""
    path = tmp_path / "job.toml"
    path.write_text(f"{key} = {value}\n")
    try:
        settings = {"models": "claude-opus-5", "as_of": DAY} | read_scenario(path)
        assert plan([(28, 28)], **settings).models
    except ImgcostError as error:
        assert key in str(error) or key == "models"  # noqa: PT017 - some values are valid for some keys
        assert len(str(error)) < 270  # noqa: PT017 - as above


@pytest.mark.parametrize("value", ["", 0, False])
def test_an_invalid_date_does_not_mean_today(value):
    with pytest.raises(ImgcostError, match="invalid as_of"):
        plan([(28, 28)], models="claude-opus-5", as_of=value)


@pytest.mark.parametrize("models", [5, None, {"claude-opus-5": 1}, b"claude-opus-5", [5]])
def test_models_that_are_not_names_are_an_error(models):
    with pytest.raises(ImgcostError, match=r"invalid models .*: expected at least one model"):
        plan([(28, 28)], models=models)


# Tables written by a scan


def test_a_workbook_of_imgcost_gives_the_same_plan(tmp_path):
    """Regression: imgcost refused to read the sheet Images of its own workbook."""
    path = tmp_path / "budget.xlsx"
    options = ["-m", "claude-sonnet-4-6", "--as-of", "2026-11-22", "-o", str(path)]
    for command, images in (
        (["plan", "12MP", "640x480", "--count", "200k"], [Repeated(4000, 3000, 200_000), Repeated(640, 480, 200_000)]),
        (["scan", str(SAMPLES)], SAMPLES),
    ):
        assert CliRunner().invoke(main, [*command, *options]).exit_code == 0
        again, first = planned(path), planned(images)
        assert (again.images, again.warnings) == (first.images, ())
        assert again.models[0].total_usd == first.models[0].total_usd


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_rows_of_a_scan_give_the_same_plan_as_its_folder(tmp_path, suffix):
    rows = tmp_path / f"rows.{suffix}"
    models = ["-m", "claude-opus-5", "-m", "claude-haiku-4-5"]
    ended = CliRunner().invoke(main, ["scan", str(SAMPLES), *models, "-o", str(rows), "--as-of", "2026-11-22"])
    assert ended.exit_code == 0
    settings = {"models": "claude-opus-5", "prompt_tokens": 100, "as_of": date(2026, 11, 22)}
    from_rows, from_folder = plan(rows, **settings), plan(SAMPLES, **settings)
    assert from_rows.images == from_folder.images == 22
    assert from_rows.models[0].total_usd == from_folder.models[0].total_usd
    assert (
        sum(excluded.images for excluded in from_rows.rejected)
        == sum(excluded.images for excluded in from_folder.rejected)
        == 2
    )
    read = {"csv": pd.read_csv, "jsonl": partial(pd.read_json, lines=True), "parquet": pd.read_parquet}
    frame = read[suffix](rows)
    assert plan(frame, **settings).models[0].total_usd == from_folder.models[0].total_usd


def test_duplicates_excluded_by_a_scan_stay_excluded(tmp_path):
    (tmp_path / "rows.csv").write_text("width,height,duplicate_of\n100,100,\n100,100,a.png\n")
    assert plan(tmp_path / "rows.csv", models="claude-opus-5").images == 1


def test_rows_of_several_models_must_have_the_same_images():
    scan = {"width": 28, "height": 28, "model": ["claude-opus-5", "claude-haiku-4-5"] * 2}
    assert planned(pd.DataFrame(scan)).images == 2
    two_scans = pd.DataFrame(
        {"width": 28, "height": 28, "model": ["claude-opus-5", "claude-opus-5", "claude-haiku-4-5"]}
    )
    with pytest.raises(ImgcostError, match="not the same images for each: 2 of claude-opus-5, 1 of claude-haiku-4-5"):
        planned(two_scans)


def test_an_unrelated_column_named_model_excludes_no_image():
    assert planned(pd.DataFrame({"width": 28, "height": 28, "model": ["NIKON D750", "iPhone 15", None]})).images == 3


def test_images_over_a_limit_are_counted_by_limit_across_blocks():
    sizes = {"width": [9000, 100], "height": [100, 100], "file_bytes": [1000, 30_000_000], "count": [1000, 2000]}
    job_plan = planned(pd.DataFrame(sizes))
    assert {reason.rule: images for reason, images in job_plan.fixable.items()} == {
        "image-edge": 1000,
        "image-bytes": 2000,
    }
