"""Read numbers, sizes and dollars as people write them: `200k`, `1920x1080`, `12MP 16:9`, `4K`, `$1,200`.

The command line, scenario files and the library share these functions, so that a number is written the same way
everywhere.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import gcd, isqrt
from typing import TYPE_CHECKING

from imgcost.errors import ArgumentError, SizeError, short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "count_within",
    "expected_count",
    "join_sizes",
    "parse_count",
    "parse_dollars",
    "parse_ratio",
    "parse_size",
    "size_name",
    "split_names",
]

MAX_COUNT = 10**15
"""Default maximum of a count: more images than anybody has."""

_SCALES = {"": 0, "k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "billion": 9}
"""Powers of ten by the word or letter that follows a number."""

_NUMBER = r"(?P<whole>\d{1,3}(?:[,_ ]\d{3})+|\d{1,16})(?:\.(?P<part>\d{0,15}))?"
_SCALED = re.compile(_NUMBER + r"(?:\s*(?P<scale>[a-z]+)|e\+?(?P<power>\d{1,2}))?", re.ASCII | re.IGNORECASE)
_CENTS = re.compile(r"\.\d{1,15}", re.ASCII)

SIZES = {
    "VGA": (640, 480),
    "SVGA": (800, 600),
    "XGA": (1024, 768),
    "480p": (854, 480),
    "720p": (1280, 720),
    "HD": (1280, 720),
    "1080p": (1920, 1080),
    "FHD": (1920, 1080),
    "1440p": (2560, 1440),
    "QHD": (2560, 1440),
    "2160p": (3840, 2160),
    "4K": (3840, 2160),
    "UHD": (3840, 2160),
    "5K": (5120, 2880),
    "4320p": (7680, 4320),
    "8K": (7680, 4320),
}
"""Widths and heights, px, of the names of screens and videos. `2K` is missing, because it has several sizes."""

_NAMED = {name.lower(): name for name in SIZES}

CAMERA_RATIO = (4, 3)
"""Aspect ratio of a number of megapixels without a ratio: that of phones and most compact cameras."""

_SIDES = re.compile(r"0*(\d{1,10})\s*[xX*\u00d7]\s*0*(\d{1,10})(?:\s*px)?", re.ASCII | re.IGNORECASE)
_RATIO = r"(\d{1,10})(?:\.(\d{0,6}))?\s*[:/]\s*(\d{1,10})(?:\.(\d{0,6}))?"
_ONLY_RATIO = re.compile(rf"\s*{_RATIO}\s*", re.ASCII)
_MEGAPIXELS = re.compile(
    rf"(?P<number>\d{{1,4}}(?:\.\d{{1,6}})?)\s*(?:mp|mpx|mpix|megapixels?)(?:[\s:,@]\s*(?P<ratio>{_RATIO}))?",
    re.ASCII | re.IGNORECASE,
)
_TWO_NUMBERS = re.compile(r"\D{0,3}(\d{1,10})[^\dx.:]{1,3}(\d{1,10})\D{0,3}", re.ASCII)

ACCEPTED_SIZES = "WIDTHxHEIGHT in pixels, such as 1920x1080, or a size such as 12MP, '12MP 16:9', 4K or 1080p"
"""How sizes may be written, for errors."""


def parse_count(value: str | int) -> int:
    """Read a whole number as people write it.

    Args:
        value: Text such as `200000`, `200,000`, `200_000`, `200k`, `1.5M`, `2 million` or `2e5`; or an int.

    Returns:
        The number.

    Raises:
        ArgumentError: The value is not a whole number from 0 to 10**15.

    >>> [parse_count(text) for text in ("200k", "200,000", "1.5M", "2e5")]
    [200000, 200000, 1500000, 200000]
    """
    return count_within(value, "count", 0, MAX_COUNT)


def count_within(value: object, argument: str, minimum: int, maximum: int) -> int:
    """Read a whole number, like `parse_count`, within limits.

    Args:
        value: Text or an int.
        argument: Name of the number, for errors.
        minimum: Minimum.
        maximum: Maximum.

    Returns:
        The number.

    Raises:
        ArgumentError: The value is not a whole number in that range.
    """
    count = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str):
        amount = _amount(value.strip())
        count = int(amount) if amount is not None and amount == amount.to_integral_value() else None
    if count is None or not minimum <= count <= maximum:
        raise ArgumentError(argument, value, expected_count(minimum, maximum))
    return count


def expected_count(minimum: int, maximum: int) -> str:
    """Describe a range of whole numbers, for errors.

    >>> expected_count(1, 10**4), expected_count(1, MAX_COUNT)
    ('a whole number from 1 to 10,000', 'a whole number, 1 or more, such as 5000, 5,000 or 5k')
    """
    forms = ", such as 5000, 5,000 or 5k" if maximum > 10**4 else ""
    limits = f", {minimum} or more" if maximum == MAX_COUNT else f" from {minimum:,} to {maximum:,}"
    return f"a whole number{limits}{forms}"


def parse_dollars(text: str) -> Decimal | None:
    """Read US dollars, 0 or more.

    Args:
        text: `12.50`, `$1,200`, `1.5k`, `$2M`.

    Returns:
        The exact amount; None if the text is not an amount.

    >>> parse_dollars("$1,200.50"), parse_dollars("1.5k"), parse_dollars("lots")
    (Decimal('1200.50'), Decimal('1500'), None)
    """
    number = text.strip().removeprefix("$").strip()
    return Decimal(number) if _CENTS.fullmatch(number) else _amount(number, fraction=True)


def _amount(text: str, *, fraction: bool = False) -> Decimal | None:
    """Read a number with separators and a scale. Without a scale it needs to be whole, unless `fraction` is set.

    Otherwise `1.000` would be 1 for some people and 1,000 for others.
    """
    match = _SCALED.fullmatch(text)
    if match is None:
        return None
    scale = int(match["power"]) if match["power"] else _SCALES.get((match["scale"] or "").lower())
    if scale is None or (match["part"] is not None and not scale and not fraction):
        return None
    digits = re.sub(r"[,_ ]", "", match["whole"])
    part = match["part"] or "0"
    return Decimal(f"{Decimal(f'{digits}.{part}E{scale}'):f}")  # exact, and without an exponent


def parse_size(text: str) -> tuple[int, int]:
    """Read the size of an image.

    Args:
        text: `1920x1080`; a name such as `4K`, `1080p` or `VGA`; or megapixels with an optional aspect ratio: `12MP` is
            4:3, `12MP 16:9`, `12MP:16:9` and `12 megapixels 3:4` work too. Upper and lower case are the same.

    Returns:
        Width and height, px.

    Raises:
        SizeError: The text is not a size.
        ArgumentError: The argument is not text.

    >>> parse_size("1920x1080"), parse_size("12MP"), parse_size("12MP 3:4"), parse_size("4K")
    ((1920, 1080), (4000, 3000), (3000, 4000), (3840, 2160))
    """
    if not isinstance(text, str):
        raise ArgumentError("size", text, ACCEPTED_SIZES)
    stripped = text.strip()
    if sides := _SIDES.fullmatch(stripped):
        return int(sides[1]), int(sides[2])
    if name := _NAMED.get(stripped.lower()):
        return SIZES[name]
    megapixels = _megapixels(stripped)
    if megapixels is None:
        raise SizeError(f"invalid size {short_repr(text)}: expected {ACCEPTED_SIZES}{_similar(stripped)}")
    pixels, (across, down) = megapixels
    width = (isqrt(4 * pixels * across // down) + 1) // 2  # the square root, rounded
    return max(width, 1), max((2 * width * down + across) // (2 * across), 1)


def size_name(text: str) -> str:
    """Return the name of a size that is not written in pixels, to be shown beside them; otherwise an empty text.

    >>> size_name("12mp"), size_name("12MP:16:9"), size_name("4k"), size_name("1920x1080")
    ('12MP 4:3', '12MP 16:9', '4K', '')
    """
    stripped = text.strip()
    if megapixels := _megapixels(stripped):
        pixels, (across, down) = megapixels
        return f"{Decimal(pixels).scaleb(-6).normalize():f}MP {across}:{down}"
    return _NAMED.get(stripped.lower(), "")


def _megapixels(text: str) -> tuple[int, tuple[int, int]] | None:
    """Read megapixels: the number of pixels, and the aspect ratio."""
    match = _MEGAPIXELS.fullmatch(text)
    pixels = int(Decimal(match["number"]) * 10**6) if match else 0
    if not match or not pixels:
        return None
    ratio = parse_ratio(match["ratio"]) if match["ratio"] else CAMERA_RATIO
    return (pixels, ratio) if ratio else None


def _similar(text: str) -> str:
    """Suggest what a misspelled size may mean."""
    if "," in text and all(size_name(part) or _SIDES.fullmatch(part.strip()) for part in text.split(",")):
        return " (separate sizes by spaces)"
    if numbers := _TWO_NUMBERS.fullmatch(text):
        return f" (did you mean {numbers[1]}x{numbers[2]}?)"
    if re.fullmatch(r"\d{1,4}(\.\d+)?\s*m", text, re.ASCII | re.IGNORECASE):
        return f" (did you mean {text[:-1].strip()}MP?)"
    return ""


def parse_ratio(text: str) -> tuple[int, int] | None:
    """Read an aspect ratio.

    Args:
        text: `16:9`, `4/3` or `1.91:1`.

    Returns:
        Width and height in lowest terms; None if the text is not a ratio.

    >>> parse_ratio("8:6"), parse_ratio("1.91:1"), parse_ratio("0:1")
    ((4, 3), (191, 100), None)
    """
    match = _ONLY_RATIO.fullmatch(text)
    if not match:
        return None
    width, height = (int(whole + (part or "").ljust(6, "0")) for whole, part in (match.group(1, 2), match.group(3, 4)))
    divisor = gcd(width, height)
    return (width // divisor, height // divisor) if width and height else None


def join_sizes(words: Iterable[str]) -> list[str]:
    """Join the parts of a size that a shell splits, such as `12MP 16:9`, `12 MP` and `4000 x 3000`.

    >>> join_sizes(["12", "MP", "16:9", "photos", "4000", "x", "3000"])
    ['12 MP 16:9', 'photos', '4000 x 3000']
    """
    joined: list[str] = []
    for word in words:
        joined.append(word)
        for parts in (2, 3):
            text = " ".join(map(str.strip, joined[-parts:]))
            if len(joined) >= parts and (_megapixels(text) or _SIDES.fullmatch(text)):
                joined[-parts:] = [text]
    return joined


def split_names(names: Iterable[str]) -> list[str]:
    """Split lists of names at commas.

    >>> split_names(["sonnet, haiku", "opus"])
    ['sonnet', 'haiku', 'opus']
    """
    parts = [(text, [part.strip() for part in text.split(",") if part.strip()]) for text in names]
    return [name for text, split in parts for name in split or [text]]
