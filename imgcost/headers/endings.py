"""Whether an image is whole and of a kind that decoders read: nothing is decoded.

The usual file has the mark of its end in its last bytes, and one look there is all. More is read only where something
else follows the mark, or where nothing else tells it from a mark inside the image.
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
    r"""Look at the rest of an image whose header is sound.

    A whole JPEG has its end marker behind the beginning of its image data, the chunks of a PNG lead to IEND, the
    blocks of a GIF to its trailer, and a WebP is as long as its RIFF header says. Damage in the middle is not seen.

    Args:
        media_type: What `parse_header` made of the beginning.
        head: The first `HEAD_BYTES` bytes of the file, or all of it where it is shorter.
        read_at: Called as `read_at(offset, size)`, in bytes from the start of the file.
        file_bytes: The length of the file, bytes.

    Returns:
        Whether its end is missing, and why decoders cannot read it.

    Example:
        >>> gif = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02" + b"\x01\0\0;"
        >>> for size in (18, 26, 28):
        ...     print(examine("image/gif", gif, lambda at, n: gif[at : min(at + n, size)], size))
        Ending(truncated=True, undecodable=None, unusual=None)
        Ending(truncated=True, undecodable=None, unusual=None)
        Ending(truncated=False, undecodable=None, unusual=None)
    """
    examiner = _EXAMINERS.get(media_type)  # the ends of images that have to be converted do not matter
    return examiner(head, read_at, file_bytes) if examiner else Ending()
