"""Pages of a PDF: how many there are, by pypdf, which comes with the extra `pdf`; and the tokens that they cost."""

from __future__ import annotations

import io
import logging
from math import ceil
from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.errors import MissingExtraError
from imgcost.tables import find_measured, find_tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.tables import Model

__all__ = ["count_pages", "page_tokens"]

POINTS_PER_INCH = 72
"""The unit of a PDF's page sizes."""


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


def count_pages(data: bytes) -> int:
    """Count the pages of a PDF.

    Args:
        data: The file, whole.

    Returns:
        How many pages it has.

    Raises:
        MissingExtraError: pypdf is not installed.
        ValueError: It is no PDF, is damaged, or is protected by a password; the message is a sentence.
    """
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("counting the pages of a PDF", "pdf") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each oddity; what matters is raised
    try:
        reader = PdfReader(io.BytesIO(data))
        # An empty user password opens a document that is only protected against changes; the API takes none at all.
        encrypted = reader.is_encrypted
        pages = 0 if encrypted else len(reader.pages)
    except Exception as error:  # a stranger's parser on a stranger's bytes
        raise ValueError("the PDF is damaged, or is none") from error
    if encrypted:
        raise ValueError("the PDF is protected by a password")
    return pages
