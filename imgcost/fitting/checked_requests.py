"""Requests with their errors, and the edits that fix them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from imgcost.errors import RequestError
from imgcost.fitting.changes import FitFailure, RequestChange
from imgcost.messages import as_items, as_object, read_request
from imgcost.preflight.checker import Checker, model_names
from imgcost.preflight.documents import model_of
from imgcost.preflight.locations import Locator
from imgcost.shapes import BATCHES, to_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from imgcost.fitting.options import FitOptions
    from imgcost.messages import Request
    from imgcost.rules import CheckContext, Finding
    from imgcost.shapes import ShapedRequest
    from imgcost.tables import Platform

__all__ = ["CheckedRequest", "Edit", "FitSettings", "checked_requests", "located"]

Located = TypeVar("Located", RequestChange, FitFailure)


class FitSettings(NamedTuple):
    """What requests are fixed for.

    Attributes:
        model: The model; None for those that the requests name.
        platform: The platform; None for the one that is implied.
        as_of: The date whose limits apply.
        options: How images are encoded.
        batch: Whether the requests are sent as a message batch, whatever their shape.
        remove_unfixable: Whether what cannot be fixed is replaced by text; None for transcripts only.
    """

    model: str | None
    platform: Platform | None
    as_of: date | None
    options: FitOptions
    batch: bool
    remove_unfixable: bool | None


class CheckedRequest(NamedTuple):
    """A request with its errors; locations are those in its `params`.

    Attributes:
        shaped: The request as it was converted.
        request: Its content.
        context: The platform, date and models.
        errors: The findings that the API would reject.
        batch: Whether it is sent in a message batch.
    """

    shaped: ShapedRequest
    request: Request
    context: CheckContext
    errors: tuple[Finding, ...]
    batch: bool

    @property
    def rules(self) -> Iterator[str]:
        """The rules with errors. Streaming is an error of the batch, not of the request."""
        yield from (error.rule for error in self.errors)
        if self.batch and self.request.streams:
            yield "batch-stream"

    def value(self, location: str) -> Any:
        """Return the value at a location in the parameters."""
        value: Any = self.shaped.params
        for key in location.split("."):
            try:
                value = as_items(value, location)[int(key)] if key.isdigit() else as_object(value, location)[key]
            except (KeyError, IndexError):  # an object that is different each time that it is read
                raise RequestError(location, "cannot be read twice") from None
        return value


class Edit(NamedTuple):
    """A new value in the parameters of a request, and the change that it is.

    Attributes:
        location: The location in the parameters.
        value: The new value.
        change: The change, with the same location.
    """

    location: str
    value: Any
    change: RequestChange


def checked_requests(
    value: Any, shape: str, settings: FitSettings, lines: Sequence[int] | None = None
) -> Iterator[CheckedRequest]:
    """Check the requests of a document, and return those with errors that can be read."""
    for shaped in to_requests(value, shape, lines=lines):
        if shaped.error:
            continue
        try:
            request = read_request(shaped.params)
        except RequestError:
            continue
        checker = Checker(settings.platform, settings.as_of)
        batch = settings.batch or shaped.shape in BATCHES
        model = model_of(shaped, settings.model)
        checker.check_request(request, model, Locator(), batch=batch, platform=shaped.platform, implied=shaped.implied)
        named = checker.models.find_all(model_names(request, model), shaped.platform)
        context = checker.context(*named.models, platform=named.platform)
        errors = checker.findings().errors
        checked = CheckedRequest(shaped, request, context, errors, batch)
        if any(checked.rules):
            yield checked


def located(item: Located, shaped: ShapedRequest) -> Located:
    """Return a change or a failure with its location in the document."""
    location = Locator(request=shaped).location(item.location) or "request"
    return item._replace(location=location, line=shaped.line(item.location))
