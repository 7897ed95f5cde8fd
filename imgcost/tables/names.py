"""Find a model by any of its names, and read platform, endpoint and speed from the name."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, UnknownModelError
from imgcost.tables.catalog import Model, families, models, today
from imgcost.tables.platforms import TWO_ENDPOINTS, Endpoint, Platform, Speed

__all__ = ["NamedModel", "Placement", "family_of", "find_model", "known_names", "placement_of", "resolve_model"]

# Prefixes that libraries put before a model id, and the platform that each one selects.
_PREFIXES: Mapping[str, Platform | None] = {
    "anthropic": None,
    "openrouter": None,
    "vercel_ai_gateway": None,
    "github_copilot": None,
    "bedrock": "bedrock",
    "converse": "bedrock",
    "vertex_ai": "google-cloud",
    "azure_ai": "foundry",
}
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:inference-profile|foundation-model)/([^/]+)")
_RESOURCE = re.compile(r"(?:projects/[^/]+/locations/([^/]+)/)?publishers/anthropic/models/(.*)")
_GEOGRAPHY = re.compile(r"(us|eu|jp|au|apac|us-gov|global)\.(?=anthropic\.)")
_DOTTED = re.compile(r"(?<=\d)\.(?=\d)")
_DATED = re.compile(r"[-@]\d{8}$")
_BEDROCK_VERSION = re.compile(r"(-v\d+)?(:\d+)?$")


class NamedModel(NamedTuple):
    """A model, and what its name says about the request.

    Attributes:
        name: The name as given.
        model: The model.
        platform: The platform that uses this name; None if several platforms use it.
        endpoint: The endpoint that the prefix of the name selects; None if it has no prefix.
        geography: The prefix, such as `us`, or the location on Google Cloud; empty if there is none.
        speed: `fast` for a fast deployment on Microsoft Foundry, else None.
    """

    name: str
    model: Model
    platform: Platform | None = None
    endpoint: Endpoint | None = None
    geography: str = ""
    speed: Speed | None = None


class _Spelling(NamedTuple):
    """A parsed name: the part that identifies the model, and what the rest says."""

    id: str
    platform: Platform | None
    geography: str
    fast: bool
    plain: bool


def resolve_model(name: str, *, as_of: date | None = None) -> NamedModel:
    """Find a model by any of its names, and read platform, endpoint and speed from the name.

    Supported names:

    - Claude API: ids and aliases; an id without its date, if it is unique
    - Amazon Bedrock: ids, with or without geography (`us.`, `global.`) and version; ARNs of inference profiles and
      foundation models, but not of application inference profiles, which do not identify a model
    - Google Cloud: ids, also with `@default`
    - Microsoft Foundry: deployments with the name of a model, with `-fast` for fast mode
    - Routers and libraries: `anthropic/claude-opus-5.5`, `bedrock/...`, `vertex_ai/...` and the like
    - Claude Code: the suffix `[1m]`
    - A family, which selects its newest model that is not retired and not restricted (or a restricted one if there are
      no others)

    Args:
        name: The name, case-insensitive.
        as_of: The date that selects the newest model of a family; today if None.

    Returns:
        The model, and what else the name says.

    Raises:
        UnknownModelError: No model, or more than one, has this name. Similar names are suggested.
        NoPriceError: No model of the family was available on that date.

    Example:
        >>> named = resolve_model("us.anthropic.claude-opus-5-5")
        >>> named.model.id, named.platform, named.endpoint
        ('claude-opus-5-5', 'bedrock', 'regional')
    """
    if not isinstance(name, str):
        raise ArgumentError("model", name, "the name of a model, such as 'sonnet'")
    spelling = _parse(name)
    if spelling.id in families():
        model = _newest(spelling.id, as_of or today())
    else:
        candidates = _names().get(spelling.id, ())
        if len(candidates) != 1:
            raise UnknownModelError(name, [model.id for model in candidates] or _similar(spelling.id))
        (model,) = candidates
    platform = spelling.platform
    if platform is None and spelling.fast and spelling.plain and spelling.id == model.foundry_id:
        platform = "foundry"
    endpoint: Endpoint | None = None
    if spelling.geography:
        endpoint = "global" if spelling.geography == "global" else "regional"
    return NamedModel(name, model, platform, endpoint, spelling.geography, "fast" if spelling.fast else None)


def find_model(name: str, *, as_of: date | None = None) -> Model:
    """Find a model by any of its names; see `resolve_model` for supported names.

    Args:
        name: The name, case-insensitive.
        as_of: The date that selects the newest model of a family; today if None.

    Returns:
        The model. Names other than families work for every date, even before the release.

    Raises:
        UnknownModelError: No model, or more than one, has this name. Similar names are suggested.
        NoPriceError: No model of the family was available on that date.

    Example:
        >>> find_model("us.anthropic.claude-opus-4-6-v1").id
        'claude-opus-4-6'
        >>> find_model("sonnet", as_of=date(2024, 6, 20)).id
        'claude-3-5-sonnet-20240620'
    """
    return resolve_model(name, as_of=as_of).model


def family_of(name: str) -> str | None:
    """Return the family that a name selects, in any spelling.

    Args:
        name: Any name.

    Returns:
        The family; None if the name is not that of a family.

    Example:
        >>> family_of("anthropic/Sonnet"), family_of("claude-sonnet-5")
        ('sonnet', None)
    """
    family = _parse(name).id
    return family if family in families() else None


def known_names() -> tuple[str, ...]:
    """List all names without prefixes: families, ids, aliases, ids on other platforms, ids without date."""
    return (*families(), *(name for name, candidates in _names().items() if len(candidates) == 1))


class Placement(NamedTuple):
    """Where and how requests are sent.

    Attributes:
        platform: The platform.
        endpoint: The endpoint; `global` on platforms with only one.
        speed: `standard` or `fast`.
        assumed: Whether the platform has two endpoints and neither a name nor the caller selected one.
    """

    platform: Platform
    endpoint: Endpoint
    speed: Speed
    assumed: bool


def placement_of(
    named: Sequence[NamedModel],
    *,
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
) -> Placement:
    """Combine the platform, endpoint and speed in model names with those that the caller selects.

    Args:
        named: The models, all of one job.
        platform: The platform, if the caller selects it.
        endpoint: The endpoint, if the caller selects it.
        speed: The speed, if the caller selects it.

    Returns:
        One platform, one endpoint and one speed. Defaults: the Claude API; the regional endpoint for Amazon Bedrock ids
        without a geography, which call the model in one region, else the global endpoint; standard speed.

    Raises:
        ImgcostError: Two names contradict each other, or a name contradicts the caller.

    Example:
        >>> placement_of([resolve_model("global.anthropic.claude-opus-5-5")])
        Placement(platform='bedrock', endpoint='global', speed='standard', assumed=False)
    """
    platform_name = _agreed("platform", platform, [(model.name, model.platform) for model in named]) or "claude-api"
    if endpoint == "regional" and platform_name not in TWO_ENDPOINTS:
        raise ImgcostError(f"{platform_name} has no regional endpoint; only {' and '.join(TWO_ENDPOINTS)} have one")
    selected = _agreed("endpoint", endpoint, [(model.name, model.endpoint) for model in named])
    in_region = any(model.platform == "bedrock" and "anthropic." in model.name.lower() for model in named)
    chosen_speed = _agreed("speed", speed, [(model.name, model.speed) for model in named])
    if speed is None and chosen_speed == "fast" and not all(model.speed == "fast" for model in named):
        slow = next(model.name for model in named if model.speed is None)
        raise ImgcostError(f"{slow!r} does not say its speed, but another model is in fast mode: choose a speed")
    return Placement(
        platform_name,  # type: ignore[arg-type] # one of the given platforms
        selected or ("regional" if in_region else "global"),  # type: ignore[arg-type] # same as above
        chosen_speed or "standard",  # type: ignore[arg-type] # same as above
        assumed=selected is None and platform_name in TWO_ENDPOINTS,
    )


def _agreed(what: str, selected: str | None, named: Sequence[tuple[str, str | None]]) -> str | None:
    """Return the value that the caller and all names agree on; None if none of them has a value."""
    first = ("", selected) if selected else next(((name, value) for name, value in named if value), ("", None))
    for name, value in named:
        if value and value != first[1]:
            other = f"{first[0]!r} means {first[1]}" if first[0] else f"the {what} is set to {first[1]}"
            raise ImgcostError(f"{name!r} means the {what} {value}, but {other}: choose one of them")
    return first[1]


def _parse(name: str) -> _Spelling:
    """Parse a name, from the outside in."""
    text = name.strip().lower()
    platform: Platform | None = None
    geography = ""
    plain = True
    if arn := _ARN.fullmatch(text):
        platform, text = "bedrock", arn[1]
    while (prefix := text.partition("/")[0]) in _PREFIXES and "/" in text:
        platform, text, plain = _PREFIXES[prefix] or platform, text.partition("/")[2], False
    if resource := _RESOURCE.fullmatch(text):
        platform, geography, text = "google-cloud", resource[1] or "", resource[2]
    if region := _GEOGRAPHY.match(text):
        geography, text = region[1], text[region.end() :]
    if text.startswith("anthropic."):
        platform = "bedrock"
    text = text.removesuffix("[1m]")
    fast = text.endswith("-fast")
    text = text.removesuffix("-fast")
    if "@" in text:
        platform, text = "google-cloud", text.removesuffix("@default")
    dashed = _DOTTED.sub("-", text)
    return _Spelling(dashed, platform, geography, fast, plain and dashed == text)


@cache
def _names() -> dict[str, tuple[Model, ...]]:
    names: dict[str, tuple[Model, ...]] = {name: (model,) for model in models() for name in model.names}
    short: dict[str, dict[str, Model]] = {}
    for model in models():
        for name in model.names:
            undated = _BEDROCK_VERSION.sub("", name) if name in model.bedrock_ids else _DATED.sub("", name)
            short.setdefault(undated, {})[model.id] = model
    for name, candidates in short.items():
        names.setdefault(name, tuple(candidates.values()))
    return names


def _newest(family: str, day: date) -> Model:
    members = [model for model in models() if model.family == family]
    members = [model for model in members if not model.restricted] or members
    # Claude Haiku 3.5 read no images in its first months.
    available = [m for m in members if m.status_on(day) in {"active", "deprecated"} and m.vision_from <= day]
    if not available:
        raise NoPriceError(family, day, members[0].released, kind="model")
    return max(available, key=lambda model: model.released)


def _similar(name: str) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - needed for unknown names only

    suggestions: dict[str, str] = {}
    for match in get_close_matches(name, known_names(), n=9):
        key = match if match in families() else _names()[match][0].id
        suggestions.setdefault(key, match)
    return list(suggestions.values())[:3]
