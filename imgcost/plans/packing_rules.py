"""Rules that decide how a job is packed and counted, apart from its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.tables import cite, find_tier, known_limits

if TYPE_CHECKING:
    from imgcost.plans.scenarios import Scenario
    from imgcost.quoting import Quote, TokenRule
    from imgcost.tables import Limits, Model

__all__ = ["BYTES_PER_BLOCK", "BYTES_PER_REQUEST", "BYTES_PER_TOKEN", "PackingRules", "packing_rules_of"]

BYTES_PER_BLOCK = 128
"""Allowance for the JSON around an image's base64 data: type, source and media type take about 90 bytes."""

BYTES_PER_TOKEN = 8
"""Allowance per text token: English has about four characters per token, and JSON may escape each of them."""

BYTES_PER_REQUEST = 1024
"""Allowance for the rest of a request: model, roles, settings."""


class PackingRules(NamedTuple):
    """How images are packed and which tokens a request has. Models with equal rules are packed only once.

    Attributes:
        token_rule: Tier and formula that count visual tokens.
        downscale_to: Visual tokens to which images are downscaled for comparison; None if the tier allows no more.
        image_overhead: Measured overhead per image, tokens.
        message_overhead: Measured overhead per user message, tokens.
        request_overhead: Measured overhead per request with images, tokens.
        prompt_tokens: Text tokens in each prompt.
        output_tokens: Tokens in each answer.
        turns: Turns per conversation.
        images_per_request: New images per request; None for as many as fit.
        context_window: Maximum tokens of a prompt and its answer.
        max_images: Maximum images in a request; None if no limit is published.
        many_images: Number of images above which `many_images_edge` applies.
        many_images_edge: Longest edge allowed in a request with many images, px.
        request_bytes: Maximum size of a request, bytes.
        threshold: Prompt tokens above which the long-context price applies; None if there is no such price.
        cache_minimum: Shortest prefix that is cached, tokens; None if unknown, so that nothing is cached.
        sources: Names of limits and where each was published.
    """

    token_rule: TokenRule
    downscale_to: int | None
    image_overhead: int
    message_overhead: int
    request_overhead: int
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
        """Return the tokens of the last prompt of a conversation, without images."""
        return (
            self.prompt_tokens
            + self.message_overhead * turns
            + self.output_tokens * (turns - 1)
            + self.request_overhead
        )

    def text_bytes(self, turns: int) -> int:
        """Return the bytes allowed for the text of that prompt."""
        return BYTES_PER_REQUEST + BYTES_PER_TOKEN * (self.prompt_tokens + self.output_tokens * (turns - 1))


def packing_rules_of(quote: Quote, scenario: Scenario) -> PackingRules:
    """Derive the packing rules for a model.

    Args:
        quote: The model's quote.
        scenario: Settings of the plan.

    Returns:
        The rules; without limits if those of the platform are unknown on that date.
    """
    model, limits = quote.model, known_limits(quote.conditions.platform, quote.conditions.as_of)
    image_overhead, message_overhead, request_overhead = quote.overhead.tokens
    return PackingRules(
        token_rule=quote.rule,
        downscale_to=_downscale_to(quote, scenario),
        image_overhead=image_overhead,
        message_overhead=message_overhead,
        request_overhead=request_overhead,
        prompt_tokens=scenario.prompt_tokens,
        output_tokens=scenario.output_tokens,
        turns=scenario.turns,
        images_per_request=scenario.fixed_images,
        context_window=model.context_window,
        max_images=limits.max_images(model.context_window),
        many_images=limits.many_images,
        many_images_edge=limits.many_images_edge,
        request_bytes=limits.request_bytes,
        threshold=quote.threshold,
        cache_minimum=model.min_cacheable_tokens,
        sources=_sources(limits, model),
    )


def _downscale_to(quote: Quote, scenario: Scenario) -> int | None:
    """Return the tokens of downscaled images: unless the scenario says otherwise, the most of the standard tier."""
    most = find_tier("standard").token_limit if scenario.downscale_to is None else scenario.downscale_to
    return most if most < quote.tier.token_limit else None


def _sources(limits: Limits, model: Model) -> tuple[tuple[str, str], ...]:
    large = limits.large_context is not None and model.context_window >= limits.large_context
    statements = {
        "images": limits.statements.get("images_large_context" if large else "images"),
        "many_images_edge": limits.statements.get("many_images_edge"),
        "request_bytes": limits.statements.get("request_bytes"),
    }
    sources = {name: cite(statement.sources) for name, statement in statements.items() if statement}
    return (*sources.items(), ("context_window", "'imgcost models NAME' lists its sources"))
