"""Check single images: run their rules, and measure them. For files, this is the work of worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.preflight.findings import CheckedImage, count_findings, count_images
from imgcost.preflight.inputs import RequestFile
from imgcost.preflight.spools import pack
from imgcost.rules import breaches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgcost.preflight.spools import Packed
    from imgcost.rules import CheckContext, Finding, ImageInput, Rule, Scope

__all__ = ["CheckedImages", "ImageChecker"]


class CheckedImages(NamedTuple):
    """The result of checking some images.

    Attributes:
        inputs: Their number, including strays and files of requests.
        findings: The findings.
        images: The images, with their tokens.
        unmeasured: The images without tokens.
        together: The images, if they are sent in one request and its limits have to be checked.
        requests: Files of requests among them, which are not checked yet.
    """

    inputs: int
    findings: Packed
    images: Packed
    unmeasured: list[ImageInput]
    together: list[ImageInput]
    requests: list[RequestFile]

    @property
    def has_images(self) -> bool:
        """Whether there is anything but files of requests."""
        return self.inputs > len(self.requests)


class ImageChecker:
    """Runs the rules for single images, and measures images for the main model.

    Args:
        context: The platform, date and models.
        rules: The rules to run, by scope.
        one_request: Whether the images of `check_all` are sent in one request.

    Attributes:
        model: The main model; None if unknown.
    """

    def __init__(
        self, context: CheckContext, rules: Mapping[Scope, Sequence[Rule]], *, one_request: bool = False
    ) -> None:
        """Keep the settings."""
        self._context = context
        self._rules = rules
        self._one_request = one_request
        self.model = context.models[0] if context.models else None

    def check_all(self, inputs: Sequence[ImageInput | RequestFile]) -> CheckedImages:
        """Check and measure images.

        Args:
            inputs: The images, of which strays are not measured, and files of requests.

        Returns:
            The results, in order.
        """
        images = [item for item in inputs if not isinstance(item, RequestFile)]
        counted = [image for image in images if not image.stray]
        findings = [finding for image in images for finding in self.findings(image)]
        measured = [self.measure(image) for image in counted]
        return CheckedImages(
            len(inputs),
            pack(findings, count_findings(findings)),
            pack(measured, count_images(measured)),
            [image for image, checked in zip(counted, measured, strict=True) if checked.tokens is None],
            counted if self._one_request else [],  # otherwise memory does not grow with the number of images
            [item for item in inputs if isinstance(item, RequestFile)],
        )

    def findings(self, image: ImageInput) -> Iterator[Finding]:
        """Run the rules that can find something in an image."""
        context, contents = self._context, image.contents
        scopes: list[Scope] = []
        if image.source_type is not None:
            scopes.append("image-block")
        if (contents and contents.problem) or any(breaches_of(image, context)):
            scopes.append("rejected-image")
        if contents and contents.header:
            scopes.append("image")
        for scope in scopes:
            for rule in self._rules[scope]:
                for observation in rule.observe(image, context):
                    yield rule.finding(observation, image.file)

    def measure(self, image: ImageInput) -> CheckedImage:
        """Measure an image for the main model; what is unknown is None."""
        header = image.contents and image.contents.header
        if not header:
            return CheckedImage(image.location)
        media_type, width, height, _, _ = header
        model = self.model
        if not (model and model.tier):
            return CheckedImage(image.location, media_type or None, width, height)
        resized = geometry.resized_size(width, height, model.tier)
        tokens = geometry.image_tokens(width, height, model.tier, model.formula)
        return CheckedImage(image.location, media_type or None, width, height, *resized, tokens)
