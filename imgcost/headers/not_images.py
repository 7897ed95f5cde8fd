"""Identify files that are not images: web pages, text, archives and videos with the name of an image."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING

from imgcost.errors import HeaderError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["identify_other"]

_DOWNLOAD = "Open it in a text editor: it is often an error or login page. Download the image again."
_UNPACK = "Unpack it first, or scan the archive if it is a zip or tar file."
_VIDEO = "Extract frames and send them as images: Claude does not read video."
_DECODE = "Decode it with base64.b64decode and save the bytes, or send the text itself as the data of an image block."
_BINARY = "Copy the original again in binary mode: the damage cannot be undone."

_PREFIXES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "gzip": (_UNPACK, (b"\x1f\x8b",)),
    "ZIP archive": (_UNPACK, (b"PK\x03\x04", b"PK\x05\x06")),
    "RAR archive": (_UNPACK, (b"Rar!\x1a\x07",)),
    "7-Zip archive": (_UNPACK, (b"7z\xbc\xaf\x27\x1c",)),
    "bzip2": (_UNPACK, (b"BZh",)),
    "xz": (_UNPACK, (b"\xfd7zXZ\0",)),
    "Zstandard": (_UNPACK, (b"\x28\xb5\x2f\xfd",)),
    "WebM or Matroska video": (_VIDEO, (b"\x1a\x45\xdf\xa3",)),
    "Flash video": (_VIDEO, (b"FLV\x01",)),
    "MPEG video": (_VIDEO, (b"\0\0\1\xba", b"\0\0\1\xb3")),
    "SQLite database": ("Leave the file out.", (b"SQLite format 3\0",)),
    "AppleDouble file": (
        "Leave the file out: macOS stores the metadata of another file in it, the one with the same name without ._.",
        (b"\0\5\x16\7",),
    ),
    "Git LFS pointer": ("Run 'git lfs pull' to download the image itself.", (b"version https://git-lfs.github.com/",)),
}
_ISO_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_RIFF = {
    b"WAVE": ("WAVE audio", "Leave the file out: Claude does not read audio."),
    b"AVI ": ("AVI video", _VIDEO),
}
# The first bytes of images that a program has read and written as text.
_AS_TEXT = {
    b"\x89PNG\n\x1a\n": "PNG",  # line ends converted, which the signature is designed to reveal
    b"\x89PNG\r\n\x1a\r\n": "PNG",
    b"\x89PNG\r\r\n\x1a\r\n": "PNG",
    b"\x89PNG\r\x1a": "PNG",
    b"\x09PNG\r\n": "PNG",  # reduced to seven bits
    b"?PNG\r\n": "PNG",
    b"\xef\xbf\xbdPNG": "PNG",  # decoded as UTF-8, with replacement characters
    b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd": "JPEG",
    b"\xc2\x89PNG": "PNG",  # decoded as Latin-1
    b"\xc3\xbf\xc3\x98\xc3\xbf": "JPEG",
    b"b'\\x89PNG": "PNG",  # the repr of bytes
    b'b"\\x89PNG': "PNG",
    b"b'\\xff\\xd8\\xff": "JPEG",
    b'b"\\xff\\xd8\\xff': "JPEG",
    b"b'GIF8": "GIF",
    b'b"GIF8': "GIF",
    b"b'RIFF": "WebP",
    b'b"RIFF': "WebP",
}
_SIGNATURES = re.compile(rb"(\xff\xd8\xff)|(\x89PNG\r\n\x1a\n)|(GIF8[79]a)|(RIFF....WEBP)", re.DOTALL)
_NAMES = ("JPEG", "PNG", "GIF", "WebP")
_MAX_LEAD_BYTES = 16

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_-]{16,}\r?\n)*[A-Za-z0-9+/_=-]*\s*")
_LEAST_BASE64_BYTES = 64  # shorter text may be a word, unless it decodes to an image
_HTML = re.compile(
    rb"""(?: <\?xml [^>]* > \s*+ | (?> <!-- .*? --> ) \s*+ )*+  # atomic: however many comments, one way to match them
    < (?: !doctype\s+html | html | head | body | title | meta | script ) \b""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_JSON = re.compile(rb'\{\s*["}]|\[\s*(?:["{\[\]]|-?\d|true|false|null)')
_XML = re.compile(rb"<\?xml|<[A-Za-z][\w:.-]*[\s>/]")
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ESC colors the text of terminals


def identify_other(head: bytes) -> HeaderError | None:
    """Identify a file that is not an image.

    Args:
        head: The first bytes of the file.

    Returns:
        The error, with specific advice; None if the file is not recognized.
    """
    return next(_names(head), None)


def _names(head: bytes) -> Iterator[HeaderError]:
    for name, (advice, prefixes) in _PREFIXES.items():
        if head.startswith(prefixes):
            yield _not_an_image(name, advice)
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        yield _not_an_image(*_RIFF[head[8:12]])
    if head[4:8] in _ISO_BOXES and head[:1] == b"\0":
        quicktime = head[4:8] != b"ftyp" or head[8:10] == b"qt"
        yield _not_an_image("QuickTime video" if quicktime else "MP4 video", _VIDEO)
    for prefix, name in _AS_TEXT.items():
        if head.startswith(prefix):
            reason = f"the {name} was corrupted by a program that treated it as text"
            yield HeaderError("damaged", reason, format=name, advice=_BINARY)
    if not head.strip(b"\0"):
        advice = "Download or copy the file again: its space was reserved, but the data never arrived."
        yield HeaderError("not-an-image", "the file begins with zero bytes only", advice=advice)
    yield from _shifted(head)
    yield from _texts(head.removeprefix(b"\xef\xbb\xbf").lstrip())


def _not_an_image(name: str, advice: str) -> HeaderError:
    return HeaderError("not-an-image", f"{name}, not an image", format=name, advice=advice)


def _shifted(head: bytes) -> Iterator[HeaderError]:
    """Find an image after other data, such as a byte order mark or the headers of a message."""
    match = _SIGNATURES.search(head)
    if match and (match.start() <= _MAX_LEAD_BYTES or _is_text(head[: match.start()])):
        name = _NAMES[(match.lastindex or 1) - 1]
        reason = f"the {name} begins at byte {match.start()}, after other data"
        advice = f"Remove the data before the {name}."
        yield HeaderError("not-an-image", reason, format=name, advice=advice, start=match.start())


def _texts(text: bytes) -> Iterator[HeaderError]:
    if text[:5].lower() == b"data:":
        yield _not_an_image("data URL", "Decode the text after 'base64,' and save the bytes.")
    if _HTML.match(text):
        yield _not_an_image("HTML page", _DOWNLOAD)
    if _JSON.match(text):
        yield _not_an_image(
            "JSON", "Open it in a text editor: it is often an error message of a server. Download the image again."
        )
    if _XML.match(text):
        yield _not_an_image("XML", _DOWNLOAD)
    if _BASE64.fullmatch(text):
        yield from _base64(text)
    if text and _is_text(text):
        yield _not_an_image("text", "Check that this is the right file.")


def _base64(text: bytes) -> Iterator[HeaderError]:
    start = b"".join(text[:64].split()).rstrip(b"=")
    start = start[: len(start) // 4 * 4].replace(b"-", b"+").replace(b"_", b"/")
    try:
        match = _SIGNATURES.match(a2b_base64(start))
    except ValueError:
        return
    if match:
        yield _not_an_image(f"base64 text of a {_NAMES[(match.lastindex or 1) - 1]}", _DECODE)
    elif len(text) >= _LEAST_BASE64_BYTES:
        yield _not_an_image("base64 text", _DECODE)


def _is_text(data: bytes) -> bool:
    """Whether data is UTF-8 text, possibly truncated within the last character."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.end < len(data):
            return False
    return not _CONTROLS.search(data)
