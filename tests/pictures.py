"""Images, PDFs and requests of any size for the tests of pre-flight checks."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image
from pypdf import PdfWriter

from imgcost.headers import HEAD_BYTES, Header, parse_header

MODEL = "claude-opus-5"
"""A model with a context of 1,000,000 tokens and the high-resolution tier."""

SMALL_MODEL = "claude-haiku-4-5"
"""A model with a context of 200,000 tokens and the standard tier."""


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width=300, height=300, file_bytes=None):
    """Build a PNG of one color that decodes, with a comment that pads it to `file_bytes`."""
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height)
    parts = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        chunk(b"IDAT", rows),
        chunk(b"IEND"),
    ]
    if file_bytes is not None:
        parts.insert(2, chunk(b"tEXt", b"c\0" + bytes(file_bytes - sum(map(len, parts)) - 14)))
    return b"".join(parts)


def encoded(kind, width=300, height=300, **options):
    out = io.BytesIO()
    Image.new("RGB", (width, height), "gray").save(out, kind, **options)
    return out.getvalue()


def noise(kind, width, height, **options):
    """Encode an image of which a smaller copy has fewer bytes."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 50).save(out, kind, **options)
    return out.getvalue()


def tree(folder, **files):
    """Write files by their names, with `__` for slashes and `_` for the dot of the suffix."""
    for name, data in files.items():
        *parents, last = name.split("__")
        path = folder.joinpath(*parents, ".".join(last.rsplit("_", 1)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def contents(folder):
    """Return the files below a folder, with their bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pdf(pages=1, password=None):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(612, 792)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def text(data):
    return base64.b64encode(data).decode()


def image_block(data, media_type="image/png", **more):
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": text(data)}, **more}


def document_block(data):
    source = {"type": "base64", "media_type": "application/pdf", "data": text(data)}
    return {"type": "document", "source": source}


def request(*blocks, model=MODEL):
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": list(blocks)}]}


class Endless:
    """A file of a head followed by endless repetitions of a unit; reads must be bounded."""

    def __init__(self, head, unit):
        self.head, self.unit, self.reads, self.total = head, unit, 0, 0

    def read_at(self, offset, size):
        self.reads += 1
        self.total += size
        assert self.reads < 10_000, "no bound"
        assert self.total < 80 << 20, "no bound"
        before = self.head[offset : offset + size]
        phase = max(0, offset - len(self.head)) % len(self.unit)
        missing = size - len(before)
        return before + (self.unit * (missing // len(self.unit) + 2))[phase : phase + missing]

    def parse(self):
        return Header(*parse_header(self.read_at(0, HEAD_BYTES), self.read_at))


def similarity(one, other):
    """The mean structural similarity of luminance, with a uniform window of 7 px (Wang et al., 2004)."""
    x, y = (np.asarray(image.convert("L"), np.float64) for image in (one, other))

    def mean(values):
        sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        return (sums[7:, 7:] - sums[:-7, 7:] - sums[7:, :-7] + sums[:-7, :-7]) / 49

    mean_x, mean_y = mean(x), mean(y)
    scale = 49 / 48  # sample covariance
    variances = scale * (mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2)
    covariance = scale * (mean(x * y) - mean_x * mean_y)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(
        ((2 * mean_x * mean_y + c1) * (2 * covariance + c2) / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean()
    )
