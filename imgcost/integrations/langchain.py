"""A token counter for LangChain's `trim_messages` that counts images by the published rule.

LangChain's own counter counts 85 tokens for every image, and an image in a tool result as text. This module does not
import LangChain: it reads its messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imgcost.conditions import conditions
from imgcost.errors import ArgumentError, ImgcostError
from imgcost.integrations.counting import count_prompt, most_image_tokens
from imgcost.quoting import quote
from imgcost.shapes import to_requests
from imgcost.tables import resolve_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from imgcost.integrations.counting import PromptTokens
    from imgcost.quoting import Quote
    from imgcost.tables import Platform

__all__ = ["Unknown", "token_counter"]

Unknown: TypeAlias = "Literal['maximum', 'error'] | int"
"""How images and documents are counted that cannot be measured: see `token_counter`."""


def token_counter(
    model: str = "sonnet",
    *,
    count_text: Callable[[str], int] | None = None,
    unknown: Unknown = "maximum",
    platform: Platform | None = None,
    as_of: date | None = None,
) -> Callable[[Sequence[Any]], int]:
    """Return a counter of tokens for `langchain_core.messages.trim_messages(token_counter=...)`.

    Images count by the published rule, wherever they are: in messages, in tool results, as LangChain's, OpenAI's or
    Anthropic's content blocks. PDF pages count with measured tokens and full pages of text. Where tokens per image or
    message were measured for the model, they are included.

    Args:
        model: The model; a family such as `sonnet` means its newest active model on that date.
        count_text: Counts the tokens of a text, which the default only estimates, by
            `imgcost.prompts.text_tokens`. It also gets tool calls, as JSON.
        unknown: How many tokens to count for an image or document that cannot be measured, such as one from a URL.
            `maximum` counts the most that an image can have with the model, and is an error for documents; `error` is
            an error for both.
        platform: The platform; None for the one that the model's name implies, else the Claude API.
        as_of: The date whose rules apply; today if None.

    Returns:
        A function from a list of messages to their number of tokens. It raises `RequestError` if something is not a
        message of LangChain, and `ImgcostError` for what it does not count.

    Raises:
        UnknownModelError: The model is not in the tables.
        NoPriceError: The model was not available on that date.
        ArgumentError: An argument has a wrong type, or is not one of its choices.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> image = {"type": "image", "source_type": "url", "url": "https://example.com/a.png"}
    >>> count = token_counter("claude-opus-4-6")
    >>> count([{"type": "human", "content": [{"type": "text", "text": "What is this?"}, image]}])
    1582
    """
    if not (unknown in ("maximum", "error") or (type(unknown) is int and unknown >= 0)):
        raise ArgumentError("unknown", unknown, "'maximum', 'error' or a number of tokens")
    if not (count_text is None or callable(count_text)):
        raise ArgumentError("count_text", count_text, "a function from a text to a number of tokens, or None")
    named = resolve_model(model, as_of=as_of)
    chosen = quote(named, conditions([named], as_of=as_of, platform=platform))

    def count(messages: Sequence[Any]) -> int:
        if not messages:
            return 0
        (request,) = to_requests(list(messages), "langchain")
        # System messages alone are not a request; an empty turn of the assistant adds nothing to them.
        turns = request.params["messages"] or [{"role": "assistant", "content": []}]
        counted = count_prompt({**request.params, "messages": turns}, chosen, count_text)
        measured = counted.images + counted.overhead + counted.pages.upper + counted.text
        return measured + _unknown_tokens(counted, chosen, unknown, request.locate)

    return count


def _unknown_tokens(counted: PromptTokens, model: Quote, unknown: Unknown, locate: Callable[[str], str]) -> int:
    """Count what could not be measured."""
    images, documents = counted.unknown_images, counted.unknown_documents
    if isinstance(unknown, int):
        return unknown * (len(images) + len(documents))
    uncounted = (*documents, *(images if unknown == "error" else ()))
    if uncounted:
        raise ImgcostError(
            f"{locate(uncounted[0])}: cannot count the tokens, because the bytes are not in the message or cannot be "
            "read: pass unknown=N to count N tokens"
        )
    return len(images) * most_image_tokens(model)
