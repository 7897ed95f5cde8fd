"""Tokens and costs of a request before it is sent, and of its usage afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from conversations import LINKED, PHOTO, REPORT, assistant, call, document, result, use, user, words
from pictures import pdf, text

from imgcost.errors import RequestError
from imgcost.integrations.counting import count_prompt, max_input_tokens, most_image_tokens
from imgcost.integrations.forecasts import Forecast, billed, forecast, forecast_batch
from imgcost.pdfs import TokenRange
from imgcost.prices import Usage
from imgcost.prompts import text_tokens
from imgcost.quoting import quotes
from imgcost.tables import find_model

DAY = date(2026, 11, 22)
(HAIKU,) = quotes(["claude-haiku-4-5"], as_of=DAY)  # $1 and $5 per MTok; 3 tokens per image, 7 per user message
(OPUS,) = quotes(["claude-opus-5"], as_of=DAY)  # $5 and $25 per MTok; messages were not measured
IMAGE = 23 * 18  # 640x480 px
SAID = words("x" * 350)


def test_text_is_estimated_by_its_bytes_and_the_tokenizer():
    old, new = find_model("claude-opus-4-6"), find_model("claude-opus-4-7")
    assert [text_tokens("a" * size, old) for size in (0, 1, 7, 8)] == [0, 1, 2, 3]
    assert [text_tokens("a" * size, new) for size in (0, 1, 5, 6)] == [0, 1, 2, 3]
    assert text_tokens("\u732b" * 7, old) == 6  # three bytes each
    assert text_tokens("\udc80", old) == 1


def test_each_part_of_a_prompt_is_counted():
    tools = [{"name": "take_photo", "input_schema": {"type": "object"}}]
    params = call(
        user(PHOTO, SAID, REPORT),
        assistant(use("toolu_1")),
        user(result("toolu_1", PHOTO)),
        system="Be brief.",
        tools=tools,
    )
    counted = count_prompt(params, HAIKU, count_text=len)
    called, defined = '["take_photo",{}]', '[{"name":"take_photo","input_schema":{"type":"object"}}]'
    assert counted.images == 2 * IMAGE
    assert counted.overhead == 2 * 3 + 2 * 7
    assert counted.pages == TokenRange(43 + 3 * 1530, 43 + 3 * 2530)
    assert counted.text == 350 + len("Be brief.") + len(called) + len(defined)
    assert counted.number == 2
    assert counted.estimate == counted.images + counted.overhead + counted.pages.lower + counted.text
    assert count_prompt(params, HAIKU).text < counted.text / 3


def test_texts_and_images_of_a_document_count_as_such_and_one_that_cannot_be_counted_is_named():
    inline = document(type="content", content=[PHOTO, SAID])
    plain = document(type="text", media_type="text/plain", data="y" * 35)
    linked = document(type="url", url="https://example.com/a.pdf")
    counted = count_prompt(call(user(inline, plain)), OPUS, count_text=len)
    assert (counted.images, counted.text, counted.pages) == (IMAGE, 385, TokenRange(0, 0))
    assert not counted.unknown_documents
    counted = count_prompt(call(user(linked, LINKED, SAID)), OPUS)
    assert counted.unknown_documents == ("messages.0.content.0",)
    assert counted.unknown_images == ("messages.0.content.1",)
    assert counted.estimate is None


def test_what_is_not_a_request_is_an_error():
    with pytest.raises(RequestError, match="messages: is missing"):
        count_prompt({"model": "claude-opus-5"}, OPUS)


# The most that a prompt can have, and a call can cost


def maximum(params, model=OPUS):
    return max_input_tokens(params, count_prompt(params, model), model)


def test_every_byte_of_text_may_be_a_token_and_base64_is_none():
    params = call(user(SAID))
    without, with_image = maximum(params)[0], maximum(call(user(SAID, PHOTO)))[0]
    assert without == len(
        '{"model":"claude-haiku-4-5","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}'
    ) + len(SAID["text"])
    frame = ',{"type":"image","source":{"type":"base64","media_type":"image/png","data":""}}'
    assert with_image - without == IMAGE + 3 + len(frame)
    cjk = call(user(words("\u732b" * 100)))
    assert maximum(cjk)[0] - maximum(call(user(words(""))))[0] == 300


def test_an_image_that_is_elsewhere_counts_as_the_largest_of_the_tier():
    assert most_image_tokens(OPUS) == 4784
    here, there = maximum(call(user(SAID)))[0], maximum(call(user(SAID, LINKED)))[0]
    block = '{"type":"image","source":{"type":"url","url":"https://example.com/harbor.jpg"}},'
    assert there - here == 4784 + 3 + len(block)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"tools": [{"name": "f", "input_schema": {}}]}, None),
        ({"tools": [{"type": "custom", "name": "f"}, {"type": "bash_20250124", "name": "bash"}]}, None),
        ({"tools": [{"type": None, "name": "f"}]}, None),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "the tool 'web_search_20250305' runs"),
        ({"tools": [{"type": 5}]}, "the tool '5' runs on the server"),
        ({"mcp_servers": [{"url": "https://example.com"}]}, "with 'mcp_servers' the API may read more"),
        ({"container": "c"}, "with 'container'"),
        ({"context_management": {"edits": []}}, "with 'context_management'"),
        ({"fallbacks": "default"}, "the server chooses the fallback models"),
        ({"fallbacks": [{"model": "claude-opus-5"}]}, None),
    ],
)
def test_what_the_api_may_add_has_no_maximum(more, reason):
    params = call(user(SAID), **more)
    found = maximum(params)[1]
    assert (forecast(params, as_of=DAY).max_usd is None) == (found is not None)
    assert (found is None) if reason is None else found.startswith(reason)


def test_pages_that_cannot_be_counted_have_no_maximum():
    assert maximum(call(user(document(type="file", file_id="f"))))[1] == (
        "the pages of messages.0.content.0 cannot be counted"
    )


def test_the_maximum_of_a_call_is_its_prompt_at_the_highest_rate_and_max_tokens():
    plain = call(user(SAID))
    tokens, most = maximum(plain, HAIKU)[0], forecast(plain, as_of=DAY).max_usd
    assert most == Decimal(tokens) / 10**6 + Decimal(4096) * 5 / 10**6
    cached = call(user(SAID | {"cache_control": {"type": "ephemeral"}}))
    tokens, most = maximum(cached, HAIKU)[0], forecast(cached, as_of=DAY).max_usd
    assert most == Decimal(tokens) * 2 / 10**6 + Decimal(4096) * 5 / 10**6
    automatic = plain | {"cache_control": {"type": "ephemeral"}}
    assert forecast(automatic, as_of=DAY).max_usd > forecast(plain, as_of=DAY).max_usd


def test_speed_geography_batches_and_fallback_models_change_the_maximum():
    plain = call(user(SAID)) | {"model": "claude-opus-4-8"}
    price = forecast(plain, as_of=DAY).max_usd
    assert forecast(plain, as_of=DAY, batch=True).max_usd == price / 2
    assert forecast(plain | {"speed": "standard"}, as_of=DAY).max_usd < price * Decimal("1.01")
    assert forecast(plain | {"speed": "fast"}, as_of=DAY).max_usd > 2 * price
    assert forecast(plain | {"inference_geo": "us"}, as_of=DAY).max_usd > price * Decimal("1.09")
    both = forecast(plain | {"fallbacks": [{"model": "claude-haiku-4-5"}]}, as_of=DAY)
    assert price < both.max_usd < 2 * price
    unknown = forecast(plain | {"fallbacks": [{"model": "claude-9"}]}, as_of=DAY)
    assert unknown.max_usd is None
    assert unknown.unknown.startswith("unknown model")


def test_a_platform_is_that_of_the_name_or_given():
    plain = call(user(SAID))
    regional = plain | {"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
    assert forecast(regional, platform="claude-api", as_of=DAY).quote.conditions.platform == "bedrock"
    assert forecast(plain, platform="google-cloud", as_of=DAY).quote.conditions.platform == "google-cloud"


@pytest.mark.parametrize("most", [None, "9", -1, 4.5])
def test_without_max_tokens_there_is_no_maximum(most):
    predicted = forecast(call(user(SAID)) | {"max_tokens": most}, as_of=DAY)
    assert (predicted.max_usd, predicted.unknown) == (None, "max_tokens is not a number of tokens")
    assert predicted.prompt_tokens == 7 + 100


def test_a_forecast_says_what_it_does_not_know():
    predicted = forecast(call(user(LINKED)), as_of=DAY)
    assert (predicted.image_tokens, predicted.prompt_tokens, predicted.unknown) == (None, None, None)
    assert predicted.max_usd is not None
    assert forecast({"messages": []}).model == ""


def test_the_forecast_of_a_batch_is_the_sum_of_its_requests():
    entries = [forecast(call(user(PHOTO)), as_of=DAY, batch=True), forecast(call(user(SAID)), as_of=DAY, batch=True)]
    whole = forecast_batch(entries)
    assert (whole.model, whole.images, whole.image_tokens) == ("claude-haiku-4-5", 1, IMAGE + 3 + 7 + 7)
    assert whole.max_usd == entries[0].max_usd + entries[1].max_usd
    whole = forecast_batch([*entries, Forecast("claude-9", unknown="why")])
    assert (whole.max_usd, whole.prompt_tokens, whole.unknown) == (None, None, "why")
    assert whole.model == "claude-haiku-4-5, claude-9"


# Usage


def test_usage_is_read_by_class_of_token_and_priced():
    usage = {
        "input_tokens": 10,
        "output_tokens": 4,
        "cache_creation_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40},
        "cache_read_input_tokens": 1000,
    }
    reported = billed({"usage": usage, "model": "claude-haiku-4-5-20251001"}, HAIKU)
    assert reported.usage == Usage(10, 4, 60, 40, 1000)
    assert reported.usd == (10 + 4 * 5 + 60 * Decimal("1.25") + 40 * 2 + 1000 * Decimal("0.1")) / 10**6
    assert billed({"usage": {"input_tokens": 10, "output_tokens": 4}}, HAIKU).usd == Decimal("0.00003")


def test_the_model_that_has_answered_sets_the_price():
    usage = {"input_tokens": 10, "output_tokens": 0, "iterations": [{"type": "message"}]}
    assert billed({"usage": usage, "model": "claude-opus-5"}, HAIKU).usd == Decimal("0.00005")
    assert billed({"usage": usage, "model": "m"}, HAIKU).usd == Decimal("0.00001")
    assert billed({"usage": usage, "model": None}, HAIKU).usd == Decimal("0.00001")


@pytest.mark.parametrize(
    ("more", "model"),
    [
        ({"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}}, HAIKU),
        ({"iterations": [{"type": "compaction"}]}, HAIKU),
        ({}, None),
        ({"cache_read_input_tokens": 9}, quotes(["claude-3-sonnet"], as_of=date(2024, 5, 1))[0]),
    ],
)
def test_usage_with_another_price_has_no_known_price(more, model):
    reported = billed({"usage": {"input_tokens": 10, "output_tokens": 4, **more}, "model": "m"}, model)
    assert (reported.usage.input, reported.usd) == (10, None)


@pytest.mark.parametrize("usage", [None, 5, {}, {"input_tokens": 5}, {"output_tokens": "4"}])
def test_without_usage_nothing_is_known(usage):
    assert billed({"usage": usage}, HAIKU) is None


def test_pages_of_a_model_without_measurements_are_unknown():
    (old,) = quotes(["claude-3-haiku"], as_of=date(2024, 5, 1))
    params = call(user(document(type="base64", media_type="application/pdf", data=text(pdf(1)))))
    assert count_prompt(params, old).unknown_documents == ("messages.0.content.0",)
