"""From what is to be sent to what rules are asked about: files, bytes, and the blocks of a request."""

from __future__ import annotations

import os
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from imgcost.errors import HeaderError, MissingExtraError
from imgcost.files import FileBatch, Image, Unreadable, Walk, inspect, no_access, pillow_contents, stream_contents
from imgcost.headers import Contents, Header, inspect_bytes
from imgcost.messages import is_file
from imgcost.payloads import Payload, base64_length, read_payload
from imgcost.pdfs import count_pages
from imgcost.rules import DocumentSeen, ImageSeen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.messages import Block

__all__ = [
    "IMAGE_SUFFIXES",
    "see_block",
    "see_bytes",
    "see_document",
    "see_found",
    "see_path",
    "see_pillow",
    "see_stream",
]

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .gif .webp .tif .tiff .bmp .heic .heif .avif .jxl .jp2 .ico .svg .psd".split()  # noqa: SIM905 - shorter so
)

_BY_PLACE = frozenset({"link-not-followed", "seen-already", "not-a-file", "archive-not-entered"})
"""Problems that say nothing of an image: what a walk through a folder passes over."""


def see_path(path: str) -> Iterator[ImageSeen]:
    """See a file, or every file under a folder."""
    if not os.path.isdir(path):  # noqa: PTH112 - strings all the way, as in the room of files
        yield _see_file(path, given=True)
        return
    for step in Walk(archives=False).steps([path]):
        if isinstance(step, FileBatch):
            for name in step.names:
                yield _see_file(step.path_of(name), given=False)
        else:
            yield see_found(cast("Unreadable", step))  # no archive: they are not looked into


def _see_file(path: str, *, given: bool) -> ImageSeen:
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - likewise
    try:
        contents = inspect(path)
    except (OSError, ValueError) as error:
        return see_found(no_access(path, error))
    stray = not given and contents.header is None and suffix not in IMAGE_SUFFIXES
    return ImageSeen(path, contents, base64_length(contents.file_bytes), file=path, suffix=suffix, stray=stray)


def see_found(found: Image | Unreadable) -> ImageSeen:
    """See what a scan has found; the end of the file is not looked at."""
    if isinstance(found, Image):
        header = Header(found.media_type, found.width, found.height, found.orientation, found.animated)
        suffix = os.path.splitext(found.path)[1].lower()  # noqa: PTH122 - likewise
        contents, letters = Contents(found.file_bytes, header), base64_length(found.file_bytes)
        return ImageSeen(found.path, contents, letters, file=found.path, suffix=suffix)
    problem = HeaderError(found.problem, found.reason, format=found.format)
    stray = found.problem in _BY_PLACE
    return ImageSeen(found.path, Contents(0, None, problem), file=found.path, suffix="", stray=stray)


def see_bytes(data: bytes | bytearray | memoryview, place: str) -> ImageSeen:
    """See an image in memory."""
    view = memoryview(data).cast("B")
    contents = inspect_bytes(lambda offset, size: view[offset : offset + size].tobytes(), len(view))
    return ImageSeen(place, contents, base64_length(len(view)), suffix="")


def see_stream(stream: BinaryIO, place: str) -> ImageSeen:
    """See what an open file still holds.

    Raises:
        ArgumentError: It was opened as text, or cannot seek.
    """
    contents = stream_contents(stream, place)
    return ImageSeen(place, contents, base64_length(contents.file_bytes), suffix="")


def see_pillow(image: Any, place: str) -> ImageSeen:
    """See a Pillow image: everything but its bytes."""
    return ImageSeen(place, pillow_contents(image), suffix="")


def see_block(block: Block) -> ImageSeen:
    """See an image block of a request."""
    source = block.source
    kind = source.get("type")
    payload = _read_data(source.get("data")) if kind == "base64" else None
    setting = block.transformations
    return ImageSeen(
        block.place,
        payload.contents if payload else None,
        payload.text_bytes if payload else None,
        source_type=kind,
        declared=source.get("media_type"),
        base64_problem=payload.problem if payload else None,
        setting=setting.get("oversized_image") if hasattr(setting, "get") else None,
        toolset=block.toolset,
    )


def _read_data(data: Any) -> Payload:
    """Look at what stands as base64 data: text, or a file that the SDK encodes."""
    if isinstance(data, str):
        return read_payload(data)
    if isinstance(data, os.PathLike):
        try:
            contents = inspect(os.fspath(data))
        except (OSError, ValueError) as error:
            unread = no_access(str(data), error)
            return Payload(0, Contents(0, None, HeaderError(unread.problem, unread.reason)))
        return Payload(base64_length(contents.file_bytes), contents)
    if is_file(data):
        return _read_stream(data)
    return Payload(0, None, f"it must be text, not {'null' if data is None else type(data).__name__}")


def _read_stream(stream: BinaryIO) -> Payload:
    """Look at what an open file still holds, and leave it where it was."""
    try:
        contents = stream_contents(stream, "data")
    except Exception as error:  # noqa: BLE001 - a file-like object raises whatever it likes
        return Payload(0, None, f"it is a file that cannot be read: {error}")
    return Payload(base64_length(contents.file_bytes), contents)


def see_document(block: Block) -> DocumentSeen:
    """See a document block: the pages of a PDF are counted where its bytes are here."""
    kind = block.source.get("type")
    if kind in ("url", "file"):  # it may be anything, and not every value can be in a set
        return DocumentSeen(block.place, uncounted=f"a document from a {kind} is not looked into: nothing is fetched")
    if kind != "base64":
        unknown = None if kind in ("text", "content") else f"a document source of type {ascii(kind)[:60]} is not read"
        return DocumentSeen(block.place, uncounted=unknown)
    try:
        return DocumentSeen(block.place, count_pages(_pdf_bytes(block.source.get("data"))))
    except MissingExtraError as error:
        return DocumentSeen(block.place, uncounted=str(error))
    except OSError as error:
        return DocumentSeen(block.place, problem=f"the PDF cannot be read: {no_access('', error).reason}")
    except ValueError as error:
        return DocumentSeen(block.place, problem=str(error))


def _pdf_bytes(data: Any) -> bytes:
    """A PDF is read whole: its pages are told at its end, and anywhere."""
    if isinstance(data, os.PathLike):
        with open(data, "rb") as file:  # noqa: PTH123 - whatever is like a path
            return file.read()
    if is_file(data):
        try:
            origin = data.tell()
            try:
                return bytes(data.read())
            finally:
                data.seek(origin)
        except Exception as error:
            raise ValueError(f"the PDF is a file that cannot be read: {error}") from error
    try:
        return a2b_base64(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the data of the PDF is no base64: {error}") from error
