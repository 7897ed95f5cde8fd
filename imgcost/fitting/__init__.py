"""Make images fit: accepted by the API, at the size that Claude sees, upright and in sRGB.

This is the only package that decodes and writes pixels. Pillow is imported when the first image has to be decoded.
"""

from __future__ import annotations

from imgcost.fitting.blocks import image_block, image_blocks
from imgcost.fitting.changes import FitFailure, RequestChange
from imgcost.fitting.files import FitStatus, FitSummary, FittedFile
from imgcost.fitting.folders import FolderFit, fit_paths
from imgcost.fitting.images import fit, fit_with
from imgcost.fitting.options import FitOptions, OutputFormat, fit_options, target_size
from imgcost.fitting.request_files import FittedDocument, fit_request_file
from imgcost.fitting.requests import FittedRequest, fit_request
from imgcost.fitting.results import Fitted, ImageChange
from imgcost.fitting.tasks import Unchanged

__all__ = [
    "FitFailure",
    "FitOptions",
    "FitStatus",
    "FitSummary",
    "Fitted",
    "FittedDocument",
    "FittedFile",
    "FittedRequest",
    "FolderFit",
    "ImageChange",
    "OutputFormat",
    "RequestChange",
    "Unchanged",
    "fit",
    "fit_options",
    "fit_paths",
    "fit_request",
    "fit_request_file",
    "fit_with",
    "image_block",
    "image_blocks",
    "target_size",
]
