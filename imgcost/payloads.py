"""Read images in base64 text from both ends, without decoding all of it.

The header is in the first bytes, the end marker in the last, and the file size follows from the length of the text. So
a request with a hundred large images is checked in milliseconds, without copying its text.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgcost.headers import HEAD_BYTES, Contents, inspect_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Payload", "base64_length", "encoded_runs", "read_payload"]

Bytes = TypeVar("Bytes", int, "NDArray[np.int64]")

_INVALID = re.compile(r"[^A-Za-z0-9+/]")
_END_CHARACTERS = 256

_WINDOW = 256
"""Text is searched in windows of this length: a run of twice this length fills at least one window."""

_DATA_URL = ";base64,"
_MIN_DATA_URL = 64
_NOT_IN_RUN = re.compile(r"[^A-Za-z0-9+/=_\\\r\n-]")
_LAST_NOT_IN_RUN = re.compile(r".*[^A-Za-z0-9+/=_\\\r\n-]", re.DOTALL)
_MIX = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])", re.DOTALL)
_LINE = re.compile(r"[A-Za-z0-9+/_-]{60}")


class Payload(NamedTuple):
    """The image in a base64 text.

    Attributes:
        text_bytes: The length of the text, bytes.
        contents: The decoded image; None if the text is not valid base64.
        problem: Why it is not valid base64, as a sentence; else None.
    """

    text_bytes: int
    contents: Contents | None
    problem: str | None = None


def base64_length(file_bytes: Bytes) -> Bytes:
    """Return the length of a file as base64 text.

    Args:
        file_bytes: The length of the file, bytes; or an int64 array of lengths.

    Returns:
        Number of characters, with padding and without line breaks; for an array, an array of the same shape.

    Example:
        >>> base64_length(7_864_320)
        10485760
    """
    return -(-file_bytes // 3) * 4


def read_payload(text: str) -> Payload:
    """Read the image in a base64 text.

    Only the start and the end are read, so invalid characters in the middle of a long text are not detected. Reading
    every character costs 1 ms per MB, seven times as much as the rest of a check of large images.

    Args:
        text: The text. Line breaks are removed, which copies the text.

    Returns:
        The decoded image, or why the text is not valid base64.

    Example:
        >>> read_payload("R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7").contents.header.width
        8
        >>> read_payload("data:image/png;base64,iVBORw0KGgo=").problem
        "it is a data URL; send only the text after 'base64,'"
    """
    length = len(text)
    if not _is_base64_at_both_ends(text):
        text = "".join(text.split())
        if not _is_base64_at_both_ends(text):
            return Payload(length, None, _problem(text))
    file_bytes = len(text) // 4 * 3 - (text.endswith("=") + text.endswith("=="))

    def read_at(offset: int, size: int) -> bytes:
        skip = offset % 3
        start = offset // 3 * 4
        return a2b_base64(text[start : start + base64_length(skip + size)], strict_mode=True)[skip : skip + size]

    try:
        return Payload(length, inspect_bytes(read_at, file_bytes))
    except ValueError:  # invalid base64 in the middle, which is read for some files
        return Payload(length, None, _problem(text))


def _is_base64_at_both_ends(text: str) -> bool:
    # Three padding characters are invalid, but not every Python version raises.
    if len(text) % 4 or not text.isascii() or text.endswith("==="):
        return False
    try:
        a2b_base64(text[: base64_length(HEAD_BYTES)], strict_mode=True)
        a2b_base64(text[-_END_CHARACTERS:], strict_mode=True)
    except ValueError:
        return False
    return True


def _problem(text: str) -> str:
    """Return why a text is not valid base64."""
    if text[:5].lower() == "data:":
        return "it is a data URL; send only the text after 'base64,'"
    match = _INVALID.search(text.rstrip("="))
    if match:
        return f"invalid character {match[0]!a}"
    if len(text) % 4:
        return f"its length, {len(text):,}, is not a multiple of 4; it is truncated or its padding is missing"
    return "invalid padding"


def encoded_runs(text: str) -> Iterator[tuple[int, int]]:
    """Find base64 data inside a text, such as an image that was pasted or printed into it.

    Args:
        text: Any text. It is searched in windows, so that ordinary prose costs next to nothing.

    Yields:
        Start and end of each run. Runs of at least 512 characters are found, with or without line breaks; shorter runs
        only after `;base64,`, as in a data URL.

    Example:
        >>> list(encoded_runs("Look: data:image/png;base64," + "iVBORw0K" * 8 + "."))
        [(28, 92)]
    """
    end, clean, url = 0, None, text.find(_DATA_URL)
    for at in range(0, len(text), _WINDOW):
        if at < end:
            continue
        window = text[at : at + _WINDOW]
        if 0 <= url < at + _WINDOW:
            start = url + len(_DATA_URL)
        elif _NOT_IN_RUN.search(window) or len(window) < _WINDOW:
            clean = None
            continue
        else:
            clean = at if clean is None else clean
            if not _is_encoded(window):
                continue  # such as the zeros in an image; the run is found if a later window looks like base64
            start = _run_start(text, end, clean)
        other = _NOT_IN_RUN.search(text, start)
        end, clean = other.start() if other else len(text), None
        url = text.find(_DATA_URL, end) if 0 <= url < end else url
        if end - start >= _MIN_DATA_URL:
            yield start, end


def _is_encoded(window: str) -> bool:
    """Whether base64 characters look like data, not like a number or a list of words."""
    return _MIX.match(window) is not None and _LINE.search(window) is not None


def _run_start(text: str, end: int, at: int) -> int:
    """Return the start of a run that fills the window at `at`, but not the window before it."""
    before = max(end, at - _WINDOW)
    other = _LAST_NOT_IN_RUN.match(text, before, at)
    return other.end() if other else before
