"""What a job is planned under: checked once, from keywords or from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.errors import ImgcostError, shown
from imgcost.quotes import Conditions, conditions, resolve_models
from imgcost.tables import Model

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["Scenario", "read_scenario", "scenario"]

MOST_TOKENS = 10**7
MOST_TURNS = 10**4
MOST_RETRIES = 1000

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
        conditions: How requests are sent.
        prompt_tokens: Tokens of the standing prompt of every request.
        output_tokens: Tokens of the answer to every request.
        images_per_request: New images per request; or `auto`: as many as fit without exceeding a limit or triggering
            the long-context price.
        turns: Requests per conversation, each of which sends all before it again.
        retry_rate: Requests sent again, as a part of all: 0.02 is one in fifty.
        downscale_to: Visual tokens to which images might be downscaled before they are sent, to compare; or None.
    """

    models: tuple[str | Model, ...]
    conditions: Conditions
    prompt_tokens: int = 0
    output_tokens: int = 0
    images_per_request: int | Literal["auto"] = 1
    turns: int = 1
    retry_rate: Decimal = Decimal(0)
    downscale_to: int | None = None

    @property
    def fixed_images(self) -> int | None:
        """`images_per_request` where it is a number."""
        return None if self.images_per_request == "auto" else self.images_per_request

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, but for the models; `retry_rate` as exact decimal text."""
        values = self.conditions._asdict() | self._asdict()
        for name in ("models", "conditions", "endpoint_assumed"):
            del values[name]
        return values | {"as_of": self.conditions.as_of.isoformat(), "retry_rate": f"{self.retry_rate:f}"}


_CONDITIONS = tuple(name for name in Conditions._fields if name != "endpoint_assumed")


def scenario(*, models: str | Model | Sequence[str | Model], **settings: Any) -> Scenario:
    """Check what a job is to be planned under.

    Args:
        models: A model, any of its names, or several of those.
        **settings: The other attributes of `Scenario` and `Conditions`; those left out have their defaults. Platform,
            endpoint and speed follow from the models' names where they are None.

    Returns:
        The scenario.

    Raises:
        UnknownModelError: No table lists a model's name.
        ImgcostError: A value is not one of the choices or out of range, or two contradict each other.
    """
    names: tuple[Any, ...] = ()
    if isinstance(models, str | Model):
        names = (models,)
    elif isinstance(models, Iterable) and not isinstance(models, Mapping | bytes):
        with suppress(TypeError):  # of an object that only claims to be one
            names = tuple(models)
    if not names or not all(isinstance(name, str | Model) for name in names):
        raise ImgcostError(f"models is {shown(models)}: name at least one, such as 'sonnet'")
    for name, (least, most) in _RANGES.items():
        value = settings.get(name, least)
        if name in _OTHERWISE and (value is None or isinstance(value, str)) and value == _OTHERWISE[name]:
            continue
        if not (_is_whole(value) and least <= value <= most):
            choice = ", or 'auto'" if name == "images_per_request" else ""
            raise ImgcostError(f"{name} is {shown(value)}: pass a whole number from {least} to {most:,}{choice}")
    if not isinstance(settings.get("batch", False), bool):
        raise ImgcostError(f"batch is {shown(settings['batch'])}: pass true or false")
    settings["retry_rate"] = _rate(settings.get("retry_rate", 0))
    sent = {name: settings.pop(name) for name in _CONDITIONS if name in settings}
    named = resolve_models(names, conditions(as_of=sent.get("as_of")).as_of)
    return Scenario(names, conditions(named, **sent), **settings)


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
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise ImgcostError(f"{path} is no TOML: {error}") from None
    known = [*(name for name in Scenario._fields if name != "conditions"), *_CONDITIONS, "budget"]
    for key in said:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
            raise ImgcostError(f"{path}: unknown key {shown(key)}: {hint}")
    return said


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))  # no digits of a float but those that it is written with
    except (InvalidOperation, RuntimeError, ValueError):  # not a number, one of thousands of digits, or a failing repr
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= MOST_RETRIES or rate.adjusted() < -30:
        raise ImgcostError(f"retry_rate is {shown(value)}: give a number from 0 to {MOST_RETRIES}, 0.02 for 2 %")
    return rate


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
