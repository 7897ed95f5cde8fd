"""A callback for litellm that checks requests to Claude before they are sent: `litellm.callbacks = [PreflightHook()]`.

litellm calls it in `acompletion`, `anthropic_messages`, the Router and the proxy, after a deployment is chosen. The
synchronous `completion` has no hook that can stop or change a call; there, use `PreflightHook.checked`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from imgcost.errors import ImgcostError, MissingPackageError, RequestError
from imgcost.integrations.checks import CheckSettings, Fixed
from imgcost.preflight import PreflightError
from imgcost.tables import resolve_model

try:
    from litellm.exceptions import BadRequestError
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:
    raise MissingPackageError("imgcost.integrations.litellm", "litellm") from None

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from imgcost.tables import Platform

__all__ = ["PreflightHook"]

_SHAPES = {"completion": "openai-chat", "acompletion": "openai-chat", "anthropic_messages": "messages"}
"""The shape of a request, by the name of the litellm function."""

_CHECKED = ("model", "messages", "max_completion_tokens", "max_tokens", "system", "tools")
"""Arguments that are checked; the others are litellm's own, or have no effect on images."""


class PreflightHook(CustomLogger):
    """Checks requests to Claude, in OpenAI's or Anthropic's shape, before litellm sends them.

    Requests to other models pass unchanged. A request with errors is not sent: `litellm.BadRequestError` is raised,
    which the Router does not retry, with the `PreflightError` as its cause. With `on_error="warn"` errors are logged
    by the logger `imgcost`, and the request is sent.

    Args:
        fix: Whether requests with errors are fixed, as by `fit_request`, and sent if nothing is left to fix. Messages
            that are passed by position cannot be fixed.
        on_error: `raise`, or `warn` to send requests with errors all the same.
        platform: The platform; None for the one that the model's name implies, such as Amazon Bedrock for
            `bedrock/us.anthropic...`, else the Claude API.
        as_of: The date whose limits apply; the current date of each call if None.
        ignore: Names of rules to skip.

    Raises:
        NoPriceError: Nothing is published for the platform on that date.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: Another argument has a wrong type, or is not one of its choices.

    Example:
        litellm.callbacks = [PreflightHook(fix=True)]
    """

    def __init__(
        self,
        *,
        fix: bool = False,
        on_error: Literal["raise", "warn"] = "raise",
        platform: Platform | None = None,
        as_of: date | None = None,
        ignore: Iterable[str] = (),
    ) -> None:
        """Validate the arguments."""
        super().__init__()
        self._settings = CheckSettings(fix=fix, on_error=on_error, platform=platform, as_of=as_of, ignore=ignore)

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Check a request, and return it as it is sent. litellm calls this."""
        shape = _SHAPES.get(getattr(call_type, "value", ""))
        if shape is None:
            return None
        logged = kwargs.get("litellm_logging_obj")  # has the arguments that were passed by position
        model = kwargs.get("model") or getattr(logged, "model", None)
        messages = kwargs.get("messages") or getattr(logged, "messages", None)
        request = {**kwargs, "model": model, "messages": messages}
        if "messages" in kwargs:
            # Decoding and encoding images takes up to seconds, in which the event loop has other things to do.
            return await asyncio.to_thread(self._prepared, request, shape, fix=self._settings.fixes)
        self._prepared(request, shape, fix=False)
        return None

    def checked(self, **arguments: Any) -> dict[str, Any]:
        """Check the arguments of `litellm.completion`, which has no hook: `completion(**hook.checked(model=...))`.

        Args:
            **arguments: The arguments.

        Returns:
            New arguments, fixed if requested.

        Raises:
            BadRequestError: The API would reject the request.
        """
        return self._prepared(arguments, "openai-chat", fix=self._settings.fixes)

    def _prepared(self, arguments: dict[str, Any], shape: str, *, fix: bool) -> dict[str, Any]:
        model = arguments.get("model")
        if not _is_claude(model):
            return arguments
        fixed = Fixed({key: arguments[key] for key in _CHECKED if arguments.get(key) is not None})
        try:
            findings = self._settings.check(fixed.params, shape)
            if fix and findings is not None and not findings.ok:
                fixed = self._settings.fix(fixed.params, shape)
                findings = self._settings.check(fixed.params, shape)
            self._settings.decide(findings, fixed)
        except (PreflightError, RequestError) as error:
            message = "\n".join([str(error), *fixed.reasons])
            raise BadRequestError(message=message, model=str(model), llm_provider="") from error
        return {**arguments, "messages": fixed.params["messages"]} if fixed.changes else arguments


def _is_claude(model: Any) -> bool:
    """Return whether a model is one of Claude's, or is named like one that is not known yet."""
    try:
        return bool(resolve_model(model))
    except (ImgcostError, AttributeError, TypeError):
        return "claude" in str(model).lower()
