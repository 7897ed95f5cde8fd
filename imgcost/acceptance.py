"""Decide whether a platform accepts an image: which limits on a single image it breaks.

An image with a readable header is `accepted` or `fixable`: rejected as it is, but accepted with the same tokens once it
is resized or converted. A file without a readable header is `unreadable` and never gets here. All reports, rules and
plans use this module.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.figures import plural
from imgcost.headers import format_name
from imgcost.payloads import base64_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.payloads import Bytes
    from imgcost.tables import Limits, Source

__all__ = [
    "Breach",
    "LimitName",
    "Reason",
    "breaches",
    "byte_limit",
    "exceeded_limits",
    "file_limit",
    "sent_bytes",
    "unsupported",
]

LimitName: TypeAlias = Literal["format", "image-edge", "image-bytes"]
"""Limits on a single image, named like their rules."""


class Reason(NamedTuple):
    """Why an image would be rejected as it is; images with the same reason are counted together.

    Attributes:
        rule: Name of the limit.
        phrase: The limit in words: `over 8,000 px`, `over 10,485,760 bytes`, `TIFF`.
    """

    rule: LimitName
    phrase: str


class Breach(NamedTuple):
    """A limit that an image breaks.

    Attributes:
        reason: Why the image would be rejected.
        message: What is wrong, as a sentence.
        observed: The format, the longer edge in px, or the size in bytes.
        limit: What is accepted, in the same unit.
        unit: `px`, `bytes`, or None for a format.
        sources: Where the limit was published.
    """

    reason: Reason
    message: str
    observed: int | str
    limit: int | str
    unit: str | None
    sources: tuple[Source, ...]


def sent_bytes(file_bytes: Bytes, limits: Limits) -> Bytes:
    """Return the size of an image as the platform measures it.

    Args:
        file_bytes: Size of the file, bytes; or an int64 array of sizes.
        limits: Limits of the platform.

    Returns:
        Bytes of the base64 data or of the file, depending on the platform; for an array, an array of the same shape.
    """
    return file_bytes if limits.image_bytes_of == "file" else base64_length(file_bytes)


def file_limit(limits: Limits) -> int | None:
    """Return the largest file that is within the byte limit: the inverse of `sent_bytes`.

    Args:
        limits: Limits of the platform.

    Returns:
        Bytes of the file; None if no limit is published.

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> file_limit(limits_on("claude-api", date(2026, 11, 22)))
    7864320
    """
    limit = byte_limit(limits)
    return limit if limit is None or limits.image_bytes_of == "file" else limit // 4 * 3


def exceeded_limits(width: Any, height: Any, size_bytes: Any, limits: Limits) -> Iterator[tuple[Reason, Any]]:
    """Compare images with the limits on the size of a single image.

    Args:
        width: Width as stored, px; an integer or an int64 array.
        height: Height as stored, px; same type.
        size_bytes: Result of `sent_bytes`, 0 where unknown; same type.
        limits: Limits of the platform; unpublished ones are not checked.

    Yields:
        Each limit, and whether it is exceeded: a boolean, or a boolean array.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> [exceeded for _, exceeded in exceeded_limits(8001, 10, 99, limits_on("claude-api", date(2026, 11, 22)))]
    [True, False]
    """
    edge, max_bytes = limits.image_edge, byte_limit(limits)
    if edge is not None:
        yield _reason("image-edge", edge), (width > edge) | (height > edge)
    if max_bytes is not None:
        yield _reason("image-bytes", max_bytes), size_bytes > max_bytes


@cache
def _reason(rule: Literal["image-edge", "image-bytes"], limit: int) -> Reason:
    """Scans compare millions of images with the same limits."""
    return Reason(rule, f"over {limit:,} px" if rule == "image-edge" else f"over {plural(limit, 'byte')}")


def byte_limit(limits: Limits) -> int | None:
    """Return the largest size of an image in bytes: the published limit, else the limit on a whole request."""
    return limits.request_bytes if limits.image_bytes is None else limits.image_bytes


def unsupported(media_type: str | None, limits: Limits) -> Reason | None:
    """Check whether a platform rejects a format.

    Args:
        media_type: Media type detected from content, such as `image/tiff`; None if unknown.
        limits: Limits of the platform.

    Returns:
        The reason for rejection; None if the format is accepted, or if the accepted formats are not published.
    """
    if media_type is None or limits.media_types is None or media_type in limits.media_types:
        return None
    return Reason("format", format_name(media_type))


def breaches(
    media_type: str | None, width: int, height: int, size_bytes: int | None, limits: Limits
) -> Iterator[Breach]:
    """List the limits that an image breaks.

    Args:
        media_type: Media type detected from content, such as `image/jpeg`; None if unknown.
        width: Width as stored, px; 0 if unknown.
        height: Height as stored, px; 0 if unknown.
        size_bytes: Result of `sent_bytes`; None if unknown.
        limits: Limits of the platform; unpublished ones are not checked.

    Yields:
        The broken limits, the format first. None if the image is accepted.

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> limits = limits_on("claude-api", date(2026, 11, 22))
    >>> [breach.message for breach in breaches("image/tiff", 9000, 10, 500, limits)]
    ['TIFF is not supported', '9000x10 px: a side is longer than 8,000 px']
    """
    reason = unsupported(media_type, limits)
    if reason:
        types = ", ".join(limits.media_types or ())
        sources = limits.statements["media_types"].sources
        yield Breach(reason, f"{reason.phrase} is not supported", reason.phrase, types, None, sources)
    for reason, exceeded in exceeded_limits(width, height, size_bytes or 0, limits):
        if not exceeded:
            continue
        if reason.rule == "image-edge":
            edge = limits.image_edge or 0
            message = f"{width}x{height} px: a side is longer than {edge:,} px"
            sources = limits.statements["image_edge"].sources
            yield Breach(reason, message, max(width, height), edge, "px", sources)
        else:
            limit, unit = byte_limit(limits) or 0, "bytes" if limits.image_bytes_of == "file" else "bytes as base64"
            message = f"{size_bytes:,} {unit}: the limit is {limit:,}"
            name = "request_bytes" if limits.image_bytes is None else "image_bytes"
            yield Breach(reason, message, size_bytes or 0, limit, "bytes", limits.statements[name].sources)
