"""Complete programs that users would write without imgcost: python benchmarks/contenders.py NAME DIR.

Each prints a line of JSON: the number of images and their tokens on the high-resolution tier. All of them use the token
rule of imgcost, so that they differ only in finding and reading files. Each imports only what it needs.
"""

from __future__ import annotations

import json
import os
import sys
from math import ceil

EDGE_LIMIT, TOKEN_LIMIT = 2576, 4784


def token_counter():
    from imgcost.geometry import Tier, count_patches  # noqa: PLC0415 - `minimum` does not need it

    tier = Tier(EDGE_LIMIT, TOKEN_LIMIT)
    return lambda width, height: count_patches(width, height, tier)


def with_pillow(top):
    """Open each file with Pillow, which reads only the header."""
    from PIL import Image  # noqa: PLC0415

    tokens = token_counter()
    formats = ("JPEG", "PNG", "GIF", "WEBP")  # JPEG includes MPO
    Image.MAX_IMAGE_PIXELS = None
    images = total = 0
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                with Image.open(os.path.join(folder, name), formats=formats) as image:  # noqa: PTH118 - faster
                    width, height = image.size
            except (OSError, ValueError, SyntaxError):
                continue
            images += 1
            total += tokens(width, height)
    return images, total


def with_imagesize(top):
    """Read each header with imagesize, which does not return the format, so unsupported formats count too."""
    import imagesize  # noqa: PLC0415

    tokens = token_counter()
    images = total = 0
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                width, height = imagesize.get(os.path.join(folder, name), exif_rotation=False)  # noqa: PTH118 - same as above
            except (OSError, ValueError):
                continue
            if width > 0 and height > 0:
                images += 1
                total += tokens(ceil(width), ceil(height))
    return images, total


def minimum(top):
    """The minimum for any Python program: walk, open, read a kilobyte, close."""
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


CONTENDERS = {"pillow": with_pillow, "imagesize": with_imagesize, "minimum": minimum}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in CONTENDERS:
        sys.exit(f"usage: python benchmarks/contenders.py {'|'.join(CONTENDERS)} DIR")
    images, tokens = CONTENDERS[sys.argv[1]](sys.argv[2])
    print(json.dumps({"images": images, "tokens": tokens}))


if __name__ == "__main__":
    main()
