"""Prices compared with a second oracle: model-prices, whose history begins in 2025."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import model_prices
import pytest
from genai_prices import data_snapshot
from quoting import quoted

from imgcost import tables
from imgcost.errors import NoPriceError

MODELS = tables.models()
CLASSES = ("input", "output", "cache_write_5m", "cache_read")
FIRST_CACHE_PRICES = date(2025, 6, 17)
"""From here on it lists cache prices for every model that has them."""

LAST_READ = date(2026, 10, 23)
NOT_LISTED = {"claude-mythos-preview", "claude-fable-5-2", "claude-mythos-5-2"}

EXPLAINED = {
    # (model, mode): (first date, last date, reason)
    ("claude-3-5-haiku-20241022", None): (date(2024, 11, 4), date(2024, 12, 2), "the launch price is not listed there"),
    ("claude-opus-4-6", "fast"): (date(2026, 6, 30), date(2026, 8, 5), "fast mode ended; removed there later"),
    ("claude-opus-4-7", "fast"): (date(2026, 7, 25), date(2026, 8, 5), "fast mode ended; removed there later"),
}

CHANGES = {row.first_day for model in MODELS for row in tables.price_rows(model)}
CHANGES |= {row.last_day + timedelta(days=1) for model in MODELS for row in tables.price_rows(model) if row.last_day}
CHANGES |= {day for first, last, _ in EXPLAINED.values() for day in (first, last + timedelta(days=1))}
CHANGES |= {FIRST_CACHE_PRICES}
DAYS = sorted(day for day in {day - timedelta(days=1) for day in CHANGES} | CHANGES | {LAST_READ} if day <= LAST_READ)


def rates(model, day, mode):
    """Return their rates at the end of a date, with the changes of that date; None if they have none."""
    at = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
    entry = model_prices.rates(model.id, at=at, mode=mode)
    return entry and {
        name: value and Decimal(str(value))
        for name, value in zip(CLASSES, (entry.input, entry.output, entry.cache_write, entry.cache_read), strict=True)
    }


def published(model, day, mode):
    try:
        row = tables.price_on(model, day, "fast" if mode else "standard")
    except NoPriceError:
        return None
    return {name: getattr(row.rates, name) for name in CLASSES}


@pytest.mark.parametrize("mode", [None, "fast"])
@pytest.mark.parametrize("model", [model for model in MODELS if model.id not in NOT_LISTED], ids=lambda model: model.id)
def test_prices_equal_those_of_model_prices_but_for_explained_differences(model, mode):
    different = []
    for day in DAYS:
        theirs = rates(model, day, mode) if day >= model.released else None
        if theirs is None:
            continue
        ours = published(model, day, mode)
        known = [name for name in CLASSES if theirs[name] is not None or day >= FIRST_CACHE_PRICES]
        if ours is None or any(ours[name] != theirs[name] for name in known):
            different.append(day)
    first, last, _ = EXPLAINED.get((model.id, mode), (date.max, date.min, ""))
    assert different == [day for day in DAYS if first <= day <= last]


def test_the_oracle_has_the_expected_models():
    assert {model.id for model in MODELS if model_prices.rates(model.id) is None} == NOT_LISTED
    fast = {model.id for model in MODELS if rates(model, LAST_READ, "fast")}
    assert fast == {"claude-opus-4-8", "claude-opus-5", "claude-opus-5-5"}
    assert model_prices.data_as_of().date() == LAST_READ, (
        "another version of it is installed, or its data was refreshed"
    )


def test_the_threshold_of_haiku_5_5_equals_the_oracles():
    (tier,) = model_prices.rates("claude-haiku-5-5").tiers
    row = tables.price_on(tables.find_model("claude-haiku-5-5"), LAST_READ, "long-context")
    assert row.above_input_tokens == tier.above
    assert [float(getattr(row.rates, name)) for name in CLASSES] == [
        tier.input,
        tier.output,
        tier.cache_write,
        tier.cache_read,
    ]


# Amazon Bedrock, by genai-prices

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AWS = next(provider for provider in data_snapshot.get_snapshot().providers if provider.id == "aws")


def test_every_bedrock_id_has_the_price_in_genai_prices():
    compared = set()
    for model in MODELS:
        for name in model.bedrock_ids:
            for geography in ("", "us.", "eu.", "jp.", "au.", "apac.", "global.", "us-gov."):
                listed = AWS.find_model(geography + name)
                if listed is None or model.tier is None:
                    continue
                theirs = listed.get_prices(NOON, {}).input_mtok
                ours = quoted(geography + name, as_of=NOON.date())
                assert ours.usd_per_mtok == getattr(theirs, "base", theirs), geography + name
                compared.add((geography, model.id))
    assert len(compared) > 150
    assert {geography for geography, _ in compared} == {"", "us.", "eu.", "jp.", "au.", "apac.", "global.", "us-gov."}
