"""Kill `imgcost scan` at random moments, and look at what is left: the target, temporary files, processes.

python benchmarks/kills.py [--runs 200] [--starts 50] [--files 4000] [--seed 1]

Each run writes one format over an old report, with two workers. In a random phase (start of the interpreter, scan,
writing of the report) a random signal goes to the parent, to a worker or to the whole group. Then the target has to be
complete, or as it was; rows that are streamed to a file have to be whole, and as many as the command says. Two seconds
later no process and no temporary file may be left. What SIGKILL ends cannot tidy up: its temporary files are counted
apart, and so are streamed rows that it cut. `--starts` more runs get SIGINT while workers start. Linux only. Exits with
1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import pyarrow.parquet as pq

OLD = b"the old report\n"
SUFFIXES = ("csv", "json", "jsonl", "parquet", "md", "xlsx", "html")
STREAMS = ("csv", "jsonl")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
PATIENCE, LEFT_AFTER = 30, 2

# Marks in a pipe say how far the command has come. Workers start as early as they can.
CODE = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from imgcost.__main__ import run
from imgcost.cli import signals  # what comes before is the start of Python
def mark(text, before=None):
    def marked(*args, **more):
        os.write(3, text)
        return before(*args, **more)
    return marked
from imgcost import surveys
from imgcost.files import workers
workers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0
workers._Worker.__init__ = mark(b"f", workers._Worker.__init__)
def survey(*args, before=surveys.Survey.run, **more):
    os.write(3, b"s")
    found = before(*args, **more)
    os.write(3, b"w")
    return found
surveys.Survey.run = survey
os.write(3, b"b")
run()
"""


class Run(NamedTuple):
    """What one run left.

    Attributes:
        code: Its exit code; None if it hung.
        seconds: From the signal to its exit.
        target: What became of its target.
        processes: How many of its processes are left.
        temporary: How many files are left beside the target and in the temporary folder.
    """

    code: int | None
    seconds: float
    target: str
    processes: int
    temporary: int


def png(width, height):
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", crc32(header))


def session(leader):
    """The processes of a session that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, _, leads = path.read_text().rpartition(")")[2].split()[:4]
            if int(leads) == leader and state != "Z":
                found.append((int(path.parent.name), int(parent)))
    return found


def await_mark(pipe, mark):
    """Wait for a mark; without it the command has ended."""
    while os.read(pipe, 1) not in {mark, b""}:
        pass


class Range:
    """A folder of pictures, and a fresh place for the output of each run."""

    def __init__(self, folder, files, generator):
        self.random = generator
        self.files = files
        self.pictures, self.out, self.temporary = (folder / name for name in ("pictures", "out", "tmp"))
        for path in (self.pictures, self.out, self.temporary):
            path.mkdir()
        for number in range(files):
            (self.pictures / f"{number:06}.png").write_bytes(png(1 + number % 3000, 700))
        self.expected = {}

    def start(self, kind, *, stream):
        """Start a run. It writes over an old report; a stream goes to a file of its own."""
        for path in (*self.out.iterdir(), *self.temporary.iterdir()):
            path.unlink() if path.is_file() else [*map(Path.unlink, path.iterdir()), path.rmdir()]
        target = self.out / f"report.{kind}"
        target.write_bytes(b"" if stream else OLD)
        arguments = ["--rows", kind] if stream else ["-o", str(target)]
        read_end, write_end = os.pipe()
        with target.open("ab") as stdout:
            process = subprocess.Popen(
                ["sh", "-c", f'exec "$@" 3>&{write_end}', "sh", sys.executable, "-c", CODE, "scan", str(self.pictures),
                 "-j", "2", "--as-of", "2026-11-22", *arguments],
                stdout=stdout if stream else subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[write_end],
                start_new_session=True, env=os.environ | {"TMPDIR": str(self.temporary)},
            )  # fmt: skip
        os.close(write_end)
        return process, target, read_end

    def learn(self):
        """What a run that nobody ends writes, and how long its phases take."""
        self.lasts = {}
        for kind, stream in [(kind, False) for kind in SUFFIXES] + [(kind, True) for kind in STREAMS]:
            process, target, pipe = self.start(kind, stream=stream)
            moments = [time.perf_counter()]
            for mark in (b"b", b"s", b"w"):
                await_mark(pipe, mark)
                moments.append(time.perf_counter())
            process.communicate(timeout=120)
            moments.append(time.perf_counter())
            os.close(pipe)
            self.expected[kind, stream] = target.read_bytes()
            self.lasts[kind, stream] = dict(
                zip("bsw", (end - begin for begin, end in pairwise([moments[0], *moments[2:]])), strict=True)
            )

    def judge(self, kind, stream, target, said):
        content, expected = target.read_bytes(), self.expected[kind, stream]
        if stream:
            whole = expected.startswith(content) and content.endswith((b"\n", b""))
            rows = content.count(b"\n") - (kind == "csv" and bool(content))
            counted = re.search(r"stdout has the first ([\d,]+) rows? only", said)
            if counted and int(counted[1].replace(",", "")) != rows:
                return f"{rows} rows, but said {counted[1]}"
            return "complete" if content == expected else "whole rows" if whole and content[-1:] in b"\n" else "cut"
        if content == OLD:
            return "as before" if "is complete" not in said else "as before, but said complete"
        if kind == "parquet":
            complete = pq.read_table(target).num_rows == self.files
        elif kind == "xlsx":
            with zipfile.ZipFile(target) as book:
                complete = book.testzip() is None and "docProps/core.xml" in book.namelist()
        else:
            complete = content == expected
        return "complete" if complete and "not written" not in said else "broken"

    def end(self, running, kind, number, who, *, stream=False):
        """Send a signal, and look at what is left."""
        process, target, pipe = running
        with suppress(ProcessLookupError):
            workers = [pid for pid, parent in session(process.pid) if parent == process.pid]
            if who == "group":
                os.killpg(process.pid, number)
            else:
                os.kill(self.random.choice(workers) if who == "worker" and workers else process.pid, number)
        began = time.perf_counter()
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        seconds = time.perf_counter() - began
        while session(process.pid) and time.perf_counter() - began < seconds + LEFT_AFTER:
            time.sleep(0.05)
        left = len(session(process.pid))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate(timeout=PATIENCE)[1].decode()
        os.close(pipe)
        files = len([*self.out.iterdir()]) - 1 + len([*self.temporary.iterdir()])
        return Run(code, seconds, self.judge(kind, stream, target, said), left, files)


def random_runs(place, runs):
    """Runs that end anywhere: what is wrong with them."""
    outcomes, longest, wrong = Counter(), defaultdict(float), []
    for _ in range(runs):
        kind, stream = place.random.choice(list(place.lasts))
        phase = place.random.choice("bsw")
        number, who = place.random.choice(SIGNALS), place.random.choice(["parent", "worker", "group"])
        running = place.start(kind, stream=stream)
        if phase != "b":
            await_mark(running[2], phase.encode())
        time.sleep(place.random.uniform(0, place.lasts[kind, stream][phase]))
        found = place.end(running, kind, number, who, stream=stream)
        name = {"b": "start", "s": "scan", "w": "writing"}[phase]
        killed = number == signal.SIGKILL and found.code == -signal.SIGKILL
        outcomes[f"{'streamed rows' if stream else 'file'}: {found.target}{' (SIGKILL)' if killed else ''}"] += 1
        outcomes["temporary files left by SIGKILL"] += bool(killed and found.temporary)
        if number == signal.SIGINT and who != "worker":
            longest[name] = max(longest[name], found.seconds)
        good = found.target in {"complete", "as before", "whole rows"} or (killed and found.target == "cut")
        if found.code is None or found.processes or not good or (found.temporary and not killed):
            wrong.append(f"{kind}{' streamed' * stream}, {signal.Signals(number).name} to {who} during {name}: {found}")
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5}  {outcome}")
    for name, seconds in longest.items():
        print(f"{seconds:5.2f}  seconds from Ctrl-C to the exit at most, {name}")
    return wrong


def starts(place, runs):
    """Runs that get SIGINT while their workers start."""
    counts = Counter(swallowed=0, left=0, hung=0, ended=0)
    for _ in range(runs):
        running = place.start("csv", stream=False)
        await_mark(running[2], b"f")
        time.sleep(place.random.uniform(0, 0.02))
        found = place.end(running, "csv", signal.SIGINT, place.random.choice(["parent", "group"]))
        counts["hung"] += found.code is None
        counts["swallowed"] += found.code not in {None, 130}
        counts["left"] += bool(found.processes)
        counts["ended"] += found.code == 130
    print(f"{runs} runs at the start of workers: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return [str(counts)] if counts["ended"] < runs or counts["left"] else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Range(Path(folder), options.files, random.Random(options.seed))
        place.learn()
        print(f"{options.runs} runs, seed {options.seed}, {options.files} files")
        wrong = random_runs(place, options.runs) + starts(place, options.starts)
    print("\n".join(wrong) or "nothing wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
