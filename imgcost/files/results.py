"""The results of a scan: images, and files that could not be counted, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from imgcost.errors import HeaderError

__all__ = ["Group", "Image", "ScanResult", "Transfer", "Unreadable", "no_access", "not_read"]


class Image(NamedTuple):
    """An image, as described by its header.

    Attributes:
        path: The file, relative to the path that was given. For an archive member, the path of the archive followed by
            that of the member.
        media_type: Such as `image/jpeg`, detected from content.
        width: Width as stored, px.
        height: Height as stored, px.
        orientation: EXIF orientation, 1 to 8; 1 if there is none or details were not read. It does not affect tokens.
        animated: Whether there is more than one frame; False if details were not read. Claude sees only the first.
        file_bytes: Size of the file, bytes.
        duplicate_of: The path of an earlier image with the same bytes, if duplicates are searched for.
    """

    path: str
    media_type: str
    width: int
    height: int
    orientation: int
    animated: bool
    file_bytes: int
    duplicate_of: str | None = None


class Unreadable(NamedTuple):
    """A file or folder that a scan could not count, with the reason.

    Attributes:
        path: The file or folder, relative to the path that was given.
        problem: A slug. For content: `empty`, `damaged`, `unsupported`, `not-an-image`. For the path: `missing`,
            `no-access`, `not-a-file`, `link-not-followed`, `seen-already`, `archive-not-entered`, `archive-limit`,
            `not-a-table`.
        reason: A sentence for people.
        format: The detected format, such as `HEIC` or `HTML page`; None if unknown.
    """

    path: str
    problem: str
    reason: str
    format: str | None = None


ScanResult: TypeAlias = Image | Unreadable

Group: TypeAlias = tuple[str, list[ScanResult]]
"""A folder and its results."""


class Transfer(NamedTuple):
    """What reading object stores took.

    Attributes:
        objects: Number of objects, including archives, which are not read.
        cached: How many of them did not have to be read, because they were in the cache.
        requests: Number of requests for parts of objects, including failed ones; listings are not counted.
        transferred_bytes: Bytes read from objects.
    """

    objects: int = 0
    cached: int = 0
    requests: int = 0
    transferred_bytes: int = 0


def no_access(path: str, error: OSError | ValueError) -> Unreadable:
    """Report a path that cannot be read, with the error message of the operating system.

    >>> no_access("a", PermissionError(13, "Permission denied")).reason
    'permission denied'
    """
    if isinstance(error, FileNotFoundError):
        return Unreadable(path, "missing", "no such file or folder")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if reason[1:2].islower():  # leave abbreviations alone
        reason = reason[0].lower() + reason[1:]
    return Unreadable(path, "no-access", reason)


def not_read(path: str, error: HeaderError) -> Unreadable:
    """Report a file whose header could not be read as an image.

    >>> from imgcost.errors import HeaderError
    >>> not_read("a", HeaderError("unsupported", "WMF file", format="WMF")).format
    'WMF'
    """
    return Unreadable(path, error.problem, error.reason, error.format)
