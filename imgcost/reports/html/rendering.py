"""Render the templates of pages; all text is escaped. The only module that needs Jinja2."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from imgcost.errors import MissingExtraError
from imgcost.figures import dollars, number, plural
from imgcost.prices import exact_usd
from imgcost.text import visible
from imgcost.version import __version__

try:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup
except ImportError as error:
    raise MissingExtraError("writing an HTML page", "report") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.text import Report

__all__ = ["Cell", "Grid", "render", "report_page", "shortened"]

MAX_CHARACTERS = 240
"""Maximum number of characters in a cell; longer texts are shortened in the middle."""

Cell: TypeAlias = str | int | Decimal
"""Text, a count, or US dollars, which are shown rounded, with all digits in a tooltip."""


class Grid(NamedTuple):
    """A table of a page; `imgcost.text.Table` has the same attributes.

    Attributes:
        title: Its caption.
        columns: The heads of its columns; one that begins with `>` is aligned to the right.
        rows: Cells; the first of each names the row.
        bars: A number per row, drawn as a bar; or nothing.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    bars: Sequence[int] = ()


def report_page(report: Report, title: str) -> bytes:
    """Write the report of a command as a page.

    Args:
        report: The report.
        title: The title of the page.

    Returns:
        HTML, UTF-8.
    """
    return render("report.html.j2", title=title, tables=report.tables, notes=report.notes)


def render(template: str, scripts: Sequence[str] = (), **values: Any) -> bytes:
    """Render a template of this folder.

    The policy of the page allows only its own style and script, by digest: nothing is fetched, and a script in a file
    name does not run.

    Args:
        template: Its file name.
        scripts: The file names of the page's scripts, which run as one.
        **values: What the page shows.

    Returns:
        HTML, UTF-8.
    """
    style, code = _read("page.css"), "".join(map(_read, scripts))
    if code:
        code = f'"use strict";\n{{\n{code}}}\n'
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_read))
    environment.filters |= {"dollars": dollars, "exact_usd": exact_usd, "number": number, "shortened": shortened}
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(code)}'; "
    page = environment.get_template(template).render(
        version=__version__,
        policy=f"{policy}base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(code),  # noqa: S704 - a file of this package
        **values,
    )
    return page.encode()


def shortened(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    r"""Escape invisible characters, and shorten a long text in its middle.

    >>> shortened("a\n.png"), shortened("a" * 40_000, 12)
    ('a\\n.png', 'aaa…aaaaaaaa (40,000 characters)')
    """
    shown = visible(text)
    if len(shown) <= max_characters:
        return shown
    head = max_characters // 4
    return (
        f"{shown[:head]}\N{HORIZONTAL ELLIPSIS}{shown[head - max_characters + 1 :]} ({plural(len(text), 'character')})"
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return the digest of a style or script for a policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
