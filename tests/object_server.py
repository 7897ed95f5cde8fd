"""A web server that is also a small S3: objects in memory, and faults on request."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "photos"

Fault = str | None
"""What to do instead of answering: `503`, `403`, `301` and so on are statuses, the other words are in `_Handler`."""


class ObjectServer:
    """Objects by key, the requests they got, and faults.

    Attributes:
        objects: The objects.
        requests: Number of requests by key; listings under the key of the bucket.
        sent: Number of bytes sent of objects.
        fault: Called with a key and the number of the request for it, from 1; returns a fault or None.
        ranges: Whether ranges are supported.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: Counter[str] = Counter()
        self.sent = 0
        self.fault: Callable[[str, int], Fault] = lambda _key, _number: None
        self.ranges = True
        self.page = 1000
        self.lock = threading.Lock()
        self.url = ""

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Options that make a store of obstore use this server."""
        return (
            ("endpoint", self.url),
            ("region", "us-east-1"),
            ("access_key_id", "key"),
            ("secret_access_key", "secret"),
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_args: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the client has gone
            self.close_connection = True

    def do_GET(self) -> None:
        store = self.server.store
        parts = urlsplit(self.path)
        key = unquote(parts.path.lstrip("/"), errors="surrogateescape")
        query = parse_qs(parts.query)
        listing = "list-type" in query
        key = BUCKET if listing else key.removeprefix(f"{BUCKET}/")
        with store.lock:
            store.requests[key] += 1
            fault = store.fault(key, store.requests[key])
        if fault and fault.isdecimal():
            self._send(int(fault), f"<Error><Code>Fault{fault}</Code></Error>".encode())
        elif fault and fault.startswith("redirect "):
            self._send(302, b"", Location=fault.removeprefix("redirect "))
        elif fault == "cut" and not listing:
            self._cut(store.objects[key])
        elif fault == "drop":
            self.connection.close()
            self.close_connection = True
        elif listing:
            self._wait(fault)
            self._send(200, self._listing(query))
        elif key not in store.objects:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._wait(fault)
            self._object(store.objects[key], fault)

    def _wait(self, fault: Fault) -> None:
        if fault and fault.startswith("slow"):
            time.sleep(float(fault.removeprefix("slow")))

    def _object(self, data: bytes, fault: Fault) -> None:
        requested = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not requested or not self.server.store.ranges or fault == "no-range":
            length = {"lie": 10**12, "short": 10}.get(fault or "", len(data))
            return self._send(200, data, length=None if fault == "no-length" else length)
        start, end = int(requested[1]), min(int(requested[2]) + 1, len(data))
        if start >= len(data):
            return self._send(416, b"", **{"Content-Range": f"bytes */{len(data)}"})
        shown = start + 1 if fault == "shifted" else start
        content_range = f"bytes {shown}-{end - 1}/{len(data)}"
        if fault == "flood":  # much more than requested, whatever the headers say
            return self._send(206, b"x" * (64 << 20), length=64 << 20, **{"Content-Range": content_range})
        return self._send(206, data[start:end], **{"Content-Range": content_range})

    def _cut(self, data: bytes) -> None:
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True

    def _send(self, status: int, data: bytes, length: int | None = -1, **headers: str) -> None:
        self.send_response(status)
        if length is None:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data) if length < 0 else length))
            if length > len(data):
                self.close_connection = True
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Thu, 26 Nov 2026 08:00:00 GMT")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(data), 1 << 16):
            self.wfile.write(data[start : start + (1 << 16)])
            with self.server.store.lock:
                self.server.store.sent += len(data[start : start + (1 << 16)])

    def _listing(self, query: dict[str, list[str]]) -> bytes:
        store = self.server.store
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        keys = sorted(key for key in store.objects if key.startswith(prefix) and key > after)
        page = keys[: store.page]
        more = len(keys) > len(page)
        contents = "".join(
            f'<Contents><Key>{escape(key)}</Key><Size>{len(store.objects[key])}</Size><ETag>"{len(store.objects[key])}"'
            "</ETag><LastModified>2026-11-26T08:00:00.000Z</LastModified></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        ).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    store: ObjectServer

    def handle_error(self, *_args: object) -> None:
        pass


@contextmanager
def object_server(objects: dict[str, bytes] | None = None) -> Iterator[ObjectServer]:
    """Serve objects as `s3://photos/KEY` and as `http://127.0.0.1:PORT/photos/KEY`."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.store = ObjectServer()
        server.store.objects = dict(objects or {})
        server.store.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.store
        finally:
            server.shutdown()
            thread.join()
