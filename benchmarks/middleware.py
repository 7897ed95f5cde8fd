"""Time that `imgcost.Preflight` adds to a call of the Anthropic SDK, without a network.

python benchmarks/middleware.py
"""

from __future__ import annotations

import argparse
import base64
import json
import time
from statistics import median

import anthropic
import httpx2
from preflight import jpeg

import imgcost

ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [{"type": "text", "text": "20 images."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def client_with(*middleware):
    """Return a client whose requests are answered at once."""
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=ANSWER))
    return anthropic.Anthropic(
        api_key="none", middleware=middleware, http_client=httpx2.Client(transport=transport), max_retries=0
    )


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    text = base64.b64encode(jpeg(options.bytes)).decode()
    sources = [
        {"type": "base64", "media_type": "image/jpeg", "data": text[:-4] + text[-4:]} for _ in range(options.images)
    ]
    content = [{"type": "image", "source": source} for source in sources]
    params = {"model": "claude-opus-5", "max_tokens": 1, "messages": [{"role": "user", "content": content}]}
    preflight = imgcost.Preflight(budget_usd=1000)
    plain, checked = client_with(), client_with(preflight)
    work = {
        "without": lambda: plain.messages.create(**params),
        "with": lambda: checked.messages.create(**params),
        "body": lambda: json.dumps(params).encode(),
    }
    for call in work.values():
        call()
    rounds = [{name: timed(call) for name, call in work.items()} for _ in range(options.rounds)]
    print(f"{options.images} images of {options.bytes:,} bytes, {options.rounds} rounds, median; {preflight!r}")
    for name, label in {
        "without": "call without Preflight",
        "with": "call with Preflight",
        "body": "its JSON alone",
    }.items():
        print(f"  {label:24}{median(times[name] for times in rounds) * 1000:8.1f} ms")
    added = median(times["with"] - times["without"] for times in rounds)
    share = median(times["with"] / times["without"] for times in rounds) - 1
    print(f"  {'added':24}{added * 1000:8.1f} ms ({share:.1%})")


if __name__ == "__main__":
    main()
