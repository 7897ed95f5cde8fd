"""The page without a browser: what it adds up, says and draws, whatever names there are; and the report in Markdown."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT, SAMPLES, png
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost.cli import main
from imgcost.errors import MissingExtraError
from imgcost.files import Image, Unreadable
from imgcost.reports import encode, markdown, open_rows
from imgcost.reports.html.cells import LONGEST, Name, shortened
from imgcost.reports.html.charts import _dots, folder_chart, size_chart, token_bins
from imgcost.reports.html.gathering import LISTED, gather
from imgcost.reports.html.models import compare
from imgcost.reports.html.settings import settings
from imgcost.tables import find_tier

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
    found = Image(path, "image/png", width, height, orientation=1, animated=False, file_bytes=file_bytes)
    return found._replace(**fields)


def written(path, *parts, settled=(SONNET,)):
    """A page of parts of a scan, each a list of what was found in a folder."""
    with open_rows(str(path), path.suffix[1:], settled) as writer:
        for part in parts:
            writer.write(encode([part], settled, path.suffix[1:]))
    return path.read_text(encoding="utf-8")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


class Seen(HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

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


# What is added up


def test_the_models_are_those_asked_for_and_all_others_that_are_active():
    found = compare((HAIKU, SONNET))
    ids = [one.model.id for one in found]
    assert ids[:2] == ["claude-haiku-5-5", "claude-sonnet-5-5"]
    assert len(set(ids)) == len(ids)
    assert {"claude-opus-5-5", "claude-sonnet-4-6", "claude-mythos-5-2"} < set(ids)
    assert "claude-3-opus-20240229" not in ids  # retired
    assert {one.measure.tier.name for one in found} == {"standard", "high-resolution"}
    assert all(one.quote.as_of == DAY for one in found)


def test_what_a_model_is_not_offered_for_has_no_terms():
    found = {one.model.id: one.terms for one in compare((quoted("sonnet", as_of=DAY, inference_geo="us", batch=True),))}
    assert found["claude-opus-4-5-20251101"] is None
    assert found["claude-opus-5-5"].usd_per_mtok == Decimal("2.2")  # 4 * 0.5 * 1.1
    assert found["claude-opus-5-5"].conditions == ("batch", "inference in the US")


def test_a_formula_that_overrides_holds_for_every_model():
    found = compare((quoted("sonnet", as_of=DAY, formula="area"),))
    assert {one.measure.formula for one in found} == {one.quote.formula for one in found} == {"area"}
    assert {one.measure.formula for one in compare((SONNET, HAIKU))} == {"patch"}


@pytest.mark.parametrize("cache", ["none", "write-5m", "write-1h", "read"])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("geo", ["global", "us"])
def test_terms_like_others_have_all_their_conditions(cache, batch, geo):
    conditions = {"cache": cache, "batch": batch, "inference_geo": geo, "as_of": DAY}
    assert terms_like(quoted("opus", **conditions), "sonnet") == quoted("sonnet", **conditions)


@given(
    st.lists(
        st.tuples(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9_000_000), st.booleans()), max_size=40
    ),
    st.integers(1, 7),
)
def test_parts_merge_to_the_whole(sizes, length):
    images = [
        image(f"{place}.png", width, height, size, duplicate_of="a" if duplicate else None)
        for place, (width, height, size, duplicate) in enumerate(sizes)
    ]
    whole = gather([("", images)], [SONNET])
    parts = gather([], [SONNET])
    for start in range(0, len(images), length):
        parts.merge(gather([("", images[start : start + length])], [SONNET]))
    mine, theirs = (settings(found, compare((SONNET,)), DAY) for found in (whole, parts))
    assert mine == theirs
    for name in ("sizes", "findings", "rejected", "costliest", "downscaled"):
        assert getattr(whole, name) == getattr(parts, name)


def test_the_data_has_every_image_that_may_be_sent_in_order():
    images = [
        image("a.png", 100, 100, 10),
        image("edge.png", 8001, 10),
        image("b.png", 2001, 10, 7_864_320),  # 10 MiB of base64, the limit
        image("heavy.png", 10, 10, 7_864_321),
        image("again.png", 100, 100, 10, duplicate_of="a.png"),
        image("c.png", 2000, 2000, 3),
        Unreadable("d", "empty", "the file is empty"),
    ]
    found = gather([("", images)], [SONNET])
    data = settings(found, compare((SONNET,)), DAY)
    assert data["set_aside"] == found.rejected == 2
    assert np.frombuffer(base64.b64decode(data["base64_bytes"]), "<u4").tolist() == [16, 10_485_760, 4]
    assert np.unpackbits(np.frombuffer(base64.b64decode(data["large"]), "u1"), bitorder="little")[:3].tolist() == [
        0,
        1,
        0,
    ]
    columns = [np.frombuffer(base64.b64decode(text), "<u2").tolist() for text in data["tokens"]]
    assert columns == [[16, 72, 4761], [16, 56, 1521]]  # by high resolution, then by the standard tier
    assert [one.rule for one in found.findings] == ["image-edge", "image-bytes"]


def test_rates_and_factors_are_whole_numbers_that_say_what_the_tables_say():
    data = settings(gather([], [HAIKU, AREA]), compare((HAIKU, AREA)), DAY)
    rate, factor = (Decimal(10) ** data["places"][name] for name in ("rate", "factor"))
    haiku, area = data["models"][:2]
    rates = [[None if one is None else one / rate for one in row] for row in haiku["rates"]]
    assert rates[0] == [Decimal(text) for text in ("0.1", "0.5", "0.125", "0.2", "0.01")]
    assert rates[1][0] > rates[0][0]
    assert haiku["threshold"] == 100_000
    assert [[one / factor for one in haiku[name]] for name in ("batch", "us")] == [
        [Decimal("0.5")] * 2,
        [Decimal("1.1")] * 2,
    ]
    assert (area["threshold"], area["batch"], area["us"], area["rates"][0][2:]) == (None, None, None, [None] * 3)
    assert haiku["max_images"] in (100, 600)


@pytest.mark.parametrize("month", range(34))
def test_every_active_model_has_prices_on_every_day(month):
    day = date(2024 + (month + 2) // 12, (month + 2) % 12 + 1, 28)
    asked = (quoted("sonnet", as_of=day),)
    data = settings(gather([], asked), compare(asked), day)
    assert all(isinstance(rate, int) for one in data["models"] for row in one["rates"] for rate in row[:2])
    assert data["places"]["factor"] in (0, 1)


# What it shows


def test_the_samples_page_stands_on_its_own(tmp_path):
    result = CliRunner().invoke(main, ["scan", str(SAMPLES), "-o", str(tmp_path / "a.html"), "--as-of", "2026-11-22"])
    assert (result.exit_code, result.stderr) == (0, "")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    seen = Seen(page)
    assert not {"link", "iframe", "img", "object", "base"} & {tag for tag, _ in seen.tags}
    assert not [name for _, attrs in seen.tags for name in attrs if name in ("src", "style") or name.startswith("on")]
    hosts = set(re.findall(r"https?://[^\s\"'<]*", page))
    assert hosts <= {"http://www.w3.org/2000/svg"}
    references = [attrs["href"] for _, attrs in seen.tags if "href" in attrs]
    assert all(reference.startswith("#") for reference in references)
    ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {reference[1:] for reference in references} <= set(ids)
    assert {clip for _, attrs in seen.tags for clip in re.findall(r"#([\w-]+)", attrs.get("clip-path", ""))} <= set(ids)
    for words in (
        "21 images, 1.7 MB",
        "23,756",
        "16,796",
        "2576x1449",
        "1456x819",
        "the JPEG ends before its frame header",
    ):
        assert words in seen.text
    assert '<data value="0.047512" title="$0.047512">$0.048</data>' in page


def test_the_policy_lets_nothing_in_but_the_style_and_the_script_of_the_page(tmp_path):
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
def test_a_name_is_text_wherever_it_stands(tmp_path, name):
    parts = [(f"folder {name}", [image(name, 8001, 3000), Unreadable(name, "damaged", f"reason {name}")])]
    page = written(tmp_path / "a.html", *parts)
    plain = written(tmp_path / "b.html", ("folder", [image("a", 8001, 3000), Unreadable("a", "damaged", "reason")]))
    assert [tag for tag, _ in Seen(page).tags] == [tag for tag, _ in Seen(plain).tags]
    assert [sorted(attrs) for _, attrs in Seen(page).tags] == [sorted(attrs) for _, attrs in Seen(plain).tags]
    assert shortened(name, LONGEST) in Seen(page).text
    assert len(page) < len(plain) + 4000
    assert not set(page) & set("\x1b\r\u202e\ufffe")


def test_a_long_name_shows_both_ends():
    assert shortened("abc" * 10, 30) == "abc" * 10
    assert shortened("a" * 9 + "b" * 22, 30) == "aaaaaaa…" + "b" * 22 + " (31 characters)"
    assert Name.of("\n" * 130).path.endswith(r"\n\n (130 characters)")


def test_what_is_over_a_limit_is_told_with_what_to_do(tmp_path):
    text = Seen(
        written(tmp_path / "a.html", ("", [image("wide.png", 8001, 10), image("b.png", 10, 10, 9_000_000)]))
    ).text
    assert "8001x10 px: a side is longer than 8000 px" in text
    assert "12,000,000 bytes of base64, and the limit is 10,485,760" in text
    assert "Over a limit of the Claude API: 2 images" in text
    assert "Not counted" not in text


def test_long_lists_are_cut_and_say_so(tmp_path):
    broken = [Unreadable(f"{place}.png", "empty", "the file is empty") for place in range(LISTED + 1)]
    wide = [image(f"{place}.png", 8001, 10 + place) for place in range(LISTED + 1)]
    text = Seen(written(tmp_path / "a.html", ("", broken + wide))).text
    for title in ("Not counted", "Costliest images", "Over a limit of the Claude API"):
        assert f"{title}: {LISTED} of {LISTED + 1} " in text
    assert "Not counted, by reason" in text


def test_what_is_not_there_has_no_part(tmp_path):
    empty = Seen(written(tmp_path / "a.html")).text
    assert "0 images, 0 bytes" in empty
    for title in ("What would be rejected", "Tokens an image", "What costs most", "What is downscaled"):
        assert title not in empty
    small = Seen(written(tmp_path / "b.html", ("", [image("a.png", 10, 10)]))).text
    assert "What costs most" in small
    assert "What is downscaled" not in small


def test_duplicates_are_left_out_and_told(tmp_path):
    parts = ("", [image("a.png"), image("b.png", duplicate_of="a.png")])
    text = Seen(written(tmp_path / "a.html", parts)).text
    assert "1 image, 900 bytes" in text
    assert "1 duplicate left out: that saves $0.0026." in text


def test_conditions_are_told_and_what_is_not_offered(tmp_path):
    settled = (quoted("sonnet", as_of=DAY, inference_geo="us"),)
    text = Seen(written(tmp_path / "a.html", ("", [image()]), settled=settled)).text
    assert "(inference in the US)" in text
    assert "not offered" in text


# Charts


def test_bins_hold_every_image_and_end_where_the_images_do():
    found = gather([("", [image(width=28 * n, height=28) for n in range(1, 57)])], [SONNET])
    for measure, bins in token_bins(found.tally):
        assert sum(images for _, _, images in bins) == 56
        assert bins[0] == (1, 5, 5)
        assert bins[-1][1] >= 56 > bins[-1][0] - 1
        assert measure.formula == "patch"


def test_many_sizes_become_few_dots_and_none_is_lost():
    sizes = {(across, down): 2 for across in range(100) for down in range(100)}
    dots = _dots(sizes)
    assert len(dots) <= 1500
    assert sum(dots.values()) == 20_000
    assert max(edge for size in dots for edge in size) == pytest.approx(2 ** (97.5 / 16))
    assert _dots({(160, 16): 1}) == {(1024.0, 2.0): 1}


def test_a_chart_is_text_and_colours_of_the_page():
    svg = size_chart({(160, 160): 1, (170, 170): 1_000_000}, [find_tier("standard")], "words & <more>")
    root = ET.fromstring(svg)
    assert "one" in svg or "two" in svg
    assert not re.search(r"style=|#0000|DejaVu|metadata", svg)
    assert [one.text for one in root if one.tag in ("title", "desc")] == [
        "Widths and heights of the images",
        "words & <more>",
    ]
    texts = {one.text for one in root.iter("text")}
    assert {"limit of the standard tier", "10,000 images or more", "1 to 9 images", "1000", "width, px"} <= texts


def test_a_chart_shows_names_as_they_are():
    texts = {one.text for one in ET.fromstring(folder_chart([("$a_1$ <b>", 1, 9)], AREA)).iter("text")}
    assert "$a_1$ <b>" in texts


# Markdown


def test_markdown_has_the_summary_and_the_rows(tmp_path):
    name = "<b>|*\n.png"
    text = written(
        tmp_path / "a.md", ("f", [image(name), Unreadable("x", "empty", "the file is empty")]), settled=(AREA, SONNET)
    )
    assert text.startswith("### 1 image, 900 bytes: claude-3-sonnet-20240229")
    assert r"| &lt;b>\|\*\\n.png | 1000x1000 | claude-3-sonnet-20240229 | 1334 | $0.004 |" in text
    assert r"| &lt;b>\|\*\\n.png | 1000x1000 | claude-sonnet-5-5 | 1296 | $0.0026 |" in text
    assert "### Image by image" in text
    assert text.endswith("claude-3-sonnet-20240229 retired on 2025-07-21; its last price is used here.\n")


def test_markdown_lists_so_many_images_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(markdown, "MOST_ROWS", 3)
    text = written(tmp_path / "a.md", *[("", [image(f"{n}.png"), image(f"{n}b.png")]) for n in range(3)])
    assert "### The first 3 of 6 images" in text
    assert [line.split()[1] for line in text.splitlines() if ".png |" in line] == ["0.png", "0b.png", "1.png"]


def test_markdown_of_nothing_is_a_summary_alone(tmp_path):
    assert "Image by image" not in written(tmp_path / "a.md")


# Where things are missing


@pytest.mark.parametrize(("library", "room"), [("jinja2", "templates"), ("matplotlib", "drawing")])
def test_a_missing_library_is_an_error_that_names_the_extra(tmp_path, monkeypatch, library, room):
    monkeypatch.setitem(sys.modules, library, None)
    for name in ("writing", "templates", "sections", "charts", room):
        monkeypatch.delitem(sys.modules, f"imgcost.reports.html.{name}", raising=False)
    with pytest.raises(MissingExtraError) as caught:
        written(tmp_path / "a.html")
    assert caught.value.extra == "report"
    assert written(tmp_path / "a.md")


@pytest.mark.parametrize(
    "command", [("scan", str(SAMPLES)), ("estimate", "9x9"), ("plan", "9x9"), ("check", str(SAMPLES))]
)
@pytest.mark.parametrize(
    ("suffix", "libraries"),
    [
        ("html", ["jinja2", "markupsafe"]),
        ("html", ["jinja2", "markupsafe", "matplotlib", "pyarrow", "xlsxwriter"]),
        ("xlsx", ["jinja2", "markupsafe", "matplotlib", "pyarrow", "xlsxwriter"]),
        ("parquet", ["jinja2", "markupsafe", "matplotlib", "pyarrow", "xlsxwriter"]),
    ],
)
def test_where_no_extra_is_installed_every_command_names_it(tmp_path, command, suffix, libraries):
    code = f"import sys; sys.modules |= dict.fromkeys({libraries})\nfrom imgcost.__main__ import run\nrun()"
    output = tmp_path / f"a.{suffix}"
    ended = subprocess.run(
        [sys.executable, "-c", code, *command, "-o", str(output)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert " needs an extra: pip install 'imgcost[" in ended.stderr
    assert not output.exists()


def test_a_page_of_a_scan_needs_matplotlib_too_and_says_so_before_the_scan(tmp_path):
    code = "import sys; sys.modules['matplotlib'] = None\nfrom imgcost.__main__ import run\nrun()"
    command = [sys.executable, "-c", code, "scan", str(SAMPLES), "-o", str(tmp_path / "a.html")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert ended.returncode == 2
    assert "writing an HTML page needs an extra: pip install 'imgcost[report]'" in ended.stderr
    assert not (tmp_path / "a.html").exists()


def test_a_file_that_cannot_be_written_is_known_before_the_scan(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1, 1))
    result = CliRunner().invoke(main, ["scan", str(tmp_path), "-o", str(tmp_path / "no" / "a.html")])
    assert result.exit_code == 2


def test_gathering_needs_no_library_for_drawing():
    code = "import sys, imgcost.reports.html.gathering\nprint({'jinja2', 'matplotlib'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert ended.stdout == "set()\n"
