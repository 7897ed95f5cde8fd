"""The workbook: recalculated by LibreOffice, opened by pandas, and compared with numbers computed here from the rules.

LibreOffice is asked to recalculate everything, and is given copies whose formulas have wrong values, so that what it
says is its own. Where it is not installed these tests are skipped: `apt-get install libreoffice-calc-nogui` brings it.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import DATA, SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost import geometry
from imgcost.cli import main
from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.files import Image, Unreadable
from imgcost.reports import encode, open_rows, row_kind
from imgcost.reports.workbook import Inputs, WorkbookWriter, rule
from imgcost.tables import find_model, find_tier, kind_of_prompt, multiplier_on, price_on

DAY = date(2026, 11, 22)
STANDARD, HIGH = find_tier("standard"), find_tier("high-resolution")
HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""

SIZES = [(1, 1), (1000, 1000), (2000, 1500), (8000, 8000), (1, 8000), (1792, 1000), (3584, 2000), (300, 300)]


def images(count, seed=1):
    chosen = random.Random(seed)
    return [
        Image(
            f"f{n % 3}/{n}.png",
            "image/png",
            *chosen.choice(SIZES),
            orientation=1,
            animated=False,
            file_bytes=chosen.randrange(10**6),
        )
        for n in range(count)
    ]


def written(path, found, inputs=None, *, model=SONNET, day=DAY, more=(), **options):
    """A workbook of images, which come folder by folder."""
    with path.open("wb") as file:
        writer = WorkbookWriter(file, [quoted(model, as_of=day), *more], inputs=inputs, **options)
        for folder in sorted({one.path.split("/")[0] for one in found}):
            writer.write([(folder, [one for one in found if one.path.split("/")[0] == folder])])
        writer.close()
    return path


def spoiled(path, target):
    """A copy in which every formula has a wrong value."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            if name.startswith("xl/worksheets/"):
                text = re.sub(rb"</f><v>[^<]*</v>", b"</f><v>-7</v>", text)
                text = re.sub(rb' t="str"><f>', b"><f>", text)
            new.writestr(name, text)
    return target


def recalculated(folder, paths):
    """What LibreOffice makes of workbooks whose values are all wrong."""
    if not SOFFICE:
        pytest.skip("LibreOffice is not installed")
    profile, wrong, right = folder / "profile", folder / "wrong", folder / "right"
    for made in (profile / "user", wrong):
        made.mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS)
    copies = [spoiled(path, wrong / path.name) for path in paths]
    assert openpyxl.load_workbook(copies[0], data_only=True)["Budget"]["B3"].value == -7
    command = [SOFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", right, *copies], check=True, capture_output=True, timeout=600)
    return [right / path.name for path in paths]


def formulas(path):
    """Every formula's sheet and cell."""
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate


def agree(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == pytest.approx(other, rel=1e-12, abs=0)
    return (one or "") == (other or "")


def disagreements(path, again):
    """Formulas that come to something else when they are recalculated, of how many."""
    mine, theirs = (openpyxl.load_workbook(book, data_only=True) for book in (path, again))
    cells = list(formulas(path))
    values = [(sheet, cell, mine[sheet][cell].value, theirs[sheet][cell].value) for sheet, cell in cells]
    return [row for row in values if not agree(*row[2:])], len(cells)


def budget_of(path):
    """The table of all models on the Budget: model to its row."""
    sheet = openpyxl.load_workbook(path, data_only=True)["Budget"]
    rows = list(sheet.iter_rows(min_col=2, max_col=12, values_only=True))
    start = next(place for place, row in enumerate(rows) if row[:2] == ("Model", "Resolution tier"))
    return {row[0]: dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :] if row[0]}


WRAPPING = 3
FRAMING = {"claude-haiku-4-5-20251001": 7, "claude-opus-4-6": 7, "claude-opus-4-7": 11, "claude-opus-4-8": 5}
MINIMUM = {HAIKU: 512, SONNET: 512, "claude-haiku-4-5-20251001": 4096}
MINIMUM |= {"claude-opus-4-6": 4096, "claude-opus-4-7": 2048, "claude-opus-4-8": 1024}


def expected(model_id, found, inputs):
    """The job's dollars request by request, from what a plan means; no word of the workbook's code is used."""
    model = find_model(model_id)
    order = sorted(found, key=lambda one: one.path.split("/")[0])
    size, total, over = inputs.images_per_request, Decimal(0), 0
    requests = [order[start : start + size] for start in range(0, len(order), size)]
    prompt = inputs.prompt_tokens
    cached = inputs.caching != "none" and len(requests) > 1 and prompt >= MINIMUM[model_id]
    factor = multiplier_on("batch", model, DAY) if inputs.batch else Decimal(1)
    if inputs.inference_geo == "us":
        factor *= multiplier_on("inference-geo-us", model, DAY)
    for number, request in enumerate(requests):
        visual = sum(geometry.image_tokens(one.width, one.height, model.tier) for one in request)
        plain = visual + WRAPPING * len(request) + FRAMING.get(model_id, 0)
        kind = kind_of_prompt(model, DAY, plain + prompt)
        rates = price_on(model, DAY, kind).rates
        over += kind == "long-context"
        write = rates.cache_write_5m if inputs.caching == "5m" else rates.cache_write_1h
        standing = rates.input if not cached else write if number == 0 else rates.cache_read
        total += plain * rates.input + prompt * standing + inputs.output_tokens * rates.output
    return total * factor / 10**6, len(requests), over


SETTINGS = [
    Inputs(model, batch, "5m" if cached else "none", prompt, output, size)
    for batch in (False, True)
    for cached in (False, True)
    for model, prompt, output, size in (
        (HAIKU, 600, 50, 25),
        (SONNET, 5000, 300, 7),
        ("claude-haiku-4-5-20251001", 4095, 0, 1),
        ("claude-opus-4-6", 4096, 10, 40),
        ("claude-opus-4-8", 99_000, 7, 3),
    )
]
SETTINGS += [
    Inputs(
        HAIKU,
        batch=True,
        caching="1h",
        prompt_tokens=99_000,
        output_tokens=7,
        images_per_request=60,
        inference_geo="us",
    ),
    Inputs(HAIKU, caching="5m", prompt_tokens=120_000, output_tokens=7, images_per_request=4),
    Inputs(HAIKU, caching="5m", prompt_tokens=95_000, output_tokens=7, images_per_request=500),
    Inputs(SONNET),
]
FOUND = images(157)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Workbooks of many settings, and what LibreOffice makes of them."""
    folder = tmp_path_factory.mktemp("books")
    books = {f"s{n}": written(folder / f"s{n}.xlsx", FOUND, one, model=one.model) for n, one in enumerate(SETTINGS)}
    few = SETTINGS[0]
    books["grouped"] = written(folder / "grouped.xlsx", FOUND, few, most_rows=25)
    books["by size"] = written(folder / "by size.xlsx", FOUND, few._replace(images_per_request=4), most_rows=9)
    books["empty"] = written(folder / "empty.xlsx", [], few)
    old, area = quoted("claude-3-opus", as_of=date(2024, 4, 1)), quoted(SONNET, as_of=DAY, formula="area")
    one = Inputs(old.model.id, prompt_tokens=9)
    books["2024"] = written(folder / "2024.xlsx", FOUND, one, model=old.model.id, day=old.as_of)
    one = Inputs("claude-sonnet-4-20250514", caching="1h", prompt_tokens=150_000, images_per_request=60)
    books["2025"] = written(folder / "2025.xlsx", FOUND, one, model="claude-sonnet-4", day=date(2025, 10, 1))
    books["area"] = written(folder / "area.xlsx", FOUND, Inputs(SONNET), model="claude-3-opus", more=[area])
    books["calculator"] = written(folder / "calculator.xlsx", images(1), sizes=calculator_sizes())
    again = recalculated(folder, list(books.values()))
    return dict(zip(books, zip(books.values(), again, strict=True), strict=True))


def calculator_sizes():
    """Extremes, ties that a float's last bit decides, both sides of every break point, and any."""
    sizes = [*SIZES, (8000, 1), (100_000, 1), (100_000, 99_999), (1092, 1092), (1093, 1093), (2576, 1456)]
    for tier in (STANDARD, HIGH):
        sizes += [(tie.long * 2, tie.short * 2) for tie in rule.ties(tier)]
        sizes += [(step.denominator, step.numerator + by) for step in rule.steps(tier) for by in (-1, 0, 1)]
    chosen = random.Random(2)
    sizes += [(chosen.randint(1, 8000), chosen.randint(1, 8000)) for _ in range(200)]
    return [size for size in sizes if min(size) > 0]


# What LibreOffice says


def test_recalculation_changes_no_value(library):
    for name, (mine, theirs) in library.items():
        wrong, count = disagreements(mine, theirs)
        assert not wrong[:5], name
        assert count > 500


@pytest.mark.parametrize("number", range(len(SETTINGS)))
def test_the_budget_is_what_a_plan_means(number, library):
    inputs = SETTINGS[number]
    rows = budget_of(library[f"s{number}"][1])
    for model_id in MINIMUM:
        if inputs.inference_geo == "us" and model_id == "claude-haiku-4-5-20251001":
            assert rows[model_id]["Total, US$"] == rows[model_id]["An image, US$"] == "not offered"
            continue
        usd, requests, over = expected(model_id, FOUND, inputs)
        assert rows[model_id]["Total, US$"] == pytest.approx(float(usd), rel=1e-12), model_id
        assert rows[model_id]["An image, US$"] == pytest.approx(float(usd / 157), rel=1e-12)
        assert rows[model_id]["Requests at the long-context price"] == over
        assert rows[model_id]["Output tokens"] == inputs.output_tokens * requests


def test_settings_cross_the_threshold_partly_wholly_and_not_at_all():
    crossed = [expected(HAIKU, FOUND, one)[1:] for one in SETTINGS]
    assert any(over == 0 for _, over in crossed)
    assert any(0 < over < requests for requests, over in crossed)
    assert any(over == requests for requests, over in crossed)


def test_grouped_images_are_packed_in_the_order_of_the_sheet(library):
    for name, size in (("grouped", 25), ("by size", 4)):
        book = library[name][1]
        frame = pd.read_excel(book, sheet_name="Images")
        assert frame["Images"].sum() == 157
        assert len(frame) < 25
        order = [
            Image(
                "f/x",
                "image/png",
                int(row["Width, px"]),
                int(row["Height, px"]),
                orientation=1,
                animated=False,
                file_bytes=0,
            )
            for _, row in frame.iterrows()
            for _ in range(row["Images"])
        ]
        inputs = SETTINGS[0]._replace(images_per_request=size)
        usd, _, over = expected(HAIKU, order, inputs)
        assert budget_of(book)[HAIKU]["Total, US$"] == pytest.approx(float(usd), rel=1e-12)
        assert budget_of(book)[HAIKU]["Requests at the long-context price"] == over
        notes = pd.read_excel(book, sheet_name="Notes", header=None)[1].astype(str)
        assert notes.str.contains("157 images are more than a sheet has rows").any()


def test_the_calculator_counts_as_the_library(library):
    sizes = calculator_sizes()
    assert len(sizes) > 700
    for book in library["calculator"]:
        rows = openpyxl.load_workbook(book, data_only=True)["Calculator"].iter_rows(min_row=8, values_only=True)
        for size, row in zip(sizes, rows, strict=False):
            assert row[1:3] == size
            for tier, start in ((STANDARD, 3), (HIGH, 8)):
                assert row[start : start + 2] == geometry.resized_size(*size, tier), size
                assert row[start + 2] == geometry.image_tokens(*size, tier), size
            assert row[11] == pytest.approx(2 * row[10] / 10**6, rel=1e-12)


def test_pandas_libreoffice_and_the_report_agree_on_the_samples(tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    arguments = ["scan", "data/samples", "-m", "sonnet", "--as-of", str(DAY), "-f", "json", "-o"]
    report = CliRunner().invoke(main, [*arguments, "costs.csv"]).stdout
    assert CliRunner().invoke(main, [*arguments, "costs.xlsx"]).stdout == report
    said = pd.read_json(io.StringIO(report), typ="series")["models"][0]
    rows = pd.read_csv(tmp_path / "costs.csv", dtype={"input_usd": str})
    usd = sum(map(Decimal, rows["input_usd"].dropna()))
    assert (rows["tokens"].sum(), usd) == (said["tokens"], Decimal(said["input_usd"]))
    for book in (tmp_path / "costs.xlsx", *recalculated(tmp_path, [tmp_path / "costs.xlsx"])):
        frame = pd.read_excel(book, sheet_name="Images")
        assert frame["Visual tokens, high-resolution"].sum() == said["tokens"]
        assert frame["Input, US$ (the Budget's model)"].sum() == pytest.approx(float(usd), rel=1e-12)
        assert budget_of(book)[SONNET]["Visual tokens"] == said["tokens"]
        assert len(pd.read_excel(book, sheet_name="Not counted")) == rows["problem"].count()
        assert pd.read_excel(book, sheet_name="Charts")["Input, US$"].sum() == pytest.approx(float(usd), rel=1e-12)


# The rule in fractions


@given(st.sampled_from([STANDARD, HIGH]), st.integers(1, 8000), st.integers(1, 8000), st.integers(1, 12))
def test_a_ratio_that_is_no_listed_tie_is_downscaled_alike_in_fractions(tier, long, short, times):
    """Outside the list, fractions and floats downscale every oversize image to the same size."""
    long, short = max(long, short) * times, min(long, short) * times
    tied = {Fraction(tie.long, tie.short) for tie in rule.ties(tier)}
    if not geometry.fits(long, short, tier) and Fraction(long, short) not in tied:
        assert rule._by_fractions(long, short, tier) == geometry.resized_size(long, short, tier)


@pytest.mark.parametrize(("tier", "count"), [(STANDARD, 91), (HIGH, 176)])
def test_the_listed_ties_are_those_that_floats_decide_otherwise(tier, count):
    found = rule.ties(tier)
    assert len(found) == count
    for tie in found:
        seen = geometry.resized_size(tie.long * 7000, tie.short * 7000, tier)
        assert (tie.long_edge, tie.short_edge) == seen != rule._by_fractions(tie.long, tie.short, tier)


def test_the_steps_are_those_of_the_geometry():
    for tier in (STANDARD, HIGH):
        for step, known in zip(rule.steps(tier), geometry.grid_steps(tier), strict=True):
            assert step.numerator / step.denominator == pytest.approx(known.ratio, rel=1e-15)
            assert (step.long_edge, step.short_patches) == (28 * known.long_patches, known.short_patches)


# What gets in


HOSTILE = [
    "=1+1.png",
    "+1.png",
    "-1.png",
    "@SUM(A1).png",
    "http://example.com/a.png",
    "mailto:a@b.c",
    "123",
    "{=1}",
    "\x00\x1b[2J.png",
    "new\nline.png",
    os.fsdecode(b"caf\xe9.png"),
    "_x0041_.png",
    "\ufffe\U0001f600.png",
    "a" * 40_000,
    "\U0001f600" * 40_000,
    "",
]
SHOWN = {
    "\x00\x1b[2J.png": r"\x00\x1b[2J.png",
    "new\nline.png": r"new\nline.png",
    os.fsdecode(b"caf\xe9.png"): r"caf\xe9.png",
    "\ufffe\U0001f600.png": "\\ufffe\U0001f600.png",
    "a" * 40_000: "a" * 32_766 + "…",
    "\U0001f600" * 40_000: "\U0001f600" * 16_383 + "…",
    "_x0041_.png": "_x005F_x0041_.png",  # the format's own escape of it: Excel shows the name, openpyxl the escape
}


def test_hostile_names_are_plain_text(tmp_path):
    path = tmp_path / "hostile.xlsx"
    found = [Image(name, "image/png", 10, 10, orientation=1, animated=False, file_bytes=9) for name in HOSTILE]
    bad = [Unreadable(name, "damaged", f"{name} is damaged") for name in HOSTILE]
    with path.open("wb") as file:
        writer = WorkbookWriter(file, [quoted(SONNET, as_of=DAY)])
        writer.write([(name, [one, other]) for name, one, other in zip(HOSTILE, found, bad, strict=True)])
        writer.close()
    book = openpyxl.load_workbook(path)
    for sheet in ("Images", "Not counted"):
        cells = [row[0] for row in book[sheet].iter_rows(min_row=2)]
        assert [cell.value for cell in cells] == [SHOWN.get(name, name) for name in HOSTILE]
        assert not any(cell.hyperlink or cell.data_type == "f" for cell in cells)
    assert all(cell.quotePrefix for cell in [row[0] for row in book["Images"].iter_rows(min_row=2, max_row=5)])


def test_what_no_request_may_carry_is_set_aside(tmp_path):
    fine = Image(
        "a", "image/png", 8000, 1, orientation=1, animated=False, file_bytes=7_864_320
    )  # 10 MB in base64, to the byte
    found = [
        fine,
        fine._replace(path="b", width=8001),
        fine._replace(path="c", file_bytes=7_864_321),
        fine._replace(path="d", duplicate_of="a"),
        Unreadable("e", "empty", "the file is empty"),
    ]
    path = written(tmp_path / "a.xlsx", found, most_rows=3)
    assert pd.read_excel(path, sheet_name="Images")["Path"].tolist() == ["a"]
    aside = pd.read_excel(path, sheet_name="Not counted")
    assert aside["Path"].tolist() == ["b", "and 3 more"]
    aside = pd.read_excel(written(path, found), sheet_name="Not counted")
    assert aside["Problem"].tolist() == ["rejected", "rejected", "duplicate", "empty"]
    assert aside["Reason"].tolist()[1:3] == [
        "10,485,764 bytes as sent: the API takes at most 10,485,760",
        "the same bytes as a",
    ]
    notes = pd.read_excel(path, sheet_name="Notes", header=None)[1].astype(str)
    assert notes.str.contains("Excluded: 2 images that the API would reject").any()


def test_before_an_edge_was_stated_every_edge_is_taken(tmp_path):
    day = date(2024, 3, 4)
    path = written(
        tmp_path / "a.xlsx",
        [Image("a", "image/png", 9000, 1, orientation=1, animated=False, file_bytes=9)],
        model="claude-3-opus",
        day=day,
    )
    assert len(pd.read_excel(path, sheet_name="Images")) == 1
    calculator = openpyxl.load_workbook(path, data_only=True)["Calculator"]
    assert calculator["D8"].value == 1456
    assert "high-resolution" not in str(list(calculator.values))


@pytest.mark.parametrize(
    ("inputs", "found", "said"),
    [
        (Inputs(SONNET), FOUND, "Requests like these are within"),
        (Inputs(SONNET, images_per_request=601), images(601), "carry no more images"),
        (Inputs(SONNET, images_per_request=21), images(157), "no edge may exceed 2000 px"),
        (
            Inputs(SONNET, prompt_tokens=999_000),
            [Image("a", "image/png", 999, 999, orientation=1, animated=False, file_bytes=9)],
            "context window",
        ),
    ],
)
def test_the_budget_says_what_the_api_would_not_take(tmp_path, inputs, found, said):
    path = written(tmp_path / "a.xlsx", found, inputs)
    assert said in openpyxl.load_workbook(path, data_only=True)["Budget"]["B3"].value


def test_conditions_of_the_scan_become_inputs(tmp_path):
    asked = quoted(SONNET, as_of=DAY, batch=True, inference_geo="us", cache="read")
    with (tmp_path / "a.xlsx").open("wb") as file:
        WorkbookWriter(file, [asked]).close()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [book["Budget"].cell(row, 3).value for row in range(6, 13)] == [SONNET, "yes", "none", 0, 0, 1, "us"]
    assert "cached" in str(list(book["Notes"].values))


def test_cells_for_input_take_what_the_api_knows(tmp_path):
    path = written(tmp_path / "a.xlsx", FOUND)
    book = openpyxl.load_workbook(path)
    rules = {str(one.sqref): one for one in book["Budget"].data_validations.dataValidation}
    assert rules["C6"].formula1 == "'Models'!$A$2:$A$19"
    assert [rules[cell].formula1 for cell in ("C7", "C8", "C12")] == ['"no,yes"', '"none,5m,1h"', '"global,us"']
    assert [rules[cell].formula1 for cell in ("C9", "C10", "C11")] == ["0", "0", "1"]
    assert book["Images"].freeze_panes == "B2"
    assert book["Images"].auto_filter.ref.startswith("A1:")
    assert len(book["Budget"]._charts) == 2


def test_many_folders_are_summed_up(tmp_path):
    found = [
        Image(f"f{n}/a.png", "image/png", 100 + n, 100, orientation=1, animated=False, file_bytes=9) for n in range(20)
    ]
    frame = pd.read_excel(written(tmp_path / "a.xlsx", found), sheet_name="Charts")
    assert frame["Folder"].dropna().tolist()[-1] == "8 other folders"
    assert frame["Images"].sum() == 20


def test_more_sizes_than_rows_are_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(ImgcostError, match=r"images of 8 sizes do not fit a sheet of 4 rows: write \.csv or \.parquet"):
        written(tmp_path / "a.xlsx", FOUND, most_rows=5)


# As rows of a scan


def test_rows_reach_the_workbook_as_they_are(tmp_path):
    assert row_kind("a.XLSX") == "xlsx"
    settled = [quoted(SONNET, as_of=DAY)]
    groups = [("f0", images(2))]
    assert encode(iter(groups), settled, "xlsx") == groups
    path = tmp_path / "a.xlsx"
    with open_rows(str(path), "xlsx", settled) as writer:
        writer.write(encode(groups, settled, "xlsx"))
    assert len(pd.read_excel(path, sheet_name="Images")) == 2
    stream = io.BytesIO()
    with open_rows(stream, "xlsx", settled):
        pass
    assert len(pd.read_excel(io.BytesIO(stream.getvalue()), sheet_name="Images")) == 0


def test_a_workbook_that_cannot_be_written_is_an_error_at_once(tmp_path):
    with (
        pytest.raises(FileNotFoundError),
        open_rows(str(tmp_path / "no" / "a.xlsx"), "xlsx", [quoted(SONNET, as_of=DAY)]),
    ):
        pass


def test_without_the_extra_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("imgcost.reports.workbook", "xlsxwriter"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    settled = [quoted(SONNET, as_of=DAY)]
    with (
        pytest.raises(MissingExtraError, match=r"pip install 'imgcost\[report\]'"),
        open_rows("a.xlsx", "xlsx", settled),
    ):
        pass
    result = CliRunner().invoke(main, ["scan", str(SAMPLES / "web"), "-o", str(tmp_path / "a.xlsx")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "imgcost[report]" in result.stderr
