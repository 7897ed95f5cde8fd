"""The models that read images, with their published facts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from imgcost.errors import TableError
from imgcost.geometry import Formula, Tier
from imgcost.tables.platforms import PLATFORMS, Platform
from imgcost.tables.reading import Source, TomlEntry, read_published, read_sources

__all__ = ["Model", "Status", "families", "find_tier", "load_models", "models", "today"]

FILE = "models.toml"

Status: TypeAlias = Literal["unreleased", "active", "deprecated", "retired"]

_FORMULAS = {"area", "patch"}


class Model(NamedTuple):
    """A model that reads images.

    Attributes:
        id: Id on the Claude API.
        name: Display name, such as `Claude Sonnet 5.5`.
        family: `opus`, `sonnet`, `haiku`, `fable` or `mythos`.
        released: Release date.
        vision_from: First date on which it read images.
        restricted: Whether it is available only to invited or verified organizations.
        deprecated: Date of its deprecation, if it is deprecated.
        retirements: Retirement dates by platform, from which on it is retired; only platforms with a published date.
        retires_not_before: Date before which the Claude API does not retire it.
        context_window: Tokens.
        max_output_tokens: Tokens.
        tier: Resolution tier; None if it was never published.
        formula: The formula of its own guide for visual tokens.
        min_cacheable_tokens: Minimum number of tokens for prompt caching; None if unknown.
        aliases: Other names on the Claude API.
        bedrock_ids: Ids on Amazon Bedrock, without the region.
        google_cloud_id: Id on Google Cloud, if available there.
        foundry_id: Id on Microsoft Foundry, if available there.
        sources: The sources of these facts.
        note: Caveats.
        reads_pdfs: Whether it accepts PDF documents.
    """

    id: str
    name: str
    family: str
    released: date
    vision_from: date
    restricted: bool
    deprecated: date | None
    retirements: tuple[tuple[Platform, date], ...]
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
    reads_pdfs: bool = True

    def retires_on(self, platform: Platform = "claude-api") -> date | None:
        """Return the date from which the model is retired on a platform.

        Args:
            platform: The platform. For `claude-ai` this is the date of the Claude API.

        Returns:
            The scheduled or actual date; None if none is published.

        Source: https://platform.claude.com/docs/en/about-claude/model-deprecations (read 2026-10-08)

        Example:
            >>> [str(model.retires_on(name)) for model in models() if model.id == "claude-opus-4-1-20250805"
            ...  for name in ("claude-api", "bedrock", "google-cloud")]
            ['2026-08-05', '2027-01-08', 'None']
        """
        return dict(self.retirements).get("claude-api" if platform == "claude-ai" else platform)

    @property
    def retires(self) -> date | None:
        """The date from which the model is retired on the Claude API; None if none is published."""
        return self.retires_on("claude-api")

    def status_on(self, day: date, platform: Platform = "claude-api") -> Status:
        """Return the status of the model on a date.

        Args:
            day: Any date.
            platform: The platform; retirement dates differ between platforms.

        Returns:
            `unreleased`, `active`, `deprecated` or `retired` (from the retirement date on; never on a platform without
            a published date).

        Example:
            >>> [model.status_on(date(2025, 7, 1)) for model in models() if model.id == "claude-3-opus-20240229"]
            ['deprecated']
        """
        if day < self.released:
            return "unreleased"
        retires = self.retires_on(platform)
        if retires and day >= retires:
            return "retired"
        if self.deprecated and day >= self.deprecated:
            return "deprecated"
        return "active"

    @property
    def status(self) -> Status:
        """The status of the model today."""
        return self.status_on(today())

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the model, the id first, without duplicates."""
        cloud = tuple(name for name in (self.google_cloud_id, self.foundry_id) if name)
        return tuple(dict.fromkeys((self.id, *self.aliases, *self.bedrock_ids, *cloud)))


def today() -> date:
    """Return today's date in UTC, the default for dates."""
    return datetime.now(tz=UTC).date()


def load_models(data: Mapping[str, Any]) -> tuple[tuple[Model, ...], dict[str, Tier]]:
    """Validate the parsed models.toml and build its models and tiers.

    Args:
        data: The parsed file.

    Returns:
        The models in order of release, and the tiers by name.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, "models.toml", data)
    sources = read_sources(FILE, top)
    tiers = {}
    for name, raw in top.take("tiers", dict).items():
        entry = TomlEntry(FILE, f"tiers.{name}", raw)
        tiers[name] = Tier(entry.take("edge", int), entry.take("tokens", int), name)
        entry.sources(sources)
        entry.done()
    loaded: list[Model] = []
    names_in_use: dict[str, str] = {}
    for model_id, raw in top.take("models", dict).items():
        entry = TomlEntry(FILE, f"models.{model_id}", raw)
        model = _model(model_id, entry, tiers, sources)
        if loaded and model.released < loaded[-1].released:
            raise entry.error("is earlier than the release of the model above", "released")
        for name in (model.name, *model.names):
            other = names_in_use.setdefault(name, model_id)
            if other != model_id:
                raise entry.error(f"the name {name!r} is already used by {other}")
        loaded.append(model)
    top.done()
    return tuple(loaded), tiers


def _model(model_id: str, entry: TomlEntry, tiers: Mapping[str, Tier], sources: Mapping[str, Source]) -> Model:
    released = entry.take("released", date)
    tier = entry.maybe("tier", str)
    if tier is not None and tier not in tiers:
        raise entry.error(f"{tier!r} is not defined in this file", "tier")
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
        retirements=_retirements(entry),
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
        reads_pdfs=entry.maybe("pdfs", bool) is not False,
    )
    entry.done()
    ends = [day for _, day in model.retirements]
    later = [day for day in (model.vision_from, model.deprecated, model.retires_not_before, *ends) if day]
    if min(later) < released:
        raise entry.error("is later than another date of the model", "released")
    if model.deprecated and ends and min(ends) < model.deprecated:
        raise entry.error("is earlier than the deprecation", "retires")
    return model


def _retirements(entry: TomlEntry) -> tuple[tuple[Platform, date], ...]:
    dates = TomlEntry(entry.file, f"{entry.key}.retires", entry.maybe("retires", dict) or {})
    pairs = [(platform, dates.maybe(platform, date)) for platform in PLATFORMS]
    dates.done()
    return tuple((platform, day) for platform, day in pairs if day)


@cache
def _catalog() -> tuple[tuple[Model, ...], dict[str, Tier]]:
    return load_models(read_published(FILE))


def models() -> tuple[Model, ...]:
    """List the models that read images, in order of release.

    Returns:
        All known models, including retired ones.

    Example:
        >>> models()[0].name
        'Claude Opus 3'
    """
    return _catalog()[0]


def families() -> tuple[str, ...]:
    """List the model families, the oldest first.

    Example:
        >>> families()
        ('opus', 'sonnet', 'haiku', 'mythos', 'fable')
    """
    return tuple(dict.fromkeys(model.family for model in models()))


def find_tier(name: str) -> Tier:
    """Return a resolution tier by name.

    Args:
        name: `standard` or `high-resolution`.

    Returns:
        The tier.

    Raises:
        TableError: There is no such tier.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    Example:
        >>> find_tier("standard")
        Tier(edge_limit=1568, token_limit=1568, name='standard')
    """
    tiers = _catalog()[1]
    if name not in tiers:
        raise TableError(FILE, f"tiers.{name}", f"unknown tier: expected {' or '.join(tiers)}")
    return tiers[name]
