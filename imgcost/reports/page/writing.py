"""The page itself: one file, written when the scan has ended. The only room that needs Jinja2."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import imgcost
from imgcost.errors import MissingExtraError

try:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup
except ImportError as error:
    raise MissingExtraError("writing an HTML page", "report") from error

from imgcost.formats import number
from imgcost.formats.scans import file_size, plural
from imgcost.reports.page.cells import Grid, usd_of
from imgcost.reports.page.gathering import gather
from imgcost.reports.page.models import compare
from imgcost.reports.page.sections import model_grid, notes_of, sections_of
from imgcost.reports.page.settings import settings
from imgcost.tallies import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.estimates import Terms
    from imgcost.reports.page.gathering import Gathered

__all__ = ["PageWriter"]


class PageWriter:
    """Adds up what the scan found; the page is there once it is closed."""

    def __init__(self, path: str, settled: Sequence[Terms]) -> None:
        """Begin the file: one that cannot be written is known before the scan."""
        self._file = Path(path).open("wb")  # noqa: SIM115 - closed by close
        self._settled = tuple(settled)
        self._found = gather([], settled)

    def write(self, encoded: Gathered) -> None:
        """Add a part of the scan."""
        self._found.merge(encoded)

    def close(self) -> None:
        """Write the page."""
        with self._file:
            self._file.write(_page(self._found, self._settled).encode())


def _page(found: Gathered, settled: tuple[Terms, ...]) -> str:
    first, compared, tally = settled[0], compare(settled), found.tally
    tokens, downscaled = tally.tokens(Measure.of(first)), tally.downscaled_by(Measure.of(first))
    data = settings(found, compared, first.as_of)
    style, script = _read("page.css"), _read("page.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_read("page.html.j2")).render(
        version=imgcost.__version__,
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        data=Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")),  # noqa: S704 - it has no markup
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


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What the policy of the page calls a style or a script that it may have."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
