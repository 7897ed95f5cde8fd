"""What rules check: images, documents, texts, requests, batches and costs, and the context of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from imgcost.headers import Contents
    from imgcost.messages import ToolResult, Turn
    from imgcost.pdfs import TokenRange
    from imgcost.tables import Advice, Limits, Model, Platform, Source

__all__ = [
    "BatchInput",
    "CheckContext",
    "CostInput",
    "DocumentInput",
    "ImageInput",
    "RequestInput",
    "TextInput",
]


class CheckContext(NamedTuple):
    """The platform, date and models of a check, and the limits that apply to them.

    Attributes:
        platform: The platform that the request is sent to.
        day: The date of the check.
        limits: The limits of the platform on that date.
        advice: The advice of the vision guide on that date.
        models: The models that may answer, the main one first; empty if unknown.
    """

    platform: Platform
    day: date
    limits: Limits
    advice: Advice
    models: tuple[Model, ...]

    def sources(self, *names: str) -> tuple[Source, ...]:
        """Return where limits, or parts of the advice, are published; empty if they are not."""
        sources: tuple[Source, ...] = ()
        for name in names:
            if statement := self.limits.statements.get(name) or self.advice.statements.get(name):
                sources += statement.sources
        return sources


class ImageInput(NamedTuple):
    """An image in a request, on disk or in memory.

    Attributes:
        location: The location in the request, or the path of the file.
        contents: The type, size and problems of the image; None if its bytes are elsewhere or not valid base64.
        text_bytes: Length of the base64 text, bytes; None if the bytes are elsewhere.
        source_type: The type of its source, such as `base64`, `url` or `file`, not validated; None for a file on disk.
        declared: The media type that the request declares, not validated.
        base64_problem: Why the data is not valid base64; else None.
        file: The file on disk; else None.
        suffix: The suffix of the file in lowercase, such as `.jpg`; empty for bytes in memory, None in a request.
        stray: Whether this is a file from a directory, without the suffix of an image.
        setting: The value of `transformations.oversized_image`, not validated; None if it is not set.
        toolset: The Anthropic toolset that took the screenshot; None for other images.
        source_problem: What is wrong with its source, as a sentence; else None.
    """

    location: str
    contents: Contents | None
    text_bytes: int | None = None
    source_type: Any = None
    declared: Any = None
    base64_problem: str | None = None
    file: str | None = None
    suffix: str | None = None
    stray: bool = False
    setting: Any = None
    toolset: str | None = None
    source_problem: str | None = None


class DocumentInput(NamedTuple):
    """A document in a request.

    Attributes:
        location: The location in the request.
        pages: Number of pages of a PDF; None if unknown.
        problem: Why the PDF cannot be read, as a sentence; else None.
        uncounted: Why the pages are not counted, as a sentence; else None.
        tokens: The tokens of its pages for the main model; None if unknown.
        source_type: The type of its source, not validated.
        declared: The media type that the request declares, not validated.
        is_pdf: Whether its bytes are in the request and begin like a PDF.
        actual: What the bytes are if they are not a PDF, such as `an image (image/png)`; None if unknown.
        source_problem: What is wrong with its source, as a sentence; else None.
    """

    location: str
    pages: int | None = None
    problem: str | None = None
    uncounted: str | None = None
    tokens: TokenRange | None = None
    source_type: Any = None
    declared: Any = None
    is_pdf: bool = False
    actual: str | None = None
    source_problem: str | None = None

    @property
    def may_be_pdf(self) -> bool:
        """Whether it is sent as a PDF."""
        return self.source_type in ("base64", "url")  # a tuple, because the value may not be hashable


class TextInput(NamedTuple):
    """A text with base64 in it.

    Attributes:
        location: The location in the request.
        characters: Number of characters of base64.
        kind: The media type of the encoded image, such as `image/png`; None if it is not an image.
        image_tokens: Tokens of the same data as an image; None if unknown.
        text_usd: Maximum cost as text, such as `$0.12`; None if no price is known.
    """

    location: str
    characters: int
    kind: str | None = None
    image_tokens: int | None = None
    text_usd: str | None = None


class RequestInput(NamedTuple):
    """A request as a whole.

    Attributes:
        location: Prefix of the locations in it; empty for a single request.
        model: The name of the model as given.
        model_problem: Why the model cannot answer, as a sentence; else None.
        images: Its images.
        documents: Its documents.
        turns: Its messages.
        body_bytes: Size of the body, bytes; None if images are checked without a request.
        tokens: Visual tokens of the images and PDF pages that could be measured.
        upper_tokens: The same with full pages of text.
        results: Its tool results.
        cache_breakpoints: Number of blocks with `cache_control`.
        text_bytes: Size of its texts as UTF-8, bytes; None if images are checked without a request.
        max_tokens: Whether it has `max_tokens`.
    """

    location: str
    model: str | None
    model_problem: str | None
    images: tuple[ImageInput, ...]
    documents: tuple[DocumentInput, ...]
    turns: tuple[Turn, ...]
    body_bytes: int | None
    tokens: int
    upper_tokens: int = 0
    results: tuple[ToolResult, ...] = ()
    cache_breakpoints: int = 0
    text_bytes: int | None = None
    max_tokens: bool = True


class BatchInput(NamedTuple):
    """A message batch as a whole.

    Attributes:
        location: The file, or another name for the batch.
        requests: Number of requests.
        body_bytes: Size of the body, bytes.
        repeated_ids: Location and custom_id of each request that repeats an earlier custom_id.
        missing_ids: Locations of requests without a custom_id.
        invalid_ids: Location and value of each custom_id that does not match the pattern of the platform.
        streams: Locations of `stream` where it is set.
    """

    location: str
    requests: int
    body_bytes: int
    repeated_ids: tuple[tuple[str, str], ...]
    missing_ids: tuple[str, ...]
    invalid_ids: tuple[tuple[str, str], ...] = ()
    streams: tuple[str, ...] = ()


class CostInput(NamedTuple):
    """The cost of all images of a check, and the budget.

    Attributes:
        location: The name for all images.
        known_usd: Cost of the images that are measured and priced, US dollars, exact.
        upper_usd: The same with the long-context price wherever the text of a request may lead to it.
        budget_usd: The budget, US dollars.
        unknown: Descriptions of what has an unknown cost.
        pages: Whether there are PDF pages, whose text is not counted.
    """

    location: str
    known_usd: Decimal
    upper_usd: Decimal
    budget_usd: Decimal
    unknown: tuple[str, ...] = ()
    pages: bool = False
