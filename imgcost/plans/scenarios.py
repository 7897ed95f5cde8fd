"""What a job is planned under: checked once, from keywords or from a TOML file."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.errors import ImgcostError
from imgcost.tables import (
    Endpoint,
    Model,
    NamedModel,
    Placement,
    Speed,
    place,
    platforms,
    require_offered,
    resolve_model,
    today,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from imgcost.estimates import InferenceGeo
    from imgcost.tables import Platform

__all__ = ["CacheTtl", "Endpoint", "Scenario", "read_scenario", "scenario", "shown"]

CacheTtl: TypeAlias = Literal["5m", "1h"]
"""How long a cached prefix lives after its last use."""

MOST_TOKENS = 10**7
MOST_TURNS = 10**4
MOST_RETRIES = 1000

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "cache": (None, "5m", "1h"),
    "inference_geo": ("global", "us"),
    "endpoint": (None, "global", "regional"),
    "platform": (None, *(name for name in platforms() if name != "claude-ai")),
    "speed": (None, "standard", "fast"),
}
_RANGES = {
    "prompt_tokens": (0, MOST_TOKENS),
    "output_tokens": (0, MOST_TOKENS),
    "turns": (1, MOST_TURNS),
    "images_per_request": (1, MOST_TOKENS),
    "downscale_to": (1, MOST_TOKENS),
}


_OTHERWISE = {"images_per_request": "auto", "downscale_to": None}
"""What may stand there instead of a number."""


class Scenario(NamedTuple):
    """What a job is planned under.

    Attributes:
        models: The models, or any of their names, in the order asked.
        prompt_tokens: Tokens of the standing prompt of every request.
        output_tokens: Tokens of the answer to every request.
        images_per_request: New images a request, or `auto`: as many as no limit forbids and no surcharge punishes.
        cache: None, or how long the prompt cache keeps what it is given: `5m` or `1h`.
        batch: Whether the requests go through the Message Batches API.
        inference_geo: `global`, or `us`.
        endpoint: `global`, or `regional` (Amazon Bedrock and Google Cloud).
        platform: Where requests are sent, any of `imgcost.tables.platforms()` but `claude-ai`.
        speed: `standard`, or `fast` for fast mode.
        turns: Requests of a conversation, each of which sends all before it again.
        retry_rate: Requests sent again, as a part of all: 0.02 is one in fifty.
        as_of: The day whose prices and limits hold.
        downscale_to: Visual tokens to which images might be downscaled before they are sent, to compare; or None.
        endpoint_assumed: Whether nothing selected the endpoint of a platform that has two.
    """

    models: tuple[str | Model, ...]
    prompt_tokens: int
    output_tokens: int
    images_per_request: int | Literal["auto"]
    cache: CacheTtl | None
    batch: bool
    inference_geo: InferenceGeo
    endpoint: Endpoint
    platform: Platform
    speed: Speed
    turns: int
    retry_rate: Decimal
    as_of: date
    downscale_to: int | None
    endpoint_assumed: bool

    @property
    def placement(self) -> Placement:
        """Where and how every model is called."""
        return Placement(self.platform, self.endpoint, self.speed, self.endpoint_assumed)

    @property
    def fixed_images(self) -> int | None:
        """`images_per_request` where it is a number."""
        return None if self.images_per_request == "auto" else self.images_per_request


def scenario(*, models: str | Model | Sequence[str | Model], as_of: date | None = None, **settings: Any) -> Scenario:
    """Check what a job is to be planned under.

    Args:
        models: A model, any of its names, or several of those.
        as_of: The day; today in UTC if None.
        **settings: The other attributes of `Scenario`; all of them but `endpoint_assumed`. Platform, endpoint and speed
            may be None: then the models' names decide.

    Returns:
        The scenario.

    Raises:
        UnknownModelError: No table lists a model's name.
        ImgcostError: A value is none of those that may be, or two contradict each other.
    """
    names = (models,) if isinstance(models, str | Model) else tuple(models)
    if not names or not all(isinstance(name, str | Model) for name in names):
        raise ImgcostError(f"models is {shown(models)}: name one at least, such as 'sonnet'")
    for name, choices in _CHOICES.items():
        if settings[name] not in choices:
            known = ", ".join(choice or "none" for choice in choices if choice or name == "cache")
            raise ImgcostError(f"{name} is {shown(settings[name])}: choose one of {known}")
    for name, (least, most) in _RANGES.items():
        value = settings[name]
        if name in _OTHERWISE and value == _OTHERWISE[name]:
            continue
        if not (_is_whole(value) and least <= value <= most):
            choice = ", or 'auto'" if name == "images_per_request" else ""
            raise ImgcostError(f"{name} is {shown(value)}: give a whole number from {least} to {most:,}{choice}")
    if not isinstance(settings["batch"], bool):
        raise ImgcostError(f"batch is {shown(settings['batch'])}: give true or false")
    settings["retry_rate"] = _rate(settings["retry_rate"])
    day = as_of.date() if isinstance(as_of, datetime) else as_of or today()
    if not isinstance(day, date):
        raise ImgcostError(f"as_of is {shown(day)}: give a day")
    return Scenario(models=names, as_of=day, **(settings | _placed(names, day, settings)))


def _placed(names: Sequence[str | Model], day: date, settings: dict[str, Any]) -> dict[str, Any]:
    """Where and how all models are called: one plan has one platform, one endpoint and one speed."""
    named = [resolve_model(name, as_of=day) if isinstance(name, str) else NamedModel(name.id, name) for name in names]
    where = place(named, **{what: settings[what] for what in ("platform", "endpoint", "speed")})
    if settings["batch"]:
        require_offered("batch", where.platform)
    if settings["inference_geo"] == "us":
        require_offered("inference-geo-us", where.platform)
    found = where._asdict()
    return {"endpoint_assumed": found.pop("assumed"), **found}


def read_scenario(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a scenario file: TOML, its keys are the keywords of `plan`, and `budget` in US dollars.

    Args:
        path: The file.

    Returns:
        What it says, by key; values are checked when they are used.

    Raises:
        ImgcostError: It is no TOML, or has a key that is no keyword.
        OSError: It cannot be read.
    """
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ImgcostError(f"{path} is no TOML: {error}") from None
    known = [*(name for name in Scenario._fields if name != "endpoint_assumed"), "budget"]
    for key in said:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
            raise ImgcostError(f"{path}: unknown key {shown(key)}: {hint}")
    return said


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))  # no digits of a float but those that it is written with
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= MOST_RETRIES or rate.adjusted() < -30:
        raise ImgcostError(f"retry_rate is {shown(value)}: give a number from 0 to {MOST_RETRIES}, 0.02 for 2 %")
    return rate


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """Cut what was given to a length that fits a sentence.

    >>> shown("a" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
