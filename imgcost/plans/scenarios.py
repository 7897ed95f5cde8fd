"""Settings of a plan, from keyword arguments or a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.conditions import Conditions, conditions
from imgcost.errors import ArgumentError, ImgcostError, short_repr
from imgcost.quoting import resolve_models
from imgcost.tables import Model

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["Scenario", "make_scenario", "read_scenario"]

MAX_TOKENS = 10**7
MAX_TURNS = 10**4

_RANGES = {
    "prompt_tokens": (0, MAX_TOKENS),
    "output_tokens": (0, MAX_TOKENS),
    "turns": (1, MAX_TURNS),
    "images_per_request": (1, MAX_TOKENS),
    "downscale_to": (1, MAX_TOKENS),
}


_ALTERNATIVES = {"images_per_request": "auto", "downscale_to": None}
"""Values allowed instead of a number."""


class Scenario(NamedTuple):
    """Settings of a plan.

    Attributes:
        models: The models, or any of their names, in the given order.
        conditions: How requests are sent.
        prompt_tokens: Text tokens in the prompt of every request.
        output_tokens: Tokens in the answer to every request.
        images_per_request: New images per request; or `auto`: as many as fit without exceeding a limit or triggering
            the long-context price.
        turns: Turns per conversation; each turn re-sends everything before it.
        retry_rate: Share of requests that are sent again: 0.02 is 1 in 50.
        downscale_to: Visual tokens to which images are downscaled for comparison; or None.
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
        """`images_per_request`, or None for `auto`."""
        return None if self.images_per_request == "auto" else self.images_per_request

    def to_dict(self) -> dict[str, Any]:
        """Return the settings without the models as plain values; `retry_rate` as exact decimal text."""
        values = self.conditions._asdict() | self._asdict()
        for name in ("models", "conditions", "endpoint_assumed"):
            del values[name]
        return values | {"as_of": self.conditions.as_of.isoformat(), "retry_rate": f"{self.retry_rate:f}"}


_CONDITIONS = tuple(name for name in Conditions._fields if name != "endpoint_assumed")


def make_scenario(*, models: str | Model | Sequence[str | Model], **settings: Any) -> Scenario:
    """Validate the settings of a plan.

    Args:
        models: One or more models, as `Model` or by any of their names.
        **settings: Other attributes of `Scenario` and `Conditions`; missing ones have their defaults. If platform,
            endpoint or speed is None, it is taken from the models' names.

    Returns:
        The scenario.

    Raises:
        UnknownModelError: No table lists a model's name.
        ImgcostError: A value is invalid or out of range, or two values contradict each other.
    """
    names: tuple[Any, ...] = ()
    if isinstance(models, str | Model):
        names = (models,)
    elif isinstance(models, Iterable) and not isinstance(models, Mapping | bytes):
        with suppress(TypeError):  # of an object that only claims to be one
            names = tuple(models)
    if not names or not all(isinstance(name, str | Model) for name in names):
        raise ArgumentError("models", models, "at least one model, such as 'sonnet'")
    for name, (minimum, maximum) in _RANGES.items():
        value = settings.get(name, minimum)
        if name in _ALTERNATIVES and (value is None or isinstance(value, str)) and value == _ALTERNATIVES[name]:
            continue
        if not (_is_whole(value) and minimum <= value <= maximum):
            choice = ", or 'auto'" if name == "images_per_request" else ""
            raise ArgumentError(name, value, f"a whole number from {minimum:,} to {maximum:,}{choice}")
    if not isinstance(settings.get("batch", False), bool):
        raise ArgumentError("batch", settings["batch"], "true or false")
    settings["retry_rate"] = _rate(settings.get("retry_rate", 0))
    chosen = {name: settings.pop(name) for name in _CONDITIONS if name in settings}
    named = resolve_models(names, conditions(as_of=chosen.get("as_of")).as_of)
    return Scenario(names, conditions(named, **chosen), **settings)


_OPTIONS = {"model": "models", "prompt_cache": "cache", "fast": "speed"}
"""Options of the command line that have another name than the argument of `plan`."""


def read_scenario(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a scenario file: TOML with the options of `imgcost plan` or the keyword arguments of `plan`.

    Args:
        path: The file.

    Returns:
        Keyword arguments of `plan`, and `budget` in US dollars; except dates, they are validated when they are used.

    Raises:
        ImgcostError: The file is not valid TOML, has an unknown key, or has two keys for one setting.
        OSError: The file cannot be read.
    """
    try:
        keys = tomllib.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:  # also for invalid UTF-8, or a number of thousands of digits
        raise ImgcostError(f"{path} is not valid TOML: {error}") from None
    arguments = [*(name for name in Scenario._fields if name != "conditions"), *_CONDITIONS, "budget"]
    options = [*_OPTIONS, *(name for name in arguments if name not in _OPTIONS.values())]
    settings: dict[str, Any] = {}
    for key, value in keys.items():
        name = key.replace("-", "_")
        argument = _OPTIONS.get(name, name)
        if argument not in arguments:
            similar = get_close_matches(name, [*options, *arguments], n=1)
            hint = f"did you mean {similar[0]}?" if similar else f"valid keys are {', '.join(options)}"
            raise ImgcostError(f"{path}: unknown key {short_repr(key)}: {hint}")
        if argument in settings:
            raise ImgcostError(f"{path}: {short_repr(key)} sets {argument} again: use one of the keys")
        try:
            settings[argument] = _value(name, value)
        except ArgumentError as error:
            raise ImgcostError(f"{path}: {error}") from None
    return settings


def _value(key: str, value: Any) -> Any:
    """Return the value of a key as an argument of `plan`: dates may be text, and `fast` is true or false."""
    if key == "fast":
        if isinstance(value, bool):
            return "fast" if value else None
        raise ArgumentError(key, value, "true or false")
    if key == "as_of" and not isinstance(value, date):
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ArgumentError(key, value, "a date, such as 2026-11-22") from None
    return value


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))  # a float keeps the digits that it is written with
    except (InvalidOperation, RuntimeError, ValueError):  # not a number, thousands of digits, or a failing __str__
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= 1 or rate.adjusted() < -30:
        raise ArgumentError("retry_rate", value, "a number from 0 to 1, for example 0.02 for 2%")

    return rate


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
