"""Convert images and documents of other shapes to blocks of the Messages API, and back."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.shapes.nodes import Node

__all__ = [
    "base64_source",
    "data_text",
    "file_source",
    "guessed_type",
    "is_bytes",
    "media_block",
    "source_from_url",
    "text_of",
    "text_source",
    "url_from_source",
]


_PREFIXES = {
    "iVBORw": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi": "application/pdf",
}


def base64_source(media_type: str, data: Any) -> dict[str, Any]:
    """Return a source whose data is in the request.

    Args:
        media_type: Its media type, as declared.
        data: Its base64 text.

    Returns:
        The source.
    """
    return {"type": "base64", "media_type": media_type, "data": data}


def guessed_type(data: str) -> str:
    """Guess a media type from the first characters of base64, as some libraries do; empty if they are not recognized.

    Example:
        >>> guessed_type("iVBORw0KGgo=")
        'image/png'
    """
    return next((media_type for prefix, media_type in _PREFIXES.items() if data.startswith(prefix)), "")


def file_source(file_id: str) -> dict[str, Any]:
    """Return a source that names an uploaded file."""
    return {"type": "file", "file_id": file_id}


def text_source(text: str) -> dict[str, Any]:
    """Return the source of a plain-text document."""
    return {"type": "text", "media_type": "text/plain", "data": text}


def source_from_url(url: str, media_type: str | None = None) -> dict[str, Any]:
    """Return the source for a URL.

    Args:
        url: A URL. Data URLs are decoded; others are not fetched.
        media_type: A media type declared with the URL, which overrides that of a data URL.

    Returns:
        The source.

    Example:
        >>> source_from_url("data:image/png;base64,iVBORw0KGgo=")
        {'type': 'base64', 'media_type': 'image/png', 'data': 'iVBORw0KGgo='}
        >>> source_from_url("https://example.com/a.png")
        {'type': 'url', 'url': 'https://example.com/a.png'}
    """
    if url[:5].lower() != "data:":
        return {"type": "url", "url": url}
    comma = url.find(",", 5, 1000)
    if comma < 0:
        return {"type": "url", "url": url}
    declared, *parameters = url[5:comma].split(";")
    data = url[comma + 1 :]
    if not any(parameter.strip().lower() == "base64" for parameter in parameters):
        data = base64.b64encode(unquote_to_bytes(data.encode("utf-8", "surrogatepass"))).decode()
    return base64_source(media_type or declared.strip(), data)


def url_from_source(source: Mapping[str, Any]) -> str:
    """Write a base64 or URL source as a URL.

    Example:
        >>> url_from_source({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="})
        'data:image/png;base64,iVBORw0KGgo='
    """
    if source["type"] == "url":
        return str(source["url"])
    return f"data:{source['media_type']};base64,{source['data']}"


def is_bytes(value: Any) -> bool:
    """Return whether a value is bytes of any kind."""
    return issubclass(type(value), (bytes, bytearray, memoryview))


def data_text(node: Node) -> str:
    """Return data as base64 text: text is unchanged, bytes are encoded.

    Raises:
        RequestError: The data is neither text nor bytes.
    """
    if not is_bytes(node.value):
        return node.text()
    try:
        return base64.b64encode(bytes(node.value)).decode()
    except (ValueError, BufferError) as error:  # a view of something that was closed
        raise node.error(f"cannot be read: {error}") from error


def text_of(node: Node) -> str:
    """Decode base64 or bytes of a text file, such as Markdown.

    Args:
        node: The data.

    Returns:
        The text; bytes that are not UTF-8 are replaced.

    Raises:
        RequestError: The data is neither base64 nor bytes.
    """
    text = data_text(node)
    try:
        raw = binascii.a2b_base64(text)
    except ValueError as error:
        raise node.error(f"is not base64: {error}") from error
    return raw.decode("utf-8", "replace")


def media_block(source: Mapping[str, Any], media_type: str | None = None) -> dict[str, Any]:
    """Return the content block for a source: an image, or a document if the media type is not an image type.

    Args:
        source: The source.
        media_type: The media type, if the source does not have one.

    Returns:
        The block.
    """
    declared = str(source.get("media_type") or media_type or "").lower()
    kind = "document" if declared.startswith(("application/", "text/")) else "image"
    return {"type": kind, "source": source}
