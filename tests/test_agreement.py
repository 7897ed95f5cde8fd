"""One answer to one question: every command and every report of a folder say the same images, tokens and dollars."""

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
from command_line import printed, refused, run
from conftest import png

from imgcost.errors import ImgcostError, NoPriceError
from imgcost.figures import dollars, number
from imgcost.quotes import quotes
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
    """A TIFF as far as its sizes go."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(64)


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Few files that folders are made of: accepted, fixable (edge, bytes, format) and unreadable ones."""
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
        with (top / name).open("r+b") as file:  # without blocks on disk behind its header
            file.truncate(size)
    return sorted(top.iterdir())


def first_limits(platform):
    """The first date on which the limits of a platform are known."""
    try:
        limits_on(platform, date(2023, 1, 1))
    except NoPriceError as error:
        return error.first_day
    return date(2023, 1, 1)


def folder_of(number, files, top):
    """A folder of some of the files, linked under several names, and how it is priced."""
    chance = random.Random(number)
    folder = top / "folder"
    for at in range(chance.randint(1, 12)):
        source = chance.choice(files)
        target = folder / chance.choice(["", "in", "in/deeper"]) / f"{at}{source.suffix}"
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
        with suppress(ImgcostError):  # not sold like this
            return folder, quotes(names, **conditions)


def names_of(asked):
    return [quote.model.id for quote in asked]


def options_of(asked):
    sent = asked[0].conditions
    yield from (option for name in names_of(asked) for option in ("-m", name))
    yield from ("--as-of", sent.as_of, "--platform", sent.platform, "--prompt-cache", sent.cache)
    if sent.batch:
        yield "--batch"


# What each output says: for each model the images, their tokens and dollars, then what of it would be rejected.


def of_scan(data):
    for one in data["models"]:
        rejected = sum(reason["images"] for reason in data["fixable"])
        yield one["model"], data["images"], one["tokens"], Decimal(one["input_usd"]), rejected


def of_plan(data):
    for one in data["models"]:
        rejected = sum(reason["images"] for reason in data["fixable"])
        yield one["model"], one["images"], one["visual_tokens"], Decimal(one["images_usd"]), rejected


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
    """The headline of a page, for the first model."""
    content = page.read_text(encoding="utf-8")
    images = int(re.search(r"<h1>([\d,]+) image", content)[1].replace(",", ""))
    usd = re.search(r'<dt>Cost (?:of the images|as cache writes)</dt><dd><data value="([\d.]+)"', content)
    tokens = re.search(r"<dt>Visual tokens</dt><dd>([\d,]+)<", content)
    return (images, int(tokens[1].replace(",", "")), Decimal(usd[1])) if images else (0, 0, Decimal(0))


def of_workbook(book):
    """The images that a workbook lists, and their tokens by each rule that counts."""
    head, *rows = openpyxl.load_workbook(book, data_only=True)["Images"].iter_rows(values_only=True)
    counted = [at for at, name in enumerate(head) if name.startswith("Visual tokens per image")]
    return len(rows), {sum(row[at] for row in rows) for at in counted}


def folders():
    """Some are enough for a quick look."""
    for number_of_folder in range(FOLDERS):
        yield pytest.param(number_of_folder, marks=[pytest.mark.slow] if number_of_folder >= QUICK else [])


@pytest.mark.slow
@pytest.mark.parametrize("number_of_folder", range(0, FOLDERS, 10))
def test_pages_and_workbooks_say_the_same_of_a_folder(tmp_path, files, number_of_folder):
    folder, asked = folder_of(number_of_folder, files, tmp_path)
    options = list(options_of(asked))
    data = json.loads(printed("scan", folder, *options, "-f", "json"))
    (_, images, tokens, usd, _), *_ = of_scan(data)
    for suffix in (".html", ".xlsx"):
        printed("scan", folder, *options, "-o", tmp_path / f"report{suffix}")
    assert of_page(tmp_path / "report.html") == (images, tokens, usd)
    listed, sums = of_workbook(tmp_path / "report.xlsx")
    assert listed == images
    assert {found for _, _, found, _, _ in of_scan(data)} <= sums


@pytest.mark.parametrize("number_of_folder", list(folders()))
def test_every_output_says_the_same_of_a_folder(tmp_path, files, number_of_folder):
    folder, asked = folder_of(number_of_folder, files, tmp_path)
    options = list(options_of(asked))
    data = json.loads(printed("scan", folder, *options, "-f", "json", "-o", tmp_path / "rows.csv"))
    truth = sorted(of_scan(data))
    images, rejected = truth[0][1], truth[0][4]
    assert images + len(data["unreadable"]) == sum(path.is_file() for path in folder.rglob("*"))
    assert names_of(asked) == [one["model"] for one in data["models"]]

    for suffix in (".csv", ".parquet", ".jsonl"):
        if suffix != ".csv":
            printed("scan", folder, *options, "-o", tmp_path / f"rows{suffix}")
        assert sorted(of_rows(read(tmp_path / f"rows{suffix}"))) == (truth if images else [])

    text = printed("scan", folder, *options)
    printed("scan", folder, *options, "-o", tmp_path / "report.md")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    for model, _, tokens, usd, _ in truth if images else ():
        for shown in (text, markdown):
            assert any(model in line and number(tokens) in line and dollars(usd) in line for line in shown.splitlines())
            assert bool(re.search(rf"^.*\b{number(rejected)} of .*would be rejected", shown, re.MULTILINE)) == bool(
                rejected
            )

    sent = asked[0].conditions
    if sent.as_of < first_limits(sent.platform):
        assert "no published limit" in refused("plan", folder, *options)
        return
    planned = json.loads(printed("plan", folder, *options, "-f", "json"))
    assert sorted(of_plan(planned)) == truth
    assert planned["images"] == images

    for quote in quotes(names_of(asked), as_of=sent.as_of, platform=sent.platform):  # check prices plain input
        tokens = next(tokens for model, _, tokens, _, _ in truth if model == quote.model.id)
        where = ("-m", quote.model.id, "--as-of", sent.as_of, "--platform", sent.platform)
        if quote.model.status_on(sent.as_of, sent.platform) == "retired":
            assert "retired" in refused("check", folder, *where)
            continue
        found = json.loads(run("check", folder, *where, "-f", "json").stdout)
        unreadable = [one for one in data["unreadable"] if one["problem"] != "not-an-image"]  # of no interest to check
        assert (found["tokens"], found["unmeasured"]) == (tokens, len(unreadable))
        assert len(found["images"]) - found["unmeasured"] == images
        assert Decimal(found["measured_usd"]) == quote.image_usd(tokens)
