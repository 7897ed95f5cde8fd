"""Convert OpenAI chat completion requests, also those of litellm and OpenRouter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, as_is, tool_call, tool_result
from imgcost.shapes.openai_parts import content, platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.shapes.nodes import Node
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_MESSAGES_KEYS = ("system", "anthropic_version", "stop_sequences", "top_k", "output_config", "mcp_servers", "container")
_CHAT_KEYS = (
    "max_completion_tokens",
    "response_format",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "logit_bias",
    "stop",
    "seed",
    "reasoning_effort",
    "stream_options",
    "functions",
    "modalities",
    "plugins",
)
_CHAT_PARTS = ("file", "input_audio", "input_text", "input_image", "input_file", "refusal", "video_url")
_MESSAGES_BLOCKS = ("image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result")


def recognizes(node: Node) -> bool:
    """Return whether this is a chat completion.

    If a document fits both APIs, `max_tokens` and a model without a provider select the Messages API.
    """
    messages = node.get("messages") if not node.is_array() else node
    traits = [_traits(message) for message in messages.elements()]
    if node.has_any(*_MESSAGES_KEYS) or any(tool.has("input_schema") for tool in node.get("tools").elements()):
        return False
    if any("messages" in trait for trait in traits) and not any("tools" in trait for trait in traits):
        return False
    if any("chat" in trait or "tools" in trait for trait in traits) or node.has_any(*_CHAT_KEYS):
        return True
    if any(tool.text_at("type") == "function" for tool in node.get("tools").elements()):
        return True
    weak = any("image_url" in trait for trait in traits) or "system" in (traits[0] if traits else ())
    return weak and not (node.has("max_tokens") and "/" not in node.text_at("model"))


def _traits(message: Node) -> set[str]:
    """Return the features of a message that exist in only one of the two APIs."""
    role = message.text_at("role")
    traits = {"tools"} if role in {"tool", "function"} or message.has_any("tool_calls", "function_call") else set()
    if role == "developer":
        traits.add("chat")
    if role == "system":
        traits.add("system")
    for part in message.get("content").elements():
        kind = part.text_at("type")
        if kind in _MESSAGES_BLOCKS:
            traits.add("messages")
        elif kind in _CHAT_PARTS:
            traits.add("chat")
        elif kind == "image_url":
            url = part.get("image_url")
            traits.add("chat" if url.is_text() or url.has_any("detail", "format") else "image_url")
    return traits


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Convert a chat completion, or the list of its messages."""
    draft = Draft(node)
    body = node if not node.is_array() else node.child("", {})
    messages = node if node.is_array() else node.get("messages")
    for message in messages.array():
        _message(draft, message)
    for key in ("max_completion_tokens", "max_tokens"):
        if body.has(key):
            draft.set("max_tokens", body.get(key))
    for key in ("stream", "thinking"):
        draft.set(key, body.get(key))
    tools = [_tool(tool) for tool in body.get("tools").elements()]
    if tools:
        draft.set("tools", body.get("tools"), tools)
    yield draft.request(model=body.get("model"), platform=platform_of(body.text_at("model")))


def _message(draft: Draft, message: Node) -> None:
    message.object()
    role = message.get("role").text()
    pieces = content(message.get("content"))
    if role in {"system", "developer"}:
        draft.add_system(pieces)
    elif role in {"tool", "function"}:
        draft.add_turn("user", message, [tool_result(message, message.get("tool_call_id"), pieces)])
    elif role == "assistant":
        thinking = [as_is(block) for block in message.get("thinking_blocks").elements()]  # litellm
        spoken = [piece for piece in pieces if piece.block["type"] != "text" or piece.block["text"] != ""]
        draft.add_turn("assistant", message, [*thinking, *spoken, *_calls(message)])
    else:
        draft.add_turn(role, message, pieces)
    if message.has("cache_control"):  # litellm
        draft.cache_last(message.fields()["cache_control"])


def _calls(message: Node) -> Iterator[Piece]:
    calls = message.get("tool_calls")
    for call in calls.array() if calls.value is not None else []:
        function = call.get("function") if call.has("function") else call.get("custom")
        call_input = function.get("arguments") if function.has("arguments") else function.get("input")
        yield tool_call(call, call.get("id"), function.get("name"), call_input)
    legacy = message.get("function_call")
    if legacy.value is not None:
        yield tool_call(legacy, legacy.get("id"), legacy.get("name"), legacy.get("arguments"))


def _tool(tool: Node) -> Any:
    function = tool.get("function")
    if tool.text_at("type") != "function" or function.value is None:
        return tool.value
    fields = {"name": function.get("name").value, "description": function.get("description").value}
    schema = function.get("parameters").value
    remaining = {key: value for key, value in fields.items() if value is not None}
    return {**remaining, "input_schema": schema if schema is not None else {"type": "object"}}
