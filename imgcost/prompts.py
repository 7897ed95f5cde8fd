"""Estimate the tokens of text. Claude's tokenizers are not published; only the API counts exactly."""

from __future__ import annotations

from decimal import Decimal

from imgcost.errors import ArgumentError
from imgcost.tables import Model, characters_per_token, find_model

__all__ = ["text_bytes", "text_tokens", "tokens_of_bytes"]


def text_tokens(text: str, model: str | Model | None = None) -> int:
    """Estimate the tokens of a text: its bytes in UTF-8 divided by the published characters per token, rounded up.

    The published averages are 2.5 characters of English from Claude Opus 4.7 on, and 3.5 before. In English, a
    character is a byte; bytes make the estimate higher for scripts that need more tokens per character. Code and tables
    can take more tokens.

    Args:
        text: The text.
        model: A model, or any of its names; None for the current tokenizer.

    Returns:
        Estimated number of tokens.

    Raises:
        ArgumentError: An argument has a wrong type.
        UnknownModelError: No model has this name.

    Source: https://platform.claude.com/docs/en/about-claude/glossary and
        https://platform.claude.com/docs/en/about-claude/models/overview (read 2026-11-26)

    >>> text_tokens("Which boats are in this harbor?"), text_tokens("Which boats?", "claude-opus-4-6")
    (13, 4)
    """
    if not isinstance(text, str):
        raise ArgumentError("text", text, "a str")
    named = model if model is None or isinstance(model, Model) else find_model(model)
    return tokens_of_bytes(text_bytes(text), named)


def tokens_of_bytes(size: int, model: Model | None = None) -> int:
    """Estimate the tokens of a text by its size in UTF-8, bytes; see `text_tokens`."""
    whole, rest = divmod(Decimal(size), characters_per_token(model).value)
    return int(whole) + (rest > 0)


def text_bytes(text: str) -> int:
    """Return the length of a text in UTF-8, bytes.

    >>> text_bytes("\u00e9")
    2
    """
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
