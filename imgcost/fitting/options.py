"""What the caller of `fit` requests, and the size that follows from it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from imgcost import geometry
from imgcost.acceptance import file_limit
from imgcost.arguments import check_choice, to_bool
from imgcost.errors import ArgumentError

if TYPE_CHECKING:
    from imgcost.quoting import Quote

__all__ = [
    "BEST_QUALITY",
    "MIN_QUALITY",
    "QUALITY_STEP",
    "FitOptions",
    "OutputFormat",
    "fit_options",
    "is_excluded",
    "largest_file",
    "target_size",
]

OutputFormat: TypeAlias = Literal["jpeg", "png", "webp"]
"""A format that `fit` writes."""

BEST_QUALITY = 95
"""Quality of JPEG and lossy WebP, unless the file would be too large: visually lossless."""

QUALITY_STEP = 5
"""By how much the quality is reduced at a time."""

MIN_QUALITY = 70
"""Default of the lowest quality that is used to keep a file small."""


class FitOptions(NamedTuple):
    """Validated options; see `imgcost.fit`."""

    max_tokens: int | None = None
    max_bytes: int | None = None
    max_side: int | None = None
    output_format: OutputFormat | None = None
    background: tuple[int, int, int] = (255, 255, 255)
    min_quality: int = MIN_QUALITY
    keep_metadata: bool = False
    always_resize: bool = False


def fit_options(
    *,
    max_tokens: int | None = None,
    max_bytes: int | None = None,
    max_side: int | None = None,
    output_format: OutputFormat | None = None,
    background: str = "#ffffff",
    min_quality: int = MIN_QUALITY,
    keep_metadata: bool = False,
    always_resize: bool = False,
) -> FitOptions:
    """Validate the options of `imgcost.fit`.

    Raises:
        ArgumentError: A value is invalid.

    >>> fit_options(background="#fa0").background
    (255, 170, 0)
    """
    for name, value in (("max_tokens", max_tokens), ("max_bytes", max_bytes), ("max_side", max_side)):
        if value is not None and not _is_int(value, 1):
            raise ArgumentError(name, value, "a whole number, 1 or more")
    check_choice("output_format", output_format, (None, *get_args(OutputFormat)))
    if not _is_int(min_quality, 1, BEST_QUALITY):
        raise ArgumentError("min_quality", min_quality, f"a whole number from 1 to {BEST_QUALITY}")
    return FitOptions(
        max_tokens,
        max_bytes,
        max_side,
        output_format,
        _color(background),
        min_quality,
        to_bool("keep_metadata", keep_metadata),
        to_bool("always_resize", always_resize),
    )


def _is_int(value: Any, least: int, most: float = float("inf")) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _color(text: object) -> tuple[int, int, int]:
    digits = text.removeprefix("#") if isinstance(text, str) else ""
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits) if len(digits) == 6 else b""
    except ValueError:
        raise ArgumentError("background", text, "a color such as '#ffffff'") from None
    return red, green, blue


def largest_file(quote: Quote, options: FitOptions) -> int | None:
    """Return the largest file that the platform and the caller accept, bytes; None if there is no limit."""
    limits = [limit for limit in (file_limit(quote.limits), options.max_bytes) if limit is not None]
    return min(limits, default=None)


def target_size(width: int, height: int, quote: Quote, options: FitOptions) -> tuple[int, int]:
    """Return the size of a fitted image: the documented size, or the largest within the caller's limits.

    Args:
        width: Width, px.
        height: Height, px.
        quote: The model and platform.
        options: The caller's limits.

    Returns:
        Width and height, px. Images are never enlarged.

    Raises:
        SizeError: Width or height is not an integer from 1 to 2**31.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> from imgcost.quoting import quotes
    >>> target_size(4000, 3000, quotes(["claude-opus-4-6"])[0], fit_options(max_tokens=500))
    (710, 532)
    """
    fitted = geometry.resized_size(width, height, quote.tier)
    sides = [side for side in (options.max_side, quote.limits.image_edge) if side is not None]
    if max(fitted) > min(sides, default=max(fitted)):
        fitted = _scaled(width, height, min(sides))
    if options.max_tokens is None:
        return fitted
    if quote.formula == "area":
        return _within_area(width, height, fitted, options.max_tokens)
    return min(fitted, geometry.fit_to_tokens(width, height, options.max_tokens, quote.tier), key=max)


def is_excluded(
    media_type: str, file_bytes: int, size: tuple[int, int], target: tuple[int, int], quote: Quote, options: FitOptions
) -> bool:
    """Return whether the caller's options exclude an image that the API accepts.

    Args:
        media_type: Its format.
        file_bytes: Its size, bytes.
        size: Width and height, upright, px.
        target: The size of its fitted copy: see `target_size`.
        quote: The model and platform.
        options: The caller's limits.
    """
    if options.max_bytes is not None and file_bytes > options.max_bytes:
        return True
    if options.output_format and media_type != f"image/{options.output_format}":
        return True
    return target != (size if options.always_resize else geometry.resized_size(*size, quote.tier))


def _scaled(width: int, height: int, long: int) -> tuple[int, int]:
    """Return the size with this long edge, rounded as documented for downscaling."""
    short = max(round(long / (max(width, height) / min(width, height))), 1)
    return (long, short) if width >= height else (short, long)


def _within_area(width: int, height: int, fitted: tuple[int, int], max_tokens: int) -> tuple[int, int]:
    """Return the largest size up to `fitted` that costs at most `max_tokens` by the area formula."""
    if geometry.area_tokens(*fitted) <= max_tokens:
        return fitted
    edges = range(1, max(fitted) + 1)
    longest = bisect_right(edges, max_tokens, key=lambda long: geometry.area_tokens(*_scaled(width, height, long)))
    return _scaled(width, height, longest)
