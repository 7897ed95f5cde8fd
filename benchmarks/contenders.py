"""What a user would write without imgcost, each a whole program: python benchmarks/contenders.py NAME DIR.

Every one prints a line of JSON, how many images it found and their tokens on the high-resolution tier. The rule is
imgcost's own in all of them, so that only finding and reading files differs. Each imports what it needs and no more.
"""

from __future__ import annotations

import json
import os
import sys
from math import ceil

EDGE_LIMIT, TOKEN_LIMIT = 2576, 4784


def token_counter():
    from imgcost.geometry import Tier, count_patches  # noqa: PLC0415 - the floor does without

    tier = Tier(EDGE_LIMIT, TOKEN_LIMIT)
    return lambda width, height: count_patches(width, height, tier)


def with_pillow(top):
    """Let Pillow open each file; it reads the header and leaves the pixels."""
    from PIL import Image  # noqa: PLC0415

    tokens = token_counter()
    formats = ("JPEG", "PNG", "GIF", "WEBP")  # MPO comes with JPEG
    Image.MAX_IMAGE_PIXELS = None
    images = total = 0
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                with Image.open(os.path.join(folder, name), formats=formats) as image:  # noqa: PTH118 - in its favour
                    width, height = image.size
            except (OSError, ValueError, SyntaxError):
                continue
            images += 1
            total += tokens(width, height)
    return images, total


def with_imagesize(top):
    """Let imagesize read each header. It does not say of which format a file is, so other formats count as well."""
    import imagesize  # noqa: PLC0415

    tokens = token_counter()
    images = total = 0
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                width, height = imagesize.get(os.path.join(folder, name), exif_rotation=False)  # noqa: PTH118 - as above
            except (OSError, ValueError):
                continue
            if width > 0 and height > 0:
                images += 1
                total += tokens(ceil(width), ceil(height))
    return images, total


def floor(top):
    """What no Python program can do without: walk, open, read a kilobyte, close. Nothing is looked at."""
    files = 0
    folders = [top]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    descriptor = os.open(entry.path, os.O_RDONLY)
                    os.read(descriptor, 1024)
                    os.close(descriptor)
                    files += 1
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return files, 0


CONTENDERS = {"pillow": with_pillow, "imagesize": with_imagesize, "floor": floor}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in CONTENDERS:
        sys.exit(f"usage: python benchmarks/contenders.py {'|'.join(CONTENDERS)} DIR")
    images, tokens = CONTENDERS[sys.argv[1]](sys.argv[2])
    print(json.dumps({"images": images, "tokens": tokens}))


if __name__ == "__main__":
    main()
