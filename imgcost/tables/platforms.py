"""Platforms, endpoints and speeds: where and how requests are sent."""

from typing import Literal, TypeAlias

__all__ = ["FIRST_PARTY", "PLATFORMS", "TWO_ENDPOINTS", "Endpoint", "Platform", "Speed", "platforms"]

Platform: TypeAlias = Literal[
    "claude-api", "claude-platform-aws", "bedrock", "google-cloud", "google-cloud-anthropic", "foundry", "claude-ai"
]
"""Where a request is sent. `claude-platform-aws` is Claude Platform on AWS, `google-cloud-anthropic` the deployment on
Google Cloud that Anthropic manages; Amazon and Google run `bedrock` and `google-cloud`."""

Endpoint: TypeAlias = Literal["global", "regional"]
"""The endpoint of Amazon Bedrock or Google Cloud: regional endpoints cost more."""

Speed: TypeAlias = Literal["standard", "fast"]
"""Whether a request runs in fast mode, which costs more."""

PLATFORMS: tuple[Platform, ...] = (
    "claude-api",
    "claude-platform-aws",
    "bedrock",
    "google-cloud",
    "google-cloud-anthropic",
    "foundry",
    "claude-ai",
)

FIRST_PARTY: tuple[Platform, ...] = ("claude-api", "claude-platform-aws", "google-cloud-anthropic", "claude-ai")
"""The platforms that Anthropic operates. They use the model names of the Claude API."""

TWO_ENDPOINTS: tuple[Platform, ...] = ("bedrock", "google-cloud")
"""Platforms with regional endpoints in addition to the global one."""


def platforms() -> tuple[Platform, ...]:
    """List the known platforms.

    Example:
        >>> platforms()[:3]
        ('claude-api', 'claude-platform-aws', 'bedrock')
    """
    return PLATFORMS
