"""Find a model by any of its names, and read from the name where it is called and how."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, UnknownModelError
from imgcost.tables.catalog import Model, families, models, today
from imgcost.tables.platforms import TWO_ENDPOINTS, Endpoint, Platform, Speed

__all__ = ["NamedModel", "Placement", "family_of", "find_model", "known_names", "place", "resolve_model"]

# Prefixes that libraries put before a model's id, and the platform that each one calls.
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
    """A model, and what the name that it was found by says about the request.

    Attributes:
        name: The name as it was given.
        model: The model.
        platform: The platform whose spelling the name is; None for a name that several platforms use.
        endpoint: The endpoint that the name's prefix selects; None where the name has none.
        geography: The prefix itself, such as `us`, or the location on Google Cloud; empty without one.
        speed: `fast` for a fast deployment of Microsoft Foundry, else None.
    """

    name: str
    model: Model
    platform: Platform | None = None
    endpoint: Endpoint | None = None
    geography: str = ""
    speed: Speed | None = None


class _Spelling(NamedTuple):
    """A name taken apart: the part that names the model, and what stood around it."""

    id: str
    platform: Platform | None
    geography: str
    fast: bool
    plain: bool


def resolve_model(name: str, *, as_of: date | None = None) -> NamedModel:
    """Find a model by any of its names, and read platform, endpoint and speed from the name.

    These are names: ids and aliases of the Claude API; ids of Amazon Bedrock, with or without a geography (`us.`,
    `global.`) and the version, and the ARNs of its inference profiles and foundation models; ids of Google Cloud, with
    `@default` too; deployments of Microsoft Foundry, with `-fast` for fast mode; the spellings of routers and
    libraries, such as `anthropic/claude-opus-5.5`, `bedrock/...` and `vertex_ai/...`; `[1m]` as Claude Code appends it;
    an id without its date where only one model has it; and a family, which means its newest model that is open to
    everyone and not retired (restricted ones where there are no others). ARNs of application inference profiles and
    deployments with a name of their own do not say which model they call, so they are unknown.

    Args:
        name: The name; case does not matter.
        as_of: The date on which a family's newest model is looked for; today if None.

    Returns:
        The model, and what the name says beyond it.

    Raises:
        UnknownModelError: No model has this name, or more than one; the nearest names are suggested.
        NoPriceError: The family had no such model on that date.

    Example:
        >>> found = resolve_model("us.anthropic.claude-opus-5-5")
        >>> found.model.id, found.platform, found.endpoint
        ('claude-opus-5-5', 'bedrock', 'regional')
    """
    if not isinstance(name, str):
        raise ArgumentError("model", name, "the name of a model, such as 'sonnet'")
    spelling = _parse(name)
    if spelling.id in families():
        model = _newest(spelling.id, as_of or today())
    else:
        found = _names().get(spelling.id, ())
        if len(found) != 1:
            raise UnknownModelError(name, [model.id for model in found] or _nearest(spelling.id))
        (model,) = found
    platform = spelling.platform
    if platform is None and spelling.fast and spelling.plain and spelling.id == model.foundry_id:
        platform = "foundry"
    endpoint: Endpoint | None = None
    if spelling.geography:
        endpoint = "global" if spelling.geography == "global" else "regional"
    return NamedModel(name, model, platform, endpoint, spelling.geography, "fast" if spelling.fast else None)


def find_model(name: str, *, as_of: date | None = None) -> Model:
    """Find a model by any of its names; `resolve_model` lists them.

    Args:
        name: The name; case does not matter.
        as_of: The date on which a family's newest model is looked for; today if None.

    Returns:
        The model. A name other than a family's finds it on every date, before its release too.

    Raises:
        UnknownModelError: No model has this name, or more than one; the nearest names are suggested.
        NoPriceError: The family had no such model on that date.

    Example:
        >>> find_model("us.anthropic.claude-opus-4-6-v1").id
        'claude-opus-4-6'
        >>> find_model("sonnet", as_of=date(2024, 6, 20)).id
        'claude-3-5-sonnet-20240620'
    """
    return resolve_model(name, as_of=as_of).model


def family_of(name: str) -> str | None:
    """Find the family that a name is, in any spelling.

    Args:
        name: Any name.

    Returns:
        The family, or None.

    Example:
        >>> family_of("anthropic/Sonnet"), family_of("claude-sonnet-5")
        ('sonnet', None)
    """
    wanted = _parse(name).id
    return wanted if wanted in families() else None


def known_names() -> tuple[str, ...]:
    """List every name without a prefix: families, ids, aliases, ids of the clouds, undated ids."""
    return (*families(), *(name for name, found in _names().items() if len(found) == 1))


class Placement(NamedTuple):
    """Where and how models are called.

    Attributes:
        platform: The platform.
        endpoint: The endpoint, `global` on platforms that have only one.
        speed: `standard` or `fast`.
        assumed: Whether neither a name nor the caller selected the endpoint of a platform that has two.
    """

    platform: Platform
    endpoint: Endpoint
    speed: Speed
    assumed: bool


def place(
    named: Sequence[NamedModel],
    *,
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
) -> Placement:
    """Combine what names say with what the caller says; a name that says nothing follows the others.

    Args:
        named: The models, all of one job.
        platform: The platform, if the caller selects it.
        endpoint: The endpoint, if the caller selects it.
        speed: The speed, if the caller selects it.

    Returns:
        One platform, one endpoint and one speed. Where nothing is said: the Claude API; the regional endpoint for an id
        of Amazon Bedrock without a geography, which calls the model in one region, else the global one; standard speed.

    Raises:
        ImgcostError: Two names contradict each other, or a name contradicts the caller.

    Example:
        >>> place([resolve_model("global.anthropic.claude-opus-5-5")])
        Placement(platform='bedrock', endpoint='global', speed='standard', assumed=False)
    """
    where = _agreed("platform", platform, [(one.name, one.platform) for one in named]) or "claude-api"
    if endpoint == "regional" and where not in TWO_ENDPOINTS:
        raise ImgcostError(f"{where} has no regional endpoint: only {' and '.join(TWO_ENDPOINTS)} have")
    selected = _agreed("endpoint", endpoint, [(one.name, one.endpoint) for one in named])
    in_region = any(one.platform == "bedrock" and "anthropic." in one.name.lower() for one in named)
    how = _agreed("speed", speed, [(one.name, one.speed) for one in named])
    if speed is None and how == "fast" and not all(one.speed == "fast" for one in named):
        slow = next(one.name for one in named if one.speed is None)
        raise ImgcostError(f"{slow!r} does not say its speed, but another model is in fast mode: choose a speed")
    return Placement(
        where,  # type: ignore[arg-type] # one of the platforms given
        selected or ("regional" if in_region else "global"),  # type: ignore[arg-type] # likewise
        how or "standard",  # type: ignore[arg-type] # likewise
        assumed=selected is None and where in TWO_ENDPOINTS,
    )


def _agreed(what: str, given: str | None, said: Sequence[tuple[str, str | None]]) -> str | None:
    """The one value of what the caller gave and of what names say; None where nothing is said."""
    first = ("", given) if given else next((one for one in said if one[1]), ("", None))
    for name, value in said:
        if value and value != first[1]:
            other = f"{first[0]!r} has {first[1]}" if first[0] else f"the {what} is set to {first[1]}"
            raise ImgcostError(f"the name {name!r} has the {what} {value}, but {other}: use one {what}")
    return first[1]


def _parse(name: str) -> _Spelling:
    """Take a name apart, from the outside in."""
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
    for name, found in short.items():
        names.setdefault(name, tuple(found.values()))
    return names


def _newest(family: str, day: date) -> Model:
    members = [model for model in models() if model.family == family]
    members = [model for model in members if not model.restricted] or members
    # A family is asked about images: Claude Haiku 3.5 took text only for its first months.
    standing = [m for m in members if m.status_on(day) in {"active", "deprecated"} and m.vision_from <= day]
    if not standing:
        raise NoPriceError(family, day, members[0].released, kind="model")
    return max(standing, key=lambda model: model.released)


def _nearest(name: str) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - only a wrong name pays for it

    suggestions: dict[str, str] = {}
    for near in get_close_matches(name, known_names(), n=9):
        of = near if near in families() else _names()[near][0].id
        suggestions.setdefault(of, near)
    return list(suggestions.values())[:3]
