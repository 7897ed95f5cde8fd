"""The workbook of a scan: recalculated by LibreOffice, read by pandas, and compared with plans of the same images.

If LibreOffice is not installed, these tests are skipped; `apt-get install libreoffice-calc-nogui` installs it.
"""

from __future__ import annotations

import gc
import io
import os
import random
import re
import shutil
import sys
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import DATA, SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from workbooks import (
    DAY,
    HAIKU,
    SONNET,
    budget_of,
    cell_of,
    changed,
    disagreements,
    figures_of,
    groups_of,
    recalculated,
    values_of,
    written,
)

from imgcost import geometry
from imgcost.cli import main
from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.figures import dollars, unit_dollars
from imgcost.files import Image, Unreadable
from imgcost.plans import plan
from imgcost.quoting import quotes
from imgcost.reports.workbook import downscaling, workbook_sink, write_plain_workbook
from imgcost.reports.writers import open_scan
from imgcost.summaries import ScanSummary
from imgcost.tables import find_tier
from imgcost.tabular import Column, Schema
from imgcost.text import Report

STANDARD, HIGH = find_tier("standard"), find_tier("high-resolution")
SIZES = [(1, 1), (1000, 1000), (2000, 1500), (8000, 8000), (1, 8000), (1792, 1000), (3584, 2000), (300, 300)]


def image(path, width, height, file_bytes=9, media_type="image/png"):
    return Image(path, media_type, width, height, orientation=1, animated=False, file_bytes=file_bytes)


def images(count, seed=1):
    chosen = random.Random(seed)
    return [image(f"f{n % 3}/{n}.png", *chosen.choice(SIZES), chosen.randrange(10**6)) for n in range(count)]


FOUND = images(157)
IN_ORDER = [file for _, group in groups_of(FOUND) for file in group]

SETTINGS = [
    {"model": model, "batch": batch, "cache": cache, "prompt_tokens": prompt, "output_tokens": output,
     "images_per_request": size}
    for batch, cache in ((False, "none"), (True, "5m"), (False, "1h"))
    for model, prompt, output, size in (
        (HAIKU, 600, 50, 7),
        (SONNET, 5000, 300, 7),
        ("claude-haiku-4-5-20251001", 4095, 0, 1),
        ("claude-opus-4-6", 4096, 10, 20),
        ("claude-opus-4-8", 99_000, 7, 3),
        (HAIKU, 98_000, 7, 1),
        (HAIKU, 99_988, 7, 1),
        (HAIKU, 120_000, 7, 4),
    )
]  # fmt: skip
SETTINGS += [
    {"model": HAIKU, "batch": True, "cache": "1h", "prompt_tokens": 97_000, "inference_geo": "us"},
    {"model": SONNET},
]


def planned(settings, model, files=IN_ORDER, **more):
    sizes = [(file.width, file.height) for file in files]
    options = settings | more | {"models": model}
    options.pop("model", None)
    return plan(sizes, **{"as_of": DAY} | options).for_model(model)


@pytest.fixture(scope="module")
def library(libreoffice, tmp_path_factory):
    """Workbooks of many scans and settings, each with its recalculated copy."""
    folder = tmp_path_factory.mktemp("books")
    groups = groups_of(FOUND)
    books = {"first": written(folder / "first.xlsx", groups)}
    books["options"] = written(folder / "options.xlsx", groups, HAIKU, batch=True, inference_geo="us", cache="1h")
    books["regional"] = written(folder / "regional.xlsx", groups, platform="bedrock", endpoint="regional")
    books["fast"] = written(folder / "fast.xlsx", groups, "claude-opus-4-6", day=date(2026, 3, 1), speed="fast")
    books["grouped"] = written(folder / "grouped.xlsx", groups, max_rows=25)
    books["by size"] = written(folder / "by size.xlsx", groups, max_rows=9)
    books["empty"] = written(folder / "empty.xlsx", [])
    books["2024"] = written(folder / "2024.xlsx", groups, "claude-3-opus", day=date(2024, 4, 1))
    old = {"day": date(2024, 4, 1), "platform": "bedrock", "endpoint": "global"}  # without published limits
    books["no limits"] = written(folder / "no limits.xlsx", groups, "claude-3-opus", **old)
    books["2025"] = written(folder / "2025.xlsx", groups, "claude-sonnet-4", day=date(2025, 10, 1))
    books["area"] = written(folder / "area.xlsx", groups, formula="area")
    books["fixable"] = written(folder / "fixable.xlsx", FIXABLE)
    books["calculator"] = written(folder / "calculator.xlsx", groups_of(images(1)), sizes=calculator_sizes())
    for number, settings in enumerate(SETTINGS):
        books[f"s{number}"] = changed(books["first"], folder / f"s{number}.xlsx", settings)
    books["packing"] = changed(books["first"], folder / "packing.xlsx", PACKING)
    for number, (count, settings, _) in enumerate(VERDICTS):
        book = written(folder / f"{number}.xlsx", groups_of(images(count)))
        books[f"verdict {number}"] = changed(book, folder / f"verdict {number}.xlsx", settings)
    books["regional job"] = changed(books["regional"], folder / "regional job.xlsx", REGIONAL)
    again = recalculated(libreoffice, folder, list(books.values()))
    return dict(zip(books, zip(books.values(), again, strict=True), strict=True))


VERDICTS = [
    (1, {}, "Requests are within the limits"),
    (601, {"images_per_request": 601}, "Not possible: a request to this model may have at most 600 images"),
    (157, {"images_per_request": 20}, "Requests are within the limits"),
    (157, {"images_per_request": 21}, "Some requests may exceed a limit"),
    (30, {"images_per_request": 30}, "no edge may exceed 2,000 px"),
    (1, {"prompt_tokens": 999_990}, "a prompt and its answer exceed the context window"),
    (3, {"prompt_tokens": 990_000, "images_per_request": 3}, "a prompt and its answer exceed the context window"),
    (4, {"prompt_tokens": 990_000, "images_per_request": 3}, "Some requests may exceed a limit"),
    (1, {"model": "claude-opus-4-5-20251101", "inference_geo": "us"}, "Not offered with these settings"),
]
PACKING = {"model": HAIKU, "cache": "5m", "prompt_tokens": 95_000, "images_per_request": 4}
REGIONAL = {"model": SONNET, "cache": "5m", "prompt_tokens": 3000, "output_tokens": 70,
            "images_per_request": 5}  # fmt: skip
FIXABLE = [
    ("", [image("a.png", 8000, 1, 7_864_320)]),  # exactly 10 MB in base64
    ("d", [image("d/b.png", 8001, 9), image("d/c.png", 9, 9, 7_864_321), image("d/d.tif", 300, 300, 9, "image/tiff")]),
    ("e", [image("e/e.png", 9000, 9000), image("e/f.png", 7, 7)._replace(duplicate_of="a.png")]),
    ("f", [Unreadable("f", "empty", "the file is empty")]),
]


def calculator_sizes():
    """Return extremes, ties that depend on the rounding of floats, both sides of every step, and random sizes."""
    sizes = [*SIZES, (8000, 1), (100_000, 1), (100_000, 99_999), (1092, 1092), (1093, 1093), (2576, 1456)]
    for tier in (STANDARD, HIGH):
        sizes += [(tie.long * 2, tie.short * 2) for tie in downscaling.ties(tier)]
        sizes += [(step.denominator, step.numerator + by) for step in downscaling.steps(tier) for by in (-1, 0, 1)]
    chosen = random.Random(2)
    sizes += [(chosen.randint(1, 8000), chosen.randint(1, 8000)) for _ in range(200)]
    return [size for size in sizes if min(size) > 0]


# Recalculation in LibreOffice


def test_recalculation_changes_no_value(library):
    unchanged = [name for name in library if not re.fullmatch(r"s\d+|packing|verdict \d|regional job", name)]
    assert len(unchanged) == 13
    for name in unchanged:
        wrong, count = disagreements(*library[name])
        assert not wrong[:5], name
        assert count > 300


@pytest.mark.parametrize("number", range(len(SETTINGS)))
def test_the_budget_equals_the_plan(number, library):
    settings = SETTINGS[number]
    book = library[f"s{number}"][1]
    rows, figures = budget_of(book), figures_of(book)
    assert settings["model"] in rows
    for model, row in rows.items():
        if settings.get("inference_geo") == "us" and row["Total, US$"] == "not offered":
            with pytest.raises(ImgcostError, match="inference"):
                planned(settings, model)
            continue
        wanted = planned(settings, model)
        if row["Total, US$"] == "run imgcost plan":
            assert (model, settings["prompt_tokens"], settings["images_per_request"]) == (HAIKU, 99_000, 3)
            continue
        tokens = wanted.tokens
        assert row["Total, US$"] == pytest.approx(float(wanted.total_usd), rel=1e-12), model
        assert row["Per image, US$"] == pytest.approx(float(wanted.total_usd / 157), rel=1e-12)
        assert row["Visual tokens"] == wanted.visual_tokens
        assert (row["Input tokens"], row["Output tokens"]) == (tokens.input, tokens.output)
        assert row["Cache write tokens"] == tokens.cache_write_5m + tokens.cache_write_1h
        assert row["Cache read tokens"] == tokens.cache_read
        assert row["Long-context surcharge, US$"] == pytest.approx(float(wanted.surcharge_usd), rel=1e-12)
    chosen = planned(settings, settings["model"])
    assert figures["Requests"] == chosen.requests
    assert figures["Total"][2] == pytest.approx(float(chosen.total_usd), rel=1e-12)
    assert figures["Images alone, as uncached input"][2] == pytest.approx(float(chosen.images_usd), rel=1e-12)
    assert values_of(book)["Budget"]["B3"].value.startswith("Requests are within the limits")


def test_the_settings_have_no_some_and_all_requests_over_the_threshold():
    plans = [planned(settings, HAIKU) for settings in SETTINGS]
    assert any(model_plan.long_context_requests == 0 for model_plan in plans)
    assert any(0 < model_plan.long_context_requests < model_plan.requests for model_plan in plans)
    assert any(model_plan.long_context_requests == model_plan.requests for model_plan in plans)


def test_a_cost_that_depends_on_packing_is_a_command(library):
    book = library["packing"][1]
    rows = budget_of(book)
    assert rows[HAIKU]["Total, US$"] == rows[HAIKU]["Per image, US$"] == "run imgcost plan"
    assert rows[SONNET]["Total, US$"] == pytest.approx(float(planned(PACKING, SONNET).total_usd), rel=1e-12)
    assert figures_of(book)["Total"][2] == "run imgcost plan"
    sheet = values_of(book)["Budget"]
    assert sheet["B3"].value.startswith("Some requests may exceed a limit or have the long-context price")
    command = sheet["B4"].value.split(": ")[1].split()
    assert command[:3] == ["imgcost", "plan", "PATH"]
    result = CliRunner().invoke(main, ["plan", "1000x1000", *command[3:], "-f", "json"])
    assert (result.exit_code, '"prompt_tokens": 95000' in result.stdout) == (0, True), result.output


def test_a_regional_endpoint_is_in_every_price(library):
    row = budget_of(library["regional job"][1])[SONNET]
    wanted = planned(REGIONAL, SONNET, platform="bedrock", endpoint="regional")
    assert row["Total, US$"] == pytest.approx(float(wanted.total_usd), rel=1e-12)
    assert wanted.total_usd == planned(REGIONAL, SONNET).total_usd * Decimal("1.1")
    command = values_of(library["regional"][0])["Budget"]["B4"].value
    assert "--platform bedrock --endpoint regional" in command
    assert figures_of(library["regional"][1])["Platform"] == "bedrock, regional endpoint"
    assert figures_of(library["regional"][1])["Included in all prices"] == "regional x 1.1"


def test_conditions_of_the_scan_are_in_the_input_cells(library):
    book = openpyxl.load_workbook(library["options"][0])
    names = ("model", "batch", "prompt_cache", "prompt_tokens", "output_tokens", "images_per_request", "inference_geo")
    assert [cell_of(book, name).value for name in names] == [HAIKU, "yes", "1h", 0, 0, 1, "us"]
    row = figures_of(library["options"][1])
    wanted = planned({"batch": True, "inference_geo": "us", "cache": "1h"}, HAIKU)
    assert row["Total"][2] == pytest.approx(float(wanted.total_usd), rel=1e-12)
    assert row["Images alone, as uncached input"][2] == pytest.approx(float(wanted.images_usd), rel=1e-12)
    fast = openpyxl.load_workbook(library["fast"][0])["Budget"]
    assert "--fast" in str(fast["B4"].value)


def test_grouped_images_have_the_same_totals(library):
    for name, rows in (("grouped", 24), ("by size", 8)):
        book = library[name][1]
        frame = pd.read_excel(book, sheet_name="Images")
        assert (len(frame), frame["Images"].sum()) == (rows, 157)
        assert frame["File, bytes"].sum() == sum(file.file_bytes for file in FOUND)
        assert budget_of(book) == budget_of(library["first"][1])
        notes = pd.read_excel(book, sheet_name="Notes", header=None)[1].astype(str)
        assert notes.str.contains(f"157 images in {rows} rows").any()


def test_without_known_limits_images_are_not_fixable(library):
    book = library["no limits"][1]
    assert figures_of(book)["Would be rejected as they are"] == 0
    assert values_of(book)["Budget"]["B3"].value.startswith("Requests are within the limits")


def test_fixable_images_count_and_appear_with_their_reasons(library):
    book = library["fixable"][1]
    figures = figures_of(book)
    files = [file for _, group in FIXABLE for file in group if isinstance(file, Image) and not file.duplicate_of]
    tokens = [geometry.image_tokens(file.width, file.height, HIGH) for file in files]
    assert (figures["Number of images"], figures["Would be rejected as they are"]) == (5, 4)
    reasons = Counter({"over 8,000 px": 2, "over 10,485,760 bytes": 1, "TIFF": 1})
    assert {name: figures[name] for name in reasons} == reasons
    assert figures["Visual tokens, high-resolution"] == sum(tokens)
    assert figures["Visual tokens of rejected images"] == sum(tokens[1:])
    assert figures["Cost of rejected images, US$"] == pytest.approx(sum(tokens[1:]) * 2 / 10**6, rel=1e-12)
    assert figures["Not counted (see sheet Excluded)"] == 2
    frame = pd.read_excel(book, sheet_name="Images")
    assert frame["Would be rejected"].tolist()[1:] == [
        "over 8,000 px",
        "over 10,485,760 bytes",
        "TIFF",
        "over 8,000 px",
    ]
    not_counted = pd.read_excel(book, sheet_name="Excluded")
    assert not_counted["Problem"].tolist() == ["duplicate", "empty"]
    assert not_counted["Reason"].tolist() == ["the same bytes as a.png", "the file is empty"]
    notes = pd.read_excel(book, sheet_name="Notes", header=None)[1].astype(str)
    assert notes.str.contains("4 of 5 images").any()


def test_the_calculator_equals_the_geometry(library):
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


def test_pandas_libreoffice_and_the_report_agree_on_the_samples(libreoffice, tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    arguments = ["scan", "data/samples", "-m", "sonnet", "--as-of", str(DAY), "-f", "json", "-o"]
    report = CliRunner().invoke(main, [*arguments, "costs.csv"]).stdout
    assert CliRunner().invoke(main, [*arguments, "costs.xlsx"]).stdout == report
    scan = pd.read_json(io.StringIO(report), typ="series")
    wanted = scan["models"][0]
    rows = pd.read_csv(tmp_path / "costs.csv", dtype={"input_usd": str})
    usd = sum(map(Decimal, rows["input_usd"].dropna()))
    assert (rows["tokens"].sum(), usd) == (wanted["tokens"], Decimal(wanted["input_usd"]))
    for book in (tmp_path / "costs.xlsx", *recalculated(libreoffice, tmp_path, [tmp_path / "costs.xlsx"])):
        frame = pd.read_excel(book, sheet_name="Images")
        figures = figures_of(book)
        assert frame["Visual tokens per image, high-resolution"].sum() == wanted["tokens"]
        assert figures["Number of images"] == scan["images"] == len(frame)
        tokens, _, alone = figures["Images alone, as uncached input"]
        assert (tokens, alone) == (wanted["tokens"], pytest.approx(float(usd), rel=1e-12))
        assert figures["Would be rejected as they are"] == sum(reason["images"] for reason in scan["fixable"])
        assert budget_of(book)[SONNET]["Visual tokens"] == wanted["tokens"]
        assert len(pd.read_excel(book, sheet_name="Excluded")) == rows["problem"].count()
        folders = pd.read_excel(book, sheet_name="Folders")
        assert folders["Images alone, US$"].sum() == pytest.approx(float(usd), rel=1e-12)


# The resize rule in fractions


@given(st.sampled_from([STANDARD, HIGH]), st.integers(1, 8000), st.integers(1, 8000), st.integers(1, 12))
def test_except_for_ties_fractions_and_floats_downscale_to_the_same_size(tier, long, short, times):
    long, short = max(long, short) * times, min(long, short) * times
    tied = {Fraction(tie.long, tie.short) for tie in downscaling.ties(tier)}
    if not geometry.fits(long, short, tier) and Fraction(long, short) not in tied:
        assert downscaling._by_fractions(long, short, tier) == geometry.resized_size(long, short, tier)


@pytest.mark.parametrize(("tier", "count"), [(STANDARD, 91), (HIGH, 176)])
def test_the_listed_ties_are_those_that_floats_round_differently(tier, count):
    ties = downscaling.ties(tier)
    assert len(ties) == count
    for tie in ties:
        resized = geometry.resized_size(tie.long * 7000, tie.short * 7000, tier)
        assert (tie.long_edge, tie.short_edge) == resized != downscaling._by_fractions(tie.long, tie.short, tier)


def test_the_steps_are_those_of_the_geometry():
    for tier in (STANDARD, HIGH):
        for step, known in zip(downscaling.steps(tier), geometry.grid_steps(tier), strict=True):
            assert step.numerator / step.denominator == pytest.approx(known.ratio, rel=1e-15)
            assert (step.long_edge, step.short_patches) == (28 * known.long_patches, known.short_patches)


# Contents


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
    "<r></sheetData></r>",
]
SHOWN = {
    "\x00\x1b[2J.png": r"\x00\x1b[2J.png",
    "new\nline.png": r"new\nline.png",
    os.fsdecode(b"caf\xe9.png"): r"caf\xe9.png",
    "\ufffe\U0001f600.png": "\\ufffe\U0001f600.png",
    "a" * 40_000: "a" * 32_766 + "…",
    "\U0001f600" * 40_000: "\U0001f600" * 16_383 + "…",
    "_x0041_.png": "_x005F_x0041_.png",  # the escape of the format: Excel shows the name, openpyxl the escape
    "<r></sheetData></r>": " <r></sheetData></r>",  # unescaped, XlsxWriter would interpret it as markup
}


def test_hostile_names_are_plain_text(tmp_path):
    bad = [Unreadable(name, "damaged", f"{name} is damaged") for name in HOSTILE]
    groups = [(name, [image(name, 10, 10), other]) for name, other in zip(HOSTILE, bad, strict=True)]
    book = openpyxl.load_workbook(written(tmp_path / "hostile.xlsx", groups))
    for sheet in ("Images", "Excluded"):
        cells = [row[0] for row in book[sheet].iter_rows(min_row=2)]
        assert [cell.value or "" for cell in cells] == [SHOWN.get(name, name) for name in HOSTILE]
        assert not any(cell.hyperlink or cell.data_type == "f" for cell in cells)
    assert all(cell.quotePrefix for cell in [row[0] for row in book["Images"].iter_rows(min_row=2, max_row=5)])


def test_wide_sheets_are_printed_on_pages_that_can_be_read(library):
    book = openpyxl.load_workbook(library["no limits"][1])
    pages = {name: book[name].page_setup.fitToWidth or 1 for name in ("Budget", "Images", "Models", "Prices")}
    assert pages == {"Budget": 1, "Images": 1, "Models": 4, "Prices": 2}
    assert book["Models"].print_title_cols == "$A:$A"
    assert book["Models"].print_title_rows == "$1:$1"


def test_a_full_sheet_reports_the_number_of_missing_rows(tmp_path):
    bad = [Unreadable(f"{n}", "empty", "the file is empty") for n in range(4)]
    path = written(tmp_path / "a.xlsx", [("", [image("a", 9, 9), *bad])], max_rows=4)
    assert [str(cell) for cell in pd.read_excel(path, sheet_name="Excluded")["Path"]] == ["0", "1", "and 2 more"]
    path = written(tmp_path / "a.xlsx", [("", [image("a", 9, 9), *bad])], max_rows=5)
    assert len(pd.read_excel(path, sheet_name="Excluded")) == 4


def test_before_high_resolution_there_is_one_tier(tmp_path):
    path = written(tmp_path / "a.xlsx", [("", [image("a", 9000, 1)])], "claude-3-opus", day=date(2024, 3, 4))
    book = openpyxl.load_workbook(path, data_only=True)
    assert book["Images"].max_row == 2
    assert "high-resolution" not in str(list(book["Calculator"].values))
    assert "Long context" not in book.sheetnames


@pytest.mark.parametrize("number", range(len(VERDICTS)))
def test_the_budget_reports_requests_that_the_api_would_reject(number, library):
    assert VERDICTS[number][2] in values_of(library[f"verdict {number}"][1])["Budget"]["B3"].value


def test_input_cells_accept_the_values_of_the_api(tmp_path):
    path = written(tmp_path / "a.xlsx", groups_of(FOUND))
    book = openpyxl.load_workbook(path)
    rules = {str(validation.sqref): validation for validation in book["Budget"].data_validations.dataValidation}
    models = len(budget_of(path))
    first = {
        name: rules[cell_of(book, name).coordinate].formula1
        for name in book.defined_names
        if cell_of(book, name).coordinate in rules and cell_of(book, name).parent.title == "Budget"
    }
    assert first == {
        "model": f"'Models'!$A$2:$A${models + 1}", "batch": '"no,yes"', "prompt_cache": '"none,5m,1h"',
        "inference_geo": '"global,us"', "prompt_tokens": "0", "output_tokens": "0", "images_per_request": "1",
        "image_count": "0", "downscale_to": "1", "retry_rate": "0",
    }  # fmt: skip
    assert book["Images"].freeze_panes == "B2"
    assert book["Images"].auto_filter.ref.startswith("A1:")
    assert len(book["Budget"]._charts) == 2
    assert [sheet.title for sheet in book if sheet.sheet_state == "hidden"] == ["Charts", "Downscaling", "Steps"]


def test_only_the_chosen_tier_is_priced_with_each_list_of_the_calculator(tmp_path):
    path = written(tmp_path / "a.xlsx", groups_of(FOUND))
    book = openpyxl.load_workbook(path, data_only=True)
    tiers = [row[2] for row in book["Models"].iter_rows(min_row=2, values_only=True)]
    for validation in book["Calculator"].data_validations.dataValidation:
        if validation.type == "list":
            start, end = map(
                int, re.findall(r"\$A\$(\d+)", validation.formula1 + ":$A" + validation.formula1.split("$A")[-1])[:2]
            )
            assert len(set(tiers[start - 2 : end - 1])) == 1


def test_folders_beyond_a_limit_are_summed_up(tmp_path):
    groups = [(f"f{n}", [image(f"f{n}/a.png", 100 + n, 100)]) for n in range(38)]
    frame = pd.read_excel(written(tmp_path / "a.xlsx", groups), sheet_name="Folders")
    assert frame["Folder"].dropna().tolist()[-1] == "8 other folders"
    assert frame["Images"].sum() == 38
    assert "Folders" not in openpyxl.load_workbook(written(tmp_path / "a.xlsx", groups[:1])).sheetnames


def test_too_many_sizes_are_an_error(tmp_path):
    with pytest.raises(ImgcostError, match=r"images of 8 sizes do not fit a sheet of 4 rows: write \.csv or \.parquet"):
        written(tmp_path / "a.xlsx", groups_of(FOUND), max_rows=5)


def test_progress_is_reported_while_images_are_written(tmp_path):
    calls = []
    scanned(tmp_path / "a.xlsx", [("", images(1200))], lambda done, total: calls.append((done, total)))
    assert calls == [(500, 1200), (1000, 1200)]


def scanned(path, groups, progress):
    """Write a workbook as a scan does."""
    selected = quotes([SONNET], as_of=DAY)
    with open_scan(str(path), selected, progress) as sink:
        summary = ScanSummary(selected, (), sink.token_rules)
        summary.add(groups)
        sink.writer.write(sink.encode(groups))
        sink.writer.finish(summary)


# Output of a scan


def test_a_scan_that_ends_early_leaves_no_workbook(tmp_path):
    path = tmp_path / "a.xlsx"

    def interrupted():
        with open_scan(str(path), quotes([SONNET], as_of=DAY)) as sink:
            sink.writer.write(sink.encode([("", images(2))]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_an_error_while_writing_leaves_no_workbook(tmp_path):
    def fail(_done, _total):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        scanned(tmp_path / "a.xlsx", [("", images(600))], fail)
    assert not list(tmp_path.iterdir())


class FullDisk(io.BytesIO):
    def write(self, _):
        raise OSError(28, "No space left on device")


def test_a_full_disk_raises_oserror():
    selected = quotes([SONNET], as_of=DAY)
    sink = workbook_sink(FullDisk(), selected, lambda _done, _total: None)
    with pytest.raises(OSError, match="No space left on device") as caught:
        sink.writer.finish(ScanSummary(selected, (), sink.token_rules))
    assert type(caught.value) is OSError
    del caught
    gc.collect()  # collecting the unfinished archive raises nothing


def test_a_missing_extra_is_an_error_with_the_command_that_installs_it(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("imgcost.reports.workbook", "xlsxwriter"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with (
        pytest.raises(MissingExtraError, match=r"pip install .imgcost\[report\]"),
        open_scan(str(tmp_path / "a.xlsx"), quotes([SONNET], as_of=DAY)),
    ):
        pass
    result = CliRunner().invoke(main, ["scan", str(SAMPLES / "web"), "-o", str(tmp_path / "a.xlsx")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "imgcost[report]" in result.stderr


# Reports of other commands


TABLE = Schema(
    "x/1",
    "Ducks",
    {
        "name": Column("path", "who"),
        "fed": Column("boolean", "true if fed"),
        "count": Column("integer", "how many"),
        "usd": Column("usd", "US dollars"),
    },
)


def test_a_table_has_a_sheet_of_rows_and_one_of_notes(tmp_path, monkeypatch):
    rows = [("=Huey", True, 3, "0.0130"), ("Dewey", False, None, None), ("Louie", None, 1, "2")]
    path = tmp_path / "a.xlsx"
    for most, shown in ((1_048_576, 3), (3, 2)):
        monkeypatch.setattr("imgcost.reports.workbook.plain.MAX_ROWS", most)
        with path.open("wb") as file:
            write_plain_workbook(file, Report({}, [], ["They quack."]), TABLE, rows)
        book = openpyxl.load_workbook(path)
        expected = [("=Huey", "true", 3, 0.013), ("Dewey", "false", None, None), ("Louie", None, 1, 2)]
        assert list(book["Report"].iter_rows(min_row=2, values_only=True)) == expected[:shown]
        assert [cell.value for cell in book["Report"][1]] == list(TABLE.columns)
        assert book["Report"]["A2"].data_type == "s"
        notes = list(book["Notes"].iter_rows(min_row=3, values_only=True))
        assert ("Ducks", "They quack.") in notes
        assert ("count", "how many") in notes
        assert (("Ducks", "1 more row does not fit on a sheet: write .csv or .parquet.") in notes) == (shown == 2)


AMOUNTS = [
    *("12.3", "0.1", "0.0996", "0.0995", "0.0994", "0.05", "0.00996"),
    *("0.0099", "0.002223", "0.001", "0.00099", "0.000111", "0.0000016"),
]


def shown_digits(book, sheet, amount, *, unit):
    """Return an amount as the formats of a sheet show it: those of a price of one of many, or the usual ones."""
    words = ">=9.995" if unit else ">=0.00995"
    cell_format = next(cell.number_format for row in book["Budget"] for cell in row if words in cell.number_format)
    rules = [rule for area in book[sheet].conditional_formatting for rule in area.rules if rule.operator == "between"]
    looks = [
        rule.dxf.numFmt.formatCode
        for rule in rules
        if Decimal(rule.formula[0]) <= amount <= Decimal(rule.formula[1])
        and ("#" in rule.dxf.numFmt.formatCode) == unit
    ]
    sections = re.findall(r"(?:\[>=([\d.]+)\])?\$([^;]*)", cell_format)
    looks += [look for condition, look in sections if amount >= Decimal(condition or 0)]
    digits = looks[0].partition(".")[2]
    whole, _, part = f"{amount.quantize(Decimal(1).scaleb(-len(digits)), ROUND_HALF_UP)}".partition(".")
    return f"${whole}.{part.rstrip('0').ljust(digits.count('0'), '0')}"


@pytest.mark.parametrize("sheet", ["Budget", "Calculator"])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_dollars_have_the_digits_of_other_reports(tmp_path, sheet, amount):
    book, value = openpyxl.load_workbook(written(tmp_path / "a.xlsx", groups_of(images(3)))), Decimal(amount)
    assert shown_digits(book, sheet, value, unit=False) == dollars(value)
    assert shown_digits(book, sheet, value, unit=True) == unit_dollars(value)
