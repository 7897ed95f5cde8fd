"""CPU time and peak memory of `scan` on archives that are designed to exhaust them, each in a separate process.

Run it as `python -m benchmarks.bombs [DIR]`; Linux only. The archives are kept in DIR, if given.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from imgcost.files.forward import max_decompressed_bytes
from tests import test_files_bombs as bombs
from tests.test_files_archives import jpeg, tarred, zipped

if TYPE_CHECKING:
    from collections.abc import Iterable

MEASURE = """
import sys
import time
from imgcost.files import scan
entries = sum(1 for _ in scan(sys.argv[1]))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f"{time.process_time():6.2f} s {int(peak.split()[1]) >> 10:5} MiB {entries:8,} entries")
"""


def write_bombs(folder: Path) -> None:
    """Write one archive per kind of attack."""
    far = jpeg(9, 6, far=250)
    (folder / "looks-back.zip").write_bytes(zipped([("a.jpg", bombs.looks_back(bombs.ZIP_HOP, 2000))]))
    (folder / "looks-back.tar.gz").write_bytes(tarred([("a.jpg", bombs.looks_back(bombs.TAR_HOP, 1900))], "gz"))
    (folder / "overlapping.zip").write_bytes(bombs.overlapping(60, far))
    (folder / "bzip2.zip").write_bytes(zipped([(f"{number}.jpg", far) for number in range(40)], zipfile.ZIP_BZIP2))
    claim = bombs.header("long", 1_560_000_000, tarfile.GNUTYPE_LONGNAME)
    _write_gzip(folder / "claim.tar.gz", [claim, *[b"a" * 1_000_000] * 1560])
    _write_gzip(folder / "tiny-members.tar.gz", (bombs.header(str(number)) for number in range(400_000)))
    records = (b"".join(bombs.record(f"k{number}_{key}", "v") for key in range(4000)) for number in range(100))
    _write_gzip(
        folder / "global-headers.tar.gz",
        [*(bombs.pax([record], tarfile.XGLTYPE) for record in records), *[bombs.pax([bombs.record("a", "b")])] * 100],
    )


def _write_gzip(path: Path, parts: Iterable[bytes]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for part in parts:
            file.write(part)


def main() -> None:
    """Write the archives, scan each, print one line per archive."""
    with TemporaryDirectory() as name:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name)
        write_bombs(folder)
        for path in sorted(folder.iterdir()):
            size = path.stat().st_size
            done = subprocess.run(
                [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, timeout=600
            )
            limit = max_decompressed_bytes(size) >> 20
            print(f"{path.name:22} {size:10,} bytes, limit {limit:5} MiB: {done.stdout.rstrip()}")


if __name__ == "__main__":
    main()
