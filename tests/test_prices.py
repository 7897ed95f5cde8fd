"""Decimal arithmetic: exact, additive, and an error where it could not be."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgcost.prices import Rates, Usage, cost_usd, multiply, total_usd

TOKENS = st.integers(0, 10**15)
USD = st.decimals(min_value=0, max_value=1000, places=6)
COUNTS = st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS)
RATES = st.builds(Rates, USD, USD, USD, USD, USD)


@given(TOKENS, USD)
def test_a_cost_is_exact(tokens, usd_per_mtok):
    assert Fraction(cost_usd(tokens, usd_per_mtok)) == tokens * Fraction(usd_per_mtok) / 10**6


@given(TOKENS, TOKENS, USD)
def test_a_cost_is_additive(first, second, usd_per_mtok):
    together = cost_usd(first + second, usd_per_mtok)
    assert total_usd([cost_usd(first, usd_per_mtok), cost_usd(second, usd_per_mtok)]) == together


@given(COUNTS, COUNTS, RATES)
def test_counts_of_all_classes_are_priced_exactly_and_add_up(first, second, rates):
    cost = rates.cost_usd(first)
    assert Fraction(cost) == sum(n * Fraction(rate) for n, rate in zip(first, rates, strict=True)) / 10**6
    assert rates.cost_usd(first.plus(second)) == total_usd([cost, rates.cost_usd(second)])


@given(RATES, COUNTS, st.sampled_from([Decimal("0.5"), Decimal("1.1")]))
def test_a_multiplier_on_the_rates_is_a_multiplier_on_the_cost(rates, counts, factor):
    assert rates.times(factor).cost_usd(counts) == multiply(rates.cost_usd(counts), factor)


def test_dollars_are_exact_beyond_28_digits():
    tokens = 10**40 + 1
    assert str(cost_usd(tokens, Decimal("0.1"))) == "1000000000000000000000000000000000.0000001"


def test_a_cost_that_would_be_rounded_is_an_error():
    with pytest.raises(Inexact):
        multiply(*[Decimal("0.123456789")] * 100)


def test_a_negative_number_of_tokens_is_an_error():
    with pytest.raises(ValueError, match="invalid number of tokens -1"):
        cost_usd(-1, Decimal(3))


def test_zero_tokens_cost_zero():
    assert total_usd([]) == 0
    assert multiply() == 1
    assert Rates(Decimal(3), Decimal(15)).cost_usd(Usage()) == 0


def test_multipliers_stack():
    rates = Rates(Decimal(3), Decimal(15), Decimal("3.75"), Decimal(6), Decimal("0.3"))
    stacked = rates.times(Decimal("0.5"), Decimal("1.1"))
    assert stacked == tuple(map(Decimal, ("1.65", "8.25", "2.0625", "3.3", "0.165")))


@pytest.mark.parametrize(("cache", "usd"), [("none", "3"), ("write-5m", "3.75"), ("write-1h", "6"), ("read", "0.3")])
def test_the_cache_option_selects_the_rate_of_the_prompt(cache, usd):
    rates = Rates(Decimal(3), Decimal(15), Decimal("3.75"), Decimal(6), Decimal("0.3"))
    assert rates.prompt(cache) == Decimal(usd)


def test_tokens_without_a_published_price_are_never_free():
    rates = Rates(Decimal(3), Decimal(15))
    assert rates.prompt("read") is None
    assert rates.times(Decimal("0.5")).cache_read is None
    with pytest.raises(ValueError, match="no published price for cache read tokens"):
        rates.cost_usd(Usage(input=5, cache_read=1))


def test_the_prompt_includes_cached_tokens():
    assert Usage(input=1, output=10, cache_write_5m=2, cache_write_1h=3, cache_read=4).prompt == 10
