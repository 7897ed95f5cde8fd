"""Rules for what the API accepts, but changes, ignores or handles badly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.figures import plural
from imgcost.rules.rule import Observation, breaches_of, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.messages import ContentBlock, Turn
    from imgcost.rules.inputs import CheckContext, DocumentInput, ImageInput, RequestInput, TextInput

_SUFFIXES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
}

_MAX_LABEL_CHARACTERS = 80
_LABEL = re.compile(r".*(:|\d\s*\W?)\s*", re.DOTALL)


@rule("warning", "rejected-image")
def not_an_image(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.stray and image.contents and image.contents.problem:
        yield Observation(image.location, f"skipped: {image.contents.problem}")


@rule("warning", "image")
def suffix(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    expected = _SUFFIXES.get(image.suffix or "")
    header = image.contents and image.contents.header
    if expected and header and expected != header.media_type:
        message = f"the name ends with {image.suffix}, but the bytes are {header.media_type}"
        yield Observation(image.location, message, image.suffix, header.media_type)


@rule("warning", "image")
def downscaled(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    header = image.contents and image.contents.header
    tier = context.models[0].tier if context.models else None
    if header is None or tier is None or geometry.fits(header.width, header.height, tier):
        return
    rejected = image.setting == "error" or (image.toolset and context.limits.toolset_screenshots_fail)
    if not rejected and not any(True for _ in breaches_of(image, context)):
        width, height = geometry.resized_size(header.width, header.height, tier)
        size = f"{header.width}x{header.height}"
        message = f"{size} px is downscaled: Claude sees {width}x{height} px on the {tier.name} tier"
        yield Observation(image.location, message, size, f"{width}x{height}", "px")


@rule("warning", "image")
def animated(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    header = image.contents and image.contents.header
    if header and header.animated:
        yield Observation(image.location, "the image is animated: Claude sees only its first frame")


@rule("warning", "image", "tiny_edge")
def tiny(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    limit = context.advice.tiny_edge
    header = image.contents and image.contents.header
    if header is None or limit is None:
        return
    _, width, height, _, _ = header
    if width < limit or height < limit:
        message = f"{width}x{height} px: a side under {limit} px can reduce the quality of the answer"
        yield Observation(image.location, message, min(width, height), limit, "px", context.sources("tiny_edge"))


@rule("warning", "image", "latency_pixels", "latency_edge")
def latency(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    header = image.contents and image.contents.header
    pixels, edge = context.advice.latency_pixels, context.advice.latency_edge
    if header is None or pixels is None or edge is None:
        return
    area, longest = header.width * header.height, max(header.width, header.height)
    if area > pixels or longest > edge:
        recommended = f"{pixels:,} pixels and {edge:,} px per side"
        message = f"{header.width}x{header.height} px delays the first token: the recommended maximum is {recommended}"
        yield Observation(image.location, message, area, pixels, "px", context.sources("latency_pixels"))


@rule("warning", "image-block")
def unmeasured(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.source_type in ("url", "file"):  # a tuple, because the value may not be hashable
        source = "a URL" if image.source_type == "url" else "an uploaded file"
        yield Observation(image.location, f"an image from {source} is not measured, because nothing is fetched")


@rule("warning", "document")
def uncounted(document: DocumentInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if document.uncounted:
        yield Observation(document.location, document.uncounted)


@rule("warning", "document")
def pdf_cost(document: DocumentInput, context: CheckContext) -> Iterator[Observation]:
    if document.pages is None:
        return
    pages, tokens = plural(document.pages, "PDF page"), document.tokens
    if tokens:
        message = f"{pages}: {tokens.lower:,} to {plural(tokens.upper, 'token')}, depending on the text"
        yield Observation(document.location, message, document.pages, None, "pages")
    elif context.models:
        message = f"the cost of {pages} is unknown for {context.models[0].id}"
        yield Observation(document.location, message, document.pages, None, "pages")


@rule("warning", "text")
def base64_in_text(text: TextInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    usd = f" ({text.text_usd})" if text.text_usd else ""
    kind = f" of {text.kind}" if text.kind else ""
    characters, tokens = plural(text.characters, "character"), plural(text.characters, "token")
    message = f"{characters} of base64{kind} inside text: up to {tokens}{usd}"
    if text.image_tokens:
        message += f", instead of {text.image_tokens:,} as an image"
    yield Observation(text.location, message, text.characters, None, "characters")


@rule("warning", "request")
def max_tokens(request: RequestInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if not request.max_tokens:
        yield Observation(f"{request.location}max_tokens", "max_tokens is missing: messages.create requires it")


@rule("warning", "turn")
def image_after_text(turn: Turn, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    kinds = ["label" if _is_label(block) else block.kind for block in turn.blocks]
    if turn.role == "user" and "text" in kinds and "image" in kinds[_last(kinds, "text") :]:
        yield Observation(turn.location, "an image comes after all the text of its message")


@rule("warning", "turn")
def unlabeled(turn: Turn, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    kinds = [block.kind for block in turn.blocks]
    without_text = sum(
        kind == "image" and (index == 0 or kinds[index - 1] != "text") for index, kind in enumerate(kinds)
    )
    images = kinds.count("image")
    if turn.role == "user" and images > 1 and without_text:
        yield Observation(
            turn.location,
            f"there is no text right before {without_text:,} of {plural(images, 'image')}",
            without_text,
            images,
            "images",
        )


def _is_label(block: ContentBlock) -> bool:
    """Return whether a text is only a label, such as `Image 1:`."""
    text = block.text
    return block.kind == "text" and len(text) <= _MAX_LABEL_CHARACTERS and _LABEL.fullmatch(text) is not None


def _last(kinds: list[str], kind: str) -> int:
    return len(kinds) - 1 - kinds[::-1].index(kind)
