"""A server on this machine that answers as the Messages API does to what it accepts and what it rejects.

It shares no code and no table with imgcost: images are decoded by Pillow, PDFs are read by pypdf, and the limits are
written out from the documentation, for a model of 200,000 tokens of context.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image
from pypdf import PdfReader

TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


class Rejected(Exception):  # noqa: N818 - it is what the API says, not a failure of ours
    """A 400 with the API's own words."""


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


def judge(body):
    images = [found for number, message in enumerate(body["messages"])
              for found in images_of(message["content"], f"messages.{number}.content")]  # fmt: skip
    documents = [block for message in body["messages"] if not isinstance(message["content"], str)
                 for block in message["content"] if block["type"] == "document"]  # fmt: skip
    pages = 0
    for block in documents:
        if block["source"]["type"] == "base64":
            reader = PdfReader(io.BytesIO(base64.b64decode(block["source"]["data"])))
            if reader.is_encrypted:
                raise Rejected("The PDF specified is password protected")
            pages += len(reader.pages)
    if pages > 100:
        raise Rejected("A maximum of 100 PDF pages may be provided")
    if len(images) + pages > 100:
        raise Rejected(f"Too much media: {pages} document pages + {len(images)} images > 100")
    for place, block in images:
        if block["source"]["type"] == "base64":
            look_at(place, block["source"], 2000 if len(images) > 20 else 8000)


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
