"""What files are that are not images: pages, text, archives and videos under an image's name."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING

from imgcost.errors import HeaderError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["name_stranger"]

_DOWNLOAD = "Open it in a text editor: often it is an error or login page. Download the image again."
_UNPACK = "Unpack it first, or scan the archive if it is a zip or tar file."
_VIDEO = "Extract frames and send those: Claude reads images only."
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
    "SQLite database": ("Leave it out.", (b"SQLite format 3\0",)),
    "AppleDouble file": (
        "Leave it out: macOS keeps the metadata of the file of the same name, without ._, in it.",
        (b"\0\5\x16\7",),
    ),
    "Git LFS pointer": ("Run 'git lfs pull' to download the image itself.", (b"version https://git-lfs.github.com/",)),
}
_ISO_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_RIFF = {
    b"WAVE": ("WAVE audio", "Leave it out: Claude reads images only."),
    b"AVI ": ("AVI video", _VIDEO),
}
# What becomes of an image's first bytes where a program reads and writes it as text.
_AS_TEXT = {
    b"\x89PNG\n\x1a\n": "PNG",  # line ends changed, in the ways that the signature is there to show
    b"\x89PNG\r\n\x1a\r\n": "PNG",
    b"\x89PNG\r\r\n\x1a\r\n": "PNG",
    b"\x89PNG\r\x1a": "PNG",
    b"\x09PNG\r\n": "PNG",  # seven bits kept
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
_LEAST_BASE64_BYTES = 64  # fewer letters may be a word, unless they are those of an image
_HTML = re.compile(
    rb"""(?: <\?xml [^>]* > \s*+ | (?> <!-- .*? --> ) \s*+ )*+  # atomic: however many comments, one way to match them
    < (?: !doctype\s+html | html | head | body | title | meta | script ) \b""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_JSON = re.compile(rb'\{\s*["}]|\[\s*(?:["{\[\]]|-?\d|true|false|null)')
_XML = re.compile(rb"<\?xml|<[A-Za-z][\w:.-]*[\s>/]")
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ESC colors the text of terminals


def name_stranger(head: bytes) -> HeaderError | None:
    """Name what a file is if it is not an image.

    Args:
        head: The first bytes of the file.

    Returns:
        The reason with its own advice, or None if nothing is known about such bytes.
    """
    return next(_names(head), None)


def _names(head: bytes) -> Iterator[HeaderError]:
    for name, (advice, prefixes) in _PREFIXES.items():
        if head.startswith(prefixes):
            yield _stranger(name, advice)
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        yield _stranger(*_RIFF[head[8:12]])
    if head[4:8] in _ISO_BOXES and head[:1] == b"\0":
        quicktime = head[4:8] != b"ftyp" or head[8:10] == b"qt"
        yield _stranger("QuickTime video" if quicktime else "MP4 video", _VIDEO)
    for prefix, name in _AS_TEXT.items():
        if head.startswith(prefix):
            reason = f"the {name} was changed by a program that took it for text"
            yield HeaderError("damaged", reason, format=name, advice=_BINARY)
    if not head.strip(b"\0"):
        advice = "Download or copy it again: its space was reserved, but the data never arrived."
        yield HeaderError("not-an-image", "the file begins with nothing but zero bytes", advice=advice)
    yield from _shifted(head)
    yield from _texts(head.removeprefix(b"\xef\xbb\xbf").lstrip())


def _stranger(name: str, advice: str) -> HeaderError:
    return HeaderError("not-an-image", f"{name}, not an image", format=name, advice=advice)


def _shifted(head: bytes) -> Iterator[HeaderError]:
    """Find an image behind something else, such as a byte order mark or the headers of a message."""
    found = _SIGNATURES.search(head)
    if found and (found.start() <= _MAX_LEAD_BYTES or _is_text(head[: found.start()])):
        name = _NAMES[(found.lastindex or 1) - 1]
        reason = f"the {name} begins at byte {found.start()}, after something else"
        yield HeaderError("not-an-image", reason, format=name, advice=f"Remove what comes before the {name}.")


def _texts(text: bytes) -> Iterator[HeaderError]:
    if text[:5].lower() == b"data:":
        yield _stranger("data URL", "Decode what follows 'base64,' and save the bytes.")
    if _HTML.match(text):
        yield _stranger("HTML page", _DOWNLOAD)
    if _JSON.match(text):
        yield _stranger("JSON", "Open it in a text editor: often it is a server's error. Download the image again.")
    if _XML.match(text):
        yield _stranger("XML", _DOWNLOAD)
    if _BASE64.fullmatch(text):
        yield from _base64(text)
    if text and _is_text(text):
        yield _stranger("text", "Leave the file out, or find out where the image is.")


def _base64(text: bytes) -> Iterator[HeaderError]:
    start = b"".join(text[:64].split()).rstrip(b"=")
    start = start[: len(start) // 4 * 4].replace(b"-", b"+").replace(b"_", b"/")
    try:
        found = _SIGNATURES.match(a2b_base64(start))
    except ValueError:
        return
    if found:
        yield _stranger(f"base64 text of a {_NAMES[(found.lastindex or 1) - 1]}", _DECODE)
    elif len(text) >= _LEAST_BASE64_BYTES:
        yield _stranger("base64 text", _DECODE)


def _is_text(data: bytes) -> bool:
    """Whether bytes are text in UTF-8, whose last character may be cut."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.end < len(data):
            return False
    return not _CONTROLS.search(data)
