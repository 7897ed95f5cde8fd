"""Images as base64 text: looked at from both ends, and never decoded whole.

The header needs the first bytes and the test for a missing end the last ones; how many bytes there are is arithmetic.
So a request of a hundred large images is checked in milliseconds, and its text is not copied.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from imgcost.figures import plural
from imgcost.headers import HEAD_BYTES, Contents, inspect_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Payload", "base64_length", "encoded_runs", "read_payload"]

Bytes = TypeVar("Bytes", int, "NDArray[np.int64]")

_FOREIGN = re.compile(r"[^A-Za-z0-9+/]")
_END_LETTERS = 256

_WINDOW = 256
"""Text is looked at in windows of this length: a run of twice as many characters has one to itself."""

_DATA_URL = ";base64,"
_MIN_DATA_URL = 64
_NOT_IN_RUN = re.compile(r"[^A-Za-z0-9+/=_\\\r\n-]")
_LAST_NOT_IN_RUN = re.compile(r".*[^A-Za-z0-9+/=_\\\r\n-]", re.DOTALL)
_MIX = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])", re.DOTALL)
_LINE = re.compile(r"[A-Za-z0-9+/_-]{60}")


class Payload(NamedTuple):
    """What a base64 text holds.

    Attributes:
        text_bytes: The length of the text, which is what the API measures.
        contents: What is encoded, or None where the text is no base64.
        problem: Why it is none, as a sentence; else None.
    """

    text_bytes: int
    contents: Contents | None
    problem: str | None = None


def base64_length(file_bytes: Bytes) -> Bytes:
    """Tell how long a file is as base64 text.

    Args:
        file_bytes: The length of the file, bytes; or an int64 array of lengths.

    Returns:
        Characters, with padding and without line breaks; for an array an array of the same shape.

    Example:
        >>> base64_length(7_864_320)
        10485760
    """
    return -(-file_bytes // 3) * 4


def read_payload(text: str) -> Payload:
    """Look at the image in a base64 text.

    Only both ends are looked at: a foreign character in the middle of a long text is not found. Looking at every
    character costs 1 ms per MB, seven times what all of a check of large images costs.

    Args:
        text: The text. Line breaks in it are passed over, at the price of a copy.

    Returns:
        What it holds.

    Example:
        >>> read_payload("R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7").contents.header.width
        8
        >>> read_payload("data:image/png;base64,iVBORw0KGgo=").problem
        "it is a data URL: send only what follows 'base64,'"
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
    except ValueError:  # between the ends, where only some files are looked at
        return Payload(length, None, _problem(text))


def _is_base64_at_both_ends(text: str) -> bool:
    # Three signs of padding are one too many; not every Python says so.
    if len(text) % 4 or not text.isascii() or text.endswith("==="):
        return False
    try:
        a2b_base64(text[: base64_length(HEAD_BYTES)], strict_mode=True)
        a2b_base64(text[-_END_LETTERS:], strict_mode=True)
    except ValueError:
        return False
    return True


def _problem(text: str) -> str:
    """Say why a text is no base64."""
    if text[:5].lower() == "data:":
        return "it is a data URL: send only what follows 'base64,'"
    found = _FOREIGN.search(text.rstrip("="))
    if found:
        return f"it holds {found[0]!a}, which is no letter of base64"
    if len(text) % 4:
        return f"its {plural(len(text), 'character')} are not a multiple of 4: it is cut, or its padding is missing"
    return "its padding is wrong"


def encoded_runs(text: str) -> Iterator[tuple[int, int]]:
    """Find base64 inside a text, such as an image that was pasted or printed into it.

    Args:
        text: Any text. It is looked at in windows, so that ordinary prose costs next to nothing.

    Yields:
        Where each run begins and ends. Runs of 512 characters and more are found, in lines or not; shorter ones only
        behind `;base64,`, as in a data URL.

    Example:
        >>> list(encoded_runs("Look: data:image/png;base64," + "iVBORw0K" * 8 + "."))
        [(28, 92)]
    """
    done, clean, url = 0, None, text.find(_DATA_URL)
    for at in range(0, len(text), _WINDOW):
        if at < done:
            continue
        window = text[at : at + _WINDOW]
        if 0 <= url < at + _WINDOW:
            begin = url + len(_DATA_URL)
        elif _NOT_IN_RUN.search(window) or len(window) < _WINDOW:
            clean = None
            continue
        else:
            clean = at if clean is None else clean
            if not _is_encoded(window):
                continue  # such as the zeros in an image, unless all of it is like that
            begin = _begin(text, done, clean)
        foreign = _NOT_IN_RUN.search(text, begin)
        done, clean = foreign.start() if foreign else len(text), None
        url = text.find(_DATA_URL, done) if 0 <= url < done else url
        if done - begin >= _MIN_DATA_URL:
            yield begin, done


def _is_encoded(window: str) -> bool:
    """Whether characters of base64 are neither a number nor a list of words."""
    return _MIX.match(window) is not None and _LINE.search(window) is not None


def _begin(text: str, done: int, at: int) -> int:
    """Where a run begins that fills a window; it does not fill the window before."""
    before = max(done, at - _WINDOW)
    foreign = _LAST_NOT_IN_RUN.match(text, before, at)
    return foreign.end() if foreign else before
