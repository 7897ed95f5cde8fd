"""Make images fit: accepted by the API, at the size that Claude sees, upright and in sRGB.

This is the only package that decodes and writes pixels. Pillow is imported when the first image has to be decoded.
"""

from __future__ import annotations

from imgcost.fitting.files import FitStatus, FitSummary, FittedFile
from imgcost.fitting.folders import FolderFit, fit_paths
from imgcost.fitting.images import fit, fit_with
from imgcost.fitting.options import FitOptions, OutputFormat, fit_options, target_size
from imgcost.fitting.results import Fitted, ImageChange
from imgcost.fitting.tasks import Unchanged

__all__ = [
    "FitOptions",
    "FitStatus",
    "FitSummary",
    "Fitted",
    "FittedFile",
    "FolderFit",
    "ImageChange",
    "OutputFormat",
    "Unchanged",
    "fit",
    "fit_options",
    "fit_paths",
    "fit_with",
    "target_size",
]
