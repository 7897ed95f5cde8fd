"""Pages of a PDF, counted by pypdf, which comes with the extra `pdf`."""

from __future__ import annotations

import io
import logging

from imgcost.errors import MissingExtraError

__all__ = ["count_pages"]


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
