"""Printed reports: aligned text, escaped Markdown, JSON, dollars and hostile names."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from command_line import run
from conftest import SAMPLES, golden
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost.estimates import estimate_with
from imgcost.figures import dollars, number
from imgcost.preflight import Findings, TurnCost
from imgcost.rules import find_rule, rules
from imgcost.tables import advice_on, find_model, find_tier, limits_on, models, platforms, prices_read
from imgcost.text import Report, Table, as_json, as_markdown, as_text, visible
from imgcost.text.catalogs import largest_report, model_report, models_report
from imgcost.text.estimates import estimate_report
from imgcost.text.findings import findings_report
from imgcost.text.limits import limit_in_words, limit_since
from imgcost.text.notes import Note, sentences
from imgcost.text.quotes import quote_notes, quote_title
from imgcost.text.rules import rule_report

DAY = date(2026, 11, 22)


def report(*rows, title="", columns=("name", ">count"), notes=()):
    return Report({}, [Table(title, columns, rows)], notes)


# Text


def test_columns_are_aligned_and_lines_have_no_trailing_space():
    text = as_text(report(("a", "1"), ("longer", "1000"), ("", "")))
    assert text.split("\n") == ["name    count", "a           1", "longer   1000", ""]


def test_a_title_is_above_an_indented_table():
    assert as_text(report(("a", "1"), title="Title")).split("\n") == ["Title", "  name  count", "  a         1"]


def test_tables_and_notes_are_separated():
    table = Table("", ("x",), [("1",)])
    assert as_text(Report({}, [table, table], ["One.", "Two."])) == "x\n1\n\nx\n1\n\nOne.\nTwo."
    assert as_text(Report({}, [], ["One."])) == "One."
    assert as_text(Report({}, [table])) == "x\n1"


def test_a_table_without_rows_shows_its_heads():
    assert as_text(report()) == "name  count"


def test_a_row_with_a_missing_cell_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        as_text(report(("a",), ("b", "2")))


def columns_of(line):
    """Count the columns of a line in a terminal, by its Unicode properties."""
    marks = {"Mn", "Me"}
    return sum(
        0 if unicodedata.category(c) in marks else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
    )


def test_wide_and_combining_characters_keep_the_columns():
    rows = [
        ("日本語", "1"),
        ("cafe\u0301", "22"),
        ("\uff46\uff55\uff4c\uff4c", "333"),
        ("plain", "4444"),
        ("한국", "5"),
    ]
    lines = as_text(report(*rows)).split("\n")
    assert {columns_of(line) for line in lines} == {8 + 2 + 5}
    assert lines[1] == "日本語        1"
    assert lines[2] == "cafe\u0301         22"


# Markdown


def test_markdown_has_a_heading_a_rule_with_alignment_and_notes():
    assert as_markdown(report(("a", "1"), title="Title", notes=["One.", "Two."])).split("\n") == [
        "## Title",
        "",
        "| name | count |",
        "|---|---:|",
        "| a | 1 |",
        "",
        "One.",
        "",
        "Two.",
    ]
    assert as_markdown(report(("a", "1"))).startswith("| name | count |")


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("a\\b", r"a\\b"),
        ("a\\|b", r"a\\\|b"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("[link](https://example.com)", r"\[link\](https://example.com)"),
        ("![image](x)", r"!\[image\](x)"),
        ("*bold* _italic_ ~~gone~~ `code`", r"\*bold\* \_italic\_ \~\~gone\~\~ \`code\`"),
        ("plain-name (1).png", "plain-name (1).png"),
        ("@octocat.png", "@<!-- -->octocat.png"),
        ("@2x #", "@<!-- -->2x #"),
        ("#1 a/b#23", "#<!-- -->1 a/b#<!-- -->23"),
        ("GH-4 gh-5 g-6", "GH-<!-- -->4 gh-<!-- -->5 g-6"),
        ("a@ b#c", "a@ b#c"),
    ],
)
def test_markup_in_names_is_escaped(name, escaped):
    for place in (
        report((name, "1"), columns=("name", "n")),
        report(title=name),
        report(columns=(name, "n")),
        report(notes=[name]),
    ):
        assert escaped in as_markdown(place)
    assert as_markdown(report((name, "1"))).split("\n")[2] == f"| {escaped} | 1 |"


@given(st.text(st.sampled_from("ab|\\`*_[]~<&"), max_size=12))
def test_every_cell_of_markdown_can_be_read_back(name):
    """Cells end at a pipe without a backslash."""
    row = as_markdown(report((name, "1"))).split("\n")[2]
    cells, cell, characters = [], "", iter(row)
    for character in characters:
        if character == "|":
            cells.append(cell)
            cell = ""
        else:
            cell += next(characters) if character == "\\" else character
    assert [cell.replace("&lt;", "<").replace("&amp;", "&") for cell in cells] == ["", f" {name} ", " 1 "]


# JSON


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans() | st.lists(st.text(), max_size=3))
)
def test_json_is_ascii_and_round_trips(value):
    printed = as_json(Report({"value": value}, []))
    assert printed.isascii()
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed) == {"value": value}


def test_a_name_that_is_not_utf_8_is_valid_json():
    printed = as_json(Report({"path": "a\udcff.png"}, []))
    assert printed.isascii()
    assert json.loads(printed)["path"] == "a\udcff.png"


@pytest.mark.parametrize("value", [Decimal("0.10"), DAY, {1}, b"bytes"])
def test_a_value_that_is_not_json_is_an_error(value):
    """Reports format dollars and dates themselves."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        as_json(Report({"value": value}, []))


# Names

BLANK = {*"\u115f\u1160\u2800\u3164\uffa0", *map(chr, range(0xFE00, 0xFE10))}
"""Printable in Unicode, but invisible."""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.png", "plain name.png"),
        ("日本 café.png", "日本 café.png"),
        ("cafe\u0301", "cafe\u0301"),
        ("\U0001f600.png", "\U0001f600.png"),
        ("two\nlines", r"two\nlines"),
        ("back\rto the start", r"back\rto the start"),
        ("a\ttab", r"a\ttab"),
        ("\x1b[2Jcleared", r"\x1b[2Jcleared"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x00", r"\x00"),
        ("rub\x7fout", r"rub\x7fout"),
        ("\x9b31m", r"\x9b31m"),
        ("\x85next line", r"\x85next line"),
        ("\xa0", r"\xa0"),
        ("\xad", r"\xad"),
        ("gnp.\u202eexe", r"gnp.\u202eexe"),
        ("\u2066isolated\u2069", r"\u2066isolated\u2069"),
        ("zero\u200bwidth\u200d", r"zero\u200bwidth\u200d"),
        ("\ufeffmark", r"\ufeffmark"),
        ("line\u2028separator", r"line\u2028separator"),
        ("latin-1 caf\udce9", r"latin-1 caf\xe9"),
        ("\udc80\udcff", r"\x80\xff"),
        ("\ud800", r"\ud800"),
        ("\udc7f\udd00", r"\udc7f\udd00"),
        ("\ufffe", r"\ufffe"),
        ("\uffff\U00010000", "\\uffff\U00010000"),
        ("\u115f\u1160filler\u3164\uffa0", r"\u115f\u1160filler\u3164\uffa0"),
        ("\u2800braille", r"\u2800braille"),
        ("\ufe00\ufe0f", r"\ufe00\ufe0f"),
        ("\ufdff\ufe10", "\ufdff\ufe10"),
        ("\U000e0001tag", r"\U000e0001tag"),
        ("\U0010ffff", r"\U0010ffff"),
        ("", ""),
    ],
)
def test_a_hostile_name_is_escaped(name, shown):
    assert visible(name) == shown


def test_invalid_utf_8_is_shown_as_bytes():
    assert visible(b"caf\xe9-\xc3\xa9.png".decode("utf-8", "surrogateescape")) == r"caf\xe9-é.png"


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_visible_text_is_printable_and_printable_text_is_unchanged(name):
    shown = visible(name)
    assert shown.isprintable()
    shown.encode("utf-8")
    if name.isprintable() and not set(name) & BLANK:
        assert shown == name
    else:
        assert "\\" in shown
    assert not set(shown) & BLANK


# Dollars and counts


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.000", "$0"),
        ("0.0000001", "$0.00000010"),
        ("0.000162", "$0.00016"),
        ("0.004002", "$0.0040"),
        ("0.00477", "$0.0048"),
        ("0.162", "$0.16"),
        ("4.002", "$4.00"),
        ("4.77", "$4.77"),
        # Ties are rounded up.
        ("0.00125", "$0.0013"),
        ("0.00135", "$0.0014"),
        ("0.125", "$0.13"),
        ("0.135", "$0.14"),
        ("2.665", "$2.67"),
        ("2.6649999", "$2.66"),
        # Both sides of ten cents.
        ("0.1", "$0.10"),
        ("0.100000", "$0.10"),
        ("0.104999", "$0.10"),
        ("0.105", "$0.11"),
        ("0.0994", "$0.099"),
        ("0.09949999", "$0.099"),
        ("0.0995", "$0.10"),
        ("0.0999", "$0.10"),
        ("0.09999999", "$0.10"),
        ("0.00994", "$0.0099"),
        ("0.00996", "$0.010"),
        ("0.00999", "$0.010"),
        ("0.0949999", "$0.095"),
        # Thousands separators.
        ("999.994", "$999.99"),
        ("999.995", "$1,000.00"),
        ("1234567.891", "$1,234,567.89"),
        ("1E+6", "$1,000,000.00"),
        ("99999999999999999999999.995", "$100,000,000,000,000,000,000,000.00"),
    ],
)
def test_dollars_are_rounded(amount, shown):
    assert dollars(Decimal(amount)) == shown


@given(st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=12))
def test_dollars_are_rounded_by_at_most_half_of_the_last_printed_digit(amount):
    """From $0.10 to the cent, below to two significant digits; ties are rounded up."""
    shown = dollars(amount)
    assert shown.startswith("$")
    printed = Decimal(shown[1:].replace(",", ""))
    last = Fraction(1, 100)
    while 0 < Fraction(amount) < 10 * last:
        last /= 10
    error = Fraction(printed) - Fraction(amount)
    assert -last / 2 < error <= last / 2
    if amount >= Decimal("0.1"):
        assert shown[-3] == "."
        assert len(shown.split(".")[1]) == 2


@given(st.integers(1, 10**9))
def test_small_amounts_are_never_printed_as_zero(micros):
    assert dollars(Decimal(micros).scaleb(-15)) != "$0"
    assert "E" not in dollars(Decimal(micros).scaleb(-15))


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (999, "999"), (1000, "1,000"), (9999, "9,999"), (10_000, "10,000"), (1_234_567, "1,234,567")],
)
def test_counts_have_separators_from_four_digits_on(count, shown):
    assert number(count) == shown
    assert number(-count) == ("-" if count else "") + shown


# Reports of estimates


def estimates(*sizes, model, **conditions):
    quote = quoted(model, as_of=conditions.pop("as_of", DAY), **conditions)
    return [estimate_with(quote, *size) for size in sizes]


ENTRY = {
    "model": "claude-sonnet-4-6",
    "as_of": "2026-11-22",
    "tier": "standard",
    "formula": "patch",
    "usd_per_mtok": "3",
    "platform": "claude-api",
    "endpoint": "global",
    "speed": "standard",
    "inference_geo": "global",
    "batch": False,
    "cache": "none",
    "width": 1920,
    "height": 1080,
    "resized_width": 1456,
    "resized_height": 819,
    "padded_width": 1456,
    "padded_height": 840,
    "downscaled": True,
    "tokens": 1560,
    "input_usd": "0.004680",
    "input_usd_per_1000": "4.680000",
    "cache_read_usd": None,
    "other_formula": "area",
    "other_formula_tokens": 1590,
    "rejected": None,
    "measured_tokens": None,
}


def test_the_json_of_an_estimate_has_a_schema_every_field_and_exact_dollars():
    results = [estimates((1920, 1080), model="claude-sonnet-4-6")]
    assert json.loads(as_json(estimate_report(results))) == {"schema": "imgcost.estimate/2", "estimates": [ENTRY]}
    with_count = json.loads(as_json(estimate_report(results, 7)))["estimates"]
    assert with_count == [ENTRY | {"count": 7, "input_usd_of_count": "0.032760"}]


def test_the_json_of_estimates_has_one_entry_per_size_and_model():
    sizes = [(200, 200), (1000, 1000)]
    results = [estimates(*sizes, model=name) for name in ("claude-3-opus", "claude-opus-4-6")]
    entries = estimate_report(results).data["estimates"]
    assert [(entry["model"], entry["width"], entry["input_usd"]) for entry in entries] == [
        ("claude-3-opus-20240229", 200, "0.000810"),
        ("claude-3-opus-20240229", 1000, "0.020010"),
        ("claude-opus-4-6", 200, "0.000320"),
        ("claude-opus-4-6", 1000, "0.006480"),
    ]


def test_the_explanation_of_an_estimate_has_both_formulas_and_the_price():
    found = [estimates((1920, 1080), (10, 10), model="claude-opus-4-6", batch=True)]
    assert len(estimate_report(found).tables) == 1
    explained = estimate_report(found, explain=True)
    table = explained.tables[1]
    assert table.title == "Arithmetic of claude-opus-4-6"
    assert [row[:3] for row in table.rows[:4]] == [
        ("image of 1920x1080", "resized to 1456x819: 52 x 30 patches of 28 px", "1,560"),
        ("for comparison: area formula", "resized to 1456x819: 1,456 x 819 / 750, rounded up", "1,590"),
        ("input", "1,560 x $5.00 x 0.5 (batch) / 1,000,000", "$0.0039"),
        ("image of 10x10", "1 x 1 patches of 28 px", "1"),
    ]
    assert [row[3] for row in table.rows] == ["[1]", "[2]", "[3]"] * 2
    assert [row[0] for row in explained.tables[2].rows] == ["[1]", "[2]", "[3]"]
    assert all("read 20" in row[1] for row in explained.tables[2].rows)
    assert "area formula: Vision guide of March 2024" in explained.tables[2].rows[1][1]
    steps = explained.data["estimates"][1]["explanation"]
    assert [step["what"] for step in steps] == ["image of 10x10", "for comparison: area formula", "input"]
    cached = [estimates((10, 10), model="claude-opus-4-6", cache="1h")]
    steps = estimate_report(cached, explain=True).data["estimates"][0]["explanation"]
    assert [(step["what"], step["result"]) for step in steps[2:]] == [
        ("cache write 1h", "$0.00001"),
        ("cache read", "$0.0000005"),
    ]


def test_sizes_that_are_billed_with_more_tokens_share_a_note():
    sizes = [(128, 128), (200, 100), (56, 56), (4000, 3000)]
    found = [estimates(*sizes, model="claude-3-5-haiku"), estimates(*sizes, model="claude-opus-4-6")]
    (note,) = (note for note in estimate_report(found).notes if "Measured" in note)
    assert note == (
        "Measured, not published: claude-3-5-haiku-20241022 rounds each side up to a multiple of 56 px, so it bills "
        "128x128 as 36 instead of 25 tokens."
    )
    found = [estimates((128, 128), (130, 130), model="claude-3-5-haiku")]
    assert (
        estimate_report(found)
        .notes[-2]
        .endswith("128x128 as 36 instead of 25 tokens and 130x130 as 36 instead of 25 tokens.")
    )


def test_sizes_that_would_be_rejected_share_a_note():
    found = [estimates((8001, 10), (9, 9000), (8000, 8000), model=model) for model in ("claude-opus-4-6", "haiku")]
    notes = [note for note in estimate_report(found).notes if "rejected" in note]
    assert notes == [
        "8001x10 and 9x9000 would be rejected unless resized: over 8,000 px on a side. The cost is that after resizing."
    ]


def test_a_size_that_is_not_downscaled_is_unchanged():
    [table] = estimate_report([estimates((1920, 1080), (10, 10), model="claude-opus-4-6")]).tables
    assert [row[1] for row in table.rows] == ["1456x819", "unchanged"]


def test_a_count_has_a_column_and_several_sizes_a_sum():
    [table] = estimate_report([estimates((1000, 1000), (200, 200), model="claude-3-sonnet")], 50_000).tables
    assert table.columns[-1] == ">50,000 images"
    assert table.rows[0][-1] == "$200.10"
    assert table.rows[1][-1] == "$8.10"
    assert table.rows[2] == ("total", "", "", "", "", "$208.20")  # only of the count
    [without_count] = estimate_report([estimates((1000, 1000), model="claude-3-sonnet")], 50_000).tables
    assert len(without_count.rows) == 1


def test_the_title_names_model_tier_formula_rate_conditions_and_date():
    assert (
        quote_title(quoted("claude-3-sonnet", as_of=DAY))
        == "claude-3-sonnet-20240229 on 2026-11-22: standard tier, area formula, $3.00/MTok"
    )
    quote = quoted("claude-opus-4-6", as_of=DAY, batch=True, cache="5m", inference_geo="us")
    assert quote_title(quote).endswith("$3.4375/MTok (batch, cache 5m, US inference)")
    assert [quote.to_dict()[name] for name in ("batch", "cache", "inference_geo")] == [True, "5m", "us"]


BY_AREA = (
    "claude-3-opus-20240229: tokens by the area formula of the Claude 3 guide. Recorded token counts show that the API "
    "bills patches: to compare with a bill, use 'imgcost estimate --formula patch'."
)


@pytest.mark.parametrize(
    ("selected", "day", "notes"),
    [
        ("claude-sonnet-5-5", DAY, []),
        ("sonnet", DAY, []),
        (" Opus ", DAY, []),
        ("claude-3-opus", date(2026, 1, 4), ["claude-3-opus-20240229: deprecated, retiring on 2026-01-05.", BY_AREA]),
        (
            "claude-3-opus",
            date(2026, 1, 5),
            ["claude-3-opus-20240229 retired on 2026-01-05; the last price is used here.", BY_AREA],
        ),
        ("claude-sonnet-4-5", date(2026, 9, 29), []),
        (
            "claude-sonnet-4-5",
            date(2026, 9, 30),
            ["claude-sonnet-4-5-20250929: deprecated, retiring on 2026-11-30."],
        ),
    ],
)
def test_notes_explain_families_and_deprecated_or_retired_models(selected, day, notes):
    assert sentences(quote_notes(quoted(selected, as_of=day))) == notes


def test_a_note_on_several_models_is_written_once_and_names_them():
    day = date(2026, 11, 26)
    names = ["sonnet", "haiku", "claude-3-opus", "claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", "opus"]
    notes = sentences((note for name in names for note in quote_notes(quoted(name, as_of=day))), explain=True)
    assert notes == [
        "As of 2026-11-26, 'sonnet' is claude-sonnet-5-5, 'haiku' is claude-haiku-5-5 and 'opus' is claude-opus-5-5.",
        "claude-3-opus-20240229 retired on 2026-01-05; the last price is used here.",
        BY_AREA,
        "claude-3-5-sonnet-20240620 and claude-3-5-sonnet-20241022 retired on 2025-10-28; the last price is used here.",
    ]


def test_details_are_written_only_in_an_explanation():
    notes = [
        Note("{} is assumed.", "a", detail=True),
        Note("Prices are old."),
        Note("{} is assumed.", "b", detail=True),
    ]
    assert sentences(notes) == ["Prices are old."]
    assert sentences(notes, explain=True) == ["a and b is assumed.", "Prices are old."]


@pytest.mark.parametrize(("days", "stale"), [(0, False), (90, False), (91, True), (3650, True)])
def test_old_prices_are_reported(days, stale):
    """Regression: a date in 2036 was priced without a note."""
    opus = find_model("claude-opus-5")
    day = prices_read(opus) + timedelta(days=days)
    end = f"were last read on {prices_read(opus)}, {number(days)} days before {day}; later changes are not included."
    assert (Note(f"Prices of {{}} {end}", opus.id) in quote_notes(quoted(opus.id, as_of=day))) == stale
    note = f"Prices of claude-opus-5 {end}"
    arguments = ("1000x1000", "-m", "claude-opus-5", "--as-of", day)
    for command in (
        ("estimate", *arguments),
        ("plan", *arguments),
        ("scan", SAMPLES / "web", *arguments[1:]),
        ("check", SAMPLES / "web", "-m", "claude-opus-5", "--as-of", day),
    ):
        text = run(*command).stdout
        assert len(re.findall(r"Prices\s+of", text)) == stale
        assert (note in re.sub(r"\n    ", " ", text)) == stale


def test_a_deprecated_model_without_a_retirement_date():
    preview = find_model("claude-mythos-preview")
    quote = replace(quoted("claude-mythos-5-2", as_of=DAY), model=preview, requested="claude-mythos-preview")
    assert sentences(quote_notes(quote)) == ["claude-mythos-preview: deprecated."]


# Reports of models and of the largest sizes


MODEL_KEYS = (
    *("id", "name", "names", "family", "status", "restricted", "released", "vision_from", "deprecated", "retires"),
    *(
        "retires_by_platform",
        "tier",
        "formula",
        "context_window",
        "min_cacheable_tokens",
        "input_usd_per_mtok",
        "output_usd_per_mtok",
    ),
    *("sources", "note"),
)


def test_the_json_of_models_has_a_schema_and_one_entry_per_model():
    data = json.loads(as_json(models_report(models(), DAY)))
    assert (data["schema"], data["as_of"]) == ("imgcost.models/1", "2026-11-22")
    assert [entry["id"] for entry in data["models"]] == [model.id for model in models()]
    assert {tuple(entry) for entry in data["models"]} == {MODEL_KEYS}
    [preview] = [entry for entry in data["models"] if entry["id"] == "claude-mythos-preview"]
    assert (preview["tier"], preview["input_usd_per_mtok"], preview["restricted"]) == (None, "25", True)
    assert {frozenset(source) for entry in data["models"] for source in entry["sources"]} == {
        frozenset({"title", "url", "read"})
    }


def test_the_table_of_models_shows_the_status_on_the_date():
    [table] = models_report(models(), DAY).tables
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert rows["claude-haiku-5-5"][">input"] == "0.10"
    assert rows["claude-mythos-5-2"]["status"] == "by invitation"
    assert rows["claude-mythos-preview"]["tier"] == "unknown"
    assert rows["claude-mythos-preview"]["status"] == "deprecated"
    assert rows["claude-sonnet-4-5-20250929"]["status"] == "retires 2026-11-30"
    assert rows["claude-3-opus-20240229"]["status"] == "retired 2026-01-05"
    assert rows["claude-opus-5-5"]["status"] == "active"
    assert max(map(len, as_text(models_report(models(), DAY)).split("\n\n")[0].splitlines())) <= 80


def test_a_model_that_is_not_released_is_listed_without_a_price():
    early = models_report(models(), date(2024, 3, 4))
    statuses = {row[0]: (row[1], row[-1]) for row in early.tables[0].rows}
    assert statuses["claude-3-opus-20240229"] == ("active", "75.00")
    assert statuses["claude-3-haiku-20240307"] == ("unreleased", "")
    assert early.data["models"][-1]["output_usd_per_mtok"] is None


@pytest.mark.parametrize("model", models(), ids=lambda model: model.id)
def test_the_report_of_a_model_has_every_price_with_its_source(model):
    report = model_report(model, DAY)
    facts, prices, sources = report.tables
    data = json.loads(as_json(report))
    assert data["schema"] == "imgcost.model/1"
    assert dict(facts.rows)["id"] == data["id"] == model.id
    assert all(row[1] for row in facts.rows)
    assert len(prices.rows) == len(data["prices"]) > 0
    numbers = {row[0].split()[0] for row in sources.rows}
    assert all(set(row[-1].split()) <= numbers and row[-1] for row in prices.rows)
    assert all(price["sources"] for price in data["prices"])
    assert len(sources.rows) >= len(data["sources"]) > 0
    assert {type(price["input_usd_per_mtok"]) for price in data["prices"]} == {str}


def test_the_report_of_a_model_lists_its_fields():
    facts = dict(model_report(find_model("claude-haiku-5-5"), DAY).tables[0].rows)
    assert facts["retires"] == "not before 2027-10-07"
    assert facts["resolution tier"] == "high-resolution (2,576 px, 4,784 tokens)"
    assert facts["context window"] == "1,000,000 tokens"
    assert facts["shortest cacheable prompt"] == "512 tokens"
    assert "deprecated" not in facts
    preview = dict(model_report(find_model("claude-mythos-preview"), DAY).tables[0].rows)
    assert (preview["resolution tier"], preview["deprecated"]) == ("unknown", "2026-06-09")
    assert "retires" not in preview
    assert dict(model_report(find_model("claude-3-opus"), DAY).tables[0].rows)["retired"] == "2026-01-05 (claude-api)"


def test_unknown_fields_of_a_model_are_unknown():
    model = find_model("claude-opus-4-6")._replace(min_cacheable_tokens=None)
    assert dict(model_report(model, DAY).tables[0].rows)["shortest cacheable prompt"] == "unknown"


def test_a_price_that_was_not_published_is_blank_in_text_and_null_in_json():
    report = model_report(find_model("claude-3-sonnet"), DAY)
    [price] = report.tables[1].rows
    assert price[2:7] == ("3.00", "15.00", "", "", "")
    assert report.data["prices"][0]["cache_read_usd_per_mtok"] is None
    assert report.data["prices"][0]["input_usd_per_mtok"] == "3"


def test_long_context_prices_have_a_threshold_and_ended_prices_a_last_date():
    report = model_report(find_model("claude-sonnet-4-6"), DAY)
    assert [row[:2] for row in report.tables[1].rows] == [
        ("standard", "2026-02-17"),
        ("long-context, above 200,000 input tokens", "2026-02-17 to 2026-03-12"),
    ]
    assert [(p["above_input_tokens"], p["last_day"]) for p in report.data["prices"]] == [
        (None, None),
        (200_000, "2026-03-12"),
    ]


def test_the_largest_sizes_are_those_of_the_guide():
    rows = golden("largest_sizes.csv")
    ratios = [tuple(map(int, row["ratio"].split(":"))) for row in rows]
    report = largest_report(ratios, [find_tier("standard"), find_tier("high-resolution")])
    [table] = report.tables
    assert table.columns == ("ratio", "standard tier", ">tokens", "high-resolution tier", ">tokens")
    assert [row[:2] for row in table.rows] == [(row["ratio"], f"{row['width']}x{row['height']}") for row in rows]
    assert report.data["schema"] == "imgcost.largest/1"
    assert report.data["sizes"][0] == {
        "ratio": "1:1",
        "tier": "standard",
        "width": 1092,
        "height": 1092,
        "tokens": 1521,
        "area_tokens": 1590,
    }
    assert len(report.data["sizes"]) == 2 * len(rows)


# Findings


def test_the_images_of_a_session_are_listed_by_turn():
    turns = (
        TurnCost(f"{'p' * 90}.jsonl:2", 1, 2, 1, 1_500, 2_340_000, Decimal("7.02")),
        TurnCost("s.jsonl:9", 2, 1, 1, 1, 1_560, None),
    )
    findings = Findings((), (), None, "claude-api", DAY, unknown=("model gpt has no price",), pages=2, turns=turns)
    shown = findings_report(findings)
    (table,) = [table for table in shown.tables if table.title == "Images of the session by turn"]
    assert table.rows[0][1:] == ("1", "2", "1", "1,500", "2,340,000", "$7.02")
    assert table.rows[1][-1] == "unknown"
    assert max(map(len, as_text(Report({}, [table])).splitlines())) <= 80
    text = as_text(shown, 200)
    assert "The images of the session have cost $7.02 so far, not including 1 turn of unknown cost" in text
    assert " 0 images and 2 pages of PDF: 0 image tokens, cost unknown." in text


def test_a_range_of_cost_has_both_ends():
    findings = Findings((), (), Decimal(1), "claude-api", DAY, Decimal(1), upper_usd=Decimal(2), pages=1)
    assert "0 image tokens, $1.00 to $2.00." in as_text(findings_report(findings), 200)


def test_check_names_the_models_it_prices_with():
    findings = Findings((), (), Decimal(1), "claude-api", DAY, Decimal(1), upper_usd=Decimal(2), pages=1)
    one = as_text(findings_report(replace(findings, models=("claude-opus-5",))), 200)
    assert "0 images and 1 page of PDF with claude-opus-5: 0 image tokens" in one
    two = as_text(findings_report(replace(findings, models=("claude-opus-5", "claude-sonnet-5"))), 200)
    assert "0 images and 1 page of PDF with 2 models: 0 image tokens" in two


def test_the_sources_of_a_model_are_numbered_where_they_are_used():
    report = model_report(find_model("claude-sonnet-4-6"), DAY)
    numbers = [row[0].split()[0] for row in report.tables[2].rows]
    assert numbers == [f"[{number}]" for number in range(1, len(numbers) + 1)]
    assert set(numbers) == {
        *dict(report.tables[0].rows)["sources"].split(),
        *(number for row in report.tables[1].rows for number in row[-1].split()),
    }


# Limits

PARTS = {"image_bytes_of", "images_large_context", "large_context", "many_images", "many_images_documents"} | {
    "pdf_pages_large_context"
}


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.limits], ids=lambda rule: rule.name)
def test_each_limit_of_a_rule_has_a_phrase_with_its_unit_or_is_part_of_one(rule):
    published = [*(limits_on(platform, DAY) for platform in platforms()), advice_on(date(2026, 4, 16))]
    for limits in published:
        for name in set(rule.limits) & limits.statements.keys():
            phrase = limit_in_words(limits, name)
            assert bool(phrase) == (name not in PARTS)
            if phrase:
                assert limits.statements[name].first_day <= limit_since(limits, name) <= DAY
                assert (
                    "_" not in phrase.replace("cache_control", "").replace("oversized_image", "") or name == "custom_id"
                )


@pytest.mark.parametrize(
    ("platform", "name", "phrase", "since"),
    [
        ("claude-api", "image_bytes", "10,485,760 bytes as base64", "2026-06-04"),
        ("claude-ai", "image_bytes", "10,485,760 bytes", "2024-03-04"),
        ("claude-api", "images", "100 images; 600 with a context window of 1,000,000 tokens", "2026-03-13"),
        ("claude-ai", "images", "20 images", "2024-06-20"),
        ("claude-api", "many_images_edge", "2,000 px if there are more than 20 images", "2024-06-20"),
        ("bedrock", "many_images_edge", "2,000 px if there are more than 20 images and documents", "2026-06-17"),
        ("claude-api", "cache_breakpoints", "4 blocks with cache_control", "2024-08-14"),
        ("claude-api", "source_types", "base64, url, file", "2025-05-22"),
        ("claude-api", "toolset_screenshots_fail", "oversized screenshots of a toolset are rejected", "2026-08-21"),
    ],
)
def test_a_limit_is_a_phrase_with_the_date_since_which_all_of_it_applies(platform, name, phrase, since):
    limits = limits_on(platform, DAY)
    assert (limit_in_words(limits, name), str(limit_since(limits, name))) == (phrase, since)


def test_a_limit_that_is_not_published_has_no_phrase():
    assert not limit_in_words(limits_on("foundry", DAY), "image_bytes")
    assert limit_in_words(advice_on(date(2026, 4, 16)), "latency_pixels") == "1,150,000 square px"


def test_a_rule_shows_one_row_per_platform_and_limit():
    (table,) = [
        table for table in rule_report(find_rule("image-bytes"), DAY).tables if table.title.startswith("Limits")
    ]
    assert table.columns == ("platform", "limit", "since")
    assert table.rows[0] == ("claude-api", "10,485,760 bytes as base64", "2026-06-04")
    assert len(table.rows) == len({row[0] for row in table.rows})
