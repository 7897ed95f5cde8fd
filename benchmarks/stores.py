"""Scan images in an S3 server, beside what a user would pick instead: python benchmarks/stores.py.

The server (moto) comes from the package index and runs in a process of its own on this machine: it takes a part of the
processor, and a request takes milliseconds that do not depend on a network. All contenders must give the same tokens.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import time
from urllib.request import ProxyHandler, Request, build_opener

BUCKET = "photos"
ENCODED = 60
SIZES = [(1600, 1200), (1200, 1600), (1920, 1080), (640, 480), (2048, 1365), (1024, 1024)]

IMGCOST = """
import json, sys, imgcost
summary = imgcost.summarize("s3://photos/p", model="claude-sonnet-4-6")
print(json.dumps([summary.tokens(summary.quotes[0].rule), *summary.transfer[2:]]))
"""

# One request per object, of the whole object: what a loop over boto3 does.
LOOP = """
import io, json, boto3
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
from imgcost import geometry, quotes
tier, formula = quotes("claude-sonnet-4-6")[0].rule
s3 = boto3.client("s3")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="photos", Prefix="p/")
keys = [entry["Key"] for page in pages for entry in page["Contents"]]
def tokens(key):
    data = s3.get_object(Bucket="photos", Key=key)["Body"].read()
    return geometry.image_tokens(*Image.open(io.BytesIO(data)).size, tier, formula), len(data)
with ThreadPoolExecutor(THREADS) as threads:
    found = list(threads.map(tokens, keys))
print(json.dumps([sum(count for count, _ in found), len(found), sum(size for _, size in found)]))
"""

CONTENDERS = {
    "imgcost": IMGCOST,
    "boto3 and Pillow, one at a time": LOOP.replace("THREADS", "1"),
    "boto3 and Pillow, 10 threads": LOOP.replace("THREADS", "10"),
}


def images(count):
    """Yield encoded images; a few are encoded, and repeated with a serial number at the end."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    rng = np.random.default_rng(28)
    encoded = []
    for number in range(ENCODED):
        width, height = SIZES[number % len(SIZES)]
        noise = rng.integers(0, 255, (height // 48, width // 48, 3)).astype(np.uint8)
        out = io.BytesIO()
        kind = ("JPEG", "WEBP", "PNG")[number // len(SIZES) % 3]
        Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(out, kind, quality=80)
        encoded.append(out.getvalue())
    for number in range(count):
        yield encoded[number % ENCODED] + str(number).encode()


def serve():
    """Start the server; return its process and URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        time.sleep(0.1)


def fill(url, options, count):
    """Upload the images; return their total size."""
    import obstore  # noqa: PLC0415
    from obstore.store import S3Store  # noqa: PLC0415

    build_opener(ProxyHandler({})).open(Request(f"{url}/{BUCKET}", method="PUT")).close()
    store = S3Store(BUCKET, config=options, client_options={"allow_http": True})
    total = 0
    for number, data in enumerate(images(count)):
        obstore.put(store, f"p/{number:06}", data)
        total += len(data)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="run the contenders whose names start with this")
    options = parser.parse_args()
    process, url = serve()
    try:
        settings = {"endpoint": url, "region": "us-east-1", "access_key_id": "key", "secret_access_key": "secret"}
        total = fill(url, settings, options.objects)
        environment = os.environ | {f"AWS_{name.upper()}": value for name, value in settings.items()}
        environment |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
        print(f"{options.objects:,} objects, {total / 1e6:,.0f} MB, {os.cpu_count()} cores")
        print("| | seconds | requests | MB read | of all bytes |\n|---|---|---|---|---|")
        expected = None
        for name, code in CONTENDERS.items():
            if options.only and not name.startswith(options.only):
                continue
            seconds = []
            for _ in range(options.rounds):
                began = time.perf_counter()
                done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
                seconds.append(time.perf_counter() - began)
                tokens, requests, read = json.loads(done.stdout)
                expected = expected or tokens
                assert tokens == expected, name
            print(f"| {name} | {min(seconds):.1f} | {requests:,} | {read / 1e6:.1f} | {100 * read / total:.1f} % |")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
