"""Workbooks and pages of a plan: the same images, totals and settings as the plan, from files, sizes and tables."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from command_line import printed, refused
from pictures import png

from imgcost.plans import Repeated, make_scenario, plan, quotes_of
from imgcost.plans.comparisons import plan_others
from imgcost.reports.jobs import JobFeed, report_job
from imgcost.reports.writers import open_scan

OPTIONS = ("--prompt-tokens", "400", "--output-tokens", "135", "-m", "sonnet", "-m", "haiku", "--as-of", "2026-11-22")
SETTINGS = {"models": ["sonnet", "haiku"], "prompt_tokens": 400, "output_tokens": 135, "as_of": date(2026, 11, 22)}


@pytest.fixture
def images(tmp_path, monkeypatch):
    """A folder with two images and a text file, and a table with a row without a size."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(png(1920, 1080))
    (tmp_path / "photos" / "b.png").write_bytes(png(9000, 8))
    (tmp_path / "photos" / "c.txt").write_bytes(b"hello")
    (tmp_path / "sizes.csv").write_text("width,height,count\n1000,1000,70000\n,5,1\n1000,1000,2\n300,200,3\n")
    return ["photos", "sizes.csv", "4032x3024"]


def page_data(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)[1])


def test_a_page_of_a_plan_has_its_images_and_totals(images, tmp_path):
    wanted = json.loads(printed("plan", *images, *OPTIONS, "-o", "a.html", "-f", "json"))
    data = page_data(tmp_path / "a.html")
    assert data["start"]["count"] == wanted["images"] == 70_008
    visual = {model["model"]: model["visual_tokens"] for model in wanted["models"]}
    for model in data["models"]:
        if model["id"] in visual:
            assert sum(tokens * count for tokens, count in data["tokens"][model["rule"]]) == visual[model["id"]]
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    for shown in ("photos/c.txt", "row 3 of sizes.csv", "over 8,000 px", "1 image of 4032x3024"):
        assert shown in text


def test_a_report_of_a_plan_reads_what_the_plan_reads(images, tmp_path):
    scenario = make_scenario(**SETTINGS)
    quotes = quotes_of(scenario)
    with open_scan(str(tmp_path / "a.xlsx"), quotes) as sink:
        feed = JobFeed([sink], quotes)
        job = plan(feed.passing([*images[:2], Repeated(4032, 3024, 10**12)]), **SETTINGS)
        feed.finish(job)
    summary = feed.summary
    assert summary.images == job.images == 10**12 + 70_007
    assert dict(summary.fixable) == dict(job.fixable)
    assert [file.reason for file in summary.unreadable][1:] == ["width or height is missing (1 in total)"]
    assert set(summary.folders) == {"photos", "sizes.csv", "4032x3024"}
    for model in job:
        assert summary.tokens(model.quote.rule) == model.visual_tokens
        assert summary.tokens_of_fixable(model.quote.rule) == model.fixable_tokens
    rows = [
        row[:5] for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["Images"].iter_rows(min_row=2, values_only=True)
    ]
    assert rows[:2] == [("photos", 1920, 1080, len(png(1920, 1080)), 1),
                        ("photos", 9000, 8, len(png(9000, 8)), 1)]  # fmt: skip
    assert sorted(rows[2:]) == [
        ("4032x3024", 4032, 3024, 0, 10**12), ("sizes.csv", 300, 200, 0, 3), ("sizes.csv", 1000, 1000, 0, 70_002)
    ]  # fmt: skip


def test_other_models_are_planned_in_the_same_way():
    settings = SETTINGS | {"images_per_request": 150, "models": "sonnet"}
    job = plan([(100, 100)] * 300, **settings)
    quotes = quotes_of(make_scenario(**settings | {"models": ["haiku", "claude-haiku-4-5"]}))
    for selected in (quotes[:1], quotes):
        others = plan_others(job, selected)
        assert (
            others["claude-haiku-5-5"].total_usd
            == plan([(100, 100)] * 300, **settings | {"models": "haiku"}).models[0].total_usd
        )
    error = others["claude-haiku-4-5-20251001"]
    assert "the limit is 100" in str(error)
    report = report_job(None, quotes, job)
    assert [report.plan_of(quote) is None for quote in quotes] == [False, True]
    assert report_job(None, (), job).plans == {}


@pytest.mark.usefixtures("images")
def test_a_plan_that_fails_leaves_no_report(tmp_path):
    text = refused(
        "plan", "100x100", "--count", "700", "--images-per-request", "700", *OPTIONS, "-o", tmp_path / "b.html"
    )
    assert "the limit is 600" in text
    assert "invalid value" in refused("plan", "100x100", "--prompt-tokens", "-1", "-o", tmp_path / "b.xlsx").lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "sizes.csv"]


def test_an_earlier_report_in_the_folder_is_not_an_image(images, tmp_path):
    for _ in range(2):
        printed("plan", images[0], *OPTIONS, "-o", "photos/a.html")
        assert "photos/c.txt" in (text := (tmp_path / "photos" / "a.html").read_text(encoding="utf-8"))
        assert "photos/a.html" not in text


def test_later_walks_do_not_count_images_again():
    job = plan([(9000, 8)], models="sonnet")
    (model,) = job
    list(model.each_request())
    assert (job.images, model.job_images.images, model.fixable_usd > Decimal(0)) == (1, 1, True)
