"""The way into the command line: `imgcost`, and `python -m imgcost`."""

from __future__ import annotations

import gc

__all__ = ["run"]

THRESHOLD = 100_000
"""Objects between two looks for garbage in cycles: a scan makes millions of tuples, and hardly a cycle among them."""


def run() -> None:
    """Run the command line."""
    gc.set_threshold(THRESHOLD)
    from imgcost.cli import main  # noqa: PLC0415 - loading it makes a good part of those objects

    main(prog_name="imgcost")


if __name__ == "__main__":
    run()
