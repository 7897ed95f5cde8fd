"""The library in other programs: it changes no global state, survives a fork, and works wherever it is called."""

from __future__ import annotations

import decimal
import gc
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from conftest import SAMPLES, png

import imgcost
from imgcost.files import workers

pytestmark = pytest.mark.slow  # starts processes

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")


# Global state


def state():
    """Return global state that a library must not change."""
    return {
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "gc": (gc.get_threshold(), gc.isenabled()),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else None,
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": str(decimal.getcontext()),
        "limits": (sys.getrecursionlimit(), sys.get_int_max_str_digits(), sys.getswitchinterval()),
        "pillow": (PIL.Image.MAX_IMAGE_PIXELS, PIL.Image.WARN_POSSIBLE_FORMATS),
        "numpy": np.geterr(),
        "random": random.getstate(),
        "location": (Path.cwd(), dict(os.environ)),
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.excepthook, sys.unraisablehook),
        "running": (threading.active_count(), active_children()),
    }


CALLS = {
    "scan": lambda: list(imgcost.scan(SAMPLES)),
    "scan with workers": lambda: list(imgcost.scan(SAMPLES, jobs=2)),
    "audit": lambda: imgcost.audit(SAMPLES),
    "check_images": lambda: imgcost.check_images([SAMPLES]),
    "check_request": lambda: imgcost.check_request(
        {"model": "claude-opus-5", "messages": [{"role": "user", "content": "hello"}]}
    ),
    "plan": lambda: imgcost.plan([str(SAMPLES)], models="sonnet"),
    "estimate": lambda: imgcost.estimate(1000, 1000, model="sonnet"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_does_not_change_global_state(name, monkeypatch):
    monkeypatch.setattr(workers, "ALONE_SECONDS", 0)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 0)
    PIL.Image.init()
    before = state()
    CALLS[name]()
    assert state() == before


# Callers

EAGER = """
import sys, threading, time
from imgcost.files import probing, workers
workers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0
from imgcost import scan
print("begun", flush=True)
"""

CALLERS = {
    "no guard": "print(len(list(scan(sys.argv[1], jobs=2))))",
    "with a thread": """
thread = threading.Thread(target=time.sleep, args=(20,), daemon=True)
thread.start()
print(len(list(scan(sys.argv[1], jobs=2))))
""",
    "in a worker": """
def count(folder):
    return len(list(scan(folder, jobs=2)))
import multiprocessing
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply_async(count, (sys.argv[1],)).get(30))
""",
    "in an executor": """
def count(folder):
    return len(list(scan(folder, jobs=2)))
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
    print(pool.submit(count, sys.argv[1]).result(30))
""",
    "never finished": """
scanning = scan(sys.argv[1], jobs=2)
for _ in range(1500):
    next(scanning)
print(2500)
""",
    "slow storage, then a fork": """
import os
from types import SimpleNamespace
probing.getrusage = lambda _, waits=iter(range(0, 10**9, 10**5)): SimpleNamespace(ru_nvcsw=next(waits))
probing.RUSAGE_THREAD = 1
assert len(list(scan(sys.argv[1]))) == 2500
assert probing._storage.threaded_chunks
child = os.fork()
if not child:
    print(len(list(scan(sys.argv[1]))), flush=True)
    os._exit(0)
os.waitpid(child, 0)
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("pictures")
    for number in range(2500):
        (top / f"{number}.png").write_bytes(png(1 + number, 5))
    return top


@LINUX
@pytest.mark.parametrize("started", ["script", "stdin", "-c"])
@pytest.mark.parametrize("caller", CALLERS)
def test_a_scan_with_jobs_works_wherever_it_is_called(folder, tmp_path, caller, started):
    code = EAGER + CALLERS[caller]
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    arguments = {"script": [str(script)], "stdin": ["-"], "-c": ["-c", code]}[started]
    completed = subprocess.run(
        [sys.executable, *arguments, str(folder)],
        input=code if started == "stdin" else "",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "begun\n2500\n", "")
