"""Messages of the Vercel AI SDK: those for a model (versions 4 to 6), and those of its user interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, as_is, json_text, media, text, tool_call, tool_result
from imgcost.shapes.media import (
    base64_source,
    data_text,
    file_source,
    guessed_type,
    media_block,
    source_from_url,
    url_from_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_RESULT_MEDIA = {
    "media": "data",
    "file-data": "data",
    "image-data": "data",
    "file-url": "url",
    "image-url": "url",
    "file-id": "fileId",
    "image-file-id": "fileId",
    "image": "data",
    "file": "data",
}


def recognizes(node: Node) -> bool:
    """Return whether these are messages of the Vercel AI SDK."""
    return any(
        _is_ui(message) or any(_is_part(part) for part in message.get("content").elements())
        for message in _messages(node).elements()
    )


def _messages(node: Node) -> Node:
    """Return the list of messages, from a list, a call or a chat request."""
    return next((node.get(key) for key in ("messages", "prompt") if node.get(key).is_array()), node)


def _is_ui(message: Node) -> bool:
    parts = message.get("parts").elements()
    return message.has("role") and (
        any(part.has("type") for part in parts) or message.has_any("experimental_attachments", "toolInvocations")
    )


def _is_part(part: Node) -> bool:
    kind = part.text_at("type")
    if kind == "image":
        return part.has("image")
    if kind == "file":
        return part.has_any("mediaType", "mimeType")
    return kind in {"tool-call", "tool-result"} and part.has("toolCallId")


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert messages of the Vercel AI SDK."""
    draft = Draft(node)
    if node.get("system").is_text():
        draft.add_system([text(node.get("system"))])
    for message in _messages(node).array():
        message.object()
        role = message.get("role").text()
        if message.has("parts"):
            _ui_message(draft, message, role)
        else:
            _model_message(draft, message, role)
    model = node.get("model") if node.get("model").is_text() else None
    yield draft.request(model=model)


def _model_message(draft: Draft, message: Node, role: str) -> None:
    content = message.get("content")
    pieces = []
    for part in [content] if content.is_text() else content.array():
        if part.is_text():
            pieces.append(text(part))
        elif part.text_at("type") == "reasoning":
            draft.skip(part, "reasoning is not part of the estimate")
        elif part.text_at("type") not in {"tool-approval-request", "tool-approval-response"}:
            pieces.append(_part(part))
    pieces += [_attachment(item) for item in message.get("experimental_attachments").elements()]
    if role == "system":
        draft.add_system(pieces)
        return
    for piece in pieces:
        answered = piece.block["type"] == "tool_result"  # by a tool, or by the provider in an assistant's turn
        draft.add_turn("user" if answered or role == "tool" else role, message, [piece])
    for call in message.get("toolInvocations").elements():
        _invoke(draft, message, call, call)


def _part(part: Node) -> Piece:
    kind = part.get("type").text()
    if kind == "text":
        return text(part.get("text"), part)
    if kind == "image" and part.has("image"):
        return _media(part, part.get("image"), "image")
    if kind == "file":
        return _media(part, part.get("data") if part.has("data") else part.get("url"))
    if kind == "tool-call":
        call_input = part.get("input") if part.has("input") else part.get("args")
        return tool_call(part, part.get("toolCallId"), part.get("toolName"), call_input)
    if kind == "tool-result":
        error = part.fields().get("isError") is True or part.get("output").text_at("type").startswith("error")
        return tool_result(part, part.get("toolCallId"), _result(part), error=error)
    return as_is(part)


def _result(part: Node) -> list[Piece]:
    """Convert what a tool returned: version 4 has `content` or `result`, later ones have `output`."""
    for content in (part.get("content"), part.get("experimental_content")):
        if content.is_array():
            return [_result_part(item) for item in content.array()]
    output = part.get("output")
    if output.text_at("type") == "content":
        return [_result_part(item) for item in output.get("value").array()]
    if output.has("type", "value"):
        output = output.get("value")
    return [json_text(output if part.has("output") else part.get("result"))]


def _result_part(item: Node) -> Piece:
    kind = item.get("type").text()
    if kind == "text":
        return text(item.get("text"), item)
    key = _RESULT_MEDIA.get(kind)
    if key is None or not item.has(key):
        return as_is(item)
    return _media(item, item.get(key), "image" if kind.startswith("image") else "")


def _ui_message(draft: Draft, message: Node, role: str) -> None:
    for part in message.get("parts").array():
        kind = part.get("type").text()
        if kind == "text":
            pieces = [text(part.get("text"), part)]
        elif kind == "file":
            pieces = [_media(part, part.get("url") if part.has("url") else part.get("data"))]
        elif kind == "tool-invocation":
            _invoke(draft, message, part, part.get("toolInvocation"))
            continue
        elif kind.startswith("tool-") or kind == "dynamic-tool":
            _invoke(draft, message, part, part)
            continue
        else:  # reasoning, sources, steps and data of the user interface
            continue
        if role == "system":
            draft.add_system(pieces)
        else:
            draft.add_turn(role, message, pieces)
    attached = [_attachment(item) for item in message.get("experimental_attachments").elements()]
    if attached:
        draft.add_turn(role, message, attached)


def _invoke(draft: Draft, message: Node, part: Node, call: Node) -> None:
    """Convert a tool call that includes its result."""
    call_id, kind = call.get("toolCallId"), part.text_at("type")
    name = call.get("toolName")
    if name.value is None:
        name = part.child("type", kind.removeprefix("tool-"))
    call_input = call.get("input") if call.has("input") else call.get("args")
    draft.add_turn("assistant", message, [tool_call(part, call_id, name, call_input)])
    failed = call.get("errorText")
    if failed.value is not None:
        draft.add_turn("user", message, [tool_result(part, call_id, [text(failed)], error=True)])
    elif call.has_any("output", "result"):
        draft.add_turn("user", message, [tool_result(part, call_id, _result(call))])


def _attachment(item: Node) -> Piece:
    return _media(item, item.get("url"))


def _media(part: Node, data: Node, kind: str = "") -> Piece:
    """Convert data that is base64 text, bytes, a URL, or an id of the provider."""
    key = next((key for key in ("mediaType", "mimeType", "contentType") if part.has(key)), "mediaType")
    declared = part.get(key)
    value = _bytes(data)
    media_type = declared.text_or_none()
    if not media_type or media_type.endswith("/*"):  # the SDK guesses it too
        declared, media_type = data, guessed_type(value)
    if data.path[-1] == "fileId":
        source = file_source(data.text() if data.is_text() else data.text_at("anthropic"))
    elif value[:5].lower() == "data:" or "://" in value[:100]:
        source = source_from_url(value, media_type)
    else:
        source = base64_source(media_type, value)
    kind = kind or media_block(source, media_type)["type"]

    def write(new: Mapping[str, Any]) -> Any:
        source = new["source"]
        written = {**part.fields(), key: source["media_type"]}
        if data.path[-1] == "url":
            return {**written, "url": url_from_source(source)}
        if data.path[-1] == "fileId":
            del written["fileId"]
            return {**written, "type": f"{'image' if new['type'] == 'image' else 'file'}-data", "data": source["data"]}
        return {**written, str(data.path[-1]): source["data"]}

    return media(part, source, data, declared, write=write, kind=kind)


def _bytes(data: Node) -> str:
    """Return base64 text, also from the JSON of a Buffer or a Uint8Array."""
    numbers = [item.value for item in data.get("data").elements()] if data.text_at("type") == "Buffer" else None
    if numbers is None and data.has("0"):
        numbers = list(data.fields().values())
    if numbers is None:
        return "" if data.path[-1] == "fileId" else data_text(data)
    try:
        return data_text(data.with_value(bytes(numbers)))
    except (TypeError, ValueError) as error:
        raise data.error("must be bytes, base64 text or a URL") from error
