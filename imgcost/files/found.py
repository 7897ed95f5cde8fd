"""What a scan finds: an image, or something that it cannot count and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from imgcost.errors import HeaderError

__all__ = ["Found", "Group", "Image", "Unreadable", "no_access", "not_read"]


class Image(NamedTuple):
    """An image that the API reads, as its header tells.

    Attributes:
        path: The file, as reached from the path that was given; for a member of an archive, the archive's path and
            the member's behind it.
        media_type: `image/jpeg`, `image/png`, `image/gif` or `image/webp`, by content.
        width: Width as stored, px.
        height: Height as stored, px.
        orientation: EXIF orientation, 1 to 8; 1 where none is said, or details were not asked for. It never changes
            the tokens.
        animated: Whether there is more than one frame, if details were asked for; Claude sees the first.
        file_bytes: Size of the file, bytes.
        duplicate_of: Where duplicates are looked for: the path of an earlier image with the same bytes.
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
    """Something that a scan met and cannot count, with the reason.

    Attributes:
        path: The file or folder, as reached from the path that was given.
        problem: A slug. By content: `empty`, `damaged`, `unsupported`, `not-an-image`. By place: `missing`,
            `no-access`, `not-a-file`, `link-not-followed`, `seen-already`, `archive-not-entered`, `archive-limit`.
        reason: One sentence for people.
        format: What it is, such as `HEIC` or `HTML page`, if that is known.
    """

    path: str
    problem: str
    reason: str
    format: str | None = None


Found: TypeAlias = Image | Unreadable

Group: TypeAlias = tuple[str, list[Found]]
"""A folder, and what was found in it."""


def no_access(path: str, error: OSError | ValueError) -> Unreadable:
    """Say why a path cannot be read, in the words of the system.

    >>> no_access("a", PermissionError(13, "Permission denied")).reason
    'permission denied'
    """
    if isinstance(error, FileNotFoundError):
        return Unreadable(path, "missing", "no such file or folder")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if reason[1:2].islower():  # a sentence, and no abbreviation
        reason = reason[0].lower() + reason[1:]
    return Unreadable(path, "no-access", reason)


def not_read(path: str, error: HeaderError) -> Unreadable:
    """List a file whose header says that it is not an image that can be counted.

    >>> from imgcost.errors import HeaderError
    >>> not_read("a", HeaderError("unsupported", "WMF file", format="WMF")).format
    'WMF'
    """
    return Unreadable(path, error.problem, error.reason, error.format)
