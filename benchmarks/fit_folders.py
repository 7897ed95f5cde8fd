"""Time `imgcost fit` on a folder, and kill it at random moments.

python benchmarks/fit_folders.py [--images 48] [--width 4032] [--runs 3] [--kills 20] [--seed 1]

Photographs are noise that is blurred and enlarged, so that they have the bytes of real ones. The times are those of
whole processes, the best of several runs: with one worker, with two, and of a Pillow loop that opens, drafts,
thumbnails and saves. Then the command is killed at random moments, by SIGINT, SIGTERM and SIGKILL in turn, until a run
completes. After each kill, every copy must be one of the complete run, and only SIGKILL may leave an unfinished file
under its temporary name. Exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageFilter

from imgcost.outputs import TEMPORARY_SUFFIX

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)

MODEL = ("-m", "claude-opus-4-6", "--as-of", "2026-11-22")

PILLOW = """
import sys
from pathlib import Path
from PIL import Image
source, target = map(Path, sys.argv[1:])
for path in sorted(source.rglob("*.jpg")):
    with Image.open(path) as image:
        image.draft("RGB", (1568, 1568))
        image.thumbnail((1456, 1456))
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        image.save(copy, quality=95, subsampling=0)
"""


def make_photographs(folder, images, width, generator):
    """Write photographs, each a different part of one."""
    height = width * 3 // 4
    random.seed(generator.random())
    noise = Image.merge("RGB", [Image.effect_noise((width + 64, height + 64), 90) for _ in range(3)])
    coarse = noise.resize((width // 20, height // 20)).resize(noise.size, Image.Resampling.BICUBIC)
    photograph = Image.blend(coarse, noise.filter(ImageFilter.GaussianBlur(1)), 0.4)
    for number in range(images):
        left, top = generator.randrange(64), generator.randrange(64)
        path = folder / f"{number % 4}" / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph.crop((left, top, left + width, top + height)).save(path, quality=88)


def fit(source, target, jobs):
    return [sys.executable, "-m", "imgcost", "fit", str(source), "-o", str(target), *MODEL, "-j", str(jobs)]


def seconds_of(command, target):
    shutil.rmtree(target, ignore_errors=True)
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def copies(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(TEMPORARY_SUFFIX)
    }


def kill(source, target, expected, after, number):
    """Run once and send a signal; return what is wrong."""
    process = subprocess.Popen(fit(source, target, 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(number)
    code = process.wait(60)
    unfinished = len(list(target.rglob(f"*{TEMPORARY_SUFFIX}"))) if target.exists() else 0
    left = copies(target) if target.exists() else {}
    wrong = [f"{path} is not complete" for path in left if left[path] != expected[path]]
    if unfinished and number != signal.SIGKILL:
        wrong.append(f"{unfinished} unfinished files after {signal.Signals(number).name}")
    found = f"{len(left)} copies, {unfinished} unfinished"
    print(f"  {signal.Signals(number).name} after {after:.2f} s: exit code {code}, {found}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--width", type=int, default=4032)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        source, target, whole = (Path(name, part) for part in ("photographs", "copies", "whole"))
        make_photographs(source, options.images, options.width, generator)
        megabytes = sum(path.stat().st_size for path in source.rglob("*.jpg")) / 1e6
        print(f"{options.images} photographs, {options.width} px wide, {megabytes:.0f} MB")
        contenders = {
            "Pillow loop": [sys.executable, "-c", PILLOW, str(source), str(target)],
            "imgcost fit -j 1": fit(source, target, 1),
            "imgcost fit -j 2": fit(source, target, 2),
        }
        best = dict.fromkeys(contenders, float("inf"))
        for _ in range(options.runs):
            for title, command in contenders.items():
                best[title] = min(best[title], seconds_of(command, target))
        for title, seconds in best.items():
            rate = options.images / seconds
            print(f"  {title:17} {seconds:6.2f} s  {rate:6.1f} images/s  {best['Pillow loop'] / seconds:.2f} x")
        print(f"  peak memory of one process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")
        seconds_of(fit(source, whole, 2), whole)
        expected = copies(whole)
        shutil.rmtree(target)
        for number in range(options.kills):
            if target.exists() and copies(target) == expected:
                shutil.rmtree(target)
            after = generator.uniform(0.05, 1.2 * best["imgcost fit -j 2"])
            wrong += kill(source, target, expected, after, SIGNALS[number % len(SIGNALS)])
        subprocess.run(fit(source, target, 2), check=True, stdout=subprocess.DEVNULL)
        if copies(target) != expected:
            wrong.append("the last run did not complete the copies")
    print("\n".join(wrong) or "nothing wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
