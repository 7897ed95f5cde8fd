"""The verdict on one image: which of a platform's limits on a single image it breaks.

An image with a readable header is `accepted`, or `fixable`: rejected as it is, and accepted at the same tokens once it
is resized or converted. What has no readable header is `unreadable` and never gets here. Every report, rule and plan
takes the verdict from this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.headers import format_name
from imgcost.payloads import base64_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.payloads import Bytes
    from imgcost.tables import Limits, Source

__all__ = ["Breach", "LimitName", "Reason", "breaches", "byte_limit", "exceeded_limits", "sent_bytes", "unsupported"]

LimitName: TypeAlias = Literal["format", "image-edge", "image-bytes"]
"""The limits on a single image, by the names of their rules."""


class Reason(NamedTuple):
    """Why an image would be rejected as it is; images with the same reason are counted together.

    Attributes:
        rule: The limit.
        phrase: The limit as people count it: `over 8,000 px`, `over 10,485,760 bytes`, `TIFF`.
    """

    rule: LimitName
    phrase: str


class Breach(NamedTuple):
    """A limit that an image breaks.

    Attributes:
        reason: The limit.
        message: What is wrong with the image.
        observed: What was measured: the format, the longer edge in px, or bytes.
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
    """Measure an image file as the platform does.

    Args:
        file_bytes: Size of the file, bytes; or an int64 array of sizes.
        limits: The limits of the platform.

    Returns:
        Bytes that limits on bytes are compared with: of the base64 text, or of the file; for an array an array of the
        same shape.
    """
    return file_bytes if limits.image_bytes_of == "file" else base64_length(file_bytes)


def exceeded_limits(width: Any, height: Any, size_bytes: Any, limits: Limits) -> Iterator[tuple[Reason, Any]]:
    """Compare an image, or columns of images, with every limit on the size of a single image.

    Args:
        width: Width as stored, px; an integer or an int64 array.
        height: Height as stored, px; likewise.
        size_bytes: What `sent_bytes` measures, 0 where it is not known; likewise.
        limits: The limits of the platform. What it does not state is not checked.

    Yields:
        Each limit, and whether the image exceeds it; for arrays a boolean array.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> [broken for _, broken in exceeded_limits(8001, 10, 99, limits_on("claude-api", date(2026, 11, 22)))]
    [True, False]
    """
    edge, most = limits.image_edge, byte_limit(limits)
    if edge is not None:
        yield Reason("image-edge", f"over {edge:,} px"), (width > edge) | (height > edge)
    if most is not None:
        yield Reason("image-bytes", f"over {most:,} bytes"), size_bytes > most


def byte_limit(limits: Limits) -> int | None:
    """The largest image in bytes: where no limit on an image is published, a request of it alone still has one."""
    return limits.request_bytes if limits.image_bytes is None else limits.image_bytes


def unsupported(media_type: str | None, limits: Limits) -> Reason | None:
    """Tell whether a platform does not take a format.

    Args:
        media_type: By content, such as `image/tiff`; None where it is not known.
        limits: The limits of the platform.

    Returns:
        The reason to reject it; None where the platform takes it, or does not state what it takes.
    """
    if media_type is None or limits.media_types is None or media_type in limits.media_types:
        return None
    return Reason("format", format_name(media_type))


def breaches(
    media_type: str | None, width: int, height: int, size_bytes: int | None, limits: Limits
) -> Iterator[Breach]:
    """List every limit on a single image that an image breaks.

    Args:
        media_type: By content, such as `image/jpeg`; None where it is not known.
        width: Width as stored, px; 0 where it is not known.
        height: Height as stored, px; likewise.
        size_bytes: What `sent_bytes` measures; None where it is not known.
        limits: The limits of the platform. What it does not state is not checked.

    Yields:
        The limits broken, the format first. Without any the image is accepted.

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> [one.message for one in breaches("image/tiff", 9000, 10, 500, limits_on("claude-api", date(2026, 11, 22)))]
    ['TIFF is not supported', '9000x10 px: a side is longer than 8,000 px']
    """
    reason = unsupported(media_type, limits)
    if reason:
        types = ", ".join(limits.media_types or ())
        sources = limits.statements["media_types"].sources
        yield Breach(reason, f"{reason.phrase} is not supported", reason.phrase, types, None, sources)
    for reason, broken in exceeded_limits(width, height, size_bytes or 0, limits):
        if not broken:
            continue
        if reason.rule == "image-edge":
            edge = limits.image_edge or 0
            message = f"{width}x{height} px: a side is longer than {edge:,} px"
            sources = limits.statements["image_edge"].sources
            yield Breach(reason, message, max(width, height), edge, "px", sources)
        else:
            most, kind = byte_limit(limits) or 0, "bytes" if limits.image_bytes_of == "file" else "bytes as base64"
            message = f"{size_bytes:,} {kind}: the limit is {most:,}"
            stated = "request_bytes" if limits.image_bytes is None else "image_bytes"
            yield Breach(reason, message, size_bytes or 0, most, "bytes", limits.statements[stated].sources)
