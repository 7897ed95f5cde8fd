"""What a rule is, what it is asked about, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.acceptance import breaches
from imgcost.paths import escape_path

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from imgcost.acceptance import Breach
    from imgcost.headers import Contents
    from imgcost.messages import ToolResult, Turn
    from imgcost.pdfs import TokenRange
    from imgcost.tables import Advice, Limits, Model, Platform, Source, Statement

__all__ = [
    "BatchInput",
    "CheckContext",
    "CostInput",
    "DocumentInput",
    "Finding",
    "ImageInput",
    "Observation",
    "RequestInput",
    "Rule",
    "Severity",
    "TextInput",
    "all_rules",
    "breaches_of",
    "rule",
    "sources_of",
]

Severity: TypeAlias = Literal["error", "warning"]

Scope: TypeAlias = Literal["image", "source", "document", "text", "turn", "request", "batch", "bill", "shape"]
"""What a rule is asked about."""


class CheckContext(NamedTuple):
    """What holds where and when the question is asked.

    Attributes:
        platform: Where it will be sent.
        day: When.
        limits: What the platform accepts then.
        advice: What the vision guide advises then.
        models: The models that may answer, the one that is asked first; none where it is not known.
    """

    platform: Platform
    day: date
    limits: Limits
    advice: Advice
    models: tuple[Model, ...]


class ImageInput(NamedTuple):
    """An image, as far as it can be seen from here.

    Attributes:
        location: Where it stands: in the request, or on the disk.
        contents: What its bytes are, or None where they are not here, or are no base64.
        text_bytes: The length of its base64 text; None where its bytes are not here.
        source_type: `base64`, `url`, `file` or what else stands there; None for a file on the disk.
        declared: The media type that the request declares, whatever stands there.
        base64_problem: Why its data is no base64; else None.
        file: The file on the disk; else None.
        suffix: That of the file, in small letters, such as `.jpg`; empty for bytes in memory, and None in a request.
        stray: Whether it is a file in a folder whose name does not claim to be an image's.
        setting: What its `transformations` say of `oversized_image`; None where they say nothing.
        toolset: The toolset of Anthropic's that it is a screenshot of, or None.
        source_problem: What its source lacks, as a sentence; else None.
    """

    location: str
    contents: Contents | None
    text_bytes: int | None = None
    source_type: Any = None
    declared: Any = None
    base64_problem: str | None = None
    file: str | None = None
    suffix: str | None = None
    stray: bool = False
    setting: Any = None
    toolset: str | None = None
    source_problem: str | None = None


class DocumentInput(NamedTuple):
    """A document, as far as it can be seen from here.

    Attributes:
        location: Where it is.
        pages: How many pages of PDF it has; None where that is not known.
        problem: Why a PDF cannot be read, as a sentence; else None.
        uncounted: Why the pages are not counted, as a sentence; else None.
        tokens: What its pages cost for the model that is checked first; None where that is not known.
        source_type: The type of its source, whatever it is.
        declared: The media type that the request declares, whatever it is.
        is_pdf: Whether its bytes are here and begin like a PDF.
        real: What its bytes are instead of a PDF, such as `an image/png image`; None where that is not known.
        source_problem: What its source lacks, as a sentence; else None.
    """

    location: str
    pages: int | None = None
    problem: str | None = None
    uncounted: str | None = None
    tokens: TokenRange | None = None
    source_type: Any = None
    declared: Any = None
    is_pdf: bool = False
    real: str | None = None
    source_problem: str | None = None

    @property
    def may_be_pdf(self) -> bool:
        """Whether it is sent as a PDF."""
        return self.source_type in ("base64", "url")  # it may be anything, and not every value can be in a set


class TextInput(NamedTuple):
    """A text with base64 in it.

    Attributes:
        location: Where it is.
        characters: How many characters of base64 it has.
        kind: What is encoded, such as `image/png`; None where it is not an image.
        image_tokens: What it would cost as an image, tokens; None where that is not known.
        text_usd: What it costs at most as text, US dollars as text; None where no price is known.
    """

    location: str
    characters: int
    kind: str | None = None
    image_tokens: int | None = None
    text_usd: str | None = None


class RequestInput(NamedTuple):
    """A request as a whole.

    Attributes:
        location: What stands before locations in it; empty for a request alone.
        model: The name of the model as it is given.
        model_problem: Why it cannot answer, as a sentence; else None.
        images: Its images.
        documents: Its documents.
        turns: Its messages.
        body_bytes: The size of its body, bytes; None where images are checked without one.
        tokens: The visual tokens of images and pages that could be measured.
        most_tokens: The same with full pages of text.
        results: The results of tools in it.
        cache_breakpoints: How many blocks have `cache_control`.
        text_bytes: The size of its texts as UTF-8, bytes; None where images are checked without a request.
        max_tokens: Whether it has `max_tokens`.
    """

    location: str
    model: str | None
    model_problem: str | None
    images: tuple[ImageInput, ...]
    documents: tuple[DocumentInput, ...]
    turns: tuple[Turn, ...]
    body_bytes: int | None
    tokens: int
    most_tokens: int = 0
    results: tuple[ToolResult, ...] = ()
    cache_breakpoints: int = 0
    text_bytes: int | None = None
    max_tokens: bool = True


class BatchInput(NamedTuple):
    """A message batch as a whole.

    Attributes:
        location: The file, or whatever stands for the batch.
        requests: How many requests it has.
        body_bytes: The size of its body, bytes.
        repeated_ids: Locations of requests whose custom_id an earlier one has, and the id.
        missing_ids: Locations of requests without a custom_id.
        odd_ids: Locations of custom_ids that do not match the pattern of the platform, and the ids.
        streams: Locations of `stream` in requests that ask for it.
    """

    location: str
    requests: int
    body_bytes: int
    repeated_ids: tuple[tuple[str, str], ...]
    missing_ids: tuple[str, ...]
    odd_ids: tuple[tuple[str, str], ...] = ()
    streams: tuple[str, ...] = ()


class CostInput(NamedTuple):
    """What all images cost together, and what they may cost.

    Attributes:
        location: What stands for all of them.
        known_usd: What those cost that are measured and priced, US dollars, exact.
        most_usd: The same with the long-context price wherever the text of a request may lead to it.
        budget_usd: US dollars.
        unknown: What else there is, whose cost is not known.
        pages: Whether there are pages of PDFs, whose text is not known.
    """

    location: str
    known_usd: Decimal
    most_usd: Decimal
    budget_usd: Decimal
    unknown: tuple[str, ...] = ()
    pages: bool = False


class Finding(NamedTuple):
    """What a rule has to say.

    Attributes:
        rule: The rule's name.
        severity: `error` where the API would reject, `warning` where it is only worth knowing.
        location: Where: in the request as the Anthropic SDK words it, such as `messages.2.content.0`, or the file.
        message: What was observed, as a sentence.
        advice: What to do about it.
        observed: What was measured.
        limit: What it is compared with.
        unit: The unit of both, such as `bytes` or `px`.
        sources: Where the limit was read.
        file: The file that it is about, or that the request stands in; None for a request in memory.
        line: The line of a batch file, counted from 1; else None.
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
        """What `imgcost check -f json` prints of it: plain values, paths as `imgcost.escape_path` writes them."""
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
    """What a rule observes; with the rule's name, severity and advice it becomes a `Finding`.

    `advice` and `severity` replace those of the rule.
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
    """A rule: something that the API rejects, changes or does worse with.

    Attributes:
        name: Its name, such as `image-bytes`.
        severity: `error` or `warning`.
        scope: What it is asked about.
        explanation: What it says and why, for people.
        advice: What to do about a finding.
        limits: The limits that it compares with, by the names of the attributes of `Limits` and `Advice`.
        observe: The function that asks it.
    """

    name: str
    severity: Severity
    scope: Scope
    explanation: str
    advice: str
    limits: tuple[str, ...]
    observe: Callable[[Any, CheckContext], Iterator[Observation]]

    def check(self, about: Any, context: CheckContext) -> Iterator[Finding]:
        """Ask the rule about something of its scope.

        Args:
            about: An image, a request, or what else the scope is.
            context: What holds.

        Yields:
            What it finds.
        """
        for location, message, observed, limit, unit, sources, advice, severity in self.observe(about, context):
            yield Finding(
                self.name,
                severity or self.severity,
                location,
                message,
                advice or self.advice,
                observed,
                limit,
                unit,
                sources,
            )


_RULES: list[Rule] = []

Observe = Callable[[Any, CheckContext], Iterator[Observation]]


def rule(severity: Severity, scope: Scope, explanation: str, advice: str, *limits: str) -> Callable[[Observe], Observe]:
    """Make a function a rule: its name is the rule's.

    The explanation is no docstring, because `python -OO` drops those.

    Args:
        severity: `error` or `warning`.
        scope: What it is asked about.
        explanation: What it checks and why, for people; paragraphs with an empty line between.
        advice: What to do about a finding.
        *limits: The limits that it compares with.

    Returns:
        A decorator.
    """

    def register(observe: Observe) -> Observe:
        name = observe.__name__.replace("_", "-")
        _RULES.append(Rule(name, severity, scope, cleandoc(explanation), advice, limits, observe))
        return observe

    return register


def all_rules() -> tuple[Rule, ...]:
    """List the rules that have been registered, in the order of their definition."""
    return tuple(_RULES)


def breaches_of(image: ImageInput, context: CheckContext) -> Iterator[Breach]:
    """List the limits on a single image that an image breaks.

    Args:
        image: The image.
        context: What applies.

    Yields:
        The limits, as far as the image can be seen.
    """
    contents = image.contents
    size_bytes = contents and contents.file_bytes if context.limits.image_bytes_of == "file" else image.text_bytes
    if contents and contents.header:
        media_type, width, height, _, _ = contents.header
        yield from breaches(media_type or None, width, height, size_bytes, context.limits)
    else:
        yield from breaches(None, 0, 0, size_bytes, context.limits)


def sources_of(statements: dict[str, Statement] | Any, name: str) -> tuple[Source, ...]:
    """Tell where a limit was read.

    Args:
        statements: Those of `Limits` or `Advice`.
        name: The limit.

    Returns:
        Its sources; none where nothing is stated.
    """
    statement = statements.get(name)
    return statement.sources if statement else ()
