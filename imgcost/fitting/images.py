"""Fit one image: a copy that the API accepts and does not downscale, or the image itself if that already holds."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from math import inf
from typing import TYPE_CHECKING

from imgcost.acceptance import breaches, sent_bytes
from imgcost.errors import FitError
from imgcost.figures import plural
from imgcost.fitting.decoding import open_pixels
from imgcost.fitting.options import (
    BEST_QUALITY,
    MIN_QUALITY,
    QUALITY_STEP,
    FitOptions,
    fit_options,
    is_excluded,
    largest_file,
    target_size,
)
from imgcost.fitting.originals import read_original
from imgcost.fitting.pixels import Encoding, encode, render
from imgcost.fitting.results import Fitted, ImageChange
from imgcost.headers import format_name
from imgcost.quoting import quotes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from imgcost.files import ImageSource
    from imgcost.fitting.decoding import Opened
    from imgcost.fitting.options import OutputFormat
    from imgcost.fitting.originals import Original
    from imgcost.fitting.pixels import Picture
    from imgcost.quoting import Quote
    from imgcost.tables import Model, Platform

__all__ = ["fit", "fit_with"]


def fit(
    image: ImageSource,
    *,
    model: str | Model = "sonnet",
    platform: Platform | None = None,
    as_of: date | None = None,
    max_tokens: int | None = None,
    max_bytes: int | None = None,
    max_side: int | None = None,
    output_format: OutputFormat | None = None,
    background: str = "#ffffff",
    min_quality: int = MIN_QUALITY,
    keep_metadata: bool = False,
    always_resize: bool = False,
) -> Fitted:
    """Make an image fit a model: accepted by the API, at the size that Claude sees.

    An image that is accepted and fits is returned byte for byte. So is one that would only be downscaled, if the
    smaller copy would have more bytes: the API downscales it to the same size. Everything else is decoded, turned
    upright, converted to sRGB with 8 bits per channel, resized and encoded without metadata. JPEG, PNG and WebP keep
    their format; what else is stored without loss becomes PNG, and the rest JPEG, or WebP if transparent.

    A copy is encoded at quality 95, or without loss if the original is. If that is larger than the limit of the
    platform, `max_bytes` or the original, a lossless copy becomes WebP, and the quality is reduced in steps down to
    `min_quality`. The copy is larger than the original only if nothing helps and the original cannot be used, because
    the API rejects it or the options exclude it.

    Args:
        image: A path; the bytes of an image; a seekable binary file, read from its current position, which is then
            restored; or a Pillow image, which is not changed.
        model: A model, or any of its names; a family such as `sonnet` means its newest active model on that date.
        platform: Platform that serves the request, one of `imgcost.tables.platforms()`. If None, taken from the model's
            name, otherwise the Claude API.
        as_of: Date whose limits and prices apply; today (UTC) if None.
        max_tokens: Maximum number of visual tokens.
        max_bytes: Maximum size of the file, bytes. base64 is a third larger.
        max_side: Maximum width and height, px.
        output_format: `jpeg`, `png` or `webp` (lossy, unless the original is a lossless WebP).
        background: Color under transparent pixels in a JPEG, such as `#ffffff`.
        min_quality: Lowest quality of JPEG and lossy WebP that is used to keep a file small, 1 to 95.
        keep_metadata: Whether a changed image keeps its EXIF data, except for the orientation.
        always_resize: Whether to downscale the image even if the copy has more bytes, because the request forbids
            downscaling.

    Returns:
        The bytes to send, and what changed.

    Raises:
        FitError: The image is damaged, not an image, of a format that cannot be decoded, or still too large at the
            lowest quality.
        OSError: The file cannot be read.
        ArgumentError: An argument is not valid.
        ImgcostError: The model is unknown, or not offered on the platform.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> fit("data/samples/formats/senate-1871.tif", model="claude-opus-4-6").media_type
    'image/png'
    """
    options = fit_options(
        max_tokens=max_tokens,
        max_bytes=max_bytes,
        max_side=max_side,
        output_format=output_format,
        background=background,
        min_quality=min_quality,
        keep_metadata=keep_metadata,
        always_resize=always_resize,
    )
    (quote,) = quotes([model], platform=platform, as_of=as_of)
    return fit_with(quote, image, options)


def fit_with(quote: Quote, image: ImageSource, options: FitOptions) -> Fitted:
    """Fit an image by a given quote. Use it for many images and one model."""
    original = read_original(image)
    size = original.upright_size
    target = target_size(*size, quote, options)
    rejected = _rejection(original, quote)
    required = rejected is not None or _is_required(original, target, quote, options)
    if original.data is not None and target == size and not required:
        return _fitted(quote, original, None, original.data, size)
    opened = open_pixels(original)
    picture = render(opened, target, keep_metadata=options.keep_metadata)
    encodings = _encodings(original, picture, options, lossless=opened.lossless)
    if required or original.data is None:
        data, encoding = _encode_within(picture, encodings, original, largest_file(quote, options), options)
    else:
        encoding = encodings[0]
        data = encode(picture, encoding, options.background)
        if len(data) >= len(original.data):
            return _fitted(quote, original, None, original.data, size)
    changes = _changes(original, opened, picture, target, encoding)
    return _fitted(quote, original, rejected, data, target, encoding, changes)


def _rejection(original: Original, quote: Quote) -> str | None:
    """Return the first limit that the image breaks; None if it is accepted, or a Pillow image, which has no bytes."""
    if original.data is None:
        return None
    limits = quote.limits
    sent = sent_bytes(len(original.data), limits)
    broken = breaches(original.media_type, original.width, original.height, sent, limits)
    return next((breach.reason.phrase for breach in broken), None)


def _is_required(original: Original, target: tuple[int, int], quote: Quote, options: FitOptions) -> bool:
    """Return whether the original cannot be used, although the API would accept it."""
    if original.data is None:
        return True
    size = original.upright_size
    return is_excluded(original.media_type, len(original.data), size, target, quote, options)


def _encodings(original: Original, picture: Picture, options: FitOptions, *, lossless: bool) -> list[Encoding]:
    """List the ways to encode an image, the best one first."""
    if options.output_format == "png":
        return [Encoding("png", None)]
    is_webp = original.media_type == "image/webp"
    encodings: list[Encoding] = []
    if lossless and options.output_format in {None, "webp" if is_webp else None}:
        encodings = [Encoding("webp", None)] if is_webp else [Encoding("png", None), Encoding("webp", None)]
    lossy = options.output_format or ("webp" if is_webp or lossless or picture.has_alpha else "jpeg")
    qualities = (*range(BEST_QUALITY, options.min_quality, -QUALITY_STEP), options.min_quality)
    return encodings + [Encoding(lossy, quality) for quality in qualities]


def _encode_within(
    picture: Picture, encodings: list[Encoding], original: Original, limit: int | None, options: FitOptions
) -> tuple[bytes, Encoding]:
    """Return the best encoding that is within the limit and, if possible, not larger than the original."""

    @cache
    def encoded(encoding: Encoding) -> bytes:
        return encode(picture, encoding, options.background)

    most = inf if limit is None else limit
    for goal in (most if original.data is None else min(most, len(original.data)), most):
        best = _best(encodings, lambda encoding: len(encoded(encoding)), goal)
        if best:
            return encoded(best), best
    raise _too_many_bytes(encoded(encodings[-1]), encodings[-1], most)


def _best(encodings: list[Encoding], size: Callable[[Encoding], int], goal: float) -> Encoding | None:
    """Return the first encoding with at most `goal` bytes, encoding as few times as possible."""
    lossless = [encoding for encoding in encodings if encoding.quality is None]
    lossy = encodings[len(lossless) :]
    for encoding in (*lossless, *lossy[:1]):
        if size(encoding) <= goal:
            return encoding
    if not lossy or size(lossy[-1]) > goal:
        return None
    return lossy[bisect_left(lossy, -goal, key=lambda encoding: -size(encoding))]


def _too_many_bytes(data: bytes, encoding: Encoding, limit: float) -> FitError:
    """Describe that even the last attempt is too large."""
    how = f"at quality {encoding.quality}" if encoding.quality else "without loss"
    size = plural(len(data), "byte")
    reason = f"{size} as {format_name(encoding.media_type)} {how}: the limit is {limit:,}"
    other = "allow a lower quality" if encoding.quality else "choose JPEG or WebP"
    return FitError("too-many-bytes", reason, f"Limit its longest side or its tokens, or {other}.")


def _changes(
    original: Original, opened: Opened, picture: Picture, size: tuple[int, int], encoding: Encoding
) -> tuple[ImageChange, ...]:
    done: dict[ImageChange, bool] = {
        "resized": size != original.upright_size,
        "rotated": original.orientation != 1,
        "converted": original.media_type not in {"", encoding.media_type},
        "recolored": picture.recolored,
        "flattened": picture.has_alpha and encoding.format == "jpeg",
        "first-frame": original.animated or opened.first_page,
        "compressed": encoding.quality is not None and (opened.lossless or encoding.quality < BEST_QUALITY),
    }
    return tuple(change for change, applies in done.items() if applies) or ("re-encoded",)


def _fitted(
    quote: Quote,
    original: Original,
    rejected: str | None,
    data: bytes,
    size: tuple[int, int],
    encoding: Encoding | None = None,
    changes: tuple[ImageChange, ...] = (),
) -> Fitted:
    width, height = original.upright_size
    return Fitted(
        data=data,
        media_type=encoding.media_type if encoding else original.media_type,
        width=size[0],
        height=size[1],
        tokens=quote.tokens(*size),
        quality=encoding.quality if encoding else None,
        changes=changes,
        original_media_type=original.media_type,
        original_width=width,
        original_height=height,
        original_bytes=None if original.data is None else len(original.data),
        original_tokens=None if rejected else quote.tokens(width, height),
        rejected=rejected,
        quote=quote,
    )
