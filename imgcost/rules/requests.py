"""Rules for requests, batches and the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.prices import exact_usd
from imgcost.rules.rule import Observation, rule
from imgcost.tables import FIRST_PARTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.errors import RequestError
    from imgcost.rules.inputs import BatchInput, CheckContext, CostInput, RequestInput
    from imgcost.rules.rule import Severity


@rule("error", "shape")
def request(problem: RequestError, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    yield Observation(problem.location, problem.problem, advice=problem.advice)


@rule("error", "request")
def model(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    if request.model_problem:
        severity: Severity = "error" if context.platform in FIRST_PARTY else "warning"
        yield Observation(f"{request.location}model", request.model_problem, request.model, severity=severity)


@rule("error", "request", "images", "images_large_context", "large_context")
def image_count(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    images, pages = len(request.images), sum(document.pages or 0 for document in request.documents)
    limit = strictest(context.limits.max_images(model.context_window) for model in context.models)
    if not context.models:
        limit = loosest(context.limits.images, context.limits.images_large_context)
    if limit is not None and images + pages > limit:
        message = f"{_images_and_pages(images, pages)}: the limit is {limit:,}, PDF pages included"
        sources = context.sources("images", "images_large_context")
        yield Observation(f"{request.location}messages", message, images + pages, limit, "images", sources)


@rule("error", "request", "many_images", "many_images_edge", "many_images_documents")
def many_images_edge(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    threshold, limit = context.limits.many_images, context.limits.many_images_edge
    count = len(request.images) + (len(request.documents) if context.limits.many_images_documents else 0)
    if threshold is None or limit is None or count <= threshold:
        return
    sources = context.sources("many_images_edge")
    for image in request.images:
        header = image.contents and image.contents.header
        if header and max(header.width, header.height) > limit:
            size = f"{header.width}x{header.height} px"
            message = (
                f"{size} in a request with {plural(count, 'image')}: the limit is {limit:,} px per side "
                f"if there are more than {threshold}"
            )
            yield Observation(image.location, message, max(header.width, header.height), limit, "px", sources)


@rule("error", "request", "request_bytes")
def request_bytes(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    size = request.body_bytes or 0
    message = f"the request has {plural(size, 'byte')}"
    yield from _above("request_bytes", context, size, "bytes", request.location.rstrip() or "request", message)


@rule("error", "request")
def context_window(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    limit = strictest(model.context_window for model in context.models)
    if limit is None or max(request.tokens, request.upper_tokens) <= limit:
        return
    pages = any(document.tokens for document in request.documents)
    what = "images and PDF pages" if pages else "the images alone"
    location, sources = f"{request.location}messages", context.models[0].sources
    if request.tokens > limit:
        message = f"{what} have {plural(request.tokens, 'token')}: the context window is {limit:,}"
        yield Observation(location, message, request.tokens, limit, "tokens", sources)
    else:
        message = f"{what} may have up to {plural(request.upper_tokens, 'token')}: the context window is {limit:,}"
        yield Observation(location, message, request.upper_tokens, limit, "tokens", sources, severity="warning")


@rule("error", "request", "text_bytes")
def text_bytes(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    size = request.text_bytes or 0
    message = f"the request has {plural(size, 'byte')} of text"
    yield from _above("text_bytes", context, size, "bytes", f"{request.location}messages", message)


@rule("error", "request", "cache_breakpoints")
def cache_breakpoints(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    count = request.cache_breakpoints
    message = f"the request has {plural(count, 'block')} with cache_control"
    yield from _above("cache_breakpoints", context, count, "blocks", f"{request.location}messages", message)


@rule("error", "batch", "custom_id")
def custom_id(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    for location in batch.missing_ids:
        yield Observation(location, "the request has no custom_id")
    pattern, sources = context.limits.custom_id, context.sources("custom_id")
    for location, name in batch.invalid_ids:
        message = f"invalid custom_id {ascii(name)[:80]}: it must match {pattern}"
        yield Observation(location, message, ascii(name)[:80], pattern, None, sources)
    for location, name in batch.repeated_ids:
        yield Observation(location, f"custom_id {ascii(name)[:80]} is already used by an earlier request")


@rule("error", "batch")
def batch_stream(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    for location in batch.streams:
        yield Observation(location, "stream is set, but a batch cannot stream")


@rule("error", "batch", "batch_requests")
def batch_count(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    message = f"the batch has {plural(batch.requests, 'request')}"
    yield from _above("batch_requests", context, batch.requests, "requests", batch.location, message)


@rule("error", "batch", "batch_bytes")
def batch_bytes(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    message = f"the batch has {plural(batch.body_bytes, 'byte')}"
    yield from _above("batch_bytes", context, batch.body_bytes, "bytes", batch.location, message)


@rule("error", "bill")
def budget(bill: CostInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    known, upper, limit = map(exact_usd, (bill.known_usd, bill.upper_usd, bill.budget_usd))
    figures = (f"{bill.known_usd:f}", f"{bill.budget_usd:f}", "USD")
    if bill.known_usd > bill.budget_usd:
        yield Observation(bill.location, f"the images cost {known}, and the budget is {limit}", *figures)
    elif bill.unknown:
        message = f"the cost is not known, so a budget of {limit} cannot be checked: {'; '.join(bill.unknown)}"
        yield Observation(bill.location, message, None, *figures[1:])
    elif bill.upper_usd > bill.budget_usd:
        why = "with full pages of text in PDFs" if bill.pages else "if the text leads to the long-context price"
        message = f"the images cost {known}, or {upper} {why}; the budget is {limit}"
        yield Observation(bill.location, message, f"{bill.upper_usd:f}", *figures[1:])


def _images_and_pages(images: int, pages: int) -> str:
    """Return the numbers of images and pages; most requests have only one of the two."""
    counts = [plural(images, "image")] * bool(images) + [f"{plural(pages, 'PDF page')}"] * bool(pages)
    return " and ".join(counts)


def strictest(limits: Iterable[int | None]) -> int | None:
    """Return the strictest of limits; None if none is published."""
    return min((limit for limit in limits if limit is not None), default=None)


def loosest(*limits: int | None) -> int | None:
    """Return the loosest of limits, for an unknown model; None if none is published."""
    return max((limit for limit in limits if limit is not None), default=None)


def _above(
    name: str, context: CheckContext, observed: int, unit: str, location: str, message: str
) -> Iterator[Observation]:
    """Report a number above a limit of the platform; the limit is added to the message."""
    limit: int | None = getattr(context.limits, name)
    if limit is not None and observed > limit:
        yield Observation(location, f"{message}: the limit is {limit:,}", observed, limit, unit, context.sources(name))
