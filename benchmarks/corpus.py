"""Build a folder of image files for benchmarks: all four formats in many variants, some of them broken.

python benchmarks/corpus.py [DIR] --files 20000 [--seed 1] [--mix mixed|no-webp|jpeg|png|gif|webp] [--small]

A few hundred images are encoded and written many times, each with a serial number after its end, where decoders stop
reading. So a million files take minutes, and no two complete files are equal. The same seed, options and versions of
Pillow and numpy create the same files.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin

DEFAULT = Path(__file__).parent / "corpus"
FILES_IN_FOLDER = 9
SMALL_BYTES = 4096 - 16  # one block of most file systems, with the serial number
ENCODINGS = 16  # of each kind
MIXES = {
    "mixed": {"jpeg": 52, "png": 25, "gif": 7, "webp": 14, "bad": 2},
    "no-webp": {"jpeg": 60, "png": 29, "gif": 9, "bad": 2},
    "jpeg": {"jpeg": 1},
    "png": {"png": 1},
    "gif": {"gif": 1},
    "webp": {"webp": 1},
}


class Encoding(NamedTuple):
    """The contents of a file.

    Attributes:
        data: The bytes.
        suffix: The file suffix, which may be wrong for bad files.
        serial: Whether a serial number may follow.
    """

    data: bytes
    suffix: str
    serial: bool = True


class Painter:
    """Draws and encodes images; with `small`, each has at most a few kilobytes."""

    def __init__(self, seed, *, small):
        self.random = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.small = small

    def size(self):
        if self.small:
            return self.random.randint(32, 640), self.random.randint(32, 640)
        if self.random.random() < 0.02:
            return self.random.choice([(4032, 3024), (3024, 4032), (6000, 4000)])
        return self.random.randint(32, 1600), self.random.randint(32, 1600)

    def photo(self, size, mode="RGB"):
        """Layers of smooth noise, which compress about as well as a photo."""
        width, height = size
        picture = None
        for cell, strength in ((256, 1.0), (32, 0.35), (6, 0.08)):
            grid = (max(height // cell, 2), max(width // cell, 2), 3)
            layer = Image.fromarray(self.noise.integers(0, 256, grid, np.uint8)).resize(size, Image.Resampling.BILINEAR)
            picture = layer if picture is None else Image.blend(picture, layer, strength)
        return picture.convert(mode)

    def screen(self, size, mode="RGB"):
        """Flat areas, boxes and lines of text, which compress about as well as a screenshot."""
        width, height = size
        picture = Image.new("RGB", size, tuple(self.random.choices(range(200, 256), k=3)))
        draw = ImageDraw.Draw(picture)
        for _ in range(6 if self.small else 25):
            left, top = self.random.randrange(width), self.random.randrange(height)
            box = (left, top, left + self.random.randint(10, 300), top + self.random.randint(10, 120))
            draw.rectangle(box, fill=tuple(self.random.choices(range(256), k=3)))
            draw.text((left, top), f"item {self.random.randrange(10**9)} of a list", fill="black")
        if mode == "P":
            return picture.quantize(64, dither=Image.Dither.NONE)
        return picture.convert(mode)

    def frames(self, size):
        return [self.screen(size, "P") for _ in range(self.random.randint(2, 3 if self.small else 8))]

    def encode(self, paint, encode):
        """Encode an image; with `small`, retry with smaller images until the file is small enough."""
        width, height = self.size()
        while True:
            data = encode(paint((width, height)))
            if not self.small or len(data) <= SMALL_BYTES or max(width, height) < 24:
                return data
            width, height = max(width * 3 // 4, 16), max(height * 3 // 4, 16)

    def saved(self, picture, name, **options):
        stream = io.BytesIO()
        picture.save(stream, name, **options)
        return stream.getvalue()

    def exif(self, size):
        """Exif like that of a camera, with a maker note that pads it to about `size` bytes."""
        tags = Image.Exif()
        tags[0x010F], tags[0x0110], tags[0x0132] = "Maker", "Model", "2026:01:02 03:04:05"
        tags[0x0112] = self.random.choices(range(1, 9), [60, 3, 8, 1, 1, 15, 1, 11])[0]
        tags.get_ifd(0x8769)[0x927C] = self.random.randbytes(max(size - 250, 4))
        return tags.tobytes()

    # The kinds of files

    def jpeg(self, mode="RGB", **options):
        quality = self.random.randint(30, 50) if self.small else self.random.randint(55, 90)
        return self.encode(
            lambda size: self.photo(size, mode), lambda picture: self.saved(picture, "JPEG", quality=quality, **options)
        )

    def jpeg_small_exif(self):
        return self.jpeg(exif=self.exif(self.random.randint(100, 600 if self.small else 4000)))

    def jpeg_large_exif(self):
        return self.jpeg(
            exif=self.exif(self.random.randint(700, 1800) if self.small else self.random.randint(8000, 60000))
        )

    def jpeg_far_frame(self):
        """The frame header comes after several long segments."""
        data = self.jpeg_large_exif()
        if self.small:
            return data
        at = after_applications(data)
        signature = b"http://ns.adobe.com/xmp/extension/\0"
        parts = []
        for _ in range(self.random.randint(2, 4)):
            body = signature + self.random.randbytes(self.random.randint(33_000, 65_000))
            parts.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
        return data[:at] + b"".join(parts) + data[at:]

    def mpo(self):
        return self.encode(
            self.photo,
            lambda picture: self.saved(
                picture, "MPO", save_all=True, append_images=[picture], quality=40 if self.small else 70
            ),
        )

    def png(self, mode="RGB"):
        about = PngImagePlugin.PngInfo()
        if self.random.random() < 0.4:
            about.add_text("Comment", "x" * self.random.randint(20, 500 if self.small else 3000))
        return self.encode(
            lambda size: self.screen(size, mode), lambda picture: self.saved(picture, "PNG", pnginfo=about)
        )

    def animation(self, name):
        return self.encode(
            self.frames,
            lambda frames: self.saved(
                frames[0].convert("RGB") if name == "WEBP" else frames[0],
                name,
                save_all=True,
                append_images=frames[1:],
                duration=100,
            ),
        )

    def gif(self):
        return self.encode(lambda size: self.screen(size, "P"), lambda picture: self.saved(picture, "GIF"))

    def webp(self, **options):
        mode = self.random.choice(["RGB", "RGBA"]) if options.get("lossless") else "RGB"
        paint = self.screen if options.get("lossless") else self.photo
        return self.encode(
            lambda size: paint(size, mode), lambda picture: self.saved(picture, "WEBP", method=1, **options)
        )

    def kinds(self):
        """The share, suffix and factory of each kind of file, by format."""
        return {
            "jpeg": [
                (25, ".jpg", self.jpeg),
                (26, ".jpg", self.jpeg_small_exif),
                (22, ".JPG", self.jpeg_large_exif),
                (5, ".jpg", self.jpeg_far_frame),
                (11, ".jpeg", lambda: self.jpeg(progressive=True)),
                (5, ".jpg", lambda: self.jpeg("L")),
                (2, ".jpg", lambda: self.jpeg("CMYK")),
                (4, ".jpg", self.mpo),
            ],
            "png": [
                (40, ".png", self.png),
                (25, ".png", lambda: self.png("P")),
                (25, ".png", lambda: self.png("RGBA")),
                (10, ".png", lambda: self.animation("PNG")),
            ],
            "gif": [(50, ".gif", self.gif), (50, ".gif", lambda: self.animation("GIF"))],
            "webp": [
                (50, ".webp", self.webp),
                (20, ".webp", lambda: self.webp(lossless=True)),
                (20, ".webp", lambda: self.webp(exif=self.exif(300))),
                (10, ".webp", lambda: self.animation("WEBP")),
            ],
        }

    def bad(self):
        """Files that occur among images by mistake: broken, renamed, unusual, or of another format."""
        jpeg, png, gif, webp = self.jpeg_small_exif(), self.png(), self.gif(), self.webp()
        frame = jpeg.index(b"\xff\xc0", after_applications(jpeg))
        size = (40, 30)
        screen = gif[:6] + struct.pack("<HH", 7, 5) + gif[10:]
        return [
            Encoding(b"", ".jpg", serial=False),
            Encoding(b"\xff\xd8\xff", ".jpg", serial=False),
            Encoding(jpeg[: frame - 20], ".jpg", serial=False),
            Encoding(jpeg[: frame + 6], ".jpg", serial=False),
            Encoding(jpeg[: len(jpeg) // 2], ".jpg", serial=False),
            Encoding(jpeg[:2] + jpeg[-2:], ".jpg"),
            Encoding(jpeg[: frame + 5] + bytes(4) + jpeg[frame + 9 :], ".jpg"),
            Encoding(jpeg[:2] + b"\xff" * 9 + jpeg[2:], ".jpg"),
            Encoding(png[:20], ".png", serial=False),
            Encoding(png[: len(png) // 2], ".png", serial=False),
            Encoding(gif[:9], ".gif", serial=False),
            Encoding(gif[:13], ".gif", serial=False),
            Encoding(screen, ".gif"),
            Encoding(webp[:18], ".webp", serial=False),
            Encoding(b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), ".webp"),
            Encoding(b"These are only notes.\n" * 20, ".jpg"),
            Encoding(b"<!DOCTYPE html><title>404 Not Found</title>\n", ".png"),
            Encoding(self.random.randbytes(2000), ".png"),
            Encoding(self.random.randbytes(300), "", serial=False),
            Encoding(png, ".jpg"),
            Encoding(jpeg, ".webp"),
            Encoding(webp, ".gif"),
            Encoding(b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>\n', ".svg", serial=False),
            Encoding(b"%PDF-1.7\n%...\n", ".pdf"),
            *(
                Encoding(self.saved(self.screen(size), name), suffix)
                for name, suffix in (
                    ("BMP", ".bmp"),
                    ("TIFF", ".tif"),
                    ("AVIF", ".jpg"),
                    ("ICO", ".ico"),
                    ("JPEG2000", ".jp2"),
                    ("PPM", ".ppm"),
                )
            ),
        ]


def after_applications(jpeg):
    """Return the end offset of the segments APP0 to APP15 at the start of a JPEG."""
    at = 2
    while 0xE0 <= jpeg[at + 1] < 0xF0:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return at


def encodings(mix, painter):
    """Return all encodings and their weights."""
    made, weights = [], []
    kinds = painter.kinds()
    for name, share in MIXES[mix].items():
        if name == "bad":
            bad = painter.bad()
            made += bad
            weights += [share / len(bad)] * len(bad)
            continue
        total = sum(part for part, _, _ in kinds[name])
        for part, suffix, make in kinds[name]:
            made += [Encoding(make(), suffix) for _ in range(ENCODINGS)]
            weights += [share * part / total / ENCODINGS] * ENCODINGS
    return made, weights


def write(top, files, made, weights, dice):
    """Write files into folders, three levels deep, and return the number of bytes."""
    leaves = -(-files // FILES_IN_FOLDER)
    side = round(leaves ** (1 / 3)) or 1
    folders = []
    for number in range(leaves):
        middle, low = divmod(number, side)
        folder = top / f"{middle // side:03d}" / f"album-{middle % side:03d}" / f"part-{low:03d}"
        folder.mkdir(parents=True)
        folders.append(str(folder))
    size = 0
    for number, encoding in enumerate(dice.choices(made, weights, k=files)):
        path = f"{dice.choice(folders)}/img_{number:07d}{encoding.suffix}"
        data = encoding.data + number.to_bytes(8, "big") if encoding.serial else encoding.data
        with open(path, "wb", buffering=0) as stream:  # noqa: PTH123 - called a million times
            stream.write(data)
        size += len(data)
    return size


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, help="a new folder (default: in benchmarks/corpus)"
    )
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", choices=MIXES, default="mixed")
    parser.add_argument("--small", action="store_true", help="files of up to 4 KB, for hundreds of thousands of files")
    options = parser.parse_args()
    folder = options.folder or DEFAULT / f"{options.mix}-{options.files}{'-small' if options.small else ''}"
    if folder.exists():
        parser.error(f"{folder} already exists")
    start = time.monotonic()
    made, weights = encodings(options.mix, Painter(options.seed, small=options.small))
    print(f"{len(made)} encodings in {time.monotonic() - start:.0f} s")
    size = write(folder, options.files, made, weights, random.Random(options.seed))
    print(f"{folder}: {options.files:,} files, {size / 1e6:,.0f} MB in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
