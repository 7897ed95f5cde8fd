"""What a scan adds up: every sum against a naive count, however the images are dealt out."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import date
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quoting import quoted

from imgcost import geometry
from imgcost.files import Image, Unreadable
from imgcost.quotes import TokenRule, conditions
from imgcost.summaries import ScanSummary
from imgcost.tables import find_tier

STANDARD, HIGH = find_tier("standard"), find_tier("high-resolution")
PATCH, PATCH_HIGH, AREA = TokenRule(STANDARD, "patch"), TokenRule(HIGH, "patch"), TokenRule(STANDARD, "area")
MEASURES = (PATCH, PATCH_HIGH, AREA)
SENT = conditions(as_of=date(2026, 11, 22))


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


def counted(found, measures=MEASURES):
    tally = ScanSummary(measures, SENT)
    tally.add(found)
    return tally


def facts(tally):
    """Everything that a tally knows."""
    return {**vars(tally), "images": tally.images}


@settings(max_examples=80)
@given(groups)
def test_every_sum_is_that_of_a_naive_count(found):
    tally = counted(found)
    everything = [one for _, part in found for one in part]
    kept = [one for one in everything if isinstance(one, Image) and not one.duplicate_of]
    repeated = [one for one in everything if isinstance(one, Image) and one.duplicate_of]
    assert tally.images == len(kept)
    assert tally.file_bytes == sum(one.file_bytes for one in kept)
    assert tally.media_types == Counter(one.media_type for one in kept)
    assert tally.unreadable == [one for one in everything if isinstance(one, Unreadable)]
    assert tally.duplicates == len(repeated)
    for measure in MEASURES:
        tokens = [geometry.image_tokens(one.width, one.height, *measure) for one in kept]
        assert tally.tokens(measure) == sum(tokens)
        assert tally.downscaled_by(measure) == sum(
            not geometry.fits(one.width, one.height, measure.tier) for one in kept
        )
        assert tally.tokens_of_duplicates(measure) == sum(
            geometry.image_tokens(one.width, one.height, *measure) for one in repeated
        )
        assert sum(count for _, _, count in tally.bins(measure)) == len(kept)
    naive = Counter()
    number = Counter()
    for folder, part in found:
        for one in part:
            if one in kept:
                naive[folder] += geometry.image_tokens(one.width, one.height, *PATCH)
                number[folder] += 1
    assert tally.folders == {folder: (number[folder], naive[folder]) for folder in number}


@settings(max_examples=80)
@given(groups, groups, groups)
def test_merging_is_counting_at_once_however_it_is_bracketed(one, two, three):
    left = counted(one)
    left.merge(counted(two))
    left.merge(counted(three))
    rest = counted(two)
    rest.merge(counted(three))
    right = counted(one)
    right.merge(rest)
    assert facts(left) == facts(right) == facts(counted([*one, *two, *three]))


@settings(max_examples=80)
@given(groups, groups)
def test_merging_leaves_the_other_as_it_was(one, two):
    other = counted(two)
    counted(one).merge(other)
    assert facts(other) == facts(counted(two))


@settings(max_examples=80)
@given(groups)
def test_a_tally_survives_the_way_between_processes(found):
    tally = counted(found)
    assert facts(pickle.loads(pickle.dumps(tally))) == facts(tally)


@settings(max_examples=80)
@given(groups, st.integers(1, 12))
def test_bins_lie_side_by_side_and_each_holds_what_falls_into_it(found, bins):
    tally = counted(found)
    for place, measure in enumerate(MEASURES):
        rows = tally.bins(measure, bins)
        assert len(rows) == bins
        assert rows[0][0] == 1
        assert all(before[1] + 1 == after[0] for before, after in zip(rows, islice(rows, 1, None), strict=False))
        assert rows[-1][1] >= measure.tier.token_limit
        for first, last, count in rows:
            held = [images for tokens, images in tally.histograms[place].items() if first <= tokens <= last]
            assert count == sum(held)


def test_bins_are_of_equal_width_up_to_the_limit():
    assert [row[:2] for row in ScanSummary([PATCH], SENT).bins(PATCH)] == [
        (1 + 196 * n, 196 * (n + 1)) for n in range(8)
    ]
    assert [row[:2] for row in ScanSummary([PATCH_HIGH], SENT).bins(PATCH_HIGH, 2)] == [(1, 2392), (2393, 4784)]


def test_the_first_bin_begins_at_one_token_and_the_last_takes_the_limit():
    tally = counted([("", [image(1, 1), image(196 * 28, 1), image(56 * 28, 28 * 28)])], [PATCH])
    assert tally.histograms[0][1568] == 1
    rows = tally.bins(PATCH)
    assert (rows[0][2], rows[-1][2]) == (2, 1)
    edges = counted([("", [image(14 * 28, 14 * 28), image(197, 28 * 28 // 28)])], [PATCH])
    assert edges.histograms[0] == {196: 1, 8: 1}
    assert edges.bins(PATCH)[0][2] == 2


def test_the_area_formula_passes_the_limit_and_the_last_bin_opens_for_it():
    tally = counted([("", [image(1092, 1092)])], [AREA])
    assert tally.histograms[0] == {1590: 1}
    assert tally.bins(AREA)[-1] == (1373, 1590, 1)
    assert counted([("", [image(1, 1)])], [AREA]).bins(AREA)[-1] == (1373, 1568, 0)


@pytest.mark.parametrize("measure", MEASURES)
def test_an_empty_tally_counts_nothing(measure):
    tally = ScanSummary(MEASURES, SENT)
    tally.add([])
    tally.add([("x", [])])
    assert facts(tally) == facts(ScanSummary(MEASURES, SENT))
    assert (tally.images, tally.tokens(measure), tally.downscaled_by(measure)) == (0, 0, 0)
    assert tally.tokens_of_duplicates(measure) == 0
    assert {count for _, _, count in tally.bins(measure)} == {0}
    assert tally.costliest_folders() == []


def test_the_costliest_folders_come_first_and_ties_by_name():
    tally = counted(
        [
            ("b", [image(280, 280)]),
            ("a", [image(280, 280)]),
            ("cheap", [image(28, 28), image(28, 28)]),
            ("dear", [image(280, 280)]),
            ("dear", [image(28, 28)]),
        ],
        [PATCH],
    )
    assert tally.costliest_folders() == [("dear", 2, 101), ("a", 1, 100), ("b", 1, 100), ("cheap", 2, 2)]
    assert tally.costliest_folders(1) == [("dear", 2, 101)]
    many = counted([(f"{number:02}", [image(28, 28)]) for number in range(30)], [PATCH])
    assert [folder for folder, _, _ in many.costliest_folders()] == [f"{number:02}" for number in range(10)]


def test_folders_are_counted_by_the_first_measure():
    found = [("x", [image(1000, 1000)])]
    assert counted(found, [AREA, PATCH]).costliest_folders() == [("x", 1, 1334)]
    assert counted(found, [PATCH, AREA]).costliest_folders() == [("x", 1, 1296)]


def test_a_duplicate_is_in_no_other_count():
    tally = counted([("x", [image(1000, 1000, duplicate_of="first.png")])], [AREA])
    expected = ScanSummary([AREA], SENT)
    expected.duplicates = 1
    expected.duplicate_tokens = [1334]
    assert facts(tally) == facts(expected)


def test_equal_measures_are_counted_once_and_unknown_ones_are_an_error():
    assert ScanSummary([PATCH, AREA, PATCH], SENT).token_rules == (PATCH, AREA)
    assert quoted("claude-3-sonnet").rule == AREA
    with pytest.raises(ValueError, match="not in tuple"):
        ScanSummary([PATCH], SENT).tokens(AREA)
    with pytest.raises(ValueError, match="zip"):
        ScanSummary([PATCH], SENT).merge(ScanSummary([PATCH, AREA], SENT))
