"""Know what your images will cost with Claude before you send them.

These names are the public API. Each is imported on first use, so `import imgcost` is fast and loads neither numpy nor
pandas nor Pillow.

>>> import imgcost
>>> imgcost.estimate(1920, 1080, model="claude-sonnet-4-6").tokens
1560
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgcost.version import __version__

if TYPE_CHECKING:
    from imgcost import arrays, errors, geometry, tables
    from imgcost.acceptance import Breach, LimitName, Reason
    from imgcost.arguments import Dollars
    from imgcost.conditions import CacheTtl, Conditions, InferenceGeo
    from imgcost.datasets.costs import image_costs
    from imgcost.errors import BudgetError, FitError, ImgcostError
    from imgcost.estimates import Estimate, estimate
    from imgcost.files import Image, ImageSource, StoreSettings, Transfer, Unreadable, Walk, read_header, scan
    from imgcost.fitting import (
        FitFailure,
        FitStatus,
        FitSummary,
        Fitted,
        FittedDocument,
        FittedFile,
        FittedRequest,
        ImageChange,
        OutputFormat,
        RequestChange,
        Unchanged,
        fit,
        fit_paths,
        fit_request,
        fit_request_file,
        image_block,
        image_blocks,
    )
    from imgcost.geometry import Formula, Tier
    from imgcost.headers import Header
    from imgcost.integrations.calls import CallRecord, CallSummary
    from imgcost.integrations.middleware import Preflight
    from imgcost.paths import escape_path, unescape_path
    from imgcost.pipeline import summarize
    from imgcost.plans import Costs, ModelPlan, Plan, PlannedRequest, Rejected, Repeated, Scenario, Variant, plan
    from imgcost.preflight import (
        CheckedImage,
        Findings,
        Imagelike,
        PreflightError,
        TurnCost,
        check_batch,
        check_images,
        check_request,
    )
    from imgcost.prices import Rates, Usage
    from imgcost.prompts import text_tokens
    from imgcost.quantities import parse_count, parse_size
    from imgcost.quoting import Factor, Overhead, Quote, TokenRule, quotes
    from imgcost.reports.frames import audit
    from imgcost.rules import Finding, Severity
    from imgcost.summaries import ExcludedRows, ScanSummary
    from imgcost.tables import (
        Endpoint,
        Limits,
        Measured,
        Model,
        MultiplierName,
        Platform,
        PriceRow,
        Source,
        Speed,
        Status,
    )
    from imgcost.tabular import Row

__all__ = [
    "Breach",
    "BudgetError",
    "CacheTtl",
    "CallRecord",
    "CallSummary",
    "CheckedImage",
    "Conditions",
    "Costs",
    "Dollars",
    "Endpoint",
    "Estimate",
    "ExcludedRows",
    "Factor",
    "Finding",
    "Findings",
    "FitError",
    "FitFailure",
    "FitStatus",
    "FitSummary",
    "Fitted",
    "FittedDocument",
    "FittedFile",
    "FittedRequest",
    "Formula",
    "Header",
    "Image",
    "ImageChange",
    "ImageSource",
    "Imagelike",
    "ImgcostError",
    "InferenceGeo",
    "LimitName",
    "Limits",
    "Measured",
    "Model",
    "ModelPlan",
    "MultiplierName",
    "OutputFormat",
    "Overhead",
    "Plan",
    "PlannedRequest",
    "Platform",
    "Preflight",
    "PreflightError",
    "PriceRow",
    "Quote",
    "Rates",
    "Reason",
    "Rejected",
    "Repeated",
    "RequestChange",
    "Row",
    "ScanSummary",
    "Scenario",
    "Severity",
    "Source",
    "Speed",
    "Status",
    "StoreSettings",
    "Tier",
    "TokenRule",
    "Transfer",
    "TurnCost",
    "Unchanged",
    "Unreadable",
    "Usage",
    "Variant",
    "Walk",
    "__version__",
    "arrays",
    "audit",
    "check_batch",
    "check_images",
    "check_request",
    "errors",
    "escape_path",
    "estimate",
    "fit",
    "fit_paths",
    "fit_request",
    "fit_request_file",
    "geometry",
    "image_block",
    "image_blocks",
    "image_costs",
    "parse_count",
    "parse_size",
    "plan",
    "quotes",
    "read_header",
    "scan",
    "summarize",
    "tables",
    "text_tokens",
    "unescape_path",
]

_MODULES = {
    "Breach": "acceptance",
    "BudgetError": "errors",
    "CacheTtl": "conditions",
    "CallRecord": "integrations.calls",
    "CallSummary": "integrations.calls",
    "CheckedImage": "preflight",
    "Conditions": "conditions",
    "Costs": "plans",
    "Dollars": "arguments",
    "Endpoint": "tables",
    "Estimate": "estimates",
    "ExcludedRows": "summaries",
    "Factor": "quoting",
    "Finding": "rules",
    "Findings": "preflight",
    "FitFailure": "fitting",
    "FitError": "errors",
    "FitStatus": "fitting",
    "FitSummary": "fitting",
    "Fitted": "fitting",
    "FittedDocument": "fitting",
    "FittedRequest": "fitting",
    "FittedFile": "fitting",
    "Formula": "geometry",
    "Header": "headers",
    "Image": "files",
    "ImageChange": "fitting",
    "ImageSource": "files",
    "Imagelike": "preflight",
    "ImgcostError": "errors",
    "InferenceGeo": "conditions",
    "LimitName": "acceptance",
    "Limits": "tables",
    "Measured": "tables",
    "Model": "tables",
    "ModelPlan": "plans",
    "MultiplierName": "tables",
    "OutputFormat": "fitting",
    "Overhead": "quoting",
    "Plan": "plans",
    "Platform": "tables",
    "Preflight": "integrations.middleware",
    "PreflightError": "preflight",
    "PriceRow": "tables",
    "Quote": "quoting",
    "Rates": "prices",
    "Reason": "acceptance",
    "Rejected": "plans",
    "RequestChange": "fitting",
    "Repeated": "plans",
    "PlannedRequest": "plans",
    "Row": "tabular",
    "ScanSummary": "summaries",
    "Scenario": "plans",
    "Severity": "rules",
    "Source": "tables",
    "Speed": "tables",
    "Status": "tables",
    "StoreSettings": "files",
    "Tier": "geometry",
    "Usage": "prices",
    "TokenRule": "quoting",
    "Transfer": "files",
    "TurnCost": "preflight",
    "Unchanged": "fitting",
    "Unreadable": "files",
    "Variant": "plans",
    "Walk": "files",
    "audit": "reports.frames",
    "check_batch": "preflight",
    "check_images": "preflight",
    "check_request": "preflight",
    "escape_path": "paths",
    "estimate": "estimates",
    "image_costs": "datasets.costs",
    "image_block": "fitting",
    "image_blocks": "fitting",
    "fit": "fitting",
    "fit_request": "fitting",
    "fit_request_file": "fitting",
    "fit_paths": "fitting",
    "parse_count": "quantities",
    "parse_size": "quantities",
    "plan": "plans",
    "quotes": "quoting",
    "read_header": "files",
    "scan": "files",
    "summarize": "pipeline",
    "text_tokens": "prompts",
    "unescape_path": "paths",
}
"""The module that defines each public name."""

if not TYPE_CHECKING:  # with `__getattr__` in sight, a type checker would accept misspelled names

    def __getattr__(name: str) -> Any:
        """Import a public name on first use."""
        if name in _MODULES:
            return getattr(import_module(f"imgcost.{_MODULES[name]}"), name)
        if name in __all__:
            return import_module(f"imgcost.{name}")
        raise AttributeError(f"module 'imgcost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
