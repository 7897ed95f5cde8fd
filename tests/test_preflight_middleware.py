"""`imgcost.Preflight` in the Anthropic SDK: its clients send requests to a local server that answers like the API."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import anthropic
import api_server
import pytest
from anthropic import types
from conftest import ROOT
from pictures import SMALL_MODEL, encoded, image_block, png, request

import imgcost
from imgcost.integrations import middleware
from imgcost.integrations.checks import CheckSettings

pytestmark = pytest.mark.slow  # the SDK, and a server of the API

DAY = date(2026, 11, 22)
QUESTION = {"type": "text", "text": "What is in this image?"}
GOOD = request(image_block(png(1000, 1000)), QUESTION, model=SMALL_MODEL)
LARGE = request(image_block(encoded("PNG", 8001, 64)), QUESTION, model=SMALL_MODEL)
BROKEN = request(image_block(encoded("PNG", 8001, 64)[:400]), QUESTION, model=SMALL_MODEL)
IMAGE_TOKENS = 36 * 36 + 3 + 7
PROMPT_TOKENS = IMAGE_TOKENS + 7
PRICE = Decimal("0.000006")  # of the usage that the server reports: 1 input and 1 output token


@pytest.fixture(scope="module")
def server():
    with api_server.api() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server):
    server.received.clear()
    server.failures.clear()


def client_of(server, *preflights, kind=anthropic.Anthropic, **options):
    options = {"api_key": "none", "max_retries": 0} | options
    return kind(base_url=f"http://127.0.0.1:{server.server_port}", middleware=preflights, **options)


def create(client, params):
    return client.messages.create(**params).usage.output_tokens


def raw(client, params):
    return client.messages.with_raw_response.create(**params).parse().usage.output_tokens


def streamed_response(client, params):
    with client.messages.with_streaming_response.create(**params) as response:
        assert b"A grey square." in b"".join(response.iter_bytes())
        return 1


def stream(client, params):
    with client.messages.stream(**params) as events:
        assert "".join(events.text_stream) == "A grey square."
        return events.get_final_message().usage.output_tokens


def events(client, params):
    last = [event for event in client.messages.create(**params, stream=True) if event.type == "message_delta"]
    return last[0].usage.output_tokens


def events_by_hand(client, params):
    reader = client.messages.create(**params, stream=True)
    assert next(reader).type == "message_start"
    return [next(reader).type for _ in range(18)].count("message_stop")


def beta(client, params):
    return client.beta.messages.create(**params, betas=["context-1m-2025-08-07"]).usage.output_tokens


def beta_stream(client, params):
    with client.beta.messages.stream(**params) as events:
        return events.get_final_message().usage.output_tokens


def batch(client, params):
    client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])


def beta_batch(client, params):
    client.beta.messages.batches.create(requests=[{"custom_id": "a", "params": params}])


def without_max_tokens(params):
    return {key: value for key, value in params.items() if key != "max_tokens"}


def count(client, params):
    return client.messages.count_tokens(**without_max_tokens(params)).input_tokens


def beta_count(client, params):
    return client.beta.messages.count_tokens(**without_max_tokens(params)).input_tokens


ANSWERED = [create, raw, streamed_response, stream, events, events_by_hand, beta, beta_stream]
CALLS = [*ANSWERED, batch, beta_batch, count, beta_count]


async def async_create(client, params):
    return (await client.messages.create(**params)).usage.output_tokens


async def async_stream(client, params):
    async with client.messages.stream(**params) as events:
        assert "".join([text async for text in events.text_stream]) == "A grey square."
        return (await events.get_final_message()).usage.output_tokens


async def async_events(client, params):
    reader = await client.messages.create(**params, stream=True)
    return [event.type async for event in reader].count("message_stop")


async def async_events_by_hand(client, params):
    reader = await client.messages.create(**params, stream=True)
    return [(await anext(reader)).type for _ in range(19)].count("message_stop")


async def async_batch(client, params):
    await client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])


async def async_count(client, params):
    return (await client.messages.count_tokens(**without_max_tokens(params))).input_tokens


ASYNC_ANSWERED = [async_create, async_stream, async_events, async_events_by_hand]
ASYNC_CALLS = [*ASYNC_ANSWERED, async_batch, async_count]


def run(make_call, server, preflight, params, **options):
    """Call the API with the client that a function needs, and return its result."""
    if not asyncio.iscoroutinefunction(make_call):
        with client_of(server, preflight, **options) as client:
            return make_call(client, params)

    async def in_loop():
        async with client_of(server, preflight, kind=anthropic.AsyncAnthropic, **options) as client:
            return await make_call(client, params)

    return asyncio.run(in_loop())


# Checks


@pytest.mark.parametrize("make_call", [*CALLS, *ASYNC_CALLS])
def test_a_request_that_would_be_rejected_is_not_sent(server, make_call):
    preflight = imgcost.Preflight(as_of=DAY)
    with pytest.raises(imgcost.PreflightError, match=r"8001x64 px: a side is longer than 8,000 px"):
        run(make_call, server, preflight, LARGE)
    assert server.received == []
    assert (preflight.summary().stopped, preflight.summary().calls) == (1, 0)
    (record,) = preflight.records
    assert (record.outcome, record.errors) == ("stopped", 1)


@pytest.mark.parametrize("make_call", [*CALLS, *ASYNC_CALLS])
def test_a_request_is_fixed_and_sent(server, make_call):
    preflight, before = imgcost.Preflight(as_of=DAY, fix=True), copy.deepcopy(LARGE)
    run(make_call, server, preflight, LARGE)
    assert before == LARGE
    assert len(server.received) == 1
    assert b"iVBOR" in server.received[0]
    (record,) = preflight.records
    assert (record.outcome, record.changes, record.errors, record.images) == (record.outcome, 1, 0, 1)
    assert record.outcome in {"answered", "sent"}
    assert preflight.summary().fixed == 1


@pytest.mark.parametrize("make_call", [create, batch, async_create])
def test_what_cannot_be_fixed_is_not_sent_and_the_reason_is_noted(server, make_call):
    preflight = imgcost.Preflight(as_of=DAY, fix=True)
    with pytest.raises(imgcost.PreflightError, match="end of the image is missing") as caught:
        run(make_call, server, preflight, BROKEN)
    assert server.received == []
    assert any("was not fixed: " in note for note in caught.value.__notes__)


def test_a_good_request_arrives_unchanged(server):
    assert run(create, server, imgcost.Preflight(as_of=DAY, fix=True), GOOD) == 1
    assert json.loads(server.received[0]) == GOOD


def test_with_warn_a_request_is_sent_and_its_errors_are_logged(server, caplog):
    preflight = imgcost.Preflight(as_of=DAY, on_error="warn")
    with pytest.raises(anthropic.BadRequestError):
        run(create, server, preflight, LARGE)
    assert [record.outcome for record in preflight.records] == ["rejected"]
    assert "sent although the API would reject this:\nmessages.0.content.0: 8001x64 px" in caplog.text
    assert caplog.records[0].name == "imgcost"
    assert caplog.records[0].levelno == logging.WARNING
    run(create, server, imgcost.Preflight(as_of=DAY, on_error="warn", ignore="image-edge", fix=True), GOOD)
    assert len(caplog.records) == 1


def test_a_rule_can_be_ignored(server):
    with pytest.raises(anthropic.BadRequestError):
        run(create, server, imgcost.Preflight(as_of=DAY, ignore="image-edge"), LARGE)
    assert len(server.received) == 1


def test_what_is_not_a_request_is_an_error_or_logged(server, caplog):
    wrong = {"model": SMALL_MODEL, "max_tokens": 9, "messages": [{"role": "user"}]}
    preflight = imgcost.Preflight(as_of=DAY)
    with pytest.raises(imgcost.errors.RequestError, match=r"messages.0.content: is missing"):
        run(create, server, preflight, wrong)
    assert server.received == []
    assert preflight.summary().stopped == 1
    server.failures[:] = [400]
    preflight = imgcost.Preflight(as_of=DAY, on_error="warn", fix=True)
    with pytest.raises(anthropic.BadRequestError):
        run(create, server, preflight, wrong)
    assert caplog.messages[0] == "sent without a complete check: messages.0.content: is missing"
    assert not caplog.records[0].exc_info


@pytest.mark.parametrize("part", ["check_request", "forecast", "fit_request"])
def test_a_bug_stops_a_call_unless_errors_are_only_logged(server, monkeypatch, caplog, part):
    def fail(*_, **__):
        raise ZeroDivisionError("a bug")

    owner = {"check_request": "integrations.checks", "forecast": "integrations.middleware", "fit_request": "fitting"}
    monkeypatch.setattr(f"imgcost.{owner[part]}.{part}", fail)
    params = LARGE if part == "fit_request" else GOOD
    with pytest.raises(ZeroDivisionError):
        run(create, server, imgcost.Preflight(as_of=DAY, fix=True), params)
    assert server.received == []
    preflight = imgcost.Preflight(as_of=DAY, fix=True, on_error="warn")
    if part == "fit_request":
        with pytest.raises(anthropic.BadRequestError):
            run(create, server, preflight, params)
    else:
        assert run(create, server, preflight, params) == 1
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
    with pytest.raises(imgcost.BudgetError, match="a bug" if part == "forecast" else "budget_usd"):
        run(create, server, imgcost.Preflight(as_of=DAY, on_error="warn", budget_usd=0), GOOD)


def test_other_requests_pass_unchanged(server):
    preflight = imgcost.Preflight(as_of=DAY)
    with client_of(server, preflight) as client:
        with pytest.raises(anthropic.InternalServerError):
            client.models.list()  # the server has only POST
        assert client.post("/v1/messages?x", cast_to=object, body=GOOD)
        server.failures.append(400)
        with pytest.raises(anthropic.BadRequestError):
            client.post("/v1/complete", cast_to=object, body=LARGE)

    async def in_loop():
        async with client_of(server, preflight, kind=anthropic.AsyncAnthropic) as client:
            with pytest.raises(anthropic.InternalServerError):
                await client.models.list()

    asyncio.run(in_loop())
    assert [record.outcome for record in preflight.records] == ["answered"]


# Usage


@pytest.mark.parametrize("make_call", [*ANSWERED, *ASYNC_ANSWERED])
def test_predicted_tokens_are_kept_beside_billed_ones(server, monkeypatch, make_call):
    usage = {"input_tokens": 1300, "output_tokens": 1, "cache_read_input_tokens": 40}
    monkeypatch.setattr(api_server, "USAGE", usage)
    preflight = imgcost.Preflight(as_of=DAY)
    assert run(make_call, server, preflight, GOOD) == 1
    (record,) = preflight.records
    assert record == (
        "messages",
        SMALL_MODEL,
        "answered",
        1,
        IMAGE_TOKENS,
        PROMPT_TOKENS,
        1340,
        1,
        record.max_usd,
        Decimal("0.001309"),
        0,
        0,
    )
    assert Decimal("0.0064") < record.max_usd < Decimal("0.0067")
    assert preflight.summary().reserved_usd == 0


@pytest.mark.parametrize("make_call", [count, beta_count, async_count])
def test_counted_tokens_are_kept_and_cost_nothing(server, make_call):
    preflight = imgcost.Preflight(as_of=DAY, budget_usd=0)
    assert run(make_call, server, preflight, GOOD) == 1
    (record,) = preflight.records
    assert record[:8] == ("count_tokens", SMALL_MODEL, "answered", 1, IMAGE_TOKENS, PROMPT_TOKENS, 1, None)
    assert preflight.summary().left_usd == 0


def test_a_batch_remains_reserved_at_half_the_price(server):
    preflight = imgcost.Preflight(as_of=DAY)
    run(create, server, preflight, GOOD)
    run(batch, server, preflight, GOOD)
    call, many = preflight.records
    assert (many.operation, many.outcome, many.max_usd) == ("batches", "sent", call.max_usd / 2)
    assert preflight.summary().reserved_usd == many.max_usd


@pytest.mark.parametrize("how", ["closed", "raw bytes"])
def test_a_stream_without_its_end_remains_reserved(server, how):
    preflight = imgcost.Preflight(as_of=DAY)
    with client_of(server, preflight) as client:
        if how == "closed":
            with client.messages.create(**GOOD, stream=True) as reader:
                assert next(iter(reader)).type == "message_start"
        else:
            with client.messages.with_streaming_response.create(**GOOD, stream=True) as response:
                assert len(list(response.iter_lines())) > 9
    (record,) = preflight.records
    assert (record.outcome, record.billed_usd) == ("sent", None)
    assert preflight.summary().reserved_usd == record.max_usd


def test_a_stream_of_unknown_type_is_not_read(server):
    preflight = imgcost.Preflight(as_of=DAY)
    with client_of(server, preflight) as client:
        reader = client.post("/v1/messages", cast_to=object, body=GOOD | {"stream": True}, stream=True)
        assert len(list(reader)) > 9
    assert preflight.records[0].outcome == "sent"


@pytest.mark.parametrize("make_call", [stream, async_events])
def test_a_stream_with_strange_events_is_not_disturbed(server, monkeypatch, caplog, make_call):
    whole = api_server.events_of
    strange = {"type": "message_delta", "delta": {}, "usage": None}
    monkeypatch.setattr(api_server, "events_of", lambda message: [*whole(message)[:-2], strange, *whole(message)[-2:]])
    preflight = imgcost.Preflight(as_of=DAY)
    if make_call is stream:
        with client_of(server, preflight) as client:
            assert len(list(client.messages.create(**GOOD, stream=True))) == 20
    else:
        assert run(make_call, server, preflight, GOOD) == 1
    assert "cannot read the usage in an event of a stream" in caplog.text
    assert preflight.records[0].outcome == "answered"


@pytest.mark.parametrize("usage", [None, {}, 5, "x"])
def test_an_answer_without_usage_is_returned_and_remains_reserved(server, monkeypatch, usage):
    monkeypatch.setattr(api_server, "USAGE", usage)
    preflight = imgcost.Preflight(as_of=DAY)
    with client_of(server, preflight) as client:
        assert client.messages.create(**GOOD).content[0].text == "A grey square."
    assert (preflight.records[0].outcome, preflight.summary().answered) == ("sent", 0)
    assert preflight.summary().reserved_usd == preflight.records[0].max_usd


def test_an_answer_that_is_not_json_is_returned(server, monkeypatch, caplog):
    monkeypatch.setattr(api_server, "json", SimpleNamespace(loads=json.loads, dumps=lambda _: "not JSON"))
    preflight = imgcost.Preflight(as_of=DAY)
    with client_of(server, preflight) as client:
        text = client.messages.with_raw_response.create(**GOOD).text()
    assert text == "not JSON"
    assert "cannot read the usage in an answer" in caplog.text
    assert preflight.records[0].outcome == "sent"


# Budgets


@pytest.mark.parametrize("make_call", [*CALLS[:10], *ASYNC_CALLS[:5]])
def test_an_exceeded_budget_raises_before_anything_is_sent(server, make_call):
    preflight = imgcost.Preflight(as_of=DAY)
    run(make_call, server, preflight, GOOD)
    most = preflight.records[0].max_usd
    server.received.clear()
    run(make_call, server, imgcost.Preflight(as_of=DAY, budget_usd=most, request_budget_usd=most), GOOD)
    assert len(server.received) == 1
    for budget in ({"budget_usd": most - Decimal("1e-9")}, {"request_budget_usd": most - Decimal("1e-9")}):
        preflight = imgcost.Preflight(as_of=DAY, on_error="warn", **budget)
        with pytest.raises(imgcost.BudgetError, match="not sent: the request can cost up to"):
            run(make_call, server, preflight, GOOD)
        assert preflight.summary().stopped == 1
    assert len(server.received) == 1


def test_an_unknown_model_does_not_pass_a_budget(server):
    unknown = GOOD | {"model": "claude-9"}
    preflight = imgcost.Preflight(as_of=DAY, budget_usd=100, ignore=["model"])
    with pytest.raises(imgcost.BudgetError, match=r"the cost has no known maximum.*unknown model 'claude-9'"):
        run(create, server, preflight, unknown)
    assert server.received == []
    preflight = imgcost.Preflight(as_of=DAY, ignore=["model"])
    run(create, server, preflight, unknown)
    assert (preflight.records[0].outcome, preflight.records[0].billed_usd, preflight.summary().unknown) == (
        "answered",
        None,
        1,
    )


def test_concurrent_calls_share_a_budget(server):
    preflight = imgcost.Preflight(as_of=DAY)
    run(create, server, preflight, GOOD)
    most = preflight.records[0].max_usd
    server.received.clear()
    preflight = imgcost.Preflight(as_of=DAY, budget_usd=most + 3 * PRICE)

    def one(client):
        try:
            return create(client, GOOD)
        except imgcost.BudgetError:
            return 0

    with client_of(server, preflight) as client, ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(one, [client] * 30))
    total = preflight.summary()
    assert answered == len(server.received) == total.answered <= 4
    assert (total.billed_usd, total.reserved_usd, total.stopped) == (answered * PRICE, 0, 30 - answered)

    async def in_loop():
        async with client_of(server, shared, kind=anthropic.AsyncAnthropic) as client:
            calls = [async_create(client, GOOD) for _ in range(10)]
            return await asyncio.gather(*calls, return_exceptions=True)

    shared = imgcost.Preflight(as_of=DAY, budget_usd=2 * most)
    results = asyncio.run(in_loop())
    assert results.count(1) == shared.summary().answered
    assert sum(isinstance(result, imgcost.BudgetError) for result in results) == shared.summary().stopped > 0


# Retries and failures


@pytest.mark.parametrize("make_call", [create, stream, async_create])
def test_retries_of_the_sdk_count_once(server, make_call):
    server.failures[:] = [529, 500]
    preflight = imgcost.Preflight(as_of=DAY, fix=True)
    assert run(make_call, server, preflight, LARGE, max_retries=2) == 1
    assert len(server.received) == 3
    assert len(set(server.received)) == 1
    assert [record.outcome for record in preflight.records] == ["answered"]
    assert (preflight.summary().calls, preflight.summary().billed_usd) == (1, PRICE)


def test_a_rejected_call_costs_nothing(server):
    server.failures[:] = [500, 500]
    preflight = imgcost.Preflight(as_of=DAY)
    with pytest.raises(anthropic.InternalServerError):
        run(create, server, preflight, GOOD, max_retries=1)
    assert [record.outcome for record in preflight.records] == ["rejected"]
    assert preflight.summary().reserved_usd == 0


@pytest.mark.parametrize("make_call", [create, async_create])
def test_a_call_without_an_answer_remains_reserved_once(make_call):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    preflight = imgcost.Preflight(as_of=DAY)
    nowhere = SimpleNamespace(server_port=port)
    with pytest.raises(anthropic.APIConnectionError):
        run(make_call, nowhere, preflight, GOOD, max_retries=1)
    (record,) = preflight.records
    assert record.outcome == "failed"
    assert preflight.summary().reserved_usd == record.max_usd


def test_an_answer_of_another_middleware_costs_nothing(server):
    preflight, kept = imgcost.Preflight(as_of=DAY), types.MessageTokensCount(input_tokens=5)
    with client_of(server, preflight, lambda _request, _call_next: kept) as client:
        assert client.messages.create(**GOOD) is kept
        assert client.messages.create(**GOOD, stream=True) is kept
    assert server.received == []
    assert [record.outcome for record in preflight.records] == ["answered"] * 2
    assert (preflight.summary().answered, preflight.summary().reserved_usd) == (0, 0)


# Platforms


@pytest.mark.parametrize(
    ("kind", "options", "model", "platform"),
    [
        ("AnthropicBedrock", {"aws_region": "us-east-1"}, "us.anthropic.claude-haiku-4-5-20251001-v1:0", None),
        ("AnthropicBedrock", {"aws_region": "us-east-1"}, "anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock"),
        ("AnthropicBedrockMantle", {"aws_region": "us-east-1"}, "anthropic.claude-haiku-4-5", "bedrock"),
        ("AnthropicVertex", {"region": "global", "project_id": "p"}, "claude-haiku-4-5@20251001", None),
        ("AnthropicVertex", {"region": "global", "project_id": "p"}, "claude-haiku-4-5", "google-cloud"),
        ("AnthropicFoundry", {}, "claude-haiku-4-5", "foundry"),
        ("AnthropicAWS", {"aws_region": "us-east-1", "workspace_id": "w"}, "claude-haiku-4-5", "claude-platform-aws"),
    ],
)
def test_clients_of_other_platforms_use_their_limits_and_prices(server, kind, options, model, platform):
    key = {"access_token": "none"} if kind == "AnthropicVertex" else {"api_key": "none"}
    preflight = imgcost.Preflight(platform=platform, as_of=DAY)
    base_url = f"http://127.0.0.1:{server.server_port}"
    client = getattr(anthropic, kind)(base_url=base_url, max_retries=0, middleware=[preflight], **key, **options)
    with client:
        assert client.messages.create(**GOOD | {"model": model}).usage.output_tokens == 1
    (record,) = preflight.records
    regional = Decimal("1.1") if "Bedrock" in kind else 1
    assert (record.outcome, record.billed_usd) == ("answered", PRICE * regional)
    url = {"type": "image", "source": {"type": "file", "file_id": "f"}}
    if platform in {"bedrock", "google-cloud"} or platform is None:
        with pytest.raises(imgcost.PreflightError, match="source"):
            client.messages.create(**request(url, QUESTION, model=model))
    assert len(server.received) == 1


# The object


def test_it_shows_its_totals(server):
    preflight = imgcost.Preflight(as_of=DAY, keep=2)
    for _ in range(3):
        run(create, server, preflight, GOOD)
    assert repr(preflight) == "<Preflight calls=3 fixed=0 stopped=0 usd=$0.000018>"
    assert len(preflight.records) == 2
    frame = preflight.to_frame()
    assert frame["billed_usd"].tolist() == [PRICE] * 2
    assert frame["prompt_tokens"].sum() == 2 * PROMPT_TOKENS
    page = preflight._repr_html_()
    assert "<td>prompt tokens, predicted</td>" in page
    assert f">{3 * PROMPT_TOKENS:,}</td>" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "fix"}, "invalid on_error 'fix': expected one of raise, warn"),
        ({"budget_usd": -1}, "invalid budget_usd -1"),
        ({"request_budget_usd": "much"}, "invalid request_budget_usd 'much'"),
        ({"keep": -1}, "invalid keep -1: expected a number of calls, 0 or more"),
        ({"keep": None}, "invalid keep None"),
        ({"platform": "aws"}, "invalid platform 'aws'"),
        ({"ignore": 5}, "invalid ignore 5: expected names of rules"),
        ({"ignore": ["no-such-rule"]}, "no-such-rule"),
        ({"as_of": "today"}, "invalid as_of 'today'"),
    ],
)
def test_wrong_arguments_are_errors_at_once(options, message):
    with pytest.raises(imgcost.ImgcostError) as caught:
        imgcost.Preflight(**options)
    assert message in str(caught.value)


def test_it_is_middleware_of_the_sdk_also_in_subclasses():
    class Plain(imgcost.Preflight):
        """A subclass."""

    class Mixed(imgcost.Preflight, anthropic.Middleware):
        """A subclass that is middleware already."""

    for kind in (imgcost.Preflight, Plain, Mixed):
        made = kind()
        assert isinstance(made, kind)
        assert isinstance(made, anthropic.Middleware)
        assert type(made).__name__ == kind.__name__
        assert type(made) is type(kind())


def test_without_the_sdk_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anthropic", None)
    middleware._with_sdk.cache_clear()
    with pytest.raises(imgcost.errors.MissingPackageError, match=r"pip install 'anthropic>=2.12'"):
        imgcost.Preflight()


@pytest.mark.parametrize("page", ["README.md", "docs/integrations.md"])
def test_the_documented_lines_fix_a_request(server, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(preflight = .*?)```", text, re.DOTALL)
    assert len(lines.splitlines()) == 2
    sdk = SimpleNamespace(Anthropic=lambda middleware: client_of(server, *middleware))
    namespace = {"imgcost": imgcost, "anthropic": sdk}
    exec(lines, namespace)
    assert create(namespace["client"], LARGE) == 1
    assert repr(namespace["preflight"]).startswith("<Preflight calls=1 fixed=1 stopped=0 usd=$0.000006>")


def test_the_settings_are_those_of_all_integrations():
    settings = CheckSettings(fix=True, on_error="warn", platform=None, as_of=None, ignore="downscaled")
    assert settings.check(GOOD, "messages").ok
