"""Explain why data is not JPEG, PNG, GIF or WebP: another image format, another file, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.errors import HeaderError
from imgcost.headers.header import from_head

if TYPE_CHECKING:
    from imgcost.headers.header import ReadAt

__all__ = ["unreadable_error"]


def unreadable_error(head: bytes, read_at: ReadAt) -> HeaderError:
    """Return the error for data that is not JPEG, PNG, GIF or WebP.

    Args:
        head: The first bytes of the file.
        read_at: As in `parse_header`.
    """
    if not head:
        return HeaderError("empty", "the data is empty")
    # Their tables and patterns take longer to load than everything else, and most scans need neither.
    from imgcost.headers.formats import find_format  # noqa: PLC0415
    from imgcost.headers.not_images import identify_other  # noqa: PLC0415

    return (
        find_format(head, from_head(head, read_at))
        or identify_other(head)
        or HeaderError("not-an-image", "the data does not start like any known image format")
    )
