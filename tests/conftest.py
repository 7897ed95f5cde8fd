"""Shared by all tests: golden tables, small images, and a deterministic hypothesis profile."""

from __future__ import annotations

import csv
import os
import struct
from pathlib import Path
from zlib import crc32

from hypothesis import settings

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data"
SAMPLES = DATA / "samples"

if "PYTEST_XDIST_WORKER" in os.environ:  # measure workers, not the programs that tests start
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

# Deterministic, so that a failure can be reproduced anywhere.
settings.register_profile("imgcost", deadline=None, derandomize=True, max_examples=300)
settings.load_profile("imgcost")


def golden(name):
    """Return the rows of a table in data/ as dictionaries; lines that begin with # have its sources."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def png(width, height, data=b""):
    """Return a PNG without its end, with arbitrary image data."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\r"
        + header
        + struct.pack(">I", crc32(header))
        + struct.pack(">I", len(data))
        + b"IDAT"
        + data
        + struct.pack(">I", crc32(b"IDAT" + data))
    )
