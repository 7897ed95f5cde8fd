"""The callback for litellm, with the real library, against a local server that answers like the API."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import os
import sys
from datetime import date

import pytest
from pictures import encoded, image_block, png, text

# It imports litellm, which takes seconds and warns of much.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise the import loads a file from the network
litellm = pytest.importorskip("litellm", reason="litellm is not installed")

import imgcost  # noqa: E402 - see above
from imgcost.integrations.litellm import PreflightHook  # noqa: E402 - imports litellm

DAY = date(2026, 11, 22)
MODEL = "anthropic/claude-haiku-4-5"


@pytest.fixture(autouse=True)
def fresh(server, monkeypatch):
    server.received.clear()
    monkeypatch.setattr(litellm, "callbacks", [])


def use(**options):
    litellm.callbacks = [PreflightHook(as_of=DAY, **options)]
    return litellm.callbacks[0]


def openai_messages(data):
    url = f"data:image/png;base64,{text(data)}"
    return [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]}
    ]


def anthropic_messages(data):
    return [{"role": "user", "content": [image_block(data), {"type": "text", "text": "?"}]}]


GOOD, LARGE, BROKEN = png(640, 480), encoded("PNG", 8001, 64), encoded("PNG", 8001, 64)[:400]


def arguments(server):
    return {"max_tokens": 9, "api_base": f"http://127.0.0.1:{server.server_port}", "api_key": "none"}


def acompletion(server, data):
    return litellm.acompletion(model=MODEL, messages=openai_messages(data), **arguments(server))


def positional(server, data):
    return litellm.acompletion(MODEL, openai_messages(data), **arguments(server))


def native(server, data):
    return litellm.anthropic_messages(model=MODEL, messages=anthropic_messages(data), **arguments(server))


def router(server, data):
    known = {key: value for key, value in arguments(server).items() if key != "max_tokens"}
    models = [{"model_name": "small", "litellm_params": {"model": MODEL, **known}}]
    routing = litellm.Router(model_list=models, num_retries=2)
    return routing.acompletion(model="small", messages=openai_messages(data), max_tokens=9)


CALLS = [acompletion, positional, native, router]


def run(call, server, data):
    async def in_loop():
        return await call(server, data)

    return asyncio.run(in_loop())


@pytest.mark.parametrize("call", CALLS)
def test_a_good_request_is_sent(server, call):
    use(fix=True)
    assert run(call, server, GOOD)
    (body,) = map(json.loads, server.received)
    assert body["messages"][0]["content"][0]["source"]["data"] == text(GOOD)


@pytest.mark.parametrize("call", CALLS)
def test_a_request_that_would_be_rejected_is_not_sent(server, call):
    use()
    with pytest.raises(litellm.BadRequestError, match=r"messages\.0\.content\.0.*: 8001x64 px") as caught:
        run(call, server, LARGE)
    assert server.received == []
    assert isinstance(caught.value.__cause__, imgcost.PreflightError)


@pytest.mark.parametrize("call", [acompletion, native, router])
def test_a_request_is_fixed_and_sent(server, call):
    use(fix=True)
    assert run(call, server, LARGE)
    assert len(server.received) == 1


def test_messages_by_position_are_not_fixed_but_checked(server):
    use(fix=True)
    with pytest.raises(litellm.BadRequestError, match="8001x64 px"):
        run(positional, server, LARGE)
    assert server.received == []


def test_what_cannot_be_fixed_is_not_sent_and_the_reason_is_in_the_error(server):
    use(fix=True)
    with pytest.raises(litellm.BadRequestError, match="was not fixed: "):
        run(acompletion, server, BROKEN)
    assert server.received == []


def test_with_warn_a_request_is_sent(server, caplog):
    use(on_error="warn")
    with caplog.at_level(logging.WARNING, "imgcost"), pytest.raises(litellm.BadRequestError, match="8000 pixels"):
        run(acompletion, server, LARGE)
    assert any("sent although the API would reject this" in message for message in caplog.messages)
    assert len(server.received) == 1


def test_what_is_not_a_request_is_an_error_of_litellm():
    hook = PreflightHook()
    with pytest.raises(litellm.BadRequestError, match="messages"):
        hook.checked(model=MODEL, max_tokens=5)


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o", "gemini/gemini-3", None, 5])
def test_other_models_pass_unchecked(model):
    given = {"model": model, "messages": openai_messages(LARGE)}
    assert PreflightHook().checked(**given) == given


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", "8001x64 px"),
        ("vertex_ai/claude-haiku-4-5@20251001", "8001x64 px"),
        ("claude-9", "unknown model"),
        ("claude-fable-5-2", "reads images from 2026-11-09 on"),
    ],
)
def test_every_model_of_claude_is_checked(model, error):
    as_of = date(2026, 10, 1) if model == "claude-fable-5-2" else DAY
    with pytest.raises(litellm.BadRequestError, match=error):
        PreflightHook(as_of=as_of).checked(model=model, messages=openai_messages(LARGE), max_tokens=5)


def test_other_functions_pass_unchecked():
    call = PreflightHook().async_pre_call_deployment_hook(
        {"model": MODEL, "input": ["x"]}, litellm.CallTypes.aembedding
    )
    assert asyncio.run(call) is None
    assert asyncio.run(PreflightHook().async_pre_call_deployment_hook({"model": MODEL}, None)) is None


def test_synchronous_calls_are_checked_by_hand(server):
    hook = PreflightHook(as_of=DAY, fix=True)
    given = {"model": MODEL, "messages": openai_messages(LARGE), **arguments(server)}
    before = copy.deepcopy(given)
    assert litellm.completion(**hook.checked(**given)).choices[0].message.content == "A grey square."
    assert given == before
    with pytest.raises(litellm.BadRequestError, match="8001x64 px"):
        PreflightHook(as_of=DAY).checked(**given)


def test_wrong_arguments_are_errors_at_once():
    with pytest.raises(imgcost.errors.ArgumentError, match="invalid on_error 'fix'"):
        PreflightHook(on_error="fix")


def test_without_litellm_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "litellm", None)
    monkeypatch.setitem(sys.modules, "litellm.exceptions", None)
    monkeypatch.delitem(sys.modules, "imgcost.integrations.litellm")
    with pytest.raises(imgcost.errors.MissingPackageError, match="pip install 'litellm'"):
        __import__("imgcost.integrations.litellm")
