"""Plans: arithmetic by hand, packing compared with other ways to pack, caching rules, exact sums."""

from __future__ import annotations

import pickle
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from conftest import fewer_examples
from genai_prices import Usage as SentUsage
from genai_prices import data_snapshot
from hypothesis import given
from hypothesis import strategies as st

from imgcost import geometry, tables
from imgcost.acceptance import Reason
from imgcost.errors import ImgcostError, NoPriceError, UnknownModelError
from imgcost.files import Image
from imgcost.plans import Repeated, inputs, packing, plan
from imgcost.prices import Rates, Usage
from imgcost.text.notes import sentences
from imgcost.text.plan_notes import notes_of, overhead_notes

DAY = date(2026, 11, 22)
STANDARD = geometry.Tier(1568, 1568)
HIGH = geometry.Tier(2576, 4784)


def planned(images, model, **settings):
    """Plan a job for one model, with packed images unless specified otherwise."""
    [model_plan] = plan(images, models=model, as_of=DAY, **{"images_per_request": "auto"} | settings)
    return model_plan


def image(width, height, file_bytes):
    return Image("a.png", "image/png", width, height, orientation=1, animated=False, file_bytes=file_bytes)


def notes_written(model_plan):
    """Return all notes on a plan, details included."""
    return sentences([*overhead_notes([model_plan]), *notes_of(model_plan)], explain=True)


def packed(model_plan):
    """Return the number of images of each request."""
    return [request.images for request in model_plan.each_request()]


# Arithmetic by hand: 3000x3000 is resized to 1092x1092 on the standard tier, 39 x 39 = 1521 tokens. Both edges are over
# 2000 px, so 20 images per request, 1000 requests. Each has 8500 + 20 * 1521 + 20 * 3 + 7 = 38,987 tokens, and 150 out.

JOB = Repeated(3000, 3000, 20_000)
SETTINGS = {"prompt_tokens": 8500, "output_tokens": 150}


def test_a_job_in_requests_without_cache_or_batch():
    model_plan = planned(JOB, "claude-sonnet-4-6", **SETTINGS)
    assert (model_plan.requests, model_plan.images, set(packed(model_plan))) == (1000, 20_000, {20})
    assert model_plan.tokens == Usage(input=38_987_000, output=150_000)
    # 38.987 MTok * $3 + 0.15 MTok * $15
    assert model_plan.usd.input == Decimal("116.961")
    assert model_plan.usd.output == Decimal("2.25")
    assert model_plan.total_usd == Decimal("119.211")
    assert model_plan.usd_per_thousand_images == Decimal("5.96055")


def test_the_same_job_with_a_cache():
    model_plan = planned(JOB, "claude-sonnet-4-6", cache="5m", **SETTINGS)
    # The first request writes 8500, the other 999 read 8500 each: 8,491,500. Plain input: 1000 * 30,487.
    assert model_plan.tokens == Usage(input=30_487_000, output=150_000, cache_write_5m=8500, cache_read=8_491_500)
    # 30.487 * $3 + 0.15 * $15 + 0.0085 * $3.75 + 8.4915 * $0.30
    assert model_plan.total_usd == Decimal("91.461") + Decimal("2.25") + Decimal("0.031875") + Decimal("2.54745")
    assert model_plan.total_usd == Decimal("96.290325")
    hour = planned(JOB, "claude-sonnet-4-6", cache="1h", **SETTINGS)
    assert hour.tokens == Usage(input=30_487_000, output=150_000, cache_write_1h=8500, cache_read=8_491_500)
    assert hour.total_usd == Decimal("96.290325") + Decimal("0.0085") * (6 - Decimal("3.75"))


def test_the_same_job_in_a_batch_with_and_without_a_cache():
    model_plan = planned(JOB, "claude-sonnet-4-6", batch=True, **SETTINGS)
    assert model_plan.total_usd == Decimal("119.211") / 2
    both = planned(JOB, "claude-sonnet-4-6", batch=True, cache="5m", **SETTINGS)
    assert both.total_usd == Decimal("48.1451625")
    ways = {name: way.total_usd for name, way in both.variants.items()}
    assert ways == {
        "standard": Decimal("119.211"),
        "batch": Decimal("59.6055"),
        "cached": Decimal("96.290325"),
        "claude-haiku-5-5": Decimal("4.84872875"),
    }


def test_inference_in_the_us_regional_endpoints_and_retries():
    model_plan = planned(JOB, "claude-sonnet-4-6", inference_geo="us", retry_rate=0.1, **SETTINGS)
    assert model_plan.usd.total == Decimal("131.1321")  # 119.211 * 1.1
    assert model_plan.retries_usd == Decimal("13.11321")
    assert model_plan.total_usd == Decimal("144.24531")
    assert model_plan.tokens == Usage(input=38_987_000, output=150_000)
    foundry = planned(
        JOB, "claude-sonnet-4-6", platform="foundry", inference_geo="us", images_per_request=20, **SETTINGS
    )
    assert foundry.total_usd == Decimal("131.1321")
    regional = planned(JOB, "claude-sonnet-4-6", platform="bedrock", endpoint="regional", **SETTINGS)
    assert regional.total_usd == Decimal("131.1321")
    assert set(regional.variants) == {"cached", "claude-haiku-5-5"}  # no batches on a regional endpoint
    assert planned(JOB, "claude-sonnet-4-6", platform="google-cloud", **SETTINGS).total_usd == Decimal("119.211")


def test_a_conversation_that_resends_every_image():
    # Two conversations of three turns with 2 images per turn, except the last: 9 images of 28x28, one token each.
    # Sonnet 4.6: 7 tokens per message, 3 per image. Turn t carries 2t images: 1000 + 2t * (1 + 3) + 7t + 50 (t - 1).
    model_plan = planned(
        Repeated(28, 28, 9), "claude-sonnet-4-6", prompt_tokens=1500, output_tokens=50, images_per_request=2, turns=3
    )
    prompts = [1515, 1580, 1645, 1515, 1576]  # the last turn has one image: 1500 + 3 * 4 + 14 + 50
    assert [request.tokens.prompt for request in model_plan.each_request()] == prompts
    assert [(r.conversation, r.turn, r.first_image, r.images, r.new_images) for r in model_plan.each_request()] == [
        (0, 0, 0, 2, 2),
        (0, 1, 0, 4, 2),
        (0, 2, 0, 6, 2),
        (1, 0, 6, 2, 2),
        (1, 1, 6, 3, 1),
    ]
    assert model_plan.tokens == Usage(input=sum(prompts), output=250)


def test_a_conversation_with_a_cache():
    model_plan = planned(
        Repeated(28, 28, 9),
        "claude-sonnet-4-6",
        prompt_tokens=1500,
        output_tokens=50,
        images_per_request=2,
        turns=3,
        cache="1h",
    )
    tokens_by_request = [
        (r.tokens.cache_write_1h, r.tokens.cache_read, r.tokens.input) for r in model_plan.each_request()
    ]
    assert tokens_by_request == [
        (1515, 0, 0),  # the whole prompt
        (1580 - 1515, 1515, 0),  # the new part
        (0, 1580, 1645 - 1580),  # no later turn reads it
        (15, 1500, 0),  # the shared prompt is cached already
        (0, 1515, 61),
    ]


def test_a_prefix_below_the_minimum_is_not_cached_until_a_turn_reaches_it():
    # Sonnet 4.6 caches 1024 tokens or more: 1003 + 8t + 50 (t - 1) + 7t is 1018, 1083, 1148.
    settings = {"output_tokens": 50, "images_per_request": 2, "turns": 3, "cache": "5m"}
    model_plan = planned(Repeated(28, 28, 6), "claude-sonnet-4-6", prompt_tokens=1003, **settings)
    tokens_by_request = [
        (r.tokens.cache_write_5m, r.tokens.cache_read, r.tokens.input) for r in model_plan.each_request()
    ]
    assert tokens_by_request == [(0, 0, 1018), (1083, 0, 0), (0, 1083, 65)]
    # The first prompt has 1023 tokens, then 1024.
    model_plan = planned(Repeated(28, 28, 6), "claude-sonnet-4-6", prompt_tokens=1008, **settings)
    assert next(model_plan.each_request()).tokens == Usage(input=1023, output=50)
    model_plan = planned(Repeated(28, 28, 6), "claude-sonnet-4-6", prompt_tokens=1009, **settings)
    assert next(model_plan.each_request()).tokens == Usage(cache_write_5m=1024, output=50)


@pytest.mark.parametrize(("prompt_tokens", "cached"), [(1023, False), (1024, True)])
def test_the_minimum_for_a_shared_prompt(prompt_tokens, cached):
    model_plan = planned(
        Repeated(28, 28, 2), "claude-sonnet-4-6", prompt_tokens=prompt_tokens, images_per_request=1, cache="5m"
    )
    assert model_plan.cached is cached
    assert model_plan.tokens.cache_read == (prompt_tokens if cached else 0)
    assert ("standard" in model_plan.variants) is cached
    assert "cached" not in model_plan.variants
    assert any("nothing is cached" in note for note in notes_written(model_plan)) is not cached


def test_a_prefix_that_no_later_request_reads_is_not_cached():
    model_plan = planned([(28, 28)], "claude-sonnet-4-6", prompt_tokens=5000, cache="5m")
    assert model_plan.tokens == Usage(input=5000 + 1 + 3 + 7)
    assert any("a single request never reads the cache" in note for note in notes_written(model_plan))


def test_a_model_with_an_unknown_minimum_caches_nothing():
    model = tables.find_model("claude-sonnet-4-6")._replace(min_cacheable_tokens=None)
    model_plan = planned(Repeated(28, 28, 2), model, prompt_tokens=5000, cache="5m", images_per_request=1)
    assert not model_plan.cached
    assert any("the minimum cacheable prompt is unknown" in note for note in notes_written(model_plan))


def test_claude_3_haiku_had_75_more_tokens_per_request_until_may_2024():
    early, late = (
        plan([(28, 28)], models="claude-3-haiku", as_of=date(2024, 5, day)).for_model("claude-3-haiku")
        for day in (1, 2)
    )
    assert early.tokens.input - late.tokens.input == 75
    assert late.tokens.input == 2 + 3 + 7  # the area formula: 28 * 28 / 750, rounded up
    assert any("75 tokens per request" in note for note in notes_written(early))


# Long-context price


def test_a_full_request_stays_under_the_threshold_of_haiku():
    # 1932x1932 is 69 x 69 = 4761 tokens, and 3 more: 20 images are 95,280, 21 are 100,044.
    model_plan = planned(Repeated(1932, 1932, 40), "claude-haiku-5-5")
    assert packed(model_plan) == [20, 20]
    assert (model_plan.long_context_requests, model_plan.surcharge_usd) == (0, 0)
    # 2 * 95,280 tokens at $0.10
    assert model_plan.total_usd == Decimal("0.019056")


def test_a_requested_size_over_the_threshold_has_a_note_with_the_surcharge():
    model_plan = planned(Repeated(1932, 1932, 41), "claude-haiku-5-5", images_per_request=21)
    assert packed(model_plan) == [21, 20]
    assert model_plan.long_context_requests == 1
    # 100,044 tokens at $0.50, not $0.10
    assert model_plan.surcharge_usd == Decimal("0.0400176")
    assert model_plan.total_usd == Decimal("0.050022") + Decimal("0.009528")
    assert any("1 of 2 requests to" in note and "(adds $0.040)" in note for note in notes_written(model_plan))


@pytest.mark.parametrize(("prompt_tokens", "requests"), [(100_000 - 4, 3), (100_000 - 8, 2), (100_000 - 12, 1)])
def test_packing_fills_a_request_up_to_the_threshold(prompt_tokens, requests):
    model_plan = planned(Repeated(28, 28, 3), "claude-haiku-5-5", prompt_tokens=prompt_tokens)
    assert (model_plan.requests, model_plan.long_context_requests) == (requests, 0)


def test_images_that_each_cross_the_threshold_alone_share_a_request():
    model_plan = planned(Repeated(28, 28, 3), "claude-haiku-5-5", prompt_tokens=100_000)
    assert (packed(model_plan), model_plan.long_context_requests) == ([3], 1)
    mixed = planned([(1932, 1932), (1932, 1932), (28, 28), (1932, 1932)], "claude-haiku-5-5", prompt_tokens=99_000)
    assert packed(mixed) == [2, 1, 1]
    assert [request.kind for request in mixed.each_request()] == ["long-context", "standard", "long-context"]


def test_cache_reads_count_for_the_threshold():
    model_plan = planned(
        Repeated(28, 28, 3), "claude-haiku-5-5", prompt_tokens=100_000, images_per_request=1, cache="5m", batch=True
    )
    # All three are long: one writes and two read 100,000 at half of $0.625 and $0.05; 12 tokens at half of $0.50.
    assert model_plan.total_usd == Decimal("0.03125") + 2 * Decimal("0.0025") + Decimal("0.000003")
    assert model_plan.surcharge_usd == model_plan.total_usd * 4 / 5


# Limits


@pytest.mark.parametrize(("edge", "images"), [(2000, 100), (2001, 20)])
def test_over_20_images_the_limit_on_edges_is_lower(edge, images):
    model_plan = planned(Repeated(edge, 100, 100), "claude-haiku-4-5")
    assert max(packed(model_plan)) == images


def test_small_images_before_a_large_one_get_their_own_request():
    sizes = [(28, 28)] * 30 + [(2001, 28)] + [(28, 28)] * 30
    assert packed(planned(sizes, "claude-haiku-4-5")) == [30, 20, 11]


@pytest.mark.parametrize(("model", "most_images"), [("claude-haiku-4-5", 100), ("claude-sonnet-4-6", 600)])
def test_the_limit_on_images_of_a_request(model, most_images):
    assert packed(planned(Repeated(28, 28, most_images + 1), model)) == [most_images, 1]
    assert packed(planned(Repeated(28, 28, most_images), model, images_per_request=most_images)) == [most_images]
    with pytest.raises(
        ImgcostError, match=rf"request 1 .* would have {most_images + 1} images: the limit is {most_images}\."
    ):
        planned(Repeated(28, 28, most_images + 1), model, images_per_request=most_images + 1)


def test_the_limit_on_bytes_of_a_request():
    # A file of 7,864,320 bytes has 10 MB as base64; three of them fit in 32 MB with their JSON, four do not.
    files = [image(28, 28, 7_864_320)] * 7
    assert packed(planned(files, "claude-sonnet-4-6")) == [3, 3, 1]
    with pytest.raises(ImgcostError, match=r"request 1 .* bytes: the limit is 33,554,432\."):
        planned(files, "claude-sonnet-4-6", images_per_request=4)
    assert packed(planned(files, "claude-sonnet-4-6", images_per_request=3)) == [3, 3, 1]
    assert packed(planned(Repeated(28, 28, 7, 7_864_320), "claude-sonnet-4-6")) == [3, 3, 1]


def test_an_edge_over_the_lower_limit_is_an_error_that_names_the_request():
    sizes = [(28, 28)] * 22 + [(28, 2001)] + [(28, 28)] * 21
    with pytest.raises(
        ImgcostError, match=r"request 2 \(from image 23 on\) would have 22 images, one of them over 2,000 px"
    ):
        planned(sizes, "claude-sonnet-4-6", images_per_request=22)


def test_the_limit_of_the_context_window():
    # Haiku 4.5: 200,000 tokens, of which an image of one patch has 1 + 3 and its message 7.
    least = 200_000 - 4 - 7
    assert planned([(28, 28)], "claude-haiku-4-5", prompt_tokens=least - 10, output_tokens=10).requests == 1
    with pytest.raises(ImgcostError, match="would have 200,001 tokens, prompt and answer: the limit is 200,000"):
        planned([(28, 28)], "claude-haiku-4-5", prompt_tokens=least - 9, output_tokens=10)
    full = planned(Repeated(1092, 1092, 100), "claude-haiku-4-5", prompt_tokens=100_000)
    assert packed(full) == [65, 35]  # (200,000 - 100,007) / 1524


def test_conversations_without_space_for_answers_have_one_turn():
    # Three turns would have 2 * 70,000 tokens of answers, so each conversation has one image and one turn.
    files = [image(28, 28, 30_000)] * 3
    model_plan = planned(files, "claude-haiku-4-5", prompt_tokens=60_000, output_tokens=70_000, turns=3)
    assert [(request.images, request.turn) for request in model_plan.each_request()] == [(1, 0), (1, 0), (1, 0)]


def test_images_that_would_be_rejected_are_priced_and_counted_by_limit():
    job_plan = plan(
        [(8000, 28), (8001, 28), image(28, 28, 7_864_320), image(28, 28, 7_864_321), (28, 9000)],
        models="claude-sonnet-4-6",
        as_of=DAY,
        images_per_request="auto",
    )
    [model_plan] = job_plan
    assert (job_plan.images, model_plan.images, job_plan.rejected) == (5, 5, ())
    fixable = {Reason("image-edge", "over 8,000 px"): 2, Reason("image-bytes", "over 10,485,760 bytes"): 1}
    assert job_plan.fixable == fixable
    tokens = [model_plan.quote.tokens(*size) for size in ((8001, 28), (28, 28), (28, 9000))]
    assert (model_plan.fixable_tokens, model_plan.fixable_usd) == (sum(tokens), model_plan.quote.image_usd(sum(tokens)))
    assert [request.first_image for request in model_plan.each_request()] == [0]
    assert job_plan.fixable == fixable  # each_request() does not count them again


def test_an_image_over_the_byte_limit_counts_no_bytes():
    """Nine such images exceed the limit of a request, but their size after resizing is unknown."""
    assert packed(planned([image(28, 28, 7_864_321)] * 9, "claude-sonnet-4-6", images_per_request="auto")) == [9]


def test_a_file_larger_than_a_request_counts_no_bytes_until_it_is_fitted():
    """Regression: this was an error, "request 0 has N bytes"."""
    most = 33_554_432 - 1024 - 128
    file_bytes = most // 4 * 3
    job_plan = plan([image(28, 28, file_bytes)], models="claude-sonnet-4-6", platform="foundry", as_of=DAY)
    assert (job_plan.images, job_plan.models[0].totals.sent_bytes) == (1, 33_554_432 - 1024)
    job_plan = plan([image(28, 28, file_bytes + 1)], models="claude-sonnet-4-6", platform="foundry", as_of=DAY)
    assert (job_plan.images, job_plan.models[0].totals.sent_bytes) == (1, 0)


def test_a_job_without_images_costs_nothing():
    model_plan = planned([], "sonnet", cache="5m", batch=True, downscale_to=500)
    assert (
        model_plan.requests,
        model_plan.total_usd,
        model_plan.usd_per_thousand_images,
        notes_written(model_plan),
    ) == (0, 0, None, [])
    assert model_plan.images_within(Decimal(1)) is None
    assert list(model_plan.each_request()) == []


def test_without_a_limit_on_images_requests_fill_the_context_window():
    bedrock = {"models": "claude-sonnet-4-6", "platform": "bedrock", "as_of": date(2026, 7, 1)}
    job_plan = plan(Repeated(28, 28, 500_000), images_per_request="auto", **bedrock)
    assert packed(job_plan.models[0]) == [249_998, 249_998, 4]  # (1,000,000 - 7) / 4


def test_limits_in_march_2024():
    job_plan = plan(Repeated(9000, 28, 21), models="claude-3-sonnet", as_of=date(2024, 3, 4), images_per_request="auto")
    assert packed(job_plan.for_model("claude-3-sonnet")) == [20, 1]
    assert job_plan.rejected == ()


# Packing


def feasible(sizes, limit_images, space):
    """Return whether one request can have these sizes (standard tier, Haiku 4.5)."""
    if len(sizes) > limit_images or (len(sizes) > 20 and max(map(max, sizes)) > 2000):
        return False
    return sum(geometry.image_tokens(*size, STANDARD) + 3 for size in sizes) <= space


def next_fit(sizes, fits):
    requests, current = [], []
    for size in sizes:
        if current and not fits([*current, size]):
            requests.append(current)
            current = []
        current.append(size)
    return [*requests, current] if current else requests


def fewest(sizes, fits):
    least = [0]
    for end in range(1, len(sizes) + 1):
        least.append(1 + min(least[start] for start in range(end) if end - start == 1 or fits(sizes[start:end])))
    return least[-1]


EDGES = st.sampled_from([1, 28, 300, 1092, 1568, 2000, 2001, 4000, 8000])
SIZES = st.lists(st.tuples(EDGES, EDGES), max_size=130)
PROMPTS = st.sampled_from([0, 100_000, 190_000, 198_000])


@given(SIZES, PROMPTS)
def test_requests_respect_limits_and_have_every_image_once_in_order(sizes, prompt_tokens):
    model_plan = planned(sizes, "claude-haiku-4-5", prompt_tokens=prompt_tokens, output_tokens=20, retry_rate="0.125")
    space = 200_000 - prompt_tokens - 20 - 7
    position, total, tokens = 0, Decimal(0), Usage()
    for number, request in enumerate(model_plan.each_request()):
        part = sizes[position : position + request.images]
        assert (request.number, request.first_image, request.new_images) == (number, position, len(part))
        assert feasible(part, 100, space)
        visual = sum(geometry.image_tokens(*size, STANDARD) for size in part)
        assert request.tokens == Usage(prompt_tokens + visual + 3 * len(part) + 7, 20)
        position += request.images
        total += request.usd
        tokens = tokens.plus(request.tokens)
    assert position == len(sizes)
    assert (total, tokens) == (model_plan.usd.total, model_plan.tokens)
    assert model_plan.total_usd == total * Decimal("1.125")


@given(SIZES, PROMPTS)
def test_packing_needs_the_fewest_requests_and_no_more_than_next_fit(sizes, prompt_tokens):
    model_plan = planned(sizes, "claude-haiku-4-5", prompt_tokens=prompt_tokens)
    fits = lambda part: feasible(part, 100, 200_000 - prompt_tokens - 7)  # noqa: E731 - used twice
    assert model_plan.requests <= len(next_fit(sizes, fits))
    few = sizes[:40]
    assert planned(few, "claude-haiku-4-5", prompt_tokens=prompt_tokens).requests == fewest(few, fits)


@given(SIZES, st.sampled_from([0, 50_000, 95_000, 99_500, 99_990, 100_000, 120_000]))
def test_no_request_pays_an_avoidable_surcharge(sizes, prompt_tokens):
    model_plan = planned(sizes, "claude-haiku-5-5", prompt_tokens=prompt_tokens)
    for request in model_plan.each_request():
        part = sizes[request.first_image : request.first_image + request.images]
        alone = [prompt_tokens + geometry.image_tokens(*size, HIGH) + 3 for size in part]
        assert request.kind == ("long-context" if request.tokens.prompt > 100_000 else "standard")
        assert request.tokens.prompt <= 100_000 or min(alone) > 100_000


def test_ten_thousand_images_compared_with_next_fit():
    draw = random.Random(28)
    sizes = [(draw.randint(1, 3000), draw.randint(1, 3000)) for _ in range(10_000)]
    weights = {size: geometry.image_tokens(*size, STANDARD) + 3 for size in sizes}
    requests, images, large, tokens = 0, 0, False, 0
    for size in sizes:  # next-fit
        larger = large or max(size) > 2000
        if images and (images == 100 or (images >= 20 and larger) or tokens + weights[size] > 200_000 - 100_007):
            requests, images, large, tokens = requests + 1, 0, False, 0
            larger = max(size) > 2000
        images, large, tokens = images + 1, larger, tokens + weights[size]
    model_plan = planned(np.array(sizes), "claude-haiku-4-5", prompt_tokens=100_000)
    assert model_plan.requests <= requests + 1
    assert sum(packed(model_plan)) == 10_000


@given(
    st.lists(st.tuples(EDGES, EDGES, st.integers(0, 600)), max_size=4),
    st.integers(1, 4),
    st.sampled_from(["auto", 1, 7]),
    st.sampled_from([16, 1000, 1 << 16]),
)
@fewer_examples(percent=67)
def test_repeated_sizes_give_the_same_plan_as_single_ones_for_any_block_size(runs, turns, images_per_request, block):
    listed = [(width, height) for width, height, count in runs for _ in range(count)]
    settings = {
        "turns": turns,
        "images_per_request": images_per_request,
        "prompt_tokens": 2000,
        "output_tokens": 30,
        "cache": "5m",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "CHUNK", block)
        patch.setattr(inputs, "CHUNK", block)
        outcomes = []
        for images in ([Repeated(*run) for run in runs], listed):
            try:
                model_plan = planned(images, "claude-haiku-5-5", **settings)
            except ImgcostError as error:
                outcomes.append(str(error))
            else:
                outcomes.append((list(model_plan.each_request()), model_plan.tokens, model_plan.total_usd))
    assert outcomes[0] == outcomes[1]
    if isinstance(outcomes[0], tuple):
        requests, _, total = outcomes[0]
        assert sum(request.new_images for request in requests) == len(listed)
        assert sum(request.usd for request in requests) == total
        for before, after in pairwise(requests):
            if after.turn:
                assert after.tokens.cache_read in {0, before.tokens.prompt}
                assert after.first_image + after.images == before.first_image + before.images + after.new_images


@given(
    st.lists(st.tuples(EDGES, EDGES), min_size=1, max_size=60),
    st.integers(1, 5),
    st.sampled_from(["auto", 1, 3]),
    st.sampled_from([0, 500, 1017, 1100, 5000]),
    st.integers(0, 400),
)
def test_every_turn_has_the_expected_tokens(sizes, turns, images_per_request, prompt_tokens, answer):
    # Sonnet 4.6: 3 tokens around an image, 7 around a message, prefixes are cached from 1024 tokens on.
    model_plan = planned(
        sizes,
        "claude-sonnet-4-6",
        turns=turns,
        images_per_request=images_per_request,
        prompt_tokens=prompt_tokens,
        output_tokens=answer,
        cache="5m",
    )
    requests = list(model_plan.each_request())
    position = 0
    shared = prompt_tokens if prompt_tokens >= 1024 else 0
    before = 0
    for request, later in zip(requests, [*requests[1:], None], strict=True):
        conversation, turn = request.conversation, request.turn
        if turn == 0:
            assert request.first_image == position
        position += request.new_images
        assert request.first_image + request.images == position
        part = sizes[request.first_image : position]
        visual = sum(geometry.image_tokens(*size, STANDARD) for size in part)
        prompt = prompt_tokens + visual + 3 * len(part) + 7 * (turn + 1) + answer * turn
        last = later is None or later.conversation != conversation
        if turn == 0:
            before = shared if conversation else 0
        read = before if before >= 1024 else 0
        write = prompt - read if prompt >= 1024 and not last else 0
        if last and turn == 0 and conversation == 0 and later is not None:
            write = shared
        assert request.tokens == Usage(prompt - read - write, answer, cache_write_5m=write, cache_read=read)
        before = prompt
    assert position == len(sizes)
    assert max(request.turn for request in requests) < turns


def test_a_size_with_a_huge_count_is_not_expanded():
    model_plan = planned(Repeated(3000, 3000, 10**12), "claude-sonnet-4-6", output_tokens=150)
    assert (model_plan.images, model_plan.requests) == (10**12, 5 * 10**10)
    assert model_plan.tokens == Usage(10**12 * 1524 + 5 * 10**10 * 7, 150 * 5 * 10**10)
    most = planned(Repeated(3000, 3000, 10**15), "claude-sonnet-4-6", turns=20, images_per_request=1)
    assert most.requests == 10**15
    assert most.totals.carried_visual == 10**15 * 1521 * 21 // 2  # beyond 64 bits


def test_costs_are_exact_beyond_the_digits_of_the_default_context():
    model_plan = planned(Repeated(3000, 3000, 10**15 - 1), "claude-haiku-5-5", retry_rate="0.123456789123456789")
    assert Fraction(model_plan.total_usd) == Fraction(model_plan.usd.total) * (1 + Fraction("0.123456789123456789"))


# Several models


def test_each_model_is_listed_once_cheapest_first():
    job_plan = plan(
        [(1000, 1000)],
        models=["claude-opus-5-5", "claude-haiku-5-5", "haiku", "sonnet", "claude-sonnet-5-5"],
        as_of=DAY,
    )
    assert [model_plan.model.id for model_plan in job_plan] == [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "claude-opus-5-5",
    ]
    assert job_plan.for_model("haiku").quote.requested == "haiku"
    assert job_plan.for_model(tables.find_model("opus", as_of=DAY)).total_usd == Decimal("0.005196")
    with pytest.raises(UnknownModelError, match=r"did you mean claude-haiku-5-5"):
        job_plan.for_model("claude-opus-4-6")
    by_object = plan([(1000, 1000)], models=tables.find_model("claude-opus-5-5"), as_of=DAY)
    assert by_object.models[0].quote.requested == "claude-opus-5-5"


def test_a_model_costs_the_same_alone_and_among_others():
    names = [model.id for model in tables.models() if model.status_on(DAY) == "active"]
    sizes = [(28 * n, 3000) for n in range(1, 200)]
    settings = {"prompt_tokens": 3000, "turns": 2, "cache": "5m", "images_per_request": "auto"}
    together = plan(sizes, models=names, as_of=DAY, **settings)
    assert len(together.models) == len(names) > 10
    for model_plan in together:
        assert model_plan.total_usd == planned(sizes, model_plan.model, **settings).total_usd


def test_downscaled_images_are_sent_in_the_same_requests():
    # 3000x3000: 20 per request. Images of 1092x1092 would be 600 per request, but the alternative keeps 20.
    model_plan = planned(JOB, "claude-sonnet-5-5", downscale_to=1521, batch=True, **SETTINGS)
    smaller = planned(Repeated(1092, 1092, 20_000), "claude-sonnet-5-5", images_per_request=20, batch=True, **SETTINGS)
    alternative = model_plan.variants["downscaled"]
    assert (alternative.requests, alternative.images_per_request, alternative.tokens) == (1000, 20, smaller.tokens)
    assert alternative.total_usd == smaller.total_usd < model_plan.total_usd
    assert model_plan.downscaled_size() == (1092, 1092)
    # Downscaling to the size that Claude sees anyway is no alternative.
    assert "downscaled" not in planned(Repeated(2000, 1500, 10), "claude-sonnet-4-6", downscale_to=1568).variants


def test_downscaling_can_avoid_the_long_context_price():
    model_plan = planned(Repeated(1932, 1932, 21), "claude-haiku-5-5", images_per_request=21, downscale_to=4000)
    assert model_plan.long_context_requests == 1
    alternative = model_plan.variants["downscaled"]
    assert alternative.tokens.input < 100_000
    assert alternative.total_usd == Decimal(alternative.tokens.input) / 10**7  # $0.10 per MTok


def test_the_downscaled_size_is_that_of_the_only_size_or_a_square():
    assert planned([(28, 28)], "claude-sonnet-5-5").downscaled_size() is None
    assert planned(Repeated(1000, 500, 9), "claude-sonnet-5-5", downscale_to=100).downscaled_size() == (392, 196)
    assert planned([(1000, 500), (3, 4)], "claude-sonnet-5-5", downscale_to=100).downscaled_size() == (280, 280)


def test_packing_is_an_alternative_to_one_image_per_request():
    # 200,000 photos of 1296 tokens, one question of 400 tokens and one answer of 135 each.
    job = {"prompt_tokens": 400, "output_tokens": 135}
    [model_plan] = plan(Repeated(1000, 1000, 200_000), models="claude-sonnet-5-5", as_of=DAY, **job)
    assert (model_plan.requests, model_plan.totals.max_new_images, model_plan.total_usd) == (
        200_000,
        1,
        Decimal("949.6"),
    )
    alternative = model_plan.variants["packed"]
    packed = planned(Repeated(1000, 1000, 200_000), "claude-sonnet-5-5", **job)
    assert (alternative.requests, alternative.images_per_request) == (334, 600)
    assert (alternative.tokens, alternative.total_usd) == (packed.tokens, packed.total_usd)
    assert alternative.total_usd.quantize(Decimal("0.01")) == Decimal("520.32")
    assert "packed" not in packed.variants


def test_packing_keeps_batch_and_cache_and_is_listed_only_if_it_saves_requests():
    settings = {"prompt_tokens": 5000, "cache": "1h", "batch": True}
    model_plan = planned(Repeated(28, 28, 1000), "claude-sonnet-4-6", images_per_request=1, **settings)
    assert (
        model_plan.variants["packed"].total_usd
        == planned(Repeated(28, 28, 1000), "claude-sonnet-4-6", **settings).total_usd
    )
    assert "packed" not in planned([(28, 28)], "claude-sonnet-4-6", images_per_request=1).variants
    assert "packed" not in planned(Repeated(28, 28, 600), "claude-sonnet-4-6", images_per_request=600).variants
    assert "packed" in planned(Repeated(28, 28, 600), "claude-sonnet-4-6", images_per_request=599).variants


# Equality, pickling and repr


def job_in_every_form(tmp_path):
    (tmp_path / "sizes.csv").write_text("width,height\n28,28\n", encoding="utf-8")
    return [
        [(28, 28), Repeated(56, 28, 1000), tmp_path / "sizes.csv"],
        np.array([[28, 28], [56, 56]], np.uint8),
        pd.DataFrame({"width": [28], "height": [28], "count": [1000]}),
    ]


def test_plans_have_value_equality_and_survive_pickling(tmp_path):
    settings = {"models": ["haiku", "sonnet"], "as_of": DAY, "cache": "5m", "prompt_tokens": 5000, "downscale_to": 1}
    for images in job_in_every_form(tmp_path):
        job_plan, same_plan = plan(images, **settings), plan(images, **settings)
        assert job_plan == same_plan
        assert job_plan != plan(images, **settings | {"prompt_tokens": 5001})
        pickled = pickle.loads(pickle.dumps(job_plan))
        assert pickled == job_plan
        assert pickled.models[0] == job_plan.models[0] != job_plan.models[1]
        assert list(pickled.models[0].each_request()) == list(job_plan.models[0].each_request())


def test_a_plan_has_a_short_repr():
    job_plan = plan(Repeated(1000, 1000, 200_000), models=["haiku", "sonnet", "opus"], as_of=DAY, prompt_tokens=400)
    assert repr(job_plan).startswith("<Plan images=200000 claude-haiku-5-5=$33.98 claude-sonnet-5-5=$")
    shown = repr(job_plan.for_model("sonnet"))
    assert shown == "<ModelPlan claude-sonnet-5-5 images=200000 requests=200000 tokens=339800000 usd=$679.60>"
    many = plan([(28, 28)], models=["haiku", "sonnet", "opus", "fable", "claude-opus-4-6"], as_of=DAY)
    assert repr(many).endswith(" ...>")
    assert len(repr(many)) < 200


def test_a_budget_covers_a_whole_number_of_images():
    model_plan = planned(Repeated(1000, 1000, 10), "claude-3-haiku", retry_rate=1)
    each = model_plan.total_usd / 10
    assert model_plan.images_within(each * 7) == 7
    assert model_plan.images_within(each * 7 - Decimal("0.000001")) == 6


def test_the_number_of_batches_that_a_job_needs():
    def batches_note(model_plan):
        return next(note for note in notes_written(model_plan) if "message batch" in note)

    assert (
        "need at least 1 message batch; more if a batch would exceed 268,435,456 bytes, because not all"
        in batches_note(planned(Repeated(28, 28, 100_000), "haiku", images_per_request=1, batch=True))
    )
    assert "need at least 2 message batches" in batches_note(
        planned(Repeated(28, 28, 100_001), "haiku", images_per_request=1, batch=True)
    )
    large_files = planned([image(28, 28, 7_864_320)] * 26, "claude-sonnet-4-6", batch=True)
    assert "need at least 2 message batches" in batches_note(large_files)  # 260 MB; the limit is 256
    conversations = planned(Repeated(28, 28, 9), "claude-sonnet-4-6", batch=True, turns=3)
    assert "need at least 3 message batches, because each turn needs the answer" in batches_note(conversations)
    before_first_limits = plan(
        Repeated(28, 28, 9), models="claude-3-5-sonnet-20241022", batch=True, as_of=date(2025, 1, 1)
    )
    assert "need at least 1 message batch" in batches_note(before_first_limits.models[0])


def test_notes_list_measurements_and_assumptions():
    notes = " ".join(notes_written(planned(JOB, "claude-opus-4-7", cache="1h", batch=True, **SETTINGS)))
    assert "Includes an overhead of 3 tokens per image and 11 tokens per user message" in notes
    assert "Source of the overhead per user message with claude-opus-4-7, measured with " in notes
    assert "expires 1 hour after its last use" in notes
    assert "which is not guaranteed" in notes
    notes = " ".join(notes_written(planned(JOB, "sonnet", cache="5m", **SETTINGS)))
    assert "each request follows the previous one sooner" in notes
    assert "Message overhead has not been measured for claude-sonnet-5-5; assumed 0 tokens." in notes
    notes = " ".join(notes_written(planned([(28, 28)], "claude-3-haiku", output_tokens=5000)))
    assert "Answers are limited to 4,096 tokens with claude-3-haiku-20240307, but 5,000 are priced." in notes
    short = planned(Repeated(28, 28, 4), "claude-sonnet-4-6", turns=2, images_per_request=1, cache="5m")
    assert any("no shared prefix is long enough" in note for note in notes_written(short))


# Unavailable combinations


@pytest.mark.parametrize(
    ("error", "match", "model", "settings"),
    [
        (ImgcostError, "not available on bedrock", "sonnet", {"batch": True, "platform": "bedrock"}),
        (
            ImgcostError,
            "inference_geo is not available on google-cloud",
            "sonnet",
            {"inference_geo": "us", "platform": "google-cloud"},
        ),
        (ImgcostError, "claude-api has no regional endpoint", "sonnet", {"endpoint": "regional"}),
        (NoPriceError, "inference-geo-us", "claude-opus-4-5", {"inference_geo": "us"}),
        (NoPriceError, "batch price", "claude-3-sonnet", {"batch": True}),
        (NoPriceError, "cache write-5m price", "claude-3-sonnet", {"cache": "5m"}),
        (ImgcostError, "tier of claude-mythos-preview was never", "claude-mythos-preview", {}),
        (ImgcostError, "claude-mythos-5-2 is not offered on google-cloud", "mythos", {"platform": "google-cloud"}),
    ],
)
def test_an_unavailable_combination_is_an_error(error, match, model, settings):
    with pytest.raises(error, match=match):
        planned([(28, 28)], model, **settings)


def test_a_platform_without_published_limits_on_the_date_is_an_error():
    with pytest.raises(NoPriceError, match="no published limit for foundry"):
        plan([(28, 28)], models="claude-sonnet-4-6", platform="foundry", as_of=date(2026, 6, 1))


# An independent oracle


def test_costs_equal_those_of_genai_prices():
    draw = random.Random(750)
    provider = next(entry for entry in data_snapshot.get_snapshot().providers if entry.id == "anthropic")
    names = [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "claude-opus-5-5",
        "claude-sonnet-4-6",
        "claude-haiku-4-5-20251001",
    ]
    when = datetime(2026, 11, 22, 12, tzinfo=UTC)
    compared = 0
    while compared < 200:
        name, batch = draw.choice(names), draw.random() < 0.4
        listed = provider.find_model(name)
        variants = [next(iter(variant.when.items())) for variant in listed.price_variants or ()]
        context = dict(condition for condition in variants if batch and condition[1] == "batch")
        if batch and not context:
            continue
        model_plan = planned(
            [(draw.randint(1, 2000), draw.randint(1, 2000)) for _ in range(draw.randint(1, 30))],
            name,
            prompt_tokens=draw.choice([0, 600, 5000, 99_000, 120_000]),
            output_tokens=draw.randint(0, 2000),
            cache=draw.choice(["none", "5m"]),
            images_per_request=draw.choice(["auto", 1, 7]),
            turns=draw.choice([1, 1, 3]),
            batch=batch,
        )
        for request in model_plan.each_request():
            tokens = request.tokens
            usage = SentUsage(
                input_tokens=tokens.prompt,
                cache_write_tokens=tokens.cache_write_5m or None,
                cache_read_tokens=tokens.cache_read or None,
                output_tokens=tokens.output,
            )
            prices = listed.get_prices(when, context)
            assert request.usd == prices.calc_price(usage)["total_price"], (name, batch, tokens)
            compared += 1


def test_requests_are_priced_by_the_published_rates():
    rates = Rates(Decimal("0.1"), Decimal("0.5"), cache_write_5m=Decimal("0.125"), cache_read=Decimal("0.01"))
    model_plan = planned(
        Repeated(28, 28, 5), "haiku", prompt_tokens=600, output_tokens=9, images_per_request=2, cache="5m"
    )
    assert [request.usd for request in model_plan.each_request()] == [
        rates.cost_usd(r.tokens) for r in model_plan.each_request()
    ]


def test_a_notebook_shows_a_plan_as_a_table_with_a_row_per_model():
    html = plan([(28, 28)] * 2, models=["haiku", "sonnet"], as_of=DAY)._repr_html_()
    assert html.startswith(f"<table><caption>2 images on {DAY}: 1 image per request, images only")
    assert html.count("<tr>") == 3
    assert html.index("claude-haiku") < html.index("claude-sonnet")
    nothing = plan([], models="haiku", as_of=DAY)._repr_html_()
    assert nothing.startswith(f"<table><caption>0 images on {DAY}: ")


def test_the_rows_of_a_plan_are_its_variants():
    result = plan([(28, 28)] * 2, models=["haiku", "sonnet"], as_of=DAY, batch=True)
    frame = result.to_frame()
    assert [row[:5] for row in result.rows()] == list(frame.iloc[:, :5].itertuples(index=False, name=None))
    assert [name for name in frame["alternative_to"] if isinstance(name, str)] == [
        model.model.id for model in result.models for _ in model.variants
    ]
    assert list(frame["variant"]).count("as specified") == 2
    assert len(frame) == 2 + sum(len(model.variants) for model in result.models)
    rows = plan([(28, 28)] * 2, models="sonnet", as_of=DAY).to_frame().set_index("variant")
    assert rows.loc["batch", ["model", "tier"]].tolist() == ["claude-sonnet-5-5", "high-resolution"]
    assert rows.loc["batch", "saves_usd"] == rows.loc["as specified", "total_usd"] - rows.loc["batch", "total_usd"]
    assert rows.loc["claude-haiku-5-5", ["model", "alternative_to", "tier"]].tolist() == [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "high-resolution",
    ]
    assert pd.isna(rows.loc["as specified", "alternative_to"])
