"""What the arguments of a command are: files and folders, or tables."""

from __future__ import annotations

import glob
import json
import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.files import FileBatch, open_without_waiting
from imgcost.paths import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.files import Walk

__all__ = ["SUFFIXES", "Targets", "expanded", "is_image_url", "is_table", "sort_targets"]

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".arrow", ".feather")
"""Suffixes of tables that are read as data sets."""

_REQUEST_KEYS = frozenset(("messages", "params", "body", "contents", "custom_id", "request", "input", "message"))
"""Keys of requests, batches, logs and transcripts, which are JSON lines too."""

MAX_LINE = 1 << 20
"""Characters of the first line of a file of JSON lines that are looked at."""


class Targets(NamedTuple):
    """Arguments by what they are.

    Attributes:
        files: Files, folders and archives, and `-` for stdin.
        tables: Tables.
    """

    files: list[str]
    tables: list[str]


def sort_targets(paths: Iterable[str], shards: Walk | None = None) -> Targets:
    """Sort arguments by what they are. Globs that the shell has not expanded are expanded.

    Args:
        paths: The arguments.
        shards: How to find the tables in folders, whose images are not read then; None to read images.

    Returns:
        The files and tables, in order.

    Raises:
        ImgcostError: A folder has no tables, with `shards`.
    """
    targets = Targets([], [])
    for path in chain.from_iterable(map(expanded, paths)):
        if shards and Path(path).is_dir():
            found = list(_tables_in(path, shards))
            if not found:
                raise ImgcostError(f"{path} has no tables ({', '.join(SUFFIXES)})")
            targets.tables.extend(found)
        else:
            (targets.tables if is_table(path) else targets.files).append(path)
    return targets


def expanded(path: str) -> list[str]:
    """Return the files that a glob matches, sorted; the path itself if it exists or is not a glob.

    >>> expanded("data/samples/web/marker-*.png"), expanded("missing.png")
    (['data/samples/web/marker-icon.png'], ['missing.png'])
    """
    if is_url(path) or os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    return sorted(glob.glob(path, recursive=True)) or [path]  # noqa: PTH207 - Path has no absolute globs


def is_table(path: str) -> bool:
    """Return whether a path is a table, judging by its suffix. Requests in JSON lines are not.

    >>> is_table("sizes.parquet"), is_table("photo.png")
    (True, False)
    """
    suffix = Path(path).suffix.lower()
    if is_image_url(path) or suffix not in SUFFIXES or Path(path).is_dir():
        return False
    return suffix != ".jsonl" or not is_request_file(path)


def is_image_url(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a URL.

    Raises:
        ImgcostError: It is the URL of a table.
    """
    if is_url(path) and Path(path).suffix.lower() in SUFFIXES:
        raise ImgcostError(f"{path}: tables in object stores cannot be read, only images. Download the table first")
    return is_url(path)


def is_request_file(path: str) -> bool:
    """Return whether the first line of a file of JSON lines is a request instead of a row with a size."""
    try:
        # Path.open has no opener, and would wait for a named pipe.
        with open(path, encoding="utf-8-sig", errors="replace", opener=open_without_waiting) as file:
            row = json.loads(file.readline(MAX_LINE))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(row, dict) and not _REQUEST_KEYS.isdisjoint(row) and not {"width", "height"} <= row.keys()


def _tables_in(folder: str, walk: Walk) -> Iterator[str]:
    for step in walk._replace(archives=False).steps([folder]):
        if isinstance(step, FileBatch):
            yield from (path for path in map(step.path_of, step.names) if is_table(path))
