"""A local server that accepts and rejects requests like the Messages API.

It shares no code or tables with imgcost: blocks are checked against the types of the Anthropic SDK, images are
decoded by Pillow, PDFs are read by pypdf, and the limits are copied from the documentation, for a model with a context
window of 200,000 tokens.
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

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
ROLES = ("user", "assistant", "system")
CUSTOM_ID = "^[a-zA-Z0-9_-]{1,64}$"


class Rejected(Exception):  # noqa: N818 - an answer of the API, not a failure of the server
    """A response 400 with the message of the API."""


@cache
def by_tag(hint):
    """Return the SDK's typed dictionaries in a type hint, by the literal of their `type`."""
    if hasattr(hint, "__required_keys__"):
        return dict.fromkeys(get_args(get_type_hints(hint).get("type")), hint)
    return {tag: kind for inner in get_args(hint) for tag, kind in by_tag(inner).items()}


def check_schema(value, hint, location):
    """Reject blocks and sources that the SDK's types do not describe."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            check_schema(item, hint, f"{location}.{index}")
    if not isinstance(value, dict) or not by_tag(hint):
        return
    tag = value.get("type")
    if tag not in by_tag(hint):
        expected = ", ".join(map(repr, by_tag(hint)))
        problem = f"Input tag '{tag}' found using 'type' does not match any of the expected tags"
        raise Rejected(f"{location}: {problem}: {expected}")
    kind, below = by_tag(hint)[tag], f"{location}.{tag}"
    for key, inner in get_type_hints(kind, include_extras=True).items():
        if get_origin(inner) is Required and key not in value:
            raise Rejected(f"{below}.{key}: Field required")
    for key, inner in get_type_hints(kind).items():
        if key == "media_type" and get_origin(inner) is Literal and value[key] not in get_args(inner):
            *but_last, last = map(repr, get_args(inner))
            expected = f"{', '.join(but_last)} or {last}" if but_last else last
            raise Rejected(f"{below}.{key}: Input should be {expected}")
        check_schema(value.get(key), inner, f"{below}.{key}")


def blocks_of(message):
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def check_turns(messages):
    """Reject blocks in the wrong turn, or in the wrong order."""
    for index, message in enumerate(messages):
        if message["role"] not in ROLES:
            raise Rejected(f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
        check_schema(message["content"], types.ContentBlockParam, f"messages.{index}.content")
        for number, block in enumerate(blocks_of(message)):
            check_block(block, message["role"], f"messages.{index}.content", number)
        calls = {block["id"] for block in blocks_of(message) if block["type"] == "tool_use"}
        answer = blocks_of(messages[index + 1]) if index + 1 < len(messages) else []
        results = itertools.takewhile(lambda block: block["type"] == "tool_result", answer)
        if missing := calls - {block["tool_use_id"] for block in results}:
            raise Rejected(
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(sorted(missing))}"
            )


def check_block(block, role, content, index):
    if block["type"] == "text" and not block["text"].strip():
        problem = "contain non-whitespace text" if block["text"] else "be non-empty"
        raise Rejected(f"messages: text content blocks must {problem}")
    if role == "assistant" and block["type"] in {"image", "document"}:
        raise Rejected(f"{content}: '{block['type']}' blocks are not permitted within assistant turns")
    inner = block.get("content", "") if block.get("is_error") else ""
    if not isinstance(inner, str) and any(item["type"] != "text" for item in inner):
        raise Rejected(f"{content}.{index}.tool_result: all content must be type 'text' if 'is_error' is true")


def objects_in(value):
    """Yield every object in a value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(inner)


def check_totals(body):
    """Reject too many cache breakpoints, and too much text."""
    breakpoints = sum(item.get("cache_control") is not None for item in objects_in(body))
    if breakpoints > 4:
        raise Rejected(f"A maximum of 4 blocks with cache_control may be provided. Found {breakpoints}.")
    texts = (item for item in objects_in(body) if item.get("type") == "text")  # blocks, and sources of documents
    text_bytes = sum(len((item["text"] if "text" in item else item["data"]).encode()) for item in texts)
    if text_bytes > 16_000_000:
        raise Rejected(f"too many total text bytes: {text_bytes} > 16000000")


def images_of(content, location):
    """Yield the images in a content, with their locations."""
    for index, block in enumerate([] if isinstance(content, str) else content):
        below = f"{location}.{index}"
        if block["type"] == "image":
            yield below, block["source"]
        elif block["type"] == "tool_result":
            yield from images_of(block.get("content", ""), f"{below}.content")
        elif block["type"] == "document" and block["source"]["type"] == "content":
            yield from images_of(block["source"]["content"], f"{below}.source.content")


def check_image(location, source, edge):
    where = f"{location}.image.source.base64"
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
    except Exception:  # noqa: BLE001 - Pillow may raise anything
        raise Rejected(f"{where}.data: Could not process image") from None
    media_type = FORMATS.get(image.format)
    if media_type is None:
        raise Rejected(f"{where}.data: Could not process image")
    if media_type != source["media_type"]:
        raise Rejected(
            f"{where}.data: The image was specified using the {source['media_type']} media type, "
            f"but the image appears to be a {media_type} image"
        )
    if max(image.size) > edge:
        many = " for many-image requests" if edge == 2000 else ""
        raise Rejected(
            f"{where}.data: At least one of the image dimensions exceed max allowed size{many}: {edge} pixels"
        )


def pages_of(block):
    """Count the pages of a PDF."""
    if block["type"] != "document" or block["source"]["type"] != "base64":
        return 0
    data = base64.b64decode(block["source"]["data"])
    if not data:
        raise Rejected("PDF cannot be empty")
    try:
        reader = PdfReader(io.BytesIO(data))
    except PyPdfError:
        raise Rejected("The PDF specified was not valid") from None
    if reader.is_encrypted:
        raise Rejected("The PDF specified is password protected")
    return len(reader.pages)


def check_request(body, required=("max_tokens", "messages", "model")):
    for key in required:
        if key not in body:
            raise Rejected(f"{key}: Field required")
    check_schema(body.get("system"), types.TextBlockParam, "system")
    check_turns(body["messages"])
    check_totals(body)
    images = []
    for index, message in enumerate(body["messages"]):
        images += images_of(message["content"], f"messages.{index}.content")
    pages = sum(pages_of(block) for message in body["messages"] for block in blocks_of(message))
    if pages > 100:
        raise Rejected("A maximum of 100 PDF pages may be provided")
    if len(images) + pages > 100:
        raise Rejected(f"Too much media: {pages} document pages + {len(images)} images > 100")
    for location, source in images:
        if source["type"] == "base64":
            check_image(location, source, 2000 if len(images) > 20 else 8000)


def check_batch(body):
    for index, entry in enumerate(body["requests"]):
        if "custom_id" not in entry:
            raise Rejected(f"requests.{index}.custom_id: Field required")
        if not re.fullmatch(CUSTOM_ID, entry["custom_id"]):
            raise Rejected(f"requests.{index}.custom_id: String should match pattern '{CUSTOM_ID}'")
        if entry["params"].get("stream"):
            raise Rejected(f"requests.{index}.params.stream: streaming is not supported for batches")
        check_request(entry["params"])
    repeated = [name for name, times in Counter(entry["custom_id"] for entry in body["requests"]).items() if times > 1]
    if repeated:
        raise Rejected(f"requests: custom_id must be unique: {repeated[0]}")


PLATFORM_PATHS = re.compile(r"/model/([^/]+)/invoke|/projects/.+/models/([^/:]+):rawPredict|/anthropic(?=/v1/)")


def answer_to(path, body):
    """Return the answer to a request that is accepted. On some platforms its path has the model.

    Raises:
        Rejected: The API would reject the request.
    """
    if found := PLATFORM_PATHS.match(path):
        body = {"model": found[1] or found[2]} | body
    if path.startswith("/v1/messages/batches"):
        check_batch(body)
        return {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress"}
    if path.startswith("/v1/messages/count_tokens"):
        check_request(body, required=("messages", "model"))
        return {"input_tokens": 1}
    check_request(body)
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": "A grey square."}], "usage": USAGE,
    }  # fmt: skip


USAGE = {"input_tokens": 1, "output_tokens": 1}


def events_of(message):
    """Return the events of a message that is streamed: the usage of its prompt first, that of its answer last."""
    text = message["content"][0]["text"]
    usage = message["usage"]
    return [
        {"type": "message_start", "message": message | {"content": [], "usage": usage | {"output_tokens": 0}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in text),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": usage["output_tokens"]},
        },
        {"type": "message_stop"},
    ]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(raw)
        body, kind = json.loads(raw), "application/json"
        try:
            if self.server.failures:
                raise Rejected("a failure that the test wants")  # noqa: TRY301 - answered like any other
            status, answer = 200, answer_to(self.path, body)
        except Rejected as rejected:
            status = self.server.failures.pop(0) if self.server.failures else 400
            answer = {"type": "error", "error": {"type": "invalid_request_error", "message": str(rejected)}}
        text = json.dumps(answer).encode()
        if status == 200 and body.get("stream"):
            kind = "text/event-stream"
            events = ((event["type"], json.dumps(event)) for event in events_of(answer))
            text = "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def api():
    """Run the server in a thread.

    It has a `server_port`, `received` has the bodies of all requests, and each status in `failures` answers one.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.failures = [], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
