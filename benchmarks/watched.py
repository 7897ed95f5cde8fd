"""Run a program; print its output, then its wall seconds, CPU seconds and peak memory: watched.py PROGRAM ARGUMENTS.

Peak memory, MiB, is the largest sum over the program and the processes that it starts, sampled from /proc (Linux);
elsewhere that of the largest process. Shared pages count once per process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time

INTERVAL = 0.02
PAGE = resource.getpagesize()


def tree_bytes(parent):
    """Return the resident memory of a process and its descendants."""
    try:
        with open(f"/proc/{parent}/statm") as file:  # noqa: PTH123
            total = int(file.read().split()[1]) * PAGE
        for thread in os.listdir(f"/proc/{parent}/task"):  # noqa: PTH208
            with open(f"/proc/{parent}/task/{thread}/children") as file:  # noqa: PTH123
                total += sum(map(tree_bytes, file.read().split()))
    except (OSError, IndexError):
        return 0
    return total


def main():
    peak, done = 0, threading.Event()

    def sample():
        nonlocal peak
        while not done.wait(INTERVAL):
            peak = max(peak, tree_bytes(process.pid))

    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:])
    sampler = threading.Thread(target=sample)
    sampler.start()
    code = process.wait()
    seconds = time.perf_counter() - began
    done.set()
    sampler.join()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, max(peak, largest) / 2**20]))
    sys.exit(code)


if __name__ == "__main__":
    main()
