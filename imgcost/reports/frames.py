"""Rows as a pandas DataFrame, for those who ask for one. The only module that imports pandas."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from imgcost.estimates import terms
from imgcost.files import scan
from imgcost.reports.rows import COLUMNS, rows_of

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import date

    from imgcost.estimates import InferenceGeo
    from imgcost.geometry import Formula
    from imgcost.prices import Cache

__all__ = ["audit"]

_DTYPES = {
    "media_type": "category",
    "width": "Int64",
    "height": "Int64",
    "orientation": "Int64",
    "animated": "boolean",
    "file_bytes": "Int64",
    "model": "category",
    "tier": "category",
    "formula": "category",
    "tokens": "Int64",
    "downscaled": "boolean",
    "resized_width": "Int64",
    "resized_height": "Int64",
    "problem": "category",
}


def audit(
    *paths: str | os.PathLike[str],
    model: str | Sequence[str] = "sonnet",
    as_of: date | None = None,
    formula: Formula | None = None,
    batch: bool = False,
    cache: Cache = "none",
    inference_geo: InferenceGeo = "global",
    follow_symlinks: bool = False,
) -> pd.DataFrame:
    """Audit files and folders into a DataFrame: one row an image and model, and one for each thing not counted.

    Args:
        *paths: Files and folders.
        model: A model's name or several; a family such as `sonnet` means its newest active model on that day.
        as_of: The day whose prices hold; today if None.
        formula: `patch` or `area`, to override the model's own.
        batch: Whether the requests go through the Message Batches API.
        cache: What prompt caching does with the images: `none`, `write-5m`, `write-1h` or `read`.
        inference_geo: `global`, or `us`.
        follow_symlinks: Whether to enter links to folders.

    Returns:
        A frame with the columns of `imgcost.reports.COLUMNS`, in the order of the scan. Numbers are Int64 (px, bytes,
        visual tokens), `animated` and `downscaled` are boolean, `input_usd` holds exact Decimals, names are
        categories. A column that does not apply to a row is NA there, and None in `input_usd`.

    Raises:
        UnknownModelError: No table lists a model's name.
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
    conditions = {"formula": formula, "batch": batch, "cache": cache, "inference_geo": inference_geo}
    names = [model] if isinstance(model, str) else model
    settled = [terms(name, as_of=as_of, **conditions) for name in names]  # type: ignore[arg-type] # checked by terms
    found = scan(*paths, follow_symlinks=follow_symlinks)
    rows = rows_of((("", [one]) for one in found), settled)
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(_DTYPES)
    exact = [Decimal(text) if isinstance(text, str) else None for text in frame["input_usd"]]
    frame["input_usd"] = pd.Series(exact, index=frame.index, dtype=object)
    return frame
