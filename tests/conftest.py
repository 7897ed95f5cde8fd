"""What several test files share: the golden tables, and a deterministic hypothesis profile."""

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

if "PYTEST_XDIST_WORKER" in os.environ:  # workers are measured, and the programs that tests start are not
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

# One run is like another: what fails here fails for everybody.
settings.register_profile("imgcost", deadline=None, derandomize=True, max_examples=300)
settings.load_profile("imgcost")


def golden(name):
    """Rows of a table in data/, as dictionaries; lines that begin with # say where it comes from."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def png(width, height, data=b""):
    """A PNG up to its end, with image data that nobody decodes."""
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
