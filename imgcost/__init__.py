"""imgcost: what images will cost with Claude, before they are sent.

What is named here is the public library; each name is imported when it is first used, so that `import imgcost` costs
next to nothing and loads neither numpy nor pandas nor Pillow.

>>> import imgcost
>>> imgcost.estimate(1920, 1080, model="claude-sonnet-4-6").tokens
1560
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgcost import arrays, errors, geometry, tables
    from imgcost.errors import ImgcostError
    from imgcost.estimates import Estimate, estimate
    from imgcost.files import Image, Unreadable, scan
    from imgcost.headers import Header, read_header
    from imgcost.plans import Plan, Repeated, plan
    from imgcost.preflight import Findings, check_batch, check_images, check_request
    from imgcost.reports.frames import audit

__version__ = "2026.11.0"

__all__ = [
    "Estimate",
    "Findings",
    "Header",
    "Image",
    "ImgcostError",
    "Plan",
    "Repeated",
    "Unreadable",
    "__version__",
    "arrays",
    "audit",
    "check_batch",
    "check_images",
    "check_request",
    "errors",
    "estimate",
    "geometry",
    "plan",
    "read_header",
    "scan",
    "tables",
]

_ROOMS = {
    "Estimate": "estimates",
    "Findings": "preflight",
    "Header": "headers",
    "Image": "files",
    "ImgcostError": "errors",
    "Plan": "plans",
    "Repeated": "plans",
    "Unreadable": "files",
    "audit": "reports.frames",
    "check_batch": "preflight",
    "check_images": "preflight",
    "check_request": "preflight",
    "estimate": "estimates",
    "plan": "plans",
    "read_header": "headers",
    "scan": "files",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name in _ROOMS:
        return getattr(import_module(f"imgcost.{_ROOMS[name]}"), name)
    if name in __all__:
        return import_module(f"imgcost.{name}")
    raise AttributeError(f"module 'imgcost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
