"""Count the tokens of a prompt before it is sent: an estimate, and a maximum."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.messages import read_request
from imgcost.pdfs import TokenRange, token_range
from imgcost.preflight.inputs import block_input, document_input
from imgcost.prompts import text_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from imgcost.messages import MediaBlock, Request
    from imgcost.quoting import Quote

__all__ = ["PromptTokens", "count_prompt", "max_input_tokens", "most_image_tokens"]

_AREA_PIXELS, _PATCH_PIXELS = 750, 28 * 28

_CLIENT_TOOLS = ("custom", "bash_", "text_editor_", "computer_", "browser_", "memory_")
"""Types of tools that the caller runs begin like this. Other tools run on the server, and read what they find."""

_TOOL_TOKENS = 10_000
"""Allowance for the instructions that the API adds if there are tools; for one tool, several hundred are documented."""

_UNBOUNDED = ("mcp_servers", "container", "context_management")
"""Arguments with which the API may read more than the request contains."""


class PromptTokens(NamedTuple):
    """The tokens of a prompt.

    Attributes:
        images: Visual tokens of the images that could be measured.
        overhead: Measured tokens per image, message and request; 0 where nothing was measured.
        pages: Tokens of PDF documents, without text and with full pages of text.
        text: Tokens of texts, tool calls and definitions of tools: an estimate.
        number: Number of images.
        unknown_images: Locations of images that could not be measured, such as those from a URL.
        unknown_documents: Locations of documents whose pages could not be counted.
        other_bytes: Size of the body without the base64 of images and documents, bytes: the most tokens of its text.
        cached: Whether a part of the prompt is written to the cache.
    """

    images: int
    overhead: int
    pages: TokenRange
    text: int
    number: int = 0
    unknown_images: tuple[str, ...] = ()
    unknown_documents: tuple[str, ...] = ()
    other_bytes: int = 0
    cached: bool = False

    @property
    def estimate(self) -> int | None:
        """All tokens of the prompt, an estimate; None if an image or a document could not be measured."""
        if self.unknown_images or self.unknown_documents:
            return None
        return self.images + self.overhead + self.pages.lower + self.text


def count_prompt(
    params: Mapping[str, Any], quote: Quote, count_text: Callable[[str], int] | None = None
) -> PromptTokens:
    """Count the tokens of a Messages request.

    Args:
        params: The arguments of `messages.create`.
        quote: The model.
        count_text: Counts the tokens of a text; `imgcost.prompts.text_tokens` if None.

    Returns:
        The tokens by what they are for.

    Raises:
        RequestError: `params` is not a request; the error has the location.
    """
    request = read_request(params)
    images, unknown = 0, []
    blocks = [block for block in request.media if block.kind == "image"]
    for block in blocks:
        contents = block_input(block).contents
        if contents and contents.header:
            images += quote.tokens(contents.header.width, contents.header.height)
        else:
            unknown.append(block.location)
    pages, uncounted = _count_documents(request, quote)
    count_text = count_text or partial(text_tokens, model=quote.model)
    text = sum(map(count_text, (*(text.text for text in request.texts), *_as_json(params))))
    per_image, per_message, per_request = quote.overhead.tokens
    users = sum(turn.role == "user" for turn in request.turns)
    overhead = per_image * len(blocks) + per_message * users + (per_request if blocks else 0)
    other_bytes = request.body_bytes - sum(map(_base64_characters, request.media))
    cached = bool(request.cache_breakpoints or params.get("cache_control"))
    return PromptTokens(
        images, overhead, pages, text, len(blocks), tuple(unknown), tuple(uncounted), other_bytes, cached
    )


def _count_documents(request: Request, quote: Quote) -> tuple[TokenRange, list[str]]:
    lower = upper = 0
    uncounted = []
    for block in request.media:
        if block.kind != "document" or block.source.get("type") in ("text", "content"):
            continue  # their texts and images are counted as such
        outline = document_input(block)[1]
        tokens = token_range(outline, quote.model) if outline else None
        if tokens is None:
            uncounted.append(block.location)
        else:
            lower, upper = lower + tokens.lower, upper + tokens.upper
    return TokenRange(lower, upper), uncounted


def _as_json(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a prompt that are not text: definitions of tools, and calls of them."""
    if params.get("tools"):
        yield _json(params["tools"])
    for message in params["messages"]:
        content = message.get("content") if hasattr(message, "get") else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "tool_use":
                yield _json([block.get("name"), block.get("input")])


def _json(value: Any) -> str:
    return json.dumps(value, default=str, separators=(",", ":"))


def most_image_tokens(quote: Quote) -> int:
    """Return the most tokens that an image can have with a model, whatever its size.

    >>> from imgcost.quoting import quotes
    >>> [most_image_tokens(quote) for quote in quotes(["claude-opus-5", "claude-sonnet-4-6", "claude-3-haiku"])]
    [4784, 1568, 1640]
    """
    limit = quote.tier.token_limit
    return limit if quote.formula == "patch" else -(-limit * _PATCH_PIXELS // _AREA_PIXELS)


def max_input_tokens(params: Mapping[str, Any], counted: PromptTokens, quote: Quote) -> tuple[int, str | None]:
    """Return the most tokens that the prompt can have: every byte of text counts as a token, because none is shorter.

    Args:
        params: The arguments of `messages.create`.
        counted: What `count_prompt` returned.
        quote: The model.

    Returns:
        Tokens, and why they have no maximum, as a sentence; else None.
    """
    tokens = counted.images + counted.overhead + counted.pages.upper + counted.other_bytes
    tokens += len(counted.unknown_images) * most_image_tokens(quote) + (_TOOL_TOKENS if params.get("tools") else 0)
    return tokens, next(_unbounded(params, counted), None)


def _base64_characters(block: MediaBlock) -> int:
    data = block.source.get("data") if block.source.get("type") == "base64" else None
    return len(data) if isinstance(data, str) else 0


def _unbounded(params: Mapping[str, Any], counted: PromptTokens) -> Iterator[str]:
    if counted.unknown_documents:
        yield f"the pages of {counted.unknown_documents[0]} cannot be counted"
    for key in _UNBOUNDED:
        if params.get(key):
            yield f"with {key!r} the API may read more than the request contains"
    if isinstance(params.get("fallbacks"), str):
        yield "the server chooses the fallback models"
    for tool in params.get("tools") or ():
        kind = tool.get("type")
        if kind is not None and not str(kind).startswith(_CLIENT_TOOLS):
            yield f"the tool {str(kind)[:60]!a} runs on the server, and the API bills what it reads"
