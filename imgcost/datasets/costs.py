"""Tokens and dollars of record batches: Arrow in, Arrow out, for any engine."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcost import arrays
from imgcost.arguments import to_bool
from imgcost.datasets.problems import PROBLEMS
from imgcost.datasets.selection import Selection, column_list, find_table_columns
from imgcost.datasets.sizes import Sizes, read_sizes
from imgcost.datasets.totals import rejections
from imgcost.errors import ArgumentError, ImgcostError, MissingExtraError
from imgcost.quoting import Quote, quotes
from imgcost.tables import known_limits, today

try:
    import pyarrow as pa
except ImportError as error:
    raise MissingExtraError("pricing Arrow data", "parquet") from error

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

__all__ = ["cost_columns", "costed_schema", "image_costs"]

USD = pa.decimal128(38, 16)
"""Exact dollars: rates have at most 10 decimals per MTok, and sums up to 10**22 dollars fit."""

_ADDED = pa.schema(
    [
        ("tokens", pa.int64()),
        ("downscaled", pa.bool_()),
        ("resized_width", pa.int64()),
        ("resized_height", pa.int64()),
        ("input_usd", USD),
        ("rejected", pa.string()),
        ("problem", pa.string()),
    ]
)
"""The columns that are added, named as in the rows of a scan."""

_RULES = ("format", "image-edge", "image-bytes")
_SLUGS = [problem.slug for problem in PROBLEMS[1:]]


def image_costs(
    data: Any,
    model: str | Quote = "sonnet",
    *,
    width: str | None = None,
    height: str | None = None,
    image: str | None = None,
    keep: bool = True,
    **choices: Any,
) -> Any:
    """Add the visual tokens and dollars of images to Arrow data: the same function for every engine.

    It has no state, so engines may call it from several threads and processes. Tokens are int64, because sums of a
    smaller type overflow in some engines; dollars are exact.

    Args:
        data: A `pyarrow.RecordBatch`, or anything that exports Arrow data, such as a pyarrow Table or a DataFrame of
            polars or pandas. It has columns `width` and `height` (px), or a column of image bytes, plain or as a struct
            with a field `bytes`, of which only the headers are read.
        model: A model or any of its names, or a quote, such as `imgcost.quotes("haiku", batch=True)[0]`.
        width: Name of the column of widths, if it is not usual. A dot separates the fields of a struct.
        height: Name of the column of heights.
        image: Name of the column of image bytes.
        keep: Whether to return the columns of `data` too, before the added ones.
        **choices: `as_of`, `formula`, `batch`, `cache`, `inference_geo`, `platform`, `endpoint` and `speed`, as in
            `imgcost.estimate`; not together with a quote.

    Returns:
        A RecordBatch for a RecordBatch, otherwise a Table, with as many rows as `data`, in the same order. The added
        columns are `tokens` (int64), `downscaled`, `resized_width` and `resized_height` (int64, px), `input_usd`
        (decimal128(38, 16)), `rejected` (the limit that the image breaks as it is) and `problem`. A row without a valid
        size has a `problem`, such as `missing-size`, `zero-size` or `damaged`, and is null elsewhere.

    Raises:
        ArgumentError: `data` is not Arrow data.
        ImgcostError: A column is missing, or the data already has a column with the name of an added one.
        MissingExtraError: pyarrow is not installed.
        UnknownModelError: No table lists the model's name.
        NoPriceError: The model has no such price on that date, or did not read images yet.

    >>> import pyarrow as pa
    >>> batch = pa.record_batch({"width": [1920, 0], "height": [1080, 5]})
    >>> image_costs(batch, "claude-sonnet-4-6", keep=False).select(["tokens", "problem"]).to_pylist()
    [{'tokens': 1560, 'problem': None}, {'tokens': None, 'problem': 'zero-size'}]
    """
    selection, keep = Selection(width, height, image).checked(), to_bool("keep", keep)
    quote = _quote(model, choices)
    batches, is_batch = _batches(data)
    schema = batches[0].schema if batches else data.schema
    columns = find_table_columns(schema, selection, "the data")
    results = []
    for batch in batches:
        added = cost_columns(read_sizes(batch, columns), quote)
        if keep:
            added = pa.RecordBatch.from_arrays([*batch.columns, *added.columns], schema=costed_schema(schema))
        results.append(added)
    return results[0] if is_batch else pa.Table.from_batches(results, costed_schema(schema) if keep else _ADDED)


def _quote(model: str | Quote, choices: dict[str, Any]) -> Quote:
    if isinstance(model, Quote):
        if choices:
            raise ArgumentError(next(iter(choices)), next(iter(choices.values())), "nothing besides a quote")
        return model
    if not isinstance(model, str):
        raise ArgumentError("model", model, "the name of a model, such as 'sonnet', or a quote")
    if choices.get("as_of") is None:
        choices["as_of"] = today()
    try:
        return _quote_of(model, tuple(sorted(choices.items())))
    except TypeError:  # a value that cannot be a key is not valid either; this raises the error that says so
        return quotes(model, **choices)[0]


@lru_cache(maxsize=64)
def _quote_of(model: str, choices: tuple[tuple[str, Any], ...]) -> Quote:
    """Cache quotes, because engines call the function for each batch."""
    return quotes(model, **dict(choices))[0]


def _batches(data: Any) -> tuple[list[pa.RecordBatch], bool]:
    """Import Arrow data."""
    if hasattr(data, "__arrow_c_array__"):
        return [pa.record_batch(data)], True
    if hasattr(data, "__arrow_c_stream__"):
        table = pa.table(data)
        return table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)], False
    raise ArgumentError("data", data, "Arrow data, such as a pyarrow.RecordBatch or a DataFrame of polars or pandas")


def costed_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with the added columns.

    Raises:
        ImgcostError: It already has a column with one of these names.
    """
    if taken := [name for name in _ADDED.names if name in schema.names]:
        raise ImgcostError(f"the table already has columns to be added: {column_list(taken)}. Rename or drop them")
    return pa.schema([*schema, *_ADDED], schema.metadata)


def cost_columns(sizes: Sizes, quote: Quote) -> pa.RecordBatch:
    """Price sizes.

    Args:
        sizes: The sizes.
        quote: What the model charges.

    Returns:
        The added columns of `image_costs`.
    """
    problems = np.zeros(len(sizes.width), np.uint8) if sizes.problems is None else sizes.problems
    invalid = None if sizes.problems is None else problems > 0
    tokens, downscaled = arrays.tokens_and_downscaled(sizes.width, sizes.height, *quote.rule)
    resized = arrays.resized_size(sizes.width, sizes.height, quote.tier)
    rejected = np.full(len(tokens), -1, np.int8)
    limits = known_limits(quote.conditions.platform, quote.conditions.as_of)
    for reason, rows in rejections(sizes, limits):
        rejected[rows] = _RULES.index(reason.rule)
    wide = tokens.astype(np.int64)
    columns = [
        pa.array(wide, mask=invalid),
        pa.array(downscaled, mask=invalid),
        *(pa.array(side.astype(np.int64), mask=invalid) for side in resized),
        _dollars(wide, quote.usd_per_mtok, invalid),
        _names(rejected, _RULES),
        _names(problems.astype(np.int8) - 1, _SLUGS),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_ADDED)


def _dollars(tokens: NDArray[np.int64], usd_per_mtok: Decimal, invalid: NDArray[np.bool_] | None) -> pa.Array:
    """Return exact dollars: whole multiples of 10**-16."""
    units = usd_per_mtok.scaleb(USD.scale - 6)
    if units != int(units):
        raise ImgcostError(f"the rate {usd_per_mtok} has too many decimals for exact dollars in Arrow data")
    words = np.zeros((len(tokens), 2), np.int64)  # the upper half of each number is 0
    np.multiply(tokens, int(units), out=words[:, 0])
    validity = None if invalid is None else pa.array(~invalid).buffers()[1]
    return pa.Array.from_buffers(USD, len(tokens), [validity, pa.py_buffer(words)])


def _names(codes: NDArray[np.int8], names: Any) -> pa.Array:
    """Return plain text: not every engine reads dictionaries."""
    return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))
