"""Where models are sold, and how a request is sent there: platforms, endpoints, speeds."""

from typing import Literal, TypeAlias

__all__ = ["FIRST_PARTY", "PLATFORMS", "TWO_ENDPOINTS", "Endpoint", "Platform", "Speed", "platforms"]

Platform: TypeAlias = Literal[
    "claude-api", "claude-platform-aws", "bedrock", "google-cloud", "google-cloud-anthropic", "foundry", "claude-ai"
]
"""Where a request is sent. `claude-platform-aws` is Claude Platform on AWS, `google-cloud-anthropic` the deployment on
Google Cloud that Anthropic manages; `bedrock` and `google-cloud` are run by Amazon and Google."""

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
"""The platforms that Anthropic runs: its own names of models, and no others."""

TWO_ENDPOINTS: tuple[Platform, ...] = ("bedrock", "google-cloud")
"""The platforms that have regional endpoints beside the global one."""


def platforms() -> tuple[Platform, ...]:
    """List the platforms whose limits are known.

    Example:
        >>> platforms()[:3]
        ('claude-api', 'claude-platform-aws', 'bedrock')
    """
    return PLATFORMS
