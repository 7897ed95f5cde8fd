"""Scans on a Dask cluster, and the recipes of docs/scale.md: the same totals everywhere."""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
from datetime import date

import command_line
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLES
from shards import embedded, table, written

import imgcost
from imgcost.datasets.scanning import TableScan
from imgcost.errors import ImgcostError, MissingExtraError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
]

DAY = date(2026, 11, 22)
MODEL = "claude-sonnet-4-6"


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started


@pytest.fixture(scope="module")
def client(cluster):
    from distributed import Client  # noqa: PLC0415 - takes a second

    with Client(cluster) as connected:
        yield connected


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    """A table of 200 row groups."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("sizes") / "sizes.parquet"
    count = 200_000
    widths, heights = rng.integers(-3, 6000, (2, count))
    data = pa.table({"width": widths, "height": heights, "format": rng.choice(["JPEG", "PNG"], count)})
    pq.write_table(data, path, row_group_size=1000)
    return path


@pytest.fixture(scope="module")
def expected(sizes):
    return imgcost.summarize(sizes, model=MODEL, as_of=DAY)


# Dask


def test_a_cluster_gives_the_sums_of_one_process(client, sizes, expected, tmp_path):
    from imgcost.datasets.dask import audit  # noqa: PLC0415 - needs dask

    assert audit(sizes, client=client, model=MODEL, as_of=DAY) == expected
    files = [path.read_bytes() for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    images = written(tmp_path / "images.parquet", embedded(files), row_group_size=4)
    shard = written(tmp_path / "shard.csv", table())
    (tmp_path / "bad.parquet").write_bytes(b"bad")
    several = [sizes, images, tmp_path / "bad.parquet", shard]
    assert audit(several, model=MODEL, as_of=DAY) == imgcost.summarize(*several, model=MODEL, as_of=DAY)
    with pytest.raises(ImgcostError, match=r"cannot read .*bad\.parquet as Parquet"):
        audit(str(tmp_path / "bad.parquet"))
    by_width = audit([shard], model=MODEL, as_of=DAY, group_by="width")
    assert by_width.groups == imgcost.summarize(shard, model=MODEL, as_of=DAY, group_by="width").groups


def test_a_killed_worker_changes_nothing(cluster, client, sizes, expected):
    from imgcost.datasets import dask  # noqa: PLC0415 - needs dask

    workers = [worker.pid for worker in cluster.workers.values()]
    killed = []

    def kill(_rows):
        if not killed:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    scan = TableScan(imgcost.quotes(MODEL, as_of=DAY))
    assert dask._scan(scan, [str(sizes)], client, kill) == expected
    assert killed
    client.wait_for_workers(2)


def test_the_command_line_uses_a_cluster(cluster, sizes):
    arguments = ("scan", sizes, "-m", MODEL, "--as-of", "2026-11-22", "-f", "json")
    here = command_line.printed(*arguments)
    there = command_line.run(*arguments, "--cluster", cluster.scheduler_address)
    assert json.loads(there.stdout) == json.loads(here)


def test_a_scheduler_that_does_not_answer_is_an_error(sizes, monkeypatch):
    from imgcost.datasets import dask  # noqa: PLC0415 - needs dask

    monkeypatch.setattr(dask, "CONNECT_TIMEOUT", "1s")
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        message = command_line.refused("scan", sizes, "--cluster", address)
        assert f"cannot connect to the Dask scheduler at {address}: " in " ".join(message.split())


def test_without_dask_the_error_names_the_extra(monkeypatch):
    before = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("distributed"):
            raise ImportError(name)
        return before(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "imgcost.datasets.dask", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install .imgcost\[dask\]"):
        __import__("imgcost.datasets.dask")


# Recipes


def recipes():
    """Return the Python blocks of docs/scale.md by the engine that they import."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    blocks = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    return {engine: block for block in blocks for engine in ("daft", "duckdb", "dask") if f"import {engine}" in block}


def run_recipe(engine, folder, monkeypatch):
    """Run a recipe beside the tables that it names, and return its variables."""
    monkeypatch.chdir(folder)
    names = {}
    exec(compile(recipes()[engine], f"docs/scale.md ({engine})", "exec"), names)
    return names


@pytest.fixture
def tables(tmp_path, sizes):
    """The tables that the recipes read, and the expected tokens."""
    (tmp_path / "sizes.parquet").symlink_to(sizes)
    files = [path.read_bytes() for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    written(tmp_path / "images.parquet", embedded(files))
    return {
        name: imgcost.summarize(tmp_path / f"{name}.parquet", model="sonnet", as_of=DAY) for name in ("sizes", "images")
    }


def tokens_of(summary):
    return summary.tokens(summary.quotes[0].rule)


@pytest.mark.parametrize(("engine", "name"), [("duckdb", "sizes"), ("daft", "images")])
def test_a_recipe_gives_the_same_totals(tables, tmp_path, monkeypatch, engine, name):
    pytest.importorskip(engine)
    assert run_recipe(engine, tmp_path, monkeypatch)["tokens"] == tokens_of(tables[name])
