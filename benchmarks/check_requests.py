"""Time to check requests with images, compared with decoding each image, and the share of detecting the shape.

python benchmarks/check_requests.py [--requests 100] [--images 20] [--messages 1000] [--rounds 9]
"""

from __future__ import annotations

import argparse
import base64
import bisect
import io
import random
import time
from statistics import median

from PIL import Image

from imgcost import check_request
from imgcost.shapes import detect

FILE_BYTES = 1_000_000
PHOTOS = 4


def photo(seed):
    """Return a JPEG of up to 1 MB: enlarged noise that compresses like a photo, at the best quality that fits."""
    noise = random.Random(seed).randbytes(600 * 450 * 3)
    image = Image.frombytes("RGB", (600, 450), noise).resize((1800, 1350), Image.Resampling.BICUBIC)

    def encoded(quality):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        return out.getvalue()

    quality = bisect.bisect_right(range(96), FILE_BYTES, key=lambda quality: len(encoded(quality))) - 1
    return encoded(quality)


def request(content):
    return {"model": "claude-opus-5", "max_tokens": 1024, "messages": [{"role": "user", "content": content}]}


def image_block(text):
    return {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": text}}


def conversation(messages):
    return {
        "model": "claude-opus-5",
        "max_tokens": 1024,
        "messages": [
            {"role": ("user", "assistant")[number % 2], "content": [{"type": "text", "text": f"Turn {number}. " * 20}]}
            for number in range(messages)
        ],
    }


def timed(work):
    start = time.thread_time()
    work()
    return time.thread_time() - start


def decode(data):
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()

    photos = [photo(number) for number in range(PHOTOS)]
    texts = [base64.b64encode(photos[number % PHOTOS]).decode() for number in range(arguments.images)]
    checks, ratios, base64s = [], [], []
    check_request(request([image_block(text) for text in texts]))  # imports and tables
    for _ in range(arguments.requests):
        params = request([image_block(text[:-4] + text[-4:]) for text in texts])  # separate strings
        check = timed(lambda params=params: check_request(params))
        pillow = timed(lambda: [decode(base64.b64decode(text)) for text in texts])
        base64s.append(timed(lambda: [base64.b64decode(text) for text in texts]) / check)
        checks.append(check)
        ratios.append(pillow / check)
    size = sum(map(len, photos)) // PHOTOS
    workload = f"{arguments.requests} requests of {arguments.images} images of {size:,} bytes"
    print(f"{workload}, CPU time, median (least to most)")
    milliseconds = [check * 1000 for check in checks]
    print(
        f"  check_request          {median(milliseconds):8.2f} ms ({min(milliseconds):.2f} to {max(milliseconds):.2f})"
    )
    print(f"  Pillow / check_request {median(ratios):8.1f}    ({min(ratios):.1f} to {max(ratios):.1f})")
    print(f"  base64 / check_request {median(base64s):8.2f}    ({min(base64s):.2f} to {max(base64s):.2f})")

    params = conversation(arguments.messages)
    rounds = [
        (
            timed(lambda: detect(params)),
            timed(lambda: check_request(params, shape="messages")),
            timed(lambda: check_request(params)),
        )
        for _ in range(arguments.rounds)
    ]
    shape, named, detected = (median(column) * 1000 for column in zip(*rounds, strict=True))
    print(f"a request of {arguments.messages:,} messages of text, median of {arguments.rounds} rounds")
    print(f"  detecting the shape       {shape:8.2f} ms")
    print(f"  check_request, named      {named:8.2f} ms")
    print(f"  check_request, detected   {detected:8.2f} ms, {median(d / n for _, n, d in rounds):.2f} times as long")


if __name__ == "__main__":
    main()
