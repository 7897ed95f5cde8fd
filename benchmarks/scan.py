"""Compare whole processes: scanning and checking a folder, what users would write instead, and the minimum.

python benchmarks/scan.py DIR [--rounds 7] [--only imgcost-1,pillow] [--cold] [--jobs 1,2]
python benchmarks/scan.py --memory DIR [DIR ...]

Each contender is a separate process, timed from start to exit, including imports. The contenders take turns in each
round, in rotating order. Ratios are computed per round; the output shows medians over rounds. With --memory,
`imgcost scan DIR -o rows.csv` runs for several folders, to show whether its peak memory grows.

This program imports nothing large, because the system never reports a lower peak memory for a child than for its
parent.
"""

from __future__ import annotations

import argparse
import json
import os
import re
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
# ru_maxrss is in bytes on macOS, in kilobytes elsewhere.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024

# Pairs to compare, the slower one first.
RATIOS = [
    ("pillow", "imgcost-1"),
    ("imagesize", "imgcost-1"),
    ("imgcost-1", "minimum"),
    ("imgcost-1", "find"),
    ("pillow", "imgcost"),
    ("imagesize", "imgcost"),
    ("imgcost-1", "imgcost-2"),
    ("imgcost-1", "imgcost"),
    ("pillow", "check"),
    ("check", "minimum"),
]


class Run(NamedTuple):
    """One process, from start to exit.

    Attributes:
        wall: Wall-clock seconds.
        cpu: CPU seconds, user and system, including child processes.
        peak: Peak resident memory of the largest process, bytes.
        tree: Peak of the sampled sum of all processes, bytes; None if it was not sampled. Shared pages count once per
            process.
        output: What it printed.
    """

    wall: float
    cpu: float
    peak: int
    tree: int | None
    output: str


def environment():
    """The environment of the user, but with bytecode caches, so that a start does not recompile the package."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command, *, watch=False):
    """Run a process to its end. With `watch`, sample the memory of its tree, which takes some time."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stdin=subprocess.DEVNULL, env=environment(), start_new_session=True
        )
        tree = None
        if watch and PROC.is_dir():
            pid, tree = 0, 0
            while not pid:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
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
    """Return the resident memory of a process and its descendants, bytes."""
    page = os.sysconf("SC_PAGESIZE")
    total = 0
    for name in os.listdir(PROC):  # noqa: PTH208 - called often
        if name.isdigit():
            try:
                if os.getsid(int(name)) == leader:
                    total += int((PROC / name / "statm").read_text().split()[1]) * page
            except (OSError, IndexError):
                continue  # the process has just ended
    return total


def imgcost_command():
    """Return the imgcost command of this Python environment, else the one on the path."""
    beside = Path(sys.executable).with_name("imgcost")
    return str(beside) if beside.exists() else shutil.which("imgcost") or sys.exit("imgcost is not installed")


def contenders(folder, jobs):
    imgcost = [imgcost_command(), "scan", folder, "-f", "json"]
    script = [sys.executable, str(HERE / "contenders.py")]
    commands = {}
    if "--jobs" in run([imgcost[0], "scan", "--help"]).output:
        commands |= {f"imgcost-{number}": [*imgcost, "--jobs", number] for number in jobs}
    else:
        print("imgcost scan has no --jobs: using it as imgcost-1", file=sys.stderr)
        commands["imgcost-1"] = imgcost
    commands["imgcost"] = imgcost
    commands["check"] = [imgcost[0], "check", folder, "--exit-zero"]
    commands |= {name: [*script, name, folder] for name in ("pillow", "imagesize", "minimum")}
    if find := shutil.which("find"):
        commands["find"] = [find, folder, "-type", "f"]
    return commands


def answer(name, output):
    """Return the number of images and tokens that a contender reports."""
    if name == "find":
        return output.count("\n"), 0
    if name == "check":
        counts = re.search(r"([\d,]+)\s+images,\s+([\d,]+)\s+tokens", output).groups()
        return tuple(int(count.replace(",", "")) for count in counts)
    result = json.loads(output)
    return result["images"], result["models"][0]["tokens"] if "models" in result else result["tokens"]


def check(answers):
    """Check that scans and checks agree. The others may differ; print why."""
    strict = {name: counts for name, counts in answers.items() if name.startswith("imgcost") or name == "check"}
    if len(set(strict.values())) > 1:
        sys.exit(f"images and tokens disagree: {strict}")
    print("images and tokens:")
    for name, (images, tokens) in answers.items():
        print(f"  {name:11} {images:12,} {tokens:16,}" if tokens else f"  {name:11} {images:12,} files")
    if "pillow" in answers:
        print("  (Pillow opens only the formats that the API reads)")
    if strict and "imagesize" in answers and answers["imagesize"] not in strict.values():
        print("  (imagesize does not report formats, so it counts some that the API does not read,")
        print("   and it returns the screen size of a GIF even if the first frame is larger)")


def drop_caches():
    os.sync()
    DROP_CACHES.write_text("3")


def warm_code(commands, folder):
    """Run all programs on other files, so that only the images are cold."""
    for command in commands:
        run([str(SAMPLES) if part == folder else part for part in command])


def compare(options):
    folder = str(options.folders[0])
    commands = contenders(folder, options.jobs.split(","))
    if options.only:
        only = options.only.split(",")
        if unknown := set(only) - set(commands):
            sys.exit(f"unknown contender {', '.join(sorted(unknown))}: expected {', '.join(commands)}")
        commands = {name: commands[name] for name in only}
    # The first round checks the answers, warms caches and samples memory.
    first = {name: run(command, watch=True) for name, command in commands.items()}
    check({name: answer(name, run.output) for name, run in first.items()})
    runs = {name: [] for name in commands}
    names = list(commands)
    for number in range(options.rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if options.cold:
                drop_caches()
                warm_code([commands[name]], folder)
            result = run(commands[name])
            runs[name].append(result)
            if answer(name, result.output) != answer(name, first[name].output):
                sys.exit(f"{name} gives a different answer in round {number + 1}")
    report(first, runs, cold=options.cold)


def report(first, runs, *, cold):
    rounds = len(next(iter(runs.values())))
    print(f"\n{'cold' if cold else 'warm'} cache, {rounds} rounds, medians; memory from a separate round")
    print("              wall s    CPU s   files/s  us/file | largest process  whole tree, MiB")
    for name, times in runs.items():
        wall, cpu = median(time.wall for time in times), median(time.cpu for time in times)
        images, _ = answer(name, first[name].output)
        tree = f"{first[name].tree / MIB:11.0f}" if first[name].tree else "unmeasured"
        print(
            f"  {name:11} {wall:7.3f} {cpu:8.3f} {images / wall:9,.0f} {wall / max(images, 1) * 1e6:8.1f}"
            f" | {first[name].peak / MIB:15.0f} {tree}"
        )
    print("\nratios per round: median (minimum to maximum)                 wall               CPU")
    for slow, fast in RATIOS:
        if slow in runs and fast in runs:
            pairs = list(zip(runs[slow], runs[fast], strict=True))
            print(
                f"  {slow + ' / ' + fast:48}",
                spread([slower.wall / faster.wall for slower, faster in pairs]),
                spread([slower.cpu / faster.cpu for slower, faster in pairs]),
            )


def spread(ratios):
    return f"{median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def memory(options):
    """Peak memory of a scan that streams its rows, over folders of different sizes."""
    print("imgcost scan DIR -o rows.csv: peak memory, MiB")
    print("      files       rows MB   wall s   largest process   whole tree")
    with tempfile.TemporaryDirectory() as target:
        rows = Path(target) / "rows.csv"
        for folder in options.folders:
            rows.unlink(missing_ok=True)
            result = run([imgcost_command(), "scan", str(folder), "-f", "json", "-o", str(rows)], watch=True)
            images, _ = answer("imgcost", result.output)
            tree = f"{result.tree / MIB:12.0f}" if result.tree else "  unmeasured"
            size = rows.stat().st_size / 1e6
            print(
                f"  {images:10,} {size:12.1f} {result.wall:8.2f} {result.peak / MIB:17.0f} {tree}   {folder}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", metavar="A,B", help="run only these contenders")
    parser.add_argument(
        "--jobs", metavar="N,M", default="1,2", help="numbers of jobs, in addition to the default (default: 1,2)"
    )
    parser.add_argument(
        "--cold", action="store_true", help="drop the caches of the system before each run (Linux, root)"
    )
    parser.add_argument("--memory", action="store_true", help="only measure peak memory, for several folders")
    options = parser.parse_args()
    if options.memory:
        memory(options)
        return
    if len(options.folders) > 1:
        parser.error("several folders are supported only with --memory")
    if options.cold and not os.access(DROP_CACHES, os.W_OK):
        print("cold: not measured, because the caches of the system cannot be dropped here")
        return
    compare(options)


if __name__ == "__main__":
    main()
