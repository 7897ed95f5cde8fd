"""Tables and charts of plans, scans and checks in notebooks."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import pytest
from conftest import SAMPLES
from pictures import png

import imgcost
from imgcost.notebooks import bar_chart, html_table

DAY = date(2026, 11, 22)
HOSTILE = '<script>alert(1)</script>"\x1b[31m\n\u202e\udcff&'


def parts(html):
    """Parse what a notebook shows; return its elements."""
    html.encode("utf-8")  # a notebook is a JSON file
    root = ET.fromstring(f"<div>{html}</div>")
    assert not list(root.iter("script"))
    return list(root)


def bars(chart):
    """Return the width of each bar, and the texts of a chart."""
    return [float(bar.get("width")) for bar in chart.iter("rect")], [text.text for text in chart.iter("text")]


def test_a_chart_has_a_bar_per_value_in_proportion():
    (chart,) = parts(bar_chart("Ducks", [("Huey", 4, "four"), ("Dewey", 3, "three"), ("Louie", 0, "none")]))
    assert bars(chart) == ([240.0, 180.0, 0.0], ["Huey", "four", "Dewey", "three", "Louie", "none"])
    assert (chart.get("role"), chart.find("title").text) == ("img", "Ducks")
    assert bar_chart("Ducks", []) == bar_chart("Ducks", [("Huey", 0, "0")]) == ""


def test_names_are_escaped_and_long_ones_are_shortened():
    table, chart = parts(html_table(HOSTILE, [HOSTILE], [[HOSTILE]]) + bar_chart(HOSTILE, [(HOSTILE, 1, HOSTILE)]))
    shown = r'<script>alert(1)</script>"\x1b[31m\n\u202e\xff&'
    assert {cell.text for cell in table.iter() if cell.text} == {shown}
    assert chart.find("title").text == shown
    (text,) = [text.text for text in chart.iter("text") if text.text != shown]
    assert text.endswith("\u2026")
    for length, is_shortened in ((34, False), (35, True)):
        (chart,) = parts(bar_chart("", [("n" * length, 1, "")]))
        assert ("\u2026" in bars(chart)[1][0]) == is_shortened


def test_a_plan_shows_its_models_or_the_alternatives_of_the_only_one():
    job = imgcost.Repeated(4000, 3000, 1000)
    table, chart = parts(imgcost.plan(job, models=["sonnet", "haiku"], as_of=DAY)._repr_html_())
    assert len(list(table.iter("tr"))) == 3
    assert bars(chart)[1] == ["claude-haiku-5-5", "$0.47", "claude-sonnet-5-5", "$9.49"]
    _, chart = parts(imgcost.plan(job, models="sonnet", as_of=DAY)._repr_html_())
    assert bars(chart)[1][::2] == ["claude-sonnet-5-5", "batch", "downscaled", "claude-haiku-5-5"]
    (table,) = parts(imgcost.plan([], models="haiku", as_of=DAY)._repr_html_())


def test_a_scan_shows_how_many_tokens_its_images_have():
    table, chart = parts(imgcost.summarize(SAMPLES, model="sonnet", as_of=DAY)._repr_html_())
    assert table.find("caption").text == "22 images"
    labels = bars(chart)[1]
    assert labels[0] == "1 to 598 tokens"
    assert sum(map(int, labels[1::2])) == 22


@pytest.mark.parametrize("name", ["a.png", "<b>\x1b.png"])
def test_a_check_shows_its_findings_by_rule(tmp_path, name):
    (tmp_path / name).write_bytes(png(8001, 28))
    (tmp_path / "c.png").write_bytes(png(8001, 28))
    findings = imgcost.check_images([tmp_path], as_of=DAY)
    table, chart = parts(findings._repr_html_())
    assert len(list(table.iter("tr"))) == 1 + len(findings)
    assert dict(zip(bars(chart)[1][::2], bars(chart)[1][1::2], strict=True))["image-edge"] == "2"
    assert len(parts(imgcost.check_images([], as_of=DAY)._repr_html_())) == 1
