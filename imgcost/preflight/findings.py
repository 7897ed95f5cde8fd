"""The result of a check: findings, images and costs."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.figures import number, plural
from imgcost.notebooks import bar_chart, html_table
from imgcost.paths import escape_path
from imgcost.preflight.spools import Spool
from imgcost.prices import exact_usd
from imgcost.rules import Finding
from imgcost.tabular import CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    import pandas as pd

    from imgcost.preflight.sessions import TurnCost
    from imgcost.rules import Severity
    from imgcost.tables import Platform
    from imgcost.tabular import Row

HTML_ROWS = 50
"""Maximum number of findings that a notebook shows."""

_SHOWN = 10
"""Maximum number of errors in the message of a `PreflightError`."""

__all__ = ["CheckedImage", "Findings", "PreflightError", "Spools"]


class CheckedImage(NamedTuple):
    """An image that was checked.

    Attributes:
        location: The location in the request, or the path of the file.
        media_type: The media type of its bytes; None if it could not be read.
        width: Width, px; None if it could not be read.
        height: Height, px; None if it could not be read.
        resized_width: Width that Claude sees, px; None also if the tier of the model is unknown.
        resized_height: Height that Claude sees, px; None also if the tier of the model is unknown.
        tokens: Visual tokens; None also if the tier of the model is unknown.
    """

    location: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None
    tokens: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return an item of what `imgcost check -f json` prints."""
        return self._asdict() | {"location": escape_path(self.location)}


def count_findings(findings: Iterable[Finding]) -> Counter[Any]:
    """Count findings by severity and rule."""
    return Counter(map(attrgetter("severity", "rule"), findings))


def count_images(images: Iterable[CheckedImage]) -> Counter[Any]:
    """Count the tokens of images, and the images that could not be measured."""
    tokens = [image.tokens for image in images]
    return Counter(tokens=sum(filter(None, tokens)), unmeasured=tokens.count(None))


class Spools(NamedTuple):
    """Storage for the findings and images of a check that may not fit in memory.

    Attributes:
        findings: Findings.
        images: Images.
    """

    findings: Spool[Finding]
    images: Spool[CheckedImage]

    @classmethod
    def create(cls, *, in_memory: bool) -> Spools:
        """Create empty storage: on disk when it grows, unless it has to stay in memory."""
        return cls(
            Spool(Finding, count_findings, in_memory=in_memory),
            Spool(CheckedImage, count_images, in_memory=in_memory),
        )

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Spools]:
        """Open the storage; it is removed when the context ends."""
        spools = cls.create(in_memory=False)
        with closing(spools.findings), closing(spools.images):
            yield spools


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """The findings of a check. Findings with the same values are equal.

    Attributes:
        all: All findings, in the order of the input; a tuple, unless a check of files keeps them on disk.
        images: All images, in the order of the input, with size and tokens if they could be measured.
        input_usd: Minimum cost of the images and PDF pages as input, at the price of the model, or the batch price for
            a batch: US dollars, exact; None if part of it is unknown. Unreadable files cost nothing, because the API
            rejects them; text is not included.
        platform: The platform.
        as_of: The date whose limits apply.
        measured_usd: The known part of `input_usd`, US dollars.
        unknown: Descriptions of what has an unknown cost, such as images from URLs and unknown models.
        notes: How requests were read, and assumptions about the price, as sentences.
        upper_usd: Maximum cost: with full pages of text in PDFs, and at the long-context price wherever the text of a
            request may lead to it. None if part of it is unknown.
        pages: Number of PDF pages that were counted and priced.
        turns: For transcripts, the cost so far of the images of each turn.
        models: Ids of the models whose tokens and prices are used.
    """

    all: tuple[Finding, ...] | Spool[Finding]
    images: tuple[CheckedImage, ...] | Spool[CheckedImage]
    input_usd: Decimal | None
    platform: Platform
    as_of: date
    measured_usd: Decimal = Decimal(0)
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    upper_usd: Decimal | None = None
    pages: int = 0
    turns: tuple[TurnCost, ...] = ()
    models: tuple[str, ...] = ()

    def __repr__(self) -> str:
        usd = "unknown" if self.input_usd is None else exact_usd(self.input_usd)
        counts = f"errors={len(self.errors)} warnings={len(self.warnings)} images={len(self.images)}"
        return f"<Findings {counts} tokens={self.tokens} usd={usd}>"

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that the API would reject."""
        return tuple(finding for finding in self.all if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that the API would accept."""
        return tuple(finding for finding in self.all if finding.severity == "warning")

    @property
    def counts(self) -> Counter[tuple[Severity, str]]:
        """Number of findings by severity and rule, in the order in which they first appear."""
        return self.all.totals if isinstance(self.all, Spool) else count_findings(self.all)

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return all(severity != "error" for severity, _ in self.counts)

    @property
    def tokens(self) -> int:
        """Visual tokens of all images that could be measured."""
        return self._image_totals["tokens"]

    @property
    def unmeasured(self) -> int:
        """Number of images that could not be measured; their tokens are not included."""
        return self._image_totals["unmeasured"]

    @property
    def _image_totals(self) -> Counter[str]:
        return self.images.totals if isinstance(self.images, Spool) else count_images(self.images)

    def first(self, most: int) -> dict[tuple[Severity, str], list[Finding]]:
        """Return the first findings of each severity and rule, in the order of `counts`.

        Args:
            most: Maximum number per severity and rule.
        """
        missing = {key: min(count, most) for key, count in self.counts.items()}
        first: dict[tuple[Severity, str], list[Finding]] = {key: [] for key in missing}
        for finding in self.all.among(missing) if isinstance(self.all, Spool) else self.all:
            key = finding.severity, finding.rule
            if key in missing:
                first[key].append(finding)
                if len(first[key]) == missing[key]:
                    del missing[key]
                    if not missing:
                        break
        return first

    def rows(self) -> Iterator[Row]:
        """Yield one row per finding.

        Yields:
            Values in the order of `imgcost.tabular.CHECK.columns`.
        """
        for finding in self.all:
            values = finding.to_dict()
            sources = " ".join(dict.fromkeys(source["url"] for source in values["sources"]))
            yield from CHECK.rows([values | {"sources": sources}])

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame; see `imgcost.tabular.Schema.frame`. It needs pandas."""
        return CHECK.frame(self.rows())

    def _repr_html_(self) -> str:
        errors, warnings = plural(len(self.errors), "error"), plural(len(self.warnings), "warning")
        caption = f"{errors}, {warnings} in {plural(len(self.images), 'image')}"
        shown = islice(self.all, HTML_ROWS)
        rows = [(finding.severity, finding.rule, finding.location, finding.message) for finding in shown]
        table = html_table(caption, ("severity", "rule", "location", "message"), rows)
        counts = [(rule, count, number(count)) for (_, rule), count in self.counts.items()]
        return table + bar_chart("Findings by rule", counts)

    def to_dict(self, *, everything: bool = True) -> dict[str, Any]:
        """Return what `imgcost check -f json` prints: plain values, dollars as exact decimal text.

        Args:
            everything: Whether all findings and images are listed; otherwise they are only counted.

        Returns:
            A new dictionary for `json.dumps`.
        """
        errors = sum(count for (severity, _), count in self.counts.items() if severity == "error")
        report: dict[str, Any] = {
            "schema": "imgcost.check/2",
            "platform": self.platform,
            "as_of": self.as_of.isoformat(),
            "models": list(self.models),
            "ok": not errors,
            "errors": errors,
            "warnings": len(self.all) - errors,
            "tokens": self.tokens,
            "unmeasured": self.unmeasured,
            "pages": self.pages,
            "input_usd": None if self.input_usd is None else f"{self.input_usd:f}",
            "upper_usd": None if self.upper_usd is None else f"{self.upper_usd:f}",
            "measured_usd": f"{self.measured_usd:f}",
            "unknown": [text.encode(errors="backslashreplace").decode() for text in self.unknown],
            "notes": [note.encode(errors="backslashreplace").decode() for note in self.notes],
            "turns": [turn.to_dict() for turn in self.turns],
        }
        if everything:
            report["findings"] = [finding.to_dict() for finding in self.all]
            report["images"] = [image.to_dict() for image in self.images]
        return report

    def raise_for_errors(self) -> None:
        """Raise if there are errors; do nothing if `ok`.

        Raises:
            PreflightError: The API would reject something; the message lists the first errors.
        """
        if not self.ok:
            raise PreflightError(self)


class PreflightError(ImgcostError, ValueError):
    """A request or an image would be rejected by the API.

    Attributes:
        findings: All findings, errors and warnings.
    """

    def __init__(self, findings: Findings) -> None:
        """List the first errors, one per line, and count the others."""
        lines = [f"{error.location}: {error.message} [{error.rule}]" for error in findings.errors[:_SHOWN]]
        if more := len(findings.errors) - len(lines):
            lines.append(f"and {more} more")
        super().__init__("the API would reject this:\n" + "\n".join(lines))
        self.findings = findings
