"""The models that read images: who they are, by every name, and what is known of them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from imgcost.errors import ArgumentError, NoPriceError, TableError, UnknownModelError
from imgcost.geometry import Formula, Tier
from imgcost.tables.reading import Entry, Source, read_published, read_sources

__all__ = [
    "Model",
    "Status",
    "families",
    "family_of",
    "find_model",
    "find_tier",
    "known_names",
    "load_models",
    "models",
    "today",
]

FILE = "models.toml"

Status: TypeAlias = Literal["unreleased", "active", "deprecated", "retired"]

_FORMULAS = {"area", "patch"}
_PROVIDERS = ("anthropic/", "bedrock/", "vertex_ai/", "azure_ai/")
_REGIONS = {"us", "eu", "apac", "au", "jp", "us-gov", "global"}
_DATED = re.compile(r"[-@]\d{8}$")
_BEDROCK_VERSION = re.compile(r"(-v\d+)?(:\d+)?$")


class Model(NamedTuple):
    """A model that reads images.

    Attributes:
        id: Its id on the Claude API.
        name: Its name for people, such as `Claude Sonnet 5.5`.
        family: `opus`, `sonnet`, `haiku`, `fable` or `mythos`.
        released: Its first day.
        vision_from: The first day on which it read images.
        restricted: Only for organizations that were invited or verified.
        deprecated: The day on which its end was announced, if it was.
        retires: Its scheduled or actual last day, if one is set.
        retires_not_before: The day before which no retirement was promised.
        context_window: Tokens.
        max_output_tokens: Tokens.
        tier: Its resolution tier; None where none was ever stated.
        formula: How its own guide counts visual tokens.
        min_cacheable_tokens: The fewest tokens that prompt caching takes; None where unknown.
        aliases: Its other names on the Claude API.
        bedrock_ids: Its ids on Amazon Bedrock, without the region.
        google_cloud_id: Its id on Google Cloud, if it is sold there.
        foundry_id: Its id on Microsoft Foundry, if it is sold there.
        sources: Where all this was read.
        note: What a reader should know about the certainty of it.
    """

    id: str
    name: str
    family: str
    released: date
    vision_from: date
    restricted: bool
    deprecated: date | None
    retires: date | None
    retires_not_before: date | None
    context_window: int
    max_output_tokens: int
    tier: Tier | None
    formula: Formula
    min_cacheable_tokens: int | None
    aliases: tuple[str, ...]
    bedrock_ids: tuple[str, ...]
    google_cloud_id: str | None
    foundry_id: str | None
    sources: tuple[Source, ...]
    note: str

    def status_on(self, day: date) -> Status:
        """Tell how the model stood on a day.

        Args:
            day: Any day.

        Returns:
            `unreleased`, `active`, `deprecated` (its end was announced) or `retired` (from the day of retirement on).

        Example:
            >>> find_model("claude-3-opus").status_on(date(2025, 7, 1))
            'deprecated'
        """
        if day < self.released:
            return "unreleased"
        if self.retires and day >= self.retires:
            return "retired"
        if self.deprecated and day >= self.deprecated:
            return "deprecated"
        return "active"

    @property
    def status(self) -> Status:
        """How the model stands today."""
        return self.status_on(today())

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the model is sold under, its id first, without repetition."""
        cloud = tuple(name for name in (self.google_cloud_id, self.foundry_id) if name)
        return tuple(dict.fromkeys((self.id, *self.aliases, *self.bedrock_ids, *cloud)))


def today() -> date:
    """Tell the day that is meant where none is given: today in UTC."""
    return datetime.now(tz=UTC).date()


def load_models(data: Mapping[str, Any]) -> tuple[tuple[Model, ...], dict[str, Tier]]:
    """Check the parsed models.toml and build what it says.

    Args:
        data: The parsed file.

    Returns:
        The models in order of release, and the tiers by name.

    Raises:
        TableError: The file does not say what it must.
    """
    top = Entry(FILE, "models.toml", data)
    sources = read_sources(FILE, top)
    tiers = {}
    for name, raw in top.take("tiers", dict).items():
        entry = Entry(FILE, f"tiers.{name}", raw)
        tiers[name] = Tier(entry.take("edge", int), entry.take("tokens", int), name)
        entry.sources(sources)
        entry.done()
    found: list[Model] = []
    taken: dict[str, str] = {}
    for model_id, raw in top.take("models", dict).items():
        entry = Entry(FILE, f"models.{model_id}", raw)
        model = _model(model_id, entry, tiers, sources)
        if found and model.released < found[-1].released:
            raise entry.error("was released before the model above it", "released")
        for name in (model.name, *model.names):
            other = taken.setdefault(name, model_id)
            if other != model_id:
                raise entry.error(f"the name {name!r} belongs to {other}")
        found.append(model)
    top.done()
    return tuple(found), tiers


def _model(model_id: str, entry: Entry, tiers: Mapping[str, Tier], sources: Mapping[str, Source]) -> Model:
    released = entry.take("released", date)
    tier = entry.maybe("tier", str)
    if tier is not None and tier not in tiers:
        raise entry.error(f"{tier!r} is no tier of this file", "tier")
    formula = entry.maybe("formula", str) or "patch"
    if formula not in _FORMULAS:
        raise entry.error("must be area or patch", "formula")
    model = Model(
        id=model_id,
        name=entry.take("name", str),
        family=entry.take("family", str),
        released=released,
        vision_from=entry.maybe("vision", date) or released,
        restricted=entry.maybe("restricted", bool) or False,
        deprecated=entry.maybe("deprecated", date),
        retires=entry.maybe("retires", date),
        retires_not_before=entry.maybe("not_before", date),
        context_window=entry.take("context", int),
        max_output_tokens=entry.take("max_output", int),
        tier=tiers[tier] if tier else None,
        formula=cast("Formula", formula),
        min_cacheable_tokens=entry.maybe("min_cacheable", int),
        aliases=entry.texts("aliases"),
        bedrock_ids=entry.texts("bedrock"),
        google_cloud_id=entry.maybe("google_cloud", str),
        foundry_id=entry.maybe("foundry", str),
        sources=entry.sources(sources),
        note=entry.note(),
    )
    entry.done()
    later = [day for day in (model.vision_from, model.deprecated, model.retires, model.retires_not_before) if day]
    if min(later) < released:
        raise entry.error("has a day before its release", "released")
    if model.deprecated and model.retires and model.retires < model.deprecated:
        raise entry.error("retires before it is deprecated", "retires")
    return model


@cache
def _catalog() -> tuple[tuple[Model, ...], dict[str, Tier]]:
    return load_models(read_published(FILE))


def models() -> tuple[Model, ...]:
    """List the models that read images, in order of release.

    Returns:
        Every model that the tables know, retired ones too.

    Example:
        >>> models()[0].name
        'Claude Opus 3'
    """
    return _catalog()[0]


def families() -> tuple[str, ...]:
    """List the families, the oldest first.

    Example:
        >>> families()
        ('opus', 'sonnet', 'haiku', 'mythos', 'fable')
    """
    return tuple(dict.fromkeys(model.family for model in models()))


def find_tier(name: str) -> Tier:
    """Find a resolution tier by its name.

    Args:
        name: `standard` or `high-resolution`.

    Returns:
        Its limits.

    Raises:
        TableError: No such tier is published.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    Example:
        >>> find_tier("standard")
        Tier(edge_limit=1568, token_limit=1568, name='standard')
    """
    tiers = _catalog()[1]
    if name not in tiers:
        raise TableError(FILE, f"tiers.{name}", f"no such tier is published, only {' and '.join(tiers)}")
    return tiers[name]


def find_model(name: str, *, as_of: date | None = None) -> Model:
    """Find a model by any of its names.

    Ids and aliases of the Claude API, ids of Amazon Bedrock (with or without the region and the version), Google Cloud and
    Microsoft Foundry are all names, and so is an id without its date where only one model has it. The name of a family
    means its newest model that is open to everyone and not retired (restricted ones where there are no others).

    Args:
        name: The name, in small or capital letters.
        as_of: The day on which a family's newest model is looked for; today where it is None.

    Returns:
        The model. A name other than a family's finds it on every day, before its release too.

    Raises:
        UnknownModelError: No model has this name, or more than one; the nearest names are suggested.
        NoPriceError: The family had no such model on that day.

    Example:
        >>> find_model("us.anthropic.claude-opus-4-6-v1").id
        'claude-opus-4-6'
        >>> find_model("sonnet", as_of=date(2024, 6, 20)).id
        'claude-3-5-sonnet-20240620'
    """
    if not isinstance(name, str):
        raise ArgumentError("model", name, "the name of a model, such as 'sonnet'")
    wanted = _canonical(name)
    if wanted in families():
        return _newest(wanted, as_of or today())
    found = _names().get(wanted, ())
    if len(found) != 1:
        raise UnknownModelError(name, [model.id for model in found] or _nearest(wanted))
    return found[0]


def family_of(name: str) -> str | None:
    """Tell whether a name is that of a family, however it is spelled.

    Args:
        name: Any name.

    Returns:
        The family, or None.

    Example:
        >>> family_of("anthropic/Sonnet"), family_of("claude-sonnet-5")
        ('sonnet', None)
    """
    wanted = _canonical(name)
    return wanted if wanted in families() else None


def known_names() -> tuple[str, ...]:
    """List every name that `find_model` takes as it stands: families, ids, aliases, ids of the clouds, undated ids."""
    return (*families(), *(name for name, found in _names().items() if len(found) == 1))


def _canonical(name: str) -> str:
    name = name.strip().lower()
    for provider in _PROVIDERS:
        if name.startswith(provider):
            name = name.removeprefix(provider)
            break
    name = name.removeprefix("publishers/anthropic/models/")
    region, _, rest = name.partition(".")
    return rest if region in _REGIONS and rest.startswith("anthropic.") else name


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
