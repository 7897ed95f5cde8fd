"""Check a request before it is sent, and fix it if that is wanted: shared by the integrations."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from imgcost.arguments import check_choice, to_bool, to_date
from imgcost.errors import ArgumentError, ImgcostError
from imgcost.preflight import PreflightError, check_batch, check_request
from imgcost.preflight.checker import Checker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from imgcost.preflight import Findings
    from imgcost.tables import Platform

__all__ = ["LOGGER", "CheckSettings", "Fixed", "OnError"]

LOGGER = logging.getLogger("imgcost")
"""Gets the warnings about requests that are sent although they have errors."""

OnError: TypeAlias = Literal["raise", "warn"]
"""What happens to a request with errors that were not fixed."""


class Fixed(NamedTuple):
    """A request that was fixed as far as possible.

    Attributes:
        params: The request as it will be sent.
        changes: Number of changes.
        reasons: Why something was not fixed, as sentences.
    """

    params: Any
    changes: int = 0
    reasons: tuple[str, ...] = ()


class CheckSettings:
    """How requests are checked.

    Args:
        fix: Whether requests with errors are fixed.
        on_error: What happens to a request with errors that were not fixed.
        platform: The platform; None for the one that the model's name implies.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
    """

    def __init__(
        self, *, fix: bool, on_error: OnError, platform: Platform | None, as_of: date | None, ignore: Iterable[str]
    ) -> None:
        """Validate the settings."""
        self.fixes = to_bool("fix", fix)
        check_choice("on_error", on_error, get_args(OnError))
        self.warns = on_error == "warn"
        self.platform, self.as_of = platform, to_date(as_of)
        try:
            self._ignore = (ignore,) if isinstance(ignore, str) else tuple(ignore)
        except TypeError:
            raise ArgumentError("ignore", ignore, "names of rules, such as 'downscaled'") from None
        Checker(platform, as_of, self._ignore)

    def check(self, params: Mapping[str, Any], shape: str, *, ignore: tuple[str, ...] = ()) -> Findings | None:
        """Check a request.

        Args:
            params: The request, or the body of a batch.
            shape: The name of its shape in `imgcost.shapes.SHAPES`.
            ignore: Names of more rules to skip.

        Returns:
            The findings; None if it cannot be checked and is sent anyway.

        Raises:
            RequestError: It is not a request of this shape.
        """
        check = check_batch if shape == "batch" else check_request
        skipped = (*self._ignore, *ignore)
        try:
            return check(params, platform=self.platform, as_of=self.as_of, ignore=skipped, shape=shape)
        except Exception as error:  # noqa: BLE001 - a bug too must not stop a call that is only to be watched
            self.report(error)
            return None

    def fix(self, params: Any, shape: str) -> Fixed:
        """Fix a request; the original is not changed.

        Args:
            params: The request, or the body of a batch; it names its model.
            shape: The name of its shape in `imgcost.shapes.SHAPES`.
        """
        from imgcost.fitting import fit_request  # noqa: PLC0415 - loads Pillow

        try:
            fitted = fit_request(params, platform=self.platform, as_of=self.as_of, shape=shape)
        except Exception as error:  # noqa: BLE001 - a bug too must not stop a call that is only to be watched
            self.report(error)
            return Fixed(params)
        reasons = [f"{failure.location} was not fixed: {failure.reason}" for failure in fitted.failures]
        return Fixed(fitted.params, len(fitted.changes), tuple(reasons))

    def report(self, error: Exception) -> None:
        """Report that a request could not be checked or fixed, for a reason that may be a bug.

        Raises:
            Exception: `error`, unless `on_error` is `warn`: then it is logged, and the request is sent.
        """
        if not self.warns:
            raise error
        LOGGER.warning("sent without a complete check: %s", error, exc_info=not isinstance(error, ImgcostError))

    def decide(self, findings: Findings | None, fixed: Fixed) -> int:
        """Decide whether a request is sent.

        Args:
            findings: What is wrong with it.
            fixed: The request, with the reasons why something was not fixed.

        Returns:
            The number of its errors; with `on_error="warn"` they are logged.

        Raises:
            PreflightError: It has errors.
        """
        if findings is None or findings.ok:
            return 0
        error = PreflightError(findings)
        if not self.warns:
            for reason in fixed.reasons:
                error.add_note(reason)
            raise error
        LOGGER.warning("sent although %s", "\n".join([str(error), *fixed.reasons]))
        return len(findings.errors)
