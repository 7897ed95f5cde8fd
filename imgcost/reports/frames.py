"""Rows as a pandas DataFrame, for those who ask for one. The only module that imports pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.files import scan
from imgcost.quotes import CacheTtl, InferenceGeo, quotes
from imgcost.reports.rows import scan_rows
from imgcost.tabular import SCAN

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

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
    """Audit files and folders into a DataFrame: one row an image and model, and one for each thing not counted.

    Args:
        *paths: Files and folders.
        model: A model's name or several; a family such as `sonnet` means its newest active model on that day.
        as_of: The day whose prices hold; today if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether the requests go through the Message Batches API.
        cache: `none`; or `5m` or `1h`, to price images as written to the prompt cache.
        inference_geo: `global` or `us`.
        platform: Where requests are sent; from the models' names if None, otherwise the Claude API.
        endpoint: `global` or `regional`; from the models' names if None.
        speed: `standard` or `fast`; from the models' names if None.
        follow_symlinks: Whether to enter links to folders.

    Returns:
        A frame with the columns of `imgcost.tabular.SCAN`, in the order of the scan. Paths are written as in all
        rows: `imgcost.unescape_path` gives the path of a file whose name is not UTF-8. Numbers are Int64 (px, bytes,
        visual tokens), `animated` and `downscaled` are boolean, `input_usd` holds exact Decimals, names are
        categories. A column that does not apply to a row is NA there, and None in `input_usd`.

    Raises:
        UnknownModelError: No table lists a model's name.
        ArgumentError: Something is not a path, or an option is of another kind or none of its choices.
        NoPriceError: A model had no such price on that day, or did not read images yet.
        ImgcostError: A model's resolution tier was never published.

    >>> frame = audit("data/samples/web", model="claude-sonnet-4-6")
    >>> frame[["width", "height", "tokens", "input_usd"]]
       width  height  tokens input_usd
    0    451     300     187  0.000561
    1    400     328     180  0.000540
    2    300     300     121  0.000363
    3     25      41       2  0.000006
    """
    asked = quotes(
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
    found = scan(*paths, follow_symlinks=follow_symlinks)
    rows = scan_rows((("", [one]) for one in found), asked)
    return SCAN.frame(rows)
