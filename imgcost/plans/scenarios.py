"""Settings of a plan, validated."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.conditions import Conditions, conditions
from imgcost.errors import ArgumentError, ImgcostError
from imgcost.figures import exact_percent, plural
from imgcost.plans.settings import check_setting
from imgcost.prompts import text_bytes, text_tokens
from imgcost.quoting import resolve_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.tables import Model, NamedModel

__all__ = ["Scenario", "make_scenario"]


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
        downscale_to: Visual tokens to which images are downscaled for comparison; None for the most that models of the
            standard tier see.
        prompt_bytes: Bytes of the text, as UTF-8, from which `prompt_tokens` is estimated; None if it is not estimated.
    """

    models: tuple[str | Model, ...]
    conditions: Conditions
    prompt_tokens: int = 0
    output_tokens: int = 0
    images_per_request: int | Literal["auto"] = 1
    turns: int = 1
    retry_rate: Decimal = Decimal(0)
    downscale_to: int | None = None
    prompt_bytes: int | None = None

    @property
    def fixed_images(self) -> int | None:
        """`images_per_request`, or None for `auto`."""
        return None if self.images_per_request == "auto" else self.images_per_request

    @property
    def images_only(self) -> bool:
        """Whether prompts and answers have no tokens."""
        return not self.prompt_tokens and not self.output_tokens

    @property
    def description(self) -> str:
        """Everything but the models and the date, in one line."""
        images = self.images_per_request
        parts = ["as many images per request as fit" if images == "auto" else f"{plural(images, 'image')} per request"]
        if self.images_only:
            parts.append("images only (no prompt, no answer)")
        else:
            estimated = "" if self.prompt_bytes is None else " (estimated)"
            parts.append(plural(self.prompt_tokens, "prompt token") + estimated)
            parts.append(plural(self.output_tokens, "output token"))
        if self.turns > 1:
            parts.append(plural(self.turns, "turn"))
        parts += self.conditions.labels
        if self.retry_rate:
            parts.append(f"{exact_percent(self.retry_rate)} retries")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings without the models as plain values; `retry_rate` as exact decimal text."""
        values = self.conditions._asdict() | self._asdict()
        for name in ("models", "conditions", "endpoint_assumed"):
            del values[name]
        return values | {"as_of": self.conditions.as_of.isoformat(), "retry_rate": f"{self.retry_rate:f}"}


_CONDITIONS = tuple(name for name in Conditions._fields if name != "endpoint_assumed")


def make_scenario(
    *, models: str | Model | Sequence[str | Model], prompt_text: str | None = None, **settings: Any
) -> Scenario:
    """Validate the settings of a plan.

    Args:
        models: One or more models, as `Model` or by any of their names.
        prompt_text: Text of every prompt, from which `prompt_tokens` is estimated, for the model that needs most.
        **settings: Other attributes of `Scenario` and `Conditions`; missing ones have their defaults. If platform,
            endpoint or speed is None, it is taken from the models' names.

    Returns:
        The scenario.

    Raises:
        UnknownModelError: No table lists a model's name.
        ImgcostError: A value is invalid or out of range, or two values contradict each other.
    """
    names = check_setting("models", models)
    chosen = {name: check_setting(name, value) for name, value in settings.items() if name != "as_of"}
    chosen |= {name: value for name, value in settings.items() if name == "as_of"}
    sent = {name: chosen.pop(name) for name in _CONDITIONS if name in chosen}
    named = resolve_models(names, conditions(as_of=sent.get("as_of")).as_of)
    if prompt_text is not None:
        chosen |= _estimated_prompt(prompt_text, named, chosen.get("prompt_tokens", 0))
    return Scenario(names, conditions(named, **sent), **chosen)


def _estimated_prompt(text: str, named: Sequence[NamedModel], prompt_tokens: int) -> dict[str, Any]:
    """Estimate the tokens of a prompt: if the models have several tokenizers, by the one that needs most."""
    if not isinstance(text, str):
        raise ArgumentError("prompt_text", text, "the text of the prompt, as str")
    if prompt_tokens:
        raise ImgcostError("prompt_tokens and prompt_text exclude each other: use one of them")
    return {
        "prompt_tokens": check_setting(
            "prompt_tokens", max(text_tokens(text, each.model) for each in named), "prompt_text"
        ),
        "prompt_bytes": text_bytes(text),
    }
