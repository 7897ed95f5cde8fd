"""Content blocks for `messages.create`: images as base64, with their labels and a text, in the recommended order."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, TypedDict, Unpack

from imgcost.acceptance import breaches, sent_bytes
from imgcost.arguments import to_bool
from imgcost.errors import ArgumentError, FitError
from imgcost.files import SOURCE_TYPES, is_pillow
from imgcost.fitting.images import fit as fit_image
from imgcost.fitting.originals import read_original
from imgcost.preflight.images import each_source
from imgcost.quoting import quotes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from anthropic.types import ImageBlockParam, TextBlockParam

    from imgcost.files import ImageSource
    from imgcost.fitting.options import OutputFormat
    from imgcost.tables import Model, Platform

__all__ = ["image_block", "image_blocks"]


class FitArguments(TypedDict, total=False):
    """Arguments of `imgcost.fit` that limit or change an image."""

    max_tokens: int | None
    max_bytes: int | None
    max_side: int | None
    output_format: OutputFormat | None
    background: str
    min_quality: int
    keep_metadata: bool
    always_resize: bool


class BlockArguments(FitArguments, total=False):
    """Arguments of `image_block`, apart from the image."""

    fit: bool
    model: str | Model
    platform: Platform | None
    as_of: date | None


def image_block(
    image: ImageSource,
    *,
    fit: bool = False,
    model: str | Model = "sonnet",
    platform: Platform | None = None,
    as_of: date | None = None,
    **options: Unpack[FitArguments],
) -> ImageBlockParam:
    """Return an image as a content block of a message.

    Args:
        image: A path; the bytes of an image; a seekable binary file, read from its current position, which is then
            restored; or a Pillow image, which is encoded as by `fit`. Text that begins with `https://` or `http://` is
            a URL, from which the API loads the image.
        fit: Whether the image is fitted first: see `imgcost.fit`. Otherwise its bytes are sent as they are.
        model: The model.
        platform: The platform; None for the one that the model's name implies, else the Claude API.
        as_of: The date whose limits apply; today if None.
        **options: More arguments of `imgcost.fit`, such as `max_tokens`. They require `fit=True`, or a Pillow image.

    Returns:
        A new dictionary of plain values, with the image as base64.

    Raises:
        FitError: The image is damaged or not an image, or the API would reject it as it is, or it cannot be fitted.
        OSError: The file cannot be read.
        ArgumentError: An argument is not valid.
        ImgcostError: The model is unknown, or not offered on the platform.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> block = image_block("data/samples/photos/dandelion-2800.jpg", fit=True, model="claude-opus-4-6")
    >>> block["source"]["media_type"], block["source"]["data"][:6]
    ('image/jpeg', '/9j/4A')
    """
    if isinstance(image, str) and image.lower().startswith(("https://", "http://")):
        return {"type": "image", "source": {"type": "url", "url": image}}
    if to_bool("fit", fit) or is_pillow(image):
        fitted = fit_image(image, model=model, platform=platform, as_of=as_of, **options)
        media_type, data = fitted.media_type, fitted.data
    elif options:
        raise ArgumentError("fit", fit, f"True if {next(iter(options))} is given")
    else:
        media_type, data = _accepted(image, model, platform, as_of)
    text = b64encode(data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": text}}  # type: ignore[typeddict-item] # one of the four


def _accepted(
    image: ImageSource, model: str | Model, platform: Platform | None, as_of: date | None
) -> tuple[str, bytes]:
    """Return the media type and the bytes of an image that the API accepts as it is."""
    original = read_original(image)
    data = original.data or b""
    (quote,) = quotes([model], platform=platform, as_of=as_of)
    limits = quote.limits
    sent = sent_bytes(len(data), limits)
    breach = next(breaches(original.media_type, original.width, original.height, sent, limits), None)
    if breach:
        raise FitError("rejected", f"the API would reject the image: {breach.message}", "Pass fit=True to fit it.")
    return original.media_type, data


def image_blocks(
    images: Iterable[ImageSource], *, labels: bool = True, text: str | None = None, **options: Unpack[BlockArguments]
) -> list[ImageBlockParam | TextBlockParam]:
    """Return images as content blocks of a message, in the order that works best: images before text.

    Args:
        images: The images; see `image_block`.
        labels: Whether to introduce each image with `Image 1:`, `Image 2:` and so on if there are several, so that the
            text can refer to them.
        text: What to ask about the images; the last block.
        **options: More arguments of `image_block`, for each image.

    Returns:
        New content blocks.

    Raises:
        FitError: As in `image_block`; the message begins with the number of the image.
        OSError: A file cannot be read.
        ArgumentError: An argument is not valid.
        ImgcostError: The model is unknown, or not offered on the platform.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> images = ["data/samples/web/horse.gif", "https://example.com/ant.jpg"]
    >>> blocks = image_blocks(images, text="How are these images different?")
    >>> [block.get("text", block["type"]) for block in blocks]
    ['Image 1:', 'image', 'Image 2:', 'image', 'How are these images different?']
    """
    if text is not None and not isinstance(text, str):
        raise ArgumentError("text", text, "text")
    sources = list(each_source(images, SOURCE_TYPES))
    labeled = to_bool("labels", labels) and len(sources) > 1
    blocks: list[ImageBlockParam | TextBlockParam] = []
    for number, image in enumerate(sources, 1):
        if labeled:
            blocks.append({"type": "text", "text": f"Image {number}:"})
        try:
            blocks.append(image_block(image, **options))
        except FitError as error:
            raise FitError(error.problem, f"image {number}: {error.reason}", error.advice) from error
    if text:
        blocks.append({"type": "text", "text": text})
    return blocks
