"""The published tables: golden rows, every name, both sides of each date, an independent oracle, and every defect."""

import copy
import csv
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from genai_prices import data_snapshot
from genai_prices.types import TieredPrices
from hypothesis import given
from hypothesis import strategies as st

from imgcost import tables
from imgcost.errors import NoPriceError, TableError, UnknownModelError
from imgcost.geometry import Tier
from imgcost.prices import Rates
from imgcost.tables.reading import read_published, read_sources

DATA = Path(__file__).parent.parent / "data"
DAY = date(2026, 11, 22)
ONE_DAY = timedelta(days=1)
CLASSES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
MODELS = tables.models()
FILES = ("models.toml", "prices.toml", "limits.toml", "measured.toml")


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day_of(text):
    return date.fromisoformat(text) if text else None


def usd(text):
    return Decimal(text) if text else None


def number(text):
    return int(text) if text else None


def by_id(model):
    return model.id


# Golden tables


@pytest.mark.parametrize("row", rows("models.csv"), ids=lambda row: row["model_id"])
def test_a_model_matches_its_golden_row(row):
    model = tables.find_model(row["model_id"])
    as_of = day_of(row["as_of"])
    assert (model.id, model.name, model.family) == (row["model_id"], row["name"], row["family"])
    assert (model.released, model.vision_from) == (day_of(row["released"]), day_of(row["vision_from"]))
    assert model.status_on(as_of) == row["status"]
    assert model.restricted == bool(row["restricted"])
    assert model.deprecated == day_of(row["deprecated"])
    assert ";".join(f"{platform}={day}" for platform, day in model.retirements) == row["retires"]
    assert model.retires_not_before == day_of(row["retires_not_before"])
    assert (model.context_window, model.max_output_tokens) == (
        int(row["context_window"]),
        int(row["max_output_tokens"]),
    )
    tier = Tier(int(row["edge_limit"]), int(row["token_limit"]), row["tier"]) if row["tier"] else None
    assert model.tier == tier
    assert model.min_cacheable_tokens == number(row["min_cacheable_tokens"])
    assert ";".join(model.aliases) == row["aliases"]
    assert ";".join(model.bedrock_ids) == row["bedrock_ids"]
    assert (model.google_cloud_id or "") == row["google_cloud_id"]
    assert (model.foundry_id or "") == row["foundry_id"]
    assert "; ".join(f"{source.title} (read {source.read})" for source in model.sources) == row["sources"]
    assert model.note == row["note"]
    limits = tables.limits_on("claude-api", as_of)
    assert limits.max_images(model.context_window) == int(row["images_per_request"])
    assert limits.max_pdf_pages(model.context_window) == int(row["pdf_pages_per_request"])


@pytest.mark.parametrize("row", rows("models.csv"), ids=lambda row: row["model_id"])
def test_prices_and_multipliers_on_the_golden_date(row):
    model = tables.find_model(row["model_id"])
    as_of = day_of(row["as_of"])
    rates = tables.price_on(model, as_of).rates
    assert rates == Rates(*(usd(row[name]) for name in CLASSES))
    for name, column in (("inference-geo-us", "inference_geo_us"), ("regional", "regional")):
        assert factor_or_none(name, model, as_of) == usd(row[column])
    if row["batch_input"]:
        half = rates.times(tables.multiplier_on("batch", model, as_of))
        assert (half.input, half.output) == (Decimal(row["batch_input"]), Decimal(row["batch_output"]))
    else:
        assert factor_or_none("batch", model, as_of) is None


def factor_or_none(name, model, day):
    try:
        return tables.multiplier_on(name, model, day)
    except NoPriceError:
        return None


def test_the_published_tables_have_the_rows_of_the_golden_tables():
    assert [row["model_id"] for row in rows("models.csv")] == [model.id for model in MODELS]
    golden = [(r["model_id"], r["kind"], r["first_day"]) for r in rows("price_history.csv") if r["model_id"] != "*"]
    loaded = [(r.model_id, r.kind, str(r.first_day)) for model in MODELS for r in tables.price_rows(model)]
    assert sorted(golden) == sorted(loaded)


@pytest.mark.parametrize(
    "row", rows("price_history.csv"), ids=lambda r: f"{r['model_id']}-{r['kind']}-{r['first_day']}"
)
def test_a_price_matches_its_golden_row(row):
    first_day = day_of(row["first_day"])
    if row["model_id"] == "*":
        [factor] = [multiplier for multiplier in tables.multipliers() if multiplier.name == row["kind"]]
        assert factor.first_day == first_day
        assert {Decimal(row[name]) for name in CLASSES} == {factor.factor}
        return
    model = tables.find_model(row["model_id"])
    [price] = [entry for entry in tables.price_rows(model) if (entry.kind, entry.first_day) == (row["kind"], first_day)]
    assert price.last_day == day_of(row["last_day"])
    assert price.above_input_tokens == number(row["above_input_tokens"])
    assert price.rates == Rates(*(usd(row[name]) for name in CLASSES))
    assert "; ".join(f"{source.title} (read {source.read})" for source in price.sources) == row["sources"]
    assert (price.confidence, price.note) == (row["confidence"], row["note"])
    # Both sides of both dates.
    assert price_or_none(model, first_day, price.kind) == (price.rates.input, price.rates.output)
    assert price_or_none(model, first_day - ONE_DAY, price.kind) != (price.rates.input, price.rates.output) or (
        price.rates.cache_read == Decimal("0.1")  # Sonnet 5.5: only the price of cache reads changed
    )
    if price.last_day:
        assert price_or_none(model, price.last_day, price.kind) == (price.rates.input, price.rates.output)
        after = price_or_none(model, price.last_day + ONE_DAY, price.kind)
        assert (after is None) == (price.kind != "standard")


def price_or_none(model, day, kind):
    try:
        return tables.price_on(model, day, kind).rates[:2]
    except NoPriceError:
        return None


# An independent oracle

GENAI = "genai-prices 0.2.3"
EARLY_CACHE = "caching was not available yet; the oracle has one price for all dates"
EXPLAINED = {
    # (model, kind, class): (first date, last date, reason). None: since the release, or until today.
    ("claude-3-sonnet-20240229", "standard", "cache_write_5m"): (None, None, "derived there, never confirmed"),
    ("claude-3-sonnet-20240229", "standard", "cache_write_1h"): (None, None, "derived there, never confirmed"),
    ("claude-3-sonnet-20240229", "standard", "cache_read"): (None, None, "derived there, never confirmed"),
    ("claude-sonnet-5-5", "standard", "cache_read"): (
        None,
        date(2026, 10, 6),
        "the oracle has one price for all dates",
    ),
}
for _model in ("claude-3-opus-20240229", "claude-3-haiku-20240307", "claude-3-5-sonnet-20240620"):
    for _class in ("cache_write_5m", "cache_read"):
        EXPLAINED[_model, "standard", _class] = (None, date(2024, 8, 13), EARLY_CACHE)
for _model in (
    "claude-3-opus-20240229",
    "claude-3-haiku-20240307",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-20250219",
):
    EXPLAINED[_model, "standard", "cache_write_1h"] = (None, date(2025, 5, 21), EARLY_CACHE)
for _class in ("input", "output", "cache_write_5m", "cache_read"):
    EXPLAINED["claude-3-5-haiku-20241022", "standard", _class] = (
        None,
        date(2024, 12, 2),
        "launch price, not listed there",
    )
for _class in CLASSES:
    EXPLAINED["claude-sonnet-4-20250514", "long-context", _class] = (
        date(2025, 8, 12),
        date(2026, 4, 30),
        "not listed there",
    )
    EXPLAINED["claude-sonnet-4-5-20250929", "long-context", _class] = (
        date(2026, 5, 1),
        None,
        "kept for every day there",
    )

NOT_IN_THE_ORACLE = {"claude-mythos-preview", "claude-mythos-5", "claude-mythos-5-1"}
ORACLE = next(provider for provider in data_snapshot.get_snapshot().providers if provider.id == "anthropic")
ORACLE_NAMES = dict(
    zip(
        CLASSES,
        ("input_mtok", "output_mtok", "cache_write_mtok", "cache_write_1h_mtok", "cache_read_mtok"),
        strict=True,
    )
)
CHANGES = {row.first_day for model in MODELS for row in tables.price_rows(model)}
CHANGES |= {row.last_day + ONE_DAY for model in MODELS for row in tables.price_rows(model) if row.last_day}
CHANGES |= {start.first_day for start in tables.cache_starts()}
DAYS = sorted({day - ONE_DAY for day in CHANGES} | CHANGES | {DAY})


def oracle(model, day, kind, **context):
    price = ORACLE.find_model(model.id).get_prices(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), context)
    rates = {}
    for name, theirs in ORACLE_NAMES.items():
        value = getattr(price, theirs)
        if isinstance(value, TieredPrices):
            value = value.base if kind == "standard" else value.tiers[0].price
        elif kind == "long-context":
            value = None
        rates[name] = value
    return rates


def differences(model):
    for day in DAYS:
        if day < model.released:
            continue
        for kind in ("standard", "long-context"):
            theirs = oracle(model, day, kind)
            for name in CLASSES:
                try:
                    ours = getattr(tables.price_on(model, day, kind).rates, name)
                except NoPriceError:
                    ours = None
                if ours != theirs[name]:
                    yield day, (model.id, kind, name)


@pytest.mark.parametrize("model", [m for m in MODELS if m.id not in NOT_IN_THE_ORACLE], ids=by_id)
def test_prices_equal_those_of_genai_prices_but_for_explained_differences(model):
    days_by_difference = {}
    for day, key in differences(model):
        days_by_difference.setdefault(key, []).append(day)
    expected = {}
    for key, (first, last, _reason) in EXPLAINED.items():
        if key[0] == model.id:
            span = (first or model.released, last or max(DAYS))
            expected[key] = [day for day in DAYS if span[0] <= day <= span[1]]
    assert days_by_difference == expected


def test_explained_differences_have_a_note_in_the_table():
    for model_id, kind, name in EXPLAINED:
        notes = [row.note for row in tables.price_rows(tables.find_model(model_id)) if row.kind == kind]
        if name.startswith("cache"):
            notes += [start.note for start in tables.cache_starts()]
        assert any(GENAI in note for note in notes), (model_id, kind)


def test_what_the_oracle_does_not_list():
    assert {model.id for model in MODELS if ORACLE.find_model(model.id) is None} == NOT_IN_THE_ORACLE


def test_batch_and_fast_prices_equal_those_of_genai_prices():
    compared = set()
    for model in MODELS:
        listed = ORACLE.find_model(model.id)
        whens = [next(iter(variant.when.items())) for variant in listed.price_variants or ()] if listed else []
        for key, value in whens:
            theirs = oracle(model, DAY, "standard", **{key: value})
            if value == "batch":
                ours = tables.price_on(model, DAY).rates.times(tables.multiplier_on("batch", model, DAY))
            else:
                ours = tables.price_on(model, DAY, "fast").rates
            assert ours._asdict() == theirs
            compared.add((model.id, value))
    assert len(compared) >= 19


# Names


@pytest.mark.parametrize("model", MODELS, ids=by_id)
def test_every_spelling_finds_its_model(model):
    spellings = list(model.names)
    spellings += [f"{region}.{name}" for name in model.bedrock_ids for region in ("us", "eu", "apac", "au", "jp")]
    spellings += [f"{region}.{name}" for name in model.bedrock_ids for region in ("us-gov", "global")]
    spellings += [re.sub(r"(-v\d)?(:0)?$", "", name) for name in model.bedrock_ids]
    spellings += [f"bedrock/{name}" for name in model.bedrock_ids]
    spellings += [f"bedrock/us.{name}" for name in model.bedrock_ids]
    if model.google_cloud_id:
        spellings += [f"vertex_ai/{model.google_cloud_id}", f"publishers/anthropic/models/{model.google_cloud_id}"]
    if model.foundry_id:
        spellings.append(f"azure_ai/{model.foundry_id}")
    spellings += [f"anthropic/{model.id}", f"  {model.id.upper()}\n"]
    undated = re.sub(r"-\d{8}$", "", model.id)
    if undated != "claude-3-5-sonnet":
        spellings.append(undated)
    for name in spellings:
        assert tables.find_model(name) is model, name


def test_every_known_name_finds_a_model():
    assert len(set(tables.known_names())) == len(tables.known_names())
    for name in tables.known_names():
        assert tables.find_model(name, as_of=DAY) in MODELS


def test_an_ambiguous_name_without_a_date_is_rejected_with_both_models():
    with pytest.raises(UnknownModelError) as caught:
        tables.find_model("claude-3-5-sonnet")
    assert caught.value.suggestions == ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022")
    assert caught.value.name == "claude-3-5-sonnet"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("claude-sonet-5", "claude-sonnet-5"),
        ("claude-opus-5.6", "claude-opus-5-5"),
        ("haiko", "haiku"),
        ("claude-3-5-haiku-20241023", "claude-3-5-haiku-20241022"),
        ("us.anthropic.claude-opus-4-6-v2", "anthropic.claude-opus-4-6-v1"),
    ],
)
def test_a_typo_suggests_the_closest_name(name, first):
    with pytest.raises(UnknownModelError) as caught:
        tables.find_model(name)
    assert caught.value.suggestions[0] == first
    assert len(caught.value.suggestions) <= 3


@pytest.mark.parametrize(
    "name", ["gpt-4", "", "claude-sonnet-5-5-preview", "claude-opus", "xx.claude-opus-5", "claude"]
)
def test_a_name_is_never_guessed_from_its_beginning(name):
    with pytest.raises(UnknownModelError):
        tables.find_model(name)


def test_an_unrelated_name_has_no_suggestion():
    with pytest.raises(UnknownModelError, match="Run 'imgcost models'"):
        tables.find_model("gpt-4")


@given(st.text(max_size=40))
def test_any_text_is_a_known_model_or_an_error(text):
    try:
        assert tables.find_model(text, as_of=DAY) in MODELS
    except UnknownModelError as error:
        assert error.name == text  # noqa: PT017 - both outcomes are valid


@pytest.mark.parametrize(
    ("family", "day", "model_id"),
    [
        ("sonnet", "2024-03-04", "claude-3-sonnet-20240229"),
        ("sonnet", "2024-06-19", "claude-3-sonnet-20240229"),
        ("sonnet", "2024-06-20", "claude-3-5-sonnet-20240620"),
        ("sonnet", "2026-09-27", "claude-sonnet-5"),
        ("sonnet", "2026-09-28", "claude-sonnet-5-5"),
        ("Haiku ", "2024-03-13", "claude-3-haiku-20240307"),
        ("haiku", "2026-10-06", "claude-haiku-4-5-20251001"),
        ("haiku", "2026-10-07", "claude-haiku-5-5"),
        ("opus", "2024-03-04", "claude-3-opus-20240229"),
        ("opus", "2026-11-22", "claude-opus-5-5"),
        ("fable", "2026-11-22", "claude-fable-5-2"),
        ("mythos", "2026-04-07", "claude-mythos-preview"),
        ("mythos", "2026-11-22", "claude-mythos-5-2"),
    ],
)
def test_a_family_means_its_newest_model_on_the_date(family, day, model_id):
    assert tables.find_model(family, as_of=date.fromisoformat(day)).id == model_id


@pytest.mark.parametrize(
    ("family", "first_day"),
    [(family, min(m.released for m in MODELS if m.family == family)) for family in tables.families()],
)
def test_a_family_before_its_first_model_is_an_error(family, first_day):
    with pytest.raises(
        NoPriceError, match=f"no {family.capitalize()} model was available on .*; the first came on"
    ) as caught:
        tables.find_model(family, as_of=first_day - ONE_DAY)
    assert caught.value.first_day == first_day


def test_without_a_date_a_family_means_today(monkeypatch):
    monkeypatch.setattr("imgcost.tables.names.today", lambda: date(2024, 6, 19))
    assert tables.find_model("sonnet").id == "claude-3-sonnet-20240229"


def test_today_is_in_utc():
    assert abs(tables.today() - datetime.now(tz=UTC).date()) <= ONE_DAY


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2024-03-03", "unreleased"),
        ("2024-03-04", "active"),
        ("2025-01-20", "active"),
        ("2025-01-21", "deprecated"),
        ("2025-07-20", "deprecated"),
        ("2025-07-21", "retired"),
    ],
)
def test_the_status_of_a_model_changes_on_its_dates(day, status, monkeypatch):
    model = tables.find_model("claude-3-sonnet")
    assert model.status_on(date.fromisoformat(day)) == status
    monkeypatch.setattr("imgcost.tables.catalog.today", lambda: date.fromisoformat(day))
    assert model.status == status


# Models, tiers and dates


def test_models_and_families_are_in_order_of_release():
    assert all(earlier.released <= later.released for earlier, later in pairwise(MODELS))
    assert tables.families() == ("opus", "sonnet", "haiku", "mythos", "fable")


def test_only_the_three_models_of_the_first_guide_count_by_area():
    area = [model.id for model in MODELS if model.formula == "area"]
    assert area == ["claude-3-opus-20240229", "claude-3-sonnet-20240229", "claude-3-haiku-20240307"]
    assert {model.formula for model in MODELS} == {"area", "patch"}


def test_every_model_of_4_7_and_later_has_high_resolution():
    for model in MODELS:
        if model.id == "claude-mythos-preview":
            assert model.tier is None
        else:
            name = "high-resolution" if model.released >= date(2026, 4, 16) else "standard"
            assert model.tier is tables.find_tier(name)


def test_an_unknown_tier_is_an_error():
    with pytest.raises(
        TableError, match=r"models\.toml: tiers\.low: unknown tier: expected standard or high-resolution"
    ):
        tables.find_tier("low")


# Prices by date


@pytest.mark.parametrize("model", MODELS, ids=by_id)
def test_before_its_release_a_model_has_no_price(model):
    with pytest.raises(NoPriceError) as caught:
        tables.price_on(model, model.released - ONE_DAY)
    assert (caught.value.model, caught.value.first_day) == (model.id, model.released)
    assert tables.price_on(model, model.released).rates.input > 0


def test_after_retirement_the_last_price_applies():
    model = tables.find_model("claude-3-sonnet")
    assert model.status_on(DAY) == "retired"
    assert tables.price_on(model, DAY).rates.input == 3


@pytest.mark.parametrize(
    ("model_id", "day", "kind", "message"),
    [
        ("claude-opus-4-8", "2026-12-01", "fast", "no published fast price for .* start on 2026-05-28"),
        ("claude-opus-4-6", "2026-02-06", "fast", "no published fast price for .* start on 2026-02-07"),
        ("claude-opus-4-6", "2026-03-13", "long-context", "no published long-context price .* start on 2026-02-05"),
        (
            "claude-haiku-4-5",
            "2026-11-22",
            "fast",
            "no published fast price for .* on [-0-9]+. Run 'imgcost models claude-haiku-4-5-20251001'",
        ),
    ],
)
def test_a_price_that_has_ended_is_reported(model_id, day, kind, message):
    with pytest.raises(NoPriceError, match=message):
        tables.price_on(tables.find_model(model_id), date.fromisoformat(day), kind)


@pytest.mark.parametrize(
    ("model_id", "day", "tokens", "kind"),
    [
        ("claude-haiku-5-5", "2026-10-07", 100_000, "standard"),
        ("claude-haiku-5-5", "2026-10-07", 100_001, "long-context"),
        ("claude-sonnet-4", "2025-08-11", 200_001, "standard"),
        ("claude-sonnet-4", "2025-08-12", 200_001, "long-context"),
        ("claude-sonnet-4", "2026-04-30", 200_001, "long-context"),
        ("claude-sonnet-4", "2026-05-01", 200_001, "standard"),
        ("claude-opus-5", "2026-11-22", 900_000, "standard"),
    ],
)
def test_a_prompt_over_the_threshold_has_the_long_context_price(model_id, day, tokens, kind):
    model = tables.find_model(model_id)
    assert tables.kind_of_prompt(model, date.fromisoformat(day), tokens) == kind


@pytest.mark.parametrize(
    ("day", "prices"),
    [
        ("2024-08-13", [None, None, None]),
        ("2024-08-14", ["18.75", None, "1.5"]),
        ("2025-05-21", ["18.75", None, "1.5"]),
        ("2025-05-22", ["18.75", "30", "1.5"]),
    ],
)
def test_cached_tokens_have_a_price_from_their_first_date(day, prices):
    model, day = tables.find_model("claude-3-opus"), date.fromisoformat(day)
    assert tables.prompt_usd_per_mtok(model, day) == 15
    for cache, price in zip(("write-5m", "write-1h", "read"), prices, strict=True):
        if price:
            assert tables.prompt_usd_per_mtok(model, day, cache=cache) == Decimal(price)
        else:
            with pytest.raises(NoPriceError, match=f"no published cache {cache} price for claude-3-opus-20240229 on"):
                tables.prompt_usd_per_mtok(model, day, cache=cache)


def test_a_missing_cache_price_is_reported_with_its_first_date():
    with pytest.raises(NoPriceError) as caught:
        tables.prompt_usd_per_mtok(tables.find_model("claude-3-5-haiku"), date(2024, 12, 2), cache="write-1h")
    assert caught.value.first_day == date(2025, 5, 22)
    with pytest.raises(
        NoPriceError, match=r" on [-0-9]+\. Run 'imgcost models claude-3-sonnet-20240229' to list its prices$"
    ):
        tables.prompt_usd_per_mtok(tables.find_model("claude-3-sonnet"), DAY, cache="read")


@pytest.mark.parametrize(
    ("name", "model_id", "day", "factor"),
    [
        ("batch", "claude-3-haiku", "2024-10-07", None),
        ("batch", "claude-3-haiku", "2024-10-08", "0.5"),
        ("batch", "claude-3-sonnet", "2024-10-08", None),
        ("inference-geo-us", "claude-opus-4-5", "2026-11-22", None),
        ("inference-geo-us", "claude-opus-4-6", "2026-02-05", "1.1"),
        ("inference-geo-us", "claude-opus-4-6", "2026-02-04", None),
        ("inference-geo-us", "claude-mythos-preview", "2026-11-22", None),
        ("regional", "claude-opus-4-1", "2026-06-01", "1"),
        ("regional", "claude-3-haiku", "2024-03-13", "1"),
        ("regional", "claude-sonnet-4-5", "2025-09-28", None),
        ("regional", "claude-sonnet-4-5", "2025-09-29", "1.1"),
    ],
)
def test_a_multiplier_applies_to_its_models_from_its_date(name, model_id, day, factor):
    model, day = tables.find_model(model_id), date.fromisoformat(day)
    assert factor_or_none(name, model, day) == usd(factor)


def test_an_inapplicable_multiplier_is_reported_with_the_reason():
    with pytest.raises(NoPriceError, match=r"no published batch price for .*; prices start on 2024-10-08"):
        tables.multiplier_on("batch", tables.find_model("claude-3-haiku"), date(2024, 10, 7))
    with pytest.raises(
        NoPriceError, match=r"no published inference-geo-us price for claude-opus-4-5-.* on [-0-9]+\. Run "
    ):
        tables.multiplier_on("inference-geo-us", tables.find_model("claude-opus-4-5"), DAY)
    with pytest.raises(NoPriceError, match=r"no published batch fast price for claude-opus-5-5 on [-0-9]+\. Run "):
        tables.multiplier_on("batch", tables.find_model("claude-opus-5-5"), DAY, "fast")


# Limits


@pytest.mark.parametrize("platform", tables.platforms())
def test_before_the_first_source_a_platform_has_no_limits(platform):
    first_day = tables.statements(platform)[0].first_day
    tables.limits_on(platform, first_day)
    with pytest.raises(NoPriceError, match=f"no published limit for {platform} on") as caught:
        tables.limits_on(platform, first_day - ONE_DAY)
    assert caught.value.first_day == first_day


@pytest.mark.parametrize(
    ("platform", "name", "day", "before", "after"),
    [
        ("claude-api", "images", "2024-06-20", 20, 100),
        ("claude-api", "image_edge", "2024-06-20", None, 8000),
        ("claude-api", "many_images_edge", "2024-06-20", None, 2000),
        ("claude-api", "pdf_pages", "2024-11-01", None, 100),
        ("claude-api", "source_types", "2025-02-27", ("base64",), ("base64", "url")),
        ("claude-api", "source_types", "2025-05-22", ("base64", "url"), ("base64", "url", "file")),
        ("claude-api", "request_bytes", "2026-01-13", None, 32 * 2**20),
        ("claude-api", "batch_bytes", "2026-01-13", None, 256 * 2**20),
        ("claude-api", "batch_requests", "2026-01-13", None, 100_000),
        ("claude-api", "file_bytes", "2026-01-13", None, 500 * 2**20),
        ("claude-api", "images_large_context", "2026-03-13", None, 600),
        ("claude-api", "image_bytes", "2026-06-04", 5 * 2**20, 10 * 2**20),
        ("claude-api", "toolset_screenshots_fail", "2026-08-21", False, True),
        ("claude-api", "oversized_image", "2026-08-22", False, True),
        ("claude-ai", "images", "2024-06-20", 5, 20),
        ("bedrock", "images", "2025-06-01", 20, None),
        ("bedrock", "images", "2026-08-22", None, 100),
        ("bedrock", "request_bytes", "2026-03-14", None, 20 * 2**20),
        ("bedrock", "source_types", "2026-05-21", None, ("base64",)),
        ("bedrock", "image_bytes", "2026-06-04", None, 5 * 2**20),
        ("google-cloud", "source_types", "2026-05-21", None, ("base64",)),
        ("google-cloud", "image_bytes", "2026-06-04", None, 5 * 2**20),
        ("google-cloud", "image_edge", "2026-08-22", None, 8000),
    ],
)
def test_a_limit_changes_on_its_date(platform, name, day, before, after):
    day = date.fromisoformat(day)
    assert getattr(tables.limits_on(platform, day - ONE_DAY), name) == before
    limits = tables.limits_on(platform, day)
    assert getattr(limits, name) == after
    if after is None:
        assert name not in limits.statements
    else:
        assert limits.statements[name].first_day == day
        assert limits.statements[name].sources


def test_limits_of_the_guide_of_2024():
    limits = tables.limits_on("claude-api", date(2024, 3, 4))
    assert limits.media_types == ("image/jpeg", "image/png", "image/gif", "image/webp")
    assert (limits.images, limits.image_bytes, limits.image_bytes_of) == (20, 5 * 2**20, "base64")
    assert limits.source_types == ("base64",)
    app = tables.limits_on("claude-ai", date(2024, 3, 4))
    assert (app.images, app.image_bytes, app.image_bytes_of) == (5, 10 * 2**20, "file")


def test_an_unpublished_limit_is_none():
    foundry = tables.limits_on("foundry", DAY)
    assert (foundry.image_bytes, foundry.image_edge, foundry.many_images) == (None, None, None)
    assert foundry.max_images(1_000_000) == 600
    assert foundry.max_pdf_pages(200_000) is None
    assert tables.limits_on("claude-ai", DAY).max_images(1_000_000) == 20


def test_documents_count_as_images_only_on_cloud_platforms():
    counts = {platform: tables.limits_on(platform, DAY).many_images_documents for platform in tables.platforms()}
    assert [platform for platform, count in counts.items() if count] == ["bedrock", "google-cloud"]


def test_advice_applies_until_its_last_date():
    assert tables.advice_on(date(2026, 4, 16))[:3] == (200, 1_150_000, 1568)
    advice = tables.advice_on(date(2026, 4, 17))
    assert advice[:3] == (200, None, None)
    assert list(advice.statements) == ["tiny_edge"]
    with pytest.raises(NoPriceError, match="no published limit for the vision guide on 2024-03-03"):
        tables.advice_on(date(2024, 3, 3))


# Measurements


@pytest.mark.parametrize(
    ("name", "model_id", "value"),
    [
        ("image-wrapping-tokens", "claude-3-opus", None),
        ("image-wrapping-tokens", "claude-3-haiku", 3),
        ("image-wrapping-tokens", "claude-fable-5-2", 3),
        ("message-framing-tokens", "claude-opus-4-6", 7),
        ("message-framing-tokens", "claude-sonnet-4-6", 7),
        ("message-framing-tokens", "claude-mythos-preview", None),
        ("message-framing-tokens", "claude-opus-4-7", 11),
        ("message-framing-tokens", "claude-opus-4-8", 5),
        ("message-framing-tokens", "claude-sonnet-5-5", None),
        ("patch-grid-multiple", "claude-3-5-haiku", 2),
        ("patch-grid-multiple", "claude-haiku-4-5", None),
        ("image-request-surcharge-tokens", "claude-3-haiku", None),
    ],
)
def test_a_measured_number_applies_to_its_models(name, model_id, value):
    measured = tables.find_measured(name, tables.find_model(model_id))
    assert (measured and measured.value) == value


def test_the_overhead_of_images_until_may_2024():
    model = tables.find_model("claude-3-haiku")
    measured = tables.find_measured("image-request-surcharge-tokens", model, date(2024, 5, 1))
    assert measured.value == 75
    assert tables.find_measured("image-request-surcharge-tokens", model, date(2024, 5, 2)) is None


# Sources


def test_every_source_is_used_dated_and_equal_in_all_files():
    assert [source.read for source in tables.sources()] == sorted(source.read for source in tables.sources())
    known = {source.key: source for source in tables.sources()}
    for file in FILES:
        data = read_published(file)
        named = set(re.findall(r"'([^']+)'", " ".join(re.findall(r"'src': (\[.*?\])", repr(data)))))
        assert named == set(data["sources"])
        for key, source in read_sources(file, tables.TomlEntry(file, file, data)).items():
            assert source == known[key]
            assert source.read <= tables.today()


# Loading


@pytest.mark.slow
def test_models_and_prices_are_read_without_the_other_tables():
    code = (
        "import sys, imgcost.tables as t;"
        "t.price_on(t.find_model('sonnet'), t.today());"
        "from imgcost.tables import limits, measured;"
        "print(limits._table.cache_info().currsize, measured.measurements.cache_info().currsize,"
        " *[m for m in ('numpy', 'pandas', 'PIL', 'difflib', 'dataclasses') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["0", "0"]


# Defects


def load(file, data):
    if file == "models.toml":
        return tables.load_models(data)
    if file == "prices.toml":
        return tables.load_prices(data, MODELS)
    if file == "limits.toml":
        return tables.load_limits(data)
    return tables.load_measured(data, MODELS)


YES = True


def put(*path_and_value):
    *path, key, value = path_and_value

    def change(data):
        for step in path:
            data = data[step]
        data[key] = value

    return change


def cut(*path):
    *path, key = path

    def change(data):
        for step in path:
            data = data[step]
        del data[key]

    return change


def twice(*path):
    def change(data):
        for step in path:
            data = data[step]
        data.append(copy.deepcopy(data[-1]))

    return change


OPUS, SONNET = "claude-opus-5", "claude-sonnet-5"
DEFECTS = [
    # models
    ("models.toml", put("extra", 1), "models.toml.extra: is an unknown key"),
    ("models.toml", put("models", OPUS, "color", "red"), f"models.{OPUS}.color: is an unknown key"),
    ("models.toml", cut("sources"), "models.toml.sources: is missing"),
    ("models.toml", put("models", OPUS, 3), f"models.{OPUS}: must be a table"),
    (
        "models.toml",
        put("sources", "pricing-2026-10-08", "page", 3),
        "sources.pricing-2026-10-08.page: is an unknown key",
    ),
    (
        "models.toml",
        put("sources", "pricing-2026-10-08", "read", "today"),
        "sources.pricing-2026-10-08.read: must be a date",
    ),
    ("models.toml", cut("models", OPUS, "src"), f"models.{OPUS}.src: says no source"),
    ("models.toml", put("models", OPUS, "src", ["moon"]), f"models.{OPUS}.src: source 'moon' is not defined"),
    ("models.toml", put("models", OPUS, "src", "moon"), f"models.{OPUS}.src: must be a list of texts"),
    ("models.toml", put("models", OPUS, "aliases", [1]), f"models.{OPUS}.aliases: must be a list of texts"),
    ("models.toml", cut("models", OPUS, "context"), f"models.{OPUS}.context: is missing"),
    ("models.toml", put("models", OPUS, "context", YES), f"models.{OPUS}.context: must be a whole number"),
    ("models.toml", put("models", OPUS, "context", 0), f"models.{OPUS}.context: must be positive"),
    (
        "models.toml",
        put("models", OPUS, "released", datetime(2026, 7, 24, tzinfo=UTC)),
        f"models.{OPUS}.released: must be a date",
    ),
    ("models.toml", put("models", OPUS, "restricted", 1), f"models.{OPUS}.restricted: must be true or false"),
    ("models.toml", put("models", OPUS, "tier", "low"), f"models.{OPUS}.tier: 'low' is not defined in this file"),
    ("models.toml", put("models", OPUS, "formula", "guess"), f"models.{OPUS}.formula: must be area or patch"),
    (
        "models.toml",
        put("models", OPUS, "aliases", [SONNET]),
        f"models.{OPUS}: the name '{SONNET}' is already used by {SONNET}",
    ),
    (
        "models.toml",
        put("models", OPUS, "name", "Claude Sonnet 5"),
        f"models.{OPUS}: the name 'Claude Sonnet 5' is already used by {SONNET}",
    ),
    (
        "models.toml",
        put("models", OPUS, "released", date(2020, 1, 1)),
        f"models.{OPUS}.released: is earlier than the release of the model above",
    ),
    (
        "models.toml",
        put("models", OPUS, "vision", date(2020, 1, 1)),
        f"models.{OPUS}.released: is later than another date of the model",
    ),
    (
        "models.toml",
        put("models", "claude-3-opus-20240229", "retires", "claude-api", date(2025, 1, 1)),
        "models.claude-3-opus-20240229.retires: is earlier than the deprecation",
    ),
    (
        "models.toml",
        put("models", "claude-3-opus-20240229", "retires", "azure", date(2026, 1, 5)),
        "models.claude-3-opus-20240229.retires.azure: is an unknown key",
    ),
    (
        "models.toml",
        put("models", "claude-3-opus-20240229", "retires", "bedrock", "2026"),
        "models.claude-3-opus-20240229.retires.bedrock: must be a date",
    ),
    (
        "prices.toml",
        put("fast", "claude-opus-5-5", 0, "platforms", ["azure"]),
        "fast.claude-opus-5-5[1].platforms: 'azure' is not a platform",
    ),
    (
        "limits.toml",
        put("same", "foundry-anthropic", {"as": "claude-api", "from": date(2026, 1, 5), "src": ["error-5-mb"]}),
        "same.foundry-anthropic.as: must name a platform that has limits of its own",
    ),
    (
        "limits.toml",
        put("same", "claude-platform-aws", "as", "azure"),
        "same.claude-platform-aws.as: must name a platform that has limits of its own",
    ),
    # prices
    ("prices.toml", put("extra", 1), "prices.toml.extra: is an unknown key"),
    ("prices.toml", cut("standard"), "prices.toml.standard: is missing"),
    ("prices.toml", put("standard", "gpt-4", []), "standard.gpt-4: is not a model in models.toml"),
    ("prices.toml", cut("standard", OPUS), f"standard.{OPUS}: is missing"),
    ("prices.toml", put("standard", OPUS, []), f"standard.{OPUS}: must be a list of rows"),
    ("prices.toml", put("standard", OPUS, {}), f"standard.{OPUS}: must be a list of rows"),
    ("prices.toml", put("standard", OPUS, [3]), f"standard.{OPUS}[1]: must be a table"),
    (
        "prices.toml",
        twice("standard", "claude-sonnet-5-5"),
        "standard.claude-sonnet-5-5[3]: starts on or before the row above it",
    ),
    (
        "prices.toml",
        put("standard", OPUS, 0, "from", date(2026, 7, 23)),
        f"standard.{OPUS}[1]: starts before the model was released",
    ),
    (
        "prices.toml",
        put("standard", OPUS, 0, "from", date(2026, 7, 25)),
        f"standard.{OPUS}[1]: does not start on the release date of the model",
    ),
    ("prices.toml", put("standard", OPUS, 0, "to", DAY), f"standard.{OPUS}[1].to: is not allowed for standard prices"),
    (
        "prices.toml",
        put("fast", OPUS, 0, "to", date(2020, 1, 1)),
        f"fast.{OPUS}[1].to: is not allowed for standard prices",
    ),
    ("prices.toml", put("fast", OPUS, 0, "above", 5), f"fast.{OPUS}[1].above: is required for long-context prices"),
    (
        "prices.toml",
        cut("long-context", "claude-haiku-5-5", 0, "above"),
        "long-context.claude-haiku-5-5[1].above: is required for",
    ),
    ("prices.toml", cut("standard", OPUS, 0, "in"), f"standard.{OPUS}[1].in: is missing"),
    ("prices.toml", put("standard", OPUS, 0, "in", "5"), f"standard.{OPUS}[1].in: must be a positive number"),
    ("prices.toml", put("standard", OPUS, 0, "out", 0), f"standard.{OPUS}[1].out: must be a positive number"),
    ("prices.toml", put("standard", OPUS, 0, "out", YES), f"standard.{OPUS}[1].out: must be a positive number"),
    (
        "prices.toml",
        put("standard", OPUS, 0, "read", Decimal("nan")),
        f"standard.{OPUS}[1].read: must be a positive number",
    ),
    (
        "prices.toml",
        put("standard", OPUS, 0, "confidence", "low"),
        f"standard.{OPUS}[1].confidence: must be high or medium",
    ),
    ("prices.toml", put("standard", OPUS, 0, "tax", 1), f"standard.{OPUS}[1].tax: is an unknown key"),
    ("prices.toml", cut("cache", "read"), "cache.read: is missing"),
    ("prices.toml", put("cache", "free", {}), "cache.free: is an unknown key"),
    ("prices.toml", put("cache", "read", "to", DAY), "cache.read.to: is an unknown key"),
    ("prices.toml", put("multipliers", "moon", []), "multipliers.moon: is an unknown key"),
    (
        "prices.toml",
        put("multipliers", "batch", 0, "but", ["gpt-4"]),
        "multipliers.batch[1].but: 'gpt-4' is not a model in models.toml",
    ),
    (
        "prices.toml",
        put("multipliers", "batch", 0, "kinds", ["slow"]),
        "multipliers.batch[1].kinds: 'slow' is none of fast, long-context, standard",
    ),
    ("prices.toml", put("multipliers", "batch", 0, "x", 1), "multipliers.batch[1].x: is an unknown key"),
    # limits
    ("limits.toml", put("extra", 1), "limits.toml.extra: is an unknown key"),
    ("limits.toml", put("platforms", "moon", []), "platforms.moon: is an unknown key"),
    ("limits.toml", cut("platforms", "bedrock"), "platforms.bedrock: is missing"),
    ("limits.toml", put("platforms", "bedrock", 0, "x", 1), "platforms.bedrock[1].x: is an unknown key"),
    (
        "limits.toml",
        put("platforms", "bedrock", 0, "image_bytes_of", "cup"),
        "platforms.bedrock[1].image_bytes_of: must be base64 or file",
    ),
    (
        "limits.toml",
        put("platforms", "bedrock", 0, "images", "many"),
        "platforms.bedrock[1].images: must be a whole number",
    ),
    (
        "limits.toml",
        put("platforms", "bedrock", 0, "ends", ["images"]),
        "platforms.bedrock[1].ends: 'images' has no value before this row",
    ),
    ("limits.toml", put("platforms", "bedrock", 0, {"from": DAY}), "platforms.bedrock[1]: changes nothing"),
    ("limits.toml", twice("advice"), "advice[3]: starts on or before the row above it"),
    # measured
    ("measured.toml", put("extra", 1), "measured.toml.extra: is an unknown key"),
    ("measured.toml", cut("patch-grid-multiple"), "measured.toml.patch-grid-multiple: is missing"),
    ("measured.toml", put("patch-grid-multiple", 0, "x", 1), "patch-grid-multiple[1].x: is an unknown key"),
    ("measured.toml", cut("patch-grid-multiple", 0, "on"), "patch-grid-multiple[1].on: is missing"),
    (
        "measured.toml",
        put("patch-grid-multiple", 0, "on", ["gpt-4"]),
        "patch-grid-multiple[1]: 'gpt-4' is not a model in models.toml",
    ),
    (
        "measured.toml",
        put("patch-grid-multiple", 0, "last", "gpt-4"),
        "patch-grid-multiple[1]: 'gpt-4' is not a model in models.toml",
    ),
    (
        "measured.toml",
        put("patch-grid-multiple", 0, "confidence", "low"),
        "patch-grid-multiple[1].confidence: must be high or medium",
    ),
    (
        "measured.toml",
        twice("patch-grid-multiple"),
        "patch-grid-multiple[2]: covers a model that is already covered by a row above",
    ),
]


@pytest.mark.parametrize(("file", "change", "message"), DEFECTS, ids=[defect[2] for defect in DEFECTS])
def test_a_defect_is_an_error_with_file_and_key(file, change, message):
    data = read_published(file)
    load(file, data)
    change(data)
    with pytest.raises(TableError) as caught:
        load(file, data)
    assert str(caught.value).startswith(f"{file}: {message}")
    assert caught.value.file == file


def test_a_row_that_starts_before_the_one_above_ends_is_a_defect():
    data = read_published("prices.toml")
    rows = data["fast"]["claude-opus-4-8"]
    rows.append(rows[0] | {"from": rows[0]["to"]})
    with pytest.raises(TableError, match=r"fast\.claude-opus-4-8\[2\]: starts before the row above it ends"):
        load("prices.toml", data)
    rows[1]["from"] += ONE_DAY
    del rows[1]["to"]
    first, second = load("prices.toml", data).rows["claude-opus-4-8", "fast"]
    assert (first.last_day + ONE_DAY, second.last_day) == (second.first_day, None)


@pytest.mark.parametrize("file", FILES)
def test_an_invalid_toml_file_is_a_defect(file):
    with pytest.raises(TableError, match=f"{re.escape(file)}: must be a table"):
        load(file, [])
