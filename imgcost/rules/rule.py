"""Define rules, and the findings that they report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.acceptance import breaches
from imgcost.paths import escape_path
from imgcost.rules.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcost.acceptance import Breach
    from imgcost.rules.inputs import CheckContext, ImageInput
    from imgcost.rules.texts import Example
    from imgcost.tables import Source

__all__ = [
    "Finding",
    "Observation",
    "Rule",
    "Severity",
    "all_rules",
    "breaches_of",
    "rule",
]

Severity: TypeAlias = Literal["error", "warning"]

Scope: TypeAlias = Literal[
    "image-block",
    "rejected-image",
    "image",
    "source",
    "document",
    "text",
    "turn",
    "request",
    "batch",
    "bill",
    "shape",
]
"""What a rule checks. Images have three scopes, because rules that cannot find anything are not run on millions of
images: image blocks of requests, images that are unreadable or break a limit, and images with a readable header."""


class Finding(NamedTuple):
    """A problem that a rule reports.

    Attributes:
        rule: The rule's name.
        severity: `error` if the API would reject the request, else `warning`.
        location: The location in the request as the Anthropic SDK writes it, such as `messages.2.content.0`, or the
            path of the file.
        message: What is wrong, as a sentence.
        advice: What to do about it.
        observed: The measured value.
        limit: The value that it is compared with.
        unit: The unit of both, such as `bytes` or `px`.
        sources: Where the limit is published.
        file: The file of the image or the request; None in memory.
        line: The line in a batch file, counted from 1; else None.
    """

    rule: str
    severity: Severity
    location: str
    message: str
    advice: str
    observed: int | str | None = None
    limit: int | str | None = None
    unit: str | None = None
    sources: tuple[Source, ...] = ()
    file: str | None = None
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what `imgcost check -f json` prints: plain values, with paths escaped by `imgcost.escape_path`."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "location": escape_path(self.location),
            "file": None if self.file is None else escape_path(self.file),
            "line": self.line,
            "message": self.message.encode(errors="backslashreplace").decode(),
            "observed": self.observed,
            "limit": self.limit,
            "unit": self.unit,
            "advice": self.advice,
            "sources": [{"url": source.url, "read": source.read.isoformat()} for source in self.sources],
        }


class Observation(NamedTuple):
    """An observation of a rule; the rule adds its name, severity and fix to make it a `Finding`.

    `advice` and `severity` override those of the rule.
    """

    location: str
    message: str
    observed: int | str | None = None
    limit: int | str | None = None
    unit: str | None = None
    sources: tuple[Source, ...] = ()
    advice: str | None = None
    severity: Severity | None = None


class Rule(NamedTuple):
    """A rule, which checks for something that the API rejects, or that makes its answer worse or its cost higher.

    Attributes:
        name: Its name, such as `image-bytes`.
        severity: `error` or `warning`.
        scope: What it checks.
        summary: What it checks for.
        why: Why that matters.
        example: An input that has the problem, and the message about it.
        fix: What to do about a finding that has no advice of its own.
        fixable: Whether `imgcost fit` and `fit_request` can fix most such errors, in a copy.
        limits: The limits that it uses, as names of attributes of `Limits` and `Advice`.
        observe: The function that checks.
    """

    name: str
    severity: Severity
    scope: Scope
    summary: str
    why: str
    example: Example
    fix: str
    fixable: bool
    limits: tuple[str, ...]
    observe: Callable[[Any, CheckContext], Iterator[Observation]]

    def check(self, item: Any, context: CheckContext) -> Iterator[Finding]:
        """Check an input of the rule's scope.

        Args:
            item: The input, such as an `ImageInput` or a `RequestInput`.
            context: The platform, date and models.

        Returns:
            The findings.
        """
        return map(self.finding, self.observe(item, context))

    def finding(self, observation: Observation, file: str | None = None) -> Finding:
        """Return the finding for an observation of this rule; `file` is the file of the image or the request."""
        location, message, observed, limit, unit, sources, advice, severity = observation
        severity, advice = severity or self.severity, advice or self.fix
        return Finding(self.name, severity, location, message, advice, observed, limit, unit, sources, file)


_RULES: list[Rule] = []

Observe: TypeAlias = "Callable[[Any, CheckContext], Iterator[Observation]]"


def rule(severity: Severity, scope: Scope, *limits: str) -> Callable[[Observe], Observe]:
    """Register a function as a rule, with the name of the function and the text of that name in `TEXTS`.

    Args:
        severity: `error` or `warning`.
        scope: What it checks.
        *limits: The limits that it uses.

    Returns:
        A decorator.
    """

    def register(observe: Observe) -> Observe:
        name = observe.__name__.replace("_", "-")
        _RULES.append(Rule(name, severity, scope, *TEXTS[name], limits, observe))
        return observe

    return register


def all_rules() -> tuple[Rule, ...]:
    """List the registered rules in the order of their definition."""
    return tuple(_RULES)


def breaches_of(image: ImageInput, context: CheckContext) -> Iterator[Breach]:
    """Check an image against the limits for single images.

    Args:
        image: The image.
        context: The platform, date and models.

    Returns:
        The limits that it exceeds, as far as its bytes are known.
    """
    contents = image.contents
    size_bytes = contents and contents.file_bytes if context.limits.image_bytes_of == "file" else image.text_bytes
    if contents and contents.header:
        media_type, width, height, _, _ = contents.header
        return breaches(media_type or None, width, height, size_bytes, context.limits)
    return breaches(None, 0, 0, size_bytes, context.limits)
