"""Every command and every report has the same images, tokens and dollars for the same folder."""

from __future__ import annotations

import csv
import json
import random
import re
import struct
from contextlib import suppress
from datetime import date
from decimal import Decimal

import openpyxl
import pyarrow.parquet as pq
import pytest
from command_line import printed, refused, run, unwrapped
from conftest import png

from imgcost.errors import ImgcostError, NoPriceError
from imgcost.figures import dollars, number
from imgcost.quoting import quotes
from imgcost.tables import limits_on, platforms

FOLDERS = 200
QUICK = 20
DAYS = [date(2024, 7, 1), date(2025, 11, 30), date(2026, 3, 1), date(2026, 11, 22)]
MODELS = [
    "claude-3-haiku",
    "claude-3-5-sonnet",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-5-5",
    "claude-haiku-5-5",
]
PLATFORMS = [name for name in platforms() if name != "claude-ai"]


def tiff(width, height):
    """Build the start of a TIFF, with its size."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(64)


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files to choose from: accepted, fixable (edge, bytes, format) and unreadable ones."""
    top = tmp_path_factory.mktemp("files")
    contents = {
        "small.png": png(1, 1),
        "page.png": png(1000, 1414),
        "photo.png": png(4032, 3024),
        "wide.gif": gif(2577, 30),
        "edge.png": png(8000, 7),
        "over.png": png(8001, 7),
        "tall.gif": gif(9, 40_000),
        "scan.tif": tiff(640, 481),
        "cut.png": png(5, 5)[:20],
        "empty.png": b"",
        "notes.txt": b"not an image",
    }
    for name, content in contents.items():
        (top / name).write_bytes(content)
    for name, size in (("heavy.png", 12 << 20), ("heavier.png", 40 << 20)):
        (top / name).write_bytes(png(3000, 2000))
        with (top / name).open("r+b") as file:  # sparse after its header
            file.truncate(size)
    return sorted(top.iterdir())


def first_limits(platform):
    """Return the first date with published limits of a platform."""
    try:
        limits_on(platform, date(2023, 1, 1))
    except NoPriceError as error:
        return error.first_day
    return date(2023, 1, 1)


def folder_of(number, files, top):
    """Build a folder of links to some of the files, and quotes for it."""
    chance = random.Random(number)
    folder = top / "folder"
    for index in range(chance.randint(1, 12)):
        source = chance.choice(files)
        target = folder / chance.choice(["", "in", "in/deeper"]) / f"{index}{source.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(source)
    while True:
        conditions = {
            "as_of": chance.choice(DAYS),
            "platform": chance.choice(PLATFORMS),
            "batch": chance.random() < 0.3,
            "cache": chance.choice(["none", "none", "5m", "1h"]),
        }
        names = chance.sample(MODELS, chance.randint(1, 3))
        with suppress(ImgcostError):  # not available under these conditions
            return folder, quotes(names, **conditions)


def names_of(selected):
    return [quote.model.id for quote in selected]


def options_of(selected):
    conditions = selected[0].conditions
    yield from (option for name in names_of(selected) for option in ("-m", name))
    yield from ("--as-of", conditions.as_of, "--platform", conditions.platform, "--prompt-cache", conditions.cache)
    if conditions.batch:
        yield "--batch"


# The figures of each output: per model the images, their tokens and dollars, and the number that would be rejected.


def of_scan(data):
    for model in data["models"]:
        rejected = sum(reason["images"] for reason in data["fixable"])
        yield model["model"], data["images"], model["tokens"], Decimal(model["input_usd"]), rejected


def of_plan(data):
    for model in data["models"]:
        rejected = sum(reason["images"] for reason in data["fixable"])
        yield model["model"], model["images"], model["visual_tokens"], Decimal(model["images_usd"]), rejected


def of_rows(rows):
    models = {}
    for row in rows:
        if row["model"] and not row["duplicate_of"]:
            images, tokens, usd, rejected = models.get(row["model"], (0, 0, Decimal(0), 0))
            figures = images + 1, tokens + int(row["tokens"]), usd + Decimal(row["input_usd"])
            models[row["model"]] = (*figures, rejected + bool(row["rejected"]))
    return ((model, *figures) for model, figures in models.items())


def read(path):
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case ".parquet":
            return pq.read_table(path).to_pylist()
        case ".jsonl":
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of_page(page):
    """Return images, tokens and dollars in the headline of an HTML report, for the first model."""
    content = page.read_text(encoding="utf-8")
    images = int(re.search(r"<h1>Image costs with Claude: ([\d,]+) image", content)[1].replace(",", ""))
    costs = re.findall(r'<dt>Images (?:alone|as cache writes)</dt><dd[^>]*><data value="([\d.]+)"', content)
    tokens = re.search(r"<dt>Visual tokens</dt><dd[^>]*>([\d,]+)<", content)
    return (images, int(tokens[1].replace(",", "")), Decimal(costs[-1])) if images else (0, 0, Decimal(0))


def of_workbook(book):
    """Return the number of images in a workbook, and the sum of each of its columns of tokens."""
    sheets = openpyxl.load_workbook(book, data_only=True)
    if "Images" not in sheets.sheetnames:  # no image, no sheet
        return 0, {0}
    header, *rows = sheets["Images"].iter_rows(values_only=True)
    token_columns = [column for column, name in enumerate(header) if name.startswith("Visual tokens per image")]
    return len(rows), {sum(row[column] for row in rows) for column in token_columns}


def folders():
    """Yield the numbers of folders; a few are tested without the slow tests."""
    for number_of_folder in range(FOLDERS):
        yield pytest.param(number_of_folder, marks=[pytest.mark.slow] if number_of_folder >= QUICK else [])


@pytest.mark.slow
@pytest.mark.parametrize("number_of_folder", range(0, FOLDERS, 10))
def test_html_reports_and_workbooks_agree_with_the_scan(tmp_path, files, number_of_folder):
    folder, selected = folder_of(number_of_folder, files, tmp_path)
    options = list(options_of(selected))
    data = json.loads(printed("scan", folder, *options, "-f", "json"))
    (_, images, tokens, usd, _), *_ = of_scan(data)
    for suffix in (".html", ".xlsx"):
        printed("scan", folder, *options, "-o", tmp_path / f"report{suffix}")
    assert of_page(tmp_path / "report.html") == (images, tokens, usd)
    listed, sums = of_workbook(tmp_path / "report.xlsx")
    assert listed == images
    assert {counted for _, _, counted, _, _ in of_scan(data)} <= sums


@pytest.mark.parametrize("number_of_folder", list(folders()))
def test_scan_plan_check_and_rows_agree(tmp_path, files, number_of_folder):
    folder, selected = folder_of(number_of_folder, files, tmp_path)
    options = list(options_of(selected))
    data = json.loads(printed("scan", folder, *options, "-f", "json", "-o", tmp_path / "rows.csv"))
    truth = sorted(of_scan(data))
    images, rejected = truth[0][1], truth[0][4]
    assert images + len(data["unreadable"]) == sum(path.is_file() for path in folder.rglob("*"))
    assert names_of(selected) == [entry["model"] for entry in data["models"]]

    for suffix in (".csv", ".parquet", ".jsonl"):
        if suffix != ".csv":
            printed("scan", folder, *options, "-o", tmp_path / f"rows{suffix}")
        assert sorted(of_rows(read(tmp_path / f"rows{suffix}"))) == (truth if images else [])

    text = unwrapped(printed("scan", folder, *options))
    printed("scan", folder, *options, "-o", tmp_path / "report.md")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    for model, _, tokens, usd, _ in truth if images else ():
        for shown in (text, markdown):
            assert any(model in line and number(tokens) in line and dollars(usd) in line for line in shown.splitlines())
            assert bool(re.search(rf"^.*\b{number(rejected)} of .*would be rejected", shown, re.MULTILINE)) == bool(
                rejected
            )

    conditions = selected[0].conditions
    if conditions.as_of < first_limits(conditions.platform):
        assert "no published limit" in refused("plan", folder, *options)
        return
    planned = json.loads(printed("plan", folder, *options, "-f", "json"))
    uncached = options[: options.index("--prompt-cache")] + options[options.index("--prompt-cache") + 2 :]
    assert sorted(of_plan(planned)) == sorted(of_scan(json.loads(printed("scan", folder, *uncached, "-f", "json"))))
    assert planned["images"] == images

    # check uses the plain input rate
    for quote in quotes(names_of(selected), as_of=conditions.as_of, platform=conditions.platform):
        tokens = next(tokens for model, _, tokens, _, _ in truth if model == quote.model.id)
        arguments = ("-m", quote.model.id, "--as-of", conditions.as_of, "--platform", conditions.platform)
        if quote.model.status_on(conditions.as_of, conditions.platform) == "retired":
            assert "retired" in refused("check", folder, *arguments)
            continue
        report = json.loads(run("check", folder, *arguments, "-f", "json").stdout)
        unreadable = [file for file in data["unreadable"] if file["problem"] != "not-an-image"]  # check skips them
        assert (report["tokens"], report["unmeasured"]) == (tokens, len(unreadable))
        assert len(report["images"]) - report["unmeasured"] == images
        assert Decimal(report["measured_usd"]) == quote.image_usd(tokens)
