"""Whole processes side by side: `imgcost scan FOLDER`, what a user would write instead, and the floor of the machine.

python benchmarks/scan.py DIR [--rounds 7] [--only imgcost-1,pillow] [--cold] [--jobs 1,2]
python benchmarks/scan.py --memory DIR [DIR ...]

Each contender is a process of its own, timed from its start to its exit with its imports. All take turns within a
round, in an order that rotates; ratios are taken within a round, and the medians over rounds are printed. With
--memory, `imgcost scan DIR -o rows.csv` runs over several folders to see whether its peak grows with them.

This program imports nothing large: a child's peak memory, as the system reports it, is never below its parent's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "data" / "samples"
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
PROC = Path("/proc")
SAMPLE_SECONDS = 0.01
MIB = 1 << 20
# The maximum is in bytes on macOS, in kilobytes elsewhere.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024

# Of the pairs that ran, the slower one first: how many times the second is faster.
RATIOS = [
    ("pillow", "imgcost-1"),
    ("imagesize", "imgcost-1"),
    ("imgcost-1", "floor"),
    ("imgcost-1", "find"),
    ("pillow", "imgcost"),
    ("imagesize", "imgcost"),
    ("imgcost-1", "imgcost-2"),
    ("imgcost-1", "imgcost"),
]


class Run(NamedTuple):
    """One process, from its start to its exit.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processor, user and system, with those of its own children.
        peak: Largest peak of resident memory of any single process of it, bytes.
        tree: Largest sum over all its processes that was seen at a moment, bytes; None where it was not looked at.
            Pages that processes share count once for each.
        output: What it printed.
    """

    wall: float
    cpu: float
    peak: int
    tree: int | None
    output: str


def environment():
    """The user's own, but with bytecode caches on: else every start compiles the package anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command, *, watch=False):
    """Run a process to its end; where `watch`, look at the memory of its tree all the time, which costs some of it."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stdin=subprocess.DEVNULL, env=environment(), start_new_session=True
        )
        tree = None
        if watch and PROC.is_dir():
            ended, tree = 0, 0
            while not ended:
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                tree = max(tree, session_memory(process.pid))
                time.sleep(SAMPLE_SECONDS)
        else:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read().decode()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_BYTES, tree, printed)


def session_memory(leader):
    """Resident memory of all processes that a process and its children have started, bytes."""
    page = os.sysconf("SC_PAGESIZE")
    total = 0
    for name in os.listdir(PROC):  # noqa: PTH208 - often
        if name.isdigit():
            try:
                if os.getsid(int(name)) == leader:
                    total += int((PROC / name / "statm").read_text().split()[1]) * page
            except (OSError, IndexError):
                continue  # it has just ended
    return total


def imgcost_command():
    """The command of the environment that runs this, else the one on the path."""
    beside = Path(sys.executable).with_name("imgcost")
    return str(beside) if beside.exists() else shutil.which("imgcost") or sys.exit("imgcost is not installed")


def contenders(folder, jobs):
    imgcost = [imgcost_command(), "scan", folder, "-f", "json"]
    script = [sys.executable, str(HERE / "contenders.py")]
    found = {}
    if "--jobs" in run([imgcost[0], "scan", "--help"]).output:
        found |= {f"imgcost-{number}": [*imgcost, "--jobs", number] for number in jobs}
    else:
        print("imgcost scan has no --jobs: its only way of working counts as imgcost-1", file=sys.stderr)
        found["imgcost-1"] = imgcost
    found["imgcost"] = imgcost
    found |= {name: [*script, name, folder] for name in ("pillow", "imagesize", "floor")}
    if find := shutil.which("find"):
        found["find"] = [find, folder, "-type", "f"]
    return found


def answer(name, output):
    """Images and tokens that a contender found."""
    if name == "find":
        return output.count("\n"), 0
    found = json.loads(output)
    return found["images"], found["models"][0]["tokens"] if "models" in found else found["tokens"]


def check(answers):
    """All jobs of imgcost and Pillow must agree; imagesize is let off, with a note of what it makes of the folder."""
    strict = {name: found for name, found in answers.items() if name.startswith("imgcost") or name == "pillow"}
    if len(set(strict.values())) > 1:
        sys.exit(f"images and tokens disagree: {strict}")
    print("images and tokens:")
    for name, (images, tokens) in answers.items():
        print(f"  {name:11} {images:12,} {tokens:16,}" if tokens else f"  {name:11} {images:12,} files")
    if strict and "imagesize" in answers and answers["imagesize"] not in strict.values():
        print("  (imagesize does not tell formats apart, so it counts some that the API does not read,")
        print("   and it takes a GIF's screen for its size where the first frame is larger)")


def drop_caches():
    os.sync()
    DROP_CACHES.write_text("3")


def warm_code(commands, folder):
    """Read all programs from the disk again, by running them elsewhere: only the images are to be cold."""
    for command in commands:
        run([str(SAMPLES) if part == folder else part for part in command])


def compare(options):
    folder = str(options.folders[0])
    commands = contenders(folder, options.jobs.split(","))
    if options.only:
        asked = options.only.split(",")
        if unknown := set(asked) - set(commands):
            sys.exit(f"no contender {', '.join(sorted(unknown))}: there are {', '.join(commands)}")
        commands = {name: commands[name] for name in asked}
    # The round that checks the answers also warms caches, and is the one in which memory is watched.
    first = {name: run(command, watch=True) for name, command in commands.items()}
    check({name: answer(name, one.output) for name, one in first.items()})
    runs = {name: [] for name in commands}
    names = list(commands)
    for number in range(options.rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if options.cold:
                drop_caches()
                warm_code([commands[name]], folder)
            one = run(commands[name])
            runs[name].append(one)
            if answer(name, one.output) != answer(name, first[name].output):
                sys.exit(f"{name} gives another answer in round {number + 1}")
    report(first, runs, cold=options.cold)


def report(first, runs, *, cold):
    rounds = len(next(iter(runs.values())))
    print(f"\n{'cold' if cold else 'warm'} cache, {rounds} rounds, medians; memory from a round apart")
    print("              wall s    CPU s   files/s  us/file | largest process  whole tree, MiB")
    for name, times in runs.items():
        wall, cpu = median(one.wall for one in times), median(one.cpu for one in times)
        images, _ = answer(name, first[name].output)
        tree = f"{first[name].tree / MIB:11.0f}" if first[name].tree else "unmeasured"
        print(
            f"  {name:11} {wall:7.3f} {cpu:8.3f} {images / wall:9,.0f} {wall / max(images, 1) * 1e6:8.1f}"
            f" | {first[name].peak / MIB:15.0f} {tree}"
        )
    print("\npair by pair in the same round: median (least to most)        wall               CPU")
    for slow, fast in RATIOS:
        if slow in runs and fast in runs:
            pairs = list(zip(runs[slow], runs[fast], strict=True))
            print(
                f"  {slow + ' / ' + fast:48}",
                spread([one.wall / other.wall for one, other in pairs]),
                spread([one.cpu / other.cpu for one, other in pairs]),
            )


def spread(ratios):
    return f"{median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def memory(options):
    """Peak memory of a scan that streams its rows, over folders of different sizes."""
    print("imgcost scan DIR -o rows.csv: peak memory, MiB")
    print("      files       rows MB   wall s   largest process   whole tree")
    with tempfile.TemporaryDirectory() as place:
        rows = Path(place) / "rows.csv"
        for folder in options.folders:
            rows.unlink(missing_ok=True)
            one = run([imgcost_command(), "scan", str(folder), "-f", "json", "-o", str(rows)], watch=True)
            images, _ = answer("imgcost", one.output)
            tree = f"{one.tree / MIB:12.0f}" if one.tree else "  unmeasured"
            size = rows.stat().st_size / 1e6
            print(f"  {images:10,} {size:12.1f} {one.wall:8.2f} {one.peak / MIB:17.0f} {tree}   {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", metavar="A,B", help="these contenders only")
    parser.add_argument(
        "--jobs", metavar="N,M", default="1,2", help="numbers of jobs beside the default (default: 1,2)"
    )
    parser.add_argument("--cold", action="store_true", help="drop the system's caches before each run (Linux, root)")
    parser.add_argument("--memory", action="store_true", help="peak memory over several folders, nothing else")
    options = parser.parse_args()
    if options.memory:
        memory(options)
        return
    if len(options.folders) > 1:
        parser.error("several folders are for --memory")
    if options.cold and not os.access(DROP_CACHES, os.W_OK):
        print("cold: unmeasured, the system's caches cannot be dropped here")
        return
    compare(options)


if __name__ == "__main__":
    main()
