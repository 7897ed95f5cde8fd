"""The sums of a scan: each compared with a naive count, for any distribution of images."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import date
from itertools import islice
from operator import add

import pytest
from conftest import fewer_examples
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost import geometry
from imgcost.files import Image, Unreadable
from imgcost.quoting import TokenRule
from imgcost.summaries import ScanSummary
from imgcost.tables import find_tier

STANDARD, HIGH = find_tier("standard"), find_tier("high-resolution")
PATCH, PATCH_HIGH, AREA = TokenRule(STANDARD, "patch"), TokenRule(HIGH, "patch"), TokenRule(STANDARD, "area")
RULES = (PATCH, PATCH_HIGH, AREA)
MODELS = {PATCH: "claude-haiku-4-5", PATCH_HIGH: "claude-opus-5", AREA: "claude-3-sonnet"}
QUOTES = {rule: quoted(model, as_of=date(2026, 11, 22)) for rule, model in MODELS.items()}


def image(width, height, path="a.png", *, media_type="image/png", file_bytes=10, duplicate_of=None):
    return Image(path, media_type, width, height, 1, animated=False, file_bytes=file_bytes, duplicate_of=duplicate_of)


images = st.builds(
    Image,
    path=st.sampled_from(["a", "b", "c"]),
    media_type=st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    width=st.integers(1, 3000) | st.integers(1, geometry.MAX_EDGE),
    height=st.integers(1, 3000) | st.integers(1, geometry.MAX_EDGE),
    orientation=st.integers(1, 8),
    animated=st.booleans(),
    file_bytes=st.integers(0, 10**12),
    duplicate_of=st.none() | st.none() | st.just("earlier"),
)
unreadables = st.builds(
    Unreadable, path=st.text(max_size=3), problem=st.sampled_from(["empty", "missing"]), reason=st.just("so")
)
groups = st.lists(
    st.tuples(st.sampled_from(["", "x", "y", "x/z"]), st.lists(images | unreadables, max_size=6)), max_size=6
)


def summary_of(rules=RULES):
    """Return an empty summary with one quote per token rule."""
    return ScanSummary([QUOTES[rule] for rule in rules])


def counted(groups, rules=RULES):
    summary = summary_of(rules)
    summary.add(groups)
    return summary


def facts(summary):
    """Return all fields of a summary."""
    return {**vars(summary), "images": summary.images}


@fewer_examples(percent=27)
@given(groups)
def test_every_sum_equals_a_naive_count(groups):
    summary = counted(groups)
    files = [file for _, part in groups for file in part]
    counted_images = [file for file in files if isinstance(file, Image) and not file.duplicate_of]
    repeated = [file for file in files if isinstance(file, Image) and file.duplicate_of]
    assert summary.images == len(counted_images)
    assert summary.file_bytes == sum(image.file_bytes for image in counted_images)
    assert summary.media_types == Counter(image.media_type for image in counted_images)
    assert summary.unreadable == [file for file in files if isinstance(file, Unreadable)]
    assert summary.duplicates == len(repeated)
    for rule in RULES:
        tokens = [geometry.image_tokens(image.width, image.height, *rule) for image in counted_images]
        assert summary.tokens(rule) == sum(tokens)
        assert summary.downscaled_by(rule) == sum(
            not geometry.fits(image.width, image.height, rule.tier) for image in counted_images
        )
        assert summary.tokens_of_duplicates(rule) == sum(
            geometry.image_tokens(image.width, image.height, *rule) for image in repeated
        )
        assert sum(count for _, _, count in summary.bins(rule)) == len(counted_images)
    naive = {}
    for folder, part in groups:
        for file in part:
            if file in counted_images:
                tokens = (geometry.image_tokens(file.width, file.height, *rule) for rule in RULES)
                naive[folder] = tuple(map(add, naive.get(folder, (0, 0, 0, 0)), (1, *tokens)))
    assert summary.folders == naive


@fewer_examples(percent=27)
@given(groups, groups, groups)
def test_merging_equals_counting_at_once_in_any_grouping(first, second, third):
    left = counted(first)
    left.merge(counted(second))
    left.merge(counted(third))
    tail = counted(second)
    tail.merge(counted(third))
    right = counted(first)
    right.merge(tail)
    assert facts(left) == facts(right) == facts(counted([*first, *second, *third]))


@fewer_examples(percent=27)
@given(groups, groups)
def test_merging_does_not_change_the_other_summary(first, second):
    other = counted(second)
    counted(first).merge(other)
    assert facts(other) == facts(counted(second))


@fewer_examples(percent=27)
@given(groups)
def test_a_summary_survives_pickling(groups):
    summary = counted(groups)
    assert facts(pickle.loads(pickle.dumps(summary))) == facts(summary)


@fewer_examples(percent=27)
@given(groups, st.integers(1, 12))
def test_bins_are_adjacent_and_count_their_images(groups, bins):
    summary = counted(groups)
    for index, rule in enumerate(RULES):
        rows = summary.bins(rule, bins)
        assert len(rows) == bins
        assert rows[0][0] == 1
        assert all(before[1] + 1 == after[0] for before, after in zip(rows, islice(rows, 1, None), strict=False))
        assert rows[-1][1] >= rule.tier.token_limit
        for first, last, count in rows:
            assert count == sum(
                images for tokens, images in summary.histograms[index].items() if first <= tokens <= last
            )


def test_bins_are_of_equal_width_up_to_the_limit():
    assert [row[:2] for row in summary_of([PATCH]).bins(PATCH)] == [(1 + 196 * n, 196 * (n + 1)) for n in range(8)]
    assert [row[:2] for row in summary_of([PATCH_HIGH]).bins(PATCH_HIGH, 2)] == [(1, 2392), (2393, 4784)]


def test_the_first_bin_begins_at_one_token_and_the_last_includes_the_limit():
    summary = counted([("", [image(1, 1), image(196 * 28, 1), image(56 * 28, 28 * 28)])], [PATCH])
    assert summary.histograms[0][1568] == 1
    rows = summary.bins(PATCH)
    assert (rows[0][2], rows[-1][2]) == (2, 1)
    edges = counted([("", [image(14 * 28, 14 * 28), image(197, 28 * 28 // 28)])], [PATCH])
    assert edges.histograms[0] == {196: 1, 8: 1}
    assert edges.bins(PATCH)[0][2] == 2


def test_the_last_bin_includes_counts_of_the_area_formula_over_the_limit():
    summary = counted([("", [image(1092, 1092)])], [AREA])
    assert summary.histograms[0] == {1590: 1}
    assert summary.bins(AREA)[-1] == (1373, 1590, 1)
    assert counted([("", [image(1, 1)])], [AREA]).bins(AREA)[-1] == (1373, 1568, 0)


@pytest.mark.parametrize("rule", RULES)
def test_an_empty_summary_counts_nothing(rule):
    summary = summary_of()
    summary.add([])
    summary.add([("x", [])])
    assert facts(summary) == facts(summary_of())
    assert (summary.images, summary.tokens(rule), summary.downscaled_by(rule)) == (0, 0, 0)
    assert summary.tokens_of_duplicates(rule) == 0
    assert {count for _, _, count in summary.bins(rule)} == {0}
    assert summary.costliest_folders() == []


def test_the_costliest_folders_come_first_with_ties_by_name():
    summary = counted(
        [
            ("b", [image(280, 280)]),
            ("a", [image(280, 280)]),
            ("cheap", [image(28, 28), image(28, 28)]),
            ("dear", [image(280, 280)]),
            ("dear", [image(28, 28)]),
        ],
        [PATCH],
    )
    assert summary.costliest_folders() == [("dear", 2, 101), ("a", 1, 100), ("b", 1, 100), ("cheap", 2, 2)]
    assert summary.costliest_folders(1) == [("dear", 2, 101)]
    many = counted([(f"{number:02}", [image(28, 28)]) for number in range(30)], [PATCH])
    assert [folder for folder, _, _ in many.costliest_folders()] == [f"{number:02}" for number in range(10)]


def test_folders_are_counted_by_the_first_rule():
    groups = [("x", [image(1000, 1000)])]
    assert counted(groups, [AREA, PATCH]).costliest_folders() == [("x", 1, 1334)]
    assert counted(groups, [PATCH, AREA]).costliest_folders() == [("x", 1, 1296)]


def test_a_duplicate_is_excluded_from_all_other_counts():
    summary = counted([("x", [image(1000, 1000, duplicate_of="first.png")])], [AREA])
    expected = summary_of([AREA])
    expected.duplicates = 1
    expected.duplicate_tokens = [1334]
    assert facts(summary) == facts(expected)


def test_equal_rules_are_counted_once_and_unknown_rules_are_an_error():
    assert summary_of([PATCH, AREA, PATCH]).token_rules == (PATCH, AREA)
    assert quoted("claude-3-sonnet").rule == AREA
    with pytest.raises(ValueError, match="not in tuple"):
        summary_of([PATCH]).tokens(AREA)
    with pytest.raises(ValueError, match="zip"):
        summary_of([PATCH]).merge(summary_of([PATCH, AREA]))


def test_a_notebook_shows_a_summary_as_a_table_with_a_row_per_model():
    summary = ScanSummary([QUOTES[PATCH]], [QUOTES[PATCH_HIGH]])
    summary.add([("", [image(1000, 1000), image(3000, 2000), Unreadable("b", "empty", "the data is empty")])])
    html = summary._repr_html_()
    assert html.startswith("<table><caption>2 images</caption>")
    tokens = [summary.tokens(rule) for rule in (PATCH, PATCH_HIGH)]
    assert html.index(f">{tokens[0]:,}<") < html.index(f">{tokens[1]:,}<")
    assert html.count("<tr>") == 3
    assert repr(summary).startswith("<ScanSummary images=2 claude-haiku-4-5")
    assert repr(summary).endswith(" unreadable=1>")


def test_summaries_of_the_same_scan_are_equal():
    first, second = (ScanSummary([QUOTES[PATCH]]) for _ in range(2))
    first.add([("", [image(1000, 1000)])])
    assert first != second
    second.add([("", [image(1000, 1000)])])
    assert first == second
    assert first != "a summary"
