"""Middleware for the Anthropic SDK: each call is checked before it is sent, and compared with `usage` afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.arguments import to_dollars
from imgcost.errors import ArgumentError, ImgcostError, MissingPackageError
from imgcost.figures import dollars, number
from imgcost.integrations.calls import Call, CallRecord, Calls, CallSummary, Operation
from imgcost.integrations.checks import LOGGER, CheckSettings, Fixed
from imgcost.integrations.forecasts import Forecast, billed, forecast, forecast_batch
from imgcost.notebooks import html_table
from imgcost.preflight import PreflightError
from imgcost.prices import exact_usd
from imgcost.tabular import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from typing import Self

    import pandas as pd
    from anthropic import APIRequest, APIResponse, AsyncAPIResponse, AsyncCallNext, CallNext, Middleware

    from imgcost.arguments import Dollars
    from imgcost.preflight import Findings
    from imgcost.tables import Platform
else:
    Middleware = object

__all__ = ["Preflight"]

_OPERATIONS: dict[str, Operation] = {
    "/v1/messages": "messages",
    "/v1/messages/batches": "batches",
    "/v1/messages/count_tokens": "count_tokens",
}
_SHAPES: dict[Operation, str] = {"messages": "messages", "batches": "batch", "count_tokens": "messages"}


class _Attempt(NamedTuple):
    """A request that is sent, and its record."""

    request: APIRequest
    call: Call


@cache
def _with_sdk(preflight: type) -> type:
    """Return a class as one of the SDK's middleware. The SDK is imported only now."""
    try:
        from anthropic import Middleware as Base  # noqa: PLC0415 - see above
    except ImportError:
        raise MissingPackageError("imgcost.Preflight", "anthropic>=2.12") from None
    if issubclass(preflight, Base):
        return preflight
    return type(
        preflight.__name__, (preflight, Base), {"__module__": preflight.__module__, "__doc__": preflight.__doc__}
    )


class Preflight(Middleware):
    """Middleware for the Anthropic SDK: `Anthropic(middleware=[Preflight()])`, also for `AsyncAnthropic`.

    It checks the requests of `messages.create` and `messages.stream`, `messages.batches.create` and
    `messages.count_tokens`, also under `beta`, before they are sent. Afterwards it reads `usage`, from streams while
    they are read, and keeps what was predicted beside what was billed. Other requests pass unchanged. It can be shared
    by clients, threads and tasks.

    A request with errors is not sent: `PreflightError` is raised. If a request cannot be checked, that error is raised
    too. With `on_error="warn"` both are logged by the logger `imgcost`, and the request is sent.

    A budget is compared with the most that a request can cost: `max_tokens` for the answer, and a token per byte of
    text in the prompt. This amount is reserved until `usage` is known, and remains reserved for batches and for calls
    that fail without an answer. Retries by the SDK count once.

    Args:
        fix: Whether requests with errors are fixed, as by `fit_request`, and sent if nothing is left to fix.
        on_error: `raise`, or `warn` to send requests with errors all the same.
        budget_usd: Maximum cost of all calls, US dollars. A call that might exceed it, or has no known maximum, such as
            one with web search, is not sent, whatever `on_error` is.
        request_budget_usd: Maximum cost of each call, US dollars.
        platform: The platform; None for the one that the model's name implies, such as Amazon Bedrock for
            `us.anthropic...`, else the Claude API.
        as_of: The date whose prices and limits apply; the current date of each call if None.
        ignore: Names of rules to skip.
        keep: Number of calls in `records`, the last ones. Totals are those of all calls.

    Raises:
        MissingPackageError: The Anthropic SDK is not installed, or is older than 2.12.
        NoPriceError: Nothing is published for the platform on that date.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: Another argument has a wrong type, or is not one of its choices.

    Example:
        client = Anthropic(middleware=[imgcost.Preflight(fix=True, budget_usd=5)])
    """

    def __new__(cls, *_args: Any, **_options: Any) -> Self:
        """Make it one of the SDK's middleware."""
        made: Self = super().__new__(_with_sdk(cls))  # type: ignore[arg-type] # a class is hashable
        return made

    def __init__(
        self,
        *,
        fix: bool = False,
        on_error: Literal["raise", "warn"] = "raise",
        budget_usd: Dollars | None = None,
        request_budget_usd: Dollars | None = None,
        platform: Platform | None = None,
        as_of: date | None = None,
        ignore: Iterable[str] = (),
        keep: int = 1000,
    ) -> None:
        """Validate the arguments."""
        self._settings = CheckSettings(fix=fix, on_error=on_error, platform=platform, as_of=as_of, ignore=ignore)
        if not isinstance(keep, int) or keep < 0:
            raise ArgumentError("keep", keep, "a number of calls, 0 or more")
        budgets = to_dollars("budget_usd", budget_usd), to_dollars("request_budget_usd", request_budget_usd)
        self._calls = Calls(*budgets, keep)

    def __repr__(self) -> str:
        total = self.summary()
        counts = f"calls={total.calls} fixed={total.fixed} stopped={total.stopped}"
        return f"<{type(self).__name__} {counts} usd={exact_usd(total.billed_usd)}>"

    @property
    def records(self) -> tuple[CallRecord, ...]:
        """The last calls, the oldest first."""
        return self._calls.records()

    def summary(self) -> CallSummary:
        """Return the totals of all calls."""
        return self._calls.summary()

    def to_frame(self) -> pd.DataFrame:
        """Return the records as a DataFrame; see `imgcost.tabular.Schema.frame`. It needs pandas."""
        return CALLS.frame(CALLS.rows(record.to_dict() for record in self.records))

    def _repr_html_(self) -> str:
        total = self.summary()
        rows = [
            ("calls", number(total.calls)),
            ("calls fixed before they were sent", number(total.fixed)),
            ("calls stopped before they were sent", number(total.stopped)),
            ("prompt tokens, predicted", number(total.prompt_tokens)),
            ("prompt tokens, billed", number(total.billed_prompt_tokens)),
            ("billed", dollars(total.billed_usd)),
            ("reserved", dollars(total.reserved_usd)),
        ]
        return html_table("Preflight", ("total", ">value"), rows)

    def handle(self, request: APIRequest, call_next: CallNext) -> APIResponse[Any]:
        """Check a request, send it, and read its usage. The synchronous client calls this."""
        operation = _operation(request)
        if operation is None:
            return call_next(request)
        with self._stopping(request, operation):
            fixed = Fixed(request.json)
            findings = self._check(fixed, operation)
            if self._to_fix(findings):
                fixed = self._settings.fix(fixed.params, _SHAPES[operation])
                findings = self._check(fixed, operation)
            errors = self._settings.decide(findings, fixed)
        attempt = self._admit(request, operation, fixed, errors)
        try:
            response = call_next(attempt.request)
        except BaseException:
            self._calls.fail(attempt.call)
            raise
        with _harmless():
            content = response.json() if _is_answer(attempt, response) else None
            self._finish(attempt.call, response, content)
        return response

    async def handle_async(self, request: APIRequest, call_next: AsyncCallNext) -> AsyncAPIResponse[Any]:
        """Check a request, send it, and read its usage. The asynchronous client calls this."""
        operation = _operation(request)
        if operation is None:
            return await call_next(request)
        with self._stopping(request, operation):
            fixed = Fixed(request.json)
            findings = self._check(fixed, operation)
            if self._to_fix(findings):
                from anyio.to_thread import run_sync  # noqa: PLC0415 - the SDK has loaded it

                # Decoding and encoding images takes up to seconds, in which the event loop has other things to do.
                fixed = await run_sync(self._settings.fix, fixed.params, _SHAPES[operation])
                findings = self._check(fixed, operation)
            errors = self._settings.decide(findings, fixed)
        attempt = self._admit(request, operation, fixed, errors)
        try:
            response = await call_next(attempt.request)
        except BaseException:
            self._calls.fail(attempt.call)
            raise
        with _harmless():
            content = await response.json() if _is_answer(attempt, response) else None
            self._finish(attempt.call, response, content)
        return response

    def _check(self, fixed: Fixed, operation: Operation) -> Findings | None:
        ignore = ("max-tokens",) if operation == "count_tokens" else ()
        return self._settings.check(fixed.params, _SHAPES[operation], ignore=ignore)

    def _to_fix(self, findings: Findings | None) -> bool:
        return self._settings.fixes and findings is not None and not findings.ok

    @contextmanager
    def _stopping(self, request: APIRequest, operation: Operation) -> Iterator[None]:
        """Record a call that is not sent because of its errors."""
        try:
            yield
        except ImgcostError as error:
            errors = len(error.findings.errors) if isinstance(error, PreflightError) else 1
            body: Any = request.json
            self._calls.stop(Call(operation, Forecast(str(body.get("model", ""))), errors=errors))
            raise

    def _admit(self, request: APIRequest, operation: Operation, fixed: Fixed, errors: int) -> _Attempt:
        """Reserve the cost of a request, and return it as it is sent.

        Raises:
            BudgetError: It might exceed a budget.
        """
        predicted = self._forecast(fixed.params, operation)
        call = Call(operation, predicted, fixed.changes, errors, request.options.idempotency_key)
        self._calls.send(call, retry=request.retries_taken > 0)
        sent = request.copy(body=fixed.params) if fixed.changes else copy(request)
        if operation == "messages" and sent.stream and sent.stream_cls is not None:
            from imgcost.integrations.streams import observed  # noqa: PLC0415 - imports the SDK

            sent.stream_cls = observed(sent.stream_cls, partial(self._settle, call))
        return _Attempt(sent, call)

    def _forecast(self, body: Any, operation: Operation) -> Forecast:
        platform, as_of = self._settings.platform, self._settings.as_of
        try:
            if operation == "batches":
                entries = [entry["params"] for entry in body["requests"]]
                return forecast_batch(
                    [forecast(entry, platform=platform, as_of=as_of, batch=True) for entry in entries]
                )
            predicted = forecast(body, platform=platform, as_of=as_of)
        except Exception as error:  # noqa: BLE001 - such as a request that is sent although it cannot be read
            self._settings.report(error)
            return Forecast(str(body.get("model", "")), unknown=str(error))
        # Counting is free.
        return predicted._replace(max_usd=Decimal(0), unknown=None) if operation == "count_tokens" else predicted

    def _finish(self, call: Call, response: Any, content: Any) -> None:
        if not hasattr(response, "http_response"):
            self._calls.release(call, "answered")  # by another middleware, without the API
        elif not response.http_response.is_success:
            self._calls.release(call, "rejected")
        elif call.operation == "count_tokens":
            self._calls.count(call, content["input_tokens"])
        elif content is not None:
            self._settle(call, content)

    def _settle(self, call: Call, answered: Mapping[str, Any]) -> None:
        reported = billed(answered, call.forecast.quote)
        if reported:
            self._calls.answer(call, reported)


def _operation(request: APIRequest) -> Operation | None:
    """Return what a request calls; None if it is not checked."""
    is_body = request.method.lower() == "post" and isinstance(request.json, dict)
    return _OPERATIONS.get(request.url.partition("?")[0]) if is_body else None


def _is_answer(attempt: _Attempt, response: Any) -> bool:
    """Return whether a response has `usage`, or a number of tokens, in its body."""
    has_tokens = attempt.call.operation != "batches" and not attempt.request.stream
    return has_tokens and hasattr(response, "http_response") and response.http_response.is_success


@contextmanager
def _harmless() -> Iterator[None]:
    """Log an exception: what goes wrong after an answer must not lose it."""
    try:
        yield
    except Exception:  # noqa: BLE001 - an answer may come from any server
        LOGGER.exception("cannot read the usage in an answer")
