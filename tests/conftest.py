"""Shared by all tests: golden tables, small images, hypothesis profiles, and what makes a test slow."""

from __future__ import annotations

import csv
import os
import re
import shutil
import struct
import sys
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data"
SAMPLES = DATA / "samples"

if "PYTEST_XDIST_WORKER" in os.environ:  # measure workers, not the programs that tests start
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

# Deterministic, so that a failure can be reproduced anywhere. `make check` uses the profile "quick".
settings.register_profile("imgcost", deadline=None, derandomize=True, max_examples=300)
settings.register_profile("quick", settings.get_profile("imgcost"), max_examples=30)
settings.load_profile("imgcost")


def fewer_examples(percent):
    """Run a test with a part of the profile's number of examples, because each of them takes long."""
    return settings(max_examples=settings.default.max_examples * percent // 100)


# What is slow: `-m "not slow"` is for the tests that need neither a process nor much time.

SLOW_FILE = re.compile(r"^pytestmark = .*mark\.slow\b", re.MULTILINE)

may_start_processes = True


def pytest_ignore_collect(collection_path, config):
    """Skip files of slow tests before they are imported: some import an SDK, which takes a second."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return True if SLOW_FILE.search(collection_path.read_text(encoding="utf-8")) else None
    return None


def pytest_itemcollected(item):
    """Mark a test that uses LibreOffice as slow."""
    if "libreoffice" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    global may_start_processes  # noqa: PLW0603 - an audit hook gets no context and cannot be removed
    may_start_processes = item.get_closest_marker("slow") is not None
    try:
        return (yield)
    finally:
        may_start_processes = True


def fail_in_fast_tests(event, _arguments):
    if event == "subprocess.Popen" and not may_start_processes:
        pytest.fail("this test starts a process, so it needs pytest.mark.slow")


sys.addaudithook(fail_in_fast_tests)


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


@pytest.fixture(scope="session")
def libreoffice():
    """The program; tests that use it are slow."""
    return shutil.which("soffice") or shutil.which("libreoffice") or pytest.skip("LibreOffice is not installed")


@pytest.fixture(scope="module")
def server():
    """A local server of the API."""
    from api_server import api  # noqa: PLC0415 - imports the SDK

    with api() as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    """The SDK as a client of the local server."""
    import anthropic  # noqa: PLC0415 - takes a second

    with anthropic.Anthropic(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0) as sdk:
        yield sdk
