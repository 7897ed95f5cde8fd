from __future__ import annotations

import threading
import tracemalloc

import documented
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_geometry import HIGH, STANDARD, any_tier, edges, published_tiers

from imgcost import arrays, geometry
from imgcost.errors import SizeError
from imgcost.geometry import MAX_EDGE, Tier, grid_steps

sizes = st.lists(st.tuples(edges, edges), min_size=1, max_size=40).map(lambda pairs: np.array(pairs, np.int64).T)


def pairs(columns):
    return [tuple(map(int, pair)) for pair in zip(*columns, strict=True)]


@given(sizes, any_tier | published_tiers)
def test_every_function_of_sizes_and_a_tier_equals_its_scalar(columns, tier):
    width, height = columns
    assert pairs(arrays.resized_size(width, height, tier)) == [
        geometry.resized_size(*size, tier) for size in pairs(columns)
    ]
    for formula in ("patch", "area"):
        assert arrays.image_tokens(width, height, tier, formula).tolist() == [
            geometry.image_tokens(*size, tier, formula) for size in pairs(columns)
        ]
    assert arrays.fits(width, height, tier).tolist() == [geometry.fits(*size, tier) for size in pairs(columns)]
    assert pairs(arrays.fit_to_tokens(width, height, 300, tier)) == [
        geometry.fit_to_tokens(*size, 300, tier) for size in pairs(columns)
    ]


@given(sizes)
def test_every_function_of_sizes_alone_equals_its_scalar(columns):
    width, height = columns
    assert pairs(arrays.padded_size(width, height)) == [geometry.padded_size(*size) for size in pairs(columns)]
    assert arrays.patch_tokens(width, height).tolist() == [geometry.patch_tokens(*size) for size in pairs(columns)]
    assert arrays.area_tokens(width, height).tolist() == [geometry.area_tokens(*size) for size in pairs(columns)]


@given(sizes, st.floats(-10, 3000), st.floats(-10, 3000), published_tiers)
def test_points_are_rescaled_as_the_scalar_does(columns, x, y, tier):
    width, height = columns
    points = list(zip(*(axis.tolist() for axis in arrays.rescale_point(x, y, width, height, tier)), strict=True))
    assert points == [geometry.rescale_point(x, y, *size, tier) for size in pairs(columns)]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1), published_tiers)
def test_largest_sizes_equal_the_scalar(ratios, tier):
    columns = np.array(ratios).T
    assert pairs(arrays.largest_size(tuple(columns), tier)) == [geometry.largest_size(ratio, tier) for ratio in ratios]


def test_a_ratio_without_a_size_is_named():
    with pytest.raises(SizeError, match="no size with the exact ratio 1569:1568 fits standard"):
        arrays.largest_size(([1, 1569], [1, 1568]), STANDARD)


def adversarial_sizes(tier):
    """Sizes around every step of the rule, strips, multiples of 28 and their neighbors, and exact ties."""
    candidates = {(1, 1), (MAX_EDGE, MAX_EDGE), (MAX_EDGE, 1), (MAX_EDGE, MAX_EDGE - 1)}
    for step in grid_steps(tier):
        for short in (28, 29, 97, 500, 1000, 1092, 2001, 4999, 7919, 10**5, 10**6 + 3):
            candidates.update((round(step.ratio * short) + near, short) for near in (-1, 0, 1))
    candidates.update((1, edge) for edge in range(1, 6000, 7))
    multiples = [28 * count + near for count in range(1, 100, 3) for near in (-1, 0, 1)]
    candidates.update((across, down) for across in multiples for down in multiples)
    candidates.update((2 * long, 2 * short + 1) for long in range(28, 2576, 28) for short in range(28, long, 140))
    candidates.update(
        (28 * k * long, k * (28 * short) + k // 2)
        for k in (2, 4)
        for long in range(1, 93)
        for short in range(1, long, 5)
    )
    return np.array([size for size in candidates if min(size) >= 1])


@pytest.mark.parametrize("tier", [STANDARD, HIGH], ids=lambda tier: tier.name)
def test_array_scalar_and_documented_search_agree_on_adversarial_sizes(tier):
    sizes = adversarial_sizes(tier)
    sizes = np.concatenate([sizes, sizes[:, ::-1]])
    width, height = sizes.T
    resized = pairs(arrays.resized_size(width, height, tier))
    tokens = arrays.image_tokens(width, height, tier).tolist()
    for size, resized_size, cost in zip(pairs((width, height)), resized, tokens, strict=True):
        expected = documented.resized(*size, tier.edge_limit, tier.token_limit)
        assert resized_size == expected == geometry.resized_size(*size, tier), size
        assert cost == documented.tokens(*expected) == geometry.image_tokens(*size, tier), size


@pytest.mark.parametrize("tier", [STANDARD, HIGH], ids=lambda tier: tier.name)
def test_array_and_scalar_agree_on_a_fixed_sample_of_sizes_up_to_8000(tier):
    width, height = np.random.default_rng(28).integers(1, 8001, (2, 40_000))
    resized = pairs(arrays.resized_size(width, height, tier))
    assert resized == [geometry.resized_size(*size, tier) for size in pairs((width, height))]
    for size, resized_size in list(zip(pairs((width, height)), resized, strict=True))[::10]:
        assert resized_size == documented.resized(*size, tier.edge_limit, tier.token_limit), size


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4"])
def test_any_integer_dtype_gives_the_same_answer(dtype):
    width, height = np.random.default_rng(1).integers(1, 128, (2, 1000)).astype(dtype)
    expected = arrays.image_tokens(width.astype(np.int64), height.astype(np.int64), STANDARD)
    assert arrays.image_tokens(width, height, STANDARD).tolist() == expected.tolist()
    assert arrays.patch_tokens(width, height).tolist() == expected.tolist()


def test_shapes_are_broadcast_and_kept():
    column, row = np.arange(1, 4)[:, None] * 1000, np.arange(1, 6)[None, :] * 700
    tokens = arrays.image_tokens(column, row, HIGH)
    assert tokens.shape == (3, 5)
    assert tokens[2, 4] == geometry.image_tokens(3000, 3500, HIGH)
    assert arrays.image_tokens(1920, 1080, HIGH).shape == ()
    assert [edges.shape for edges in arrays.resized_size(column, row, HIGH)] == [(3, 5), (3, 5)]


def test_strided_views_and_more_than_a_block_of_sizes():
    width, height = np.random.default_rng(2).integers(1, 9000, (2, 3 * arrays.CHUNK + 77))
    whole = arrays.image_tokens(width, height, STANDARD)
    assert arrays.image_tokens(width[::-3], height[::-3], STANDARD).tolist() == whole[::-3].tolist()
    across, down = arrays.resized_size(width, height, STANDARD)
    assert arrays.patch_tokens(across, down).tolist() == whole.tolist()


@pytest.mark.parametrize("empty", [[], np.empty(0, np.int32), np.empty((0, 3), np.int64)])
def test_no_sizes_give_no_tokens(empty):
    assert arrays.image_tokens(empty, empty, STANDARD).shape == np.shape(empty)
    assert arrays.patch_tokens(empty, empty).size == 0
    assert arrays.largest_size((empty, empty), STANDARD)[0].size == 0
    assert arrays.resized_size(empty, empty, STANDARD)[1].dtype == np.int32


@pytest.mark.parametrize("values", [[1.0], [float("nan")], [True], ["100"], [None], [2**70]])
def test_values_that_are_not_integers_are_rejected(values):
    for function in (arrays.patch_tokens, arrays.padded_size, arrays.area_tokens):
        with pytest.raises(SizeError, match=r"invalid height of dtype \S+: expected an integer dtype"):
            function([1], values)
    with pytest.raises(SizeError, match="invalid width of dtype"):
        arrays.image_tokens(values, [1], STANDARD)


@pytest.mark.parametrize("edge", [0, -5, MAX_EDGE + 1])
def test_a_size_out_of_range_is_named_by_its_row(edge):
    width, height = np.full((2, 2 * arrays.CHUNK), 100)
    height[arrays.CHUNK + 5] = edge
    for answer in (arrays.image_tokens, arrays.resized_size, arrays.fits):
        with pytest.raises(SizeError, match=f"row {arrays.CHUNK + 5}: invalid height {edge} px"):
            answer(width, height, STANDARD)


def test_an_empty_tier_or_an_unknown_formula_is_rejected():
    for answer in (arrays.image_tokens, arrays.resized_size, arrays.fits):
        with pytest.raises(SizeError, match="invalid tier"):
            answer([100], [100], Tier(20, 100))
    with pytest.raises(SizeError, match="invalid tier"):
        arrays.largest_size(([1], [1]), Tier(20, 100))
    with pytest.raises(ValueError, match="invalid formula 'tiles'"):
        arrays.image_tokens([100], [100], STANDARD, "tiles")


def test_threads_at_once_get_right_answers():
    columns = [np.random.default_rng(seed).integers(1, 8000, (2, 300_000), np.int32) for seed in range(4)]
    expected = [arrays.image_tokens(*column, STANDARD) for column in columns]
    wrong = []

    def work(number):
        answers = [arrays.image_tokens(*columns[number], STANDARD) for _ in range(5)]
        wrong.extend(number for answer in answers if not np.array_equal(answer, expected[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_scratch_and_output_take_at_most_eight_bytes_per_size():
    count = 2_000_000
    width, height = np.random.default_rng(3).integers(1, 8000, (2, count), np.int32)
    arrays.image_tokens(width[:1], height[:1], STANDARD)  # the table is built once and never used as scratch space
    tracemalloc.start()
    try:
        arrays.image_tokens(width, height, STANDARD)
        assert tracemalloc.get_traced_memory()[1] <= 8 * count
    finally:
        tracemalloc.stop()
