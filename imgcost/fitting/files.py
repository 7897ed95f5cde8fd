"""What became of one file of a run, and the sums over all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imgcost.figures import dollars, number, plural
from imgcost.notebooks import html_table
from imgcost.paths import escape_path
from imgcost.prices import exact_usd
from imgcost.tabular import FIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from imgcost.acceptance import LimitName
    from imgcost.quoting import Quote
    from imgcost.tabular import Row

__all__ = ["WITH_COPY", "FitStatus", "FitSummary", "FitTotals", "FittedFile", "fit_rows"]

FitStatus: TypeAlias = Literal["fitted", "copied", "linked", "skipped", "exists", "failed", "ignored"]
"""What became of a file.

- `fitted`: resized or converted
- `copied`, `linked`, `skipped`: accepted and fits, so it is unchanged: copied, hard-linked, or left where it is
- `exists`: its copy existed, and was kept
- `failed`: no copy was written; `reason` says why
- `ignored`: neither its content nor its file extension is that of an image
"""


class FittedFile(NamedTuple):
    """What became of one file. In a dry run, what would become of it.

    Attributes:
        path: The file.
        status: What became of it.
        output: The copy, or the file itself if it was skipped; None if there is none, or its name depends on pixels.
        media_type: Format of the file, such as `image/tiff`.
        width: Width as stored, px.
        height: Height as stored, px.
        file_bytes: Size of the file, bytes.
        tokens: Visual tokens that the file costs, or would cost if it was accepted.
        rejected: The limit by which the API would reject the file as it is; None if it would be accepted.
        output_media_type: Format of the copy; None in a dry run if it depends on pixels.
        output_width: Width of the copy, px.
        output_height: Height of the copy, px.
        output_bytes: Size of the copy, bytes; None in a dry run if it is fitted, because it is unknown until then.
        output_tokens: Visual tokens that the copy costs.
        saved_usd: Dollars that the copy saves each time that it is sent, exact.
        quality: Quality of a lossy copy; None if it is lossless or unchanged.
        problem: A slug for why there is no copy, such as `damaged`; `outdated` if the existing copy is older than the
            file; `not-smaller` if the image is unchanged because a resized copy would have more bytes; `if-smaller` if
            it is resized unless that is so, which a dry run does not know; otherwise None.
        reason: The same as a sentence.
    """

    path: str
    status: FitStatus
    output: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    file_bytes: int | None = None
    tokens: int | None = None
    rejected: LimitName | None = None
    output_media_type: str | None = None
    output_width: int | None = None
    output_height: int | None = None
    output_bytes: int | None = None
    output_tokens: int | None = None
    saved_usd: Decimal | None = None
    quality: int | None = None
    problem: str | None = None
    reason: str | None = None

    def failed(self, problem: str, reason: str) -> FittedFile:
        """Return the result for a file without a copy.

        >>> FittedFile("a.png", "fitted", "small/a.png", output_bytes=9).failed("output", "no").output_bytes
        """
        before = FittedFile(self.path, "failed", None, *self[3:9])
        return before._replace(problem=problem, reason=reason)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; dollars as exact decimal text, paths as `imgcost.escape_path` writes them."""
        fields = self._asdict()
        paths = {name: fields[name] and escape_path(fields[name]) for name in ("path", "output")}
        usd = None if self.saved_usd is None else f"{self.saved_usd:f}"
        return fields | paths | {"saved_usd": usd}


WITH_COPY: tuple[FitStatus, ...] = ("fitted", "copied", "linked", "skipped", "exists")
"""The statuses of files that have a copy, or need none."""


@dataclass(slots=True)
class FitTotals:
    """Sums over some files, before and after.

    Attributes:
        files: Number of files.
        tokens: Visual tokens before.
        output_tokens: Visual tokens after.
        file_bytes: Bytes before.
        output_bytes: Bytes after; None if some are unknown, as in a dry run.
    """

    files: int = 0
    tokens: int = 0
    output_tokens: int = 0
    file_bytes: int = 0
    output_bytes: int | None = 0

    def add(self, file: FittedFile) -> None:
        """Count a file; what it does not have counts as 0."""
        self.files += 1
        self.tokens += file.tokens or 0
        self.output_tokens += file.output_tokens or 0
        self.file_bytes += file.file_bytes or 0
        if self.output_bytes is not None:
            self.output_bytes = None if file.output_bytes is None else self.output_bytes + file.output_bytes


class FitSummary:
    """Sums over the files of a run.

    Attributes:
        quote: The quote whose tokens and prices apply.
        total: Sums over the files that have a copy, or were skipped because they fit.
        by_status: The same sums, and the number of other files, by status.
        rejected: Number of files with a copy that the API would reject as they are, by limit.
        problems: Number of files by `FittedFile.problem`, without ignored files.
    """

    def __init__(self, quote: Quote) -> None:
        """Start without files."""
        self.quote = quote
        self.total = FitTotals()
        self.by_status: dict[FitStatus, FitTotals] = {}
        self.rejected: Counter[LimitName] = Counter()
        self.problems: Counter[str] = Counter()

    def add(self, file: FittedFile) -> None:
        """Count a file."""
        self.by_status.setdefault(file.status, FitTotals()).add(file)
        if file.problem and file.status != "ignored":
            self.problems[file.problem] += 1
        if file.status in WITH_COPY:
            self.total.add(file)
            if file.rejected:
                self.rejected[file.rejected] += 1

    def files(self, status: FitStatus) -> int:
        """Return the number of files with a status."""
        return self.by_status[status].files if status in self.by_status else 0

    @property
    def saved_usd(self) -> Decimal:
        """Dollars that the copies save each time that all of them are sent, exact."""
        return self.quote.image_usd(self.total.tokens) - self.quote.image_usd(self.total.output_tokens)

    def __repr__(self) -> str:
        failed = self.files("failed")
        return f"<FitSummary images={self.total.files} saved={exact_usd(self.saved_usd)} failed={failed}>"

    def _repr_html_(self) -> str:
        columns = ("status", ">files", ">tokens before", ">tokens after")
        rows = [
            (status, *map(number, (totals.files, totals.tokens, totals.output_tokens)))
            for status, totals in self.by_status.items()
        ]
        caption = f"{plural(self.total.files, 'image')}, {dollars(self.saved_usd)} saved with {self.quote.model.id}"
        return html_table(caption, columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values with a schema version: the JSON of `imgcost fit -f json` without the files."""
        return {
            "schema": FIT.id,
            **self.quote.to_dict(),
            "total": asdict(self.total),
            "input_usd": f"{self.quote.image_usd(self.total.tokens):f}",
            "output_input_usd": f"{self.quote.image_usd(self.total.output_tokens):f}",
            "saved_usd": f"{self.saved_usd:f}",
            "by_status": {status: asdict(totals) for status, totals in self.by_status.items()},
            "rejected": dict(self.rejected),
            "problems": dict(self.problems),
        }


def fit_rows(files: Iterable[FittedFile], quote: Quote) -> Iterator[Row]:
    """Convert files to rows.

    Args:
        files: The files.
        quote: The quote whose tokens and prices apply.

    Yields:
        Values in the order of `FIT.columns`.
    """
    return FIT.rows(file.to_dict() | {"model": quote.model.id} for file in files)
