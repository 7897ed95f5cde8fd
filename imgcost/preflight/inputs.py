"""From what is to be sent to what rules are asked about: files, bytes, and the blocks of a request."""

from __future__ import annotations

import os
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any, BinaryIO

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

    from imgcost.messages import Block, Text

__all__ = [
    "IMAGE_SUFFIXES",
    "block_input",
    "bytes_input",
    "document_input",
    "pillow_input",
    "record_input",
    "stream_input",
    "text_input",
]

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .gif .webp .tif .tiff .bmp .heic .heif .avif .jxl .jp2 .ico .svg .psd".split()  # noqa: SIM905 - shorter so
)

_BY_PLACE = frozenset({"link-not-followed", "seen-already", "not-a-file", "archive-not-entered"})
"""Problems that say nothing of an image: what a walk through a folder passes over."""


def record_input(found: Image | Unreadable) -> ImageInput:
    """See what a scan has found; the end of the file is not looked at."""
    if isinstance(found, Image):
        header = Header(found.media_type, found.width, found.height, found.orientation, found.animated)
        suffix = os.path.splitext(found.path)[1].lower()  # noqa: PTH122 - likewise
        contents, letters = Contents(found.file_bytes, header), base64_length(found.file_bytes)
        return ImageInput(found.path, contents, letters, file=found.path, suffix=suffix)
    problem = HeaderError(found.problem, found.reason, format=found.format)
    stray = found.problem in _BY_PLACE
    return ImageInput(found.path, Contents(0, None, problem), file=found.path, suffix="", stray=stray)


def bytes_input(data: bytes | bytearray | memoryview, location: str) -> ImageInput:
    """See an image in memory."""
    view = memoryview(data).cast("B")
    contents = inspect_bytes(lambda offset, size: view[offset : offset + size].tobytes(), len(view))
    return ImageInput(location, contents, base64_length(len(view)), suffix="")


def stream_input(stream: BinaryIO, location: str) -> ImageInput:
    """See what an open file still holds.

    Raises:
        ArgumentError: It was opened as text, or cannot seek.
    """
    contents = stream_contents(stream, location)
    return ImageInput(location, contents, base64_length(contents.file_bytes), suffix="")


def pillow_input(image: Any, location: str) -> ImageInput:
    """See a Pillow image: everything but its bytes."""
    return ImageInput(location, pillow_contents(image), suffix="")


def block_input(block: Block) -> ImageInput:
    """See an image block of a request."""
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


def document_input(block: Block) -> tuple[DocumentInput, Outline | None]:
    """See a document block: the pages of a PDF are counted where its bytes are here."""
    source = block.source
    kind = source.get("type")
    seen = DocumentInput(
        block.location,
        source_type=kind,
        declared=source.get("media_type"),
        source_problem=_source_problem("document", source),
    )
    if kind in ("url", "file"):  # it may be anything, and not every value can be in a set
        why = f"a document from a {kind} is not fetched, so its pages are not counted"
        return seen._replace(uncounted=why), None
    if kind != "base64":
        unknown = f"the pages of a document source of type {ascii(kind)[:60]} are not counted"
        return seen._replace(uncounted=None if kind in ("text", "content") else unknown), None
    try:
        data = _pdf_bytes(source.get("data"))
    except OSError as error:
        return seen._replace(problem=f"cannot read PDF: {no_access('', error).reason}"), None
    except ValueError as error:
        return seen._replace(problem=str(error)), None
    try:
        outline = read_pdf(data)
    except ValueError as error:
        return seen._replace(problem=str(error), is_pdf=is_pdf(data), real=_real(data)), None
    uncounted = None
    if outline.pages is None:
        uncounted = "the pages of this PDF cannot be counted without pypdf: pip install 'imgcost[pdf]'"
    return seen._replace(pages=outline.pages, is_pdf=True, uncounted=uncounted), outline


def text_input(text: Text) -> tuple[TextInput, tuple[int, int] | None] | None:
    """See the base64 in a text.

    Returns:
        How much of it there is, and the size of the first image in it, px, if there is one; None without base64.
    """
    runs = list(encoded_runs(text.text))
    if not runs:
        return None
    begin, end = runs[0]
    run = text.text[begin : begin + (end - begin) // 4 * 4]
    contents = read_payload(run).contents
    header = contents and contents.header
    seen = TextInput(text.location, sum(end - begin for begin, end in runs), header.media_type if header else None)
    return seen, (header.width, header.height) if header and len(runs) == 1 else None


def _real(data: bytes) -> str | None:
    """What bytes are that are not a PDF."""
    if not data or is_pdf(data):
        return None
    contents = inspect_bytes(lambda offset, size: data[offset : offset + size], len(data))
    if contents.header:
        return f"an image of the type {contents.header.media_type}"
    return contents.problem.format if contents.problem else None


def _source_problem(kind: str, source: Mapping[Any, Any]) -> str | None:
    """What a source lacks, by its type; None where the type is not known, or what it has will do."""
    of = source.get("type")
    required = block_table().sources[kind].get(of, {}) if isinstance(of, str) else {}
    for key, what in required.items():
        value = source.get(key)
        if not value:
            return f"the {kind} source of type {of} has no {key}"
        if isinstance(value, str) and key == "url" and value[:8].lower().partition(":")[0] not in {"http", "https"}:
            return f"the url of the {kind} source is {_shown(value)}: it must begin with https:// or http://"
        if what == "string" and not isinstance(value, str):
            return f"the {key} of the {kind} source must be text, not {type(value).__name__}"
    return None


def _shown(url: str) -> str:
    return "a data URL" if url[:5].lower() == "data:" else ascii(url[:60])


def _pdf_bytes(data: Any) -> bytes:
    """A PDF is read whole: its objects are anywhere."""
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
            raise ValueError(f"cannot read PDF: the file cannot be read: {error}") from error
    try:
        return a2b_base64(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the data of the PDF is not base64: {error}") from error
