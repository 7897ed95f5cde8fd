"""Numbers, sizes and dollars as people write them."""

from __future__ import annotations

from decimal import Decimal
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgcost import parse_count, parse_size
from imgcost.errors import ArgumentError, SizeError
from imgcost.quantities import (
    MAX_COUNT,
    SIZES,
    count_within,
    join_sizes,
    parse_dollars,
    parse_ratio,
    size_name,
    split_names,
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("200000", 200_000),
        ("200,000", 200_000),
        ("200_000", 200_000),
        ("200 000", 200_000),
        (" 200k ", 200_000),
        ("200 K", 200_000),
        ("1.5M", 1_500_000),
        ("1.500k", 1500),
        ("1,234.5k", 1_234_500),
        ("2 million", 2_000_000),
        ("3 Thousand", 3000),
        ("1b", 10**9),
        ("1 billion", 10**9),
        ("2e5", 200_000),
        ("2E+5", 200_000),
        ("1.5e3", 1500),
        (str(MAX_COUNT), MAX_COUNT),
        (7, 7),
    ],
)
def test_counts(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    ["", " ", "k", "-1", "+1", "1.5", "1.000", "1.", ".5k", "1,5", "20,00", "1,0000", "1.2345k", "2kk", "2x", "2mp",
     "1e-3", "1e99", "\u0662", "nan", "inf", "1" * 17, "0x10", str(MAX_COUNT + 1), True, None, 1.0, -1, b"5", 10**400],
)  # fmt: skip
def test_what_is_not_a_count_is_an_error(text):
    with pytest.raises(ArgumentError, match=r"^invalid count .*: expected a whole number, 0 or more, such as"):
        parse_count(text)


def test_both_ends_of_a_range_are_included_and_named():
    assert count_within("1k", "turns", 1, 1000) == 1000
    assert count_within("1", "turns", 1, 1000) == 1
    for text in ("0", "1001"):
        with pytest.raises(ArgumentError, match=f"^invalid turns '{text}': expected a whole number from 1 to 1,000$"):
            count_within(text, "turns", 1, 1000)


@given(st.integers(0, MAX_COUNT))
def test_every_count_is_read_with_and_without_separators(count):
    for text in (f"{count}", f"{count:,}", f"{count:_}", f"{count:,}".replace(",", " ")):
        assert parse_count(text) == count
    assert parse_count(f"{count // 1000:,}.{count % 1000:03}k") == count


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("12.50", "12.50"),
        ("$1,200", "1200"),
        (" $ 1,200.50 ", "1200.50"),
        ("$2M", "2000000"),
        ("1.5k", "1500"),
        (".5", "0.5"),
        ("$.05", "0.05"),
        ("5.", "5"),
        ("0", "0"),
        ("123456789012345.123456789012345", "123456789012345.123456789012345"),
    ],
)
def test_dollars_are_exact(text, usd):
    assert parse_dollars(text) == Decimal(usd)
    assert "E" not in str(parse_dollars(text))


@pytest.mark.parametrize("text", ["", "$", "-1", "1,5", "1 USD", "nan", "lots", "12.3.4", "\u0661", "."])
def test_what_is_not_an_amount(text):
    assert parse_dollars(text) is None


@pytest.mark.parametrize(
    ("text", "size", "name"),
    [
        ("1920x1080", (1920, 1080), ""),
        (" 1920 X 1080 ", (1920, 1080), ""),
        ("1920*1080", (1920, 1080), ""),
        ("1920\u00d71080 px", (1920, 1080), ""),
        ("0001x1PX", (1, 1), ""),
        ("12MP", (4000, 3000), "12MP 4:3"),
        ("12 mp", (4000, 3000), "12MP 4:3"),
        ("12.0 Megapixels", (4000, 3000), "12MP 4:3"),
        ("1 megapixel 1:1", (1000, 1000), "1MP 1:1"),
        ("24mpix 3:2", (6000, 4000), "24MP 3:2"),
        ("12MP 3/4", (3000, 4000), "12MP 3:4"),
        ("12MP:8:6", (4000, 3000), "12MP 4:3"),
        ("12MP,16:9", (4619, 2598), "12MP 16:9"),
        ("12MP@1.91:1", (4787, 2506), "12MP 191:100"),
        ("0.000001MP", (1, 1), "0.000001MP 4:3"),
        ("1MP 9999999999:1", (100_000_000, 1), "1MP 9999999999:1"),
        ("4k", (3840, 2160), "4K"),
        ("8K", (7680, 4320), "8K"),
        ("1080P", (1920, 1080), "1080p"),
        ("720p", (1280, 720), "720p"),
        ("vga", (640, 480), "VGA"),
    ],
)
def test_sizes(text, size, name):
    assert (parse_size(text), size_name(text)) == (size, name)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", ""),
        ("5", ""),
        ("2K", ""),
        ("0MP", ""),
        ("12MP 0:1", ""),
        ("12MP 4:3:2", ""),
        ("12345MP", ""),
        ("1920x", ""),
        ("1.5x10", ""),
        ("12345678901x5", ""),
        ("4K 16:9", ""),
        ("\u0661\u0662MP", ""),
        ("16:9", ""),
        ("1920-1080", " (did you mean 1920x1080?)"),
        ("1920 1080", " (did you mean 1920x1080?)"),
        ("(1920, 1080)", " (did you mean 1920x1080?)"),
        ("12M", " (did you mean 12MP?)"),
        ("12.2 m", " (did you mean 12.2MP?)"),
    ],
)
def test_what_is_not_a_size_is_an_error_that_shows_how_to_write_one(text, hint):
    with pytest.raises(SizeError) as caught:
        parse_size(text)
    expected = "WIDTHxHEIGHT in pixels, such as 1920x1080, or a size such as 12MP, '12MP 16:9', 4K or 1080p"
    assert str(caught.value) == f"invalid size {text!r}: expected {expected}{hint}"
    assert size_name(text) == ""


@given(st.integers(1, 10**9), st.integers(1, 50), st.integers(1, 50))
def test_megapixels_have_the_right_ratio_and_number_of_pixels(pixels, across, down):
    width, height = parse_size(f"{pixels // 10**6}.{pixels % 10**6:06}MP {across}:{down}")
    assert 4 * (width - 1) ** 2 * down <= 4 * pixels * across <= (2 * width + 1) ** 2 * down or width == 1
    assert abs(height * across - width * down) <= across / 2 or height == 1
    assert abs(width * height - pixels) <= 2 * (width + height) + isqrt(pixels) // 100 + 2 or 1 in (width, height)


def test_names_of_screens_are_unique_without_case():
    assert len({name.lower() for name in SIZES}) == len(SIZES)


@pytest.mark.parametrize(
    "text", ["", "4", "4:", ":3", "4:3:2", "0:1", "1:0", "0.0:1", "a:b", "-4:3", "4x3", "\u0664:3"]
)
def test_what_is_not_a_ratio(text):
    assert parse_ratio(text) is None


def test_a_unit_or_ratio_that_follows_megapixels_belongs_to_them():
    assert join_sizes(["12MP", "16:9", "4:3"]) == ["12MP 16:9", "4:3"]
    assert join_sizes(["4:3", "4K", "4:3", "12MP 4:3", "1:1"]) == ["4:3", "4K", "4:3", "12MP 4:3", "1:1"]
    assert join_sizes(["12", "MP", "4:3", "5", "12MP", "0:1"]) == ["12 MP 4:3", "5", "12MP", "0:1"]
    assert join_sizes([]) == []


def test_names_are_separated_by_commas():
    assert split_names(["sonnet,haiku", " opus "]) == ["sonnet", "haiku", "opus"]
    assert split_names(["sonnet,", ""]) == ["sonnet", ""]
