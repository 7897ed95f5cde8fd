"""Every file of a folder, read by imgcost and by Pillow: same size, same media type, or a reason why not.

python benchmarks/differential.py DIR

What Pillow opens as JPEG, MPO, PNG, GIF or WebP has to come out with the same size, media type and animation (but an
MPO is a JPEG and never animated). Everything else has to come out as unreadable, with a reason. A file that Pillow
refuses but imgcost can read, mostly one that is cut behind its header, is counted apart and listed: whoever reads
headers only cannot tell. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import Counter, defaultdict

from PIL import Image as Pillow

from imgcost.files import Unreadable, scan

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
MOST_LISTED = 50


def open_with_pillow(path):
    """Format, size and animation by Pillow; None where it refuses the file."""
    try:
        with Pillow.open(path) as image:
            animated = image.format != "MPO" and getattr(image, "is_animated", False)
            return image.format, image.size, animated
    except Exception:  # noqa: BLE001 - of whatever kind, it is a refusal
        return None


def judge(found, truth):
    """What the two have to say about one file, in a few words, and whether that is a difference."""
    name = truth[0] if truth else None
    if isinstance(found, Unreadable):
        if name in MEDIA_TYPES:
            return f"Pillow reads a {name}, imgcost does not", True
        if not found.reason:
            return "unreadable without a reason", True
        return ("of another format" if name else "unreadable for both"), False
    if truth is None:
        return "read by imgcost, refused by Pillow", False
    _, size, animated = truth
    differing = [
        what
        for what, mine, theirs in (
            ("media type", found.media_type, MEDIA_TYPES.get(name)),
            ("size", (found.width, found.height), size),
            ("animation", found.animated, animated),
        )
        if mine != theirs
    ]
    return f"{name}: other {' and '.join(differing)}" if differing else f"{name}: same", bool(differing)


def files_under(top):
    return [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]  # noqa: PTH118 - many


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", metavar="DIR")
    options = parser.parse_args()
    Pillow.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    listed: defaultdict[str, list[str]] = defaultdict(list)
    differences = 0
    left = Counter(files_under(options.folder))
    for found in scan(options.folder):
        left[found.path] -= 1
        verdict, differs = judge(found, open_with_pillow(found.path))
        counts[verdict] += 1
        differences += differs
        if differs or verdict.startswith("read by imgcost"):
            listed[verdict].append(f"{found.path}: {found}")
    for path, times in left.items():
        if times:
            differences += 1
            verdict = "not scanned" if times > 0 else "scanned more than once, or no file"
            counts[verdict] += 1
            listed[verdict].append(path)
    for verdict, number in sorted(counts.items()):
        print(f"{number:10,}  {verdict}")
    print(f"{counts.total():10,}  files, {differences:,} differences")
    for verdict, lines in listed.items():
        print(f"\n{verdict} ({len(lines):,}, the first {min(len(lines), MOST_LISTED)}):")
        print("\n".join(f"  {line}" for line in lines[:MOST_LISTED]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
