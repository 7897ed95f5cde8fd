"""Object stores with the whole command line: an S3 server from the package index, and scans that are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.request import ProxyHandler, Request, build_opener

import obstore
import pytest
from command_line import Running, wait_until
from conftest import SAMPLES
from object_server import BUCKET, object_server
from obstore.store import S3Store
from pictures import encoded

import imgcost

pytestmark = pytest.mark.slow

PNG = encoded("PNG", 640, 480) + bytes(20_000)
ROOT = f"s3://{BUCKET}"
DIRECT = build_opener(ProxyHandler({}))


def environment_of(options):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return clean | {f"AWS_{name.upper()}": value for name, value in options}


@pytest.fixture(scope="module")
def moto():
    """The URL of an S3 server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(port))
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_an_s3_server_has_the_results_of_the_disk(moto):
    DIRECT.open(Request(f"{moto}/{BUCKET}", method="PUT")).close()
    options = {"endpoint": moto, "region": "us-east-1", "access_key_id": "key", "secret_access_key": "secret"}
    store = S3Store(BUCKET, config=options, client_options={"allow_http": True})
    files = {path.relative_to(SAMPLES).as_posix(): path for path in SAMPLES.rglob("*") if path.is_file()}
    for key, path in files.items():
        obstore.put(store, f"samples/{key}", path)
    environment = environment_of(options.items())
    with Running("scan", f"{ROOT}/samples", "-f", "json", env=environment) as process:
        found = json.loads(process.wait()[1])
    expected = imgcost.summarize(SAMPLES).to_dict()
    assert len(files) <= found["transfer"]["requests"] < len(files) + 10
    for name in ("images", "file_bytes", "media_types", "models", "histogram"):
        assert found[name] == expected[name]
    DIRECT.open(Request(f"{moto}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})).close()
    with Running("scan", f"{ROOT}/samples", env=environment) as process:
        code, stdout, stderr = process.wait()
    assert (code, stdout) == (2, "")
    assert stderr.startswith("Error: cannot list s3://photos/samples: HTTP 403")
    assert stderr.count("\n") <= 2


def test_a_killed_scan_continues_without_reading_anything_twice(tmp_path):
    with object_server({f"p/{number:04}.png": PNG for number in range(600)}) as server:
        arguments = ("scan", f"{ROOT}/p", "--cache", tmp_path / "cache", "--concurrency", 4, "-f", "json")
        for requests in (100, 300, 500):
            with Running(*arguments, env=environment_of(server.options)):  # killed at its end
                wait_until(lambda requests=requests: server.requests.total() >= requests)
        with Running(*arguments, env=environment_of(server.options)) as process:
            found = json.loads(process.wait()[1])
        assert found["images"] == 600
        assert found["transfer"]["cached"] + found["transfer"]["requests"] == 600
        assert found["transfer"]["cached"] > 450
        del server.requests[BUCKET]
        # The requests that are under way when a process is killed, and results that it had no time to store.
        assert server.requests.total() - 600 <= 3 * 3 * 4


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_scan_of_a_slow_server(number, code):
    with object_server({f"{number:02}.png": PNG for number in range(80)}) as server:
        server.fault = lambda key, _number: "slow30" if key != BUCKET else None
        with Running("scan", ROOT, env=environment_of(server.options)) as process:
            wait_until(lambda: server.requests.total() > 60)
            began = time.monotonic()
            found, stderr = process.end(number)
        assert found == code
        assert "after 0 files" in stderr
        assert time.monotonic() - began < 20  # less than the server takes


def test_memory_does_not_grow_with_the_listing():
    code = f"""
import imgcost, resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = next(iter(imgcost.scan({ROOT!r}, include='0*')))
for _ in imgcost.scan({ROOT!r}, include='nothing'): pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = []
    for objects in (2_000, 40_000):
        with object_server({f"{number:05}.png": PNG for number in range(objects)}) as server:
            environment = environment_of(server.options)
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
            grown.append(int(done.stdout) / 1024)
    assert grown[1] - grown[0] < 16  # MiB
