"""Read the data of images and documents leniently: base64 that a client wrote carelessly, files, data URLs."""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from imgcost.figures import plural
from imgcost.headers import inspect_bytes
from imgcost.messages import is_file
from imgcost.shapes.media import source_from_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.errors import HeaderError

__all__ = ["as_text", "find_image", "read_source"]

_STANDARD = str.maketrans("-_", "+/")


def read_source(source: Mapping[Any, Any]) -> bytes | None:
    r"""Return the bytes of a source.

    Line breaks, a data URL around the data, the URL-safe alphabet and missing padding are understood.

    Args:
        source: A source of type `base64`, or of type `url` with a data URL. An open file is read and its position
            restored.

    Returns:
        The bytes; None if they are elsewhere, or the text is something else.

    >>> read_source({"type": "base64", "data": "data:image/gif;base64,R0lG_-8"})
    b'GIF\xff\xef'
    >>> read_source({"type": "base64", "data": "photo.png"}) is None
    True
    """
    kind = source.get("type")
    data = source.get("data") if kind == "base64" else source.get("url") if kind == "url" else None
    if isinstance(data, str):
        is_url = data.lstrip()[:5].lower() == "data:"
        return _decoded(data) if is_url or kind == "base64" else None
    if kind != "base64" or data is None or not is_file(data):
        return None
    try:
        if isinstance(data, os.PathLike):
            with open(data, "rb") as file:
                return file.read()
        position = data.tell()
        try:
            return bytes(data.read())
        finally:
            data.seek(position)
    except Exception:  # noqa: BLE001 - a file-like object may raise anything; the rules report it
        return None


def find_image(data: bytes) -> tuple[bytes, str | None]:
    r"""Return the image in data that is wrapped in something else.

    Args:
        data: The bytes of a source.

    Returns:
        The bytes of the image, and what was done to find it, as a phrase; the data and None if nothing was needed, or
        if nothing helps.

    >>> find_image(b"[Warning] two displays\nGIF89a..............")
    (b'GIF89a..............', 'removed 23 bytes before the image')
    """
    problem = _problem(data)
    if problem is None or problem.problem in {"empty", "unsupported"}:
        return data, None
    if problem.start:
        return data[problem.start :], f"removed {plural(problem.start, 'byte')} before the image"
    inner = _decoded(data.decode("ascii")) if data.isascii() else None
    inner_problem = None if inner is None else _problem(inner)
    if inner is None or (inner_problem and inner_problem.problem != "unsupported"):
        return data, None
    return inner, "decoded a second time, because it was encoded twice"


def _problem(data: bytes) -> HeaderError | None:
    return inspect_bytes(lambda offset, size: data[offset : offset + size], len(data)).problem


def as_text(data: bytes) -> str:
    """Encode bytes as base64 text.

    >>> as_text(b"GIF")
    'R0lG'
    """
    return b2a_base64(data, newline=False).decode()


def _decoded(text: str) -> bytes | None:
    text = text.strip()
    if text[:5].lower() == "data:":
        source = source_from_url(text)
        if source["type"] != "base64":
            return None
        text = source["data"]
    text = "".join(text.split()).translate(_STANDARD)
    if len(text) % 4 == 1:
        return None
    try:
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        return None
