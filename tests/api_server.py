"""A server on this machine that answers as the Messages API does to what it accepts and what it rejects.

It shares no code and no table with imgcost: images are decoded by Pillow, PDFs are read by pypdf, and the limits are
written out from the documentation, for a model of 200,000 tokens of context.
"""

from __future__ import annotations

import base64
import binascii
import io
import itertools
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}

MESSAGE = ["text", "image", "document", "search_result", "thinking", "tool_use", "tool_result", "server_tool_use"]
INSIDE = {
    "tool_result": ["text", "image", "search_result", "document", "tool_reference"],
    "document": ["text", "image"],
}
FIELDS = {"url": "url", "file": "file_id"}
CUSTOM_ID = "^[a-zA-Z0-9_-]{1,64}$"


class Rejected(Exception):  # noqa: N818 - it is what the API says, not a failure of ours
    """A 400 with the API's own words."""


def blocks_of(content, place, allowed=MESSAGE):
    """Every block with its place; an unknown one is rejected."""
    for number, block in enumerate([] if isinstance(content, str) else content):
        here = f"{place}.{number}"
        if block["type"] not in allowed:
            expected = ", ".join(map(repr, allowed))
            tag = f"Input tag {block['type']!r} found using 'type' does not match any of the expected tags"
            raise Rejected(f"{here}: {tag}: {expected}")
        yield here, block
        if block["type"] == "tool_result":
            yield from blocks_of(block.get("content", ""), f"{here}.content", INSIDE["tool_result"])
        elif block["type"] == "document" and block.get("source", {}).get("type") == "content":
            yield from blocks_of(block["source"]["content"], f"{here}.source.content", INSIDE["document"])


def check_schema(place, block):
    kind = block["type"]
    if kind not in {"image", "document"}:
        return
    if "source" not in block:
        raise Rejected(f"{place}.{kind}.source: Field required")
    source = block["source"]
    field = FIELDS.get(source["type"])
    if field and field not in source:
        raise Rejected(f"{place}.{kind}.source.{source['type']}.{field}: Field required")
    if kind == "document" and source["type"] == "base64" and source.get("media_type") != "application/pdf":
        raise Rejected(f"{place}.document.source.base64.media_type: Input should be 'application/pdf'")


def check_turns(messages):
    for number, message in enumerate(messages):
        here, content = f"messages.{number}", message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        calls = {block["id"] for block in blocks if block["type"] == "tool_use"}
        following = messages[number + 1]["content"] if number + 1 < len(messages) else []
        following = [] if isinstance(following, str) else following
        answers = itertools.takewhile(lambda block: block["type"] == "tool_result", following)
        missing = calls - {block["tool_use_id"] for block in answers}
        if missing:
            raise Rejected(
                f"{here}: `tool_use` ids were found without `tool_result` blocks immediately after: {min(missing)}"
            )
        for place, block in enumerate(blocks):
            if message["role"] == "assistant" and block["type"] in {"image", "document"}:
                raise Rejected(f"{here}.content: '{block['type']}' blocks are not permitted within assistant turns")
            if block["type"] == "text" and not block["text"]:
                raise Rejected("messages: text content blocks must be non-empty")
            if block["type"] == "text" and not block["text"].strip():
                raise Rejected("messages: text content blocks must contain non-whitespace text")
            inner = block.get("content", "") if block["type"] == "tool_result" else ""
            if block.get("is_error") and not isinstance(inner, str) and any(one["type"] != "text" for one in inner):
                raise Rejected(
                    f"{here}.content.{place}.tool_result: all content must be type 'text' if 'is_error' is true"
                )


def text_of(blocks):
    return sum(len(block["text"].encode()) for _, block in blocks if block["type"] == "text")


def look_at(place, source, edge):
    """Reject an image as the API would."""
    where = f"{place}.image.source.base64"
    if source["media_type"] not in TYPES:
        raise Rejected(f"{where}.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'")
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


def judge_batch(body):
    for number, entry in enumerate(body["requests"]):
        if not re.fullmatch(CUSTOM_ID, entry["custom_id"]):
            raise Rejected(f"requests.{number}.custom_id: String should match pattern '{CUSTOM_ID}'")
        judge(entry["params"])


def judge(body):
    blocks = list(blocks_of(body.get("system", ""), "system", ["text"]))
    for number, message in enumerate(body["messages"]):
        blocks += blocks_of(message["content"], f"messages.{number}.content")
    for place, block in blocks:
        check_schema(place, block)
    check_turns(body["messages"])
    marked = sum("cache_control" in block for block in [*(block for _, block in blocks), *body.get("tools", [])])
    if marked > 4:
        raise Rejected(f"A maximum of 4 blocks with cache_control may be provided. Found {marked}.")
    if text_of(blocks) > 16_000_000:
        raise Rejected(f"too many total text bytes: {text_of(blocks)} > 16000000")
    images = [(place, block) for place, block in blocks if block["type"] == "image"]
    pages = sum(pages_of(block["source"]) for _, block in blocks if block["type"] == "document")
    if pages > 100:
        raise Rejected("A maximum of 100 PDF pages may be provided")
    if len(images) + pages > 100:
        raise Rejected(f"Too much media: {pages} document pages + {len(images)} images > 100")
    for place, block in images:
        if block["source"]["type"] == "base64":
            look_at(place, block["source"], 2000 if len(images) > 20 else 8000)


def pages_of(source):
    """How many pages a document has here."""
    if source["type"] != "base64":
        return 0
    data = base64.b64decode(source["data"])
    if not data:
        raise Rejected("PDF cannot be empty")
    try:
        reader = PdfReader(io.BytesIO(data))
    except PyPdfError:
        raise Rejected("The PDF specified was not valid") from None
    if reader.is_encrypted:
        raise Rejected("The PDF specified is password protected")
    return len(reader.pages)


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
            body = json.loads(raw)
            if self.path.endswith("/batches"):
                judge_batch(body)
                answer = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress"}
            elif self.path.endswith("/count_tokens"):
                judge(body)
                answer = {"input_tokens": 1}
            else:
                judge(body)
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
