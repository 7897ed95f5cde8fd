"""The HTML report without a browser: data, tables, charts and hostile names."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import re
import subprocess
import sys
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from command_line import without_files
from conftest import ROOT, SAMPLES, fewer_examples, png
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost.cli import main
from imgcost.errors import MissingExtraError
from imgcost.files import Image, Unreadable
from imgcost.plans import Scenario
from imgcost.quoting import comparable
from imgcost.reports.html import highlights as highlights_module
from imgcost.reports.html.charts import MAX_DOTS, _dots, size_chart, token_chart
from imgcost.reports.html.facts import assumptions
from imgcost.reports.html.highlights import BYTES_STEP, MAX_LISTED, Highlights, collect
from imgcost.reports.html.panel import panel_data
from imgcost.reports.html.rendering import Environment, FunctionLoader, _read, report_page, shortened
from imgcost.reports.jobs import report_job
from imgcost.reports.writers import open_scan
from imgcost.summaries import ScanSummary
from imgcost.tables import find_tier
from imgcost.text import Report, Table

DAY = date(2026, 11, 22)
SONNET, HAIKU = (quoted(name, as_of=DAY) for name in ("claude-sonnet-5-5", "claude-haiku-5-5"))
AREA = quoted("claude-3-sonnet", as_of=DAY)

HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    "</script><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "new\nline\r.png",
    "\x1b[2J.png",
    "gnp.\u202eexe",
    "caf\udce9.png",
    "{{ 7 * 7 }}{% raw %}",
    "$\\frac{1}{0}$",
    "日本\ufffe.png",
    "x" * 40_000,
    "",
]


def image(path="a.png", width=1000, height=1000, file_bytes=900, **fields):
    result = Image(path, "image/png", width, height, orientation=1, animated=False, file_bytes=file_bytes)
    return result._replace(**fields)


def written(path, *parts, quotes=(SONNET,)):
    """Write a report of a scan in parts, each a folder and its files."""
    with open_scan(str(path), quotes) as sink:
        summary = ScanSummary(quotes, (), sink.token_rules)
        for part in parts:
            summary.add([part])
            sink.writer.write(pickle.loads(pickle.dumps(sink.encode))([part]))
        sink.writer.finish(summary)
    return path.read_text(encoding="utf-8")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


class Seen(HTMLParser):
    """Collect tags with their attributes, and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.within = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.within.append(tag)

    def handle_endtag(self, tag):
        self.within.append(tag)

    def handle_data(self, data):
        if self.within[-1:] not in (["script"], ["style"]):
            self.text += data


def collected(files, quote=SONNET):
    tiers = [find_tier("high-resolution"), find_tier("standard")]
    return collect(quote.rule, tiers, quote.conditions, [("", files)])


# Collected data


@given(
    st.lists(
        st.tuples(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9_000_000), st.booleans()), max_size=40
    ),
    st.integers(1, 7),
)
@fewer_examples(percent=20)
def test_merged_parts_equal_the_whole(sizes, length):
    images = [
        image(f"{place}.png", width, height, size, duplicate_of="a" if duplicate else None)
        for place, (width, height, size, duplicate) in enumerate(sizes)
    ]
    whole, parts = collected(images), Highlights()
    for start in range(0, len(images), length):
        parts.merge(collected(images[start : start + length]))
    assert astuple(whole) == astuple(parts)


def test_highlights_are_rejected_costliest_and_downscaled_images():
    images = [
        image("a.png", 100, 100, 10),
        image("edge.png", 8001, 10),
        image("b.png", 2001, 10, 7_864_320),  # 10 MiB of base64, the limit
        image("heavy.png", 10, 10, 7_864_321),
        image("scan.tiff", 3000, 3000, media_type="image/tiff"),
        image("again.png", 4000, 4000, 10, duplicate_of="a.png"),
        Unreadable("d", "empty", "the file is empty"),
    ]
    highlights = collected(images)
    assert highlights.request_bytes == {1: 1, 10_485_760 // BYTES_STEP: 1}
    assert [(result.path, result.rule) for result in highlights.rejected] == [
        ("edge.png", "image-edge"),
        ("heavy.png", "image-bytes"),
        ("scan.tiff", "format"),
    ]
    assert [result.path for result in highlights.costliest[:2]] == ["scan.tiff", "edge.png"]
    assert [result.path for result in highlights.downscaled] == ["scan.tiff", "edge.png", "b.png"]
    assert sum(highlights.octaves.values()) == 5
    assert highlights.sizes == dict.fromkeys([(100, 100), (8001, 10), (2001, 10), (10, 10), (3000, 3000)], 1)


def test_a_scan_without_images_has_an_empty_collection():
    assert collected([]) == collected([Unreadable("d", "empty", "the file is empty")]) == Highlights()


# The data of the panel


def panel_of(quotes, *images):
    compared = comparable(quotes)
    summary = ScanSummary(quotes, compared)
    summary.add([("", list(images))])
    return panel_data(report_job(summary, compared, None), collected(list(images), quotes[0]), compared, quotes[0])


def test_images_are_summarized_as_histograms():
    data = panel_of([SONNET], image("a", 100, 100), image("b", 3000, 10), image("c", 100, 100), image("e", 8001, 99))
    assert data["start"]["count"] == 4
    assert data["tokens"][0] == [(184, 1), (92, 1), (16, 2)]
    assert data["first"] == [16, 16]
    assert data["longest_edge"] == 8001
    assert data["bytes"] == [(BYTES_STEP + 128, 3)]  # the size of a fitted image is unknown


def test_rates_are_whole_numbers_that_equal_the_quotes():
    data = panel_of([HAIKU, AREA])
    scale = Decimal(10) ** data["places"]
    haiku, area = data["models"][:2]
    rates = [[None if rate is None else rate / scale for rate in row] for row in haiku["rates"]["global"][0]]
    assert rates == [list(HAIKU.standard), list(HAIKU.long_context)]
    batch_in_us = quoted("claude-haiku-5-5", as_of=DAY, batch=True, inference_geo="us")
    assert [rate / scale for rate in haiku["rates"]["us"][1][0]] == list(batch_in_us.standard)
    assert (haiku["threshold"], haiku["max_images"], haiku["caches"]) == (
        100_000,
        HAIKU.max_images,
        ["none", "5m", "1h"],
    )
    assert (area["threshold"], area["caches"]) == (None, ["none"])
    assert len(area["rates"]["global"][0]) == 1
    assert area["rates"]["us"] == [None, None]
    assert (data["caches"], data["geos"], data["batch"]) == (["none", "5m", "1h"], ["global", "us"], True)


@pytest.mark.parametrize(
    ("conditions", "command"),
    [
        ({}, "imgcost plan PATH --as-of 2026-11-22"),
        (
            {"platform": "bedrock", "endpoint": "regional"},
            "imgcost plan PATH --platform bedrock --endpoint regional --as-of 2026-11-22",
        ),
        ({"speed": "fast"}, "imgcost plan PATH --fast --as-of 2026-11-22"),
    ],
)
def test_the_command_has_the_conditions_of_the_scan(conditions, command):
    quotes = [quoted("claude-opus-5-5", as_of=DAY, **conditions)]
    data = panel_of(quotes)
    assert f"imgcost plan {data['command']['images']}{data['command']['fixed']}" == command
    assert ("us" in data["geos"]) == (conditions.get("platform") != "bedrock")


@pytest.mark.parametrize("month", range(34))
def test_a_report_can_have_a_date_in_any_month(month):
    day = date(2024 + (month + 2) // 12, (month + 2) % 12 + 1, 28)
    data = panel_of([quoted("sonnet", as_of=day)], image())
    both = [kinds for model in data["models"] for kinds in model["rates"]["global"] if kinds]
    assert all(isinstance(rate, int) for kinds in both for row in kinds for rate in row[:2])


def test_without_known_limits_there_is_no_panel(tmp_path):
    quotes = [quoted("claude-3-haiku-20240307", as_of=date(2024, 12, 1), platform="bedrock")]
    assert panel_of(quotes, image()) is None
    page = written(tmp_path / "a.html", ("", [image()]), quotes=quotes)
    assert "<script" not in page
    assert "Run with them: <code>imgcost plan 1000x1000 --count 1 --model claude-3-haiku-20240307 " in page
    assert "$" in Seen(page).text


# Contents of the page


def test_the_samples_page_is_self_contained(tmp_path):
    result = CliRunner().invoke(main, ["scan", str(SAMPLES), "-o", str(tmp_path / "a.html"), "--as-of", "2026-11-22"])
    assert (result.exit_code, without_files(result.stderr)) == (0, "")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    parsed = Seen(page)
    assert not {"link", "iframe", "img", "object", "base"} & {tag for tag, _ in parsed.tags}
    assert not [name for _, attrs in parsed.tags for name in attrs if name in ("src", "style") or name.startswith("on")]
    references = [attrs["href"] for _, attrs in parsed.tags if "href" in attrs]
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pricing = "https://platform.claude.com/docs/en/about-claude/pricing"
    assert references == ["#main", "#main", pricing]
    assert re.findall(r"https?://[^\"]*", page) == [pricing]
    for words in (
        "Image costs with Claude: 22 images, 1.8 MB",
        "1 of 22 images would be rejected as it is: 1 TIFF. Totals include it ($0.0013 with claude-sonnet-5-5)",
        "TIFF is not supported",
        "Convert it to PNG or JPEG.",
        "2576x1449",
        "1456x819",
        "the JPEG ends before its frame header",
    ):
        assert words in parsed.text


def test_the_headline_has_the_totals_of_the_scan(tmp_path):
    arguments = ["scan", str(SAMPLES), "-f", "json", "-o", str(tmp_path / "a.html"), "--as-of", "2026-11-22"]
    scanned = json.loads(CliRunner().invoke(main, arguments).stdout)["models"][0]
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    exact = scanned["input_usd"]
    headline = f'<data value="{exact}" title="${exact}">'
    assert f'<dt>Images alone</dt><dd id="images-usd">{headline}' in page
    models = page[page.index('id="model-rows"') :]
    assert models.index("claude-sonnet-5-5") < models.index(headline) < models.index("claude-opus-5-5")
    assert f'<dt>Visual tokens</dt><dd id="visual">{scanned["tokens"]:,}</dd>' in page
    assert data_of(page)["start"]["count"] == 22


def test_the_policy_allows_only_the_styles_and_script_of_the_page(tmp_path):
    page = written(tmp_path / "a.html", ("", [image()]))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        [inner] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_the_same_scan_gives_the_same_page(tmp_path):
    parts = [("x", [image("x/a.png"), image("x/b.png", 3000, 20)]), ("y", [Unreadable("y/c", "empty", "empty")])]
    assert written(tmp_path / "a.html", *parts) == written(tmp_path / "b.html", *parts)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_everywhere(tmp_path, name):
    parts = [(f"folder {name}", [image(name, 8001, 3000), Unreadable(name, "damaged", f"reason {name}")])]
    page = written(tmp_path / "a.html", *parts)
    plain = written(tmp_path / "b.html", ("folder", [image("a", 8001, 3000), Unreadable("a", "damaged", "reason")]))
    assert [tag for tag, _ in Seen(page).tags] == [tag for tag, _ in Seen(plain).tags]
    assert [sorted(attrs) for _, attrs in Seen(page).tags] == [sorted(attrs) for _, attrs in Seen(plain).tags]
    assert shortened(name) in Seen(page).text
    assert len(page) < len(plain) + 4000
    assert not set(page) & set("\x1b\r\u202e\ufffe")


def test_a_long_name_shows_both_ends():
    assert shortened("abc" * 10, 30) == "abc" * 10
    assert shortened("a" * 9 + "b" * 22, 30) == "aaaaaaa…" + "b" * 22 + " (31 characters)"
    assert shortened("\n" * 130).endswith(r"\n\n (130 characters)")


def test_an_image_over_a_limit_is_listed_with_a_fix(tmp_path):
    text = Seen(
        written(tmp_path / "a.html", ("", [image("wide.png", 8001, 10), image("b.png", 10, 10, 9_000_000)]))
    ).text
    assert "8001x10 px: a side is longer than 8,000 px" in text
    assert "12,000,000 bytes as base64: the limit is 10,485,760" in text
    assert "2 of 2 images" in text
    assert "2 rejected images" in text
    assert "Not counted" not in text


def test_long_lists_are_truncated_with_a_count(tmp_path):
    wide = [image(f"{place}.png", 8001, 10 + place) for place in range(MAX_LISTED + 1)]
    text = Seen(written(tmp_path / "a.html", *((str(index), [file]) for index, file in enumerate(wide)))).text
    assert f"The most expensive {MAX_LISTED} of {MAX_LISTED + 1} images" in text
    assert f"The first {MAX_LISTED} of {MAX_LISTED + 1} rejected images" in text
    assert f"The most expensive 10 of {MAX_LISTED + 1} folders, each without its subfolders" in text


def test_a_section_without_content_is_left_out(tmp_path):
    empty = Seen(written(tmp_path / "a.html")).text
    assert "0 images, 0 bytes" in empty
    for title in ("Rejected images", "Tokens per image", "Image sizes", "Highest cost", "Downscaled images"):
        assert title not in empty
    small = Seen(written(tmp_path / "b.html", ("", [image("a.png", 10, 10)]))).text
    assert "Highest cost" in small
    assert "Downscaled images" not in small


def test_the_size_of_the_page_does_not_depend_on_the_number_of_images(tmp_path):
    few = [image(f"{place % 10}.png", 100 + place % 1000, 100) for place in range(2000)]
    sizes = [len(written(tmp_path / f"{times}.html", *[("", few)] * times)) for times in (1, 5)]
    assert sizes[1] < sizes[0] + 2000  # only numbers become longer


def test_duplicates_are_excluded_and_their_savings_shown(tmp_path):
    text = Seen(written(tmp_path / "a.html", ("", [image("a.png"), image("b.png", duplicate_of="a.png")]))).text
    assert "1 image, 900 bytes" in text
    assert "1 duplicate excluded, which saves 1,296 tokens ($0.0026 with claude-sonnet-5-5)." in text


def test_conditions_are_shown_and_a_cached_image_has_two_prices(tmp_path):
    quotes = (quoted("claude-sonnet-5-5", as_of=DAY, batch=True, cache="1h"),)
    page = written(tmp_path / "a.html", ("", [image()]), quotes=quotes)
    text = Seen(page).text.replace("\n", "")
    assert "Prompt cache1hMessage batchyesInference geoglobal" in text
    assert "Images as cache writes$0.0026" in text
    assert "Images as cache reads$0.000065" in text
    assert "<option selected>1h</option>" in page
    assert 'type="checkbox" checked' in page


def test_a_scan_that_fails_leaves_no_page(tmp_path):
    def scan():
        with open_scan(str(tmp_path / "a.html"), (SONNET,)) as sink:
            sink.writer.write(sink.encode([("", [image()])]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan()
    assert not (tmp_path / "a.html").exists()


# Assumptions


def facts_of(images, **scenario):
    """Return the assumptions of a page as a dictionary."""
    summary = ScanSummary([SONNET])
    summary.add([("", images)])
    selected = scenario.pop("selected", SONNET)
    listed = assumptions(summary, collected(images), Scenario((), selected.conditions, **scenario), selected)
    return {fact.label: fact.text for fact in listed}


def test_sizes_are_listed_or_counted(monkeypatch):
    images = [image(f"{edge}.png", edge, 2 * edge, 1000) for edge in (4, 3, 2, 1)]
    monkeypatch.setattr(highlights_module, "MAX_SIZES", 4)
    texts = [facts_of(some)["Images"] for some in ([], images[:1] * 2, images[:3], images, [*images, image()])]
    assert texts == [
        "0",
        "2 of 4x8 px; 2.0 kB",
        "3: 1 of 2x4, 1 of 3x6 and 1 of 4x8 px; 3.0 kB",
        "4 in 4 sizes, 1x2 to 4x8 px; 4.0 kB",
        "5 in more than 4,096 sizes; 4.9 kB",
    ]
    assert collected([*images, image()]).sizes is None
    parts = Highlights()
    for part in (images, [image()], images):
        parts.merge(collected(part))
    assert parts.sizes is None


def test_assumptions_have_every_setting():
    fast = quoted("claude-opus-5-5", as_of=DAY, speed="fast")
    facts = facts_of([image()], prompt_tokens=1, turns=3, images_per_request="auto", selected=fast)
    assert (facts["Prompt per request"], facts["Answer per request"]) == ("1 token", "none")
    assert (facts["Turns per conversation"], facts["Images per request"]) == ("3", "as many as fit")
    assert facts["Platform"] == "claude-api, fast mode"
    bedrock = quoted("claude-opus-5-5", as_of=DAY, platform="bedrock", endpoint="regional")
    facts = facts_of([image()], retry_rate=Decimal("0.020"), selected=bedrock)
    assert (facts["Retries"], facts["Message batch"]) == ("2%", "no")
    assert facts["Platform"] == "bedrock, regional endpoint"
    assert "Turns per conversation" not in facts


def test_a_plan_without_fixed_requests_has_no_panel():
    summary = ScanSummary([SONNET])
    summary.add([("", [image()])])
    job = report_job(summary, [SONNET], None)
    for scenario, has_panel in (({}, True), ({"turns": 2}, False), ({"images_per_request": "auto"}, False)):
        changed = job._replace(scenario=job.scenario._replace(**scenario))
        assert (panel_data(changed, collected([image()]), [SONNET], SONNET) is not None) == has_panel


def test_a_plan_lists_models_by_price_and_names_those_that_cannot_do_it(tmp_path):
    options = ["--prompt-tokens", "300000", "--retry-rate", "0.02", "--as-of", "2026-11-22", "-m", "opus"]
    result = CliRunner().invoke(main, ["plan", "4000x3000", *options, "-o", str(tmp_path / "a.html")])
    assert (result.exit_code, without_files(result.stderr)) == (0, "")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    models = page[page.index('id="model-rows"') :]
    assert page.index("Alternatives") < page.index(">Models<")
    assert models.index("claude-opus-5-5") < models.index("over a limit")
    data = data_of(page)
    assert data["command"] == {"images": "4000x3000", "fixed": " --as-of 2026-11-22"}
    assert (data["start"]["retry"], data["retry_places"]) == ("200", 4)
    units = [int(model["planned"]["units"][0]) for model in data["models"] if model["planned"]]
    assert units == sorted(units)
    assert data["models"][-1]["planned"] is None
    assert data["start"]["model"] == "claude-opus-5-5"
    assert data["sizes"] == [[4000, 3000, 1]]
    assert "Image costs with Claude: 1 image</h1>" in page


# Charts


def drawn(chart):
    environment = Environment(autoescape=True, loader=FunctionLoader(_read))
    source = "{% from 'chart.svg.j2' import draw %}{{ draw(chart) }}"
    return ET.fromstring(environment.from_string(source).render(chart=chart)).find("svg")


def test_a_histogram_has_a_bar_for_every_bin_with_images():
    summary = ScanSummary([SONNET])
    summary.add([("", [image(width=28 * n, height=28) for n in (1, 2, 299, 300)] + [image(width=9000, height=9000)])])
    svg = drawn(token_chart(summary, SONNET.rule))
    bars = [[float(element.get(name)) for name in ("x", "y", "width", "height")] for element in svg.iter("rect")]
    assert len(bars) == 2
    assert bars[0][3] == 4 * bars[1][3]
    text = [element.text for element in svg.iter("text")]
    assert text[:5] == ["0", "1,000", "2,000", "3,000", "4,000"]
    assert svg.find("desc").text == "Most often 1 to 299 tokens: 4 images."


def test_a_single_image_has_a_histogram():
    summary = ScanSummary([SONNET])
    summary.add([("", [image()])])
    assert [label for _, label in token_chart(summary, SONNET.rule).y_ticks] == ["0", "1"]


def test_many_sizes_are_grouped_into_few_dots():
    sizes = {(across, down): 2 for across in range(100) for down in range(100)}
    dots = _dots(sizes)
    assert len(dots) <= MAX_DOTS
    assert sum(dots.values()) == 20_000
    assert max(edge for size in dots for edge in size) == pytest.approx(2 ** (97.5 / 16))
    assert _dots({(160, 16): 1}) == {(1024.0, 2.0): 1}


def test_the_chart_of_sizes_shows_the_limit_of_a_tier():
    chart = size_chart({(160, 160): 1, (170, 170): 1_000_000}, [find_tier("standard")], "words & <more>")
    svg = drawn(chart)
    assert svg.find("desc").text == "words & <more>"
    assert svg.get("aria-labelledby") == "sizes-title sizes-text"
    (small, large) = chart.dots
    assert small[2] < large[2]
    [line] = chart.lines
    corners = [tuple(map(float, point.split())) for point in line.path.removeprefix("M").split("L")]
    position = {label: place for place, label in chart.x_ticks}
    right = max(x for x, _ in corners)
    assert position["1,000"] < right < position["1,000"] + (position["1,000"] - position["300"])  # 1,568 px
    assert {element.get("class") for element in svg.iter("path")} >= {"limit standard", "rule", "axis"}
    assert not re.search(r"style=|#", ET.tostring(svg, encoding="unicode"))


# Reports of other commands


def test_a_report_has_its_tables_with_bars_and_its_notes():
    tables = [Table("Ducks", ("name", ">count"), [("<Huey>", "1"), ("Dewey", "4")], [1, 4]), Table("Nothing", (), ())]
    page = report_page(Report({}, tables, ["All & here."]), "Ducks & drakes").decode()
    parsed = Seen(page)
    assert "<h1>Ducks &amp; drakes</h1>" in page
    assert [attrs["width"] for tag, attrs in parsed.tags if tag == "rect"] == ["25.0", "100.0"]
    assert "<Huey>" in parsed.text
    assert "All & here." in parsed.text
    assert "<script" not in page
    assert page.count("<caption>") == 2


# Errors


def test_a_missing_library_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for name in ("", ".page", ".rendering"):
        monkeypatch.delitem(sys.modules, f"imgcost.reports.html{name}", raising=False)
    with pytest.raises(MissingExtraError) as caught:
        written(tmp_path / "a.html")
    assert caught.value.extra == "report"
    assert not (tmp_path / "a.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("scan", str(SAMPLES)), ("estimate", "9x9"), ("plan", "9x9"), ("check", str(SAMPLES))]
)
@pytest.mark.parametrize("libraries", [["jinja2", "markupsafe"], ["jinja2", "markupsafe", "pyarrow", "xlsxwriter"]])
def test_without_the_extra_every_command_names_it(tmp_path, command, libraries):
    code = f"import sys; sys.modules |= dict.fromkeys({libraries})\nfrom imgcost.__main__ import run\nrun()"
    output = tmp_path / "a.html"
    ended = subprocess.run(
        [sys.executable, "-c", code, *command, "-o", str(output)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert (
        'needs the extra "report": pip install "imgcost[report]" (in a checkout: pip install ".[report]").'
        in ended.stderr
    )
    assert not output.exists()


def test_an_unwritable_file_is_an_error_before_the_scan(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1, 1))
    result = CliRunner().invoke(main, ["scan", str(tmp_path), "-o", str(tmp_path / "no" / "a.html")])
    assert result.exit_code == 2
