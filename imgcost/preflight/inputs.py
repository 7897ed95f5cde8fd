"""Read the inputs of rules from files, bytes, and the blocks of a request."""

from __future__ import annotations

import os
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from imgcost.arguments import type_name
from imgcost.errors import HeaderError
from imgcost.files import Image, Unreadable, inspect, no_access, pillow_contents, stream_contents
from imgcost.headers import Contents, Header, inspect_bytes
from imgcost.messages import is_file
from imgcost.payloads import Payload, base64_length, encoded_runs, read_payload
from imgcost.pdfs import Outline, is_pdf, read_pdf
from imgcost.rules import DocumentInput, ImageInput, TextInput
from imgcost.tables import block_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.messages import MediaBlock, Text

__all__ = [
    "IMAGE_SUFFIXES",
    "RequestFile",
    "block_input",
    "bytes_input",
    "document_input",
    "is_stray",
    "pillow_input",
    "record_input",
    "stream_input",
    "suffix_of",
    "text_input",
]

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .gif .webp .tif .tiff .bmp .heic .heif .avif .jxl .jp2 .ico .svg .psd".split()  # noqa: SIM905 - shorter so
)

_SKIPPED = frozenset({"link-not-followed", "seen-already", "not-a-file", "archive-not-entered"})
"""Problems of files that a scan of a directory skips without opening them."""

_NOT_IMAGES = frozenset({"empty", "not-an-image", "unsupported"})
"""Problems of files that need not be images, if their names do not say so."""

_ADVICE = {
    "missing": "Check the path. If it is a link, repair or remove it.",
    "no-access": "Check the permissions of the file and its folders, or exclude it.",
    "archive-limit": "Extract the archive and check the files.",
}
"""What to do about paths that cannot be read."""


class RequestFile(NamedTuple):
    """A file that contains requests.

    Attributes:
        path: The file.
    """

    path: str


def suffix_of(path: str) -> str:
    """Return the suffix of a path in lowercase, such as `.jpg`."""
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - a path may be any string


def is_stray(path: str, problem: str) -> bool:
    """Return whether neither the content of a file nor its suffix is that of an image.

    Args:
        path: The file.
        problem: Why it could not be read: the slug of the error.

    >>> is_stray("notes.txt", "not-an-image"), is_stray("notes.png", "not-an-image"), is_stray("photo", "damaged")
    (True, False, False)
    """
    return problem in _NOT_IMAGES and suffix_of(path) not in IMAGE_SUFFIXES


def record_input(record: Image | Unreadable) -> ImageInput:
    """Return the input for a record of a scan; the end of the file is not inspected."""
    if isinstance(record, Image):
        header = Header(record.media_type, record.width, record.height, record.orientation, record.animated)
        contents, text_bytes = Contents(record.file_bytes, header), base64_length(record.file_bytes)
        return ImageInput(record.path, contents, text_bytes, file=record.path, suffix=suffix_of(record.path))
    problem = HeaderError(record.problem, record.reason, format=record.format, advice=_ADVICE.get(record.problem))
    stray = record.problem in _SKIPPED
    return ImageInput(record.path, Contents(0, None, problem), file=record.path, suffix="", stray=stray)


def bytes_input(data: bytes | bytearray | memoryview, location: str) -> ImageInput:
    """Return the input for an image in memory."""
    view = memoryview(data).cast("B")
    contents = inspect_bytes(lambda offset, size: view[offset : offset + size].tobytes(), len(view))
    return ImageInput(location, contents, base64_length(len(view)), suffix="")


def stream_input(stream: BinaryIO, location: str) -> ImageInput:
    """Return the input for the rest of an open file.

    Raises:
        ArgumentError: The file was opened as text, or cannot seek.
    """
    contents = stream_contents(stream, location)
    return ImageInput(location, contents, base64_length(contents.file_bytes), suffix="")


def pillow_input(image: Any, location: str) -> ImageInput:
    """Return the input for a Pillow image, which has no bytes."""
    return ImageInput(location, pillow_contents(image), suffix="")


def block_input(block: MediaBlock) -> ImageInput:
    """Return the input for an image block of a request."""
    source = block.source
    kind = source.get("type")
    payload = _read_data(source.get("data")) if kind == "base64" else None
    setting = block.transformations
    return ImageInput(
        block.location,
        payload.contents if payload else None,
        payload.text_bytes if payload else None,
        source_type=kind,
        declared=source.get("media_type"),
        base64_problem=payload.problem if payload else None,
        setting=setting.get("oversized_image") if hasattr(setting, "get") else None,
        toolset=block.toolset,
        source_problem=_source_problem("image", source),
    )


def _read_data(data: Any) -> Payload:
    """Read base64 data: text, or a file that the SDK encodes."""
    if isinstance(data, str):
        return read_payload(data)
    if isinstance(data, os.PathLike):
        try:
            contents = inspect(os.fspath(data))
        except (OSError, ValueError) as error:
            problem = no_access(str(data), error)
            return Payload(0, Contents(0, None, HeaderError(problem.problem, problem.reason)))
        return Payload(base64_length(contents.file_bytes), contents)
    if is_file(data):
        return _read_stream(data)
    return Payload(0, None, f"it must be text, not {type_name(data)}")


def _read_stream(stream: BinaryIO) -> Payload:
    """Read the rest of an open file, and restore its position."""
    try:
        contents = stream_contents(stream, "data")
    except Exception as error:  # noqa: BLE001 - a file-like object may raise anything
        return Payload(0, None, f"it is a file that cannot be read: {error}")
    return Payload(base64_length(contents.file_bytes), contents)


def document_input(block: MediaBlock) -> tuple[DocumentInput, Outline | None]:
    """Return the input for a document block; the pages of a PDF are counted if its bytes are in the request."""
    source = block.source
    kind = source.get("type")
    document = DocumentInput(
        block.location,
        source_type=kind,
        declared=source.get("media_type"),
        source_problem=_source_problem("document", source),
    )
    if kind in ("url", "file"):  # a tuple, because the value may not be hashable
        origin = "a URL" if kind == "url" else "an uploaded file"
        return document._replace(
            uncounted=f"a document from {origin} is not fetched, so its pages are not counted"
        ), None
    if kind != "base64":
        unknown = f"the pages of a document source of type {ascii(kind)[:60]} are not counted"
        return document._replace(uncounted=None if kind in ("text", "content") else unknown), None
    try:
        data = _pdf_bytes(source.get("data"))
    except OSError as error:
        return document._replace(problem=f"cannot read PDF: {no_access('', error).reason}"), None
    except ValueError as error:
        return document._replace(problem=str(error)), None
    try:
        outline = read_pdf(data)
    except ValueError as error:
        return document._replace(problem=str(error), is_pdf=is_pdf(data), actual=_actual_format(data)), None
    uncounted = None
    if outline.pages is None:
        uncounted = "the pages of this PDF cannot be counted without pypdf: pip install 'imgcost[pdf]'"
    return document._replace(pages=outline.pages, is_pdf=True, uncounted=uncounted), outline


def text_input(text: Text) -> tuple[TextInput, tuple[int, int] | None] | None:
    """Find base64 in a text.

    Returns:
        The input, and the width and height of the image if there is exactly one, px; None without base64.
    """
    runs = list(encoded_runs(text.text))
    if not runs:
        return None
    begin, end = runs[0]
    run = text.text[begin : begin + (end - begin) // 4 * 4]
    contents = read_payload(run).contents
    header = contents and contents.header
    encoded = TextInput(text.location, sum(end - begin for begin, end in runs), header.media_type if header else None)
    return encoded, (header.width, header.height) if header and len(runs) == 1 else None


def _actual_format(data: bytes) -> str | None:
    """Return the format of data that is not a PDF; None if unknown."""
    if not data or is_pdf(data):
        return None
    contents = inspect_bytes(lambda offset, size: data[offset : offset + size], len(data))
    if contents.header:
        return f"an image ({contents.header.media_type})"
    return contents.problem.format if contents.problem else None


def _source_problem(kind: str, source: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with a source, by its type; None if it is valid, or the type is unknown."""
    source_type = source.get("type")
    required = block_table().sources[kind].get(source_type, {}) if isinstance(source_type, str) else {}
    for key, what in required.items():
        value = source.get(key)
        if not value:
            return f"the {kind} source of type {source_type!r} has no {key}"
        if isinstance(value, str) and key == "url" and value[:8].lower().partition(":")[0] not in {"http", "https"}:
            return f"the url of the {kind} source is {_url_phrase(value)}: it must begin with https:// or http://"
        if what == "string" and not isinstance(value, str):
            return f"the {key} of the {kind} source must be text, not {type(value).__name__}"
    return None


def _url_phrase(url: str) -> str:
    return "a data URL" if url[:5].lower() == "data:" else ascii(url[:60])


def _pdf_bytes(data: Any) -> bytes:
    """Return all bytes of a PDF, because its objects may be anywhere."""
    if isinstance(data, os.PathLike):
        with open(data, "rb") as file:  # noqa: PTH123 - any object that is like a path
            return file.read()
    if is_file(data):
        try:
            origin = data.tell()
            try:
                return bytes(data.read())
            finally:
                data.seek(origin)
        except Exception as error:
            raise ValueError(f"cannot read PDF: the file cannot be read: {error}") from error
    try:
        return a2b_base64(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the data of the PDF is not base64: {error}") from error
