"""The calls that a middleware has seen: predicted beside billed, and what is left of a budget."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.errors import BudgetError
from imgcost.integrations.forecasts import Forecast
from imgcost.prices import exact_usd, total_usd

if TYPE_CHECKING:
    from imgcost.integrations.forecasts import Billed

_MAX_UNANSWERED = 1000
"""Maximum number of calls that are remembered because the SDK may send them again."""

_MAY_BE_BILLED = ("sent", "answered", "failed")

__all__ = ["Call", "CallRecord", "CallSummary", "Calls", "Operation", "Outcome"]

Operation: TypeAlias = Literal["messages", "batches", "count_tokens"]
"""What was called."""

Outcome: TypeAlias = Literal["sent", "answered", "rejected", "failed", "stopped"]
"""What became of a call: `sent` (no usage was read, or not yet), `answered`, `rejected` by the API with an error,
`failed` without an answer, such as a timeout, or `stopped` before it was sent."""


class CallRecord(NamedTuple):
    """A call. Retries of the SDK are part of it.

    Attributes:
        operation: `messages`, `batches` or `count_tokens`.
        model: The model that the request names.
        outcome: `sent`, `answered`, `rejected`, `failed` or `stopped`.
        images: Number of images.
        image_tokens: Predicted tokens of the images, with measured overhead; None if an image could not be measured.
        prompt_tokens: Predicted tokens of the prompt; its text is an estimate. None if unknown.
        billed_prompt_tokens: Tokens of the prompt by `usage`, cached or not; None if it was not read.
        output_tokens: Tokens of the answer by `usage`.
        max_usd: The most that the call could cost, US dollars; None if unknown.
        billed_usd: The price of `usage`, US dollars; None if it is unknown.
        changes: Number of changes that made the request acceptable.
        errors: Number of errors that were found before it was sent, and not fixed.
    """

    operation: Literal["messages", "batches", "count_tokens"]
    model: str
    outcome: Literal["sent", "answered", "rejected", "failed", "stopped"]
    images: int
    image_tokens: int | None
    prompt_tokens: int | None
    billed_prompt_tokens: int | None
    output_tokens: int | None
    max_usd: Decimal | None
    billed_usd: Decimal | None
    changes: int
    errors: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; dollars as exact decimal text."""
        return _plain(self._asdict())


class CallSummary(NamedTuple):
    """Totals of all calls.

    Attributes:
        calls: Number of calls that were sent; retries of the SDK are part of a call.
        stopped: Number of calls that were stopped before they were sent.
        fixed: Number of calls that were changed so that the API accepts them.
        answered: Number of calls whose `usage` was read.
        compared: Number of those whose prompt was predicted; the next two totals are theirs.
        prompt_tokens: Predicted tokens of their prompts; their text is an estimate.
        billed_prompt_tokens: Tokens of their prompts by `usage`, cached or not.
        output_tokens: Tokens of all answers by `usage`.
        billed_usd: The price of `usage`, US dollars.
        reserved_usd: The most that calls without a known price can cost: calls in progress, batches, and calls without
            an answer, such as after a timeout. US dollars.
        unknown: Number of calls without a known price or maximum; they are in neither.
        budget_usd: The budget, US dollars; None without one.
    """

    calls: int
    stopped: int
    fixed: int
    answered: int
    compared: int
    prompt_tokens: int
    billed_prompt_tokens: int
    output_tokens: int
    billed_usd: Decimal
    reserved_usd: Decimal
    unknown: int
    budget_usd: Decimal | None

    def __repr__(self) -> str:
        tokens = f"prompt_tokens={self.prompt_tokens} billed_prompt_tokens={self.billed_prompt_tokens}"
        return f"<CallSummary calls={self.calls} {tokens} usd={exact_usd(self.billed_usd)}>"

    @property
    def left_usd(self) -> Decimal | None:
        """What is left of the budget, US dollars; None without a budget."""
        return None if self.budget_usd is None else self.budget_usd - self.billed_usd - self.reserved_usd

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; dollars as exact decimal text."""
        return _plain(self._asdict() | {"left_usd": self.left_usd})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: f"{value:f}" if isinstance(value, Decimal) else value for key, value in values.items()}


@dataclass(slots=True, eq=False)
class Call:
    """A call in progress; only `Calls` changes it."""

    operation: Operation
    forecast: Forecast
    changes: int = 0
    errors: int = 0
    key: str | None = None  # the same for all attempts of a call
    outcome: Outcome = "sent"
    billed: Billed | None = None
    counted: int | None = None
    reserved_usd: Decimal = Decimal(0)

    def record(self) -> CallRecord:
        """Return it as a record."""
        forecast, billed = self.forecast, self.billed
        return CallRecord(
            self.operation,
            forecast.model,
            self.outcome,
            forecast.images,
            forecast.image_tokens,
            forecast.prompt_tokens,
            billed.usage.prompt if billed else self.counted,
            billed.usage.output if billed else None,
            forecast.max_usd,
            billed.usd if billed else None,
            self.changes,
            self.errors,
        )

    def totals(self) -> dict[str, Any]:
        """Return its part of each total in a summary."""
        stopped, billed = self.outcome == "stopped", self.billed
        compared = billed is not None and self.forecast.prompt_tokens is not None
        priced = billed is not None and billed.usd is not None
        return {
            "calls": int(not stopped),
            "stopped": int(stopped),
            "fixed": int(self.changes > 0 and not stopped),
            "answered": int(billed is not None),
            "compared": int(compared),
            "prompt_tokens": (self.forecast.prompt_tokens or 0) if compared else 0,
            "billed_prompt_tokens": billed.usage.prompt if billed and compared else 0,
            "output_tokens": billed.usage.output if billed else 0,
            "billed_usd": (billed and billed.usd) or Decimal(0),
            "reserved_usd": self.reserved_usd,
            "unknown": int(self.outcome in _MAY_BE_BILLED and not priced and self.forecast.max_usd is None),
        }


class Calls:
    """Records calls, and enforces budgets. It can be used by several threads and tasks.

    The most that a call can cost is reserved before it is sent, and replaced by its price when `usage` is known. So
    calls that run at the same time cannot exceed the budget together.

    Args:
        budget_usd: The most that all calls together may cost, US dollars; None without a limit.
        request_budget_usd: The most that a call may cost, US dollars; None without a limit.
        keep: Number of calls that are recorded one by one, the last ones; totals are those of all calls.
    """

    def __init__(self, budget_usd: Decimal | None, request_budget_usd: Decimal | None, keep: int) -> None:
        """Start without calls."""
        self._budget_usd, self._request_budget_usd = budget_usd, request_budget_usd
        self._lock = Lock()
        self._last: deque[Call] = deque(maxlen=keep)
        self._unanswered: OrderedDict[str, Call] = OrderedDict()
        self._totals: dict[str, Any] = Call("messages", Forecast(""), outcome="stopped").totals() | {"stopped": 0}

    def stop(self, call: Call) -> None:
        """Record a call that is not sent."""
        with self._lock:
            self._stop(call)

    def send(self, call: Call, *, retry: bool = False) -> None:
        """Record a call that is about to be sent, and reserve its cost.

        Args:
            call: The call.
            retry: Whether the SDK has sent it before. It replaces the record of that attempt.

        Raises:
            BudgetError: The call might exceed a budget.
        """
        with self._lock:
            before = self._unanswered.pop(call.key, None) if call.key else None
            if before and retry:
                self._add(before, -1)
                if before in self._last:
                    self._last.remove(before)
            try:
                self._check_budgets(call.forecast)
            except BudgetError:
                self._stop(call)
                raise
            call.reserved_usd = call.forecast.max_usd or Decimal(0)
            self._last.append(call)
            self._add(call, 1)

    def answer(self, call: Call, billed: Billed) -> None:
        """Record what an answer reports. Without a known price, the reserved amount remains."""
        reserved = call.reserved_usd if billed.usd is None else Decimal(0)
        self._change(call, outcome="answered", billed=billed, reserved_usd=reserved)

    def count(self, call: Call, tokens: int) -> None:
        """Record the tokens that the API has counted."""
        self._change(call, outcome="answered", counted=tokens)

    def release(self, call: Call, outcome: Outcome) -> None:
        """Record that a call costs nothing, such as one that the API rejects."""
        self._change(call, outcome=outcome, reserved_usd=Decimal(0))
        self._remember(call)

    def fail(self, call: Call) -> None:
        """Record that a call has no answer. It may be billed, so the reserved amount remains."""
        self._change(call, outcome="failed")
        self._remember(call)

    def records(self) -> tuple[CallRecord, ...]:
        """Return the last calls, the oldest first."""
        with self._lock:
            return tuple(call.record() for call in self._last)

    def summary(self) -> CallSummary:
        """Return the totals of all calls."""
        with self._lock:
            return CallSummary(**self._totals, budget_usd=self._budget_usd)

    def _remember(self, call: Call) -> None:
        """Remember a call, because the SDK may send it again."""
        with self._lock:
            if call.key:
                self._unanswered[call.key] = call
            if len(self._unanswered) > _MAX_UNANSWERED:
                self._unanswered.popitem(last=False)

    def _stop(self, call: Call) -> None:
        call.outcome = "stopped"
        self._last.append(call)
        self._add(call, 1)

    def _change(self, call: Call, **changes: Any) -> None:
        with self._lock:
            self._add(call, -1)
            for name, value in changes.items():
                setattr(call, name, value)
            self._add(call, 1)

    def _add(self, call: Call, sign: Literal[1, -1]) -> None:
        for name, value in call.totals().items():
            if isinstance(value, Decimal):
                self._totals[name] = total_usd([self._totals[name], value if sign > 0 else value.copy_negate()])
            else:
                self._totals[name] += sign * value

    def _check_budgets(self, forecast: Forecast) -> None:
        used = total_usd([self._totals["billed_usd"], self._totals["reserved_usd"]])
        for name, budget, spent in (
            ("request_budget_usd", self._request_budget_usd, Decimal(0)),
            ("budget_usd", self._budget_usd, used),
        ):
            if budget is None:
                continue
            left, most = total_usd([budget, spent.copy_negate()]), forecast.max_usd
            if most is None:
                problem = f"the cost has no known maximum, so {name} {exact_usd(budget)} cannot be checked"
                raise BudgetError(f"not sent: {problem}: {forecast.unknown}", budget, None, left)
            if most > left:
                rest = f", of which {exact_usd(max(left, Decimal(0)))} is left" if spent else ""
                raise BudgetError(
                    f"not sent: the request can cost up to {exact_usd(most)}, and {name} is {exact_usd(budget)}{rest}: "
                    "raise the budget, or lower max_tokens, which is counted in full",
                    budget,
                    most,
                    left,
                )
