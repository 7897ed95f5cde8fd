"""What a job is planned under: checked once, from keywords or from a TOML file."""

from __future__ import annotations

import tomllib
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.arguments import take_choice, take_day
from imgcost.errors import ImgcostError, shown
from imgcost.tables import Model, today

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import date

    from imgcost.estimates import InferenceGeo
    from imgcost.tables import Platform

__all__ = ["CacheTtl", "Endpoint", "Scenario", "read_scenario", "scenario", "shown"]

CacheTtl: TypeAlias = Literal["5m", "1h"]
"""How long a cached prefix lives after its last use."""

Endpoint: TypeAlias = Literal["global", "regional"]
"""Which endpoints of Amazon Bedrock and Google Cloud are asked: regional ones cost more."""

MOST_TOKENS = 10**7
MOST_TURNS = 10**4
MOST_RETRIES = 1000

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "cache": (None, "5m", "1h"),
    "inference_geo": ("global", "us"),
    "endpoint": ("global", "regional"),
    "platform": ("claude-api", "bedrock", "google-cloud", "foundry"),
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
        platform: `claude-api`, `bedrock`, `google-cloud` or `foundry`.
        turns: Requests of a conversation, each of which sends all before it again.
        retry_rate: Requests sent again, as a part of all: 0.02 is one in fifty.
        as_of: The day whose prices and limits hold.
        downscale_to: Visual tokens to which images might be downscaled before they are sent, to compare; or None.
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
    turns: int
    retry_rate: Decimal
    as_of: date
    downscale_to: int | None

    @property
    def fixed_images(self) -> int | None:
        """`images_per_request` where it is a number."""
        return None if self.images_per_request == "auto" else self.images_per_request


def scenario(*, models: str | Model | Sequence[str | Model], as_of: date | None = None, **settings: Any) -> Scenario:
    """Check what a job is to be planned under.

    Args:
        models: A model, any of its names, or several of those.
        as_of: The day; today in UTC if None.
        **settings: The other attributes of `Scenario`; all of them.

    Returns:
        The scenario.

    Raises:
        ImgcostError: A value is none of those that may be, or two contradict each other.
    """
    try:
        names = (models,) if isinstance(models, str | Model) else tuple(models)
    except TypeError:
        names = ()
    if not names or not all(isinstance(name, str | Model) for name in names):
        raise ImgcostError(f"models is {shown(models)}: name one at least, such as 'sonnet'")
    for name, choices in _CHOICES.items():
        take_choice(name, settings[name], choices)
    for name, (least, most) in _RANGES.items():
        value = settings[name]
        if name in _OTHERWISE and (value is None or isinstance(value, str)) and value == _OTHERWISE[name]:
            continue
        if not (_is_whole(value) and least <= value <= most):
            choice = ", or 'auto'" if name == "images_per_request" else ""
            raise ImgcostError(f"{name} is {shown(value)}: give a whole number from {least} to {most:,}{choice}")
    if not isinstance(settings["batch"], bool):
        raise ImgcostError(f"batch is {shown(settings['batch'])}: give true or false")
    settings["retry_rate"] = _rate(settings["retry_rate"])
    found = Scenario(models=names, as_of=take_day(as_of) or today(), **settings)
    _check_sold(found)
    return found


def _check_sold(found: Scenario) -> None:
    """Refuse what is sold nowhere, by the pages that the multipliers were read on."""
    if found.batch and found.platform != "claude-api":
        raise ImgcostError(f"batch is the Message Batches API of claude-api: it is not sold on {found.platform}")
    if found.inference_geo == "us" and found.platform not in {"claude-api", "foundry"}:
        raise ImgcostError(f"inference_geo is sold on claude-api and foundry, not on {found.platform}: see endpoint")
    if found.endpoint == "regional" and found.platform not in {"bedrock", "google-cloud"}:
        raise ImgcostError(f"regional endpoints are those of bedrock and google-cloud: {found.platform} has none")


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
    known = [*Scenario._fields, "budget"]
    for key in said:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
            raise ImgcostError(f"{path}: unknown key {shown(key)}: {hint}")
    return said


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))  # no digits of a float but those that it is written with
    except (InvalidOperation, RuntimeError):  # a stranger's __repr__
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= MOST_RETRIES or rate.adjusted() < -30:
        raise ImgcostError(f"retry_rate is {shown(value)}: give a number from 0 to {MOST_RETRIES}, 0.02 for 2 %")
    return rate


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
