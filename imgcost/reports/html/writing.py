"""The page of a scan: one file, written when the scan has ended."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from imgcost.figures import number
from imgcost.reports.html.cells import Grid, usd_of
from imgcost.reports.html.gathering import gather
from imgcost.reports.html.models import compare
from imgcost.reports.html.sections import model_grid, notes_of, sections_of
from imgcost.reports.html.settings import settings
from imgcost.reports.html.templates import as_markup, read, render
from imgcost.summaries import Measure
from imgcost.text import plural
from imgcost.text.scans import file_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.estimates import Terms
    from imgcost.reports.html.gathering import Gathered
    from imgcost.reports.rows import Progress

__all__ = ["PageWriter"]


class PageWriter:
    """Adds up what the scan found; the page is there once it is closed."""

    def __init__(
        self, file: IO[bytes], settled: Sequence[Terms], progress: Progress = lambda _done, _total: None
    ) -> None:
        """Begin with an open file."""
        self._file = file
        self._settled = tuple(settled)
        self._found = gather([], settled)
        self._progress = progress

    def write(self, encoded: Gathered) -> None:
        """Add a part of the scan."""
        self._found.merge(encoded)

    def close(self, *, whole: bool = True) -> None:
        """Write the page, if the scan has reached its end."""
        if whole:
            self._progress(0, 1)
            self._file.write(_page(self._found, self._settled).encode())


def _page(found: Gathered, settled: tuple[Terms, ...]) -> str:
    first, compared, tally = settled[0], compare(settled), found.tally
    tokens, downscaled = tally.tokens(Measure.of(first)), tally.downscaled_by(Measure.of(first))
    data = settings(found, compared, first.as_of)
    return render(
        "page.html.j2",
        script=read("page.js"),
        # What may stand in a script: no name of a file can end it.
        data=as_markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")),
        title=f"{plural(tally.images, 'image')}, {file_size(tally.file_bytes)}",
        day=first.as_of,
        model=first.model.id,
        conditions=f" ({', '.join(first.conditions)})" if first.conditions else "",
        figures=[
            ("Cost as input", usd_of(first.cost_usd(tokens))),
            ("Visual tokens", number(tokens)),
            ("Downscaled", number(downscaled)),
            ("Rejected or unreadable", number(len(tally.unreadable) + found.rejected)),
        ],
        models=model_grid(tally, compared),
        options=[one.model.id for one in compared],
        most=data["most"],
        classes=Grid("By class of token", ("class", ">tokens", ">cost"), [(name, "", "") for name in _CLASSES]),
        sections=sections_of(found, first),
        notes=notes_of(tally, first),
    )


_CLASSES = ("Input", "Output", "Cache write, 5 minutes", "Cache write, 1 hour", "Cache read")
"""The rows that `page.js` fills, in its order."""
