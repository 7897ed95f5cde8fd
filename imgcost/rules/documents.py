"""Rules for documents, and for the sources of documents and images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import plural
from imgcost.rules.inputs import CheckContext, DocumentInput, ImageInput, RequestInput
from imgcost.rules.requests import loosest, strictest
from imgcost.rules.rule import Observation, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

PDF, PLAIN_TEXT = "application/pdf", "text/plain"

_EVERYWHERE = ("text", "content")
"""Types of document sources that every platform accepts, because the text is in the request."""


@rule("error", "source", "source_types")
def source_type(item: ImageInput | DocumentInput, context: CheckContext) -> Iterator[Observation]:
    accepted, what = context.limits.source_types, "image"
    if isinstance(item, DocumentInput):
        accepted, what = accepted and (*accepted, *_EVERYWHERE), "document"
    elif item.suffix is not None:
        return  # a file on the disk has no source
    if item.source_type in (accepted or (item.source_type,)):
        return
    kind, types = ascii(item.source_type)[:60], ", ".join(accepted or ())
    message = f"{context.platform} does not accept {what} sources of type {kind} on {context.day}: use {types}"
    sources = context.sources("source_types")
    yield Observation(item.location, message, str(item.source_type), types, None, sources)


@rule("error", "source")
def source(item: ImageInput | DocumentInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if item.source_problem:
        yield Observation(item.location, item.source_problem)


@rule("error", "document")
def document_media_type(document: DocumentInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if document.source_type not in ("base64", "text"):  # a tuple, because the value may not be hashable
        return
    expected = PDF if document.source_type == "base64" else PLAIN_TEXT
    if document.declared == expected:
        return
    declared = "no media type" if document.declared is None else f"the media type {ascii(document.declared)[:80]}"
    message = f"the document declares {declared}: expected {expected}"
    advice = "Declare application/pdf: the bytes are a PDF." if document.is_pdf else None
    yield Observation(document.location, message, str(document.declared), expected, None, advice=advice)


@rule("error", "document")
def pdf(document: DocumentInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if document.problem and document.declared in (PDF, None):
        what = f"; it is {document.actual}" if document.actual else ""
        yield Observation(document.location, f"{document.problem}{what}")


@rule("error", "document")
def pdf_model(document: DocumentInput, context: CheckContext) -> Iterator[Observation]:
    for model in context.models:
        if not model.reads_pdfs and document.may_be_pdf:
            yield Observation(document.location, f"{model.id} does not read PDFs", model.id)


@rule("error", "request", "pdf_pages", "pdf_pages_large_context", "large_context")
def pdf_pages(request: RequestInput, context: CheckContext) -> Iterator[Observation]:
    pages = sum(document.pages or 0 for document in request.documents)
    limit = strictest(context.limits.max_pdf_pages(model.context_window) for model in context.models)
    if not context.models:
        limit = loosest(context.limits.pdf_pages, context.limits.pdf_pages_large_context)
    if limit is not None and pages > limit:
        sources = context.sources("pdf_pages", "pdf_pages_large_context")
        message = f"{plural(pages, 'PDF page')}: the limit is {limit:,}"
        yield Observation(f"{request.location}messages", message, pages, limit, "pages", sources)
