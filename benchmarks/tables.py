"""Scan a large table of sizes, beside what a user would pick instead: python benchmarks/tables.py [--rows 50000000].

Each contender is a process of its own, from start to exit, with all imports. Contenders take turns in every round;
ratios are computed per round, and medians are printed. All of them must print the same images and tokens by format, to
the last integer. Peak memory is that of all processes together.

    python benchmarks/tables.py                  # 50,000,000 rows, 3 rounds
    python benchmarks/tables.py --flat           # imgcost alone on 1 and 4 times as many rows
    python benchmarks/tables.py --only read,imgcost,duckdb
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

GROUP_ROWS = 1_000_000
FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]
CAMERAS = [(4032, 3024), (3024, 4032), (6000, 4000), (5184, 3456), (4000, 2250), (3456, 5184)]
SCREENS = [(1920, 1080), (2560, 1440), (1440, 900), (1366, 768), (3840, 2160), (1170, 2532)]
MODEL = "claude-sonnet-5-5"


def build(path, rows):
    """Write a table: 40 % photos, 25 % screenshots, 35 % images of the web; path, format, width, height."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    rng = np.random.default_rng(28)
    schema = pa.schema([("path", pa.string()), ("format", pa.string()), ("width", pa.int32()), ("height", pa.int32())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - start)
            sizes = rng.integers(100, 2400, (count, 2), np.int32)
            kind = rng.random(count)
            for usual, chosen in ((CAMERAS, kind < 0.4), (SCREENS, (kind >= 0.4) & (kind < 0.65))):
                sizes[chosen] = np.array(usual, np.int32)[rng.integers(0, len(usual), np.count_nonzero(chosen))]
            formats = pa.DictionaryArray.from_arrays(rng.choice(4, count, p=[0.6, 0.2, 0.15, 0.05]), FORMATS)
            paths = pa.array([f"d{number // 1000:06}/{number:09}.jpg" for number in range(start, start + count)])
            columns = [paths, formats.cast(pa.string()), pa.array(sizes[:, 0]), pa.array(sizes[:, 1])]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), GROUP_ROWS)


# Contenders: each prints [images, tokens] by format.


def read(path):
    """The minimum: read the three columns, count rows."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = ["format", "width", "height"]
    with pq.ParquetFile(path, read_dictionary=["format"]) as file:
        return sum(len(batch) for batch in file.iter_batches(1 << 18, columns=columns))


def with_imgcost(path):
    from imgcost import summarize  # noqa: PLC0415

    return dict(summarize(path, model=MODEL).groups)


def with_pandas(path):
    import pandas as pd  # noqa: PLC0415

    frame = pd.read_parquet(path, columns=["format", "width", "height"])
    frame["tokens"] = tokens_of(frame["width"].to_numpy(), frame["height"].to_numpy())
    totals = frame.groupby("format")["tokens"].agg(["size", "sum"])
    return dict(zip(totals.index, totals.to_numpy().tolist(), strict=True))


def with_polars(path):
    import polars as pl  # noqa: PLC0415

    tokens = pl.struct("width", "height").map_batches(
        lambda rows: pl.Series(tokens_of(*(rows.struct.field(side).to_numpy() for side in ("width", "height")))),
        return_dtype=pl.Int64,
        is_elementwise=True,
    )
    table = pl.scan_parquet(path).select("format", tokens=tokens)
    totals = table.group_by("format").agg(pl.len(), pl.col("tokens").sum()).collect(engine="streaming")
    return {name: sums for name, *sums in totals.iter_rows()}


def with_duckdb(path):
    import duckdb  # noqa: PLC0415

    from imgcost import quotes  # noqa: PLC0415
    from imgcost.datasets.sql import token_sql  # noqa: PLC0415

    duckdb.sql(token_sql(quotes(MODEL)[0]))
    query = f"SELECT format, count(*), sum(claude_tokens(width, height)) FROM '{path}' GROUP BY format"
    return {name: sums for name, *sums in duckdb.sql(query).fetchall()}


def with_dask(path):
    from distributed import Client, LocalCluster  # noqa: PLC0415

    from imgcost.datasets.dask import audit  # noqa: PLC0415

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        return dict(audit(path, client=client, model=MODEL).groups)


def tokens_of(width, height):
    """Count as users of the library would: int64, so that no engine overflows."""
    import numpy as np  # noqa: PLC0415

    from imgcost import arrays, quotes  # noqa: PLC0415

    return arrays.image_tokens(width, height, quotes(MODEL)[0].tier).astype(np.int64)


CONTENDERS = {
    "read": read,
    "imgcost": with_imgcost,
    "pandas": with_pandas,
    "polars": with_polars,
    "duckdb": with_duckdb,
    "dask": with_dask,
}


def run(name, path, script=__file__):
    """Run a contender in a process; return its answer, wall seconds, CPU seconds and peak MiB."""
    watched = Path(__file__).with_name("watched.py")
    program = [sys.executable, str(watched), sys.executable, script, "--contender", name, "--table", str(path)]
    answer, usage = subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip().splitlines()
    return json.loads(answer), *json.loads(usage)


def compare(path, names, rounds, script=__file__):
    results = {name: [] for name in names}
    for number in range(rounds):
        answers = {}
        for name in names[number % len(names) :] + names[: number % len(names)]:
            answers[name], *usage = run(name, path, script)
            results[name].append(usage)
        priced = [answer for name, answer in answers.items() if name != "read"]
        assert all(answer == priced[0] for answer in priced), answers
    print(f"{'':10}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}{'/ read':>8}{'/ imgcost':>11}")
    for name in names:
        wall, cpu, peak = (median(usage[column] for usage in results[name]) for column in range(3))
        ratios = [
            median(mine[0] / other[0] for mine, other in zip(results[name], results[base], strict=True))
            if base in results
            else float("nan")
            for base in ("read", "imgcost")
        ]
        print(f"{name:10}{wall:8.2f}{cpu:8.2f}{peak:10.0f}{ratios[0]:8.2f}{ratios[1]:11.2f}", flush=True)
    return results


def project(results, rows):
    """Print how long 10**9 rows take at the measured rate, apart from the start of the process."""
    seconds = median(usage[0] for usage in results["imgcost"])
    print(f"imgcost: {rows / seconds / 1e6:.1f} million rows/s, so 10^9 rows take {10**9 / rows * seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, separated by commas")
    parser.add_argument("--flat", action="store_true", help="memory of imgcost on 1 and 4 times as many rows")
    parser.add_argument("--table", type=Path, help="use this table, or build it there")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(CONTENDERS[options.contender](str(options.table)), sort_keys=True))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.table or Path(folder, "sizes.parquet")
        if not path.exists():
            build(path, options.rows)
        print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {options.rounds} rounds")
        results = compare(path, options.only.split(","), options.rounds)
        if "imgcost" in results:
            project(results, options.rows)
        if options.flat:
            large = Path(folder, "large.parquet")
            build(large, 4 * options.rows)
            for table in (path, large):
                _, wall, _, peak = run("imgcost", table)
                print(f"imgcost, {table.stat().st_size / 1e6:,.0f} MB: {wall:.2f} s, {peak:.0f} MiB")


if __name__ == "__main__":
    main()
