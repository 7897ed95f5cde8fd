"""Where fitted copies go, and how they are called."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, get_args

from imgcost.fitting.options import OutputFormat
from imgcost.preflight.inputs import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "SUFFIXES",
    "Source",
    "earlier_output",
    "is_inside",
    "is_taken",
    "listed_sources",
    "named_sources",
    "output_name",
    "writable_format",
]

SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/png": (".png", ".apng"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
}
"""File extensions by media type; the first is the usual one."""


class Source(NamedTuple):
    """A file or folder to read, and where its copies go.

    Attributes:
        path: The file or folder.
        below: Where the copies go, relative to the output folder: the name of the copy of a file, or the folder for
            what a folder contains.
    """

    path: str
    below: str

    def destination(self, folder: str, name: str) -> str:
        """Return where the copy of a file goes, relative to the output folder, before its suffix is known.

        Args:
            folder: The folder of the file, from a walk of this source.
            name: Its name.

        >>> Source("photos", "").destination(os.path.join("photos", "2026"), "a.png").replace(os.sep, "/")
        '2026/a.png'
        """
        if len(folder) < len(self.path):  # the source is the file itself
            return self.below
        return os.path.join(self.below, folder[len(self.path) :].strip(os.sep), name)


def writable_format(path: str) -> OutputFormat | None:
    """Return the format that `fit` writes into a file with this suffix; None if there is none.

    >>> writable_format("small.JPG"), writable_format("small.gif"), writable_format("small")
    ('jpeg', None, None)
    """
    suffix = suffix_of(path)
    formats = get_args(OutputFormat)
    return next((name for name in formats if suffix in SUFFIXES[f"image/{name}"]), None)


def named_sources(paths: Sequence[str]) -> list[Source]:
    """Decide where copies go: those of a single folder directly into the output folder, others under their own names.

    Args:
        paths: Files and folders.

    >>> [source.below for source in named_sources(["photos/a.png", "scans/"])]
    ['a.png', 'scans']
    """
    single = len(paths) == 1 and os.path.isdir(paths[0])
    return [Source(path, "" if single else os.path.basename(os.path.abspath(path))) for path in paths]


def listed_sources(paths: Iterable[str]) -> Iterator[Source]:
    """Decide where copies of listed files go: under the same path, without its root and without `..`.

    >>> [source.below for source in listed_sources(["photos/a.png", "/data/b.png", "../c.png"])]
    ['photos/a.png', 'data/b.png', 'c.png']
    """
    for path in paths:
        rest = os.path.splitdrive(os.path.normpath(path))[1]
        yield Source(path, os.path.join("", *(part for part in rest.split(os.sep) if part not in {"", ".", ".."})))


def output_name(destination: str, media_type: str) -> str:
    """Return the name of a copy: unchanged if its suffix fits the format, otherwise with the right suffix appended.

    Appending keeps names apart: if `a.png` and `a.tif` are both converted, neither takes the name of the other.

    Args:
        destination: The name without regard to the format.
        media_type: The format of the copy.

    >>> output_name("a.JPG", "image/jpeg"), output_name("a.tif", "image/jpeg")
    ('a.JPG', 'a.tif.jpg')
    """
    suffixes = SUFFIXES[media_type]
    return destination if suffix_of(destination) in suffixes else destination + suffixes[0]


def is_taken(name: str, destination: str, path: str) -> bool:
    """Return whether the name of a converted copy belongs to the copy of another file.

    Args:
        name: See `output_name`.
        destination: The name without regard to the format.
        path: The original. If its folder has a file with the name of the copy, that file keeps the name.

    >>> is_taken("a.tif.jpg", "a.tif", "photos/a.tif")
    False
    """
    if name == destination:
        return False
    return os.path.lexists(os.path.join(os.path.dirname(path), os.path.basename(name)))


def earlier_output(folder: str, destination: str, media_types: Iterable[str], path: str) -> str | None:
    """Find the copy that an earlier run wrote.

    Args:
        folder: The output folder.
        destination: The name of the copy without regard to the format.
        media_types: Formats that the copy may have.
        path: The original.

    Returns:
        Its name, relative to the output folder; None if there is none.
    """
    for name in dict.fromkeys(output_name(destination, media_type) for media_type in media_types):
        if os.path.lexists(os.path.join(folder, name)) and not is_taken(name, destination, path):
            return name
    return None


def is_inside(path: str, folder: str) -> bool:
    """Return whether a file or folder is a folder, or inside it, under any of its names.

    >>> is_inside("data/samples/../job.toml", "data"), is_inside("data", "data/samples")
    (True, False)
    """
    try:
        inner = os.path.realpath(path)
    except ValueError:  # not a valid path
        return False
    while True:
        with suppress(OSError, ValueError):
            if os.path.samefile(inner, folder):
                return True
        outer = os.path.dirname(inner)
        if outer == inner:
            return False
        inner = outer
