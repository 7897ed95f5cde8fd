"""The token rule as SQL, run by DuckDB."""

from __future__ import annotations

from datetime import date

import command_line
import duckdb
import numpy as np
import pyarrow as pa
import pytest
from quoting import quoted

from imgcost import arrays
from imgcost.datasets.sql import token_sql
from imgcost.errors import ArgumentError, ImgcostError
from imgcost.geometry import MAX_EDGE, grid_steps

DAY = date(2026, 11, 22)
MODELS = ["claude-sonnet-4-6", "claude-opus-5"]


def adversarial(tier, count=2000):
    """Return sizes at and around every step of the downscaling table, and random ones of every magnitude."""
    rng = np.random.default_rng(4)
    parts = [rng.integers(1, 9000, (2, 50 * count)), rng.integers(1, MAX_EDGE + 1, (2, 10 * count))]
    for step in grid_steps(tier):
        short = rng.integers(1, 20_000, count)
        long = np.round(short * step.ratio).astype(np.int64)
        parts += [np.stack([np.clip(long + by, 1, MAX_EDGE), short]) for by in (-1, 0, 1)]
    parts.append(np.stack([np.full(200, MAX_EDGE), np.arange(1, 201)]))
    sizes = np.concatenate(parts, axis=1)
    return np.concatenate([sizes, sizes[::-1]], axis=1)


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_macro_equals_the_library(connection, model):
    quote = quoted(model, as_of=DAY)
    connection.execute(token_sql(quote))
    width, height = adversarial(quote.tier)
    connection.register("sizes", pa.table({"width": width, "height": height}))
    counted = connection.sql("SELECT claude_tokens(width, height) AS tokens FROM sizes").fetchnumpy()["tokens"]
    assert len(counted) > 400_000
    assert (counted == arrays.image_tokens(width, height, quote.tier)).all()


@pytest.mark.parametrize("size", ["0, 5", "5, -1", "NULL, 5", "5, NULL", f"{MAX_EDGE + 1}, 5"])
def test_what_is_not_a_size_is_null(connection, size):
    connection.execute(token_sql(quoted("claude-sonnet-4-6", as_of=DAY)))
    assert connection.sql(f"SELECT claude_tokens({size})").fetchall() == [(None,)]


def test_the_sql_of_every_dialect():
    quote = quoted("claude-sonnet-4-6", as_of=DAY)
    spark = token_sql(quote, "spark", width="w", height="meta.h")
    assert spark.startswith("  CASE WHEN w BETWEEN 1 AND 2147483648 AND meta.h BETWEEN 1 AND 2147483648 THEN least(")
    assert "1.0004576659038902D" in spark
    assert spark.count("CASE") == spark.count("END") == 56
    postgres = token_sql(quote, "postgres", name="tokens")
    assert postgres.startswith("CREATE OR REPLACE FUNCTION tokens(width bigint, height bigint) RETURNS bigint\n")
    assert "1.0004576659038902::float8" in postgres
    assert "1.0004576659038902e0" in token_sql(quote)


def test_what_cannot_be_written_is_an_error():
    with pytest.raises(ArgumentError, match="invalid dialect 'oracle': expected one of duckdb, spark, postgres"):
        token_sql(quoted("claude-opus-5"), "oracle")
    with pytest.raises(
        ImgcostError, match=r"claude-3-opus-20240229 counts tokens by the area formula.*--formula patch"
    ):
        token_sql(quoted("claude-3-opus", as_of=DAY))


def test_the_command_prints_what_the_library_writes():
    assert command_line.printed("sql", "-m", "claude-opus-5") == token_sql(quoted("claude-opus-5")) + "\n"
    patches = quoted("claude-3-opus", formula="patch")
    arguments = ("-m", "claude-3-opus", "--formula", "patch", "--dialect", "spark", "--width", "w", "--height", "h")
    assert command_line.printed("sql", *arguments) == token_sql(patches, "spark", width="w", height="h") + "\n"
    assert "area formula" in command_line.refused("sql", "-m", "claude-3-opus")
