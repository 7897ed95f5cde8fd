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


@rule("error", "image-block")
def base64(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.base64_problem:
        yield Observation(image.location, f"the data is not valid base64: {image.base64_problem}")


@rule("error", "rejected-image")
def empty(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if _problem_name(image) == "empty" and not image.stray:
        yield Observation(image.location, "the image is empty", 0, None, "bytes")


@rule("error", "rejected-image")
def unreadable(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.problem and _problem_name(image) not in _WITH_OWN_RULES and not image.stray:
        problem = image.contents.problem
        yield Observation(image.location, f"cannot read image: {problem}", advice=problem.advice)


@rule("error", "rejected-image", "media_types")
def format(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: A001 - the documentation's word
    problem = image.contents and image.contents.problem
    if problem and problem.problem == "unsupported" and not image.stray:
        types, sources = (
            ", ".join(context.limits.media_types or ()),
            context.sources("media_types"),
        )
        yield Observation(image.location, str(problem), problem.format, types, None, sources, problem.advice)
    yield from _breaches("format", image, context)


@rule("error", "image")
def truncated(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.header and image.contents.truncated:
        kind = image.contents.header.media_type
        yield Observation(
            image.location, f"the end of the image is missing ({kind}, {plural(image.contents.file_bytes, 'byte')})"
        )


@rule("error", "image")
def undecodable(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.undecodable:
        yield Observation(image.location, f"decoders cannot read this image: {image.contents.undecodable}")


@rule("warning", "image")
def unusual(image: ImageInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    if image.contents and image.contents.unusual:
        yield Observation(image.location, f"some decoders cannot read this image: {image.contents.unusual}")


@rule("error", "image-block", "media_types")
def media_type(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.source_type != "base64":
        return
    accepted, sources = context.limits.media_types, context.sources("media_types")
    if accepted and image.declared not in accepted:
        what = "no media type" if image.declared is None else f"the media type {ascii(image.declared)[:60]}"
        message = f"the image declares {what}: expected one of {', '.join(accepted)}"
        yield Observation(image.location, message, str(image.declared), ", ".join(accepted), None, sources)
    elif image.contents and image.contents.header and image.contents.header.media_type != image.declared:
        actual = image.contents.header.media_type
        if accepted and actual not in accepted:
            return  # the rule `format` says what to do
        message = f"the image declares {image.declared}, but its bytes are {actual}"
        yield Observation(image.location, message, image.declared, actual, None, sources, f"Declare {actual}.")


@rule("error", "rejected-image", "image_edge")
def image_edge(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    yield from _breaches("image-edge", image, context)


@rule("error", "rejected-image", "image_bytes", "image_bytes_of")
def image_bytes(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if not image.stray:
        yield from _breaches("image-bytes", image, context)


@rule("error", "image-block", "oversized_image")
def oversized_image(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.setting is None:
        return
    sources = context.sources("oversized_image")
    if not context.limits.oversized_image:
        message = f"{context.platform} does not support transformations.oversized_image on {context.day}"
        yield Observation(image.location, message, advice="Remove the setting.")
    elif image.setting not in ("error", "downsize"):
        message = f"oversized_image is {ascii(image.setting)[:60]}: expected error or downsize"
        yield Observation(image.location, message, str(image.setting), "error, downsize", None, sources)
    elif image.setting == "error":
        resized = _smallest(image, context)
        if resized:
            yield _too_large(image, resized, "oversized_image is set to error", sources)


@rule("error", "image-block", "toolset_screenshots_fail")
def toolset_screenshot(image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    if image.toolset and context.limits.toolset_screenshots_fail:
        resized = _smallest(image, context)
        if resized:
            sources = context.sources("toolset_screenshots_fail")
            yield _too_large(
                image, resized, f"screenshots of the {ascii(image.toolset)[1:-1]} toolset are not downscaled", sources
            )


def _breaches(rule: LimitName, image: ImageInput, context: CheckContext) -> Iterator[Observation]:
    for breach in breaches_of(image, context):
        if breach.reason.rule == rule:
            yield Observation(image.location, breach.message, *breach[2:])


def _too_large(image: ImageInput, resized: tuple[int, int], why: str, sources: tuple[Source, ...]) -> Observation:
    width, height = _size(image) or resized
    size = f"{resized[0]}x{resized[1]}"
    message = f"{width}x{height} px does not fit, and {why}: the largest size that fits is {size} px"
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
