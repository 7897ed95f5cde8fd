"""How requests are sent: the conditions that decide the price and the limits of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from imgcost.arguments import check_choice, to_bool, to_date
from imgcost.tables import TWO_ENDPOINTS, Endpoint, Platform, Speed, placement_of, platforms, today

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from imgcost.tables import MultiplierName, NamedModel

__all__ = ["API_PLATFORMS", "CHOICES", "CacheTtl", "Conditions", "InferenceGeo", "conditions"]

CacheTtl: TypeAlias = Literal["none", "5m", "1h"]
"""Whether prompts are cached, and how long a cached prefix lives after its last use."""

InferenceGeo: TypeAlias = Literal["global", "us"]
"""Where inference may run: anywhere, or in the US only, at a higher price."""

CHOICES: dict[str, tuple[str, ...]] = {
    "platform": platforms(),
    "endpoint": get_args(Endpoint),
    "inference_geo": get_args(InferenceGeo),
    "cache": get_args(CacheTtl),
    "speed": get_args(Speed),
}
"""The allowed values of each condition."""

API_PLATFORMS = tuple(name for name in platforms() if name != "claude-ai")
"""The platforms that serve the Messages API."""


class Conditions(NamedTuple):
    """How requests are sent, as far as it affects the price.

    Attributes:
        as_of: Date whose prices and limits apply.
        platform: Platform that serves the requests, one of `imgcost.tables.platforms()`.
        endpoint: `global` or `regional` (Amazon Bedrock and Google Cloud only).
        endpoint_assumed: Whether the endpoint was assumed, on a platform that has two.
        inference_geo: `global` or `us`.
        batch: Whether requests go through the Message Batches API.
        cache: `none`, `5m` or `1h`.
        speed: `standard` or `fast`.
    """

    as_of: date
    platform: Platform = "claude-api"
    endpoint: Endpoint = "global"
    endpoint_assumed: bool = False
    inference_geo: InferenceGeo = "global"
    batch: bool = False
    cache: CacheTtl = "none"
    speed: Speed = "standard"

    @property
    def labels(self) -> tuple[str, ...]:
        """List, for people, what differs from the standard price on the Claude API.

        >>> from datetime import date
        >>> conditions(as_of=date(2026, 11, 22), batch=True, cache="5m").labels
        ('batch', 'cache 5m')
        """
        labels = {
            self.platform: self.platform != "claude-api",
            f"{self.endpoint} endpoint": self.platform in TWO_ENDPOINTS,
            "batch": self.batch,
            f"cache {self.cache}": self.cache != "none",
            "US inference": self.inference_geo == "us",
            "fast mode": self.speed == "fast",
        }
        return tuple(label for label, applies in labels.items() if applies)

    @property
    def multipliers(self) -> tuple[MultiplierName, ...]:
        """Published multipliers that apply under these conditions."""
        applied: dict[MultiplierName, bool] = {
            "batch": self.batch,
            "inference-geo-us": self.inference_geo == "us",
            "regional": self.endpoint == "regional",
        }
        return tuple(name for name, applies in applied.items() if applies)


def conditions(
    named: Iterable[NamedModel] = (),
    *,
    as_of: date | None = None,
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
    inference_geo: InferenceGeo = "global",
    batch: bool = False,
    cache: CacheTtl = "none",
) -> Conditions:
    """Combine and validate the caller's choices and those in the names of models.

    Args:
        named: All models of a job.
        as_of: Date whose prices and limits apply; today (UTC) if None.
        platform: Platform that serves the requests. If None, taken from the names, such as `bedrock` for
            `us.anthropic.claude-opus-5-5`; otherwise the Claude API.
        endpoint: `global` or `regional`. If None, taken from the names; an Amazon Bedrock ID without a geography counts
            as regional, everything else as global.
        speed: `standard` or `fast`. If None, taken from the names, otherwise standard.
        inference_geo: `global` or `us`.
        batch: Whether to use the Message Batches API.
        cache: `none`, `5m` or `1h`.

    Returns:
        The conditions.

    Raises:
        ImgcostError: A value is invalid, or a name contradicts another name or the caller.

    >>> from datetime import date
    >>> conditions(as_of=date(2026, 11, 22), platform="bedrock", endpoint="regional").multipliers
    ('regional',)
    """
    day = to_date(as_of) or today()
    for name, value in (("platform", platform), ("endpoint", endpoint), ("speed", speed)):
        check_choice(name, value, (None, *CHOICES[name]))
    check_choice("inference_geo", inference_geo, CHOICES["inference_geo"])
    check_choice("cache", cache, CHOICES["cache"])
    in_batch = to_bool("batch", batch)
    placement = placement_of(list(named), platform=platform, endpoint=endpoint, speed=speed)
    return Conditions(
        day, placement.platform, placement.endpoint, placement.assumed, inference_geo, in_batch, cache, placement.speed
    )
