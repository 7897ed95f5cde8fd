"""The HTML report in a browser without a network: it fetches nothing, runs only our script, and equals `plan`."""

from __future__ import annotations

import os
import random
import struct
from datetime import date
from decimal import Decimal

import pytest
from browsing import Opened, offline_browser, usd
from command_line import printed
from conftest import SAMPLES, png
from quoting import quoted

from imgcost import Repeated, plan
from imgcost.errors import ImgcostError
from imgcost.files import Image, scan
from imgcost.geometry import fit_to_tokens
from imgcost.pipeline import Scan
from imgcost.quoting import comparable
from imgcost.reports.writers import open_scan
from imgcost.tables import find_model

pytestmark = pytest.mark.slow  # a browser

DAY = date(2026, 11, 22)


def tiff(width, height):
    """Build a TIFF up to its first directory."""
    entries = ((256, width), (257, height))
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4)


HOSTILE = "<img src=x onerror=alert(1)>.png"
NAMES = [
    HOSTILE,
    "</script><script>alert(2)<",
    '" onmouseover="alert(3)',
    "{{ 7 * 7 }}",
    "$a$",
    "gnp.\u202eexe",
    "日本",
]
if os.name == "posix":
    NAMES += ["new\nline", "\x1b[31m", os.fsdecode(b"caf\xe9"), "n" * 250]


def write(folder, path, names=("claude-sonnet-5-5", "claude-haiku-5-5"), **conditions):
    quotes = tuple(quoted(name, **{"as_of": DAY} | conditions) for name in names)
    with open_scan(str(path), quotes) as sink:
        Scan(quotes).run([folder], [sink])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small and large images, some over a limit alone and some together, and hostile names."""
    top = tmp_path_factory.mktemp("pictures")
    chance = random.Random(7)
    for number in range(300):
        width, height = (int(2 ** chance.uniform(3, 11.6)) for _ in range(2))
        (top / f"{number:03}.png").write_bytes(png(width, height))
    for number in (100, 103, 106, 109):  # almost at the limit of an image; four are over that of a request
        (top / f"{number}-heavy.png").write_bytes(png(1000, 1000))
        os.truncate(top / f"{number}-heavy.png", 7_500_000)
    (top / "too-heavy.png").write_bytes(png(1000, 1000))
    os.truncate(top / "too-heavy.png", 7_900_000)
    (top / "too-long.png").write_bytes(png(8001, 10))
    (top / "scan.tiff").write_bytes(tiff(1200, 900))
    for name in NAMES:
        (top / name.replace("/", "\u2215")).write_bytes(png(640, 480))
    (top / f"{HOSTILE}.txt").write_bytes(b"not an image")
    return top


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with offline_browser(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture(scope="module")
def page(browser, folder, tmp_path_factory):
    opened = Opened(browser, write(folder, tmp_path_factory.mktemp("page") / "report.html"))
    yield opened
    assert opened.requests == [opened.url]
    assert opened.logged == []


@pytest.fixture(scope="module")
def planned(folder):
    """A function that plans the same job with the library."""
    return planner(folder, [Repeated(file.width, file.height, 1) for file in scan(folder) if isinstance(file, Image)])


def planner(job, sizes):
    """Return a function that plans a job; `sizes` are those of its images, to downscale them."""

    def run(model, *, images=1, prompt=0, output=0, geo="global", downscale=0, unit="tokens", **conditions):
        scenario = {"prompt_tokens": prompt, "output_tokens": output, "images_per_request": images}
        options = {"inference_geo": geo, "as_of": DAY} | conditions
        sent = job
        if downscale:
            tier = quoted(model, as_of=options["as_of"]).tier
            resized = [downscaled_size(size.width, size.height, downscale, unit, tier) for size in sizes]
            sent = [Repeated(*new, size.count) for new, size in zip(resized, sizes, strict=True)]
        [model_plan] = plan(sent, models=model, **scenario, **options)
        return model_plan

    return run


def downscaled_size(width, height, most, unit, tier):
    """Return the size of an image that is downscaled to a number of tokens, or to a long edge in pixels."""
    if unit == "tokens":
        return fit_to_tokens(width, height, most, tier)
    long, short = max(width, height), min(width, height)
    if long <= most:
        return width, height
    short = max(round(most / (long / short)), 1)
    return (most, short) if width >= height else (short, most)


def compare_with_plan(page, planned, model, settings, **conditions):
    """Compare the panel with a plan, and return the plan; None if the panel shows no number."""
    shown = page.set(model=model, **settings)
    if shown["total"] == "No price":
        if "run: imgcost plan" not in shown["exact"]:
            with pytest.raises(ImgcostError):
                planned(model, **settings, **conditions)
        return None
    model_plan = planned(model, **settings, **conditions)
    assert shown["exact"].startswith("Exactly $"), shown
    assert usd(shown["exact"]) == model_plan.total_usd
    assert [int(cell.replace(",", "")) for cell in shown["classes"]] == list(model_plan.tokens)
    images = f"{model_plan.images:,} image{'' if model_plan.images == 1 else 's'}"
    requests = f"{model_plan.requests:,} request{'' if model_plan.requests == 1 else 's'}"
    assert shown["requests"] == f"{images} in {requests} to {model}"
    return model_plan


def test_a_page_makes_no_requests_and_logs_no_errors(page):
    assert page.requests == [page.url]
    assert page.logged == []
    assert page.tab.locator("#settings").is_visible()


CHOSEN = [
    ("claude-sonnet-5-5", {}),
    ("claude-sonnet-4-6", {}),
    ("claude-opus-4-5-20251101", {"images": 3, "prompt": 1234, "output": 321}),
    ("claude-opus-5-5", {"images": 3, "output": 1000, "batch": True}),
    ("claude-haiku-5-5", {"images": 3, "prompt": 50_000, "output": 10}),
    ("claude-haiku-5-5", {"images": 3, "prompt": 100_000, "output": 10}),
    ("claude-haiku-5-5", {"prompt": 98_000}),
    ("claude-haiku-5-5", {"prompt": 99_000, "output": 1, "cache": "5m", "batch": True}),
    ("claude-haiku-5-5", {"prompt": 100_001, "cache": "1h", "geo": "us"}),
    ("claude-sonnet-5-5", {"prompt": 511, "cache": "5m"}),
    ("claude-sonnet-5-5", {"prompt": 5000, "cache": "5m", "geo": "us"}),
    ("claude-sonnet-4-6", {"prompt": 5000, "cache": "1h", "batch": True, "geo": "us"}),
    ("claude-mythos-5", {"prompt": 4096, "cache": "1h", "images": 2}),
    ("claude-haiku-4-5-20251001", {"images": 3, "prompt": 4095, "cache": "1h"}),
    ("claude-haiku-4-5-20251001", {"images": 3, "prompt": 4096, "cache": "1h"}),
    ("claude-sonnet-5-5", {"downscale": 500}),
    ("claude-sonnet-4-6", {"downscale": 1000, "unit": "px", "prompt": 2000, "cache": "5m"}),
    ("claude-sonnet-4-6", {"downscale": 1, "images": 3, "output": 7}),
    ("claude-haiku-5-5", {"downscale": 300, "prompt": 99_800, "cache": "1h", "batch": True}),
    ("claude-opus-5-5", {"downscale": 9_999_999, "unit": "px"}),
]


@pytest.mark.parametrize(("model", "settings"), CHOSEN)
def test_the_panel_equals_plan(page, planned, model, settings):
    assert compare_with_plan(page, planned, model, settings)


def test_the_panel_equals_plan_if_some_images_cross_the_threshold(page, planned):
    model_plan = compare_with_plan(page, planned, "claude-haiku-5-5", {"prompt": 98_000})
    assert 0 < model_plan.long_context_requests < model_plan.requests
    notes = page.set(model="claude-haiku-5-5", prompt=98_000)["notes"]
    assert f"{model_plan.long_context_requests} requests with more than 100,000 prompt tokens" in notes
    assert f"adds ${model_plan.surcharge_usd.normalize():f}." in notes


def random_settings(chance, model):
    least = find_model(model).min_cacheable_tokens or 1024
    return {
        "images": chance.choice([1, 1, 2, 3, 5, 20, 21, 600, 10_000_000]),
        "prompt": chance.choice([0, 1, least - 1, least, chance.randrange(200_000), 99_000]),
        "output": chance.choice([0, 1, 500, 20_000]),
        "cache": chance.choice(["none", "5m", "1h"]),
        "geo": chance.choice(["global", "us"]),
        "batch": chance.random() < 0.5,
        "downscale": chance.choice(["", "", 1, chance.randrange(1, 2000), chance.randrange(1, 6000)]),
        "unit": chance.choice(["tokens", "px"]),
    }


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"platform": "bedrock", "endpoint": "regional"},
        {"platform": "google-cloud", "endpoint": "global"},
        {"platform": "foundry"},
        {"speed": "fast"},
    ],
)
def test_the_panel_equals_plan_on_random_settings(browser, folder, tmp_path, planned, conditions):
    selected = "claude-opus-5-5"
    opened = Opened(browser, write(folder, tmp_path / "report.html", (selected,), **conditions))
    names = [quote.model.id for quote in comparable([quoted(selected, as_of=DAY, **conditions)])]
    chance = random.Random(40)
    prices = 0
    for _ in range(16):
        model = chance.choice(names)
        settings = random_settings(chance, model)
        fields = opened.tab.evaluate("[...document.querySelectorAll('#settings [name]')].map(element => element.name)")
        settings = {name: value for name, value in settings.items() if name in fields and value != ""}
        prices += compare_with_plan(opened, planned, model, settings, **conditions) is not None
    assert prices > 3
    assert opened.logged == []


def test_the_first_image_of_a_table_writes_the_cache(browser, tmp_path):
    table = tmp_path / "sizes.csv"
    table.write_text("width,height,count\n4000,3000,5\n640,480,7\n", encoding="utf-8")
    printed("plan", table, "--as-of", DAY, "-o", tmp_path / "report.html")
    sizes = [Repeated(4000, 3000, 5), Repeated(640, 480, 7)]
    settings = {"prompt": 97_000, "cache": "1h", "output": 1}  # only the large images exceed the threshold
    opened = Opened(browser, tmp_path / "report.html")
    model_plan = compare_with_plan(opened, planner(sizes, sizes), "claude-haiku-5-5", settings)
    assert model_plan.long_context_requests == 5


@pytest.mark.parametrize("retry_rate", ["0", "0.02"])
def test_the_page_of_a_plan_equals_plan_on_40_random_settings(browser, tmp_path, retry_rate):
    sizes = [Repeated(4000, 3000, 120_000), Repeated(640, 480, 7), Repeated(1080, 2400, 80_000)]
    table = tmp_path / "sizes.csv"
    rows = [f"{size.width},{size.height},{size.count}\n" for size in sizes]
    table.write_text("width,height,count\n" + "".join(rows), encoding="utf-8")
    options = ("--as-of", DAY, "--retry-rate", retry_rate, "--prompt-tokens", 600, "--output-tokens", 90)
    printed("plan", table, *options, "-o", tmp_path / "report.html")
    opened = Opened(browser, tmp_path / "report.html")
    names = [quote.model.id for quote in comparable([quoted("sonnet", as_of=DAY)])]
    chance = random.Random(17)
    planned, prices = planner(sizes, sizes), 0
    for _ in range(40):
        model = chance.choice(names)
        settings = {name: value for name, value in random_settings(chance, model).items() if value != ""}
        prices += compare_with_plan(opened, planned, model, settings, retry_rate=retry_rate) is not None
    assert prices > 20
    assert opened.logged == []


def apportioned(sizes, total):
    """Return as many images in the same proportions: rounded down, then the largest remainders up, the first first."""
    every = sum(size.count for size in sizes)
    counts = [size.count * total // every for size in sizes]
    order = sorted(range(len(sizes)), key=lambda place: (-(sizes[place].count * total % every), place))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return [Repeated(size.width, size.height, count) for size, count in zip(sizes, counts, strict=True) if count]


@pytest.mark.parametrize(
    "sizes",
    [
        [Repeated(4000, 3000, 200_000)],
        [Repeated(4000, 3000, 3), Repeated(640, 480, 1), Repeated(1080, 2400, 3)],
        [Repeated(number, 2 * number, number) for number in range(100, 3000, 77)],
    ],
)
def test_another_number_of_images_and_of_retries_equals_plan(browser, tmp_path, sizes):
    table = tmp_path / "sizes.csv"
    rows = [f"{size.width},{size.height},{size.count}\n" for size in sizes]
    table.write_text("width,height,count\n" + "".join(rows), encoding="utf-8")
    printed("plan", table, "--as-of", DAY, "--prompt-tokens", 600, "-o", tmp_path / "report.html")
    opened = Opened(browser, tmp_path / "report.html")
    names = [quote.model.id for quote in comparable([quoted("sonnet", as_of=DAY)])]
    chance, prices = random.Random(3), 0
    for _ in range(30):
        model = chance.choice(names)
        settings = {name: value for name, value in random_settings(chance, model).items() if value != ""}
        count, rate = chance.choice([1, 2, 5, 999, 70_001, 12_345_678]), chance.choice(["0", "0.02", "0.1234", "1"])
        mine = apportioned(sizes, count)
        opened.set(count=count, retry=f"{Decimal(rate) * 100:f}")
        prices += compare_with_plan(opened, planner(mine, mine), model, settings, retry_rate=rate) is not None
    assert prices > 15
    assert opened.logged == []


def test_what_another_number_of_images_does_not_change_is_marked(browser, tmp_path):
    printed("plan", "9000x3000", "--count", 70, "--as-of", DAY, "--output-tokens", 9, "-o", tmp_path / "report.html")
    opened = Opened(browser, tmp_path / "report.html")
    marked = opened.tab.locator("#alternatives-changed")
    assert not marked.is_visible()
    assert opened.tab.locator("#rejected-count").text_content() == "70"
    opened.set(count=7000, output=9)
    assert marked.is_visible()
    assert opened.tab.locator("h1").text_content() == "Image costs with Claude: 7,000 images"
    assert opened.tab.locator("dl.facts dd").first.text_content() == "7,000 of 9000x3000 px"
    assert opened.tab.locator("#rejected-count").text_content() == "\N{EN DASH}"
    shown = opened.set(count=7000, output=9, images=21)
    limit = "Requests exceed the limit of 20 images with an edge over 2,000 px."
    assert shown["exact"] == f"{limit} Use 20 or fewer, or downscale to 2,000 px."
    opened.tab.locator("#start").click()
    assert not marked.is_visible()
    assert opened.tab.locator("h1").text_content() == "Image costs with Claude: 70 images"
    assert opened.tab.locator("#rejected-count").text_content() == "70"


@pytest.mark.parametrize("images", [2, 5, 7, 20, 22, 100])
def test_the_panel_equals_plan_for_many_images_per_request(browser, tmp_path, images):
    opened = Opened(browser, write(SAMPLES, tmp_path / "report.html"))
    shown = opened.set(model="claude-sonnet-5-5", images=images, prompt=5000, output=9, cache="1h")
    try:
        [model_plan] = plan(
            SAMPLES,
            models="claude-sonnet-5-5",
            images_per_request=images,
            prompt_tokens=5000,
            output_tokens=9,
            cache="1h",
            as_of=DAY,
        )
    except ImgcostError:
        assert images > 20  # with an edge over 2,000 px
        limit = "Requests exceed the limit of 20 images with an edge over 2,000 px."
        assert shown["exact"] == f"{limit} Use 20 or fewer, or downscale to 2,000 px."
    else:
        assert usd(shown["exact"]) == model_plan.total_usd


def test_the_panel_shows_a_number_exactly_if_plan_has_one(page, planned):
    """With one image per request."""
    for prompt in (0, 97_000, 99_990, 199_000, 999_000):
        for model in ("claude-haiku-5-5", "claude-haiku-4-5-20251001", "claude-opus-5-5"):
            shown = page.set(model=model, prompt=prompt)
            assert "run:" not in shown["exact"]
            compare_with_plan(page, planned, model, {"prompt": prompt})


@pytest.mark.parametrize(
    ("day", "model", "settings"),
    [
        (date(2024, 4, 1), "claude-3-haiku-20240307", {}),  # area formula, tokens on top of a request, no cache
        (date(2024, 4, 1), "claude-3-haiku-20240307", {"images": 3, "prompt": 2048, "output": 9}),
        (date(2025, 10, 1), "claude-sonnet-4-20250514", {"prompt": 198_000, "output": 77}),
        (date(2025, 10, 1), "claude-sonnet-4-20250514", {"prompt": 198_000, "cache": "1h", "batch": True}),
    ],
)
def test_the_panel_equals_plan_on_other_dates(browser, folder, tmp_path, planned, day, model, settings):
    opened = Opened(browser, write(folder, tmp_path / "report.html", (model,), as_of=day))
    assert compare_with_plan(opened, planned, model, settings, as_of=day)
    assert opened.logged == []


def test_unavailable_options_have_no_field(browser, folder, tmp_path):
    fields = "[...document.querySelectorAll('#settings [name]')].map(element => element.name)"
    early = Opened(browser, write(folder, tmp_path / "a.html", ("claude-3-haiku-20240307",), as_of=date(2024, 4, 1)))
    assert early.tab.evaluate(fields) == [
        *("model", "count", "prompt", "output", "images", "downscale", "unit", "retry")
    ]
    bedrock = Opened(browser, write(folder, tmp_path / "b.html", ("claude-opus-5-5",), platform="bedrock"))
    assert "geo" not in bedrock.tab.evaluate(fields)


def test_the_panel_starts_with_the_conditions_of_the_scan(browser, folder, tmp_path, planned):
    sent = {"batch": True, "inference_geo": "us", "cache": "1h"}
    opened = Opened(browser, write(folder, tmp_path / "report.html", ("claude-opus-5-5",), **sent))
    text = opened.tab.locator("#exact").text_content()
    model_plan = planned("claude-opus-5-5", batch=True, geo="us", cache="1h")
    assert usd(text) == model_plan.total_usd


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        ("claude-haiku-4-5-20251001", {"images": 101}, "Requests exceed the limit of 100 images."),
        ("claude-haiku-4-5-20251001", {"prompt": 200_000}, "exceed the limit of 200,000 tokens, the context window."),
        ("claude-opus-4-5-20251101", {"geo": "us"}, "Not offered with these settings."),
        (
            "claude-opus-5-5",
            {"images": 21},
            "may exceed 20 images with an edge over 2,000 px; run: imgcost plan PATH --model",
        ),
        ("claude-opus-5-5", {"images": 9}, "may exceed 33,554,432 bytes; run: "),
        (
            "claude-haiku-5-5",
            {"images": 3, "prompt": 98_000, "output": 7, "cache": "5m", "batch": True, "geo": "us"},
            "--prompt-tokens 98000 --output-tokens 7 --prompt-cache 5m --inference-geo us --batch",
        ),
    ],
)
def test_the_panel_explains_a_missing_number(page, planned, model, settings, words):
    assert compare_with_plan(page, planned, model, settings) is None
    assert words in page.set(model=model, **settings)["exact"]


def test_an_invalid_number_is_an_error(page):
    shown = page.set(images="")
    assert shown["total"] == "No price"
    assert shown["exact"].startswith("Images per request: ")
    assert page.tab.locator("#model-rows tr td:nth-child(2)").first.text_content() == "\N{EN DASH}"
    assert page.set(images="1.5")["total"] == page.set(prompt=-1)["total"] == "No price"
    assert page.set()["total"].startswith("$")


def test_the_table_of_models_follows_the_panel(page, planned):
    page.set(images=2, prompt=7, output=3)
    for row in page.tab.locator("#model-rows tr").all():
        model = row.locator("th").text_content().removesuffix(" (by invitation)")
        exact = row.locator("td:nth-child(2)").get_attribute("title")
        assert usd(exact) == planned(model, images=2, prompt=7, output=3).total_usd
        assert ("chosen" in (row.get_attribute("class") or "")) == (model == "claude-sonnet-5-5")


def test_hostile_names_are_text(page):
    assert page.tab.locator("main img, [onerror], [onmouseover]").count() == 0
    text = page.tab.locator("main").text_content()
    assert HOSTILE in text
    assert "{{ 7 * 7 }}" not in text or "49" not in text
    assert "\u202e" not in page.tab.content()


def test_every_field_has_a_label_and_headings_do_not_skip(page):
    fields = page.tab.evaluate("[...document.querySelectorAll('input, select')].map(element => element.labels.length)")
    assert fields == [1] * 11
    levels = page.tab.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(element => Number(element.tagName[1]))"
    )
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    for query in ("header", "main", "footer", "html[lang=en]", "[aria-live=polite]", "a[href='#main']"):
        assert page.tab.locator(query).count() == 1, query
    tables = "[...document.querySelectorAll('table')].map(element => [element.caption?.textContent.length > 0, "
    tables += "element.querySelectorAll('thead th:not([scope=col]), tbody th:not([scope=row])').length])"
    assert all(caption_and_headers == [True, 0] for caption_and_headers in page.tab.evaluate(tables))
    drawn = (
        "[...document.querySelectorAll('svg:not([aria-hidden=true])')].map(element => [element.getAttribute('role'), "
    )
    drawn += "...element.getAttribute('aria-labelledby').split(' ')"
    drawn += ".map(id => document.getElementById(id).textContent.length > 9)])"
    assert page.tab.evaluate(drawn) == [["img", True, True]] * 3
    ids = page.tab.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_the_keyboard_reaches_every_field(page):
    page.tab.locator("body").focus()
    page.tab.evaluate("document.activeElement.blur()")
    focused = set()
    for _ in range(20):
        page.tab.keyboard.press("Tab")
        focused.add(page.tab.evaluate("document.activeElement.id"))
    assert {"model", "images", "prompt", "output", "cache", "geo", "batch"} <= focused


RATIOS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    [...element.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
    && element.getClientRects().length);
  return texts.map((element) => {
    const style = getComputedStyle(element);
    const ink = element.closest("svg") && element.localName === "text" ? style.fill : style.color;
    const shades = [ink, behind(element)].map(light).sort();
    return (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(page, scheme):
    page.tab.emulate_media(color_scheme=scheme)
    ratios = page.tab.evaluate(RATIOS)
    page.tab.emulate_media(color_scheme="light")
    assert len(ratios) > 100
    assert min(ratios) >= 4.5


def test_without_javascript_only_the_panel_is_missing(browser, folder, tmp_path):
    path = write(folder, tmp_path / "report.html")
    tab = browser.new_page()
    browser.new_cdp_session(tab).send("Emulation.setScriptExecutionDisabled", {"value": True})
    tab.goto(path.as_uri())
    assert not tab.locator("#settings").is_visible()
    assert tab.locator("noscript").is_visible()
    assert tab.locator("#model-rows tr").count() > 10
    for shown in ("#total", "#class-rows td:last-child", "#model-rows td:nth-child(2)", "#model-chart .number"):
        assert tab.locator(shown).first.text_content().startswith("$")


def test_other_scripts_do_not_run(browser, tmp_path):
    path = write(SAMPLES, tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    attack = (
        "<script>document.title = 'taken'</script><img src='http://images.example/x.png' onerror='document.title = 1'>"
    )
    path.write_text(text.replace("<footer>", f"<footer>{attack}"), encoding="utf-8")
    opened = Opened(browser, path)
    assert "taken" not in opened.tab.title()
    assert opened.tab.title().startswith("Image costs with Claude: 22 images")
    assert opened.requests == [opened.url]


def test_a_page_without_images_has_no_errors(browser, tmp_path):
    (tmp_path / "nothing").mkdir()
    opened = Opened(browser, write(tmp_path / "nothing", tmp_path / "report.html"))
    assert opened.logged == []
    assert opened.tab.locator("h1").text_content() == "Image costs with Claude: 0 images, 0 bytes"
    assert opened.set()["exact"] == "Exactly $0"
