"""Every file of a folder, read by imgcost and by Pillow, and decoded: the same answer, or a reason why not.

python benchmarks/differential.py DIR [--decode]

What Pillow opens as JPEG, MPO, PNG, GIF or WebP has to come out with the same size, media type, orientation and
animation (but an MPO is a JPEG and never animated), and what it opens as another format unreadable, with the same size
or none. A file that Pillow refuses but imgcost can read, mostly one that is cut behind its header, is counted apart and
listed. With --decode, every image is also decoded by Pillow and, where it is installed, by OpenCV: one that imgcost
calls truncated or undecodable although either decodes it whole is a false error, one that neither decodes although
imgcost says nothing a false pass. Exits with 1 if anything differs or an error is false.

Good folders are the test images of Pillow (Tests/images in its source distribution), scikit-image and matplotlib. Three
kinds of difference remain there, on purpose: orientation that only XMP has, which browsers ignore; acTL without any
fcTL, which is no animation; and files that Pillow opens but cannot load.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import Counter, defaultdict

import numpy as np
from PIL import Image as Pillow

from imgcost.files import Unreadable, inspect, scan

try:
    import pillow_heif

    pillow_heif.register_heif_opener()
except ImportError:  # without it, Pillow reads no HEIC
    pass

try:
    import cv2
except ImportError:  # the second opinion is optional
    cv2 = None

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
MOST_LISTED = 50


def open_with_pillow(path):
    """Format, size, orientation and animation by Pillow; None where it refuses the file."""
    try:
        with Pillow.open(path) as image:
            size = image.size  # before the metadata of some formats is read, which may load the picture
            animated = image.format != "MPO" and getattr(image, "is_animated", False)
            orientation = image.getexif().get(0x112, 1)
            return image.format, size, orientation if orientation in range(1, 9) else 1, animated
    except Exception:  # noqa: BLE001 - of whatever kind, it is a refusal
        return None


def judge(found, truth):  # noqa: PLR0911 - one answer a kind
    """What the two have to say about one file, in a few words, and whether that is a difference."""
    name = truth[0] if truth else None
    if isinstance(found, Unreadable):
        if name in MEDIA_TYPES:
            return f"Pillow reads a {name}, imgcost does not", True
        if not found.reason:
            return "unreadable without a reason", True
        if not name:
            return "unreadable for both", False
        if found.width is None:
            return "of another format, not measured", False
        # Pillow turns the size of a TIFF.
        same = truth[1] in {(found.width, found.height), (found.height, found.width)}
        return f"of another format, {'same' if same else 'other'} size", not same
    if truth is None:
        return "read by imgcost, refused by Pillow", False
    _, size, orientation, animated = truth
    differing = [
        what
        for what, mine, theirs in (
            ("media type", found.media_type, MEDIA_TYPES.get(name)),
            ("size", (found.width, found.height), size),
            ("orientation", found.orientation, orientation),
            ("animation", found.animated, bool(animated)),
        )
        if mine != theirs
    ]
    return f"{name}: other {' and '.join(differing)}" if differing else f"{name}: same", bool(differing)


def decoded(path):
    """Whether Pillow or OpenCV decodes a file whole."""
    try:
        with Pillow.open(path) as image:
            image.load()
            return True
    except Exception:  # noqa: BLE001 - likewise
        if cv2 is None:
            return False
    try:
        # From memory: from a file, it takes a cut JPEG for whole.
        return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) is not None
    except cv2.error:
        return False


def judge_ending(path):
    """What decoders make of an image that imgcost calls whole or not, and whether imgcost is wrong."""
    contents = inspect(path)
    flaw = "undecodable" if contents.undecodable else "truncated" if contents.truncated else None
    if decoded(path):
        return (f"{flaw}: false error", True) if flaw else ("decodes", False)
    return (f"{flaw}: right", False) if flaw else ("false pass", False)


def files_under(top):
    return [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]  # noqa: PTH118 - many


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--decode", action="store_true", help="also decode every image")
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
        if options.decode and not isinstance(found, Unreadable) and os.path.isfile(found.path):  # noqa: PTH113 - many
            verdict, wrong = judge_ending(found.path)
            counts[verdict] += 1
            differences += wrong
            if verdict.startswith(("false", "truncated", "undecodable")):
                listed[verdict].append(found.path)
    for path, times in left.items():
        if times:
            differences += 1
            verdict = "not scanned" if times > 0 else "scanned more than once, or no file"
            counts[verdict] += 1
            listed[verdict].append(path)
    for verdict, number in sorted(counts.items()):
        print(f"{number:10,}  {verdict}")
    print(f"{len(left):10,}  files, {differences:,} differences")
    for verdict, lines in listed.items():
        print(f"\n{verdict} ({len(lines):,}, the first {min(len(lines), MOST_LISTED)}):")
        print("\n".join(f"  {line}" for line in lines[:MOST_LISTED]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
