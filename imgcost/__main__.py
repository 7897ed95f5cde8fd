"""Entry point of the command line: `imgcost` and `python -m imgcost`."""

from __future__ import annotations

import gc

__all__ = ["run"]

GC_THRESHOLD = 100_000
"""Garbage collection threshold: scans allocate millions of tuples and almost no reference cycles."""


def run() -> None:
    """Run the command line."""
    gc.set_threshold(GC_THRESHOLD)
    from imgcost.cli import main  # noqa: PLC0415 - the import itself allocates many objects

    main(prog_name="imgcost")


if __name__ == "__main__":
    run()
