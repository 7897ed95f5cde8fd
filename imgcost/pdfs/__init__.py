"""Documents that are PDFs: what they are, how many pages they have, and what these cost in tokens.

The pages are counted by pypdf, which comes with the extra `pdf`; without it by a reader of its own, which says so where
it is not certain.
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
"""The unit of a PDF's page sizes."""

LETTER = (612.0, 792.0)
"""The size of a page that states none, points: what viewers assume."""


class TokenRange(NamedTuple):
    """What something costs, as far as it is known before it is sent.

    Attributes:
        least: Tokens.
        most: Tokens.
    """

    least: int
    most: int


def read_pdf(data: bytes) -> Outline:
    """Read a PDF as far as its pages go.

    Args:
        data: The file, whole.

    Returns:
        The number of its pages, None where it is not known, and their sizes.

    Raises:
        ValueError: It is not a PDF, is damaged, or is protected by a password; the message is a sentence.
    """
    if not data:
        raise ValueError("the PDF is empty")
    if not is_pdf(data):
        raise ValueError("the data is not a PDF: it does not begin with %PDF")
    if is_encrypted(data):
        raise ValueError("the PDF is protected by a password")
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra
    except ImportError:
        return read_outline(data)
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports each oddity; what matters is raised
    try:
        reader = PdfReader(io.BytesIO(data))
        # An empty user password opens a document that is only protected against changes; the API takes none at all.
        encrypted = reader.is_encrypted
        boxes = [] if encrypted else [page.mediabox for page in reader.pages]
        sizes = dict.fromkeys((abs(float(box.width)), abs(float(box.height))) for box in boxes)
    except Exception as error:  # a stranger's parser on a stranger's bytes
        raise ValueError("cannot read PDF: it is damaged") from error
    if encrypted:
        raise ValueError("the PDF is protected by a password")
    return Outline(len(boxes), tuple(sizes))


def token_range(outline: Outline, model: Model) -> TokenRange | None:
    """Count the tokens of a PDF: its pages as images, and a range for their text, which is not read.

    Args:
        outline: What was read of it.
        model: The model.

    Returns:
        The tokens without any text, and with full pages of it; None where the pages are not known, or nothing was
        measured for the model.

    Source: data/measured_pdf.csv (read 2026-11-26)

    >>> from imgcost.tables import find_model
    >>> token_range(Outline(1, ((612, 792),)), find_model("claude-sonnet-5"))
    TokenRange(least=1573, most=2573)
    """
    document, text = (find_measured(name, model) for name in ("pdf-document-tokens", "pdf-page-text-tokens"))
    if outline.pages is None or document is None or text is None:
        return None
    each = []
    for size in outline.sizes or (LETTER,):
        try:
            tokens = page_tokens([size], model)
        except (ValueError, OverflowError):  # a page without an area, or without an end
            tokens = page_tokens([LETTER], model)
        each.append((tokens or document.value) - document.value)
    fixed, pages = document.value, outline.pages
    return TokenRange(fixed + pages * min(each), fixed + pages * (max(each) + text.value))


def page_tokens(pages: Iterable[tuple[float, float]], model: Model) -> int | None:
    """Count the tokens of the pages of a PDF document as images, with what wraps the document; its text comes on top.

    Measured, not published: a page is rendered at 150 dots per inch and counts by the rule of the standard tier, on the
    high-resolution tier too. Within 0.6 % on files of one page.

    Args:
        pages: Width and height of each page, points (1/72 inch).
        model: The model.

    Returns:
        Tokens; None where nothing was measured for the model.

    Raises:
        SizeError: A page has no area, or is larger than any image.

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
        # In floats, as measured: 792 points of Letter become 1651 px, one more than the exact 1650.
        width, height = (ceil(side * (dpi.value / POINTS_PER_INCH)) for side in page)
        seen = geometry.resized_size(width, height, find_tier("standard"))
        tokens += geometry.grid_tokens(*seen, grid.value if grid else 1)
    return tokens
