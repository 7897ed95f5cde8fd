"""Estimate the tokens of text. Claude's tokenizer is not published, so this is a rule of thumb and never exact."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcost.tables import Model

__all__ = ["text_tokens"]

_NEW_TOKENIZER = date(2026, 4, 7)
"""Release of the first model with the current tokenizer, Claude Mythos Preview; Claude Opus 4.7 followed."""

_TENTHS_OF_BYTES = 35
_TENTHS_OF_BYTES_NEW = 25
"""Tenths of a byte of UTF-8 per token, before and with the current tokenizer."""


def text_tokens(text: str, model: Model) -> int:
    """Estimate the tokens of a text: one per 3.5 bytes of UTF-8, or per 2.5 from Claude Opus 4.7 on.

    The documentation gives these numbers for characters of English, of which each is one byte. Bytes make the estimate
    higher for scripts that need more tokens per character.

    Args:
        text: The text.
        model: The model.

    Returns:
        Tokens, rounded up; an estimate.

    Source: https://platform.claude.com/docs/en/about-claude/glossary and
        https://platform.claude.com/docs/en/about-claude/models/overview (read 2026-11-26)

    >>> from imgcost.tables import find_model
    >>> [text_tokens("What is in this image?", find_model(name)) for name in ("claude-opus-4-6", "claude-opus-5")]
    [7, 9]
    """
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return -(-10 * size // (_TENTHS_OF_BYTES_NEW if model.released >= _NEW_TOKENIZER else _TENTHS_OF_BYTES))
