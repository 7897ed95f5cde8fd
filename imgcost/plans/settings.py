"""The settings of a plan: one table for scenario files, command-line options, documentation and validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from imgcost.arguments import check_choice, to_dollars
from imgcost.conditions import API_PLATFORMS, CHOICES
from imgcost.errors import ArgumentError
from imgcost.quantities import MAX_COUNT, count_within, split_names
from imgcost.tables import Model

__all__ = ["SETTINGS", "Setting", "check_setting"]

MAX_TOKENS = 10**7
MAX_TURNS = 10**4

_RANGES = {
    "count": (1, MAX_COUNT),
    "prompt_tokens": (0, MAX_TOKENS),
    "output_tokens": (0, MAX_TOKENS),
    "turns": (1, MAX_TURNS),
    "images_per_request": (1, MAX_TOKENS),
    "downscale_to": (1, MAX_TOKENS),
}


class Setting(NamedTuple):
    """A setting of a plan.

    Attributes:
        key: Key in scenario files, and the name of the option with `_` instead of `-`.
        argument: Argument of `plan`; empty if only the command line has it.
        example: An example of its value, in TOML.
        default: Its default, in words; empty if there is none.
        meaning: What it is, as a sentence.
        is_active: Whether the template sets it to the example; otherwise it is a comment there.
    """

    key: str
    argument: str
    example: str
    default: str
    meaning: str
    is_active: bool = False


SETTINGS = (
    Setting(
        "images",
        "images",
        '["12MP 4:3"]',
        "",
        "Sizes, files, folders and tables; paths in a scenario file are relative to it.",
        is_active=True,
    ),
    Setting("count", "", '"200k"', "1", "Number of images of each size.", is_active=True),
    Setting(
        "model",
        "models",
        '["sonnet", "haiku"]',
        "sonnet",
        "Model IDs, aliases or families, separated by commas.",
        is_active=True,
    ),
    Setting(
        "prompt_tokens",
        "prompt_tokens",
        "400",
        "0",
        "Text tokens in each prompt; 100 English words are about 180 to 220, or 130 to 160 with models before Claude "
        "Opus 4.7.",
        is_active=True,
    ),
    Setting(
        "prompt_text",
        "prompt_text",
        '"prompt.txt"',
        "",
        "File with the text of each prompt, instead of a number of tokens, which is then estimated.",
    ),
    Setting("output_tokens", "output_tokens", "135", "0", "Tokens in each answer.", is_active=True),
    Setting(
        "images_per_request",
        "images_per_request",
        '"auto"',
        "1",
        "New images per request; auto packs as many as fit.",
    ),
    Setting("turns", "turns", "3", "1", "Turns per conversation; each turn re-sends all earlier images and answers."),
    Setting(
        "prompt_cache",
        "cache",
        '"5m"',
        "none",
        "Cache the prompt for 5 minutes (5m) or 1 hour (1h): its text and, with several turns, earlier turns with "
        "their images.",
    ),
    Setting("batch", "batch", "true", "no batch", "Use the Message Batches API."),
    Setting("retry_rate", "retry_rate", '"2%"', "0", "Share of requests sent again (retries): 2% is 1 in 50."),
    Setting(
        "downscale_to",
        "downscale_to",
        "1000",
        "the most that models of the standard tier see",
        "Price, as an alternative, images downscaled to at most this number of tokens.",
    ),
    Setting(
        "platform",
        "platform",
        '"bedrock"',
        "from the model ID, else claude-api",
        f"Platform that serves the requests: {', '.join(API_PLATFORMS)}.",
    ),
    Setting(
        "endpoint",
        "endpoint",
        '"regional"',
        "from the model ID, else global",
        "Endpoint type, global or regional (Amazon Bedrock and Google Cloud only).",
    ),
    Setting(
        "inference_geo", "inference_geo", '"us"', "global", "Where inference may run: global, or us, which costs more."
    ),
    Setting("fast", "speed", "true", "from the model ID, else no", "Use fast mode prices."),
    Setting("as_of", "as_of", "2026-11-01", "today", "Use the prices and limits of this date."),
    Setting(
        "budget",
        "",
        "250",
        "",
        "US dollars: exit with code 1 if the job costs more with any model; also show how many images the budget "
        "covers.",
    ),
)
"""All settings, in the order of the documentation."""


def check_setting(argument: str, value: Any, name: str = "") -> Any:
    """Check one setting, and convert it to what `plan` works with.

    Args:
        argument: Argument of `plan`, or `count` or `budget`.
        value: Its value. Numbers may be text, as in `imgcost.parse_count`.
        name: What the caller calls it, for errors; `argument` if empty.

    Returns:
        The value: numbers as int or Decimal, several models as a tuple. Unknown arguments are returned unchanged.

    Raises:
        ArgumentError: The value is not valid.

    >>> check_setting("prompt_tokens", "8.5k"), check_setting("retry_rate", "2%")
    (8500, Decimal('0.02'))
    """
    name = name or argument
    if argument in _RANGES:
        return _count(argument, value, name)
    if argument in CHOICES:
        check_choice(name, value, (None, *CHOICES[argument]) if argument in _OPTIONAL else CHOICES[argument])
    elif argument == "batch" and not isinstance(value, bool):
        raise ArgumentError(name, value, "true or false")
    elif argument in _CONVERTERS:
        return _CONVERTERS[argument](name, value)
    return value


_OPTIONAL = frozenset(("platform", "endpoint", "speed"))
"""Choices that are taken from the models' names if they are None."""


def _count(argument: str, value: Any, name: str) -> Any:
    minimum, maximum = _RANGES[argument]
    if argument == "downscale_to" and value is None:
        return None
    if argument != "images_per_request":
        return count_within(value, name, minimum, maximum)
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    try:
        return count_within(value, name, minimum, maximum)
    except ArgumentError:
        raise ArgumentError(name, value, "a whole number, such as 20, or 'auto'") from None


def _names(name: str, value: Any) -> tuple[str | Model, ...]:
    """Return the models: one or more names or `Model`s."""
    models: tuple[Any, ...] = ()
    if isinstance(value, str | Model):
        models = (value,)
    elif isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        with suppress(TypeError):  # of an object that only claims to be one
            models = tuple(value)
    if not models or not all(isinstance(model, str | Model) for model in models):
        raise ArgumentError(name, value, "at least one model, such as 'sonnet'")
    return tuple(part for model in models for part in (split_names([model]) if isinstance(model, str) else [model]))


def _rate(name: str, value: Any) -> Decimal:
    try:
        text = str(value).strip()  # a float keeps the digits that it is written with
        rate = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (InvalidOperation, RuntimeError, ValueError):  # not a number, thousands of digits, or a failing __str__
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= 1 or rate.adjusted() < -30:
        raise ArgumentError(name, value, "a number from 0 to 1, such as 0.02 or 2%")
    return rate


def _date(name: str, value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ArgumentError(name, value, "a date, such as 2026-11-22") from None


_CONVERTERS = {"models": _names, "retry_rate": _rate, "as_of": _date, "budget": to_dollars}
