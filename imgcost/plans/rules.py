"""All that decides how a job is packed and counted, apart from its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.tables import cite, known_limits

if TYPE_CHECKING:
    from imgcost.plans.scenarios import Scenario
    from imgcost.quotes import Quote, TokenRule
    from imgcost.tables import Limits, Model

__all__ = ["BYTES_A_BLOCK", "BYTES_A_REQUEST", "BYTES_A_TOKEN", "PackingRules", "rules_of"]

BYTES_A_BLOCK = 128
"""Allowed for the JSON around the base64 text of an image: type, source and media type take some ninety bytes."""

BYTES_A_TOKEN = 8
"""Allowed for a token of text: English has about four characters a token, and JSON may escape each of them."""

BYTES_A_REQUEST = 1024
"""Allowed for the rest of a request: model, roles, settings."""


class PackingRules(NamedTuple):
    """All that decides how images are packed and which tokens a request has. Models that share them share the work.

    Attributes:
        token_rule: What counts visual tokens.
        downscale_to: Visual tokens to which images might be downscaled first, to compare; or None.
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

    token_rule: TokenRule
    downscale_to: int | None
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


def rules_of(quote: Quote, scene: Scenario) -> PackingRules:
    """Collect what decides how a model's requests are packed.

    Args:
        quote: The model's quote.
        scene: What the job is planned under.

    Returns:
        The rules; without limits where those of the platform are not known on that date.
    """
    model, limits = quote.model, known_limits(quote.conditions.platform, quote.conditions.as_of)
    wrapping, framing, extra = quote.overhead.tokens
    return PackingRules(
        token_rule=quote.rule,
        downscale_to=scene.downscale_to,
        wrapping=wrapping,
        framing=framing,
        extra=extra,
        prompt_tokens=scene.prompt_tokens,
        output_tokens=scene.output_tokens,
        turns=scene.turns,
        images_per_request=scene.fixed_images,
        context_window=model.context_window,
        max_images=limits.max_images(model.context_window),
        many_images=limits.many_images,
        many_images_edge=limits.many_images_edge,
        request_bytes=limits.request_bytes,
        threshold=quote.threshold,
        cache_minimum=model.min_cacheable_tokens,
        sources=_sources(limits, model),
    )


def _sources(limits: Limits, model: Model) -> tuple[tuple[str, str], ...]:
    large = limits.large_context is not None and model.context_window >= limits.large_context
    stated = {
        "images": limits.statements.get("images_large_context" if large else "images"),
        "many_images_edge": limits.statements.get("many_images_edge"),
        "request_bytes": limits.statements.get("request_bytes"),
    }
    found = {name: cite(statement.sources) for name, statement in stated.items() if statement}
    return (*found.items(), ("context_window", "'imgcost models NAME' names its sources"))
