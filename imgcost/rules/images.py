"""Rules for single images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.figures import plural
from imgcost.rules.rule import Observation, breaches_of, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.acceptance import LimitName
    from imgcost.rules.inputs import CheckContext, ImageInput
    from imgcost.tables import Source


_WITH_OWN_RULES = frozenset({"empty", "unsupported"})
"""Problems with their own rules."""


@rule(
    "error",
    "image-block",
    """The data of an image is not valid base64, so the API rejects the request.

    Valid base64 consists of letters, digits, + and /, padded with = to a multiple of four. Of a long text only the
    start and the end are checked.
    """,
    "Encode the bytes of the file with base64.b64encode, and send nothing before or after that.",
)
def base64(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.base64_problem:
        yield Observation(image.location, f"the data is not valid base64: {image.base64_problem}")


@rule(
    "error",
    "rejected-image",
    "The data of an image is empty, so the API rejects the request.",
    "Remove the block, or find out why its data was lost.",
)
def empty(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if _problem_name(image) == "empty" and not image.stray:
        yield Observation(image.location, "the image is empty", 0, None, "bytes")


@rule(
    "error",
    "rejected-image",
    "The data is not an image, or its header is damaged, so the API cannot process it.",
    "Look at what the file really is: often an error page or a partial download.",
)
def unreadable(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.problem and _problem_name(image) not in _WITH_OWN_RULES and not image.stray:
        problem = image.contents.problem
        yield Observation(image.location, f"cannot read image: {problem}", advice=problem.advice)


@rule(
    "error",
    "rejected-image",
    "The image is in a format that the API does not accept: it accepts JPEG, PNG, GIF and WebP.",
    "Convert it to PNG or JPEG.",
    "media_types",
)
def format(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: A001 - the documentation's word
    problem = image.contents and image.contents.problem
    if problem and problem.problem == "unsupported" and not image.stray:
        types, sources = (
            ", ".join(context.limits.media_types or ()),
            context.sources("media_types"),
        )
        yield Observation(image.location, str(problem), problem.format, types, None, sources, problem.advice)
    yield from _breaches("format", image, context)


@rule(
    "error",
    "image",
    """The end of an image is missing, as after an interrupted download, so the API cannot process it.

    A complete JPEG ends with an end marker, a PNG with an IEND chunk, a GIF with a trailer, and a WebP is as long as
    its header states. Nothing is decoded, so damage in the middle is not detected.
    """,
    "Download or save the file again.",
)
def truncated(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.header and image.contents.truncated:
        kind = image.contents.header.media_type
        yield Observation(
            image.location, f"the end of the image is missing ({kind}, {plural(image.contents.file_bytes, 'byte')})"
        )


@rule(
    "error",
    "image",
    """The header is that of an image, but common decoders cannot decode it.

    Examples are a JPEG with 12 bits per sample, a PNG whose header has a wrong checksum, and a WebP without image data.
    """,
    "Open the file in the program that wrote it, and save it as an ordinary JPEG or PNG.",
)
def undecodable(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.undecodable:
        yield Observation(image.location, f"decoders cannot read this image: {image.contents.undecodable}")


@rule(
    "warning",
    "image",
    """Some decoders reject this variant of a format, and it is not known whether the API accepts it.

    Examples are lossless and arithmetic-coded JPEG, and a GIF without its last byte.
    """,
    "Save the image again with another program to be safe.",
)
def unusual(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.unusual:
        yield Observation(image.location, f"some decoders cannot read this image: {image.contents.unusual}")


@rule(
    "error",
    "image-block",
    "The declared media type is not accepted, or does not match the image data: the API rejects both.",
    "Detect the media type from the data, not from the file name.",
    "media_types",
)
def media_type(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.source_type != "base64":
        return
    accepted, sources = context.limits.media_types, context.sources("media_types")
    if accepted and image.declared not in accepted:
        what = "no media type" if image.declared is None else f"the media type {ascii(image.declared)[:60]}"
        message = f"the image declares {what}: it must be one of {', '.join(accepted)}"
        yield Observation(image.location, message, str(image.declared), ", ".join(accepted), None, sources)
    elif image.contents and image.contents.header and image.contents.header.media_type != image.declared:
        actual = image.contents.header.media_type
        if accepted and actual not in accepted:
            return  # the rule `format` says what to do
        message = f"the image declares {image.declared}, but its bytes are {actual}"
        yield Observation(image.location, message, image.declared, actual, None, sources, f"Declare {actual}.")


@rule(
    "error",
    "rejected-image",
    "A side of an image is longer than the platform accepts in any request.",
    "Downscale the image: Claude sees at most the resolution of the model's tier anyway.",
    "image_edge",
)
def image_edge(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    yield from _breaches("image-edge", image, context)


@rule(
    "error",
    "rejected-image",
    "An image has more bytes than the platform accepts. The API measures the base64 text, which is a third longer.",
    "Downscale the image, or save it with more compression.",
    "image_bytes",
    "image_bytes_of",
)
def image_bytes(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if not image.stray:
        yield from _breaches("image-bytes", image, context)


@rule(
    "error",
    "image-block",
    """An image with `transformations.oversized_image` set to `error` exceeds the tier of a model of the request.

    The API then rejects the request instead of downscaling the image. The setting is `error` or `downsize`, and only
    the Claude API supports it.
    """,
    "Downscale the image to that size, or set oversized_image to downsize.",
    "oversized_image",
)
def oversized_image(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.setting is None:
        return
    sources = context.sources("oversized_image")
    if not context.limits.oversized_image:
        message = f"{context.platform} does not support transformations.oversized_image on {context.day}"
        yield Observation(image.location, message, advice="Remove the setting.")
    elif image.setting not in ("error", "downsize"):
        message = f"oversized_image is {ascii(image.setting)[:60]}: it must be error or downsize"
        yield Observation(image.location, message, str(image.setting), "error, downsize", None, sources)
    elif image.setting == "error":
        resized = _smallest(image, context)
        if resized:
            yield _too_large(image, resized, "has oversized_image set to error", sources)


@rule(
    "error",
    "image-block",
    "A screenshot of the computer or browser toolset exceeds the model's tier: the API rejects it.",
    "Take smaller screenshots, or downscale them before you send them.",
    "toolset_screenshots_fail",
)
def toolset_screenshot(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.toolset and context.limits.toolset_screenshots_fail:
        resized = _smallest(image, context)
        if resized:
            sources = context.sources("toolset_screenshots_fail")
            yield _too_large(image, resized, f"is a screenshot of the {ascii(image.toolset)[1:-1]} toolset", sources)


def _breaches(rule: LimitName, image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    for breach in breaches_of(image, context):
        if breach.reason.rule == rule:
            yield Observation(image.location, breach.message, *breach[2:])


def _too_large(image: ImageInput, resized: tuple[int, int], why: str, sources: tuple[Source, ...]) -> Observation:
    width, height = _size(image) or resized
    size = f"{resized[0]}x{resized[1]}"
    message = f"{width}x{height} px {why}, and does not fit: at most {size}"
    return Observation(image.location, message, f"{width}x{height}", size, "px", sources)


def _problem_name(image: ImageInput) -> str | None:
    problem = image.contents and image.contents.problem
    return problem.problem if problem else None


def _size(image: ImageInput) -> tuple[int, int] | None:
    header = image.contents and image.contents.header
    return (header.width, header.height) if header else None


def _smallest(image: ImageInput, context: CheckContext) -> tuple[int, int] | None:
    """Return the size after downscaling to the strictest tier; None if the image fits all tiers."""
    size = _size(image)
    if size is None:
        return None
    resized = [geometry.resized_size(*size, model.tier) for model in context.models if model.tier]
    changed = [new for new in resized if new != size]
    return min(changed) if changed else None
