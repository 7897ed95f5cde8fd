"""Check mutated requests in every shape: only errors of imgcost may be raised.

python benchmarks/mutated_requests.py [--documents 300000] [--seed 1] [--fit]

Takes the documents of the tests, one for each form of an image in each shape, and replaces, removes, renames,
wraps or adds one to three values: wrong types, cycles, deep nesting, objects that raise. Each document is checked as a
request, with a detected and a random shape, as a batch, and, if it can be JSON, as a file: as one document or as
lines, in UTF-8 or UTF-16, compressed or not, with damaged bytes. With --fit, their images are rejected in various ways,
and the documents are fitted instead: what was fixed must not be changed again. Each document has its own seed: repeat a
fault with `--seed SEED --documents 1`. Exits with 1 if there is a fault.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "shapes"))
from hostile import check_everywhere, fit_everywhere, mutated, mutated_with_errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300_000)
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the first document; it increases by one per document"
    )
    parser.add_argument("--fit", action="store_true", help="fit the documents instead of checking them")
    arguments = parser.parse_args()
    faults: dict[str, tuple[int, str]] = {}
    longest = 0.0, 0
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.seed, arguments.seed + arguments.documents):
            chance = random.Random(seed)
            document = mutated_with_errors(chance) if arguments.fit else mutated(chance)
            document_start = time.thread_time()
            try:
                if arguments.fit:
                    fit_everywhere(chance, document)
                else:
                    check_everywhere(chance, document, Path(folder, "request.json"))
            except Exception as error:  # noqa: BLE001 - this is what is tested
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{type(error).__name__} in {frame.filename}:{frame.lineno}"
                faults.setdefault(where, (seed, traceback.format_exc()))
            longest = max(longest, (time.thread_time() - document_start, seed))
    for where, (seed, text) in faults.items():
        print(f"seed {seed}: {where}\n{text}")
    seconds = time.perf_counter() - start
    print(f"{arguments.documents:,} documents from seed {arguments.seed} in {seconds:,.0f} s: {len(faults)} faults")
    print(f"the longest took {longest[0] * 1000:.1f} ms (seed {longest[1]})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
