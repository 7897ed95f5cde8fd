"""Fix requests, so that the API accepts them: `fit_request`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcost.figures import plural
from imgcost.fitting.checked_requests import FitSettings
from imgcost.fitting.options import MIN_QUALITY, fit_options
from imgcost.fitting.request_passes import fix_document
from imgcost.fitting.sessions import fix_session
from imgcost.notebooks import html_table
from imgcost.preflight import check_request
from imgcost.preflight.documents import as_document
from imgcost.preflight.findings import HTML_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.fitting.changes import FitFailure, FixedDocument, RequestChange
    from imgcost.preflight import Findings
    from imgcost.rules import Finding
    from imgcost.tables import Platform

__all__ = ["FittedRequest", "fit_request", "fit_value"]


@dataclass(frozen=True, slots=True, repr=False)
class FittedRequest:
    """A request that was fixed as far as possible.

    Attributes:
        params: The fixed copy, in the shape of the original; the original itself if nothing was changed.
        changes: What was changed, in the order of the changes.
        findings: What `check_request` finds in `params`.
        original: What it found in the original.
        failures: Images and documents that could not be fixed, with the reasons.
    """

    params: Any
    changes: tuple[RequestChange, ...]
    findings: Findings
    original: Findings
    failures: tuple[FitFailure, ...] = ()

    def __repr__(self) -> str:
        return f"<FittedRequest changes={len(self.changes)} unfixed={len(self.unfixed)} saved_bytes={self.saved_bytes}>"

    @property
    def changed(self) -> bool:
        """Whether `params` differ from the original."""
        return bool(self.changes)

    @property
    def unfixed(self) -> tuple[Finding, ...]:
        """The errors that remain, because they cannot be fixed without changing what the request says."""
        return self.findings.errors

    @property
    def ok(self) -> bool:
        """Whether no error remains."""
        return self.findings.ok

    @property
    def saved_bytes(self) -> int:
        """Bytes by which images and documents are smaller in the request."""
        return sum(change.saved_bytes for change in self.changes)

    def raise_for_errors(self) -> None:
        """Raise if errors remain; do nothing if `ok`.

        Raises:
            PreflightError: The API would reject the fixed request; the message lists the first errors.
        """
        self.findings.raise_for_errors()

    def to_dict(self) -> dict[str, Any]:
        """Return the changes and findings as plain values, without the request."""
        return {
            "schema": "imgcost.fit-request/1",
            "ok": self.ok,
            "changed": self.changed,
            "changes": [change.to_dict() for change in self.changes],
            "saved_bytes": self.saved_bytes,
            "tokens": {"original": self.original.tokens, "fitted": self.findings.tokens},
            "failures": [failure.to_dict() for failure in self.failures],
            "unfixed": [finding.to_dict() for finding in self.unfixed],
            "warnings": len(self.findings.warnings),
        }

    def _repr_html_(self) -> str:
        rows = [(", ".join(change.rules), change.location, change.action) for change in self.changes]
        rows += [(finding.rule, finding.location, f"not fixed: {finding.message}") for finding in self.unfixed]
        caption = f"{plural(len(self.changes), 'change')}, {plural(len(self.unfixed), 'error')} left"
        return html_table(caption, ("rule", "location", "change"), rows[:HTML_ROWS])


def fit_request(
    params: Any,
    *,
    model: str | None = None,
    platform: Platform | None = None,
    as_of: date | None = None,
    shape: str = "auto",
    remove_unfixable: bool | None = None,
    min_quality: int = MIN_QUALITY,
    background: str = "#ffffff",
) -> FittedRequest:
    """Fix a request: return a copy that the API accepts, as far as that does not change what it says.

    Images that are too large are fitted, other formats converted, media types and base64 corrected, and blocks put
    where the API accepts them. Images that are accepted are not touched, even if the API would downscale them. An image
    is fixed completely or not at all.

    Args:
        params: Whatever `check_request` takes, in any shape, and batches, lists of requests and Claude Code transcripts
            as their entries. It is not changed; the copy shares what is not changed with it.
        model: The model; None for the one that the request names.
        platform: The platform; None as in `check_request`.
        as_of: The date whose limits apply; today if None.
        shape: The name of the shape in `imgcost.shapes.SHAPES`; `auto` detects it.
        remove_unfixable: Whether an image or document that cannot be fixed is replaced by a text such as
            `[image removed: the image is empty]`; None for yes in transcripts, which it would block, and no elsewhere.
        min_quality: Lowest quality of JPEG and lossy WebP, as in `imgcost.fit`.
        background: Color behind transparent pixels where the output has no alpha channel, as in `imgcost.fit`.

    Returns:
        The copy, the changes, and the findings that remain.

    Raises:
        RequestError: `params` is not a request; the error has the location.
        NoPriceError: Nothing is published for the platform on that date.
        ArgumentError: Another argument has a wrong type, or is not one of its choices.

    >>> gif = {"type": "base64", "media_type": "image/png", "data": "R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7"}
    >>> message = {"role": "user", "content": [{"type": "image", "source": gif}]}
    >>> fitted = fit_request({"model": "claude-opus-5", "max_tokens": 9, "messages": [message]})
    >>> print(fitted.changes[0].location, fitted.changes[0].action)
    messages.0.content.0 declared as image/gif
    >>> fitted.ok, fitted.params["messages"][0]["content"][0]["source"]["media_type"], gif["media_type"]
    (True, 'image/gif', 'image/png')
    """
    original = check_request(params, model=model, platform=platform, as_of=as_of, shape=shape)
    options = fit_options(min_quality=min_quality, background=background)
    settings = FitSettings(model, platform, as_of, options, batch=False, remove_unfixable=remove_unfixable)
    if original.ok:
        return FittedRequest(params, (), original, original)
    shape = as_document(params, shape, strict=True)[1]  # that of the copy too, even if its images are texts now
    fixed = fit_value(params, shape, settings)
    findings = original
    if fixed.changes:
        findings = check_request(fixed.value, model=model, platform=platform, as_of=as_of, shape=shape)
    return FittedRequest(fixed.value, tuple(fixed.changes), findings, original, tuple(fixed.failures))


def fit_value(value: Any, shape: str, settings: FitSettings, lines: Sequence[int] | None = None) -> FixedDocument:
    """Fix a document of any shape; see `fix_document` and `fix_session`."""
    document, name = as_document(value, shape, lines, strict=True)
    if name == "claude-code":
        return fix_session(document, settings, lines)
    fixed = fix_document(document, name, settings, lines)
    return fixed if document is value else fixed._replace(value=fixed.value["requests"])
