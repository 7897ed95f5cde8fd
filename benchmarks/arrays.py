"""Throughput of imgcost.arrays, compared with the documented search, the scalar function and a plain sum.

python benchmarks/arrays.py [--sizes 8000000] [--rounds 9]

Everything runs on one thread and is timed in CPU seconds. The contenders take turns in each round, so that a slow
moment of the machine affects all of them. Ratios are computed per round; the output shows medians over rounds.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from imgcost import arrays, geometry
from imgcost.geometry import Tier

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import documented

TIERS = (Tier(1568, 1568, "standard"), Tier(2576, 4784, "high-resolution"))
DOCUMENTED_SIZES = 20_000  # per round, different ones in each round
SCALAR_SIZES = 200_000
SUM_REPEATS = 10  # a single sum takes only a few milliseconds
CAMERAS = [
    (4032, 3024),
    (3024, 4032),
    (6000, 4000),
    (4000, 6000),
    (5472, 3648),
    (8256, 5504),
    (4080, 3072),
    (1920, 1440),
]
SCREENS = [(1920, 1080), (2560, 1440), (1366, 768), (1440, 900), (3840, 2160), (1170, 2532), (1080, 2400), (828, 1792)]


class Times(NamedTuple):
    """CPU seconds per size, one value per round."""

    documented: list[float]
    scalar: list[float]
    tokens: list[float]
    resized: list[float]
    sum: list[float]


def realistic(count, rng):
    """40 % sizes of cameras and phones, 25 % screenshots, 35 % web images."""
    kind = rng.random(count)
    photos = np.array(CAMERAS, np.int32)[rng.integers(0, len(CAMERAS), count)]
    screens = np.array(SCREENS, np.int32)[rng.integers(0, len(SCREENS), count)]
    width = np.exp(rng.normal(6.6, 0.7, count))
    height = width * np.exp(rng.normal(-0.25, 0.4, count))
    web = np.clip(np.stack([width, height], axis=1).astype(np.int32), 1, 12_000)
    sizes = np.where((kind < 0.40)[:, None], photos, np.where((kind < 0.65)[:, None], screens, web))
    return np.ascontiguousarray(sizes[:, 0]), np.ascontiguousarray(sizes[:, 1])


def uniform(count, rng):
    return rng.integers(1, 8001, count, np.int32), rng.integers(1, 8001, count, np.int32)


def documented_loop(sizes, tier):
    resized, tokens = documented.resized, documented.tokens
    edge_limit, token_limit = tier.edge_limit, tier.token_limit
    return [tokens(*resized(width, height, edge_limit, token_limit)) for width, height in sizes]


def scalar_loop(sizes, tier):
    image_tokens = geometry.image_tokens
    return [image_tokens(width, height, tier) for width, height in sizes]


def sums(width, height, out):
    for _ in range(SUM_REPEATS):
        np.add(width, height, out=out)


def timed(function, *arguments):
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def sample(width, height, count, number):
    """Return `count` sizes, different ones in each round, as plain integers, and their indices."""
    indices = np.arange(number * count, (number + 1) * count) % width.size
    return list(zip(width[indices].tolist(), height[indices].tolist(), strict=True)), indices


def check(width, height, tier):
    """Check that all three give the same sizes and tokens, before anything is timed."""
    sizes, indices = sample(width, height, DOCUMENTED_SIZES, 0)
    expected = [documented.resized(*size, tier.edge_limit, tier.token_limit) for size in sizes]
    across, down = arrays.resized_size(width, height, tier)
    assert list(zip(across[indices].tolist(), down[indices].tolist(), strict=True)) == expected
    assert [geometry.resized_size(*size, tier) for size in sizes] == expected
    tokens = arrays.image_tokens(width, height, tier)
    assert np.array_equal(tokens, arrays.patch_tokens(across, down))
    sizes, indices = sample(width, height, SCALAR_SIZES, 0)
    assert tokens[indices].tolist() == scalar_loop(sizes, tier)
    return tokens


def measure(width, height, tier, rounds):
    tokens = check(width, height, tier)
    out = np.empty_like(width)
    times = Times([], [], [], [], [])
    for number in range(rounds):
        few, few_indices = sample(width, height, DOCUMENTED_SIZES, number)
        more, more_indices = sample(width, height, SCALAR_SIZES, number)
        gc.collect()
        seconds, counts = timed(documented_loop, few, tier)
        times.documented.append(seconds / len(few))
        assert counts == tokens[few_indices].tolist()
        seconds, counts = timed(scalar_loop, more, tier)
        times.scalar.append(seconds / len(more))
        assert counts == tokens[more_indices].tolist()
        seconds, counts = timed(arrays.image_tokens, width, height, tier)
        times.tokens.append(seconds / width.size)
        assert np.array_equal(counts, tokens)
        seconds, _ = timed(arrays.resized_size, width, height, tier)
        times.resized.append(seconds / width.size)
        seconds, _ = timed(sums, width, height, out)
        times.sum.append(seconds / width.size / SUM_REPEATS)
    return times


def extra_bytes(function, width, height, tier):
    """Peak memory of output and scratch space, bytes per size."""
    tracemalloc.start()
    try:
        function(width, height, tier)
        return tracemalloc.get_traced_memory()[1] / width.size
    finally:
        tracemalloc.stop()


def ratio(slow, fast):
    return median(numerator / denominator for numerator, denominator in zip(slow, fast, strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, default=8_000_000, help="sizes in each array (default: 8,000,000)")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"{options.sizes:,} sizes, int32; {options.rounds} rounds; million sizes per CPU second, medians")
    print(f"per round, the documented search runs for {DOCUMENTED_SIZES:,} sizes, the scalar one for {SCALAR_SIZES:,};")
    print("their times are extrapolated; everything else runs for all sizes")
    print()
    head = "data       tier             over | docum.  scalar  tokens resized   np.add |"
    print(head, "tokens/docum. tokens/scalar resized/docum. np.add/tokens | B/size tokens resized")
    for name, draw in (("realistic", realistic), ("uniform", uniform)):
        width, height = draw(options.sizes, np.random.default_rng(28))
        for tier in TIERS:
            over = 1 - np.count_nonzero(arrays.fits(width, height, tier)) / width.size
            times = measure(width, height, tier, options.rounds)
            rates = [1e-6 / median(seconds) for seconds in times]
            print(
                f"{name:10} {tier.name:15} {over:5.0%} | {rates[0]:6.3f} {rates[1]:7.2f} {rates[2]:7.1f}"
                f" {rates[3]:7.1f} {rates[4]:8.0f} | {ratio(times.documented, times.tokens):12.0f}x"
                f" {ratio(times.scalar, times.tokens):12.0f}x {ratio(times.documented, times.resized):13.0f}x"
                f" {ratio(times.tokens, times.sum):12.1f}x"
                f" | {extra_bytes(arrays.image_tokens, width, height, tier):13.1f}"
                f" {extra_bytes(arrays.resized_size, width, height, tier):7.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
