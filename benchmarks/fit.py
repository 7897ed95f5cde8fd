"""Time, bytes and quality of fitted images, compared with what users would write or install instead.

python benchmarks/fit.py [IMAGE...] [--photos 6] [--screenshots 3] [--rounds 5] [--model NAME]

Without images, large photos and screenshots are assembled from the samples. Each contender reads a file and returns the
bytes of a copy. The quality is the structural similarity (of luminance, of all colors) to the original, resized with
Lanczos to the documented size. `pip install vision-squeezer` adds another program; it is never imported otherwise.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image, ImageOps

from imgcost import fit

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from pictures import similarity  # noqa: E402 - not a package

PHOTO, SCREENSHOT = (4032, 3024), (2880, 1800)


def mosaic(size, folder, seed):
    """Fill an image with samples side by side, so that it has the detail of a real one."""
    rng = random.Random(seed)
    tiles = [Image.open(path).convert("RGB") for path in sorted((ROOT / "data/samples" / folder).iterdir())]
    image = Image.new("RGB", size)
    y = 0
    while y < size[1]:
        x = -rng.randrange(300)
        while x < size[0]:
            tile = rng.choice(tiles)
            image.paste(tile, (x, y))
            x += tile.width
        y += min(tile.height for tile in tiles)
    return image


def originals(folder, photos, screenshots):
    for number in range(photos):
        exif = Image.Exif()
        exif[0x0112] = (1, 6)[number % 2]  # half of the photos are taken upright
        mosaic(PHOTO, "photos", number).save(folder / f"photo-{number}.jpg", quality=90, exif=exif)
    for number in range(screenshots):
        mosaic(SCREENSHOT, "screenshots", number).save(folder / f"screenshot-{number}.png")
    return sorted(folder.iterdir())


def with_imgcost(path, model, size):  # noqa: ARG001 - all contenders have the same arguments
    return fit(path, model=model).data


def with_thumbnail(path, model, size):  # noqa: ARG001 - as above
    """The shortest loop: Pillow decodes at a reduced size where it can, and resizes with a bicubic filter."""
    with Image.open(path) as image:
        image.thumbnail(size if image.width >= image.height else size[::-1])
        out = io.BytesIO()
        image.save(out, image.format)
    return out.getvalue()


def with_upright_lanczos(path, model, size):  # noqa: ARG001 - as above
    """The same loop with the filter, quality and orientation of imgcost."""
    with Image.open(path) as image:
        kind = image.format
        image.thumbnail(size if image.width >= image.height else size[::-1], Image.Resampling.LANCZOS)
        out = io.BytesIO()
        options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
        ImageOps.exif_transpose(image).save(out, kind, **options)
    return out.getvalue()


def with_vision_squeezer(path, model, size):  # noqa: ARG001 - as above
    import vision_squeezer  # noqa: PLC0415 - not a dependency

    kind = "jpeg" if path.suffix == ".jpg" else "png"
    report = vision_squeezer.optimize_image(path.read_bytes(), model="claude", format=kind, quality=95, crop=False)
    return report["bytes"]


CONTENDERS = {
    "imgcost.fit": with_imgcost,
    "thumbnail, save": with_thumbnail,
    "thumbnail, Lanczos, quality 95": with_upright_lanczos,
    "vision-squeezer, quality 95": with_vision_squeezer,
}


def available(name):
    if name.startswith("vision-squeezer"):
        try:
            import vision_squeezer  # noqa: F401, PLC0415 - not a dependency
        except ImportError:
            print("vision-squeezer is not installed", file=sys.stderr)
            return False
    return True


def colors(one, other):
    return sum(similarity(*pair) for pair in zip(one.split(), other.split(), strict=True)) / 3


def quality(data, reference):
    """Compare a copy with the reference, ignoring a wrong orientation and other sizes, which have their own columns."""
    copy = Image.open(io.BytesIO(data)).convert("RGB")
    if (copy.width >= copy.height) != (reference.width >= reference.height):
        copy = copy.transpose(Image.Transpose.ROTATE_270)
    copy = copy.resize(reference.size, Image.Resampling.LANCZOS)
    return similarity(reference, copy), colors(reference, copy)


def timed(work):
    start = time.process_time()  # of all threads
    result = work()
    return time.process_time() - start, result


def measure(paths, model, rounds):
    names = [name for name in CONTENDERS if available(name)]
    seconds = {name: [0.0] * rounds for name in names}
    rows = {name: [] for name in names}
    for path in paths:
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        target = fit(path, model=model, always_resize=True)
        size = target.width, target.height
        reference = upright.resize(size, Image.Resampling.LANCZOS)
        landscape = (max(size), min(size))
        for number in range(rounds):
            for name in names:
                spent, data = timed(partial(CONTENDERS[name], path, model, landscape))
                seconds[name][number] += spent
                if number == 0:
                    copy = Image.open(io.BytesIO(data))
                    shown = ImageOps.exif_transpose(copy).size
                    rows[name].append((len(data), *quality(data, reference), shown == size))
    return seconds, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path)
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--screenshots", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="claude-opus-4-6", help="claude-opus-4-6: standard tier; sonnet: high")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = [] if arguments.images else originals(Path(folder), arguments.photos, arguments.screenshots)
        for kind in ("JPEG", "PNG"):
            paths = [path for path in arguments.images or made if (path.suffix.lower() == ".png") is (kind == "PNG")]
            if paths:
                report(kind, paths, *measure(paths, arguments.model, arguments.rounds))


def report(kind, paths, seconds, rows):
    before = sum(path.stat().st_size for path in paths)
    print(f"\n{len(paths)} {kind} images, {before:,} bytes")
    heads = f"{'ms/image':>9} {'x imgcost':>22} {'bytes':>12} {'SSIM: luma':>10} {'colors':>7} {'size and turn':>14}"
    print(" " * 32, heads)
    for name, spent in seconds.items():
        ratios = [one / ours for one, ours in zip(spent, seconds["imgcost.fit"], strict=True)]
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        sizes, luma, color, correct = zip(*rows[name], strict=True)
        print(
            f"{name:32} {median(spent) / len(paths) * 1000:9.1f} {ratio:>22} {sum(sizes):12,} {min(luma):10.4f} "
            f"{min(color):7.4f} {sum(correct):>7} of {len(correct)}"
        )


if __name__ == "__main__":
    main()
