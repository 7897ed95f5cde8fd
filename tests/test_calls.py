"""Records of calls: predicted beside billed, budgets, and totals."""

from __future__ import annotations

import json
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from imgcost.errors import BudgetError
from imgcost.integrations.calls import Call, Calls
from imgcost.integrations.forecasts import Billed, Forecast
from imgcost.prices import Usage

CENT = Decimal("0.01")


def forecast(most=CENT, prompt=100):
    return Forecast("claude-opus-5", None, 1, 50, prompt, most, None if most else "the pages cannot be counted")


def answer(usd=CENT / 2, prompt=90):
    return Billed(Usage(input=prompt, output=10), usd)


def calls(budget=None, each=None, keep=1000):
    return Calls(budget, each, keep)


def test_a_call_reserves_its_maximum_until_its_price_is_known():
    log, call = calls(Decimal(1)), Call("messages", forecast())
    log.send(call)
    assert (log.summary().reserved_usd, log.summary().billed_usd, log.summary().left_usd) == (CENT, 0, 1 - CENT)
    log.answer(call, answer())
    total = log.summary()
    assert (total.reserved_usd, total.billed_usd, total.left_usd) == (0, CENT / 2, 1 - CENT / 2)
    assert (total.calls, total.answered, total.compared) == (1, 1, 1)
    assert (total.prompt_tokens, total.billed_prompt_tokens, total.output_tokens) == (100, 90, 10)
    log.answer(call, answer(CENT, 95))  # a stream reports its usage again
    assert (log.summary().billed_usd, log.summary().billed_prompt_tokens, log.summary().answered) == (CENT, 95, 1)


def test_what_is_not_billed_is_released_and_what_may_be_billed_is_not():
    log = calls(Decimal(1))
    outcomes = ["rejected", "failed", "answered", "sent"]
    sent = {outcome: Call("messages", forecast()) for outcome in outcomes}
    for call in sent.values():
        log.send(call)
    log.release(sent["rejected"], "rejected")
    log.fail(sent["failed"])
    log.answer(sent["answered"], answer(None))
    assert log.summary().reserved_usd == 3 * CENT
    assert [record.outcome for record in log.records()] == outcomes
    assert log.summary().unknown == 0


def test_calls_without_price_and_maximum_are_counted():
    log = calls()
    call = Call("messages", forecast(None, None))
    log.send(call)
    assert (log.summary().unknown, log.summary().reserved_usd, log.summary().left_usd) == (1, 0, None)
    log.answer(call, answer())
    assert (log.summary().unknown, log.summary().billed_usd, log.summary().compared) == (0, CENT / 2, 0)


@pytest.mark.parametrize(
    ("budget", "each", "message"),
    [
        (CENT, None, None),
        (None, CENT, None),
        (CENT - Decimal("1e-30"), None, "up to $0.01, and budget_usd is $0.009999999999999999999999999999: raise"),
        (Decimal(1), CENT / 2, "up to $0.01, and request_budget_usd is $0.005: raise the budget, or lower max_tokens"),
    ],
)
def test_a_call_may_cost_its_budget_and_no_more(budget, each, message):
    log, call = calls(budget, each), Call("messages", forecast())
    if message is None:
        log.send(call)
        return
    with pytest.raises(BudgetError) as caught:
        log.send(call)
    assert message in str(caught.value)
    assert caught.value.max_usd == CENT
    assert (log.records()[0].outcome, log.summary().calls, log.summary().stopped) == ("stopped", 0, 1)
    assert log.summary().reserved_usd == 0


def test_an_exhausted_budget_names_what_is_left():
    log = calls(CENT + CENT / 2)
    log.send(Call("messages", forecast()))
    with pytest.raises(BudgetError, match=r"budget_usd is \$0\.015, of which \$0\.005 is left") as caught:
        log.send(Call("messages", forecast()))
    assert (caught.value.budget_usd, caught.value.left_usd) == (CENT + CENT / 2, CENT / 2)
    over = calls(CENT)
    call = Call("messages", forecast(CENT / 10))
    over.send(call)
    over.answer(call, answer(Decimal(1)))
    with pytest.raises(BudgetError, match=r"of which \$0 is left"):
        over.send(Call("messages", forecast(CENT / 10)))
    assert over.summary().left_usd == CENT - 1


@pytest.mark.parametrize("budgets", [(Decimal(9), None), (None, Decimal(9))])
def test_a_budget_does_not_pass_without_a_maximum(budgets):
    with pytest.raises(BudgetError, match=r"budget_usd \$9\.00 cannot be checked: the pages cannot be counted"):
        calls(*budgets).send(Call("messages", forecast(None)))


def test_a_retry_replaces_the_record_of_the_attempt_before():
    log = calls(CENT)
    first = Call("messages", forecast(), key="a")
    log.send(first)
    log.fail(first)
    second = Call("messages", forecast(), key="a")
    log.send(second, retry=True)
    log.answer(second, answer())
    assert [record.outcome for record in log.records()] == ["answered"]
    assert (log.summary().calls, log.summary().reserved_usd) == (1, 0)


def test_the_same_key_without_a_retry_is_another_call():
    log = calls()
    for outcome in ("rejected", "answered"):
        call = Call("messages", forecast(), key="a")
        log.send(call)
        log.release(call, outcome)
    assert (len(log.records()), log.summary().calls) == (2, 2)


def test_a_retry_of_a_call_that_is_no_longer_recorded_counts_once():
    log = calls(keep=0)
    first, second = (Call("messages", forecast(), key="a") for _ in range(2))
    log.send(first)
    log.fail(first)
    log.send(second, retry=True)
    assert (log.records(), log.summary().calls, log.summary().reserved_usd) == ((), 1, CENT)


def test_memory_is_bounded():
    log = calls(keep=3)
    for number in range(2000):
        call = Call("messages", forecast(), key=str(number))
        log.send(call)
        log.fail(call)
    assert (len(log.records()), log.summary().calls, log.summary().reserved_usd) == (3, 2000, 2000 * CENT)
    assert len(log._unanswered) == 1000


def test_threads_do_not_exceed_a_budget_together():
    log = calls(50 * CENT)
    random.seed(1)

    def one(_):
        call = Call("messages", forecast())
        try:
            log.send(call)
        except BudgetError:
            return Decimal(0)
        assert log.summary().left_usd >= 0
        usd = CENT * random.randint(0, 100) / 100
        log.answer(call, answer(usd))
        return usd

    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(one, range(400)))
    total = log.summary()
    assert (total.billed_usd, total.reserved_usd) == (spent, 0)
    assert total.stopped > 0
    assert 49 * CENT < spent <= 50 * CENT


def test_counted_tokens_are_recorded_beside_predicted_ones():
    log, call = calls(), Call("count_tokens", forecast(Decimal(0)))
    log.send(call)
    log.count(call, 97)
    (record,) = log.records()
    assert (record.outcome, record.prompt_tokens, record.billed_prompt_tokens, record.billed_usd) == (
        "answered",
        100,
        97,
        None,
    )


def test_records_and_summaries_are_plain_values():
    log = calls(Decimal("0.10"))
    call = Call("messages", forecast(), changes=2, errors=1)
    log.send(call)
    log.answer(call, answer())
    (record,) = log.records()
    assert json.loads(json.dumps(record.to_dict())) == {
        "operation": "messages",
        "model": "claude-opus-5",
        "outcome": "answered",
        "images": 1,
        "image_tokens": 50,
        "prompt_tokens": 100,
        "billed_prompt_tokens": 90,
        "output_tokens": 10,
        "max_usd": "0.01",
        "billed_usd": "0.005",
        "changes": 2,
        "errors": 1,
    }
    total = log.summary()
    values = json.loads(json.dumps(total.to_dict()))
    assert (values["fixed"], values["left_usd"], values["budget_usd"]) == (1, "0.095", "0.10")
    assert repr(total) == "<CallSummary calls=1 prompt_tokens=100 billed_prompt_tokens=90 usd=$0.005>"
    assert pickle.loads(pickle.dumps(total)) == total
