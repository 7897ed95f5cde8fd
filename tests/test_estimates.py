"""Estimates of one image: tables of the guide, an independent oracle, and both sides of each date."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product

import documented
import pytest
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as st
from quoting import quoted

from imgcost import tables
from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, SizeError, UnknownModelError
from imgcost.estimates import Estimate, estimate, estimate_with
from imgcost.geometry import MAX_EDGE, image_tokens, padded_size, resized_size

DAY = date(2026, 11, 22)
CURRENT = [
    model for model in tables.models() if model.status_on(DAY) in {"active", "deprecated"} and not model.restricted
]
CACHES = {"none": ("input", None), "5m": ("cache_write_5m", "cache_read"), "1h": ("cache_write_1h", "cache_read")}

edges = st.integers(1, 10_000)


def on_day(model, day=DAY, **conditions):
    """Estimate an image of 700 x 1120 px: 25 x 40 patches, 1000 tokens on every tier."""
    return estimate(700, 1120, model=model, as_of=day, **conditions)


# Tables of the guide of 2024


@pytest.mark.parametrize(
    ("side", "tokens", "usd", "usd_per_thousand"),
    [(200, 54, "0.000162", "0.162"), (1000, 1334, "0.004002", "4.002"), (1092, 1590, "0.00477", "4.77")],
)
def test_the_guides_examples_have_its_tokens_and_costs(side, tokens, usd, usd_per_thousand):
    result = estimate(side, side, model="claude-3-sonnet", as_of=date(2024, 3, 4))
    assert result.tokens == tokens
    assert result.input_usd == Decimal(usd)
    assert result.quote.image_usd(1000 * tokens) == Decimal(usd_per_thousand)
    assert not result.downscaled


def test_the_models_of_the_guide_count_by_area_and_all_later_ones_by_patch():
    by_area = {model.id for model in tables.models() if model.tier and quoted(model, as_of=DAY).formula == "area"}
    assert by_area == {"claude-3-opus-20240229", "claude-3-sonnet-20240229", "claude-3-haiku-20240307"}


def test_a_selected_formula_replaces_that_of_the_model():
    assert estimate(1000, 1000, model="claude-3-sonnet", as_of=DAY, formula="patch").tokens == 36 * 36
    assert estimate(1000, 1000, model="claude-sonnet-4-6", as_of=DAY, formula="area").tokens == 1334
    assert estimate(1000, 1000, model="claude-sonnet-4-6", as_of=DAY, formula="patch").tokens == 36 * 36


@pytest.mark.parametrize("model", ["claude-3-sonnet", "claude-sonnet-5-5"])
def test_other_tokens_are_those_of_the_formula_that_was_not_used(model):
    by_default = estimate(1000, 1000, model=model, as_of=DAY)
    turned = estimate(1000, 1000, model=model, as_of=DAY, formula=by_default.other_formula)
    assert {by_default.quote.formula, by_default.other_formula} == {"area", "patch"}
    assert (by_default.other_tokens, by_default.tokens) == (turned.tokens, turned.other_tokens)
    assert {by_default.tokens, by_default.other_tokens} == {1296, 1334}


def test_other_tokens_are_those_of_the_resized_image():
    result = estimate(4000, 3000, model="claude-sonnet-4-6", as_of=DAY)
    assert (result.resized_width, result.resized_height) == documented.resized(4000, 3000, 1568, 1568)
    assert result.other_tokens == -(-result.resized_width * result.resized_height // 750)


# Resized and padded sizes


def test_an_image_within_the_limits_is_padded_but_not_resized():
    result = estimate(924, 1307, model="claude-sonnet-4-6", as_of=DAY)
    assert (result.resized_width, result.resized_height) == (924, 1307)
    assert result.padded_size == (924, 1316)
    assert not result.downscaled


@pytest.mark.parametrize(
    ("model", "size", "padded", "downscaled"),
    [
        ("claude-sonnet-4-6", (1456, 819), (1456, 840), True),
        ("claude-sonnet-5-5", (1920, 1080), (1932, 1092), False),
    ],
)
def test_an_image_can_be_downscaled_on_one_tier_only(model, size, padded, downscaled):
    result = estimate(1920, 1080, model=model, as_of=DAY)
    assert (result.resized_width, result.resized_height) == size
    assert result.padded_size == padded
    assert result.downscaled is downscaled
    assert result.tokens == documented.tokens(*size)


def test_one_pixel_over_the_limit_in_either_direction_is_downscaled():
    assert not estimate(1568, 784, model="claude-opus-4-6", as_of=DAY).downscaled
    assert estimate(1569, 784, model="claude-opus-4-6", as_of=DAY).downscaled
    assert estimate(1568, 785, model="claude-opus-4-6", as_of=DAY).downscaled


@given(edges, edges, st.sampled_from(CURRENT), st.sampled_from([None, "patch", "area"]))
def test_an_estimate_combines_its_quote_and_its_geometry(width, height, model, formula):
    quote = quoted(model, as_of=DAY, formula=formula)
    result = estimate(width, height, model=model, as_of=DAY, formula=formula)
    tokens = image_tokens(width, height, model.tier, formula or model.formula)
    size = resized_size(width, height, model.tier)
    assert result == Estimate(width, height, *size, tokens, quote.image_usd(tokens), quote)
    assert result == estimate_with(quote, width, height)
    assert result.padded_size == padded_size(*size)
    assert quote.tokens(width, height) == tokens


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (MAX_EDGE + 1, 1), (1.5, 10), (True, 10)])
def test_an_impossible_size_is_rejected(size):
    with pytest.raises(SizeError):
        estimate(*size, model="claude-sonnet-5-5", as_of=DAY)


def test_numpy_integers_are_converted_to_int():
    np = pytest.importorskip("numpy")
    result = estimate(np.int32(1920), np.uint16(1080), model="claude-sonnet-4-6", as_of=DAY)
    assert result == estimate(1920, 1080, model="claude-sonnet-4-6", as_of=DAY)
    assert {type(value) for value in result[:5]} == {int}


# Dollars


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(CURRENT))
def test_cost_is_linear_in_tokens(first, second, model):
    quote = quoted(model, as_of=DAY)
    assert quote.image_usd(first) + quote.image_usd(second) == quote.image_usd(first + second)
    assert Fraction(quote.image_usd(first)) == first * Fraction(quote.usd_per_mtok) / 10**6
    assert quote.image_usd(0) == 0


@pytest.mark.parametrize("model", CURRENT, ids=lambda model: model.id)
def test_dollars_equal_those_of_genai_prices(model):
    for width, height in [(1, 1), (1920, 1080), (8000, 8000)]:
        result = estimate(width, height, model=model.id, as_of=DAY)
        usage = Usage(input_tokens=result.tokens)
        timestamp = datetime(2026, 11, 22, 12, tzinfo=UTC)
        oracle = calc_price(usage, model.id, provider_id="anthropic", genai_request_timestamp=timestamp)
        assert oracle.input_price == result.input_usd


@pytest.mark.parametrize(
    ("batch", "cache", "geo"),
    list(product([False, True], CACHES, ["global", "us"])),
    ids=lambda value: str(value).lower(),
)
@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2"])
def test_batch_cache_and_inference_geo_multiply_the_rate_exactly(model, batch, cache, geo):
    row = tables.price_on(tables.find_model(model), DAY).rates
    write, read = CACHES[cache]
    rate = Fraction(getattr(row, write))
    rate *= (Fraction(1, 2) if batch else 1) * (Fraction(11, 10) if geo == "us" else 1)
    result = on_day(model, batch=batch, cache=cache, inference_geo=geo)
    assert result.tokens == 1000
    assert Fraction(result.quote.usd_per_mtok) == rate
    assert Fraction(result.input_usd) == rate / 1000
    if read:
        assert result.cache_read_usd == result.input_usd * getattr(row, read) / getattr(row, write)
    else:
        assert result.cache_read_usd is None
    names = {"batch": batch, f"cache {cache}": cache != "none", "US inference": geo == "us"}
    assert result.quote.conditions.labels == tuple(name for name, applies in names.items() if applies)


def test_batch_cache_and_inference_geo_by_hand():
    # Opus 4.6: 5m cache write at $6.25, half in a batch, times 1.1 in the US.
    result = on_day("claude-opus-4-6", batch=True, cache="5m", inference_geo="us")
    assert str(result.quote.usd_per_mtok) == "3.4375"
    assert result.input_usd == Decimal("0.0034375")


# Dates


@pytest.mark.parametrize(
    ("model", "rate", "day", "usd_per_mtok"),
    [
        ("claude-sonnet-5-5", "cache_read", date(2026, 10, 6), "0.2"),
        ("claude-sonnet-5-5", "cache_read", date(2026, 10, 7), "0.1"),
        ("claude-sonnet-5-5", "input", date(2026, 10, 6), "2"),
        ("claude-sonnet-5-5", "input", date(2026, 10, 7), "2"),
    ],
)
def test_a_price_changes_on_its_date_and_not_before(model, rate, day, usd_per_mtok):
    assert getattr(on_day(model, day).quote.standard, rate) == Decimal(usd_per_mtok)


def test_the_price_of_haiku_3_5_before_its_cut_does_not_apply_to_images():
    model = tables.find_model("claude-3-5-haiku")
    rates = [tables.price_on(model, day).rates.input for day in (date(2024, 12, 2), date(2024, 12, 3))]
    assert rates == [Decimal(1), Decimal("0.8")]
    for day in (date(2024, 12, 2), date(2024, 12, 3), date(2025, 2, 23)):
        with pytest.raises(NoPriceError, match="no published image price for claude-3-5-haiku-20241022") as caught:
            on_day(model, day)
        assert caught.value.first_day == date(2025, 2, 24)
    assert on_day(model, date(2025, 2, 24)).quote.usd_per_mtok == Decimal("0.8")


@pytest.mark.parametrize(
    ("family", "day", "model_id"),
    [
        ("sonnet", date(2026, 9, 27), "claude-sonnet-5"),
        ("sonnet", date(2026, 9, 28), "claude-sonnet-5-5"),
        ("haiku", date(2026, 10, 6), "claude-haiku-4-5-20251001"),
        ("haiku", date(2026, 10, 7), "claude-haiku-5-5"),
        ("haiku", date(2025, 2, 23), "claude-3-haiku-20240307"),
        ("haiku", date(2025, 2, 24), "claude-3-5-haiku-20241022"),
    ],
)
def test_a_family_is_its_newest_model_on_the_date(family, day, model_id):
    result = on_day(family, day)
    assert (result.quote.model.id, result.quote.conditions.as_of) == (model_id, day)


def test_without_a_date_today_applies(monkeypatch):
    monkeypatch.setattr("imgcost.quoting.today", lambda: date(2026, 10, 6))
    assert on_day("claude-sonnet-5-5", None).quote.standard.cache_read == Decimal("0.2")
    assert on_day("haiku", None).quote.model.id == "claude-haiku-4-5-20251001"


def test_a_retired_model_keeps_its_last_price():
    assert on_day("claude-3-opus").quote.usd_per_mtok == 15


# Errors


def test_an_unknown_model_is_an_error_with_suggestions():
    with pytest.raises(UnknownModelError, match=r"unknown model 'claude-sonet-5': did you mean claude-sonnet-5") as err:
        on_day("claude-sonet-5")
    assert (err.value.name, err.value.suggestions[0]) == ("claude-sonet-5", "claude-sonnet-5")


@pytest.mark.parametrize("model", tables.models(), ids=lambda model: model.id)
def test_before_its_first_price_a_model_is_an_error_that_names_the_date(model):
    with pytest.raises(NoPriceError, match=f"prices start on {model.released}") as caught:
        on_day(model, date(2023, 1, 1))
    assert (caught.value.model, caught.value.day) == (model.id, date(2023, 1, 1))
    assert caught.value.first_day == model.released


def test_a_family_before_its_first_model_is_an_error():
    with pytest.raises(NoPriceError, match="no Fable model was available on 2026-06-08") as caught:
        on_day("fable", date(2026, 6, 8))
    assert caught.value.first_day == date(2026, 6, 9)


def test_a_model_of_unpublished_tier_is_an_error():
    with pytest.raises(ImgcostError, match="resolution tier of claude-mythos-preview was never published"):
        on_day("claude-mythos-preview")


@pytest.mark.parametrize("released_before", [m for m in CURRENT if m.released < date(2026, 2, 5)], ids=lambda m: m.id)
def test_older_models_do_not_support_inference_in_the_us(released_before):
    with pytest.raises(NoPriceError, match="no published inference-geo-us price") as caught:
        on_day(released_before, inference_geo="us")
    assert caught.value.first_day is None
    assert on_day(released_before, inference_geo="global").quote.conditions.labels == ()


def test_a_feature_before_its_first_date_is_an_error():
    with pytest.raises(NoPriceError, match="no published cache write-1h price") as caught:
        on_day("claude-3-opus", date(2025, 5, 21), cache="1h")
    assert caught.value.first_day == date(2025, 5, 22)
    assert on_day("claude-3-opus", date(2025, 5, 22), cache="1h").quote.usd_per_mtok == 30
    with pytest.raises(NoPriceError, match="no published batch price") as caught:
        on_day("claude-3-opus", date(2024, 10, 7), batch=True)
    assert caught.value.first_day == date(2024, 10, 8)
    assert on_day("claude-3-opus", date(2024, 10, 8), batch=True).quote.usd_per_mtok == Decimal("7.5")


def test_a_cache_price_that_was_never_published_is_an_error():
    with pytest.raises(
        NoPriceError, match=r"no published cache write-5m price for claude-3-sonnet-20240229 on [-0-9]*\. Run "
    ):
        on_day("claude-3-sonnet", cache="5m")


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"formula": "tiles"}, "invalid formula 'tiles': expected one of patch, area"),
        ({"formula": ""}, "invalid formula '': expected one of patch, area"),
        ({"cache": "write"}, "invalid cache 'write': expected one of none, 5m, 1h"),
        ({"cache": None}, "invalid cache None: expected one of none, 5m, 1h"),
        ({"inference_geo": "eu"}, "invalid inference_geo 'eu': expected one of global, us"),
        ({"inference_geo": None}, "invalid inference_geo None: expected one of global, us"),
    ],
)
def test_an_unknown_condition_is_rejected_with_the_choices(invalid, message):
    for question in (quoted, lambda model, **kw: estimate(10, 10, model=model, **kw)):
        with pytest.raises(ArgumentError, match=message):
            question("claude-sonnet-5-5", as_of=DAY, **invalid)


def test_an_estimate_has_value_equality_and_a_short_repr():
    result = estimate(1000, 1000, model="claude-opus-4-6", as_of=date(2026, 11, 22), batch=True)
    assert repr(result) == "<Estimate 1000x1000 claude-opus-4-6 tokens=1296 usd=$0.00324>"
    assert repr(result.quote) == "<Quote claude-opus-4-6 2026-11-22 $2.50 per MTok (batch)>"
    assert pickle.loads(pickle.dumps(result)) == result
    assert result != estimate(1000, 1000, model="claude-opus-4-6", as_of=date(2026, 11, 22))


def test_a_notebook_shows_an_estimate_as_a_table():
    html = estimate(1000, 1000, model="claude-opus-5", as_of=date(2026, 11, 22))._repr_html_()
    assert html.startswith("<table><caption>claude-opus-5 on 2026-11-22</caption>")
    assert "<td>1000x1000</td><td>unchanged</td>" in html
    assert ">1,296</td>" in html
    downscaled = estimate(8000, 4000, model="claude-haiku-4-5", as_of=date(2026, 11, 22))
    resized = f"{downscaled.resized_width}x{downscaled.resized_height}"
    assert f"<td>8000x4000</td><td>{resized}</td>" in downscaled._repr_html_()


@pytest.mark.parametrize(("width", "rejected"), [(8000, None), (8001, "image-edge")])
def test_an_image_over_the_limit_on_edges_is_marked(width, rejected):
    result = estimate(width, 100, model="claude-sonnet-4-6", as_of=date(2026, 11, 22))
    assert result.to_dict()["rejected"] == rejected
    assert (result.breach and result.breach.reason.rule) == rejected
