"""Count the pages of a PDF and their tokens.

Pages are counted with pypdf (the extra `pdf`), or else by a small reader that returns None if it is not certain.
"""

from __future__ import annotations

import io
import logging
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.pdfs.outlines import Outline, is_encrypted, is_pdf, read_outline
from imgcost.tables import find_measured, find_tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.tables import Model

__all__ = ["Outline", "TokenRange", "is_pdf", "page_tokens", "read_pdf", "token_range"]

POINTS_PER_INCH = 72
"""PDF page sizes are in points."""

LETTER = (612.0, 792.0)
"""The default page size, points, which viewers also assume."""


class TokenRange(NamedTuple):
    """A range of tokens, for input whose exact number is not known before it is sent.

    Attributes:
        lower: Minimum number of tokens.
        upper: Maximum number of tokens.
    """

    lower: int
    upper: int


def read_pdf(data: bytes) -> Outline:
    """Read the number of pages of a PDF, and their sizes.

    Args:
        data: The complete file.

    Returns:
        The number of pages, None if unknown, and the sizes that occur.

    Raises:
        ValueError: The data is not a valid PDF, or is protected by a password. The message is a sentence.
    """
    if not data:
        raise ValueError("the PDF is empty")
    if not is_pdf(data):
        raise ValueError("the data does not begin with %PDF")
    if is_encrypted(data):
        raise ValueError("the PDF is protected by a password")
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra
    except ImportError:
        return read_outline(data)
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns about harmless oddities; real problems are raised
    try:
        reader = PdfReader(io.BytesIO(data))
        # The API accepts no encrypted document, not even one that opens with an empty password.
        encrypted = reader.is_encrypted
        boxes = [] if encrypted else [page.mediabox for page in reader.pages]
        sizes = dict.fromkeys((abs(float(box.width)), abs(float(box.height))) for box in boxes)
    except Exception as error:  # third-party parser on untrusted input: any exception is possible
        raise ValueError("cannot read PDF: it is damaged") from error
    if encrypted:
        raise ValueError("the PDF is protected by a password")
    return Outline(len(boxes), tuple(sizes))


def token_range(outline: Outline, model: Model) -> TokenRange | None:
    """Count the tokens of a PDF: its pages as images, plus a range for their text, which is not read.

    Args:
        outline: The pages of the document.
        model: The model.

    Returns:
        The tokens without text and with full pages of text; None if the number of pages is unknown, or nothing was
        measured for the model.

    Source: data/measured_pdf.csv (read 2026-11-26)

    >>> from imgcost.tables import find_model
    >>> token_range(Outline(1, ((612, 792),)), find_model("claude-sonnet-5"))
    TokenRange(lower=1573, upper=2573)
    """
    document, text = (find_measured(name, model) for name in ("pdf-document-tokens", "pdf-page-text-tokens"))
    if outline.pages is None or document is None or text is None:
        return None
    page_images = []
    for size in outline.sizes or (LETTER,):
        try:
            tokens = page_tokens([size], model)
        except (ValueError, OverflowError):  # no area, or infinite
            tokens = page_tokens([LETTER], model)
        page_images.append((tokens or document.value) - document.value)
    fixed, pages = document.value, outline.pages
    return TokenRange(fixed + pages * min(page_images), fixed + pages * (max(page_images) + text.value))


def page_tokens(pages: Iterable[tuple[float, float]], model: Model) -> int | None:
    """Count the tokens of the pages of a PDF as images, including the tokens per document but not those of its text.

    Measured, not published: pages are rendered at 150 dots per inch and counted by the rule of the standard tier, also
    on high-resolution models. Accurate within 0.6 % for one-page files.

    Args:
        pages: Width and height of each page, points (1/72 inch).
        model: The model.

    Returns:
        Tokens; None if nothing was measured for the model.

    Raises:
        SizeError: The size of a page is not valid for an image.

    Source: data/measured_pdf.csv (read 2026-11-26)

    >>> from imgcost.tables import find_model
    >>> page_tokens([(612, 792)], find_model("claude-sonnet-5"))
    1573
    """
    document, dpi = (find_measured(name, model) for name in ("pdf-document-tokens", "pdf-page-dpi"))
    if document is None or dpi is None:
        return None
    grid = find_measured("patch-grid-multiple", model)
    tokens = document.value
    for page in pages:
        # Use floats, as measured: the 792 points of Letter become 1651 px, not the exact 1650.
        width, height = (ceil(side * (dpi.value / POINTS_PER_INCH)) for side in page)
        resized = geometry.resized_size(width, height, find_tier("standard"))
        tokens += geometry.grid_tokens(*resized, grid.value if grid else 1)
    return tokens
