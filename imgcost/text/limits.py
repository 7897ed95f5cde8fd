"""Limits in words, with their units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.figures import number, plural

if TYPE_CHECKING:
    from datetime import date

    from imgcost.tables import Advice, Limits

__all__ = ["limit_in_words", "limit_since"]

_PARTS = {
    "image_bytes": ("image_bytes_of",),
    "images": ("images_large_context", "large_context"),
    "many_images_edge": ("many_images", "many_images_documents"),
    "pdf_pages": ("pdf_pages_large_context", "large_context"),
}
"""Limits that are written in one phrase, under the name of the first."""

_UNITS = {
    "image_bytes": "bytes",
    "images": "images",
    "pdf_pages": "pages",
    "request_bytes": "bytes",
    "text_bytes": "bytes",
    "batch_bytes": "bytes",
    "batch_requests": "requests",
    "cache_breakpoints": "blocks with cache_control",
    "latency_pixels": "square px",
}
"""Units; px for all others."""

_FLAGS = {
    "oversized_image": "the setting transformations.oversized_image is supported",
    "toolset_screenshots_fail": "oversized screenshots of a toolset are rejected",
}


def limit_in_words(limits: Limits | Advice, name: str) -> str:
    """Write a limit with its unit and what it depends on.

    Args:
        limits: The limits of a platform, or the advice of the vision guide.
        name: The name of an attribute.

    Returns:
        A phrase; empty if the limit is not published, or is part of the phrase of another.

    >>> from datetime import date
    >>> from imgcost.tables import limits_on
    >>> limits = limits_on("bedrock", date(2026, 11, 22))
    >>> limit_in_words(limits, "image_bytes"), limit_in_words(limits, "many_images_edge")
    ('5,242,880 bytes as base64', '2,000 px if there are more than 20 images and documents')
    """
    value: Any = getattr(limits, name)
    if not value or any(name in parts for parts in _PARTS.values()):
        return ""
    if value is True:
        return _FLAGS[name]
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    return f"{number(value)} {_UNITS.get(name, 'px')}{_condition(limits, name)}"


def limit_since(limits: Limits | Advice, name: str) -> date:
    """Return the date since which a limit applies, with all parts of its phrase."""
    names = (name, *_PARTS.get(name, ()))
    return max(limits.statements[part].first_day for part in names if part in limits.statements)


def _condition(limits: Any, name: str) -> str:
    """Return what a limit depends on, or how it is measured."""
    if name == "image_bytes":
        return " as base64" if limits.image_bytes_of == "base64" else ""
    if name == "many_images_edge":
        counted = "images and documents" if limits.many_images_documents else "images"
        return f" if there are more than {number(limits.many_images)} {counted}"
    large = getattr(limits, f"{name}_large_context", None)
    if large is None:
        return ""
    return f"; {number(large)} with a context window of {plural(limits.large_context, 'token')}"
