"""Count the pages of a PDF, with pypdf (the extra `pdf`), and their tokens."""

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
"""PDF page sizes are in points."""


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


def count_pages(data: bytes) -> int:
    """Count the pages of a PDF.

    Args:
        data: The complete file.

    Returns:
        The number of pages.

    Raises:
        MissingExtraError: pypdf is not installed.
        ValueError: The data is not a valid PDF, or is protected by a password. The message is a sentence.
    """
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("counting the pages of a PDF", "pdf") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns about harmless oddities; real problems are raised
    try:
        reader = PdfReader(io.BytesIO(data))
        # The API accepts no encrypted document, not even one that opens with an empty password.
        encrypted = reader.is_encrypted
        pages = 0 if encrypted else len(reader.pages)
    except Exception as error:  # third-party parser on untrusted input: any exception is possible
        raise ValueError("the data is damaged or not a PDF") from error
    if encrypted:
        raise ValueError("the PDF is protected by a password")
    return pages
