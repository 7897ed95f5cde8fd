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
    from imgcost.arguments import Dollars
    from imgcost.errors import ImgcostError
    from imgcost.estimates import Estimate, InferenceGeo, Terms, estimate
    from imgcost.files import Image, ImageSource, Unreadable, read_header, scan
    from imgcost.geometry import Formula, Tier
    from imgcost.headers import Header
    from imgcost.paths import escape_path, unescape_path
    from imgcost.plans import (
        CacheTtl,
        Costs,
        Endpoint,
        ModelPlan,
        Plan,
        Rejected,
        Repeated,
        Request,
        Scenario,
        Variant,
        plan,
    )
    from imgcost.preflight import CheckedImage, Findings, Imagelike, check_batch, check_images, check_request
    from imgcost.prices import Cache, Rates, TokenCounts
    from imgcost.reports.frames import audit
    from imgcost.rules import Finding, Severity
    from imgcost.tables import Model, Platform, Source, Status

__version__ = "2026.11.0"

__all__ = [
    "Cache",
    "CacheTtl",
    "CheckedImage",
    "Costs",
    "Dollars",
    "Endpoint",
    "Estimate",
    "Finding",
    "Findings",
    "Formula",
    "Header",
    "Image",
    "ImageSource",
    "Imagelike",
    "ImgcostError",
    "InferenceGeo",
    "Model",
    "ModelPlan",
    "Plan",
    "Platform",
    "Rates",
    "Rejected",
    "Repeated",
    "Request",
    "Scenario",
    "Severity",
    "Source",
    "Status",
    "Terms",
    "Tier",
    "TokenCounts",
    "Unreadable",
    "Variant",
    "__version__",
    "arrays",
    "audit",
    "check_batch",
    "check_images",
    "check_request",
    "errors",
    "escape_path",
    "estimate",
    "geometry",
    "plan",
    "read_header",
    "scan",
    "tables",
    "unescape_path",
]

_MODULES = {
    "Cache": "prices",
    "CacheTtl": "plans",
    "CheckedImage": "preflight",
    "Costs": "plans",
    "Dollars": "arguments",
    "Endpoint": "plans",
    "Estimate": "estimates",
    "Finding": "rules",
    "Findings": "preflight",
    "Formula": "geometry",
    "Header": "headers",
    "Image": "files",
    "ImageSource": "files",
    "Imagelike": "preflight",
    "ImgcostError": "errors",
    "InferenceGeo": "estimates",
    "Model": "tables",
    "ModelPlan": "plans",
    "Plan": "plans",
    "Platform": "tables",
    "Rates": "prices",
    "Rejected": "plans",
    "Repeated": "plans",
    "Request": "plans",
    "Scenario": "plans",
    "Severity": "rules",
    "Source": "tables",
    "Status": "tables",
    "Terms": "estimates",
    "Tier": "geometry",
    "TokenCounts": "prices",
    "Unreadable": "files",
    "Variant": "plans",
    "audit": "reports.frames",
    "check_batch": "preflight",
    "check_images": "preflight",
    "check_request": "preflight",
    "escape_path": "paths",
    "estimate": "estimates",
    "plan": "plans",
    "read_header": "files",
    "scan": "files",
    "unescape_path": "paths",
}
"""Where each public name is defined."""

if not TYPE_CHECKING:  # a type checker that saw this function would accept any name, misspelled ones too

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        if name in _MODULES:
            return getattr(import_module(f"imgcost.{_MODULES[name]}"), name)
        if name in __all__:
            return import_module(f"imgcost.{name}")
        raise AttributeError(f"module 'imgcost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
