"""Convert content parts of the two OpenAI APIs, with the additions of litellm and OpenRouter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Piece, as_is, media, text, text_part
from imgcost.shapes.media import file_source, media_block, source_from_url, url_from_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.shapes.nodes import Node

__all__ = ["content", "part", "platform_of"]

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_PLATFORMS = {"bedrock": "bedrock", "vertex_ai": "google-cloud", "azure_ai": "foundry"}


def platform_of(model: str) -> Any:
    """Return the platform that litellm uses for a model, by the prefix of its name."""
    return _PLATFORMS.get(model.partition("/")[0]) if "/" in model else None


def content(node: Node) -> list[Piece]:
    """Convert content: text, a list of parts, or null."""
    if node.value is None:
        return []
    if node.is_text():
        return [text(node)]
    return [text(item) if item.is_text() else part(item) for item in node.array()]


def part(node: Node) -> Piece:
    """Convert a content part. Parts that are unknown to OpenAI are unchanged."""
    node.object()
    kind = node.get("type").text()
    if kind in _TEXTS:
        return text(node.get(_TEXTS[kind]), node)
    if kind == "image_url":
        return _image_url(node)
    if kind in {"input_image", "computer_screenshot"}:
        return _input_image(node)
    if kind == "file" and node.has("file"):
        return _file(node)
    if kind == "input_file":
        return _input_file(node)
    return as_is(node)


def _image_url(node: Node) -> Piece:
    holder = node.get("image_url")
    inside = not holder.is_text()
    url = holder.get("url") if inside else holder
    declared = holder.get("format")  # litellm: the media type, which overrides that of the data URL
    fields = node.fields()

    def write(block: Mapping[str, Any]) -> Any:
        source = block["source"]
        new: Any = url_from_source(source)
        if inside:
            new = {**holder.fields(), "url": new}
            if declared.value is not None:
                new["format"] = source.get("media_type", declared.value)
        return {**fields, "image_url": new}

    if inside:
        holder.object()
    media_type = declared.text_or_none()
    source = source_from_url(url.text(), media_type)
    write_text = _input_text if node.text_at("type") == "input_image" else text_part
    return media(
        node, source, url, declared if media_type else None, write=write, takes_urls=True, write_text=write_text
    )


def _input_image(node: Node) -> Piece:
    if node.has("image_url"):
        return _image_url(node)
    remaining = {key: value for key, value in node.fields().items() if key != "file_id"}
    file_id = node.get("file_id")

    def write(block: Mapping[str, Any]) -> Any:
        return {**remaining, "image_url": url_from_source(block["source"])}

    return media(node, file_source(file_id.text()), file_id, write=write, takes_urls=True, write_text=_input_text)


def _file(node: Node) -> Piece:
    """Convert a file part: a data URL or an id; with litellm and OpenRouter also a URL."""
    file = node.get("file")
    file.object()
    declared = file.get("format")
    key = "file_data" if file.has("file_data") else "file_id"

    def write(block: Mapping[str, Any]) -> Any:
        remaining = {name: value for name, value in file.fields().items() if name not in {"file_id", "format"}}
        return {**node.fields(), "file": {**remaining, "file_data": url_from_source(block["source"])}}

    data = file.get(key)
    return _document(node, data, declared if declared.value is not None else None, file.get("filename"), write)


def _input_file(node: Node) -> Piece:
    key = next((key for key in ("file_data", "file_url") if node.has(key)), "file_id")

    def write(block: Mapping[str, Any]) -> Any:
        remaining = {name: value for name, value in node.fields().items() if name not in {"file_id", "file_url"}}
        return {**remaining, "file_data": url_from_source(block["source"])}

    return _document(node, node.get(key), None, node.get("filename"), write)


def _document(node: Node, data: Node, declared: Node | None, name: Node, write: Any) -> Piece:
    reference = data.text()
    if reference[:5].lower() == "data:" or "://" in reference[:100]:
        source = source_from_url(reference, declared.text() if declared else None)
    else:
        source = file_source(reference)
    if declared:
        media_type = declared.text()
    else:
        media_type = "image/*" if name.is_text() and _is_image(name.text()) else "application/pdf"
    kind = media_block(source, media_type)["type"]
    write_text = _input_text if node.text_at("type") == "input_file" else text_part
    return media(node, source, data, declared, write=write, takes_urls=True, write_text=write_text, kind=kind)


def _input_text(words: str) -> Any:
    return {"type": "input_text", "text": words}


def _is_image(name: str) -> bool:
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp"))
