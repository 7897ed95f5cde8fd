"""What a check has found, and what it has measured on the way."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.notebooks import html_table
from imgcost.paths import escape_path
from imgcost.preflight.spools import Spool
from imgcost.prices import exact_usd
from imgcost.tabular import CHECK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pandas as pd

    from imgcost.preflight.sessions import TurnCost
    from imgcost.rules import Finding
    from imgcost.tables import Platform
    from imgcost.tabular import Row

HTML_ROWS = 50
"""How many findings a notebook shows."""

_SHOWN = 10
"""How many errors the message of a `PreflightError` lists."""

__all__ = ["CheckedImage", "Findings", "PreflightError", "Spools"]


class CheckedImage(NamedTuple):
    """An image that was checked.

    Attributes:
        location: Where it stands: in the request, or on the disk.
        media_type: By its bytes; None where it could not be read.
        width: As stored, px; None likewise.
        height: As stored, px; None likewise.
        resized_width: What Claude sees, px; None likewise, and where the model's tier is not known.
        resized_height: What Claude sees, px; None likewise.
        tokens: Visual tokens; None likewise.
    """

    location: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None
    tokens: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return an entry of what `imgcost check -f json` prints."""
        return self._asdict() | {"location": escape_path(self.location)}


class Spools(NamedTuple):
    """Where a check keeps what it finds, if that may be more than fits memory.

    Attributes:
        found: Findings.
        images: Images.
    """

    found: Spool[Finding]
    images: Spool[CheckedImage]

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Spools]:
        """Keep them as long as the context lasts."""
        spools = cls(Spool(), Spool())
        with closing(spools.found), closing(spools.images):
            yield spools


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """What a check has found. Findings of the same values are equal.

    Attributes:
        found: All findings, in the order of what was checked; a tuple, unless a check of files keeps them on disk.
        images: Every image, in its order, with its size and tokens where they could be measured.
        input_usd: What images and pages of PDFs cost at least as input, at the price of the model, or at that of a
            batch where a batch was checked: US dollars, exact; None where a part of it is not known. What cannot be
            read costs nothing, because the API rejects it; text is not included.
        platform: Where it was to be sent.
        as_of: The day whose limits hold.
        measured_usd: What is known of `input_usd`, US dollars.
        unknown: What has a cost that is not known, in sentences: images from URLs, unknown models.
        notes: How requests were read, and what was assumed about the price, in sentences.
        upper_usd: What they cost at most: with full pages of text in PDFs, and at the long-context price wherever the
            text of a request may lead to it. None where a part of it is not known.
        pages: How many pages of PDFs were counted and priced.
        turns: For transcripts, what the images of each turn have cost so far.
    """

    found: tuple[Finding, ...] | Spool[Finding]
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

    def __repr__(self) -> str:
        usd = "unknown" if self.input_usd is None else exact_usd(self.input_usd)
        counts = f"errors={len(self.errors)} warnings={len(self.warnings)} images={len(self.images)}"
        return f"<Findings {counts} tokens={self.tokens} usd={usd}>"

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What the API would reject."""
        return tuple(one for one in self.found if one.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What it would accept, and is worth knowing."""
        return tuple(one for one in self.found if one.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether nothing would be rejected, as far as it can be foreseen."""
        return all(one.severity != "error" for one in self.found)

    @property
    def tokens(self) -> int:
        """Visual tokens of all images that could be measured."""
        return sum(image.tokens or 0 for image in self.images)

    @property
    def unmeasured(self) -> int:
        """How many images could not be measured; they are in no sum."""
        return sum(image.tokens is None for image in self.images)

    def rows(self) -> Iterator[Row]:
        """Give one row per finding.

        Yields:
            Values in the order of `imgcost.tabular.CHECK.columns`.
        """
        for one in self.found:
            entry = one.to_dict()
            sources = " ".join(dict.fromkeys(source["url"] for source in entry["sources"]))
            yield from CHECK.rows([entry | {"sources": sources}])

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame; see `imgcost.tabular.Schema.frame`. It needs pandas."""
        return CHECK.frame(self.rows())

    def _repr_html_(self) -> str:
        errors, warnings = plural(len(self.errors), "error"), plural(len(self.warnings), "warning")
        caption = f"{errors}, {warnings} in {plural(len(self.images), 'image')}"
        rows = [(one.severity, one.rule, one.location, one.message) for one in islice(self.found, HTML_ROWS)]
        return html_table(caption, ("severity", "rule", "location", "message"), rows)

    def to_dict(self, *, everything: bool = True) -> dict[str, Any]:
        """Return what `imgcost check -f json` prints: plain values, dollars as exact decimal text.

        Args:
            everything: Whether every finding and every image is listed; otherwise they are only counted.

        Returns:
            A new dictionary, which `json.dumps` takes.
        """
        errors = sum(one.severity == "error" for one in self.found)
        found: dict[str, Any] = {
            "schema": "imgcost.check/2",
            "platform": self.platform,
            "as_of": self.as_of.isoformat(),
            "ok": not errors,
            "errors": errors,
            "warnings": len(self.found) - errors,
            "tokens": self.tokens,
            "unmeasured": self.unmeasured,
            "pages": self.pages,
            "input_usd": None if self.input_usd is None else f"{self.input_usd:f}",
            "upper_usd": None if self.upper_usd is None else f"{self.upper_usd:f}",
            "measured_usd": f"{self.measured_usd:f}",
            "unknown": [one.encode(errors="backslashreplace").decode() for one in self.unknown],
            "notes": [one.encode(errors="backslashreplace").decode() for one in self.notes],
            "turns": [turn.to_dict() for turn in self.turns],
        }
        if everything:
            found["findings"] = [one.to_dict() for one in self.found]
            found["images"] = [image.to_dict() for image in self.images]
        return found

    def raise_for_errors(self) -> None:
        """Do nothing where `ok`.

        Raises:
            PreflightError: Something would be rejected; the message names the first errors.
        """
        if not self.ok:
            raise PreflightError(self)


class PreflightError(ImgcostError, ValueError):
    """A request or an image would be rejected by the API.

    Attributes:
        findings: All findings, errors and warnings.
    """

    def __init__(self, findings: Findings) -> None:
        """List the first errors, one per line, and the number of the others."""
        lines = [f"{error.location}: {error.message} [{error.rule}]" for error in findings.errors[:_SHOWN]]
        if more := len(findings.errors) - len(lines):
            lines.append(f"and {more} more")
        super().__init__("the API would reject this:\n" + "\n".join(lines))
        self.findings = findings
