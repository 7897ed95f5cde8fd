"""Make images fit: accepted by the API, at the size that Claude sees, upright and in sRGB.

This is the only package that decodes and writes pixels. Pillow is imported when the first image has to be decoded.
"""

from __future__ import annotations

from imgcost.fitting.blocks import image_block, image_blocks
from imgcost.fitting.images import Change, Fitted, fit, fit_with
from imgcost.fitting.options import FitOptions, OutputFormat, fit_options, target_size

__all__ = [
    "Change",
    "FitOptions",
    "Fitted",
    "OutputFormat",
    "fit",
    "fit_options",
    "fit_with",
    "image_block",
    "image_blocks",
    "target_size",
]
