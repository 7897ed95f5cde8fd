"""Templates of pages, filled in: whatever comes from outside is text. The only room that needs Jinja2."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import imgcost
from imgcost.errors import MissingExtraError

try:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup
except ImportError as error:
    raise MissingExtraError("writing an HTML page", "report") from error

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_markup", "read", "render"]


def render(template: str, script: str = "", **values: Any) -> str:
    """Fill in a template of this folder.

    The page may have our style and our script, known by their digests, and nothing else: nothing is fetched, and no
    script that a file name might bring is run.

    Args:
        template: Its file.
        script: What runs in the page.
        **values: What it shows.

    Returns:
        The page.
    """
    style = read("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(read))
    shared: Mapping[str, Any] = {
        "version": imgcost.__version__,
        "policy": f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        "style": as_markup(style),
        "script": as_markup(script),
    }
    return environment.get_template(template).render({**shared, **values})


def as_markup(text: str) -> Markup:
    """Take a text of ours as it is, without escapes."""
    return Markup(text)  # noqa: S704 - ours, as the caller warrants


def read(name: str) -> str:
    """Read a file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What the policy of a page calls a style or a script that it may have."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
