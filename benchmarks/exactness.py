"""Every size up to 8000 x 8000, on both tiers: arrays == scalar == the documented search.

python benchmarks/exactness.py [--up-to 8000] [--processes N]

Compares resized sizes and tokens. The documented search runs only for sizes that are at least as wide as high, because
it transposes all others first. Arrays run in both orientations. The adversarial sizes of the tests run in both
orientations everywhere. Requires the test dependencies. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imgcost import arrays, geometry
from imgcost.geometry import Tier

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import documented

TIERS = (Tier(1568, 1568, "standard"), Tier(2576, 4784, "high-resolution"))
MAX_EXAMPLES = 20
PROGRESS_SECONDS = 10


class Result(NamedTuple):
    """The result of comparing sizes on a tier."""

    compared: int
    differing: int
    examples: list[str]


def by_documents(sizes, tier):
    resized, edge_limit, token_limit = documented.resized, tier.edge_limit, tier.token_limit
    smaller = [resized(width, height, edge_limit, token_limit) for width, height in sizes]
    tokens = documented.tokens
    return smaller, [tokens(width, height) for width, height in smaller]


def by_scalar(sizes, tier):
    resized, tokens = geometry.resized_size, geometry.image_tokens
    return (
        [resized(width, height, tier) for width, height in sizes],
        [tokens(width, height, tier) for width, height in sizes],
    )


def by_arrays(width, height, tier):
    across, down = arrays.resized_size(width, height, tier)
    resized = list(zip(across.tolist(), down.tolist(), strict=True))
    return resized, arrays.image_tokens(width, height, tier).tolist()


def compare(sizes, tier, answers):
    """Count the sizes on which the answers differ."""
    (resized, tokens), *others = answers
    if all(other == (resized, tokens) for other in others):
        return Result(len(sizes), 0, [])
    wrong = []
    for index, size in enumerate(sizes):
        results = [(resized[index], tokens[index]) for resized, tokens in answers]
        if any(result != results[0] for result in results):
            wrong.append(f"{size} on {tier.name}: {results}")
    return Result(len(sizes), len(wrong), wrong[:MAX_EXAMPLES])


def turned(answer):
    """Return the same answer for the transposed sizes."""
    resized, tokens = answer
    return [(across, down) for down, across in resized], tokens


def compare_row(width, tier):
    """Compare all sizes of one width that are at least as wide as high, and their transposes with arrays."""
    sizes = [(width, height) for height in range(1, width + 1)]
    heights = np.arange(1, width + 1, dtype=np.int32)
    widths = np.full_like(heights, width)
    answers = [
        by_documents(sizes, tier),
        by_scalar(sizes, tier),
        by_arrays(widths, heights, tier),
        turned(by_arrays(heights, widths, tier)),
    ]
    return compare(sizes, tier, answers)


def compare_adversarial(tier):
    from test_arrays import adversarial_sizes  # noqa: PLC0415 - imports test tools, which workers do not need

    columns = adversarial_sizes(tier)
    columns = np.concatenate([columns, columns[:, ::-1]])
    sizes = [(width, height) for width, height in columns.tolist()]
    return compare(
        sizes, tier, [by_documents(sizes, tier), by_scalar(sizes, tier), by_arrays(columns[:, 0], columns[:, 1], tier)]
    )


def compare_square(pool, edge, tier):
    """Compare all sizes up to edge x edge, row by row, the longest rows first."""
    compared = differing = 0
    examples = []
    total = edge * (edge + 1) // 2
    start = shown = time.monotonic()
    for result in pool.imap_unordered(partial(compare_row, tier=tier), range(edge, 0, -1)):
        compared += result.compared
        differing += result.differing
        examples += result.examples[: MAX_EXAMPLES - len(examples)]
        now = time.monotonic()
        if now - shown > PROGRESS_SECONDS:
            shown = now
            print(f"{tier.name}: {compared / total:4.0%} in {now - start:.0f} s, {differing} differ", file=sys.stderr)
    return Result(compared, differing, examples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--up-to", type=int, default=8000, metavar="PX", help="maximum edge (default: 8000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), metavar="N")
    options = parser.parse_args()
    results = []
    for tier in TIERS:
        result = compare_adversarial(tier)
        print(f"{tier.name}: adversarial sizes compared {result.compared:,}, different {result.differing:,}")
        results.append(result)
    with multiprocessing.Pool(options.processes) as pool:
        for tier in TIERS:
            result = compare_square(pool, options.up_to, tier)
            both = options.up_to**2
            print(
                f"{tier.name}: every size up to {options.up_to} x {options.up_to}: arrays compared {both:,}, "
                f"documented search and scalar {result.compared:,}, different {result.differing:,}",
                flush=True,
            )
            results.append(result)
    for result in results:
        for example in result.examples:
            print("documented, scalar, arrays:", example)
    return 1 if any(result.differing for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
