"""Time and peak memory of checking a request, compared with decoding its images.

python benchmarks/preflight.py
"""

from __future__ import annotations

import base64
import random
import time
import tracemalloc
from statistics import median

from imgcost import check_request

IMAGES, FILE_BYTES, ROUNDS = 100, 1_000_000, 9


def jpeg(file_bytes):
    """A JPEG of 800 x 600 px: a header, noise without markers, and an end."""
    start = (
        b"\xff\xd8\xff\xc0\0\x11\x08\x02\x58\x03\x20\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xda\0\x08\1\1\0\0\x3f\0"
    )
    noise = random.Random(1).randbytes(file_bytes - len(start) - 2)
    return start + noise.replace(b"\xff", b"\xfe") + b"\xff\xd9"


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    text = base64.b64encode(jpeg(FILE_BYTES)).decode()
    texts = [text[:-4] + text[-4:] for _ in range(IMAGES)]  # separate strings
    blocks = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": text}} for text in texts
    ]
    params = {"model": "claude-opus-5", "max_tokens": 1, "messages": [{"role": "user", "content": blocks}]}
    check_request(params)
    rounds = [
        (timed(lambda: check_request(params)), timed(lambda: [base64.b64decode(text) for text in texts]))
        for _ in range(ROUNDS)
    ]
    tracemalloc.start()
    check_request(params)
    peak = tracemalloc.get_traced_memory()[1]
    print(f"{IMAGES} images of {FILE_BYTES:,} bytes, {ROUNDS} rounds, median")
    print(f"  check_request    {median(check for check, _ in rounds) * 1000:7.1f} ms, peak {peak / 1e6:.2f} MB")
    print(f"  decoding alone   {median(decode for _, decode in rounds) * 1000:7.1f} ms")
    print(f"  decoding / check {median(decode / check for check, decode in rounds):7.1f}")


if __name__ == "__main__":
    main()
