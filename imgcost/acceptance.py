"""The verdict on one image: which of a platform's limits on a single image it breaks.

An image with a readable header is `accepted`, or `fixable`: rejected as it is, and accepted at the same tokens once it is
resized or converted. What has no readable header is `unreadable` and never gets here. Every report, rule and plan takes
the verdict from this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from imgcost.payloads import base64_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.payloads import Bytes
    from imgcost.tables import Limits, Source

__all__ = ["Breach", "LimitName", "Status", "breaches", "is_accepted", "sent_bytes"]

Status: TypeAlias = Literal["accepted", "fixable", "unreadable"]
"""What becomes of an image: taken as it is, rejected until it is fitted, or never taken."""

LimitName: TypeAlias = Literal["format", "image-edge", "image-bytes"]
"""The limits on a single image, by the names of their rules."""

FORMATS = {
    "image/avif": "AVIF",
    "image/bmp": "BMP",
    "image/heic": "HEIC",
    "image/jp2": "JPEG 2000",
    "image/jxl": "JPEG XL",
    "image/svg+xml": "SVG",
    "image/tiff": "TIFF",
    "image/vnd.adobe.photoshop": "PSD",
    "image/x-icon": "ICO",
}
"""What people call the formats whose media type does not say it."""


class Breach(NamedTuple):
    """A limit that an image breaks.

    Attributes:
        rule: The limit.
        message: What is wrong with the image.
        observed: What was measured: the format, the longer edge in px, or bytes.
        limit: What is accepted, in the same unit.
        unit: `px`, `bytes`, or None for a format.
        sources: Where the limit was published.
    """

    rule: LimitName
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
        Bytes that `limits.image_bytes` is compared with: of the base64 text, or of the file; for an array an array of
        the same shape.
    """
    return file_bytes if limits.image_bytes_of == "file" else base64_length(file_bytes)


def is_accepted(media_type: str, width: int, height: int, size_bytes: int, limits: Limits) -> bool:
    """Check an image against every limit on a single image.

    Args:
        media_type: By content, such as `image/jpeg`.
        width: Width as stored, px.
        height: Height as stored, px.
        size_bytes: What `sent_bytes` measures.
        limits: The limits of the platform.

    Returns:
        Whether the image is `accepted`; otherwise it is `fixable`.

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> [is_accepted("image/png", edge, 1, 99, limits_on("claude-api", date(2026, 11, 22))) for edge in (8000, 8001)]
    [True, False]
    """
    return next(breaches(media_type, width, height, size_bytes, limits), None) is None


def breaches(
    media_type: str, width: int, height: int, size_bytes: int | None, limits: Limits
) -> Iterator[Breach]:
    """List every limit on a single image that an image breaks.

    Args:
        media_type: By content, such as `image/jpeg`.
        width: Width as stored, px.
        height: Height as stored, px.
        size_bytes: What `sent_bytes` measures; None where it is not known.
        limits: The limits of the platform. What it does not state is not checked.

    Yields:
        The limits broken, the format first.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> [one.message for one in breaches("image/tiff", 9000, 10, 500, limits_on("claude-api", date(2026, 11, 22)))]
    ['TIFF is not supported', '9000x10 px: a side is longer than 8,000 px']
    """
    if limits.media_types is not None and media_type not in limits.media_types:
        name = FORMATS.get(media_type, media_type)
        yield _breach("format", f"{name} is not supported", name, ", ".join(limits.media_types), None, limits)
    edge = limits.image_edge
    if edge is not None and max(width, height) > edge:
        message = f"{width}x{height} px: a side is longer than {edge:,} px"
        yield _breach("image-edge", message, max(width, height), edge, "px", limits)
    most = limits.image_bytes
    if most is not None and size_bytes is not None and size_bytes > most:
        what = "bytes" if limits.image_bytes_of == "file" else "bytes as base64"
        message = f"{size_bytes:,} {what}: the limit is {most:,}"
        yield _breach("image-bytes", message, size_bytes, most, "bytes", limits)


_STATEMENTS: dict[LimitName, str] = {
    "format": "media_types",
    "image-edge": "image_edge",
    "image-bytes": "image_bytes",
}


def _breach(
    rule: LimitName, message: str, observed: int | str, limit: int | str, unit: str | None, limits: Limits
) -> Breach:
    return Breach(rule, message, observed, limit, unit, limits.statements[_STATEMENTS[rule]].sources)
