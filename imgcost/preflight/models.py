"""Find the models that a check is for, and the platform that their names or the shape of a request imply."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import ImgcostError, NoPriceError, UnknownModelError
from imgcost.tables import FIRST_PARTY, limits_on, resolve_model

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from imgcost.tables import Model, NamedModel, Platform

__all__ = ["DEFAULT_PLATFORM", "ModelFinder", "RequestModels"]

DEFAULT_PLATFORM: Platform = "claude-api"


class RequestModels(NamedTuple):
    """The models that may answer a request.

    Attributes:
        models: The models that are known, the main one first.
        problem: Why models may not answer, as sentences; else None.
        platform: The platform that the request is sent to.
    """

    models: tuple[NamedModel, ...]
    problem: str | None
    platform: Platform


class ModelFinder:
    """Finds models on a date, and remembers which platforms they imply.

    Args:
        platform: The platform; None for the one that is implied.
        day: The date.

    Raises:
        NoPriceError: Nothing is published for the platform on that date.
    """

    def __init__(self, platform: Platform | None, day: date) -> None:
        """Check that limits are published."""
        limits_on(platform or DEFAULT_PLATFORM, day)
        self._platform = platform
        self._day = day
        self._implied: dict[Platform, None] = {}
        self._by_names: dict[tuple[tuple[str, ...], Platform | None], RequestModels] = {}

    @property
    def platform(self) -> Platform:
        """The platform that was given, or that the names of all models imply."""
        if self._platform is None and len(self._implied) == 1:
            return next(iter(self._implied))
        return self._platform or DEFAULT_PLATFORM

    def platform_of(self, model: NamedModel) -> Platform:
        """Return the platform for images that are checked for a model."""
        return self._platform or model.platform or DEFAULT_PLATFORM

    def use(self, model: NamedModel) -> None:
        """Remember that images are checked for a model."""
        self._implied[self.platform_of(model)] = None

    def find(self, name: str) -> NamedModel:
        """Find the model that images are checked for.

        Raises:
            UnknownModelError: The name is not in the tables.
            NoPriceError: The model was not yet available on that date.
            ImgcostError: The model was retired by that date.
        """
        named = resolve_model(name, as_of=self._day)
        if self._day < named.model.vision_from:
            raise NoPriceError(named.model.id, self._day, named.model.vision_from, kind="model")
        if problem := self._why_unavailable(named.model, self.platform_of(named)):
            raise ImgcostError(f"{problem}: choose an active model")
        return named

    def find_or_why(self, name: str) -> tuple[NamedModel | None, ImgcostError | None]:
        """Find the model that images are checked for, or return why there is none."""
        try:
            return self.find(name), None
        except ImgcostError as error:
            return None, error

    def find_all(self, names: tuple[str, ...], shape: Platform | None) -> RequestModels:
        """Find the models that a request names; problems are returned, not raised.

        Args:
            names: Their names, the main one first.
            shape: The platform that the shape of the request implies.

        Returns:
            The models.
        """
        key = names, shape
        if key not in self._by_names:
            self._by_names[key] = self._look_up(names, shape)
        self._implied[self._by_names[key].platform] = None
        return self._by_names[key]

    def _look_up(self, names: tuple[str, ...], shape: Platform | None) -> RequestModels:
        models: list[NamedModel] = []
        unknown = [] if names else ["the request names no model"]
        for name in names:
            try:
                named = resolve_model(name, as_of=self._day)
            except (UnknownModelError, NoPriceError) as error:
                unknown.append(str(error))
                continue
            models.append(named)
        platform = self._platform_of(models, shape)
        problems = filter(None, [self._why_unavailable(named.model, platform) for named in models])
        unlisted = [
            f"{named.model.id} is not listed on {platform}" for named in models if not _is_sold(named.model, platform)
        ]
        return RequestModels(tuple(models), "; ".join((*problems, *unlisted, *unknown)) or None, platform)

    def _platform_of(self, models: Iterable[NamedModel], shape: Platform | None) -> Platform:
        """Return the given platform, or the one that a model's name or the shape of the request implies."""
        implied = next((model.platform for model in models if model.platform), None) or shape or DEFAULT_PLATFORM
        try:
            limits_on(implied, self._day)
        except NoPriceError:  # nothing is published for that date: use the limits of the Claude API
            implied = DEFAULT_PLATFORM
        return self._platform or implied

    def _why_unavailable(self, model: Model, platform: Platform) -> str | None:
        """Return why a model is not available on the date; None if it is."""
        if model.status_on(self._day, platform) == "retired":
            return f"{model.id} retired on {model.retires_on(platform)}"
        if self._day < model.vision_from:
            return f"{model.id} reads images from {model.vision_from} on"
        return None


def _is_sold(model: Model, platform: Platform) -> bool:
    """Return whether the platform lists the model; platforms that Anthropic operates list all of them."""
    ids = {"bedrock": model.bedrock_ids, "google-cloud": model.google_cloud_id, "foundry": model.foundry_id}
    return platform in FIRST_PARTY or bool(ids[platform])
