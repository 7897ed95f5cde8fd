"""All that decides how a job is packed and counted, apart from its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from imgcost.geometry import Formula, Tier

__all__ = ["BYTES_A_BLOCK", "BYTES_A_REQUEST", "BYTES_A_TOKEN", "Measure", "Rules"]

BYTES_A_BLOCK = 128
"""Allowed for the JSON around the base64 text of an image: type, source and media type take some ninety bytes."""

BYTES_A_TOKEN = 8
"""Allowed for a token of text: English has about four characters a token, and JSON may escape each of them."""

BYTES_A_REQUEST = 1024
"""Allowed for the rest of a request: model, roles, settings."""


class Measure(NamedTuple):
    """What decides an image's visual tokens.

    Attributes:
        tier: The resolution tier.
        formula: The formula.
        downscale_to: Visual tokens to which images are downscaled before they are sent; None: sent as they are.
    """

    tier: Tier
    formula: Formula
    downscale_to: int | None = None


class Rules(NamedTuple):
    """All that decides how images are packed and which tokens a request has. Models that share them share the work.

    Attributes:
        measure: How visual tokens are counted.
        wrapping: Measured tokens that wrap an image.
        framing: Measured tokens that frame a user message.
        extra: Measured tokens on top of a request with images.
        prompt_tokens: The standing prompt.
        output_tokens: An answer.
        turns: Requests of a conversation.
        images_per_request: New images a request; None: as many as may be.
        context_window: Most tokens of a prompt and its answer.
        max_images: Most images in a request; None: no limit is stated.
        many_images: Above so many images, `many_images_edge` holds.
        many_images_edge: The longest edge then, px.
        request_bytes: The largest request.
        threshold: Prompts of more tokens have the long-context price; None: there is none.
        cache_minimum: The shortest prefix that is cached, tokens; None: nothing is.
        sources: Where the limits stand, by their name.
    """

    measure: Measure
    wrapping: int
    framing: int
    extra: int
    prompt_tokens: int
    output_tokens: int
    turns: int
    images_per_request: int | None
    context_window: int
    max_images: int | None
    many_images: int | None
    many_images_edge: int | None
    request_bytes: int | None
    threshold: int | None
    cache_minimum: int | None
    sources: tuple[tuple[str, str], ...]

    def text_tokens(self, turns: int) -> int:
        """Tokens of the last prompt of a conversation, its images aside."""
        return self.prompt_tokens + self.framing * turns + self.output_tokens * (turns - 1) + self.extra

    def text_bytes(self, turns: int) -> int:
        """Bytes allowed for the text of that prompt."""
        return BYTES_A_REQUEST + BYTES_A_TOKEN * (self.prompt_tokens + self.output_tokens * (turns - 1))
