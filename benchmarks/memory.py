"""Peak memory of `imgcost check` in each format, for increasing numbers of images.

Run it as `python -m benchmarks.memory [NUMBER...]`; Linux only. Half of the images get a warning and one in a hundred
an error, so that findings grow with the images.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import png

MEASURE = """
import sys
from imgcost.cli import main
try:
    main(sys.argv[1:], prog_name="imgcost")
finally:
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(int(peak.split()[1]) >> 10, file=sys.stderr)
"""

FORMATS = ("text", "json", "github")


def write_images(folder: Path, images: int) -> None:
    """Write folders of a thousand images."""
    end = b"\0\0\0\0IEND\xae\x42\x60\x82"
    small, large = png(100, 300, end), png(300, 300, end)
    for number in range(images):
        subfolder = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            subfolder.mkdir()
        data = b"" if number % 100 == 0 else (small if number % 2 else large)
        (subfolder / f"{number:07}.png").write_bytes(data)


def main() -> None:
    """Print one line per number of images: MiB for each format."""
    print(f"{'images':>9}" + "".join(f"{style:>10}" for style in FORMATS) + "  MiB")
    for images in [int(argument) for argument in sys.argv[1:]] or [3_000, 30_000, 300_000]:
        with TemporaryDirectory() as name:
            write_images(Path(name), images)
            peaks = []
            for style in FORMATS:
                command = [sys.executable, "-c", MEASURE, "check", name, "-f", style]
                completed = subprocess.run(
                    command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=3600
                )
                peaks.append(completed.stderr.split()[-1])
            print(f"{images:9,}" + "".join(f"{peak:>10}" for peak in peaks), flush=True)


if __name__ == "__main__":
    main()
