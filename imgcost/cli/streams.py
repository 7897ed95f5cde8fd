"""Standard streams as a shell hands them over: of any encoding, or closed."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["prepare_streams"]


def prepare_streams() -> None:
    """Make every standard stream usable.

    A character that the encoding of a terminal does not have is printed as an escape: file names may have any. A stream
    that is closed (`>&-`) becomes the null device, so that no file that is opened later gets its place.
    """
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open as long as the process
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
