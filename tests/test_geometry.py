from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import gcd

import documented
import numpy as np
import pytest
from conftest import golden
from hypothesis import given
from hypothesis import strategies as st

from imgcost import geometry
from imgcost.errors import SizeError
from imgcost.geometry import (
    MAX_EDGE,
    Tier,
    area_tokens,
    fit_to_tokens,
    fits,
    grid_steps,
    image_tokens,
    largest_size,
    padded_size,
    patch_tokens,
    rescale_point,
    resized_size,
)

STANDARD = Tier(1568, 1568, "standard")
HIGH = Tier(2576, 4784, "high-resolution")
TIERS = {tier.name: tier for tier in (STANDARD, HIGH)}

edges = st.one_of(
    st.integers(1, 8000),
    st.integers(1, MAX_EDGE),
    st.builds(lambda patches, off: max(28 * patches + off, 1), st.integers(1, 300), st.integers(-1, 1)),
)
published_tiers = st.sampled_from([STANDARD, HIGH])
any_tier = st.builds(Tier, st.integers(28, 2**14), st.integers(1, 2**14))


@pytest.mark.parametrize("row", golden("resized_sizes.csv"), ids=lambda row: f"{row['width']}x{row['height']}")
def test_reference_outputs_of_the_documented_function(row):
    width, height = int(row["width"]), int(row["height"])
    for name, tier in (("standard", STANDARD), ("high", HIGH)):
        expected = int(row[f"{name}_width"]), int(row[f"{name}_height"])
        assert resized_size(width, height, tier) == expected
        assert image_tokens(width, height, tier) == int(row[f"{name}_tokens"])


@pytest.mark.parametrize(
    "row", golden("documented_tables.csv"), ids=lambda r: f"{r['table']}-{r['tier']}-{r['width']}x{r['height']}"
)
def test_every_table_in_the_documentation(row):
    width, height, tier = int(row["width"]), int(row["height"]), TIERS[row["tier"]]
    tokens = {
        "area": image_tokens(width, height, tier, "area"),
        "area-capped": min(area_tokens(width, height), tier.token_limit),
        "patch": image_tokens(width, height, tier),
    }[row["rule"]]
    assert tokens == int(row["tokens"])
    if row["printed_size"]:
        printed = tuple(map(int, (row["known_exception"] or row["printed_size"]).split("x")))
        assert resized_size(width, height, tier) == printed
    # Older tables have dollars with two significant digits, newer ones the cost of 1,000 images in cents.
    for column, images in (("usd_per_image", 1), ("usd_per_thousand", 1000)):
        if row[column]:
            exact = tokens * Decimal(row["usd_per_mtok"]) * images / 1_000_000
            cents = column == "usd_per_thousand" and row["rule"] == "patch"
            digits = Decimal("0.01") if cents else Decimal(1).scaleb(exact.adjusted() - 1)
            assert exact.quantize(digits, ROUND_HALF_UP) == Decimal(row[column])


def test_the_golden_table_keeps_the_contradictory_cell_with_the_exact_size():
    (row,) = [row for row in golden("documented_tables.csv") if row["known_exception"]]
    assert (row["width"], row["height"], row["tier"]) == ("2000", "1500", "standard")
    assert row["printed_size"] == "1269x952"
    assert documented.resized(2000, 1500, 1568, 1568) == (1270, 952) == resized_size(2000, 1500, STANDARD)
    assert documented.tokens(1269, 952) == documented.tokens(1270, 952) == 1564


@pytest.mark.parametrize("row", golden("largest_sizes.csv"), ids=lambda row: row["ratio"])
def test_the_guides_largest_sizes_that_are_not_resized(row):
    ratio = tuple(map(int, row["ratio"].split(":")))
    assert largest_size(ratio, STANDARD) == (int(row["width"]), int(row["height"]))


@pytest.mark.parametrize("row", [row for row in golden("measured_tokens.csv") if row["rule"] == "patch"])
def test_tokens_measured_on_the_live_api_equal_the_patch_rule(row):
    tier = TIERS[row["tier"]]
    assert image_tokens(int(row["width"]), int(row["height"]), tier) == int(row["image_tokens"])


def test_every_grade_a_measurement_is_explained():
    # The exceptions are the even grid of Claude 3.5 Haiku, and a surcharge that ended in May 2024.
    unexplained = {row["model"] for row in golden("measured_tokens.csv") if row["grade"] == "A" != row["rule"]}
    rules = {row["rule"] for row in golden("measured_tokens.csv") if row["grade"] == "A"}
    assert rules == {"patch", "even-grid minus patch", "launch surcharge"}
    for row in golden("measured_tokens.csv"):
        width, height, tokens = int(row["width"]), int(row["height"]), int(row["image_tokens"])
        even = patch_tokens(-(-width // 56) * 56, -(-height // 56) * 56)
        if row["rule"] == "even-grid minus patch":
            assert tokens == even - image_tokens(width, height, STANDARD)
        if row["rule"] == "even-grid":
            assert tokens == even
        if row["rule"] == "launch surcharge":
            assert tokens == image_tokens(width, height, STANDARD) + 75
    assert unexplained


def test_all_points_of_the_measured_sweep_are_patches_plus_three():
    rows = golden("sweep_small_sizes.csv")
    assert len(rows) == 340
    for row in rows:
        assert int(row["image_tokens_delta"]) == image_tokens(int(row["width"]), int(row["height"]), HIGH) + 3


@pytest.mark.parametrize(
    ("width", "height", "tier", "size"),
    [
        (1792, 1000, STANDARD, (1456, 812)),
        (1500, 2688, STANDARD, (812, 1456)),
        (3584, 2000, STANDARD, (1456, 812)),
        (3504, 2200, HIGH, (2409, 1512)),
        (4032, 2888, HIGH, (2268, 1624)),
    ],
)
def test_exact_ties_round_half_to_even(width, height, tier, size):
    long, short = max(size), min(size)
    assert long / (max(width, height) / min(width, height)) == short + 0.5
    assert resized_size(width, height, tier) == size
    assert documented.resized(width, height, tier.edge_limit, tier.token_limit) == size


@given(edges, edges, published_tiers)
def test_equals_the_documented_search(width, height, tier):
    size = documented.resized(width, height, tier.edge_limit, tier.token_limit)
    assert resized_size(width, height, tier) == size
    assert image_tokens(width, height, tier) == documented.tokens(*size)
    assert fits(width, height, tier) == documented.fits(width, height, tier.edge_limit, tier.token_limit)


@given(edges, edges, any_tier)
def test_equals_the_documented_search_for_any_limits(width, height, tier):
    size = documented.resized(width, height, tier.edge_limit, tier.token_limit)
    assert resized_size(width, height, tier) == size
    assert image_tokens(width, height, tier) == documented.tokens(*size)


@given(edges, edges, published_tiers)
def test_a_resized_image_fits_and_is_never_resized_again_nor_enlarged(width, height, tier):
    size = resized_size(width, height, tier)
    assert fits(*size, tier)
    assert resized_size(*size, tier) == size
    assert size[0] <= width
    assert size[1] <= height


@given(edges, edges, published_tiers)
def test_rotating_an_image_only_swaps_the_edges(width, height, tier):
    assert resized_size(height, width, tier) == resized_size(width, height, tier)[::-1]
    assert image_tokens(height, width, tier) == image_tokens(width, height, tier)


@given(*[st.integers(1, MAX_EDGE - 28)] * 2)
def test_padding_reaches_the_next_multiple_of_28_and_costs_no_token(width, height):
    padded = padded_size(width, height)
    assert all(
        0 <= after - before < 28 and after % 28 == 0 for before, after in zip((width, height), padded, strict=True)
    )
    assert patch_tokens(*padded) == patch_tokens(width, height)


@given(edges, edges)
def test_the_area_formula_rounds_up(width, height):
    assert 0 <= area_tokens(width, height) * 750 - width * height < 750


@given(st.integers(1, 60), st.integers(1, 60), published_tiers)
def test_the_largest_size_keeps_the_ratio_fits_and_the_next_does_not(across, down, tier):
    width, height = largest_size((across, down), tier)
    assert width * down == height * across
    assert fits(width, height, tier)
    step = gcd(across, down)
    assert not fits(width + across // step, height + down // step, tier)
    assert largest_size((7 * across, 7 * down), tier) == (width, height)


def test_a_ratio_whose_smallest_size_is_too_large_has_no_largest_size():
    with pytest.raises(SizeError, match=r"1569:1568 fits standard \(1,568 px, 1,568 tokens\)"):
        largest_size((1569, 1568), STANDARD)
    assert largest_size((1568, 1), STANDARD) == (1568, 1)


@given(edges, edges, st.integers(1, 6000), published_tiers)
def test_fitting_to_tokens_respects_both_the_request_and_the_tier(width, height, max_tokens, tier):
    size = fit_to_tokens(width, height, max_tokens, tier)
    assert patch_tokens(*size) <= min(max_tokens, tier.token_limit)
    assert resized_size(*size, tier) == size
    if max_tokens >= tier.token_limit:
        assert size == resized_size(width, height, tier)


@pytest.mark.parametrize("wish", [0, -1, 1.5, True, "many"])
def test_fitting_to_an_invalid_number_of_tokens_is_an_error(wish):
    with pytest.raises(SizeError, match="max_tokens"):
        fit_to_tokens(100, 100, wish, STANDARD)


@given(edges, edges, published_tiers)
def test_the_corners_of_the_resized_image_are_the_corners_of_the_original(width, height, tier):
    across, down = resized_size(width, height, tier)
    assert rescale_point(0, 0, width, height, tier) == (0, 0)
    assert rescale_point(across, down, width, height, tier) == (width, height)
    assert rescale_point(across + 9, -9, width, height, tier) == (width, 0)


@pytest.mark.parametrize(("tier", "changes"), [(STANDARD, 55), (HIGH, 91)])
def test_the_step_table_equals_the_documented_search_on_both_sides_of_every_step(tier, changes):
    steps = grid_steps(tier)
    assert len(steps) == changes + 1
    assert [step.ratio for step in steps] == sorted({step.ratio for step in steps})
    assert all(step.tokens <= tier.token_limit for step in steps)
    for before, step in pairwise(steps):
        # The nearest fractions on either side of the break, in sizes far beyond the tier.
        for short in range(4000, 4060):
            long = round(step.ratio * short)
            for edge in (long - 1, long, long + 1):
                row = before if edge / short < step.ratio else step
                size = documented.resized(edge, short, tier.edge_limit, tier.token_limit)
                assert padded_size(*size) == (row.long_patches * 28, row.short_patches * 28)


@pytest.mark.parametrize("edge", [0, -1, MAX_EDGE + 1])
def test_an_edge_out_of_range_is_rejected_and_the_limits_are_accepted(edge):
    for size in ((edge, 10), (10, edge)):
        with pytest.raises(SizeError, match=rf"{edge} px: expected 1 to 2,147,483,648 px"):
            image_tokens(*size, STANDARD)
    assert image_tokens(1, MAX_EDGE, STANDARD) == 56
    assert resized_size(MAX_EDGE, MAX_EDGE, STANDARD) == (1092, 1092)
    assert patch_tokens(MAX_EDGE, MAX_EDGE) == 76695845**2
    assert area_tokens(MAX_EDGE, MAX_EDGE) == -(-(2**62) // 750)


@pytest.mark.parametrize("edge", [1.0, float("nan"), True, np.True_, "100", None, 1 + 0j])
def test_an_edge_that_is_not_an_integer_is_rejected(edge):
    for function in (padded_size, patch_tokens, area_tokens):
        with pytest.raises(SizeError, match=r"invalid height .*: expected a whole number of pixels"):
            function(10, edge)


def test_integers_of_other_libraries_are_accepted():
    assert resized_size(np.int32(1920), np.uint16(1080), STANDARD) == (1456, 819)
    assert all(type(edge) is int for edge in resized_size(np.int32(192), np.uint16(108), STANDARD))


@pytest.mark.parametrize("limits", [(27, 100), (2**14 + 1, 100), (1568, 0), (1568, 2**14 + 1)])
def test_a_tier_without_tokens_or_pixels_is_rejected(limits):
    for question in (fits, resized_size, image_tokens):
        with pytest.raises(SizeError, match="invalid tier"):
            question(100, 100, Tier(*limits))
    with pytest.raises(SizeError, match="invalid tier"):
        grid_steps(Tier(*limits))


def test_an_unknown_formula_is_rejected():
    with pytest.raises(ValueError, match="invalid formula 'tiles'"):
        image_tokens(10, 10, STANDARD, "tiles")


@given(edges, edges, published_tiers)
def test_the_token_counter_of_a_scan_gives_the_same_tokens(width, height, tier):
    assert geometry.count_patches(width, height, tier) == image_tokens(width, height, tier)
