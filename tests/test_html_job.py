"""The page of a job in a browser: what it starts with, links to settings, CSV files, the chart, and small screens."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Opened, offline_browser, usd
from command_line import printed
from conftest import SAMPLES

from imgcost.reports.html import highlights

pytestmark = pytest.mark.slow  # a browser

DAY = ("--as-of", "2026-11-22")
PHOTOS = ("4000x3000", "--count", "200000", "--prompt-tokens", "400", "--output-tokens", "135", *DAY)

TEXTS = """() => {
  const elements = [...document.querySelectorAll("header *, main *")].filter((element) =>
    !element.closest("form, noscript, #share, #notes, script") && !element.children.length);
  return elements.map((element) => element.textContent.trim()).filter(Boolean);
}"""
CHART = """() => [...document.querySelectorAll("#model-chart li")].map((row) => [
  row.firstElementChild.textContent, row.lastElementChild.textContent,
  ...[...row.querySelectorAll("rect")].flatMap((part) => [part.className.baseVal,
    Number(part.getAttribute("x")), Number(part.getAttribute("width"))])])"""

TABLE = """() => [...document.querySelectorAll("#model-rows tr")].map(({ cells }) =>
  [cells[0].textContent, cells[1].textContent, cells[1].title])"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with offline_browser(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture(scope="module")
def photos(browser, tmp_path_factory):
    """The page of a plan of 200,000 photos."""
    opened = opened_plan(browser, tmp_path_factory.mktemp("page"), *PHOTOS, "-m", "sonnet")
    yield opened
    assert opened.requests == [opened.url]
    assert opened.logged == []


def opened_plan(browser, folder, *arguments):
    printed("plan", *arguments, "-o", folder / "plan.html")
    return Opened(browser, folder / "plan.html")


def planned(*arguments):
    """Return the plan of the first model as JSON."""
    return json.loads(printed("plan", *arguments, "-f", "json"))["models"][0]


def total(opened):
    return usd(opened.tab.locator("#exact").text_content())


def fill(opened, **settings):
    """Type settings, as a user does."""
    for name, value in settings.items():
        field = opened.tab.locator(f"#{name}")
        if name in ("model", "cache", "geo", "unit"):
            field.select_option(value)
        elif name == "batch":
            field.set_checked(value)
        else:
            field.fill(str(value))
            field.blur()


# What a page starts with


JOBS = [
    PHOTOS,
    (*PHOTOS, "--batch", "--prompt-cache", "1h", "--images-per-request", "3", "--inference-geo", "us"),
    (*PHOTOS, "--retry-rate", "0.0125", "--images-per-request", "2", "-m", "opus"),
    (*PHOTOS, "--platform", "bedrock", "--endpoint", "regional"),
    (str(SAMPLES), "--prompt-tokens", "97000", "-m", "haiku", *DAY),
    # Only a plan knows which of these images share a request.
    (str(SAMPLES), "1000x9000", "--images-per-request", "9", "--prompt-tokens", "90000", "-m", "haiku", *DAY),
]


@pytest.mark.parametrize("arguments", JOBS)
def test_the_page_starts_with_the_plan(browser, tmp_path, arguments):
    opened = opened_plan(browser, tmp_path, *arguments)
    plan = planned(*arguments)
    assert total(opened) == Decimal(plan["total_usd"])
    shown = [row.text_content() for row in opened.tab.locator("#class-rows td:nth-child(2)").all()]
    assert shown.pop() == ""  # retries
    classes = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
    assert shown == [f"{plan['tokens'][name]:,}" for name in classes]
    before = opened.tab.evaluate(TEXTS)
    fill(opened, prompt=123)
    fill(opened, prompt=opened.tab.locator("#prompt").get_attribute("value"))
    assert opened.tab.evaluate(TEXTS) == before
    assert opened.logged == []


@pytest.mark.parametrize("arguments", [JOBS[1], JOBS[2]])
def test_the_same_texts_without_javascript(browser, tmp_path, arguments):
    opened = opened_plan(browser, tmp_path, *arguments)
    static = browser.new_page()
    browser.new_cdp_session(static).send("Emulation.setScriptExecutionDisabled", {"value": True})
    static.goto(opened.url)
    browser.new_cdp_session(static).send("Emulation.setScriptExecutionDisabled", {"value": False})
    assert static.evaluate(TEXTS) == opened.tab.evaluate(TEXTS)
    for before, after in zip(static.evaluate(CHART), opened.tab.evaluate(CHART), strict=True):
        assert [part for part in before if isinstance(part, str)] == [part for part in after if isinstance(part, str)]
        numbers = ([part for part in row if not isinstance(part, str)] for row in (before, after))
        assert next(numbers) == pytest.approx(next(numbers), abs=0.01)


def test_all_assumptions_are_on_the_first_screen(photos):
    facts = photos.tab.locator("dl.facts")
    text = facts.evaluate(
        "(list) => [...list.children].map((fact) => [...fact.children].map((part) => part.innerText))"
    )
    assert dict(text) == {
        "Images": "200,000 of 4000x3000 px",
        "Model": "claude-sonnet-5-5",
        "Prompt per request": "400 tokens",
        "Answer per request": "135 tokens",
        "Images per request": "1",
        "Downscaled before sending": "no",
        "Prompt cache": "none",
        "Message batch": "no",
        "Inference geo": "global",
        "Retries": "0%",
        "Prices as of": "2026-11-22",
        "Platform": "claude-api",
    }
    for width, height in ((1280, 800), (390, 844)):
        photos.tab.set_viewport_size({"width": width, "height": height})
        for shown in (facts, photos.tab.locator("#total")):
            box = shown.bounding_box()
            assert box["y"] + box["height"] < height
    photos.tab.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("options", [("--turns", "3"), ("--images-per-request", "auto")])
def test_a_job_that_only_a_plan_can_calculate_has_no_panel(browser, tmp_path, options):
    arguments = ("1000x1000", "--count", "100", "--prompt-tokens", "50", *options, *DAY)
    opened = opened_plan(browser, tmp_path, *arguments)
    assert total(opened) == Decimal(planned(*arguments)["total_usd"])
    assert opened.tab.locator("form, script").count() == 0
    text = opened.tab.locator("body").inner_text()
    assert "This page cannot recalculate the job" in text
    assert ("Turns per conversation" in text) == ("--turns" in options)
    assert ("as many as fit" in text) == ("auto" in options)


def test_numbers_that_a_script_would_round_are_left_to_plan(browser, tmp_path):
    many = ("4000x3000", "--count", "1000000000000", *DAY)
    assert opened_plan(browser, tmp_path, *many, "--prompt-tokens", "5000").tab.locator("form").count() == 0
    opened = opened_plan(browser, tmp_path, *many)
    assert total(opened) == Decimal(planned(*many)["total_usd"])
    fill(opened, prompt=5000)
    assert opened.tab.locator("#exact").text_content().startswith("Too many tokens to count here; run: imgcost plan")


def test_a_page_with_too_many_sizes_does_not_downscale(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(highlights, "MAX_SIZES", 3)
    opened = opened_plan(browser, tmp_path, str(SAMPLES), *DAY)
    assert "22 in more than" in opened.tab.locator("dl.facts").inner_text()
    fill(opened, downscale=500)
    assert "too many different sizes" in opened.tab.locator("#exact").text_content()
    fill(opened, downscale="")
    assert total(opened) == Decimal(planned(str(SAMPLES), *DAY)["total_usd"])


# Changes


def test_downscaling_equals_the_alternative_of_the_plan(photos):
    fill(photos, downscale=500)
    alternative = planned(*PHOTOS, "--downscale-to", "500")["variants"]["downscaled"]
    assert total(photos) == Decimal(alternative["total_usd"])
    notes = photos.tab.locator("#notes").inner_text()
    assert "200,000 of 200,000 images smaller: 98,800,000 visual tokens instead of 948,000,000." in notes
    assert "to 500 tokens" in photos.tab.locator("dl.facts").inner_text()
    fill(photos, downscale=2000, unit="px")
    assert "to 2,000 px" in photos.tab.locator("dl.facts").inner_text()
    resized = ("2000x1500", *PHOTOS[1:])
    assert total(photos) == Decimal(planned(*resized)["total_usd"])
    assert photos.tab.locator("#downscaled").text_content() == "0"
    photos.tab.locator("#start").click()
    assert total(photos) == Decimal(planned(*PHOTOS)["total_usd"])
    assert photos.tab.locator("#downscaled").text_content() == "200,000"


def test_models_and_their_chart_are_sorted_by_price(photos):
    for settings in ({}, {"prompt": 150_000, "output": 1}, {"cache": "1h", "prompt": 5000, "batch": True}):
        photos.tab.locator("#start").click()
        fill(photos, **settings)
        chart = photos.tab.evaluate(CHART)
        table = photos.tab.evaluate(TABLE)
        assert [row[:2] for row in table] == [row[:2] for row in chart]
        prices = [usd(title) for _, shown, title in table if shown.startswith("$")]
        assert prices == sorted(prices)
        assert [row[1][0] == "$" for row in table] == [True] * len(prices) + [False] * (len(table) - len(prices))
        assert any("(by invitation)" in row[0] for row in chart)
        for row, price in zip(chart, prices, strict=False):
            _, _, _, zero, first, _, second, width, _, third, last = row
            assert (zero, second, third) == pytest.approx((0, first, first + width), abs=0.01)
            assert third + last == pytest.approx(float(100 * price / prices[-1]), abs=0.01)
            assert (last > 0) == ("cache" in settings)
    photos.tab.locator("#start").click()


def test_a_model_that_cannot_do_the_job_comes_last(browser, tmp_path):
    opened = opened_plan(browser, tmp_path, *PHOTOS[:3], "--prompt-tokens", "300000", *DAY)
    for name in ("#model-rows tr:last-child td", "#model-chart li:last-child .number"):
        assert opened.tab.locator(name).first.text_content() == "over a limit"


# Links


def link_of(opened):
    assert opened.tab.locator("#link").get_attribute("href") == f"#{urlsplit(opened.tab.url).fragment}"
    return opened.tab.url


def test_a_link_opens_the_same_scenario(browser, photos):
    settings = {"model": "claude-haiku-5-5", "prompt": 2500, "output": 7, "images": 2, "cache": "1h", "geo": "us"}
    fill(photos, **settings, batch=True, downscale=900, unit="px", count=7000, retry=2.5)
    fragment = parse_qs(urlsplit(link_of(photos)).fragment)
    shown = settings | {"batch": 1, "downscale": 900, "unit": "px", "count": 7000, "retry": 2.5}
    assert fragment == {name: [str(value)] for name, value in shown.items()}
    texts = photos.tab.evaluate(TEXTS)
    other = browser.new_page()
    other.goto(photos.tab.url)
    assert other.evaluate(TEXTS) == texts
    photos.tab.locator("#start").click()
    assert photos.tab.evaluate(TEXTS) != texts
    photos.tab.evaluate("(hash) => { location.hash = hash }", urlsplit(other.url).fragment)
    photos.tab.wait_for_function("document.getElementById('prompt').value === '2500'")
    assert photos.tab.evaluate(TEXTS) == texts
    photos.tab.locator("#start").click()


HOSTILE = [
    ("model=<img src=x onerror=alert(1)>", "model"),
    ("model=gpt-4o&prompt=7", "model=gpt-4o"),
    ("images=0", "images=0"),
    ("images=1e3", "images=1e3"),
    ("prompt=-1&output=99999999999999999999", "prompt=-1, output=9999"),
    ("cache=2h&geo=&batch=true", "cache=2h, geo=, batch=true"),
    ("downscale=0&unit=cm", "downscale=0, unit=cm"),
    ("prompt=7&prompt=8", "prompt=8"),
    ("__proto__=1&constructor=2&toString=3&a=1&b=2&c=3", "__proto__=1, constructor=2, toString=3, a=1, b=2."),
    ("%=%&=&%E0%A4%A=%F0", "%=%"),
    ("x=" + "y" * 10_000, "x=" + "y" * 58 + "."),
]


@pytest.mark.parametrize(("fragment", "words"), HOSTILE)
def test_what_a_link_cannot_set_is_listed_and_not_applied(browser, photos, fragment, words):
    opened = Opened(browser, photos.path, f"#{fragment}")
    note = opened.tab.locator("#notes li").first.text_content()
    assert note.startswith("Not applied from the link")
    assert words in note
    assert opened.tab.locator("#notes img").count() == 0
    expected = [*PHOTOS, *(["--prompt-tokens", "7"] if "prompt=7" in fragment else [])]
    assert total(opened) == Decimal(planned(*expected)["total_usd"])
    assert opened.logged == []
    fill(opened, prompt=9)
    assert "Not applied" not in opened.tab.locator("#notes").inner_text()


def test_a_link_to_a_section_changes_no_settings(photos):
    fill(photos, prompt=77)
    photos.tab.evaluate("() => { location.hash = '#models-head' }")
    photos.tab.wait_for_function("location.hash === '#models-head'")
    assert photos.tab.locator("#prompt").input_value() == "77"
    photos.tab.locator("#start").click()


# CSV


def downloaded(opened):
    with opened.tab.expect_download() as download:
        opened.tab.locator("#csv").click()
    assert download.value.suggested_filename == "image-costs.csv"
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))


def test_the_csv_file_has_what_is_shown(photos):
    fill(photos, prompt=2500, cache="1h", output=7)
    rows = downloaded(photos)
    shown = photos.tab.locator("#model-rows th").all_text_contents()
    assert [row["model"] for row in rows] == [name.removesuffix(" (by invitation)") for name in shown]
    for row in rows[:3]:
        options = ("--prompt-cache", "1h", "--prompt-tokens", "2500", "--output-tokens", "7", "-m", row["model"])
        plan = planned(*PHOTOS, *options)
        assert Decimal(row["total_usd"]) == Decimal(plan["total_usd"])
        assert Decimal(row["images_usd"]) == Decimal(plan["images_usd"])
        for name in ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read"):
            assert int(row[f"{name}_tokens"]) == plan["tokens"][name]
        assert (row["requests"], row["as_of"], row["prompt_cache"]) == ("200000", "2026-11-22", "1h")
        assert (row["batch"], row["downscale_to"], row["problem"]) == ("false", "", "")
    fill(photos, prompt=300_000)
    problems = {row["model"]: row["problem"] for row in downloaded(photos)}
    assert problems["claude-haiku-4-5-20251001"] == "Requests exceed the limit of 200,000 tokens, the context window."
    assert problems["claude-sonnet-5-5"] == ""
    fill(photos, prompt="")
    assert photos.tab.locator("#csv").is_disabled()
    photos.tab.locator("#start").click()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", '=a,"b"'])
def test_a_cell_of_the_csv_file_is_not_a_formula(browser, tmp_path, photos, name):
    text = photos.path.read_text(encoding="utf-8")
    path = tmp_path / "page.html"
    path.write_text(text.replace('{"id":"claude-haiku-5-5"', f'{{"id":{json.dumps(name)}'), encoding="utf-8")
    assert f"'{name}" in [row["model"] for row in downloaded(Opened(browser, path))]


# Small screens


@pytest.mark.parametrize("width", [320, 390, 700])
def test_a_phone_scrolls_tables_and_not_the_page(browser, tmp_path, width):
    opened = opened_plan(browser, tmp_path, str(SAMPLES), *PHOTOS[3:])
    opened.tab.set_viewport_size({"width": width, "height": 844})
    for details in opened.tab.locator("summary").all():
        details.click()
    assert opened.tab.evaluate("document.documentElement.scrollWidth") == width
    beyond = """(width) => [...document.querySelectorAll("body *")].filter((element) =>
      !element.closest(".scroll, figure, .skip, noscript")
      && element.getBoundingClientRect().right > width + 1).length"""
    assert opened.tab.evaluate(beyond, width) == 0
    for table in ("#model-rows", "section[aria-labelledby=costliest-head] tbody"):
        cell = opened.tab.locator(f"{table} td").first
        assert cell.text_content().startswith("$")
        box = cell.bounding_box()
        assert box["x"] + box["width"] <= width
    for control in opened.tab.locator("input:not([type=checkbox]), select, button, summary, label.choice, #link").all():
        if width < 640:
            assert control.bounding_box()["height"] >= 44


def test_print_shows_the_current_settings_without_the_form(photos):
    fill(photos, prompt=2500)
    photos.tab.emulate_media(media="print")
    assert not photos.tab.locator("form").is_visible()
    assert not photos.tab.locator("#share").is_visible()
    assert "2,500 tokens" in photos.tab.locator("dl.facts").inner_text()
    photos.tab.emulate_media(media="screen")
    photos.tab.locator("#start").click()


def test_the_fragment_is_no_request(photos):
    assert re.findall(r"https?:[^\"]*", photos.tab.content()) == [
        photos.tab.locator("main p a").last.get_attribute("href")
    ]
    assert photos.requests == [photos.url]
