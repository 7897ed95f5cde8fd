"""Cost of an HTML report: time and memory of a scan with and without it, its size, and the speed of its panel.

python benchmarks/page.py DIR [--rounds 3]

The panel is timed in the installed chromium, if playwright is available. Changing a setting recalculates all models.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PANEL = """([name, factor]) => {
  const form = document.getElementById("settings");
  const times = [];
  for (let step = 1; step <= 20; step++) {
    form.elements[name].value = factor * step;
    const start = performance.now();
    form.dispatchEvent(new Event("input"));
    times.push(performance.now() - start);
  }
  form.elements[name].value = form.elements[name].defaultValue;
  return times;
}"""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        ratios = []
        for _ in range(chosen.rounds):
            plain, plain_bytes = timed(chosen.folder)
            with_page, page_bytes = timed(chosen.folder, "-o", page)
            ratios.append(with_page / plain)
            print(
                f"scan {plain:.2f} s, {plain_bytes / 1e6:.0f} MB; "
                f"with a report {with_page:.2f} s, {page_bytes / 1e6:.0f} MB"
            )
        print(f"with a report, a scan takes {statistics.median(ratios):.2f} times as long")
        print(f"the report has {page.stat().st_size:,} bytes")
        time_panel(page)


def timed(*arguments):
    """Return the seconds of a scan, and the peak memory of its main process, bytes."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "imgcost", "scan", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("the scan failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, usage.ru_maxrss * unit


def time_panel(page):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional
    except ImportError:
        chromium = None
    if chromium is None:
        print("the panel is not timed: playwright or chromium is missing")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(offline=True).new_page()
        start = time.perf_counter()
        tab.goto(page.as_uri())
        opened = time.perf_counter() - start
        print(f"it opens in {opened:.2f} s")
        for name, factor in (("images", 1), ("downscale", 100)):
            times = tab.evaluate(PANEL, [name, factor])
            print(f"a change of {name} takes {statistics.median(times):.0f} ms, at most {max(times):.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
