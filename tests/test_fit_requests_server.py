"""Fixed requests, sent with the SDK to a local server that decides without imgcost."""

from __future__ import annotations

import json
from datetime import date

import anthropic
import pytest
from anthropic import types
from test_fit_requests import UNFIXABLE
from test_preflight_examples import BATCHES, ERRORS
from test_requests_reported import REJECTED, SONNET

from imgcost import fit_request
from imgcost.shapes import to_requests

pytestmark = pytest.mark.slow  # a server of the API

NOT_CHECKED = {
    "8 MB with a limit of 5 MB",  # no longer the limit
    "over 32 MB",
    "a large screenshot for the computer toolset",
    "an oversized image with oversized_image set to error",
}
"""Requests that the server accepts, because it does not know all limits."""

FIXED = {
    name: (params, day, platform)
    for name, (_, _, day, platform, params) in REJECTED.items()
    if name not in UNFIXABLE and platform == "claude-api"
} | {
    f"example: {name}": (params, "2026-11-26", "claude-api")
    for name, (_, params) in ERRORS.items()
    if name not in {
        "count", "base64", "foreign character within", "no bytes", "no image", "cut", "url source without a url",
        "file source without an id", "source of an unknown type", "document media type", "PDF", "password", "pages",
        "image of the assistant", "document of the assistant", "no result", "one result of two", "no result at the end",
        "unknown block in a result", "image in system", "image without a source", "result without an id", "role",
        "block of another API",
    }
}  # fmt: skip
"""Rejected requests that can be fixed, with date and platform."""


def send(client, params):
    client.post("/v1/messages", body=dict(params), cast_to=types.Message)


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_request_is_accepted_by_the_server(client, server, name):
    params, day, platform = FIXED[name]
    fitted = fit_request(params, platform=platform, as_of=date.fromisoformat(day), shape="messages")
    assert (fitted.ok, fitted.changed) == (True, True)
    if name not in NOT_CHECKED:
        with pytest.raises(anthropic.BadRequestError):
            send(client, params)
    send(client, fitted.params)
    assert json.loads(server.received[-1]) == fitted.params


def test_fixed_entries_of_a_batch_are_accepted(client):
    for name in ("image", "stream"):
        _, requests = BATCHES[name]
        fitted = fit_request(requests)
        assert fitted.changes
        client.messages.batches.create(requests=fitted.params)


def test_the_next_request_of_a_repaired_session_is_accepted(client):
    from test_fit_sessions import BROKEN, LONG, session  # noqa: PLC0415 - it changes the search path of modules

    for data in (LONG, BROKEN):
        for params, accepted in ((session(data), False), (fit_request(session(data)).params, True)):
            [request] = to_requests(params)
            body = {"max_tokens": 9, "tools": [], **request.params, "model": SONNET}
            if accepted:
                send(client, body)
            else:
                with pytest.raises(anthropic.BadRequestError):
                    send(client, body)
