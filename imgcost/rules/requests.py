"""What the API rejects in a request or a batch as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.rules.rule import Batch, Bill, Case, DocumentSeen, Observation, RequestSeen, rule, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.errors import RequestError


@rule(
    "error",
    "shape",
    "A request has the shape of a Messages request; a batch has one on each line.",
    "Send what the Messages API describes: a model, and messages with a role and a content.",
)
def request(problem: RequestError, case: Case) -> Iterator[Observation]:  # noqa: ARG001 - every rule is asked the same way
    yield Observation(problem.place, problem.problem)


@rule(
    "error",
    "request",
    "The model is known, reads images, and is neither unreleased nor retired on that day.",
    "Name a model that answers on that day: 'imgcost models' lists them.",
)
def model(seen: RequestSeen, case: Case) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    if seen.model_problem:
        yield Observation(f"{seen.place}model", seen.model_problem, seen.model)


@rule(
    "error",
    "request",
    """A request has no more images and pages of PDF than the platform accepts for the model.

    Every image block counts: those of earlier turns, and those in the results of tools.
    """,
    "Spread the images over several requests.",
    "images",
    "images_large_context",
    "large_context",
)
def image_count(seen: RequestSeen, case: Case) -> Iterator[Observation]:
    images, pages = len(seen.images), sum(document.pages or 0 for document in seen.documents)
    limit = _least(case.limits.max_images(one.context_window) for one in case.models)
    if not case.models:
        limit = max((case.limits.images or 0, case.limits.images_large_context or 0)) or None
    if limit is not None and images + pages > limit:
        message = f"{_images_and_pages(images, pages)}: at most {limit} together"
        sources = said(case.limits.statements, "images") + said(case.limits.statements, "images_large_context")
        yield Observation(f"{seen.place}messages", message, images + pages, limit, "images", sources)


@rule(
    "error",
    "request",
    """In a request with many images each has to be smaller than otherwise.

    Every image block counts: those of earlier turns, and those in the results of tools; on some platforms documents
    count as well.
    """,
    "Scale these images down, or send fewer: drop those of earlier turns.",
    "many_images",
    "many_images_edge",
    "many_images_documents",
)
def many_images_edge(seen: RequestSeen, case: Case) -> Iterator[Observation]:
    threshold, limit = case.limits.many_images, case.limits.many_images_edge
    count = len(seen.images) + (len(seen.documents) if case.limits.many_images_documents else 0)
    if threshold is None or limit is None or count <= threshold:
        return
    sources = said(case.limits.statements, "many_images_edge")
    for image in seen.images:
        header = image.contents and image.contents.header
        if header and max(header.width, header.height) > limit:
            size = f"{header.width}x{header.height} px"
            message = (
                f"{size} in a request with {plural(count, 'image')}: over {threshold}, each side is at most {limit} px"
            )
            yield Observation(image.place, message, max(header.width, header.height), limit, "px", sources)


@rule(
    "error",
    "request",
    "The body of a request is not larger than the platform accepts, whatever its images are one by one.",
    "Send fewer or smaller images, or upload them once with the Files API.",
    "request_bytes",
)
def request_bytes(seen: RequestSeen, case: Case) -> Iterator[Observation]:
    limit = case.limits.request_bytes
    if limit is not None and seen.body_bytes is not None and seen.body_bytes > limit:
        message = f"the request has {plural(seen.body_bytes, 'byte')}, and the limit is {limit:,}"
        sources = said(case.limits.statements, "request_bytes")
        yield Observation(seen.place.rstrip() or "request", message, seen.body_bytes, limit, "bytes", sources)


@rule(
    "error",
    "request",
    "The images alone fit the context window of the model; whatever else is sent comes on top.",
    "Send fewer or smaller images.",
)
def context_window(seen: RequestSeen, case: Case) -> Iterator[Observation]:
    limit = _least(one.context_window for one in case.models)
    if limit is not None and seen.tokens > limit:
        message = f"the images alone have {plural(seen.tokens, 'token')}, and the context window {limit:,}"
        yield Observation(f"{seen.place}messages", message, seen.tokens, limit, "tokens", case.models[0].sources)


@rule(
    "error",
    "document",
    "A PDF can be read, and has no password.",
    "Save the PDF anew, without a password.",
)
def pdf(document: DocumentSeen, case: Case) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    if document.problem:
        yield Observation(document.place, document.problem)


@rule(
    "error",
    "request",
    "The PDFs of a request have no more pages than the platform accepts for the model.",
    "Send the pages in several requests.",
    "pdf_pages",
    "pdf_pages_large_context",
    "large_context",
)
def pdf_pages(seen: RequestSeen, case: Case) -> Iterator[Observation]:
    pages = sum(document.pages or 0 for document in seen.documents)
    limit = _least(case.limits.max_pdf_pages(one.context_window) for one in case.models)
    if limit is not None and pages > limit:
        sources = said(case.limits.statements, "pdf_pages") + said(case.limits.statements, "pdf_pages_large_context")
        message = f"{plural(pages, 'page')} of PDF: at most {limit}"
        yield Observation(f"{seen.place}messages", message, pages, limit, "pages", sources)


@rule(
    "error",
    "batch",
    "Each request of a batch has a custom_id, and no other request of the batch has the same.",
    "Give each request of a batch a custom_id of its own.",
)
def custom_id(batch: Batch, case: Case) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    for place in batch.missing_ids:
        yield Observation(place, "the request has no custom_id")
    for place, name in batch.repeated_ids:
        yield Observation(place, f"an earlier request has the custom_id {ascii(name)[:80]} too")


@rule(
    "error",
    "batch",
    "A batch has no more requests than the Message Batches API accepts.",
    "Split the batch.",
    "batch_requests",
)
def batch_count(batch: Batch, case: Case) -> Iterator[Observation]:
    limit = case.limits.batch_requests
    if limit is not None and batch.requests > limit:
        message = f"the batch has {plural(batch.requests, 'request')}, and the limit is {limit:,}"
        sources = said(case.limits.statements, "batch_requests")
        yield Observation(batch.place, message, batch.requests, limit, "requests", sources)


@rule(
    "error",
    "batch",
    "The body of a batch is not larger than the Message Batches API accepts.",
    "Split the batch, or upload images once with the Files API.",
    "batch_bytes",
)
def batch_bytes(batch: Batch, case: Case) -> Iterator[Observation]:
    limit = case.limits.batch_bytes
    if limit is not None and batch.body_bytes > limit:
        message = f"the batch has {plural(batch.body_bytes, 'byte')}, and the limit is {limit:,}"
        yield Observation(
            batch.place, message, batch.body_bytes, limit, "bytes", said(case.limits.statements, "batch_bytes")
        )


@rule(
    "error",
    "bill",
    """The images cost no more than the budget, and all of their cost is known.

    What cannot be measured or priced is never taken for free: images from URLs and uploaded files, pages of PDFs,
    images that cannot be read, models without a price. The text of requests is not part of the sum; where it may lead
    to the long-context price, that price has to be within the budget too.
    """,
    "Send fewer or smaller images, choose a cheaper model, or measure what is not known.",
)
def budget(bill: Bill, case: Case) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    known, most, limit = f"${bill.known_usd:f}", f"${bill.most_usd:f}", f"${bill.budget_usd:f}"
    figures = (f"{bill.known_usd:f}", f"{bill.budget_usd:f}", "USD")
    if bill.known_usd > bill.budget_usd:
        yield Observation(bill.place, f"the images cost {known}, and the budget is {limit}", *figures)
    elif bill.unknown:
        message = f"the cost is not known, so a budget of {limit} cannot be checked: {'; '.join(bill.unknown)}"
        yield Observation(bill.place, message, None, *figures[1:])
    elif bill.most_usd > bill.budget_usd:
        message = (
            f"the images cost {known}, or {most} if the text leads to the long-context price; the budget is {limit}"
        )
        yield Observation(bill.place, message, f"{bill.most_usd:f}", *figures[1:])


def _images_and_pages(images: int, pages: int) -> str:
    """Count what there is: most requests with images have no documents, and the other way round."""
    counts = [plural(images, "image")] * bool(images) + [f"{plural(pages, 'page')} of documents"] * bool(pages)
    return " and ".join(counts)


def _least(limits: Iterable[int | None]) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
