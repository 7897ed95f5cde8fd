"""Scan files into a pandas DataFrame. The only module that imports pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.files import scan
from imgcost.quoting import quotes
from imgcost.reports.rows import scan_rows
from imgcost.tabular import SCAN

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from imgcost.conditions import CacheTtl, InferenceGeo
    from imgcost.geometry import Formula
    from imgcost.tables import Endpoint, Platform, Speed

__all__ = ["audit"]


def audit(
    *paths: str | os.PathLike[str],
    model: str | Sequence[str] = "sonnet",
    as_of: date | None = None,
    formula: Formula | None = None,
    batch: bool = False,
    cache: CacheTtl = "none",
    inference_geo: InferenceGeo = "global",
    platform: Platform | None = None,
    endpoint: Endpoint | None = None,
    speed: Speed | None = None,
    follow_symlinks: bool = False,
) -> pd.DataFrame:
    """Scan files and folders into a DataFrame: one row per image and model, and one per file that could not be counted.

    Args:
        *paths: Files and folders.
        model: The name of a model, or several; a family such as `sonnet` selects its newest active model on that date.
        as_of: The date of the prices; today if None.
        formula: `patch` or `area`, to override the formula of the model.
        batch: Whether requests use the Message Batches API.
        cache: `none`; or `5m` or `1h`, to price images as written to the prompt cache.
        inference_geo: `global` or `us`.
        platform: Where requests are sent; if None, read from the names of the models, else the Claude API.
        endpoint: `global` or `regional`; read from the names of the models if None.
        speed: `standard` or `fast`; read from the names of the models if None.
        follow_symlinks: Whether to follow symbolic links to folders.

    Returns:
        A frame with the columns of `imgcost.tabular.SCAN`, in the order of the scan. Paths that are not UTF-8 are
        escaped; `imgcost.unescape_path` restores them. Numbers are Int64 (px, bytes, visual tokens), `animated` and
        `downscaled` are boolean, `input_usd` has exact Decimals, names are categories. Values that do not apply to a
        row are NA, and None in `input_usd`.

    Raises:
        UnknownModelError: A model name is not known.
        ArgumentError: An argument is not a path, or an option has an invalid value.
        NoPriceError: A model had no such price on that date, or did not read images yet.
        ImgcostError: The resolution tier of a model was never published.

    >>> frame = audit("data/samples/web", model="claude-sonnet-4-6")
    >>> frame[["width", "height", "tokens", "input_usd"]]
       width  height  tokens input_usd
    0    451     300     187  0.000561
    1    400     328     180  0.000540
    2    300     300     121  0.000363
    3     25      41       2  0.000006
    """
    priced = quotes(
        model,
        formula=formula,
        as_of=as_of,
        batch=batch,
        cache=cache,
        inference_geo=inference_geo,
        platform=platform,
        endpoint=endpoint,
        speed=speed,
    )
    files = scan(*paths, follow_symlinks=follow_symlinks)
    return SCAN.frame(scan_rows((("", [file]) for file in files), priced))
