"""Prepare standard streams, which may have any encoding or be closed."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["prepare_streams"]


def prepare_streams() -> None:
    """Make every standard stream usable.

    Characters that the terminal's encoding lacks are printed as escapes. A closed stream (`>&-`) is replaced by the
    null device, so that no file opened later gets its descriptor.
    """
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - stays open until the process ends
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
