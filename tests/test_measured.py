"""Measurements that are not published: each row of the evidence compared with the library."""

from fractions import Fraction

import pytest
from command_line import printed
from conftest import golden
from pictures import encoded

from imgcost import estimate, geometry, tables
from imgcost.pdfs import page_tokens
from imgcost.tables import find_measured, find_model, find_tier

COUNTS = golden("measured_tokens_2026-11.csv")
PDFS = golden("measured_pdf.csv")

REST_OF_A_CALL = 6902
"""What the calls of Opus 5.5 in measured_tokens_2026-11.csv have besides the visual tokens."""

# A token is 2.5 to 4.5 characters of these texts; models since Claude 4.7 count up to 35 % more tokens.
CHARACTERS = (Fraction(5, 2), Fraction(9, 2))
NEWER = Fraction(135, 100)


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: f"{row['model']}-{row['width']}")
def test_token_counts_of_november_2026(row):
    model = find_model(row["model"])
    tokens, counted = int(row["image_tokens"]), int(row["input_tokens"])
    assert model.tier.name == row["tier"]
    assert geometry.image_tokens(int(row["width"]), int(row["height"]), find_tier(row["tier"])) == tokens
    if row["rule"] == "wrapped":
        assert counted - tokens == find_measured("image-wrapping-tokens", model).value
    elif row["rule"] == "billed":
        assert counted - tokens == REST_OF_A_CALL
    else:
        smaller = geometry.image_tokens(768, 1024, find_tier("standard"))
        assert tokens - smaller == 528


def test_an_image_has_three_more_tokens_on_every_measured_model():
    wrapping = next(row for row in tables.measurements() if row.name == "image-wrapping-tokens")
    assert wrapping.value == 3
    assert {find_model(row["model"]).id for row in COUNTS if row["rule"] != "difference"} <= set(wrapping.measured_ids)
    assert {"claude-opus-5", "claude-sonnet-5", "claude-opus-5-5"} <= set(wrapping.measured_ids)


def pages_of(row):
    return [tuple(map(float, size.split("x"))) for size in row["mediabox"].split(";")]


@pytest.mark.parametrize("row", [row for row in PDFS if row["use"] == "page"], ids=lambda row: row["path"][-60:])
def test_a_recorded_pdf_has_the_tokens_of_its_pages_and_text(row):
    model, counted = find_model(row["model"]), int(row["input_tokens"])
    pages = sum(page_tokens([page], model) for page in pages_of(row))  # several files of one page each
    framing = find_measured("message-framing-tokens", model)
    characters = int(row["extracted_text_chars"]) + len(row["prompt"])
    factor = NEWER if model.tier.name == "high-resolution" else 1
    least, most = characters / CHARACTERS[1], characters * factor / CHARACTERS[0]
    slack = counted * 6 / 1000  # 0.6 %
    rest = counted - pages - (framing.value if framing else 0)
    assert least - slack <= rest <= most + slack


def test_tokens_of_pages_of_a_pdf():
    letter, a4 = (612, 792), (595, 842)
    model = find_model("claude-sonnet-4-5")
    assert page_tokens([], model) == 43
    assert page_tokens([letter], model) == 43 + 1530
    assert page_tokens([a4], model) == 43 + 1551
    assert page_tokens([letter, a4, letter], model) == 43 + 1530 + 1551 + 1530
    assert page_tokens([letter], find_model("claude-opus-4-8")) == 43 + 1530  # high-resolution, billed as standard
    assert page_tokens([letter], find_model("claude-3-5-haiku")) == 43 + 1530 + 34  # the even grid
    assert page_tokens([letter], find_model("claude-3-opus")) is None


def test_the_even_grid_adds_34_tokens_to_a_letter_page():
    counts = {
        row["model"]: int(row["input_tokens"])
        for row in PDFS
        if row["prompt"] == "Summarize this document" and row["use"] == "page"
    }
    assert counts["claude-3-5-haiku-20241022"] - counts["claude-haiku-4-5-20251001"] == 34


@pytest.mark.parametrize(
    ("size", "formula", "measured"),
    [
        ((128, 128), 25, 36),
        ((540, 360), 260, 280),
        ((420, 512), 285, 320),
        ((56, 56), 4, None),  # already even
        ((57, 56), 6, 8),
        ((3000, 3000), 1521, None),  # downscaled images were not measured
    ],
)
def test_claude_haiku_3_5_bills_even_numbers_of_patches(size, formula, measured):
    result = estimate(*size, model="claude-3-5-haiku")
    assert (result.tokens, result.measured_tokens) == (formula, measured)
    assert estimate(*size, model="claude-haiku-4-5").measured_tokens is None
    assert estimate(*size, model="claude-3-5-haiku", formula="area").measured_tokens is None


def test_the_even_grid_is_noted_wherever_the_model_is_shown(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    model = ("-m", "claude-3-5-haiku", "--as-of", "2025-06-01")
    for command in (("estimate", "128x128"), ("plan", "128x128"), ("scan", str(tmp_path))):
        output = " ".join(printed(*command, *model).split())
        assert "rounds each side up to a multiple of 56 px" in output
        assert "so it bills 128x128 as 36 tokens, not 25" in output
        assert "rounds each side up" not in printed(*command, "-m", "claude-haiku-4-5")
        if command[0] != "plan":
            assert "rounds each side up" not in printed(*command, *model, "--formula", "area")
    output = " ".join(printed("estimate", "128x128", "540x360", *model).split())
    assert "so it bills 128x128 as 36 tokens, not 25 and 540x360 as 280 tokens, not 260." in output
