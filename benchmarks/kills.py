"""Kill `imgcost scan` at random moments, and check what is left: the target, temporary files, processes.

python benchmarks/kills.py [--runs 200] [--starts 50] [--files 4000] [--seed 1]

Each run overwrites an old report in one format, with two workers. In a random phase (start of the interpreter, scan,
writing the report) a random signal is sent to the parent, to a worker or to the whole group. Afterwards the target must
be complete or unchanged. Rows that are streamed to a file must be complete, and their number must be the reported
one. After two seconds no process and no temporary file may be left. SIGKILL prevents cleanup, so its temporary files
and incomplete rows are counted separately. `--starts` more runs get SIGINT while workers start. Linux only. Exits with
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

# Marks in a pipe report the progress of the command. Workers start as early as possible.
CODE = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from imgcost.__main__ import run
from imgcost.cli import signals  # everything before is the start of Python
def mark(text, before=None):
    def marked(*args, **more):
        os.write(3, text)
        return before(*args, **more)
    return marked
from imgcost.pipeline import Scan
from imgcost.files import workers
workers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0
workers._Worker.__init__ = mark(b"f", workers._Worker.__init__)
def scan(*args, before=Scan.run, **more):
    os.write(3, b"s")
    summary = before(*args, **more)
    os.write(3, b"w")
    return summary
Scan.run = scan
os.write(3, b"b")
run()
"""


class Run(NamedTuple):
    """The result of one run.

    Attributes:
        code: The exit code; None if it hung.
        seconds: Seconds from the signal to the exit.
        target: The state of the target.
        processes: Number of remaining processes.
        temporary: Number of files left beside the target and in the temporary folder.
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
    """Return the running processes of a session, with their parents."""
    processes = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, _, leads = path.read_text().rpartition(")")[2].split()[:4]
            if int(leads) == leader and state != "Z":
                processes.append((int(path.parent.name), int(parent)))
    return processes


def await_mark(pipe, mark):
    """Wait for a mark, or for the end of the command."""
    while os.read(pipe, 1) not in {mark, b""}:
        pass


class Workspace:
    """A folder of images, and a clean folder for the output of each run."""

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
        """Start a run that overwrites an old report, or streams rows to a separate file."""
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
        """Record the output of complete runs, and how long their phases take."""
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

    def judge(self, kind, stream, target, stderr):
        content, expected = target.read_bytes(), self.expected[kind, stream]
        if stream:
            whole = expected.startswith(content) and content.endswith((b"\n", b""))
            rows = content.count(b"\n") - (kind == "csv" and bool(content))
            counted = re.search(r"stdout has the first ([\d,]+) rows? only", stderr)
            if counted and int(counted[1].replace(",", "")) != rows:
                return f"{rows} rows, but reported {counted[1]}"
            return "complete" if content == expected else "whole rows" if whole and content[-1:] in b"\n" else "cut"
        if content == OLD:
            return "as before" if "is complete" not in stderr else "as before, but reported complete"
        if kind == "parquet":
            complete = pq.read_table(target).num_rows == self.files
        elif kind == "xlsx":
            with zipfile.ZipFile(target) as book:
                complete = book.testzip() is None and "docProps/core.xml" in book.namelist()
        else:
            complete = content == expected
        return "complete" if complete and "not written" not in stderr else "broken"

    def end(self, running, kind, number, who, *, stream=False):
        """Send a signal, and check what is left."""
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
        stderr = process.communicate(timeout=PATIENCE)[1].decode()
        os.close(pipe)
        files = len([*self.out.iterdir()]) - 1 + len([*self.temporary.iterdir()])
        return Run(code, seconds, self.judge(kind, stream, target, stderr), left, files)


def random_runs(workspace, runs):
    """Kill runs at random moments, and return the failures."""
    outcomes, longest, wrong = Counter(), defaultdict(float), []
    for _ in range(runs):
        kind, stream = workspace.random.choice(list(workspace.lasts))
        phase = workspace.random.choice("bsw")
        number, who = workspace.random.choice(SIGNALS), workspace.random.choice(["parent", "worker", "group"])
        running = workspace.start(kind, stream=stream)
        if phase != "b":
            await_mark(running[2], phase.encode())
        time.sleep(workspace.random.uniform(0, workspace.lasts[kind, stream][phase]))
        result = workspace.end(running, kind, number, who, stream=stream)
        name = {"b": "start", "s": "scan", "w": "writing"}[phase]
        killed = number == signal.SIGKILL and result.code == -signal.SIGKILL
        outcomes[f"{'streamed rows' if stream else 'file'}: {result.target}{' (SIGKILL)' if killed else ''}"] += 1
        outcomes["temporary files left by SIGKILL"] += bool(killed and result.temporary)
        if number == signal.SIGINT and who != "worker":
            longest[name] = max(longest[name], result.seconds)
        good = result.target in {"complete", "as before", "whole rows"} or (killed and result.target == "cut")
        if result.code is None or result.processes or not good or (result.temporary and not killed):
            wrong.append(
                f"{kind}{' streamed' * stream}, {signal.Signals(number).name} to {who} during {name}: {result}"
            )
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5}  {outcome}")
    for name, seconds in longest.items():
        print(f"{seconds:5.2f}  seconds at most from Ctrl-C to the exit, {name}")
    return wrong


def starts(workspace, runs):
    """Interrupt runs while their workers start, and return the failures."""
    counts = Counter(swallowed=0, left=0, hung=0, ended=0)
    for _ in range(runs):
        running = workspace.start("csv", stream=False)
        await_mark(running[2], b"f")
        time.sleep(workspace.random.uniform(0, 0.02))
        result = workspace.end(running, "csv", signal.SIGINT, workspace.random.choice(["parent", "group"]))
        counts["hung"] += result.code is None
        counts["swallowed"] += result.code not in {None, 130}
        counts["left"] += bool(result.processes)
        counts["ended"] += result.code == 130
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
        workspace = Workspace(Path(folder), options.files, random.Random(options.seed))
        workspace.learn()
        print(f"{options.runs} runs, seed {options.seed}, {options.files} files")
        wrong = random_runs(workspace, options.runs) + starts(workspace, options.starts)
    print("\n".join(wrong) or "nothing wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
