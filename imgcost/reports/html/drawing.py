"""From a figure to SVG that lives in a page: text stays text, colours become the page's own, nothing names a host."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from imgcost.errors import MissingExtraError

try:
    from matplotlib import style
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator
except ImportError as error:
    raise MissingExtraError("writing an HTML page", "report") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COLOURS", "FixedLocator", "drawing"]

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"

COLOURS = {name: f"#0000{number:02x}" for number, name in enumerate(("ink", "muted", "rule", "one", "two"), 1)}
"""Stand-ins: the page's CSS gives each its real colour, by light and by dark."""

_NAMES = {colour: name for name, colour in COLOURS.items()}
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a file name is a dollar
    "font.size": 11,
    "font.family": "sans-serif",
    "axes.edgecolor": COLOURS["rule"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.titlecolor": COLOURS["ink"],
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["rule"],
    "grid.linewidth": 0.6,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "legend.frameon": False,
}


class Drawing:
    """A figure, and its SVG once it is drawn.

    Attributes:
        figure: What to draw on.
        svg: The SVG element, as text; empty until the figure is done.
    """

    def __init__(self, name: str, size: tuple[float, float]) -> None:
        """Begin an empty figure."""
        self.name = name
        self.figure = Figure(figsize=size, layout="constrained")
        self.svg = ""


@contextmanager
def drawing(name: str, size: tuple[float, float], title: str, description: str) -> Iterator[Drawing]:
    """Draw a figure.

    Args:
        name: A word that is this figure's alone on the page.
        size: Width and height, in inches of 72 px.
        title: What it shows, for those who do not see it.
        description: What there is to see, likewise.

    Yields:
        The drawing; afterwards it has its SVG.
    """
    with style.context(["default", _SETTINGS | {"svg.hashsalt": name}]):
        found = Drawing(name, size)
        yield found
        with io.StringIO() as text:
            found.figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
            found.svg = _cleaned(text.getvalue(), name, title, description)


def _cleaned(text: str, name: str, title: str, description: str) -> str:
    root = ET.fromstring(text)  # noqa: S314 - matplotlib wrote it a moment ago
    for parent in root.iter():
        for child in list(parent):
            if child.tag in {f"{_SVG}style", f"{_SVG}metadata"}:
                parent.remove(child)
    used = {link.removeprefix("#") for one in root.iter() if (link := one.get(_LINK))}
    used |= {clip for one in root.iter() for clip in re.findall(r"url\(#(\w+)\)", one.get("clip-path", ""))}
    for one in root.iter():
        one.tag = one.tag.removeprefix(_SVG)
        _clean(one, name, used)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-text"}
    for place, (tag, words) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{name}-{'text' if place else 'title'}"})
        element.text = words
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode")


def _clean(one: ET.Element, name: str, used: set[str]) -> None:
    """One element: its style as attributes and classes, for the page allows no inline styles; ids that are its own."""
    identity = one.attrib.pop("id", "")
    if identity in used:
        one.set("id", f"{name}-{identity}")
    if link := one.attrib.pop(_LINK, None):
        one.set("href", f"#{name}-{link[1:]}")
    if clip := one.get("clip-path"):
        one.set("clip-path", clip.replace("#", f"#{name}-"))
    classes = []
    for declaration in filter(None, map(str.strip, one.attrib.pop("style", "").split(";"))):
        key, value = map(str.strip, declaration.split(":", 1))
        if value in _NAMES:
            classes.append(f"{key}-{_NAMES[value]}")
        elif key != "font" and not key.startswith("font-"):
            one.set(key, value)
    if classes:
        one.set("class", " ".join(classes))
    if one.text and not one.text.strip():
        one.text = None
    one.tail = None
