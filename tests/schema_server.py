"""A server on this machine that answers as the Messages API does to what it accepts and what it rejects.

It shares no code and no table with imgcost: blocks are checked against the types of the Anthropic SDK, images are
decoded by Pillow, PDFs are read by pypdf, and the limits are written out from the documentation, for a model of 200,000
tokens of context.
"""

from __future__ import annotations

import base64
import binascii
import io
import itertools
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Required, get_args, get_origin, get_type_hints

from anthropic import types
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


class Rejected(Exception):  # noqa: N818 - it is what the API says, not a failure of ours
    """A 400 with the API's own words."""


@cache
def by_tag(hint):
    """The SDK's typed dictionaries in a type hint, by the literal of their `type`."""
    if hasattr(hint, "__required_keys__"):
        return dict.fromkeys(get_args(get_type_hints(hint).get("type")), hint)
    return {tag: kind for inner in get_args(hint) for tag, kind in by_tag(inner).items()}


def fit(value, hint, place):
    """Reject blocks and sources that the SDK's types do not describe."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            fit(item, hint, f"{place}.{number}")
    if not isinstance(value, dict) or not by_tag(hint):
        return
    tag = value.get("type")
    if tag not in by_tag(hint):
        expected = ", ".join(map(repr, by_tag(hint)))
        raise Rejected(
            f"{place}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {expected}"
        )
    kind, below = by_tag(hint)[tag], f"{place}.{tag}"
    for key, inner in get_type_hints(kind, include_extras=True).items():
        if get_origin(inner) is Required and key not in value:
            raise Rejected(f"{below}.{key}: Field required")
    for key, inner in get_type_hints(kind).items():
        if key == "media_type" and get_origin(inner) is Literal and value[key] not in get_args(inner):
            *but_last, last = map(repr, get_args(inner))
            expected = f"{', '.join(but_last)} or {last}" if but_last else last
            raise Rejected(f"{below}.{key}: Input should be {expected}")
        fit(value.get(key), inner, f"{below}.{key}")


def blocks_of(message):
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def read_turns(messages):
    """Reject blocks in the wrong turn, or in the wrong order."""
    for number, message in enumerate(messages):
        if message["role"] not in {"user", "assistant", "system"}:
            raise Rejected(f"messages.{number}.role: Input should be 'user', 'assistant' or 'system'")
        fit(message["content"], types.ContentBlockParam, f"messages.{number}.content")
        for block in blocks_of(message):
            read_block(block, message["role"], f"messages.{number}")
        calls = {block["id"] for block in blocks_of(message) if block["type"] == "tool_use"}
        answer = blocks_of(messages[number + 1]) if number + 1 < len(messages) else []
        results = itertools.takewhile(lambda block: block["type"] == "tool_result", answer)
        if missing := calls - {block["tool_use_id"] for block in results}:
            raise Rejected(
                f"messages.{number}: tool_use ids were found without tool_result blocks immediately after: "
                f"{', '.join(sorted(missing))}"
            )


def read_block(block, role, place):
    if block["type"] == "text" and not block["text"].strip():
        problem = "contain non-whitespace text" if block["text"] else "be non-empty"
        raise Rejected(f"messages: text content blocks must {problem}")
    if role == "assistant" and block["type"] in {"image", "document"}:
        raise Rejected(f"{place}: '{block['type']}' blocks are not permitted within assistant turns")
    inner = block.get("content", "") if block.get("is_error") else ""
    if not isinstance(inner, str) and any(one["type"] != "text" for one in inner):
        raise Rejected(f"{place}: all content must be type 'text' if 'is_error' is true")


def breakpoints(value):
    """Count `cache_control` anywhere."""
    if isinstance(value, list):
        return sum(map(breakpoints, value))
    if isinstance(value, dict):
        return (value.get("cache_control") is not None) + sum(map(breakpoints, value.values()))
    return 0


def images_of(content, place):
    if isinstance(content, str):
        return
    for number, block in enumerate(content):
        here = f"{place}.{number}"
        if block["type"] == "image":
            yield here, block
        elif block["type"] == "tool_result":
            yield from images_of(block.get("content", ""), f"{here}.content")
        elif block["type"] == "document" and block["source"]["type"] == "content":
            yield from images_of(block["source"]["content"], f"{here}.source.content")


def look_at(place, source, edge):
    """Reject an image as the API would."""
    where = f"{place}.image.source.base64"
    if len(source["data"]) > 10_485_760:
        raise Rejected(f"{where}: image exceeds 10 MB maximum: {len(source['data'])} bytes > 10485760 bytes")
    try:
        data = base64.b64decode(source["data"], validate=True)
    except binascii.Error:
        raise Rejected(f"{where}: invalid base64 data") from None
    if not data:
        raise Rejected(f"{where}: image cannot be empty")
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except Exception:  # noqa: BLE001 - whatever Pillow says
        raise Rejected(f"{where}.data: Could not process image") from None
    real = {name: kind for kind, name in TYPES.items()}.get(image.format)
    if real is None:
        raise Rejected(f"{where}.data: Could not process image")
    if real != source["media_type"]:
        raise Rejected(
            f"{where}.data: The image was specified using the {source['media_type']} media type, "
            f"but the image appears to be a {real} image"
        )
    if max(image.size) > edge:
        many = " for many-image requests" if edge == 2000 else ""
        raise Rejected(
            f"{where}.data: At least one of the image dimensions exceed max allowed size{many}: {edge} pixels"
        )


def judge(body):
    for key in ("max_tokens", "messages", "model"):
        if key not in body:
            raise Rejected(f"{key}: Field required")
    fit(body.get("system"), types.TextBlockParam, "system")
    read_turns(body["messages"])
    count = sum(breakpoints(body.get(key)) for key in ("tools", "system", "messages"))
    if count > 4:
        raise Rejected(f"A maximum of 4 blocks with cache_control may be provided. Found {count}.")
    images = [found for number, message in enumerate(body["messages"])
              for found in images_of(message["content"], f"messages.{number}.content")]  # fmt: skip
    pages = sum(pages_of(block) for message in body["messages"] for block in blocks_of(message))
    if pages > 100:
        raise Rejected("A maximum of 100 PDF pages may be provided")
    if len(images) + pages > 100:
        raise Rejected(f"Too much media: {pages} document pages + {len(images)} images > 100")
    for place, block in images:
        if block["source"]["type"] == "base64":
            look_at(place, block["source"], 2000 if len(images) > 20 else 8000)


def pages_of(block):
    """Count the pages of a PDF."""
    if block["type"] != "document" or block["source"]["type"] != "base64":
        return 0
    try:
        reader = PdfReader(io.BytesIO(base64.b64decode(block["source"]["data"])))
    except PyPdfError:
        raise Rejected("The PDF specified was not valid.") from None
    if reader.is_encrypted:
        raise Rejected("The PDF specified is password protected")
    return len(reader.pages)


def judge_batch(body):
    for number, entry in enumerate(body["requests"]):
        if "custom_id" not in entry:
            raise Rejected(f"requests.{number}.custom_id: Field required")
        if not re.fullmatch("[a-zA-Z0-9_-]{1,64}", entry["custom_id"]):
            raise Rejected(f"requests.{number}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if entry["params"].get("stream"):
            raise Rejected(f"requests.{number}.params.stream: streaming is not supported for batches")
        judge(entry["params"])
    repeated = [name for name, times in Counter(entry["custom_id"] for entry in body["requests"]).items() if times > 1]
    if repeated:
        raise Rejected(f"requests: custom_id must be unique: {repeated[0]}")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(raw)
        status, answer = 200, {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "stop_sequence": None, "content": [{"type": "text", "text": "A grey square."}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }  # fmt: skip
        try:
            if self.path.startswith("/v1/messages/batches"):
                answer = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress"}
                judge_batch(json.loads(raw))
            else:
                judge(json.loads(raw))
        except Rejected as rejected:
            status = 400
            answer = {"type": "error", "error": {"type": "invalid_request_error", "message": str(rejected)}}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def api():
    """Run the server while the context lasts; it gives its address, and keeps what it received."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
