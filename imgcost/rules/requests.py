"""What the API rejects in a request or a batch as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.rules.rule import BatchInput, CheckContext, CostInput, Observation, RequestInput, rule, sources_of
from imgcost.tables import FIRST_PARTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.errors import RequestError
    from imgcost.rules.rule import Severity


@rule(
    "error",
    "shape",
    """The request breaks the schema of the Messages API: a key is missing or of another type, or a block is unknown.

    The API checks every block against the types that it knows for that location. Blocks of other providers, such as
    `image_url` of OpenAI, are not among them.
    """,
    "Send what the Messages API describes: a model, and messages with a role and content blocks.",
)
def request(problem: RequestError, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    yield Observation(problem.location, problem.problem)


@rule(
    "error",
    "request",
    """The model is not available: it is unknown, does not read images yet, or is retired.

    Only the Claude API, and the platforms that Anthropic runs with it, are known to reject names that are not listed:
    there it is an error. Elsewhere a name may be that of a deployment or an inference profile, models retire on other
    dates, and the model may be in the URL: there it is a warning, and the limits of the platform are checked all the
    same.
    """,
    "Name a model that is available: 'imgcost models' lists them. If the URL names the model, pass it as --model.",
)
def model(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    if seen.model_problem:
        severity: Severity = "error" if context.platform in FIRST_PARTY else "warning"
        yield Observation(f"{seen.location}model", seen.model_problem, seen.model, severity=severity)


@rule(
    "error",
    "request",
    """A request has more images and pages of PDF than the platform accepts for the model.

    Every image block counts: those of earlier turns, and those in the results of tools.
    """,
    "Spread the images over several requests.",
    "images",
    "images_large_context",
    "large_context",
)
def image_count(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    images, pages = len(seen.images), sum(document.pages or 0 for document in seen.documents)
    limit = least(context.limits.max_images(one.context_window) for one in context.models)
    if not context.models:
        limit = most(context.limits.images, context.limits.images_large_context)
    if limit is not None and images + pages > limit:
        message = f"{_images_and_pages(images, pages)}: at most {limit} together"
        sources = sources_of(context.limits.statements, "images") + sources_of(
            context.limits.statements, "images_large_context"
        )
        yield Observation(f"{seen.location}messages", message, images + pages, limit, "images", sources)


@rule(
    "error",
    "request",
    """In a request with many images, each has to be smaller than otherwise.

    Every image block counts: those of earlier turns, and those in the results of tools; on some platforms documents
    count as well.
    """,
    "Downscale these images, or send fewer: drop those of earlier turns.",
    "many_images",
    "many_images_edge",
    "many_images_documents",
)
def many_images_edge(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    threshold, limit = context.limits.many_images, context.limits.many_images_edge
    count = len(seen.images) + (len(seen.documents) if context.limits.many_images_documents else 0)
    if threshold is None or limit is None or count <= threshold:
        return
    sources = sources_of(context.limits.statements, "many_images_edge")
    for image in seen.images:
        header = image.contents and image.contents.header
        if header and max(header.width, header.height) > limit:
            size = f"{header.width}x{header.height} px"
            message = (
                f"{size} in a request with {plural(count, 'image')}: over {threshold}, each side is at most {limit} px"
            )
            yield Observation(image.location, message, max(header.width, header.height), limit, "px", sources)


@rule(
    "error",
    "request",
    "The body of a request is larger than the platform accepts, even if each image is small enough.",
    "Send fewer or smaller images, or upload them once with the Files API.",
    "request_bytes",
)
def request_bytes(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    limit = context.limits.request_bytes
    if limit is not None and seen.body_bytes is not None and seen.body_bytes > limit:
        message = f"the request has {plural(seen.body_bytes, 'byte')}, and the limit is {limit:,}"
        sources = sources_of(context.limits.statements, "request_bytes")
        yield Observation(seen.location.rstrip() or "request", message, seen.body_bytes, limit, "bytes", sources)


@rule(
    "error",
    "request",
    """Images and pages of PDFs alone exceed the context window of the model; everything else comes on top.

    A warning says that they may: the text of pages is not known.
    """,
    "Send fewer or smaller images, or fewer pages.",
)
def context_window(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    limit = least(one.context_window for one in context.models)
    if limit is None or max(seen.tokens, seen.most_tokens) <= limit:
        return
    pages = any(document.tokens for document in seen.documents)
    what = "images and pages of PDF" if pages else "the images alone"
    location, sources = f"{seen.location}messages", context.models[0].sources
    if seen.tokens > limit:
        message = f"{what} have {plural(seen.tokens, 'token')}: the context window is {limit:,}"
        yield Observation(location, message, seen.tokens, limit, "tokens", sources)
    else:
        message = f"{what} may have up to {plural(seen.most_tokens, 'token')}: the context window is {limit:,}"
        yield Observation(location, message, seen.most_tokens, limit, "tokens", sources, severity="warning")


@rule(
    "error",
    "request",
    "A request has more bytes of text than the API accepts, whatever the context window of the model.",
    "Shorten the text, or send a document in parts.",
    "text_bytes",
)
def text_bytes(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    limit = context.limits.text_bytes
    if limit is not None and seen.text_bytes is not None and seen.text_bytes > limit:
        message = f"{plural(seen.text_bytes, 'byte')} of text: at most {limit:,}"
        sources = sources_of(context.limits.statements, "text_bytes")
        yield Observation(f"{seen.location}messages", message, seen.text_bytes, limit, "bytes", sources)


@rule(
    "error",
    "request",
    "Too many blocks have `cache_control`, counted over tools, system and messages.",
    "Keep the last breakpoints: each one caches everything before it.",
    "cache_breakpoints",
)
def cache_breakpoints(seen: RequestInput, context: CheckContext) -> Iterator[Observation]:
    count, limit = seen.cache_breakpoints, context.limits.cache_breakpoints
    if limit is not None and count > limit:
        sources = sources_of(context.limits.statements, "cache_breakpoints")
        message = f"{plural(count, 'block')} with cache_control: at most {limit}"
        yield Observation(f"{seen.location}messages", message, count, limit, "blocks", sources)


@rule(
    "error",
    "batch",
    """A request of a batch has no valid custom_id of its own: up to 64 letters, digits, `_` and `-`.

    Results come back in any order, so the custom_id is how you find yours. A file name is not a valid custom_id: it has
    a dot.
    """,
    "Give each request a custom_id of its own, such as a number, and keep a table of what it stands for.",
    "custom_id",
)
def custom_id(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    for location in batch.missing_ids:
        yield Observation(location, "the request has no custom_id")
    pattern, sources = context.limits.custom_id, sources_of(context.limits.statements, "custom_id")
    for location, name in batch.odd_ids:
        message = f"invalid custom_id {ascii(name)[:80]}: it must match {pattern}"
        yield Observation(location, message, ascii(name)[:80], pattern, None, sources)
    for location, name in batch.repeated_ids:
        yield Observation(location, f"an earlier request has the custom_id {ascii(name)[:80]} too")


@rule(
    "error",
    "batch",
    "A request of a batch has `stream` set, and a batch cannot stream.",
    "Remove stream from the request.",
)
def batch_stream(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    for location in batch.streams:
        yield Observation(location, "stream is set, and a batch cannot stream")


@rule(
    "error",
    "batch",
    "A batch has more requests than the Message Batches API accepts.",
    "Split the batch.",
    "batch_requests",
)
def batch_count(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    limit = context.limits.batch_requests
    if limit is not None and batch.requests > limit:
        message = f"the batch has {plural(batch.requests, 'request')}, and the limit is {limit:,}"
        sources = sources_of(context.limits.statements, "batch_requests")
        yield Observation(batch.location, message, batch.requests, limit, "requests", sources)


@rule(
    "error",
    "batch",
    "The body of a batch is larger than the Message Batches API accepts.",
    "Split the batch, or upload images once with the Files API.",
    "batch_bytes",
)
def batch_bytes(batch: BatchInput, context: CheckContext) -> Iterator[Observation]:
    limit = context.limits.batch_bytes
    if limit is not None and batch.body_bytes > limit:
        message = f"the batch has {plural(batch.body_bytes, 'byte')}, and the limit is {limit:,}"
        yield Observation(
            batch.location,
            message,
            batch.body_bytes,
            limit,
            "bytes",
            sources_of(context.limits.statements, "batch_bytes"),
        )


@rule(
    "error",
    "bill",
    """Images and pages of PDFs cost more than the budget, or may do so.

    What cannot be measured or priced is never taken for free: images from URLs and uploaded files, PDFs whose pages
    cannot be counted, images that cannot be read, models without a price. The text of requests is not part of the sum;
    where it may lead to the long-context price, that price has to be within the budget too. The text of PDFs is counted
    as full pages.
    """,
    "Send fewer or smaller images, choose a cheaper model, or measure what is not known.",
)
def budget(bill: CostInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - likewise
    known, most, limit = f"${bill.known_usd:f}", f"${bill.most_usd:f}", f"${bill.budget_usd:f}"
    figures = (f"{bill.known_usd:f}", f"{bill.budget_usd:f}", "USD")
    if bill.known_usd > bill.budget_usd:
        yield Observation(bill.location, f"the images cost {known}, and the budget is {limit}", *figures)
    elif bill.unknown:
        message = f"the cost is not known, so a budget of {limit} cannot be checked: {'; '.join(bill.unknown)}"
        yield Observation(bill.location, message, None, *figures[1:])
    elif bill.most_usd > bill.budget_usd:
        why = "with full pages of text in PDFs" if bill.pages else "if the text leads to the long-context price"
        message = f"the images cost {known}, or {most} {why}; the budget is {limit}"
        yield Observation(bill.location, message, f"{bill.most_usd:f}", *figures[1:])


def _images_and_pages(images: int, pages: int) -> str:
    """Count what there is: most requests with images have no documents, and the other way round."""
    counts = [plural(images, "image")] * bool(images) + [f"{plural(pages, 'page')} of documents"] * bool(pages)
    return " and ".join(counts)


def least(limits: Iterable[int | None]) -> int | None:
    """The strictest of limits; None where none is stated."""
    return min((limit for limit in limits if limit is not None), default=None)


def most(*limits: int | None) -> int | None:
    """The loosest of limits, for a model that is not known; None where none is stated."""
    return max((limit for limit in limits if limit is not None), default=None)
