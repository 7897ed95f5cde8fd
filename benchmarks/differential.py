"""Compare how imgcost and Pillow read every file in a folder, and optionally whether the images can be decoded.

python benchmarks/differential.py DIR [--decode]

Files that Pillow opens as JPEG, MPO, PNG, GIF or WebP must have the same size, media type, orientation and animation
(an MPO is a JPEG, and never animated). Files that it opens as another format must have the same size, or not be
measured. Files that Pillow rejects but imgcost reads, mostly because they are truncated after the header, are counted
separately and listed. With --decode, every image is also decoded by Pillow and, if installed, OpenCV. An image that
imgcost reports as truncated or undecodable is a false error if either decodes it completely; an image that imgcost
accepts is a false pass if neither decodes it. Exits with 1 if there are differences or false errors.

Good inputs are the test images of Pillow (Tests/images in its source distribution), scikit-image and matplotlib. Three
kinds of differences are expected there: orientation that is only in XMP, which browsers ignore; acTL without any fcTL,
which is not an animation; and files that Pillow opens but cannot load.
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
MAX_LISTED = 50


def open_with_pillow(path):
    """Return the format, size, orientation and animation according to Pillow; None if it rejects the file."""
    try:
        with Pillow.open(path) as image:
            size = image.size  # first, because reading the metadata may load the image
            animated = image.format != "MPO" and getattr(image, "is_animated", False)
            orientation = image.getexif().get(0x112, 1)
            return image.format, size, orientation if orientation in range(1, 9) else 1, animated
    except Exception:  # noqa: BLE001 - any exception is a rejection
        return None


def judge(file, truth):
    """Return a short verdict on a file, and whether imgcost and Pillow differ."""
    name = truth[0] if truth else None
    if isinstance(file, Unreadable):
        if name in MEDIA_TYPES:
            return f"Pillow reads a {name}, imgcost does not", True
        if not file.reason:
            return "unreadable without a reason", True
        return ("of another format, not measured" if name else "unreadable for both"), False
    if truth is None:
        return "read by imgcost, rejected by Pillow", False
    if name not in MEDIA_TYPES and file.media_type not in MEDIA_TYPES.values():
        # Pillow applies the orientation to the size of a TIFF.
        same = truth[1] in {(file.width, file.height), (file.height, file.width)}
        return f"of another format, {'same' if same else 'different'} size", not same
    _, size, orientation, animated = truth
    differing = [
        what
        for what, ours, theirs in (
            ("media type", file.media_type, MEDIA_TYPES.get(name)),
            ("size", (file.width, file.height), size),
            ("orientation", file.orientation, orientation),
            ("animation", file.animated, bool(animated)),
        )
        if ours != theirs
    ]
    return f"{name}: different {' and '.join(differing)}" if differing else f"{name}: same", bool(differing)


def decoded(path):
    """Whether Pillow or OpenCV decodes a file completely."""
    try:
        with Pillow.open(path) as image:
            image.load()
            return True
    except Exception:  # noqa: BLE001 - same as above
        if cv2 is None:
            return False
    try:
        # From memory: OpenCV accepts truncated JPEG files on disk.
        return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) is not None
    except cv2.error:
        return False


def judge_ending(path):
    """Return a verdict on whether an image can be decoded, and whether imgcost is wrong."""
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
    for file in scan(options.folder):
        left[file.path] -= 1
        verdict, differs = judge(file, open_with_pillow(file.path))
        counts[verdict] += 1
        differences += differs
        if differs or verdict.startswith("read by imgcost"):
            listed[verdict].append(f"{file.path}: {file}")
        if options.decode and not isinstance(file, Unreadable) and os.path.isfile(file.path):  # noqa: PTH113 - many
            verdict, wrong = judge_ending(file.path)
            counts[verdict] += 1
            differences += wrong
            if verdict.startswith(("false", "truncated", "undecodable")):
                listed[verdict].append(file.path)
    for path, times in left.items():
        if times:
            differences += 1
            verdict = "not scanned" if times > 0 else "scanned more than once, or not a file"
            counts[verdict] += 1
            listed[verdict].append(path)
    for verdict, number in sorted(counts.items()):
        print(f"{number:10,}  {verdict}")
    print(f"{len(left):10,}  files, {differences:,} differences")
    for verdict, lines in listed.items():
        print(f"\n{verdict} ({len(lines):,}, the first {min(len(lines), MAX_LISTED)}):")
        print("\n".join(f"  {line}" for line in lines[:MAX_LISTED]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
