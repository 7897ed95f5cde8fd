"""Check whether an image is complete and can be decoded, without decoding it.

Most files have an end marker in their last bytes, so one read is enough. More is read only if something follows the
marker, or if it could be part of the image data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.headers.gif import examine_gif
from imgcost.headers.header import Ending
from imgcost.headers.jpeg import examine_jpeg
from imgcost.headers.png import examine_png
from imgcost.headers.webp import examine_webp

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.headers.header import ReadAt

__all__ = ["examine"]

_EXAMINERS: dict[str, Callable[[bytes, ReadAt, int], Ending]] = {
    "image/jpeg": examine_jpeg,
    "image/png": examine_png,
    "image/gif": examine_gif,
    "image/webp": examine_webp,
}


def examine(media_type: str, head: bytes, read_at: ReadAt, file_bytes: int) -> Ending:
    r"""Check the rest of an image whose header is valid.

    A complete JPEG has an end marker after the start of its image data, the chunks of a PNG lead to IEND, the blocks of
    a GIF lead to its trailer, and a WebP is as long as its RIFF header says. Damage in the middle is not detected.

    Args:
        media_type: The media type from `parse_header`.
        head: The first `HEAD_BYTES` bytes of the file, or the whole file if it is shorter.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file.
        file_bytes: The length of the file, bytes.

    Returns:
        Whether the end is missing, and why decoders cannot read the image.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02" + b"\x01\0\0;"
        >>> for size in (18, 26, 28):
        ...     print(examine("image/gif", gif, lambda at, n: gif[at : min(at + n, size)], size))
        Ending(truncated=True, undecodable=None, unusual=None)
        Ending(truncated=True, undecodable=None, unusual=None)
        Ending(truncated=False, undecodable=None, unusual=None)
    """
    examiner = _EXAMINERS.get(media_type)  # images that have to be converted are not checked
    return examiner(head, read_at, file_bytes) if examiner else Ending()
