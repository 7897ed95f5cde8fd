"""Fix the images and documents of a request: each on its own, and together if the request has too many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, get_args

from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.fitting.changes import Unfixed
from imgcost.fitting.images import fit_with
from imgcost.fitting.sources import as_text, find_image, read_source
from imgcost.headers import format_name
from imgcost.messages import as_object
from imgcost.payloads import base64_length
from imgcost.pdfs import is_pdf
from imgcost.preflight.inputs import block_input, bytes_input, document_input
from imgcost.preflight.singles import ImageChecker
from imgcost.quoting import quotes
from imgcost.rules import ImageInput, Scope, breaches_of, rules_of
from imgcost.shapes.media import base64_source, text_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.fitting.options import FitOptions
    from imgcost.fitting.results import Fitted
    from imgcost.messages import MediaBlock
    from imgcost.quoting import Quote
    from imgcost.rules import CheckContext
    from imgcost.tables import Model

__all__ = ["MEDIA_RULES", "Fixed", "MediaFixer", "share_bytes"]

_MEDIA_SCOPES: tuple[Scope, ...] = ("image-block", "rejected-image", "image", "source", "document")

MEDIA_RULES = frozenset(rule.name for scope in _MEDIA_SCOPES for rule in rules_of(scope)) | {"many-images-edge"}
"""Rules for single images and documents."""

_STRICT_RULES = frozenset({"oversized-image", "toolset-screenshot"})
"""Rules against downscaling by the API: each model that may answer has to accept the size."""

_RESIZED_RULES = _STRICT_RULES | {"many-images-edge"}
"""Rules that require a smaller size, even if the copy has more bytes."""

_PLAIN_KEYS = frozenset({"type", "source", "cache_control"})
"""Keys that images and documents share, so that a block may change its type."""

_LARGEST_TIER = "opus"
"""The model whose size applies if the model is unknown: a high-resolution one, so that no pixels are lost."""


class Fixed(NamedTuple):
    """A fixed image or document.

    Attributes:
        block: The new block.
        action: What was done, as a phrase.
        original_bytes: Length of its data before, as text.
        bytes: Length of its data after, as text.
        fitted: The image, if it was decoded.
        original_tokens: Visual tokens before; None if unknown.
        tokens: Visual tokens after; None if unknown.
    """

    block: dict[str, Any]
    action: str
    original_bytes: int
    bytes: int
    fitted: Fitted | None = None
    original_tokens: int | None = None
    tokens: int | None = None


class MediaFixer:
    """Fixes images and documents for the models and limits of a request. The same data is fitted once.

    Args:
        context: The platform, date and models.
        options: How images are encoded.
    """

    def __init__(self, context: CheckContext, options: FitOptions) -> None:
        """Start without results."""
        self._context = context
        self._options = options
        self._checker = ImageChecker(context, {scope: rules_of(scope) for scope in get_args(Scope)})
        self._fitted: dict[tuple[Any, ...], Fitted] = {}

    def fix(self, media: MediaBlock, block: Mapping[str, Any], rules: frozenset[str]) -> Fixed:
        """Fix an image or a document.

        Args:
            media: The block as the rules see it.
            block: The block.
            rules: The rules with errors for it.

        Returns:
            The new block, to which none of the rules for single images and documents objects.

        Raises:
            Unfixed: It cannot be fixed.
        """
        fixed = _with_url(media, block) or self._fix_data(media, block, rules)
        self._verify(media, fixed.block)
        return fixed

    def _fix_data(self, media: MediaBlock, block: Mapping[str, Any], rules: frozenset[str]) -> Fixed:
        data = read_source(media.source)
        fixed = self._fix_document(media, block, data) if media.kind == "document" else None
        if fixed or data is None:
            return fixed or _unfixed("its data is not in the request as base64")
        return self._fix_image(media, block, rules, data)

    def shrink(self, media: MediaBlock, block: Mapping[str, Any], text_bytes: int) -> Fixed:
        """Fit an accepted image into fewer bytes.

        Raises:
            Unfixed: It does not fit without going below the floor of quality.
        """
        data = read_source(media.source)
        if data is None or media.kind != "image":
            raise Unfixed("its data is not in the request")
        item = block_input(media)
        fitted = self._fit(data, max_bytes=text_bytes // 4 * 3)
        text = as_text(fitted.data)
        new = {**block, "source": base64_source(fitted.media_type, text)}
        self._verify(media, new)
        return self._fixed(media, new, _action(item, None, fitted), text, fitted, item)

    def _fix_image(self, media: MediaBlock, block: Mapping[str, Any], rules: frozenset[str], data: bytes) -> Fixed:
        if is_pdf(data):
            return _converted(block, "document", "application/pdf", as_text(data), len(data))
        item = block_input(media)
        data, found = find_image(data)
        image, new = bytes_input(data, media.location), {**block, "type": "image"}
        contents = image.contents
        if contents is None or (contents.problem and contents.problem.problem != "unsupported"):
            raise Unfixed(str(contents.problem) if contents else "its data cannot be read")
        if "oversized-image" in rules:
            self._drop_setting(new)
        fitted = None
        if rules & _RESIZED_RULES:
            side = self._context.limits.many_images_edge if "many-images-edge" in rules else None
            strict = rules & _STRICT_RULES
            fitted = self._fit(data, self._smallest_tier() if strict else None, max_side=side, always_resize=True)
        elif contents.problem or contents.undecodable or any(breaches_of(image, self._context)):
            fitted = self._fit(data)
        text: Any = media.source.get("data")
        if fitted and fitted.changed:
            text = as_text(fitted.data)
        elif found or item.base64_problem or media.source.get("type") != "base64":
            text = as_text(data)
        header = contents.header
        media_type = fitted.media_type if fitted else header.media_type if header else ""
        new["source"] = {**_without_url(media.source), **base64_source(media_type, text)}
        action = _action(item, found, fitted, media_type, rules, as_image=media.kind == "document")
        return self._fixed(media, new, action, text, fitted, item)

    def _fix_document(self, media: MediaBlock, block: Mapping[str, Any], data: bytes | None) -> Fixed | None:
        """Return a document with the right type of source; None if it is an image."""
        source = media.source
        if source.get("type") == "text":
            new = {**block, "source": {**source, "media_type": "text/plain"}}
            size = len(source.get("data") or "")
            return Fixed(new, "declared as text/plain", size, size)
        if data is None:
            raise Unfixed("its data is not in the request as base64")
        if is_pdf(data):
            valid = source.get("type") == "base64" and not isinstance(document_input(media)[0].problem, str)
            text = source["data"] if valid else as_text(data)
            return _converted(block, "document", "application/pdf", text, len(data))
        if str(source.get("media_type")).startswith("text/"):
            try:
                words = data.decode()
            except ValueError:
                raise Unfixed("its text is not UTF-8") from None
            new = {**block, "source": text_source(words)}
            return Fixed(new, "sent as text instead of base64", base64_length(len(data)), len(words))
        contents = bytes_input(data, "").contents
        if contents is None or contents.problem or not _PLAIN_KEYS.issuperset(block):
            raise Unfixed("it is not a PDF" if data else "it is empty")
        return None

    def _drop_setting(self, block: dict[str, Any]) -> None:
        """Remove `oversized_image` where it is not supported; raise if its value is not known."""
        settings = as_object(block["transformations"], "transformations")
        if settings.get("oversized_image") not in ("error", "downsize"):
            raise Unfixed("the value of oversized_image is unknown")
        if not self._context.limits.oversized_image:
            del block["transformations"]
            if others := {key: value for key, value in settings.items() if key != "oversized_image"}:
                block["transformations"] = others

    def _smallest_tier(self) -> Model | None:
        """Return the model with the smallest tier, because every model that may answer has to accept the image."""
        sizes = {model: (model.tier.token_limit, model.tier.edge_limit) for model in self._context.models if model.tier}
        return min(sizes, key=sizes.__getitem__, default=None)

    def _fit(self, data: bytes, model: Model | None = None, **choices: Any) -> Fitted:
        """Fit an image for the main model or another one, with further options."""
        model = model or next(iter(self._context.models), None)
        key = data, model and model.id, *choices.items()
        if key not in self._fitted:
            try:
                self._fitted[key] = fit_with(self._quote(model), data, self._options._replace(**choices))
            except ImgcostError as error:
                raise Unfixed(str(error)) from error
        return self._fitted[key]

    def _quote(self, model: Model | None) -> Quote:
        """Return a quote for the model; only its size and limits matter, so it may lack a price on the platform."""
        day = self._context.day
        try:
            return quotes([model or _LARGEST_TIER], platform=self._context.platform, as_of=day)[0]
        except ImgcostError:
            return quotes([model or _LARGEST_TIER], as_of=day)[0]

    def _fixed(
        self, media: MediaBlock, new: dict[str, Any], action: str, text: Any, fitted: Fitted | None, item: ImageInput
    ) -> Fixed:
        after = self._checker.measure(block_input(media._replace(source=new["source"])))
        before = self._checker.measure(item)
        size = len(text) if isinstance(text, str) else item.text_bytes or 0
        return Fixed(new, action, item.text_bytes or 0, size, fitted, before.tokens, after.tokens)

    def _verify(self, media: MediaBlock, block: Mapping[str, Any]) -> None:
        """Raise if the API would still reject the block: it is fixed completely or not at all."""
        new = media._replace(kind=block["type"], source=block["source"], transformations=block.get("transformations"))
        item = block_input(new) if new.kind == "image" else document_input(new)[0]
        findings = list(self._checker.findings(item)) if isinstance(item, ImageInput) else []
        for rule in (*rules_of("source"), *(() if isinstance(item, ImageInput) else rules_of("document"))):
            findings += rule.check(item, self._context)
        for finding in findings:
            if finding.severity == "error":
                raise Unfixed(finding.message)


def share_bytes(sizes: list[int], budget: int) -> int:
    """Return the size to which the largest of some images have to shrink, so that all fit into a budget.

    Args:
        sizes: The sizes, bytes.
        budget: What they may have in total, bytes.

    Returns:
        The largest size that an image may have; smaller images are unchanged. 0 or less if nothing is left.

    >>> share_bytes([10, 2, 8], 16)
    7
    """
    remaining = sorted(sizes)
    for number, size in enumerate(remaining):
        share = budget // (len(remaining) - number)
        if size > share:
            return share
        budget -= size
    return max(sizes, default=0)


def _converted(block: Mapping[str, Any], kind: str, media_type: str, text: Any, size: int) -> Fixed:
    new = {**block, "type": kind, "source": base64_source(media_type, text)}
    if kind != block["type"] and not _PLAIN_KEYS.issuperset(block):
        raise Unfixed(f"it is a {kind}")
    what = f"declared as {media_type}" if kind == block["type"] else f"sent as a {kind} block"
    length = base64_length(size)
    return Fixed(new, what, length, length)


def _without_url(source: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source.items() if key != "url"}


def _action(
    item: ImageInput,
    found: str | None,
    fitted: Fitted | None,
    media_type: str = "",
    rules: frozenset[str] = frozenset(),
    *,
    as_image: bool = False,
) -> str:
    """Describe what was done with an image."""
    actions = [found] if found else []
    if item.base64_problem:
        actions.append("base64 corrected")
    if as_image:
        actions.append("sent as an image block")
    if item.source_type != "base64":
        actions.append("sent as base64 instead of a data URL")
    if fitted and fitted.changed:
        before, after = (fitted.original_width, fitted.original_height), (fitted.width, fitted.height)
        if before != after:
            actions.append("resized from {}x{} to {}x{} px".format(*before, *after))
        if fitted.media_type != fitted.original_media_type:
            actions.append(f"converted from {_name(fitted.original_media_type)} to {_name(fitted.media_type)}")
        elif before == after:
            actions.append(f"saved with {plural(len(fitted.data), 'byte')}")
    elif "media-type" in rules:
        actions.append(f"declared as {media_type}")
    if "oversized-image" in rules and not actions:
        actions.append("setting oversized_image removed")
    return ", ".join(actions) or "unchanged"


def _with_url(media: MediaBlock, block: Mapping[str, Any]) -> Fixed | None:
    """Return a block whose URL is under the right key; None if there is no URL under a wrong one."""
    source = media.source
    url = source.get("data")
    if source.get("type") != "url" or source.get("url") or not isinstance(url, str) or not url.startswith("http"):
        return None
    return Fixed({**block, "source": {"type": "url", "url": url}}, "written with the URL under url", len(url), len(url))


def _unfixed(reason: str) -> NoReturn:
    raise Unfixed(reason)


def _name(media_type: str | None) -> str:
    return format_name(media_type) if media_type else "an unknown format"
