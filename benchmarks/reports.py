"""Time to write a workbook, and whether memory grows with the number of images.

Each number of images runs in a separate process. Images have random sizes, a thousand per folder.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from imgcost.files import Image
from imgcost.quoting import quotes
from imgcost.reports.writers import open_scan
from imgcost.summaries import ScanSummary

FOLDER = 1000


def folders(count):
    chosen = random.Random(1)
    for start in range(0, count, FOLDER):
        folder = f"photos/{start // FOLDER}"
        yield [
            (
                folder,
                [
                    Image(
                        f"{folder}/{number}.jpg",
                        "image/jpeg",
                        chosen.randint(100, 6000),
                        chosen.randint(100, 4000),
                        orientation=1,
                        animated=False,
                        file_bytes=chosen.randrange(10**6),
                    )
                    for number in range(start, min(start + FOLDER, count))
                ],
            )
        ]


def measure(count):
    """Write one workbook, and print time and memory."""
    path = Path(tempfile.gettempdir(), f"imgcost-{os.getpid()}.xlsx")
    start = time.perf_counter()
    priced = quotes("sonnet")
    with open_scan(str(path), priced) as sink:
        summary = ScanSummary(priced, token_rules=sink.token_rules)
        for groups in folders(count):
            sink.writer.write(sink.encode(groups))
            summary.add(groups)
        sink.writer.finish(summary)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(
        f"{count:>9,} images  {seconds:6.1f} s  {1e6 * seconds / count:6.0f} us per image  peak {peak:5.0f} MB", end=""
    )
    print(f"  file {path.stat().st_size / 1e6:6.1f} MB", flush=True)
    path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("counts", nargs="*", type=int, default=[1000, 10_000, 100_000], help="numbers of images")
    parser.add_argument("--here", action="store_true", help="measure in this process")
    arguments = parser.parse_args()
    for count in arguments.counts:
        if arguments.here:
            measure(count)
        else:
            subprocess.run([sys.executable, __file__, "--here", str(count)], check=True)


if __name__ == "__main__":
    main()
