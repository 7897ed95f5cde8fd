"""Tokens and dollars of record batches."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from importlib import import_module

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import png
from pictures import encoded
from quoting import quoted
from shards import BAD, SIZES, embedded, table

import imgcost
from imgcost import geometry, image_costs
from imgcost.datasets import columns, costs
from imgcost.datasets.costs import USD
from imgcost.errors import ArgumentError, ImgcostError, MissingExtraError, NoPriceError, UnknownModelError
from imgcost.geometry import MAX_EDGE

DAY = date(2026, 11, 22)
ADDED = ["tokens", "downscaled", "resized_width", "resized_height", "input_usd", "rejected", "problem"]
MODELS = ["claude-sonnet-4-6", "claude-opus-5", "claude-3-opus"]


def added(data, model="claude-sonnet-4-6", **options):
    return image_costs(data, model, keep=False, as_of=DAY, **options).to_pylist()


def problems(data, **options):
    return [row["problem"] for row in added(data, **options)]


def of_sizes(*values, other=28):
    """Price a column of widths; return the tokens or the problem of each."""
    batch = pa.record_batch({"width": values[0], "height": pa.array([other] * len(values[0]))})
    return [row["problem"] or row["tokens"] for row in added(batch)]


@pytest.mark.parametrize("model", MODELS)
def test_every_row_equals_the_estimate_of_its_size(model):
    rng = np.random.default_rng(1)
    rows = [*SIZES, *map(tuple, rng.integers(1, 12_000, (300, 2)).tolist()), (MAX_EDGE, 1), (MAX_EDGE, MAX_EDGE)]
    for (width, height), row in zip(rows, added(table(rows), model), strict=True):
        image = imgcost.estimate(width, height, model=model, as_of=DAY)
        assert (row["tokens"], row["downscaled"], row["resized_width"], row["resized_height"]) == (
            image.tokens,
            image.downscaled,
            image.resized_width,
            image.resized_height,
        )
        assert row["input_usd"] == image.input_usd
        assert row["rejected"] == (image.breach.reason.rule if image.breach else None)
        assert row["problem"] is None


def test_the_columns_are_added_after_those_of_the_data():
    batch = table(name=list("abcde")).to_batches()[0]
    result = image_costs(batch, "claude-sonnet-4-6", as_of=DAY)
    assert isinstance(result, pa.RecordBatch)
    assert result.schema.names == ["width", "height", "name", *ADDED]
    assert result.select(["width", "height", "name"]).equals(batch)
    assert result.schema.field("tokens").type == pa.int64()
    assert result.schema.field("input_usd").type == USD
    result.validate(full=True)


def test_sums_of_tokens_do_not_overflow():
    batch = pa.record_batch({"width": np.full(600_000, 4000), "height": np.full(600_000, 4000)})
    result = pl.from_arrow(image_costs(batch, "claude-opus-5", keep=False, as_of=DAY))
    assert result["tokens"].sum() == 600_000 * 4761 > 2**31
    assert result["input_usd"].sum() == 4761 * 600_000 * Decimal(5) / 10**6


def test_a_row_without_a_size_is_null_and_has_a_problem():
    rows = added(table([*BAD, (28, 28)]))
    assert [row["problem"] for row in rows] == [*BAD.values(), None]
    assert all(row[name] is None for row in rows[:-1] for name in ADDED[:-1])
    assert rows[-1]["tokens"] == 1
    image_costs(table([*BAD, (28, 28)])).validate(full=True)


@pytest.mark.parametrize(
    ("widths", "expected"),
    [
        (pa.array([28, 29], pa.uint8()), [1, 2]),
        (pa.array([28, 29], pa.uint64()), [1, 2]),
        (pa.array([2**63, 28], pa.uint64()), ["impossible-size", 1]),
        (pa.array([28, None], pa.int16()), [1, "missing-size"]),
        (pa.array([28.0, 28.5, None, float("nan"), float("inf"), -float("inf"), -1.0]),
         [1, "invalid-size", "missing-size", "missing-size", "impossible-size", "negative-size", "negative-size"]),
        (pa.array([28.0], pa.float16()), [1]),
        (pa.array(["28", "29"]), [1, 2]),
        (pa.array(["28", None]), [1, "missing-size"]),
        (pa.array([" 28 ", "", "NaN", "28.0", "1e2", "x", "-3", "0", "9" * 30]),
         [1, "missing-size", "missing-size", 1, 4, "invalid-size", "negative-size", "zero-size", "invalid-size"]),
        (pa.array(["28", "x"], pa.large_string()), [1, "invalid-size"]),
        (pa.array(["28", "x"]).dictionary_encode(), [1, "invalid-size"]),
        (pa.array([b"28", b"\xff"]).view(pa.string()), [1, "invalid-size"]),
        (pa.array([Decimal("28.0"), Decimal("28.5"), None]), [1, "invalid-size", "missing-size"]),
        (pa.array([True, False]), ["invalid-size", "invalid-size"]),
        (pa.nulls(2), ["missing-size", "missing-size"]),
        (pa.nulls(2, pa.string()), ["missing-size", "missing-size"]),
        (pa.array([{"a": 1}, None]), ["invalid-size", "missing-size"]),
        (pa.array([], pa.int32()), []),
        (pa.array([1, 28, 29], pa.int32())[1:], [1, 2]),
    ],
)  # fmt: skip
def test_a_column_of_any_type(widths, expected):
    assert of_sizes(widths) == expected


def test_the_first_of_several_problems_is_the_worse_one():
    assert problems(table([(None, 0), (0, -1), (-1, MAX_EDGE + 1)])) == [
        "missing-size",
        "negative-size",
        "negative-size",
    ]


def test_images_in_a_column_are_read_without_decoding():
    images = [png(28, 57), encoded("JPEG", 640, 480), encoded("TIFF", 30, 30), b"", b"text", png(3, 3)[:20], None]
    expected = [(3, None, None), (23 * 18, None, None), (4, "format", None)]
    expected += [(None, None, problem) for problem in ("empty", "not-an-image", "damaged", "missing-image")]
    kinds = ["struct", pa.binary(), pa.large_binary(), pa.binary_view()]
    for kind in kinds:
        rows = added(embedded(images, kind))
        assert [(row["tokens"], row["rejected"], row["problem"]) for row in rows] == expected
    encoded_column = embedded(images, pa.binary())["image"].combine_chunks().dictionary_encode()
    assert added(pa.table({"image": encoded_column})) == rows
    assert added(embedded(images).slice(1)) == rows[1:]
    assert problems(embedded([b""] * 2, "struct")) == ["empty"] * 2


def test_an_image_over_the_byte_limit_is_rejected_but_counted():
    limit = 10_485_760 // 4 * 3
    rows = added(embedded([png(28, 28).ljust(limit + extra, b"\0") for extra in (0, 1)], pa.binary()))
    assert [(row["tokens"], row["rejected"]) for row in rows] == [(1, None), (1, "image-bytes")]
    sizes_only = added(table([(28, 28)] * 3, file_bytes=[limit, limit + 1, None]))
    assert [row["rejected"] for row in sizes_only] == [None, "image-bytes", None]
    odd = added(table([(28, 28)] * 2, file_bytes=[-5, 2**60]))
    assert [row["rejected"] for row in odd] == [None, None]


def test_the_reason_of_a_rejection_is_the_format_before_the_size():
    rows = added(table([(9000, 1), (9000, 1)], media_type=["image/tiff", None]))
    assert [row["rejected"] for row in rows] == ["format", "image-edge"]
    assert [row["rejected"] for row in added(table([(9000, 1)], media_type=["image/tiff"]))] == ["format"]


# Choosing columns


def test_columns_are_found_by_their_usual_names_or_given():
    assert added(pa.table({"Width": [28], "HEIGHT": [28]}))[0]["tokens"] == 1
    assert added(pa.table({"w": [28], "h": [28]}), width="w", height="h")[0]["tokens"] == 1
    assert added(pa.table({"width": [1000], "height": [28], "w": [28]}), width="w")[0]["tokens"] == 1
    nested = pa.table({"meta": [{"size": {"w": 28, "h": 56}}, None]})
    rows = added(nested, width="meta.size.w", height="meta.size.h")
    assert [(row["tokens"], row["problem"]) for row in rows] == [(2, None), (None, "missing-size")]
    assert added(pa.table({"meta.w": [28], "height": [28]}), width="meta.w")[0]["tokens"] == 1


def test_sizes_are_preferred_to_image_bytes():
    data = table([(28, 28)]).append_column("image", pa.array([png(100, 100)]))
    assert added(data)[0]["tokens"] == 1
    assert added(data, image="image")[0]["tokens"] == 16


def test_image_bytes_are_found_by_a_usual_name_or_by_their_type():
    both = pa.table({"mask": [png(1, 1)], "IMG": [png(100, 100)]})
    assert added(both)[0]["tokens"] == 16
    assert added(pa.table({"scan": [png(100, 100)], "text": ["a"]}))[0]["tokens"] == 16
    with pytest.raises(ImgcostError, match=r"has no column 'width'.*found: a, b\. Name other columns with --wid"):
        added(pa.table({"a": [b"1"], "b": [b"2"]}))


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"a": [1]}, {}, "the data has no column 'width'"),
        ({"width": [1]}, {}, "the data has no column 'height'"),
        ({"width": [1], "h": [1]}, {"height": "x" * 60}, "has no column 'x{39}.*Columns found: width, h"),
        ({"width": [1], "height": [1]}, {"width": "width.x"}, "has no column 'width.x'"),
        ({"width": [1], "m": [{"a": 1}]}, {"height": "m.b"}, "has no column 'm.b'"),
        (
            {"width": [1], "height": [1]},
            {"image": "width"},
            "column 'width' has type int64: expected bytes, or a struct",
        ),
        ({"i": [{"path": "a"}]}, {"image": "i"}, r"column 'i' has type struct<.*: expected bytes"),
        ({"i": [{"bytes": 1}]}, {"image": "i"}, "expected bytes"),
        ({"c" * 300: [1]}, {}, r"c{200}\.\.\."),
    ],
)
def test_a_missing_column_is_an_error_that_lists_those_found(data, options, message):
    with pytest.raises(ImgcostError, match=message):
        image_costs(pa.table(data), **options)


def test_two_columns_of_one_name_are_an_error():
    twice = pa.Table.from_arrays([pa.array([1])] * 3, ["width", "height", "Width"])
    with pytest.raises(ImgcostError, match="two columns 'width'"):
        image_costs(twice)


def test_a_column_that_would_be_replaced_is_an_error():
    with pytest.raises(ImgcostError, match=r"already has columns to be added: tokens\. Rename or drop them"):
        image_costs(table(tokens=range(5)))
    assert image_costs(table(tokens=range(5)), keep=False).num_rows == 5


def test_a_question_named_problem_excludes_nothing():
    assert problems(table([(28, 28)], problem=["What is 1 + 1?"])) == [None]
    rows = table([(28, 28)] * 3, problem=["damaged", None, ""], tokens=[None, 1, 1])
    assert problems(rows) == ["not-counted", None, None]


# Inputs and models


def test_any_arrow_data_is_accepted():
    frame = pd.DataFrame(SIZES, columns=["width", "height"])
    expected = added(table())
    for data in (frame, pl.DataFrame(frame), pa.table(frame), pa.record_batch(frame), table().to_reader()):
        assert added(data) == expected
    empty = image_costs(table([]))
    assert (empty.num_rows, empty.schema.names) == (0, ["width", "height", *ADDED])
    for data in ([(1, 1)], {"width": [1], "height": [1]}, None, "a.parquet"):
        with pytest.raises(ArgumentError, match=r"invalid data .*: expected Arrow data"):
            image_costs(data)


def test_a_quote_or_a_name_with_conditions():
    quote = quoted("claude-sonnet-4-6", as_of=DAY, batch=True)
    assert added(table()) != image_costs(table(), quote, keep=False).to_pylist() == added(table(), batch=True)
    assert pickle.loads(pickle.dumps(quote)) == quote
    assert image_costs(table(), keep=False).equals(image_costs(table(), "sonnet", keep=False))
    with pytest.raises(ArgumentError, match="invalid batch True: expected nothing besides a quote"):
        image_costs(table(), quote, batch=True)
    with pytest.raises(ArgumentError, match="invalid model"):
        image_costs(table(), ["sonnet", "haiku"])
    with pytest.raises(ArgumentError, match="invalid cache"):
        image_costs(table(), cache=["5m"])
    with pytest.raises(UnknownModelError):
        image_costs(table(), "gpt-4o")
    with pytest.raises(NoPriceError):
        image_costs(table(), "claude-opus-5", as_of=date(2024, 1, 1))


def test_dollars_with_more_decimals_than_the_type_are_an_error(monkeypatch):
    monkeypatch.setattr(costs, "USD", pa.decimal128(38, 6))
    with pytest.raises(ImgcostError, match=r"the rate 2\.5 has too many decimals"):
        image_costs(table(), "claude-opus-5", batch=True, as_of=DAY)


def test_without_pyarrow_the_error_names_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "imgcost.datasets.costs")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match='pricing Arrow data needs the extra "parquet"'):
        import_module("imgcost.datasets.costs")


def test_every_price_is_exact():
    cheapest = {"batch": True, "cache": "5m", "inference_geo": "us"}
    for quote in imgcost.quotes(["claude-haiku-5-5", "claude-sonnet-4-6"], as_of=DAY, **cheapest):
        [row] = image_costs(table([(1000, 999)]), quote, keep=False).to_pylist()
        assert row["input_usd"] == quote.image_usd(quote.tokens(1000, 999))


def test_threads_share_nothing():
    rng = np.random.default_rng(2)
    batches = [
        pa.record_batch(dict(zip(("width", "height"), rng.integers(1, 9000, (2, 40_000)), strict=True)))
        for _ in range(8)
    ]
    alone = [image_costs(batch, as_of=DAY) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: image_costs(batch, as_of=DAY), batches * 3))
    assert all(result.equals(expected) for result, expected in zip(together, alone * 3, strict=True))


def test_an_expression_of_polars_and_an_accessor_of_pandas_are_one_line_each():
    tokens = pl.struct("width", "height").map_batches(
        lambda rows: pl.from_arrow(image_costs(rows.struct.unnest(), "claude-sonnet-4-6"))["tokens"],
        return_dtype=pl.Int64,
    )
    frame = pl.DataFrame(SIZES, schema=["width", "height"], orient="row")
    expected = [geometry.image_tokens(*size, geometry.Tier(1568, 1568)) for size in SIZES]
    assert frame.select(tokens).to_series().to_list() == expected
    assert frame.lazy().select(tokens.sum()).collect().item() == sum(expected)
    lazy = frame.lazy().map_batches(lambda part: pl.from_arrow(image_costs(part)), validate_output_schema=False)
    assert lazy.collect()["tokens"].to_list() == [row["tokens"] for row in added(table(), "sonnet")]
    assert image_costs(frame.to_pandas(), "claude-sonnet-4-6").to_pandas()["tokens"].tolist() == expected


def test_the_same_columns_are_found_for_plans():
    assert columns.find_columns(["width", "height", "problem"], "a") == {"width": "width", "height": "height"}
    assert "problem" in columns.find_columns(["width", "height", "problem", "tokens"], "a")
