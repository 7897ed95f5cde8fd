"""Fuzz the header readers: no file may raise an unexpected exception, take long, or be read without bound.

python benchmarks/mutations.py DIR [--inputs 2000000] [--seconds 300] [--seed 1] [--jobs 2]

Takes the files under DIR as seeds, such as a corpus of `corpus.py` together with the test images of a library, mutates
bytes, lengths and order, and reads the start and end of each result like `check` does. Hostile files come first: a
million tiny segments or blocks, wrong lengths, 10 GB of zeros. Exits with 1 if an exception is raised, or if an input
takes more than 20 ms of processor time in each of three attempts, or reads more than the limit.
"""

from __future__ import annotations

import argparse
import os
import random
import struct
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from imgcost.headers import inspect_bytes
from imgcost.headers.header import MAX_SEARCH_BYTES

MAX_SECONDS = 0.02
MAX_READS = 4200  # two walks of 2,048 steps, plus searches
MAX_BYTES = MAX_SEARCH_BYTES + (8 << 20)
SEED_BYTES = 1 << 16
MAX_SEEDS = 2000
CHUNK = 20_000
INTERESTING = (
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\1",
    b"\xff\xd8",
    b"\xff\xd9",
    b";",
    b",",
)


class Source:
    """Data that counts reads. A unit may be repeated after it, up to a length."""

    def __init__(self, data, file_bytes=None, unit=b"\0"):
        self.data, self.unit = data, unit
        self.block = unit * ((1 << 18) // len(unit) + 2) if file_bytes else b""
        self.file_bytes = len(data) if file_bytes is None else file_bytes
        self.reads = self.read = 0

    def read_at(self, offset, size):
        self.reads += 1
        if not 0 <= offset < 1 << 63:
            raise OverflowError(offset)  # like a system call
        size = max(0, min(size, self.file_bytes - offset))
        self.read += size
        data = self.data[offset : offset + size]
        if len(data) < size:
            phase = max(0, offset - len(self.data)) % len(self.unit)
            missing = size - len(data)
            block = self.block if missing <= 1 << 18 else self.unit * (missing // len(self.unit) + 2)
            data += block[phase : phase + missing]
        return data


class Outcome(NamedTuple):
    """The result of one input; seconds are processor time."""

    seconds: float
    reads: int
    read: int
    fault: str | None


def look(source):
    start = time.thread_time()
    try:
        inspect_bytes(source.read_at, source.file_bytes)
        fault = None
    except Exception as error:  # noqa: BLE001 - this is what is tested
        fault = repr(error)
    return Outcome(time.thread_time() - start, source.reads, source.read, fault)


def judge(name, make):
    """Return the outcome of an input, and what is wrong with it. Slow inputs get three attempts."""
    outcome = look(make())
    for _ in range(2):
        if outcome.seconds > MAX_SECONDS:
            outcome = min(outcome, look(make()))
    wrong = outcome.fault
    if outcome.seconds > MAX_SECONDS:
        wrong = f"{outcome.seconds * 1000:.1f} ms"
    elif outcome.reads > MAX_READS or outcome.read > MAX_BYTES:
        wrong = f"{outcome.reads:,} reads of {outcome.read:,} bytes"
    return outcome, f"{name}: {wrong}" if wrong else None


def hostile():
    """Yield hostile files, by name."""
    gif = b"GIF89a\x08\0\x06\0\0\0\0,\0\0\0\0\x08\0\x06\0\0\x02"
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\2\0\0\0\x4b\x6d\x29\xdc"
    frame = b"\xff\xc0\0\x11\x08\0\x30\0\x40\3\1\x11\0\2\x11\0\3\x11\0"
    webp = b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0\x0a\0\0\0\x3f\0\0\x2f\0\0"
    large = 10 << 30
    units = {
        "JPEG of tiny segments": (b"\xff\xd8\xff\xe0\0\2", b"\xff\xfe\0\2"),
        "JPEG of fill bytes": (b"\xff\xd8\xff", b"\xff"),
        "JPEG of junk": (b"\xff\xd8\xff\xd0", b"j"),
        "JPEG of junk and markers": (b"\xff\xd8\xff\xd0", b"\xff\0"),
        "JPEG of tiny segments behind its frame": (b"\xff\xd8" + frame, b"\xff\xfe\0\2"),
        "JPEG without an end": (b"\xff\xd8" + frame + b"\xff\xda\0\2", b"\0"),
        "JPEG of image data": (b"\xff\xd8" + frame + b"\xff\xda\0\2", b"\xff\0\xff\xd0"),
        "PNG of tiny chunks": (png, struct.pack(">I", 0) + b"tEXt\0\0\0\0"),
        "PNG of tiny image data": (png, struct.pack(">I", 0) + b"IDAT\0\0\0\0"),
        "PNG of image data of two lengths": (png, b"\0\0\0\0IDAT\0\0\0\0\0\0\0\1IDAT\0\0\0\0\0"),
        "PNG of Exif": (png, struct.pack(">I", 8) + b"eXIfII*\0\x08\0\0\0\0\0\0\0"),
        "APNG of tiny image data": (png + b"\0\0\0\x08acTL\0\0\0\2\0\0\0\0\0\0\0\0", b"\0\0\0\0IDAT\0\0\0\0"),
        "GIF of tiny blocks": (gif, b"\1\1"),
        "GIF of full blocks": (gif, b"\xff" + bytes(255)),
        "GIF of extensions": (gif + b"\1\1\0", b"!\xfe\0"),
        "GIF of frames": (gif + b"\1\1\0", b",\0\0\0\0\1\0\1\0\0\2\0"),
        "GIF of stray bytes": (gif + b"\1\1\0", b"\0"),
        "WebP of tiny chunks": (webp, b"XXXX\0\0\0\0"),
        "WebP of Exif": (webp, b"EXIF\0\0\0\0"),
        "HEIC of tiny boxes": (b"\0\0\0\x10ftypheic\0\0\0\0", b"\0\0\0\x08free"),
        "HEIC whose meta box never ends": (
            b"\0\0\0\x10ftypheic\0\0\0\0\xff\xff\xff\xffmeta\0\0\0\0",
            b"\0\0\0\x08free",
        ),
        "TIFF of entries": (b"II*\0\x08\0\0\0\xff\xff", b"\x4a\1\4\0\xff\xff\xff\xff\x08\0\0\0"),
        "SVG of comments": (b"", b"<!-- -->"),
        "SVG of spaces": (b"<svg", b" "),
        "SVG of digits": (b'<svg width="' + b"1" * 4000 + b'x" ', b" "),
        "SVG of quotes": (b"<svg ", b"width='"),
        "text of lines": (b"", b"QUJDREVGR0hJSktM\n"),
        "zeros": (b"", b"\0"),
        "Netpbm of comments": (b"P6\n", b"#\n"),
    }
    for name, (head, unit) in units.items():
        for size in (1_000_000 * len(unit), large):
            yield f"{name}, {size:,} bytes", lambda head=head, unit=unit, size=size: Source(head, size, unit)


def change(data, chance, others):
    """Apply one to four random changes."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        kind = chance.random()
        # Prefer the header, and sometimes the end.
        index = chance.randrange(len(data)) if kind < 0.3 else chance.randrange(min(len(data), 600))
        if chance.random() < 0.1:
            index = max(0, len(data) - 1 - chance.randrange(40))
        if kind < 0.45:
            data[index] = chance.randrange(256)
        elif kind < 0.55:
            data[index] ^= 1 << chance.randrange(8)
        elif kind < 0.7:
            special = chance.choice(INTERESTING)
            data[index : index + len(special)] = special
        elif kind < 0.78:
            del data[index : index + chance.randrange(1, 64)]
        elif kind < 0.86:
            data[index:index] = chance.randbytes(chance.randrange(1, 32))
        elif kind < 0.93:
            del data[chance.randrange(len(data)) :]
        else:
            other = chance.choice(others)
            data[index:] = other[chance.randrange(len(other) + 1) :]
    return bytes(data)


def mutate(seeds, seed, count):
    """Read `count` mutated files; return the maximum time and reads, and what is wrong."""
    chance = random.Random(seed)
    longest, reads, read, wrong = 0.0, 0, 0, []
    for number in range(count):
        data = change(chance.choice(seeds), chance, seeds)
        outcome, problem = judge(f"seed {seed}, input {number}", lambda data=data: Source(data))
        longest, reads, read = max(longest, outcome.seconds), max(reads, outcome.reads), max(read, outcome.read)
        if problem:
            wrong.append(problem)
    return count, longest, reads, read, wrong


def read_seeds(folder):
    paths = sorted(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)  # noqa: PTH118 - called often
    seeds = []
    for path in random.Random(1).sample(paths, min(len(paths), MAX_SEEDS)):
        with open(path, "rb") as file:  # noqa: PTH123 - called often
            if data := file.read(SEED_BYTES):
                seeds.append(data)
    return seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--inputs", type=int, default=2_000_000)
    parser.add_argument(
        "--seconds", type=float, default=300, help="start no more inputs after this time (default: 300)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    wrong = []
    for name, make in hostile():
        outcome, problem = judge(name, make)
        print(f"{outcome.seconds * 1000:8.2f} ms {outcome.reads:6,} reads {outcome.read:12,} bytes  {name}", flush=True)
        wrong += [problem] if problem else []
    seeds = read_seeds(options.folder)
    print(f"{len(seeds):,} seeds")
    total, longest, reads, read = 0, 0.0, 0, 0
    end = time.monotonic() + options.seconds
    with ProcessPoolExecutor(options.jobs) as pool:
        numbers = iter(range(options.seed, options.seed + -(-options.inputs // CHUNK)))
        running = [
            pool.submit(mutate, seeds, number, CHUNK) for number, _ in zip(numbers, range(options.jobs), strict=False)
        ]
        while running:
            count, *most, problems = running.pop(0).result()
            total += count
            longest, reads, read = (max(pair) for pair in zip((longest, reads, read), most, strict=True))
            wrong += problems
            number = next(numbers, None) if time.monotonic() < end else None
            if number is not None:
                running.append(pool.submit(mutate, seeds, number, CHUNK))
    print(f"{total:,} mutated files: at most {longest * 1000:.1f} ms, at most {reads:,} reads of {read:,} bytes")
    print(f"{len(wrong):,} faults", *wrong[:50], sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
